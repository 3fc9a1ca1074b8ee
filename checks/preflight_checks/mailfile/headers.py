"""Header fields (RFC 5322 2.2), encoded words (RFC 2047) and parameters (RFC 2045 5.1, RFC 2231)."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

from preflight import charsets
from preflight_checks.mailfile.transfer import decode_base64

MAX_FIELDS = 1000
MAX_HEADER = 1024 * 1024  # octets; Exchange Online takes a quarter of it
_MAX_PARAMETERS = 64 * 1024  # characters of a field that are searched for parameters

# RFC 5322 2.2 allows any printable ASCII in a name but the colon; 4.5 allows white space before the colon.
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_WORD = re.compile(r"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*)\?=")
_SEGMENT = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+', re.DOTALL)
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*?)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Field:
    """A header field: its name, the octets after the colon with their line breaks, and its offset in the file."""

    name: str
    octets: bytes
    offset: int

    @cached_property
    def raw(self) -> str:
        """The value on one line (RFC 5322 2.2.3), 8-bit octets read as `charsets.guess` does."""
        return charsets.guess(re.sub(rb"\r?\n", b"", self.octets)).strip(" \t\r")

    @cached_property
    def text(self) -> str:
        """The value with its encoded words decoded."""
        return decode_words(self.raw)


@dataclass(frozen=True, eq=False)
class Header:
    """The fields of a message or of a part, in their order.

    `complete` is false when there was more than is looked at: `MAX_FIELDS`, `MAX_HEADER`.
    """

    fields: tuple[Field, ...]
    complete: bool = True

    def first(self, name: str) -> Field | None:
        """The first field of a name, in any case."""
        wanted = name.lower()
        return next((field for field in self.fields if field.name.lower() == wanted), None)

    def raw(self, name: str) -> str:
        """The value of the first field of a name as it stands there; empty without one."""
        field = self.first(name)
        return field.raw if field else ""


def read_header(octets: bytes, start: int, end: int) -> tuple[Header, int]:
    """The header that begins at `start`, and the offset of the body after it.

    An empty line ends the header, and so does a line that is no field (servers put the missing empty line there).
    Lines end in LF or CRLF.
    """
    found: list[tuple[int, int, int]] = []  # a field's offset, the offset of its value, its end
    at = start
    while at < end:
        line_end = octets.find(b"\n", at, end)
        after = line_end + 1 if line_end >= 0 else end
        if after - at <= 3 and not octets[at:after].strip(b"\r\n"):
            return _header(octets, found), after
        if len(found) >= MAX_FIELDS or after - start > MAX_HEADER:
            return _header(octets, found, complete=False), _body_after(octets, at, end)
        match = _FIELD.match(octets, at, after)
        if octets[at] in b" \t" and found:
            found[-1] = (found[-1][0], found[-1][1], after)
        elif match:
            found.append((at, match.end(), after))
        elif not (found and octets.startswith(b">From ", at)):  # mail stores leave such lines among the fields
            break
        at = after
    return _header(octets, found), at


def _header(octets: bytes, found: list[tuple[int, int, int]], *, complete: bool = True) -> Header:
    fields = (
        Field(octets[at : value - 1].rstrip(b" \t").decode("ascii"), octets[value:end], at) for at, value, end in found
    )
    return Header(tuple(fields), complete)


def _body_after(octets: bytes, at: int, end: int) -> int:
    ends = [found + len(gap) for gap in (b"\n\n", b"\n\r\n") if (found := octets.find(gap, at - 1, end)) >= 0]
    return min(ends, default=end)


def decode_words(text: str) -> str:
    """Text with its encoded words decoded (RFC 2047); those that are broken stay as they are.

    White space between two of them is dropped (6.2). Neighbours of one charset are joined before they are decoded:
    many programs cut in the middle of a character.
    """
    pieces: list[str | tuple[str, bytes]] = []
    at = 0
    for word in _WORD.finditer(text):
        between = text[at : word.start()]
        charset, octets = word[1].lower(), _word_octets(word[2], word[3])
        if pieces and not between.strip(" \t"):
            last = pieces[-1]
            if isinstance(last, tuple) and last[0] == charset:
                pieces[-1] = (charset, last[1] + octets)
            else:
                pieces.append((charset, octets))
        else:
            pieces += [between, (charset, octets)]
        at = word.end()
    pieces.append(text[at:])
    return "".join(piece if isinstance(piece, str) else charsets.decode(piece[1], piece[0]) for piece in pieces)


def _word_octets(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8")
    return decode_base64(octets) if encoding in "bB" else binascii.a2b_qp(octets, header=True)


class Parameters:
    """A field such as Content-Type: its first value, and the parameters after it."""

    def __init__(self, raw: str) -> None:
        first, *segments = _SEGMENT.findall(raw[:_MAX_PARAMETERS]) or [""]
        self.value = first.strip().lower() if not raw.lstrip().startswith(";") else ""
        if raw.lstrip().startswith(";"):
            segments = [first, *segments]
        self._plain = [(key, text) for segment in segments for key, text in _pair(segment)]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value given for a parameter, decoded, each once: RFC 2231 forms first, then plain ones.

        A parameter given twice, or in two ways, may be read in either by a mail reader.
        """
        sections: dict[int, tuple[str, bool]] = {}
        extended: list[str] = []
        plain: list[str] = []
        for key, text in self._plain:
            match = _SECTION.fullmatch(key)
            if match is None or match[1] != name:
                continue
            if match[2] is not None:
                sections.setdefault(int(match[2]), (text, bool(match[3])))
            elif match[3]:
                extended.append(_decode_sections([(text, True)]))
            else:
                plain.append(decode_words(text))
        joined = [_decode_sections([sections[number] for number in sorted(sections)])] if sections else []
        return tuple(dict.fromkeys([*extended, *joined, *plain]))

    def get(self, name: str) -> str:
        """The first of `all`; empty without one."""
        return next(iter(self.all(name)), "")


def _pair(segment: str) -> Iterator[tuple[str, str]]:
    key, equals, text = segment.partition("=")
    key, text = key.strip().lower(), text.strip()
    if not equals or not key:
        return
    if text.startswith('"'):
        quoted = re.match(r'"((?:[^"\\]|\\.)*)', text, re.DOTALL)
        text = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted else text
    yield key, text


def _decode_sections(sections: list[tuple[str, bool]]) -> str:
    """The sections of a parameter joined (RFC 2231 3, 4): the first one that is extended names the charset."""
    charset = ""
    octets = b""
    for number, (text, is_extended) in enumerate(sections):
        if is_extended and number == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        octets += unquote_to_bytes(text) if is_extended else text.encode("utf-8")
    return charsets.decode(octets, charset) if charset else charsets.guess(octets)
