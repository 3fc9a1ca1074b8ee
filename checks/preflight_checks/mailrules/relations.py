"""The sender beside others: the address for answers, the envelope, and the other messages of the run."""

from collections import defaultdict

from preflight.check import Context, Findings, judges
from preflight.findings import Severity
from preflight.subject import Subject, registrable
from preflight_checks.mailfile.addresses import Mailbox, mailboxes
from preflight_checks.mailfile.hostlists import load_hosts
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailfile.parsing import mail_header
from preflight_checks.mailrules.common import at_field, message_rule, shorten

REPLY_FREEMAIL = message_rule(
    "reply-to-freemail",
    Severity.WARNING,
    title="Answers do not leave the sender's domain for a free mailbox",
    why="From at a firm and Reply-To at a free mail service is how invoice fraud looks; SpamAssassin scores it by up "
    "to 2.5.",
    fix="Put a mailbox of your own domain into Reply-To, or leave the field out.",
    reference="SpamAssassin FREEMAIL_FORGED_REPLYTO; rspamd FREEMAIL_REPLYTO_NEQ_FROM_DOM",
    feeds_filters=True,
)
REPLY_ELSEWHERE = message_rule(
    "reply-to-elsewhere",
    Severity.INFO,
    title="Answers go to the sender's domain",
    why="Filters note a Reply-To at another domain. Ticket systems and newsletters have good reasons for one; "
    "Outlook.com asks that it can receive mail.",
    fix="Where nothing speaks against it, put a mailbox of the domain of From into Reply-To.",
    reference="rspamd REPLYTO_DOM_NEQ_FROM_DOM; Outlook.com, policies for senders",
)
ENVELOPE = message_rule(
    "envelope-differs",
    Severity.WARNING,
    title="The envelope sender is of the domain of From",
    why="NetEase (163.com, 126.com) refuses mail whose MAIL FROM is not the From of the header, with 554 DT:SUM; "
    "elsewhere SPF then does not count for DMARC, and DKIM has to.",
    fix="Have the server send with an envelope sender under {domain}, such as bounces@{domain}.",
    reference="NetEase 554 DT:SUM; RFC 7489 3.1.2; SpamAssassin HEADER_FROM_DIFFERENT_DOMAINS",
    needs=("mail-from",),
)
ID_REUSED = message_rule(
    "message-id-reused",
    Severity.WARNING,
    title="No other message has the same Message-ID",
    why="A Message-ID names one message for ever: mailboxes drop the second one as a copy, and Gmail slows down who "
    "sends many messages under one (421 4.7.28).",
    fix="Have the program that sends make a new Message-ID for each message.",
    reference="RFC 5322 3.6.4; Gmail 421 4.7.28",
)
RULES = (REPLY_FREEMAIL, REPLY_ELSEWHERE, ENVELOPE, ID_REUSED)


@judges(REPLY_FREEMAIL, REPLY_ELSEWHERE)
async def answers(_: Context, letter: Letter) -> Findings:
    """Where answers go, beside where the mail comes from."""
    part = "Reply-To"
    sender, field = _author(letter), letter.mail.header.first(part)
    if sender is None or field is None:
        if letter.mail.header.complete and sender is not None:
            yield REPLY_FREEMAIL.passes(part, "there is no Reply-To: answers go to From")
            yield REPLY_ELSEWHERE.passes(part, "there is no Reply-To: answers go to From")
        return
    free = load_hosts("freemail")
    others = [one for one in mailboxes(field.raw)[0] if one.is_valid and _differ(one.domain, sender.domain)]
    borrowed = [] if sender.domain in free else [one for one in others if one.domain in free]
    args = {"domain": shorten(sender.domain, 80)}
    if borrowed:
        yield REPLY_FREEMAIL.fails(
            part, "the mail is from {domain}, and answers go to {address}", at_field(letter, field),
            address=shorten(borrowed[0].address, 80), **args,
        )  # fmt: skip
    else:
        yield REPLY_FREEMAIL.passes(part, "answers do not go from {domain} to a free mail service", **args)
    if others:
        yield REPLY_ELSEWHERE.fails(
            part, "the mail is from {domain}, and answers go to {address}", at_field(letter, field),
            address=shorten(others[0].address, 80), **args,
        )  # fmt: skip
    else:
        yield REPLY_ELSEWHERE.passes(part, "answers go to {domain}", **args)


@judges(ENVELOPE)
async def envelope(ctx: Context, letter: Letter) -> Findings:
    """Each envelope sender beside From; the null sender has no domain, and is not asked for one."""
    sender = _author(letter)
    if sender is None:  # message/from-missing and from-invalid have said so
        return
    for address in filter(None, ctx.subject.mail_from):
        domain = address.rpartition("@")[2]
        args = {"envelope": domain, "domain": shorten(sender.domain, 80)}
        if _differ(domain, sender.domain):
            field = letter.mail.header.first("From")
            place = [at_field(letter, field)] if field else []
            yield ENVELOPE.fails(address, "the envelope sender is at {envelope}, and From at {domain}", place, **args)
        else:
            yield ENVELOPE.passes(address, "the envelope sender and From are both at {domain}", **args)


@judges(ID_REUSED)
async def reused(ctx: Context, letter: Letter) -> Findings:
    """The Message-ID beside those of the other messages of this run."""
    part = "Message-ID"
    field = letter.mail.header.first(part)
    if field is None:
        return

    async def collect() -> dict[str, list[str]]:
        return _by_message_id(ctx.peers.subjects)

    known = await ctx.peers.once.get("message ids", collect)
    others = [label for label in known.get(field.raw.strip(), ()) if label != letter.label]
    if others:
        yield ID_REUSED.fails(
            part, "{others} has the same Message-ID: {id}", at_field(letter, field),
            others=[shorten(label, 80) for label in others[:3]], id=shorten(field.raw.strip(), 120),
        )  # fmt: skip
    else:
        yield ID_REUSED.passes(part, "no other message of this run has the same Message-ID")


def _by_message_id(subjects: tuple[Subject, ...]) -> dict[str, list[str]]:
    """The labels of the messages that have each Message-ID; one message given twice has one label."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in dict.fromkeys(subject.message for subject in subjects):
        if message is not None and (message_id := mail_header(message.data).raw("Message-ID").strip()):
            found[message_id].append(message.label)
    return found


def _author(letter: Letter) -> Mailbox | None:
    """The one mailbox in From that can be read."""
    found = mailboxes(letter.mail.header.raw("From"))[0]
    return next((one for one in found if one.is_valid), None)


def _differ(one: str, other: str) -> bool:
    """Whether two domains belong to different organisations."""
    return one != other and (registrable(one) or one) != (registrable(other) or other)
