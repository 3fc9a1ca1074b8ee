"""Worlds as files: a TOML file that names zone files beside it, addresses, blocklists and faults."""

from importlib.resources.abc import Traversable

import msgspec

from preflight.errors import CatalogueError
from preflight.lab.blocklist import NORMAL, Blocklist, Kind, Listing
from preflight.lab.faults import Fault
from preflight.lab.world import World


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is listed: an address, a network or a domain."""

    what: str
    codes: list[str]
    reason: str = ""


class _Blocklist(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[blocklist]]`; see `preflight.lab.blocklist.Blocklist` for what the fields mean."""

    zone: str
    kinds: list[Kind]
    test_codes: list[str]
    test_domains: list[str] = []
    address_code: str = ""
    mode: str = NORMAL
    entry: list[_Entry] = []


class _Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[fault]]`; see `preflight.lab.world.World.fault`."""

    name: str
    fault: Fault
    rtype: str | None = None
    subtree: bool = False
    seconds: float = 0.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A world: `[zones]` maps origins to files beside it, `[ptr]` addresses to their names."""

    recursive: bool = True
    zones: dict[str, str] = {}
    ptr: dict[str, str | list[str]] = {}
    blocklist: list[_Blocklist] = []
    fault: list[_Fault] = []


def load_world(file: Traversable, folder: Traversable) -> World:
    """The world that a TOML file describes, its zone files being in `folder`.

    Raises `CatalogueError` that names the file and what is wrong in it.
    """
    try:
        read = msgspec.toml.decode(file.read_text(encoding="utf-8"), type=_File)
        world = World(recursive=read.recursive)
        for origin, name in read.zones.items():
            world.zone(origin, (folder / name).read_text(encoding="utf-8"), name)
        for address, names in read.ptr.items():
            for one in [names] if isinstance(names, str) else names:
                world.ptr(address, one)
        for blocklist in read.blocklist:
            world.block(_blocklist(blocklist))
        for fault in read.fault:
            world.fault(fault.name, fault.fault, rtype=fault.rtype, subtree=fault.subtree, seconds=fault.seconds)
    except (msgspec.DecodeError, ValueError, OSError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error
    return world


def _blocklist(read: _Blocklist) -> Blocklist:
    return Blocklist(
        read.zone,
        {entry.what: Listing(tuple(entry.codes), entry.reason) for entry in read.entry},
        kinds=read.kinds,
        test_codes=tuple(read.test_codes),
        test_domains=tuple(read.test_domains),
        address_code=read.address_code,
        mode=read.mode,
    )
