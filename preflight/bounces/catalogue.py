"""The bounce catalogue: one TOML file a provider under `data/`, read and validated when first used.

A file has the provider's id, its name, its sources by a short name with the date of the last look at them, whether its
codes stand on the board of every run (`board = false`: only with a profile that names them), then one `[[bounce]]` for
each code. A provider with very many codes may have several files. docs/architecture.md describes the
format.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import msgspec

from preflight.errors import CatalogueError
from preflight.text import Words

Coverage = Literal["full", "partial", "external"]
Category = Literal[
    "rate", "reputation", "dnsbl", "dynamic-ip", "ptr", "helo", "auth", "content", "open-relay", "relay-denied",
    "complaints", "compromised", "dir-harvest", "user-unknown", "mailbox-full", "mailbox-disabled", "size", "tls",
    "policy", "protocol", "rfc-format", "routing", "domain-unknown", "sender-invalid", "greylist", "temp-system",
    "unknown",
]  # fmt: skip


_Line = Annotated[str, msgspec.Meta(pattern=r"^\S(.*\S)?\Z")]  # a text of one line, with no space around it
_Reply = Annotated[str, msgspec.Meta(pattern=r"^[45][0-9]{2}( \S(.*\S)?)?\Z")]  # RFC 5321 4.2: a code and a text


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in more than one language; stricter than `Words`, so that a misspelt language is found."""

    en: _Line
    zh: _Line | None = None

    @property
    def words(self) -> Words:
        return Words(self.en, self.zh or "")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[bounce]]` of a file."""

    code: _Line
    reply: _Reply
    permanent: bool
    category: Category
    coverage: Coverage
    meaning: _Text
    causes: list[_Text]
    advice: list[_Text]
    source: list[_Line]
    rules: list[_Line] = []
    also: list[_Line] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the catalogue."""

    provider: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]
    name: _Text
    checked: date
    sources: dict[str, _Text]
    bounce: list[_Entry]
    board: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A reply by which a receiver turns mail away.

    `id` is `provider/code`. `reply` is how it begins on the wire. `permanent`: a 5xx reply, not to be tried again as it
    is (RFC 5321 4.2.1). `coverage` says how far the rules decide it: `full`, `partial` (they find the usual causes),
    `external` (nothing can be seen from outside). `rules` are the rules that predict it. `advice` has the steps to
    take, the first one first. `also` has other words of the reply by which it is known, for receivers that do not begin
    with the code or leave it out. `on_board`: it has a row on the board of each run without a profile.
    """

    id: str
    provider: Words
    reply: str
    permanent: bool
    category: Category
    coverage: Coverage
    meaning: Words
    causes: tuple[Words, ...]
    advice: tuple[Words, ...]
    rules: tuple[str, ...]
    source: tuple[Words, ...]
    checked: date
    also: tuple[str, ...] = ()
    on_board: bool = True

    @property
    def advice_now(self) -> Words:
        """The first step to take."""
        return self.advice[0]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All known bounces by id, in the order of the files."""

    bounces: Mapping[str, Bounce]

    def find(self, text: str) -> list[Bounce]:
        """The bounces that a user means by `DY-001`, `microsoft/DY-001`, `550 DY-001`, words of a reply or a whole one.

        An exact id, code or reply wins; else those whose reply contains the text; else those whose reply (or words
        in `also`) the text contains, as a line of a log does. Case, repeated spaces and the hyphen after the reply
        code of a multi-line reply (RFC 5321 4.2.1) do not matter. Nothing is found for an empty text.
        """
        wanted = _normal(text)
        if not wanted:
            return []
        known = self.bounces.values()
        exact = [bounce for bounce in known if wanted in map(_normal, (bounce.id, _code(bounce), bounce.reply))]
        return (
            exact
            or [bounce for bounce in known if any(wanted in one for one in _wordings(bounce))]
            or [bounce for bounce in known if any(_has_words(wanted, one) for one in _wordings(bounce))]
        )


def _code(bounce: Bounce) -> str:
    return bounce.id.partition("/")[2]


def _wordings(bounce: Bounce) -> list[str]:
    return [_normal(words) for words in (bounce.reply, *bounce.also)]


def _normal(text: str) -> str:
    return _MULTI_LINE.sub(r"\1 ", " ".join(text.lower().split()))


_MULTI_LINE = re.compile(r"\b([245][0-9]{2})-(?=\S)")


def _has_words(text: str, words: str) -> bool:
    """Whether the text has the words, not as a part of longer ones (`550 SC-001` is not in `550 SC-0012`)."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with preflight. Raises `CatalogueError` that names the file and what is wrong in it."""
    folder = resources.files("preflight.bounces") / "data"
    return read_catalogue(sorted(folder.iterdir(), key=lambda entry: entry.name))


def read_catalogue(files: Iterable[Traversable]) -> Catalogue:
    """Read and validate catalogue files; those that do not end in `.toml` are passed over.

    Raises `CatalogueError`, with the name of the file, for one that breaks the format: a missing, unknown or empty
    field, a code that occurs twice, an entry without causes, advice or source, a reply whose first digit contradicts
    `permanent`, rules on an entry of external coverage or none on another, a source that the file does not have or that
    no entry has.
    """
    bounces: dict[str, Bounce] = {}
    for file in files:
        if file.name.endswith(".toml"):
            for bounce in _read_file(file):
                if bounce.id in bounces:
                    raise CatalogueError(f"{file.name}: {bounce.id} occurs twice")
                bounces[bounce.id] = bounce
    return Catalogue(bounces)


def _read_file(file: Traversable) -> list[Bounce]:
    try:
        read = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error
    for entry in read.bounce:
        _validate(entry, read.sources, f"{file.name}: {entry.code}")
    for name in read.sources:
        if not any(name in entry.source for entry in read.bounce):
            raise CatalogueError(f"{file.name}: no bounce has the source {name!r}")
    return [
        Bounce(
            id=f"{read.provider}/{entry.code}",
            provider=read.name.words,
            reply=entry.reply,
            permanent=entry.permanent,
            category=entry.category,
            coverage=entry.coverage,
            meaning=entry.meaning.words,
            causes=tuple(text.words for text in entry.causes),
            advice=tuple(text.words for text in entry.advice),
            rules=tuple(entry.rules),
            source=tuple(read.sources[name].words for name in entry.source),
            checked=read.checked,
            also=tuple(entry.also),
            on_board=read.board,
        )
        for entry in read.bounce
    ]


def _validate(entry: _Entry, sources: Mapping[str, _Text], where: str) -> None:
    if not (entry.causes and entry.advice and entry.source):
        raise CatalogueError(f"{where}: causes, advice and source each need at least one entry")
    for name in entry.source:
        if name not in sources:
            raise CatalogueError(f"{where}: the file has no source {name!r}")
    if entry.reply[:1] != ("5" if entry.permanent else "4"):
        raise CatalogueError(f"{where}: reply {entry.reply!r} and permanent = {entry.permanent} contradict each other")
    if (entry.coverage == "external") == bool(entry.rules):
        raise CatalogueError(f"{where}: external coverage goes without rules, full and partial with some")
    if len(set(entry.rules)) != len(entry.rules):
        raise CatalogueError(f"{where}: a rule is named twice")
