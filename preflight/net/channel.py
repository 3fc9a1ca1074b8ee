"""One name server, asked for many things at once over few sockets.

dnspython opens a socket for each question, which takes more time than the question itself. Here the questions that are
under way at the same time share one, up to a limit. Messages are made and read by dnspython; TCP is all its own.
"""

import asyncio
import secrets
import socket
from typing import NamedTuple

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.renderer

from preflight.net.replies import read_reply

EDNS_PAYLOAD = 1232  # octets; what passes everywhere without fragments (DNS flag day 2020)
FLAGS = dns.flags.RD | dns.flags.AD
"""Look it up, and say whether DNSSEC vouches for it: that is what AD asks for in a question (RFC 6840 5.7)."""
MAX_SHARED = 50  # questions to a socket: then comes another port, so that replies stay hard to forge (RFC 5452 9.2)
_LONGEST = 4096  # octets of a message over UDP; three times of what is offered to be taken
_AT_A_TIME = 4  # messages that are read in one go


class Server:
    """A name server at an address and a port.

    A socket lives as long as questions wait for replies on it. May be used in another event loop once all have ended.
    """

    def __init__(self, address: str, port: int = 53) -> None:
        self.address = address
        self.port = port
        self._channel: _Channel | None = None

    async def ask(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, seconds: float) -> dns.message.Message:
        """The reply to a question: over UDP, and over TCP when it does not fit. Each may take some seconds.

        Raises `TimeoutError`; another `OSError` when the server is out of reach; what dnspython raises
        (`dns.exception.DNSException`, `EOFError`, `ValueError`) for a reply over TCP that is broken.
        """
        channel = self._enter()
        try:
            return await channel.exchange(name, rdtype, seconds)
        except dns.message.Truncated:
            pass
        finally:
            channel.leave()
        request = dns.message.make_query(name, rdtype, use_edns=0, payload=EDNS_PAYLOAD, flags=FLAGS)
        try:
            return await dns.asyncquery.tcp(request, self.address, seconds, self.port)
        except dns.exception.Timeout:
            raise TimeoutError from None

    def _enter(self) -> "_Channel":
        """A socket with room for one more question."""
        channel = self._channel
        if channel is None or not channel.enter(asyncio.get_running_loop()):
            channel = self._channel = _Channel(self.address, self.port)
        return channel


class _Channel:
    """One connected socket, on which only the server that was asked can be heard. Made for a first question.

    A plain socket and a reader, no transport of asyncio's: a question leaves at once, and not after all others that
    begin at the same time have been made ready. Raises `OSError` when the address cannot be reached at all.
    """

    def __init__(self, address: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, _Asked] = {}
        self._users = self._entered = 1
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect((address, port))
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._receive)

    def enter(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a place for a question; false when there is none, or when the socket is closed."""
        if self._users == 0 or self._entered == MAX_SHARED or self._loop is not loop:
            return False
        self._users += 1
        self._entered += 1
        return True

    def leave(self) -> None:
        """Give the place back. The last one to leave closes the socket."""
        self._users -= 1
        if self._users == 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    async def exchange(
        self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, seconds: float
    ) -> dns.message.Message:
        """The reply to a question. Raises `dns.message.Truncated`, `TimeoutError`, and other kinds of `OSError`."""
        number = secrets.randbelow(65536)
        while number in self._waiting:
            number = secrets.randbelow(65536)
        wire = _wire(number, name, rdtype)
        reply: asyncio.Future[dns.message.Message] = self._loop.create_future()
        self._waiting[number] = _Asked(name, rdtype, reply)
        timer = self._loop.call_later(seconds, _expire, reply)
        try:
            try:
                self._socket.send(wire)
            except BlockingIOError:
                await self._loop.sock_sendall(self._socket, wire)
            return await reply
        finally:
            timer.cancel()
            del self._waiting[number]

    def _receive(self) -> None:
        """Read what has come, a few messages at a time, so that others get their turn."""
        for _ in range(_AT_A_TIME):
            try:
                data = self._socket.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError as error:  # the system's word that the server cannot be reached, which goes for all
                self._fail(error)
                return
            self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        """Give a reply to the question that it answers. What is none, or broken, is passed over: a better may come."""
        asked = self._waiting.get(int.from_bytes(data[:2], "big"))
        if asked is None or asked.reply.done():
            return
        try:
            message = read_reply(data, asked.rdtype)
        except dns.message.Truncated as error:
            if asked.is_answered_by(error.message()):  # type: ignore[no-untyped-call]
                asked.reply.set_exception(error)
        except (dns.exception.DNSException, ValueError):
            return
        else:
            if asked.is_answered_by(message):
                asked.reply.set_result(message)

    def _fail(self, error: OSError) -> None:
        for asked in self._waiting.values():
            if not asked.reply.done():
                asked.reply.set_exception(error)


class _Asked(NamedTuple):
    """A question that waits for its reply."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    reply: "asyncio.Future[dns.message.Message]"

    def is_answered_by(self, message: dns.message.Message) -> bool:
        """Whether a message with the right id is a reply to this question: it repeats it, as all replies do but some
        that say that the server could not make sense of it (RFC 1035 4.1.1)."""
        if not message.flags & dns.flags.QR or message.opcode() != dns.opcode.QUERY:
            return False
        if not message.question:
            return message.rcode() in _WITHOUT_QUESTION
        (asked, *others) = message.question
        wanted = (self.name, self.rdtype, dns.rdataclass.IN)
        return not others and (asked.name, asked.rdtype, asked.rdclass) == wanted


_WITHOUT_QUESTION = {dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED}
_OPT = dns.message.make_query(".", "A", use_edns=0, payload=EDNS_PAYLOAD).opt


def _wire(number: int, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bytes:
    """A question as a message: what `make_query(…, flags=FLAGS).to_wire()` gives, with no message object on the way."""
    renderer = dns.renderer.Renderer(number, FLAGS)  # type: ignore[no-untyped-call]
    renderer.compress = None  # type: ignore[assignment] # one name: there is nothing to compress
    renderer.add_question(name, rdtype)  # type: ignore[no-untyped-call]
    renderer.add_opt(_OPT)  # type: ignore[no-untyped-call]
    renderer.write_header()  # type: ignore[no-untyped-call]
    return bytes(renderer.get_wire())  # type: ignore[no-untyped-call]


def _expire(reply: "asyncio.Future[dns.message.Message]") -> None:
    if not reply.done():
        reply.set_exception(TimeoutError())
