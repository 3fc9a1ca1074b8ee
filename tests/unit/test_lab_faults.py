"""Faults on demand, asked over the wire and through the resolver that the checks use."""

import asyncio
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.query
import pytest

from preflight.lab import Fault, LabDns, World
from preflight.net.dns import Question, Reason, Records, Unanswered
from preflight.net.live import LiveSource
from tests.unit.lab_asking import ask, records, told

ZONE = """
mail   A     192.0.2.10
       MX    10 mail
alias  CNAME mail
a.mail A     192.0.2.11
"""
ANSWER = ("NOERROR", "AA RA", ["mail.example.com A 192.0.2.10"])


@pytest.fixture
def world() -> World:
    return World.from_zones({"example.com": ZONE})


@pytest.fixture
def server(world: World) -> Iterator[LabDns]:
    with LabDns(world) as running:
        yield running


def outcome(server: LabDns, name: str = "mail.example.com") -> Reason | tuple[str, ...]:
    """What the checks' own resolver makes of it."""

    async def look_up() -> Reason | tuple[str, ...]:
        try:
            answer = await LiveSource([server.address], timeout=0.05).ask(Question.of(name, "A"))
        except Unanswered as unanswered:
            return unanswered.reason
        assert isinstance(answer, Records)
        return answer.values

    return asyncio.run(look_up())


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.SERVFAIL, Reason.SERVFAIL),
        (Fault.REFUSED, Reason.REFUSED),
        (Fault.TIMEOUT, Reason.TIMEOUT),
        (Fault.TRUNCATE, ("192.0.2.10",)),
        (Fault.LAME, Reason.LAME),
    ],
)
def test_what_the_checks_see(world: World, server: LabDns, fault: Fault, expected: object) -> None:
    world.fault("mail.example.com", fault)
    assert outcome(server) == expected
    world.mend("mail.example.com")
    assert outcome(server) == ("192.0.2.10",)


@pytest.mark.parametrize("fault", [Fault.TRUNCATE_ALWAYS, Fault.GARBAGE, Fault.WRONG_ID])
def test_a_broken_reply_is_never_an_answer(world: World, server: LabDns, fault: Fault) -> None:
    world.fault("mail.example.com", fault)
    assert isinstance(outcome(server), Reason)


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(("fault", "code"), [(Fault.SERVFAIL, "SERVFAIL"), (Fault.REFUSED, "REFUSED")])
def test_codes(world: World, server: LabDns, fault: Fault, code: str, tcp: bool) -> None:
    world.fault("mail.example.com", fault)
    assert told(ask(server, "mail.example.com", tcp=tcp)) == (code, "RA", [])


def test_truncation_sends_to_tcp(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.TRUNCATE)
    assert told(ask(server, "mail.example.com")) == ("NOERROR", "AA TC RA", [])
    assert told(ask(server, "mail.example.com", tcp=True)) == ANSWER


def test_truncation_on_tcp_too(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.TRUNCATE_ALWAYS)
    assert told(ask(server, "mail.example.com")) == ("NOERROR", "AA TC RA", [])
    assert told(ask(server, "mail.example.com", tcp=True)) == ("NOERROR", "AA TC RA", [])


@pytest.mark.parametrize("tcp", [False, True])
def test_no_reply(world: World, server: LabDns, tcp: bool) -> None:
    world.fault("mail.example.com", Fault.TIMEOUT)
    query = dns.message.make_query("mail.example.com", "A")
    with pytest.raises(dns.exception.Timeout):
        (dns.query.tcp if tcp else dns.query.udp)(query, server.host, timeout=0.1, port=server.port)


def test_garbage_is_no_message(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.GARBAGE)
    with pytest.raises(dns.exception.DNSException):
        ask(server, "mail.example.com")


def test_a_wrong_id_is_told_by_the_client(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.WRONG_ID)
    with pytest.raises(dns.query.BadResponse):
        ask(server, "mail.example.com", tcp=True)


def test_a_lame_server_refers_to_the_root(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.LAME)
    reply = ask(server, "mail.example.com")
    assert told(reply) == ("NOERROR", "", [])
    assert records(reply.authority) == [". NS ns.root.example"]


def test_a_delayed_answer_lets_others_pass(world: World, server: LabDns) -> None:
    """The delayed question is asked first and answered last, over both transports."""
    world.fault("mail.example.com", Fault.DELAY, seconds=0.15)
    order: list[str] = []

    async def one(name: str) -> None:
        answer = await LiveSource([server.address]).ask(Question.of(name, "A"))
        order.append(f"{name} {answer.values[0]}")

    async def both() -> None:
        await asyncio.gather(one("mail.example.com"), one("a.mail.example.com"))

    asyncio.run(both())
    assert order == ["a.mail.example.com 192.0.2.11", "mail.example.com 192.0.2.10"]
    assert told(ask(server, "mail.example.com", tcp=True)) == ANSWER


def test_a_fault_is_for_one_name(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.SERVFAIL)
    assert told(ask(server, "MAIL.example.com"))[0] == "SERVFAIL"
    assert told(ask(server, "a.mail.example.com"))[0] == "NOERROR"
    assert told(ask(server, "example.com"))[0] == "NOERROR"


def test_a_fault_for_a_subtree(world: World, server: LabDns) -> None:
    world.fault("example.com", Fault.SERVFAIL, subtree=True)
    for name in ("example.com", "mail.example.com", "gone.a.mail.example.com"):
        assert told(ask(server, name))[0] == "SERVFAIL"
    assert told(ask(server, "example.net"))[0] == "NXDOMAIN"


def test_a_fault_for_a_record_type(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.SERVFAIL, rtype="mx")
    assert told(ask(server, "mail.example.com", "MX"))[0] == "SERVFAIL"
    assert told(ask(server, "mail.example.com", "A")) == ANSWER


def test_a_fault_hits_aliases_that_lead_to_it(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.SERVFAIL)
    assert told(ask(server, "alias.example.com"))[0] == "SERVFAIL"


def test_which_of_several_faults_counts(world: World, server: LabDns) -> None:
    world.fault("mail.example.com", Fault.REFUSED, rtype="A")
    world.fault("mail.example.com", Fault.TRUNCATE)
    world.fault("mail.example.com", Fault.SERVFAIL, subtree=True, rtype="MX")
    world.fault("example.com", Fault.SERVFAIL, subtree=True)
    assert told(ask(server, "mail.example.com"))[0] == "REFUSED"  # its type, before all types
    assert told(ask(server, "mail.example.com", "MX")) == ("NOERROR", "AA TC RA", [])  # its name, before a subtree
    assert told(ask(server, "other.example.com"))[0] == "SERVFAIL"
    world.fault("mail.example.com", Fault.TRUNCATE, rtype="A")
    assert told(ask(server, "mail.example.com"))[1] == "AA TC RA"  # the last one set


@pytest.mark.parametrize(
    ("fault", "rtype", "seconds", "message"),
    [
        (Fault.DELAY, None, 0.0, "seconds go with a delay"),
        (Fault.DELAY, None, -1.0, "seconds go with a delay"),
        (Fault.SERVFAIL, None, 1.0, "seconds go with a delay"),
        (Fault.SERVFAIL, "NOTYPE", 0.0, "'NOTYPE' is no record type"),
    ],
)
def test_faults_that_make_no_sense(world: World, fault: Fault, rtype: str | None, seconds: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        world.fault("mail.example.com", fault, rtype=rtype, seconds=seconds)
