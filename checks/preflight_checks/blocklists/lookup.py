"""Looking up an address or a name on a list: the listing and the proof of life are asked for at once."""

import asyncio

from preflight.check import Context
from preflight.findings import Evidence
from preflight.net.addresses import IPAddress, reversed_labels
from preflight.net.dns import Unanswered
from preflight.text import visible
from preflight_checks.blocklists.door import Door, open_door
from preflight_checks.blocklists.life import prove
from preflight_checks.blocklists.reading import Doubt, Fault, Reading, State, read, unusable
from preflight_checks.blocklists.zones import Kind, load_zones

ZEN = "zen.spamhaus.org"
MAX_REASON = 200  # characters shown of a list's own words

Target = IPAddress | str
"""What is looked up: an address, or a host or domain name."""


def kind_of(target: Target) -> Kind:
    """Which kind of list knows such a target."""
    if isinstance(target, str):
        return "domain"
    return "ip4" if target.version == 4 else "ip6"


def labels_of(target: Target) -> str:
    """The labels under which a list is asked for a target (RFC 5782 2.1, 2.4)."""
    return target if isinstance(target, str) else reversed_labels(target)


async def look_up(ctx: Context, door: Door, target: Target) -> Reading:
    """What a list says of a target. Without proof of life, or with any odd answer, it says nothing: `UNUSABLE`.

    Raises `Unanswered` when there is no answer for the target from a list that may well be alive.
    """
    if door.locked:
        return unusable(door.name, Doubt(Fault.NO_KEY))
    outcome, life = await asyncio.gather(
        door.ask(ctx.dns, labels_of(target)), prove(ctx.dns, door, kind_of(target)), return_exceptions=True
    )
    if isinstance(life, BaseException):
        raise life
    if isinstance(outcome, BaseException):
        if isinstance(outcome, Unanswered) and life.doubt is not None and life.doubt.fault.proven:
            return unusable(door.name, life.doubt, (outcome.evidence, *life.evidence))
        raise outcome
    answer, evidence = outcome
    reading = read(door.zone, door.name, answer, evidence)
    if reading.state is State.UNUSABLE and reading.doubt is not None and reading.doubt.fault.of_list:
        return reading
    if life.doubt is not None:
        return unusable(door.name, life.doubt, (evidence, *life.evidence))
    return reading


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
