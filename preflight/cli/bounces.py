"""What the commands on bounces share: reading them, and the inputs of their checks."""

import io
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.options import SUBJECT
from preflight.errors import ConfigError
from preflight.text import visible

if TYPE_CHECKING:
    from preflight.bounces.reading import BounceReport, Kind
    from preflight.config import Config
    from preflight.subject import Subject

STANDARD_INPUT = "-"
PASTED = "--text"
"""How a pasted reply is named as a source."""
RECOGNISED: "tuple[Kind, ...]" = ("bounce", "delayed", "delivered")
"""Kinds that say what became of a message; the others leave nothing to diagnose."""
NOT_RECOGNISED = 4
"""Exit code where no bounce was recognised."""

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="A bounce, a folder, an mbox or a log; - is standard input.", metavar="PATH", show_default=False
    ),
]
TextOption = Annotated[
    str | None, typer.Option("--text", metavar="REPLY", help='The reply itself, pasted: "550 DY-001 …".')
]
HostOption = Annotated[
    str | None, typer.Option("--host", metavar="NAME", help="The mail server's own name.", rich_help_panel=SUBJECT)
]


def read_bounces(paths: Sequence[str] | None, text: str | None) -> "Iterator[BounceReport]":
    """What is to be diagnosed, in the order of the command line, as a stream.

    Raises `ConfigError` where nothing is given, for a text and paths at once, and for a path that cannot be read.
    """
    from preflight.bounces.reading import read_any

    if text is not None:
        if paths:
            raise ConfigError("give a PATH or --text, not both")
        return read_any(io.BytesIO(text.encode("utf-8", "surrogateescape")), PASTED)
    if not paths:
        raise ConfigError(
            "nothing to diagnose: give the bounce as a PATH, - for standard input, or --text with the reply"
        )
    if paths.count(STANDARD_INPUT) > 1:
        raise ConfigError("standard input can be read once; give - once")
    for path in paths:
        if path != STANDARD_INPUT and not Path(path).exists():
            raise ConfigError(f"{visible(path)}: no such file or folder; give a bounce, a folder, an mbox or a log")
    return itertools.chain.from_iterable(map(_read, paths))


def _read(path: str) -> "Iterator[BounceReport]":
    from preflight.bounces.reading import read_any

    try:
        yield from read_any(sys.stdin.buffer if path == STANDARD_INPUT else Path(path), path)
    except OSError as error:
        raise ConfigError(f"{visible(path)}: {error.strerror}; give a file that can be read") from None


def given_subject(file: "Config", given: Mapping[str, Any], names: list[str] | None) -> "Subject":
    """The inputs of the options, else those of the file's one subject; none at all where neither has any."""
    from preflight.cli.subjects import subject_of_options, subjects_of_file
    from preflight.subject import Subject

    if (subject := subject_of_options(file, given)) is not None:
        return subject
    subjects = subjects_of_file(file, names)
    if len(subjects) > 1:
        known = ", ".join(visible(subject.name or subject.label) for subject in subjects)
        raise ConfigError(f"{file.label} has {len(subjects)} subjects ({known}); say which one with --subject NAME")
    return subjects[0] if subjects else Subject()
