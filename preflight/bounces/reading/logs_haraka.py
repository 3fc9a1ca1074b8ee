"""Lines of Haraka: what its outbound queue says (`outbound/hmail.js` of Haraka 2.8 and 3)."""

import re

from preflight.bounces.reading.dsn import is_permanent
from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line

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
        return [_recipient(one[1], action, f"RCPT TO: {one[3]}", sender)]
    whole = _BOUNCING.match(said)
    if whole:
        return [_recipient(address, "failed", whole[1], sender) for address in known]
    later = _FAILING.match(said)
    if later:
        return [_recipient(address, "delayed", later[1], sender) for address in known]
    return []


def _recipient(address: str | None, action: Action, words: str, sender: str | None) -> Recipient:
    reply = read_reply_line(words)
    return Recipient(
        recipient=address,
        action=action,
        remote_host=reply.host,
        remote_ip=reply.ip,
        sending_ip=reply.sending_ip,
        sender=sender,
        phase=reply.phase,
        reply_code=reply.code,
        enhanced_code=reply.enhanced,
        permanent=is_permanent(reply.code, reply.enhanced, action),
        inner=reply.inner,
        text=reply.text or one_line(words),
    )
