"""The verdict, and the board of bounce codes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from preflight.bounces.catalogue import Coverage
from preflight.check import Rule
from preflight.findings import Finding, Severity, Status
from preflight.policy import FailOn, Policy, Verdict, Waiver
from preflight.registry import Registry
from preflight.report import BoardRow, Report, State, build_report, overall
from preflight.subject import Subject
from preflight.text import Message
from tests.unit.fake_checks import IP, bounce, check_of, registry_of, rule

TODAY = date(2026, 11, 24)
CODE = "example/EX-001"
ERROR = rule("a/error", needs=["helo", "message"], prevents=[CODE])
WARNING = rule("a/warning", Severity.WARNING, needs=["helo", "domain"], prevents=[CODE])
INFO = rule("b/info", Severity.INFO)
SUBJECT = Subject.of(ips=[IP])


def registry(coverage: Coverage = "full", rules: Sequence[str] = ("a/error", "a/warning")) -> Registry:
    return registry_of(check_of(ERROR, WARNING), check_of(INFO), bounces=[bounce(CODE, coverage, rules)])


def report(findings: Sequence[Finding], policy: Policy | None = None, given: Registry | None = None) -> Report:
    return build_report(
        SUBJECT, findings, given or registry(), policy or Policy(),
        started_at=datetime(2026, 11, 24, tzinfo=UTC), duration=1.5, today=TODAY,
    )  # fmt: skip


def of(rule_: Rule, status: Status, part: str = IP) -> Finding:
    return Finding(rule=rule_.id, status=status, part=part, message=Message("x"))


def crash(*covers: Rule, check: str = "a") -> Finding:
    return Finding(
        rule=f"{check}/crashed",
        status=Status.ERROR,
        part=IP,
        message=Message("x"),
        covers=frozenset(one.id for one in covers),
    )


P, F, U, S = Status.PASS, Status.FAIL, Status.INCONCLUSIVE, Status.SKIPPED
GO, NO_GO, INCOMPLETE = Verdict.GO, Verdict.NO_GO, Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("findings", "fail_on", "verdict"),
    [
        ([], "error", INCOMPLETE),
        ([of(ERROR, S), of(INFO, S)], "error", INCOMPLETE),
        ([of(ERROR, S), of(INFO, P)], "error", GO),
        ([of(ERROR, P), of(WARNING, P)], "error", GO),
        ([of(ERROR, F)], "error", NO_GO),
        ([of(ERROR, F)], "warning", NO_GO),
        ([of(ERROR, F)], "never", GO),
        ([of(WARNING, F)], "error", GO),
        ([of(WARNING, F)], "warning", NO_GO),
        ([of(INFO, F)], "warning", GO),
        ([of(ERROR, U)], "error", INCOMPLETE),
        ([of(ERROR, U)], "never", INCOMPLETE),
        ([of(WARNING, U)], "error", GO),
        ([of(WARNING, U)], "warning", GO),
        ([of(INFO, U)], "error", GO),
        ([of(ERROR, U), of(WARNING, F)], "error", INCOMPLETE),
        ([of(ERROR, U), of(WARNING, F)], "warning", NO_GO),
        ([of(ERROR, P), of(ERROR, U, "other")], "error", INCOMPLETE),
        ([crash(ERROR, WARNING)], "error", INCOMPLETE),
        ([crash(WARNING), of(ERROR, P)], "error", GO),
        ([crash(), of(ERROR, P)], "error", INCOMPLETE),
        ([crash(ERROR), of(ERROR, F)], "error", NO_GO),
        ([of(ERROR, U), of(ERROR, S), of(ERROR, F, "other"), of(ERROR, P, "third")], "error", NO_GO),
    ],
)
def test_verdicts(findings: list[Finding], fail_on: str, verdict: Verdict) -> None:
    assert report(findings, Policy(fail_on=FailOn(fail_on))).verdict is verdict


@pytest.mark.parametrize(
    ("expires", "part", "verdict"),
    [
        (date(2026, 11, 24), None, GO),
        (date(2026, 11, 25), IP, GO),
        (date(2026, 11, 23), None, NO_GO),
        (date(2026, 11, 25), "192.0.2.99", NO_GO),
    ],
)
def test_a_waived_failure_does_not_count_and_stays_on_the_board(
    expires: date, part: str | None, verdict: Verdict
) -> None:
    waiver = Waiver(rule="a/error", reason="ticket", expires=expires, part=part)
    made = report([of(ERROR, F)], Policy(waivers=(waiver,)))
    assert made.verdict is verdict
    assert made.board[0].state is State.AT_RISK
    assert (made.findings[0].waived is not None) is (part in (None, IP))
    assert made.findings[0].fails is (verdict is NO_GO)


def test_severities_of_the_policy_decide() -> None:
    demoted, promoted = {"a/error": Severity.WARNING}, {"b": Severity.ERROR}
    assert report([of(ERROR, F)], Policy(severities=demoted)).verdict is GO
    assert report([of(ERROR, U)], Policy(severities=demoted)).verdict is GO
    assert report([of(INFO, F)], Policy(severities=promoted)).verdict is NO_GO
    assert report([of(INFO, U)], Policy(severities=promoted)).verdict is INCOMPLETE
    assert report([crash(INFO, check="b")], Policy(severities=promoted)).verdict is INCOMPLETE


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([GO, GO], GO),
        ([GO, INCOMPLETE], INCOMPLETE),
        ([INCOMPLETE, NO_GO, GO], NO_GO),
        ([], INCOMPLETE),
    ],
)
def test_the_verdict_of_several_runs(verdicts: list[Verdict], verdict: Verdict) -> None:
    assert overall(iter(verdicts)) is verdict


def test_a_finding_gets_what_its_rule_knows() -> None:
    judged, crashed = report([of(ERROR, F), crash(ERROR, WARNING)]).findings
    assert (judged.title, judged.why, judged.reference) == ("title of a/error", "why of a/error", "RFC 5321 4.1")
    assert (judged.severity, judged.prevents, judged.undecided) == (Severity.ERROR, (CODE,), False)
    assert (crashed.severity, crashed.prevents, crashed.undecided) == (Severity.ERROR, (CODE,), True)
    assert crashed.title == ""


def test_counts_have_every_status() -> None:
    counts = report([of(ERROR, P), of(WARNING, P), of(INFO, F), crash()]).counts
    assert counts == {"pass": 2, "fail": 1, "inconclusive": 0, "skipped": 0, "error": 1}
    assert list(counts) == list(Status)


# The board

CLEAR = "None of its causes was found."
USUAL = "None of its usual causes was found; reputation is known to the receiver alone."
OPEN = "Could not be told: {} got no usable answer; mend that, then run again."
FIRST = f"first step for {CODE}"


def row(findings: Sequence[Finding], policy: Policy | None = None, given: Registry | None = None) -> BoardRow:
    (only,) = report(findings, policy, given).board
    return only


@pytest.mark.parametrize(
    ("findings", "state", "because", "advice"),
    [
        ([of(ERROR, P), of(WARNING, P)], State.CLEAR, (), CLEAR),
        ([of(ERROR, F), of(WARNING, P)], State.AT_RISK, ("a/error",), FIRST),
        ([of(WARNING, F), of(ERROR, P)], State.AT_RISK, ("a/warning",), FIRST),
        ([of(ERROR, F), of(ERROR, F, "x"), of(WARNING, F)], State.AT_RISK, ("a/error", "a/warning"), FIRST),
        ([of(ERROR, F), of(WARNING, U)], State.AT_RISK, ("a/error",), FIRST),
        ([of(ERROR, F), of(WARNING, S), crash(WARNING)], State.AT_RISK, ("a/error",), FIRST),
        ([of(ERROR, P), of(ERROR, F, "x")], State.AT_RISK, ("a/error",), FIRST),
        ([of(ERROR, U), of(WARNING, P)], State.UNDETERMINED, ("a/error",), OPEN.format("a/error")),
        ([of(ERROR, P), of(ERROR, U, "x")], State.UNDETERMINED, ("a/error",), OPEN.format("a/error")),
        ([crash(ERROR), of(WARNING, P)], State.UNDETERMINED, ("a/crashed",), OPEN.format("a/crashed")),
        ([of(WARNING, U), of(ERROR, S)], State.UNDETERMINED, ("a/warning",), OPEN.format("a/warning")),
        ([crash(INFO, check="b"), of(ERROR, P), of(WARNING, P)], State.CLEAR, (), CLEAR),
        ([of(INFO, F), of(ERROR, P), of(WARNING, P)], State.CLEAR, (), CLEAR),
        (
            [of(ERROR, S), of(WARNING, S)],
            State.NOT_CHECKED,
            ("a/error", "a/warning"),
            "Add HOST (--helo, --domain), --message.",
        ),
        ([of(ERROR, P), of(WARNING, S)], State.NOT_CHECKED, ("a/warning",), "Add HOST (--helo, --domain)."),
        ([], State.CLEAR, (), CLEAR),
    ],
)
def test_the_board(findings: list[Finding], state: State, because: tuple[str, ...], advice: str) -> None:
    shown = row(findings)
    assert (shown.state, shown.because) == (state, because)
    assert getattr(shown.advice, "en", None) or str(shown.advice) == advice


def test_a_clear_of_partial_coverage_is_worded_so() -> None:
    shown = row([of(ERROR, P), of(WARNING, P)], given=registry("partial"))
    assert (shown.state, str(shown.advice)) == (State.CLEAR, USUAL)
    assert row([of(ERROR, F)], given=registry("partial")).state is State.AT_RISK


def test_what_nobody_sees_from_outside_is_not_checked() -> None:
    external = registry_of(check_of(INFO), bounces=[bounce(CODE, "external")])
    shown = row([of(INFO, P), crash(check="b")], given=external)
    assert (shown.state, shown.because, shown.advice) == (State.NOT_CHECKED, (), shown.bounce.advice[0])


@pytest.mark.parametrize(
    ("policy", "left_out"),
    [
        (Policy(ignore=("a/warning",)), ("a/warning",)),
        (Policy(ignore=("a",)), ("a/error", "a/warning")),
        (Policy(select=("a/error",)), ("a/warning",)),
        (Policy(select=("b",)), ("a/error", "a/warning")),
    ],
)
def test_what_was_left_out_is_not_clear(policy: Policy, left_out: tuple[str, ...]) -> None:
    shown = row([of(rule_, P) for rule_ in (ERROR, WARNING) if policy.selects(rule_.id)], policy)
    assert (shown.state, shown.because) == (State.NOT_CHECKED, left_out)
    assert str(shown.advice) == "Not judged: some of its rules are not selected, or ignored."


@pytest.mark.parametrize(
    ("findings", "policy", "state", "because"),
    [
        ([], Policy(), State.NOT_CHECKED, ("c/gone",)),
        ([crash(check="c")], Policy(), State.UNDETERMINED, ("c/crashed",)),
        ([crash(check="b")], Policy(), State.NOT_CHECKED, ("c/gone",)),
        ([of(WARNING, F), crash(check="c")], Policy(), State.AT_RISK, ("a/warning",)),
        ([], Policy(ignore=("c",)), State.NOT_CHECKED, ("c/gone",)),
    ],
)
def test_a_rule_of_a_plugin_that_cannot_be_used_is_not_clear(
    findings: list[Finding], policy: Policy, state: State, because: tuple[str, ...]
) -> None:
    """The catalogue knows of a rule that no check here brings."""
    given = registry(rules=["a/error", "a/warning", "c/gone"])
    shown = row([of(ERROR, P), *findings], policy, given)
    assert (shown.state, shown.because) == (state, because)
