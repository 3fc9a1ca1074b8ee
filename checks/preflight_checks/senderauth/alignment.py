"""Whether a domain that SPF or DKIM vouches for is that of From (RFC 7489 3.1; RFC 9989 4.4)."""

from dataclasses import dataclass
from typing import Literal

from preflight.net.dns import Resolver, Unanswered
from preflight_checks.senderauth.dmarc_discovery import organization, organizations_by_walk


@dataclass(frozen=True, slots=True)
class Identifier:
    """A domain that a mechanism vouches for. `strict`: it must be the domain of From itself."""

    mechanism: Literal["spf", "dkim"]
    domain: str
    strict: bool


def is_aligned(author: str, identifier: str, *, strict: bool = False) -> bool:
    """Whether a domain aligns with that of From. Names in A-labels; their case makes no difference (RFC 4343)."""
    author, identifier = author.lower().removesuffix("."), identifier.lower().removesuffix(".")
    if author == identifier:
        return True
    return not strict and organization(author) == organization(identifier)


async def is_aligned_by_walk(dns: Resolver, author: str, identifier: str, *, strict: bool = False) -> bool:
    """The same by the organizational domains of RFC 9989 4.10.2. Raises `Unanswered`."""
    if strict or author == identifier:
        return is_aligned(author, identifier, strict=strict)
    if author.rpartition(".")[2] != identifier.rpartition(".")[2]:
        return False  # nothing above both, so that no walk could end at one domain
    own, other = [await organizations_by_walk(dns, name) for name in (author, identifier)]
    silent = own.suffix or other.suffix
    if own.names.isdisjoint(other.names):
        return False
    if silent is not None:
        raise Unanswered(silent.question, silent.reason, silent.detail)
    return True


async def is_aligned_somewhere(dns: Resolver, author: str, one: Identifier) -> bool:
    """Whether receivers of the old or of the new kind see it aligned. Raises `Unanswered`."""
    if is_aligned(author, one.domain, strict=one.strict):
        return True
    return await is_aligned_by_walk(dns, author, one.domain, strict=one.strict)
