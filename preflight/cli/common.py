"""What the commands share: writing to the two streams, the language, the terminal's width."""

import os
import shutil
import sys
from enum import StrEnum
from typing import Annotated

import typer

from preflight.errors import ConfigError
from preflight.text import visible


class Lang(StrEnum):
    """The languages that reports come in."""

    EN = "en"
    ZH = "zh"


def default_lang() -> Lang:
    """The language of the environment (`LC_ALL`, `LC_MESSAGES`, `LANG`) where there are reports in it; else English."""
    chosen = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return Lang.ZH if chosen.lower().startswith("zh") else Lang.EN


LangOption = Annotated[
    Lang,
    typer.Option(
        "--lang", help="Language of the report.", default_factory=default_lang, show_default="the environment's"
    ),
]


def show(text: str, *, machine: bool = False) -> None:
    """Write to standard output. `machine`: a format for programs, always UTF-8, whatever the terminal's encoding is.

    Raises `BrokenPipeError` when the reader has gone, and `ConfigError` when it cannot be written to (a full disk).
    """
    try:
        if machine and hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8"))
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise ConfigError(f"standard output: {error.strerror}; the report was not written whole") from None


def discard_output() -> None:
    """Send what is still to be written to standard output nowhere: Python would complain of it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(line: str) -> None:
    """Write one line of our own to standard error."""
    encoding = sys.stderr.encoding or "utf-8"
    text = f"preflight: {visible(line)}\n"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
    sys.stderr.flush()


def is_terminal() -> bool:
    """Whether a person reads standard output on a terminal that shows colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns to write in: the terminal's, 60 to 120; 80 in a pipe."""
    return max(60, min(120, shutil.get_terminal_size((80, 24)).columns)) if sys.stdout.isatty() else 80
