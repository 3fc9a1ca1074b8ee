"""Zone files of a user: which files of a folder are zones, which zone each of them is, and all of them together.

A zone is named by `NAME=FILE`, else by its SOA record, else by `$ORIGIN`, else by the name of the file. A file without
SOA record is a fragment: it adds to the file that has it, or stands for the whole zone alone.
"""

import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import dns.exception
import dns.name
import dns.rdatatype

from preflight.errors import ZoneError
from preflight.files import read_bounded
from preflight.findings import Place
from preflight.net.master_file import Budget, Record, master_text, read_master
from preflight.net.zone_yaml import StandIn, is_octodns, read_octodns
from preflight.net.zones import RecordZone, ZoneSet
from preflight.text import visible

MAX_OCTETS = 64 * 1024 * 1024  # of a file; half a million records take about half of it
MAX_FILES = 10_000
_MASTER = (".zone", ".db", ".dns", ".zonefile", ".hosts")
_YAML = (".yaml", ".yml")
_STOCK = {"local", "localhost", "loopback", "empty", "root"}  # files of BIND's packages, which are about no public zone
_OCTETS = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){0,2}")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+\.?")
_MARK = re.compile(r"^[ \t]*\$ORIGIN[ \t]+(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoadedZones:
    """The zones of the files that were given; `notes` is what a person should know of them, a line each."""

    zones: ZoneSet
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """What one file holds of one zone."""

    origin: dns.name.Name
    label: str
    records: list[Record] = field(default_factory=list)
    stand_ins: list[StandIn] = field(default_factory=list)
    others: list[dns.name.Name] = field(default_factory=list)
    is_yaml: bool = False

    @property
    def soa(self) -> Place | None:
        """Where its SOA record stands."""
        places = (one.place for one in self.records if one.rdata.rdtype == dns.rdatatype.SOA)
        return next(places, None)


def load_zones(given: Sequence[str], folder: Path = Path()) -> LoadedZones:
    """The zones in files and folders of files, each a path (relative to `folder`) or `NAME=path`.

    Raises `ZoneError` with one line, beginning with the file, for what cannot be read or used.
    """
    return _Loading(folder).load(given)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file to read: where it is, the folder that `$INCLUDE` must not leave, and the zone that `NAME=` says it is.

    `listed`: it was found in a folder, so that it may turn out to be something else.
    """

    path: Path
    base: Path
    name: dns.name.Name | None = None
    listed: bool = False


class _Loading:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._budget = Budget()
        self._notes: dict[Path, list[str]] = {}
        self._included: dict[Path, set[Path]] = {}  # by which of the files that were given

    def load(self, given: Sequence[str]) -> LoadedZones:
        files = {found.path.resolve(): found for text in given for found in self._find(text)}
        if len(files) > MAX_FILES:
            raise ZoneError(f"--zone: more than {MAX_FILES:,} files; give the zones alone that this run needs")
        parts: dict[Path, list[_Part]] = {}
        broken: dict[Path, ZoneError] = {}
        for path, found in files.items():
            try:
                parts[path] = self._read(found, self._notes.setdefault(path, []))
            except ZoneError as error:
                broken[path] = error
        # What another file includes is a part of that one, and need not make sense alone.
        for path, problem in broken.items():
            if not any(by in parts for by in self._included.get(path, ())):
                raise problem
        chosen = [part for path, several in parts.items() if path not in self._included for part in several]
        notes = [note for path, several in self._notes.items() if path not in self._included for note in several]
        zones = ZoneSet()
        for origin in dict.fromkeys(part.origin for part in chosen):
            zones.put(_zone(origin, [part for part in chosen if part.origin == origin], notes))
        return LoadedZones(zones, tuple(notes))

    # --- which files ---

    def _find(self, text: str) -> Iterator[_Found]:
        name, path = self._split(text)
        where = self._folder / path
        label = visible(str(where))
        try:
            if where.is_dir():
                if name is not None:
                    raise ZoneError(f"--zone {visible(text)}: a folder has many zones; give NAME= with one file")
                yield from self._find_in(where)
            elif where.is_file() or where.is_fifo():
                yield _Found(where, where.parent, name)
            elif where.exists():
                raise ZoneError(f"--zone {label} is neither a file nor a folder")
            else:
                raise ZoneError(f"--zone {label}: no such file or folder")
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise ZoneError(f"--zone {label}: {getattr(error, 'strerror', None) or error}") from None

    def _split(self, text: str) -> tuple[dns.name.Name | None, str]:
        """`NAME=path`, unless there is a file of that whole name."""
        name, equals, path = text.partition("=")
        if not equals or "\0" in text or (self._folder / text).exists():
            return None, text
        if not path:
            raise ZoneError(f"--zone {visible(text)}: no file behind the =; write example.com=zones/example.com.zone")
        try:
            return dns.name.from_text(name), path
        except (dns.exception.DNSException, ValueError) as error:
            raise ZoneError(f"--zone {visible(text)}: {visible(name)!r} is no name of a zone: {error}") from None

    def _find_in(self, folder: Path) -> Iterator[_Found]:
        base = folder.resolve()
        found = False
        for path in sorted(folder.rglob("*")):
            if not _is_zone_file(path.relative_to(folder)) or not path.is_file():
                continue
            if not path.resolve().is_relative_to(base):
                raise ZoneError(f"{visible(str(path))}: a link that leads out of the folder; give the file itself")
            found = True
            yield _Found(path, folder, listed=True)
        if not found:
            raise ZoneError(
                f"--zone {visible(str(folder))}: no zone file in it; those are called example.com.zone, "
                "example.com.db, db.example.com or, with octoDNS, example.com.yaml; others are given one by one"
            )

    # --- reading ---

    def _read(self, found: _Found, notes: list[str]) -> list[_Part]:
        label = str(found.path)
        octets = _octets(found.path, label)
        origin = found.name or origin_of(found.path)
        if found.path.suffix.lower() in _YAML:
            return self._read_yaml(found, octets, label, origin, notes)
        text = master_text(octets, visible(label))
        include = partial(self._include, found)
        records = read_master(text, label, origin, include=include, budget=self._budget)
        if not records:
            raise ZoneError(f"{visible(label)}: no record in it")
        return _split_by_soa(records, label, found.name or _own_origin(text, origin), found.name, notes)

    def _read_yaml(
        self, found: _Found, octets: bytes, label: str, origin: dns.name.Name | None, notes: list[str]
    ) -> list[_Part]:
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ZoneError(f"{visible(label)}: no UTF-8 text; save it as UTF-8") from None
        if found.listed and not is_octodns(text):
            notes.append(f"{visible(label)}: no zone in octoDNS's form; passed over")
            return []
        if origin is None:
            raise ZoneError(
                f"{visible(label)}: the file's name says no zone; write --zone example.com={visible(label)}"
            )
        read = read_octodns(text, label, origin, self._budget)
        part = _Part(origin, label, list(read.records), list(read.stand_ins), list(read.others), is_yaml=True)
        return [part]

    def _include(self, found: _Found, target: str) -> tuple[str, str]:
        """The label and text of a file that `$INCLUDE` names: beside the file or in the folder given, never outside."""
        base, beside = found.base, found.path.parent
        shown = visible(target, limit=100)
        if Path(target).is_absolute():
            raise ValueError(f"$INCLUDE {shown}: give a path within the folder {visible(str(base))}")
        root = base.resolve()
        for folder in dict.fromkeys((beside, base)):
            path = folder / target
            if not path.resolve().is_relative_to(root):
                raise ValueError(f"$INCLUDE {shown} leads out of the folder {visible(str(base))}")
            if path.is_file():
                self._included.setdefault(path.resolve(), set()).add(found.path.resolve())
                label = str(path)
                return label, master_text(_octets(path, label), visible(label))
        raise ValueError(f"$INCLUDE {shown}: no such file in {visible(str(base))}")


def _split_by_soa(
    records: list[Record],
    label: str,
    own: dns.name.Name | None,
    given: dns.name.Name | None,
    notes: list[str],
) -> list[_Part]:
    """A part for each SOA record in a file; without any, one for the whole file."""
    origins = dict.fromkeys(one.name for one in records if one.rdata.rdtype == dns.rdatatype.SOA)
    if given is not None and origins and given not in origins:
        (first, *_) = origins
        raise ZoneError(f"{visible(label)}: its SOA record is of {_text(first)}, not of {_text(given)}")
    if not origins:
        if own is None:
            raise ZoneError(
                f"{visible(label)}: no SOA record, and neither $ORIGIN nor the file's name says which zone it is; "
                f"write --zone example.com={visible(label)}"
            )
        origins = {own: None}
    parts = {origin: _Part(origin, label) for origin in origins}
    strangers: list[Record] = []
    for record in records:
        part = _part_of(parts, record.name)
        (part.records if part is not None else strangers).append(record)
    if strangers:
        more = f", and {len(strangers) - 1:,} more" if len(strangers) > 1 else ""
        notes.append(
            f"{strangers[0].place}: {_text(strangers[0].name)} is outside of the zone "
            f"{', '.join(map(_text, parts))} and was passed over{more}"
        )
    return list(parts.values())


def _zone(origin: dns.name.Name, parts: Sequence[_Part], notes: list[str]) -> RecordZone:
    """One zone from the files that hold parts of it. Raises `ZoneError` where two of them claim to be the zone."""
    whole = [part for part in parts if part.soa is not None]
    if len(whole) > 1:
        raise ZoneError(f"{whole[0].soa} and {whole[1].soa} both are the zone {_text(origin)}; give one of them")
    if not whole and not any(part.is_yaml for part in parts):
        notes.append(f"{visible(parts[0].label)}: no SOA record; taken as all that there is of {_text(origin)}")
    zone = RecordZone(origin, Place(parts[0].label, 1))
    for part in sorted(parts, key=lambda part: part.soa is None):
        for one in part.records:
            try:
                zone.add(one.name, one.ttl, one.rdata, one.place)
            except ValueError as error:
                raise ZoneError(f"{one.place}: {error}") from None
        for alias in part.stand_ins:
            zone.stand_in(alias.name, alias.target, alias.place)
        for name in part.others:
            zone.note(name)
    return zone


def _part_of(parts: dict[dns.name.Name, _Part], name: dns.name.Name) -> _Part | None:
    """The part whose zone a name is in: the one with the longest origin."""
    within = (part for origin, part in parts.items() if name.is_subdomain(origin))
    return max(within, key=lambda part: len(part.origin), default=None)


def origin_of(path: Path) -> dns.name.Name | None:
    """The zone that a file's name says it is; `None` where it says none.

    `example.com.zone`, `example.com.db`, `db.example.com`, `example.com`, `example.com.yaml`; `db.192.0.2` and
    `203.0.113.zone` name networks; in a folder `example.com.` (octoDNS's split files) it is the folder's name.
    """
    if path.suffix.lower() in _YAML and _DOMAIN.fullmatch(path.parent.name) and path.parent.name.endswith("."):
        return dns.name.from_text(path.parent.name)
    stem = path.name
    for suffix in (*_MASTER, *_YAML):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    stem = stem.removeprefix("db.").removeprefix("named.")
    if _OCTETS.fullmatch(stem):
        return dns.name.from_text(f"{'.'.join(reversed(stem.split('.')))}.in-addr.arpa")
    return dns.name.from_text(stem) if _DOMAIN.fullmatch(stem) and len(stem) < 254 else None


def _is_zone_file(path: Path) -> bool:
    """Whether a file of a folder is taken for a zone, by its name."""
    name = path.name.lower()
    if any(part.startswith(".") for part in path.parts):
        return False
    stem = Path(name).stem if name.endswith(_MASTER) else name
    if stem.removeprefix("db.").removeprefix("named.") in _STOCK:
        return False
    if name.endswith(_YAML):
        return origin_of(path) is not None
    return name.endswith(_MASTER) or name.startswith("db.")


def _own_origin(text: str, named: dns.name.Name | None) -> dns.name.Name | None:
    """Which zone a file without SOA record is: what its first `$ORIGIN` says, unless that is only a name below the one
    in the file's own name."""
    match = _MARK.search(text)
    if match is None:
        return named
    try:
        origin = dns.name.from_text(match[1], named)
    except (dns.exception.DNSException, ValueError):
        return named
    if not origin.is_absolute() or (named is not None and origin.is_subdomain(named)):
        return named
    return origin


def _octets(path: Path, label: str) -> bytes:
    try:
        return read_bounded(path, MAX_OCTETS)
    except OSError as error:
        advice = "; give the zones alone that are needed" if error.errno == errno.EFBIG else ""
        raise ZoneError(f"{visible(label)}: {error.strerror}{advice}") from None


def _text(name: dns.name.Name) -> str:
    return visible(name.to_text(omit_final_dot=True))
