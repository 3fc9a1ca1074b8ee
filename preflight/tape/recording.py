"""The file of a recorded run: its form, and how it is written and read.

Octets from servers are kept as text, each octet being the character of its number (Latin-1), so that SMTP lines can be
read; messages, which may be large and binary, are in Base64. Where something from outside stands in a struct of its own
here and not in that of the engine, it is because the file is a format: it changes by a version, not by accident.

A further kind of exchange takes three things: a struct here and a list of them in `Recording`, a door in `record.py`
that fills it, and one in `replay.py` that reads it.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from preflight import __version__
from preflight.config import ConfigTable
from preflight.errors import ConfigError
from preflight.files import read_bounded
from preflight.findings import Place
from preflight.text import visible

MAX_OCTETS = 512 * 1024 * 1024  # of a file: hundreds of subjects, each with a message, fit
SCHEMA = "preflight-flight/1"


Time = Annotated[datetime, msgspec.Meta(tz=True)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file."""


class MessageFacts(_Part, frozen=True):
    """A message: the label to show, and its octets."""

    label: str
    data: bytes


class SubjectFacts(_Part, frozen=True):
    """A subject as it was before anything was asked; see `preflight.subject.Subject`. Servers as `host:port`."""

    name: str = ""
    host: str | None = None
    ips: list[str] = []
    helo: str | None = None
    domain: str | None = None
    message: MessageFacts | None = None
    server: str | None = None
    probe: bool = False
    relay: bool = False
    outbound: str | None = None
    mail_from: list[str] = []
    dkim_selectors: list[str] = []
    ips_unknown: str = ""


class PlaceFacts(_Part, frozen=True):
    """A place in a zone file."""

    file: str
    line: int
    column: int = 0

    @classmethod
    def of(cls, place: Place) -> "PlaceFacts":
        """The facts of a place."""
        return cls(place.file, place.line, place.column)

    def place(self) -> Place:
        """The place again."""
        return Place(self.file, self.line, self.column)


class DnsFacts(_Part, frozen=True):
    """A question and what came of it. `opinion`: what the zone's own servers said to an empty answer.

    `unfinished`: the run ended before there was an answer. `reason` and `detail` are of questions without one.
    """

    question: str
    outcome: Literal["records", "no-data", "no-such-name", "unanswered", "unfinished"]
    values: list[str] = []
    aliases: list[str] = []
    note: str = ""
    places: list[PlaceFacts] = []
    reason: str = ""
    detail: str = ""
    opinion: bool = False
    authenticated: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether nobody knows what would have come of it."""
        return self.outcome == "unfinished"


class CertificateFacts(_Part, frozen=True):
    """See `preflight.net.smtp.Certificate`."""

    subject: str
    issuer: str
    names: list[str]
    addresses: list[str]
    not_before: Time
    not_after: Time
    key: str
    bits: int


class SecuredFacts(_Part, frozen=True):
    """See `preflight.net.smtp.Secured`."""

    version: str
    cipher: str
    certificate: CertificateFacts | None
    chain: str
    sent: list[bytes] = []


class StepFacts(_Part, frozen=True):
    """A command and what was heard. `said` is null where the greeting was awaited; `tls`: with the handshake."""

    said: str | None = None
    heard: str = ""
    trouble: str | None = None
    detail: str = ""
    tls: bool = False
    secured: SecuredFacts | None = None
    unfinished: bool = False


class ConnectionFacts(_Part, frozen=True):
    """A connection: on whose behalf, to where, what came of it. `times` are the looks at the clock, in seconds."""

    errand: str
    address: str
    port: int
    trouble: str | None = None
    detail: str = ""
    local: str | None = None
    steps: list[StepFacts] = []
    times: list[float] = []
    unfinished: bool = False


class PageFacts(_Part, frozen=True):
    """A page that was asked for over HTTPS: on whose behalf, where, and what came. See `preflight.net.https.Page`."""

    errand: str
    address: str
    host: str
    path: str
    status: int = 0
    media_type: str = ""
    location: str = ""
    body: bytes = b""
    failure: str | None = None
    detail: str = ""
    unfinished: bool = False


class ProgramFacts(_Part, frozen=True):
    """A program of the machine, asked about octets with that SHA-256, and what it wrote, or why it could not be run."""

    command: list[str]
    about: str
    wrote: str = ""
    errno: int = 0
    unfinished: bool = False


class TimingFacts(_Part, frozen=True):
    """When the checks of a subject began, and how many seconds they took."""

    started_at: Time
    duration: Seconds


class CutFacts(_Part, frozen=True):
    """Where the deadline cut the run off: judgements begun and ended."""

    begun: int
    ended: int


class ChoiceFacts(_Part, frozen=True):
    """What the command line said above the configuration."""

    select: list[str] = []
    ignore: list[str] = []
    fail_on: str | None = None
    profile: str | None = None
    bulk: bool | None = None
    whole: bool = True


class RunFacts(_Part, frozen=True):
    """The circumstances: the clock, chance, limits in seconds, the machine, lengths of secrets by name."""

    now: Time
    today: date
    nonce: str
    deadline: Seconds
    limits: dict[str, Seconds]
    has_roots: bool
    servers: list[str]
    secrets: dict[str, Annotated[int, msgspec.Meta(ge=1, le=1000)]]
    timings: list[TimingFacts]
    choice: ChoiceFacts
    config: ConfigTable
    config_file: str
    cut: CutFacts | None = None


class Recording(_Part, frozen=True, tag_field="schema", tag=SCHEMA, omit_defaults=False):
    """A run: its circumstances, its subjects, and all that was asked and answered, by kind."""

    version: str
    run: RunFacts
    subjects: Annotated[list[SubjectFacts], msgspec.Meta(min_length=1)]
    dns: list[DnsFacts]
    smtp: list[ConnectionFacts]
    https: list[PageFacts]
    programs: list[ProgramFacts]
    installed: dict[str, list[str] | None]
    memory: dict[str, Time | None]


class _Tagged(msgspec.Struct, frozen=True):
    schema: str
    version: str = ""


def to_text(recording: Recording, masks: Iterable[Callable[[str], str]] = ()) -> str:
    """The recording as JSON (ASCII), with every mask applied to every text in it, within octets of messages too."""
    masks = list(masks)

    def masked(value: Any) -> Any:
        match value:
            case str():
                for mask in masks:
                    value = mask(value)
                return value
            case bytes():
                return msgspec.to_builtins(masked(value.decode("latin-1")).encode("latin-1"))
            case list():
                return [masked(one) for one in value]
            case dict():
                return {masked(key): masked(one) for key, one in value.items()}
            case _:
                return value

    plain = msgspec.to_builtins(recording, builtin_types=(bytes,))
    return json.dumps(masked(plain), ensure_ascii=True, indent=1, allow_nan=False) + "\n"


def load_recording(path: Path) -> Recording:
    """Read a recording. Raises `ConfigError` with one line: the file, what is wrong with it."""
    label = f"--replay {visible(str(path))}"
    try:
        data = read_bounded(path, MAX_OCTETS)
    except OSError as error:
        raise ConfigError(f"{label}: {error.strerror}; give a file that --record has written") from None
    return read_recording(data, label)


def read_recording(data: bytes, label: str = "recording") -> Recording:
    """Read the octets of a recording; see `load_recording`."""
    try:
        schema = msgspec.json.decode(data, type=_Tagged).schema
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ConfigError(f"{label}: no recording, or a damaged one; give a file that --record has written") from None
    if schema != SCHEMA:
        raise ConfigError(
            f"{label}: its form is {visible(schema, limit=40)!r}; preflight {__version__} reads {SCHEMA!r}"
        )
    try:
        return msgspec.json.decode(data, type=Recording)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ConfigError(f"{label}: damaged: {visible(str(error), limit=200)}") from None
