"""Where mail to the sender's domain goes: bounces and replies need a host that takes them."""

import ipaddress
from collections import Counter
from collections.abc import Sequence

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Finding, Severity
from preflight.net.addresses import IPAddress, is_public, parse_address
from preflight.subject import registrable
from preflight_checks.hosts import MAX_HOSTS, look_up, mail_hosts, meets
from preflight_checks.names import LOCAL, is_proper, normal, suggested_name

_SHOWN = 10  # hosts that a message lists
_INVALID_DOMAIN = ("microsoft/501-5.5.4",)

MISSING = Rule(
    id="mx/missing",
    severity=Severity.ERROR,
    title="The sender domain can receive mail",
    why="Receivers refuse mail from a domain that nobody could answer: bounces and replies would have nowhere to go.",
    fix="In the zone of {part}, add this record: `{record}`.",
    reference="RFC 5321 5.1; RFC 5321 4.5.5",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
IMPLICIT = Rule(
    id="mx/implicit",
    severity=Severity.WARNING,
    title="The sender domain says by an MX record where its mail goes",
    why="Without MX records mail goes to the address of the domain itself, which is often a web server. Some receivers "
    "count a domain without MX records as one that cannot receive.",
    fix="In the zone of {part}, add this record: `{record}`.",
    reference="RFC 5321 5.1",
    needs=("domain",),
)
NULL = Rule(
    id="mx/null",
    severity=Severity.ERROR,
    title="The sender domain does not refuse all mail",
    why='The MX record "0 ." says that a domain takes no mail at all. Receivers may refuse mail from such a domain, as '
    "nothing can be returned to it.",
    fix="In the zone of {part}, remove the null MX and name a host that takes mail: `{record}`.",
    reference="RFC 7505 3, 4.2",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
UNRESOLVABLE = Rule(
    id="mx/unresolvable",
    severity=Severity.ERROR,
    title="Each MX host has an address",
    why="An MX record that leads to a host without address loses mail, and receivers that test the sender's domain "
    "find that it cannot receive.",
    fix="Give {part} an A or AAAA record with the address of the mail host, or have the MX record of {domain} name a "
    "host that has one: `{record}`.",
    reference="RFC 5321 5.1; RFC 2181 10.3",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
CNAME = Rule(
    id="mx/cname",
    severity=Severity.WARNING,
    title="No MX host is an alias",
    why="An MX record must name a host that has addresses of its own. Some mailers do not follow an alias there and "
    "return the mail.",
    fix="Have the MX record of {domain} name the host itself: `{record}`.",
    reference="RFC 2181 10.3; RFC 5321 5.1",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
ADDRESS_LITERAL = Rule(
    id="mx/address-literal",
    severity=Severity.ERROR,
    title="Each MX record names a host, no address",
    why="An MX record takes a host name. An address in its place is looked up as a name, which does not exist.",
    fix="Give the mail host a name with this record: `{address_record}`. Then have the MX record name it: `{record}`.",
    reference="RFC 1035 3.3.9; RFC 5321 5.1",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
NOT_PUBLIC = Rule(
    id="mx/not-public",
    severity=Severity.ERROR,
    title="Each MX host can be reached from the Internet",
    why="Mail to a private, loopback or reserved address never arrives; receivers that see one count the domain as "
    "unable to receive.",
    fix="In the zone of {part}, replace {addresses} by the public address of the mail host.",
    reference="RFC 6890; RFC 5321 5.1",
    needs=("domain",),
    prevents=_INVALID_DOMAIN,
)
HELO_UNRELATED = Rule(
    id="mx/helo-unrelated",
    severity=Severity.WARNING,
    title="The HELO name belongs to the sender domain or its mail hosts",
    why="A server that greets with a name of strangers to the sender's domain looks like one that sends in somebody "
    "else's name.",
    fix="Have the server greet with a name under {domain}, such as {proper}, and give it an A or AAAA record.",
    reference="RFC 5321 4.1.1.1; RFC 5321 2.3.5",
    needs=("domain", "helo"),
    prevents=_INVALID_DOMAIN,
)
PREFERENCE = Rule(
    id="mx/preference",
    severity=Severity.INFO,
    title="Each MX host has one preference",
    why="The lowest preference is tried first; hosts of the same one share the mail. One host under two preferences is "
    "tried twice, and as a rule a slip for another host.",
    fix="In the zone of {part}, keep one MX record for each of {hosts}.",
    reference="RFC 5321 5.1; RFC 974",
    needs=("domain",),
)


async def _run(ctx: Context) -> None:
    domain = ctx.subject.domain
    if domain is None:
        return
    await ctx.each([domain], _domain, _preferences, _hosts)
    # A HELO name that is none is for the check of HELO names to judge.
    if is_proper(ctx.subject.helo):
        await ctx.each([str(ctx.subject.helo)], _relation)


@judges(MISSING, IMPLICIT, NULL)
async def _domain(ctx: Context, domain: str) -> Findings:
    mail = await mail_hosts(ctx.dns, domain)
    seen = mail.answer.evidence
    record = _mx_record(ctx, domain)
    if mail.null and mail.hosts:
        yield NULL.fails(
            domain,
            "{part} has a null MX beside {hosts}: mailers that see it first return all mail",
            seen,
            hosts=mail.hosts[:_SHOWN],
            record=record,
        )
    elif mail.null:
        yield NULL.fails(domain, "{part} has a null MX: it says that it takes no mail", seen, record=record)
    else:
        yield NULL.passes(domain, "{part} has no null MX", seen)
    if mail.answer:
        if mail.count > MAX_HOSTS:
            yield MISSING.passes(
                domain,
                "{part} has {count} MX hosts, of which the {limit} most preferred are looked at",
                seen,
                count=mail.count,
                limit=MAX_HOSTS,
            )
        elif mail.hosts:
            yield MISSING.passes(domain, "{part} has MX hosts: {hosts}", seen, hosts=mail.hosts[:_SHOWN])
        else:
            yield MISSING.passes(domain, "{part} has an MX record", seen)
        yield IMPLICIT.passes(domain, "{part} has an MX record", seen)
        return
    found = await look_up(ctx.dns, domain)
    if found.addresses:
        addresses = found.addresses
        yield MISSING.passes(
            domain, "{part} has an address that takes its mail: {addresses}", seen, found.evidence, addresses=addresses
        )
        yield IMPLICIT.fails(
            domain,
            "{part} has no MX record; its mail goes to {addresses}",
            seen,
            found.evidence,
            addresses=addresses,
            record=record,
        )
    elif found.unanswered is not None:
        raise found.unanswered
    else:
        yield MISSING.fails(
            domain, "{part} has neither an MX record nor an address", seen, found.evidence, record=record
        )


@judges(PREFERENCE)
async def _preferences(ctx: Context, domain: str) -> Findings:
    """Hosts with more than one preference; equal ones for different hosts are how mail is shared, and fine."""
    mail = await mail_hosts(ctx.dns, domain)
    if not mail.answer:
        return
    pairs = dict.fromkeys((normal(mx.host), mx.preference) for mx in mail.answer.exchanges)
    counts = Counter(host for host, _ in pairs)
    twice = [host or "." for host, count in counts.items() if count > 1]
    if twice:
        yield PREFERENCE.fails(
            domain,
            "{part} names {hosts} with more than one preference",
            mail.answer.evidence,
            hosts=twice[:_SHOWN],
        )
    else:
        yield PREFERENCE.passes(domain, "{part} names each MX host once", mail.answer.evidence)


@judges(ADDRESS_LITERAL, UNRESOLVABLE, CNAME, NOT_PUBLIC)
async def _hosts(ctx: Context, domain: str) -> Findings:
    """Hand the hosts to `_host`; while they are unknown, it is the domain for which the rules are undecided."""
    mail = await mail_hosts(ctx.dns, domain)
    named = []
    for host in mail.hosts:
        address = _as_address(host)
        if address is None:
            named.append(host)
            yield ADDRESS_LITERAL.passes(host, "{part} is a host name", mail.answer.evidence)
        else:
            yield ADDRESS_LITERAL.fails(
                host,
                "the MX record of {domain} has the address {part} in the place of a host name",
                mail.record_of(host),
                domain=domain,
                record=f"{domain}. MX 10 mail.{domain}.",
                address_record=f"mail.{domain}. {'A' if address.version == 4 else 'AAAA'} {address}",
            )
    if mail.answer:
        await ctx.each(named, _host)
    else:
        await ctx.each([domain], _implicit_host)


@judges(UNRESOLVABLE, CNAME, NOT_PUBLIC)
async def _host(ctx: Context, host: str) -> Findings:
    domain = str(ctx.subject.domain)
    record = _mx_record(ctx, domain)
    if host.rpartition(".")[2] in LOCAL:
        yield UNRESOLVABLE.fails(
            host, "{part} is a local name, which nobody outside can look up", domain=domain, record=record
        )
        return
    found = await look_up(ctx.dns, host)
    mail = await mail_hosts(ctx.dns, domain)
    named = mail.record_of(host)
    if found.aliases:
        target = found.aliases[-1]
        record = f"{domain}. MX 10 {normal(target)}."
        yield CNAME.fails(
            host, "{part} is an alias of {target}", named, found.evidence, target=target, domain=domain, record=record
        )
    elif found.answers:  # an alias shows in the answer to any type, so that one answer is enough
        yield CNAME.passes(host, "{part} is no alias", found.evidence)
    if found.addresses:
        yield UNRESOLVABLE.passes(host, "{part} leads to {addresses}", found.evidence, addresses=found.addresses)
    elif found.unanswered is None:
        yield _dangling(ctx, host, (named, *found.evidence))
        return
    async for finding in _reachable(ctx, host):
        yield finding


def _dangling(ctx: Context, host: str, evidence: Sequence[Evidence]) -> Finding:
    domain = str(ctx.subject.domain)
    if host.endswith(f".{domain}.{domain}") or host == f"{domain}.{domain}":
        return UNRESOLVABLE.fails(
            host,
            "{part} has no address: it ends in {domain} twice, as names do that lack their last dot in a zone file",
            evidence,
            domain=domain,
            record=f"{domain}. MX 10 {host.removesuffix(f'.{domain}')}.",
        )
    return UNRESOLVABLE.fails(
        host,
        "{part} has neither an A nor an AAAA record",
        evidence,
        domain=domain,
        record=_mx_record(ctx, domain),
    )


@judges(NOT_PUBLIC)
async def _implicit_host(ctx: Context, domain: str) -> Findings:
    async for finding in _reachable(ctx, domain):
        yield finding


async def _reachable(ctx: Context, host: str) -> Findings:
    found = await look_up(ctx.dns, host)
    hidden = [address for answer in found.answers for address in answer.addresses if not _reaches(address)]
    if hidden:
        yield NOT_PUBLIC.fails(
            host,
            "{part} has an address that nobody outside can reach: {addresses}",
            found.evidence,
            addresses=hidden,
        )
    elif found.unanswered is not None:
        raise found.unanswered
    elif found.addresses:
        yield NOT_PUBLIC.passes(host, "each address of {part} is a public one", found.evidence)


@judges(HELO_UNRELATED)
async def _relation(ctx: Context, helo: str) -> Findings:
    domain = str(ctx.subject.domain)
    own = registrable(normal(helo))
    # Asked first even where the names alone would do: a domain of which DNS says nothing is in nobody's hands.
    mail = await mail_hosts(ctx.dns, domain)
    evidence = mail.answer.evidence
    if own is not None and own == (registrable(domain) or domain):
        yield HELO_UNRELATED.passes(
            helo, "{part} is a name under {own}, as {domain} is", evidence, own=own, domain=domain
        )
        return
    hosts = mail.or_implicit(domain)
    relative = next((host for host in hosts if host == normal(helo) or (own and registrable(host) == own)), None)
    if relative is not None:
        yield HELO_UNRELATED.passes(
            helo,
            "{part} belongs with {host}, which takes the mail of {domain}",
            evidence,
            host=relative,
            domain=domain,
        )
        return
    meeting = await meets(ctx.dns, helo, hosts)
    if meeting.host is not None:
        yield HELO_UNRELATED.passes(
            helo,
            "{part} shares an address with {host}, which takes the mail of {domain}",
            evidence,
            meeting.evidence,
            host=meeting.host,
            domain=domain,
        )
    elif meeting.unanswered is not None:
        raise meeting.unanswered
    else:
        yield HELO_UNRELATED.fails(
            helo,
            "{part} has nothing to do with {domain}, neither by its name nor by the hosts that take its mail",
            evidence,
            meeting.evidence,
            domain=domain,
            proper=f"mail.{domain}",
        )


def _mx_record(ctx: Context, domain: str) -> str:
    """The zone-file line that mends the domain: with the sending host where it is one of the domain."""
    name = suggested_name(ctx.subject)
    return f"{domain}. MX 10 {name if registrable(normal(name)) == registrable(domain) else f'mail.{domain}'}."


def _as_address(host: str) -> IPAddress | None:
    """The address that an MX record has where a host name belongs: plain, or in brackets."""
    text = host.removeprefix("[").removesuffix("]").removeprefix("ipv6:")
    try:
        return parse_address(text)
    except ValueError:
        return None


def _reaches(address: IPAddress) -> bool:
    """Whether mail to this address can arrive. An IPv4 address written as IPv6 is never on the wire (RFC 4038 4.2)."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return False
    return is_public(address)


CHECK = Check(
    id="mx",
    title="MX records",
    rules=(MISSING, IMPLICIT, NULL, UNRESOLVABLE, CNAME, ADDRESS_LITERAL, NOT_PUBLIC, PREFERENCE, HELO_UNRELATED),
    run=_run,
)
