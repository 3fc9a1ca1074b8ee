"""Small rules, checks, bounces and registries for the tests of the engine."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from preflight.bounces.catalogue import Bounce, Catalogue, Coverage
from preflight.check import Check, Context, Findings, Judge, Part, Rule, Settings
from preflight.findings import Severity
from preflight.net.dns import Source
from preflight.net.fake import FakeSource
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.runner import Run
from preflight.subject import Subject
from preflight.text import Words

IP, IP2, IP6 = "192.0.2.25", "192.0.2.26", "2001:db8::25"
Judging = Callable[[Context, Part], Findings]


def rule(
    rule_id: str,
    severity: Severity = Severity.ERROR,
    *,
    needs: Sequence[str] = ("ip",),
    prevents: Sequence[str] = (),
    fix: str = "mend {part}",
) -> Rule:
    """A rule that differs from others in what a test is about."""
    return Rule(
        id=rule_id,
        severity=severity,
        title=f"title of {rule_id}",
        why=f"why of {rule_id}",
        fix=fix,
        reference="RFC 5321 4.1",
        needs=tuple(needs),
        prevents=tuple(prevents),
    )


def check_of(*rules: Rule, run: Callable[[Context], Awaitable[None]] | None = None) -> Check:
    """The check that rules belong to, by their ids."""

    async def nothing(_: Context) -> None:
        return

    return Check(id=rules[0].id.partition("/")[0], title="a check", rules=rules, run=run or nothing)


def check_over_ips(*several: Judge[Part], rules: Sequence[Rule] = ()) -> Check:
    """A check that hands each sending address to some judges."""

    async def run(ctx: Context) -> None:
        await ctx.each(ctx.subject.ips, *several)

    declared = rules or [one for judge in several for one in judge.rules]
    return check_of(*dict.fromkeys(declared), run=run)


def passing(*rules: Rule) -> Check:
    """A check whose rules hold for each address."""

    async def judge(_: Context, ip: object) -> Findings:
        for one in rules:
            yield one.passes(ip, "{part} is fine")

    return check_over_ips(Judge(rules, judge))


def bounce(bounce_id: str, coverage: Coverage = "full", rules: Sequence[str] = ()) -> Bounce:
    """An entry of a catalogue."""
    return Bounce(
        id=bounce_id,
        provider=Words("Example"),
        reply="550 EX-001",
        permanent=True,
        category="ptr",
        coverage=coverage,
        meaning=Words("The mail was turned away."),
        causes=(Words("An example."),),
        advice=(Words(f"first step for {bounce_id}"), Words("second step")),
        rules=tuple(rules),
        source=("RFC 5321 4.2",),
        checked=date(2026, 1, 1),
    )


def registry_of(*checks: Check, bounces: Sequence[Bounce] = ()) -> Registry:
    """A registry of some checks and bounces only."""
    registry = Registry(Catalogue({one.id: one for one in bounces}))
    for check in checks:
        registry.add(check)
    return registry


def reports_of(
    checks: Sequence[Check],
    subjects: Sequence[Subject],
    source: Source | None = None,
    *,
    policy: Policy | None = None,
    settings: Settings | None = None,
    deadline: float = 5.0,
) -> list[Report]:
    """The reports of several checks over several subjects, as the command line makes them."""
    run = Run(
        subjects,
        source or FakeSource({}),
        registry=registry_of(*checks),
        policy=policy,
        settings=settings,
        deadline=deadline,
    )
    return run.fly_blocking()
