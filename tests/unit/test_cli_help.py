"""The help of the commands as a terminal of 80 columns shows it."""

import itertools

import pytest

from preflight.cli import main
from preflight.cli.app import COMMANDS


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_help_fills_its_lines(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is too long, and none ends before the next word would not fit."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    assert main([command, "--help"]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 80
    prose = list(itertools.takewhile(lambda line: "─" not in line, lines[3:]))
    broken = [
        one for one, after in itertools.pairwise(prose) if after and one and len(f"{one} {after.split()[0]}") < 79
    ]
    assert broken == []
