"""The pairs of sender and recipient by which tests of open relays have got mail through, since the 1990s.

Forms: plain; null sender; the server's own domain as sender; a sender without domain; percent hack and bang path (RFC
1123 5.2.16, 5.2.18 forbid to depend on them, and old servers obey them); a whole address in quotes; a source route (RFC
5321 C); two at signs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from preflight.moment import chance
from preflight.net.addresses import IPAddress

SENDER = "preflight-test@example.net"
_LOCAL = "preflight-test"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sender and a recipient, as they stand between `<` and `>`.

    `looks_local`: the recipient reads as one of the server's own domain, so that to take it may mean no more than that
    the server takes any name there.
    """

    sender: str
    recipient: str
    looks_local: bool = False


def attempts(domain: str, address: IPAddress, recipient: str) -> Iterator[Attempt]:
    """All attempts at a server of a domain (`""`: not known) at an address, the plain one first."""
    literal = f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
    user, _, away = recipient.rpartition("@")
    yield Attempt(SENDER, recipient)
    yield Attempt("", recipient)
    yield Attempt(_LOCAL, recipient)
    yield Attempt(f"{_LOCAL}@{literal}", recipient)
    if domain:
        yield Attempt(f"{_LOCAL}@{domain}", recipient)
    yield Attempt(f"{_LOCAL}@localhost", recipient)
    yield Attempt(SENDER, f"{user}%{away}", looks_local=True)
    yield Attempt(SENDER, f'"{recipient}"', looks_local=True)
    yield Attempt(SENDER, f"{away}!{user}", looks_local=True)
    for own in (domain, literal) if domain else (literal,):
        yield Attempt(SENDER, f"@{own}:{recipient}")
        yield Attempt(SENDER, f"{user}%{away}@{own}", looks_local=True)
        yield Attempt(SENDER, f'"{recipient}"@{own}', looks_local=True)
        yield Attempt(SENDER, f"{away}!{user}@{own}", looks_local=True)
        yield Attempt(SENDER, f"{recipient}@{own}", looks_local=True)


def control(domain: str) -> Attempt:
    """An attempt at a mailbox that the domain cannot have: a server that takes it takes any name of the domain."""
    return Attempt(SENDER, f"no-such-user-{chance(domain)}@{domain}")
