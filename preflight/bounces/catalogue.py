"""The bounce catalogue: TOML files under `data/`, read and validated when first used.

A file has the provider's id, its name, by what hosts and words it is known, its sources by a short name with the date
of the last look at them, then one `[[bounce]]` for each code. A provider with very many codes may have several files.
With `board = false` its codes stand on the board only of a run with a profile that names them. Texts that several
entries share are in `texts.toml`. docs/architecture.md describes the format.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePath

from preflight.bounces.entries import Bounce, Category, Coverage, Provider, read_entries, read_texts
from preflight.bounces.matcher import Matcher
from preflight.bounces.replies import shape
from preflight.errors import CatalogueError
from preflight.text import Words

__all__ = ["Bounce", "Catalogue", "Category", "Coverage", "Provider", "load_catalogue", "read_catalogue"]

_TEXTS = "texts.toml"


@dataclass(frozen=True)
class Catalogue:
    """All known bounces by id, and the providers that give them, in the order of the files."""

    bounces: Mapping[str, Bounce]
    providers: Mapping[str, Provider] = field(default_factory=dict)

    @cached_property
    def matcher(self) -> Matcher:
        """Finds the bounce that a reply is."""
        return Matcher(self.bounces.values(), self.providers)

    @cached_property
    def _names(self) -> list[tuple[Bounce, tuple[str, str, str]]]:
        """The id, the code and the reply of each bounce, in the shape of replies."""
        return [
            (bounce, (shape(bounce.id).plain, shape(bounce.code).plain, shape(bounce.reply).plain))
            for bounce in self.bounces.values()
        ]

    def find(self, text: str) -> list[Bounce]:
        """The bounces that a user means by `DY-001`, `microsoft/DY-001`, `550 DY-001`, words of a reply or a whole one.

        An exact id wins, then a code, then a reply; else those whose reply has the text in it; else the one that the
        text, a whole reply or a line of a log, is known to be. Case, white space and the hyphen after the reply code of
        a multi-line reply (RFC 5321 4.2.1) do not matter. Nothing is found for an empty text, and nothing by the reply
        code alone.
        """
        reply = shape(text)
        if not (wanted := reply.plain):
            return []
        for part in range(3):
            if exact := [bounce for bounce, names in self._names if names[part] == wanted]:
                return exact
        if found := [bounce for bounce, names in self._names if wanted in names[2]]:
            return found
        match = self.matcher.match(reply, self.matcher.provider_of(None, reply), by_reply_code=False)
        return [match.bounce] if match else []


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with preflight. Raises `CatalogueError` that names the file and what is wrong in it."""
    folder = resources.files("preflight.bounces") / "data"
    return read_catalogue(sorted(folder.iterdir(), key=lambda entry: PurePath(entry.name).stem))


def read_catalogue(files: Iterable[Traversable]) -> Catalogue:
    """Read and validate catalogue files; those that do not end in `.toml` are passed over.

    Raises `CatalogueError`, with the name of the file, for one that breaks the format: a missing, unknown or empty
    field, a code that occurs twice, an entry without causes, advice or source, a reply whose first digit contradicts
    `permanent`, rules on an entry of external coverage or none on another, a source that the file does not have or that
    no entry has, an entry by which no reply can be known, a shared text that does not exist. Patterns are checked by
    `Catalogue.matcher`.
    """
    shared: dict[str, Words] = {}
    bounces: dict[str, Bounce] = {}
    providers: dict[str, Provider] = {}
    files = [file for file in files if file.name.endswith(".toml")]
    for file in files:
        if file.name == _TEXTS:
            shared = read_texts(file)
    for file in files:
        if file.name == _TEXTS:
            continue
        provider, entries = read_entries(file, shared)
        providers[provider.id] = _joined(providers.get(provider.id), provider)
        for bounce in entries:
            if bounce.id in bounces:
                raise CatalogueError(f"{file.name}: {bounce.id} occurs twice")
            bounces[bounce.id] = bounce
    return Catalogue(bounces, providers)


def _joined(one: Provider | None, more: Provider) -> Provider:
    """A provider as two of its files know it."""
    if one is None:
        return more
    return Provider(more.id, one.name, one.generic, (*one.hosts, *more.hosts), (*one.signs, *more.signs))
