"""Whom to ask: name servers, zone files, and what earlier runs remember of blocklists."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preflight.cli.common import complain
from preflight.cli.running import spare_collector
from preflight.config import Config, seconds
from preflight.errors import ConfigError
from preflight.memory import DiskMemory, cache_file
from preflight.net.dns import Source
from preflight.net.live import DEFAULT_TIMEOUT, LiveSource
from preflight.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The options on whom to ask; each stands above what the file says. `timeout` is in seconds."""

    resolver: Sequence[str] = ()
    authoritative: bool = False
    timeout: float | None = None
    zones: Sequence[str] = ()
    offline: bool = False
    no_cache: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the answers of a run come from, and what is remembered of earlier runs, if anything is."""

    source: Source
    memory: DiskMemory | None


def answers_for(asking: Asking, file: Config, subjects: Sequence[Subject]) -> Answers:
    """What the options and the file say. Zone files are read here, and notes on them go to standard error.

    Raises `ConfigError` and `ZoneError`.
    """
    table = file.table
    zones = list(asking.zones) or table.zones.files
    offline = asking.offline or table.zones.offline
    if offline:
        _reject_asking(asking, zones, subjects)
        return Answers(_with_zones(zones, asking, file, None), None)
    attempt = seconds(
        asking.timeout if asking.timeout is not None else table.resolver.timeout, DEFAULT_TIMEOUT, "timeout"
    )
    live = LiveSource(asking.resolver or table.resolver.servers, attempt)
    source: Source = live
    if asking.authoritative or table.resolver.authoritative:
        from preflight.net.authority import AuthoritativeSource

        source = AuthoritativeSource(live, attempt)
    if zones:
        source = _with_zones(zones, asking, file, source)
    remembers = table.resolver.cache and not asking.no_cache and live.endpoints
    return Answers(source, DiskMemory(cache_file(), live.endpoints) if remembers else None)


def _reject_asking(asking: Asking, zones: Sequence[str], subjects: Sequence[Subject]) -> None:
    """Raise `ConfigError` for what makes no sense where nobody is asked."""
    if not zones:
        raise ConfigError("--offline answers from zone files alone; give some with --zone")
    for option, value in (("--resolver", asking.resolver), ("--authoritative", asking.authoritative)):
        if value:
            raise ConfigError(f"--offline asks no name server; leave out {option}")
    connecting = next((subject for subject in subjects if subject.connects), None)
    if connecting is not None:
        raise ConfigError(
            f"--offline makes no connection; leave out --server, --probe, --probe-relay and --probe-outbound "
            f"({connecting.label})"
        )


def _with_zones(zones: Sequence[str], asking: Asking, file: Config, below: Source | None) -> Source:
    from preflight.net.zone_files import load_zones  # here and not above: few runs have zone files
    from preflight.net.zone_source import ZoneSource

    # What the file names is relative to the file, what the command line names to where it was called.
    spare_collector()
    loaded = load_zones(zones, Path() if asking.zones else file.folder)
    for note in loaded.notes:
        complain(note)
    return ZoneSource(loaded.zones, below)
