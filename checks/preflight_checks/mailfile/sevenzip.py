"""The files inside 7z archives (7zFormat.txt of the LZMA SDK): the directory, and what the standard library unpacks.

LZMA, LZMA2, Delta, BCJ, bzip2, deflate and plain storage are read; PPMd, BCJ2 and the like are not, and AES needs a
password. The dictionary of LZMA is never larger than the data, so that a forged one takes no memory.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from preflight_checks.mailfile.budget import (
    CHUNK,
    Budget,
    CannotLookError,
    Entry,
    Obstacle,
    entry_names,
    grows_too_much,
)

_SIGNATURE = b"7z\xbc\xaf\x27\x1c"
_MAX_FOLDER = 32 * 1024 * 1024  # octets that are unpacked of one folder: they are kept twice
_MAX_HEADER = 4 * 1024 * 1024
_MAX_COUNT = 100_000
_AES = b"\x06\xf1\x07\x01"
_FILTERS = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}


class _Decoder(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


@dataclass(frozen=True)
class _Coder:
    method: bytes
    properties: bytes
    inputs: int
    outputs: int


@dataclass
class _Folder:
    """Coders one after the other, from the one that gives the files to the one that reads the archive."""

    coders: list[_Coder]
    sizes: list[int] = field(default_factory=list)
    packed: memoryview = field(default_factory=lambda: memoryview(b""))
    files: list[int] = field(default_factory=list)
    pack_streams: int = 1
    is_chain: bool = True

    @property
    def size(self) -> int:
        """Octets that it unpacks to."""
        return self.sizes[0] if self.sizes else 0


class _Reader:
    """Reads the numbers of a header. Raises `ValueError` past its end."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._octets):
            raise ValueError
        self._at += count
        return self._octets[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """As many set bits as the first octet begins with, so many octets follow (7zFormat.txt, "NUMBER")."""
        first = self.byte()
        mask, value = 0x80, 0
        for place in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * place))
            value += self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things that follow; a forged one raises."""
        value = self.number()
        if value > _MAX_COUNT:
            raise ValueError
        return value

    def bits(self, count: int) -> list[bool]:
        octets = self.take((count + 7) // 8)
        return [bool(octets[place // 8] & (0x80 >> place % 8)) for place in range(count)]

    def digests(self, count: int) -> list[bool]:
        """Which of so many have a check sum, which is passed over."""
        defined = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(defined))
        return defined

    def skip_to(self, *wanted: int) -> int:
        """The next property of those wanted, past others that say their size."""
        while (kind := self.byte()) not in wanted:
            self.take(self.number())
        return kind


def sevenzip_entries(content: bytes, budget: Budget) -> list[Entry]:
    """The files in a 7z archive; folders are passed over. Raises `CannotLookError`."""
    try:
        return _entries(content, budget)
    except (ValueError, IndexError, struct.error, OverflowError, lzma.LZMAError, zlib.error, EOFError):
        raise CannotLookError(Obstacle.BROKEN) from None


def _entries(content: bytes, budget: Budget) -> list[Entry]:
    crc, offset, size, _ = struct.unpack_from("<IQQI", content, 8)
    if zlib.crc32(content[12:32]) != crc or 32 + offset + size > len(content):
        raise ValueError
    header = content[32 + offset : 32 + offset + size]
    for _ in range(4):
        if not header:
            return []
        if header[0] != 0x17:
            break
        (folder,) = _streams(_Reader(header[1:]), content)
        if folder.size > _MAX_HEADER:
            raise CannotLookError(Obstacle.TOO_LARGE)
        header = _Unpacked(folder, budget).read(0, folder.size)
    reader = _Reader(header)
    if reader.byte() != 1:
        raise ValueError
    folders: list[_Folder] = []
    while kind := reader.byte():
        if kind == 4:
            folders = _streams(reader, content)
        elif kind == 5:
            return _files(reader, folders, budget)
        else:
            raise ValueError
    return []


def _streams(reader: _Reader, content: bytes) -> list[_Folder]:
    folders: list[_Folder] = []
    position, sizes = 0, list[int]()
    while kind := reader.byte():
        if kind == 6:
            position, count = reader.number(), reader.count()
            while inner := reader.byte():
                if inner == 9:
                    sizes = [reader.number() for _ in range(count)]
                elif inner == 10:
                    reader.digests(count)
                else:
                    raise ValueError
        elif kind == 7:
            folders = _folders(reader)
        elif kind == 8:
            _substreams(reader, folders)
        else:
            raise ValueError
    at, streams = 32 + position, iter(sizes)
    for folder in folders:
        own = [next(streams, 0) for _ in range(folder.pack_streams)]
        folder.packed = memoryview(content)[at : at + own[0]] if own else memoryview(b"")
        at += sum(own)
        folder.files = folder.files or [folder.size]
    return folders


def _folders(reader: _Reader) -> list[_Folder]:
    reader.skip_to(11)
    count = reader.count()
    if reader.byte():
        raise ValueError  # kept in another stream, which nobody writes
    read = [_folder(reader) for _ in range(count)]
    reader.skip_to(12)
    for folder, outputs in read:
        sizes = [reader.number() for _ in range(outputs)]
        folder.sizes = sizes if not folder.is_chain else [sizes[place] for place in folder.sizes]
    folders = [folder for folder, _ in read]
    while reader.byte():
        reader.digests(count)
    for folder in folders:
        folder.files = [folder.size]
    return folders


def _folder(reader: _Reader) -> tuple[_Folder, int]:
    """A folder whose `sizes` are, for the time being, the places of its coders' sizes; and how many sizes follow."""
    coders = [_coder(reader) for _ in range(reader.count())]
    inputs, outputs = sum(coder.inputs for coder in coders), sum(coder.outputs for coder in coders)
    if not 0 < outputs <= 32 or inputs > 64:
        raise ValueError
    bound = dict(sorted((reader.number(), reader.number()) for _ in range(outputs - 1)))  # input → output
    packed = inputs - len(bound)
    if packed > 1:
        for _ in range(packed):
            reader.number()
    if packed != 1 or any((coder.inputs, coder.outputs) != (1, 1) for coder in coders):
        return _Folder(coders, pack_streams=max(0, packed), is_chain=False), outputs
    (place,) = set(range(outputs)) - set(bound.values())  # the output that nothing else reads: the files
    order = [place]
    while place in bound:
        place = bound.pop(place)
        order.append(place)
    return _Folder([coders[one] for one in order], sizes=order), outputs


def _coder(reader: _Reader) -> _Coder:
    flags = reader.byte()
    method = reader.take(flags & 15)
    inputs, outputs = (reader.count(), reader.count()) if flags & 16 else (1, 1)
    return _Coder(method, reader.take(reader.number()) if flags & 32 else b"", inputs, outputs)


def _substreams(reader: _Reader, folders: list[_Folder]) -> None:
    counts = [1] * len(folders)
    kind = reader.byte()
    if kind == 13:
        counts = [reader.count() for _ in folders]
        kind = reader.byte()
    if sum(counts) > _MAX_COUNT:
        raise ValueError
    for folder, count in zip(folders, counts, strict=True):
        first = [reader.number() for _ in range(count - 1)] if kind == 9 else []
        folder.files = [*first, folder.size - sum(first)] if count else []
        if any(size < 0 for size in folder.files) or len(folder.files) != count:
            raise ValueError
    while kind:
        if kind == 10:
            reader.digests(sum(counts))  # a folder of one file has its own; readers that skip it end at the same place
        kind = reader.byte() if kind in {9, 10} else 0


def _files(reader: _Reader, folders: list[_Folder], budget: Budget) -> list[Entry]:
    count = reader.number()
    if count > budget.entries:
        raise CannotLookError(Obstacle.TOO_MANY)
    names: list[str] = []
    empty: list[bool] = [False] * count
    empty_files: list[bool] = []
    while kind := reader.byte():
        octets = _Reader(reader.take(reader.number()))
        if kind == 14:
            empty = octets.bits(count)
        elif kind == 15:
            empty_files = octets.bits(sum(empty))
        elif kind == 17 and not octets.byte():
            names = _utf16_names(octets, count)
    unpacked = [_Unpacked(folder, budget) for folder in folders]
    places = iter([(one, at) for one, folder in zip(unpacked, folders, strict=True) for at in _offsets(folder.files)])
    is_file = iter(empty_files)
    found: list[Entry] = []
    for number in range(count):
        budget.take_entry()
        name = entry_names([names[number]] if number < len(names) else [])
        if empty[number]:
            if next(is_file, False):
                found.append(Entry(name, 0, lambda _: b""))
            continue
        place = next(places, None)
        if place is None:
            raise ValueError  # more files than there is data for
        stream, (start, size) = place
        found.append(Entry(name, size, stream.reader(start, size), stream.obstacle))
    return found


def _utf16_names(octets: _Reader, count: int) -> list[str]:
    names: list[str] = []
    name = bytearray()
    while len(names) < count:
        unit = octets.take(2)
        if unit == b"\0\0":
            names.append(name.decode("utf-16-le", "replace"))
            name = bytearray()
        else:
            name += unit
    return names


def _offsets(sizes: list[int]) -> list[tuple[int, int]]:
    found, at = [], 0
    for size in sizes:
        found.append((at, size))
        at += size
    return found


class _Unpacked:
    """The octets of a folder, unpacked only as far as they are asked for."""

    def __init__(self, folder: _Folder, budget: Budget) -> None:
        self._folder = folder
        self._budget = budget
        self._out = bytearray()
        self._at = 0
        self._decoder: _Decoder | None = None
        self.obstacle = self._find_obstacle()

    def _find_obstacle(self) -> Obstacle | None:
        if any(coder.method == _AES for coder in self._folder.coders):
            return Obstacle.ENCRYPTED
        if grows_too_much(self._folder.size, len(self._folder.packed)):
            return Obstacle.BOMB
        if not self._folder.is_chain:
            return Obstacle.METHOD
        try:
            self._decoder = _decoder(self._folder)
        except (ValueError, struct.error, IndexError, lzma.LZMAError):
            return Obstacle.METHOD
        return None

    def reader(self, start: int, size: int) -> Callable[[int], bytes]:
        """How an entry that lies there reads its first octets."""
        return lambda limit: self.read(start, min(limit, size))

    def read(self, start: int, count: int) -> bytes:
        """Octets from an offset. Raises `CannotLookError`."""
        if self.obstacle:
            raise CannotLookError(self.obstacle)
        if start + count > min(self._folder.size, _MAX_FOLDER):
            raise CannotLookError(Obstacle.TOO_LARGE)
        try:
            while len(self._out) < start + count:
                self._advance(start + count - len(self._out))
        except (lzma.LZMAError, zlib.error, OSError, EOFError, ValueError):
            raise CannotLookError(Obstacle.BROKEN) from None
        return bytes(self._out[start : start + count])

    def _advance(self, missing: int) -> None:
        if self._decoder is None:
            raise ValueError
        chunk = bytes(self._folder.packed[self._at : self._at + CHUNK]) if _hungry(self._decoder) else b""
        self._at += len(chunk)
        piece = self._decoder.decompress(chunk, min(missing, CHUNK))
        self._budget.take(max(len(piece), len(chunk) // 16))
        if not piece and not chunk:
            raise EOFError
        self._out += piece


def _hungry(decoder: _Decoder) -> bool:
    return bool(getattr(decoder, "needs_input", True))


class _Stored:
    """Plain storage and deflate in the form of `lzma`'s decompressors."""

    def __init__(self, engine: Any = None) -> None:
        self._engine = engine
        self._left = b""

    @property
    def needs_input(self) -> bool:
        return not self._left

    def decompress(self, data: bytes, max_length: int) -> bytes:
        octets = self._left + data
        if self._engine is None:
            self._left = octets[max_length:]
            return octets[:max_length]
        piece: bytes = self._engine.decompress(octets, max_length)
        self._left = self._engine.unconsumed_tail
        return piece


def _decoder(folder: _Folder) -> _Decoder:
    """What undoes the coders of a chain. Raises `ValueError` for methods that are not known here."""
    *filters, last = folder.coders
    match last.method:
        case b"\0" | b"\x04\x01\x08" | b"\x04\x02\x02" if filters:
            raise ValueError
        case b"\0":
            return _Stored()
        case b"\x04\x01\x08":
            return _Stored(zlib.decompressobj(-zlib.MAX_WBITS))
        case b"\x04\x02\x02":
            return bz2.BZ2Decompressor()
        case b"\x03\x01\x01" | b"\x21":
            chain = [_filter(coder) for coder in filters]
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[*chain, _lzma(last, folder.sizes[-1])])
    raise ValueError


def _filter(coder: _Coder) -> dict[str, int]:
    if coder.method == b"\x03":
        return {"id": lzma.FILTER_DELTA, "dist": coder.properties[0] + 1}
    if coder.method not in _FILTERS:
        raise ValueError
    return {"id": _FILTERS[coder.method]}


def _lzma(coder: _Coder, size: int) -> dict[str, int]:
    room = max(4096, min(size, _MAX_FOLDER))  # no match reaches back past the beginning
    if coder.method == b"\x21":
        bits = coder.properties[0]
        wanted = 0xFFFFFFFF if bits >= 40 else (2 | bits & 1) << (bits // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": min(wanted, room)}
    packed, wanted = struct.unpack("<BI", coder.properties[:5])
    return {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(4096, min(wanted, room)),
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
    }
