"""The files in a TNEF container (`winmail.dat`), as Outlook and Exchange send to those whom they take for their own.

A container is a row of attributes ([MS-OXTNEF] 2.1.3): level, id, length, data, checksum. An attachment begins with
attAttachRendData; its name stands in attAttachTitle, a longer one among the MAPI properties in attAttachment.
"""

import re
import struct
from collections.abc import Iterator
from enum import IntEnum

from preflight import charsets
from preflight_checks.mailfile.budget import Budget, CannotLookError, Entry, Obstacle, entry_names

SIGNATURE = struct.pack("<I", 0x223E9F78)  # [MS-OXTNEF] 2.1.3.1


class _Attribute(IntEnum):
    """The attributes that matter here, by the lower half of their ids."""

    BEGIN = 0x9002
    TITLE = 0x8010
    DATA = 0x800F
    PROPERTIES = 0x9005


_ATTACHMENT = 2  # the level of attributes that belong to an attachment; 1 is the message's own
_HEAD = 9  # octets of an attribute before its data: level, id, length
# PidTagAttachLongFilename as PtypUnicode ([MS-OXTNEF] 2.1.3.4): one value, its length, then UTF-16.
_LONG_NAME = re.compile(rb"\x1f\x00\x07\x37\x01\x00\x00\x00(....)", re.DOTALL)


def tnef_entries(content: bytes, budget: Budget) -> Iterator[Entry]:
    """The attachments of a container. Raises `CannotLookError`, also after some of them."""
    names: list[str] = []
    data: tuple[int, int] | None = None  # where the content is: its offset and its size
    at = 6  # behind the signature and the key
    if len(content) < at:
        raise CannotLookError(Obstacle.BROKEN)
    while at < len(content):
        if at + _HEAD + 2 > len(content):
            raise CannotLookError(Obstacle.BROKEN)
        level, attribute, size = struct.unpack_from("<BIi", content, at)
        start, end = at + _HEAD, at + _HEAD + size
        if size < 0 or end + 2 > len(content):
            raise CannotLookError(Obstacle.BROKEN)
        at = end + 2
        budget.take(min(size, _HEAD))  # each attribute costs, so that millions of empty ones have an end
        if level != _ATTACHMENT:
            continue
        match attribute & 0xFFFF:
            case _Attribute.BEGIN:
                yield from _entry(content, names, data, budget)
                names, data = [], None
            case _Attribute.TITLE:
                names.append(charsets.guess(content[start:end].rstrip(b"\0")))
            case _Attribute.DATA:
                data = (start, size)
            case _Attribute.PROPERTIES:
                names[:0] = _long_name(content, start, end)
    yield from _entry(content, names, data, budget)


def _long_name(content: bytes, start: int, end: int) -> list[str]:
    found = _LONG_NAME.search(content, start, end)
    if found is None:
        return []
    (size,) = struct.unpack("<I", found[1])
    text = content[found.end() : min(found.end() + size, end)]
    return [text.decode("utf-16-le", "replace").rstrip("\0")]


def _entry(content: bytes, names: list[str], data: tuple[int, int] | None, budget: Budget) -> Iterator[Entry]:
    if data is None:
        return
    start, size = data
    budget.take_entry()

    def read(limit: int) -> bytes:
        octets = content[start : start + min(limit, size)]
        budget.take(len(octets))
        return octets

    yield Entry(entry_names(names), size, read)
