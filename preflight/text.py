"""Sentences with named places, their translation, and the escaping of text from outside.

A message is kept as its template and its arguments, not as a finished sentence, so that a report can be
written in another language after the run: the English template is the key (as in gettext), and a table in
`locale/<language>.toml` of a package holds its translations.
"""

import difflib
import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.util import find_spec

from preflight.errors import CatalogueError

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Words:
    """A text of a facts file in more than one language; `zh` may be missing, `en` may not."""

    en: str
    zh: str = ""

    def __str__(self) -> str:
        return self.en


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence: an English template with `{named}` places, and what fills each place: a text, or words or another
    message that are translated in their turn.

    Raises `KeyError` when it is made with a place left unfilled: that is a bug in the caller, and it is
    better seen while the check runs than when the report is printed.
    """

    template: str
    args: Mapping[str, "str | Words | Message"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.template.format_map(self.args)

    def __str__(self) -> str:
        return self.template.format_map(self.args)

    def texts(self) -> list[str]:
        """Each text in it that may come from outside, those within messages within it too."""
        found: list[str] = []
        for value in self.args.values():
            if isinstance(value, Message):
                found += value.texts()
            elif not isinstance(value, Words):
                found.append(value)
        return found

    def masked(self, mask: Callable[[str], str]) -> "Message":
        """The message with `mask` applied to each text in it that may come from outside."""
        return Message(self.template, {name: _masked(value, mask) for name, value in self.args.items()})


def _masked(value: "str | Words | Message", mask: Callable[[str], str]) -> "str | Words | Message":
    match value:
        case Message():
            return value.masked(mask)
        case Words():
            return value
        case _:
            return mask(value)


def listing(items: Iterable["str | Words | Message"], separator: str = ", ") -> Message:
    """Several texts as one message, with a separator between them."""
    args = {f"p{number}": item for number, item in enumerate(items)}
    return Message(separator.join(f"{{{name}}}" for name in args), args)


@dataclass(frozen=True, slots=True)
class Language:
    """A language to report in: its code (`en`, `zh`) and the translations of English templates into it."""

    code: str = "en"
    table: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: "Message | Words | str", **args: object) -> str:
        """A message, the words of a facts file, or a template with `args`, in this language; else in English."""
        match text:
            case Message(template, places):
                told = {name: value if isinstance(value, str) else self.say(value) for name, value in places.items()}
                return self.table.get(template, template).format_map(told)
            case Words(english, chinese):
                return chinese if self.code == "zh" and chinese else english
            case _:
                found = self.table.get(text, text)
                return found.format_map(args) if args else found


def places(template: str) -> set[str]:
    """The names of the places in a template: `places("{ip} is {state}") == {"ip", "state"}`."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def load_translations(package: str, language: str) -> dict[str, str]:
    """The table `locale/<language>.toml` of an installed package: English template → translation.

    A package without such a file has no translations, nor has a plugin that is a single module. Raises
    `CatalogueError` when the file is no flat table of texts, or when a translation has other places than its template
    (it would fail when printed).
    """
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return {}
    source = resources.files(package) / "locale" / f"{language}.toml"
    if not source.is_file():
        return {}
    where = f"{package}: locale/{language}.toml"
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, or no TOML
        raise CatalogueError(f"{where}: {error}") from error
    for template, translation in table.items():
        if not isinstance(translation, str):
            raise CatalogueError(f"{where}: {template!r} is not a text")
        try:
            differ = places(template) != places(translation)
        except ValueError as error:  # a brace that is not closed
            raise CatalogueError(f"{where}: {template!r}: {error}") from error
        if differ:
            raise CatalogueError(f"{where}: the places of {template!r} differ in its translation")
    return table


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts numbers in texts by value: `192.0.2.9` before `192.0.2.10`."""
    return tuple(
        (0, int(piece), "") if piece.isdecimal() and len(piece) < 20 else (1, 0, piece)
        for piece in re.split(r"(\d+)", text)
        if piece
    )


# Characters that are shown as nothing, or that change how their neighbours are shown: bidirectional controls
# (Unicode TR 9, used to disguise file names), zero-width characters, separators and byte-order marks.
_INVISIBLE = {
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0x00AD,
    0x061C,
    0x180E,
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
}
_CONTROL = {*range(0x20), *range(0x7F, 0xA0)}
_ESCAPES = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    for code in _CONTROL | _INVISIBLE
}


def visible(text: str, limit: int | None = None) -> str:
    """Text from outside, safe to show on a terminal: control and invisible characters become `\\x1b`, `\\u202e`.

    Takes any text, lone surrogates included; returns it without line breaks. With `limit`, text of more
    characters is cut and marked with `…`.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode("utf-8")


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word nearest to one that is not, or nothing."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""
