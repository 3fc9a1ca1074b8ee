"""The reading of arbitrary answers: nothing but a documented listing is one."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from preflight.findings import Evidence
from preflight.net.dns import NoData, NxDomain, Question, Records
from preflight.testing import Reason
from preflight_checks.blocklists.reading import REMEDIES, SENTENCES, Fault, State, read
from preflight_checks.blocklists.zones import Zone, load_zones
from tests.unit.dnsbl_world import OTHERS, SPAMHAUS, ZEN, Outcome, checked, judged, reverse, world

QUESTION = Question.of("2.0.0.127.list.example", "A")
EVIDENCE = Evidence("dns", "asked", "seen")
near = st.one_of(
    st.builds("127.0.{}.{}".format, st.integers(0, 4), st.integers(0, 255)),
    st.builds("127.255.255.{}".format, st.integers(245, 255)),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=4, network="127.0.0.0/8").map(str),
)
zones = st.sampled_from(list(load_zones().zones.values()))


def documented(zone: Zone, value: str) -> set[str]:
    """The classes that the catalogue gives an answer, worked out apart from the code under test."""
    number = int(ipaddress.IPv4Address(value))
    found = set()
    for entries, refusal in ((zone.codes, False), (zone.refusals, True)):
        for entry in entries:
            first, last, bit = int(entry.pattern.first), int(entry.pattern.last), entry.pattern.bit
            if first <= number <= last and (not bit or number & bit):
                found.add("refusal" if refusal else entry.kind)  # type: ignore[attr-defined]
    if value.startswith("127.255.255."):
        found.add("refusal")
    return found


@given(zones, st.lists(near, min_size=1, max_size=4))
def test_only_a_documented_listing_is_one(zone: Zone, values: list[str]) -> None:
    reading = read(zone, zone.name, Records(QUESTION, (), tuple(values)), EVIDENCE)
    classes = [documented(zone, value) for value in values]
    foul = any(not value.startswith("127.") or "refusal" in one for value, one in zip(values, classes, strict=True))
    reserved = "127.0.0.1" in values and not documented(zone, "127.0.0.1") - {"listing"}
    if foul or reserved:
        assert reading.state is State.UNUSABLE
        assert reading.codes == ()
        assert reading.doubt is not None
        assert reading.doubt.fault.of_list
    elif any("listing" in one for one in classes):
        assert reading.state is State.LISTED
        assert set(reading.codes) == {value for value, one in zip(values, classes, strict=True) if "listing" in one}
    elif all(classes):
        assert reading.state in (State.NOT_LISTED, State.UNUSABLE)
        assert (reading.state is State.UNUSABLE) == bool(reading.doubt)
    else:
        assert reading.doubt is not None
        assert reading.doubt.fault is Fault.UNKNOWN_CODE


@given(zones, st.lists(st.text(max_size=12), max_size=3))
def test_any_text_for_an_address_is_read(zone: Zone, values: list[str]) -> None:
    reading = read(zone, zone.name, Records(QUESTION, (), tuple(values)), EVIDENCE)
    assert reading.state is State.UNUSABLE


def test_nxdomain_and_no_data() -> None:
    assert read(ZEN, "zen", NxDomain(QUESTION), EVIDENCE).state is State.NOT_LISTED
    reading = read(ZEN, "zen", NoData(QUESTION), EVIDENCE)
    assert reading.why == "zen answers neither with a code nor with NXDOMAIN (seen)"


outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.sampled_from([NxDomain, NoData, Reason.TIMEOUT, Reason.SERVFAIL]),
    st.lists(near, min_size=1, max_size=2),
    st.sampled_from([["127.0.0.2"], ["127.0.0.4"], ["127.0.0.10"]]),
)


@given(outcomes, outcomes, outcomes)
def test_no_verdict_without_proof_and_documented_answer(answer: Outcome, listed: Outcome, clear: Outcome) -> None:
    ip = "192.0.2.25"
    script = world([ZEN], [ip]) | {
        f"A {reverse(ip)}.{ZEN.name}": answer,
        f"A {reverse('127.0.0.2')}.{ZEN.name}": listed,
        f"A {reverse('127.0.0.1')}.{ZEN.name}": clear,
    }
    found = judged(checked(script, ips=[ip], skip=OTHERS))
    documented_codes = {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9", "127.0.0.10", "127.0.0.11", "127.0.0.30"}
    proven = isinstance(listed, list) and bool(documented_codes & set(listed)) and clear is NxDomain
    told = answer is NxDomain or (isinstance(answer, list) and bool(documented_codes & set(answer)))
    for rule, code in zip(SPAMHAUS, ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9", "127.0.0.30"), strict=True):
        if not (proven and told):
            assert found[rule, ip] == "inconclusive"
        if found[rule, ip] == "fail":
            assert code in answer  # type: ignore[operator]
    assert found["dnsbl/list-unusable", ZEN.name] != "pass" or proven


def test_each_fault_has_a_sentence_and_a_remedy() -> None:
    assert set(SENTENCES) == set(REMEDIES) == set(Fault)
