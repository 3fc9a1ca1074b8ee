"""What a hostile or a huge message costs: memory, measured in a process of its own."""

import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.mail_samples import tarred
from tests.unit.message_samples import TEXT, letter, with_file

LIMIT = 150  # MB of memory, Python and all
_CHILD = """
import json, sys
from preflight.subject import Subject
from preflight.testing import report_of
from preflight_checks.message import CHECK
report = report_of(CHECK, Subject.of(message=sys.argv[1]), {}, deadline=120.0)
found = {}
for one in report.findings:
    if one.finding.status != "pass":
        found.setdefault(one.finding.rule.removeprefix("message/"), one.finding.status.value)
# Not ru_maxrss, which a child takes over from its parent.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([int(peak.split()[1]) // 1024, found]))
"""


def zip_of_a_gigabyte() -> bytes:
    """One file of 1 GiB of zeros, at the best that deflate can do; packed piece by piece."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros, crc = bytes(1024 * 1024), 0
    packed = bytearray()
    for _ in range(1024):
        packed += engine.compress(zeros)
        crc = zlib.crc32(zeros, crc)
    packed += engine.flush()
    sizes = struct.pack("<HHIIII", 0, 0, crc, len(packed), 1 << 30, 0)
    local = b"PK\x03\x04" + struct.pack("<HHH", 20, 0, 8) + sizes[:16] + struct.pack("<HH", 1, 0) + b"z" + packed
    entry = (
        b"PK\x01\x02" + struct.pack("<HHHH", 20, 20, 0, 8) + sizes[:16] + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0)
    )
    entry += b"z"
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return with_file(local + entry + end, "bomb.zip")


def gzip_of_a_gigabyte() -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bytearray()
    for _ in range(1024):
        packed += engine.compress(bytes(1024 * 1024))
    return with_file(bytes(packed + engine.flush()), "bomb.gz")


def zip_of_many() -> bytes:
    import io

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
    return with_file(out.getvalue(), "many.zip")


def tar_of_sixty_megabytes() -> bytes:
    return with_file(tarred({"a": bytes(range(256)) * (60 * 4096)}, "w:gz"), "a.tgz")


def many_parts() -> bytes:
    parts = "--b\nContent-Type: application/x-y\n\nx\n" * 10_000
    return letter(f"--b\n\n{TEXT}\n{parts}--b--\n", Content_Type='multipart/mixed; boundary="b"')


def fifty_megabytes() -> bytes:
    return with_file(bytes(range(256)) * 4 * 37 * 1024, "large.dat")


def a_long_text() -> bytes:
    return letter(TEXT * 20_000)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (zip_of_a_gigabyte, {"archive-not-inspected": "inconclusive"}),
        (gzip_of_a_gigabyte, {"archive-not-inspected": "inconclusive"}),
        (zip_of_many, {"archive-not-inspected": "inconclusive"}),
        (tar_of_sixty_megabytes, {}),
        (many_parts, {"executable-attachment": "inconclusive"}),
        (fifty_megabytes, {"too-large": "fail"}),
        (a_long_text, {"too-large": "fail"}),
    ],
)
def test_memory_stays_within_the_limit(make: Callable[[], bytes], expected: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(make())
    run = subprocess.run([sys.executable, "-c", _CHILD, str(path)], capture_output=True, check=True, text=True)
    peak, found = json.loads(run.stdout)
    assert {rule: found.get(rule) for rule in expected} == expected
    assert "error" not in found.values()
    assert peak <= LIMIT
