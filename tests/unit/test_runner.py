"""What a run makes of checks that answer, stay unanswered, crash or lie; and what subjects share."""

import asyncio
from collections.abc import Callable

import pytest

from preflight.check import Check, Context, Findings, Judge, Rule, Secret, Settings, judges
from preflight.findings import Evidence, Finding, Status
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source
from preflight.net.fake import FakeSource
from preflight.policy import Policy, Verdict
from preflight.report import Report
from preflight.runner import Progress, Run, run, run_async
from preflight.subject import Subject
from preflight.testing import report_of, statuses
from preflight.text import Message
from tests.unit.fake_checks import IP, IP2, check_of, check_over_ips, passing, registry_of, reports_of, rule

ONE, TWO = rule("a/one"), rule("a/two")
FINE = rule("fine/rule")
SUBJECT = Subject.of(ips=[IP, IP2])
BOTH_FINE = {("fine/rule", IP): "pass", ("fine/rule", IP2): "pass"}


def crash_of(report: Report, check: str = "a") -> Finding:
    """The one crash that a check is reported with."""
    (crash,) = (one.finding for one in report.findings if one.finding.rule == f"{check}/crashed")
    assert crash.status is Status.ERROR
    return crash


def run_with_neighbour(check: Check, subject: Subject = SUBJECT, source: Source | None = None) -> Report:
    """The report of a check and of one beside it that is fine."""
    return reports_of([check, passing(FINE)], [subject], source)[0]


def test_an_unanswered_question_leaves_open_what_depends_on_it() -> None:
    @judges(ONE, TWO)
    async def judge(ctx: Context, ip: object) -> Findings:
        yield ONE.passes(ip, "fine")
        answer = await ctx.dns.query(f"{ip}.bl.example", "A")
        yield TWO.fails(ip, "bad") if answer else TWO.passes(ip, "fine")

    script = {f"A {IP}.bl.example": Reason.REFUSED, f"A {IP2}.bl.example": NxDomain}
    report = report_of(check_over_ips(judge), SUBJECT, script)
    assert statuses(report) == {
        ("a/one", IP): "pass",
        ("a/one", IP2): "pass",
        ("a/two", IP): "inconclusive",
        ("a/two", IP2): "pass",
    }
    (open_one,) = (one.finding for one in report.findings if one.finding.status is Status.INCONCLUSIVE)
    assert open_one.evidence == (Evidence("dns", f"A {IP}.bl.example", "REFUSED"),)
    assert report.verdict is Verdict.INCOMPLETE


def test_a_question_outside_of_judges_leaves_every_rule_open() -> None:
    async def ask(ctx: Context) -> None:
        await ctx.dns.query("x.example", "A")

    check = check_of(ONE, TWO, rule("a/message", needs=["message"]), run=ask)
    report = report_of(check, SUBJECT, {"A x.example": Reason.TIMEOUT})
    assert statuses(report) == {
        ("a/one", IP): "inconclusive",
        ("a/two", IP): "inconclusive",
        ("a/message", IP): "skipped",
    }


def fails_with(error: BaseException) -> Callable[[Context, object], Findings]:
    """A judge that decides its first rule, then fails."""

    async def judge(_: Context, ip: object) -> Findings:
        yield ONE.passes(ip, "fine")
        raise error

    return judge


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), AssertionError(), RecursionError(), SystemExit(0), asyncio.CancelledError()]
)
def test_a_crash_is_one_finding_and_spoils_nothing_else(error: BaseException) -> None:
    report = run_with_neighbour(check_over_ips(Judge((ONE, TWO), fails_with(error))))
    crash = crash_of(report)
    assert statuses(report) == BOTH_FINE | {
        ("a/one", IP): "pass",
        ("a/one", IP2): "pass",
        ("a/crashed", f"{IP}, {IP2}"): "error",
    }
    assert crash.covers == {"a/two"}
    assert type(error).__name__ in str(crash.message)
    assert report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(0), asyncio.CancelledError()])
def test_a_crash_outside_of_judges(error: BaseException) -> None:
    async def crash(ctx: Context) -> None:
        await ctx.each([IP], Judge((ONE,), passing_judge))
        raise error

    async def passing_judge(_: Context, ip: object) -> Findings:
        yield ONE.passes(ip, "fine")

    report = run_with_neighbour(check_of(ONE, TWO, run=crash))
    assert statuses(report) == BOTH_FINE | {("a/one", IP): "pass", ("a/crashed", IP): "error"}
    assert crash_of(report).covers == {"a/two"}


def test_a_check_that_cancels_itself_spoils_nothing_else() -> None:
    async def cancel(_: Context) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def slow(_: Context, ip: object) -> Findings:
        for _turn in range(20):
            await asyncio.sleep(0)
        yield FINE.passes(ip, "fine")

    (report,) = reports_of([check_of(ONE, run=cancel), check_over_ips(Judge((FINE,), slow))], [SUBJECT])
    assert statuses(report) == BOTH_FINE | {("a/one", IP): "inconclusive"}


def test_cancelling_a_task_of_its_own_is_no_crash() -> None:
    @judges(ONE)
    async def judge(_: Context, ip: object) -> Findings:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        yield ONE.passes(ip, "fine")

    report = run_with_neighbour(check_over_ips(judge))
    assert statuses(report) == BOTH_FINE | {("a/one", IP): "pass", ("a/one", IP2): "pass"}


def yields(*findings: object) -> Callable[[Context, object], Findings]:
    async def judge(_: Context, __: object) -> Findings:
        for finding in findings:
            yield finding  # type: ignore[misc]

    return judge


@pytest.mark.parametrize(
    ("rules", "judged", "finding", "problem"),
    [
        ([ONE, TWO], (ONE,), TWO.passes(IP, "fine"), "a/two is not declared by this judge and its check"),
        ([ONE], (ONE, TWO), TWO.passes(IP, "fine"), "a/two is not declared by this judge and its check"),
        ([ONE], (ONE,), rule("b/x").passes(IP, "fine"), "b/x is not declared"),
        ([ONE], (ONE,), Finding(rule="a/one", status=Status.SKIPPED, part=IP, message=Message("x")), "skipped"),
        ([ONE], (ONE,), Finding(rule="a/one", status=Status.ERROR, part=IP, message=Message("x")), "only the run"),
        ([ONE], (ONE,), None, "AttributeError"),
    ],
)
def test_a_verdict_that_is_not_declared_is_a_bug(
    rules: list[Rule], judged: tuple[Rule, ...], finding: object, problem: str
) -> None:
    report = run_with_neighbour(check_over_ips(Judge(judged, yields(finding)), rules=rules), Subject.of(ips=[IP]))
    assert problem in str(crash_of(report).message)
    assert ("fine/rule", IP) in statuses(report)
    assert crash_of(report).covers >= {"a/one"}


def test_no_judge_at_all_is_a_bug_too() -> None:
    async def run_(ctx: Context) -> None:
        await ctx.each(ctx.subject.ips, None)  # type: ignore[arg-type]

    assert crash_of(run_with_neighbour(check_of(ONE, run=run_))).covers == {"a/one"}


class Broken(Source):
    """A source with a bug in it."""

    async def ask(self, question: Question) -> Answer:
        raise ZeroDivisionError(str(question))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (FakeSource({"A x.example": Reason.SERVFAIL, "AAAA x.example": NoData}), "could not be looked up: A x.example"),
        (FakeSource({"A x.example": NxDomain, "AAAA x.example": NxDomain}), "x.example has no address (NXDOMAIN)"),
        (FakeSource({"A x.example": ["nonsense"], "AAAA x.example": NoData}), "could not be looked up: ValueError"),
        (Broken(), "could not be looked up: ZeroDivisionError"),
    ],
)
def test_a_host_without_known_addresses_is_inconclusive_not_skipped(source: Source, reason: str) -> None:
    helo = passing(rule("helo/rule", needs=["helo"]), rule("helo/message", needs=["message"]))
    check = check_over_ips(*(), rules=[ONE, TWO])
    (report,) = reports_of([check, helo], [Subject.of("x.example")], source)
    assert statuses(report) == {
        ("a/one", "x.example"): "inconclusive",
        ("a/two", "x.example"): "inconclusive",
        ("helo/message", "x.example"): "skipped",
    }
    assert reason in str(report.findings[0].finding.message)


def test_the_addresses_of_the_host_are_judged() -> None:
    source = FakeSource({"A x.example": [IP], "AAAA x.example": ["2001:db8::1"]})
    (report,) = reports_of([passing(FINE)], [Subject.of("x.example")], source)
    assert statuses(report) == {("fine/rule", IP): "pass", ("fine/rule", "2001:db8::1"): "pass"}
    assert [str(ip) for ip in report.subject.ips] == [IP, "2001:db8::1"]


def test_a_plugin_that_cannot_be_used_can_be_ignored() -> None:
    async def crash(_: Context) -> None:
        raise ValueError("no such module")

    broken = Check(id="broken", title="x", rules=(), run=crash)
    (report,) = reports_of([broken, passing(FINE)], [SUBJECT])
    assert statuses(report) == BOTH_FINE | {("broken/crashed", IP): "error"}
    assert report.verdict is Verdict.INCOMPLETE
    for policy in (Policy(ignore=("broken",)), Policy(select=("fine",))):
        (report,) = reports_of([broken, passing(FINE)], [SUBJECT], policy=policy)
        assert (statuses(report), report.verdict) == (BOTH_FINE, Verdict.GO)


def test_secrets_are_masked_everywhere() -> None:
    key = "abcdefgh12345678"
    leaky = rule("leaky/rule", fix="ask {name}")

    async def judge(_: Context, ip: object) -> Findings:
        yield leaky.fails(f"{key.upper()}.example", "saw {name}", Evidence("dns", f"A {key}.x", key), name=f"İ{key}")
        raise ValueError(key)

    settings = Settings(secrets={"dqs": Secret(key)})
    check = check_over_ips(Judge((leaky,), judge))
    (report,) = reports_of([check], [Subject.of(ips=[IP])], settings=settings)
    (failed,) = (one.finding for one in report.findings if one.finding.status is Status.FAIL)
    masked = "?" * 16
    assert failed.part == f"{masked}.example"
    assert str(failed.message) == f"saw İ{masked}"
    assert str(failed.fix) == f"ask İ{masked}"
    assert failed.evidence == (Evidence("dns", f"A {masked}.x", masked),)
    assert key not in repr(report).lower()
    assert f"ValueError: {masked}" in str(crash_of(report, "leaky").message)


# Many subjects


class Everything(Source):
    """Has an address for every name."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, question: Question) -> Answer:
        self.asked.append(str(question))
        await asyncio.sleep(0)
        return Records(question, (), (IP,)) if question.rtype == "A" else NoData(question)


def asking(delay: Callable[[Context], float]) -> Check:
    @judges(ONE)
    async def judge(ctx: Context, ip: object) -> Findings:
        await asyncio.sleep(delay(ctx))
        answer = await ctx.dns.query("shared.example.", "A")
        yield ONE.passes(ip, "fine", answer.evidence)

    return check_over_ips(judge)


def test_subjects_share_answers_and_keep_their_order() -> None:
    source, progress = Everything(), list[Progress]()
    subjects = [Subject.of(f"m{n}.example", name=f"s{n}") for n in range(40)]
    check = asking(lambda ctx: 0.0005 * (40 - int(ctx.subject.name[1:])))
    flight = Run(subjects, source, registry=registry_of(check, passing(FINE)), on_progress=progress.append)
    reports = flight.fly_blocking()
    assert [report.subject.name for report in reports] == [f"s{n}" for n in range(40)]
    assert all(statuses(report) == {("a/one", IP): "pass", ("fine/rule", IP): "pass"} for report in reports)
    assert source.asked.count("A shared.example") == 1
    assert len(source.asked) == 81
    assert [one.done for one in progress] == list(range(1, 81))
    assert {one.total for one in progress} == {80}
    assert {(one.subject, one.check) for one in progress} == {(f"s{n}", c) for n in range(40) for c in ("a", "fine")}


def test_progress_counts_checks_that_have_nothing_to_do() -> None:
    progress = list[Progress]()
    registry = registry_of(passing(rule("m/x", needs=["message"])), check_over_ips(Judge((ONE,), yields(None))))
    Run([SUBJECT], FakeSource({}), registry=registry, on_progress=progress.append).fly_blocking()
    assert sorted((one.check, one.done, one.total) for one in progress) == [("a", 2, 2), ("m", 1, 2)]


def test_a_bug_of_the_caller_is_raised_and_not_a_finding() -> None:
    def on_progress(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Run([SUBJECT], FakeSource({}), registry=registry_of(passing(FINE)), on_progress=on_progress).fly_blocking()


def test_no_subjects_no_reports() -> None:
    assert Run([], FakeSource({}), registry=registry_of(passing(FINE))).fly_blocking() == []


def test_both_doors_give_the_same() -> None:
    registry = registry_of(passing(FINE))
    report = run(SUBJECT, FakeSource({}), registry=registry)
    other = asyncio.run(run_async(SUBJECT, FakeSource({}), registry=registry))
    assert statuses(report) == statuses(other) == BOTH_FINE
    assert 0 <= report.duration < 5
    assert report.started_at.tzinfo is not None


def test_findings_come_in_the_order_of_checks_rules_and_parts() -> None:
    ips = ["192.0.2.10", "192.0.2.9", "2001:db8::2"]
    (report,) = reports_of([passing(TWO, ONE), passing(FINE)], [Subject.of(ips=ips)])
    assert [(one.finding.rule, one.finding.part) for one in report.findings] == [
        (rule_id, ip) for rule_id in ("a/two", "a/one", "fine/rule") for ip in ("192.0.2.9", "192.0.2.10", ips[2])
    ]


def test_a_script_that_forgot_a_question_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="A shared"):
        report_of(asking(lambda _: 0), SUBJECT, {})


def test_two_findings_for_one_part_are_noticed() -> None:
    twice = check_over_ips(Judge((ONE,), yields(ONE.passes(IP, "fine"), ONE.fails(IP, "bad"))))
    with pytest.raises(AssertionError, match="two findings"):
        statuses(report_of(twice, Subject.of(ips=[IP]), {}))
