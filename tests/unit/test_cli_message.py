"""`preflight message` as CI uses it, and what it makes of files that are no messages."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preflight.cli import main
from preflight.render.schema import report_schema
from tests.unit.message_samples import letter

Captured = pytest.CaptureFixture[str]
GOOD, BAD = letter(), letter(Subject="test")
TEMPLATE = letter(Date=None, Message_ID=None, Received=None, To=None)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mails" / "deeper").mkdir(parents=True)
    (tmp_path / "mails" / "good.eml").write_bytes(GOOD)
    (tmp_path / "mails" / "deeper" / "bad.EML").write_bytes(BAD)
    (tmp_path / "mails" / "notes.txt").write_bytes(b"no message")
    (tmp_path / "empty").mkdir()
    return tmp_path


def run(captured: Captured, *args: str) -> tuple[int, list[dict[str, Any]], str]:
    code = main(["message", *args, "--format", "json"])
    out, err = captured.readouterr()
    read = json.loads(out) if out else []
    return code, read if isinstance(read, list) else read.get("reports", [read]), err


def failed(report: dict[str, Any]) -> set[str]:
    return {one["rule"] for one in report["findings"] if one["status"] == "fail"}


def test_one_good_message(folder: Path, capsys: Captured) -> None:
    path = str(folder / "mails" / "good.eml")
    code, (report,), _ = run(capsys, path)
    jsonschema.validate(report, report_schema())
    assert (code, report["verdict"], report["subject"]["message"]) == (0, "go", path)
    assert {one["status"] for one in report["findings"]} == {"pass"}
    assert {one["check"] for one in report["findings"]} == {"message"}


def test_a_folder_stands_for_its_messages(folder: Path, capsys: Captured) -> None:
    code, reports, _ = run(capsys, str(folder / "mails"))
    assert code == 1
    assert {Path(one["subject"]["message"]).name: one["verdict"] for one in reports} == {
        "good.eml": "go", "bad.EML": "no-go",
    }  # fmt: skip


def test_many_files_each_once_and_standard_input(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD)))
    good = str(folder / "mails" / "good.eml")
    code, reports, _ = run(capsys, good, good, "-")
    assert code == 1
    assert [one["subject"]["message"] for one in reports] == [good, "-"]


def test_what_counts(folder: Path, capsys: Captured) -> None:
    bad = str(folder / "mails" / "deeper" / "bad.EML")
    assert run(capsys, bad, "--ignore", "message/subject-trivial")[0] == 0
    assert run(capsys, bad, "--fail-on", "never")[0] == 0
    code, (report,), _ = run(capsys, bad, "--select", "message/subject-missing")
    assert code == 0
    assert {one["rule"] for one in report["findings"]} == {"message/subject-missing"}
    config = folder / "preflight.toml"
    config.write_text('[policy]\nfail-on = "warning"\n[policy.severity]\n"message/subject-trivial" = "warning"\n')
    assert run(capsys, bad, "--config", str(config))[0] == 1
    config.write_text('[policy]\nselect = ["message/subject-missing"]\n')
    assert run(capsys, bad, "--config", str(config))[0] == 0
    assert run(capsys, bad, "--fail-on", "sometimes")[0] == 2


def test_templates(folder: Path, capsys: Captured) -> None:
    path = folder / "template.eml"
    path.write_bytes(TEMPLATE)
    code, (report,), _ = run(capsys, str(path))
    assert (code, failed(report)) == (0, {"message/unfinished", "message/to-missing"})
    code, (report,), _ = run(capsys, str(path), "--template")
    assert (code, failed(report)) == (0, set())
    config = folder / "preflight.toml"
    config.write_text("[checks.message]\ntemplate = true\n")
    code, (report,), _ = run(capsys, str(path), "--config", str(config))
    assert (code, failed(report)) == (0, set())


def test_reports_as_files_and_for_people(folder: Path, capsys: Captured) -> None:
    out = folder / "report.json"
    assert main(["message", str(folder / "mails"), "--output", str(out), "--lang", "zh"]) == 1
    assert "bad.EML" in capsys.readouterr().out
    assert "bad.EML" in out.read_text(encoding="utf-8")


UNREADABLE = {
    "CRLF": (letter(), set()),
    "LF": (letter().replace(b"\r\n", b"\n"), set()),
    "CR": (letter().replace(b"\r\n", b"\r"), set()),
    "BOM": (b"\xef\xbb\xbf" + letter(), set()),
    "mbox of one": (b"From a@example.com Mon Nov 23 10:00:00 2026\n" + letter().replace(b"\r\n", b"\n"), set()),
    "mbox of two": (
        (b"From a@example.com Mon Nov 23 10:00:00 2026\n" + letter().replace(b"\r\n", b"\n") + b"\n") * 2,
        {"message/unreadable"},
    ),
    "UTF-16": ("Subject: Minutes\r\n\r\nbody".encode("utf-16"), {"message/unreadable"}),
    "UTF-16 BE": ("Subject: Minutes\r\n\r\nbody".encode("utf-16-be"), {"message/unreadable"}),
    "blank": (b"\r\n \r\n", {"message/unreadable"}),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), {"message/unreadable"}),
    "Outlook item": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), {"message/unreadable"}),
    "prose": (b"Dear all,\nhere it is.\n", {"message/unreadable"}),
}


@pytest.mark.parametrize(("octets", "rules"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("command", ["check", "message"])
def test_kinds_of_files(command: str, octets: bytes, rules: set[str], tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(octets)
    arguments = (
        ["check", "--select", "message", "--message", str(path)] if command == "check" else ["message", str(path)]
    )
    code = main([*arguments, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert (code, failed(report)) == (1 if rules else 0, rules)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "the message is empty"),
        (lambda path: None, "No such file or directory"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
    ids=["0 octets", "missing", "unreadable"],
)
@pytest.mark.parametrize("command", ["check", "message"])
def test_files_that_cannot_be_judged(command: str, make: Any, words: str, tmp_path: Path, capsys: Captured) -> None:
    """One clear line, and exit code 2."""
    path = tmp_path / "mail.eml"
    make(path)
    assert main(["check", "--message", str(path)] if command == "check" else ["message", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert words in err


def test_folders(folder: Path, capsys: Captured) -> None:
    assert main(["check", "--message", str(folder)]) == 2
    assert "Is a directory" in capsys.readouterr().err
    assert main(["message", str(folder / "empty")]) == 2
    assert "has no .eml file in it" in capsys.readouterr().err
    assert main(["message", "-", "-"]) == 2
    assert "give - once" in capsys.readouterr().err
    assert main(["message"]) == 2


def test_no_server_is_asked(folder: Path, capsys: Captured) -> None:
    """A rule that needs DNS, chosen by the user, is skipped for want of its input."""
    code, (report,), _ = run(capsys, str(folder / "mails" / "good.eml"), "--select", "ptr")
    assert code == 3
    assert {one["status"] for one in report["findings"]} == {"skipped"}
