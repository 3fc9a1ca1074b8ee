"""`preflight --version` beside `python -c "import typer"`, as whole processes, in turn."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.benchmarks import report

RUNS = 15
BOUND = 1.5


def seconds(command: list[str]) -> float:
    """How long a process takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Measure and report."""
    preflight = [str(Path(sys.executable).parent / "preflight"), "--version"]
    typer = [sys.executable, "-c", "import typer"]
    seconds(preflight), seconds(typer)  # the first of each writes and reads byte code
    pairs = [(seconds(preflight), seconds(typer)) for _ in range(RUNS)]
    return report(
        "preflight --version", median(a for a, _ in pairs), median(b for _, b in pairs), BOUND, "import typer"
    )


if __name__ == "__main__":
    sys.exit(main())
