"""Lists of hosts and domains, one TOML file each: those that shorten links, free mail services, distrusted endings."""

import re
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts

ListName = Literal["shorteners", "freemail", "endings"]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: list[str]
    checked: date
    hosts: list[str]


@cache
def load_hosts(name: ListName) -> frozenset[str]:
    """The hosts of a list that ships with preflight. Raises `CatalogueError` that says what is wrong in the file."""
    return read_hosts(resources.files("preflight_checks") / "data" / f"{name}.toml")


def read_hosts(file: Traversable) -> frozenset[str]:
    """Read and validate a list. Raises `CatalogueError` for a broken one and for what is no host in lower case."""
    read = read_facts(file, _File)
    for host in read.hosts:
        if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*", host):
            raise CatalogueError(f"{file.name}: {host!r} is no host name in lower case")
    return frozenset(read.hosts)
