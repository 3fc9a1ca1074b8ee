"""A check in a wheel of its own: listed, run, and harmless when it is broken."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.lab import LabDns, World

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "ns-check"
Preflight = Callable[..., subprocess.CompletedProcess[str]]


def install(source: Path, target: Path) -> None:
    """Build the wheel of a project and install it into a folder, with no look at any package index."""
    wheels = target.parent / f"{target.name}-wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "install", "--no-index", "--no-deps", "--target", str(target), str(wheel)], check=True)


def preflight_with(target: Path) -> Preflight:
    """The command line, with the plugins in a folder."""

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "preflight", *args],
            env=os.environ | {"PYTHONPATH": str(target), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def with_example(tmp_path_factory: pytest.TempPathFactory) -> Preflight:
    target = tmp_path_factory.mktemp("plugins") / "site"
    install(EXAMPLE, target)
    return preflight_with(target)


def test_its_rules_are_listed(with_example: Preflight) -> None:
    result = with_example("rules")
    assert result.returncode == 0, result.stderr
    assert "ns/too-few" in result.stdout
    assert "ptr/missing" in result.stdout


def test_it_runs_beside_the_others(with_example: Preflight) -> None:
    zones = {
        "example.com": "@ SOA ns1 root 1 1 1 1 60\n@ NS ns1\nns1 A 192.0.2.53\nmail A 192.0.2.25\n",
    }
    with LabDns(World.from_zones(zones)) as server:
        args = ("mail.example.com", "--resolver", server.address, "--select", "ns,ptr", "--format", "json")
        result = with_example("check", *args)
    report = json.loads(result.stdout)
    found = {(one["rule"], one["part"]): one for one in report["findings"]}
    assert found["ns/too-few", "example.com"]["status"] == "fail"
    assert found["ns/too-few", "example.com"]["severity"] == "warning"
    assert "in another network than ns1.example.com" in found["ns/too-few", "example.com"]["fix"]
    assert found["ptr/missing", "192.0.2.25"]["status"] == "fail"


def test_its_translation_is_used(with_example: Preflight) -> None:
    result = with_example("rules", "ns/too-few", "--lang", "zh")
    assert "发件域名至少有两台域名服务器" in result.stdout


def test_the_tests_of_the_example_pass(with_example: Preflight, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install(EXAMPLE, target)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(EXAMPLE / "tests"),
        ],
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert "3 passed" in result.stdout, result.stdout + result.stderr


BROKEN = {
    "crashes": "async def run(ctx): raise RuntimeError('it broke')\n"
    "CHECK = Check(id='broken', title='Broken', rules=(RULE,), run=run)\n",
    "cannot be imported": "raise RuntimeError('it broke')\n",
    "prevents an unknown bounce": "import dataclasses\nasync def run(ctx): pass\n"
    "RULE = dataclasses.replace(RULE, prevents=('nobody/XX-001',))\n"
    "CHECK = Check(id='broken', title='Broken', rules=(RULE,), run=run)\n",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_one_is_one_error_and_hides_nothing(how: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "broken-check"\nversion = "1"\n'
        '[project.entry-points."preflight.checks"]\nbroken = "broken_check:CHECK"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["broken_check.py"]\n'
    )
    (project / "broken_check.py").write_text(
        "from preflight import Check, Rule, Severity\n"
        "RULE = Rule(id='broken/rule', severity=Severity.ERROR, title='t', why='w', fix='f', reference='r',"
        " prevents=('microsoft/RP-002',))\n" + BROKEN[how]
    )
    install(project, tmp_path / "site")
    preflight = preflight_with(tmp_path / "site")
    zones = {"example.com": "@ SOA ns1 root 1 1 1 1 60\n@ NS ns1\nmail A 192.0.2.25\n"}
    with LabDns(World.from_zones(zones)) as server:
        result = preflight("check", "mail.example.com", "--resolver", server.address, "--format", "json")
    report = json.loads(result.stdout)
    errors = [one for one in report["findings"] if one["status"] == "error"]
    assert [one["check"] for one in errors] == ["broken"]
    assert "Traceback" not in result.stderr
    assert {one["check"] for one in report["findings"]} >= {"ptr", "helo", "mx", "dynamic-ip", "dnsbl", "broken"}
    if how == "crashes":
        states = {row["bounce"]: row["state"] for row in report["board"]}
        assert states["microsoft/RP-002"] == "undetermined"
        assert preflight("rules").stdout.count("broken/rule") == 1
    else:
        assert "broken" in result.stderr
