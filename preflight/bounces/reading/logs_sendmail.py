"""Lines of Sendmail: one for each attempt, with `to=`, `relay=`, `dsn=` and `stat=` (Sendmail Operations Guide 2.1)."""

import re

from preflight.bounces.reading.addresses import address_of, ip_of
from preflight.bounces.reading.dsn import is_permanent
from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line

_LINE = re.compile(r"(?<![\w<])([0-9A-Za-z]{6,25}): to=(.*?), (?=[a-z]{2,10}=)", re.DOTALL)
_FACT = re.compile(r", ([a-z]{2,10})=((?:(?!, [a-z]{2,10}=)[^\n]){0,1000})")
_STAT = re.compile(r", stat=(.*)", re.DOTALL)
_RELAY = re.compile(r"\[?([A-Za-z0-9][\w.-]{0,254})\]?\.?(?: \[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\])?")
_MAX_RECIPIENTS = 1000


def read_line(line: str, memory: Memory) -> list[Recipient]:
    """The recipients that a line says were refused or have to wait; none for other lines."""
    found = _LINE.search(line)
    stat = _STAT.search(line, found.end() - 2) if found else None
    if not found or not stat:
        return []
    said = one_line(stat[1])
    lowered = said.lower()
    if lowered.startswith(("sent", "queued", "ok", "delivered")):
        return []
    action: Action = "delayed" if lowered.startswith(("deferred", "temporary", "delayed")) else "failed"
    facts = dict(_FACT.findall(line[found.end() - 2 : stat.start()]))
    words = (
        facts.get("reply", "") or said.partition(": ")[2]
        if lowered.startswith("deferred:")
        else facts.get("reply", said)
    )
    reply = read_reply_line(words or said)
    dsn = facts.get("dsn")
    enhanced = reply.enhanced or dsn
    relay = _RELAY.match(facts.get("relay", ""))
    ip = ip_of(relay[2]) if relay and relay[2] else None
    name = relay[1].rstrip(".").lower() if relay else None
    return [
        Recipient(
            recipient=address_of(one) or one.strip("<> ") or None,
            action=action,
            remote_host=reply.host or name,
            remote_ip=reply.ip or ip or (ip_of(name) if name else None),
            sending_ip=reply.sending_ip,
            helo=reply.helo,
            sender=memory.senders.get(found[1]),
            phase=reply.phase,
            reply_code=reply.code,
            enhanced_code=enhanced,
            permanent=is_permanent(reply.code, enhanced, action),
            inner=reply.inner,
            text=reply.text or said,
        )
        for one in found[2].split(",")[:_MAX_RECIPIENTS]
    ]
