"""Transcripts of SMTP sessions in bounces, as Sendmail and others write them: `>>>` what was sent, `<<<` the reply."""

import re
from dataclasses import replace

from preflight.bounces.reading.addresses import ADDRESS, ip_of
from preflight.bounces.reading.model import Phase
from preflight.bounces.reading.replies import Reply, phase_of, read_reply_line

_RCPT = re.compile(rf"RCPT TO:\s?<?({ADDRESS})>?", re.IGNORECASE)
_SPOKEN = re.compile(r"\s*(?:(?:sent|received)\s+)?(?:>>>|<<<)\s*(.*)", re.IGNORECASE)
_IN_TRANSCRIPT = re.compile(rf"<?({ADDRESS})>?\.\.\.")
_NO_RECIPIENT = re.compile(r"^50[13] .{0,40}(?:rcpt|recipient)|^554 .{0,20}no valid recipients", re.IGNORECASE)
_TALKING = re.compile(r"while talking to\s+\[?([A-Za-z0-9][\w.-]{0,254}|[0-9A-Fa-f.:]{3,45})", re.IGNORECASE)


def read_session(lines: list[str]) -> dict[str, Reply]:
    """The refusals in a transcript of a session, by recipient in small letters; by "" those of no recipient."""
    found: dict[str, Reply] = {}
    host: str | None = None
    helo: str | None = None
    address = ""
    phase: Phase = "unknown"
    for line in lines:
        talking = _TALKING.search(line)
        if talking:
            host, address, phase = talking[1].rstrip(".").lower(), "", "connect"
            continue
        spoken = _SPOKEN.match(line)
        words = spoken[1] if spoken else line.strip()
        if not words[:1].isdigit():
            if spoken:
                rcpt = _RCPT.search(words)
                address = rcpt[1].lower() if rcpt else ""
                phase = phase_of(f"sending {words}")
                helo = words.split()[1] if phase == "helo" and len(words.split()) > 1 else helo
            continue
        reply = read_reply_line(words)
        if reply.code is None or reply.code < 400 or not (spoken or "..." in words):
            continue
        if phase == "data" and _NO_RECIPIENT.search(words):  # commands were sent ahead (RFC 2920): that one was to RCPT
            found = {key: replace(one, phase="rcpt") if one.phase == "data" else one for key, one in found.items()}
            continue
        named = _IN_TRANSCRIPT.search(words)
        key = address or (named[1].lower() if named else "")
        found.setdefault(key, replace(reply, host=host, ip=ip_of(host or ""), phase=phase, helo=helo))
    return found
