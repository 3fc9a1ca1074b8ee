"""Every code of Spamhaus ZEN and DBL, and every fault of a list, from a real rbldnsd behind a real unbound."""

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from preflight.check import Secret, Settings
from preflight.findings import Evidence, Finding, Status
from preflight.memory import DiskMemory
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.report import Report
from preflight.runner import Run
from preflight.subject import Subject
from preflight_checks.blocklists.zones import load_zones
from preflight_checks.dnsbl import DnsblOptions
from tests.lab.comparison import ROOT, table
from tests.lab.daemons import Lab
from tests.pages import comparison_on_page

pytestmark = pytest.mark.lab

ZEN, DBL = (load_zones().zones[name] for name in ("zen.spamhaus.org", "dbl.spamhaus.org"))
KEY = "k3yabcdefghijklmnopqrstuvw"
SELECT = Policy(select=("dnsbl", "dynamic-ip/pbl-listed"))

# What each documented code of ZEN breaks. The codes in a row come in one answer.
BREAKS = {
    ("127.0.0.2",): {"dnsbl/spamhaus-sbl"},
    ("127.0.0.3",): {"dnsbl/spamhaus-css"},
    ("127.0.0.4",): {"dnsbl/spamhaus-xbl"},
    ("127.0.0.2", "127.0.0.9"): {"dnsbl/spamhaus-sbl", "dnsbl/spamhaus-drop"},
    ("127.0.0.10",): {"dynamic-ip/pbl-listed"},
    ("127.0.0.11",): {"dynamic-ip/pbl-listed"},
    ("127.0.0.30",): {"dnsbl/spamhaus-bcl"},
}
ZEN_RULES = {rule for rules in BREAKS.values() for rule in rules}
REFUSALS = [str(one.pattern.first) for one in ZEN.refusals]
TEST = ("127.0.0.2", "127.0.0.4", "127.0.0.10")


def v4(codes: tuple[str, ...]) -> str:
    return f"203.0.113.{codes[-1].rpartition('.')[2]}"


def v6(codes: tuple[str, ...]) -> str:
    return f"2001:db8::{codes[-1].rpartition('.')[2]}"


def reversed_(ip: str) -> str:
    """The labels for an address, worked out apart from the code under test."""
    address = ipaddress.ip_address(ip)
    return ".".join(reversed(ip.split("."))) if address.version == 4 else ".".join(reversed(f"{int(address):032x}"))


def ip4set(answers: dict[str, tuple[str, ...]]) -> str:
    return "".join(
        f"{ip} :{code}:{code} for $\n" for ip, codes in {"127.0.0.2": TEST, **answers}.items() for code in codes
    )


def zen_lists(answers: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """ZEN with an address of each family for each answer; ip6trie has one value an entry, so each code has its own."""
    codes = sorted({code for row in [TEST, *answers] for code in row})
    tries = []
    for code in codes:
        ips = [v6(row) for row in answers if code in row] + (["::ffff:127.0.0.2"] if code in TEST else [])
        tries.append(("ip6trie", "".join(f"{ip} :{code}:{code} for it\n" for ip in ips)))
    return [("ip4set", ip4set({v4(row): row for row in answers})), *tries]


def reports(resolver: str, subjects: list[Subject], options: DnsblOptions, key: str = "") -> list[Report]:
    settings = Settings(options={"dnsbl": options}, secrets={"dqs": Secret(key)} if key else {})
    return Run(subjects, LiveSource([resolver]), policy=SELECT, settings=settings).fly_blocking()


def only(*zones: str) -> DnsblOptions:
    """Ask these lists of the default ones (ZEN is always asked)."""
    return DnsblOptions(
        skip=[zone.name for zone in load_zones().asked_by_default if zone.name not in (*zones, ZEN.name)]
    )


def by_part(report: Report) -> dict[tuple[str, str], Finding]:
    return {(one.finding.rule, one.finding.part): one.finding for one in report.findings}


def record(finding: Finding) -> dict[str, Any]:
    (found,) = [one for one in finding.evidence if one.source == "record"]
    facts: dict[str, Any] = json.loads(found.seen)
    return facts


@pytest.mark.parametrize("family", [v4, v6])
@pytest.mark.parametrize("key", ["", KEY])
def test_each_code_of_zen_breaks_its_rule(lab: Lab, family: Any, key: str) -> None:
    zone = f"{key}.zen.dq.spamhaus.net" if key else "zen.spamhaus.org"
    masked = zone.replace(key, "?" * len(key)) if key else zone
    shown = "zen.dq.spamhaus.net" if key else zone
    with lab.running(ROOT, {zone: zen_lists(list(BREAKS))}) as resolver:
        ips = [family(codes) for codes in BREAKS]
        (report,) = reports(resolver, [Subject.of(ips=ips)], only(), key)
    found = by_part(report)
    assert {(rule, part) for (rule, part), one in found.items() if one.status is Status.FAIL} == {
        (rule, family(codes)) for codes, rules in BREAKS.items() for rule in rules
    }
    assert {one.status for (rule, _), one in found.items() if rule in ZEN_RULES} == {Status.FAIL, Status.PASS}
    assert found["dnsbl/list-unusable", shown].status is Status.PASS
    entries = {str(code.pattern.first): code.meaning.en for code in ZEN.codes}
    for codes, rules in BREAKS.items():
        ip = family(codes)
        name = f"{reversed_(ip)}.{masked}"
        reason = "; ".join(f"{code} for {ip if family is v4 else 'it'}" for code in codes)
        for rule in rules:
            looked, *others = found[rule, ip].evidence
            assert looked == Evidence("dns", f"A {name}", ", ".join(codes))
            if rule.startswith("dynamic-ip"):
                assert others == []
                continue
            assert others[0] == Evidence("dns", f"TXT {name}", reason.replace("; ", ", "))
            assert record(found[rule, ip]) == {
                "zone": shown,
                "target": ip,
                "state": "listed",
                "codes": list(codes),
                "meaning": "; ".join(entries[code] for code in codes),
                "reason": reason,
                "delist": "https://check.spamhaus.org",
                "fault": "",
            }
    assert key not in repr(report.findings) or not key


@pytest.mark.parametrize("family", [v4, v6])
def test_no_other_answer_of_zen_is_a_verdict(lab: Lab, family: Any) -> None:
    answers = [(code,) for code in (*REFUSALS, "127.0.0.1", "127.0.0.77", "192.0.2.80")]
    with lab.running(ROOT, {ZEN.name: zen_lists(answers)}) as resolver:
        subjects = [Subject.of(ips=[family(codes)]) for codes in answers]
        clear = Subject.of(ips=["203.0.113.99" if family is v4 else "2001:db8::99"])
        *refused, fine = reports(resolver, [*subjects, clear], only())
    for codes, report in zip(answers, refused, strict=True):
        found = by_part(report)
        about = {one.status for (rule, _), one in found.items() if rule in ZEN_RULES}
        assert about == {Status.INCONCLUSIVE}, codes
        works = found["dnsbl/list-unusable", ZEN.name].status
        assert works is (Status.PASS if codes == ("127.0.0.77",) else Status.INCONCLUSIVE), codes
    assert {one.status for one in by_part(fine).values()} == {Status.PASS, Status.SKIPPED}


def test_each_code_of_dbl_breaks_the_rule_on_names(lab: Lab) -> None:
    codes = {f"code-{number}.example": code for number, code in enumerate(DBL.codes)}
    refusals = {f"refusal-{number}.example": refusal for number, refusal in enumerate(DBL.refusals)}
    text = ":127.0.1.2:test\ndbltest.com\n" + "".join(
        f"{name} :{one.pattern.first}:{name} is known\n" for name, one in {**codes, **refusals}.items()
    )
    names = [*codes, *refusals, "clear.example"]
    with lab.running(ROOT, {DBL.name: [("dnset", text)]}) as resolver:
        found = dict(
            zip(names, reports(resolver, [Subject.of(domain=name) for name in names], only(DBL.name)), strict=True)
        )
    for name, code in codes.items():
        finding = by_part(found[name])["dnsbl/domain-listed", f"{name} on {DBL.name}"]
        assert finding.status is Status.FAIL
        assert finding.evidence[:2] == (
            Evidence("dns", f"A {name}.{DBL.name}", str(code.pattern.first)),
            Evidence("dns", f"TXT {name}.{DBL.name}", f"{name} is known"),
        )
        assert record(finding) == {
            "zone": DBL.name,
            "target": name,
            "state": "listed",
            "codes": [str(code.pattern.first)],
            "meaning": code.meaning.en,
            "reason": f"{name} is known",
            "delist": "https://check.spamhaus.org",
            "fault": "",
        }
    for name, refusal in refusals.items():
        statuses = {one.finding.status for one in found[name].findings if one.finding.rule == "dnsbl/domain-listed"}
        assert statuses == {Status.INCONCLUSIVE}
        unusable = by_part(found[name])["dnsbl/list-unusable", DBL.name]
        assert unusable.status is Status.INCONCLUSIVE
        assert record(unusable)["codes"] == [str(refusal.pattern.first)]
        assert record(unusable)["meaning"] == refusal.meaning.en
    clear = by_part(found["clear.example"])["dnsbl/domain-listed", f"clear.example on {DBL.name}"]
    assert (clear.status, record(clear)["state"]) == (Status.PASS, "not listed")


def test_the_comparison_with_pydnsbl_is_the_one_in_the_docs(lab: Lab) -> None:
    """`make docs` writes it anew."""
    assert table(lab) == comparison_on_page()


def test_a_block_of_addresses_is_asked_for_whole(lab: Lab) -> None:
    listed = {f"203.0.113.{number}": ("127.0.0.4",) for number in range(5, 11)}
    with lab.running(ROOT, {ZEN.name: [("ip4set", ip4set(listed))]}) as resolver:
        (report,) = reports(resolver, [Subject.of(ips=["203.0.113.0/28"])], only())
    failed = {part for (rule, part), one in by_part(report).items() if one.status is Status.FAIL}
    assert failed == set(listed)
    passed = {
        part for (rule, part), one in by_part(report).items() if rule.endswith("xbl") and one.status is Status.PASS
    }
    assert passed == {f"203.0.113.{number}" for number in range(16)} - failed


def test_what_was_proven_is_remembered_and_a_refusal_outweighs_it(lab: Lab, tmp_path: Path) -> None:
    """The list dies, or refuses, between two runs: the first goes unseen for a day, unless any answer is odd."""
    file = tmp_path / "health.json"
    alive = {ZEN.name: [("ip4set", ip4set({"203.0.113.4": ("127.0.0.4",)}))]}
    dead = {ZEN.name: [("ip4set", "203.0.113.54 :127.255.255.254:refused\n203.0.113.4 :127.0.0.4:\n")]}

    def run(resolver: str, *ips: str) -> dict[tuple[str, str], Status]:
        memory = DiskMemory(file, ["the same resolver"])
        settings = Settings(options={"dnsbl": only()}, memory=memory)
        subject = Subject.of(ips=list(ips))
        (report,) = Run([subject], LiveSource([resolver]), policy=SELECT, settings=settings).fly_blocking()
        memory.save()
        return {key: one.status for key, one in by_part(report).items()}

    xbl, works = "dnsbl/spamhaus-xbl", ("dnsbl/list-unusable", ZEN.name)
    with lab.running(ROOT, alive) as resolver:
        assert run(resolver, "203.0.113.9")[xbl, "203.0.113.9"] is Status.PASS
    assert "alive" in file.read_text()
    with Lab(tmp_path / "later").running(ROOT, dead) as resolver:
        remembered = run(resolver, "203.0.113.9")
        assert (remembered[xbl, "203.0.113.9"], remembered[works]) == (Status.PASS, Status.PASS)
        listed = run(resolver, "203.0.113.9", "203.0.113.4")  # a listing is believed on a fresh proof only
        assert listed[xbl, "203.0.113.4"] is Status.INCONCLUSIVE
        assert listed[works] is Status.FAIL
        refused = run(resolver, "203.0.113.9", "203.0.113.54")
        assert refused[xbl, "203.0.113.9"] is refused[xbl, "203.0.113.54"] is Status.INCONCLUSIVE
    assert "alive" not in file.read_text()
