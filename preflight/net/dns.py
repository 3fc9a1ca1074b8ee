"""Questions to DNS and what can come of them: the port that checks see, and its single flight.

    Resolver                  the port: `await resolver.query(name, type)`
    ├── SingleFlight          asks a Source once per question and run, whoever asks, however often
    Source                    the adapter below it: `await source.ask(question)`
    ├── preflight.net.live         dnspython over the configured name servers
    ├── preflight.net.zone_source  zone files, laid over another source or alone
    └── preflight.net.fake         scripted answers, for tests

An answer is `Records`, `NoData` or `NxDomain`. Anything else, from a time-out to a reply that makes no sense, is
raised as `Unanswered`: "could not tell" is never mistaken for "is not there".
"""

import asyncio
import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from enum import StrEnum

from preflight.findings import Evidence, Place
from preflight.net.addresses import IPAddress
from preflight.text import Message


class Reason(StrEnum):
    """Why a question has no answer."""

    TIMEOUT = "timeout"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    OTHER_CODE = "error code"
    NETWORK = "network"
    LAME = "lame delegation"
    NO_SERVERS = "no name servers"
    BAD_NAME = "not a DNS name"
    BAD_REPLY = "broken reply"
    DEADLINE = "deadline"
    NOT_IN_ZONES = "not in the zone files"
    NOT_RECORDED = "not in the recording"


@dataclass(frozen=True, slots=True)
class Question:
    """A name (lower case, absolute, written without its last dot) and a record type (`A`, `PTR` …)."""

    name: str
    rtype: str

    @classmethod
    def of(cls, name: str, rtype: str) -> "Question":
        """The question in its one normal form, so that equal questions compare equal."""
        return cls((name.removesuffix(".") or ".").lower(), rtype.upper())

    def __str__(self) -> str:
        return f"{self.rtype} {self.name}"


class Unanswered(Exception):  # noqa: N818 - an outcome of a question, not an error in the program
    """Nobody gave a usable answer: says to what, why, and what was seen."""

    def __init__(self, question: Question, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{question}: {detail or reason}")
        self.question = question
        self.reason = reason
        self.detail = detail

    @property
    def seen(self) -> str | Message:
        """What came instead of an answer: the words of whoever was asked, else the reason, which is translated."""
        return Message(self.reason.value) if self.detail in ("", self.reason.value) else self.detail

    @property
    def evidence(self) -> Evidence:
        """The question and what came instead of an answer."""
        return Evidence("dns", str(self.question), self.detail or str(self.reason))


@dataclass(frozen=True, slots=True)
class Mx:
    """One MX record: its preference (lower is tried first) and its host, `.` for a null MX (RFC 7505)."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Answer(ABC):
    """What the name servers said of a question. Use one of its three kinds.

    `aliases` are the CNAME targets that were followed, in order, the last one being the name that the records
    belong to; names are written without their last dot, as the server spelled them. `note` is what evidence adds: who
    else was asked. `authenticated`: the name server that was asked says that DNSSEC vouches for all of the answer, for
    the absence of records too (the AD bit, RFC 4035 3.2.3). That is its word, and worth as much as the way to it.
    `places` is where in the user's zone files it stands: one for each value, in their order; where there is no value,
    or an alias leads out of the files, the one place where something would have to change; none for live answers.
    """

    question: Question
    aliases: tuple[str, ...] = ()
    note: str = field(default="", kw_only=True)
    places: tuple[Place, ...] = field(default=(), kw_only=True)
    authenticated: bool = field(default=False, kw_only=True)

    @property
    def values(self) -> tuple[str, ...]:
        """The records in text form; none for `NoData` and `NxDomain`."""
        return ()

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """The values of an A or AAAA answer, as addresses."""
        return tuple(ipaddress.ip_address(value) for value in self.values)

    @property
    def exchanges(self) -> tuple[Mx, ...]:
        """The values of an MX answer, the most preferred first."""
        pairs = (value.split(" ", 1) for value in self.values)
        return tuple(sorted((Mx(int(p), h) for p, h in pairs), key=lambda mx: (mx.preference, mx.host)))

    @property
    def evidence(self) -> Evidence:
        """The question and its answer, with the place of its first record."""
        return Evidence("dns", str(self.question), self._seen(), self.places[0] if self.places else None)

    def evidence_of(self, value: str) -> Evidence:
        """The same, with the place of one of the values, for a finding that is about this one alone."""
        if value in self.values and len(self.places) == len(self.values):
            return replace(self.evidence, place=self.places[self.values.index(value)])
        return self.evidence

    def _seen(self) -> str:
        shown = f"{self._outcome()} ({self.note})" if self.note else self._outcome()
        return " → ".join((*self.aliases, shown)) if self.aliases else shown

    @abstractmethod
    def _outcome(self) -> str:
        """What was found, for evidence."""


@dataclass(frozen=True, slots=True)
class Records(Answer):
    """At least one record. Text forms: addresses for A and AAAA, names without their last dot for PTR, CNAME and NS,
    `preference host` for MX, the joined strings for TXT, the master-file form for all else."""

    found: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The records in text form."""
        return self.found

    def _outcome(self) -> str:
        shown = ", ".join(self.found[:_SHOWN])
        left = len(self.found) - _SHOWN
        return f"{shown} and {left} more" if left > 0 else shown


@dataclass(frozen=True, slots=True)
class NoData(Answer):
    """The name exists, yet has no record of this type (RFC 2308 2.2)."""

    def _outcome(self) -> str:
        return f"no {self.question.rtype} record"


@dataclass(frozen=True, slots=True)
class NxDomain(Answer):
    """The name does not exist, nor anything below it (RFC 8020)."""

    def _outcome(self) -> str:
        return "NXDOMAIN"


_CLOSING = 0.25  # seconds that a source gets to put its questions away

_SHOWN = 8  # records named in evidence; a reverse zone with sixty PTR records must not flood the report


class Resolver(ABC):
    """What checks ask. Names are absolute: no search list is applied, a last dot makes no difference."""

    @abstractmethod
    async def query(self, name: str, rtype: str) -> Answer:
        """Ask for the records of a type at a name.

        Returns `Records`, `NoData` or `NxDomain`. Raises `Unanswered` for all else.
        """

    async def confirmed(self, name: str, rtype: str) -> Answer:
        """The same; an answer without records is taken to the zone's own servers first, where the user asked for that.

        For questions whose empty answer is a fault of the zone. Never for blocklists, where it is the rule.
        """
        return await self.query(name, rtype)

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the name servers that are asked; empty where that means nothing."""
        return ()

    async def addresses(self, name: str) -> tuple[Answer, Answer]:
        """The A and the AAAA answer for a name, asked at once. Raises `Unanswered` when either is not answered."""
        ipv4, ipv6 = await asyncio.gather(
            self.confirmed(name, "A"), self.confirmed(name, "AAAA"), return_exceptions=True
        )
        if isinstance(ipv4, BaseException):
            raise ipv4
        if isinstance(ipv6, BaseException):
            raise ipv6
        return ipv4, ipv6


class Source(ABC):
    """Where answers come from: live name servers, zone files, a script."""

    @abstractmethod
    async def ask(self, question: Question) -> Answer:
        """Answer one question, or raise `Unanswered`."""

    async def second_opinion(self, answer: Answer) -> Answer:
        """What others say where an answer has no records; here nobody is asked, and the answer stands."""
        return answer

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the name servers behind this source."""
        return ()


class SingleFlight(Resolver):
    """Asks its source each question once in a run and remembers what came of it, failures included.

    Concurrent askers share one query; an asker that is cancelled does not take it away from the others. Belongs
    to one event loop. `asked` counts the questions that reached the source. Once closed, it asks nothing more.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._flights: dict[Question, asyncio.Task[Answer | Unanswered]] = {}
        self._opinions: dict[Question, asyncio.Task[Answer | Unanswered]] = {}
        self._closed = False

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the name servers that are asked."""
        return self._source.servers

    @property
    def asked(self) -> int:
        """How many different questions reached the source."""
        return len(self._flights)

    async def query(self, name: str, rtype: str) -> Answer:
        """Ask, or join those who wait for the same answer, or repeat what is known already."""
        question = Question.of(name, rtype)
        return await self._join(self._flights, question, lambda: self._ask(question))

    async def confirmed(self, name: str, rtype: str) -> Answer:
        """Ask; then take an empty answer to whom the source knows for a second opinion, once in a run."""
        answer = await self.query(name, rtype)
        if answer:
            return answer
        return await self._join(self._opinions, answer.question, lambda: self._second_opinion(answer))

    async def _join(
        self,
        flights: dict[Question, asyncio.Task[Answer | Unanswered]],
        question: Question,
        ask: Callable[[], Coroutine[None, None, Answer | Unanswered]],
    ) -> Answer:
        flight = flights.get(question)
        if flight is None:
            if self._closed:
                raise Unanswered(question, Reason.DEADLINE)
            flight = asyncio.create_task(ask())
            flight.add_done_callback(_look)
            flights[question] = flight
        try:
            outcome = flight.result() if flight.done() else await asyncio.shield(flight)
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if asker is not None and asker.cancelling():
                raise
            raise Unanswered(question, Reason.DEADLINE) from None  # it was close() that ended the question
        if isinstance(outcome, Unanswered):
            # A fresh one for each asker: a shared exception would gather every asker's traceback.
            raise Unanswered(outcome.question, outcome.reason, outcome.detail)
        return outcome

    async def _ask(self, question: Question) -> Answer | Unanswered:
        # Returned, not raised: it is one of the outcomes that are remembered.
        try:
            return await self._source.ask(question)
        except Unanswered as outcome:
            return outcome

    async def _second_opinion(self, answer: Answer) -> Answer | Unanswered:
        return await self._source.second_opinion(answer)

    async def close(self) -> None:
        """Give up the questions that are still under way: they, and all later ones, are unanswered (`DEADLINE`)."""
        self._closed = True
        flights = (*self._flights.values(), *self._opinions.values())
        pending = [flight for flight in flights if not flight.done()]
        for flight in pending:
            flight.cancel()
        if pending:
            await asyncio.wait(pending, timeout=_CLOSING)


def _look(flight: asyncio.Task[Answer | Unanswered]) -> None:
    """See what came of a question, lest asyncio complains of an exception that no asker is left to take."""
    if not flight.cancelled():
        flight.exception()
