"""The reading of bounces: mails and log a second, beside flufl.bounce on the same mails in the same run.

flufl.bounce finds the addresses in a bounce; preflight also reads each reply and looks it up in the catalogue. Both
begin with octets. Times are of the processor: a busy machine does not make a program slower.
"""

import sys
import time
from collections.abc import Callable, Sequence
from email import message_from_bytes
from pathlib import Path
from statistics import median

from flufl.bounce import scan_message

from preflight.bounces.reading import read_log, read_message
from preflight.diagnosis.refusals import refusals_of
from tests.benchmarks import report

SAMPLES = Path(__file__).parents[1] / "data" / "bounces"
ROUNDS = 7
BOUND = 0.8  # times that of flufl.bounce
MAILS_A_SECOND = 1_500
LOG = 10 * 1024 * 1024  # octets
LOG_SECONDS = 5.0
PLAIN = b"Nov 24 10:00:00 mx1 postfix/smtpd[77]: connect from mail.example.org[203.0.113.30]\n"


def reports() -> list[bytes]:
    """The samples that are reports on deliveries (RFC 3464), as they come from servers: with a returned message."""
    letter = b"".join(
        b"This is line %d of the letter that was returned, of usual length.\n" % line for line in range(60)
    )
    files = sorted(SAMPLES.glob("*.eml"))
    found = [file.read_bytes() for file in files]
    return [octets.replace(b"\n--b0--", letter + b"\n--b0--") for octets in found if b"delivery-status" in octets]


def ours(octets: bytes) -> object:
    """Read a mail, and look each refusal up in the catalogue."""
    return refusals_of(read_message(octets, "mail"))


def theirs(octets: bytes) -> object:
    """The addresses that flufl.bounce finds."""
    return scan_message(message_from_bytes(octets))


def seconds(work: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    """Seconds of the processor for all mails, the median of some rounds."""
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for octets in mails:
            work(octets)
        took.append(time.process_time() - start)
    return median(took)


def log(lines: Sequence[bytes]) -> tuple[float, int]:
    """Seconds of the processor for the log that these lines make when repeated, and how many reports it has."""
    copies = LOG // sum(map(len, lines))
    start = time.process_time()
    found = sum(1 for _ in read_log(line for _ in range(copies) for line in lines))
    return time.process_time() - start, found


def main() -> int:
    """Measure and report; returns 1 when something is too slow."""
    mails = reports()
    for work in (ours, theirs):
        seconds(work, mails[:5])
    own, other = seconds(ours, mails), seconds(theirs, mails)
    bad = report(f"bounces ({len(mails)} reports)", own, other, BOUND, "flufl.bounce")
    rate = len(mails) / own
    print(
        f"{'':<28} {rate:,.0f} mails a second (bound {MAILS_A_SECOND:,}) {'ok' if rate >= MAILS_A_SECOND else 'UNDER'}"
    )
    refusals = [line for name in ("postfix", "exim-main", "sendmail", "haraka") for line in lines_of(f"{name}.log")]
    for name, lines in (
        ("log of refusals alone", refusals),
        ("log with one in ten", refusals + [PLAIN] * 9 * len(refusals)),
    ):
        took, found = log(lines)
        verdict = "ok" if took <= LOG_SECONDS else "OVER"
        print(f"{name:<28} {took:8.2f} s for 10 MB, {found:,} reports (bound {LOG_SECONDS:.0f} s) {verdict}")
        bad |= int(took > LOG_SECONDS)
    return int(bad or rate < MAILS_A_SECOND)


def lines_of(name: str) -> list[bytes]:
    """The lines of a sample."""
    return (SAMPLES / name).read_bytes().splitlines(keepends=True)


if __name__ == "__main__":
    sys.exit(main())
