"""Mutated messages through the whole check: no crash, none that takes more than two seconds, no memory over the limit.

`make fuzz`, or `python -m tests.benchmarks.message_fuzz [COUNT [SEED]]`; 200,000 messages by default.
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Sequence

from preflight.check import Context, Settings
from preflight.net.dns import SingleFlight
from preflight.net.fake import FakeSource
from preflight.subject import MessageSource, Subject
from preflight_checks.mailfile.letter import read_letter
from preflight_checks.mailfile.parsing import NoMail, read_mail
from preflight_checks.message import CHECK, JUDGES
from tests.unit.mail_samples import encrypted, pe, tarred, zipped
from tests.unit.message_samples import letter, office, ole, onenote, page, rar4, rar5, seven, with_file, with_html

COUNT = 200_000
SLOWEST = 2.0  # seconds
MEMORY = 150 * 1024  # KiB
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"\r\n\r\n", b"--b", b"--b--", b"=?utf-8?B?", b"?=", b"=?", b"<", b">", b'"', b"<!--",
    b"-->", b"<a href=", b"<script>", b"style=\"display:none\"", b"{{", b"}}", b"http://", b"begin 644 a\n", b"end\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"PK\x03\x04",
    b"Content-Transfer-Encoding: base64\r\n", b"PK\x05\x06", b"PK\x01\x02", b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07\x01\0",
    b"Subject: ", b"Date: ", b"From: ", b"filename*0*=", b"\xff\xff\xff\xff", b"\xe2\x80\xae", b"From a b 2026\n",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Small messages of all kinds, binary attachments as they are so that a mutation reaches them."""
    files = {"a.txt": b"a" * 300, "b.dat": pe(), "c.zip": zipped({"d.exe": b"x"})}
    archives = [
        zipped(files), encrypted(files), tarred(files), tarred(files, "w:gz"), tarred(files, "w:xz"), seven(files),
        seven(files, "lzma", packed_header=True), rar5(files), rar4(files), office("word/vbaProject.bin"),
        ole("_VBA_PROJECT"), onenote(pe()), b"GIF89a" + zipped(files),
    ]  # fmt: skip
    found = [_raw_file(content) for content in archives] + [with_file(content, "a.zip") for content in archives[:3]]
    return [*found, letter(), with_html(page('<a href="https://example.com">example.org</a>')), letter("x" * 500)]


def _raw_file(content: bytes) -> bytes:
    head = letter("", Content_Type='multipart/mixed; boundary="b"')
    part = b"--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return head + b"--b\r\n\r\nHello\r\n" + part + content + b"\r\n--b--\r\n"


def mutate(octets: bytes, dice: random.Random, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """Some pieces changed, cut out, doubled or put in, of `tokens` among others."""
    out = bytearray(octets)
    for _ in range(dice.choice((1, 1, 2, 3, 5, 9))):
        at = dice.randrange(len(out) + 1)
        size = dice.choice((1, 1, 2, 4, 16, 200))
        match dice.randrange(6):
            case 0:
                out[at : at + size] = dice.randbytes(size)
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = dice.choice(tokens) * dice.choice((1, 1, 1, 2, 50))
            case 3:
                out[at:at] = out[at : at + size] * dice.choice((1, 2, 20))
            case 4 if at < len(out):
                out[at] ^= 1 << dice.randrange(8)
            case _:
                other = dice.randrange(len(out) + 1)
                out[at : at + size] = out[other : other + size]
    return bytes(out)


async def _judge(octets: bytes) -> None:
    mail = read_mail(octets)
    if isinstance(mail, NoMail):
        return
    one = read_letter(mail)
    ctx = Context(CHECK, Subject(message=MessageSource("-", octets)), SingleFlight(FakeSource({})), Settings(), None)  # type: ignore[arg-type]
    for judge in JUDGES:
        seen: set[tuple[str, str]] = set()
        async for finding in judge.function(ctx, one):
            key = (finding.rule, finding.part)
            if key in seen and finding.status != "pass":
                raise AssertionError(f"two findings for {key}")
            seen.add(key)


def main(count: int = COUNT, seed: int = 1) -> int:
    """Run; returns 1 when a message crashed the check or took too long."""
    dice = random.Random(seed)
    corpus = seeds()
    slowest, bad = 0.0, 0
    start = time.perf_counter()

    async def run() -> None:
        nonlocal slowest, bad
        for number in range(count):
            octets = mutate(dice.choice(corpus), dice)
            begun = time.perf_counter()
            try:
                await _judge(octets)
            except Exception as error:  # noqa: BLE001 - what is looked for
                bad += 1
                print(f"message {number} of seed {seed}: {type(error).__name__}: {error}")
            took = time.perf_counter() - begun
            slowest = max(slowest, took)
            if took > SLOWEST:
                bad += 1
                print(f"message {number} of seed {seed}: {took:.1f} s")

    asyncio.run(run())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{count} messages in {time.perf_counter() - start:.0f} s, the slowest {slowest * 1000:.0f} ms, "
        f"peak memory {peak // 1024} MB, {bad} bad"
    )
    return int(bad > 0 or peak > MEMORY)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
