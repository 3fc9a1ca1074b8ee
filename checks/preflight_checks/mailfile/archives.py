"""The files inside archives, read in memory within a budget and never written to disk.

ZIP, tar, gzip, bzip2 and xz are read here; 7z, RAR, OneNote and TNEF have files of their own.

Only the directory of a ZIP is read by the standard library; `zipfile` decompresses bzip2 without any limit, and
`tarfile` may loop for ever on hostile sizes, so entries are read here.
"""

import bz2
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Protocol

from preflight import charsets
from preflight_checks.mailfile.budget import (
    CHUNK,
    Budget,
    CannotLookError,
    Entry,
    Obstacle,
    entry_names,
    grows_too_much,
)
from preflight_checks.mailfile.filetypes import Holder, tar_checksum
from preflight_checks.mailfile.onenote import onenote_entries
from preflight_checks.mailfile.rar import rar_entries
from preflight_checks.mailfile.sevenzip import sevenzip_entries
from preflight_checks.mailfile.tnef import tnef_entries

_MAX_DEFLATE = 1032  # times that deflate can make anything grow
_MEMBER = 4096  # what a compressed member costs at least, since each takes time however small it is
_MAX_MEMORY = 80 * 1024 * 1024  # for xz, whose largest preset needs 65 MiB


def entries(holder: Holder, content: bytes, name: str, budget: Budget) -> Iterator[Entry]:
    """The files in an archive that has this content and file name; folders and links are passed over.

    Raises `CannotLookError`, also after some entries.
    """
    match holder:
        case Holder.ZIP:
            return iter(zip_entries(content, budget))
        case Holder.TAR:
            return _tar(content, budget)
        case Holder.SEVENZIP:
            return iter(sevenzip_entries(content, budget))
        case Holder.RAR:
            return rar_entries(content, budget)
        case Holder.ONENOTE:
            return onenote_entries(content, budget)
        case Holder.TNEF:
            return tnef_entries(content, budget)
        case _:
            return iter([_stream(holder, content, name, budget)])


def zip_entries(content: bytes, budget: Budget) -> list[Entry]:
    """The files in a ZIP archive. Raises `CannotLookError`."""
    # Each entry of the directory takes this signature; counting first keeps a forged directory from costing minutes.
    if content.count(b"PK\x01\x02") > budget.entries:
        raise CannotLookError(Obstacle.TOO_MANY)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            directory = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error, OverflowError):
        raise CannotLookError(Obstacle.BROKEN) from None
    for _ in directory:
        budget.take_entry()
    return [_zip_entry(content, info, budget) for info in directory if not info.filename.endswith("/")]


def _zip_entry(content: bytes, info: zipfile.ZipInfo, budget: Budget) -> Entry:
    names = [_zip_name(info.filename, info.flag_bits), _zip_name(info.orig_filename, info.flag_bits)]
    start, local_name = _zip_start(content, info)
    if local_name is not None:
        names.append(charsets.guess(local_name))  # what the file itself says may differ from the directory
    obstacle = None
    if info.flag_bits & 1:
        obstacle = Obstacle.ENCRYPTED
    elif start is None:
        obstacle = Obstacle.BROKEN
    elif grows_too_much(info.file_size, info.compress_size):
        obstacle = Obstacle.BOMB
    elif info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}:
        obstacle = Obstacle.METHOD
    packed = memoryview(content)[start or 0 : (start or 0) + info.compress_size]

    def read(limit: int) -> bytes:
        match info.compress_type:
            case zipfile.ZIP_DEFLATED:
                return _unpack(lambda: _Deflate(-zlib.MAX_WBITS), packed, limit, budget, members=False)
            case zipfile.ZIP_BZIP2:
                return _unpack(bz2.BZ2Decompressor, packed, limit, budget, members=False)
            case _:
                budget.take(min(limit, len(packed)))
                return bytes(packed[:limit])

    return Entry(entry_names(names), info.file_size, read, obstacle)


def _zip_start(content: bytes, info: zipfile.ZipInfo) -> tuple[int | None, bytes | None]:
    """Where the octets of an entry begin, and its name there (APPNOTE.TXT 4.3.7)."""
    at = info.header_offset
    if at < 0 or at + 30 > len(content) or not content.startswith(b"PK\x03\x04", at):
        return None, None
    name, extra = struct.unpack_from("<HH", content, at + 26)
    return at + 30 + name + extra, content[at + 30 : at + 30 + name]


def _zip_name(name: str, flags: int) -> str:
    """A name in a ZIP archive; without the flag for UTF-8, in practice the charset of whoever packed it."""
    if flags & 0x800:
        return charsets.guess(name.encode("utf-8", "replace"))
    try:
        return charsets.guess(name.encode("cp437"))
    except UnicodeError:
        return name


def _tar(content: bytes, budget: Budget) -> Iterator[Entry]:
    at = 0
    long_name = b""
    while at < len(content):
        block = content[at : at + 512]
        if not any(block):
            return
        if len(block) < 512 or not tar_checksum(block):
            break
        budget.take_entry()
        kind, start = block[156:157], at + 512
        is_file = kind not in b"123456"
        size = _tar_number(block[124:136]) if is_file else 0
        if kind == b"L":
            long_name = content[start : start + min(size, CHUNK)].rstrip(b"\0")
        elif kind == b"x":
            long_name = _pax_path(content[start : start + min(size, CHUNK)]) or long_name
        elif kind not in b"Kg":
            if is_file:
                yield _tar_entry(content, long_name or _tar_name(block), start, size, budget)
            long_name = b""
        at = start + -(-size // 512) * 512
    if at != len(content):
        raise CannotLookError(Obstacle.BROKEN)


def _tar_entry(content: bytes, name: bytes, start: int, size: int, budget: Budget) -> Entry:
    def read(limit: int) -> bytes:
        budget.take(min(limit, size))
        return content[start : start + min(limit, size)]

    return Entry(entry_names([charsets.guess(name)]), size, read)


def _tar_name(block: bytes) -> bytes:
    name, prefix = block[:100].rstrip(b"\0"), block[345:500].rstrip(b"\0")
    return prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name


def _tar_number(field_octets: bytes) -> int:
    """A size: octal digits, or big-endian binary behind a set first bit (GNU)."""
    if field_octets[0] & 0x80:
        return int.from_bytes(bytes([field_octets[0] & 0x7F]) + field_octets[1:], "big")
    digits = re.match(rb"[ \0]*([0-7]*)", field_octets)
    return int(digits[1], 8) if digits and digits[1] else 0


def _pax_path(body: bytes) -> bytes:
    found = re.search(rb"(?:^|\n)\d+ path=([^\n]*)\n", body)
    return found[1] if found else b""


def _stream(holder: Holder, content: bytes, name: str, budget: Budget) -> Entry:
    """The one file in a compressed file, named after it, or as a gzip header says (RFC 1952 2.3.1)."""
    stem = re.sub(r"\.(?:gz|gzip|bz2|xz|z)\s*$", "", name, flags=re.IGNORECASE)
    stem = re.sub(r"\.(?:tgz|tbz2?|txz)\s*$", ".tar", stem, flags=re.IGNORECASE)
    names = [stem]
    make: Callable[[], _Decompressor]
    match holder:
        case Holder.GZIP:
            names = [_gzip_name(content), stem]

            def make() -> _Decompressor:
                return _Deflate(16 + zlib.MAX_WBITS)
        case Holder.BZIP2:
            make = bz2.BZ2Decompressor
        case _:

            def make() -> _Decompressor:
                return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_MEMORY)

    def read(limit: int) -> bytes:
        return _unpack(make, memoryview(content), limit, budget, members=True)

    budget.take_entry()
    size = _gzip_size(content) if holder is Holder.GZIP else 0
    # What no deflate reaches is no size, but something behind the end.
    is_bomb = size <= _MAX_DEFLATE * len(content) and grows_too_much(size, len(content))
    return Entry(entry_names(names), None, read, Obstacle.BOMB if is_bomb else None)


def _gzip_size(content: bytes) -> int:
    """How much a gzip file says that it unpacks to, in octets: its last four (RFC 1952 2.3.1, ISIZE)."""
    return int(struct.unpack("<I", content[-4:])[0]) if len(content) >= 18 else 0


def _gzip_name(content: bytes) -> str:
    if len(content) < 10 or not content[3] & 8:
        return ""
    at = 10
    if content[3] & 4 and len(content) >= 12:
        at += 2 + int(struct.unpack_from("<H", content, 10)[0])
    end = content.find(b"\0", at, at + 1024)
    return charsets.guess(content[at:end]) if end >= 0 else ""


class _Decompressor(Protocol):
    """What `bz2` and `lzma` offer."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Deflate:
    """`zlib` in the same form."""

    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits)
        self._has_more = False

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not self._engine.unconsumed_tail and not self._has_more

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        piece = self._engine.decompress(self._engine.unconsumed_tail + data, max_length)
        self._has_more = len(piece) == max_length  # there may be output left even where no input is
        return piece


def _unpack(
    make: Callable[[], _Decompressor], packed: memoryview, limit: int, budget: Budget, *, members: bool
) -> bytes:
    """The first `limit` octets of compressed data, which may be several members one after another.

    Raises `CannotLookError` when the data is broken or cut off before the limit, or the budget spent.
    """
    out = BytesIO()  # gives its octets away without a copy
    at = 0
    try:
        while out.tell() < limit:
            at = _unpack_member(make(), packed, at, limit, out, budget)
            if not members or not any(packed[at : at + 512]):  # the end, or padding behind it
                break
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        raise CannotLookError(Obstacle.BROKEN) from None
    return out.getvalue()


def _unpack_member(engine: _Decompressor, packed: memoryview, at: int, limit: int, out: BytesIO, budget: Budget) -> int:
    """Unpack one member, which begins at an offset, into `out`; returns the offset behind it."""
    budget.take(_MEMBER)
    while not engine.eof and out.tell() < limit:
        chunk = b""
        if engine.needs_input:
            chunk = bytes(packed[at : at + CHUNK])
            if not chunk:
                raise EOFError
            at += len(chunk)
        piece = engine.decompress(chunk, min(limit - out.tell(), CHUNK))
        budget.take(max(len(piece), len(chunk) // 16))
        out.write(piece)
    return at - len(engine.unused_data)
