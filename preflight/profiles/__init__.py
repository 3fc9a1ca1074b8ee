"""What a receiver demands of those who send to it: severities of rules, and the codes that it answers with.

One TOML file a profile under `data/`: `title` (texts), `checked` (date), a `[sources.NAME]` table for each source, the
ids of its codes in `board` (in `bulk-board` those for bulk senders alone), and `[[demand]]` entries: `rules` that the
receiver insists on (or does not care for), their `severity` for all senders, their `bulk` severity for those who send
5,000 messages a day and more, or both. A profile that `combines` others has all their demands, and takes for an error
what one of them takes for a warning at least.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError, ConfigError
from preflight.facts import Text, read_facts
from preflight.findings import Severity
from preflight.text import Message, Words, nearest, visible

BULK = 5000
"""Messages a day, to one receiver, from which Gmail and Outlook.com count a domain as one that sends in bulk."""


class _Demand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: list[str]
    reason: Text
    source: str
    severity: Severity | None = None
    bulk: Severity | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    title: Text
    checked: date
    sources: dict[str, Text] = {}
    board: list[str] = []
    bulk_board: list[str] = []
    demand: list[_Demand] = []
    combines: list[str] = []


@dataclass(frozen=True, slots=True)
class Demand:
    """How much a receiver makes of a rule, why, and where it says so.

    `severity` is for all senders, `bulk` for those who send in bulk, where it is another; one of them is there.
    """

    rule: str
    severity: Severity | None
    bulk: Severity | None
    reason: Words
    source: Words

    def weight(self, *, bulk: bool) -> Severity | None:
        """What the rule weighs for a sender; `None` where nothing is asked of such a one."""
        return (self.bulk if bulk else None) or self.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The demands of a receiver by rule id, and the ids of the bounces that it answers with.

    `codes` are for all senders, `bulk_codes` for those in bulk alone. `bulk`: the sender counts as such a one.
    """

    name: str
    title: Words
    checked: date
    demands: Mapping[str, Demand]
    codes: frozenset[str]
    bulk_codes: frozenset[str] = frozenset()
    bulk: bool = True

    @property
    def board(self) -> frozenset[str]:
        """The ids of the bounces that stand on the board for the sender."""
        return self.codes | self.bulk_codes if self.bulk else self.codes

    @property
    def severities(self) -> dict[str, Severity]:
        """What each rule weighs for this receiver; rules that it says nothing of are left out."""
        weights = ((rule, demand.weight(bulk=self.bulk)) for rule, demand in self.demands.items())
        return {rule: weight for rule, weight in weights if weight is not None}

    @property
    def tells_bulk(self) -> bool:
        """Whether more is asked of those who send in bulk."""
        return any(demand.bulk is not None for demand in self.demands.values())

    @property
    def told(self) -> Message:
        """Whose demands these are, and of whom, for people."""
        args: dict[str, str | Words | Message] = {"receiver": self.title, "count": f"{BULK:,}"}
        if not self.tells_bulk:
            return Message("{receiver}", args)
        if self.bulk:
            return Message("{receiver}, of senders of {count} messages a day and more", args)
        return Message("{receiver}, of senders of fewer than {count} messages a day", args)

    def asked_of(self, *, bulk: bool) -> "Profile":
        """The same profile for those who send in bulk, or for those who do not."""
        return replace(self, bulk=bulk)


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name, those that combine others last. Raises `CatalogueError` that names the file and what is
    wrong in it."""
    folder = resources.files("preflight.profiles") / "data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return read_profiles(files)


def load_profile(name: str) -> Profile:
    """The profile of a name. Raises `ConfigError` that lists the known ones."""
    known = profiles()
    if name not in known:
        raise ConfigError(f"there is no profile {visible(name)!r}; profiles: {', '.join(known)}{nearest(name, known)}")
    return known[name]


def read_profiles(files: Sequence[Traversable]) -> dict[str, Profile]:
    """Read and validate files. Raises `CatalogueError` for one that breaks the format: a missing or unknown field, a
    rule or a code that occurs twice, a demand without severity or with a source that the file does not have, a
    combination of profiles that are not there."""
    read = {file.name.removesuffix(".toml"): _read(file) for file in files}
    found = {name: _profile(name, file) for name, file in read.items() if not file.combines}
    for name, file in read.items():
        if file.combines:
            found[name] = _combined(name, file, found)
    return found


def _read(file: Traversable) -> _File:
    read = read_facts(file, _File)
    for kind, ids in (
        ("rule", [rule for one in read.demand for rule in one.rules]),
        ("code", [*read.board, *read.bulk_board]),
    ):
        for one in ids:
            if ids.count(one) > 1:
                raise CatalogueError(f"{file.name}: the {kind} {one} occurs twice")
    for demand in read.demand:
        where = f"{file.name}: {', '.join(demand.rules) or 'a demand'}"
        if not demand.rules:
            raise CatalogueError(f"{where} names no rules")
        if demand.source not in read.sources:
            raise CatalogueError(f"{where}: the file has no source {demand.source!r}")
        if demand.severity is None and demand.bulk is None:
            raise CatalogueError(f"{where}: neither severity nor bulk is given")
    return read


def _profile(name: str, file: _File) -> Profile:
    return Profile(
        name=name,
        title=file.title.words,
        checked=file.checked,
        demands={
            rule: Demand(rule, one.severity, one.bulk, one.reason.words, file.sources[one.source].words)
            for one in file.demand
            for rule in one.rules
        },
        codes=frozenset(file.board),
        bulk_codes=frozenset(file.bulk_board),
    )


def _combined(name: str, file: _File, known: Mapping[str, Profile]) -> Profile:
    """All demands of several profiles as errors for all senders, each with the reason of the first that asks most.

    What a profile takes for information stays what the rule says itself.
    """
    own = _profile(name, file)
    demands, weights = dict(own.demands), dict.fromkeys(own.demands, Severity.ERROR)
    codes = set(own.board)
    for one in file.combines:
        if one not in known:
            raise CatalogueError(f"{name}.toml: it combines {one!r}, which is no profile with demands of its own")
        other = known[one]
        codes |= other.board
        for rule, demand in other.demands.items():
            most = max((demand.severity, demand.bulk), key=lambda weight: -1 if weight is None else weight.rank)
            if most in (None, Severity.INFO) or (rule in weights and weights[rule].rank >= most.rank):
                continue
            weights[rule] = most
            demands[rule] = replace(demand, severity=Severity.ERROR, bulk=None, reason=_said_by(other, demand))
    return replace(own, demands=demands, codes=frozenset(codes))


def _said_by(receiver: Profile, demand: Demand) -> Words:
    """The reason of a demand, and whose it is."""
    title, reason = receiver.title, demand.reason
    return Words(f"{title.en}: {reason.en}", f"{title.zh}：{reason.zh}")
