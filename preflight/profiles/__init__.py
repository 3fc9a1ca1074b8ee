"""What a receiver demands of those who send to it: severities of rules, and the codes that it answers with.

One TOML file a profile under `data/`: `title` (texts), `checked` (date), a `[sources.NAME]` table for each source, the
ids of its codes in `board`, and one `[[demand]]` for each rule that the receiver insists on (or does not care for).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError, ConfigError
from preflight.findings import Severity
from preflight.text import Words, nearest, visible


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    en: str
    zh: str

    @property
    def words(self) -> Words:
        return Words(self.en, self.zh)


class _Demand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: str
    severity: Severity
    reason: _Text
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: _Text
    checked: date
    sources: dict[str, _Text]
    board: list[str]
    demand: list[_Demand] = []


@dataclass(frozen=True, slots=True)
class Demand:
    """How much a receiver makes of a rule, why, and where it says so."""

    rule: str
    severity: Severity
    reason: Words
    source: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The demands of a receiver by rule id, and the ids of the bounces that stand on its board."""

    name: str
    title: Words
    checked: date
    demands: Mapping[str, Demand]
    board: frozenset[str]

    @property
    def severities(self) -> dict[str, Severity]:
        """What each rule weighs for this receiver; rules that it says nothing of are left out."""
        return {rule: demand.severity for rule, demand in self.demands.items()}


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name. Raises `CatalogueError` that names the file and what is wrong in it."""
    folder = resources.files("preflight.profiles") / "data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): read_profile(file) for file in files}


def load_profile(name: str) -> Profile:
    """The profile of a name. Raises `ConfigError` that lists the known ones."""
    known = profiles()
    if name not in known:
        raise ConfigError(f"there is no profile {visible(name)!r}; profiles: {', '.join(known)}{nearest(name, known)}")
    return known[name]


def read_profile(file: Traversable) -> Profile:
    """Read and validate a file. Raises `CatalogueError` for one that breaks the format: a missing or unknown field, a
    rule or a code that occurs twice, a source that the file does not have."""
    try:
        read = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error
    for kind, ids in (("rule", [one.rule for one in read.demand]), ("code", read.board)):
        for one in ids:
            if ids.count(one) > 1:
                raise CatalogueError(f"{file.name}: the {kind} {one} occurs twice")
    for demand in read.demand:
        if demand.source not in read.sources:
            raise CatalogueError(f"{file.name}: {demand.rule}: the file has no source {demand.source!r}")
    return Profile(
        name=file.name.removesuffix(".toml"),
        title=read.title.words,
        checked=read.checked,
        demands={
            one.rule: Demand(one.rule, one.severity, one.reason.words, read.sources[one.source].words)
            for one in read.demand
        },
        board=frozenset(read.board),
    )
