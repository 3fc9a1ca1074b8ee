"""Report files: whole or not at all."""

import os
import stat
import threading
from pathlib import Path

import pytest

from preflight.cli.output import OutputFile
from preflight.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def test_a_new_file(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "report.json"
    output = OutputFile(str(path))
    assert list(tmp_path.iterdir()) == []
    output.write("größe 中文\r\n\n")
    assert path.read_bytes() == "größe 中文\r\n\n".encode()
    assert mode(path) == 0o666 & ~umask
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    OutputFile("report.json").write("x")
    assert (tmp_path / "report.json").read_text() == "x"


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o664, 0o444])
def test_an_old_file_keeps_its_mode(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "report.json"
    path.write_text("old and longer than the new one")
    path.chmod(bits)
    OutputFile(str(path)).write("new")
    assert (path.read_text(), mode(path)) == ("new", bits)


@pytest.mark.parametrize("name", ["report.json", "x" * 250 + ".json"])
def test_long_names(tmp_path: Path, name: str) -> None:
    OutputFile(str(tmp_path / name)).write("new")
    assert (tmp_path / name).read_text() == "new"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.json", tmp_path / "link.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to("there/real.json")
    OutputFile(str(link)).write("new")
    assert link.is_symlink()
    assert (target.read_text(), mode(target)) == ("new", 0o640)
    assert sorted(tmp_path.rglob("*")) == sorted([link, tmp_path / "there", target])


def test_a_link_into_another_file_system(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        shared = tmp_path
    target, link = shared / f"preflight-test-{os.getpid()}.json", tmp_path / "link.json"
    link.symlink_to(target)
    try:
        OutputFile(str(link)).write("first")  # a link that leads to nothing yet
        OutputFile(str(link)).write("second")
        assert link.is_symlink()
        assert target.read_text() == "second"
    finally:
        target.unlink(missing_ok=True)


def test_a_failure_midway_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    output = OutputFile(str(path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(ConfigError, match="No space left on device; nothing was written"):
        output.write("new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        OutputFile(str(path)).write("new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fchmod", interrupt)
    with pytest.raises(KeyboardInterrupt):
        OutputFile(str(tmp_path / "report.json")).write("new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "--output {} is a folder; give a file"),
        ("{folder}", "--output {} is a folder; give a file"),
        ("{folder}/", "--output {} is a folder; give a file"),
        ("{folder}/missing/report.json", "--output {}: the folder {folder}/missing does not exist"),
        ("{folder}/file/report.json", "--output {}: the folder {folder}/file does not exist"),
    ],
)
def test_what_is_refused_before_the_run(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "file").touch()
    given = path.format(folder=tmp_path)
    with pytest.raises(ConfigError) as raised:
        OutputFile(given)
    assert str(raised.value) == problem.format(given, folder=tmp_path)


def test_control_characters_in_a_path_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        OutputFile(f"{tmp_path}/\x1b[31m\n/x.json")
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", ["link", "below/link"])
def test_what_goes_wrong_while_writing(tmp_path: Path, name: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / name).symlink_to(tmp_path / "gone" / "report.json")
    with pytest.raises(ConfigError, match="No such file or directory; nothing was written"):
        OutputFile(str(tmp_path / name)).write("x")


def test_a_folder_that_takes_no_files() -> None:
    with pytest.raises(ConfigError, match=r"--output /proc/report\.json: .*; nothing was written"):
        OutputFile("/proc/report.json").write("x")


def test_devices() -> None:
    OutputFile("/dev/null").write("x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(ConfigError, match="No space left on device"):
        OutputFile("/dev/full").write("x" * 100_000)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    OutputFile(str(pipe)).write("größe\n")
    reader.join(10)
    assert read == ["größe\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
