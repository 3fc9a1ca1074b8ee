"""What the comparisons with checkdmarc share: its resolver, asking the lab's name server, and a table of Markdown."""

from collections.abc import Iterable, Sequence

import dns.resolver

from preflight.lab import LabDns

TIMEOUT = 0.3  # seconds for one question that nobody answers


def resolver_of(server: LabDns) -> dns.resolver.Resolver:
    """What checkdmarc asks by: the name server of the lab and nobody else."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.host], server.port
    resolver.timeout = resolver.lifetime = TIMEOUT
    return resolver


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ("---",) * len(head), *rows))
