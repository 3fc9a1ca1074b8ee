"""How large a message each receiver takes: the table `data/sizes.toml`."""

from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts


class SizeLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The largest message that a receiver takes by default, in octets as it travels."""

    name: str
    octets: int
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    limit: list[SizeLimit]


@cache
def load_sizes() -> tuple[SizeLimit, ...]:
    """The table that ships with preflight, the smallest limit first. Raises `CatalogueError`."""
    return read_sizes(resources.files("preflight_checks") / "data" / "sizes.toml")


def read_sizes(file: Traversable) -> tuple[SizeLimit, ...]:
    """Read and validate a table. Raises `CatalogueError` for a broken one, and for limits that are not in order."""
    read = read_facts(file, _File)
    octets = [limit.octets for limit in read.limit]
    if not octets or octets != sorted(octets) or octets[0] <= 0:
        raise CatalogueError(f"{file.name}: limits must be positive, and the smallest first")
    return tuple(read.limit)
