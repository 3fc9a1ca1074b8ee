"""The lab's name server as a server: transports, sizes, odd packets, many clients at once, its start and its end."""

import asyncio
import contextlib
import errno
import gc
import socket
import threading
from collections.abc import Iterator

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.lab import Asked, Fault, LabDns, Transport, World
from preflight.lab.responder import LOG_LENGTH, Responder
from preflight.net.dns import Question
from preflight.net.live import LiveSource
from tests.unit.lab_asking import ask, records, told

ZONES = {
    "example.com": "\n".join(
        [
            "mail A 192.0.2.10",
            *(f"n{number} A 192.0.2.{number}" for number in range(200)),
            *(f'medium TXT "{number:02} {"m" * 60}"' for number in range(12)),
            *(f'large TXT "{number:03} {"l" * 200}"' for number in range(40)),
            *(f'huge TXT "{number:03} {"h" * 250}"' for number in range(300)),
        ]
    )
}
ANSWER = ("NOERROR", "AA RA", ["mail.example.com A 192.0.2.10"])


@pytest.fixture(scope="module")
def server() -> Iterator[LabDns]:
    with LabDns(World.from_zones(ZONES)) as running:
        yield running


def send(server: LabDns, packet: bytes) -> bytes:
    """The reply to a datagram; a proper question follows it, so that silence is told without a clock."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((server.host, server.port))
        client.send(packet)
        client.send(dns.message.make_query("mail.example.com", "A", id=4711).to_wire())
        first = client.recv(65535)
        if first[:2] == (4711).to_bytes(2):
            return b""
        assert client.recv(65535)[:2] == (4711).to_bytes(2)
        return first


@pytest.mark.parametrize(
    ("name", "edns", "truncated"),
    [
        ("mail", 0, False),
        ("medium", 0, True),  # 12 records of 64 octets: more than 512, less than 1232
        ("medium", 512, True),
        ("medium", 100, True),  # less than 512 counts as 512 (RFC 6891 6.2.3)
        ("mail", 100, False),
        ("medium", 1232, False),
        ("large", 1232, True),
        ("large", 65535, True),  # the server itself sends no more than 1232
    ],
)
def test_what_does_not_fit_is_truncated(server: LabDns, name: str, edns: int, truncated: bool) -> None:
    rtype = "A" if name == "mail" else "TXT"
    reply = ask(server, f"{name}.example.com", rtype, edns=edns)
    full = ask(server, f"{name}.example.com", rtype, edns=edns, tcp=True)
    assert bool(reply.flags & dns.flags.TC) is truncated
    assert records(reply.answer) == ([] if truncated else records(full.answer))
    assert len(full.answer[0]) == {"mail": 1, "medium": 12, "large": 40}[name]
    assert len(reply.to_wire()) <= max(512, min(edns, 1232))


def test_what_no_message_can_hold_is_truncated_even_on_tcp(server: LabDns) -> None:
    assert told(ask(server, "huge.example.com", "TXT", tcp=True)) == ("NOERROR", "AA TC RA", [])


def test_the_checks_resolver_falls_back_to_tcp(server: LabDns) -> None:
    answer = asyncio.run(LiveSource([server.address]).ask(Question.of("large.example.com", "TXT")))
    assert len(answer.values) == 40


def test_edns_is_answered_in_kind(server: LabDns) -> None:
    plain, extended = ask(server, "mail.example.com", edns=0), ask(server, "mail.example.com", edns=4096)
    assert plain.edns == -1
    assert (extended.edns, extended.payload) == (0, 1232)


def test_an_unknown_version_of_edns_is_said_to_be_one(server: LabDns) -> None:
    query = dns.message.make_query("mail.example.com", "A", use_edns=1)
    reply = dns.query.udp(query, server.host, timeout=5, port=server.port)
    assert reply.rcode() == dns.rcode.BADVERS


def test_the_query_comes_back(server: LabDns) -> None:
    query = dns.message.make_query("Mail.Example.Com", "A", flags=0)
    reply = dns.query.udp(query, server.host, timeout=5, port=server.port)
    assert (reply.id, reply.question) == (query.id, query.question)
    assert reply.question[0].name.to_text() == "Mail.Example.Com."
    assert not reply.flags & dns.flags.RD


@pytest.mark.parametrize(("rtype", "rdclass"), [("AXFR", "IN"), ("IXFR", "IN"), ("A", "CH"), ("TXT", "ANY")])
def test_transfers_and_other_classes_are_refused(server: LabDns, rtype: str, rdclass: str) -> None:
    query = dns.message.make_query("example.com", rtype, rdclass)
    reply = dns.message.from_wire(send(server, query.to_wire()))
    assert (reply.id, reply.rcode()) == (query.id, dns.rcode.REFUSED)


def test_other_opcodes_are_not_implemented(server: LabDns) -> None:
    for opcode in (dns.opcode.NOTIFY, dns.opcode.UPDATE, dns.opcode.STATUS, 15):
        packet = (99).to_bytes(2) + (opcode << 11).to_bytes(2) + bytes(8)
        reply = send(server, packet)
        assert reply[:2] == packet[:2]
        assert reply[2] == 0x80 | opcode << 3
        assert reply[3] & 0x0F == dns.rcode.NOTIMP


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00\x07\x01\x00" + bytes(8),  # no question
        b"\x00\x07\x01\x00\x00\x02" + bytes(6) + b"\x00\x00\x01\x00\x01" * 2,  # two questions
        b"\x00\x07\x01\x00\x00\x01" + bytes(6) + b"\xc0\x0c\x00\x01\x00\x01",  # a name that points at itself
        b"\x00\x07\x01\x00\x00\x01" + bytes(6) + b"\x05ab",  # a name that ends too early
        b"\x00\x07\x01\x00\x00\x01" + bytes(6) + b"\x00\x00\x01\x00\x01trailing",
    ],
)
def test_malformed_queries(server: LabDns, packet: bytes) -> None:
    assert send(server, packet) == b"\x00\x07\x81\x01" + bytes(8)


@pytest.mark.parametrize("packet", [b"", b"\x00", bytes(11), b"\x00\x07\x81\x00" + bytes(8)])
def test_what_gets_no_reply(server: LabDns, packet: bytes) -> None:
    assert send(server, packet) == b""


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x00\x07\x01\x00\x00\x01" + bytes(6)]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_datagram_ends_the_server(server: LabDns, packet: bytes, header: bytes) -> None:
    send(server, header + packet)
    assert told(ask(server, "mail.example.com")) == ANSWER


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_octets_on_a_connection_end_the_server(server: LabDns, chunks: list[bytes]) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        for chunk in chunks:
            client.sendall(chunk)
    assert told(ask(server, "mail.example.com", tcp=True)) == ANSWER


def test_a_connection_takes_queries_in_any_pieces(server: LabDns) -> None:
    queries = [dns.message.make_query(f"n{number}.example.com", "A", id=number) for number in range(1, 4)]
    stream = b"".join(len(wire).to_bytes(2) + wire for wire in (query.to_wire() for query in queries))
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        for at in range(0, len(stream), 7):
            client.sendall(stream[at : at + 7])
        for query in queries:
            reply, _ = dns.query.receive_tcp(client)
            assert query.is_response(reply)
            assert len(reply.answer) == 1


@pytest.mark.parametrize("tcp", [False, True])
def test_two_hundred_questions_at_once(server: LabDns, tcp: bool) -> None:
    async def one(number: int) -> list[str]:
        query = dns.message.make_query(f"n{number}.example.com", "A")
        send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        return records((await send(query, server.host, timeout=10, port=server.port)).answer)

    async def all_at_once() -> list[list[str]]:
        return await asyncio.gather(*(one(number) for number in range(200)))

    assert asyncio.run(all_at_once()) == [[f"n{number}.example.com A 192.0.2.{number}"] for number in range(200)]


def test_what_was_asked_is_remembered() -> None:
    with LabDns(World.from_zones(ZONES)) as server:
        ask(server, "Mail.example.com", "A")
        ask(server, "example.com", "MX", tcp=True)
        assert server.questions == [
            Asked("Mail.example.com", "A", Transport.UDP),
            Asked("example.com", "MX", Transport.TCP),
        ]


def test_the_memory_is_bounded() -> None:
    assert Responder(World()).asked.maxlen == LOG_LENGTH


def test_latency_comes_before_each_reply_and_holds_no_other_up() -> None:
    """A question with a latency of 0.2 s stays open while one with less is answered; both come in the end."""
    replies: list[str] = []

    async def one(server: LabDns, label: str) -> None:
        await LiveSource([server.address]).ask(Question.of("mail.example.com", "A"))
        replies.append(label)

    async def race() -> None:
        async with LabDns(World.from_zones(ZONES), latency=0.2) as slow, LabDns(World.from_zones(ZONES)) as fast:
            await asyncio.gather(one(slow, "slow"), one(fast, "fast"))

    asyncio.run(race())
    assert replies == ["fast", "slow"]


def test_udp_and_tcp_share_a_port_on_ipv6() -> None:
    with LabDns(World.from_zones(ZONES), "::1") as server:
        assert server.address == f"[::1]:{server.port}"
        assert told(ask(server, "mail.example.com")) == ANSWER
        assert told(ask(server, "mail.example.com", tcp=True)) == ANSWER
        answer = asyncio.run(LiveSource([server.address]).ask(Question.of("mail.example.com", "A")))
        assert answer.values == ("192.0.2.10",)


def test_another_address_of_loopback() -> None:
    with LabDns(World.from_zones(ZONES), "127.0.0.53") as server:
        assert server.address.startswith("127.0.0.53:")
        assert told(ask(server, "mail.example.com")) == ANSWER


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_nothing_but_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="loopback addresses alone"):
        LabDns(World(), host)


def test_a_port_whose_tcp_side_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    bind = socket.socket.bind

    class Picky(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if self.type == socket.SOCK_STREAM and len(taken) < 3:
                taken.append(address[1])
                raise OSError(errno.EADDRINUSE, "taken")
            bind(self, address)

    monkeypatch.setattr(socket, "socket", Picky)
    with LabDns(World.from_zones(ZONES)) as server:
        monkeypatch.undo()
        assert len(taken) == 3
        assert told(ask(server, "mail.example.com", tcp=True)) == ANSWER


@pytest.mark.parametrize(("code", "attempts"), [(errno.EADDRINUSE, 20), (errno.EACCES, 1)])
def test_what_cannot_be_bound_is_said(monkeypatch: pytest.MonkeyPatch, code: int, attempts: int) -> None:
    tries: list[int] = []

    class Picky(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if self.type == socket.SOCK_STREAM:
                tries.append(address[1])
                raise OSError(code, "no")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Picky)
    server = LabDns(World())
    with pytest.raises(OSError, match="no"):
        server.start()
    assert len(tries) == attempts
    server.stop()  # nothing to stop, and nothing to complain of


def test_the_end_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    world = World.from_zones(ZONES)
    world.fault("mail.example.com", Fault.DELAY, seconds=60)
    server = LabDns(world)
    with server:
        port = server.port
        idle = socket.create_connection((server.host, port), timeout=5)
        waiting = socket.create_connection((server.host, port), timeout=5)
        query = dns.message.make_query("mail.example.com", "A").to_wire()
        waiting.sendall(len(query).to_bytes(2) + query)
        assert told(ask(server, "n1.example.com"))[0] == "NOERROR"
    assert set(threading.enumerate()) == before
    for client in (idle, waiting):
        with client, contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, port), timeout=5)
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.address
    gc.collect()  # an unclosed socket or loop would warn, and a warning fails the test


def test_it_can_be_started_again_but_not_twice() -> None:
    server = LabDns(World.from_zones(ZONES))
    for _ in range(2):
        with server:
            assert told(ask(server, "mail.example.com")) == ANSWER
            with pytest.raises(RuntimeError, match="running already"):
                server.start()
        assert server.port == 0
