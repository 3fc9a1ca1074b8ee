"""Date fields (RFC 5322 3.3), the obsolete zones included, and the time at which a server took a message."""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"ut": 0, "gmt": 0, "z": 0, "utc": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
          "pst": -8, "pdt": -7}  # fmt: skip
_DATE = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)\s*,)?\s*(\d{1,2})\s+([a-z]{3})\s+(\d{4})\s+(\d{1,2})\s*:\s*(\d{2})"
    r"(?:\s*:\s*(\d{2}))?\s+(?:([+-])(\d{2})(\d{2})|([a-z]{1,4}))",
    re.IGNORECASE,
)
MAX_OFFSET = 14  # hours: the largest that any place on earth uses


def read_date(raw: str) -> datetime | None:
    """The moment that a date field means; `None` where the grammar does not allow it, or the zone is absurd."""
    text = re.sub(r"\([^()]*\)", " ", raw[:500]).strip()
    match = _DATE.fullmatch(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[n] or 0) for n in (1, 3, 4, 5, 6))
    if match[10]:
        if match[10].lower() not in _ZONES:
            return None
        offset = timedelta(hours=_ZONES[match[10].lower()])
    else:
        hours, minutes = int(match[8]), int(match[9])
        if minutes > 59 or hours > MAX_OFFSET:
            return None
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if match[7] == "-" else 1)
    try:
        month = _MONTHS.index(match[2].lower()) + 1
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def received_at(raw: str) -> datetime | None:
    """When a server took the message: what stands behind the last semicolon of a Received field (RFC 5321 4.4)."""
    return read_date(raw.rpartition(";")[2])
