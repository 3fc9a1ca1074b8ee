"""What counts, how much, and until when a failure is let pass."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import ConfigError
from preflight.findings import Finding, Severity, Status
from preflight.policy import ExitCode, FailOn, Policy, Verdict, Waived, Waiver, exit_code, nearest
from preflight.text import Message
from tests.unit.fake_checks import IP, IP2, rule

TODAY = date(2026, 11, 24)
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - the table reads better so
ONE = rule("ptr/missing")


def finding(rule_id: str = "ptr/missing", status: Status = Status.FAIL, part: str = IP) -> Finding:
    return Finding(rule=rule_id, status=status, part=part, message=Message("x"))


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [(FailOn.ERROR, {E}), (FailOn.WARNING, {E, W}), (FailOn.NEVER, set())],
)
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize(("waived", "counts"), [(None, True), ("in force", False), ("expired", True)])
def test_what_fails_a_run(
    fail_on: FailOn, failing: set[Severity], status: Status, severity: Severity, waived: str | None, counts: bool
) -> None:
    waiver = Waived(Waiver(rule="ptr", reason="x", expires=TODAY), expired=waived == "expired") if waived else None
    fails = Policy(fail_on=fail_on).fails(status, severity, waiver)
    assert fails is (status is Status.FAIL and severity in failing and counts)


def waiver(rule_id: str = "ptr/missing", expires: date = TODAY, part: str | None = None) -> Waiver:
    return Waiver(rule=rule_id, reason="ticket 4711", expires=expires, part=part)


YESTERDAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 25)


@pytest.mark.parametrize(
    ("waivers", "expected"),
    [
        ([], None),
        ([waiver()], (0, False)),  # the last day counts
        ([waiver(expires=TOMORROW)], (0, False)),
        ([waiver(expires=YESTERDAY)], (0, True)),
        ([waiver(expires=date.min)], (0, True)),
        ([waiver(expires=date.max)], (0, False)),
        ([waiver("ptr")], (0, False)),
        ([waiver("ptr/miss")], None),
        ([waiver("pt")], None),
        ([waiver("helo")], None),
        ([waiver("ptr/multiple")], None),
        ([waiver(part=IP)], (0, False)),
        ([waiver(part=IP2)], None),
        ([waiver(part="")], None),
        ([waiver(expires=YESTERDAY), waiver(expires=TOMORROW)], (1, False)),
        ([waiver(part=IP2), waiver(expires=YESTERDAY), waiver("ptr", expires=YESTERDAY)], (1, True)),
    ],
)
def test_waivers(waivers: list[Waiver], expected: tuple[int, bool] | None) -> None:
    waived = Policy(waivers=tuple(waivers)).waived(finding(), TODAY)
    assert waived == (Waived(waivers[expected[0]], expired=expected[1]) if expected else None)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_only_failures_are_waived(status: Status) -> None:
    assert Policy(waivers=(waiver(),)).waived(finding(status=status), TODAY) is None


@pytest.mark.parametrize(
    ("severities", "severity"),
    [
        ({}, E),
        ({"ptr": W}, W),
        ({"ptr/missing": I}, I),
        ({"ptr/missing": I, "ptr": W}, I),
        ({"ptr/multiple": I, "helo": W}, E),
    ],
)
def test_severities(severities: dict[str, Severity], severity: Severity) -> None:
    assert Policy(severities=severities).severity(ONE) is severity


@pytest.mark.parametrize(
    ("select", "ignore", "chosen"),
    [
        ((), (), True),
        (("ptr",), (), True),
        (("ptr/missing",), (), True),
        (("ptr/multiple",), (), False),
        (("helo", "ptr/missing"), (), True),
        (("p",), (), False),
        (("ptr/",), (), False),
        ((), ("ptr",), False),
        ((), ("ptr/missing",), False),
        ((), ("ptr/miss", "helo"), True),
        (("ptr",), ("ptr/missing",), False),
        (("ptr/missing",), ("ptr",), False),
    ],
)
def test_selection(select: tuple[str, ...], ignore: tuple[str, ...], chosen: bool) -> None:
    assert Policy(select=select, ignore=ignore).selects("ptr/missing") is chosen


KNOWN = {"ptr", "ptr/missing", "ptr/multiple", "helo", "helo/not-fqdn"}


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        (Policy(select=("ptr", "prt")), "there is no check or rule 'prt'; did you mean 'ptr'?"),
        (Policy(ignore=("ptr/mising",)), "there is no check or rule 'ptr/mising'; did you mean 'ptr/missing'?"),
        (Policy(severities={"hello": W}), "there is no check or rule 'hello'; did you mean 'helo'?"),
        (
            Policy(waivers=(waiver("helo/fqdn"),)),
            "there is no check or rule 'helo/fqdn'; did you mean 'helo/not-fqdn'?",
        ),
        (Policy(select=("xyzzy",)), "there is no check or rule 'xyzzy'"),
        (Policy(select=("",)), "there is no check or rule ''"),
        (Policy(ignore=("\x1b[31m\n",)), "there is no check or rule '\\x1b[31m\\n'"),
    ],
)
def test_unknown_ids_name_the_nearest(policy: Policy, line: str) -> None:
    with pytest.raises(ConfigError) as raised:
        policy.checked(KNOWN)
    assert str(raised.value) == line


def test_known_ids_pass() -> None:
    policy = Policy(select=("ptr",), ignore=("ptr/multiple",), severities={"helo": W}, waivers=(waiver(),))
    assert policy.checked(KNOWN) is policy


@given(st.text(max_size=30))
def test_the_nearest_word_is_a_known_one_or_none(word: str) -> None:
    assert nearest(word, KNOWN) in {"", *(f"; did you mean {one!r}?" for one in KNOWN)}


def test_the_command_line_on_top_of_the_file() -> None:
    file = Policy(select=("ptr",), ignore=("ptr/multiple",), fail_on=FailOn.WARNING, severities={"ptr": W})
    assert file.merged(select=[], ignore=[], fail_on=None) == file
    merged = file.merged(select=["helo"], ignore=["helo/not-mx"], fail_on=FailOn.NEVER)
    assert merged == Policy(
        select=("helo",), ignore=("ptr/multiple", "helo/not-mx"), fail_on=FailOn.NEVER, severities={"ptr": W}
    )


def test_exit_codes() -> None:
    assert {verdict: int(exit_code(verdict)) for verdict in Verdict} == {"go": 0, "no-go": 1, "incomplete": 3}
    assert (ExitCode.USAGE, ExitCode.INTERRUPTED) == (2, 130)
