"""The lines of a bounce in prose that name a recipient, and those that say something about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from preflight.bounces.reading.addresses import ADDRESS
from preflight.bounces.reading.words import either, has_any, load_phrases

_MAX_LINES = 40  # of what is said about one recipient
_MAX_LINE = 4000  # characters
_ABOVE = 3  # lines
_QUOTES = r"[<\[(\"']{0,2}"
_ADDRESS = rf"{_QUOTES}({ADDRESS})[>\])\"']{{0,2}}"
# The address first, with whatever dresses lists up.
_ENTRY = re.compile(rf"^[ \t]*(?:[>*•·\-+]{{1,3}}[ \t]{{0,4}}|\d{{1,3}}[.)][ \t]{{1,4}})?{_ADDRESS}(.*)$")
_WROTE = ("wrote", "writes", "schrieb", "写道")
_HELPERS = ("postmaster@", "abuse@", "support@", "help")
_RCPT = re.compile(rf"RCPT TO:\s?<?({ADDRESS})>?", re.IGNORECASE)
_INLINE = re.compile(ADDRESS)
_MAILTO = re.compile(r"(?:\s*\([^()\s]{1,320}\))?<?mailto:[^>\s]{1,320}>")
_STOP = re.compile(r"\s*(?:-{5,}|={5,}|(?:>>>|<<<|\.\.\. while)\s)")


@dataclass(slots=True)
class Entry:
    """A recipient and the lines about it.

    `strong`: it stands in a list of recipients, and not in the header that is told of the returned message. `lines`:
    the numbers of the lines that name it, from 0.
    """

    address: str
    said: list[str]
    strong: bool = True
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Labels:
    """Patterns for lines with a label: of a recipient, of someone else, of a header."""

    recipient: re.Pattern[str]
    other: re.Pattern[str]
    header: re.Pattern[str]


@cache
def _labels() -> _Labels:
    phrases = load_phrases()
    named = rf"{either(phrases.recipient_labels)}|delivery failed \d{{1,3}} attempts"
    named += r"|(?:[\w' ]{1,60} )?(?:deliver(?:ed)?|addressed|sent|message|mail) to"
    others = either(phrases.sender_labels)
    return _Labels(
        re.compile(
            rf"^[ \t>*•|.\-]{{0,12}}(?:{named}|[\w ;=:+]{{0,200}}\bSMTP)[ \t]*(?:[:：=]|[ \t](?=['\"<]))[ \t]*{_QUOTES}"
            rf"(?:(?:rfc822;|smtp:)[ ]?)?{_ADDRESS}(.*)$",
            re.IGNORECASE,
        ),
        re.compile(rf"[\s>*|]*(?:{others})[ \t]*[:：]", re.IGNORECASE),
        re.compile(rf"[\s>*]*(?:{either(phrases.header_labels)}|{others})[ \t]*[:：]", re.IGNORECASE),
    )


def find_entries(lines: list[str]) -> list[Entry]:
    """The recipients that lines name, each time they do, with the lines up to the next one."""
    found: list[Entry] = []
    header = _labels().header
    stopped = False
    for number, line in enumerate(lines):
        entry = _entry(line) if "@" in line else None
        if entry:
            around = lines[max(0, number - 2) : number] + lines[number + 1 : number + 3]
            entry.lines.append(number)
            entry.strong = not any(header.match(other) for other in around)
        if entry and not (found and found[-1].strong and found[-1].address.lower() == entry.address.lower()):
            found.append(entry)
            stopped = False
        elif found and not stopped:
            found[-1].lines += entry.lines if entry else []
            if _STOP.match(line) or len(found[-1].said) >= _MAX_LINES:
                stopped = True
            else:
                found[-1].said.append(line)
    return found


def is_announced(lines: list[str], number: int) -> bool:
    """Whether a line, or one right above it, says that mail could not be delivered."""
    phrases = load_phrases()
    above = " ".join(lines[max(0, number - _ABOVE) : number + 1]).lower()
    return has_any(above, phrases.bounce_words) and has_any(above, phrases.mail_words)


def _entry(line: str) -> Entry | None:
    line = line[:_MAX_LINE]
    match = _ENTRY.match(line)
    labelled = None if match else _labels().recipient.match(line)
    match = match or labelled
    if not match or _labels().other.match(line):
        return None
    rest = _MAILTO.sub("", match[2])
    label = line[: labelled.start(1)].strip(" :*>|.<'\"") if labelled else ""
    if " " in label and not label.lower().endswith(" to"):  # the label says why: "Unknown user: <u@example.org>"
        rest = line
    if rest.lstrip().lower().startswith(_WROTE):
        return None
    return Entry(match[1].lstrip("=*'`"), [rest])


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with what is said of one address in several places put together."""
    by_address: dict[str, Entry] = {}
    for entry in entries:
        known = by_address.setdefault(entry.address.lower(), entry)
        if known is not entry and len(known.said) < 2 * _MAX_LINES:
            known.said += ["", *entry.said]
    return list(by_address.values())


def in_a_sentence(lines: list[str], excluded: set[str]) -> tuple[str, list[str]] | None:
    """The address in a sentence that is most likely the recipient's, and the sentence."""
    fallback: tuple[str, list[str]] | None = None
    words = load_phrases().bounce_words
    for line in lines:
        if "@" not in line or _labels().other.match(line):
            continue
        for match in _INLINE.finditer(line[:_MAX_LINE]):
            address = match[0].lstrip("=*'`")
            if line[: match.start()].lower().rstrip("<\"' ").endswith(("mail from", "message from", "sent from")):
                continue  # the sender
            if address.lower() in excluded or address.lower().startswith(_HELPERS):
                continue
            if _RCPT.search(line) or has_any(line.lower(), words):
                return address, [line]
            fallback = fallback or (address, [line])
    return fallback
