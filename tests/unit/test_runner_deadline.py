"""A run ends at its deadline whatever checks and the network do, and nothing is lost or told twice."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from preflight.check import Check, Context, Findings, Judge, judges
from preflight.net.dns import Answer, Question, Source, Unanswered
from preflight.net.fake import FakeSource
from preflight.policy import Verdict
from preflight.report import Report
from preflight.runner import MAX_AT_ONCE, Progress, Run
from preflight.subject import Subject
from preflight.testing import report_of, statuses
from tests.unit.fake_checks import IP, IP2, check_of, check_over_ips, passing, registry_of, reports_of, rule

ONE, TWO, FINE = rule("a/one"), rule("a/two"), rule("fine/rule")
SUBJECT = Subject.of(ips=[IP, IP2])
SHORT = 0.5
OUT_OF_TIME = "the run's deadline of 0.5 s passed before this was decided"
FIRST_ONLY = {
    ("fine/rule", IP): "pass",
    ("fine/rule", IP2): "pass",
    ("a/one", IP): "pass",
    ("a/one", IP2): "pass",
    ("a/two", IP): "inconclusive",
    ("a/two", IP2): "inconclusive",
}


async def forever() -> None:
    await asyncio.Event().wait()


async def sleeps(_: Context, ip: object) -> Findings:
    yield ONE.passes(ip, "fine")
    await forever()


async def returns_when_cancelled(_: Context, ip: object) -> Findings:
    yield ONE.passes(ip, "fine")
    try:
        await forever()
    except asyncio.CancelledError:
        return


async def goes_on_when_cancelled(_: Context, ip: object) -> Findings:
    yield ONE.passes(ip, "fine")
    while not RELEASED.is_set():
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            continue


async def hides_the_first_cancellation(ctx: Context, ip: object) -> Findings:
    yield ONE.passes(ip, "fine")
    try:
        await forever()
    except asyncio.CancelledError:
        await ctx.dns.query("late.example", "A")


async def blocks_the_loop(_: Context, ip: object) -> Findings:
    await asyncio.sleep(0.02)  # so that the other judges and checks have their turn
    yield ONE.passes(ip, "fine")
    await asyncio.sleep(0.02)
    RELEASED.wait(30)


RELEASED = threading.Event()


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    """Lets go of what a test left behind, and waits for it."""
    RELEASED.clear()
    yield
    RELEASED.set()
    for thread in threading.enumerate():
        if thread.name == "preflight":
            thread.join(10)
            assert not thread.is_alive()


def undecided(report: Report) -> set[str]:
    return {str(one.finding.message) for one in report.findings if one.finding.status == "inconclusive"}


@pytest.mark.parametrize(
    "function", [sleeps, returns_when_cancelled, goes_on_when_cancelled, hides_the_first_cancellation, blocks_the_loop]
)
def test_what_was_decided_stands_and_the_rest_is_out_of_time(function: object) -> None:
    check = check_over_ips(Judge((ONE, TWO), function))  # type: ignore[arg-type]
    (report,) = reports_of([check, passing(FINE)], [SUBJECT], deadline=SHORT)
    assert statuses(report) == FIRST_ONLY
    assert undecided(report) <= {OUT_OF_TIME, "no answer to A late.example: deadline"}
    assert report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("function", [sleeps, returns_when_cancelled, hides_the_first_cancellation])
def test_the_deadline_holds_in_a_loop_of_the_caller(function: object) -> None:
    check = check_over_ips(Judge((ONE, TWO), function))  # type: ignore[arg-type]
    report = report_of(check, SUBJECT, {}, deadline=SHORT)
    assert statuses(report) == {key: status for key, status in FIRST_ONLY.items() if key[0] != "fine/rule"}


async def run_sleeps(_: Context) -> None:
    await forever()


async def run_returns_when_cancelled(_: Context) -> None:
    try:
        await forever()
    except asyncio.CancelledError:
        return


async def run_blocks(_: Context) -> None:
    await asyncio.sleep(0.02)
    RELEASED.wait(30)


async def run_blocks_at_once(_: Context) -> None:
    RELEASED.wait(30)


@pytest.mark.parametrize("run", [run_sleeps, run_returns_when_cancelled, run_blocks])
def test_a_check_that_gets_stuck_before_any_judge(run: object) -> None:
    check = check_of(ONE, TWO, run=run)  # type: ignore[arg-type]
    progress = list[Progress]()
    registry = registry_of(passing(FINE), check)
    flight = Run([SUBJECT], FakeSource({}), registry=registry, deadline=SHORT, on_progress=progress.append)
    (report,) = flight.fly_blocking()
    found = statuses(report)
    assert (found["a/one", IP], found["a/two", IP]) == ("inconclusive", "inconclusive")
    assert (found["fine/rule", IP], found["fine/rule", IP2]) == ("pass", "pass")
    assert undecided(report) == {OUT_OF_TIME}
    assert [(one.check, one.done, one.total) for one in progress] == [("fine", 1, 2)]


def test_a_check_that_blocks_at_once_does_not_make_others_clear() -> None:
    (report,) = reports_of([check_of(ONE, run=run_blocks_at_once), passing(FINE)], [SUBJECT], deadline=SHORT)
    found = statuses(report)
    assert set(found.values()) == {"inconclusive"}
    assert {key[0] for key in found} == {"a/one", "fine/rule"}


def test_a_verdict_given_on_the_way_out_is_told_once() -> None:
    @judges(ONE)
    async def judge(_: Context, ip: object) -> Findings:
        try:
            await forever()
        except asyncio.CancelledError:
            yield ONE.undecided(ip, "gave up")

    (report,) = reports_of([check_over_ips(judge)], [SUBJECT], deadline=SHORT)
    assert statuses(report) == {("a/one", IP): "inconclusive", ("a/one", IP2): "inconclusive"}
    assert undecided(report) == {"gave up"}


def test_a_crash_on_the_way_out_is_a_crash() -> None:
    @judges(ONE)
    async def judge(_: Context, ip: object) -> Findings:
        try:
            await forever()
        finally:
            raise ZeroDivisionError
        yield ONE.passes(ip, "fine")

    (report,) = reports_of([check_over_ips(judge)], [SUBJECT], deadline=SHORT)
    assert statuses(report) == {("a/crashed", f"{IP}, {IP2}"): "error"}


class Silent(Source):
    """Never answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, question: Question) -> Answer:
        self.asked += 1
        await forever()
        raise Unanswered(question, None)  # type: ignore[arg-type]


def asking() -> Check:
    @judges(ONE)
    async def judge(ctx: Context, ip: object) -> Findings:
        await ctx.dns.query("shared.example", "A")
        yield ONE.passes(ip, "fine")

    return check_over_ips(judge)


def test_a_network_that_says_nothing() -> None:
    source = Silent()
    (report,) = reports_of([asking(), passing(FINE)], [SUBJECT], source, deadline=SHORT)
    assert statuses(report)["a/one", IP] == "inconclusive"
    assert statuses(report)["fine/rule", IP] == "pass"
    assert source.asked == 1


def test_more_subjects_than_have_a_turn() -> None:
    subjects = [Subject.of(f"m{n}.example", helo=f"m{n}.example") for n in range(MAX_AT_ONCE * 2)]
    helo = passing(rule("h/one", needs=["helo"]), rule("h/message", needs=["message"]))
    reports = reports_of([asking(), helo], subjects, Silent(), deadline=SHORT)
    for report, subject in zip(reports, subjects, strict=True):
        assert statuses(report) == {
            ("a/one", subject.label): "inconclusive",
            ("h/one", subject.label): "inconclusive",
            ("h/message", subject.label): "skipped",
        }
        assert report.verdict is Verdict.INCOMPLETE


def test_ctrl_c_ends_the_wait() -> None:
    async def interrupt(_: Context) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        await asyncio.to_thread(RELEASED.wait, 30)

    flight = Run([SUBJECT], FakeSource({}), registry=registry_of(check_of(ONE, run=interrupt)), deadline=60)
    with pytest.raises(KeyboardInterrupt):
        flight.fly_blocking()


STUCK = """
import asyncio
from preflight.net.fake import FakeSource
from preflight.runner import run
from preflight.subject import Subject
from preflight.testing import statuses
from tests.unit.fake_checks import check_of, registry_of, rule

async def stuck(ctx):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

registry = registry_of(check_of(rule("a/one"), run=stuck))
report = run(Subject.of("192.0.2.1"), FakeSource({}), registry=registry, deadline=0.1)
print(statuses(report))
"""


def test_the_process_ends_in_peace_when_a_check_does_not() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "{('a/one', '192.0.2.1'): 'inconclusive'}\n"
