"""What the groups of rules share: how a rule is declared, and the evidence of a place in the file."""

from preflight import charsets
from preflight.check import Rule
from preflight.findings import Evidence, Finding, Severity
from preflight_checks.mailfile.headers import Field
from preflight_checks.mailfile.letter import Letter, Text
from preflight_checks.mailfile.parsing import Part
from preflight_checks.mailfile.transfer import IDENTITY

CONTENT = ("microsoft/SC-001", "microsoft/OU-002")
"""Bounces that a content filter's opinion feeds."""
SHOWN = 200  # characters of a text from the message that a sentence shows; the evidence has more of it
_EXCERPT = 160


def message_rule(
    name: str,
    severity: Severity,
    *,
    title: str,
    why: str,
    fix: str,
    reference: str,
    feeds_filters: bool = False,
    needs: tuple[str, ...] = (),
) -> Rule:
    """A rule of the check `message`. `feeds_filters`: content filters score it, so that it prevents their bounces.

    `needs` names inputs besides the message.
    """
    return Rule(
        id=f"message/{name}",
        severity=severity,
        title=title,
        why=why,
        fix=fix,
        reference=reference,
        needs=("message", *needs),
        prevents=CONTENT if feeds_filters else (),
    )


def at(letter: Letter, offset: int) -> Evidence:
    """A place in the file: line and column, and what stands there up to the end of the line."""
    place = letter.place(offset)
    end = letter.octets.find(b"\n", offset, offset + 4 * _EXCERPT)
    excerpt = charsets.guess(letter.octets[offset : end if end >= 0 else offset + 4 * _EXCERPT]).rstrip("\r")
    return Evidence("message", f"line {place.line}, column {place.column}", shorten(excerpt, _EXCERPT), place)


def at_field(letter: Letter, field: Field) -> Evidence:
    """The place of a header field of the message."""
    return at(letter, field.offset)


def at_part(letter: Letter, part: Part) -> list[Evidence]:
    """The place of a part: its first header field, or its body. Nothing for parts of an encoded message."""
    if part.octets is not letter.octets:
        return []
    return [at(letter, part.header.fields[0].offset if part.header.fields else part.start)]


def at_text(letter: Letter, text: Text, offset: int, piece: str) -> list[Evidence]:
    """The place of a piece of a decoded text: exact where the text travels as it is, else that of its part.

    `offset` counts characters of the text.
    """
    part = text.part
    if part.octets is letter.octets and part.encoding in IDENTITY and text.text.isascii():
        return [at(letter, part.start + offset)]
    if part.octets is letter.octets and part.encoding in IDENTITY and piece.isascii():
        found = letter.octets.find(piece.encode("ascii"), part.start, part.end)
        if found >= 0:
            return [at(letter, found)]
    return [*at_part(letter, part), Evidence("message", "excerpt", shorten(piece, _EXCERPT))]


def shorten(text: str, limit: int = SHOWN) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def unless_blind(letter: Letter, rule: Rule, passed: Finding) -> Finding:
    """A pass on the texts of a message, or why it cannot be told that nothing is in them."""
    if letter.mail.is_sealed:
        return rule.undecided(passed.part, "the text is in an envelope of S/MIME or PGP, where nobody can look")
    if letter.mail.gap is not None:
        return rule.undecided(passed.part, "not all parts of the message are known; in the others there is nothing")
    if any(text.octets is None for text in letter.texts):
        return rule.undecided(passed.part, "a text is in an unknown transfer encoding; in the others there is nothing")
    if letter.is_partial:
        return rule.undecided(passed.part, "the text is longer than is looked at; so far there is nothing")
    return passed


def unless_cut(letter: Letter, rule: Rule, failed: Finding) -> Finding:
    """A failure for want of a field, or why it cannot be told: the header is larger than is looked at."""
    if letter.mail.header.complete:
        return failed
    return rule.undecided(failed.part, "the header is larger than is looked at, and the field is not in it so far")
