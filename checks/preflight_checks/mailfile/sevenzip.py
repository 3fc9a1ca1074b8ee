"""The directory of 7z archives (7zFormat.txt of the LZMA SDK). What packs the data is read in `sevenzip_data`."""

import lzma
import struct
import zlib

from preflight_checks.mailfile.budget import Budget, CannotLookError, Entry, Obstacle, entry_names
from preflight_checks.mailfile.sevenzip_data import Coder, Folder, Unpacked

_MAX_HEADER = 4 * 1024 * 1024
_MAX_COUNT = 100_000


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
        header = Unpacked(folder, budget).read(0, folder.size)
    reader = _Reader(header)
    if reader.byte() != 1:
        raise ValueError
    folders: list[Folder] = []
    while kind := reader.byte():
        if kind == 4:
            folders = _streams(reader, content)
        elif kind == 5:
            return _files(reader, folders, budget)
        else:
            raise ValueError
    return []


def _streams(reader: _Reader, content: bytes) -> list[Folder]:
    folders: list[Folder] = []
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


def _folders(reader: _Reader) -> list[Folder]:
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


def _folder(reader: _Reader) -> tuple[Folder, int]:
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
        return Folder(coders, pack_streams=max(0, packed), is_chain=False), outputs
    (place,) = set(range(outputs)) - set(bound.values())  # the output that nothing else reads: the files
    order = [place]
    while place in bound:
        place = bound.pop(place)
        order.append(place)
    return Folder([coders[one] for one in order], sizes=order), outputs


def _coder(reader: _Reader) -> Coder:
    flags = reader.byte()
    method = reader.take(flags & 15)
    inputs, outputs = (reader.count(), reader.count()) if flags & 16 else (1, 1)
    return Coder(method, reader.take(reader.number()) if flags & 32 else b"", inputs, outputs)


def _substreams(reader: _Reader, folders: list[Folder]) -> None:
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


def _files(reader: _Reader, folders: list[Folder], budget: Budget) -> list[Entry]:
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
    unpacked = [Unpacked(folder, budget) for folder in folders]
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
