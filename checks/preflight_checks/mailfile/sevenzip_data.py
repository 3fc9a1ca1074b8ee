"""The data of 7z archives: folders, each packed by a chain of coders, and what the standard library unpacks of them.

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

from preflight_checks.mailfile.budget import CHUNK, Budget, CannotLookError, Obstacle, grows_too_much

_MAX_FOLDER = 32 * 1024 * 1024  # octets that are unpacked of one folder: they are kept twice
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
class Coder:
    """One step of packing: its method, its properties, how many streams go in and come out."""

    method: bytes
    properties: bytes
    inputs: int
    outputs: int


@dataclass
class Folder:
    """Coders one after the other, from the one that gives the files to the one that reads the archive."""

    coders: list[Coder]
    sizes: list[int] = field(default_factory=list)
    packed: memoryview = field(default_factory=lambda: memoryview(b""))
    files: list[int] = field(default_factory=list)
    pack_streams: int = 1
    is_chain: bool = True

    @property
    def size(self) -> int:
        """Octets that it unpacks to."""
        return self.sizes[0] if self.sizes else 0


class Unpacked:
    """The octets of a folder, unpacked only as far as they are asked for."""

    def __init__(self, folder: Folder, budget: Budget) -> None:
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


def _decoder(folder: Folder) -> _Decoder:
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


def _filter(coder: Coder) -> dict[str, int]:
    if coder.method == b"\x03":
        return {"id": lzma.FILTER_DELTA, "dist": coder.properties[0] + 1}
    if coder.method not in _FILTERS:
        raise ValueError
    return {"id": _FILTERS[coder.method]}


def _lzma(coder: Coder, size: int) -> dict[str, int]:
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
