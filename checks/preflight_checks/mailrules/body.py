"""The size of the body and of the whole message."""

import re

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.letter import Letter, Text
from preflight_checks.mailfile.sizes import load_sizes
from preflight_checks.mailrules.common import at_part, message_rule, unless_blind

BODY_LIMIT = 2048
"""Octets that a body should have more of. They are counted over all parts of plain text and of HTML that are neither
attachments nor in one, together: their octets with the transfer encoding undone, tags included, a line break as one."""
_ONLY_LINK = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)

TOO_SMALL = message_rule(
    "body-too-small",
    # A warning: filters such as SpamAssassin and rspamd do not punish short plain text alone, only together with
    # pictures or links; the advice for mail to Microsoft is from practice, not from a published limit.
    Severity.WARNING,
    title="The body is larger than 2 KB",
    why="A body of a line or two gives a content filter nothing to recognise as wanted mail. For first mail to "
    "Microsoft's services the advice from practice is more than 2 KB of text.",
    fix="Write at least {missing} octets more of text of the kind that you will really send.",
    reference="Notes on mail to Microsoft's services: a body of more than 2 KB",
    feeds_filters=True,
)
EMPTY = message_rule(
    "body-empty",
    Severity.ERROR,
    title="The message says something",
    why="Mail without any text, picture or file is how spammers try out addresses. SpamAssassin and rspamd score it, "
    "and Microsoft can be told to refuse it.",
    fix="Write a text that a reader can do something with.",
    reference="SpamAssassin EMPTY_MESSAGE; Microsoft, advanced spam filter settings: empty messages",
    feeds_filters=True,
)
ONLY_LINK = message_rule(
    "body-only-link",
    Severity.WARNING,
    title="The body is more than a link",
    why="A lone link is what hacked accounts send. Filters score it high.",
    fix="Say in a few sentences what the link leads to and why.",
    reference="SpamAssassin BODY_URI_ONLY; rspamd HFILTER_URL_ONLY",
    feeds_filters=True,
)
TOO_LARGE = message_rule(
    "too-large",
    Severity.WARNING,
    title="Receivers take messages of this size",
    why="Each receiver has a limit for the whole message, encoded as it travels: attachments grow by a third. "
    "Beyond it the message is refused with 552 5.3.4 or the like.",
    fix="Put large files behind a link instead of attaching them.",
    reference="RFC 1870; the limits that receivers publish",
)
RULES = (TOO_SMALL, EMPTY, ONLY_LINK, TOO_LARGE)


@judges(TOO_SMALL)
async def body(_: Context, letter: Letter) -> Findings:
    """Whether the text is long enough."""
    part, rule, mail = "body", TOO_SMALL, letter.mail
    sizes = [(text, text.size) for text in letter.texts if text.octets is not None]
    octets = sum(size for _, size in sizes)
    seen = [
        Evidence("message", f"text {n} ({text.part.content_type})", _size(text, size))
        for n, (text, size) in enumerate(sizes[:10], 1)
    ]
    args = {"octets": octets, "total": mail.size, "limit": BODY_LIMIT, "missing": max(0, BODY_LIMIT + 1 - octets)}
    if octets > BODY_LIMIT:
        yield rule.passes(part, "{octets} octets of text in a message of {total}, over {limit}", seen, **args)
    elif mail.is_sealed:
        yield rule.undecided(part, "the body is in an envelope of S/MIME or PGP, so that its size is unknown", seen)
    elif mail.gap is not None:
        yield rule.undecided(
            part, "only {octets} octets of text, yet not all parts of the message are known", seen, octets=octets
        )
    elif len(sizes) < len(letter.texts):
        yield rule.undecided(part, "a part of the body is in an unknown transfer encoding", seen)
    else:
        yield rule.fails(
            part, "only {octets} octets of text in a message of {total}; more than {limit} are wanted", seen, **args
        )


def _size(text: Text, octets: int) -> str:
    if text.page is None:
        return f"{octets} octets"
    return f"{octets} octets, {len(text.shown.encode('utf-8', 'replace'))} of them shown"


@judges(EMPTY, ONLY_LINK)
async def substance(_: Context, letter: Letter) -> Findings:
    """Whether there is more to the message than nothing, or than a link."""
    part, mail = "body", letter.mail
    words = letter.words_shown.strip()
    pictures = sum(text.page.images for text in letter.texts if text.page)
    place = at_part(letter, letter.texts[0].part) if letter.texts else []
    if words or pictures or mail.attachments:
        yield EMPTY.passes(part, "the message has a text, a picture or a file")
    else:
        passed = EMPTY.passes(part, "the message has a text, a picture or a file")
        blind = unless_blind(letter, EMPTY, passed)
        yield blind if blind is not passed else EMPTY.fails(part, "the message has no text, picture or file", place)
    if _ONLY_LINK.fullmatch(words[:2000]) and not pictures:
        yield ONLY_LINK.fails(part, "the body has nothing but a link in it", place)
    elif words:
        yield ONLY_LINK.passes(part, "the body is more than a link")
    else:
        yield unless_blind(letter, ONLY_LINK, ONLY_LINK.passes(part, "the body is more than a link"))


@judges(TOO_LARGE)
async def size(_: Context, letter: Letter) -> Findings:
    """Whether receivers take a message of this size."""
    octets = letter.octets
    travels = letter.mail.size + octets.count(b"\n") - octets.count(b"\r\n")  # each line ends in CRLF on its way
    over = [limit for limit in load_sizes() if travels > limit.octets]
    args = {"size": f"{travels / 1024 / 1024:.1f}"}
    if not over:
        yield TOO_LARGE.passes(letter, "the message has {size} MB as it travels, within all known limits", **args)
        return
    seen = [Evidence("message", limit.name, f"takes {limit.octets // (1024 * 1024)} MB") for limit in over]
    yield TOO_LARGE.fails(
        letter,
        "the message has {size} MB as it travels, more than these take: {receivers}",
        seen,
        receivers=[f"{limit.name} ({limit.octets // (1024 * 1024)} MB)" for limit in over],
        **args,
    )
