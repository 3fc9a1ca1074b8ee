"""What an SMTP server shows to somebody who connects: greeting, EHLO, extensions, TLS, certificate, names.

Only with --server, or with --probe for HOST and the MX hosts of the domain. No mail is sent.
"""

from collections.abc import Iterator

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Finding, Severity
from preflight.net.addresses import reverse_name
from preflight.net.smtp import UNDECIDED, Reply, Trouble
from preflight.text import Message
from preflight_checks import smtp_tls
from preflight_checks.hosts import mail_hosts
from preflight_checks.names import (
    distinct,
    domain_fault,
    host_name_fault,
    is_address_literal,
    is_proper,
    normal,
    suggested_name,
)
from preflight_checks.servers import Server, Target, find_targets, offered, own_servers
from preflight_checks.sighting import Sighting, look
from preflight_checks.smtp_tls import NEEDS, could_not_look, quoted, trouble_of

MAX_HOSTS = 4  # MX hosts that --probe connects to
_WORDS = ("ESMTP", "SMTP", "LMTP", "UTF8SMTP")
_EXPECTED = ("SIZE", "8BITMIME", "PIPELINING")
_GREET = (
    "Have the server say {proper}: myhostname = {proper} in Postfix (and smtpd_banner = $myhostname ESMTP), "
    "primary_hostname = {proper} in Exim, Set-ReceiveConnector -Fqdn {proper} in Exchange."
)

NO_CONNECTION = Rule(
    id="smtp/no-connection",
    severity=Severity.ERROR,  # it was asked for: a run that saw nothing of the server must not end with a go
    title="The server takes connections",
    why="A mail host that takes no connections receives neither replies nor bounces. A server that only sends need not "
    "take any.",
    fix="See whether the mail server listens at {part} and whether a firewall is in the way. If this host only sends, "
    "leave out --server and --probe.",
    reference="RFC 5321 3.1, 4.5.4.2",
    needs=NEEDS,
)
NO_GREETING = Rule(
    id="smtp/no-greeting",
    severity=Severity.ERROR,
    title="The server greets by the rules of SMTP",
    why="Senders wait for a greeting such as `220 mail.example.com ESMTP`. What is no reply of SMTP, or comes twice, "
    "makes them give up.",
    fix="See what listens at {part}: a mail server, or something else; a proxy or a filter in front may spoil the "
    "greeting.",
    reference="RFC 5321 3.1, 4.2, 4.3.1",
    needs=NEEDS,
)
REFUSES = Rule(
    id="smtp/greeting-refused",
    severity=Severity.WARNING,
    title="The greeting is a welcome (220)",
    why="With another code the server turns away whoever connects: all, or just this address.",
    fix="Read the text of the refusal: {said}. If it is about the address that asks, look from another one.",
    reference="RFC 5321 3.1; RFC 7504",
    needs=NEEDS,
)
GREETING_SHORT = Rule(
    id="smtp/greeting-short",
    severity=Severity.WARNING,
    title="The greeting says the server's name",
    why="The first word of the greeting is the name of the server. Without it nobody can tell whom they reached, and "
    "filters count it as a sign of a badly set up machine.",
    fix=_GREET,
    reference="RFC 5321 4.2, 4.3.1",
    needs=NEEDS,
)
NAME_INVALID = Rule(
    id="smtp/name-invalid",
    severity=Severity.WARNING,
    title="The server calls itself by a full host name",
    why="A server that says localhost or a single word to those who connect says the same in HELO, as a rule, when it "
    "connects itself; receivers refuse that.",
    fix=_GREET,
    reference="RFC 5321 2.3.5, 4.1.1.1",
    needs=NEEDS,
)
NAMES_DIFFER = Rule(
    id="smtp/names-differ",
    severity=Severity.INFO,
    title="The greeting and the answer to EHLO say one name",
    why="Two names for one machine are a sign of two settings that nobody compared, or of a filter in front.",
    fix=_GREET,
    reference="RFC 5321 4.2, 4.1.1.1",
    needs=NEEDS,
)
HELO_MISMATCH = Rule(
    id="smtp/helo-mismatch",
    severity=Severity.INFO,
    title="A server that sends says its HELO name when it greets, too",
    why="Receivers that connect back to the sending address compare the names. One name throughout leaves no doubt.",
    fix=_GREET,
    reference="RFC 5321 2.3.5, 4.1.4",
    needs=("server|probe", "helo", "ip"),
)
PTR_MISMATCH = Rule(
    id="smtp/ptr-mismatch",
    severity=Severity.INFO,
    title="The server says the PTR name of its address",
    why="Tests of mail servers compare the greeting with reverse DNS. One name throughout leaves no doubt.",
    fix=_GREET,
    reference="RFC 5321 4.1.4; RFC 1912 2.1",
    needs=NEEDS,
)
NO_EHLO = Rule(
    id="smtp/ehlo-refused",
    severity=Severity.WARNING,
    title="The server takes EHLO",
    why="Without EHLO there is no encryption, no size limit told in advance and no 8-bit mail. Servers have had to "
    "take it since 2001.",
    fix="Have the server speak ESMTP; see whether a firewall rewrites SMTP (such as 'fixup' or 'inspect esmtp' on "
    "Cisco devices), and switch that off.",
    reference="RFC 5321 2.2.1, 3.2",
    needs=NEEDS,
)
EXTENSIONS = Rule(
    id="smtp/extensions-missing",
    severity=Severity.INFO,
    title="The server offers SIZE, 8BITMIME and PIPELINING",
    why="Each mail server in common use has these three. Where they are missing, a filter in front often hides them.",
    fix="See what hides {missing} from those who connect to {part}.",
    reference="RFC 1870; RFC 6152; RFC 2920",
    needs=NEEDS,
)

_OF_GREETING = (REFUSES, GREETING_SHORT)
_OF_NAMES = (NAME_INVALID, NAMES_DIFFER, HELO_MISMATCH, PTR_MISMATCH)
_OF_EHLO = (NO_EHLO, EXTENSIONS)
RULES = (NO_CONNECTION, NO_GREETING, *_OF_GREETING, *_OF_NAMES, *_OF_EHLO, *smtp_tls.RULES)


async def _run(ctx: Context) -> None:
    subject = ctx.subject
    await ctx.each(own_servers(ctx), _server)
    if subject.server is None and subject.domain is not None:
        await ctx.each([subject.domain], _mail_hosts)


@judges(*RULES)
async def _mail_hosts(ctx: Context, domain: str) -> Findings:
    """Hand the MX hosts to `_server`; while they are unknown, it is the domain for which the rules are undecided."""
    mail = await mail_hosts(ctx.dns, domain)
    # What the public DNS cannot have, or only a private one has, is for the check of MX records to judge.
    hosts = [host for host in mail.or_implicit(domain) if is_proper(host)]
    others = [host for host in hosts if host != ctx.subject.host]
    await ctx.each([Server(host, 25, named=False) for host in others[:MAX_HOSTS]], _server)
    if not hosts:
        yield NO_CONNECTION.fails(domain, "{part} names no host that takes its mail", mail.answer.evidence)


@judges(*RULES)
async def _server(ctx: Context, server: Server) -> Findings:
    """Hand each address to `_target`; while none is known, it is the server for which the rules are undecided."""
    found = await find_targets(ctx, server)
    await ctx.each(found.targets, _target)
    for rule in RULES if found.hidden else ():
        yield rule.undecided(
            server,
            "{part} leads to {addresses}, into a private network; it was not connected to",
            found.evidence,
            fix="Name the server with --server, if it is one of yours.",
            addresses=found.hidden,
        )
    if found.unanswered is not None and not found.hidden:
        raise found.unanswered
    if not found.targets and not found.hidden:
        yield NO_CONNECTION.fails(server, "{part} has no address to connect to", found.evidence)


@judges(*RULES)
async def _target(ctx: Context, target: Target) -> Findings:
    sight = await look(ctx, target)
    if not sight.connected:
        for finding in _unconnected(sight):
            yield finding
        return
    yield NO_CONNECTION.passes(target, "{part} takes connections", sight.evidence[:1])
    proper = suggested_name(ctx.subject)
    for finding in (*_greeting(sight, proper), *_ehlo(sight), *smtp_tls.judge(ctx.subject, sight)):
        yield finding
    async for finding in _names(ctx, sight, proper):
        yield finding


def _unconnected(sight: Sighting) -> Iterator[Finding]:
    """No connection: refused is an answer, silence is none."""
    trouble = trouble_of(sight)
    if trouble.trouble in UNDECIDED:
        yield from could_not_look(RULES, sight)
    else:
        yield NO_CONNECTION.fails(sight.target, "{part} refuses connections", sight.evidence)


def _greeting(sight: Sighting, proper: str) -> Iterator[Finding]:
    greeting, target = sight.greeting, sight.target
    if greeting is None:
        if trouble_of(sight).trouble in UNDECIDED:
            yield from could_not_look((NO_GREETING, *_OF_GREETING), sight)
        else:
            yield NO_GREETING.fails(target, "{part}: {trouble}", sight.evidence, trouble=_said_instead(sight))
            yield from could_not_look(_OF_GREETING, sight)
        return
    if sight.ehlo is None and sight.trouble is not None and sight.trouble.trouble is Trouble.UNASKED:
        yield NO_GREETING.fails(target, "{part}: {trouble}", sight.evidence, trouble=_said_instead(sight))
    else:
        yield NO_GREETING.passes(target, "{part} greets with: {said}", sight.evidence[:1], said=quoted(greeting.text))
    if greeting.code != 220:
        yield REFUSES.fails(
            target, "{part} turns away whoever connects: {said}", sight.evidence, said=quoted(greeting.text)
        )
        return
    yield REFUSES.passes(target, "{part} greets with 220", sight.evidence[:1])
    if _name_in(greeting):
        yield GREETING_SHORT.passes(target, "the greeting of {part} says a name", sight.evidence[:1])
    else:
        yield GREETING_SHORT.fails(
            target,
            "the greeting of {part} says no name: {said}",
            sight.evidence,
            said=quoted(greeting.text),
            proper=proper,
        )


def _said_instead(sight: Sighting) -> Message:
    trouble = trouble_of(sight)
    return Message(smtp_tls.TROUBLES[trouble.trouble], {"detail": quoted(trouble.detail)})


def _name_in(reply: Reply | None) -> str:
    """The name that a reply begins with, or nothing where its first word is the protocol's."""
    return "" if reply is None or reply.said_name.upper() in _WORDS else reply.said_name


def _ehlo(sight: Sighting) -> Iterator[Finding]:
    target, ehlo = sight.target, sight.ehlo
    if ehlo is None or not (sight.speaks_esmtp or sight.knows_no_ehlo):
        yield from could_not_look(_OF_EHLO, sight)
        return
    if sight.knows_no_ehlo:
        yield NO_EHLO.fails(target, "{part} knows no EHLO: {said}", sight.evidence, said=quoted(ehlo.text))
    else:
        yield NO_EHLO.passes(target, "{part} takes EHLO", sight.evidence[1:2])
    missing = offered(ehlo.keywords, *_EXPECTED)
    if missing:
        yield EXTENSIONS.fails(target, "{part} does not offer {missing}", sight.evidence, missing=missing)
    else:
        yield EXTENSIONS.passes(
            target, "{part} offers {keywords}", sight.evidence[1:2], keywords=quoted(", ".join(ehlo.keywords))
        )


async def _names(ctx: Context, sight: Sighting, proper: str) -> Findings:
    target = sight.target
    if sight.greeting is None or sight.greeting.code != 220:
        for finding in could_not_look(_OF_NAMES, sight):
            yield finding
        return
    said = [name for reply in (sight.greeting, sight.ehlo if sight.speaks_esmtp else None) if (name := _name_in(reply))]
    if not said:  # `smtp/greeting-short` says so; there is nothing to compare
        return
    faulty = next(
        (name for name in said if is_address_literal(name) or domain_fault(name) or host_name_fault(name)), ""
    )
    fault = domain_fault(faulty) or host_name_fault(faulty)
    if faulty and is_address_literal(faulty):
        yield NAME_INVALID.fails(
            target, "{name} is an address literal, no host name", sight.evidence, name=quoted(faulty), proper=proper
        )
    elif faulty and fault is not None:
        places = {**fault.places, "name": quoted(faulty)}
        yield NAME_INVALID.fails(target, fault.sentence, sight.evidence, proper=proper, **places)
    else:
        yield NAME_INVALID.passes(target, "{part} calls itself {names}", sight.evidence[:2], names=distinct(said))
    names = distinct(said)
    if len(names) > 1:
        yield NAMES_DIFFER.fails(
            target,
            "{part} greets as {first} and answers EHLO as {second}",
            sight.evidence,
            first=quoted(names[0]),
            second=quoted(names[1]),
            proper=proper,
        )
    elif len(said) > 1:
        yield NAMES_DIFFER.passes(target, "{part} says the same name twice", sight.evidence[:2])
    helo = ctx.subject.helo
    if helo is not None and target.address in ctx.subject.ips:
        if normal(helo) in map(normal, names):
            yield HELO_MISMATCH.passes(target, "{part} says the HELO name {helo}", sight.evidence[:2], helo=helo)
        else:
            yield HELO_MISMATCH.fails(
                target,
                "{part} calls itself {names}, and not {helo} as in HELO",
                sight.evidence,
                names=[quoted(name) for name in names],
                helo=helo,
                proper=proper,
            )
    if not ctx.wants(PTR_MISMATCH):
        return
    ptr = await ctx.dns.query(reverse_name(target.address), "PTR")
    if {normal(name) for name in names} & {normal(name) for name in ptr.values}:
        yield PTR_MISMATCH.passes(target, "{part} says its PTR name", sight.evidence[:2], ptr.evidence)
    else:
        yield PTR_MISMATCH.fails(
            target,
            "{part} calls itself {names}, which is not its PTR name",
            sight.evidence[:2],
            ptr.evidence,
            names=[quoted(name) for name in names],
            proper=proper,
        )


CHECK = Check(id="smtp", title="SMTP server", rules=RULES, run=_run)
