"""What a person pasted: a reply, several of them, a piece of a report, or the text of a bounce."""

import re
from collections.abc import Iterator

from preflight.bounces.reading import dsn
from preflight.bounces.reading.addresses import ADDRESS
from preflight.bounces.reading.forwards import forwarded_text
from preflight.bounces.reading.message import kind_of, read_told
from preflight.bounces.reading.model import Action, BounceReport, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_REPLY_LINE = re.compile(r"\s*([245]\d\d)([ -]|$)")
_DIAGNOSTIC = re.compile(r"^\s*(?:diagnostic-code|final-recipient)\s*:", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(
    rf"\bRCPT TO:\s?<?({ADDRESS})|"
    rf"^\W{{0,3}}[245]\d\d[ -](?:#?[245]\.\d{{1,3}}\.\d{{1,3}}[ :]{{0,2}})?<({ADDRESS})>(?!: (?:sender|helo))|"
    rf"\bto=<({ADDRESS})>|^<?({ADDRESS})>?(?:: | \(|\.\.\. )",
    re.IGNORECASE,
)


def read_reply(text: str) -> Recipient:
    """A pasted SMTP reply, with or without what stands around it: a log line's words, `host … said:`, a DSN field."""
    reply = read_reply_line(text)
    line = one_line(text[:8000])
    named = _NAMED.search(line)
    action: Action | None = None
    digit = str(reply.code or reply.enhanced or "")[:1]
    if digit in {"4", "5"}:
        action = "failed" if digit == "5" else "delayed"
    address = next(filter(None, named.groups()), None) if named else None
    return to_recipient(reply, address, action, words=line)


def read_pasted(text: str, label: str) -> Iterator[BounceReport]:
    """The reports in a text without the header of a message, at least one.

    Lines that each begin with a code are replies one after another; of a reply of several lines, all but the last have
    a hyphen behind the code (RFC 5321 4.2.1).
    """
    text = forwarded_text(text) or text
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and all(_REPLY_LINE.match(line) for line in lines):
        replies = list(_replies(lines))
        for number, reply in enumerate(replies, 1):
            yield _of_reply(reply, label if len(replies) == 1 else f"{label}:{number}")
        return
    if _DIAGNOSTIC.search(text):
        stated = dsn.read_report(text).recipients
        if any(one.reply_code or one.enhanced_code for one in stated):
            yield BounceReport(source=label, kind=kind_of(stated), recipients=stated)
            return
    found = read_told(text)
    if found and (any(one.reply_code or one.enhanced_code for one in found) or len(lines) > 1):
        yield BounceReport(source=label, kind=kind_of(found), recipients=tuple(found))
    else:
        yield _of_reply(text, label)


def _of_reply(text: str, label: str) -> BounceReport:
    one = read_reply(text)
    if one.action is None:
        return BounceReport(source=label, kind="not-a-bounce")
    return BounceReport(source=label, kind=kind_of([one]), recipients=(one,))


def _replies(lines: list[str]) -> Iterator[str]:
    """Lines that each begin with a code, put together to replies."""
    current: list[str] = []
    code = ""
    for line in lines:
        begin = _REPLY_LINE.match(line)
        here = begin[1] if begin else code
        if current and here != code:
            yield "\n".join(current)
            current = []
        current.append(line)
        code = here
        if begin and begin[2] != "-":
            yield "\n".join(current)
            current = []
    if current:
        yield "\n".join(current)
