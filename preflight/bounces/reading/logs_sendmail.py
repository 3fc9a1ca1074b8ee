"""Lines of Sendmail: one for each attempt, with `to=`, `relay=`, `dsn=` and `stat=` (Sendmail Operations Guide 2.1)."""

import re
from dataclasses import replace

from preflight.bounces.reading.addresses import address_of, ip_of
from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_LINE = re.compile(r"(?<![\w<])([0-9A-Za-z]{6,25}): to=(.*?), (?=[a-z]{2,10}=)", re.DOTALL)
_FACT = re.compile(r", ([a-z]{2,10})=((?:(?!, [a-z]{2,10}=)[^\n]){0,1000})")
_STAT = re.compile(r", stat=(.*)", re.DOTALL)
_RELAY = re.compile(r"\[?([A-Za-z0-9][\w.-]{0,254})\]?\.?(?: \[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\])?")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
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
    status = _STATUS.fullmatch(facts.get("dsn", ""))
    relay = _RELAY.match(facts.get("relay", ""))
    name = relay[1].rstrip(".").lower() if relay else None
    ip = ip_of((relay[2] or name or "") if relay else "")
    one = to_recipient(reply, None, action, status=status[0] if status else None, words=said)
    one = replace(
        one,
        remote_host=one.remote_host or name,
        remote_ip=one.remote_ip or ip,
        sender=memory.senders.get(found[1]),
    )
    addresses = found[2].split(",")[:_MAX_RECIPIENTS]
    return [replace(one, recipient=address_of(text) or text.strip("<> ") or None) for text in addresses]
