"""Runs the checks at once, holds the deadline, and turns what goes wrong into findings.

This is the one place that tells "no answer" from "out of time" from "a bug in a check"; nothing below it catches
broadly.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from preflight.check import CRASH, Check, Context, Judge, Part, Peers, Recorder, Rule, Settings
from preflight.findings import Status
from preflight.ledger import Ledger
from preflight.moment import ERRAND, Moment
from preflight.net.dns import Resolver, SingleFlight, Source, Unanswered
from preflight.net.https import Fetcher
from preflight.net.smtp import Dialer
from preflight.policy import Policy
from preflight.registry import Registry, load_registry
from preflight.report import Report, build_report
from preflight.subject import Subject, with_addresses

DEFAULT_DEADLINE = 30.0
MAX_AT_ONCE = 16  # subjects under way at the same time
_GLANCE = 0.01  # seconds between looks at whether a run that has an end of its own is over
_CLEAN_UP = 0.25  # seconds that checks get after the deadline to end
_GIVE_UP = 0.6  # seconds after the deadline at which a check that blocks the event loop is left behind


@dataclass(frozen=True, slots=True)
class Progress:
    """A check of a subject that has ended, and how many have, of all checks of all subjects."""

    subject: str
    check: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
OnJudged = Callable[[int, int], None]
"""Takes how many judgements (of one part by one judge) have ended, and how many have begun so far."""
IsOver = Callable[[int, int], bool]
"""Takes the same two numbers, and says whether the run has come as far as it will: for the replay of one that was cut
off by its deadline."""


class VerdictError(Exception):
    """A judge gave a verdict that it does not declare, or one that is not its to give: a bug in a check."""


def chosen_checks(registry: Registry, policy: Policy) -> tuple[Check, ...]:
    """The checks that have a rule to judge, by what the user selects and ignores; a broken plugin has its crash."""

    def chosen(check: Check) -> bool:
        ids = [rule.id for rule in check.rules] or [f"{check.id}/{CRASH}"]
        return any(policy.selects(one) for one in ids)

    return tuple(filter(chosen, registry.checks.values()))


class _Tally:
    """Counts the judgements of all subjects."""

    def __init__(self, on_judged: OnJudged | None) -> None:
        self.begun = self.ended = 0
        self._on_judged = on_judged

    def end_one(self) -> None:
        self.ended += 1
        if self._on_judged is not None:
            self._on_judged(self.ended, self.begun)


class _Flight(Recorder):
    """All checks over one subject."""

    def __init__(
        self,
        subject: Subject,
        registry: Registry,
        policy: Policy,
        settings: Settings,
        dialer: Dialer | None,
        fetcher: Fetcher | None,
        peers: Peers,
        tally: _Tally,
    ) -> None:
        self._doors = (dialer, fetcher)
        self._peers = peers
        self._tally = tally
        self._subject = subject
        self._registry = registry
        self._policy = policy
        self._settings = settings
        self._checks = chosen_checks(registry, policy)
        self._ledger = Ledger(self._checks, policy.selects)
        self._started_at = datetime.now(UTC)
        self._start = time.monotonic()
        self._duration: float | None = None

    def wants(self, rule: Rule) -> bool:
        """Whether the rule is chosen and its inputs are known."""
        return self._policy.selects(rule.id) and all(self._subject.has(need) for need in rule.needs)

    async def judge(self, check: Check, judge: Judge[Part], ctx: Context, part: Part) -> None:
        """Run a judge on a part; whatever happens becomes findings."""
        self._tally.begun += 1
        await self._judge(check, judge, ctx, part)
        self._tally.end_one()

    async def _judge(self, check: Check, judge: Judge[Part], ctx: Context, part: Part) -> None:
        ERRAND.set(f"{self._subject.label}/{check.id}/{judge.function.__qualname__}/{part}")
        declared = {rule.id for rule in judge.rules} & {rule.id for rule in check.rules}
        account = self._ledger.open(check, [rule for rule in judge.rules if self.wants(rule)], str(part))
        try:
            async for finding in judge.function(ctx, part):
                if finding.rule not in declared:
                    raise VerdictError(f"{finding.rule} is not declared by this judge and its check")
                if finding.status in (Status.SKIPPED, Status.ERROR):
                    raise VerdictError(f"{finding.rule} is {finding.status}, which only the run itself can say")
                self._ledger.add(account, finding)
        except Unanswered as outcome:
            self._ledger.unanswered(account, outcome)
        except _CRASHES as error:
            _let_pass_cancellation(error)
            self._ledger.crashed(account, error)
        # A judge that swallows its cancellation has come to no end: what it left undecided is out of time.
        account.ended = account.ended or not _is_cancelled()

    async def fly(self, resolver: Resolver, on_end: Callable[[str, str], None]) -> None:
        """Run all checks at once, to their end."""
        self._started_at = datetime.now(UTC)
        self._start = time.monotonic()
        self._subject = await self._with_addresses(resolver)
        runs = (self._run(check, resolver, on_end) for check in self._checks)
        for outcome in await asyncio.gather(*runs, return_exceptions=True):
            if isinstance(outcome, Exception):  # not from a check, and not the cancellation that one brought on itself
                raise outcome
        self._duration = time.monotonic() - self._start

    async def _with_addresses(self, resolver: Resolver) -> Subject:
        try:
            return await with_addresses(self._subject, resolver)
        except Exception as error:  # noqa: BLE001 - a bug below DNS must not take the other subjects' reports along
            reason = f"the addresses of {self._subject.host} could not be looked up: {type(error).__name__}: {error}"
            return replace(self._subject, ips_unknown=reason)

    async def _run(self, check: Check, resolver: Resolver, on_end: Callable[[str, str], None]) -> None:
        ERRAND.set(f"{self._subject.label}/{check.id}")
        wanted = [rule for rule in check.rules if self.wants(rule)]
        try:
            # A check without rules stands for a plugin that cannot be used; it, too, can be ignored.
            if wanted or not check.rules:
                ctx = Context(check, self._subject, resolver, self._settings, self, *self._doors, self._peers)
                await check.run(ctx)
        except Unanswered as outcome:
            self._ledger.unanswered(self._ledger.remaining(check, wanted, self._subject.label), outcome)
        except _CRASHES as error:  # as above, for what a check does outside its judges
            _let_pass_cancellation(error)
            self._ledger.crashed(self._ledger.remaining(check, wanted, self._subject.label), error)
        if not _is_cancelled():
            self._ledger.end(check)
            on_end(self._subject.label, check.id)

    def land(self, deadline: float, moment: Moment, ended: float) -> Report:
        """The report of what is known now. Safe to call while a check still blocks the event loop in another thread.

        `ended` is when the run ended, by the monotonic clock: making the reports of many subjects takes a while.
        """
        duration = ended - self._start if self._duration is None else self._duration
        findings = self._ledger.close(self._subject, deadline)
        for secret in self._settings.secrets.values():
            findings = [finding.masked(secret.mask) for finding in findings]
        return build_report(
            self._subject,
            findings,
            self._registry,
            self._policy,
            started_at=self._started_at,
            duration=duration,
            today=moment.today,
        )


# What a check may raise by a bug in it: any exception; `sys.exit()`, which must not choose our exit code; and the
# cancellation of something that it waits for.
_CRASHES = (Exception, SystemExit, asyncio.CancelledError)


def _is_cancelled() -> bool:
    """Whether somebody asked the current task to end, as opposed to something that it waits for having ended."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _let_pass_cancellation(error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError) and _is_cancelled():
        raise error


class Run:
    """All checks over one subject or many, with answers of DNS shared between them.

    `source` answers the questions: the name servers of this machine, or a fake. `deadline` is in seconds, for all
    subjects together. `dialer` connects to SMTP servers and `fetcher` gets pages over HTTPS; by default from live ones,
    where options ask for it.
    `on_progress` is called, in the thread of the event loop, when a check of a subject has ended, `on_judged` when a
    judge has ended with a part (an address, a name). `moment` is what it takes for the present, by default the real
    one; `is_over` may end it before the deadline as if that had passed. Use it once, through `fly` or `fly_blocking`.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        source: Source | None = None,
        *,
        registry: Registry | None = None,
        policy: Policy | None = None,
        settings: Settings | None = None,
        deadline: float = DEFAULT_DEADLINE,
        on_progress: OnProgress | None = None,
        on_judged: OnJudged | None = None,
        dialer: Dialer | None = None,
        fetcher: Fetcher | None = None,
        moment: Moment | None = None,
        is_over: IsOver | None = None,
    ) -> None:
        self._source = source or _live()
        self._deadline = deadline
        self._on_progress = on_progress
        registry, policy = registry or load_registry(), policy or Policy()
        dialer, fetcher = dialer or live_dialer(subjects), fetcher or live_fetcher(subjects)
        self.moment = moment or Moment()
        self._is_over = is_over
        self._tally = _Tally(on_judged)
        self._whole = False
        peers = Peers(tuple(subjects))
        given = (registry, policy, settings or Settings(), dialer, fetcher, peers, self._tally)
        self._flights = [_Flight(subject, *given) for subject in subjects]
        self._total = len(chosen_checks(registry, policy)) * len(subjects)
        self._done = 0

    async def fly(self) -> list[Report]:
        """Run, in the running event loop; the deadline holds as long as no check blocks the loop."""
        await self._fly()
        return self._land()

    def fly_blocking(self) -> list[Report]:
        """Run, and return when all is done or the deadline has passed, even if a check blocks its event loop.

        The loop has a thread of its own, which is left behind (it ends with the process) when it does not end.
        """
        ended = threading.Event()
        crash: list[BaseException] = []

        async def run() -> None:
            try:
                await self._fly()
            except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
                crash.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=lambda: asyncio.run(run()), name="preflight", daemon=True)
        thread.start()
        if ended.wait(self._deadline + _GIVE_UP):
            thread.join(_CLEAN_UP)
        if crash:
            raise crash[0]
        return self._land()

    async def _fly(self) -> None:
        resolver = SingleFlight(self._source)
        turns = asyncio.Semaphore(MAX_AT_ONCE)

        async def take_turn(flight: _Flight) -> None:
            self.moment.begin()  # for this task and those that it makes, and for nobody else
            async with turns:
                await flight.fly(resolver, self._note)

        tasks = [asyncio.create_task(take_turn(flight)) for flight in self._flights]
        done, late = await self._wait(tasks) if tasks else (set(), set())
        self._whole = not late
        for task in late:
            task.cancel()
        await resolver.close()  # before anybody wakes up: past the deadline, nothing more is asked
        if late:
            await asyncio.wait(late, timeout=_CLEAN_UP)
        for task in (*done, *late):
            if task.done() and not task.cancelled():
                task.result()

    async def _wait(
        self, tasks: "Sequence[asyncio.Task[None]]"
    ) -> "tuple[set[asyncio.Task[None]], set[asyncio.Task[None]]]":
        """Wait until all have ended, the deadline has passed, or the run is over; returns the ended and the others."""
        if self._is_over is None:
            return await asyncio.wait(tasks, timeout=self._deadline)
        end = time.monotonic() + self._deadline
        while True:
            done, late = await asyncio.wait(tasks, timeout=min(_GLANCE, max(0, end - time.monotonic())))
            if not late or time.monotonic() >= end or self._is_over(self._tally.begun, self._tally.ended):
                return done, late

    @property
    def cut_at(self) -> tuple[int, int] | None:
        """Where the deadline cut the run off: the judgements that had begun and those that had ended. `None` where it
        came to its own end."""
        return None if self._whole else (self._tally.begun, self._tally.ended)

    def _land(self) -> list[Report]:
        ended = time.monotonic()
        return [flight.land(self._deadline, self.moment, ended) for flight in self._flights]

    def _note(self, subject: str, check: str) -> None:
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(Progress(subject, check, self._done, self._total))


def live_dialer(subjects: Iterable[Subject]) -> Dialer | None:
    """What connects to SMTP servers for these subjects; none where no option asks for a connection."""
    if not any(subject.connects for subject in subjects):
        return None
    from preflight.net.smtp_live import LiveDialer  # here and not above: most runs connect to no server

    return LiveDialer()


def live_fetcher(subjects: Iterable[Subject]) -> Fetcher | None:
    """What gets pages over HTTPS for these subjects; none where no option asks for it."""
    if not any(subject.probe for subject in subjects):
        return None
    from preflight.net.https_live import LiveFetcher  # as above

    return LiveFetcher()


def _live() -> Source:
    from preflight.net.live import LiveSource  # here and not above: fakes and zone files do without

    return LiveSource()


async def run_async(
    subject: Subject,
    source: Source | None = None,
    *,
    registry: Registry | None = None,
    policy: Policy | None = None,
    settings: Settings | None = None,
    deadline: float = DEFAULT_DEADLINE,
    dialer: Dialer | None = None,
    fetcher: Fetcher | None = None,
) -> Report:
    """Check one subject, in the running event loop. See `Run` for what the arguments are.

    What the subject or the network do is in the report. Raises `CatalogueError` when the bounce catalogue is broken.
    """
    run = Run(
        [subject],
        source,
        registry=registry,
        policy=policy,
        settings=settings,
        deadline=deadline,
        dialer=dialer,
        fetcher=fetcher,
    )
    return (await run.fly())[0]


def run(
    subject: Subject,
    source: Source | None = None,
    *,
    registry: Registry | None = None,
    policy: Policy | None = None,
    settings: Settings | None = None,
    deadline: float = DEFAULT_DEADLINE,
    dialer: Dialer | None = None,
    fetcher: Fetcher | None = None,
) -> Report:
    """Check one subject and wait for the report. See `Run` for what the arguments are, `run_async` for the errors."""
    run = Run(
        [subject],
        source,
        registry=registry,
        policy=policy,
        settings=settings,
        deadline=deadline,
        dialer=dialer,
        fetcher=fetcher,
    )
    return run.fly_blocking()[0]
