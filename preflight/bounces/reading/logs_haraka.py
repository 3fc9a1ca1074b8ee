"""Lines of Haraka: what its outbound queue says (`outbound/hmail.js` of Haraka 2.8 and 3)."""

import re
from collections.abc import Sequence
from dataclasses import replace

from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_LINE = re.compile(r"\[[A-Z]{4,8}\] \[([^\]\s]{1,60})\] \[outbound[^\]]{0,40}\] (.*)", re.DOTALL)
_ANY = re.compile(rb"(?:\S{1,40} )?\[[A-Z]{4,8}\] \[[^\]\s]{1,60}\] \[[\w./-]{1,60}\] ")
_RECIPIENT = re.compile(r"recipient <?([^<>\s]{1,320})>? (rejected|deferred): (.*)", re.DOTALL)
_BOUNCING = re.compile(r"bouncing mail: (?!Some recipients)(.*)", re.DOTALL)
_FAILING = re.compile(r"Temp failing \S{1,300} for [\d.]{1,12} seconds: (?!Some recipients)(.*)", re.DOTALL)
_RCPT = re.compile(r"(?:\.\d{1,6})$")


def is_line(line: bytes) -> bool:
    """Whether Haraka wrote a line."""
    return _ANY.match(line) is not None


def read_line(line: str, memory: Memory) -> list[Recipient]:
    """The recipients that a line says were refused or have to wait; none for other lines.

    A refusal of a whole message names no recipient: those that were taken in before count, if they are remembered.
    """
    found = _LINE.search(line)
    if not found:
        return []
    identity, said = found.groups()
    known = memory.recipients.get(identity) or memory.recipients.get(_RCPT.sub("", identity)) or (None,)
    sender = memory.senders.get(identity) or memory.senders.get(_RCPT.sub("", identity))
    one = _RECIPIENT.match(said)
    if one:
        action: Action = "failed" if one[2] == "rejected" else "delayed"
        return _recipients((one[1],), action, f"RCPT TO: {one[3]}", sender)
    whole = _BOUNCING.match(said)
    if whole:
        return _recipients(known, "failed", whole[1], sender)
    later = _FAILING.match(said)
    if later:
        return _recipients(known, "delayed", later[1], sender)
    return []


def _recipients(addresses: Sequence[str | None], action: Action, words: str, sender: str | None) -> list[Recipient]:
    reply = read_reply_line(words)
    one = replace(to_recipient(reply, None, action, words=one_line(words)), sender=sender)
    return [replace(one, recipient=address) for address in addresses]
