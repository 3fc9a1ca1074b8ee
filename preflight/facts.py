"""Files of facts: TOML in two languages with source and date, read strictly."""

from importlib.resources.abc import Traversable
from typing import Annotated, TypeVar

import msgspec

from preflight.errors import CatalogueError
from preflight.text import Words

Line = Annotated[str, msgspec.Meta(pattern=r"^\S(.*\S)?\Z")]
"""A text of one line, with no space around it."""
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]
"""A short name by which programs know a thing."""

Table = TypeVar("Table")


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages; stricter than `Words`, so that a missing or misspelt language is found."""

    en: Line
    zh: Line

    @property
    def words(self) -> Words:
        """The text as reports take it."""
        return Words(self.en, self.zh)


def read_facts(file: Traversable, kind: type[Table]) -> Table:
    """A file as the struct that describes it. Raises `CatalogueError`, with the file's name, where it is none."""
    try:
        return msgspec.toml.decode(file.read_text(encoding="utf-8"), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error


def words_of(texts: list[Text]) -> tuple[Words, ...]:
    """Several texts as reports take them."""
    return tuple(text.words for text in texts)
