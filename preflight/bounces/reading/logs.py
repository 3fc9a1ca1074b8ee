"""Logs of mail servers, line by line: Postfix, Exim, Sendmail, qmail, Haraka; from files and from journald."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from preflight import charsets
from preflight.bounces.reading import logs_exim, logs_haraka, logs_postfix, logs_qmail, logs_sendmail
from preflight.bounces.reading.log_lines import Memory, as_line, time_of
from preflight.bounces.reading.model import BounceReport, Recipient

MAX_LINE = 64 * 1024  # octets; what is longer is cut


def read_log(
    lines: Iterable[bytes | str], label: str = "log", now: datetime | None = None, first: int = 1
) -> Iterator[BounceReport]:
    """The refusals and delays in the lines of a log, one report a line that carries one, as they come.

    Memory stays the same however long the log is: of earlier lines only senders and recipients of the last some
    thousand messages are kept. What a server refused to take in (`NOQUEUE: reject`, rejectlog) is no bounce and left
    out; so are deliveries. `source` is `label:number`, counted from `first`. `now` is what a time without a year or
    without a time zone is taken by, the present when None.
    """
    memory = Memory()
    present = now or datetime.now(UTC)
    for number, raw in enumerate(lines, first):
        line = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogateescape")
        if line.startswith(b"{"):
            line = as_line(line[:MAX_LINE])
        found = _read(line, memory)
        if found:
            yield BounceReport(
                source=f"{label}:{number}",
                kind="delayed" if all(one.action == "delayed" for one in found) else "bounce",
                recipients=tuple(found),
                when=time_of(line[:200].decode("ascii", "replace"), present),
            )


def looks_like_a_log(line: bytes) -> bool:
    """Whether a line is one that a mail server logged, with or without a refusal."""
    if line.startswith(b"{"):
        line = as_line(line[:MAX_LINE])
    return time_of(line[:200].decode("ascii", "replace"), datetime.now(UTC)) is not None or logs_haraka.is_line(line)


def _read(line: bytes, memory: Memory) -> list[Recipient]:
    """What a line says, by the signs of each server. Most lines have none, and cost no more than the search for it."""
    if b"status=" in line and (b"to=<" in line or b"status=expired" in line):
        return logs_postfix.read_line(_text(line), memory)
    if b"stat=" in line and b"to=" in line:
        return logs_sendmail.read_line(_text(line), memory)
    if b" ** " in line or b" == " in line:
        return logs_exim.read_line(_text(line), memory)
    if b"[outbound" in line:
        return logs_haraka.read_line(_text(line), memory)
    if b"elivery " in line and b": " in line:
        return logs_qmail.read_line(_text(line), memory)
    if b"from=<" in line or b" <= " in line or b"info msg " in line or b"recipient <" in line:
        memory.note(_text(line))
    return []


def _text(line: bytes) -> str:
    line = line[:MAX_LINE].rstrip(b"\r\n")
    text = line.decode("ascii") if line.isascii() else charsets.guess(line)
    return text.replace("#012", "\n") if "#012" in text else text
