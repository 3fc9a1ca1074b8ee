"""The second opinion: the zone's own servers are asked before "missing" is said, and only where that is wanted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import LabDns
from preflight.lab.world import World
from preflight.net.authority import AuthoritativeSource
from preflight.net.dns import Answer, NoData, NxDomain, Question, Records, SingleFlight
from preflight.net.fake import FakeSource, Script
from preflight.net.live import LiveSource
from preflight.testing import Reason

ZONE = """
@ SOA ns1 root 1 60 60 60 60
@ NS ns1
ns1 A 127.0.0.1
mail A 192.0.2.25
empty TXT "x"
alias CNAME mail
away CNAME host.example.net.
"""
FOUND: Script = {
    "NS mail.example.com": NoData, "NS empty.example.com": NoData, "NS none.example.com": NxDomain,
    "NS alias.example.com": NoData, "NS away.example.com": NoData,
    "NS example.com": ["ns1.example.com"], "A ns1.example.com": ["127.0.0.1"], "AAAA ns1.example.com": NoData,
    "A host.example.net": ["192.0.2.77"],
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[LabDns]:
    with LabDns(World.from_zones({"example.com": ZONE}, recursive=False)) as lab:
        yield lab


def opinion(server: LabDns | None, script: Script, name: str, *, anywhere: bool = True) -> Answer:
    """What becomes of the A question for a name that the resolver has no record for."""

    async def run() -> Answer:
        inner = FakeSource({**FOUND, **script})
        port = server.port if server is not None else 1
        source = AuthoritativeSource(inner, 0.5, port=port, anywhere=anywhere)
        return await SingleFlight(source).confirmed(name, "A")

    return asyncio.run(run())


@pytest.mark.parametrize("kind", [NxDomain, NoData])
def test_what_the_zone_has_is_not_missing(server: LabDns, kind: type[NoData] | type[NxDomain]) -> None:
    answer = opinion(server, {"A mail.example.com": kind}, "mail.example.com")
    assert answer.values == ("192.0.2.25",)
    assert answer.evidence.seen == (
        "192.0.2.25 (says 127.0.0.1, a server of the zone; the resolver had nothing)"
    )  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), [("none.example.com", NxDomain), ("empty.example.com", NoData)])
def test_what_the_zone_does_not_have_is_missing(server: LabDns, name: str, kind: type[NoData] | type[NxDomain]) -> None:
    answer = opinion(server, {f"A {name}": kind}, name)
    assert isinstance(answer, kind)
    assert answer.evidence.seen.endswith("(the zone's own servers say so too (127.0.0.1))")


@pytest.mark.parametrize(
    "script",
    [
        {},
        {"NS example.com": Reason.SERVFAIL},
        {"A ns1.example.com": Reason.TIMEOUT},
        {"NS mail.example.com": Reason.TIMEOUT},
    ],
)
def test_where_they_cannot_be_reached_the_resolvers_word_stands_and_that_is_told(script: Script) -> None:
    answer = opinion(None, {"A mail.example.com": NxDomain, **script}, "mail.example.com")
    assert isinstance(answer, NxDomain)
    assert "could not be asked, so that the resolver's word stands" in answer.evidence.seen


def test_servers_in_private_networks_are_not_asked(server: LabDns) -> None:
    answer = opinion(server, {"A mail.example.com": NxDomain}, "mail.example.com", anywhere=False)
    assert "could not be asked" in answer.evidence.seen
    assert not any("mail.example.com" in str(asked) for asked in server.questions[-1:])


def test_aliases_are_followed(server: LabDns) -> None:
    answer = opinion(server, {"A alias.example.com": NoData}, "alias.example.com")
    assert (answer.aliases, answer.values) == (("mail.example.com",), ("192.0.2.25",))
    answer = opinion(server, {"A away.example.com": NoData}, "away.example.com")
    assert (answer.aliases, answer.values) == (("host.example.net",), ("192.0.2.77",))
    answer = opinion(server, {"A away.example.com": NoData, "A host.example.net": Reason.SERVFAIL}, "away.example.com")
    assert "could not be asked" in answer.evidence.seen


def test_the_target_of_an_alias_is_asked_for_in_its_own_zone(server: LabDns) -> None:
    first = NoData(Question.of("www.example.org", "A"), ("mail.example.com",))
    answer = opinion(server, {"A www.example.org": first}, "www.example.org")
    assert (answer.aliases, answer.values) == (("mail.example.com",), ("192.0.2.25",))


def test_a_server_that_speaks_for_another_zone_is_not_believed(server: LabDns) -> None:
    script: Script = {
        "A mail.example.org": NxDomain,
        "NS mail.example.org": NxDomain,
        "NS example.org": ["ns1.example.com"],
    }
    assert "could not be asked" in opinion(server, script, "mail.example.org").evidence.seen


def test_records_are_asked_for_once_and_nobody_else_is_asked() -> None:
    source = FakeSource({"A mail.example.com": ["192.0.2.25"]})

    async def run() -> Answer:
        return await SingleFlight(AuthoritativeSource(source)).confirmed("mail.example.com", "A")

    assert asyncio.run(run()) == Records(Question.of("mail.example.com", "A"), (), ("192.0.2.25",))
    assert len(source.asked) == 1


def test_an_opinion_is_asked_for_once_in_a_run(server: LabDns) -> None:
    async def run() -> list[Answer]:
        flight = SingleFlight(
            AuthoritativeSource(FakeSource({**FOUND, "A mail.example.com": NxDomain}), port=server.port, anywhere=True)
        )
        return list(await asyncio.gather(*(flight.confirmed("mail.example.com", "A") for _ in range(5))))

    before = len(server.questions)
    assert len({answer.values for answer in asyncio.run(run())}) == 1
    assert len(server.questions) - before == 1


def test_by_default_an_empty_answer_stands() -> None:
    source = FakeSource({"A mail.example.com": NxDomain})

    async def run() -> Answer:
        return await SingleFlight(source).confirmed("mail.example.com", "A")

    assert asyncio.run(run()) == NxDomain(Question.of("mail.example.com", "A"))
    assert len(source.asked) == 1


@pytest.mark.parametrize("by", ["option", "file"])
def test_the_option(by: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The lab's servers are on loopback, so that they are not asked, and the evidence says so."""
    config = tmp_path / "preflight.toml"
    config.write_text("[resolver]\nauthoritative = true\n")
    more = ["--authoritative"] if by == "option" else ["--config", str(config)]
    with LabDns(World.from_zones({"example.com": ZONE})) as lab:
        arguments = ["check", "--ip", "192.0.2.25", "--select", "ptr", "--resolver", lab.address, "--format", "json"]
        assert main(arguments) == 1
        assert "resolver's word stands" not in capsys.readouterr().out
        assert main([*arguments, *more]) == 1
        assert "resolver's word stands" in capsys.readouterr().out


def test_live_sources_have_no_second_opinion() -> None:
    answer = NxDomain(Question.of("mail.example.com", "A"))
    assert asyncio.run(LiveSource(["127.0.0.1:1"]).second_opinion(answer)) is answer
