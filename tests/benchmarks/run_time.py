"""All checks for one address at a 20 ms round trip, beside the longest chain of questions that depend on each other.

The chain is taken from the run itself: each question's start and end are noted, and the most questions that can stand
in a row, each beginning after the one before it ended, are the length of the chain. The baseline asks that many
questions one after the other, of the same server, in the same process.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from preflight import Subject
from preflight.net.dns import Answer, Question, Source
from preflight.net.live import LiveSource
from preflight.runner import Run
from tests.benchmarks import report

RUNS = 9
BOUND = 1.5
LATENCY = 0.020  # seconds
SERVER = (
    "import sys, time; from preflight.lab import LabDns; from preflight.lab.demo import demo_world\n"
    f"with LabDns(demo_world(), latency={LATENCY}) as server:\n"
    "    print(server.address, flush=True); sys.stdin.read()\n"
)


class Watched(Source):
    """A source that notes when each question was asked and answered."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.spans: list[tuple[float, float]] = []

    async def ask(self, question: Question) -> Answer:
        """Ask the source below."""
        start = time.perf_counter()
        try:
            return await self._source.ask(question)
        finally:
            self.spans.append((start, time.perf_counter()))

    def chain(self) -> int:
        """The most questions of which each began after the one before it had ended."""
        length, end = 0, 0.0
        for start, stop in sorted(self.spans, key=lambda span: span[1]):
            if start >= end:
                length, end = length + 1, stop
        return length


def run_once(address: str) -> tuple[float, Watched]:
    """One run of all checks; seconds, and the watched source."""
    source = Watched(LiveSource([address]))
    run = Run([Subject.of("mail.bad.example")], source)
    start = time.perf_counter()
    run.fly_blocking()
    return time.perf_counter() - start, source


async def ask_in_a_row(address: str, count: int) -> float:
    """Seconds for some questions, one after the other."""
    source = LiveSource([address])
    start = time.perf_counter()
    for number in range(count):
        await source.ask(Question(f"n{number}.bad.example", "A"))
    return time.perf_counter() - start


@contextmanager
def served(code: str) -> Iterator[str]:
    """The address that a program prints first; it is to end with its standard input."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate("")


def main() -> int:
    """Measure and report."""
    with served(SERVER) as address:
        run_once(address)  # loads what is loaded on first use
        pairs = []
        for _ in range(RUNS):
            took, source = run_once(address)
            pairs.append((took, asyncio.run(ask_in_a_row(address, source.chain()))))
        print(f"({len(source.spans)} questions, the longest chain has {source.chain()})")
    return report("all checks, one address", median(a for a, _ in pairs), median(b for _, b in pairs), BOUND, "chain")


if __name__ == "__main__":
    sys.exit(main())
