"""Formats from the command line: which file gets which, exit codes of their own, places in the user's files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.cli import main
from preflight.cli.formats import convention_of, outputs_of
from preflight.errors import ConfigError
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.render import renderers
from preflight.render.nagios import state_of
from tests.golden.samples import dead, go, let_pass, message_alone, no_go, since

TRIVIAL = "From: a@example.com\r\nTo: b@example.net\r\nX-Note: é\r\nSubject: test\r\n\r\nHello\r\n"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(demo_world()) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_forge(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("x.json", "json"), ("x.JSON", "json"), ("x.xml", "junit"), ("x.sarif", "sarif"), ("x.sarif.json", "sarif"),
        ("x.html", "html"), ("x.htm", "html"), ("x.md", "markdown"), ("x.txt", "terminal"), ("x.prom", "prometheus"),
        ("gitlab=gl-code-quality-report.json", "gitlab"), ("junit=report", "junit"), ("nagios=x.json", "nagios"),
        ("a=b.json", "json"), ("x/json=y.md", "markdown"),
    ],
)  # fmt: skip
def test_the_format_of_a_file(given: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    ((_, renderer),) = outputs_of([given])
    assert renderer.name == name


def test_a_file_whose_format_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--output 'x\.pdf': the suffix says no format; known suffixes: .*\.sarif"):
        outputs_of(["x.pdf"])
    with pytest.raises(ConfigError, match=r"or give FORMAT=PATH with one of .*gitlab"):
        outputs_of(["pdf=x"])
    for given in ("html=-", "html="):
        with pytest.raises(
            ConfigError, match=rf"--output '{given}' names no file; for standard output there is --format"
        ):
            outputs_of([given])
    path = tmp_path / "x.json"
    with pytest.raises(ConfigError, match=r"x\.json is given twice"):
        outputs_of([str(path), f"gitlab={path}"])


def test_each_format_comes_by_an_entry_point_of_its_name() -> None:
    assert sorted(renderers()) == [
        "github", "gitlab", "html", "json", "junit", "markdown", "nagios", "prometheus", "sarif", "terminal",
    ]  # fmt: skip
    suffixes = [suffix for one in renderers().values() for suffix in one.suffixes]
    assert len(set(suffixes)) == len(suffixes)


def test_all_files_of_one_run(lab: LabDns, capfd: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = ["r.json", "r.xml", "r.sarif", "r.html", "r.md", "r.txt", "r.prom", "gitlab=gl.json", "nagios=n.txt",
               "github=gh.txt"]  # fmt: skip
    arguments = [word for one in outputs for word in ("--output", one)]
    assert main(["check", "mail.bad.example", "--resolver", lab.address, "--no-cache", *arguments]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(one.rpartition("=")[2] for one in outputs)
    assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "no-go"
    assert "NO-GO" in capfd.readouterr().out


def test_an_unknown_format_names_the_nearest(capfd: Captured) -> None:
    assert main(["check", "x.example", "--format", "sarf"]) == 2
    assert re.search(r"--format 'sarf' is not known; formats: .*; did you mean 'sarif'\?", capfd.readouterr().err)


# --- Nagios ---------------------------------------------------------------------------------------------------------


def test_nagios_states() -> None:
    assert [state_of([one()]) for one in (go, message_alone, no_go, dead, since)] == [0, 1, 2, 3, 2]
    assert state_of([let_pass()]) == 1  # an error that does not count is still one to look at
    assert state_of([go(), dead()]) == 3
    assert state_of([go(), dead(), no_go()]) == 2


@pytest.mark.parametrize(
    ("host", "state", "code"), [("mail.good.example", "OK", 0), ("mail.bad.example", "CRITICAL", 2)]
)
def test_nagios_exit_codes(lab: LabDns, capfd: Captured, host: str, state: str, code: int) -> None:
    select = ["--select", "ptr", "--resolver", lab.address, "--no-cache"]
    assert main(["check", host, "--format", "nagios", *select]) == code
    first = capfd.readouterr().out.splitlines()[0]
    assert first.startswith(f"PREFLIGHT {state} - {host}: ")
    assert re.search(rf" \| time=\d+\.\d+s;;;0 failures={code // 2};;0;0 ", first)


def test_nagios_does_not_know_when_no_server_answers(capfd: Captured) -> None:
    args = ["--resolver", "127.0.0.1:1", "--timeout", "0.2", "--deadline", "5", "--no-cache", "--select", "ptr"]
    assert main(["check", "mail.example.com", "--format", "nagios", *args]) == 3
    assert capfd.readouterr().out.startswith("PREFLIGHT UNKNOWN - mail.example.com: ")


@pytest.mark.parametrize(
    "args",
    [
        ["--format", "nagios"],
        ["--format=nagios"],
        ["x.example", "--format", "nagios", "--bogus"],
        ["x.example", "--format", "nagios", "--config", "none|<b>.toml"],
        ["x.example", "--format", "json", "--format", "nagios", "--timeout", "-1"],
        ["x.example", "--format", "nagios", "--baseline", "none.json"],
    ],
)
def test_nagios_hears_of_trouble_in_its_own_way(args: list[str], capfd: Captured) -> None:
    assert main(["check", *args]) == 3
    out, err = capfd.readouterr()
    assert re.fullmatch(r"PREFLIGHT UNKNOWN - [^|<>]+\n", out)
    assert err.startswith("preflight: ")


def test_nagios_hears_of_a_file_that_cannot_be_written(lab: LabDns, capfd: Captured, tmp_path: Path) -> None:
    link = tmp_path / "r.json"
    link.symlink_to(tmp_path / "gone" / "r.json")
    args = ["mail.good.example", "--select", "ptr", "--resolver", lab.address, "--no-cache"]
    assert main(["check", *args, "--format", "nagios", "--output", str(link)]) == 3
    assert main(["check", *args, "--output", str(link)]) == 2
    assert "nothing was written" in capfd.readouterr().err


def test_other_formats_keep_the_exit_codes(capfd: Captured) -> None:
    assert convention_of(["check", "--format", "json"]) is None
    assert convention_of(["check", "--format"]) is None
    assert convention_of(["check", "--format", "none-such"]) is None
    assert main(["check", "--format", "junit"]) == 2
    assert capfd.readouterr().out == ""


# --- places ---------------------------------------------------------------------------------------------------------


def run(capfd: Captured, *args: str) -> Any:
    assert main(list(args)) in {0, 1, 3}
    return json.loads(capfd.readouterr().out)


def test_sarif_and_json_point_to_line_and_column_of_a_message(
    capfd: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "first one.eml").write_bytes(TRIVIAL.encode())
    base = ["message", "mails", "--select", "message/subject-trivial", "--format"]
    document = run(capfd, *base, "json")
    (place,) = [one["place"] for one in document["findings"][0]["evidence"] if "place" in one]
    assert place == {"file": "mails/first one.eml", "line": 4, "column": 1}
    (result,) = run(capfd, *base, "sarif")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "mails/first%20one.eml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 4, "startColumn": 1},
    }
    (issue,) = run(capfd, *base, "gitlab")
    assert issue["location"] == {"path": "mails/first one.eml", "lines": {"begin": 4}}


def test_files_are_named_from_the_top_of_the_checkout(
    capfd: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "x.eml").write_bytes(TRIVIAL.encode())
    monkeypatch.chdir(tmp_path / "infra")
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
        assert main(["message", "x.eml", "--select", "message/subject-trivial", "--format", "github"]) == 1
        assert "::error file=infra/x.eml,line=4,col=1,title=" in capfd.readouterr().out
        monkeypatch.setenv(name, "/somewhere/else")
        (issue,) = run(capfd, "message", "x.eml", "--select", "message/subject-trivial", "--format", "gitlab")
        assert issue["location"]["path"] == "x.eml"
        monkeypatch.delenv(name)


def test_what_has_no_file_points_to_the_configuration(
    lab: LabDns, capfd: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "preflight.toml").write_text('[[subject]]\nhost = "mail.bad.example"\n')
    args = ["--resolver", lab.address, "--no-cache", "--select", "ptr"]
    document = run(capfd, "check", "--config", "ci/preflight.toml", *args, "--format", "sarif")
    (result,) = document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "ci/preflight.toml"
    document = run(capfd, "check", "mail.bad.example", *args, "--format", "sarif")
    (result,) = document["runs"][0]["results"]
    assert result["locations"] == [
        {"logicalLocations": [{"name": "198.51.100.77", "fullyQualifiedName": "mail.bad.example: 198.51.100.77"}]}
    ]
