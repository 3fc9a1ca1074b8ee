"""A small page over HTTPS, as a check may ask for: the port, and what can come of it.

    Fetcher                       the port: `page = await fetcher.fetch(address, host, path)`
    ├── preflight.net.https_live  h11 over TLS
    └── preflight.net.https_fake  scripted servers, for tests

What comes is a `Page`, whatever its status; anything else, from a refused connection to a page without end, is raised
as `FetchTrouble`, which says what it was. Redirects are not followed: the page says where they lead.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum

from preflight.findings import Evidence
from preflight.net.addresses import IPAddress

MAX_BODY = 64 * 1024
"""Octets of a page that are read: the limit of RFC 8461 3.3, and enough for all that checks ask for."""


class FetchFailure(StrEnum):
    """Why there is no page."""

    REFUSED = "connection refused"
    UNREACHABLE = "no way there"
    TIMEOUT = "no answer in time"
    CLOSED = "connection closed"
    UNTRUSTED = "certificate not accepted"
    TLS = "no TLS session"
    NOT_HTTP = "no HTTP response"
    TOO_LARGE = "more than 64 KB"
    NO_ROOTS = "no root certificates on this machine"


UNDECIDED = frozenset({FetchFailure.UNREACHABLE, FetchFailure.TIMEOUT, FetchFailure.NO_ROOTS})
"""Failures that say nothing of the server: the way there, or this machine, may be the cause."""


class FetchTrouble(Exception):  # noqa: N818 - an outcome of a request, not an error in the program
    """There is no page: why, and what was seen."""

    def __init__(self, failure: FetchFailure, detail: str = "") -> None:
        super().__init__(f"{failure}: {detail}" if detail else str(failure))
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered: the status, the media type in lower case without its parameters, where a redirect leads,
    and the octets (`MAX_BODY` at the most)."""

    status: int
    media_type: str = ""
    location: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def seen(self) -> str:
        """All of it in one line, for evidence."""
        told = f"{self.status} {self.media_type or 'without a media type'}, {len(self.body)} octets"
        return f"{told}, to {self.location[:200]}" if self.location else told


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Seconds that a server gets: to take the connection and make the TLS session, and for all of it.

    RFC 8461 3.3 proposes a minute for a policy. A run has its deadline, and a server so slow loses policies anyway.
    """

    connect: float = 5.0
    whole: float = 15.0


class Fetcher(ABC):
    """What checks use to fetch a page: the port."""

    @abstractmethod
    async def fetch(self, address: IPAddress, host: str, path: str) -> Page:
        """GET `https://host/path` from port 443 of an address, the certificate being verified for the host.

        Raises `FetchTrouble`.
        """


def page_evidence(host: str, path: str, address: IPAddress, outcome: Page | FetchTrouble) -> Evidence:
    """The request and what came of it."""
    seen = outcome.seen if isinstance(outcome, Page) else str(outcome)
    return Evidence("https", f"GET https://{host}{path} at {address}", seen)
