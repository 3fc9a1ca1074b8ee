"""Looking up an address or a name on a list: the listing and the proof of life are asked for at once.

What an earlier run proved alive through the same resolver is believed for "not listed" alone, and only while no answer
of this run is odd; a listing is always proven anew.
"""

import asyncio
from collections.abc import Iterable

from preflight.check import Context
from preflight.findings import Evidence
from preflight.net.addresses import IPAddress
from preflight.net.dns import Answer, NxDomain, Unanswered
from preflight.text import visible
from preflight_checks.blocklists import plan
from preflight_checks.blocklists.door import Door, open_door
from preflight_checks.blocklists.life import Life, prove, remembered
from preflight_checks.blocklists.reading import Doubt, Fault, Reading, State, read, unusable
from preflight_checks.blocklists.target import Target, kind_of, labels_of
from preflight_checks.blocklists.zones import Kind, load_zones

ZEN = "zen.spamhaus.org"
MAX_REASON = 200  # characters shown of a list's own words


async def look_up(ctx: Context, door: Door, target: Target) -> Reading:
    """What a list says of a target. Without proof of life, or with any odd answer, it says nothing: `UNUSABLE`.

    Raises `Unanswered` when there is no answer for the target from a list that may well be alive.
    """
    outcome = await ctx.once(("look up", door.name, target), lambda: _look_up(ctx, door, target))
    if isinstance(outcome, Unanswered):
        # A fresh one for each asker: a shared exception would gather every asker's traceback.
        raise Unanswered(outcome.question, outcome.reason, outcome.detail)
    return outcome


async def life_of(ctx: Context, door: Door, kind: Kind) -> Life:
    """Whether a list is alive, as far as this run has to know: proven now, or remembered where nothing is odd."""
    life = remembered(ctx.settings.memory, door, kind)
    if life is None or await _is_odd(ctx, door, kind):
        return await _proof(ctx, door, kind)
    return life


async def _proof(ctx: Context, door: Door, kind: Kind) -> Life:
    return await ctx.once(("proof", door.name, kind), lambda: prove(ctx, door, kind))


async def _look_up(ctx: Context, door: Door, target: Target) -> Reading | Unanswered:
    if door.locked:
        return unusable(door.name, Doubt(Fault.NO_KEY))
    kind = kind_of(target)
    if (old := remembered(ctx.settings.memory, door, kind)) is None:
        outcome, life = await asyncio.gather(_ask(ctx, door, target), _proof(ctx, door, kind))
    else:
        outcome = await _ask(ctx, door, target)
        plain = not isinstance(outcome, Unanswered) and isinstance(outcome[0], NxDomain)
        life = old if plain and not await _is_odd(ctx, door, kind) else await _proof(ctx, door, kind)
    if isinstance(outcome, Unanswered):
        if life.doubt is not None and life.doubt.fault.proven:
            return unusable(door.name, life.doubt, (outcome.evidence, *life.evidence))
        return outcome
    answer, evidence = outcome
    reading = read(door.zone, door.name, answer, evidence)
    if reading.state is State.UNUSABLE and reading.doubt is not None and reading.doubt.fault.of_list:
        return reading
    if life.doubt is not None:
        return unusable(door.name, life.doubt, (evidence, *life.evidence))
    return reading


async def _is_odd(ctx: Context, door: Door, kind: Kind) -> bool:
    """Whether a list refuses, or leaves open, what it is asked for in this run: then memory counts for nothing."""

    async def look() -> bool:
        known: Iterable[Target] = await plan.names(ctx) if kind == "domain" else ctx.subject.ips
        targets = [one for one in plan.applicable(door, known) if kind_of(one) == kind]
        outcomes = await asyncio.gather(*(_ask(ctx, door, one) for one in targets))
        odd = any(_casts_doubt(door, outcome) for outcome in outcomes)
        if odd:
            ctx.settings.memory.forget(door.fact(kind))
        return odd

    return await ctx.once(("odd", door.name, kind), look)


def _casts_doubt(door: Door, outcome: tuple[Answer, Evidence] | Unanswered) -> bool:
    if isinstance(outcome, Unanswered):
        return True
    doubt = read(door.zone, door.name, *outcome).doubt
    return doubt is not None and doubt.fault.of_list


async def _ask(ctx: Context, door: Door, target: Target) -> tuple[Answer, Evidence] | Unanswered:
    try:
        return await door.ask(ctx.dns, labels_of(target))
    except Unanswered as outcome:
        return outcome


async def reason_of(ctx: Context, door: Door, target: Target) -> tuple[str, tuple[Evidence, ...]]:
    """What a list itself says of a listing (its TXT record), safe to show; empty when it says nothing."""
    try:
        answer, evidence = await door.ask(ctx.dns, labels_of(target), "TXT")
    except Unanswered as outcome:
        return "", (outcome.evidence,)
    return visible(door.mask("; ".join(answer.values)), limit=MAX_REASON), (evidence,)


async def zen_reading(ctx: Context, ip: IPAddress) -> Reading:
    """What Spamhaus ZEN says of an address, through the public mirrors or with the user's DQS key (secret `dqs`).

    Repeated questions cost nothing: answers are remembered for the run. Raises `Unanswered` when the list gave no
    answer for the address.
    """
    return await look_up(ctx, open_door(load_zones().find(ZEN), ctx.settings.secrets), ip)
