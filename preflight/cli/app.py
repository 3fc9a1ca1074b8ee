"""The typer application: which commands there are, and what becomes of their errors."""

import inspect
import os
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from preflight import __version__
from preflight.cli.appeal import appeal
from preflight.cli.check import check
from preflight.cli.codes import codes
from preflight.cli.common import complain, show
from preflight.cli.demo import demo
from preflight.cli.diagnose import diagnose
from preflight.cli.init import init
from preflight.cli.message import message
from preflight.cli.profiles import profiles
from preflight.cli.rdns import rdns
from preflight.cli.rules import rules
from preflight.cli.schema import schema
from preflight.errors import PreflightError

DEBUG = "PREFLIGHT_DEBUG"
_USAGE = 2
_BUG = 70  # EX_SOFTWARE of sysexits.h: not to be mistaken for a verdict

app = typer.Typer(
    name="preflight",
    help="Will receivers take this server's mail, and if not, which bounce code comes back and what mends it?",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (check, message, diagnose, appeal, codes, rules, profiles, rdns, demo, init, schema)


def _help(command: Callable[..., object]) -> str:
    """What a command says of itself, a line a paragraph: typer keeps the line breaks of a docstring, which are made for
    another width than that of the terminal."""
    return "\n\n".join(" ".join(text.split()) for text in (inspect.getdoc(command) or "").split("\n\n"))


for command in COMMANDS:
    app.command(help=_help(command))(command)


@app.callback()
def _without_command(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        show(f"preflight {__version__}\n")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        show(ctx.get_help())
        raise typer.Exit(_USAGE)


def run(args: Sequence[str]) -> int:
    """Run a command line and return its exit code. Raises `KeyboardInterrupt` and `BrokenPipeError` only."""
    try:
        result = app(list(args), prog_name="preflight", standalone_mode=False)
    except PreflightError as error:
        return _trouble(args, str(error), _USAGE)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        hint = f"{' '.join(['preflight', *_command_of(args)])} --help shows the options"
        return _trouble(args, f"{' '.join(error.format_message().split())} ({hint})", _USAGE)
    except SystemExit:
        raise BrokenPipeError from None  # typer's way out when the reader of its help has gone
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        line = f"a bug in preflight: {type(error).__name__}: {error}. Please report it; {DEBUG}=1 shows more"
        return _trouble(args, line, _BUG)
    if result == KEYBOARD_INTERRUPT:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _trouble(args: Sequence[str], line: str, code: int) -> int:
    """Say why there is no report, also as the reader of a format wants to hear it; returns the exit code."""
    from preflight.cli.formats import convention_of

    complain(line)
    convention = convention_of(args)
    if convention is None:
        return code
    show(convention.trouble(line), machine=True)
    return convention.trouble_code


KEYBOARD_INTERRUPT = 130  # what typer makes of Ctrl-C


def _command_of(args: Sequence[str]) -> list[str]:
    names = {command.__name__ for command in COMMANDS}
    return [arg for arg in args[:1] if arg in names]
