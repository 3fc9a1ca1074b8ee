"""Delivered and not seen: why a user does not find a message that no server refused. See `guides/not_seen.toml`."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from preflight.errors import CatalogueError
from preflight.facts import Id, Line, Text, read_facts, words_of
from preflight.text import Words

NAME = "not-seen"
"""What `preflight codes` calls the page."""

Side = Literal["recipient", "sender"]


class _Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Id
    side: Side
    title: Text
    meaning: Text
    advice: Text
    rules: list[Line] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    large: list[Line]
    source: Text
    reason: list[_Reason]
    hint: list[Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a message is not seen, on whose side it lies, what to do, and the rules that can show it from outside."""

    id: str
    side: Side
    title: Words
    meaning: Words
    advice: Words
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSeen:
    """All reasons; what to mind with test messages; the providers so large that only recipient reasons apply."""

    reasons: tuple[Reason, ...]
    hints: tuple[Words, ...]
    large: frozenset[str]
    source: Words
    checked: date

    def reasons_for(self, sender_domain: str | None) -> tuple[Reason, ...]:
        """The reasons that a sender of this domain has to think of: all, or those of the recipient alone."""
        if sender_domain is None or sender_domain.lower() not in self.large:
            return self.reasons
        return tuple(reason for reason in self.reasons if reason.side == "recipient")


@cache
def load_not_seen() -> NotSeen:
    """The guide that ships with preflight. Raises `CatalogueError` when its file is broken."""
    return read_not_seen(resources.files("preflight.bounces") / "guides" / "not_seen.toml")


def read_not_seen(file: Traversable) -> NotSeen:
    """Read and validate the guide. Raises `CatalogueError` for a file that breaks the format or repeats a reason."""
    read = read_facts(file, _File)
    reasons = tuple(
        Reason(
            id=one.id,
            side=one.side,
            title=one.title.words,
            meaning=one.meaning.words,
            advice=one.advice.words,
            rules=tuple(one.rules),
        )
        for one in read.reason
    )
    if len({reason.id for reason in reasons}) != len(reasons):
        raise CatalogueError(f"{file.name}: a reason occurs twice")
    for reason in reasons:
        if reason.side == "recipient" and reason.rules:
            raise CatalogueError(f"{file.name}: {reason.id}: no rule can see into a recipient's mailbox")
    return NotSeen(
        reasons=reasons,
        hints=words_of(read.hint),
        large=frozenset(read.large),
        source=read.source.words,
        checked=read.checked,
    )
