"""The entries of the bounce catalogue, and how they are read from its files; docs/architecture.md has the format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import Id, Line, read_facts
from preflight.text import Words

Coverage = Literal["full", "partial", "external"]
Category = Literal[
    "rate", "reputation", "dnsbl", "dynamic-ip", "ptr", "helo", "auth", "content", "open-relay", "relay-denied",
    "complaints", "compromised", "dir-harvest", "user-unknown", "mailbox-full", "mailbox-disabled", "size", "tls",
    "policy", "protocol", "rfc-format", "routing", "domain-unknown", "sender-invalid", "greylist", "temp-system",
    "unknown",
]  # fmt: skip

_Reply = Annotated[str, msgspec.Meta(pattern=r"^[45][0-9]{2}( \S(.*\S)?)?\Z")]  # RFC 5321 4.2: a code and a text
_Host = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+\Z")]
_Status = Annotated[str, msgspec.Meta(pattern=r"^[x45]\.[0-7]\.(\d{1,3}|\*)\Z")]
_ReplyCode = Annotated[int, msgspec.Meta(ge=400, le=599)]


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in more than one language; stricter than `Words`, so that a misspelt language is found."""

    en: Line
    zh: Line | None = None

    @property
    def words(self) -> Words:
        return Words(self.en, self.zh or "")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"counter_examples": "not"}):
    """One `[[bounce]]` of a file."""

    code: Line
    reply: _Reply
    category: Category
    coverage: Coverage
    meaning: _Text
    causes: list[_Text | Id]
    advice: list[_Text | Id]
    source: list[Line]
    permanent: bool | None = None
    rules: list[Line] = []
    known_by: list[Line] = []
    known_here: list[Line] = []
    last: bool = False
    status: list[_Status] = []
    reply_codes: list[_ReplyCode] = []
    examples: list[Line] = []
    counter_examples: list[Line] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the catalogue."""

    provider: Id
    name: _Text
    checked: date
    sources: dict[str, _Text]
    bounce: list[_Entry]
    board: bool = True
    generic: bool = False
    hosts: list[_Host] = []
    signs: list[Line] = []


Texts = Mapping[str, Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A reply by which a receiver turns mail away.

    `id` is `provider/code`. `reply` is how it begins on the wire. `permanent`: a 5xx reply, not to be tried again as it
    is (RFC 5321 4.2.1), `None` where it comes as either. `coverage` says how far the rules decide it: `full`, `partial`
    (they find the usual causes), `external` (nothing can be seen from outside). `rules` are the rules that predict it.
    `advice` has the steps to take, the first one first.

    A reply is known by the patterns (`patterns.py`) `known_by` wherever it comes from, `known_here` in the provider's
    replies alone, by an enhanced code (`status`) or reply code where nothing else is known; `last`: only where no
    general wording is found. `examples` are replies that are this bounce, `counter_examples` such that look like it and
    are not. `on_board`: it has a row on the board of each run without a profile.
    """

    id: str
    provider: Words
    reply: str
    permanent: bool | None
    category: Category
    coverage: Coverage
    meaning: Words
    causes: tuple[Words, ...]
    advice: tuple[Words, ...]
    rules: tuple[str, ...]
    source: tuple[Words, ...]
    checked: date
    known_by: tuple[str, ...] = ()
    known_here: tuple[str, ...] = ()
    last: bool = False
    status: tuple[str, ...] = ()
    reply_codes: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()
    on_board: bool = True

    @property
    def advice_now(self) -> Words:
        """The first step to take."""
        return self.advice[0]

    @property
    def provider_id(self) -> str:
        """The id of the provider, the first half of the bounce's own."""
        return self.id.partition("/")[0]

    @property
    def code(self) -> str:
        """The second half of the id."""
        return self.id.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Provider:
    """Who gives replies: known by the last labels of a host name (`hosts`) or by patterns in a reply (`signs`).

    `generic`: nobody in particular; its entries are what any server may say.
    """

    id: str
    name: Words
    generic: bool = False
    hosts: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


def read_texts(file: Traversable) -> dict[str, Words]:
    """The texts that several entries share, by name. Raises `CatalogueError`."""
    return {name: text.words for name, text in read_facts(file, dict[Id, _Text]).items()}


def read_entries(file: Traversable, shared: Texts) -> tuple[Provider, list[Bounce]]:
    """The provider and the bounces of a file. Raises `CatalogueError` with its name and what is wrong in it."""
    read = read_facts(file, _File)
    for entry in read.bounce:
        _validate(entry, read.sources, f"{file.name}: {entry.code}")
    for name in read.sources:
        if not any(name in entry.source for entry in read.bounce):
            raise CatalogueError(f"{file.name}: no bounce has the source {name!r}")
    provider = Provider(read.provider, read.name.words, read.generic, tuple(read.hosts), tuple(read.signs))
    return provider, [_bounce(entry, read, shared, f"{file.name}: {entry.code}") for entry in read.bounce]


def _bounce(entry: _Entry, file: _File, shared: Texts, where: str) -> Bounce:
    return Bounce(
        id=f"{file.provider}/{entry.code}",
        provider=file.name.words,
        reply=entry.reply,
        permanent=entry.permanent,
        category=entry.category,
        coverage=entry.coverage,
        meaning=entry.meaning.words,
        causes=tuple(_words(entry.causes, shared, where)),
        advice=tuple(_words(entry.advice, shared, where)),
        rules=tuple(entry.rules),
        source=tuple(file.sources[name].words for name in entry.source),
        checked=file.checked,
        known_by=tuple(entry.known_by),
        known_here=tuple(entry.known_here),
        last=entry.last,
        status=tuple(entry.status),
        reply_codes=tuple(entry.reply_codes),
        examples=tuple(entry.examples),
        counter_examples=tuple(entry.counter_examples),
        on_board=file.board,
    )


def _words(texts: list[_Text | str], shared: Texts, where: str) -> Iterator[Words]:
    for text in texts:
        if isinstance(text, _Text):
            yield text.words
        elif text in shared:
            yield shared[text]
        else:
            raise CatalogueError(f"{where}: there is no shared text {text!r}")


def _validate(entry: _Entry, sources: Mapping[str, _Text], where: str) -> None:
    if not (entry.causes and entry.advice and entry.source):
        raise CatalogueError(f"{where}: causes, advice and source each need at least one entry")
    for name in entry.source:
        if name not in sources:
            raise CatalogueError(f"{where}: the file has no source {name!r}")
    if entry.permanent is not None and entry.reply[:1] != ("5" if entry.permanent else "4"):
        raise CatalogueError(f"{where}: reply {entry.reply!r} and permanent = {entry.permanent} contradict each other")
    if (entry.coverage == "external") == bool(entry.rules):
        raise CatalogueError(f"{where}: external coverage goes without rules, full and partial with some")
    if len(set(entry.rules)) != len(entry.rules):
        raise CatalogueError(f"{where}: a rule is named twice")
    if not (entry.known_by or entry.known_here or entry.status or entry.reply_codes):
        raise CatalogueError(f"{where}: nothing says by what a reply is known to be this one")
