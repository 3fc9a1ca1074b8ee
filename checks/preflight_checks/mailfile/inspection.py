"""A look at each attachment, and into the archives among them: is there anything that runs, and what stays unseen."""

from collections.abc import Iterator
from dataclasses import dataclass

from preflight_checks.mailfile.archives import entries
from preflight_checks.mailfile.budget import Budget, CannotLookError, Entry, Obstacle
from preflight_checks.mailfile.extensions import Extension, Extensions
from preflight_checks.mailfile.filetypes import HEAD, TAR, UNKNOWN, FileType, Holder, Role, sniff, zip_type
from preflight_checks.mailfile.naming import Disguise, claims_otherwise, disguises
from preflight_checks.mailfile.parsing import Part

MAX_NESTING = 3  # archives in archives
MAX_NAMED = 10  # files that run which are named one by one, for one attachment
_ENTRY_HEAD = 4096
_SMIME = FileType("S/MIME envelope", Role.SEALED)
_BY_NAME = FileType("archive by its name", Role.CLOSED)
_BY_EXTENSION = FileType("judged by its name")
_MAX_NAME = 250  # characters of a file name that are kept: file systems allow 255


@dataclass(frozen=True, slots=True)
class Runs:
    """A file that runs when it is opened, by its name (`extension`), by its content, or by both."""

    part: str
    type: FileType
    extension: Extension | None
    size: int | None


@dataclass(frozen=True, slots=True)
class MoreRun:
    """More files that run, inside the attachment `part`, than are named one by one."""

    part: str
    count: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """An archive into which nobody can look, or not everywhere."""

    part: str
    type: FileType
    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class Undecoded:
    """An attachment in a transfer encoding that nobody knows."""

    part: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """An attachment in which nothing was found that runs. `files` counts those inside, `None` when it is no archive."""

    part: str
    type: FileType
    size: int
    files: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive that was looked into everywhere."""

    part: str
    type: FileType
    files: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An attachment that does not run by itself, of a kind that receivers refuse or distrust by its name."""

    part: str
    extension: Extension


@dataclass(frozen=True, slots=True)
class Macros:
    """A document with programs in it."""

    part: str
    type: FileType


@dataclass(frozen=True, slots=True)
class Polyglot:
    """A file of two types at once."""

    part: str
    type: FileType


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A file whose content is not what its name or its Content-Type claims."""

    part: str
    type: FileType
    claim: str


@dataclass(frozen=True, slots=True)
class Disguised:
    """A file whose name hides what it is."""

    part: str
    ways: tuple[Disguise, ...]


Outcome = Runs | MoreRun | Unseen | Undecoded | Harmless | Opened | Refused | Macros | Polyglot | Misnamed | Disguised


def inspect(
    attachments: tuple[Part, ...], extensions: Extensions, budget: Budget, reserved: tuple[str, ...] = ()
) -> tuple[Outcome, ...]:
    """What there is to say of the attachments of a message, in their order. Raises nothing.

    The `part` of an outcome is the file name, with the way into an archive before it (`invoice.zip!setup.exe`), or the
    number of an attachment without a name; no two outcomes of one kind share it, and none is
    among the `reserved`.
    """
    return tuple(outcome for _, found in look_at(attachments, extensions, budget, reserved) for outcome in found)


def look_at(
    attachments: tuple[Part, ...], extensions: Extensions, budget: Budget, reserved: tuple[str, ...] = ()
) -> Iterator[tuple[Part, list[Outcome]]]:
    """Each attachment with what there is to say of it; see `inspect`."""
    names = _Names(reserved)
    for number, attachment in enumerate(attachments, start=1):
        yield attachment, _Look(extensions, budget, names).at(attachment, number)


class _Names:
    """Gives each file a name of its own: the second `a.txt` becomes `a.txt (2)`."""

    def __init__(self, taken: tuple[str, ...]) -> None:
        self._taken = set(taken)
        self._count: dict[str, int] = {}

    def claim(self, name: str) -> str:
        """A name that nobody has yet, made from this one."""
        free = name
        while free in self._taken:
            self._count[name] = self._count.get(name, 1) + 1
            free = f"{name} ({self._count[name]})"
        self._taken.add(free)
        return free


class _Look:
    """The look at one attachment."""

    def __init__(self, extensions: Extensions, budget: Budget, names: _Names) -> None:
        self._extensions = extensions
        self._budget = budget
        self._names = names
        self._outcomes: list[Outcome] = []
        self._running = 0
        self._files = 0
        self._hints: list[Outcome] = []

    def at(self, attachment: Part, number: int) -> list[Outcome]:
        """All that there is to say of it."""
        names = attachment.file_names
        part = self._names.claim(_shorten(names[0]) if names else f"attachment {number}")
        self._name(part, names)
        return self._look(part, names, attachment) + self._hints

    def _look(self, part: str, names: tuple[str, ...], attachment: Part) -> list[Outcome]:
        """The look at its content: whether something runs, and what could not be seen."""
        extension = self._extensions.running(names)
        content = attachment.content()
        if content is None:
            return [Runs(part, _BY_EXTENSION, extension, None) if extension else Undecoded(part, attachment.encoding)]
        file_type = self._type(content, names, attachment.content_type)
        if extension or file_type.role is Role.RUNS:
            return [Runs(part, file_type, extension, len(content))]
        self._hint(part, file_type)
        if claim := claims_otherwise(file_type, names, attachment.content_type):
            self._hints.append(Misnamed(part, file_type, claim))
        known = self._extensions.known(names)
        if known and (known.refused_by or known.carries_phishing):
            self._hints.append(Refused(part, known))
        if file_type.role is Role.PLAIN:
            return [Harmless(part, file_type, len(content), None)]
        file_type = self._open(part, names[0] if names else "", file_type, content, depth=1)
        if file_type.role is Role.RUNS:
            return self._outcomes
        if self._running > MAX_NAMED:
            self._outcomes.append(MoreRun(part, self._running - MAX_NAMED))
        if not self._outcomes:
            self._outcomes.append(Harmless(part, file_type, len(content), self._files))
        if not any(isinstance(outcome, Unseen) for outcome in self._outcomes):
            self._outcomes.append(Opened(part, file_type, self._files))
        return self._outcomes

    def _name(self, part: str, names: tuple[str, ...]) -> None:
        """Note the ways in which a name hides what the file is."""
        ways = tuple(dict.fromkeys(way for name in names for way in disguises(name)))
        if ways:
            self._hints.append(Disguised(part, ways))

    def _hint(self, part: str, file_type: FileType) -> None:
        """Note what is remarkable about a type that does not run by itself."""
        if file_type.macros and file_type.holder is not Holder.ZIP:
            self._hints.append(Macros(part, file_type))
        if file_type.polyglot:
            self._hints.append(Polyglot(part, file_type))

    def _type(self, content: bytes, names: tuple[str, ...], declared: str = "") -> FileType:
        """The type of a whole file. A name that promises an archive, over content that is none, is a broken one."""
        file_type = sniff(content)
        if file_type.role is Role.PLAIN and declared in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            return _SMIME
        if file_type == UNKNOWN and self._extensions.kind(names) == "archive":
            return _BY_NAME
        return file_type

    def _open(self, part: str, name: str, file_type: FileType, content: bytes, depth: int) -> FileType:
        """Look at each file in an archive, and note what could not be seen. Returns its type, now seen from inside."""
        obstacle: Obstacle | None = None
        if file_type.role is Role.SEALED:
            obstacle = Obstacle.ENCRYPTED
        elif file_type.holder is None:
            obstacle = Obstacle.BROKEN if file_type == _BY_NAME else Obstacle.FORMAT
        elif depth > MAX_NESTING:
            obstacle = Obstacle.TOO_DEEP
        else:
            try:
                listing = entries(file_type.holder, content, name, self._budget)
                if file_type.holder is Holder.ZIP:
                    found = list(listing)
                    seen = zip_type(frozenset(entry.names[0] for entry in found))
                    if not file_type.polyglot or seen.role is Role.RUNS:
                        file_type = seen
                    if seen.macros:
                        self._hints.append(Macros(part, seen))
                    listing = iter(found)
                if file_type.role is Role.RUNS:
                    self._note(part, file_type, None, len(content))
                else:
                    obstacle = self._walk(part, listing, file_type.holder, depth)
            except CannotLookError as error:
                obstacle = error.obstacle
        if obstacle:
            self._outcomes.append(Unseen(part, file_type, obstacle))
        return file_type

    def _walk(self, part: str, listing: Iterator[Entry], holder: Holder | None, depth: int) -> Obstacle | None:
        """Look at each entry; returns the first obstacle met, having gone on past it where that was possible."""
        obstacle: Obstacle | None = None
        try:
            for entry in listing:
                try:
                    trouble = self._entry(part, entry, holder, depth)
                except CannotLookError as error:
                    trouble = error.obstacle
                obstacle = obstacle or trouble
        except CannotLookError as error:
            obstacle = obstacle or error.obstacle
        return obstacle

    def _entry(self, part: str, entry: Entry, holder: Holder | None, depth: int) -> Obstacle | None:
        self._files += 1
        path = self._names.claim(f"{part}!{_shorten(entry.names[0])}")
        self._name(path, entry.names)
        extension = self._extensions.running(entry.names)
        if extension:
            self._note(path, _BY_EXTENSION, extension, entry.size)
            return None
        if entry.obstacle:
            return entry.obstacle
        head = entry.read(_ENTRY_HEAD)
        if len(head) == _ENTRY_HEAD and not any(head[1024:]):
            head = entry.read(HEAD)  # the first 32 KiB of a disk image are mostly empty
        # A stream that gave less than it might have is known to its end.
        size = entry.size if entry.size is not None else len(head) + (len(head) in {_ENTRY_HEAD, HEAD})
        file_type = sniff(head, size=size)
        if file_type == UNKNOWN and self._extensions.kind(entry.names) == "archive":
            return Obstacle.BROKEN
        match file_type.role:
            case Role.RUNS:
                self._note(path, file_type, None, entry.size)
            case Role.SEALED:
                return Obstacle.ENCRYPTED
            case Role.HOLDS if file_type == TAR and holder in {Holder.GZIP, Holder.BZIP2, Holder.XZ}:
                self._files -= 1  # a .tar.gz is one archive
                content = self._whole(entry)
                return self._walk(part, entries(Holder.TAR, content, "", self._budget), Holder.TAR, depth)
            case Role.HOLDS if depth < MAX_NESTING:
                self._open(path, entry.names[0], file_type, self._whole(entry), depth + 1)
            case Role.HOLDS | Role.CLOSED:
                self._open(path, entry.names[0], file_type, b"", depth + 1)
            case Role.PLAIN if file_type.family == "ole":
                file_type = sniff(self._whole(entry))
                self._hint(path, file_type)
                if file_type.role is Role.SEALED:
                    return Obstacle.ENCRYPTED
                if file_type.role is Role.RUNS:
                    self._note(path, file_type, None, entry.size)
            case Role.PLAIN:
                pass
        return None

    def _whole(self, entry: Entry) -> bytes:
        """All of a file in an archive. Raises `CannotLookError` when it is more than may be read."""
        if entry.size is not None and entry.size > self._budget.octets:
            raise CannotLookError(Obstacle.TOO_LARGE)
        content = entry.read(self._budget.octets + 1)
        if entry.size is not None and len(content) != entry.size:
            raise CannotLookError(Obstacle.BROKEN)
        return content

    def _note(self, part: str, file_type: FileType, extension: Extension | None, size: int | None) -> None:
        self._running += 1
        if self._running <= MAX_NAMED:
            self._outcomes.append(Runs(part, file_type, extension, size))


def _shorten(name: str) -> str:
    """A file name to show; one longer than a file system allows is cut in the middle, so that its extension stays."""
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 60]}…{name[-59:]}"
