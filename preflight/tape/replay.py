"""Opens the doors of a run onto a recording: the same questions get the same answers, in whatever order they come.

What the recording does not have is unanswered ("not in the recording"), never guessed at: a later version of a check
may ask more than the one that was recorded did.
"""

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from preflight.check import Secret, Settings
from preflight.config import Config
from preflight.errors import ConfigError
from preflight.memory import Memory
from preflight.moment import ERRAND, Moment
from preflight.net.addresses import IPAddress, parse_address
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered
from preflight.net.https import Fetcher, FetchFailure, FetchTrouble, Page
from preflight.net.programs import Command, Programs
from preflight.net.smtp import Certificate, Chain, Dialer, Heard, Limits, Secured, SmtpTrouble, Trouble, Wire
from preflight.registry import Registry
from preflight.report import Report
from preflight.subject import Endpoint, MessageSource, Subject
from preflight.tape.record import program_key
from preflight.tape.recording import (
    CertificateFacts,
    ConnectionFacts,
    DnsFacts,
    PageFacts,
    Recording,
    SecuredFacts,
    StepFacts,
    SubjectFacts,
)
from preflight.text import visible

NOT_RECORDED = str(Reason.NOT_RECORDED)


class Replay:
    """A recorded run, to be flown again: hand all of this to a `Run`, and its reports to `timed`.

    Raises `ConfigError` for a recording whose parts make no sense.
    """

    def __init__(self, recording: Recording) -> None:
        facts = recording.run
        self._recording = recording
        self._stalls = _Stalls()
        steps = [step for connection in recording.smtp for step in connection.steps]
        self._expected = sum(
            sum(one.unfinished for one in several)
            for several in (recording.dns, recording.smtp, steps, recording.https, recording.programs)
        )
        if len(facts.timings) != len(recording.subjects):
            raise ConfigError("the recording is damaged: its subjects and their times differ in number")
        try:
            self.subjects = [_subject(one) for one in recording.subjects]
            self.source: Source = _ReplayedSource(recording.dns, facts.servers, self._stalls)
            limits = Limits(**facts.limits)
            self.dialer: Dialer = _ReplayedDialer(recording.smtp, limits, facts.has_roots, self._stalls)
            self.fetcher: Fetcher = _ReplayedFetcher(recording.https, self._stalls)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"the recording is damaged: {visible(str(error), limit=200)}") from None
        self.moment = Moment(facts.now, facts.today, facts.nonce)
        self.deadline = facts.deadline
        self.config = Config(table=facts.config)
        self.config_file = facts.config_file
        self.choice = facts.choice
        self.version = recording.version
        self.was_cut = facts.cut is not None

    def settings(self, registry: Registry) -> Settings:
        """What the checks were set to. A secret is as many question marks as it had characters: so it is masked."""
        recording = self._recording
        return replace(
            self.config.settings(registry),
            secrets={name: Secret("?" * length) for name, length in recording.run.secrets.items()},
            memory=_ReplayedMemory(recording.memory),
            programs=_ReplayedPrograms(recording, self._stalls),
        )

    def is_over(self, begun: int, ended: int) -> bool:
        """Whether the run has come as far as the recorded one had when its deadline cut it off."""
        cut = self._recording.run.cut
        if cut is None:
            return False
        return begun >= cut.begun and ended >= cut.ended and self._stalls.count >= self._expected

    def timed(self, reports: Sequence[Report]) -> list[Report]:
        """The reports with the times of the recorded run in place of those of this one."""
        timings = self._recording.run.timings
        return [
            replace(report, started_at=timing.started_at, duration=timing.duration)
            for report, timing in zip(reports, timings, strict=True)
        ]


def _subject(facts: SubjectFacts) -> Subject:
    return Subject(
        name=facts.name,
        host=facts.host,
        ips=tuple(parse_address(ip) for ip in facts.ips),
        helo=facts.helo,
        domain=facts.domain,
        message=MessageSource(facts.message.label, facts.message.data) if facts.message is not None else None,
        server=_endpoint(facts.server) if facts.server is not None else None,
        probe=facts.probe,
        relay=facts.relay,
        outbound=_endpoint(facts.outbound) if facts.outbound is not None else None,
        mail_from=tuple(facts.mail_from),
        dkim_selectors=tuple(facts.dkim_selectors),
        ips_unknown=facts.ips_unknown,
    )


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    return Endpoint(host.removeprefix("[").removesuffix("]"), int(port))


class _Stalls:
    """Waits for what never came. `count` says how many do."""

    def __init__(self) -> None:
        self.count = 0

    async def wait(self) -> NoReturn:
        self.count += 1
        await asyncio.Event().wait()
        raise AssertionError("nobody sets that event")


# --- DNS ------------------------------------------------------------------------------------------------------------


class _ReplayedSource(Source):
    def __init__(self, exchanges: Sequence[DnsFacts], servers: Sequence[str], stalls: _Stalls) -> None:
        self._servers = tuple(servers)
        self._stalls = stalls
        self._known: dict[tuple[Question, bool], DnsFacts] = {}
        for facts in exchanges:
            rtype, _, name = facts.question.partition(" ")
            question = Question.of(name, rtype)
            self._known[question, facts.opinion] = facts
            _prove(question, facts)

    @property
    def servers(self) -> tuple[str, ...]:
        return self._servers

    async def ask(self, question: Question) -> Answer:
        facts = self._known.get((question, False))
        if facts is None:
            raise Unanswered(question, Reason.NOT_RECORDED, NOT_RECORDED)
        return await self._outcome(question, facts)

    async def second_opinion(self, answer: Answer) -> Answer:
        facts = self._known.get((answer.question, True))
        return await self._outcome(answer.question, facts) if facts is not None else answer

    async def _outcome(self, question: Question, facts: DnsFacts) -> Answer:
        if facts.unfinished:
            await self._stalls.wait()
        return _answer(question, facts)


def _answer(question: Question, facts: DnsFacts) -> Answer:
    """What came of a question that came to an end. Raises `Unanswered`."""
    aliases = tuple(facts.aliases)
    places = tuple(place.place() for place in facts.places)
    more: dict[str, Any] = {"note": facts.note, "places": places, "authenticated": facts.authenticated}
    match facts.outcome:
        case "records":
            return Records(question, aliases, tuple(facts.values), **more)
        case "no-data":
            return NoData(question, aliases, **more)
        case "no-such-name":
            return NxDomain(question, aliases, **more)
        case _:
            raise Unanswered(question, Reason[facts.reason], facts.detail)


def _prove(question: Question, facts: DnsFacts) -> None:
    """See that it makes sense, before a check takes it for an answer. Raises `ValueError` and `KeyError`."""
    if facts.unfinished:
        return
    try:
        answer = _answer(question, facts)
    except Unanswered:
        return
    match question.rtype:
        case "A" | "AAAA":
            _ = answer.addresses
        case "MX":
            _ = answer.exchanges


# --- SMTP -----------------------------------------------------------------------------------------------------------


class _ReplayedDialer(Dialer):
    def __init__(
        self, connections: Sequence[ConnectionFacts], limits: Limits, has_roots: bool, stalls: _Stalls
    ) -> None:
        self.limits = limits
        self._has_roots = has_roots
        self._stalls = stalls
        self._known: dict[tuple[str, str, int], deque[ConnectionFacts]] = {}
        for facts in connections:
            key = (facts.errand, str(parse_address(facts.address)), facts.port)
            self._known.setdefault(key, deque()).append(facts)
            # What makes no sense is found now, not in the middle of a run.
            _ReplayedWire(facts, stalls).prove()
            if facts.trouble is not None:
                _ = Trouble[facts.trouble]

    @property
    def has_roots(self) -> bool:
        return self._has_roots

    async def dial(self, address: IPAddress, port: int) -> Wire:
        waiting = self._known.get((ERRAND.get(), str(address), port))
        if not waiting:
            raise SmtpTrouble(Trouble.UNREACHABLE, NOT_RECORDED)
        facts = waiting.popleft()
        if facts.unfinished:
            await self._stalls.wait()
        if facts.trouble is not None:
            raise SmtpTrouble(Trouble[facts.trouble], facts.detail)
        return _ReplayedWire(facts, self._stalls)


class _ReplayedWire(Wire):
    def __init__(self, facts: ConnectionFacts, stalls: _Stalls) -> None:
        self._local = parse_address(facts.local) if facts.local is not None else None
        self._steps = deque(facts.steps)
        self._times = deque(facts.times)
        self._time = 0.0
        self._stalls = stalls

    def prove(self) -> None:
        for step in self._steps:
            _heard(step)
            if step.secured is not None:
                _secured(step.secured)

    @property
    def local(self) -> IPAddress | None:
        return self._local

    async def exchange(self, command: str | None, timeout: float) -> Heard:  # noqa: ASYNC109, ARG002
        step = await self._next(command, tls=False)
        return _heard(step) if step is not None else Heard(b"", Trouble.UNREACHABLE, NOT_RECORDED)

    async def start_tls(
        self,
        server_name: str | None,  # noqa: ARG002
        timeout: float,  # noqa: ASYNC109, ARG002
        *,
        verify: bool,  # noqa: ARG002
    ) -> tuple[Heard, Secured | None]:
        step = await self._next("STARTTLS", tls=True)
        if step is None:
            return Heard(b"", Trouble.UNREACHABLE, NOT_RECORDED), None
        return _heard(step), _secured(step.secured) if step.secured is not None else None

    async def _next(self, said: str | None, *, tls: bool) -> StepFacts | None:
        """The step of the recording, if it is this one."""
        if not self._steps or (self._steps[0].said, self._steps[0].tls) != (said, tls):
            return None
        step = self._steps.popleft()
        if step.unfinished:
            await self._stalls.wait()
        return step

    def time(self) -> float:
        if self._times:
            self._time = self._times.popleft()
        return self._time

    def close(self, parting: str = "") -> None:
        pass


def _heard(step: StepFacts) -> Heard:
    trouble = Trouble[step.trouble] if step.trouble is not None else None
    return Heard(step.heard.encode("latin-1"), trouble, step.detail)


def _secured(facts: SecuredFacts) -> Secured:
    certificate = _certificate(facts.certificate) if facts.certificate is not None else None
    return Secured(facts.version, facts.cipher, certificate, Chain[facts.chain], tuple(facts.sent))


def _certificate(facts: CertificateFacts) -> Certificate:
    return Certificate(
        facts.subject,
        facts.issuer,
        tuple(facts.names),
        tuple(parse_address(one) for one in facts.addresses),
        facts.not_before,
        facts.not_after,
        facts.key,
        facts.bits,
    )


# --- HTTPS ----------------------------------------------------------------------------------------------------------


class _ReplayedFetcher(Fetcher):
    def __init__(self, pages: Sequence[PageFacts], stalls: _Stalls) -> None:
        self._stalls = stalls
        self._known: dict[tuple[str, str, str, str], deque[PageFacts]] = {}
        for facts in pages:
            key = (facts.errand, str(parse_address(facts.address)), facts.host, facts.path)
            self._known.setdefault(key, deque()).append(facts)
            if facts.failure is not None:
                _ = FetchFailure[facts.failure]

    async def fetch(self, address: IPAddress, host: str, path: str) -> Page:
        waiting = self._known.get((ERRAND.get(), str(address), host, path))
        if not waiting:
            raise FetchTrouble(FetchFailure.UNREACHABLE, NOT_RECORDED)
        facts = waiting.popleft()
        if facts.unfinished:
            await self._stalls.wait()
        if facts.failure is not None:
            raise FetchTrouble(FetchFailure[facts.failure], facts.detail)
        return Page(facts.status, facts.media_type, facts.location, facts.body)


# --- the machine ----------------------------------------------------------------------------------------------------


class _ReplayedPrograms(Programs):
    def __init__(self, recording: Recording, stalls: _Stalls) -> None:
        self._installed = recording.installed
        self._stalls = stalls
        self._known = {(tuple(facts.command), facts.about): facts for facts in recording.programs}

    def installed(self, commands: Sequence[Command]) -> Command | None:
        found = self._installed.get(program_key(commands))
        return tuple(found) if found is not None else None

    async def run(self, command: Command, octets: bytes) -> str:
        facts = self._known.get((command, hashlib.sha256(octets).hexdigest()))
        if facts is None:
            raise OSError(NOT_RECORDED)
        if facts.unfinished:
            await self._stalls.wait()
        if facts.errno:
            raise OSError(facts.errno, os.strerror(facts.errno))
        return facts.wrote


class _ReplayedMemory(Memory):
    def __init__(self, facts: dict[str, datetime | None]) -> None:
        self._facts = facts

    def recall(self, fact: str) -> datetime | None:
        return self._facts.get(fact)

    def note(self, fact: str) -> None:
        pass

    def forget(self, fact: str) -> None:
        pass
