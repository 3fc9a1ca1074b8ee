"""The command line: one file a command. Only this package writes to standard output and standard error.

What is needed to parse a command line is imported at the top of each file; what a command works with is imported
when it runs, so that `--help` answers soon.
"""

import sys
from collections.abc import Sequence

from preflight import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (by default the process's own) and return its exit code.

    0 go, 1 no-go, 2 usage or configuration, 3 incomplete, 70 a bug in preflight, 130 interrupted. Errors of the user
    are one line on standard error.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        if args == ["--version"]:  # scripts ask this often; even typer takes longer to load than it takes to answer
            code = 0
            sys.stdout.write(f"preflight {__version__}\n")
        else:
            from preflight.cli.app import run

            code = run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("\npreflight: interrupted\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`preflight codes | head`); nothing is left to say.
        from preflight.cli.common import discard_output

        discard_output()
        return 0
    except OSError as error:
        from preflight.cli.common import complain, discard_output

        discard_output()
        complain(f"standard output: {error.strerror}; nothing was written")
        return 2
    return code
