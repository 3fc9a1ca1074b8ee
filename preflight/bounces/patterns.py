"""Patterns by which a reply is known: a small part of regular expressions that always ends in short time.

A pattern is written in small letters, over the reply as `replies.py` brings it into shape. On top of characters,
classes (`\\d`, `[0-9a-f]`), groups and alternatives it has

- a space: one space or none, since bounces are folded in odd places;
- `{5.7.1}`: that enhanced code and no longer number, `{x.7.1}`: of class 4 or 5, `{5.7.606-649}`: any of the range.

Repeats need an upper bound, groups are not repeated, and the outermost level has no alternatives (those are two
patterns). Something must stand in each reply that matches: a run of three characters (two Chinese ones), or one such
run of several. That is looked for first, which is what makes some hundred patterns fast.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile

_MARK = re.compile(
    r"""
    (?P<status>\{[x45]\.\d{1,3}\.\d{1,3}(?:-\d{1,3})?\})
    | (?P<repeat>\{\d{1,3}(?:,\d{1,3})?\}|\?)
    | (?P<anchor>\\[bB]|[\^$])
    | (?P<class>\\[dDwWsS]|\[\^?(?:\\[^a-zA-Z]|\\[dws]|[a-z0-9\x20.:/@_-])+\]|\.)
    | (?P<look>\(\?(?:=|!|<!))
    | (?P<open>\()
    | (?P<close>\))
    | (?P<either>\|)
    | (?P<refused>[*+{}\[\]]|\\[0-9A-Za-z]|[A-Z]|\\\Z)
    | (?P<character>\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MOST = 200  # how often a repeat may repeat
_STEPS = 20_000  # product of the bounds of all repeats: what one place in the text may cost
_SHORTEST = 3  # characters that are looked for first
_SHORTEST_CJK = 2
_GRAM = 3

Either = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern.

    One of `either` stands, white space taken out, in each reply that matches; `regex` is for `re`.
    """

    either: Either
    regex: str

    def found_in(self, text: str) -> bool:
        """Whether the text, in the shape of replies, has it."""
        return _compiled(self.regex).search(text) is not None


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when first needed: of some hundred patterns a run needs a few."""
    return re.compile(regex)


def read_pattern(text: str) -> Pattern:
    """Check a pattern. Raises `ValueError` that says what is wrong with it."""
    return _Reader(text).pattern()


@dataclass(slots=True)
class _Branch:
    """One of several alternatives as far as it was read: its regular expression, and what always stands in it."""

    regex: list[str] = field(default_factory=list)
    run: str = ""
    best: Either = ()

    def literal(self, characters: str, regex: str) -> None:
        self.regex.append(regex)
        self.run += characters

    def other(self, regex: str, *, required: Either = ()) -> None:
        self.end_run()
        self.regex.append(regex)
        self.best = _better(self.best, required)

    def drop_last(self) -> None:
        """What was read last may be missing."""
        self.run = self.run[:-1]
        self.end_run()

    def end_run(self) -> None:
        self.best = _better(self.best, (self.run,) if self.run else ())
        self.run = ""


class _Reader:
    """Reads one pattern, mark by mark."""

    def __init__(self, text: str) -> None:
        self.marks = [(found.lastgroup or "", found[0]) for found in _MARK.finditer(text)]
        self.at = 0
        self.steps = 1

    def pattern(self) -> Pattern:
        branches = self._branches()
        if self.at < len(self.marks):
            raise ValueError("a bracket is not opened")
        if len(branches) > 1:
            raise ValueError("alternatives on the outermost level: write two patterns")
        either = branches[0].best
        if not either or not all(len(run) >= (_SHORTEST if run.isascii() else _SHORTEST_CJK) for run in either):
            raise ValueError(f"has no {_SHORTEST} characters in a row that always stand in the reply")
        if self.steps > _STEPS:
            raise ValueError("has too many repeats, or too long ones")
        return Pattern(either, "".join(branches[0].regex))

    def _branches(self) -> list[_Branch]:
        """The alternatives up to the bracket that closes them, or the end."""
        branches = [_Branch()]
        before = ""
        while self.at < len(self.marks):
            kind, mark = self.marks[self.at]
            if kind == "close":
                break
            self.at += 1
            if kind == "either":
                branches[-1].end_run()
                branches.append(_Branch())
            else:
                self._read(kind, mark, branches[-1], before)
            before = "" if kind == "either" else kind
        branches[-1].end_run()
        return branches

    def _read(self, kind: str, mark: str, branch: _Branch, before: str) -> None:
        match kind:
            case "refused":
                raise ValueError(f"{mark!r} is not for patterns; letters are small, repeats have a bound: {{0,40}}")
            case "repeat":
                self._repeat(mark, branch, before)
            case "open" | "look":
                self._group(mark, branch)
            case "anchor":
                branch.other(mark)
            case "class":
                _check_class(mark)
                branch.other(mark)
            case "status":
                regex, stem, whole = _status(mark)
                branch.literal(stem, regex)
                if not whole:
                    branch.end_run()
            case _ if mark == " ":
                branch.literal("", " ?")
            case _:
                branch.literal(mark[-1], mark)

    def _repeat(self, mark: str, branch: _Branch, before: str) -> None:
        if before in {"", "repeat", "status", "anchor", "look"} or (before == "open" and mark != "?"):
            raise ValueError(f"{mark!r} repeats nothing that may be repeated")
        if self.at == 2 and before != "open":
            raise ValueError(f"begins with something repeated: {mark!r}")
        most = 1 if mark == "?" else int(mark.strip("{}").rpartition(",")[2])
        if most > _MOST:
            raise ValueError(f"{mark!r} repeats more than {_MOST} times")
        self.steps *= max(1, most)
        if before == "character":
            branch.drop_last()
        branch.regex.append(mark)

    def _group(self, mark: str, branch: _Branch) -> None:
        inner = self._branches()
        if self.at == len(self.marks):
            raise ValueError("a bracket is not closed")
        self.at += 1
        optional = self.at < len(self.marks) and self.marks[self.at] == ("repeat", "?")
        regex = "|".join("".join(one.regex) for one in inner)
        always = mark == "(" and not optional and all(one.best for one in inner)
        required = tuple(dict.fromkeys(run for one in inner for run in one.best)) if always else ()
        branch.other(f"{'(?:' if mark == '(' else mark}{regex})", required=required)


def _better(one: Either, other: Either) -> Either:
    """What is the rarer: the one whose shortest run is longer."""
    return max(one, other, key=lambda either: min(map(len, either), default=0))


@cache
def _check_class(mark: str) -> None:
    if "--" in mark:
        raise ValueError(f"{mark!r}: a hyphen stands first or last in a class")
    try:
        re.compile(mark)
    except re.error as error:
        raise ValueError(f"{mark!r}: {error}") from error


def _status(mark: str) -> tuple[str, str, bool]:
    """What a code in braces is for `re`, the characters that always stand in it, and whether those are its last."""
    start, _, last = mark.strip("{}").partition("-")
    class_, subject, first = start.split(".")
    numbers = [str(number) for number in range(int(first), int(last or first) + 1)]
    stem = f".{subject}." if class_ == "x" else f"{class_}.{subject}."
    regex = f"{'[45]' if class_ == 'x' else class_}\\.{subject}\\.(?:{'|'.join(numbers)})"
    return rf"(?<![\d.]){regex}(?!\.?\d)", stem + _shared(numbers[0], numbers[-1]), len(numbers) == 1


def _shared(first: str, last: str) -> str:
    """The digits with which all numbers of a range begin."""
    if len(first) != len(last):
        return ""
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=True)))


class PatternIndex:
    """Many patterns, of which those that a reply may match are found at once: by three characters of what must stand.

    `samples` are replies as they come, without white space; they tell which three characters of a run are rare.
    """

    def __init__(self, patterns: Iterable[Pattern], samples: Iterable[str] = ()) -> None:
        seen: Counter[str] = Counter()
        for sample in samples:
            seen.update(grams(sample))
        self._by_gram: dict[str, dict[str, list[int]]] = {}
        self._shorter: dict[str, list[int]] = {}
        for number, pattern in enumerate(patterns):
            for run in pattern.either:
                if len(run) < _GRAM:
                    self._shorter.setdefault(run, []).append(number)
                else:
                    gram = min(grams(run), key=lambda gram: (seen[gram], gram))
                    self._by_gram.setdefault(gram, {}).setdefault(run, []).append(number)

    def candidates(self, key: str, key_grams: frozenset[str]) -> list[int]:
        """The numbers of the patterns that a text without white space may match, in order; `key_grams` are its own."""
        found: set[int] = set()
        for gram in self._by_gram.keys() & key_grams:
            for run, numbers in self._by_gram[gram].items():
                if run in key:
                    found.update(numbers)
        for run, numbers in self._shorter.items():
            if run in key:
                found.update(numbers)
        return sorted(found)


def grams(text: str) -> frozenset[str]:
    """Each three characters in a row that a text has."""
    return frozenset([text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)])
