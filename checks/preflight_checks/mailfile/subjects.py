"""Subjects that say nothing: `test`, `测试`, `Re: hello!!!`, `asdf`."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts

MAX_LOOKED_AT = 500  # characters; nobody calls a longer subject trivial
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_MIN_LETTERS = 4  # of an alphabet: "fyi" says nothing, "bill" does
_MIN_IDEOGRAPHS = 2  # 发票 is a whole subject


class Triviality(StrEnum):
    """Why a subject says nothing."""

    WORDS = "words"
    """It is made only of words such as `test` and `hello`."""
    NO_WORDS = "no-words"
    """It has no letter: digits, punctuation, pictures, or only `Re:`."""
    TOO_SHORT = "too-short"
    """It has fewer letters than a word needs."""
    KEYS = "keys"
    """It is keys in a row or one letter again and again."""


class _Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one language."""

    code: str
    spaced: bool
    prefixes: list[str]
    words: list[str]
    fillers: list[str]
    phrases: list[str] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: list[str]
    checked: date
    language: list[_Language]


@dataclass(frozen=True, slots=True)
class TrivialWords:
    """The words of all languages, as `fold` leaves them.

    `words` make a subject trivial; `fillers` do not, yet add nothing. `phrases` are whole subjects, without spaces.
    `joined` are the words and fillers of scripts that put no spaces between words.
    """

    words: frozenset[str]
    fillers: frozenset[str]
    phrases: frozenset[str]
    joined: frozenset[str]
    prefix: re.Pattern[str]

    def judge(self, subject: str) -> Triviality | None:
        """Why a decoded subject says nothing; `None` when it says something.

        Width, case, digits, punctuation, pictures, reply prefixes and spaces between single letters do not count.
        """
        if len(subject) > MAX_LOOKED_AT:
            return None
        tokens = _tokens(self._without_prefixes(fold(subject)))
        letters = "".join(tokens)
        if not letters:
            return Triviality.NO_WORDS
        unit = _unit(letters)
        if unit in self.words or letters in self.phrases or self._only_words(tokens):
            return Triviality.WORDS
        if len(letters) < (_MIN_IDEOGRAPHS if any(map(_is_joined, letters)) else _MIN_LETTERS):
            return Triviality.TOO_SHORT
        if len(unit) == 1 or (len(unit) > 2 and any(unit in row or unit in row[::-1] for row in _KEYBOARD)):
            return Triviality.KEYS
        return None

    def _without_prefixes(self, text: str) -> str:
        while match := self.prefix.match(text):
            text = text[match.end() :]
        return text

    def _only_words(self, tokens: list[str]) -> bool:
        pieces = [piece for token in tokens for piece in self._pieces(token)]
        return all(piece in self.words or piece in self.fillers for piece in pieces) and any(
            piece in self.words for piece in pieces
        )

    def _pieces(self, token: str) -> list[str]:
        """A token as it is, or cut into known words where its script puts no spaces and that leaves no rest."""
        if not _is_joined(token[0]):
            return [token]
        best: list[list[str] | None] = [[], *([None] * len(token))]
        longest = max(map(len, self.joined), default=0)
        for end in range(1, len(token) + 1):
            cuts = [
                [*before, token[start:end]]
                for start in range(max(0, end - longest), end)
                if (before := best[start]) is not None and token[start:end] in self.joined
            ]
            # Of several ways to cut, one with a trivial word in it, if there is one.
            best[end] = max(cuts, key=lambda cut: any(piece in self.words for piece in cut), default=None)
        return best[-1] or [token]


def fold(text: str) -> str:
    """Text without what looks alike: width and style (NFKC), case, and characters that show nothing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character) != "Cf")


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: white space, control and invisible characters alone."""
    return all(unicodedata.category(character)[0] in "ZC" for character in text)


def _is_joined(character: str) -> bool:
    """Whether a letter is of a script that writes words without spaces, or a syllable to a letter."""
    return unicodedata.name(character, "").startswith(("CJK ", "HIRAGANA", "KATAKANA", "HANGUL ", "BOPOMOFO "))


def _tokens(text: str) -> list[str]:
    """The runs of letters of one kind of script: `test2 测试` → `test`, `测试`."""
    tokens: list[str] = []
    previous: bool | None = None
    for character in text:
        if unicodedata.category(character)[0] not in "LM":
            previous = None
        elif previous is (kind := _is_joined(character)):
            tokens[-1] += character
        else:
            tokens.append(character)
            previous = kind
    return tokens


def _unit(text: str) -> str:
    """What a text repeats: `testtest` → `test`; the text itself when it repeats nothing."""
    return text[: (text + text).find(text, 1)] if text else text


@cache
def load_trivial_words() -> TrivialWords:
    """The words that ship with preflight. Raises `CatalogueError` that says what is wrong in the file."""
    return read_trivial_words(resources.files("preflight_checks") / "data" / "subjects.toml")


def read_trivial_words(file: Traversable) -> TrivialWords:
    """Read and validate a file of words. Raises `CatalogueError` for a broken one, and for a word that `judge` could
    never meet since folding changes it."""
    read = read_facts(file, _File)
    if not read.source or not read.language:
        raise CatalogueError(f"{file.name}: source and language each need at least one entry")
    for language in read.language:
        for word in (*language.words, *language.fillers, *language.phrases):
            if _tokens(fold(word)) != [word]:
                raise CatalogueError(f"{file.name}: {language.code}: {word!r} is not one word in its folded form")
    prefixes = sorted({fold(prefix) for one in read.language for prefix in one.prefixes}, key=len, reverse=True)
    return TrivialWords(
        words=frozenset(word for one in read.language for word in one.words),
        fillers=frozenset(word for one in read.language for word in one.fillers),
        phrases=frozenset(word for one in read.language for word in one.phrases),
        joined=frozenset(word for one in read.language if not one.spaced for word in (*one.words, *one.fillers)),
        prefix=re.compile(rf"\s*(?:{'|'.join(map(re.escape, prefixes))})\s*(?:[\[(]\d{{1,4}}[\])])?\s*:\s*"),
    )
