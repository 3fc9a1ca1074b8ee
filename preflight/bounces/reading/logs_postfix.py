"""Lines of Postfix: what its delivery agents (smtp, lmtp, local, virtual, pipe, error) and its queue manager say."""

import re
from dataclasses import replace

from preflight.bounces.reading.addresses import ip_of
from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_DELIVERY = re.compile(
    r"(?<![\w<])([0-9A-Za-z]{5,25}): to=<([^<>\s]{0,320}|\"[^\"]{0,320}\"@[^<>\s]{0,255})>"
    r"(?:, orig_to=<([^<>]{0,320})>)?, relay=([^\s,]{1,300}),.{0,300}? status=([a-zA-Z]{1,20})(?: (\(.*))?",
    re.DOTALL,
)
_EXPIRED = re.compile(r"(?<![\w<])([0-9A-Za-z]{5,25}): from=<([^<>]{0,320})>, status=expired")
_STATUS = re.compile(r", dsn=([245]\.\d{1,3}\.\d{1,3}), ")
_RELAY = re.compile(r"([^\[\],]{1,255})\[([^\[\]]{1,60})\](?::\S{1,10})?")
_HOSTNAME = re.compile(
    r"(?:\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|^\S{10,40}) ([A-Za-z0-9][\w.-]{0,253}) "
)
_ACTIONS: dict[str, Action] = {"bounced": "failed", "deferred": "delayed", "softbounce": "delayed", "expired": "failed"}


def read_line(line: str, memory: Memory) -> list[Recipient]:
    """The recipients that a line says were refused or have to wait; none for other lines."""
    found = _DELIVERY.search(line)
    if not found:
        return _expired(line, memory)
    queue_id, address, original, relay, status, words = found.groups()
    action = _ACTIONS.get(status.lower())
    if action is None:
        return []
    stated = _STATUS.search(line, found.start(), found.end())
    text = one_line(words[1:] if words else "")
    text = text[:-1] if text.endswith(")") else text
    reply = read_reply_line(text)
    where = _RELAY.fullmatch(relay)
    host = _HOSTNAME.search(line[:120])
    one = to_recipient(
        reply,
        address or None,
        action,
        status=stated[1] if stated else None,
        host=where[1].lower() if where else None,
        ip=ip_of(where[2]) if where else None,
        words=text,
    )
    one = replace(
        one,
        original=original or None,
        reporting_host=host[1].lower() if host else None,
        sender=memory.senders.get(queue_id),
    )
    if action == "delayed":
        memory.wait(queue_id, one)
    return [one]


def _expired(line: str, memory: Memory) -> list[Recipient]:
    """What waited for too long: the queue manager names the message, its recipients were named before."""
    found = _EXPIRED.search(line)
    if not found:
        return []
    waiting = memory.waiting.take(found[1]) or {None: Recipient(sender=found[2])}
    return [replace(one, action="failed", sender=found[2]) for one in waiting.values()]
