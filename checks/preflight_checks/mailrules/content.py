"""What the texts show and hide: pictures, hidden words, programs, test strings, places that nobody filled in."""

import re

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.letter import Letter, Text
from preflight_checks.mailrules.common import at, at_field, at_part, at_text, message_rule, shorten, unless_blind

FEW = 400
"""Octets of text beside pictures that are too few: the strictest step of SpamAssassin's HTML_IMAGE_ONLY."""
MANY_HIDDEN = 20
"""Characters of hidden text that count: a lone word may be a label for screen readers."""
_OVERLAP = 0.5
_FEW_WORDS = 10
_WORD = re.compile(r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}|\{%[^{}%\n]{1,80}%\}|<%[^%\n]{1,80}%>|\$\{[A-Za-z_][\w.]{0,60}\}|\*\|[A-Z0-9_:]{2,40}\|\*"
    r"|%%[A-Za-z_]\w{0,40}%%|%recipient\.\w{1,40}%|\[\[[A-Za-z_]\w{0,40}\]\]|@@[A-Z_]{2,40}@@"
    r"|\[(?:your|first|last|full|customer|company|insert)[ _-]?(?:name|company|email|address)\]|\blorem ipsum dolor\b",
    re.IGNORECASE,
)

HTML_ONLY = message_rule(
    "html-only",
    Severity.WARNING,
    title="HTML has a plain text beside it",
    why="Readers and filters that take no HTML see nothing; SpamAssassin and rspamd score its want.",
    fix="Send multipart/alternative: the plain text first, then the HTML. Mail libraries do so with one call.",
    reference="RFC 2046 5.1.4; SpamAssassin MIME_HTML_ONLY; rspamd MIME_MA_MISSING_TEXT",
    feeds_filters=True,
)
DIFFER = message_rule(
    "alternatives-differ",
    Severity.WARNING,
    title="Plain text and HTML say the same",
    why="Two versions that differ show one text to the filter and another one to the reader; SpamAssassin scores it.",
    fix="Make the plain text from the HTML, with each message.",
    reference="RFC 2046 5.1.4; SpamAssassin MPART_ALT_DIFF; rspamd R_PARTS_DIFFER",
    feeds_filters=True,
)
IMAGES = message_rule(
    "images-few-words",
    Severity.WARNING,
    title="Pictures stand among words",
    why="Advertising hides its words in pictures. SpamAssassin scores pictures with less than 2,800 octets of text, "
    "the more the less there is.",
    fix="Say in text what the pictures say: some sentences beside each.",
    reference="SpamAssassin HTML_IMAGE_ONLY_04; rspamd R_SUSPICIOUS_IMAGES",
    feeds_filters=True,
)
HIDDEN = message_rule(
    "hidden-text",
    Severity.WARNING,
    title="All text can be seen",
    why="Hidden words are put there for filters and not for readers. Google's guidelines forbid it; SpamAssassin and "
    "rspamd score it. A short preview line at the beginning is fine.",
    fix="Take out text that nobody sees: display:none, font size 0, the colour of the background.",
    reference="Google, Email sender guidelines; SpamAssassin HTML_TEXT_INVISIBLE_STYLE; rspamd ZERO_FONT",
    feeds_filters=True,
)
ACTIVE = message_rule(
    "active-content",
    Severity.ERROR,
    title="The HTML is a text and no program",
    why="No mail program runs scripts or frames, and only phishing has forms. Microsoft's filter settings score them "
    "up to high-confidence spam.",
    fix="Take out scripts, frames, objects, forms, base and refresh; link to a web page instead.",
    reference="Microsoft, advanced spam filter settings: form, iframe, object tags; rspamd HTML_META_REFRESH_URL",
    feeds_filters=True,
)
GTUBE = message_rule(
    "gtube",
    Severity.ERROR,
    title="The message has no test string of filters",
    why="GTUBE and EICAR are made to be caught: each filter refuses a message that has one of them.",
    fix="Take the test string out; try your own filter with it, not others'.",
    reference="SpamAssassin GTUBE; rspamd GTUBE; EICAR anti-malware test file",
    feeds_filters=True,
)
PLACEHOLDER = message_rule(
    "placeholder",
    Severity.WARNING,
    title="No place of a template is left unfilled",
    why="A bare FIRST_NAME in place of a name tells readers and filters that a machine wrote to many, and broke down.",
    fix="Fill {placeholder} in before sending, and give each place a default.",
    reference="Operator guidance; no filter publishes a score for it",
)
RULES = (HTML_ONLY, DIFFER, IMAGES, HIDDEN, ACTIVE, GTUBE, PLACEHOLDER)


@judges(HTML_ONLY, DIFFER)
async def alternatives(_: Context, letter: Letter) -> Findings:
    """Plain text beside HTML, and whether they say the same."""
    pages = [text for text in letter.texts if text.page is not None]
    plains = [text for text in letter.texts if text.page is None]
    if pages and not plains:
        yield HTML_ONLY.fails(letter, "the message has HTML and no plain text", at_part(letter, pages[0].part))
    elif plains:
        yield HTML_ONLY.passes(letter, "HTML has a plain text beside it")
    else:
        yield unless_blind(letter, HTML_ONLY, HTML_ONLY.passes(letter, "HTML has a plain text beside it"))
    share = _share(plains, pages)
    if share is not None and share < _OVERLAP:
        yield DIFFER.fails(
            letter, "plain text and HTML have {share} of their words in common", at_part(letter, plains[0].part),
            at_part(letter, pages[0].part), share=f"{share:.0%}",
        )  # fmt: skip
    else:
        yield unless_blind(letter, DIFFER, DIFFER.passes(letter, "plain text and HTML say the same"))


def _share(plains: list[Text], pages: list[Text]) -> float | None:
    """The share of the words of the shorter version that the longer one has too; `None` with too few of them."""
    plain, html = (
        {word for text in texts for word in _WORD.findall(text.shown.casefold())} for texts in (plains, pages)
    )
    if not plains or not pages or max(len(plain), len(html)) < _FEW_WORDS:
        return None
    return len(plain & html) / max(1, min(len(plain), len(html)))


@judges(IMAGES, HIDDEN, ACTIVE)
async def html(_: Context, letter: Letter) -> Findings:
    """Pictures, hidden text and what would run."""
    pages = [(text, text.page) for text in letter.texts if text.page is not None]
    pictures = sum(page.images for _, page in pages)
    shown = len(" ".join(" ".join(page.text.split()) for _, page in pages).encode("utf-8", "replace"))
    if pictures and shown < FEW:
        place = at_part(letter, pages[0][0].part)
        yield IMAGES.fails(
            letter, "{pictures} pictures, and only {octets} octets of text beside them", place,
            pictures=pictures, octets=shown,
        )  # fmt: skip
    else:
        yield unless_blind(letter, IMAGES, IMAGES.passes(letter, "no picture stands without words"))
    hidden = [(text, piece, offset) for text, page in pages for piece, offset in page.hidden]
    count = sum(len(piece) for _, piece, _ in hidden)
    if count > MANY_HIDDEN:
        text, piece, offset = hidden[0]
        yield HIDDEN.fails(
            letter, "{count} characters of text are hidden: {text}", at_text(letter, text, offset, piece),
            count=count, text=shorten(piece, 80),
        )  # fmt: skip
    else:
        yield unless_blind(letter, HIDDEN, HIDDEN.passes(letter, "no text is hidden"))
    active = [(text, name, offset) for text, page in pages for name, offset in page.active]
    if active:
        text, _name, offset = active[0]
        names = list(dict.fromkeys(name for _, name, _ in active))[:10]
        piece = text.text[offset : offset + 80]
        yield ACTIVE.fails(
            letter, "the HTML has active content: {names}", at_text(letter, text, offset, piece), names=names
        )
    else:
        yield unless_blind(letter, ACTIVE, ACTIVE.passes(letter, "the HTML has no active content"))


@judges(GTUBE)
async def filter_tests(_: Context, letter: Letter) -> Findings:
    """The strings by which filters are tried out."""
    offset = letter.octets.find(_GTUBE.encode("ascii"))
    seen: list[Evidence] = [at(letter, offset)] if offset >= 0 else []
    if not seen:
        seen = next((at_part(letter, text.part) for text in letter.texts if _GTUBE in text.text), [])
    if not seen:
        small = [part for part in letter.mail.attachments if part.end - part.start < 4096]
        bodies = [*(text.octets for text in letter.texts), *(part.content() for part in small)]
        if any(body and _EICAR in body for body in bodies):
            yield GTUBE.fails(letter, "the message has the test string of virus scanners (EICAR)")
            return
        yield unless_blind(letter, GTUBE, GTUBE.passes(letter, "the message has no test string of filters"))
    else:
        yield GTUBE.fails(letter, "the message has the test string of spam filters (GTUBE)", seen)


@judges(PLACEHOLDER)
async def placeholders(_: Context, letter: Letter) -> Findings:
    """Places of a template that were not filled in: in the Subject, the names of sender and recipients, the texts."""
    for name in ("Subject", "From", "To"):
        field = letter.mail.header.first(name)
        found = _PLACEHOLDER.search(field.text) if field else None
        if field and found:
            yield PLACEHOLDER.fails(
                letter, "the field {field} has a place that was not filled in: {placeholder}", at_field(letter, field),
                field=name, placeholder=found[0],
            )  # fmt: skip
            return
    for text in letter.texts:
        targets = [(link.target, link.offset) for link in text.page.links] if text.page else []
        for piece, offset in [(text.shown, -1), *targets]:
            if found := _PLACEHOLDER.search(piece):
                where = text.text.find(found[0]) if offset < 0 else offset
                place = at_text(letter, text, where, found[0]) if where >= 0 else at_part(letter, text.part)
                yield PLACEHOLDER.fails(
                    letter, "the text has a place that was not filled in: {placeholder}", place, placeholder=found[0]
                )
                return
    yield unless_blind(letter, PLACEHOLDER, PLACEHOLDER.passes(letter, "no place of a template is left unfilled"))
