"""How a list behaves over all questions of a run, so that what is wrong with it is said once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from preflight.check import Context
from preflight.findings import Evidence, gather
from preflight.net.dns import Unanswered
from preflight_checks.blocklists import plan
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.lookup import life_of, look_up
from preflight_checks.blocklists.reading import Doubt
from preflight_checks.blocklists.target import Target, kind_of

MANY = 50  # looks that are kept as evidence: a list that refuses gives the same for each of a thousand addresses


@dataclass(frozen=True, slots=True)
class Health:
    """A list, what casts doubt on it (proven faults first; nothing when it works), and the evidence.

    `since` is set when it was an earlier run that proved the list alive, at the time given.
    """

    door: Door
    doubts: tuple[Doubt, ...]
    evidence: tuple[Evidence, ...]
    since: datetime | None = None


async def health_of(ctx: Context, door: Door) -> Health:
    """Prove a list for each kind of target of this run, and see whether it refuses an answer for one of them.

    The questions are those of the listing check itself, which are asked once in a run. Raises nothing.
    """

    async def look() -> Health:
        return await _health(ctx, door, plan.applicable(door, await plan.targets(ctx)))

    return await ctx.once(("health", door.name), look)


async def _health(ctx: Context, door: Door, targets: Sequence[Target]) -> Health:
    kinds = list(dict.fromkeys(map(kind_of, targets)))
    lives, outcomes = await asyncio.gather(
        asyncio.gather(*(life_of(ctx, door, kind) for kind in kinds)),
        asyncio.gather(*(look_up(ctx, door, target) for target in targets), return_exceptions=True),
    )
    doubts = [life.doubt for life in lives if life.doubt is not None]
    evidence = [life.evidence for life in lives]
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            if not isinstance(outcome, Unanswered):
                raise outcome
        elif outcome.doubt is not None and outcome.doubt.fault.of_list:
            doubts.append(outcome.doubt)
            evidence.append(outcome.evidence)
    ordered = sorted(dict.fromkeys(doubts), key=lambda doubt: not doubt.fault.proven)
    since = min((life.since for life in lives if life.since is not None), default=None)
    return Health(door, tuple(ordered), gather(*evidence[:MANY]), since)
