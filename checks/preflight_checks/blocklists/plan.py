"""What a run asks which lists for: the addresses and names of the subject, and the lists that know such things."""

import asyncio
import ipaddress
from collections.abc import Iterable

from preflight.check import Context
from preflight.net.addresses import IPAddress, reverse_name
from preflight.net.dns import Unanswered
from preflight.subject import Subject, registrable
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.target import Target, kind_of
from preflight_checks.blocklists.zones import load_zones
from preflight_checks.names import distinct, is_proper, normal

MANY = 8  # PTR names that are looked up; receivers look at a few
ON_NAMES = "dnsbl/domain-listed"
"""The rule for which the names of the addresses are looked up."""


def names_of(subject: Subject) -> list[str]:
    """The sender domain, the HELO name and their registrable domains; nothing that is no host name."""
    return _known(name for name in (subject.domain, subject.helo) if name is not None)


def _known(hosts: Iterable[str]) -> list[str]:
    """The host names among these, and their registrable domains: lists of domains have the one or the other."""
    proper = [normal(name) for name in hosts if is_proper(normal(name))]
    return list(dict.fromkeys(name for host in proper for name in (host, registrable(host)) if name))


async def reverse_names(ctx: Context, ip: IPAddress) -> list[str]:
    """The host names that the PTR records of an address give, and their registrable domains. Raises `Unanswered`."""
    answer = await ctx.dns.query(reverse_name(ip), "PTR")
    return _known(distinct(answer.values)[:MANY])


async def names(ctx: Context) -> list[str]:
    """`names_of` the subject and, where the rule on names is wanted, `reverse_names` of its addresses.

    An unanswered question about the names of an address adds none.
    """
    return await ctx.once("names", lambda: _names(ctx))


async def _names(ctx: Context) -> list[str]:
    found = names_of(ctx.subject)
    if not any(rule.id == ON_NAMES and ctx.wants(rule) for rule in ctx.check.rules):
        return found
    for outcome in await asyncio.gather(*(reverse_names(ctx, ip) for ip in ctx.subject.ips), return_exceptions=True):
        if not isinstance(outcome, BaseException):
            found += outcome
        elif not isinstance(outcome, Unanswered):
            raise outcome
    return list(dict.fromkeys(found))


async def targets(ctx: Context) -> list[Target]:
    """All that lists are asked for in this run."""
    return [*ctx.subject.ips, *(await names(ctx))]


def applies(door: Door, target: Target) -> bool:
    """Whether a list knows this kind of thing: addresses of the family, host names or registrable domains alone."""
    if kind_of(target) not in door.zone.kinds:
        return False
    return not door.zone.registrable or not isinstance(target, str) or registrable(target) == target


def applicable(door: Door, targets: Iterable[Target]) -> list[Target]:
    """Those of the targets that a list knows."""
    return [target for target in targets if applies(door, target)]


def public_resolver(server: str) -> str:
    """Who runs the name server at an address, if it is a known public one; else nothing."""
    try:
        return load_zones().public_resolvers.get(ipaddress.ip_address(server), "")
    except ValueError:
        return ""
