"""Lines of Exim's main log: `**` is a delivery that failed, `==` one that waits (Exim specification, "Log files")."""

import re
from dataclasses import replace

from preflight.bounces.reading.addresses import find_address, ip_of
from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_LINE = re.compile(
    r"(?<![\w-])(\w{6}-\w{6}-\w{2}|\w{6}-\w{11}-\w{4}) (\*\*|==) ([^\s:]{1,400}|\S{1,400}@\S{1,400}?)(?= |: )"
)
_ORIGINAL = re.compile(r"\s<([^<>\s]{1,320})>")
_HOST = re.compile(r" H=(\S{1,255})(?: \(\S{1,255}\))? \[([0-9A-Fa-f.:]{2,45})\]")
_FROM_IP = re.compile(r" I=\[([0-9A-Fa-f.:]{2,45})\]")
_FROM = re.compile(r" [FP]=<([^<>\s]{0,320})>")


def read_line(line: str, memory: Memory) -> list[Recipient]:
    """The recipient that a line says was refused or has to wait; none for other lines."""
    found = _LINE.search(line)
    if not found:
        return []
    message_id, sign, address = found.groups()
    rest = line[found.end() :]
    end = rest.find(": ")
    facts, words = (rest[:end], rest[end + 2 :]) if end >= 0 else (rest, "")
    words = words.replace("\\n", "\n")
    original = _ORIGINAL.match(facts)
    named = address.strip("<>")
    if "@" not in named:
        named = (original[1] if original else None) or find_address(rest) or named
    action: Action = "failed" if sign == "**" else "delayed"
    reply = read_reply_line(words)
    host, interface = _HOST.search(facts), _FROM_IP.search(facts)
    sender = _FROM.search(facts)
    one = to_recipient(
        reply,
        named,
        action,
        host=host[1].rstrip(".").lower() if host else None,
        ip=ip_of(host[2]) if host else None,
        words=one_line(words),
    )
    return [
        replace(
            one,
            original=original[1] if original and original[1] != named else None,
            sending_ip=one.sending_ip or (ip_of(interface[1]) if interface else None),
            sender=sender[1] if sender else memory.senders.get(message_id),
        )
    ]
