"""The addresses of a host and the MX hosts of a domain, as far as DNS tells them. Shared by PTR, HELO and MX."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from preflight.findings import Evidence
from preflight.net.addresses import IPAddress, parse_address, reverse_name
from preflight.net.dns import Answer, Resolver, Unanswered
from preflight_checks.names import normal

MAX_HOSTS = 16
"""MX hosts that are looked at. Mailers try no more than a few; a domain with hundreds must not cost hundreds of
questions."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the A and AAAA questions for a host came to. `unanswered`: one of them, when one was not answered."""

    answers: tuple[Answer, ...]
    unanswered: Unanswered | None

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """All addresses that were told."""
        return tuple(parse_address(value) for answer in self.answers for value in answer.values)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The CNAME targets on the way, in order; none for a host that is no alias."""
        return max((answer.aliases for answer in self.answers), key=len, default=())

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was asked and seen, an unanswered question included."""
        seen = tuple(answer.evidence for answer in self.answers)
        return (*seen, self.unanswered.evidence) if self.unanswered is not None else seen


async def look_up(dns: Resolver, name: str) -> Found:
    """The addresses of a host. Raises nothing: one family may be known while the other stays unanswered."""
    outcomes = await asyncio.gather(ask(dns, name, "A"), ask(dns, name, "AAAA"))
    answers = tuple(outcome for outcome in outcomes if isinstance(outcome, Answer))
    return Found(answers, next((outcome for outcome in outcomes if isinstance(outcome, Unanswered)), None))


async def ask(dns: Resolver, name: str, rtype: str) -> Answer | Unanswered:
    """One question, its failure being an outcome too: for questions asked at once, of which one answer may do."""
    try:
        return await dns.confirmed(name, rtype)
    except Unanswered as outcome:
        return outcome


def ptr_owner(ip: IPAddress, answer: Answer) -> str:
    """The name that a PTR record belongs at: the last alias, where a reverse zone is delegated by these (RFC 2317)."""
    return normal(answer.aliases[-1]) if answer.aliases else reverse_name(ip)


@dataclass(frozen=True, slots=True)
class MailHosts:
    """Where the mail of a domain goes.

    `hosts`: names in lower case without a last dot, each once, the most preferred first, `MAX_HOSTS` at the most.
    `count`: how many there are in all. `null`: one record is a null MX (RFC 7505). `answer`: the MX answer.
    """

    hosts: tuple[str, ...]
    count: int
    null: bool
    answer: Answer

    def record_of(self, host: str) -> Evidence:
        """The MX answer, with the place of the record that names a host (as in `hosts`)."""
        values = (value for value in self.answer.values if normal(value.partition(" ")[2]) == host)
        return self.answer.evidence_of(next(values, ""))

    def or_implicit(self, domain: str) -> tuple[str, ...]:
        """The hosts; without any MX record the domain itself (RFC 5321 5.1)."""
        return self.hosts if self.answer else (domain,)


async def mail_hosts(dns: Resolver, domain: str) -> MailHosts:
    """The MX hosts of a domain. Raises `Unanswered`."""
    answer = await dns.confirmed(domain, "MX")
    names = [normal(mx.host) for mx in answer.exchanges]
    hosts = tuple(dict.fromkeys(name for name in names if name))
    return MailHosts(hosts[:MAX_HOSTS], len(hosts), "" in names, answer)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Whether a name leads to the same machine as one of several hosts: the host, or the question in the way."""

    host: str | None
    evidence: Sequence[Evidence]
    unanswered: Unanswered | None = None


async def meets(dns: Resolver, name: str, hosts: Iterable[str]) -> Meeting:
    """Look for a host that shares an address with a name. Raises nothing."""
    others = tuple(hosts)
    own, *found = await asyncio.gather(look_up(dns, name), *(look_up(dns, host) for host in others))
    for host, theirs in zip(others, found, strict=True):
        if set(own.addresses) & set(theirs.addresses):
            return Meeting(host, (*own.evidence, *theirs.evidence))
    unanswered = next((one.unanswered for one in (own, *found) if one.unanswered is not None), None)
    if not own.addresses and own.unanswered is None:
        unanswered = None  # a name without any address meets nobody, whatever the others have
    return Meeting(None, [piece for one in (own, *found) for piece in one.evidence], unanswered)
