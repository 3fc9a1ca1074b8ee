"""From, To and Reply-To: who writes to whom."""

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight.subject import registrable
from preflight_checks.mailfile.addresses import Mailbox, mailboxes
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailrules.common import at_field, message_rule, shorten, unless_cut

FROM_MISSING = message_rule(
    "from-missing",
    Severity.ERROR,
    title="The message has a From field",
    why="From is required, and DMARC judges the domain in it. Gmail answers 550 5.7.1, Exchange Online 550 5.7.512.",
    fix="Add a From field with one address of your domain: From: Name <name@example.com>.",
    reference="RFC 5322 3.6; Gmail 550 5.7.1; Exchange Online 550 5.7.512",
)
FROM_MULTIPLE = message_rule(
    "from-multiple",
    Severity.ERROR,
    title="From names one mailbox",
    why="With more than one author nobody can say whose domain DMARC is to judge; Gmail, Yahoo and Exchange Online "
    "refuse such mail.",
    fix="Leave one mailbox in From, and name the others in Reply-To or Cc.",
    reference="RFC 7489 6.6.1; RFC 5322 3.6.2; rspamd MULTIPLE_FROM",
)
FROM_INVALID = message_rule(
    "from-invalid",
    Severity.ERROR,
    title="From has an address that can be read",
    why="Receivers refuse a From that the grammar does not allow: Exchange Online with 550 5.7.512, Gmail with "
    "550 5.7.1.",
    fix="Write the address as name@example.com, in angle brackets when a display name stands before it.",
    reference="RFC 5322 3.4; Exchange Online 550 5.7.512; rspamd FROM_INVALID",
)
FROM_SPOOF = message_rule(
    "from-display-name",
    Severity.ERROR,
    title="The display name shows no address of another domain",
    why="Mail programs show the display name and hide the address; an address of another domain in it is the commonest "
    "disguise of phishing. Google's guidelines forbid it.",
    fix="Take the address out of the display name, or write that of the sender.",
    reference="Google, Email sender guidelines; rspamd SPOOF_DISPLAY_NAME; SpamAssassin PDS_FROM_2_EMAILS",
    feeds_filters=True,
)
TO_MISSING = message_rule(
    "to-missing",
    Severity.WARNING,
    title="The message names a recipient",
    why="Mail that names nobody in To or Cc looks like mail to everybody; filters score it.",
    fix="Put the recipient's address into To, one message for each recipient.",
    reference="RFC 5322 3.6.3; SpamAssassin MISSING_HEADERS; rspamd MISSING_TO",
    feeds_filters=True,
)
TO_UNDISCLOSED = message_rule(
    "to-undisclosed",
    Severity.WARNING,
    title="To names the recipient and not 'undisclosed recipients'",
    why="An empty group in To is how mail to many blind copies looks; filters score it.",
    fix="Send a message of its own to each recipient, with the address in To.",
    reference="RFC 5322 3.4; rspamd R_UNDISC_RCPT; SpamAssassin UNDISC_FREEM",
    feeds_filters=True,
)
TO_INVALID = message_rule(
    "to-invalid",
    Severity.WARNING,
    title="Each address in To, Cc and Reply-To can be read",
    why="An address that the grammar does not allow makes some receivers refuse the message, and answers go astray.",
    fix="Write each address as name@example.com, in angle brackets after a display name, separated by commas.",
    reference="RFC 5322 3.4; SpamAssassin TO_MALFORMED; rspamd REPLYTO_INVALID",
)
RULES = (FROM_MISSING, FROM_MULTIPLE, FROM_INVALID, FROM_SPOOF, TO_MISSING, TO_UNDISCLOSED, TO_INVALID)


@judges(FROM_MISSING, FROM_MULTIPLE, FROM_INVALID, FROM_SPOOF)
async def author(_: Context, letter: Letter) -> Findings:
    """Who the message says that it is from."""
    part, header = "From", letter.mail.header
    field = header.first(part)
    if field is None or not field.raw:
        place = [at_field(letter, field)] if field else []
        yield unless_cut(letter, FROM_MISSING, FROM_MISSING.fails(part, "the message has no From", place))
        return
    place = [at_field(letter, field)]
    found, _groups = mailboxes(field.raw)
    yield FROM_MISSING.passes(part, "the message has a From")
    if len(found) > 1:
        yield FROM_MULTIPLE.fails(
            part, "From names {count} mailboxes: {addresses}", place, count=len(found),
            addresses=[shorten(one.address, 80) for one in found[:5]],
        )  # fmt: skip
    else:
        yield FROM_MULTIPLE.passes(part, "From names one mailbox")
    broken = [one for one in found if not one.is_valid]
    if broken or not found:
        text = shorten(broken[0].address if broken else field.raw)
        yield FROM_INVALID.fails(part, "From has no address that can be read: {address}", place, address=text)
        return
    yield FROM_INVALID.passes(part, "From has an address: {address}", address=found[0].address)
    other = next((domain for one in found for domain in one.domains_in_name() if _differs(one, domain)), None)
    if other:
        yield FROM_SPOOF.fails(
            part, "the display name shows an address at {other}, and the mail is from {domain}", place,
            other=other, domain=found[0].domain,
        )  # fmt: skip
    else:
        yield FROM_SPOOF.passes(part, "the display name shows no address of another domain")


def _differs(one: Mailbox, domain: str) -> bool:
    if one.domain == domain:
        return False
    return (registrable(domain) or domain) != (registrable(one.domain) or one.domain)


@judges(TO_MISSING, TO_UNDISCLOSED, TO_INVALID)
async def recipients(_: Context, letter: Letter) -> Findings:
    """Whom the message names as its recipients."""
    header = letter.mail.header
    fields = {name: field for name in ("To", "Cc", "Bcc", "Reply-To") if (field := header.first(name)) and field.raw}
    to = fields.get("To")
    found, groups = mailboxes(to.raw) if to else ([], [])
    if not fields.keys() & {"To", "Cc", "Bcc"}:
        if letter.is_template:
            yield TO_MISSING.passes("To", "the message is a template: To is left to the program that sends it")
        else:
            yield unless_cut(letter, TO_MISSING, TO_MISSING.fails("To", "the message has no To, Cc or Bcc"))
    else:
        yield TO_MISSING.passes("To", "the message names a recipient")
    if to and groups and not found:
        yield TO_UNDISCLOSED.fails(
            "To", "To names nobody, only {group}", at_field(letter, to), group=shorten(groups[0])
        )
    else:
        yield TO_UNDISCLOSED.passes("To", "To is no empty group")
    seen = []
    for name, field in fields.items():
        broken = next((one for one in mailboxes(field.raw)[0] if not one.is_valid), None)
        if broken:
            seen += [Evidence("message", name, shorten(broken.address)), at_field(letter, field)]
    if seen:
        yield TO_INVALID.fails("To", "{field} has something that is no address: {address}", seen, field=seen[0].asked,
                               address=seen[0].seen)  # fmt: skip
    else:
        yield TO_INVALID.passes("To", "each address can be read")
