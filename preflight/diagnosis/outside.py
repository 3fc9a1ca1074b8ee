"""Where to look for causes that no check can see from outside; `data/outside.toml` says for which refusals."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.bounces.catalogue import Category
from preflight.errors import CatalogueError
from preflight.facts import Id, Line, Text, read_facts
from preflight.text import Words


class _Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    categories: list[Category]
    title: Text
    where: Text
    source: Line
    providers: list[Id] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    look: list[_Look]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A cause that is seen by others alone, and where to look for it. No provider means: of anybody."""

    id: str
    categories: frozenset[str]
    providers: frozenset[str]
    title: Words
    where: Words
    source: str
    checked: date

    def concerns(self, category: str, provider: str | None) -> bool:
        """Whether it can be behind a refusal of this category by this provider (`None`: not known whose it is)."""
        return category in self.categories and (not self.providers or provider in self.providers)


@cache
def load_looks() -> tuple[Look, ...]:
    """The places that ship with preflight. Raises `CatalogueError` when their file is broken."""
    return read_looks(resources.files("preflight.diagnosis") / "data" / "outside.toml")


def read_looks(file: Traversable) -> tuple[Look, ...]:
    """Read and validate a file of places. Raises `CatalogueError` for one that breaks the format or repeats an id."""
    read = read_facts(file, _File)
    looks = tuple(
        Look(
            id=one.id,
            categories=frozenset(one.categories),
            providers=frozenset(one.providers),
            title=one.title.words,
            where=one.where.words,
            source=one.source,
            checked=read.checked,
        )
        for one in read.look
    )
    if len({look.id for look in looks}) != len(looks):
        raise CatalogueError(f"{file.name}: an id occurs twice")
    return looks
