"""Where the DMARC record for a domain is found, by the old rule and by the new one.

RFC 7489 6.6.3 asks at the domain and at its organizational domain, which the Public Suffix List tells. RFC 9989 4.10,
which obsoletes it, walks up the tree of names, and takes the organizational domain from the records that it meets.
Receivers change over one by one, so that a sender has to do with both.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from preflight.findings import Evidence
from preflight.net.dns import Answer, NxDomain, Resolver, Unanswered
from preflight.subject import registrable
from preflight_checks.senderauth.dmarc_record import DmarcRecord, Policy, is_nearly, is_record, read_record

MAX_LABELS = 8
"""Labels beyond which the walk skips names, so that it never asks more than eight questions (RFC 9989 4.10)."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What stands at `_dmarc` of a domain: the DMARC records there, and texts that were meant to be one."""

    domain: str
    answer: Answer
    records: tuple[DmarcRecord, ...]
    nearly: tuple[str, ...]

    @property
    def record(self) -> DmarcRecord | None:
        """The one record; several count as none (RFC 9989 4.10, step 2)."""
        return self.records[0] if len(self.records) == 1 else None

    @property
    def evidence(self) -> Evidence:
        """The question and its answer."""
        return self.answer.evidence


@dataclass(frozen=True, slots=True)
class Applied:
    """The record that a receiver applies to a domain, the domain that it stands at, and the policy that follows."""

    domain: str
    record: DmarcRecord
    inherited: bool
    policy: Policy


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a receiver finds for `author`: the record that it applies, if any, and all that it looked at.

    `suffix`: the question to a public suffix that has no answer, where `applied` may be another for it: what is found
    is that of a suffix without a record.
    """

    author: str
    applied: Applied | None
    lookups: tuple[Lookup, ...]
    suffix: Unanswered | None = None

    @property
    def evidence(self) -> list[Evidence]:
        """The questions and their answers."""
        return [one.evidence for one in self.lookups]


def organization(domain: str) -> str:
    """The organizational domain by the Public Suffix List (RFC 7489 3.2); a public suffix is its own."""
    return registrable(domain) or domain


def targets(domain: str) -> list[str]:
    """The domains at which the walk of RFC 9989 4.10 looks, in order: eight at the most."""
    labels = domain.split(".")
    rest = labels[1:] if len(labels) < MAX_LABELS else labels[1 - MAX_LABELS :]
    return [domain, *(".".join(rest[count:]) for count in range(len(rest)))]


async def look_up(dns: Resolver, domain: str, *, confirm: bool = False) -> Lookup:
    """What stands at `_dmarc` of a domain. `confirm`: where its absence is a fault. Raises `Unanswered`."""
    ask = dns.confirmed if confirm else dns.query
    answer = await ask(f"_dmarc.{domain}", "TXT")
    records = tuple(read_record(text) for text in answer.values if is_record(text))
    return Lookup(domain, answer, records, tuple(text for text in answer.values if is_nearly(text)))


async def discover(dns: Resolver, author: str) -> Discovery:
    """The record for a domain by RFC 7489 6.6.3. Raises `Unanswered`."""
    own = await look_up(dns, author, confirm=True)
    above = organization(author)
    if own.records or above == author:
        applied = await _applied(dns, author, own)
        return Discovery(author, applied, (own,))
    found = await look_up(dns, above, confirm=True)
    return Discovery(author, await _applied(dns, author, found), (own, found))


async def discover_by_walk(dns: Resolver, author: str) -> Discovery:
    """The record for a domain by RFC 9989 4.10.1: its own, that of its organization, that of the public suffix. Raises
    `Unanswered`, but for a question to a public suffix."""
    own = await look_up(dns, author)
    if own.record is not None:
        return Discovery(author, await _applied(dns, author, own), (own,))
    walk = await _walk(dns, author)
    above = _organization_of(author, walk.lookups)
    of_suffix = [one for one in walk.lookups if one.record is not None and one.record.psd == "y"]
    chosen = next((one for one in walk.lookups if one.domain == above and one.record is not None), None) or next(
        iter(of_suffix), None
    )
    applied = None if chosen is None else await _applied(dns, author, chosen)
    is_certain = chosen is not None and chosen.domain == organization(author)
    return Discovery(author, applied, walk.lookups, None if is_certain else walk.suffix)


@dataclass(frozen=True, slots=True)
class Organizations:
    """What the organizational domain of a name may be: several while a public suffix does not answer (`suffix`)."""

    names: frozenset[str]
    suffix: Unanswered | None


async def organizations_by_walk(dns: Resolver, domain: str) -> Organizations:
    """The organizational domain by RFC 9989 4.10.2. Raises `Unanswered`, but for a question to a public suffix: with
    psd=y there the organization is the domain below it, and without a record the highest name that has one."""
    walk = await _walk(dns, domain)
    found = {_organization_of(domain, walk.lookups)}
    if walk.suffix is not None:
        found.add(organization(domain))
    return Organizations(frozenset(found), walk.suffix if len(found) > 1 else None)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What stands at the names of a walk that answer, and the first public suffix that does not."""

    lookups: tuple[Lookup, ...]
    suffix: Unanswered | None


async def _walk(dns: Resolver, domain: str) -> _Walk:
    """What the walk from a domain finds, up to the first record with psd=y or psd=n.

    A public suffix that does not answer ends nothing: zone files never hold it, and few suffixes have a record. What
    depends on it is told by the callers. Any other name without an answer raises `Unanswered`.
    """
    # All at once: few zones end the walk early, and the time of one answer after another would add up.
    names = targets(domain)
    asked = await asyncio.gather(*(look_up(dns, name) for name in names), return_exceptions=True)
    found: list[Lookup] = []
    silent: Unanswered | None = None
    for name, one in zip(names, asked, strict=True):
        if isinstance(one, Unanswered) and name != domain and registrable(name) is None:
            silent = silent or one
            continue
        if isinstance(one, BaseException):
            raise one
        found.append(one)
        if one.record is not None and one.record.psd != "u":
            break
    return _Walk(tuple(found), silent)


def _organization_of(domain: str, lookups: Sequence[Lookup]) -> str:
    found = [one for one in lookups if one.record is not None]
    for one in found:
        if one.record is not None and one.record.psd == "n":
            return one.domain
        if one.record is not None and one.record.psd == "y" and one.domain != domain:
            labels = domain.split(".")
            return ".".join(labels[-len(one.domain.split(".")) - 1 :])
    return found[-1].domain if found else domain


async def _applied(dns: Resolver, author: str, found: Lookup) -> Applied | None:
    record = found.record
    if record is None or record.is_ignored:
        return None
    inherited = found.domain != author
    exists = True
    if inherited and record.np is not None:
        exists = not isinstance(await dns.query(author, "A"), NxDomain)
    return Applied(found.domain, record, inherited, record.policy(inherited=inherited, exists=exists))
