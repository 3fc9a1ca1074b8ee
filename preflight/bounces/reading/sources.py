"""What a file holds, told by its content: a message, an mbox, a log, or pasted text; and what a folder holds."""

import errno
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from preflight import charsets
from preflight.bounces.reading.logs import MAX_LINE, looks_like_a_log, read_log
from preflight.bounces.reading.message import MAX_MESSAGE, read_message
from preflight.bounces.reading.mime import lines_in_lf
from preflight.bounces.reading.model import BounceReport
from preflight.bounces.reading.pasted import read_pasted

_HEAD = 64 * 1024  # octets by which a file is told
_MAX_TEXT = 4 * 1024 * 1024  # octets of pasted text
_LOOKED_AT = 40  # lines
_FROM_LINE = re.compile(rb"From \S{1,300} .{0,60}\d\d:\d\d")
_FIRST_FROM = re.compile(rb">?From [^\n]{1,300}\n(?:>?From [^\n]{1,300}\n)?[A-Za-z][!-9;-~]{0,75}:")
_FIELD = re.compile(rb"^([A-Za-z][!-9;-~]{0,75})[ \t]*:", re.MULTILINE)
_OF_MAIL = frozenset(
    b"from to subject date received return-path message-id mime-version content-type delivered-to cc reply-to sender "
    b"auto-submitted content-transfer-encoding precedence x-failed-recipients dkim-signature x-original-to".split()
)


def read_any(source: Path | BinaryIO, label: str | None = None, now: datetime | None = None) -> Iterator[BounceReport]:
    """The reports of all that a file, a folder or a stream holds, as they come, in their order.

    A folder is a maildir or holds files of any of these kinds, in folders too; they are read in the order of their
    names. Files packed by gzip are unpacked. `label` stands for the file in `source` of the reports: its path when
    None. `now` is for times in logs (`read_log`). Raises `OSError` for what cannot be opened, read or unpacked.
    """
    if isinstance(source, Path):
        if source.is_dir():
            for file in _files(source):
                with file.open("rb") as stream:
                    yield from _read(stream, str(file), now)
            return
        with source.open("rb") as stream:
            yield from _read(stream, label or str(source), now)
    else:
        yield from _read(source, label or "-", now)


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder: of a maildir those that were delivered; hidden ones are left out."""
    for place, folders, names in os.walk(folder):
        is_maildir = "cur" in folders and "new" in folders
        folders[:] = sorted(name for name in folders if not (is_maildir and name == "tmp") and name[0] != ".")
        for name in sorted(names):
            file = Path(place, name)
            if name[0] != "." and file.is_file():
                yield file


def _read(stream: BinaryIO, label: str, now: datetime | None) -> Iterator[BounceReport]:
    head = stream.read(_HEAD)
    if head.startswith(b"\x1f\x8b"):
        yield from _unpacked(head, stream, label, now)
        return
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        octets = (head + stream.read(MAX_MESSAGE)).decode("utf-16", "replace").encode("utf-8", "replace")
        head, stream = octets[:_HEAD], io.BytesIO(octets[_HEAD:])
    if b"\r" in head and b"\n" not in head:
        octets = lines_in_lf(head + stream.read(MAX_MESSAGE))
        head, stream = octets[:_HEAD], io.BytesIO(octets[_HEAD:])
    start = lines_in_lf(head).removeprefix(b"\xef\xbb\xbf").lstrip(b"\n \t")
    if _FIRST_FROM.match(start):
        yield from _mbox(_lines(head, stream), label)
    elif _is_message(start):
        yield read_message(head + stream.read(MAX_MESSAGE), label)
    elif _is_log(start):
        yield from read_log(_lines(head, stream), label, now)
    else:
        octets = lines_in_lf(head + stream.read(_MAX_TEXT))
        yield from read_pasted(charsets.guess(octets).removeprefix("\ufeff"), label)


def _unpacked(head: bytes, stream: BinaryIO, label: str, now: datetime | None) -> Iterator[BounceReport]:
    with gzip.GzipFile(fileobj=_Rejoined(head, stream)) as unpacked:
        try:
            yield from _read(unpacked, label, now)  # type: ignore[arg-type]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(errno.EINVAL, f"cannot be unpacked: {error}", label) from error


class _Rejoined(io.RawIOBase):
    """A stream from its start, of which the head has been read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Read the next octets into a buffer; returns how many."""
        octets = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(octets)] = octets
        return len(octets)


def _is_message(start: bytes) -> bool:
    """Whether a file begins with the header of a message: two fields that mail has, of which one may be the first."""
    if not _FIELD.match(start):
        return False
    header = start.partition(b"\n\n")[0]
    names = {name.lower() for name in _FIELD.findall(header)}
    return len(names & _OF_MAIL) > 1


def _is_log(start: bytes) -> bool:
    """Whether most of the first lines are of a log, or one of them is a refusal as servers log it."""
    lines = [line for line in start.split(b"\n")[:_LOOKED_AT] if line.strip()]
    logged = sum(1 for line in lines if looks_like_a_log(line))
    return 2 * logged > len(lines) or next(read_log(lines), None) is not None


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, of which the head has been read; longer ones than `MAX_LINE` in pieces."""
    whole, newline, rest = head.rpartition(b"\n")
    if newline:
        for line in whole.split(b"\n"):
            yield line + b"\n"
    if rest:
        yield rest + stream.readline(MAX_LINE)
    while line := stream.readline(MAX_LINE):
        yield line


def _mbox(lines: Iterable[bytes], label: str) -> Iterator[BounceReport]:
    """The messages of an mbox: each begins with a line `From …` that stands first or below an empty line (RFC 4155)."""
    current: list[bytes] = []
    size = number = 0
    blank = True
    for line in lines:
        if blank and line.startswith(b"From ") and (_FROM_LINE.match(line) or not current):
            if current:
                number += 1
                yield read_message(b"".join(current), f"{label}:{number}")
            current, size = [], 0
        if size < MAX_MESSAGE:
            current.append(line)
            size += len(line)
        blank = not line.strip()
    if current:
        number += 1
        yield read_message(b"".join(current), label if number == 1 else f"{label}:{number}")
