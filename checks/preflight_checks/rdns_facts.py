"""The facts on names in reverse DNS: `data/rdns.toml`, read and validated when first used.

The file has tables of words by class (`[words.<class>]`), the names that providers give by themselves (`[[template]]`)
and the operators whose sending pools carry addresses in their names (`[[sender]]`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from preflight.errors import CatalogueError

Kind = Literal["dynamic", "generic-static"]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    words: list[str]
    glued: list[str]
    not_glued: list[str]


class _Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dynamic: _Words
    pool: _Words
    access: _Words
    customer: _Words
    static: _Words
    hosting: _Words
    mail: _Words
    placeholder: _Words


class _Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    provider: str
    kind: Kind
    pattern: str
    source: str
    match: list[str]
    no_match: list[str]


class _Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operator: str
    suffix: list[str]
    source: str
    match: list[str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    source: list[str]
    words: _Classes
    template: list[_Template]
    sender: list[_Sender]


@dataclass(frozen=True, slots=True)
class WordClass:
    """The words of one class. `find` tells which of them a word is."""

    words: frozenset[str]
    glued: tuple[str, ...]
    not_glued: frozenset[str]

    def find(self, word: str) -> str | None:
        """The word of the table that a word is, or that it begins or ends with; else `None`."""
        if word in self.words:
            return word
        if word in self.not_glued:
            return None
        return next((part for part in self.glued if word.startswith(part) or word.endswith(part)), None)


@dataclass(frozen=True, slots=True)
class Template:
    """The names that a provider gives by itself. `matches` takes a whole name, in lower case without its last dot."""

    provider: str
    kind: Kind
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]

    def matches(self, name: str) -> bool:
        """Whether the name is one of these."""
        return self.pattern.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Sender:
    """An operator whose sending hosts are known. `matches` takes a name as `Template.matches` does."""

    operator: str
    suffixes: tuple[str, ...]
    examples: tuple[str, ...]

    def matches(self, name: str) -> bool:
        """Whether the name is one of the operator's."""
        return any(name == suffix or name.endswith(f".{suffix}") for suffix in self.suffixes)


@dataclass(frozen=True, slots=True)
class Facts:
    """All of the file: word classes by their name, templates, senders."""

    words: Mapping[str, WordClass]
    templates: tuple[Template, ...]
    senders: tuple[Sender, ...]


@cache
def load_facts() -> Facts:
    """The facts that ship with the checks. Raises `CatalogueError` that says what is wrong in the file."""
    return read_facts(resources.files("preflight_checks") / "data" / "rdns.toml")


def read_facts(file: Traversable) -> Facts:
    """Read and validate a file of facts.

    Raises `CatalogueError` for a missing or unknown field, a pattern that is no regular expression, a word that is not
    in lower case or stands in its class twice, and a template or sender without source or examples.
    """
    try:
        read = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error
    classes = msgspec.structs.asdict(read.words)
    return Facts(
        words={name: _word_class(words, f"{file.name}: words.{name}") for name, words in classes.items()},
        templates=tuple(_template(entry, f"{file.name}: {entry.provider}") for entry in read.template),
        senders=tuple(_sender(entry, f"{file.name}: {entry.operator}") for entry in read.sender),
    )


def _word_class(words: _Words, where: str) -> WordClass:
    for listed in (words.words, words.glued, words.not_glued):
        for word in listed:
            if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
                raise CatalogueError(f"{where}: {word!r} is not made of lower-case letters and inner hyphens")
        if len(set(listed)) != len(listed):
            raise CatalogueError(f"{where}: a word is named twice")
    return WordClass(frozenset(words.words), tuple(words.glued), frozenset(words.not_glued))


def _template(entry: _Template, where: str) -> Template:
    try:
        pattern = re.compile(entry.pattern)
    except re.error as error:
        raise CatalogueError(f"{where}: pattern: {error}") from error
    if not (entry.match and entry.no_match and entry.source):
        raise CatalogueError(f"{where}: source, match and no-match each need at least one entry")
    return Template(entry.provider, entry.kind, pattern, tuple(entry.match), tuple(entry.no_match))


def _sender(entry: _Sender, where: str) -> Sender:
    if not (entry.suffix and entry.match and entry.source):
        raise CatalogueError(f"{where}: suffix, source and match each need at least one entry")
    return Sender(entry.operator, tuple(entry.suffix), tuple(entry.match))
