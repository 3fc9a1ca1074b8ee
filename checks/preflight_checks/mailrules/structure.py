"""Lines, octets and MIME: what the message is made of."""

import re

from preflight import charsets
from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.letter import Letter, Text
from preflight_checks.mailfile.parsing import Part
from preflight_checks.mailfile.transfer import KNOWN_ENCODINGS
from preflight_checks.mailrules.common import at, at_part, message_rule, shorten, unless_blind

MAX_LINE = 998  # octets without the line break
_CRLF = re.compile(rb"\r\n")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_MOJIBAKE = re.compile("\u00c3[\u0080-\u00bf\u2018-\u203a]|\u00e2\u20ac[\u0080-\u00ff\u0153-\u2122]|\u00ef\u00bb\u00bf")

LINE = message_rule(
    "line-too-long",
    # A warning, as many programs that send break or encode such a line; one that does not is refused.
    Severity.WARNING,
    title="No line is longer than 998 octets",
    why="SMTP allows 998 octets in a line. Servers refuse longer ones, or cut them, which breaks DKIM signatures.",
    fix="Encode the text in quoted-printable or base64, or break its lines.",
    reference="RFC 5321 4.5.3.1.6; RFC 5322 2.1.1",
)
ENDS = message_rule(
    "line-ends",
    # A warning, as this is the file, and most programs that send make all line ends CRLF.
    Severity.WARNING,
    title="All lines end alike",
    why="A lone LF or CR among CRLF is read differently by different servers, which is how messages are smuggled "
    "(CVE-2023-51764); strict servers refuse it, and Exchange Online cannot pass it on (550 5.6.11).",
    fix="Let each line end in CRLF, and encode texts that have other line breaks.",
    reference="RFC 5321 2.3.8; Exchange Online 550 5.6.11",
)
NUL = message_rule(
    "nul-octet",
    Severity.ERROR,
    title="The message has no NUL",
    why="A NUL may not stand in a message; servers refuse it, cut the text there, or drop it.",
    fix="Encode the part with the NUL in base64; text in UTF-16 has to become UTF-8.",
    reference="RFC 5322 2.2, 4; RFC 5321 4.5.2",
)
VERSION = message_rule(
    "mime-version-missing",
    Severity.WARNING,
    title="A message in MIME says so",
    why="Without MIME-Version a reader may show the parts as plain text; rspamd scores its want.",
    fix="Add the field MIME-Version: 1.0.",
    reference="RFC 2045 4; rspamd MISSING_MIME_VERSION",
)
TYPE = message_rule(
    "content-type-broken",
    Severity.WARNING,
    title="Each Content-Type can be read",
    why="A part whose type or boundary cannot be read is shown as garbage; Gmail refuses broken MIME with 554 5.6.0.",
    fix="Write the type as text/plain; charset=utf-8, and give each multipart a boundary that its parts begin with.",
    reference="RFC 2045 5.1; RFC 2046 5.1.1; rspamd BROKEN_CONTENT_TYPE",
)
ENCODING = message_rule(
    "encoding-mismatch",
    Severity.WARNING,
    title="Each part is in the transfer encoding that it names",
    why="8-bit text that claims to be 7bit is broken on its way through older servers; filters score it.",
    fix="Name the encoding that is used, or better encode the part in quoted-printable or base64.",
    reference="RFC 2045 6.2, 6.4; SpamAssassin CTE_8BIT_MISMATCH; rspamd R_BAD_CTE_7BIT",
    feeds_filters=True,
)
BASE64 = message_rule(
    "base64-text",
    Severity.WARNING,
    title="Plain ASCII text is not in base64",
    why="Base64 hides words from simple filters and gains nothing for ASCII; SpamAssassin scores it.",
    fix="Send ASCII text as 7bit or in quoted-printable.",
    reference="RFC 2045 6.8; SpamAssassin MIME_BASE64_TEXT; rspamd MIME_BASE64_TEXT",
    feeds_filters=True,
)
CHARSET = message_rule(
    "charset",
    Severity.WARNING,
    title="Each text names its charset, and is in it",
    why="Without the right charset readers and filters see garbage instead of words; rspamd scores a missing one.",
    fix="Write texts in UTF-8 and say so: Content-Type: text/plain; charset=utf-8.",
    reference="RFC 2045 5.2; rspamd R_MISSING_CHARSET, R_MIXED_CHARSET",
    feeds_filters=True,
)
RULES = (LINE, ENDS, NUL, VERSION, TYPE, ENCODING, BASE64, CHARSET)


@judges(LINE, ENDS, NUL)
async def lines(_: Context, letter: Letter) -> Findings:
    """Lines and their ends, over the whole file."""
    octets = letter.octets
    crlf = octets.count(b"\r\n")
    bare_lf, bare_cr = octets.count(b"\n") - crlf, octets.count(b"\r") - crlf
    long = _long_line(octets, uses_crlf=crlf > bare_lf)
    if long is None:
        yield LINE.passes(letter, "no line has more than {limit} octets", limit=MAX_LINE)
    else:
        end = octets.find(b"\n", long)
        length = len(octets[long : end if end >= 0 else len(octets)].rstrip(b"\r"))
        yield LINE.fails(
            letter, "a line has {length} octets; {limit} are allowed", at(letter, long), length=length, limit=MAX_LINE
        )
    if crlf and bare_lf:
        odd = _BARE_LF if bare_lf <= crlf else _CRLF
        found = odd.search(octets)
        yield ENDS.fails(
            letter, "{crlf} lines end in CRLF and {lf} in LF alone", [at(letter, found.start())] if found else [],
            crlf=crlf, lf=bare_lf,
        )  # fmt: skip
    elif bare_cr:
        found = _BARE_CR.search(octets)
        yield ENDS.fails(
            letter, "{count} CR stand within lines", [at(letter, found.start())] if found else [], count=bare_cr
        )
    else:
        yield ENDS.passes(letter, "all lines end alike")
    nul = octets.find(b"\0")
    if nul >= 0:
        yield NUL.fails(letter, "the message has {count} NUL", at(letter, nul), count=octets.count(b"\0"))
    else:
        yield NUL.passes(letter, "the message has no NUL")


def _long_line(octets: bytes, *, uses_crlf: bool) -> int | None:
    """Where the first line that is too long begins. Whole runs of short lines are stepped over at once."""
    start, room = 0, MAX_LINE + 1 + uses_crlf
    while len(octets) - start >= room:
        last = octets.rfind(b"\n", start, start + room)
        if last < 0:
            return start
        start = last + 1
    rest = octets[start:].rstrip(b"\r\n")
    return start if len(rest) > MAX_LINE else None


@judges(VERSION, TYPE, ENCODING)
async def mime(_: Context, letter: Letter) -> Findings:
    """The fields that say how parts are to be read."""
    header, root = letter.mail.header, letter.mail.parts[0]
    needs = root.content_type != "text/plain" or root.encoding not in {"", "7bit", "8bit"}
    if needs and header.first("MIME-Version") is None and header.complete:
        field = header.first("Content-Type") or header.first("Content-Transfer-Encoding")
        place = [at(letter, field.offset)] if field else []
        yield VERSION.fails("MIME-Version", "the message is in MIME and has no MIME-Version", place)
    else:
        yield VERSION.passes("MIME-Version", "the message says that it is in MIME, or is plain text")
    broken = [part for part in letter.mail.parts if part.is_type_broken]
    if broken:
        seen = [Evidence("message", "Content-Type", shorten(broken[0].header.raw("Content-Type")))]
        yield TYPE.fails(letter, "{count} parts have a Content-Type that cannot be read", seen,
                         at_part(letter, broken[0]), count=len(broken))  # fmt: skip
    else:
        yield TYPE.passes(letter, "each Content-Type can be read")
    wrong = [(part, why) for part in letter.mail.parts if (why := _encoding_fault(part))]
    if wrong:
        part, why = wrong[0]
        yield ENCODING.fails(
            letter, "{count} parts are not in the encoding that they name", Evidence("message", "the first", why),
            at_part(letter, part), count=len(wrong),
        )  # fmt: skip
    else:
        yield ENCODING.passes(letter, "each part is in the encoding that it names")


def _encoding_fault(part: Part) -> str:
    """What is wrong with the transfer encoding of a part; empty when nothing is."""
    if part.is_multipart or part.is_message:
        if part.encoding in {"base64", "quoted-printable"}:
            return f"{part.content_type} in {part.encoding}"
        return ""
    if part.encoding not in KNOWN_ENCODINGS:
        return f"unknown: {part.encoding}"
    if part.encoding in {"", "7bit"} and not part.is_ascii:
        return f"8-bit octets in {part.encoding or 'a part without an encoding (7bit)'}"
    return ""


@judges(BASE64, CHARSET)
async def texts(_: Context, letter: Letter) -> Findings:
    """How the texts are encoded."""
    hidden = [text for text in letter.texts if _is_needless_base64(text)]
    if hidden:
        yield BASE64.fails(
            letter, "{count} texts of plain ASCII are in base64", at_part(letter, hidden[0].part), count=len(hidden)
        )
    else:
        yield unless_blind(letter, BASE64, BASE64.passes(letter, "no plain ASCII text is in base64"))
    garbled = next(((text, why) for text in letter.texts if (why := _charset_fault(text))), None)
    if garbled:
        yield CHARSET.fails(letter, "a text is not in the charset that it names", Evidence("message", *garbled[1]),
                            at_part(letter, garbled[0].part))  # fmt: skip
    else:
        yield unless_blind(letter, CHARSET, CHARSET.passes(letter, "each text is in the charset that it names"))


def _is_needless_base64(text: Text) -> bool:
    if text.part.encoding != "base64" or not text.octets or not text.octets.isascii() or b"\x1b" in text.octets:
        return False
    return _long_line(text.octets, uses_crlf=False) is None  # long lines are a good reason for it


def _charset_fault(text: Text) -> tuple[str, str] | None:
    """What is wrong with the charset of a text, as what was asked and seen; `None` when nothing is."""
    octets, charset = text.octets or b"", text.part.charset
    if octets.isascii():
        return None if not charset or charsets.is_known(charset) else ("charset", f"unknown: {shorten(charset, 60)}")
    if not charset:
        return "charset", "none is named, and the text has more than ASCII"
    if not charsets.is_known(charset):
        return "charset", f"unknown: {shorten(charset, 60)}"
    if not charsets.fits(octets, charset):
        return "charset", f"octets that are not in {shorten(charset, 60)}"
    if (broken := len(_MOJIBAKE.findall(text.text))) >= 3:
        return "text", f"{broken} places look like UTF-8 that was read as Latin-1"
    if text.text.count("\ufffd") >= 3:
        return "text", f"{text.text.count(chr(0xFFFD))} replacement characters (U+FFFD)"
    return None
