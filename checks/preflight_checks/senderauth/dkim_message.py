"""A message as SMTP carries it, which is what signatures are made over: every line ends in CRLF (RFC 6376 5.3)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import assert_never

from preflight.findings import Evidence, Place
from preflight.text import visible
from preflight_checks.mailfile.dates import received_at
from preflight_checks.mailfile.headers import Field, Header, read_header
from preflight_checks.mailfile.parsing import NoMail, find_message, why_no_mail

_BREAK = re.compile(rb"\r?\n")
_EXCERPT = 160
_FROM_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_DOT_STUFFED = re.compile(rb"^\.\.", re.MULTILINE)


class Alteration(StrEnum):
    """What programs do to a body when they put it into a file, and which can be undone."""

    FROM_QUOTED = "from-quoted"
    """`>` before lines that begin with `From `, as in an mbox (RFC 4155)."""
    DOT_STUFFED = "dot-stuffed"
    """A second dot before lines that begin with one, as on the wire (RFC 5321 4.5.2)."""


@dataclass(frozen=True, eq=False)
class Carried:
    """A message as SMTP carries it. `header` is as in the file, `body` has each line ended by CRLF.

    `octets` is the file and `label` its name, for saying where something stands.
    """

    label: str
    octets: bytes = field(repr=False)
    header: Header = field(repr=False)
    body: bytes = field(repr=False)

    def __str__(self) -> str:
        return "message"

    @cached_property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """Each header field: its name, and what stands behind the colon, up to and with the last CRLF."""
        return [(one.name.encode("ascii"), with_crlf(one.octets)) for one in self.header.fields]

    @property
    def received(self) -> datetime | None:
        """When the last server on its way took it; `None` for a message that nobody has taken yet."""
        first = self.header.first("Received")
        return received_at(first.raw) if first is not None else None

    def named(self, name: str) -> list[Field]:
        """The header fields of a name, the first one first."""
        wanted = name.lower()
        return [one for one in self.header.fields if one.name.lower() == wanted]

    def evidence(self, one: Field) -> Evidence:
        """The place of a header field in the file, and how the field begins."""
        line = self.octets.count(b"\n", 0, one.offset) + 1
        shown = visible(f"{one.name}: {one.raw}", limit=_EXCERPT)
        return Evidence("message", f"line {line}, column 1", shown, Place(self.label, line, 1))

    def restored(self, alteration: Alteration) -> bytes:
        """The body with what a mail store may have done to it undone."""
        match alteration:
            case Alteration.FROM_QUOTED:
                return _FROM_QUOTED.sub(rb"\1", self.body)
            case Alteration.DOT_STUFFED:
                return _DOT_STUFFED.sub(rb".", self.body)
            case _ as never:
                assert_never(never)


def read_carried(label: str, octets: bytes) -> Carried | NoMail:
    """The message in a file as it is carried; or why there is none. Takes any octets."""
    found = find_message(octets)
    if isinstance(found, NoMail):
        return found
    octets, start = found
    header, body = read_header(octets, start, len(octets))
    if not header.fields:
        return why_no_mail(octets, start)
    return Carried(label, octets, header, with_crlf(octets[body:], end=False))


def with_crlf(text: bytes, *, end: bool = True) -> bytes:
    """Octets with each line ended by CRLF; with `end` the last one too, should it lack its line break."""
    is_carried = text.count(b"\n") == text.count(b"\r\n")  # as mail in a file often is; much faster to tell
    lines = text if is_carried else _BREAK.sub(b"\r\n", text)
    return lines if not end or lines.endswith(b"\r\n") else lines + b"\r\n"
