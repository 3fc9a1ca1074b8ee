"""The name that the server greets with: HELO and EHLO by RFC 5321, and its edges to the address and its PTR name."""

import asyncio

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Severity
from preflight.net.addresses import IPAddress, reverse_name
from preflight.subject import registrable
from preflight_checks.hosts import look_up, mail_hosts, meets, ptr_owner
from preflight_checks.names import (
    distinct,
    domain_fault,
    host_name_fault,
    is_address_literal,
    is_proper,
    normal,
    repaired,
    suggested_name,
)

_SHOWN = 10  # PTR names that a message lists
_INVALID_DOMAIN = ("microsoft/501-5.5.4",)
_GREET = (
    "Have the server greet as {proper}: myhostname = {proper} (for mail that leaves alone: smtp_helo_name = {proper}) "
    "in Postfix, primary_hostname = {proper} in Exim, Set-SendConnector -Fqdn {proper} in Exchange."
)

INVALID_SYNTAX = Rule(
    id="helo/invalid-syntax",
    severity=Severity.ERROR,
    title="The HELO name follows the grammar of SMTP",
    why="A server that cannot even say its name correctly is taken for malware; the command is refused with 501 before "
    "any mail is looked at.",
    fix=_GREET,
    reference="RFC 5321 4.1.2, 4.1.3",
    needs=("helo",),
    prevents=_INVALID_DOMAIN,
)
NOT_FQDN = Rule(
    id="helo/not-fqdn",
    severity=Severity.ERROR,
    title="The HELO name is a full name of the public DNS",
    why="A single word, localhost or a name of the local network tells a receiver nothing of who connects, and is what "
    "badly set up machines and malware say.",
    fix=_GREET,
    reference="RFC 5321 2.3.5, 4.1.1.1",
    needs=("helo",),
    prevents=_INVALID_DOMAIN,
)
ADDRESS_LITERAL = Rule(
    id="helo/address-literal",
    severity=Severity.ERROR,
    title="The HELO name is a name, no address",
    why="An address in brackets is allowed only for a host that has no name. A mail server has one, and large "
    "receivers refuse those that do not say it.",
    fix=_GREET,
    reference="RFC 5321 4.1.3, 4.1.4",
    needs=("helo",),
    prevents=_INVALID_DOMAIN,
)
UNRESOLVABLE = Rule(
    id="helo/unresolvable",
    severity=Severity.ERROR,
    title="The HELO name has an address",
    why="A name that leads nowhere proves nothing. Many receivers look it up and refuse mail when it has neither an A "
    "nor an AAAA record.",
    fix="In the zone of {part}, add this record: `{record}`. Or have the server greet with a name that has an address.",
    reference="RFC 5321 2.3.5, 4.1.4",
    needs=("helo",),
    prevents=_INVALID_DOMAIN,
)
# Warnings, these two: RFC 5321 4.1.4 lets receivers compare the HELO name with the address, and forbids them to refuse
# mail for a difference alone. They count it against the sender, and no large receiver documents a refusal for it.
ADDRESS_MISMATCH = Rule(
    id="helo/address-mismatch",
    severity=Severity.WARNING,
    title="The HELO name leads to the sending address",
    why="Receivers compare the address that connects with those of the name it gives. A name of another machine looks "
    "borrowed, and its good reputation does not count for this one.",
    fix="In the zone of {helo}, add this record: `{record}`. Or have the server greet with the name that {part} has.",
    reference="RFC 5321 4.1.4",
    needs=("helo", "ip"),
    prevents=_INVALID_DOMAIN,
)
PTR_MISMATCH = Rule(
    id="helo/ptr-mismatch",
    severity=Severity.WARNING,
    title="The PTR name of the sending address is the HELO name",
    why="When the name that the server gives and the name of its address are one and the same, nobody needs to guess "
    "who is sending; a difference costs points in most filters.",
    fix="Ask the owner of {part} (your provider or its control panel) for this record: `{record}`. Write: Please set "
    "the reverse DNS (PTR) of {part} to {helo}. Or have the server greet with its PTR name.",
    reference="RFC 5321 4.1.4; M3AAWG Sender Best Common Practices",
    needs=("helo", "ip"),
    prevents=_INVALID_DOMAIN,
)
NOT_MX = Rule(
    id="helo/not-mx",
    severity=Severity.INFO,
    title="The sending host takes the domain's mail as well",
    why="Where a domain runs its own mail host, sending from that very host ties both together for receivers. Many "
    "good set-ups send and receive on different machines, so this is a hint only.",
    fix="If this host receives mail too, add this record: `{record}`. Otherwise leave it as it is.",
    reference="RFC 5321 5.1",
    needs=("helo", "domain"),
)


async def _run(ctx: Context) -> None:
    helo = ctx.subject.helo
    if helo is None:
        return
    await ctx.each([helo], _form)
    # What is no name of the public DNS has no edges in it: a private name server's word on it would mislead.
    if is_proper(helo):
        await asyncio.gather(
            ctx.each([helo], _resolves, _receives), ctx.each(ctx.subject.ips, _leads_to_address, _is_ptr_name)
        )


@judges(INVALID_SYNTAX, NOT_FQDN, ADDRESS_LITERAL)
async def _form(ctx: Context, helo: str) -> Findings:
    proper = repaired(helo) or suggested_name(ctx.subject)
    fault = domain_fault(helo)
    if fault is not None:
        yield INVALID_SYNTAX.fails(helo, fault.sentence, proper=proper, **fault.places)
        return
    yield INVALID_SYNTAX.passes(helo, "{part} follows the grammar of HELO names")
    if is_address_literal(helo):
        yield ADDRESS_LITERAL.fails(helo, "{part} is an address literal, no host name", proper=proper)
        return
    yield ADDRESS_LITERAL.passes(helo, "{part} is no address literal")
    fault = host_name_fault(helo)
    if fault is not None:
        yield NOT_FQDN.fails(helo, fault.sentence, proper=proper, **fault.places)
    else:
        yield NOT_FQDN.passes(helo, "{part} is a full host name")


@judges(UNRESOLVABLE)
async def _resolves(ctx: Context, helo: str) -> Findings:
    found = await look_up(ctx.dns, helo)
    if found.addresses and found.aliases:
        yield UNRESOLVABLE.passes(
            helo,
            "{part} is an alias of {target} and leads to {addresses}; a name with addresses of its own is better",
            found.evidence,
            target=found.aliases[-1],
            addresses=found.addresses,
        )
    elif found.addresses:
        yield UNRESOLVABLE.passes(helo, "{part} leads to {addresses}", found.evidence, addresses=found.addresses)
    elif found.unanswered is not None:
        raise found.unanswered
    else:
        record = _address_record(helo, ctx.subject.ips[0]) if ctx.subject.ips else f"{helo}. A 192.0.2.25"
        yield UNRESOLVABLE.fails(helo, "{part} has neither an A nor an AAAA record", found.evidence, record=record)


@judges(ADDRESS_MISMATCH)
async def _leads_to_address(ctx: Context, ip: IPAddress) -> Findings:
    """Only the family of the address counts: whoever connects over IPv4 is compared with A records."""
    helo = str(ctx.subject.helo)
    answer = await ctx.dns.confirmed(helo, "A" if ip.version == 4 else "AAAA")
    if ip in answer.addresses:
        yield ADDRESS_MISMATCH.passes(ip, "{helo} leads to {part}", answer.evidence, helo=helo)
        return
    record = _address_record(helo, ip)
    if answer:
        yield ADDRESS_MISMATCH.fails(
            ip,
            "{helo} leads to {addresses} and not to {part}",
            answer.evidence,
            helo=helo,
            addresses=answer.values,
            record=record,
        )
    else:
        yield ADDRESS_MISMATCH.fails(
            ip, "{helo} has no address of the kind of {part}", answer.evidence, helo=helo, record=record
        )


@judges(PTR_MISMATCH)
async def _is_ptr_name(ctx: Context, ip: IPAddress) -> Findings:
    helo = str(ctx.subject.helo)
    answer = await ctx.dns.confirmed(reverse_name(ip), "PTR")
    names = distinct(answer.values)
    record = f"{ptr_owner(ip, answer)}. PTR {helo}."
    if not names:
        yield PTR_MISMATCH.fails(
            ip, "{part} has no PTR name at all, so none is {helo}", answer.evidence, helo=helo, record=record
        )
    elif normal(helo) in map(normal, names):
        yield PTR_MISMATCH.passes(ip, "{helo} is a PTR name of {part}", answer.evidence, helo=helo)
    else:
        yield PTR_MISMATCH.fails(
            ip,
            "the PTR name of {part} is {names} and not {helo}",
            answer.evidence,
            names=names[:_SHOWN],
            helo=helo,
            record=record,
        )


@judges(NOT_MX)
async def _receives(ctx: Context, helo: str) -> Findings:
    domain = str(ctx.subject.domain)
    mail = await mail_hosts(ctx.dns, domain)
    hosts = mail.or_implicit(domain)
    evidence = mail.answer.evidence
    if not hosts:
        return  # a null MX alone: there is no host to compare with, and mx/null says what to make of it
    if normal(helo) in hosts:
        yield NOT_MX.passes(helo, "{part} takes the mail of {domain}", evidence, domain=domain)
        return
    if all(registrable(host) != registrable(domain) for host in hosts):
        yield NOT_MX.passes(
            helo, "the mail of {domain} is received elsewhere, at {hosts}", evidence, domain=domain, hosts=hosts
        )
        return
    meeting = await meets(ctx.dns, helo, hosts)
    if meeting.host is not None:
        yield NOT_MX.passes(
            helo,
            "{part} shares an address with {host}, which takes the mail of {domain}",
            evidence,
            meeting.evidence,
            host=meeting.host,
            domain=domain,
        )
        return
    if meeting.unanswered is not None:
        raise meeting.unanswered
    yield NOT_MX.fails(
        helo,
        "{part} is none of the hosts that take the mail of {domain}: {hosts}",
        evidence,
        meeting.evidence,
        domain=domain,
        hosts=hosts,
        record=f"{domain}. MX 20 {helo}.",
    )


def _address_record(helo: str, ip: IPAddress) -> str:
    return f"{helo}. {'A' if ip.version == 4 else 'AAAA'} {ip}"


CHECK = Check(
    id="helo",
    title="HELO name",
    rules=(INVALID_SYNTAX, NOT_FQDN, ADDRESS_LITERAL, UNRESOLVABLE, ADDRESS_MISMATCH, PTR_MISMATCH, NOT_MX),
    run=_run,
)
