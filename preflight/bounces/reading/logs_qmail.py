"""Lines of qmail-send: deliveries are numbered, and the reply has `_` for a space and `/` for the end of a line."""

import re
from dataclasses import replace

from preflight.bounces.reading.log_lines import Memory
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.prose import qmail_host
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

_START = re.compile(r"\bstarting delivery (\d{1,20}): msg (\d{1,20}) to (?:remote|local) (\S{1,320})")
_END = re.compile(r"\bdelivery (\d{1,20}): (failure|deferral): (\S{0,8000})")
_LINE_END = re.compile(r"(?<![:/])/(?=[A-Z]|$)")


def read_line(line: str, memory: Memory) -> list[Recipient]:
    """The recipient of a delivery that failed or has to wait; none for other lines."""
    start = _START.search(line)
    if start:
        memory.recipients.put(f"qmail {start[1]}", (start[3], start[2]))
        return []
    end = _END.search(line)
    if not end:
        return []
    address, message = memory.recipients.take(f"qmail {end[1]}") or (None, "")
    words = _LINE_END.sub("\n", end[3].replace("_", " "))
    action: Action = "failed" if end[2] == "failure" else "delayed"
    reply = read_reply_line(words)
    host, ip = qmail_host(words)
    one = to_recipient(reply, address, action, host=host, ip=ip, words=one_line(words))
    return [replace(one, sender=memory.senders.get(message))]
