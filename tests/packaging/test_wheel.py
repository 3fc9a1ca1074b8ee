"""The wheel has all that the command needs: facts, translations, the demo's world, type information."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.test_third_party_check import install, preflight_with

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel") / "site"
    install(ROOT, target)
    return target


def test_each_file_of_the_packages_is_in_it(installed: Path) -> None:
    (wheel,) = (installed.parent / f"{installed.name}-wheels").glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for package in (ROOT / "preflight", ROOT / "checks" / "preflight_checks"):
        files = [file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        missing = {file.relative_to(package.parent).as_posix() for file in files} - packed
        assert missing == set()
    assert "py.typed" in {Path(name).name for name in packed}
    assert not any(name.startswith(("tests/", "docs/", "checks/")) for name in packed)


def test_the_demo_runs_from_it(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import preflight, preflight.cli\n"
        "assert preflight.__file__.startswith(sys.path[0]), preflight.__file__\n"
        "sys.exit(preflight.cli.main())"
    )
    result = subprocess.run(
        [sys.executable, "-P", "-c", code, str(installed), "demo", "--lang", "en"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "NO-GO" in result.stdout
    assert "GO  " in result.stdout


def test_its_commands_are_both_names(installed: Path) -> None:
    assert (installed / "bin" / "preflight").exists()
    assert (installed / "bin" / "mail-preflight").exists()
    assert preflight_with(installed)("--version").stdout.startswith("preflight ")
