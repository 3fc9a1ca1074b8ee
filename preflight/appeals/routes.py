"""The ways to receivers and lists: TOML files under `data/`, read and validated when first used."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from preflight.appeals.contact import CONTACT_PLACES
from preflight.bounces.catalogue import Category
from preflight.diagnosis.refusals import Refusal
from preflight.errors import CatalogueError
from preflight.facts import Id, Line, Text, read_facts, words_of
from preflight.text import Words, places

Way = Literal["form", "portal", "mail", "none"]
LetterLanguage = Literal["en", "zh"]

PLACES = {
    *CONTACT_PLACES, "ips", "first_ip", "domain", "domain_to", "domain_from", "errors", "code", "evidence",
    "statements", "when",
}  # fmt: skip
"""What a template of a request may have in braces."""

_ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})", re.IGNORECASE | re.ASCII
)
_LINK = re.compile(r"https?://([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})(?:/[!-~]{0,300})?", re.IGNORECASE | re.ASCII)


class _Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Line
    value: Line
    choices: list[Line] = []


class _Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[route]]`."""

    id: Id
    way: Way
    title: Text
    provider: Id | None = None
    codes: list[Line] = []
    categories: list[Category] = []
    mentions: list[Line] = []
    where: Line | None = None
    also: list[Line] = []
    own: list[Line] = []
    domains: list[Line] = []
    language: LetterLanguage = "en"
    demands: list[Id] = []
    statements: list[Id] = []
    fields: list[_Field] = []
    subject: Line | None = None
    steps: list[Text] = []
    after: list[Text] = []
    instead: list[Text] = []


class _RouteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    source: list[Line]
    route: list[_Route]
    provider: Id | None = None


class _Demand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    title: Text
    rules: list[Line] = []
    checks: list[Line] = []
    vouched: Id | None = None


class _Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    ask: Text
    said: Text


class _DemandFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    source: Text
    demand: list[_Demand]
    statement: list[_Statement]


class _Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    receiver: Line
    body: list[Line]


@dataclass(frozen=True, slots=True)
class Letter:
    """The text of a request: what it calls a receiver whose domains are not known, and its paragraphs."""

    receiver: str = ""
    body: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a receiver asks of the server, the rules and checks that decide it, and the statement that may stand in."""

    id: str
    title: Words
    rules: tuple[str, ...]
    checks: tuple[str, ...]
    vouched: "Statement | None"


@dataclass(frozen=True, slots=True)
class Statement:
    """What no check can see: what the user is asked, and what the request says when it is confirmed."""

    id: str
    ask: Words
    said: Words


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form: its name there, a template of its value, and the answers that it takes (any, where empty)."""

    name: str
    value: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to a receiver or list.

    `way`: a form whose fields are known by name, a portal, a mail, or none: `instead` says what to do then. `where` is
    its address, `also` other ones. `own`: domains of the receiver; an address or link in the reply that is within them
    wins over `where`. `domains`: those that mail to the receiver goes to. `steps` are for sending, `after` for the time
    after it. `letter` is the text of the request.
    """

    id: str
    provider: str | None
    way: Way
    title: Words
    codes: tuple[str, ...]
    categories: frozenset[str]
    mentions: tuple[str, ...]
    where: str
    also: tuple[str, ...]
    own: tuple[str, ...]
    domains: tuple[str, ...]
    language: LetterLanguage
    demands: tuple[Demand, ...]
    statements: tuple[Statement, ...]
    fields: tuple[Field, ...]
    subject: str
    letter: Letter
    steps: tuple[Words, ...]
    after: tuple[Words, ...]
    instead: tuple[Words, ...]
    source: tuple[str, ...]
    checked: date

    @property
    def places(self) -> set[str]:
        """The places of all its templates."""
        texts = (*(field.value for field in self.fields), self.subject, *self.letter.body, self.where)
        return {name for text in texts for name in places(text)}

    def named_in(self, reply: str) -> str:
        """Where the reply itself says to go: an address, or a link, of the receiver's own; empty where it says nothing.

        Only one within the receiver's own domains is believed: a reply is text from outside.
        """
        pattern = _ADDRESS if self.way == "mail" else _LINK
        for match in pattern.finditer(reply):
            if any(match[1].lower() == domain or match[1].lower().endswith(f".{domain}") for domain in self.own):
                return match[0].rstrip(".,;:)]>'\"")
        return ""

    def rank(self, refusal: Refusal) -> int | None:
        """How well it fits a refusal, the less the better; `None` where it does not."""
        code = refusal.bounce.id.partition("/")[2] if refusal.bounce else ""
        fits = refusal.category in self.categories
        if self.provider not in (None, refusal.provider):
            return None
        if self.provider and any(fnmatchcase(code, pattern) for pattern in self.codes):
            return 0
        if self.mentions:
            text = refusal.recipient.text.lower()
            return 1 if fits and any(word in text for word in self.mentions) else None
        if self.codes or self.categories:
            return (2 if self.provider else 3) if fits else None
        return 4 if self.provider else 5


def route_for(refusal: Refusal) -> Route:
    """The way for a refusal; the receiver's postmaster where nothing fits better."""
    ranked = [(rank, route) for route in load_routes() if (rank := route.rank(refusal)) is not None]
    return min(ranked, key=lambda one: one[0])[1]


def all_statements() -> dict[str, Statement]:
    """Every statement that a route asks for, or that may stand in for a check, by its id."""
    demanded = [demand.vouched for route in load_routes() for demand in route.demands if demand.vouched]
    asked = [statement for route in load_routes() for statement in route.statements]
    return {statement.id: statement for statement in (*asked, *demanded)}


@cache
def load_routes() -> tuple[Route, ...]:
    """The routes that ship with preflight. Raises `CatalogueError` when a file is broken."""
    folder = resources.files("preflight.appeals") / "data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    shared = ("demands.toml", "letters.toml")
    return read_routes(
        [file for file in files if file.name not in shared], folder / "demands.toml", folder / "letters.toml"
    )


def read_routes(files: Iterable[Traversable], demands: Traversable, letters: Traversable) -> tuple[Route, ...]:
    """Read and validate the files of routes, demands and letters.

    Raises `CatalogueError` for one that breaks the format, an id that occurs twice or that nobody has, a place that
    nothing fills, a route without an address, and a list of routes without one that takes every refusal.
    """
    known = _read_demands(demands)
    read_letters = read_facts(letters, dict[LetterLanguage, _Letter])
    bodies = {language: Letter(one.receiver, tuple(one.body)) for language, one in read_letters.items()}
    routes: list[Route] = []
    for file in files:
        read = read_facts(file, _RouteFile)
        routes += [_route(one, read, known, bodies, f"{file.name}: {one.id}") for one in read.route]
    ids = [route.id for route in routes]
    if len(set(ids)) != len(ids):
        raise CatalogueError(f"routes: {next(one for one in ids if ids.count(one) > 1)} occurs twice")
    if not any(not (route.provider or route.codes or route.categories) for route in routes):
        raise CatalogueError("routes: none takes a refusal that no other one fits")
    return tuple(routes)


def _read_demands(file: Traversable) -> tuple[dict[str, Demand], dict[str, Statement]]:
    read = read_facts(file, _DemandFile)
    statements = {one.id: Statement(one.id, one.ask.words, one.said.words) for one in read.statement}
    demands: dict[str, Demand] = {}
    for one in read.demand:
        if one.vouched is not None and one.vouched not in statements:
            raise CatalogueError(f"{file.name}: {one.id}: there is no statement {one.vouched!r}")
        if not (one.rules or one.checks):
            raise CatalogueError(f"{file.name}: {one.id}: no rule decides it")
        vouched = statements[one.vouched] if one.vouched else None
        demands[one.id] = Demand(one.id, one.title.words, tuple(one.rules), tuple(one.checks), vouched)
    return demands, statements


def _route(
    one: _Route,
    file: _RouteFile,
    known: tuple[dict[str, Demand], dict[str, Statement]],
    letters: dict[LetterLanguage, Letter],
    where: str,
) -> Route:
    demands, statements = known
    unknown = [*set(one.demands).difference(demands), *set(one.statements).difference(statements)]
    if unknown:
        raise CatalogueError(f"{where}: there is no demand or statement {unknown[0]!r}")
    if (one.way == "none") != bool(one.instead) or (one.way == "none") == bool(one.where):
        raise CatalogueError(f"{where}: a way has an address, and no way says what to do instead")
    if (one.way == "mail") != bool(one.subject):
        raise CatalogueError(f"{where}: a mail has a subject, and nothing else has")
    route = Route(
        id=one.id,
        provider=one.provider or file.provider,
        way=one.way,
        title=one.title.words,
        codes=tuple(one.codes),
        categories=frozenset(one.categories),
        mentions=tuple(one.mentions),
        where=one.where or "",
        also=tuple(one.also),
        own=tuple(one.own),
        domains=tuple(one.domains),
        language=one.language,
        demands=tuple(demands[name] for name in one.demands),
        statements=tuple(statements[name] for name in one.statements),
        fields=tuple(Field(field.name, field.value, tuple(field.choices)) for field in one.fields),
        subject=one.subject or "",
        letter=letters[one.language] if one.way != "none" else Letter(),
        steps=words_of(one.steps),
        after=words_of(one.after),
        instead=words_of(one.instead),
        source=tuple(file.source),
        checked=file.checked,
    )
    if strange := route.places - PLACES:
        raise CatalogueError(f"{where}: nothing fills the place {sorted(strange)[0]!r}")
    return route
