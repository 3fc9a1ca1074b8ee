"""How a list behaves over all questions of a run, so that what is wrong with it is said once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from preflight.check import Context
from preflight.findings import Evidence, gather
from preflight.net.dns import Unanswered
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.life import prove
from preflight_checks.blocklists.lookup import Target, kind_of, look_up
from preflight_checks.blocklists.reading import Doubt


@dataclass(frozen=True, slots=True)
class Health:
    """A list, what casts doubt on it (proven faults first; nothing when it works), and the evidence."""

    door: Door
    doubts: tuple[Doubt, ...]
    evidence: tuple[Evidence, ...]


async def health_of(ctx: Context, door: Door, targets: Sequence[Target]) -> Health:
    """Prove a list for each kind of target, and see whether it refuses an answer for one of them.

    The questions are those of the listing check itself, which are asked once in a run. Raises nothing.
    """
    kinds = list(dict.fromkeys(map(kind_of, targets)))
    lives, outcomes = await asyncio.gather(
        asyncio.gather(*(prove(ctx.dns, door, kind) for kind in kinds)),
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
    return Health(door, tuple(ordered), gather(*evidence))
