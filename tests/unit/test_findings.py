"""Findings, evidence and severities."""

import pytest

from preflight.findings import Evidence, Finding, Severity, Status, gather
from preflight.text import Message

ONE, TWO = Evidence("dns", "A x", "192.0.2.1"), Evidence("dns", "A y", "NXDOMAIN")


def test_the_words_of_the_report_are_these() -> None:
    assert [status.value for status in Status] == ["pass", "fail", "inconclusive", "skipped", "error"]
    assert [severity.value for severity in Severity] == ["error", "warning", "info"]


def test_severities_are_ranked() -> None:
    assert sorted(Severity, key=lambda one: one.rank) == [Severity.INFO, Severity.WARNING, Severity.ERROR]


@pytest.mark.parametrize(
    ("given", "gathered"),
    [
        ((), ()),
        ((ONE,), (ONE,)),
        ((TWO, [ONE, TWO], ONE), (TWO, ONE)),
        (([], iter([ONE, Evidence("dns", "A x", "192.0.2.1")])), (ONE,)),
    ],
)
def test_evidence_is_gathered_once_each(given: tuple[Evidence, ...], gathered: tuple[Evidence, ...]) -> None:
    assert gather(*given) == gathered


def finding(**more: object) -> Finding:
    return Finding(**{"rule": "ptr/missing", "status": Status.FAIL, "part": "x", "message": Message("m")} | more)  # type: ignore[arg-type]


def test_a_finding_speaks_of_its_own_rule_and_a_crash_of_those_it_left_open() -> None:
    assert finding().rules == {"ptr/missing"}
    assert finding().check == "ptr"
    crash = finding(rule="ptr/crashed", status=Status.ERROR, covers=frozenset({"ptr/missing", "ptr/multiple"}))
    assert crash.rules == {"ptr/missing", "ptr/multiple"}
    assert finding(rule="ptr/crashed", status=Status.ERROR).rules == {"ptr/crashed"}


def test_masking_reaches_every_text_from_outside() -> None:
    open_text = finding(
        part="key.example",
        message=Message("{seen} of key", {"seen": "key"}),
        evidence=(Evidence("dns", "A key.example", "key"),),
        fix=Message("mend {part}", {"part": "key"}),
    )
    masked = open_text.masked(lambda text: text.replace("key", "???"))
    assert masked == finding(
        part="???.example",
        message=Message("{seen} of key", {"seen": "???"}),
        evidence=(Evidence("dns", "A ???.example", "???"),),
        fix=Message("mend {part}", {"part": "???"}),
    )
    assert finding().masked(str.upper).fix is None
