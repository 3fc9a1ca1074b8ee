"""The check of messages beside Python's own `email` parser: messages a second on a mixed corpus without archives.

`email.message_from_bytes` only cuts a message into its parts; the check reads it, decodes its texts, looks at each
attachment and judges all rules.
"""

import asyncio
import sys
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from statistics import median

from preflight.bounces.catalogue import load_catalogue
from preflight.check import Context, Settings
from preflight.net.dns import SingleFlight
from preflight.net.fake import FakeSource
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.subject import MessageSource, Subject
from preflight_checks.mailfile.letter import read_letter
from preflight_checks.mailfile.parsing import read_mail
from preflight_checks.message import CHECK, JUDGES
from tests.benchmarks import report

BOUND = 3.0
ROUNDS = 7
PARAGRAPH = "We talked about the plans for the winter and agreed on three steps, which Anna wrote down. "


def corpus() -> list[bytes]:
    """Mail as it is: short and long texts, HTML, umlauts, Chinese, a picture, a PDF of some size."""
    return [
        _mail(PARAGRAPH * 4),
        _mail(PARAGRAPH * 30),
        _mail(PARAGRAPH * 300),
        _mail("Grüße aus Köln. " * 100),
        _mail("会议纪要如下。" * 200),
        _mail(PARAGRAPH * 30, html=40),
        _mail(PARAGRAPH * 200, html=300),
        _mail(PARAGRAPH * 20, file=("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400)),
        _mail(PARAGRAPH * 20, file=("report.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 4000)),
    ]


def _mail(text: str, html: int = 0, file: tuple[str, bytes] | None = None) -> bytes:
    message = EmailMessage(SMTP)
    message["From"] = "Anna <anna@example.com>"
    message["To"] = "Bert <bert@example.net>"
    message["Subject"] = "Minutes of the meeting on Monday"
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@mail.example.com>"
    for number in range(4):
        message[f"X-Trace-{number}"] = "from a by b; " * 5
    message.set_content(text.replace(". ", ".\n"))
    if html:
        cells = (
            f'<tr><td style="padding:4px;color:#333333">{PARAGRAPH}<a href="https://example.com/a">more</a></td></tr>\n'
        )
        message.add_alternative(f"<html><body><table>{cells * html}</table></body></html>", subtype="html")
    if file:
        kind, _, subtype = ("image/png" if file[0].endswith("png") else "application/pdf").partition("/")
        message.add_attachment(file[1], maintype=kind, subtype=subtype, filename=file[0])
    return message.as_bytes()


class _Judging:
    """All judges of the check over one message after the other, without the machinery of a run around them."""

    def __init__(self) -> None:
        registry = Registry(load_catalogue())
        registry.add(CHECK)
        self._policy = Policy()

    async def one(self, octets: bytes) -> int:
        """Judge one message; returns how many findings there are."""
        letter = read_letter(read_mail(octets))  # type: ignore[arg-type]
        subject = Subject(message=MessageSource("mail.eml", octets))
        ctx = Context(CHECK, subject, SingleFlight(FakeSource({})), Settings(), None)  # type: ignore[arg-type]
        count = 0
        for judge in JUDGES:
            async for _ in judge.function(ctx, letter):
                count += 1
        return count


def check_all(mails: list[bytes]) -> float:
    """Seconds for the check over all messages."""
    judging = _Judging()

    async def run() -> float:
        start = time.perf_counter()
        for octets in mails:
            await judging.one(octets)
        return time.perf_counter() - start

    return asyncio.run(run())


def parse_all(mails: list[bytes]) -> float:
    """Seconds for `email` to parse all messages."""
    start = time.perf_counter()
    for octets in mails:
        message_from_bytes(octets)
    return time.perf_counter() - start


def main() -> int:
    """Measure and report."""
    mails = corpus() * 5
    check_all(mails), parse_all(mails)
    pairs = [(check_all(mails), parse_all(mails)) for _ in range(ROUNDS)]
    took, parsed = median(a for a, _ in pairs), median(b for _, b in pairs)
    size = sum(map(len, mails)) / 1024 / 1024
    print(f"({len(mails)} messages, {size:.1f} MB: {len(mails) / took:.0f} a second; email {len(mails) / parsed:.0f})")
    return report("check of messages", took / len(mails), parsed / len(mails), BOUND, "email parse")


if __name__ == "__main__":
    sys.exit(main())
