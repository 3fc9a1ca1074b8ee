"""DANE: TLSA records that name the certificates of the MX hosts, and DNSSEC that vouches for them (RFC 7672).

Only with --probe are the hosts connected to and their certificates compared with the records.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Finding, Severity
from preflight.moment import now
from preflight.net.dns import Answer, Unanswered
from preflight.text import Message, listing
from preflight_checks.hosts import Found, MailHosts, look_up, mail_hosts
from preflight_checks.names import is_proper, normal
from preflight_checks.servers import Server, Target, find_targets
from preflight_checks.sighting import look
from preflight_checks.smtp_tls import could_not_look
from preflight_checks.transport.tlsa import Tlsa, compare, read_tlsa

MAX_HOSTS = 4  # MX hosts that --probe connects to
_PORT = 25
_SHOWN = 5  # records that a sentence lists

MISSING = Rule(
    id="dane/missing",
    severity=Severity.INFO,
    title="An MX host whose zone is signed has TLSA records",
    why="A zone with DNSSEC can promise encryption by DANE, which nobody on the way can take away. It is no condition "
    "of any receiver.",
    fix="Publish TLSA records (3 1 1: the digest of the key of its certificate) at {name}, and renew them before the "
    "key changes.",
    reference="RFC 7672 3.1",
    needs=("domain",),
)
NOT_SECURE = Rule(
    id="dane/not-secure",
    severity=Severity.WARNING,
    title="DNSSEC vouches for the TLSA records",
    why="Senders pass over TLSA records without DNSSEC: such a promise protects nobody.",
    fix="Sign the zones of {part} and of {name} and have the parent zones name their keys (DS), or remove the TLSA "
    "records.",
    reference="RFC 7672 2.2; RFC 6698 4.1",
    needs=("domain",),
)
MX_NOT_SECURE = Rule(
    id="dane/mx-not-secure",
    severity=Severity.INFO,
    title="DNSSEC vouches for the MX records that lead to DANE",
    why="Where the MX records are not signed, somebody on the way can name another host in the place of the one with "
    "TLSA records, and no sender notices.",
    fix="Sign the zone of {domain}, and have its parent zone name its key (DS).",
    reference="RFC 7672 2.2.1",
    needs=("domain",),
)
UNUSABLE = Rule(
    id="dane/unusable",
    severity=Severity.WARNING,
    title="Senders can use each TLSA record",
    why="SMTP takes the usages 2 (DANE-TA) and 3 (DANE-EE) alone. Where no record can be used, senders ask for "
    "encryption and look at no certificate.",
    fix="At {name}, replace what cannot be used by records such as `3 1 1` with the SHA-256 digest of the key of the "
    "certificate.",
    reference="RFC 7672 3.1; RFC 6698 2.1",
    needs=("domain",),
)
MISMATCH = Rule(
    id="dane/mismatch",
    severity=Severity.WARNING,
    title="The certificate of each MX host is the one that the TLSA records name",
    why="Senders that keep to DANE deliver nothing to a host whose certificate is another: replies and bounces wait, "
    "and are lost in the end.",
    fix="Publish a TLSA record for the certificate that {part} has now, and keep the old one until it is nowhere in "
    "caches; or have the server use the certificate that is named.",
    reference="RFC 7672 3.1, 8.1; RFC 7671 5.1, 5.2",
    needs=("domain", "probe"),
)
RULES = (MISSING, NOT_SECURE, MX_NOT_SECURE, UNUSABLE, MISMATCH)
_OF_RECORDS = (NOT_SECURE, UNUSABLE, MISMATCH)


@dataclass(frozen=True)
class _Host:
    """An MX host, and the MX answer that names it. Its text is the host."""

    name: str
    mail: MailHosts
    probed: bool

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class _Promise:
    """Usable records of a host, and an address of it that has to keep them."""

    target: Target
    domain: str
    name: str
    records: tuple[Tlsa, ...]
    seen: Evidence

    def __str__(self) -> str:
        return str(self.target)


async def _run(ctx: Context) -> None:
    if ctx.subject.domain is not None:
        await ctx.each([ctx.subject.domain], _hosts)


@judges(*RULES)
async def _hosts(ctx: Context, domain: str) -> Findings:
    """Hand the hosts to `_host`; while they are unknown, it is the domain for which the rules are undecided."""
    mail = await mail_hosts(ctx.dns, domain)
    # Without records the domain itself takes the mail; a null MX says that nobody does.
    names = () if mail.null and not mail.hosts else mail.or_implicit(domain)
    hosts = [_Host(name, mail, number < MAX_HOSTS) for number, name in enumerate(filter(is_proper, names))]
    await ctx.each(hosts, _host)
    if mail.null and not mail.hosts:
        yield MISSING.passes(domain, "{part} takes no mail, so that there is nothing to promise", mail.answer.evidence)


@judges(*RULES)
async def _host(ctx: Context, host: _Host) -> Findings:
    found = await look_up(ctx.dns, host.name)
    if not found.addresses:
        if found.unanswered is not None:
            raise found.unanswered
        return  # `mx/unresolvable` says so
    try:
        name, answer = await _records(ctx, host.name, found)
    except Unanswered as outcome:
        for finding in _unanswered(host, found, outcome):
            yield finding
        return
    if not answer:
        yield _without(host, name, answer, found)
        return
    yield MISSING.passes(host, "{part} has {count} TLSA records", answer.evidence, count=len(answer.values))
    read = [(text, read_tlsa(text)) for text in answer.values]
    yield _usable(host, name, answer, read)
    async for finding in _secure(ctx, host, name, answer, found):
        yield finding
    records = tuple(record for _, record in read if isinstance(record, Tlsa))
    if records and host.probed and ctx.wants(MISMATCH):
        targets = await find_targets(ctx, Server(host.name, _PORT, named=False))
        domain = host.mail.answer.question.name
        await ctx.each(
            [_Promise(target, domain, host.name, records, answer.evidence) for target in targets.targets], _certificate
        )


async def _records(ctx: Context, host: str, found: Found) -> tuple[str, Answer]:
    """The TLSA answer of a host and the name that it was asked at. Raises `Unanswered`.

    An alias has its records at its target, where all is signed up to there, and else at its own name (RFC 7672 2.2.3).
    """
    names = [host]
    if found.aliases and _vouched(found):
        names.insert(0, normal(found.aliases[-1]))
    for base in names:
        name = f"_{_PORT}._tcp.{base}"
        answer = await ctx.dns.query(name, "TLSA")
        if answer:
            break
    return name, answer


def _vouched(found: Found) -> bool:
    """Whether DNSSEC vouches for all that was told of the addresses."""
    return bool(found.answers) and all(answer.authenticated for answer in found.answers)


def _unanswered(host: _Host, found: Found, outcome: Unanswered) -> Iterator[Finding]:
    """No answer on TLSA: where the host is signed that stops mail (RFC 7672 2.1.3), so that more is said than usual."""
    fix = "See why the name servers of {part} do not answer: while they do not, senders that keep to DANE wait as well."
    if not _vouched(found):
        fix = "See whether the name servers of {part} answer questions for TLSA records."
    for rule in (MISSING, *_OF_RECORDS):
        yield rule.undecided(
            host,
            "the question for the TLSA records of {part} stays unanswered: {why}",
            found.evidence,
            outcome.evidence,
            fix=fix,
            why=outcome.detail or str(outcome.reason),
        )


def _without(host: _Host, name: str, answer: Answer, found: Found) -> Finding:
    if _vouched(found):
        return MISSING.fails(
            host, "{part} has no TLSA records, though DNSSEC vouches for its addresses", answer.evidence, name=name
        )
    return MISSING.passes(host, "{part} has no TLSA records; without DNSSEC they would be of no use", answer.evidence)


def _usable(host: _Host, name: str, answer: Answer, read: list[tuple[str, Tlsa | Message]]) -> Finding:
    faults = [
        Message("{record}: {why}", {"record": f"{text[:40]}…" if len(text) > 40 else text, "why": why})
        for text, why in read
        if isinstance(why, Message)
    ]
    told = {"name": name, "faults": listing(faults[:_SHOWN], "; ")}
    if not faults:
        return UNUSABLE.passes(host, "each TLSA record of {part} can be used", answer.evidence)
    if len(faults) == len(read):
        return UNUSABLE.fails(host, "no TLSA record of {part} can be used: {faults}", answer.evidence, **told)
    return UNUSABLE.fails(
        host,
        "{count} of {total} TLSA records of {part} cannot be used: {faults}",
        answer.evidence,
        count=len(faults),
        total=len(read),
        **told,
    )


@dataclass(frozen=True)
class _Vouching:
    """Whether the resolver can tell what DNSSEC vouches for at all, by what it says of the root, which is signed."""

    validates: bool
    evidence: Evidence


async def _vouching(ctx: Context) -> _Vouching:
    root = await ctx.dns.query(".", "SOA")
    return _Vouching(root.authenticated, root.evidence)


async def _secure(ctx: Context, host: _Host, name: str, answer: Answer, found: Found) -> Findings:
    """Whether the chain of DNSSEC holds from the MX record to the TLSA records, as the resolver sees it."""
    resolvers = ctx.dns.servers or ("-",)
    insecure = [text for text, holds in ((host.name, _vouched(found)), (name, answer.authenticated)) if not holds]
    if not insecure:
        yield NOT_SECURE.passes(
            host,
            "DNSSEC vouches for the TLSA records of {part}, says the resolver {resolvers} (AD)",
            answer.evidence,
            found.evidence,
            resolvers=resolvers,
        )
        domain, seen = host.mail.answer.question.name, host.mail.answer.evidence
        if host.mail.answer.authenticated:
            yield MX_NOT_SECURE.passes(
                host, "DNSSEC vouches for the MX records of {domain}, which name {part}", seen, domain=domain
            )
        else:
            yield MX_NOT_SECURE.fails(
                host,
                "{part} has TLSA records that hold, yet nobody vouches for the MX records of {domain} that name it",
                seen,
                domain=domain,
            )
        return
    try:
        vouching = await _vouching(ctx)
    except Unanswered as outcome:
        vouching = _Vouching(False, outcome.evidence)
    if vouching.validates:
        yield NOT_SECURE.fails(
            host,
            "{part} has TLSA records, and DNSSEC does not vouch for {insecure}, says the resolver {resolvers}",
            answer.evidence,
            found.evidence,
            vouching.evidence,
            insecure=insecure,
            resolvers=resolvers,
            name=name,
        )
    else:
        yield NOT_SECURE.undecided(
            host,
            "the resolver {resolvers} vouches for nothing by DNSSEC, not even for the root",
            answer.evidence,
            vouching.evidence,
            fix="Ask through a resolver that validates DNSSEC (--resolver), such as unbound on this machine.",
            resolvers=resolvers,
        )


@judges(MISMATCH)
async def _certificate(ctx: Context, promise: _Promise) -> Findings:
    """Compare the certificates that an address shows with the records."""
    sight = await look(ctx, promise.target)
    if sight.secured is None:
        if sight.speaks_esmtp and not sight.offers_tls:
            yield MISMATCH.fails(
                promise, "{part} has TLSA records and offers no STARTTLS", promise.seen, sight.evidence
            )
        else:
            for finding in could_not_look((MISMATCH,), sight):
                yield finding
        return
    outcome = compare(promise.records, sight.secured.sent, (promise.name, promise.domain), now())
    why = outcome.why or Message("-")
    if outcome.kept:
        yield MISMATCH.passes(
            promise, "the certificate of {part} is one that the TLSA records name", promise.seen, sight.evidence
        )
    elif outcome.kept is None:
        yield MISMATCH.undecided(
            promise,
            "it cannot be told whether {part} keeps its TLSA records: {why}",
            promise.seen,
            sight.evidence,
            why=why,
        )
    else:
        yield MISMATCH.fails(
            promise, "{part} does not keep its TLSA records: {why}", promise.seen, sight.evidence, why=why
        )


CHECK = Check(id="dane", title="DANE", rules=RULES, run=_run)
