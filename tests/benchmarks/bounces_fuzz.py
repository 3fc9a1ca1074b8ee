"""Mutated bounces through the reading: no crash, none that takes more than a second, nothing that is not allowed.

`make fuzz`, or `python -m tests.benchmarks.bounces_fuzz [COUNT [SEED]]`; 100,000 by default.
"""

import io
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from preflight.bounces.reading import BounceReport, read_any, read_message, read_reply
from tests.benchmarks.message_fuzz import mutate

SAMPLES = Path(__file__).parents[1] / "data" / "bounces"
COUNT = 100_000
SLOWEST = 1.0  # seconds
NOW = datetime(2026, 11, 30, tzinfo=UTC)
KINDS = {"bounce", "delayed", "delivered", "auto-reply", "feedback", "not-a-bounce"}
PHASES = {"connect", "helo", "mail", "rcpt", "data", "unknown"}
TOKENS = [
    b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"--b0", b"--b0--", b"=?utf-8?B?", b"?=", b"<", b">", b"@", b"->", b"#",
    b"<u@example.net>", b"550", b"550-", b"550 5.1.1 ", b"421-4.7.0 ", b"5.7.1", b"said: ", b" (in reply to ", b"]",
    b"host mx.example.net[", b"[2001:db8::1]", b"999.1.1.1", b"smtp; ", b">>> RCPT To:<", b"<<< ", b"Status: ",
    b"Final-Recipient: rfc822; ", b"Action: failed\n", b"Diagnostic-Code: ", b"\xff\xfe", b"\x1b$B", b"charset=",
    b"Content-Type: message/delivery-status\n\n", b"Content-Type: message/rfc822\n\n", b"From a b 10:00\n", b"utf-7",
    b"Content-Type: multipart/mixed; boundary=b0\n\n", b"Content-Transfer-Encoding: base64\n", b"Subject: ",
    b"status=bounced (", b", stat=", b" ** ", b" == ", b"to=<", b"{\"MESSAGE\":", b"\\x{", b"\xb2\xe2", b"\xd0\xd1",
    b"\xe2\x80\xae", b"<style>", b"&#xd800;", b"&#0;",
]  # fmt: skip


def check(report: BounceReport) -> None:
    """Raise `AssertionError` when a report holds what its definition does not allow."""
    assert report.kind in KINDS
    assert report.recipients or report.kind not in {"bounce", "delayed"}
    for one in report.recipients:
        assert one.phase in PHASES
        assert one.reply_code is None or 200 <= one.reply_code < 600
        assert one.enhanced_code is None or one.enhanced_code[:2] in {"2.", "4.", "5."}
        assert "\n" not in one.text
        f"{one}".encode()  # no lone surrogates, which no output can carry


def main(count: int = COUNT, seed: int = 1) -> int:
    """Run; returns 1 when a mutant crashed the reading or took too long."""
    dice = random.Random(seed)
    corpus = [file.read_bytes() for file in sorted(SAMPLES.iterdir()) if file.suffix != ".toml"]
    slowest, bad = 0.0, 0
    start = time.perf_counter()
    for number in range(count):
        octets = mutate(dice.choice(corpus), dice, TOKENS)
        begun = time.process_time()
        try:
            for report in read_any(io.BytesIO(octets), now=NOW):
                check(report)
            check(read_message(octets, "mutant"))
            read_reply(octets.decode("latin-1"))
        except OSError:
            if not octets.startswith(b"\x1f\x8b"):  # what is packed may be broken, which is said so
                raise
        except Exception as error:  # noqa: BLE001 - what is looked for
            bad += 1
            print(f"mutant {number} of seed {seed}: {type(error).__name__}: {error}")
        took = time.process_time() - begun
        slowest = max(slowest, took)
        if took > SLOWEST:
            bad += 1
            print(f"mutant {number} of seed {seed}: {took:.1f} s")
    print(f"{count} bounces in {time.perf_counter() - start:.0f} s, the slowest {slowest * 1000:.0f} ms, {bad} bad")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
