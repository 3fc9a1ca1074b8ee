"""What runs remember of earlier ones: facts that stay true for a while, so that they need not be found out each time.

Checks see the port alone (`Settings.memory`). Nothing is read or written while a run is under way: the command line
loads the memory before it and saves it after it. A memory is an aid, never a need: one that is damaged, not ours or not
writable is an empty one.
"""

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from preflight.files import read_bounded, write_whole

LIFETIME = timedelta(days=1)
MAX_OCTETS = 1024 * 1024  # a larger file is not ours: a fact takes some hundred octets, and facts end after a day
_FACT = re.compile(r"[ -~]{1,400}")  # what a fact reads like; nothing else is taken from a file


class Memory(ABC):
    """Facts, each a line of text that says what was found. Must hold no secret: it may end up in a file."""

    @abstractmethod
    def recall(self, fact: str) -> datetime | None:
        """When the fact was found to be true; `None` when that is not known, or too long ago."""

    @abstractmethod
    def note(self, fact: str) -> None:
        """The fact was found to be true just now."""

    @abstractmethod
    def forget(self, fact: str) -> None:
        """There is reason to doubt the fact. Outweighs what is noted of it in the same run, before or after."""


class NoMemory(Memory):
    """Remembers nothing: the default of the library and of tests."""

    def recall(self, fact: str) -> datetime | None:  # noqa: ARG002
        """Nothing."""
        return None

    def note(self, fact: str) -> None:
        """Nothing is kept."""

    def forget(self, fact: str) -> None:
        """There is nothing to forget."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: when each fact was found, RFC 3339 in UTC, by scope and fact."""

    format: int
    facts: dict[str, dict[str, datetime]]


class DiskMemory(Memory):
    """A memory in a JSON file, for what was found through one resolver (`servers`, each `address port`).

    `now` is the clock, with time zone. Reading and saving raise nothing.
    """

    FORMAT = 1

    def __init__(
        self, file: Path, servers: Iterable[str], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._file = file
        self._scope = ", ".join(sorted(servers))
        self._now = now
        self._facts = self._load().get(self._scope, {})
        self._noted: dict[str, datetime] = {}
        self._forgotten: set[str] = set()

    def recall(self, fact: str) -> datetime | None:
        """When the fact was found, at most `LIFETIME` ago and not after now; what was noted in this run counts not."""
        return None if fact in self._forgotten else self._facts.get(fact)

    def note(self, fact: str) -> None:
        """Keep the fact, to be saved after the run."""
        self._noted[fact] = self._now()

    def forget(self, fact: str) -> None:
        """Drop the fact until the end of the run."""
        self._forgotten.add(fact)

    def save(self) -> None:
        """Write the file in one step; what other runs have written meanwhile stays. Does nothing where it cannot."""
        if not self._noted and not self._forgotten:
            return
        scopes = self._load()
        mine = {**scopes.get(self._scope, {}), **self._noted}
        scopes[self._scope] = {fact: when for fact, when in mine.items() if fact not in self._forgotten}
        data = msgspec.json.encode(_File(self.FORMAT, {scope: facts for scope, facts in scopes.items() if facts}))
        with contextlib.suppress(OSError, ValueError):  # ValueError: a NUL in the path
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._file, data)

    def _load(self) -> dict[str, dict[str, datetime]]:
        """The facts of the file that hold now; nothing of a file that cannot be read, or is not of our format."""
        now = self._now()
        try:
            read = msgspec.json.decode(read_bounded(self._file, MAX_OCTETS), type=_File)
            if read.format != self.FORMAT:
                return {}
            return {
                scope: {
                    fact: when
                    for fact, when in facts.items()
                    if _FACT.fullmatch(fact) and when.tzinfo is not None and timedelta() <= now - when <= LIFETIME
                }
                for scope, facts in read.facts.items()
            }
        except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return {}


def cache_file() -> Path:
    """Where the memory is kept: `health.json` in preflight's own folder of the user's cache (XDG_CACHE_HOME …)."""
    from platformdirs import user_cache_path  # here and not above: only `preflight check` needs it

    return user_cache_path("preflight", appauthor=False) / "health.json"
