"""The catalogue of blocklists: TOML files under `data/dnsbl/`, read and validated when first used.

A file has any of `[[zone]]` (a list that can be asked), `[[grave]]` (one that must not be asked any more, and why) and
`[[resolver]]` (a public resolver, which lists refuse). Return codes are written as an exact address, as a range
(`127.0.0.10-127.0.0.12`) or as a bit of the last octet (`bit = 4`), which is how combined domain lists answer.
"""

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from ipaddress import IPv4Address
from typing import Literal

import msgspec

from preflight.errors import CatalogueError, ConfigError
from preflight.net.addresses import IPAddress
from preflight.text import Words

Kind = Literal["ip4", "ip6", "domain"]
Weight = Literal["major", "minor", "informational"]
Access = Literal["open", "registration", "key"]
Class = Literal["listing", "informational", "good"]
Category = Literal["unknown", "spam", "exploits", "phish", "malware", "cnc", "abused", "legit"]
"""The categories of pydnsbl, in which its results speak."""

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
REFUSALS = ipaddress.ip_network("127.255.255.0/24")
"""Where lists agree to put their error codes; no list uses it for listings."""

RESERVED = IPv4Address("127.0.0.1")
"""What a local DNS server makes up; no list answers a listing with it (RFC 5782 2.1 begins at 127.0.0.2)."""

_NAME = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.ASCII)


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    meaning: Words
    code: str = ""
    bit: int = 0
    kind: Class = "listing"
    category: Category = "spam"


class _Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    meaning: Words
    code: str = ""
    bit: int = 0
    resolver: bool = False


class _Points(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listed: str
    clear: str


class _Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The test points; the defaults are those of RFC 5782 5."""

    ip4: _Points = _Points("127.0.0.2", "127.0.0.1")
    ip6: _Points = _Points("::ffff:7f00:2", "::ffff:7f00:1")
    domain: _Points = _Points("test", "invalid")
    codes: list[str] = []


class _Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    name: str
    operator: str
    kinds: list[Kind]
    weight: Weight
    access: Access
    status: Literal["alive", "unverified"]
    terms: Words
    delist: str
    checked: date
    source: list[str]
    code: list[_Code]
    refusal: list[_Refusal] = []
    test: _Test = _Test()
    default: bool = False
    registrable: bool = False
    secret: str = ""
    keyed_name: str = ""


class _Grave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: list[str]
    fate: Literal["dead", "fraud", "merged"]
    reason: Words
    checked: date
    source: list[str]


class _Resolver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operator: str
    addresses: list[str]
    checked: date
    source: list[str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zone: list[_Zone] = []
    grave: list[_Grave] = []
    resolver: list[_Resolver] = []


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which answers an entry of a zone stands for: those from `first` to `last`, or those with a bit set."""

    first: IPv4Address
    last: IPv4Address
    bit: int = 0

    def matches(self, answer: IPv4Address) -> bool:
        """Whether an answer is one of these."""
        if not self.first <= answer <= self.last:
            return False
        return not self.bit or bool(int(answer) & self.bit)


@dataclass(frozen=True, slots=True)
class Code:
    """A documented answer: what it means, whether that is a listing, and pydnsbl's category for it."""

    pattern: Pattern
    meaning: Words
    kind: Class
    category: Category


@dataclass(frozen=True, slots=True)
class Refusal:
    """A documented answer by which a list refuses to be asked. `resolver`: because of the resolver that asks."""

    pattern: Pattern
    meaning: Words
    resolver: bool


@dataclass(frozen=True, slots=True)
class TestPoints:
    """What a working list must list, and what it must not list: addresses, or names of a domain list."""

    listed: str
    clear: str

    __test__ = False  # its name makes pytest look for tests in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A blocklist. `points` has the test points by kind, `test_codes` what else the listed point may be answered with.

    `registrable`: a domain list that has registrable domains only, no host names below them. `secret` is the name of
    the secret that gives access under `keyed_name` (`<key>.<keyed name>`); with access `key` there is no other way.
    """

    name: str
    operator: str
    kinds: tuple[Kind, ...]
    weight: Weight
    access: Access
    status: str
    terms: Words
    delist: str
    checked: date
    source: tuple[str, ...]
    codes: tuple[Code, ...]
    refusals: tuple[Refusal, ...]
    points: Mapping[Kind, TestPoints]
    test_codes: frozenset[IPv4Address]
    default: bool
    registrable: bool
    secret: str
    keyed_name: str

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Grave:
    """A zone that is not to be asked: dead, run by frauds, or part of another one."""

    name: str
    fate: str
    reason: Words


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones and graves by name, and the operators of public resolvers by address."""

    zones: Mapping[str, Zone]
    graves: Mapping[str, Grave]
    public_resolvers: Mapping[IPAddress, str]

    @property
    def asked_by_default(self) -> tuple[Zone, ...]:
        """The zones that are asked unless the user says otherwise."""
        return tuple(zone for zone in self.zones.values() if zone.default)

    def find(self, name: str) -> Zone:
        """A zone that a user names; case, spaces around it and a last dot do not matter.

        Raises `ConfigError`: with the reason for a zone of the graveyard, with the nearest name for an unknown one.
        """
        wanted = name.strip().removesuffix(".").lower()
        if grave := self.graves.get(wanted):
            raise ConfigError(f"blocklist {wanted} is not asked: {grave.reason.en}")
        for zone in self.zones.values():
            if wanted in (zone.name, zone.keyed_name or zone.name):
                return zone
        near = difflib.get_close_matches(wanted, self.zones, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"the catalogue has no blocklist {name!r}{hint}")


@cache
def load_zones() -> Zones:
    """The catalogue that ships with preflight. Raises `CatalogueError` that names the file and what is wrong in it."""
    folder = resources.files("preflight_checks") / "data" / "dnsbl"
    return read_zones(sorted(folder.iterdir(), key=lambda entry: entry.name))


def read_zones(files: Iterable[Traversable]) -> Zones:
    """Read and validate catalogue files; those that do not end in `.toml` are passed over.

    Raises `CatalogueError` for a missing or unknown field, a name or code that is none, a name that occurs twice, codes
    that overlap, a zone asked by default that is not open and known to be alive.
    """
    zones: dict[str, Zone] = {}
    graves: dict[str, Grave] = {}
    public: dict[IPAddress, str] = {}
    for file in files:
        if not file.name.endswith(".toml"):
            continue
        try:
            read = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=_File)
            for entry in read.zone:
                _bury_once(entry.name, zones, graves)
                zones[entry.name] = _zone(entry)
            for grave in read.grave:
                for name in grave.name:
                    _bury_once(name, zones, graves)
                    graves[name] = Grave(name, grave.fate, grave.reason)
            for resolver in read.resolver:
                public |= {ipaddress.ip_address(text): resolver.operator for text in resolver.addresses}
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise CatalogueError(f"{file.name}: {error}") from error
    return Zones(zones, graves, public)


def _bury_once(name: str, *taken: Mapping[str, object]) -> None:
    _check_name(name)
    if any(name in names for names in taken):
        raise ValueError(f"{name} occurs twice")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a zone: lower case, no last dot, no spaces")


def _zone(entry: _Zone) -> Zone:
    try:
        return _checked(entry)
    except ValueError as error:
        raise ValueError(f"{entry.name}: {error}") from error


def _checked(entry: _Zone) -> Zone:
    if not (entry.kinds and entry.code and entry.source):
        raise ValueError("kinds, code and source each need at least one entry")
    if entry.default and (entry.access != "open" or entry.status != "alive"):
        raise ValueError("a zone that is asked by default is open and alive")
    if bool(entry.secret) != bool(entry.keyed_name) or (entry.access == "key" and not entry.secret):
        raise ValueError("secret and keyed-name go together, and with access by key")
    if entry.keyed_name:
        _check_name(entry.keyed_name)
    if entry.delist and not entry.delist.startswith(("https://", "http://")):
        raise ValueError(f"delist {entry.delist!r} is no URL")
    codes = tuple(Code(_pattern(code.code, code.bit), code.meaning, code.kind, code.category) for code in entry.code)
    refusals = tuple(Refusal(_pattern(one.code, one.bit), one.meaning, one.resolver) for one in entry.refusal)
    if any(code.kind == "listing" and not code.pattern.bit and code.pattern.matches(RESERVED) for code in codes):
        raise ValueError(f"{RESERVED} is never a listing")
    _check_overlap([code.pattern for code in codes] + [refusal.pattern for refusal in refusals])
    return Zone(
        name=entry.name,
        operator=entry.operator,
        kinds=tuple(entry.kinds),
        weight=entry.weight,
        access=entry.access,
        status=entry.status,
        terms=entry.terms,
        delist=entry.delist,
        checked=entry.checked,
        source=tuple(entry.source),
        codes=codes,
        refusals=refusals,
        points=_points(entry),
        test_codes=frozenset(IPv4Address(text) for text in entry.test.codes),
        default=entry.default,
        registrable=entry.registrable,
        secret=entry.secret,
        keyed_name=entry.keyed_name,
    )


def _points(entry: _Zone) -> dict[Kind, TestPoints]:
    given: dict[Kind, _Points] = {"ip4": entry.test.ip4, "ip6": entry.test.ip6, "domain": entry.test.domain}
    for kind, points in given.items():
        for text in (points.listed, points.clear):
            if kind != "domain":
                ipaddress.ip_address(text)
            elif not re.fullmatch(r"[a-z0-9.-]+", text):
                raise ValueError(f"test point {text!r} is no name")
    return {kind: TestPoints(given[kind].listed, given[kind].clear) for kind in entry.kinds}


def _pattern(code: str, bit: int) -> Pattern:
    if bool(code) == bool(bit):
        raise ValueError("an entry has either a code or a bit")
    if bit:
        if bit not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise ValueError(f"bit {bit} is no bit of an octet")
        return Pattern(IPv4Address("127.0.0.1"), IPv4Address("127.0.0.255"), bit)
    first, _, last = code.partition("-")
    pattern = Pattern(IPv4Address(first), IPv4Address(last or first))
    if pattern.first not in LOOPBACK or pattern.last not in LOOPBACK or pattern.first > pattern.last:
        raise ValueError(f"code {code!r} is no range within 127.0.0.0/8")
    return pattern


def _check_overlap(patterns: list[Pattern]) -> None:
    for at, one in enumerate(patterns):
        for other in patterns[:at]:
            if one.bit or other.bit:
                if one.bit == other.bit:
                    raise ValueError(f"bit {one.bit} occurs twice")
            elif one.first <= other.last and other.first <= one.last:
                raise ValueError(f"the codes {one.first} and {other.first} overlap")
