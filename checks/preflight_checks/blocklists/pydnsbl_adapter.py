"""pydnsbl over our resolver: its checkers ask all lists at once and sum up; our catalogue says what answers mean.

Used, through pydnsbl's public extension points: `Provider` (subclassed: host and categories come from the catalogue),
`DNSBLIpChecker` and `DNSBLDomainChecker` with `check_async`, `DNSBLResponse`, and `DNSBLResult` with `detected_by`,
`failed_providers` and `categories`. Replaced: `dnsbl_request`, which asks c-ares and takes any A record for a listing,
and `prepare_query`. Import this module only where lists are asked: pydnsbl takes a moment to load.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydnsbl.checker import DNSBLDomainChecker, DNSBLIpChecker, DNSBLResponse, DNSBLResult
from pydnsbl.providers import Provider

from preflight.check import Context
from preflight.net.dns import Unanswered
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.lookup import life_of, look_up
from preflight_checks.blocklists.reading import Reading, unusable
from preflight_checks.blocklists.target import Target, kind_of, labels_of


@dataclass(frozen=True, slots=True)
class Item:
    """One listing code, in the shape of an answer of c-ares."""

    host: str


class CatalogueProvider(Provider):  # type: ignore[misc] # pydnsbl has no types
    """A list of the catalogue. `host` is the name to show, never with a key."""

    def __init__(self, door: Door) -> None:
        super().__init__(host=door.name)
        self.door = door

    def process_response(self, response: Sequence[Item]) -> set[str]:
        """The catalogue's categories for the listing codes of a response."""
        codes = [ipaddress.IPv4Address(item.host) for item in response]
        return {
            str(entry.category)
            for entry in self.door.zone.codes
            if entry.kind == "listing" and any(entry.pattern.matches(code) for code in codes)
        }


class _OverCatalogue:
    """What both checkers have in common: questions go through the check's context, answers through our reading.

    `outcomes` keeps what came of each request on each list, by the request and the list's name.
    """

    ctx: Context
    outcomes: dict[tuple[str, str], Reading | Unanswered]
    _resolver: Any

    def prepare(self, ctx: Context) -> None:
        """Take the context to ask through."""
        self.ctx = ctx
        self.outcomes = {}

    async def dnsbl_request(self, request: str, provider: CatalogueProvider) -> Any:
        """Ask one list. Only a documented listing is a `response`; all else that is not NXDOMAIN is an `error`."""
        outcome = await _outcome(self.ctx, provider.door, self.target(request))
        self.outcomes[request, provider.host] = outcome
        if isinstance(outcome, Unanswered):
            return DNSBLResponse(addr=request, provider=provider, error=outcome)
        items = [Item(code) for code in outcome.codes]
        return DNSBLResponse(addr=request, provider=provider, response=items or None, error=outcome.why or None)

    def prepare_query(self, request: str) -> str:
        """The labels that a list is asked for (RFC 5782 2.1, 2.4); pydnsbl's own break on IPv4-mapped addresses."""
        return labels_of(self.target(request))

    def target(self, request: str) -> Target:
        """What a request is about: the name that it is."""
        return request

    async def close(self) -> None:
        """Close the c-ares resolver that pydnsbl makes for itself. It was never asked anything."""
        await self._resolver.close()


class AddressChecker(_OverCatalogue, DNSBLIpChecker):  # type: ignore[misc] # pydnsbl has no types
    """pydnsbl's checker of addresses, over our resolver and catalogue. Make it within a running event loop."""

    def __init__(self, ctx: Context, doors: Sequence[Door]) -> None:
        super().__init__(providers=[CatalogueProvider(door) for door in doors], loop=asyncio.get_running_loop())
        self.prepare(ctx)

    def target(self, request: str) -> Target:
        """What a request is about: the address in it."""
        return ipaddress.ip_address(request)


class DomainChecker(_OverCatalogue, DNSBLDomainChecker):  # type: ignore[misc] # pydnsbl has no types
    """pydnsbl's checker of domains, over our resolver and catalogue. Make it within a running event loop."""

    def __init__(self, ctx: Context, doors: Sequence[Door]) -> None:
        super().__init__(providers=[CatalogueProvider(door) for door in doors], loop=asyncio.get_running_loop())
        self.prepare(ctx)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a number of lists say of one target: pydnsbl's result, and behind it each list's reading by name."""

    result: DNSBLResult
    outcomes: dict[str, Reading | Unanswered]


async def survey(ctx: Context, target: Target, doors: Sequence[Door]) -> Survey:
    """Ask all these lists for one target at once. Raises nothing."""

    async def make() -> AddressChecker | DomainChecker:
        # One for all targets, and its resolver closed before use: each takes a watch on resolv.conf from the system,
        # of which there are a few hundred.
        checker = (DomainChecker if isinstance(target, str) else AddressChecker)(ctx, doors)
        await checker.close()
        return checker

    names = tuple(door.name for door in doors)
    checker = await ctx.once(("checker", kind_of(target), names), make)
    result = await checker.check_async(str(target))
    return Survey(result, {name: checker.outcomes.pop((str(target), name)) for name in names})


async def _outcome(ctx: Context, door: Door, target: Target) -> Reading | Unanswered:
    """The reading; no answer from a list that is not proven alive makes the list unusable, not just the one answer."""
    try:
        return await look_up(ctx, door, target)
    except Unanswered as outcome:
        life = await life_of(ctx, door, kind_of(target))
        if life.doubt is None:
            return outcome
        return unusable(door.name, life.doubt, (outcome.evidence, *life.evidence))
