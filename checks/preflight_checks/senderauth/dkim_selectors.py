"""Selectors that are much in use: the table `data/dkim_selectors.toml`."""

from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts
from preflight_checks.senderauth.dkim_tags import read_domain


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    who: str
    selectors: list[str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: list[str]
    checked: date
    group: list[_Group]


@cache
def load_selectors() -> tuple[str, ...]:
    """The selectors, in the order of the table. Raises `CatalogueError` that says what is wrong in the file."""
    return read_selectors(resources.files("preflight_checks") / "data" / "dkim_selectors.toml")


def read_selectors(file: Traversable) -> tuple[str, ...]:
    """Read and validate a table. Raises `CatalogueError` for a broken one, a selector given twice or in capitals."""
    read = read_facts(file, _File)
    found: dict[str, None] = {}
    for selector in (selector for group in read.group for selector in group.selectors):
        if read_domain(selector) != selector:
            raise CatalogueError(f"{file.name}: {selector!r} is no selector in lower case")
        if selector in found:
            raise CatalogueError(f"{file.name}: {selector!r} stands there twice")
        found[selector] = None
    return tuple(found)
