"""Every list of the catalogue × every answer that it could give: what the check says of the target and of the list.

One table (`VERDICTS`) says what each kind of answer means; the tests below work out, list by list, which answers are of
which kind, from the catalogue alone.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

import pytest

from preflight.testing import NoData, NxDomain, Reason
from preflight_checks.blocklists.zones import Kind, Pattern, Zone, load_zones
from tests.unit.dnsbl_world import KEY, OTHERS, ZEN, Outcome, checked, judged, labels, suffix, world

TARGETS: dict[Kind, str] = {"ip4": "192.0.2.25", "ip6": "2001:db8::25", "domain": "example.com"}
LISTS = [zone for zone in load_zones().zones.values() if zone != ZEN]
CASES = [(zone, kind) for zone in LISTS for kind in zone.kinds]
SECRETS = {"abusix": KEY, "dqs": KEY}


class Verdict(NamedTuple):
    """The statuses of: the target on this list, the target on the whole (no list could be used), list, resolver."""

    place: str | None
    target: str | None = None
    works: str = "pass"
    resolver: str = "pass"


VERDICTS = {
    "listing": Verdict("fail"),
    "informational": Verdict("pass"),
    "good": Verdict("pass"),
    "nothing": Verdict("pass"),
    "undocumented": Verdict("inconclusive"),
    "unanswered": Verdict("inconclusive"),
    "refusal": Verdict(None, "inconclusive", "inconclusive"),
    "resolver refused": Verdict(None, "inconclusive", "inconclusive", "inconclusive"),
    "made up": Verdict(None, "inconclusive", "inconclusive", "inconclusive"),
    "reserved": Verdict(None, "inconclusive", "inconclusive"),
}


def samples(pattern: Pattern) -> set[str]:
    """The first and last address of a range, or the address with just the one bit."""
    if pattern.bit:
        return {f"127.0.0.{pattern.bit}"}
    return {str(pattern.first), str(pattern.last)}


def answers(zone: Zone) -> Iterator[tuple[str, Outcome]]:
    """Each kind of answer with answers of this kind, for one list."""
    explained = [entry.pattern for entry in (*zone.codes, *zone.refusals)]
    for code in zone.codes:
        for sample in samples(code.pattern) - ({"127.0.0.1"} if code.kind == "listing" else set()):
            yield code.kind, [sample]
    for refusal in zone.refusals:
        for sample in samples(refusal.pattern):
            yield "resolver refused" if refusal.resolver else "refusal", [sample]
    for octet in range(250, 256):
        if not any(pattern.matches(IPv4Address(f"127.255.255.{octet}")) for pattern in explained):
            yield "refusal", [f"127.255.255.{octet}"]
    for sample in ("127.0.77.77", "127.1.0.2", "127.0.0.2", "127.0.0.254", "127.0.1.2"):
        if not any(pattern.matches(IPv4Address(sample)) for pattern in explained):
            yield "undocumented", [sample]
    if not any(entry.matches(IPv4Address("127.0.0.1")) and not entry.bit for entry in explained) and not any(
        refusal.pattern.bit == 1 for refusal in zone.refusals
    ):
        yield "reserved", ["127.0.0.1"]
    yield "made up", ["198.51.100.7"]
    yield "made up", ["128.0.0.2"]
    yield "nothing", NxDomain
    yield "undocumented", NoData
    yield from (("unanswered", reason) for reason in (Reason.SERVFAIL, Reason.REFUSED, Reason.TIMEOUT, Reason.NETWORK))


def shown(zone: Zone) -> str:
    """The name of a list in findings."""
    return zone.keyed_name or zone.name


def key_of(zone: Zone) -> str:
    return KEY if zone.keyed_name else ""


def asked_at(zone: Zone) -> str:
    return f"{KEY}.{zone.keyed_name}" if zone.keyed_name else suffix(zone)


def expected(zone: Zone, kind: Kind, verdict: Verdict) -> dict[tuple[str, str], str]:
    """What the report must say where one list gives an answer of a kind."""
    target = TARGETS[kind]
    major = "dnsbl/domain-listed" if kind == "domain" else "dnsbl/listed"
    rule = major if zone.weight == "major" else "dnsbl/listed-minor"
    found = {
        ("dnsbl/list-unusable", shown(zone)): verdict.works,
        ("dnsbl/resolver-unfit", "resolver"): verdict.resolver,
    }
    if zone.weight == "informational":
        # Such a list fails nobody, and nobody misses it.
        if verdict.place in ("pass", "fail"):
            found[rule, f"{target} on {shown(zone)}"] = "pass"
        return found
    if verdict.place:
        found[rule, f"{target} on {shown(zone)}"] = verdict.place
    if verdict.target:
        found[rule, target] = verdict.target
    return found


def script_of(zone: Zone, kind: Kind) -> dict[str, Outcome]:
    """A world in which this list is alive, asked through its key where it has one."""
    script: dict[str, Outcome] = {}
    ips, names = ([], [TARGETS[kind]]) if kind == "domain" else ([TARGETS[kind]], [])
    for question, outcome in world([zone], ips, names).items():
        script[question.replace(f".{zone.name}", f".{asked_at(zone)}")] = outcome
    return script


def report(zone: Zone, kind: Kind, script: dict[str, Outcome]) -> dict[tuple[str, str], str]:
    """What the report says of this list, with no other one asked but ZEN, which must be, and is left out here."""
    ips, names = ([], [TARGETS[kind]]) if kind == "domain" else ([TARGETS[kind]], [])
    script = world([ZEN], ips, key=KEY) | script if ips else script
    skip = [name for name in OTHERS if name != zone.name]
    found = judged(
        checked(script, ips=ips, domain=names[0] if names else None, zones=[zone.name], skip=skip, secrets=SECRETS)
    )
    return {key: status for key, status in found.items() if "spamhaus" not in key[0] and "zen." not in key[1]}


@pytest.mark.parametrize(("zone", "kind"), CASES, ids=[f"{zone.name}-{kind}" for zone, kind in CASES])
def test_every_answer_of_every_list(zone: Zone, kind: Kind) -> None:
    question = f"A {labels(kind, TARGETS[kind])}.{asked_at(zone)}"
    tried = set()
    for what, answer in answers(zone):
        found = report(zone, kind, script_of(zone, kind) | {question: answer})
        assert found == expected(zone, kind, VERDICTS[what]), (what, answer)
        tried.add(what)
    assert tried >= {"nothing", "undocumented", "unanswered", "made up", "refusal"}


@pytest.mark.parametrize(("zone", "kind"), CASES, ids=[f"{zone.name}-{kind}" for zone, kind in CASES])
def test_every_list_needs_its_proof_of_life(zone: Zone, kind: Kind) -> None:
    points = zone.points[kind]
    listed, clear = (f"A {labels(kind, point)}.{asked_at(zone)}" for point in (points.listed, points.clear))
    target = f"A {labels(kind, TARGETS[kind])}.{asked_at(zone)}"
    listings = [sample for one in zone.codes if one.kind == "listing" for sample in sorted(samples(one.pattern))[-1:]]
    faults: list[tuple[str, Outcome, str]] = [
        (listed, NxDomain, "fail"),
        (listed, Reason.TIMEOUT, "inconclusive"),
        (listed, NoData, "inconclusive"),
        (listed, ["127.0.77.77"], "inconclusive"),
        (clear, Reason.SERVFAIL, "inconclusive"),
        (clear, ["127.0.77.77"], "inconclusive"),
        (clear, ["127.255.255.252"], "inconclusive"),
    ]
    if listings:
        faults.append((clear, listings[-1:], "fail"))
    for answer in (NxDomain, listings[-1:] or ["127.0.77.77"]):
        for question, outcome, works in faults:
            found = report(zone, kind, script_of(zone, kind) | {target: answer, question: outcome})
            # A list that is proven dead refuses nobody's mail; one of which nothing is known may well.
            of_target = None if works == "fail" else "inconclusive"
            assert found == expected(zone, kind, Verdict(None, of_target, works)), (question, outcome)


@pytest.mark.parametrize(("zone", "kind"), CASES, ids=[f"{zone.name}-{kind}" for zone, kind in CASES])
def test_no_answer_is_a_verdict_without_proof_of_life(zone: Zone, kind: Kind) -> None:
    question = f"A {labels(kind, TARGETS[kind])}.{asked_at(zone)}"
    listed = f"A {labels(kind, zone.points[kind].listed)}.{asked_at(zone)}"
    for fault in (NxDomain, Reason.TIMEOUT):
        for _, answer in answers(zone):
            found = report(zone, kind, script_of(zone, kind) | {question: answer, listed: fault})
            about = {status for (rule, _), status in found.items() if rule.startswith(("dnsbl/listed", "dnsbl/domain"))}
            assert about <= {"inconclusive"}, (answer, fault)
            assert found["dnsbl/list-unusable", shown(zone)] in ("fail", "inconclusive"), (answer, fault)


@pytest.mark.parametrize("kind", ZEN.kinds)
def test_every_answer_of_zen_with_and_without_proof_of_life(kind: Kind) -> None:
    target = TARGETS[kind]
    asked = f"A {labels(kind, target)}.{ZEN.name}"
    point = f"A {labels(kind, ZEN.points[kind].listed)}.{ZEN.name}"
    tried = set()
    for what, answer in answers(ZEN):
        script = world([ZEN], [target]) | {asked: answer}
        statuses = set(of_zen(script, target))
        tried.add(what)
        # A listing on one of its lists is none on the others, and PBL is the business of another check.
        expected = {"listing": [{"fail", "pass"}, {"pass"}], "nothing": [{"pass"}]}.get(what, [{"inconclusive"}])
        assert statuses in expected, (what, answer)
        for fault in (NxDomain, Reason.TIMEOUT, ["127.255.255.252"]):
            assert set(of_zen(script | {point: fault}, target)) == {"inconclusive"}, (what, answer, fault)
    assert tried == {
        "listing",
        "refusal",
        "resolver refused",
        "undocumented",
        "reserved",
        "made up",
        "nothing",
        "unanswered",
    }


def of_zen(script: dict[str, Outcome], target: str) -> list[str]:
    """The statuses of the rules on ZEN's lists."""
    found = judged(checked(script, ips=[target], skip=OTHERS))
    return [status for (rule, part), status in found.items() if part == target and "spamhaus" in rule]


def test_the_catalogue_is_worth_its_table() -> None:
    assert len(load_zones().zones) >= 40
    assert {kind for zone in LISTS for kind in zone.kinds} == {"ip4", "ip6", "domain"}
    assert {code.kind for zone in LISTS for code in zone.codes} == {"listing", "informational", "good"}
