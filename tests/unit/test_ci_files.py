"""The files for CI systems run as those systems would run them, as far as that can be done here."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from preflight.cli import main

ROOT = Path(__file__).parents[2]
INFRASTRUCTURE = ROOT / "docs" / "examples" / "infrastructure"
CI = ROOT / "docs" / "examples" / "ci"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Played:
    """What came of the action: its exit code, its output, its outputs by name, its summary."""

    code: int
    printed: str
    outputs: Mapping[str, str]
    summary: str


def play(folder: Path, temporary: Path, **inputs: str) -> Played:
    """Run the step of the action that checks, in a checkout, as GitHub does; the step that installs is left out."""
    install, run = ACTION["runs"]["steps"]
    assert install["run"].split()[-1] == '"$GITHUB_ACTION_PATH"'
    if not temporary.exists():
        (temporary / "preflight").mkdir(parents=True)
        (temporary / "preflight" / "bin").symlink_to(Path(sys.executable).parent)
    given = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
    steps = {
        variable: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: given[match[1]], text)
        for variable, text in run["env"].items()
    }
    files = {"GITHUB_OUTPUT": temporary / "output", "GITHUB_STEP_SUMMARY": temporary / "summary"}
    for file in files.values():
        file.write_text("")
    places = {"RUNNER_TEMP": temporary, "GITHUB_WORKSPACE": folder, "XDG_CACHE_HOME": temporary / "cache", **files}
    environment = {**os.environ, **steps, **{name: str(path) for name, path in places.items()}, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run["run"]],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return Played(done.returncode, done.stdout, outputs, files["GITHUB_STEP_SUMMARY"].read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of the example."""
    return Path(shutil.copytree(INFRASTRUCTURE, tmp_path / "repository"))


def edit(file: Path, old: str, new: str) -> int:
    """Change a text that stands in a file once; returns its line."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def errors(printed: str) -> list[tuple[str, int, str]]:
    """The errors among the annotations: file, line, the rule."""
    found = []
    for line in printed.splitlines():
        if match := re.match(r"::error (.*?)::", line):
            properties = dict(one.split("=", 1) for one in match[1].split(","))
            rule = unquote(properties["title"]).split()[1].rstrip(":")
            found.append((properties.get("file", ""), int(properties.get("line", 0)), rule))
    return found


def test_a_good_change_passes(repository: Path, tmp_path: Path) -> None:
    edit(repository / "zones" / "example.com.zone", "IN MX   20 mx2", "IN MX   30 mx2")
    played = play(repository, tmp_path / "runner")
    assert (played.code, played.outputs["verdict"], errors(played.printed)) == (0, "go", [])
    assert "go" in played.summary
    report = json.loads(Path(played.outputs["report"]).read_text())
    assert {one["status"] for one in report["findings"]} <= {"pass", "skipped", "fail"}
    sarif = json.loads(Path(played.outputs["sarif"]).read_text())
    assert sarif["version"] == "2.1.0"
    assert Path(played.outputs["junit"]).read_text().startswith("<?xml")


def test_a_second_use_in_a_job_never_shows_the_report_of_the_first(repository: Path, tmp_path: Path) -> None:
    first = play(repository, tmp_path / "runner")
    second = play(repository, tmp_path / "runner", options="--no-such-option")
    assert (first.code, second.code) == (0, 2)
    assert (second.outputs["verdict"], second.summary) == ("", "")
    assert Path(first.outputs["report"]).exists()
    assert not Path(second.outputs["report"]).exists()


FORWARD, REVERSE = "example.com.zone", "113.0.203.in-addr.arpa.zone"
BAD = {
    "missing PTR": (REVERSE, "25          IN PTR  mail.example.com.\n", "", "ptr/missing", 3),
    "CNAME MX": (FORWARD, "mx1         IN A    203.0.113.10", "mx1 IN CNAME mail", "mx/cname", 10),
    "HELO not in zone": (FORWARD, "mail        IN A    203.0.113.25\n            IN AAAA", "x IN AAAA", "helo/", 3),
    "SPF lookup limit": (
        FORWARD,
        '"v=spf1 ip4:203.0.113.64/28 -all"',
        f'"v=spf1 {" ".join(["a mx ptr exists:example.com"] * 3)} -all"',
        "spf/too-many-lookups",
        12,
    ),
    "dangling MX": (FORWARD, "mx2         IN A    203.0.113.11\n", "", "mx/unresolvable", 11),
    "null MX with mail": (FORWARD, "IN MX   10 mx1\n            IN MX   20 mx2", "IN MX 0 .", "mx/null", 10),
}


@pytest.mark.parametrize(("file", "old", "new", "rule", "line"), BAD.values(), ids=BAD)
def test_a_bad_change_stops(
    file: str, old: str, new: str, rule: str, line: int, repository: Path, tmp_path: Path
) -> None:
    edit(repository / "zones" / file, old, new)
    played = play(repository, tmp_path / "runner")
    assert (played.code, played.outputs["verdict"]) == (1, "no-go")
    places = {(name, number) for name, number, found in errors(played.printed) if found.startswith(rule)}
    assert (f"zones/{file}", line) in places, played.printed


def test_templates(repository: Path, tmp_path: Path) -> None:
    workflow = yaml.safe_load((INFRASTRUCTURE / ".github" / "workflows" / "mail.yml").read_text())
    inputs = workflow["jobs"]["templates"]["steps"][-1]["with"]
    assert play(repository, tmp_path / "good", **inputs).code == 0
    line = edit(repository / "mail" / "welcome.eml", "Subject: Your account at Example Shop is ready", "Subject: test")
    played = play(repository, tmp_path / "bad", **inputs)
    assert (played.code, errors(played.printed)[0][:2]) == (1, ("mail/welcome.eml", line))


def test_what_inputs_hold_does_not_run(repository: Path, tmp_path: Path) -> None:
    trap = f"$(touch {tmp_path}/ran); touch {tmp_path}/ran"
    played = play(repository, tmp_path / "runner", options=trap, config=f"a`touch {tmp_path}/ran`.toml")
    assert (played.code, played.outputs["verdict"]) == (2, "")
    assert not (tmp_path / "ran").exists()


def test_the_workflows_use_inputs_that_exist() -> None:
    for file in (CI / "github-workflow.yml", INFRASTRUCTURE / ".github" / "workflows" / "mail.yml"):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        uses = [step for step in steps if step["uses"].startswith("example/preflight@")]
        assert uses
        for step in uses:
            assert set(step["with"]) <= set(ACTION["inputs"])


def test_the_hooks(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each hook's command runs on the example, with the files that pre-commit would pass."""
    monkeypatch.chdir(repository)
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    files = [str(path.relative_to(repository)) for path in sorted(repository.rglob("*")) if path.is_file()]
    passed = {name: [file for file in files if re.search(hook["files"], file)] for name, hook in hooks.items()}
    assert passed["preflight-message"] == ["mail/welcome.eml"]
    assert [file for file in passed["preflight-zones"] if file.startswith("zones/")]
    for name, hook in hooks.items():
        program, *arguments = hook["entry"].split()
        assert program == "preflight"
        assert main([*arguments, *(passed[name] if hook.get("pass_filenames", True) else [])]) == 0, name
    capsys.readouterr()


def test_the_gitlab_job(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(repository)
    job = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8"))["preflight"]
    command = job["script"][-1].split()
    assert main(command[1:]) == 0
    capsys.readouterr()
    for artefact in (*job["artifacts"]["reports"].values(), *job["artifacts"]["paths"]):
        assert (repository / artefact).stat().st_size > 0


def test_the_units_are_valid(tmp_path: Path) -> None:
    """systemd's own verdict where it is installed; the command of the service is one that preflight takes."""
    service = (CI / "preflight.service").read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    program, *arguments = command.split()
    assert Path(program).name == "preflight"
    assert arguments[:3] == ["check", "--config", "/etc/preflight.toml"]
    if systemd := shutil.which("systemd-analyze"):
        for name in ("preflight.service", "preflight.timer"):
            text = (CI / name).read_text(encoding="utf-8").replace("/usr/local/bin/preflight", "/bin/true")
            (tmp_path / name).write_text(text)
        done = subprocess.run(
            [systemd, "verify", str(tmp_path / "preflight.timer"), str(tmp_path / "preflight.service")],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        about_ours = [line for line in done.stderr.splitlines() if "preflight" in line and "/bin/true" not in line]
        assert about_ours == []


def test_the_nagios_command() -> None:
    (line,) = re.findall(r"^\s*command_line\s+(.*)$", (CI / "nagios.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    arguments = line.split()[1:]
    fill = {"$HOSTADDRESS$": "203.0.113.25", "$ARG1$": "mail.example.com", "$ARG2$": "example.com"}
    assert arguments[arguments.index("--format") + 1] == "nagios"
    arguments = [fill.get(one, one) for one in arguments]
    assert main([*arguments, "--resolver", "127.0.0.1:1", "--timeout", "0.1", "--no-cache"]) == 3
