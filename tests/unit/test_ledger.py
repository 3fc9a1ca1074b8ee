"""The account of every rule: what is kept, what is left open, and in which order it comes out."""

import pytest

from preflight.check import Check
from preflight.findings import Finding, Status
from preflight.ledger import MORE_TIME, TRY_AGAIN, Ledger
from preflight.net.dns import Question, Reason, Unanswered
from preflight.policy import Policy
from preflight.subject import Endpoint, MessageSource, Subject
from tests.unit.fake_checks import IP, IP2, check_of, rule

ONE, TWO, THREE = rule("a/one"), rule("a/two"), rule("a/three")
OTHER = rule("b/other", needs=["message"])
A, B = check_of(ONE, TWO, THREE), check_of(OTHER)
SUBJECT = Subject.of("mail.example.com", ips=[IP, IP2])
SERVFAIL = Unanswered(Question.of("x.example", "A"), Reason.SERVFAIL)


class BadTextError(Exception):
    def __str__(self) -> str:
        raise ValueError


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def table(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.status.value, finding.part) for finding in findings]


def test_an_unanswered_question_leaves_open_only_what_has_no_finding() -> None:
    ledger = Ledger([A], Policy().selects)
    first, second = ledger.open(A, [ONE, TWO], IP), ledger.open(A, [ONE, TWO], IP2)
    ledger.add(first, ONE.passes(IP, "fine"))
    ledger.unanswered(first, SERVFAIL)
    for account in (first, second):
        account.ended = True
    ledger.add(second, ONE.fails(IP2, "bad"))
    ledger.add(second, TWO.passes(IP2, "fine"))
    ledger.end(A)
    findings = ledger.close(SUBJECT, 5)
    assert table(findings) == [
        ("a/one", "pass", IP),
        ("a/one", "fail", IP2),
        ("a/two", "inconclusive", IP),
        ("a/two", "pass", IP2),
    ]
    assert str(findings[2].message) == "no answer to A x.example: SERVFAIL"
    assert findings[2].evidence == (SERVFAIL.evidence,)
    assert str(findings[2].fix) == TRY_AGAIN


def test_what_is_under_way_is_out_of_time() -> None:
    ledger = Ledger([A], Policy().selects)
    account = ledger.open(A, [ONE, TWO], IP)
    ledger.add(account, ONE.passes(IP, "fine"))
    findings = ledger.close(SUBJECT, 0.3)
    assert table(findings) == [
        ("a/one", "pass", IP),
        ("a/two", "inconclusive", IP),
        ("a/three", "inconclusive", "mail.example.com"),
    ]
    assert {str(finding.message) for finding in findings[1:]} == {
        "the run's deadline of 0.3 s passed before this was decided"
    }
    assert {str(finding.fix) for finding in findings[1:]} == {MORE_TIME}


def test_what_comes_after_the_close_changes_nothing() -> None:
    ledger = Ledger([A], Policy().selects)
    account = ledger.open(A, [ONE, TWO, THREE], IP)
    closed = ledger.close(SUBJECT, 5)
    ledger.add(account, ONE.passes(IP, "fine"))
    ledger.unanswered(account, SERVFAIL)
    ledger.crashed(account, ValueError("late"))
    assert table(closed) == [(one, "inconclusive", IP) for one in ("a/one", "a/two", "a/three")]
    assert table(ledger.close(SUBJECT, 5))[:3] == table(closed)


def test_a_rule_that_found_nothing_to_judge_has_no_finding() -> None:
    ledger = Ledger([A], Policy().selects)
    ledger.end(A)
    assert ledger.close(SUBJECT, 5) == []


def test_one_bug_is_one_finding_for_all_parts() -> None:
    ledger = Ledger([A], Policy().selects)
    error = raised(ZeroDivisionError("division by zero"))
    for part in (IP, IP2, IP):
        ledger.crashed(ledger.open(A, [TWO] if part == IP2 else [ONE], part), error)
    ledger.end(A)
    (crash,) = ledger.close(SUBJECT, 5)
    assert table([crash]) == [("a/crashed", "error", f"{IP}, {IP2}")]
    assert crash.covers == {"a/one", "a/two"}
    assert "the check crashed: ZeroDivisionError: division by zero (raised, line " in str(crash.message)


def test_two_bugs_are_two_findings() -> None:
    ledger = Ledger([A], Policy().selects)
    account = ledger.open(A, [ONE, TWO], IP)
    ledger.add(account, ONE.passes(IP, "fine"))
    ledger.crashed(account, raised(ValueError("x")))
    ledger.crashed(ledger.open(A, [THREE], IP), raised(KeyError("y")))
    passed, *crashes = ledger.close(SUBJECT, 5)
    assert passed.status is Status.PASS
    assert table(crashes) == [("a/crashed", "error", IP)] * 2
    assert [crash.covers for crash in crashes] == [{"a/two"}, {"a/three"}]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("x"), "ValueError: x (raised, line "),
        (ValueError(), "ValueError (raised, line "),
        (BadTextError(), "BadTextError: <exception str() failed> (raised, line "),
    ],
)
def test_how_a_crash_reads(error: Exception, text: str) -> None:
    ledger = Ledger([A], Policy().selects)
    ledger.crashed(ledger.open(A, [ONE, TWO, THREE], IP), raised(error))
    (crash,) = ledger.close(SUBJECT, 5)
    assert crash.message.args["error"].startswith(text)
    assert crash.evidence[0].seen == crash.message.args["error"]


def test_a_crash_is_told_where_its_check_is() -> None:
    last = rule("b/last")
    second = check_of(last)
    ledger = Ledger([A, second], Policy().selects)
    ledger.crashed(ledger.open(second, [last], IP), raised(ValueError("b")))
    ledger.crashed(ledger.open(A, [ONE], IP), raised(ValueError("a")))
    ledger.add(ledger.open(A, [TWO], IP), TWO.passes(IP, "fine"))
    ledger.end(A)
    ledger.end(second)
    assert [rule_id for rule_id, status, _ in table(ledger.close(SUBJECT, 5)) if status != "inconclusive"] == [
        "a/two",
        "a/crashed",
        "b/crashed",
    ]


NEEDY = check_of(
    rule("n/ip", needs=["ip"]),
    rule("n/both", needs=["ip", "message"]),
    rule("n/either", needs=["domain|helo"]),
    rule("n/server", needs=["server", "message"]),
    rule("n/mx", needs=["mx"]),
    rule("n/host", needs=["host"]),
)
EVERYTHING = {
    "host": "mail.example.com",
    "helo": "mail.example.com",
    "domain": "example.com",
    "message": MessageSource("x", b"x"),
    "server": Endpoint("192.0.2.1"),
}


def accounts(check: Check, subject: Subject) -> dict[str, str]:
    """What is said of the rules that no judge got to see; the check itself has ended."""
    ledger = Ledger([check], Policy().selects)
    ledger.end(check)
    return {finding.rule: f"{finding.status}: {finding.message}" for finding in ledger.close(subject, 5)}


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (
            Subject(),
            {
                "n/ip": "skipped: not checked: add --ip",
                "n/both": "skipped: not checked: add --ip, --message",
                "n/either": "skipped: not checked: add --domain/--helo",
                "n/server": "skipped: not checked: add --server, --message",
                "n/mx": "skipped: not checked: add --domain",
                "n/host": "skipped: not checked: add HOST",
            },
        ),
        (Subject(**EVERYTHING, ips=SUBJECT.ips), {}),  # type: ignore[arg-type]
        (
            Subject(**EVERYTHING, ips_unknown="the host has none"),  # type: ignore[arg-type]
            {"n/ip": "inconclusive: the host has none", "n/both": "inconclusive: the host has none"},
        ),
        (
            Subject(**(EVERYTHING | {"message": None}), ips_unknown="the host has none"),  # type: ignore[arg-type]
            {
                "n/ip": "inconclusive: the host has none",
                "n/both": "skipped: not checked: add --message",
                "n/server": "skipped: not checked: add --message",
            },
        ),
    ],
)
def test_why_a_rule_was_not_judged(subject: Subject, said: dict[str, str]) -> None:
    assert accounts(NEEDY, subject) == said


def test_a_host_whose_look_up_was_out_of_time_is_not_a_missing_input() -> None:
    ledger = Ledger([NEEDY], Policy().selects)
    said = {finding.rule: finding.status for finding in ledger.close(Subject.of("mail"), 5)}
    assert said == {
        "n/ip": Status.INCONCLUSIVE,
        "n/both": Status.SKIPPED,
        "n/either": Status.INCONCLUSIVE,
        "n/server": Status.SKIPPED,
        "n/mx": Status.SKIPPED,
        "n/host": Status.INCONCLUSIVE,
    }


def test_rules_that_are_not_chosen_are_not_accounted_for() -> None:
    ledger = Ledger([A, B], Policy(select=("a/two", "b"), ignore=("b/other",)).selects)
    assert table(ledger.close(SUBJECT, 5)) == [("a/two", "inconclusive", "mail.example.com")]
