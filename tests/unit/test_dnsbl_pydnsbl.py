"""pydnsbl's checkers over our resolver and catalogue, beside its stock checker under the same faults."""

import asyncio
import gc
import warnings
from collections.abc import Sequence
from typing import Any

import aiodns
import pytest
from pydnsbl.checker import DNSBLDomainChecker, DNSBLIpChecker, DNSBLResult
from pydnsbl.providers import Provider

from preflight.check import Context, Secret, Settings
from preflight.net.dns import SingleFlight
from preflight.net.fake import FakeSource
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason
from preflight_checks.blocklists.door import open_door
from preflight_checks.blocklists.pydnsbl_adapter import AddressChecker, CatalogueProvider, DomainChecker, Item, survey
from preflight_checks.dnsbl import CHECK
from tests.unit.dnsbl_world import DBL, KEY, ZEN, NoRecorder, Outcome, reverse, world

IP = "192.0.2.25"


def context(script: dict[str, Outcome]) -> Context:
    return Context(CHECK, Subject.of(ips=[IP]), SingleFlight(FakeSource(script)), Settings(), NoRecorder())


def ours(answer: Outcome, **changes: Outcome) -> DNSBLResult:
    """The result of our checker for an address on ZEN that gives this answer."""
    script = world([ZEN], [IP]) | {f"A {reverse(IP)}.{ZEN.name}": answer} | changes

    async def ask() -> DNSBLResult:
        checker = AddressChecker(context(script), [open_door(ZEN, {})])
        try:
            return await checker.check_async(IP)
        finally:
            await checker.close()

    return asyncio.run(ask())


class StockResolver:
    """In the place of the c-ares resolver: the same answers, as aiodns gives them."""

    def __init__(self, answer: Outcome) -> None:
        self.answer = answer

    async def query(self, name: str, rtype: str) -> list[Item]:
        assert (name, rtype) == (f"{reverse(IP)}.{ZEN.name}", "A")
        if isinstance(self.answer, Sequence) and not isinstance(self.answer, str):
            return [Item(code) for code in self.answer]
        # c-ares: ARES_ENODATA 1, ARES_ESERVFAIL 3, ARES_ENOTFOUND 4, ARES_EREFUSED 6, ARES_ETIMEOUT 12
        codes = {NxDomain: 4, NoData: 1, Reason.SERVFAIL: 3, Reason.REFUSED: 6, Reason.TIMEOUT: 12}
        raise aiodns.error.DNSError(codes[self.answer], "")  # type: ignore[index]


def stock(answer: Outcome) -> DNSBLResult:
    """The result of pydnsbl's own checker for the same answer."""

    async def ask() -> DNSBLResult:
        checker = DNSBLIpChecker(providers=[Provider(ZEN.name)], loop=asyncio.get_running_loop())
        await checker._resolver.close()
        checker._resolver = StockResolver(answer)
        return await checker.check_async(IP)

    return asyncio.run(ask())


def summary(result: DNSBLResult) -> str:
    """Listed, failed or clear: all that a result can say of one list."""
    if result.blacklisted:
        return "listed"
    return "failed" if result.failed_providers else "clear"


@pytest.mark.parametrize(
    ("answer", "our", "their"),
    [
        (["127.0.0.2"], "listed", "listed"),
        (["127.0.0.4", "127.0.0.10"], "listed", "listed"),
        (NxDomain, "clear", "clear"),
        (["127.0.0.30"], "listed", "listed"),
        (["127.255.255.254"], "failed", "listed"),
        (["127.255.255.255"], "failed", "listed"),
        (["127.0.0.1"], "failed", "listed"),
        (["127.0.0.77"], "failed", "listed"),
        (["198.51.100.1"], "failed", "listed"),
        (["127.0.0.2", "198.51.100.1"], "failed", "listed"),
        (NoData, "failed", "failed"),
        (Reason.SERVFAIL, "failed", "failed"),
        (Reason.REFUSED, "failed", "failed"),
        (Reason.TIMEOUT, "failed", "failed"),
    ],
)
def test_only_documented_listings_are_blacklisted(answer: Outcome, our: str, their: str) -> None:
    assert (summary(ours(answer)), summary(stock(answer))) == (our, their)


@pytest.mark.parametrize("answer", [NxDomain, ["127.0.0.2"]])
@pytest.mark.parametrize(
    "life",
    [
        {f"A {reverse('127.0.0.2')}.{ZEN.name}": NxDomain},
        {f"A {reverse('127.0.0.1')}.{ZEN.name}": ["127.0.0.2"]},
        {f"A {reverse('127.0.0.2')}.{ZEN.name}": Reason.TIMEOUT},
    ],
    ids=["dead", "lists the world", "unproven"],
)
def test_a_list_without_proof_of_life_has_failed(life: dict[str, Outcome], answer: Outcome) -> None:
    result = ours(answer, **life)
    assert summary(result) == "failed"
    assert [provider.host for provider in result.failed_providers] == [ZEN.name]


def test_categories_come_from_the_catalogue() -> None:
    result = ours(["127.0.0.2", "127.0.0.4", "127.0.0.30"])
    assert {name: set(found) for name, found in result.detected_by.items()} == {ZEN.name: {"spam", "exploits", "cnc"}}
    assert result.categories == {"spam", "exploits", "cnc"}


def test_names_go_through_the_domain_checker() -> None:
    name = "mail.example.com"
    script = world([DBL], names=[name]) | {f"A {name}.{DBL.name}": ["127.0.1.104"]}

    async def ask() -> Any:
        return await survey(context(script), name, [open_door(DBL, {})])

    surveyed = asyncio.run(ask())
    assert surveyed.result.addr == name
    assert surveyed.result.categories == {"phish"}
    assert surveyed.outcomes[DBL.name].codes == ("127.0.1.104",)


def test_providers_never_carry_the_key() -> None:
    provider = CatalogueProvider(open_door(ZEN, {"dqs": Secret(KEY)}))
    assert provider.host == "zen.dq.spamhaus.net"
    assert KEY not in repr(provider)


@pytest.mark.parametrize("address", [IP, "2001:db8::25", "::ffff:7f00:2"])
def test_addresses_are_reversed_by_us(address: str) -> None:
    async def prepare() -> str:
        checker = AddressChecker(context({}), [])
        try:
            return checker.prepare_query(address)
        finally:
            await checker.close()

    assert asyncio.run(prepare()) == reverse(address)


def test_the_resolver_of_pydnsbl_asks_nothing_and_is_closed_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("pydnsbl asks by itself")

    monkeypatch.setattr(aiodns.DNSResolver, "query", forbidden)
    closed: list[object] = []
    close = aiodns.DNSResolver.close

    async def count(resolver: aiodns.DNSResolver) -> None:
        closed.append(resolver)
        await close(resolver)

    monkeypatch.setattr(aiodns.DNSResolver, "close", count)

    async def ask() -> None:
        ctx = context(world([ZEN, DBL], [IP], ["example.com"]))
        await survey(ctx, ctx.subject.ips[0], [open_door(ZEN, {})])
        await survey(ctx, "example.com", [open_door(DBL, {})])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(ask())
        gc.collect()
    assert len(closed) == 2


def test_both_checkers_are_pydnsbls() -> None:
    assert issubclass(AddressChecker, DNSBLIpChecker)
    assert issubclass(DomainChecker, DNSBLDomainChecker)
    assert issubclass(CatalogueProvider, Provider)
