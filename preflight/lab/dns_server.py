"""The lab's name server: a world served over UDP and TCP on a loopback port of the system's choice.

It runs in a thread of its own, so that synchronous code, tests and event loops can use it alike, and so that a client
which blocks its loop still gets answers.
"""

import asyncio
import errno
import ipaddress
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from preflight.lab.responder import Asked, Responder, Transport
from preflight.lab.world import World

_TRIES = 20  # ports that are tried until one is free for UDP and TCP alike
_BUFFER = 1 << 20  # octets of receive buffer asked for, so that a burst of questions is not lost
_BACKLOG = 128
_LENGTH = 2  # octets of the length before a message over TCP (RFC 1035 4.2.2)


class LabDns:
    """Serves a world: `with LabDns(world) as server:` and then ask `server.address` ("127.0.0.1:49152").

    `host` is a loopback address. `latency` in seconds is waited before each reply. Also works as `async with`. Raises
    `ValueError` for an address that is not loopback, `OSError` when no port can be had there.
    """

    def __init__(self, world: World, host: str = "127.0.0.1", *, latency: float = 0.0) -> None:
        self._ip = ipaddress.ip_address(host)
        if not self._ip.is_loopback:
            raise ValueError(f"the lab serves loopback addresses alone, not {host}")
        self._responder = Responder(world)
        self._latency = latency
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._port = 0

    @property
    def host(self) -> str:
        """The address alone."""
        return str(self._ip)

    @property
    def port(self) -> int:
        """The port, the same for UDP and TCP; 0 while the server does not run."""
        return self._port

    @property
    def address(self) -> str:
        """Address and port, as the option `--resolver` takes them. Raises `RuntimeError` when not started."""
        if not self._port:
            raise RuntimeError("the lab's name server is not running")
        return f"[{self._ip}]:{self._port}" if self._ip.version == 6 else f"{self._ip}:{self._port}"

    @property
    def questions(self) -> list[Asked]:
        """The questions that it was asked, in order."""
        return list(self._responder.asked)

    def start(self) -> None:
        """Bind, and answer from now on."""
        if self._thread is not None:
            raise RuntimeError("the lab's name server is running already")
        udp, tcp = _bind_both(self._ip)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(udp, tcp, ready), name="preflight-lab-dns", daemon=True)
        self._thread.start()
        ready.wait()
        self._port = udp.getsockname()[1]

    def stop(self) -> None:
        """Stop answering, close all connections, and wait until the thread has ended."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None
        self._port = 0

    def _run(self, udp: socket.socket, tcp: socket.socket, ready: threading.Event) -> None:
        try:
            with udp, tcp:
                asyncio.run(self._serve(udp, tcp, ready))
        finally:
            ready.set()  # also when it could not be started: whoever waits must not wait for ever

    async def _serve(self, udp: socket.socket, tcp: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        connections: set[asyncio.Transport] = set()
        datagrams, _ = await self._loop.create_datagram_endpoint(lambda: _Udp(self._responder, self._latency), sock=udp)
        server = await self._loop.create_server(
            lambda: _Tcp(self._responder, self._latency, connections), sock=tcp, backlog=_BACKLOG
        )
        ready.set()
        await self._stopping.wait()
        server.close()
        datagrams.abort()
        # A client that was accepted just now gets its connection from a task of asyncio's, a few turns later.
        while connections or len(asyncio.all_tasks()) > 1:
            for connection in list(connections):
                connection.abort()
            await asyncio.sleep(0)
        await server.wait_closed()
        await asyncio.sleep(0)  # the datagram socket is closed in the turn after its abort

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


class _Udp(asyncio.DatagramProtocol):
    """One reply a datagram."""

    def __init__(self, responder: Responder, latency: float) -> None:
        self._responder = responder
        self._latency = latency
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keep the way to send."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a query, now or later."""
        reply = self._responder.respond(data, Transport.UDP)
        if reply is not None:
            _after(reply.delay + self._latency, partial(self._send, reply.wire, addr))

    def _send(self, wire: bytes, address: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(wire, address)

    def error_received(self, exc: Exception) -> None:
        """A client that is gone before its reply came is no matter (ICMP port unreachable)."""


class _Tcp(asyncio.Protocol):
    """Any number of queries on a connection, each after its length (RFC 7766 6.2.1)."""

    def __init__(self, responder: Responder, latency: float, connections: set[asyncio.Transport]) -> None:
        self._responder = responder
        self._latency = latency
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the way to send."""
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        if self._transport is not None:
            self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer each query that is complete."""
        self._received += data
        while len(self._received) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._received[:_LENGTH])
            if len(self._received) < end:
                return
            packet = bytes(self._received[_LENGTH:end])
            del self._received[:end]
            reply = self._responder.respond(packet, Transport.TCP)
            if reply is not None:
                framed = len(reply.wire).to_bytes(_LENGTH) + reply.wire
                _after(reply.delay + self._latency, partial(self._send, framed))

    def _send(self, framed: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(framed)


def _after(seconds: float, send: Callable[[], None]) -> None:
    if seconds > 0:
        asyncio.get_running_loop().call_later(seconds, send)
    else:
        send()


def _bind_both(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on the same free port. Tries anew when another program has the port for TCP."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    for attempt in range(1, _TRIES + 1):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            udp.bind((str(ip), 0))
            tcp.bind((str(ip), udp.getsockname()[1]))
        except OSError as error:
            udp.close()
            tcp.close()
            if error.errno != errno.EADDRINUSE or attempt == _TRIES:
                raise
        else:
            udp.setblocking(False)
            tcp.setblocking(False)
            return udp, tcp
    raise AssertionError("the last attempt returns or raises")
