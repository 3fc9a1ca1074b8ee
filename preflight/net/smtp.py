"""SMTP as seen by somebody who connects: the port that checks see, and the reading of replies.

    Dialer                       the port: `wire = await dialer.dial(address, port)`
    ├── preflight.net.smtp_live  aiosmtplib over TCP and TLS
    └── preflight.net.smtp_fake  scripted servers, for tests
    Wire                         one connection: sends a command, hears what comes
    Conversation                 on top of a wire: replies read strictly, a transcript, limits of time

Whoever answers is hostile until shown otherwise. A reply is `Reply`; anything else, from a refused connection to octets
that are no SMTP, is raised as `SmtpTrouble`, which says what it was. Nothing here sends mail: `Conversation` refuses
the command DATA and its kin.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

from preflight.findings import Evidence
from preflight.net.addresses import IPAddress

MAX_LINE = 2048  # octets; RFC 5321 4.5.3.1.5 allows 512, and EHLO lines of real servers stay far below
MAX_LINES = 100  # of one reply
_SHOWN_LINES = 12  # lines of a reply in evidence
_SHOWN_OCTETS = 300  # of a line in evidence
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_SENDING = ("DATA", "BDAT", "BURL", "AUTH", "TURN", "ETRN", "ATRN")


class Trouble(StrEnum):
    """Why there is no reply."""

    REFUSED = "connection refused"
    UNREACHABLE = "no way there"
    TIMEOUT = "no answer in time"
    SLOW = "answer not complete in time"
    CLOSED = "connection closed"
    FLOOD = "more than a reply may have"
    NOT_SMTP = "no SMTP reply"
    UNASKED = "a reply that nobody asked for"
    UNTRUSTED = "certificate not trusted"
    TLS = "no TLS session"


UNDECIDED = frozenset({Trouble.UNREACHABLE, Trouble.TIMEOUT, Trouble.SLOW})
"""Troubles that say nothing of the server: the way there, or its patience, may be the cause."""


class SmtpTrouble(Exception):  # noqa: N818 - an outcome of a conversation, not an error in the program
    """The conversation came to nothing: why, and what was seen."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of RFC 5321 4.2: its code, and the text of each line without code and line end.

    Octets outside UTF-8 are kept as `\\xNN`. `bare_lf`: a line ended in LF alone, which RFC 5321 2.3.8 forbids.
    """

    code: int
    lines: tuple[str, ...]
    bare_lf: bool = False

    @property
    def text(self) -> str:
        """The first line, as people quote it: `220 mail.example.com ESMTP`."""
        return f"{self.code} {self.lines[0]}".rstrip()

    @property
    def keywords(self) -> tuple[str, ...]:
        """The extensions that a reply to EHLO offers, in capitals: the first word of each line but the first."""
        return tuple(dict.fromkeys(words[0].upper() for line in self.lines[1:] if (words := line.split())))

    @property
    def said_name(self) -> str:
        """The first word: where a server says its name in a greeting and in its reply to EHLO (RFC 5321 4.2, 4.3.1)."""
        words = self.lines[0].split()
        return words[0] if words else ""

    @property
    def seen(self) -> str:
        """All of it in one line, for evidence."""
        shown = [f"{self.code} {line[:_SHOWN_OCTETS]}".rstrip() for line in self.lines[:_SHOWN_LINES]]
        left = len(self.lines) - len(shown)
        return " / ".join([*shown, f"and {left} more lines"] if left else shown)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server's own certificate says. `names` are the DNS names of subjectAltName; times are in UTC."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    addresses: tuple[IPAddress, ...]
    not_before: datetime
    not_after: datetime
    key: str
    bits: int

    def is_for(self, name: str | IPAddress) -> bool:
        """Whether it names a host or an address (RFC 9525 6.3: a `*` stands for the whole first label alone)."""
        if not isinstance(name, str):
            return name in self.addresses
        wanted = name.lower().removesuffix(".")
        _, dot, rest = wanted.partition(".")
        mine = {one.lower().removesuffix(".") for one in self.names}
        return wanted in mine or (bool(dot) and "." in rest and f"*.{rest}" in mine)


class Chain(StrEnum):
    """Whether a certificate leads to a root that this machine trusts."""

    TRUSTED = "trusted"
    UNTRUSTED = "not trusted"
    UNKNOWN = "not known"
    """It was not looked at, or this machine has no roots to compare with."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A TLS session: its version (`TLSv1.3`), its cipher, the server's certificate where it could be read.

    `sent` has the certificates in DER form as they came, the server's own first.
    """

    version: str
    cipher: str
    certificate: Certificate | None
    chain: Chain = Chain.UNKNOWN
    sent: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def seen(self) -> str:
        """All of it in one line, for evidence."""
        told = f"{self.version} {self.cipher}"
        if (one := self.certificate) is None:
            return f"{told}; the certificate cannot be read"
        names = ", ".join([*one.names[:_SHOWN_LINES], *map(str, one.addresses[:_SHOWN_LINES])]) or "no names"
        return (
            f"{told}; certificate for {names}, valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, "
            f"{one.key} {one.bits}, issued by {one.issuer}"
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """Octets that came, and what cut them short, if anything did."""

    data: bytes
    trouble: Trouble | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a server gets: to take the connection, for one reply, for the whole conversation, for QUIT.

    RFC 5321 4.5.3.2 gives a greeting five minutes; a run has its deadline. A greeting that is held back (postscreen: 6
    seconds) fits in.
    """

    connect: float = 5.0
    reply: float = 12.0
    conversation: float = 20.0
    closing: float = 2.0


class Wire(ABC):
    """One open connection. It reports what it heard, and judges nothing."""

    @property
    @abstractmethod
    def local(self) -> IPAddress | None:
        """The address of this end."""

    @abstractmethod
    async def exchange(self, command: str | None, timeout: float) -> Heard:  # noqa: ASYNC109 - a limit of the wire
        """Send a command (`None`: nothing, the greeting is awaited) and listen for one reply, `timeout` seconds long.

        What came since the last exchange stands in front of what comes now.
        """

    @abstractmethod
    async def start_tls(
        self,
        server_name: str | None,
        timeout: float,  # noqa: ASYNC109
        *,
        verify: bool,
    ) -> tuple[Heard, Secured | None]:
        """Send STARTTLS, and make the handshake where the answer is 220.

        With `verify`, a certificate that leads to no trusted root ends it (`UNTRUSTED`); its names are not compared.
        """

    def time(self) -> float:
        """The clock by which a conversation is bounded, in seconds."""
        return asyncio.get_running_loop().time()

    @abstractmethod
    def close(self, parting: str = "") -> None:
        """Drop the connection; say a last command, if one is given, and wait for no answer."""


class Dialer(ABC):
    """What checks use to connect: the port."""

    limits: Limits = Limits()

    @abstractmethod
    async def dial(self, address: IPAddress, port: int) -> Wire:
        """Connect. Raises `SmtpTrouble`: `REFUSED`, `UNREACHABLE`, `TIMEOUT`, `CLOSED`."""

    @property
    def has_roots(self) -> bool:
        """Whether there are root certificates to compare a chain with."""
        return True


class Conversation:
    """A dialogue with one server, one reply at a time. Raises `SmtpTrouble` wherever there is no reply.

    `transcript` grows with each exchange. Use it as `async with`: at the end QUIT is said, whatever happened.
    """

    def __init__(self, wire: Wire, limits: Limits, label: str) -> None:
        self.wire = wire
        self.transcript: list[Evidence] = []
        self._limits = limits
        self._label = label
        self._end = wire.time() + limits.conversation
        self._open = True

    async def __aenter__(self) -> "Conversation":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Past the deadline of the run nobody waits for an answer to QUIT any more; it is said all the same.
        cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        try:
            if self._open and not cancelled:
                await self.wire.exchange("QUIT", self._limits.closing)
        finally:
            self.wire.close(parting="QUIT" if cancelled and self._open else "")

    async def greeting(self) -> Reply:
        """Wait for what the server says first."""
        return self._read(f"connect {self._label}", await self.wire.exchange(None, self._left()))

    async def command(self, text: str) -> Reply:
        """Say a command and hear its reply. Raises `ValueError` for one that sends mail or breaks out of its line."""
        if text.split(" ")[0].upper() in _SENDING or not text.isascii() or not text.isprintable():
            raise ValueError(f"not a command to be sent from here: {text!r}")
        return self._read(text, await self.wire.exchange(text, self._left()))

    async def start_tls(self, server_name: str | None, *, verify: bool) -> tuple[Reply, Secured | None]:
        """Go over to TLS. The value is the reply to STARTTLS and, where it is 220, the session.

        Raises `SmtpTrouble`: `UNASKED` where anything came in clear after the reply (RFC 3207 4.2; it may be somebody
        on the way who wants it read as part of the secure session), `UNTRUSTED`, `TLS`, or what ends a conversation.
        """
        heard, secured = await self.wire.start_tls(server_name, self._left(), verify=verify)
        # Where something stands behind the reply, that is the worse fault than a handshake which failed for it.
        reply = self._read("STARTTLS", heard)
        if heard.trouble is not None:
            self._open = False
            self.transcript.append(Evidence("smtp", f"TLS {self._label}", f"{heard.trouble}: {heard.detail}"))
            raise SmtpTrouble(heard.trouble, heard.detail)
        if secured is not None:
            self.transcript.append(Evidence("smtp", f"TLS {self._label}", secured.seen))
        return reply, secured

    def _left(self) -> float:
        left = self._end - self.wire.time()
        if left <= 0:
            self._fail("", Trouble.TIMEOUT, "the server is too slow as a whole", b"")
        return min(left, self._limits.reply)

    def _read(self, asked: str, heard: Heard) -> Reply:
        """The one reply in what was heard, and nothing after it."""
        try:
            reply, rest = read_reply(heard.data)
        except SmtpTrouble as broken:
            self._fail(asked, broken.trouble, broken.detail, heard.data)
        if reply is None:
            trouble = heard.trouble or Trouble.CLOSED
            if heard.data and trouble is Trouble.TIMEOUT:
                trouble = Trouble.SLOW
            self._fail(asked, trouble, heard.detail, heard.data)
        self.transcript.append(Evidence("smtp", asked, reply.seen))
        if rest:
            self._fail(asked, Trouble.UNASKED, shown(rest), rest)
        return reply

    def _fail(self, asked: str, trouble: Trouble, detail: str, data: bytes) -> NoReturn:
        # A server that keeps silent, or says what it was not asked, would not understand QUIT either.
        self._open = False
        seen = f"{trouble}: {shown(data)}" if data else str(trouble)
        if asked:
            self.transcript.append(Evidence("smtp", asked, seen))
        raise SmtpTrouble(trouble, detail or shown(data))


def read_reply(data: bytes) -> tuple[Reply | None, bytes]:
    """The reply that octets begin with, and what is behind it; no reply where its last line is not there yet.

    Strict by RFC 5321 4.2.1: each line begins with the same code, a hyphen after it in all lines but the last. A line
    end of LF alone is let pass and told. Raises `SmtpTrouble` (`NOT_SMTP`, `FLOOD`).
    """
    lines: list[str] = []
    code, bare_lf, start = b"", False, 0
    while (end := data.find(b"\n", start)) >= 0:
        line = data[start:end]
        if len(line) > MAX_LINE:
            raise SmtpTrouble(Trouble.FLOOD, f"a line of {len(line)} octets")
        bare_lf = bare_lf or not line.endswith(b"\r")
        match = _LINE.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            raise SmtpTrouble(Trouble.NOT_SMTP, shown(line))
        if code not in (b"", match[1]):
            raise SmtpTrouble(Trouble.NOT_SMTP, f"one reply with two codes, {code.decode()} and {match[1].decode()}")
        code = match[1]
        lines.append((match[3] or b"").decode("utf-8", "backslashreplace"))
        start = end + 1
        if match[2] != b"-":
            return Reply(int(code), tuple(lines), bare_lf), data[start:]
        if len(lines) >= MAX_LINES:
            raise SmtpTrouble(Trouble.FLOOD, f"a reply of more than {MAX_LINES} lines")
    begun = data[start:]
    if len(begun) > MAX_LINE:
        raise SmtpTrouble(Trouble.FLOOD, f"{len(begun)} octets without a line end")
    if begun and not _may_begin(begun):
        raise SmtpTrouble(Trouble.NOT_SMTP, shown(begun))
    return None, b""


def _may_begin(data: bytes) -> bool:
    """Whether a line without its end may become one of a reply."""
    return bool(re.match(rb"[2-5]([0-9]([0-9]([ \r-]|\Z)|\Z)|\Z)", data))


def shown(data: bytes) -> str:
    """Octets for evidence: as UTF-8 where they are, the others as `\\xNN`, and not too many of them."""
    text = data[:_SHOWN_OCTETS].decode("utf-8", "backslashreplace")
    return f"{text}… ({len(data)} octets)" if len(data) > _SHOWN_OCTETS else text
