"""Shared sockets: what leaves, what is taken for a reply, and that no socket stays open."""

import asyncio
import gc
import socket
from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net import channel
from preflight.net.channel import EDNS_PAYLOAD, FLAGS, MAX_SHARED, Server, _wire

NAME = dns.name.from_text("25.113.0.203.zen.spamhaus.org")
A = dns.rdatatype.A
Answering = Callable[[bytes], list[bytes]]


class Peer(asyncio.DatagramProtocol):
    """A name server that answers each message with some others; notes the ports that it was asked from."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.ports: set[int] = set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.ports.add(addr[1])
        for message in self.answer(data):
            self.transport.sendto(message, addr)


def asking(answer: Answering, count: int = 1, seconds: float = 1.0) -> tuple[list[Any], set[int]]:
    """What comes of some questions at once, and from how many ports they came."""

    async def run() -> tuple[list[Any], set[int]]:
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(lambda: Peer(answer), local_addr=("127.0.0.1", 0))
        server = Server("127.0.0.1", transport.get_extra_info("sockname")[1])
        names = [NAME] if count == 1 else [dns.name.from_text(f"n{number}.example") for number in range(count)]
        found = await asyncio.gather(*(server.ask(name, A, seconds) for name in names), return_exceptions=True)
        transport.close()
        assert server._channel is None or server._channel._socket.fileno() == -1  # closed with its last question
        return found, peer.ports

    return asyncio.run(run())


def reply(data: bytes, **changes: Any) -> dns.message.Message:
    request = dns.message.from_wire(data)
    message = dns.message.make_response(request)
    message.answer.append(dns.rrset.from_text(request.question[0].name, 60, "IN", "A", "127.0.0.2"))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def right(data: bytes) -> bytes:
    return reply(data).to_wire()


def test_a_question_is_what_dnspython_would_send() -> None:
    ours = dns.message.from_wire(_wire(4711, NAME, A))
    theirs = dns.message.make_query(NAME, A, use_edns=0, payload=EDNS_PAYLOAD, id=4711, flags=FLAGS)
    assert ours == theirs
    assert (ours.id, ours.flags, ours.edns, ours.payload) == (4711, theirs.flags, 0, EDNS_PAYLOAD)
    assert _wire(4711, NAME, A) == theirs.to_wire()


def test_the_reply_comes_back() -> None:
    ((message,), _) = asking(lambda data: [right(data)])
    assert [str(rdata) for rdata in message.answer[0]] == ["127.0.0.2"]


def test_many_questions_share_few_sockets_and_change_ports() -> None:
    found, ports = asking(lambda data: [right(data)], count=3 * MAX_SHARED)
    assert [message.question[0].name.to_text() for message in found] == [
        f"n{n}.example." for n in range(3 * MAX_SHARED)
    ]
    assert len(ports) == 3


def wrong_id(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + right(data)[1:]


def another_name(data: bytes) -> bytes:
    other = dns.message.make_query("24.113.0.203.zen.spamhaus.org", A, id=int.from_bytes(data[:2], "big"))
    return right(other.to_wire())


def another_type(data: bytes) -> bytes:
    other = dns.message.make_query(NAME, "TXT", id=int.from_bytes(data[:2], "big"))
    return dns.message.make_response(other).to_wire()


def no_question(data: bytes) -> bytes:
    return reply(data, question=[], answer=[]).to_wire()


NO_REPLIES = {
    "wrong id": wrong_id,
    "another name": another_name,
    "another type": another_type,
    "the question itself": lambda data: data,
    "no question": no_question,
    "garbage": lambda data: data[:2] + b"garbage",
    "cut off": lambda data: right(data)[:20],
    "nothing": lambda data: b"",
}


@pytest.mark.parametrize("kind", NO_REPLIES)
def test_what_is_no_reply_is_passed_over_and_the_right_one_taken(kind: str) -> None:
    ((message,), _) = asking(lambda data: [NO_REPLIES[kind](data), right(data)])
    assert message.answer


@pytest.mark.parametrize("kind", NO_REPLIES)
def test_without_the_right_one_time_runs_out(kind: str) -> None:
    ((outcome,), _) = asking(lambda data: [NO_REPLIES[kind](data)], seconds=0.05)
    assert isinstance(outcome, TimeoutError)


def test_a_server_that_makes_no_sense_of_it_need_not_repeat_the_question() -> None:
    def refused(data: bytes) -> list[bytes]:
        message = reply(data, question=[], answer=[])
        message.set_rcode(dns.rcode.REFUSED)
        return [message.to_wire()]

    ((message,), _) = asking(refused)
    assert message.rcode() == dns.rcode.REFUSED


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 60))
def test_no_octets_are_a_crash(noise: bytes, kept: int) -> None:
    errors: list[Any] = []

    async def run() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            one = channel._Channel(*peer.getsockname())
            task = asyncio.ensure_future(one.exchange(NAME, A, 1.0))
            await asyncio.sleep(0)
            (number,) = one._waiting
            base = right(_wire(number, NAME, A))
            one._hand_over(number.to_bytes(2, "big") + noise)
            one._hand_over(base[:kept] + noise)
            one._hand_over(base)
            message = await task
            one.leave()
            return message

    assert asyncio.run(run()).id >= 0
    assert errors == []


def test_a_port_that_nobody_listens_on_is_told_at_once() -> None:
    async def run() -> Any:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server("127.0.0.1", port)
        return await asyncio.gather(*(server.ask(NAME, A, 5.0) for _ in range(3)), return_exceptions=True)

    assert {type(outcome) for outcome in asyncio.run(run())} == {ConnectionRefusedError}


def test_an_address_out_of_reach_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with pytest.raises(OSError, match="unreachable"):
        asyncio.run(Server("192.0.2.53").ask(NAME, A, 1.0))
    gc.collect()  # an open socket would warn here


def test_a_question_that_is_given_up_leaves_no_socket() -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            server = Server(*silent.getsockname())
            tasks = [asyncio.ensure_future(server.ask(NAME, A, 5.0)) for _ in range(2)]
            await asyncio.sleep(0)
            assert server._channel is not None
            assert len(server._channel._waiting) == 2
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert server._channel._waiting == {}
            assert server._channel._socket.fileno() == -1

    asyncio.run(run())


def test_one_server_may_be_used_in_one_loop_after_another() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = Server(*silent.getsockname())
        for _ in range(2):
            with pytest.raises(TimeoutError):
                asyncio.run(server.ask(NAME, A, 0.02))
