"""Whole messages and more kinds of files for the corpora of the check of messages. Nothing here can run."""

import lzma
import struct
import zlib
from collections.abc import Mapping, Sequence

from preflight.subject import MessageSource, Subject
from preflight.testing import report_of
from preflight_checks.message import CHECK
from tests.unit.mail_samples import doc, zipped

PARAGRAPH = (
    "Please find the minutes of our meeting below. We talked about the plans for the winter and agreed on\n"
    "three steps, which Anna wrote down. The next meeting is on Monday at ten, in the small room upstairs.\n"
)
TEXT = PARAGRAPH * 12
HEADER = {
    "Received": "from mail.example.com (mail.example.com [192.0.2.25]) by mx.example.net; "
    "Mon, 23 Nov 2026 10:00:02 +0000",
    "From": "Anna <anna@example.com>",
    "To": "Bert <bert@example.net>",
    "Subject": "Minutes of the meeting on Monday",
    "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
    "Message-ID": "<20261123100000.4711@mail.example.com>",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=us-ascii",
}


def letter(text: str | bytes = TEXT, extra: Sequence[str] = (), **fields: str | None) -> bytes:
    """A finished message that no rule has anything against; fields are changed by name (`_` for `-`), or left out by
    `None`; `extra` lines stand at the end of the header. Lines end in CRLF."""
    changed = {name.replace("_", "-").lower(): value for name, value in fields.items()}
    lines = []
    for name, value in HEADER.items():
        given = changed.pop(name.lower(), value)
        if given is not None:
            lines.append(f"{name}: {given}")
    lines += [f"{name.title()}: {value}" for name, value in changed.items() if value is not None]
    head = "\r\n".join([*lines, *extra, "", ""]).encode("utf-8", "surrogateescape")
    body = text.encode("utf-8") if isinstance(text, str) else text
    return head + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def with_html(html: str, plain: str | None = TEXT, **fields: str | None) -> bytes:
    """A message of plain text and HTML, or of HTML alone."""
    if plain is None:
        return letter(html, Content_Type="text/html; charset=utf-8", Content_Transfer_Encoding="8bit", **fields)
    body = (
        f"--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{html}\n--b--\n"
    )
    return letter(body, Content_Type='multipart/alternative; boundary="b"', **fields)


def page(inside: str = "") -> str:
    """An HTML page with the usual text in it, and something more at its end."""
    return f"<html><body><p>{TEXT}</p>\n{inside}\n</body></html>"


def with_file(
    content: bytes,
    name: str | None = "file.bin",
    kind: str = "application/octet-stream",
    disposition: str | None = None,
    encoding: str = "base64",
) -> bytes:
    """A message with one attachment; `disposition` is the whole field in place of the usual one."""
    import base64

    body = base64.encodebytes(content).decode() if encoding == "base64" else content.decode("latin-1")
    if disposition is None:
        disposition = f'attachment; filename="{name}"' if name is not None else "attachment"
    parts = (
        f"--b\nContent-Type: text/plain; charset=us-ascii\n\n{TEXT}\n"
        f"--b\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n"
        f"Content-Disposition: {disposition}\n\n{body}\n--b--\n"
    )
    return letter(parts.encode("utf-8"), Content_Type='multipart/mixed; boundary="b"')


def outcomes(octets: bytes) -> dict[str, set[str]]:
    """The short names of the rules that did not pass, by status."""
    report = report_of(CHECK, Subject(message=MessageSource("mail.eml", octets)), {})
    found: dict[str, set[str]] = {}
    for judged in report.findings:
        found.setdefault(judged.finding.status.value, set()).add(judged.finding.rule.removeprefix("message/"))
    found.pop("pass", None)
    assert found.pop("skipped") == {"envelope-differs"}  # no envelope sender is given here
    return found


def broken(octets: bytes) -> set[str]:
    """The short names of the rules that failed; `?` before those that could not be told."""
    found = outcomes(octets)
    assert found.keys() <= {"fail", "inconclusive"}
    return found.get("fail", set()) | {f"?{rule}" for rule in found.get("inconclusive", ())}


# 7z -----------------------------------------------------------------------------------------------------------------


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    return b"\xff" + struct.pack("<Q", value)


def seven(
    files: Mapping[str, bytes],
    method: str = "lzma2",
    *,
    packed_header: bool = False,
    encrypted: bool = False,
    folders: Sequence[str] = (),
) -> bytes:
    """A 7z archive, all files in one folder of it; `folders` are empty directories."""
    plain = b"".join(files.values())
    packed, coder = _seven_pack(plain, method)
    if encrypted:
        coder = b"\x24\x06\xf1\x07\x01" + _number(2) + b"\x00\x00"
    names = "".join(f"{name}\0" for name in [*files, *folders]).encode("utf-16-le")
    count = len(files) + len(folders)
    empty = bytearray((count + 7) // 8)
    for place in range(len(files), count):
        empty[place // 8] |= 0x80 >> place % 8
    info = b"\x04\x06\x00\x01\x09" + _number(len(packed)) + b"\x00"
    info += b"\x07\x0b\x01\x00" + b"\x01" + coder + b"\x0c" + _number(len(plain)) + b"\x00"
    sizes = [len(content) for content in files.values()]
    info += b"\x08\x0d" + _number(len(sizes))
    info += (b"\x09" + b"".join(map(_number, sizes[:-1])) if len(sizes) > 1 else b"") + b"\x00\x00"
    listing = b"\x05" + _number(count)
    if folders:
        listing += b"\x0e" + _number(len(empty)) + bytes(empty)
    listing += b"\x11" + _number(len(names) + 1) + b"\x00" + names + b"\x00"
    header = b"\x01" + info + listing + b"\x00"
    body = packed
    if packed_header:
        squeezed, coder = _seven_pack(header, "lzma")
        pointer = b"\x17\x06" + _number(len(body)) + b"\x01\x09" + _number(len(squeezed)) + b"\x00"
        pointer += b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + _number(len(header)) + b"\x00\x00"
        body, header = body + squeezed, pointer
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def _seven_pack(plain: bytes, method: str) -> tuple[bytes, bytes]:
    size = 1 << 20
    if method == "lzma2":
        packed = lzma.compress(plain, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": size}])
        return packed, b"\x21\x21\x01\x10"
    if method == "lzma":
        packed = lzma.compress(plain, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": size}])
        return packed, b"\x23\x03\x01\x01\x05\x5d" + struct.pack("<I", size)
    if method == "deflate":
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return engine.compress(plain) + engine.flush(), b"\x03\x04\x01\x08"
    if method == "bzip2":
        import bz2

        return bz2.compress(plain), b"\x03\x04\x02\x02"
    if method == "ppmd":
        return plain, b"\x23\x03\x04\x01\x05\x06\x00\x00\x00\x01"
    return plain, b"\x01\x00"


# RAR ----------------------------------------------------------------------------------------------------------------


def _vint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _block(fields: bytes) -> bytes:
    sized = _vint(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(sized)) + sized


def rar5(files: Mapping[str, bytes], *, method: int = 0, encrypted: bool = False, sealed: bool = False) -> bytes:
    """A RAR 5 archive; `method` 0 is stored; `sealed` encrypts the directory as well."""
    out = b"Rar!\x1a\x07\x01\x00"
    if sealed:
        return out + _block(_vint(4) + _vint(0) + bytes(30)) + bytes(64)
    out += _block(_vint(1) + _vint(0) + _vint(0))
    for name, content in files.items():
        extra = _vint(2) + _vint(1) + b"\x00" if encrypted else b""
        fields = _vint(2) + _vint(3 if extra else 2) + (_vint(len(extra)) if extra else b"") + _vint(len(content))
        fields += _vint(0) + _vint(len(content)) + _vint(0o644) + _vint(method << 7) + _vint(1)
        fields += _vint(len(name.encode())) + name.encode() + extra
        out += _block(fields) + content
    return out + _block(_vint(5) + _vint(0) + _vint(0))


def _old_block(kind: int, flags: int, fields: bytes) -> bytes:
    body = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body


def rar4(files: Mapping[str, bytes], *, method: int = 0x30, encrypted: bool = False, sealed: bool = False) -> bytes:
    """A RAR 4 archive."""
    out = b"Rar!\x1a\x07\x00" + _old_block(0x73, 0x80 if sealed else 0, bytes(6))
    for name, content in files.items():
        raw = name.encode()
        sizes = struct.pack("<IIBIIBBHI", len(content), len(content), 2, 0, 0, 20, method, len(raw), 0x20)
        out += _old_block(0x74, 0x8000 | (4 if encrypted else 0), sizes + raw) + content
    return out + _old_block(0x7B, 0, b"")


# Documents ----------------------------------------------------------------------------------------------------------


def ole(*streams: str) -> bytes:
    """An OLE file with these names in its directory."""
    octets = doc()
    for name in streams:
        octets += name.encode("utf-16-le").ljust(64, b"\0") + bytes(64)
    return octets


def office(*more: str) -> bytes:
    """An Office document of today, with more files in it."""
    return zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>", **dict.fromkeys(more, b"x")})


def onenote(*embedded: bytes) -> bytes:
    """A OneNote section with files in it."""
    mark = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
    octets = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(100)
    for content in embedded:
        octets += mark + struct.pack("<QIQ", len(content), 0, 0) + content + bytes(16)
    return octets


def tnef(files: Mapping[str, bytes], long_names: Mapping[str, str] | None = None) -> bytes:
    """A winmail.dat with files in it; `long_names` has the long name of a short one."""

    def attribute(level: int, number: int, data: bytes) -> bytes:
        checksum = struct.pack("<H", sum(data) & 0xFFFF)
        return struct.pack("<BII", level, number, len(data)) + data + checksum

    octets = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x00010000))
    for name, content in files.items():
        octets += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, name.encode() + b"\0")
        octets += attribute(2, 0x0006800F, content)
        if long_name := (long_names or {}).get(name):
            text = long_name.encode("utf-16-le") + b"\0\0"
            properties = struct.pack("<IHHII", 1, 0x001F, 0x3707, 1, len(text)) + text
            octets += attribute(2, 0x00069005, properties)
    return octets


def fat() -> bytes:
    """The boot sector of a floppy disk, and an empty rest."""
    sector = bytearray(1024)
    sector[0:3] = b"\xeb\x3c\x90"
    sector[54:59] = b"FAT12"
    sector[510:512] = b"\x55\xaa"
    return bytes(sector)
