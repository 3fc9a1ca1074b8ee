"""The live source against a real DNS server on loopback: every outcome told apart."""

import asyncio
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rrset
import pytest

from preflight.errors import ConfigError
from preflight.lab import Fault, LabDns, World
from preflight.net import live
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, SingleFlight, Unanswered
from preflight.net.live import LiveSource, parse_server

HEAD = "@ SOA ns1 root 1 60 60 60 60\n@ NS ns1\nns1 A 192.0.2.53\n"
ZONE = HEAD + (
    "mail A 192.0.2.25\nmail AAAA 2001:db8::25\nalias CNAME mail\nlong CNAME alias\ndangling CNAME nowhere\n"
    "loop1 CNAME loop2\nloop2 CNAME loop1\n@ MX 20 mx2\n@ MX 10 mx1\nnull MX 0 .\n"
    'txt TXT "two " "strings"\ntxt8 TXT "\\195\\188\\255"\nodd\\.name MX 5 we\\.ird\n'
    + "".join(f"many A 198.51.100.{n}\n" for n in range(100))
)


def ask(world: World, name: str, rtype: str, timeout: float = 1.0) -> Answer:
    async def query(address: str) -> Answer:
        return await SingleFlight(LiveSource([address], timeout)).query(name, rtype)

    with LabDns(world) as server:
        return asyncio.run(query(server.address))


def world() -> World:
    return World.from_zones({"example.com": ZONE})


@pytest.mark.parametrize(
    ("name", "rtype", "values", "aliases"),
    [
        ("mail.example.com", "A", ("192.0.2.25",), ()),
        ("MAIL.Example.COM.", "a", ("192.0.2.25",), ()),
        ("mail.example.com", "AAAA", ("2001:db8::25",), ()),
        ("long.example.com", "A", ("192.0.2.25",), ("alias.example.com", "mail.example.com")),
        ("alias.example.com", "CNAME", ("mail.example.com",), ()),
        ("null.example.com", "MX", ("0 .",), ()),
        ("txt.example.com", "TXT", ("two strings",), ()),
        ("txt8.example.com", "TXT", ("ü\\xff",), ()),
    ],
)
def test_records(name: str, rtype: str, values: tuple[str, ...], aliases: tuple[str, ...]) -> None:
    answer = ask(world(), name, rtype)
    assert answer == Records(Question.of(name, rtype), aliases, values)


def test_exchanges_are_sorted_by_preference() -> None:
    answer = ask(world(), "example.com", "MX")
    assert [(mx.preference, mx.host) for mx in answer.exchanges] == [(10, "mx1.example.com"), (20, "mx2.example.com")]


def test_nothing_of_that_type_and_nothing_at_all() -> None:
    assert ask(world(), "mail.example.com", "MX") == NoData(Question("mail.example.com", "MX"))
    assert ask(world(), "nobody.example.com", "A") == NxDomain(Question("nobody.example.com", "A"))
    assert ask(world(), "dangling.example.com", "A") == NxDomain(
        Question("dangling.example.com", "A"), ("nowhere.example.com",)
    )
    assert ask(world(), "alias.example.com", "TXT") == NoData(
        Question("alias.example.com", "TXT"), ("mail.example.com",)
    )


class HalfWay(asyncio.DatagramProtocol):
    """A name server that hands out an alias without its target, as some forwarders do; counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        reply = dns.message.make_response(query, recursion_available=True)
        record = "CNAME target.example.net." if name == "alias.example.com" else "A 192.0.2.25"
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", *record.split()))
        self.transport.sendto(reply.to_wire(), addr)


def test_an_alias_without_its_target_is_followed() -> None:
    async def query() -> tuple[Answer, list[str]]:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(HalfWay, local_addr=("127.0.0.1", 0))
        try:
            source = LiveSource([f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"], 1.0)
            return await source.ask(Question("alias.example.com", "A")), server.asked
        finally:
            transport.close()

    answer, asked = asyncio.run(query())
    assert answer == Records(Question("alias.example.com", "A"), ("target.example.net",), ("192.0.2.25",))
    assert asked == ["alias.example.com", "target.example.net"]


def test_an_alias_whose_target_has_no_such_record_is_asked_for_once() -> None:
    with LabDns(world()) as server:
        answer = asyncio.run(LiveSource([server.address], 1.0).ask(Question("alias.example.com", "TXT")))
        assert [asked.name for asked in server.questions] == ["alias.example.com"]
    assert isinstance(answer, NoData)


def test_a_truncated_answer_is_fetched_whole_over_tcp() -> None:
    with LabDns(world()) as server:
        source = LiveSource([server.address], 1.0)
        answer = asyncio.run(source.ask(Question("many.example.com", "A")))
        assert len(answer.values) == 100
        assert {transport for name, _, transport in server.questions if name.startswith("many")} == {"udp", "tcp"}
    assert answer.evidence.seen.endswith(" and 92 more")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.SERVFAIL, Reason.SERVFAIL),
        (Fault.REFUSED, Reason.REFUSED),
        (Fault.TIMEOUT, Reason.TIMEOUT),
        (Fault.WRONG_ID, Reason.TIMEOUT),
        (Fault.LAME, Reason.LAME),
    ],
)
def test_what_is_no_answer(fault: Fault, reason: Reason) -> None:
    broken = world()
    broken.fault("mail.example.com", fault)
    with pytest.raises(Unanswered) as caught:
        ask(broken, "mail.example.com", "A", timeout=0.1)
    assert caught.value.reason is reason
    assert caught.value.question == Question("mail.example.com", "A")
    assert caught.value.evidence.asked == "A mail.example.com"


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.TRUNCATE_ALWAYS])
def test_a_reply_that_makes_no_sense_is_no_answer(fault: Fault) -> None:
    broken = world()
    broken.fault("mail.example.com", fault)
    with pytest.raises(Unanswered):
        ask(broken, "mail.example.com", "A", timeout=0.1)


def test_a_loop_of_aliases_is_no_answer() -> None:
    with pytest.raises(Unanswered) as caught:
        ask(world(), "loop1.example.com", "A", timeout=0.2)
    assert caught.value.reason in {Reason.BAD_REPLY, Reason.SERVFAIL, Reason.NETWORK}


@pytest.mark.parametrize("name", ["a..b.example", "x" * 64 + ".example", "\udc80.example", "a." * 130 + "example"])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with pytest.raises(Unanswered) as caught:
        ask(world(), name, "A")
    assert caught.value.reason is Reason.BAD_NAME


def test_a_dead_server_is_passed_over_once_and_then_asked_last() -> None:
    nothing = World.from_zones({})
    nothing.fault(".", Fault.TIMEOUT, subtree=True)
    with LabDns(world()) as alive, LabDns(nothing) as silent:
        source = LiveSource([silent.address, alive.address], 0.15)

        async def both() -> None:
            for name in ("mail.example.com", "ns1.example.com"):
                assert await source.ask(Question(name, "A"))

        asyncio.run(both())
        assert [name for name, _, _ in silent.questions] == ["mail.example.com"]


def test_each_server_that_fails_is_named() -> None:
    refusing, failing = world(), world()
    refusing.fault(".", Fault.REFUSED, subtree=True)
    failing.fault(".", Fault.SERVFAIL, subtree=True)
    with LabDns(refusing) as one, LabDns(failing) as other:
        source = LiveSource([one.address, other.address], 0.5)
        with pytest.raises(Unanswered) as caught:
            asyncio.run(source.ask(Question("mail.example.com", "A")))
        ports = [server.address.partition(":")[2] for server in (one, other)]
    assert caught.value.detail == f"127.0.0.1 port {ports[0]}: REFUSED; 127.0.0.1 port {ports[1]}: SERVFAIL"


def test_no_resolv_conf_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RESOLV_CONF", "/nonexistent/resolv.conf")
    source = LiveSource()
    assert source.servers == ()
    with pytest.raises(Unanswered) as caught:
        asyncio.run(source.ask(Question("mail.example.com", "A")))
    assert caught.value.reason is Reason.NO_SERVERS
    assert "--resolver" in caught.value.detail


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        (" 192.0.2.53 ", ("192.0.2.53", 53)),
    ],
)
def test_servers_are_read(text: str, parsed: tuple[str, int]) -> None:
    assert parse_server(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", "resolver.example.com", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:70000", "[::1]x", "1.2.3", "[::1]:٣"],
)
def test_what_is_no_server_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^resolver '.*' is not an address with an optional port; write [^\n]+$"):
        parse_server(text)


class Vouching(HalfWay):
    """A name server that says by AD that DNSSEC vouches for the names it is told of, where it is asked to say so."""

    def __init__(self, *vouched: str) -> None:
        super().__init__()
        self._vouched = vouched

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True)
        reply = dns.message.make_response(query, recursion_available=True)
        reply.set_rcode(dns.rcode.NXDOMAIN if name.startswith("gone") else dns.rcode.NOERROR)
        if query.flags & dns.flags.AD and name in self._vouched:
            reply.flags |= dns.flags.AD
        if not name.startswith(("gone", "empty")):
            record = "CNAME target.example.net." if name == "alias.example.com" else "A 192.0.2.25"
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", *record.split()))
        self.transport.sendto(reply.to_wire(), addr)


@pytest.mark.parametrize(
    ("name", "vouched", "authenticated"),
    [
        ("mail.example.com", ("mail.example.com",), True),
        ("mail.example.com", (), False),
        ("gone.example.com", ("gone.example.com",), True),
        ("empty.example.com", ("empty.example.com",), True),
        ("alias.example.com", ("alias.example.com", "target.example.net"), True),
        ("alias.example.com", ("alias.example.com",), False),
        ("alias.example.com", ("target.example.net",), False),
    ],
)
def test_what_dnssec_vouches_for_is_told(name: str, vouched: tuple[str, ...], authenticated: bool) -> None:
    """A chain of aliases is vouched for when each link of it is."""

    async def query() -> Answer:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Vouching(*vouched), local_addr=("127.0.0.1", 0))
        try:
            source = LiveSource([f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"], 1.0)
            return await SingleFlight(source).query(name, "A")
        finally:
            transport.close()

    assert asyncio.run(query()).authenticated is authenticated


class Handing(HalfWay):
    """A name server that hands out records as octets, whatever their type says."""

    def __init__(self, *records: bytes) -> None:
        super().__init__()
        self._records = records

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        (asked,) = query.question
        reply = dns.message.make_response(query, recursion_available=True)
        answer = dns.rrset.RRset(asked.name, asked.rdclass, asked.rdtype)
        for octets in self._records:
            answer.add(dns.rdata.GenericRdata(asked.rdclass, asked.rdtype, octets), 60)
        reply.answer.append(answer)
        self.transport.sendto(reply.to_wire(), addr)


def handed(rtype: str, *records: bytes) -> Answer:
    async def query() -> Answer:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Handing(*records), local_addr=("127.0.0.1", 0))
        try:
            source = LiveSource([f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"], 0.2)
            return await source.ask(Question("_25._tcp.mail.example.com", rtype))
        finally:
            transport.close()

    return asyncio.run(query())


def test_a_tlsa_record_of_another_length_is_told_and_not_dropped() -> None:
    good = b"\x03\x01\x01" + b"\xab" * 32
    text = "3 1 1 " + "ab" * 32
    assert handed("TLSA", good).values == (text,)
    assert handed("TLSA", b"\x03\x01\x01\xab\xcd").values == ("\\# 5 030101abcd",)
    assert set(handed("TLSA", good, b"\x03\x01\x01\xab\xcd", b"\x03").values) == {
        text,
        "\\# 5 030101abcd",
        "\\# 1 03",
    }


def test_other_records_that_are_broken_are_no_answer() -> None:
    with pytest.raises(Unanswered) as caught:
        handed("A", b"\xc0\x00")
    assert caught.value.reason is Reason.TIMEOUT
