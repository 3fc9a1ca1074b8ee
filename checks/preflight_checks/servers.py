"""Which SMTP servers to connect to, and at which addresses. Shared by the checks that connect."""

from collections.abc import Iterable
from dataclasses import dataclass

from preflight.check import Context
from preflight.findings import Evidence
from preflight.net.addresses import IPAddress, is_public
from preflight.net.dns import Unanswered
from preflight.net.smtp import Conversation
from preflight.subject import Endpoint
from preflight_checks.hosts import look_up
from preflight_checks.names import is_proper

MAX_ADDRESSES = 8
"""Addresses of one host that are connected to; names with more are those of large services."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to connect to. `named`: the user named it with an option, so that any address of it will do; names that
    come from DNS must not lead into networks that only this machine sees."""

    host: str
    port: int
    named: bool

    def __str__(self) -> str:
        return str(Endpoint(self.host, self.port))


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a server. Its text is the form that mail logs use: `mail.example.com[192.0.2.25]:25`."""

    host: str
    address: IPAddress
    port: int

    def __str__(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}" if self.is_named else str(Endpoint(self.host, self.port))

    @property
    def is_named(self) -> bool:
        """Whether the host is a name, and no address itself."""
        return self.host != str(self.address)

    @property
    def server_name(self) -> str | None:
        """The name to ask for in the TLS handshake (SNI); none for an address (RFC 6066 3)."""
        return self.host if self.is_named and is_proper(self.host) else None


@dataclass(frozen=True, slots=True)
class Found:
    """The addresses of a server: those to connect to, those left out, and the question that was not answered."""

    targets: tuple[Target, ...]
    hidden: tuple[IPAddress, ...]
    evidence: tuple[Evidence, ...]
    unanswered: Unanswered | None


async def find_targets(ctx: Context, server: Server) -> Found:
    """The addresses of a server. Raises nothing: one family may be known while the other stays unanswered."""
    if (address := _as_address(server.host)) is not None:
        return Found((Target(server.host, address, server.port),), (), (), None)
    found = await look_up(ctx.dns, server.host)
    addresses = tuple(dict.fromkeys(found.addresses))[:MAX_ADDRESSES]
    hidden = () if server.named else tuple(address for address in addresses if not is_public(address))
    targets = tuple(Target(server.host, address, server.port) for address in addresses if address not in hidden)
    return Found(targets, hidden, found.evidence, found.unanswered)


def _as_address(text: str) -> IPAddress | None:
    from preflight.net.addresses import parse_address

    try:
        return parse_address(text)
    except ValueError:
        return None


def own_servers(ctx: Context) -> list[Server]:
    """The server that is being cleared: --server, else HOST, else the sending addresses, at port 25."""
    subject = ctx.subject
    if subject.server is not None:
        return [Server(subject.server.host, subject.server.port, named=True)]
    if subject.host is not None:
        return [Server(subject.host, 25, named=False)]
    return [Server(str(ip), 25, named=True) for ip in subject.ips]


def greeting_name(ctx: Context, conversation: Conversation) -> str:
    """What to say in EHLO: the server's own name on the machine that has its address, else the address of this end in
    brackets (RFC 5321 4.1.4), since nobody should be greeted with a name that is not ours."""
    local, helo = conversation.wire.local, ctx.subject.helo
    if helo is not None and is_proper(helo) and local in ctx.subject.ips:
        return helo
    if local is None:
        return "[127.0.0.1]"
    return f"[{local}]" if local.version == 4 else f"[IPv6:{local}]"


def offered(keywords: Iterable[str], *wanted: str) -> list[str]:
    """Those of the extensions wanted that are not among the keywords."""
    given = set(keywords)
    return [one for one in wanted if one not in given]
