"""The facts on names in reverse DNS: `data/rdns.toml`, read and validated when first used.

The file has tables of words by class (`[words.<class>]`), the names that providers give by themselves
(`[[template]]`), suffixes of providers (`[[network]]`), and the operators whose sending pools carry addresses in their
names (`[[sender]]`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, NamedTuple

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts as read_strictly

Kind = Literal["dynamic", "generic-static"]

_LABELS = 7  # labels at the end of a name that a suffix can have
_SUFFIX = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    words: list[str]
    glued: list[str]
    not_glued: list[str]
    within: list[str] = []


class _Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dynamic: _Words
    pool: _Words
    access: _Words
    customer: _Words
    address: _Words
    static: _Words
    hosting: _Words
    mail: _Words
    post: _Words
    placeholder: _Words


class _Domains(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    servers: str
    lines: str


class _Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    provider: str
    kind: Kind
    suffix: list[str]
    pattern: str
    source: str
    match: list[str]
    no_match: list[str]


class _Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    name: str
    kind: Kind
    every: bool
    suffix: list[str]
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
    domains: _Domains
    template: list[_Template]
    network: list[_Network]
    sender: list[_Sender]


@dataclass(frozen=True, slots=True)
class WordClass:
    """The words of one class. `find` tells which of them a word is."""

    words: frozenset[str]
    glued: tuple[str, ...]
    not_glued: frozenset[str]
    within: tuple[str, ...] = ()

    def find(self, word: str) -> str | None:
        """The word of the table that a word is, that it begins or ends with, or has in it; else `None`."""
        if word in self.words:
            return word
        if word in self.not_glued:
            return None
        glued = next((part for part in self.glued if word.startswith(part) or word.endswith(part)), None)
        return glued or next((part for part in self.within if part in word), None)


@dataclass(frozen=True, slots=True)
class Template:
    """The names that a provider gives by itself. `matches` takes a whole name, in lower case without its last dot.

    `suffixes`: where such names stand; none for a form that is known by itself."""

    provider: str
    kind: Kind
    suffixes: tuple[str, ...]
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]

    def matches(self, name: str) -> bool:
        """Whether the name is one of these."""
        return self.pattern.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Network:
    """Whose names stand under some suffixes. `every`: each name there is of the kind, mail hosts aside."""

    name: str
    kind: Kind
    every: bool
    suffixes: tuple[str, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """An operator whose sending hosts are known. `matches` takes a name as `Template.matches` does."""

    operator: str
    suffixes: tuple[str, ...]
    examples: tuple[str, ...]

    def matches(self, name: str) -> bool:
        """Whether the name is one of the operator's."""
        return any(name == suffix or name.endswith(f".{suffix}") for suffix in self.suffixes)


class Under(NamedTuple):
    """What the file has for the end of a name. `suffix` is the one of the network, which is the longest that fits."""

    sender: Sender | None = None
    templates: tuple[Template, ...] = ()
    network: Network | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of the file: word classes by their name, patterns for domains, templates, networks, senders."""

    words: Mapping[str, WordClass]
    servers: re.Pattern[str]
    lines: re.Pattern[str]
    templates: tuple[Template, ...]
    networks: tuple[Network, ...]
    senders: tuple[Sender, ...]
    by_suffix: Mapping[str, Under]
    anywhere: tuple[Template, ...]

    def under(self, name: str) -> Under:
        """What the file has for the end of a name, found by looking each suffix of the name up."""
        by_suffix = self.by_suffix
        labels = name.rsplit(".", _LABELS)
        suffix = labels.pop()
        sender, templates, network, longest = None, self.anywhere, None, ""
        while True:
            if (more := by_suffix.get(suffix)) is not None:
                sender = more.sender or sender
                templates = more.templates + templates
                if more.network is not None:
                    network, longest = more.network, suffix
            if not labels:
                return Under(sender, templates, network, longest)
            suffix = f"{labels.pop()}.{suffix}"


@cache
def load_facts() -> Facts:
    """The facts that ship with the checks. Raises `CatalogueError` that says what is wrong in the file."""
    return read_facts(resources.files("preflight_checks") / "data" / "rdns.toml")


def read_facts(file: Traversable) -> Facts:
    """Read and validate a file of facts.

    Raises `CatalogueError` for a missing or unknown field, a pattern that is no regular expression, a word that is not
    in lower case or stands in its class twice, a suffix that is none or stands in two rows of a kind, and a template,
    network or sender without source or examples.
    """
    read = read_strictly(file, _File)
    classes = msgspec.structs.asdict(read.words)
    words = {name: _word_class(words, f"{file.name}: words.{name}") for name, words in classes.items()}
    servers, lines = (
        _pattern(pattern, f"{file.name}: domains") for pattern in (read.domains.servers, read.domains.lines)
    )
    templates = tuple(_template(entry, f"{file.name}: {entry.provider}") for entry in read.template)
    networks = tuple(_network(entry, f"{file.name}: {entry.name}") for entry in read.network)
    senders = tuple(_sender(entry, f"{file.name}: {entry.operator}") for entry in read.sender)
    return facts_of(words, (servers, lines), templates, networks, senders, file.name)


def facts_of(
    words: Mapping[str, WordClass],
    domains: tuple[re.Pattern[str], re.Pattern[str]],
    templates: tuple[Template, ...],
    networks: tuple[Network, ...],
    senders: tuple[Sender, ...],
    where: str = "facts",
) -> Facts:
    """Facts with their table of suffixes. Raises `CatalogueError` when two networks or two senders have one suffix."""
    by_suffix: dict[str, Under] = {}
    for sender in senders:
        for suffix in sender.suffixes:
            if suffix in by_suffix:
                raise CatalogueError(f"{where}: {sender.operator}: {suffix} is another sender's suffix already")
            by_suffix[suffix] = Under(sender=sender)
    for network in networks:
        for suffix in network.suffixes:
            old = by_suffix.get(suffix, Under())
            if old.network is not None:
                raise CatalogueError(f"{where}: {network.name}: {suffix} is another network's suffix already")
            by_suffix[suffix] = Under(old.sender, old.templates, network, suffix)
    for template in templates:
        for suffix in template.suffixes:
            old = by_suffix.get(suffix, Under())
            by_suffix[suffix] = Under(old.sender, (*old.templates, template), old.network, old.suffix)
    anywhere = tuple(template for template in templates if not template.suffixes)
    return Facts(words, *domains, templates, networks, senders, by_suffix, anywhere)


def _word_class(words: _Words, where: str) -> WordClass:
    for listed in (words.words, words.glued, words.not_glued, words.within):
        for word in listed:
            if not re.fullmatch(r"[345]g|b2b|[a-z]+(-[a-z]+)*", word):
                raise CatalogueError(f"{where}: {word!r} is not made of lower-case letters and inner hyphens")
        if len(set(listed)) != len(listed):
            raise CatalogueError(f"{where}: a word is named twice")
    return WordClass(frozenset(words.words), tuple(words.glued), frozenset(words.not_glued), tuple(words.within))


def _pattern(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise CatalogueError(f"{where}: pattern: {error}") from error


def _template(entry: _Template, where: str) -> Template:
    if not (entry.match and entry.no_match and entry.source):
        raise CatalogueError(f"{where}: source, match and no-match each need at least one entry")
    pattern = _pattern(entry.pattern, where)
    suffixes = _suffixes(entry.suffix, where)
    return Template(entry.provider, entry.kind, suffixes, pattern, tuple(entry.match), tuple(entry.no_match))


def _network(entry: _Network, where: str) -> Network:
    if not (entry.suffix and entry.match and entry.no_match and entry.source):
        raise CatalogueError(f"{where}: suffix, source, match and no-match each need at least one entry")
    suffixes = _suffixes(entry.suffix, where)
    return Network(entry.name, entry.kind, entry.every, suffixes, tuple(entry.match), tuple(entry.no_match))


def _sender(entry: _Sender, where: str) -> Sender:
    if not (entry.suffix and entry.match and entry.source):
        raise CatalogueError(f"{where}: suffix, source and match each need at least one entry")
    return Sender(entry.operator, _suffixes(entry.suffix, where), tuple(entry.match))


def _suffixes(listed: Iterable[str], where: str) -> tuple[str, ...]:
    for suffix in listed:
        if not _SUFFIX.fullmatch(suffix):
            raise CatalogueError(f"{where}: {suffix!r} is no suffix of names in lower case")
    return tuple(listed)
