"""The files embedded in OneNote sections ([MS-ONESTORE] 2.6.13, FileDataStoreObject)."""

import struct
from collections.abc import Iterator

from preflight_checks.mailfile.budget import Budget, CannotLookError, Entry, Obstacle

SIGNATURE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")  # [MS-ONESTORE] 2.3.1
_OBJECT = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
_HEADER = 36  # octets of an object before its data: its mark, the length, and reserved ones


def onenote_entries(content: bytes, budget: Budget) -> Iterator[Entry]:
    """The files in a section, numbered since their names lie elsewhere. Raises `CannotLookError`."""
    at, number = content.find(_OBJECT), 0
    while at >= 0:
        number += 1
        budget.take_entry()
        if at + _HEADER > len(content):
            raise CannotLookError(Obstacle.BROKEN)
        (size,) = struct.unpack_from("<Q", content, at + 16)
        yield _entry(content, number, at + _HEADER, size, budget)
        at = content.find(_OBJECT, at + _HEADER)


def _entry(content: bytes, number: int, start: int, size: int, budget: Budget) -> Entry:
    def read(limit: int) -> bytes:
        octets = content[start : start + min(limit, size)]
        budget.take(len(octets))
        return octets

    return Entry((f"object {number}",), size, read)
