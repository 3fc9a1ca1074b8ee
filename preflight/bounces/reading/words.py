"""The words by which mail is told apart, from `words.toml` beside this file."""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import read_facts


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lists of words in small letters; words.toml says what each is for."""

    daemons: frozenset[str]
    bounce_subjects: tuple[str, ...]
    bounce_words: tuple[str, ...]
    mail_words: tuple[str, ...]
    delay_words: tuple[str, ...]
    delay_subjects: tuple[str, ...]
    final_words: tuple[str, ...]
    auto_reply_subjects: tuple[str, ...]
    feedback_subjects: tuple[str, ...]
    forward_subjects: tuple[str, ...]
    forward_lines: tuple[str, ...]
    returned_lines: tuple[str, ...]
    recipient_labels: tuple[str, ...]
    sender_labels: tuple[str, ...]
    header_labels: tuple[str, ...]


@cache
def load_phrases() -> Phrases:
    """The words. Raises `CatalogueError` when the file breaks its format."""
    phrases = read_facts(resources.files("preflight.bounces.reading") / "words.toml", Phrases)
    for name in Phrases.__struct_fields__:
        for word in getattr(phrases, name):
            if word != word.lower() or not word.strip():
                raise CatalogueError(f"words.toml: {name}: {word!r} has capitals or is empty")
    return phrases


def has_any(text: str, words: tuple[str, ...]) -> bool:
    """Whether any of the words stands in a text of small letters."""
    return any(word in text for word in words)


def either(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
