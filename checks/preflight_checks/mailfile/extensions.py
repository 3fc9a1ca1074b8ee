"""What a file's name says that it is, and which receivers turn that away: the table `data/attachments.toml`."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts

_CLSID = re.compile(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}")
_EXTENSION = re.compile(r"[a-z0-9_-]{1,20}")


class _Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    by_default: bool
    source: str
    reply: str = ""


class _Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    runs: bool
    refused_by: dict[str, list[str]]
    carries_phishing: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    receivers: dict[str, _Receiver]
    kind: list[_Kind]


@dataclass(frozen=True, slots=True)
class Extension:
    """A file name extension: without its dot, the kind of file, whether opening one runs something, and the names of
    receivers that refuse it by default. `replies` are what those of them answer whose reply is known: `Gmail: 552 …`.
    `carries_phishing` is said of kinds that filters distrust though no receiver refuses them as such."""

    text: str
    kind: str
    runs: bool
    refused_by: tuple[str, ...]
    replies: tuple[str, ...] = ()
    carries_phishing: bool = False


@dataclass(frozen=True, slots=True)
class Extensions:
    """All known extensions, by their text."""

    by_text: dict[str, Extension]

    def running(self, names: Iterable[str]) -> Extension | None:
        """The extension by which one of a file's names makes it run when opened; `None` when none does."""
        for name in names:
            for reading in dict.fromkeys((name, name.partition("\0")[0])):  # some programs stop at a NUL
                text = extension(reading)
                if _CLSID.fullmatch(text):
                    return Extension(text, "shell object", True, ())
                found = self.by_text.get(text)
                if found and found.runs:
                    return found
        return None

    def known(self, names: Iterable[str]) -> Extension | None:
        """The first known extension among a file's names."""
        return next((found for name in names if (found := self.by_text.get(extension(name)))), None)

    def kind(self, names: Iterable[str]) -> str:
        """The kind of file that the first known extension among the names means; empty when none is known."""
        found = self.known(names)
        return found.kind if found else ""


def extension(name: str) -> str:
    """The last extension of a file name as an operating system takes it, lower case, without its dot.

    Characters that show nothing or turn the direction of writing do not count, nor do dots and spaces at the end, which
    Windows drops. Empty when there is none.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(character for character in text if unicodedata.category(character) not in {"Cc", "Cf"})
    base = re.split(r"[\\/]", text.rstrip("\\/ "))[-1].partition("::$")[0]
    stem, dot, last = base.rstrip(" .\u2026'\"").rpartition(".")
    return last.strip() if dot and (stem or last) else ""


@cache
def load_extensions() -> Extensions:
    """The table that ships with preflight. Raises `CatalogueError` that says what is wrong in the file."""
    return read_extensions(resources.files("preflight_checks") / "data" / "attachments.toml")


def read_extensions(file: Traversable) -> Extensions:
    """Read and validate a table. Raises `CatalogueError` for a broken one: an extension that occurs twice or is not in
    the form of `extension`, a receiver that is not described."""
    read = read_facts(file, _File)
    by_text: dict[str, Extension] = {}
    for kind in read.kind:
        for text, receivers in kind.refused_by.items():
            if text in by_text:
                raise CatalogueError(f"{file.name}: {text} occurs twice")
            if not _EXTENSION.fullmatch(text):
                raise CatalogueError(f"{file.name}: {text!r} is no extension in lower case, without its dot")
            if unknown := set(receivers) - set(read.receivers):
                raise CatalogueError(f"{file.name}: {text}: no receiver {', '.join(sorted(unknown))} is described")
            refusing = [read.receivers[one] for one in receivers if read.receivers[one].by_default]
            names = tuple(one.name for one in refusing)
            replies = tuple(f"{one.name}: {one.reply}" for one in refusing if one.reply)
            by_text[text] = Extension(text, kind.name, kind.runs, names, replies, kind.carries_phishing)
    return Extensions(by_text)
