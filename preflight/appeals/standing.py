"""Whether what a receiver demands is met: by the checks, or by what the user vouches for where none can see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from preflight.appeals.routes import Demand, Route, Statement
from preflight.check import Rule
from preflight.diagnosis.causes import Cause, CauseState, Weighing
from preflight.findings import Severity
from preflight.registry import Registry


class Met(StrEnum):
    """How a demand stands."""

    YES = "yes"
    VOUCHED = "vouched"
    """No check could look; the user says so."""
    NO = "no"
    OPEN = "open"
    """A check could not tell, or lacks an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A demand, how it stands, and the rules that make it so: the broken or open ones, else those that hold."""

    demand: Demand
    met: Met
    causes: tuple[Cause, ...]

    @property
    def holds(self) -> bool:
        """Whether a request may be written as far as this demand goes."""
        return self.met in (Met.YES, Met.VOUCHED)

    @property
    def to_confirm(self) -> Statement | None:
        """The statement that would let the demand hold, since no check could look."""
        open_ = self.met is Met.OPEN and not any(cause.open for cause in self.causes)
        return self.demand.vouched if open_ else None


def rules_for(demand: Demand, registry: Registry) -> tuple[str, ...]:
    """The rules that decide a demand: those that it names, and those of severity error of its checks."""
    own = [rule.id for name in demand.checks if name in registry.checks for rule in _strict(registry, name)]
    return tuple(dict.fromkeys((*demand.rules, *own)))


def _strict(registry: Registry, check: str) -> list[Rule]:
    return [rule for rule in registry.checks[check].rules if rule.severity is Severity.ERROR]


def standings(route: Route, weighing: Weighing, registry: Registry, confirmed: Collection[str]) -> tuple[Standing, ...]:
    """How each demand of a route stands. `confirmed` has the ids of the statements that the user makes."""
    found = []
    for demand in route.demands:
        causes = [cause for rule in rules_for(demand, registry) if (cause := weighing.by_rule(rule))]
        found.append(_standing(demand, causes, demand.vouched is not None and demand.vouched.id in confirmed))
    return tuple(found)


def _standing(demand: Demand, causes: Sequence[Cause], vouched: bool) -> Standing:
    broken = [cause for cause in causes if cause.state is CauseState.CONFIRMED]
    unknown = [cause for cause in causes if cause.state is CauseState.UNDETERMINED]
    held = [cause for cause in causes if cause.state is CauseState.RULED_OUT]
    if broken:
        return Standing(demand=demand, met=Met.NO, causes=tuple(broken))
    if not unknown and held:
        return Standing(demand=demand, met=Met.YES, causes=tuple(held))
    if vouched and not any(cause.open for cause in unknown):
        return Standing(demand=demand, met=Met.VOUCHED, causes=tuple(held))
    return Standing(demand=demand, met=Met.OPEN, causes=tuple(unknown))
