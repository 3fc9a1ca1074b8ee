"""The parts of a message, as far as a bounce needs them: read in one pass over the octets, forgiving of what is broken.

Python's own parser takes a millisecond or more for a message and reads the returned message with it. Here a part is
offsets and a few header fields; nothing is decoded before it is asked for.
"""

import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from preflight import charsets

_MAX_HEADER = 512 * 1024  # octets that are searched for the end of a header
_MAX_TEXT = 512 * 1024  # octets of a part that are read as text: what a bounce says comes first
_MAX_REPORT = 16 * 1024 * 1024  # octets of a report, which has a group of fields for each recipient
_MAX_DEPTH = 12
_MAX_PARTS = 500

_FIELD = re.compile(
    rb"^([A-Za-z][!-9;-~]{0,75})[ \t]*:[ \t]*(.*(?:\n(?:[ \t].*|(?![!-9;-~]+[ \t]*:|--|[ \t\r]*$).+))*)", re.MULTILINE
)
_NAME = re.compile(rb"[A-Za-z][!-9;-~]{0,75}[ \t]*:")
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|'([^']{1,200})'|([^\s;"']{1,200}))""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"'()]{1,64})""", re.IGNORECASE)
_WORD = re.compile(r"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*)\?=")
_GAP = re.compile(r"\?=\s+=\?")
_BLANK = re.compile(rb"\n[ \t\r]*\n")
_DROPPED = re.compile(r"<(style|script|head|title)\b|<!--", re.IGNORECASE)
_BREAK = re.compile(
    r"<(?:br|/p|p|/div|div|/tr|/li|li|/h[1-6]|/table|hr|/blockquote|/pre)\b[^<>]{0,1000}>", re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,2000}>")


@dataclass(eq=False)
class Part:
    """A message or a part of one: its octets and where its header ends. Lines end in LF alone (`lines_in_lf`)."""

    octets: bytes
    start: int
    end: int
    depth: int = 0
    default: str = "text/plain"
    _fields: dict[bytes, bytes] | None = field(default=None, repr=False)

    @cached_property
    def _body_at(self) -> int:
        """The offset of the body: after the first empty line; at the boundary that stands right below the fields; or at
        the start when the first line is no field."""
        octets, start, end = self.octets, self.start, self.end
        if octets[start : start + 1] == b"\n":
            return start + 1
        if not _NAME.match(octets, start, end):
            return start
        blank = _BLANK.search(octets, start, min(end, start + _MAX_HEADER))
        at = blank.end() if blank else end
        line = octets.find(b"\n--", start, at)
        if line < 0:
            return at
        found = _BOUNDARY.search(octets[start:line].decode("latin-1"))
        mark = next(filter(None, found.groups()), None) if found else None
        return line + 1 if mark and octets.startswith(b"--" + mark.encode("latin-1"), line + 1) else at

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The octets of the first field of each name, in lower case."""
        if self._fields is None:
            end = min(self._body_at, self.start + _MAX_HEADER)
            found = _FIELD.findall(self.octets, self.start, end)
            self._fields = {name.lower(): value for name, value in reversed(found)}
        return self._fields

    def raw(self, name: str) -> str:
        """A field on one line, its encoded words as they are; empty when there is none. The name in small letters."""
        value = self.fields.get(name.encode("ascii"), b"")
        return _one_line(value) if value else ""

    def field(self, name: str) -> str:
        """A field as text, its encoded words decoded; empty when there is none."""
        return decode_words(self.raw(name))

    @cached_property
    def type(self) -> str:
        """The type of its content, in lower case."""
        value = self.raw("content-type")
        kind = value.partition(";")[0].strip().lower().strip("\"'")
        return kind if "/" in kind else self.default

    @property
    def body(self) -> bytes:
        """What follows the header, as it stands there."""
        return self.octets[self._body_at : self.end]

    @cached_property
    def parts(self) -> "list[Part]":
        """The parts of a multipart, or of what has a boundary and calls itself something else."""
        found = _BOUNDARY.search(self.raw("content-type"))
        if self.depth >= _MAX_DEPTH or not found or self.type.startswith("message/"):
            return []
        mark = b"--" + next(group for group in found.groups() if group).encode("latin-1", "replace").rstrip()
        default = "message/rfc822" if self.type == "multipart/digest" else "text/plain"
        return [
            Part(self.octets, start, end, self.depth + 1, default)
            for start, end in _between(self.octets, mark, self._body_at, self.end)
        ]

    def walk(self) -> "Iterator[Part]":
        """It and all parts in it, in order, but for those within an attached message."""
        budget = _MAX_PARTS
        stack = [self]
        while stack and budget:
            budget -= 1
            part = stack.pop()
            yield part
            stack += reversed(part.parts)

    @cached_property
    def content(self) -> bytes:
        """The first octets of its content, without their transfer encoding."""
        most = _MAX_REPORT if self.type.startswith("message/") else _MAX_TEXT
        octets = self.octets[self._body_at : min(self.end, self._body_at + most)]
        encoding = self.raw("content-transfer-encoding").strip().lower()
        if encoding.startswith("base64"):
            return _from_base64(octets)
        if encoding.startswith("quoted"):
            return lines_in_lf(binascii.a2b_qp(octets))
        return octets

    @cached_property
    def text(self) -> str:
        """Its content as text; HTML without its tags. Text that does not fit its charset is read as if it had none."""
        found = _CHARSET.search(self.raw("content-type"))
        octets = self.content
        if octets.isascii() and b"\x1b" not in octets and b"+" not in octets:
            text = octets.decode("ascii")
        else:
            text = _decode(octets, found[1] if found else "")
        return from_html(text) if self.type == "text/html" else text

    @cached_property
    def attached(self) -> "Part | None":
        """The message in a part of type message/rfc822 (RFC 2046 5.2.1) or message/global (RFC 6532)."""
        if self.type not in {"message/rfc822", "message/global"}:
            return None
        encoding = self.raw("content-transfer-encoding").strip().lower()
        if encoding.startswith(("base64", "quoted")):
            octets = self.content
            return Part(octets, 0, len(octets), self.depth + 1)
        return Part(self.octets, self._body_at, self.end, self.depth + 1)


def read_part(octets: bytes) -> Part:
    """A message from its octets, whatever they are; a line `From …` of an mbox before it is passed over."""
    octets = lines_in_lf(octets)
    start = 0
    if octets.startswith(b"\xef\xbb\xbf"):
        start = 3
    while octets[start : start + 1] == b"\n":
        start += 1
    if octets.startswith((b"From ", b">From "), start):
        start = octets.find(b"\n", start) + 1 or len(octets)
    return Part(octets, start, len(octets))


def lines_in_lf(octets: bytes) -> bytes:
    """Octets with each line ended by LF, as they are when lines end in CRLF, CR or a mixture."""
    if b"\r" not in octets:
        return octets
    octets = octets.replace(b"\r\n", b"\n")
    return octets.replace(b"\r", b"\n") if b"\r" in octets else octets


def decode_words(text: str) -> str:
    """Text with its encoded words (RFC 2047) decoded; broken ones stay as they are."""
    if "=?" not in text:
        return text
    return _WORD.sub(_word, _GAP.sub("?==?", text))


def _word(match: re.Match[str]) -> str:
    octets = match[3].encode("utf-8")
    if match[2] in "bB":
        return _decode(_from_base64(octets), match[1])
    return _decode(binascii.a2b_qp(octets, header=True), match[1])


def _decode(octets: bytes, charset: str) -> str:
    text = charsets.decode(octets, charset) if charset else charsets.guess(octets)
    if "\ufffd" in text and charset and b"\xef\xbf\xbd" not in octets:
        return charsets.guess(octets)
    return text


def _from_base64(octets: bytes) -> bytes:
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    try:
        return lines_in_lf(binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)))
    except binascii.Error:
        return b""


def _one_line(value: bytes) -> str:
    if b"\n" in value:
        value = b" ".join(value.split())
    return (value.decode("ascii") if value.isascii() else charsets.guess(value)).strip()


def _between(octets: bytes, mark: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the parts between the lines of a boundary begin and end; the last may have no closing line."""
    begin: int | None = None
    at = start if octets.startswith(mark, start) else _line(octets, mark, start, end)
    count = 0
    while at >= 0 and count < _MAX_PARTS:
        if begin is not None:
            count += 1
            yield begin, max(begin, at - 1)
        after = octets.find(b"\n", at, end)
        if octets.startswith(b"--", at + len(mark)) or after < 0:
            return
        begin = after + 1
        at = begin if octets.startswith(mark, begin) else _line(octets, mark, begin, end)
    if begin is not None and begin < end:
        yield begin, end


def _line(octets: bytes, mark: bytes, start: int, end: int) -> int:
    """The offset of the next line that is the boundary, not one that merely begins with it; -1 when there is none."""
    at = octets.find(b"\n" + mark, start, end)
    while at >= 0:
        after = octets[at + 1 + len(mark) : at + 5 + len(mark)]
        if not after or after[:1].isspace() or after.startswith(b"--"):
            return at + 1
        at = octets.find(b"\n" + mark, at + 1, end)
    return -1


def from_html(text: str) -> str:
    """HTML as the text that a reader sees, roughly: a line a block, no tags, references resolved."""
    text = _without_dropped(text)
    text = _BREAK.sub("\n", " ".join(text.split()) if "<pre" not in text.lower() else text)
    return html.unescape(_TAG.sub(" ", text)).replace("\xa0", " ")


def _without_dropped(text: str) -> str:
    lowered = text.lower()
    kept: list[str] = []
    at = 0
    while opening := _DROPPED.search(text, at):
        closing = f"</{opening[1].lower()}>" if opening[1] else "-->"
        end = lowered.find(closing, opening.end())
        if end < 0:
            break
        kept.append(text[at : opening.start()])
        at = end + len(closing)
    return " ".join([*kept, text[at:]])
