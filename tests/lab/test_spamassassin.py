"""The real SpamAssassin of this machine as a second opinion: as a program, and as a daemon behind spamc."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight_checks.mailrules import opinion
from tests.lab.daemons import find_daemon, free_port
from tests.unit.message_samples import letter

pytestmark = pytest.mark.lab
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
Captured = pytest.CaptureFixture[str]


def points(octets: bytes, folder: Path, capsys: Captured) -> dict[str, str]:
    """What it says of a message: part → status."""
    file = folder / "mail.eml"
    file.write_bytes(octets)
    main(["message", str(file), "--spamassassin", "--select", "message/spamassassin", "--format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {one["part"]: one["status"] for one in findings}


def test_the_program(tmp_path: Path, capsys: Captured) -> None:
    find_daemon("spamassassin")
    assert points(letter(), tmp_path, capsys)["message"] == "pass"
    spam = points(letter(f"{GTUBE}\n"), tmp_path, capsys)
    assert (spam["message"], spam["GTUBE"]) == ("fail", "fail")


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A spamd on loopback that asks nobody, and a path on which only spamc is found."""
    port = free_port()
    spamd, spamc = find_daemon("spamd"), find_daemon("spamc")
    arguments = ["-L", "-p", str(port), "-A", "127.0.0.1", "-i", "127.0.0.1", "-m", "1", "--helper-home-dir"]
    process = subprocess.Popen(
        [spamd, *arguments, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "server started" in line:
            break
    else:
        pytest.fail(f"spamd did not start: exit code {process.wait()}")
    only = tmp_path / "bin"
    only.mkdir()
    (only / "spamc").symlink_to(spamc)
    monkeypatch.setenv("PATH", str(only))
    monkeypatch.setattr(opinion, "COMMANDS", (("spamc", "-R", "-d", "127.0.0.1", "-p", str(port)),))
    try:
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_daemon(daemon: int, tmp_path: Path, capsys: Captured) -> None:
    assert points(letter(), tmp_path, capsys)["message"] == "pass"
    spam = points(letter(f"{GTUBE}\n"), tmp_path, capsys)
    assert (spam["message"], spam["GTUBE"]) == ("fail", "fail")


def test_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """What spamc says then looks like a verdict, and is none."""
    spamc = find_daemon("spamc")
    monkeypatch.setattr(opinion, "COMMANDS", ((spamc, "-R", "-d", "127.0.0.1", "-p", str(free_port())),))
    assert points(letter(), tmp_path, capsys) == {"message": "inconclusive"}
