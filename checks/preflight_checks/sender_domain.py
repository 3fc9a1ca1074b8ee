"""Whether the domains that a message is from can receive mail: From, Reply-To and the envelope sender.

The check `mx` looks at the domain of the subject in depth; this one asks of each domain in the mail what a receiver
asks before it takes it: is there anybody to answer?
"""

from collections import defaultdict
from dataclasses import dataclass

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.errors import SubjectError
from preflight.findings import Evidence, Severity
from preflight.subject import host_name
from preflight_checks.hosts import mail_hosts
from preflight_checks.mailfile.addresses import mailboxes
from preflight_checks.mailfile.parsing import mail_header

_FIELDS = ("From", "Reply-To")
_ENVELOPE = "MAIL FROM"
MAX_DOMAINS = 20  # of one message: more are no sender but a list of recipients

CANNOT_RECEIVE = Rule(
    id="sender-domain/cannot-receive",
    severity=Severity.ERROR,
    title="Each domain that the mail is from can receive mail",
    why="Receivers look whether anybody could be answered: Yahoo refuses a From or MAIL FROM domain without MX or "
    "address (451, 554), and Outlook.com wants From and Reply-To that receive mail.",
    fix="Write an address of a domain that receives mail into {fields}, or give {part} an MX record.",
    reference="RFC 5321 5.1; Yahoo, Sender best practices; Outlook.com, policies for senders",
    needs=("message|mail-from",),
)
NULL_MX = Rule(
    id="sender-domain/null-mx",
    severity=Severity.ERROR,
    title="No domain that the mail is from refuses all mail",
    why='The MX record "0 ." says that a domain takes no mail. Receivers may refuse mail from it (550 5.7.27), and '
    "Yahoo does.",
    fix="Write an address of a domain that receives mail into {fields}, or take the null MX of {part} away.",
    reference="RFC 7505 4.2; Yahoo, Sender best practices",
    needs=("message|mail-from",),
)


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain in its ASCII form, and the fields that name it."""

    name: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


async def _run(ctx: Context) -> None:
    named: dict[str, list[str]] = defaultdict(list)
    if ctx.subject.message is not None:
        header = mail_header(ctx.subject.message.data)
        for field in _FIELDS:
            for one in mailboxes(header.raw(field))[0]:
                if one.is_valid and (name := _ascii(one.domain)):
                    named[name].append(field)
    for address in filter(None, ctx.subject.mail_from):
        named[address.rpartition("@")[2]].append(_ENVELOPE)
    found = [Domain(name, tuple(dict.fromkeys(fields))) for name, fields in named.items()]
    await ctx.each(found[:MAX_DOMAINS], _domain)


def _ascii(domain: str) -> str:
    """The domain as DNS knows it; nothing for a literal and for what is none, which the check `message` judges."""
    try:
        return "" if domain.startswith("[") else host_name(domain, "--domain")
    except SubjectError:
        return ""


@judges(CANNOT_RECEIVE, NULL_MX)
async def _domain(ctx: Context, domain: Domain) -> Findings:
    mail = await mail_hosts(ctx.dns, domain.name)
    seen: list[Evidence] = [mail.answer.evidence]
    args = {"fields": domain.fields}
    if mail.null:
        yield NULL_MX.fails(domain, "{fields} names {part}, which has a null MX: it takes no mail", seen, **args)
        return
    yield NULL_MX.passes(domain, "{part} has no null MX", seen)
    if mail.answer:
        yield CANNOT_RECEIVE.passes(domain, "{part} has a host for its mail", seen)
        return
    # Without an MX record mail goes to the address of the domain itself (RFC 5321 5.1).
    addresses = await ctx.dns.addresses(domain.name)
    seen += [answer.evidence for answer in addresses]
    if any(addresses):
        yield CANNOT_RECEIVE.passes(domain, "{part} has no MX record, but an address, which takes its mail", seen)
    else:
        yield CANNOT_RECEIVE.fails(domain, "{fields} names {part}, which has no MX record and no address", seen, **args)


CHECK = Check(id="sender-domain", title="Sender domains", rules=(CANNOT_RECEIVE, NULL_MX), run=_run)
