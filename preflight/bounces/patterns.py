"""Patterns by which a reply is known: a small part of regular expressions that always ends in short time.

A pattern is written in small letters, over the reply as `replies.py` brings it into shape. On top of characters,
classes (`\\d`, `[0-9a-f]`), groups and alternatives it has

- a space: one space or none, since bounces are folded in odd places;
- `{5.7.1}`: that enhanced code and no longer number, `{x.7.1}`: of class 4 or 5, `{5.7.606-649}`: any of the range.

Repeats need an upper bound, groups are not repeated, and the outermost level has no alternatives (those are two
patterns) but at least four characters in a row that stand in every reply which matches. They are looked for first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_MARK = re.compile(
    r"""
    (?P<status>\{[x45]\.\d{1,3}\.\d{1,3}(?:-\d{1,3})?\})
    | (?P<repeat>\{\d{1,3}(?:,\d{1,3})?\}|\?)
    | (?P<class>\\[dDwWsSbB]|\[(?:\\.|[^\]\\])+\]|[.^$])
    | (?P<open>\((?:\?(?::|=|!|<!))?)
    | (?P<close>\))
    | (?P<either>\|)
    | (?P<refused>[*+{}\]]|\\[0-9A-Za-z]|[A-Z]|\\\Z)
    | (?P<character>\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MOST = 100  # how often a repeat may repeat
_STEPS = 20_000  # product of the bounds of all repeats: what one place in the text may cost
_SHORTEST = 4  # characters that are looked for first
_SHORTEST_CJK = 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern: `literal` stands, white space taken out, in each reply that matches; `regex` is for `re`."""

    literal: str
    regex: str

    def found_in(self, plain: str, squeezed: str) -> bool:
        """Whether either shape of a reply matches."""
        search = _compiled(self.regex).search
        return bool(search(plain) or search(squeezed))


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when first needed: of some hundred patterns a run needs a few."""
    return re.compile(regex)


def read_pattern(text: str) -> Pattern:
    """Check a pattern. Raises `ValueError` that says what is wrong with it."""
    regex: list[str] = []
    run = longest = ""
    depth, steps = 0, 1
    before = "start"
    for kind, mark in _marks(text):
        piece, plain = mark, ""
        if kind == "refused":
            raise ValueError(f"{mark!r} is not for patterns; letters are small, repeats have a bound: {{0,40}}")
        if kind == "repeat":
            if before in {"start", "open", "either", "repeat"} or (before == "close" and mark != "?"):
                raise ValueError(f"{mark!r} repeats nothing that may be repeated")
            if len(regex) == 1:
                raise ValueError(f"begins with something repeated: {mark!r}")
            most = 1 if mark == "?" else int(mark.strip("{}").rpartition(",")[2])
            if most > _MOST:
                raise ValueError(f"{mark!r} repeats more than {_MOST} times")
            steps *= max(1, most)
            longest, run = max(longest, run[:-1], key=len), ""
        elif kind == "open":
            depth += 1
            piece = "(?:" if mark == "(" else mark
        elif kind == "close":
            depth -= 1
            if depth < 0:
                raise ValueError("a bracket is not opened")
        elif kind == "class":
            _check_class(mark)
        elif kind == "either" and depth == 0:
            raise ValueError("alternatives on the outermost level: write two patterns")
        elif kind == "status":
            piece, plain = _status(mark)
        elif kind == "character":
            piece, plain = (" ?", "") if mark == " " else (mark, mark[-1])
        if kind in {"character", "status"} and depth == 0:
            run += plain
        if kind not in {"character", "repeat"} and not (kind == "status" and "-" not in mark):
            longest, run = max(longest, run, key=len), ""
        regex.append(piece)
        before = kind
    longest = max(longest, run, key=len)
    if len(longest) < (_SHORTEST if longest.isascii() else _SHORTEST_CJK):
        raise ValueError(f"has no {_SHORTEST} characters in a row that always stand in the reply")
    if steps > _STEPS:
        raise ValueError("has too many repeats, or too long ones")
    if depth:
        raise ValueError("a bracket is not closed")
    return Pattern(longest, "".join(regex))


@cache
def _check_class(mark: str) -> None:
    try:
        re.compile(mark)
    except re.error as error:
        raise ValueError(f"{mark!r}: {error}") from error


def _marks(text: str) -> Iterator[tuple[str, str]]:
    for found in _MARK.finditer(text):
        yield found.lastgroup or "", found[0]


def _status(mark: str) -> tuple[str, str]:
    """What a code in braces is for `re`, and the characters that always stand in it."""
    start, _, last = mark.strip("{}").partition("-")
    class_, subject, first = start.split(".")
    numbers = [str(number) for number in range(int(first), int(last or first) + 1)]
    stem = f".{subject}." if class_ == "x" else f"{class_}.{subject}."
    regex = f"{'[45]' if class_ == 'x' else class_}\\.{subject}\\.(?:{'|'.join(numbers)})"
    return rf"(?<![\d.]){regex}(?!\.?\d)", stem + (first if len(numbers) == 1 else "")
