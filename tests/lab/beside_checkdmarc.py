"""What the comparisons with checkdmarc share: its resolver, asking the lab's name server, and a table of Markdown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import dns.resolver

from preflight.lab import LabDns, World

TIMEOUT = 0.3  # seconds for one question that nobody answers


def resolver_of(server: LabDns) -> dns.resolver.Resolver:
    """What checkdmarc asks by: the name server of the lab and nobody else."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.host], server.port
    resolver.timeout = resolver.lifetime = TIMEOUT
    return resolver


class Case(Protocol):
    """A zone that both are given: what is in it, and who is right where the two differ."""

    @property
    def what(self) -> str: ...
    @property
    def right(self) -> str: ...


One = TypeVar("One", bound=Case)
Word = Callable[[One, LabDns], str]


def rows(world: World, cases: Sequence[One], theirs: Word[One], ours: Word[One]) -> list[tuple[str, str, str, str]]:
    """What each says of each zone, and who is right."""
    with LabDns(world) as server:
        return [(case.what, theirs(case, server), ours(case, server), case.right or "both") for case in cases]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ("---",) * len(head), *rows))
