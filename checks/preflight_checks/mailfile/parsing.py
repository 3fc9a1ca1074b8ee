"""A message file cut into its header and its MIME parts (RFC 5322, RFC 2046).

It works on the octets of the file, so that each field and part keeps its offset, and never recurses: the standard
parser does, one level a nested part, and takes time that grows with the square of the nesting.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import islice

from preflight_checks.mailfile.headers import Field, Header, Parameters, read_header
from preflight_checks.mailfile.transfer import IDENTITY, decode_transfer, encoding_name

MAX_PARTS = 1000  # Exchange Online takes 250
MAX_DEPTH = 30  # of parts in parts; Exchange Online takes 30 messages in one another
MAX_DASHED = 100_000  # lines that begin with `--`, each of which may end a part
MAX_DASHES = 500_000  # places with `--` that are looked at for that

_CHUNK = 1024 * 1024
MAX_UUENCODED = 100  # files in one text

# The line after `begin` starts with its count of octets: 45 in all lines but the last (`M`).
_UU = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n(?:[!-`][ -`]*\r?\n)+?(?:`?\r?\n)?end\b", re.MULTILINE)
_NEXT_MESSAGE = re.compile(  # RFC 4155, appendix A: an empty line before, a time at its end
    rb"\n\r?\nFrom \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d)?[^\n]{0,40} \d{4}\r?\n[!-9;-~]+:"
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_ATTACHED_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"})


class NoMail(StrEnum):
    """Why a file is no mail message."""

    EMPTY = "empty"
    UTF16 = "utf-16"
    OUTLOOK = "outlook"
    BINARY = "binary"
    BLANK_LINE = "blank-line"
    NO_FIELD = "no-field"
    MAILBOX = "mailbox"


class Gap(StrEnum):
    """Why not all parts of a message are known."""

    TOO_MANY = "too-many"
    TOO_DEEP = "too-deep"
    NO_BOUNDARY = "no-boundary"


@dataclass(frozen=True, eq=False)
class Part:
    """A MIME part: its header, and its body at `octets[start:end]`.

    `is_leaf` is false where its own parts follow it in `Mail.parts`. `attached` is true inside an attached message.
    """

    header: Header
    octets: bytes = field(repr=False)
    start: int
    end: int
    depth: int
    default_type: str
    attached: bool

    @cached_property
    def _type(self) -> Parameters:
        return Parameters(self.header.raw("Content-Type"))

    @cached_property
    def _disposition(self) -> Parameters:
        return Parameters(self.header.raw("Content-Disposition"))

    @cached_property
    def content_type(self) -> str:
        """`text/plain` and the like, lower case; what cannot be read counts as the default (RFC 2045 5.2)."""
        return self._type.value if _TYPE.fullmatch(self._type.value) else self.default_type

    @property
    def is_type_broken(self) -> bool:
        """Whether it has a Content-Type that cannot be read, or is made of parts and names no boundary."""
        if self.header.first("Content-Type") is None:
            return False
        return not _TYPE.fullmatch(self._type.value) or (self.is_multipart and not self.boundary)

    @property
    def is_ascii(self) -> bool:
        """Whether its octets, as they travel, are all ASCII. Looked at in chunks, since there may be many."""
        return all(self.octets[at : min(at + _CHUNK, self.end)].isascii() for at in range(self.start, self.end, _CHUNK))

    @property
    def boundary(self) -> bytes:
        """What its parts are divided by; empty where none is given."""
        return self._type.get("boundary").rstrip().encode("utf-8")

    @property
    def charset(self) -> str:
        """The charset that it names, lower case; empty for none."""
        return self._type.get("charset").strip().lower()

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """All file names that it is given, decoded: of Content-Disposition first, then of Content-Type."""
        names = (*self._disposition.all("filename"), *self._type.all("name"))
        return tuple(dict.fromkeys(name for name in names if name.strip()))

    @property
    def is_multipart(self) -> bool:
        """Whether it is made of parts."""
        return self.content_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        """Whether it is a whole message."""
        return self.content_type in _ATTACHED_MESSAGES

    @property
    def is_attachment(self) -> bool:
        """Whether it is an attachment: it has a file name, says so, or is a leaf that is no text."""
        if self.file_names or self._disposition.value == "attachment":
            return True
        return not (self.is_multipart or self.is_message or self.content_type.startswith("text/"))

    @property
    def encoding(self) -> str:
        """The name of its transfer encoding, empty for none."""
        return encoding_name(self.header.raw("Content-Transfer-Encoding"))

    def content(self) -> bytes | None:
        """Its octets, transfer encoding undone; `None` when that encoding is unknown."""
        return decode_transfer(self.octets, self.encoding, self.start, self.end)


@dataclass(frozen=True, eq=False)
class Mail:
    """A message: its size in octets, its header, and all its parts in their order, itself the first.

    `gap` says why some parts may be missing.
    """

    size: int
    parts: tuple[Part, ...]
    gap: Gap | None = None

    @property
    def header(self) -> Header:
        """The header of the message itself."""
        return self.parts[0].header

    @cached_property
    def attachments(self) -> tuple[Part, ...]:
        """The attachments, those of attached messages and those uuencoded in a text included."""
        found: list[Part] = []
        for part in self.parts:
            if part.is_attachment:
                found.append(part)
            elif part.content_type == "text/plain":
                found += uuencoded(part)
        return tuple(found)

    @cached_property
    def texts(self) -> tuple[Part, ...]:
        """The parts that make the body: plain text and HTML that is neither an attachment nor inside one."""
        return tuple(
            part
            for part in self.parts
            if part.content_type in {"text/plain", "text/html"} and not part.is_attachment and not part.attached
        )

    @property
    def is_sealed(self) -> bool:
        """Whether the body is inside an envelope of S/MIME or PGP, where only its recipient can look."""
        return any(part.content_type in _SEALED for part in self.parts)

    def __str__(self) -> str:
        return "message"


def uuencoded(part: Part) -> list[Part]:
    """The files that stand in a text between `begin 644 name` and `end`, as if each were a part (POSIX, uuencode)."""
    is_plain = part.encoding in IDENTITY
    if is_plain and part.octets.find(b"begin ", part.start, part.end) < 0:
        return []
    content = part.content() or b""
    return [
        Part(_uu_header(found[1], part), content, found.start(), found.end(), part.depth + 1, "text/plain", True)
        for found in islice(_UU.finditer(content), MAX_UUENCODED)
    ]


def _uu_header(name: bytes, part: Part) -> Header:
    quoted = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    at = part.start
    return Header(
        (
            Field("Content-Type", b"application/octet-stream", at),
            Field("Content-Disposition", b'attachment; filename="' + quoted + b'"', at),
            Field("Content-Transfer-Encoding", b"x-uuencode", at),
        )
    )


def read_mail(octets: bytes) -> Mail | NoMail:
    """The message in a file, or why there is none. See `find_message` for what is passed over."""
    size = len(octets)
    found = find_message(octets)
    if isinstance(found, NoMail):
        return found
    octets, start = found
    header, body = read_header(octets, start, size)
    if not header.fields:
        return why_no_mail(octets, start)
    root = Part(header, octets, body, size, 0, "text/plain", attached=False)
    return _Walk(root).mail(size)


def find_message(octets: bytes) -> tuple[bytes, int] | NoMail:
    """The octets of a file with their line breaks as LF or CRLF, and where the header begins; or why there is none.

    Lines may end in LF, CRLF or CR; a UTF-8 byte-order mark and the `From ` line of an mbox are passed over.
    """
    if octets.isspace() or not octets:
        return NoMail.EMPTY
    if octets[:2] in {b"\xff\xfe", b"\xfe\xff"} or _is_utf16(octets[:64]):
        return NoMail.UTF16
    if octets.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return NoMail.OUTLOOK
    if b"\n" not in octets:
        octets = octets.replace(b"\r", b"\n")
    start = 3 if octets.startswith(b"\xef\xbb\xbf") else 0
    if octets.startswith((b"From ", b">From "), start):
        start = octets.find(b"\n", start) + 1 or len(octets)
        if _NEXT_MESSAGE.search(octets, start):
            return NoMail.MAILBOX
    return octets, start


def mail_header(octets: bytes) -> Header:
    """The header of the message in a file; empty where there is none. Nothing of its body is looked at."""
    found = find_message(octets)
    if isinstance(found, NoMail):
        return Header(())
    octets, start = found
    return read_header(octets, start, len(octets))[0]


def _is_utf16(head: bytes) -> bool:
    return len(head) > 8 and (not any(head[0::2]) or not any(head[1::2])) and any(head)


def why_no_mail(octets: bytes, start: int) -> NoMail:
    """Why there is no header field at the place where the header should begin."""
    head = octets[start : start + 1024]
    if b"\0" in head:
        return NoMail.BINARY
    return NoMail.BLANK_LINE if head.startswith((b"\n", b"\r\n")) else NoMail.NO_FIELD


class _Walk:
    """Takes a message apart, from the outside in, within the limits."""

    def __init__(self, root: Part) -> None:
        self._stack = [root]
        self._parts: list[Part] = []
        self._gap: Gap | None = None
        self._dashed: dict[int, list[int]] = {}  # by the identity of octets that a part keeps alive
        self._dashes_left = MAX_DASHES

    def mail(self, size: int) -> Mail:
        """The message with all its parts."""
        while self._stack:
            part = self._stack.pop()
            self._parts.append(part)
            room = MAX_PARTS - len(self._parts) - len(self._stack)
            children = list(islice(self._children(part), room + 1))
            if len(children) > room:
                self._note(Gap.TOO_MANY)
            self._stack += reversed(children[:room])
        return Mail(size, tuple(self._parts), self._gap)

    def _note(self, gap: Gap) -> None:
        self._gap = self._gap or gap

    def _children(self, part: Part) -> Iterator[Part]:
        if not (part.is_multipart or part.is_message):
            return
        if part.depth >= MAX_DEPTH:
            self._note(Gap.TOO_DEEP)
        elif part.is_message:
            yield from self._message(part)
        else:
            default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
            for start, end in self._split(part):
                header, body = read_header(part.octets, start, end)
                yield Part(header, part.octets, body, end, part.depth + 1, default, part.attached)

    def _message(self, part: Part) -> Iterator[Part]:
        """The message in a part. RFC 2046 5.2.1 forbids to encode it; some programs do."""
        octets, start, end = part.octets, part.start, part.end
        if part.encoding not in {"", "7bit", "8bit", "binary"}:
            octets = part.content() or b""
            start, end = 0, len(octets)
        header, body = read_header(octets, start, end)
        yield Part(header, octets, body, end, part.depth + 1, "text/plain", attached=True)

    def _split(self, part: Part) -> Iterator[tuple[int, int]]:
        """Where the parts of a multipart begin and end (RFC 2046 5.1.1); the last one may lack its end."""
        octets, end, delimiter = part.octets, part.end, b"--" + part.boundary
        opened = -1
        found = False
        for at in self._dashed_lines(octets, part.start, end) if part.boundary else ():
            if not octets.startswith(delimiter, at, end):
                continue
            line_end = octets.find(b"\n", at, end)
            rest = octets[at + len(delimiter) : line_end if line_end >= 0 else end]
            closes = rest.startswith(b"--")
            if rest[2 if closes else 0 :].strip(b" \t\r"):
                continue  # a longer boundary, of other parts, that begins like this one
            found = True
            if opened >= 0:
                yield opened, _before_line(octets, opened, at)
            opened = -1 if closes or line_end < 0 else line_end + 1
            if closes:
                break
        if opened >= 0:
            yield opened, end
        if not found:
            self._note(Gap.NO_BOUNDARY)

    def _dashed_lines(self, octets: bytes, start: int, end: int) -> list[int]:
        """The offsets from `start` to `end` of lines that begin with `--`; each file is searched once."""
        if id(octets) not in self._dashed:
            self._dashed[id(octets)] = self._find_dashed(octets)
        lines = self._dashed[id(octets)]
        return lines[bisect_left(lines, start) : bisect_left(lines, end)]

    def _find_dashed(self, octets: bytes) -> list[int]:
        lines: list[int] = []
        at = octets.find(b"--")
        while at >= 0:
            if len(lines) >= MAX_DASHED or self._dashes_left <= 0:
                self._note(Gap.TOO_MANY)
                break
            self._dashes_left -= 1
            if at == 0 or octets[at - 1] == 0x0A:
                lines.append(at)
            at = octets.find(b"\n", at)  # no line begins before
            at = octets.find(b"--", at) if at >= 0 else at
        return lines


def _before_line(octets: bytes, start: int, line: int) -> int:
    """The end of what comes before a line: the break before a delimiter belongs to the delimiter."""
    at = line - 1
    if at > start and octets[at - 1] == 0x0D:
        at -= 1
    return max(at, start)
