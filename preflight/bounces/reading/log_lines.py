"""What the readers of logs share: times, the lines of journald, and what is remembered of earlier lines."""

import json
import re
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from preflight.bounces.reading.model import Recipient

_REMEMBERED = 5000  # messages
_MAX_WAITING = 50  # recipients of a message

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?(Z| ?[+-]\d\d:?\d\d)?(?!\d)")
_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?: (\d{4})\b)?"
)
_TAI64 = re.compile(r"@4000000([0-9a-f]{9})[0-9a-f]{8}\b")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_BEFORE_TIME = 12  # characters that may stand before it: a priority and a version (RFC 5424 6.2)

_SENDER = re.compile(r"\b([0-9A-Za-z]{5,25}): from=<([^<>\s]{0,320})>")
_EXIM_SENDER = re.compile(r"\b(\w{6}-\w{6,11}-\w{2,4}) <= (\S{1,320}) ")
_QMAIL_SENDER = re.compile(r"\binfo msg (\d{1,20}): bytes \d{1,20} from <([^<>\s]{0,320})>")
_HARAKA_RECIPIENT = re.compile(
    r'\[([0-9A-Fa-f-]{30,40}(?:\.\d{1,6}){1,3})\] \[core\] recipient <([^<>\s]{1,320})>.*?sender="?<([^<>]{0,320})>'
)

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A table of what came last; the oldest is forgotten when it is full."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._table: OrderedDict[str, Value] = OrderedDict()
        self._most = most

    def get(self, key: str) -> Value | None:
        """What was put there, None when it was forgotten."""
        return self._table.get(key)

    def put(self, key: str, value: Value) -> None:
        """Remember a value."""
        self._table[key] = value
        self._table.move_to_end(key)
        if len(self._table) > self._most:
            self._table.popitem(last=False)

    def take(self, key: str) -> Value | None:
        """What was put there, and forget it."""
        return self._table.pop(key, None)


class Memory:
    """What is remembered of earlier lines: senders, recipients that are known by a number, recipients that wait."""

    def __init__(self) -> None:
        self.senders: Recent[str] = Recent()
        self.recipients: Recent[tuple[str, ...]] = Recent()
        self.waiting: Recent[dict[str | None, Recipient]] = Recent()

    def note(self, line: str) -> None:
        """Remember what a line says of a message that was taken in."""
        found = _SENDER.search(line) or _EXIM_SENDER.search(line) or _QMAIL_SENDER.search(line)
        if found:
            self.senders.put(found[1], "" if found[2] == "<>" else found[2])
        elif haraka := _HARAKA_RECIPIENT.search(line):
            known = self.recipients.get(haraka[1]) or ()
            if haraka[2] not in known and len(known) < _MAX_WAITING:
                self.recipients.put(haraka[1], (*known, haraka[2]))
            self.senders.put(haraka[1], haraka[3])

    def wait(self, queue_id: str, one: Recipient) -> None:
        """Remember that a recipient of a message is still being tried."""
        waiting = self.waiting.get(queue_id) or {}
        if one.recipient in waiting or len(waiting) < _MAX_WAITING:
            waiting[one.recipient] = one
        self.waiting.put(queue_id, waiting)


def as_line(octets: bytes) -> bytes:
    """A line of JSON as journald exports it, as the line that syslog would have written; other lines as they are."""
    try:
        entry = json.loads(octets)
    except (ValueError, RecursionError):
        return octets
    if not isinstance(entry, dict):
        return octets
    message = entry.get("MESSAGE", entry.get("message"))
    if isinstance(message, list):  # journald writes octets that are no text so
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    if not isinstance(message, str):
        return octets
    stamp = entry.get("__REALTIME_TIMESTAMP", entry.get("_SOURCE_REALTIME_TIMESTAMP"))
    time = str(entry.get("timestamp", entry.get("time", "")))[:40]
    if isinstance(stamp, str) and stamp.isdecimal() and len(stamp) < 18:
        time = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(stamp))).isoformat()
    name = f"{entry.get('_HOSTNAME', 'localhost')} {entry.get('SYSLOG_IDENTIFIER', '-')}"
    return f"{time} {name}: {message}".encode("utf-8", "replace")


def time_of(line: str, now: datetime) -> datetime | None:
    """The time at the start of a line. One without a year was in the last twelve months before `now`, one without a
    time zone is taken as UTC."""
    found = _ISO.search(line, 0, 40 + _BEFORE_TIME)
    if found and found.start() <= _BEFORE_TIME:
        return _iso(found[1], found[2], found[3])
    old = _SYSLOG.match(line)
    if old and old[1] in _MONTHS:
        return _syslog(old, now)
    tai = _TAI64.match(line)
    if tai:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(tai[1], 16) - 10)
    return None


def _iso(day: str, time: str, zone: str | None) -> datetime | None:
    try:
        stated = datetime.fromisoformat(f"{day}T{time}{(zone or 'Z').strip()}")
        stated.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return stated


def _syslog(found: re.Match[str], now: datetime) -> datetime | None:
    year = found[3] or found[5]
    month, day = _MONTHS[found[1]], int(found[2])
    hour, minute, second = map(int, found[4].split(":"))
    for candidate in (int(year),) if year else (now.year, now.year - 1, now.year - 2, now.year - 3, now.year - 4):
        try:
            stated = datetime(candidate, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:  # 29 February of another year, or no time at all
            continue
        if year or stated <= now + timedelta(days=1):
            return stated
    return None
