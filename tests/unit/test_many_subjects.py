"""Hundreds of subjects in one run: shared questions, bounded memory, the deadline, one bar, one table, one order."""

import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import Fault, LabDns
from preflight.lab.demo import demo_world

COUNT = 200
MEGABYTES = 300  # it takes 225; the text of its report, 30, is there three times while it is written
# The peak as the kernel has it for this process; what wait4 tells, a child takes over from its parent.
MEASURED = """
import sys
from preflight.cli import main
code = main(["check", *sys.argv[1:]])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    """Two hundred mail servers; each tenth has a PTR record, each hundredth sends from an address of its own."""
    world = demo_world()
    hosts = "".join(
        f"mail{n} A 203.0.113.{n % 20 + 100}\n" if n % 10 else f"mail{n} A 198.51.100.{n // 10 + 200}\n"
        for n in range(COUNT)
    )
    world.zone("many.example", "@ MX 10 mail0\n" + hosts)
    for n in range(100, 120):
        world.ptr(f"203.0.113.{n}", f"mail{n}.many.example")
    with LabDns(world) as server:
        yield server


def write(folder: Path, count: int = COUNT) -> str:
    """A preflight.toml with that many subjects, in no alphabetical order; returns its path."""
    numbers = sorted(range(count), key=lambda n: (n * 7919) % count)
    subjects = [f'[[subject]]\nname = "s{n}"\nhost = "mail{n}.many.example"\n' for n in numbers]
    (folder / "preflight.toml").write_text("".join(subjects))
    return str(folder / "preflight.toml")


def test_two_hundred_subjects(lab: LabDns, tmp_path: Path) -> None:
    """In a process of its own: its memory is measured, each question is asked once, the file gives the order."""
    before = len(lab.questions)
    output = tmp_path / "report.json"
    arguments = ["--config", write(tmp_path), "--resolver", lab.address, "--no-cache", "--output", str(output)]
    arguments += ["--deadline", "600", "--timeout", "60"]  # however busy the machine is
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert int(done.stderr.split()[-1]) < MEGABYTES * 1024
    asked = Counter((one.name.lower(), one.rtype) for one in lab.questions[before:])
    assert max(asked.values()) == 1
    report = json.loads(output.read_text())
    assert report["verdict"] == "no-go"
    assert [one["subject"]["name"] for one in report["reports"]] == [
        f"s{n}" for n in sorted(range(COUNT), key=lambda n: (n * 7919) % COUNT)
    ]


def test_two_runs_say_the_same(lab: LabDns, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", write(tmp_path, 20), "--resolver", lab.address, "--format", "json", "--no-cache"]
    told = []
    for _ in range(2):
        assert main(["check", *arguments]) == 1
        text = capsys.readouterr().out
        told.append(re.sub(r'"(started_at|duration_ms)": .*', "", text))
    assert told[0] == told[1]


def test_the_deadline_holds_for_all_of_them_together(
    lab: LabDns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name server that answers nothing at all."""
    world = demo_world()
    world.fault(".", Fault.TIMEOUT, subtree=True)
    with LabDns(world) as silent:
        arguments = ["--config", write(tmp_path), "--resolver", silent.address, "--deadline", "1.5", "--timeout", "60"]
        assert main(["check", *arguments, "--format", "json"]) == 3
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert len(reports) == COUNT
    assert {one["verdict"] for one in reports} == {"incomplete"}
    assert {one["duration_ms"] < 6000 for one in reports} == {True}


def test_one_bar_shows_how_far_it_is(lab: LabDns, tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    arguments = ["--config", write(tmp_path, 12), "--resolver", lab.address, "--no-cache", "--select", "ptr,mx"]
    process = subprocess.Popen(
        [sys.executable, "-m", "preflight", "check", *arguments], stdout=subprocess.DEVNULL, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(controller, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(controller)
    assert process.wait() == 1
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert set(re.findall(r"checking [^━\s]+ \w+", text)) == {"checking 12 subjects"}
    assert "24/24" in text


def test_a_table_comes_first(lab: LabDns, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", write(tmp_path, 12), "--resolver", lab.address, "--select", "ptr", "--no-cache"]
    assert main(["check", *arguments, "--lang", "en"]) == 1
    shown = capsys.readouterr().out
    table, *details = re.split(r"^=== ", shown, flags=re.MULTILINE)
    head, *rows = table.splitlines()
    assert head.split() == ["subject", "verdict", "failed", "to", "fix", "first"]
    assert rows[0] == "  s0       ✗ NO-GO       1       ptr/not-forward-confirmed 198.51.100.200"
    assert [row.split()[0] for row in rows if row] == [
        f"s{n}" for n in sorted(range(12), key=lambda n: (n * 7919) % 12)
    ]
    assert details[0].startswith("1 of 12: s0\n")
    assert details[-1].startswith("Overall: ✗ NO-GO\n")


def test_what_is_fit_among_many_has_its_row_and_no_more(
    lab: LabDns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = '[[subject]]\nname = "{name}"\nhost = "mail.good.example"\n'
    file = tmp_path / "preflight.toml"
    bad = '[[subject]]\nname = "bad"\nhost = "mail.bad.example"\n'
    file.write_text("".join(subject.format(name=f"s{n}") for n in range(10)) + bad)
    arguments = ["check", "--config", str(file), "--resolver", lab.address, "--select", "mx/cname", "--lang", "en"]
    assert main([*arguments, "--fail-on", "warning"]) == 1
    shown = capsys.readouterr().out
    assert re.findall(r"^=== (.*)$", shown, re.MULTILINE) == ["11 of 11: bad", "Overall: ✗ NO-GO"]
    assert "Nothing to fix, and so not told of: 10 (--format json has them all)" in shown
    file.write_text("".join(subject.format(name=f"s{n}") for n in range(10)))
    assert main(arguments) == 0
    assert len(re.findall(r"^=== [0-9]+ of 10", capsys.readouterr().out, re.MULTILINE)) == 10
