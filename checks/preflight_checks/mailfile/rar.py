"""The directory of RAR archives, versions 4 and 5 (RAR 5.0 archive format, rarlab.com/technote.htm).

How RAR compresses is not published, and no reader of it is free; so the names are read, and the content of files that
are stored without compression.
"""

import struct
from collections.abc import Iterator

from preflight import charsets
from preflight_checks.mailfile.budget import Budget, CannotLookError, Entry, Obstacle, entry_names

_OLD = b"Rar!\x1a\x07\0"
_NEW = b"Rar!\x1a\x07\x01\0"


def rar_entries(content: bytes, budget: Budget) -> Iterator[Entry]:
    """The files in a RAR archive; folders are passed over. Raises `CannotLookError`, also after some entries."""
    read = _new if content.startswith(_NEW) else _old
    try:
        yield from read(content, budget)
    except (struct.error, IndexError, ValueError):
        raise CannotLookError(Obstacle.BROKEN) from None


def _old(content: bytes, budget: Budget) -> Iterator[Entry]:
    if not content.startswith(_OLD):
        raise ValueError
    at = len(_OLD)
    while at < len(content):
        _, kind, flags, size = struct.unpack_from("<HBHH", content, at)
        if size < 7:
            raise ValueError
        added = 0
        if kind == 0x73 and flags & 0x80:
            raise CannotLookError(Obstacle.ENCRYPTED)
        if kind == 0x7B:
            return
        if kind == 0x74:
            budget.take_entry()
            added, entry = _old_file(content, at, flags, size, budget)
            if flags & 0xE0 != 0xE0:
                yield entry
        elif flags & 0x8000:
            (added,) = struct.unpack_from("<I", content, at + 7)
        at += size + added
    if at != len(content):
        raise ValueError


def _old_file(content: bytes, at: int, flags: int, size: int, budget: Budget) -> tuple[int, Entry]:
    packed, unpacked = struct.unpack_from("<II", content, at + 7)
    method, length = struct.unpack_from("<BH", content, at + 25)
    name_at = at + 32
    if flags & 0x100:
        high, high_unpacked = struct.unpack_from("<II", content, name_at)
        packed, unpacked, name_at = packed | high << 32, unpacked | high_unpacked << 32, name_at + 8
    name = content[name_at : name_at + length].partition(b"\0")[0]
    obstacle = Obstacle.ENCRYPTED if flags & 4 else Obstacle.METHOD if method != 0x30 else None
    return packed, _entry(content, name, unpacked, at + size, packed, obstacle, budget)


def _new(content: bytes, budget: Budget) -> Iterator[Entry]:
    at = len(_NEW)
    while at < len(content):
        size, start = _vint(content, at + 4)
        kind, place = _vint(content, start)
        flags, place = _vint(content, place)
        extra = packed = 0
        if flags & 1:
            extra, place = _vint(content, place)
        if flags & 2:
            packed, place = _vint(content, place)
        end = start + size
        if kind == 4:
            raise CannotLookError(Obstacle.ENCRYPTED)
        if kind == 5:
            return
        if end > len(content) or size < 2:
            raise ValueError
        if kind == 2:
            budget.take_entry()
            entry = _new_file(content, place, end, extra, packed, budget)
            if entry:
                yield entry
        at = end + packed
    raise ValueError  # no end of archive: cut off


def _new_file(content: bytes, at: int, end: int, extra: int, packed: int, budget: Budget) -> Entry | None:
    flags, at = _vint(content, at)
    unpacked, at = _vint(content, at)
    _, at = _vint(content, at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    packing, at = _vint(content, at)
    _, at = _vint(content, at)
    length, at = _vint(content, at)
    if at + length > end:
        raise ValueError
    if flags & 1:
        return None
    is_encrypted = _has_record(content, end - extra, end, 1) if extra else False
    obstacle = Obstacle.ENCRYPTED if is_encrypted else Obstacle.METHOD if packing >> 7 & 7 else None
    return _entry(content, content[at : at + length], unpacked, end, packed, obstacle, budget)


def _has_record(content: bytes, at: int, end: int, wanted: int) -> bool:
    """Whether an extra area has a record of a type."""
    while at < end:
        size, start = _vint(content, at)
        kind, _ = _vint(content, start)
        if kind == wanted:
            return True
        at = start + size
    return False


def _entry(
    content: bytes, name: bytes, size: int, start: int, packed: int, obstacle: Obstacle | None, budget: Budget
) -> Entry:
    def read(limit: int) -> bytes:
        octets = content[start : start + min(limit, packed)]
        budget.take(len(octets))
        return octets

    return Entry(entry_names([charsets.guess(name)]), size, read, obstacle)


def _vint(content: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits an octet, the lowest first, and the offset behind it."""
    value = 0
    for place in range(10):
        octet = content[at + place]
        value |= (octet & 0x7F) << (7 * place)
        if not octet & 0x80:
            return value, at + place + 1
    raise ValueError
