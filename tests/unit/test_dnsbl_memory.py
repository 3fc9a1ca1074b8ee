"""What an earlier run proved alive saves the proof of life, and decides nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from preflight.check import Secret, Settings
from preflight.memory import Memory
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, report_of
from preflight_checks.dnsbl import CHECK, DnsblOptions
from tests.unit.dnsbl_world import DBL, KEY, OTHERS, SPAMHAUS, ZEN, Outcome, judged, reverse, world

IP, OTHER = "192.0.2.25", "192.0.2.26"
SINCE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ALIVE = "blocklist zen.spamhaus.org ip4 open alive"
POINTS = [f"A {reverse(point)}.{ZEN.name}" for point in ("127.0.0.2", "127.0.0.1")]
UNUSABLE = ("dnsbl/list-unusable", ZEN.name)


class Known(Memory):
    """A memory that starts with some facts; notes what is told."""

    def __init__(self, *facts: str) -> None:
        self.facts = set(facts)
        self.noted: set[str] = set()
        self.forgotten: set[str] = set()

    def recall(self, fact: str) -> datetime | None:
        return SINCE if fact in self.facts - self.forgotten else None

    def note(self, fact: str) -> None:
        self.noted.add(fact)

    def forget(self, fact: str) -> None:
        self.forgotten.add(fact)


def run(script: dict[str, Outcome], memory: Memory, *ips: str, key: str = "", domain: str | None = None) -> Report:
    skip = [name for name in OTHERS if domain is None or name != DBL.name]
    settings = Settings(
        secrets={"dqs": Secret(key)} if key else {}, options={"dnsbl": DnsblOptions(skip=skip)}, memory=memory
    )
    return report_of(CHECK, Subject.of(ips=ips, domain=domain), script, settings=settings)


def unproven(ips: list[str], **changes: Outcome) -> dict[str, Outcome]:
    """A world in which a question for a test point is one too many: the script has no answer for it."""
    script = world([ZEN], ips) | changes
    return {question: outcome for question, outcome in script.items() if question not in POINTS}


def test_a_proof_is_noted_by_list_and_kind_and_never_with_the_key() -> None:
    memory = Known()
    run(world([ZEN], [IP, "2001:db8::25"]), memory, IP, "2001:db8::25")
    assert memory.noted == {ALIVE, ALIVE.replace("ip4", "ip6")}
    memory = Known()
    run(world([ZEN, DBL], [IP], ["example.com"], key=KEY), memory, IP, key=KEY, domain="example.com")
    assert memory.noted == {
        "blocklist zen.dq.spamhaus.net ip4 keyed alive",
        "blocklist dbl.dq.spamhaus.net domain keyed alive",
    }
    assert memory.forgotten == set()


def test_it_saves_both_questions() -> None:
    memory = Known(ALIVE)
    report = run(unproven([IP]), memory, IP)
    assert judged(report) == {(rule, IP): "pass" for rule in SPAMHAUS} | {
        UNUSABLE: "pass",
        ("dnsbl/resolver-unfit", "resolver"): "pass",
    }
    (works,) = [one.finding for one in report.findings if one.finding.rule == UNUSABLE[0]]
    assert str(works.message) == (
        "zen.spamhaus.org works: it was proven so at 2026-11-24T09:30:00+00:00, "
        "and nothing in this run speaks against it"
    )
    assert (memory.noted, memory.forgotten) == (set(), set())


@pytest.mark.parametrize(
    "fact", ["blocklist zen.spamhaus.org ip6 open alive", "blocklist zen.dq.spamhaus.net ip4 keyed alive"]
)
def test_another_kind_or_way_in_proves_nothing(fact: str) -> None:
    with pytest.raises(AssertionError, match="no answer for"):
        run(unproven([IP]), Known(fact), IP)


ODD: list[Outcome] = [
    ["127.255.255.254"],
    ["127.255.255.255"],
    ["127.0.0.1"],
    ["198.51.100.1"],
    Reason.TIMEOUT,
    Reason.SERVFAIL,
    Reason.REFUSED,
]
DEAD: Callable[[], dict[str, Outcome]] = lambda: {POINTS[0]: NxDomain}  # noqa: E731


@pytest.mark.parametrize("answer", ODD, ids=str)
def test_one_odd_answer_outweighs_it_for_all_addresses(answer: Outcome) -> None:
    memory = Known(ALIVE)
    script = world([ZEN], [IP, OTHER]) | DEAD() | {f"A {reverse(OTHER)}.{ZEN.name}": answer}
    found = judged(run(script, memory, IP, OTHER))
    assert {found[rule, ip] for rule in SPAMHAUS for ip in (IP, OTHER)} == {"inconclusive"}
    assert found[UNUSABLE] == "fail"
    assert memory.forgotten == {ALIVE}


@pytest.mark.parametrize("answer", [["127.0.0.2"], ["127.0.0.77"], NoData], ids=str)
def test_a_listing_or_an_unknown_code_is_read_with_a_fresh_proof(answer: Outcome) -> None:
    asked = {f"A {reverse(IP)}.{ZEN.name}": answer}
    with pytest.raises(AssertionError, match="no answer for"):
        run(unproven([IP], **asked), Known(ALIVE), IP)
    memory = Known(ALIVE)
    found = judged(run(world([ZEN], [IP]) | DEAD() | asked, memory, IP))
    assert {found[rule, IP] for rule in SPAMHAUS} == {"inconclusive"}
    assert memory.forgotten == {ALIVE}
    memory = Known(ALIVE)
    found = judged(run(world([ZEN], [IP]) | asked, memory, IP))
    assert found[SPAMHAUS[0], IP] == ("fail" if answer == ["127.0.0.2"] else "inconclusive")
    assert ALIVE in memory.noted


@pytest.mark.parametrize("fault", [NxDomain, ["127.255.255.254"], Reason.TIMEOUT, ["127.0.0.77"]], ids=str)
def test_that_a_list_does_not_work_is_never_remembered(fault: Outcome) -> None:
    memory = Known()
    run(world([ZEN], [IP]) | {POINTS[0]: fault}, memory, IP)
    assert memory.noted == set()
    assert ALIVE in memory.forgotten
