"""What makes a message one: Date and Message-ID, each field once, nothing but ASCII in the header."""

import re
from datetime import datetime, timedelta

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight.moment import now
from preflight_checks.mailfile.dates import read_date, received_at
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailrules.common import at, at_field, message_rule, shorten, unless_cut

AHEAD = timedelta(hours=2)
"""How far a Date may be ahead: rspamd's limit; SpamAssassin's is three hours."""
BEHIND = timedelta(hours=24)
"""How old a Date may be when a server takes the message: rspamd's limit; SpamAssassin's is three hours."""
ONCE = (
    "Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
)  # fmt: skip
"""Fields that may stand in a header once at the most (RFC 5322 3.6, RFC 2045)."""
_ID = re.compile(r"<[^<>\s@\"]+@(?:[^<>\s@\[\]]+|\[[^<>\s\[\]]*\])>|<\"[^\"]*\"@[^<>\s@]+>")
_BAD_HOSTS = frozenset(("localhost", "localhost.localdomain", "local"))

DATE_MISSING = message_rule(
    "date-missing",
    Severity.ERROR,
    title="A finished message has a Date",
    why="Date is one of the two fields that each message must have. SpamAssassin scores its want by up to 2.7.",
    fix="Have the program that writes the message set Date: the time of sending, with the zone.",
    reference="RFC 5322 3.6; SpamAssassin MISSING_DATE; rspamd MISSING_DATE",
    feeds_filters=True,
)
DATE_INVALID = message_rule(
    "date-invalid",
    Severity.ERROR,
    title="The Date can be read",
    why="A Date that the grammar does not allow is a sign of a home-made mailer; Yahoo refuses it with 554.",
    fix="Write the Date like this: Mon, 23 Nov 2026 10:00:00 +0100.",
    reference="RFC 5322 3.3; SpamAssassin INVALID_DATE; rspamd INVALID_DATE",
    feeds_filters=True,
)
DATE_FUTURE = message_rule(
    "date-future",
    Severity.ERROR,
    title="The Date is not in the future",
    why="Spam is dated ahead to stay on top of the mailbox. SpamAssassin scores it by up to 3.2, and Yahoo refuses a "
    "date that is too far off with 554.",
    fix="Set the server's clock by NTP and its time zone right, and let Date be the time of sending.",
    reference="SpamAssassin DATE_IN_FUTURE_03_06; rspamd DATE_IN_FUTURE",
    feeds_filters=True,
)
DATE_PAST = message_rule(
    "date-past",
    Severity.WARNING,
    title="The Date is that of the sending",
    why="A Date long before a server took the message means a clock that is wrong, or a message sent again; filters "
    "score it by up to 3.4.",
    fix="Let Date be the time of sending, and set the server's clock by NTP.",
    reference="SpamAssassin DATE_IN_PAST_96_XX; rspamd DATE_IN_PAST",
    feeds_filters=True,
)
ID_MISSING = message_rule(
    "message-id-missing",
    Severity.ERROR,
    title="A finished message has a Message-ID",
    why="Gmail refuses mail without one (550 5.7.1), and filters score it.",
    fix="Have the program that writes the message set Message-ID: <something unique@your domain>.",
    reference="RFC 5322 3.6.4; Gmail 550 5.7.1; rspamd MISSING_MID",
)
ID_INVALID = message_rule(
    "message-id-invalid",
    Severity.ERROR,
    title="The Message-ID has the form <left@right>",
    why="One that the grammar does not allow is a sign of a home-made mailer; SpamAssassin scores it by up to 2.6.",
    fix="Write it as <something unique@your domain>, in angle brackets and without spaces.",
    reference="RFC 5322 3.6.4; SpamAssassin INVALID_MSGID; rspamd INVALID_MSGID",
    feeds_filters=True,
)
ID_DOMAIN = message_rule(
    "message-id-domain",
    Severity.WARNING,
    title="The Message-ID ends in a real domain",
    why="localhost or a bare word at its end shows a server that does not know its own name; rspamd scores it.",
    fix="Set the full host name of the server, so that Message-ID ends in it.",
    reference="RFC 5322 3.6.4; rspamd HFILTER_MID_NOT_FQDN",
)
DUPLICATE = message_rule(
    "duplicate-field",
    Severity.ERROR,
    title="No field stands in the header twice",
    why="Of two From or Subject fields each reader shows another one, which is how forgeries work. Gmail (550 5.7.1) "
    "and Yahoo (554) refuse such mail.",
    fix="Leave one {part} field in the header.",
    reference="RFC 5322 3.6; rspamd MULTIPLE_UNIQUE_HEADERS",
)
RAW = message_rule(
    "raw-8bit-header",
    Severity.ERROR,
    title="The header has nothing but ASCII",
    why="Characters beyond ASCII have to be encoded in a header unless both servers speak SMTPUTF8. Gmail refuses them "
    "with 550 5.7.1, Yahoo with 554.",
    fix="Encode the field {part}: =?utf-8?B?…?=. Mail libraries do so by themselves.",
    reference="RFC 2047 2; RFC 6532; SpamAssassin SUBJ_ILLEGAL_CHARS; rspamd SUBJECT_NEEDS_ENCODING",
    feeds_filters=True,
)
UNFINISHED = message_rule(
    "unfinished",
    Severity.INFO,
    title="Date and Message-ID are in the message",
    why="A message without both is one that no mail program has finished yet. Many programs and submission servers "
    "add them (RFC 6409 8), yet a server that takes mail from others does not.",
    fix="Make sure that the program that sends this message adds Date and Message-ID, or check the message as sent.",
    reference="RFC 6409 8.2, 8.3; RFC 5322 3.6",
)
RULES = (
    DATE_MISSING, DATE_INVALID, DATE_FUTURE, DATE_PAST, ID_MISSING, ID_INVALID, ID_DOMAIN, DUPLICATE, RAW, UNFINISHED,
)  # fmt: skip


def utc_now() -> datetime:
    """The clock by which a Date is judged; tests put their own in its place."""
    return now()


def is_unfinished(letter: Letter) -> bool:
    """Whether nobody has sent the message yet: it has neither Date nor Message-ID, and no server took it."""
    header = letter.mail.header
    return not any(header.first(name) for name in ("Date", "Message-ID", "Received")) and header.complete


@judges(UNFINISHED, DATE_MISSING, ID_MISSING)
async def presence(_: Context, letter: Letter) -> Findings:
    """Whether there are a Date and a Message-ID, where a message needs them already."""
    header = letter.mail.header
    if letter.is_template:
        yield UNFINISHED.passes(
            letter, "the message is a template: Date and Message-ID are left to the sending program"
        )
        yield DATE_MISSING.passes("Date", "the message is a template, which needs no Date")
        yield ID_MISSING.passes("Message-ID", "the message is a template, which needs no Message-ID")
        return
    if is_unfinished(letter):
        names = ", ".join(field.name for field in header.fields[:20])
        yield UNFINISHED.fails(
            letter, "the message has no Date and no Message-ID: the program that sends it has to add them",
            Evidence("message", "header", names),
        )  # fmt: skip
        yield DATE_MISSING.passes("Date", "the message is not sent yet; see message/unfinished")
        yield ID_MISSING.passes("Message-ID", "the message is not sent yet; see message/unfinished")
        return
    yield UNFINISHED.passes(letter, "the message is finished")
    if header.first("Date"):
        yield DATE_MISSING.passes("Date", "the message has a Date")
    else:
        yield unless_cut(letter, DATE_MISSING, DATE_MISSING.fails("Date", "the message has no Date"))
    if header.first("Message-ID"):
        yield ID_MISSING.passes("Message-ID", "the message has a Message-ID")
    else:
        yield unless_cut(letter, ID_MISSING, ID_MISSING.fails("Message-ID", "the message has no Message-ID"))


@judges(DATE_INVALID, DATE_FUTURE, DATE_PAST)
async def date(_: Context, letter: Letter) -> Findings:
    """Whether the Date is that of the sending."""
    part, header = "Date", letter.mail.header
    field = header.first(part)
    if field is None:
        return
    place = at_field(letter, field)
    moment = read_date(field.raw)
    if moment is None:
        yield DATE_INVALID.fails(part, "the Date cannot be read: {date}", place, date=shorten(field.raw, 80))
        return
    yield DATE_INVALID.passes(part, "the Date can be read: {date}", date=shorten(field.raw, 80))
    received = header.first("Received")
    taken = received_at(received.raw) if received else None
    reference = taken or utc_now()
    seen = [place, *([at_field(letter, received)] if received and taken else [])]
    args = {"date": shorten(field.raw, 80), "hours": round(abs(moment - reference) / timedelta(hours=1))}
    if moment - reference > AHEAD:
        yield DATE_FUTURE.fails(part, "the Date is {hours} hours ahead: {date}", seen, **args)
    else:
        yield DATE_FUTURE.passes(part, "the Date is not ahead")
    if reference - moment <= BEHIND:
        yield DATE_PAST.passes(part, "the Date is that of the sending")
    elif taken:
        yield DATE_PAST.fails(part, "the Date is {hours} hours before a server took the message: {date}", seen, **args)
    else:
        yield DATE_PAST.undecided(
            part, "the Date is {hours} hours ago, and no Received field says when the message was sent", place,
            fix=DATE_PAST.fix, **args,
        )  # fmt: skip


@judges(ID_INVALID, ID_DOMAIN)
async def message_id(_: Context, letter: Letter) -> Findings:
    """Whether the Message-ID is one."""
    part = "Message-ID"
    field = letter.mail.header.first(part)
    if field is None:
        return
    place, text = at_field(letter, field), shorten(field.raw)
    if not _ID.fullmatch(field.raw.strip()):
        yield ID_INVALID.fails(part, "the Message-ID has not the form <left@right>: {id}", place, id=text)
        return
    yield ID_INVALID.passes(part, "the Message-ID has the form <left@right>")
    host = field.raw.strip()[:-1].rpartition("@")[2].lower().rstrip(".")
    if host.startswith("[") or ("." in host and host not in _BAD_HOSTS):
        yield ID_DOMAIN.passes(part, "the Message-ID ends in a domain: {host}", host=shorten(host))
    else:
        yield ID_DOMAIN.fails(part, "the Message-ID ends in no full host name: {host}", place, host=shorten(host))


@judges(DUPLICATE, RAW)
async def fields(_: Context, letter: Letter) -> Findings:
    """Whether each field stands there once, and in ASCII."""
    header = letter.mail.header
    failed = False
    for name in ONCE:
        twins = [field for field in header.fields if field.name.lower() == name.lower()]
        if len(twins) > 1:
            failed = True
            places = [at_field(letter, field) for field in twins[:5]]
            yield DUPLICATE.fails(name, "{part} stands in the header {count} times", places, count=len(twins))
    if not failed:
        passed = DUPLICATE.passes(letter, "no field that may stand there once stands there twice")
        yield (
            passed
            if header.complete
            else DUPLICATE.undecided(
                letter, "the header is larger than is looked at; so far no field stands there twice"
            )
        )
    raw: dict[str, Evidence] = {}
    for field in header.fields:
        if field.name.lower() not in raw and not field.octets.isascii():
            offset = next(place for place, octet in enumerate(field.octets) if octet > 127)
            start = letter.octets.find(b":", field.offset) + 1
            raw[field.name.lower()] = at(letter, start + offset)
    for name, place in list(raw.items())[:10]:
        yield RAW.fails(_name(letter, name), "the field {part} has characters beyond ASCII as they are", place)
    if not raw:
        passed = RAW.passes(letter, "the header has nothing but ASCII")
        yield (
            passed
            if header.complete
            else RAW.undecided(letter, "the header is larger than is looked at; so far there is nothing but ASCII")
        )


def _name(letter: Letter, lower: str) -> str:
    return next(field.name for field in letter.mail.header.fields if field.name.lower() == lower)
