"""What a run asks which lists for: the addresses and names of the subject, and the lists that know such things."""

import asyncio
import ipaddress
from collections.abc import Iterable

from preflight.check import Context
from preflight.net.addresses import IPAddress, reverse_name
from preflight.net.dns import Unanswered
from preflight.subject import Subject, registrable
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.lookup import Target, kind_of
from preflight_checks.blocklists.zones import load_zones
from preflight_checks.names import distinct, is_proper, normal

MANY = 8  # PTR names that are looked up; receivers look at a few


def names_of(subject: Subject) -> list[str]:
    """The sender domain, the HELO name and their registrable domains; nothing that is no host name."""
    hosts = [normal(name) for name in (subject.domain, subject.helo) if name is not None and is_proper(normal(name))]
    return list(dict.fromkeys(name for host in hosts for name in (host, registrable(host)) if name))


async def reverse_names(ctx: Context, ip: IPAddress) -> list[str]:
    """The host names that the PTR records of an address give. Raises `Unanswered`."""
    answer = await ctx.dns.query(reverse_name(ip), "PTR")
    return [normal(name) for name in distinct(answer.values)[:MANY] if is_proper(normal(name))]


async def all_names(ctx: Context) -> list[str]:
    """`names_of` the subject and what `reverse_names` are known; an unanswered question about these adds none."""
    ips = ctx.subject.ips
    reverse = await asyncio.gather(*(reverse_names(ctx, ip) for ip in ips), return_exceptions=True)
    names = names_of(ctx.subject)
    for outcome in reverse:
        if isinstance(outcome, BaseException):
            if not isinstance(outcome, Unanswered):
                raise outcome
        else:
            names += outcome
    return list(dict.fromkeys(names))


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
