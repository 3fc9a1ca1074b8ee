"""What may be read and unpacked for one message, and what a file in an archive is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_READ = 64 * 1024 * 1024  # octets that are decompressed for one message, over all its archives
MAX_ENTRIES = 10_000  # files in all archives of one message
MAX_RATIO = 500  # times that a file may grow; receivers' scanners call more a bomb
RATIO_FROM = 1024 * 1024  # octets; small files may shrink as they like
CHUNK = 64 * 1024


class Obstacle(StrEnum):
    """Why nobody can look inside an archive, or not everywhere."""

    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    FORMAT = "format"
    METHOD = "method"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"
    TOO_LARGE = "too-large"
    BOMB = "bomb"


class CannotLookError(Exception):
    """There is no way further into an archive."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


@dataclass
class Budget:
    """What may still be read and listed for one message."""

    octets: int = MAX_READ
    entries: int = MAX_ENTRIES

    def take(self, octets: int) -> None:
        """Account for octets that were read or decompressed. Raises `CannotLookError` when there is no more."""
        self.octets -= octets
        if self.octets < 0:
            raise CannotLookError(Obstacle.TOO_LARGE)

    def take_entry(self) -> None:
        """Account for a file in an archive. Raises `CannotLookError` when there is no more."""
        self.entries -= 1
        if self.entries < 0:
            raise CannotLookError(Obstacle.TOO_MANY)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive: its names, the first one to show; its size as declared, in octets, `None` when unknown.

    `obstacle` is why its content cannot be looked at. `read(limit)` gives its first octets, or raises
    `CannotLookError`.
    """

    names: tuple[str, ...]
    size: int | None
    read: Callable[[int], bytes] = field(repr=False)
    obstacle: Obstacle | None = None


def entry_names(names: list[str]) -> tuple[str, ...]:
    """Names of an entry, each once; one that says so when it has none."""
    return tuple(dict.fromkeys(name for name in names if name)) or ("unnamed",)


def grows_too_much(unpacked: int, packed: int) -> bool:
    """Whether a file grows so much when it is unpacked that scanners call it a bomb. Both sizes in octets."""
    return unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(1, packed)
