"""What a check is made of: rules, judges, and the Context through which it sees the world.

A check is one small file: its rules first, then `CHECK`, then the judges. A judge is an async generator that looks at
one part of the subject and yields a finding for each rule that it can decide there:

    @judges(MISSING, MULTIPLE)
    async def address(ctx: Context, ip: IPAddress) -> Findings:
        answer = await ctx.dns.query(reverse_name(ip), "PTR")
        if not answer:
            yield MISSING.fails(ip, "{part} has no PTR record", answer.evidence)
            return
        yield MISSING.passes(ip, "{part} is named {names}", answer.evidence, names=answer.values)

When a question stays unanswered inside a judge, the runner makes each of the judge's rules that has no finding yet
inconclusive for that part. A judge that crashes is one `error` finding and spoils nothing else.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from preflight.errors import PluginError
from preflight.findings import Evidence, Finding, Severity, Status, gather
from preflight.memory import Memory, NoMemory
from preflight.moment import ERRAND
from preflight.net.dns import Resolver
from preflight.net.https import Fetcher
from preflight.net.programs import LivePrograms, Programs
from preflight.net.smtp import Dialer
from preflight.subject import OPTIONS, Subject
from preflight.text import Message, Words, listing

Part = TypeVar("Part")
Options = TypeVar("Options")
Made = TypeVar("Made")
Findings = AsyncIterator[Finding]
CRASH = "crashed"  # `check/crashed` is what a run reports when the check has a bug; no rule may be called so


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One verdict that a check can give.

    `id` is `check/rule`. `needs` names the inputs without which it is skipped (`ip`, `helo`, `domain`, `mx`,
    `message`, `server`, `probe`, `relay`, `outbound`, or `domain|helo` for either of two). `prevents` lists ids of the
    bounce catalogue. `fix` is a template: `{part}` and the arguments of the finding fill its places. `reference` is an
    RFC section or a provider's page.
    """

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    reference: str
    needs: tuple[str, ...] = ()
    prevents: tuple[str, ...] = ()

    def passes(self, part: object, message: str, *evidence: Evidence | Iterable[Evidence], **args: object) -> Finding:
        """The rule holds for this part."""
        return self._finding(Status.PASS, part, message, evidence, args, fix=None)

    def fails(self, part: object, message: str, *evidence: Evidence | Iterable[Evidence], **args: object) -> Finding:
        """The rule is broken for this part. `args` fill the places of the message and of the rule's fix."""
        return self._finding(Status.FAIL, part, message, evidence, args, fix=self.fix)

    def undecided(
        self,
        part: object,
        message: str,
        *evidence: Evidence | Iterable[Evidence],
        fix: str | None = None,
        **args: object,
    ) -> Finding:
        """It cannot be told for this part. `fix` says how it could be: the rule's own would mend the wrong thing."""
        return self._finding(Status.INCONCLUSIVE, part, message, evidence, args, fix=fix)

    def _finding(
        self,
        status: Status,
        part: object,
        message: str,
        evidence: Iterable[Evidence | Iterable[Evidence]],
        args: Mapping[str, object],
        fix: str | None,
    ) -> Finding:
        texts = {"part": str(part), **{name: _text(value) for name, value in args.items()}}
        return Finding(
            rule=self.id,
            status=status,
            part=str(part),
            message=Message(message, texts),
            evidence=gather(*evidence),
            fix=Message(fix, texts) if fix else None,
        )


def _text(value: object) -> str | Words | Message:
    """An argument as it goes into a message; lists are joined by commas, sets in the order of their texts."""
    if isinstance(value, Words | Message):
        return value
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, tuple | list):
        if any(isinstance(item, Words | Message) for item in value):
            return listing(_text(item) for item in value)
        return ", ".join(str(item) for item in value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Judge(Generic[Part]):
    """A function that judges one part, and the rules that it decides there. Made by `judges`."""

    rules: tuple[Rule, ...]
    function: Callable[["Context", Part], Findings]


def judges(*rules: Rule) -> Callable[[Callable[["Context", Part], Findings]], Judge[Part]]:
    """Declare which rules an async generator decides for the part that it is handed."""

    def declare(function: Callable[["Context", Part], Findings]) -> Judge[Part]:
        return Judge(rules, function)

    return declare


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A module of checks: its id, its title, all rules that it may ever judge by, and how it goes about it.

    `run` sends the parts of the subject to the judges, through `ctx.each`. `options` is a `msgspec.Struct` for the
    table `[checks.<id>]` of preflight.toml, with a default for each field. `offline`: it asks no server, so that its
    rules can be judged by the inputs alone. Raises `PluginError` for rules that break the contract.
    """

    id: str
    title: str
    rules: tuple[Rule, ...]
    run: Callable[["Context"], Awaitable[None]]
    options: type[Any] | None = None
    offline: bool = False

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id.partition("/")[0] != self.id or not rule.id.partition("/")[2]:
                raise PluginError(f"check {self.id}: rule id {rule.id!r} does not read {self.id}/<rule>")
            if rule.id == f"{self.id}/{CRASH}":
                raise PluginError(f"check {self.id}: rule id {rule.id!r} is kept for crashes; take another")
            if rule.id in seen:
                raise PluginError(f"check {self.id}: rule {rule.id} is declared twice")
            seen.add(rule.id)
            for need in rule.needs:
                for one in need.split("|"):
                    if one not in OPTIONS:
                        known = ", ".join(OPTIONS)
                        raise PluginError(f"rule {rule.id}: needs {one!r}, which is no input; inputs are: {known}")


class Secret:
    """A text that must not be shown: its `str` and `repr` are masked. `reveal()` is for the one place that needs it."""

    __slots__ = ("_pattern", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        # Not by looking in text.lower(): that may be longer than the text ("İ"), and then all places are off.
        self._pattern = re.compile(re.escape(text), re.IGNORECASE)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def mask(self, text: str) -> str:
        """A text with each occurrence of the secret, in any case, replaced by question marks."""
        return self._pattern.sub("?" * len(self._text), text) if self._text else text

    def __repr__(self) -> str:
        return "Secret(?)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What checks may know besides the subject.

    `secrets`: by name, `dqs` for Spamhaus' Data Query Service. `options`: by check id, an instance of its options.
    `memory`: what earlier runs found through the same resolver. `programs`: those of this machine.
    """

    secrets: Mapping[str, Secret] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    memory: Memory = field(default_factory=NoMemory)
    programs: Programs = field(default_factory=LivePrograms)


class Recorder(ABC):
    """Where the findings of a check go. The runner's business."""

    @abstractmethod
    def wants(self, rule: Rule) -> bool:
        """Whether this rule is to be judged: chosen by the user, and its inputs are known."""

    @abstractmethod
    async def judge(self, check: Check, judge: Judge[Part], ctx: "Context", part: Part) -> None:
        """Run a judge on a part and keep what it yields. Raises nothing but cancellation."""


class Once:
    """Keeps what takes time to work out: each thing is made once, and shared by all who ask for it under its key."""

    def __init__(self) -> None:
        self._made: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        """What `make` brings; made by the first who asks. Raises what `make` raises, to each who asks."""
        task = self._made.get(key)
        if task is None:
            task = self._made[key] = asyncio.ensure_future(_made(make))
            task.add_done_callback(_look)
        made: Made = task.result() if task.done() else await asyncio.shield(task)
        return made


@dataclass(frozen=True, slots=True)
class Peers:
    """The subjects that are checked in one run, for rules that compare them; `once` is shared by all of them."""

    subjects: tuple[Subject, ...] = ()
    once: Once = field(default_factory=Once)


class Context:
    """All that a check sees: the subject, DNS, SMTP, HTTPS, its options, and the way to hand parts to judges.

    `peers` has the subjects of the same run, this one included.
    """

    def __init__(
        self,
        check: Check,
        subject: Subject,
        dns: Resolver,
        settings: Settings,
        recorder: Recorder,
        smtp: Dialer | None = None,
        https: Fetcher | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.check = check
        self.subject = subject
        self.dns = dns
        self.settings = settings
        self._recorder = recorder
        self._smtp = smtp
        self._https = https
        self._once = Once()
        self.peers = peers or Peers((subject,))

    async def once(self, key: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        """What `make` brings, made once in this run of the check and shared by all who ask for it under the key.

        For what several judges need and takes time to work out; questions to DNS are asked once anyway. Raises what
        `make` raises, to each who asks.
        """

        async def sent() -> Made:
            # Not on behalf of the judge that happens to be the first to ask.
            ERRAND.set(f"{self.subject.label}/{self.check.id}/{key}")
            return await make()

        return await self._once.get(key, sent)

    @property
    def smtp(self) -> Dialer:
        """What connects to SMTP servers. Raises `RuntimeError` where none was handed over."""
        if self._smtp is None:
            raise RuntimeError("this context has no dialer; hand one over")
        return self._smtp

    @property
    def https(self) -> Fetcher:
        """What fetches pages. Raises `RuntimeError` where none was handed over."""
        if self._https is None:
            raise RuntimeError("this context has no fetcher; hand one over")
        return self._https

    async def each(self, parts: Iterable[Part], *several: Judge[Part]) -> None:
        """Run every judge on every part, all at once, and wait for the last.

        A judge none of whose rules is wanted (an input is missing, the user ignores them) does not run. May be called
        from within a judge, for parts that only a first answer reveals.
        """
        wanted = [judge for judge in several if any(self.wants(rule) for rule in judge.rules)]
        await asyncio.gather(
            *(self._recorder.judge(self.check, judge, self, part) for part in dict.fromkeys(parts) for judge in wanted)
        )

    def wants(self, rule: Rule) -> bool:
        """Whether this rule is judged in this run; questions that only serve others may be left out."""
        return self._recorder.wants(rule)

    def options(self, kind: type[Options]) -> Options:
        """The options of this check from preflight.toml, or their defaults."""
        given = self.settings.options.get(self.check.id)
        return given if isinstance(given, kind) else kind()


async def _made(make: Callable[[], Awaitable[Made]]) -> Made:
    return await make()


def _look(task: "asyncio.Task[Any]") -> None:
    """See what came of a task, lest asyncio complains of an exception that nobody is left to take."""
    if not task.cancelled():
        task.exception()
