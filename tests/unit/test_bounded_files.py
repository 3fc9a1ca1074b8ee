"""Files that the user names are read only as far as they make sense: a device never ends."""

import errno
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.files import read_bounded

ENDLESS = "/dev/zero"


@pytest.mark.parametrize("most", [0, 3])
def test_a_file_up_to_the_limit(tmp_path: Path, most: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * most)
    assert read_bounded(file, most) == b"x" * most
    file.write_bytes(b"x" * (most + 1))
    with pytest.raises(OSError, match=f"it has more than {most} octets") as raised:
        read_bounded(file, most)
    assert raised.value.errno == errno.EFBIG


def test_large_limits_are_told_in_mebibytes() -> None:
    with pytest.raises(OSError, match="it has more than 1 MiB"):
        read_bounded(Path(ENDLESS), 1024**2)


def test_no_path(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="a path has no NUL in it"):
        read_bounded(Path("a\0b"), 1)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "missing", 1)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--config", f"{ENDLESS}: it has more than 16 MiB; `preflight init` writes a starter file"),
        (
            "--dqs-key-file",
            f"--dqs-key-file {ENDLESS}: it has more than 1,024 octets; give a readable file with the key",
        ),
    ],
)
def test_a_device_is_no_file(option: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--ip", "192.0.2.25", option, ENDLESS]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"preflight: {told}\n")
