"""Proof that a blocklist is alive: it lists what it must list, and does not list what it must not (RFC 5782 5)."""

import asyncio
import ipaddress
from dataclasses import dataclass
from datetime import datetime

from preflight.check import Context
from preflight.findings import Evidence
from preflight.memory import Memory
from preflight.net.addresses import reversed_labels
from preflight.net.dns import NxDomain, Resolver, Unanswered
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.reading import Doubt, Fault, State, read
from preflight_checks.blocklists.zones import Kind


@dataclass(frozen=True, slots=True)
class Life:
    """What the test points say of a list: no doubt when it is proven alive. Comes with the evidence.

    `since` is set when an earlier run proved it, and this one has not.
    """

    doubt: Doubt | None
    evidence: tuple[Evidence, ...] = ()
    since: datetime | None = None


def remembered(memory: Memory, door: Door, kind: Kind) -> Life | None:
    """The proof of an earlier run; only that a list is alive is remembered, so that one that is mended is seen so."""
    since = None if door.locked else memory.recall(door.fact(kind))
    if since is None:
        return None
    seen = f"proven alive at {since.isoformat(timespec='seconds')}, through the same resolver"
    return Life(None, (Evidence("cache", f"{door} ({kind})", seen),), since)


async def prove(ctx: Context, door: Door, kind: Kind) -> Life:
    """Ask a list for both of its test points at once, and remember for later runs if it is alive.

    A dead list and one that lists the whole world are proven faults; with all others it could not be told. A proven
    fault of one point outweighs what is odd about the other. Raises nothing.
    """
    life = await _prove(ctx.dns, door, kind)
    memory = ctx.settings.memory
    if life.doubt is None:
        memory.note(door.fact(kind))
    else:
        memory.forget(door.fact(kind))
    return life


async def _prove(dns: Resolver, door: Door, kind: Kind) -> Life:
    if door.locked:
        return Life(Doubt(Fault.NO_KEY))
    points = door.zone.points[kind]
    both = await asyncio.gather(
        _point(dns, door, _labels(points.listed, kind), listed=True),
        _point(dns, door, _labels(points.clear, kind), listed=False),
    )
    doubts = sorted((life.doubt for life in both if life.doubt), key=lambda doubt: not doubt.fault.proven)
    return Life(doubts[0] if doubts else None, both[0].evidence + both[1].evidence)


async def _point(dns: Resolver, door: Door, labels: str, *, listed: bool) -> Life:
    try:
        answer, evidence = await door.ask(dns, labels)
    except Unanswered as outcome:
        return Life(Doubt(Fault.NO_PROOF, outcome.evidence.seen), (outcome.evidence,))
    if isinstance(answer, NxDomain):
        return Life(Doubt(Fault.DEAD, f"{labels}: {evidence.seen}") if listed else None, (evidence,))
    if listed and set(answer.values) & {str(code) for code in door.zone.test_codes} == set(answer.values) != set():
        return Life(None, (evidence,))
    reading = read(door.zone, door.name, answer, evidence)
    doubt = reading.doubt
    if doubt is not None and not doubt.fault.of_list:
        doubt = Doubt(Fault.NO_PROOF, evidence.seen)
    if doubt is None and not listed:
        world = reading.state is State.LISTED
        doubt = Doubt(Fault.LISTS_THE_WORLD, f"{labels}: {evidence.seen}") if world else None
        doubt = doubt or Doubt(Fault.NO_PROOF, evidence.seen)
    return Life(doubt, (evidence,))


def _labels(point: str, kind: Kind) -> str:
    return point if kind == "domain" else reversed_labels(ipaddress.ip_address(point))
