"""Takes down what passes through the doors of a run, and lets it pass.

Each exchange has its place from the moment at which it begins, as one that is not finished; so what the deadline cut
off, or what somebody gave up waiting for, is on record as just that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from preflight import __version__
from preflight.check import Settings
from preflight.config import Config, SecretsTable
from preflight.memory import Memory
from preflight.moment import ERRAND
from preflight.net.addresses import IPAddress
from preflight.net.dns import Answer, NxDomain, Question, Records, Source, Unanswered
from preflight.net.https import Fetcher, FetchTrouble, Page
from preflight.net.programs import Command, Programs
from preflight.net.smtp import Certificate, Dialer, Heard, Secured, SmtpTrouble, Wire
from preflight.report import Report
from preflight.runner import Run
from preflight.subject import Subject
from preflight.tape.recording import (
    CertificateFacts,
    ChoiceFacts,
    ConnectionFacts,
    CutFacts,
    DnsFacts,
    MessageFacts,
    PageFacts,
    PlaceFacts,
    ProgramFacts,
    Recording,
    RunFacts,
    SecuredFacts,
    StepFacts,
    SubjectFacts,
    TimingFacts,
    to_text,
)


class Recorder:
    """The record of one run. Hand its doors (source, dialer, fetcher, settings) to the run in place of those that they
    wrap."""

    def __init__(
        self, source: Source, dialer: Dialer | None, settings: Settings, fetcher: Fetcher | None = None
    ) -> None:
        self._dns: list[DnsFacts] = []
        self._calls: list[_Call] = []
        self._pages: list[PageFacts] = []
        self._programs: list[ProgramFacts] = []
        self._installed: dict[str, list[str] | None] = {}
        self._memory: dict[str, datetime | None] = {}
        self._secrets = settings.secrets
        self.source: Source = _RecordedSource(source, self._dns)
        self.dialer: Dialer | None = _RecordedDialer(dialer, self._calls) if dialer is not None else None
        self.fetcher: Fetcher | None = _RecordedFetcher(fetcher, self._pages) if fetcher is not None else None
        self.settings = replace(
            settings,
            memory=_RecordedMemory(settings.memory, self._memory),
            programs=_RecordedPrograms(settings.programs, self._programs, self._installed),
        )

    def text(
        self,
        run: Run,
        reports: Sequence[Report],
        subjects: Sequence[Subject],
        *,
        config: Config,
        config_file: str,
        choice: ChoiceFacts,
        deadline: float,
    ) -> str:
        """The file of the run, once it has landed: secrets masked, as they are in its reports.

        `subjects` are those that it was given, `config` and `choice` what its policy and the options of its checks came
        from, `config_file` that file as the user named it. `deadline` is in seconds.
        """
        table = msgspec.structs.replace(config.table, subject=[], secrets=SecretsTable())
        cut = run.cut_at
        facts = RunFacts(
            now=run.moment.now,
            today=run.moment.today,
            nonce=run.moment.nonce,
            deadline=deadline,
            limits=_limits(self.dialer),
            has_roots=self.dialer.has_roots if self.dialer is not None else True,
            servers=list(self.source.servers),
            secrets={name: len(secret.reveal()) for name, secret in self._secrets.items()},
            timings=[TimingFacts(report.started_at, report.duration) for report in reports],
            choice=choice,
            config=table,
            config_file=config_file,
            cut=CutFacts(*cut) if cut is not None else None,
        )
        recording = Recording(
            version=__version__,
            run=facts,
            subjects=[_subject(subject) for subject in subjects],
            dns=list(self._dns),
            smtp=[call.facts() for call in list(self._calls)],
            https=list(self._pages),
            programs=list(self._programs),
            installed=dict(self._installed),
            memory=dict(self._memory),
        )
        return to_text(recording, [secret.mask for secret in self._secrets.values()])


def _limits(dialer: Dialer | None) -> dict[str, float]:
    if dialer is None:
        return {}
    limits = dialer.limits
    return {
        "connect": limits.connect,
        "reply": limits.reply,
        "conversation": limits.conversation,
        "closing": limits.closing,
    }


def _subject(subject: Subject) -> SubjectFacts:
    message = subject.message
    return SubjectFacts(
        name=subject.name,
        host=subject.host,
        ips=[str(ip) for ip in subject.ips],
        helo=subject.helo,
        domain=subject.domain,
        message=MessageFacts(message.label, message.data) if message is not None else None,
        server=str(subject.server) if subject.server is not None else None,
        probe=subject.probe,
        relay=subject.relay,
        outbound=str(subject.outbound) if subject.outbound is not None else None,
        mail_from=list(subject.mail_from),
        dkim_selectors=list(subject.dkim_selectors),
        ips_unknown=subject.ips_unknown,
    )


# --- DNS ------------------------------------------------------------------------------------------------------------


class _RecordedSource(Source):
    def __init__(self, source: Source, kept: list[DnsFacts]) -> None:
        self._source = source
        self._kept = kept

    @property
    def servers(self) -> tuple[str, ...]:
        return self._source.servers

    async def ask(self, question: Question) -> Answer:
        place = self._begin(question, opinion=False)
        try:
            answer = await self._source.ask(question)
        except Unanswered as outcome:
            self._kept[place] = _unanswered(question, outcome, opinion=False)
            raise
        self._kept[place] = _answered(question, answer, opinion=False)
        return answer

    async def second_opinion(self, answer: Answer) -> Answer:
        place = self._begin(answer.question, opinion=True)
        try:
            opinion = await self._source.second_opinion(answer)
        except Unanswered as outcome:
            self._kept[place] = _unanswered(answer.question, outcome, opinion=True)
            raise
        self._kept[place] = _answered(answer.question, opinion, opinion=True)
        return opinion

    def _begin(self, question: Question, *, opinion: bool) -> int:
        self._kept.append(DnsFacts(str(question), "unfinished", opinion=opinion))
        return len(self._kept) - 1


def _answered(question: Question, answer: Answer, *, opinion: bool) -> DnsFacts:
    match answer:
        case Records():
            outcome = "records"
        case NxDomain():
            outcome = "no-such-name"
        case _:
            outcome = "no-data"
    return DnsFacts(
        str(question),
        outcome,  # type: ignore[arg-type] # mypy takes the three words for any text
        values=list(answer.values),
        aliases=list(answer.aliases),
        note=answer.note,
        places=[PlaceFacts.of(place) for place in answer.places],
        opinion=opinion,
        authenticated=answer.authenticated,
    )


def _unanswered(question: Question, outcome: Unanswered, *, opinion: bool) -> DnsFacts:
    return DnsFacts(str(question), "unanswered", reason=outcome.reason.name, detail=outcome.detail, opinion=opinion)


# --- SMTP -----------------------------------------------------------------------------------------------------------


class _Call:
    """A connection as it goes on."""

    def __init__(self, address: IPAddress, port: int) -> None:
        self._begun = ConnectionFacts(ERRAND.get(), str(address), port, unfinished=True)
        self.steps: list[StepFacts] = []
        self.times: list[float] = []

    def refused(self, trouble: SmtpTrouble) -> None:
        self._begun = msgspec.structs.replace(
            self._begun, trouble=trouble.trouble.name, detail=trouble.detail, unfinished=False
        )

    def taken(self, local: IPAddress | None) -> None:
        end = str(local) if local is not None else None
        self._begun = msgspec.structs.replace(self._begun, local=end, unfinished=False)

    def begin(self, said: str | None, *, tls: bool = False) -> int:
        self.steps.append(StepFacts(said, tls=tls, unfinished=True))
        return len(self.steps) - 1

    def heard(self, step: int, heard: Heard, secured: Secured | None = None) -> None:
        self.steps[step] = msgspec.structs.replace(
            self.steps[step],
            heard=heard.data.decode("latin-1"),
            trouble=heard.trouble.name if heard.trouble is not None else None,
            detail=heard.detail,
            secured=_secured(secured) if secured is not None else None,
            unfinished=False,
        )

    def facts(self) -> ConnectionFacts:
        return msgspec.structs.replace(self._begun, steps=list(self.steps), times=list(self.times))


def _secured(secured: Secured) -> SecuredFacts:
    certificate = secured.certificate
    facts = _certificate(certificate) if certificate is not None else None
    return SecuredFacts(secured.version, secured.cipher, facts, secured.chain.name, list(secured.sent))


def _certificate(one: Certificate) -> CertificateFacts:
    addresses = [str(address) for address in one.addresses]
    return CertificateFacts(
        one.subject, one.issuer, list(one.names), addresses, one.not_before, one.not_after, one.key, one.bits
    )


class _RecordedDialer(Dialer):
    def __init__(self, dialer: Dialer, calls: list[_Call]) -> None:
        self.limits = dialer.limits
        self._dialer = dialer
        self._calls = calls

    @property
    def has_roots(self) -> bool:
        return self._dialer.has_roots

    async def dial(self, address: IPAddress, port: int) -> Wire:
        call = _Call(address, port)
        self._calls.append(call)
        try:
            wire = await self._dialer.dial(address, port)
        except SmtpTrouble as trouble:
            call.refused(trouble)
            raise
        call.taken(wire.local)
        return _RecordedWire(wire, call)


class _RecordedWire(Wire):
    def __init__(self, wire: Wire, call: _Call) -> None:
        self._wire = wire
        self._call = call

    @property
    def local(self) -> IPAddress | None:
        return self._wire.local

    async def exchange(self, command: str | None, timeout: float) -> Heard:  # noqa: ASYNC109
        step = self._call.begin(command)
        heard = await self._wire.exchange(command, timeout)
        self._call.heard(step, heard)
        return heard

    async def start_tls(
        self,
        server_name: str | None,
        timeout: float,  # noqa: ASYNC109
        *,
        verify: bool,
    ) -> tuple[Heard, Secured | None]:
        step = self._call.begin("STARTTLS", tls=True)
        heard, secured = await self._wire.start_tls(server_name, timeout, verify=verify)
        self._call.heard(step, heard, secured)
        return heard, secured

    def time(self) -> float:
        now = self._wire.time()
        self._call.times.append(now)
        return now

    def close(self, parting: str = "") -> None:
        self._wire.close(parting)


# --- HTTPS ----------------------------------------------------------------------------------------------------------


class _RecordedFetcher(Fetcher):
    def __init__(self, fetcher: Fetcher, kept: list[PageFacts]) -> None:
        self._fetcher = fetcher
        self._kept = kept

    async def fetch(self, address: IPAddress, host: str, path: str) -> Page:
        facts = PageFacts(ERRAND.get(), str(address), host, path, unfinished=True)
        self._kept.append(facts)
        place = len(self._kept) - 1
        try:
            page = await self._fetcher.fetch(address, host, path)
        except FetchTrouble as trouble:
            self._kept[place] = msgspec.structs.replace(
                facts, failure=trouble.failure.name, detail=trouble.detail, unfinished=False
            )
            raise
        told = {"status": page.status, "media_type": page.media_type, "location": page.location, "body": page.body}
        self._kept[place] = msgspec.structs.replace(facts, **told, unfinished=False)
        return page


# --- the machine ----------------------------------------------------------------------------------------------------


class _RecordedPrograms(Programs):
    def __init__(self, programs: Programs, kept: list[ProgramFacts], found: dict[str, list[str] | None]) -> None:
        self._programs = programs
        self._kept = kept
        self._found = found

    def installed(self, commands: Sequence[Command]) -> Command | None:
        found = self._programs.installed(commands)
        self._found[program_key(commands)] = list(found) if found is not None else None
        return found

    async def run(self, command: Command, octets: bytes) -> str:
        facts = ProgramFacts(list(command), hashlib.sha256(octets).hexdigest(), unfinished=True)
        self._kept.append(facts)
        place = len(self._kept) - 1
        try:
            wrote = await self._programs.run(command, octets)
        except OSError as error:
            self._kept[place] = msgspec.structs.replace(facts, errno=error.errno or 0, unfinished=False)
            raise
        self._kept[place] = msgspec.structs.replace(facts, wrote=wrote, unfinished=False)
        return wrote


def program_key(commands: Sequence[Command]) -> str:
    """What a choice of commands is filed under."""
    return " | ".join(" ".join(command) for command in commands)


class _RecordedMemory(Memory):
    def __init__(self, memory: Memory, kept: dict[str, datetime | None]) -> None:
        self._memory = memory
        self._kept = kept

    def recall(self, fact: str) -> datetime | None:
        self._kept[fact] = self._memory.recall(fact)
        return self._kept[fact]

    def note(self, fact: str) -> None:
        self._memory.note(fact)

    def forget(self, fact: str) -> None:
        self._memory.forget(fact)
