"""Where in the user's files a finding points, for formats that a forge or an editor reads."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from preflight.findings import Evidence, Place
from preflight.render import RenderOptions
from preflight.report import Judged, Report

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file. `path` is relative to the top of the checkout, or absolute where it is not within.

    `line` and `column` count from 1, the column in characters; each is 0 where it is not known.
    """

    path: str
    line: int = 0
    column: int = 0

    @property
    def is_absolute(self) -> bool:
        """Whether the file is outside the checkout."""
        return self.path.startswith("/")

    @property
    def uri(self) -> str:
        """The path as a URI (RFC 3986): relative, or `file:///…`."""
        try:
            octets = os.fsencode(self.path)
        except UnicodeEncodeError:  # a surrogate that stands for no octet of a file name
            octets = self.path.encode("utf-8", "backslashreplace")
        path = quote(octets, safe="/-._~!$&'()*+,;=@")
        return f"file://{path}" if self.is_absolute else path


def spots(judged: Judged, report: Report, options: RenderOptions) -> list[Spot]:
    """The places that the evidence of a finding has, each once."""
    found = (_spot(one, report, options) for one in judged.finding.evidence)
    return list(dict.fromkeys(spot for spot in found if spot))


def nearest_file(judged: Judged, report: Report, options: RenderOptions) -> Spot | None:
    """A file to point at where the evidence has no place: the message for what was seen in it, else preflight.toml."""
    if any(one.source == "message" for one in judged.finding.evidence) and report.subject.message:
        spot = _named(report.subject.message.label, options)
        if spot:
            return spot
    return _named(options.config, options) if options.config else None


def _spot(one: Evidence, report: Report, options: RenderOptions) -> Spot | None:
    place = one.place
    spot = _named(place.file, options) if place else None
    if place is None or spot is None:
        return None
    return Spot(spot.path, place.line, _column(place, one, report))


def _named(file: str, options: RenderOptions) -> Spot | None:
    if file in ("", _STDIN):
        return None
    if not options.folder:
        return Spot(os.path.normpath(file))
    path = os.path.normpath(os.path.join(options.folder, file))  # noqa: PTH118 - a name, whether or not there is a file
    inside = os.path.commonpath([path, options.root]) == options.root
    return Spot(os.path.relpath(path, options.root) if inside else path)


def _column(place: Place, one: Evidence, report: Report) -> int:
    """The column in characters. Places count octets, which is the same as long as all of the line is ASCII."""
    message = report.subject.message
    if place.column < 2 or message is None or message.label != place.file:
        return place.column if one.seen.isascii() else min(place.column, 1)
    line = next((line for number, line in enumerate(_lines(message.data), 1) if number == place.line), b"")
    try:
        return len(line[: place.column - 1].decode("utf-8")) + 1
    except UnicodeDecodeError:
        return 0


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines of a file; where it has no LF at all, each CR ends one (old Macintosh)."""
    newline = b"\n" if b"\n" in data else b"\r"
    start = 0
    while start <= len(data):
        end = data.find(newline, start)
        end = len(data) if end < 0 else end
        yield data[start:end]
        start = end + 1
