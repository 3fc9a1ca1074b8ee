"""Scripted SMTP servers, for tests of checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from preflight.net.addresses import IPAddress, parse_address
from preflight.net.smtp import Certificate, Chain, Dialer, Heard, Secured, SmtpTrouble, Trouble, Wire

Said = str | bytes | Trouble


def certificate(*names: str, days: float = 90, key: str = "RSA", bits: int = 2048) -> Certificate:
    """A certificate for names, that ends in `days` from now; for tests."""
    now = datetime.now(UTC)
    return Certificate(
        "CN=test", "CN=Test CA", names, (), now - timedelta(days=30), now + timedelta(days=days), key, bits
    )


@dataclass(kw_only=True)
class FakeServer:
    """A server that says what it is told to.

    `greeting` and the values of `replies` are a text (each line of it gets a CRLF), octets as they are, or the trouble
    that comes instead. `replies` maps the begin of a command to its reply; the longest that fits is taken,
    and a command that none fits fails the test. `secured` is the session that STARTTLS comes to, or the trouble with
    it. After it, `replies_in_tls` are looked at first. `commands` has what it was told, over all connections.
    """

    greeting: Said = "220 mail.example.com ESMTP"
    replies: Mapping[str, Said | Callable[[str], Said]] = field(default_factory=dict)
    secured: Secured | Trouble | None = None
    replies_in_tls: Mapping[str, Said | Callable[[str], Said]] = field(default_factory=dict)
    local: str = "192.0.2.200"
    commands: list[str] = field(default_factory=list)
    connections: int = 0


class FakeDialer(Dialer):
    """Connects to scripted servers, by `address:port` as in `"192.0.2.25:25"` and `"[2001:db8::25]:25"`.

    A value may be a trouble in place of a server. An address that is not there fails the test with `AssertionError`; it
    stands in `untold`, as does a command that a server has no reply to.
    """

    def __init__(self, servers: Mapping[str, FakeServer | Trouble], *, roots: bool = True) -> None:
        self._servers = dict(servers)
        self._roots = roots
        self.untold: list[str] = []

    @property
    def has_roots(self) -> bool:
        """Whether the machine pretends to have root certificates."""
        return self._roots

    async def dial(self, address: IPAddress, port: int) -> Wire:
        """The scripted connection."""
        text = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        server = self._servers.get(text)
        if server is None:
            self.untold.append(text)
            raise AssertionError(f"the script has no server at {text}")
        if isinstance(server, Trouble):
            raise SmtpTrouble(server)
        server.connections += 1
        return _FakeWire(server, self)


class _FakeWire(Wire):
    def __init__(self, server: FakeServer, dialer: FakeDialer) -> None:
        self._server = server
        self._dialer = dialer
        self._secure = False

    @property
    def local(self) -> IPAddress | None:
        return parse_address(self._server.local)

    async def exchange(self, command: str | None, timeout: float) -> Heard:  # noqa: ASYNC109, ARG002
        if command is None:
            return _heard(self._server.greeting)
        self._server.commands.append(command)
        tables: Sequence[Mapping[str, Said | Callable[[str], Said]]] = (
            *((self._server.replies_in_tls,) if self._secure else ()),
            self._server.replies,
            {"QUIT": "221 bye", "RSET": "250 ok"},
        )
        for table in tables:
            for begin in sorted(table, key=len, reverse=True):
                if command.startswith(begin):
                    said = table[begin]
                    return _heard(said if isinstance(said, str | bytes | Trouble) else said(command))
        self._dialer.untold.append(command)
        raise AssertionError(f"the script has no reply to {command!r}")

    async def start_tls(
        self,
        server_name: str | None,  # noqa: ARG002
        timeout: float,  # noqa: ASYNC109
        *,
        verify: bool,
    ) -> tuple[Heard, Secured | None]:
        heard = await self.exchange("STARTTLS", timeout)
        session = self._server.secured
        if session is None or not heard.data.startswith(b"220 ") or heard.trouble is not None:
            return heard, None
        if isinstance(session, Trouble):
            return Heard(heard.data, session, "scripted"), None
        if verify and self._dialer.has_roots and session.chain is Chain.UNTRUSTED:
            return Heard(heard.data, Trouble.UNTRUSTED, "self-signed certificate"), None
        self._secure = True
        verified = verify and self._dialer.has_roots
        return heard, replace(session, chain=Chain.TRUSTED if verified else Chain.UNKNOWN)

    def close(self, parting: str = "") -> None:
        if parting:
            self._server.commands.append(parting)


def _heard(said: Said) -> Heard:
    if isinstance(said, Trouble):
        return Heard(b"", said)
    if isinstance(said, bytes):
        return Heard(said)
    return Heard("".join(f"{line}\r\n" for line in said.splitlines()).encode())
