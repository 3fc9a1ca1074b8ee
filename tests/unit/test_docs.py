"""The documentation says what is true: its code is the code, its commands run, generated pages are in step."""

import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.registry import load_registry
from preflight_checks.blocklists.zones import load_zones
from tests.pages import (
    EXAMPLES,
    FORMATS,
    demo_report,
    format_example,
    graves_table,
    part_of_page,
    provider_pages,
    report_in_readme,
    zones_table,
)
from tests.unit.diagnosis_samples import CONTACT
from tests.unit.test_cli_diagnose import BOUNCED, LOG

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLE = ROOT / "docs" / "examples" / "ns-check"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in blocks(page, "console"):
            for line in block.splitlines():
                if line.startswith("$ preflight ") and not line.endswith(" ns") and "rules ns/" not in line:
                    yield page.name, line.removeprefix("$ ").partition("   #")[0].strip()


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(demo_world()) as server:
        yield server


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_commands_run(
    page: str,
    command: str,
    lab: LabDns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command of the docs does what it says, against the embedded world, with the files that it names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test.eml").write_bytes(b"Subject: Minutes of the meeting\n\n" + b"Lorem ipsum dolor sit amet.\n" * 100)
    (tmp_path / "dqs.key").write_text("abcdefghijklmnopqrstuvwxyz")
    _write_zones(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "test.eml").read_bytes())))
    words = shlex.split(command.partition(" > ")[0].partition(" < ")[0])
    (tmp_path / "bounce.eml").write_bytes(BOUNCED)
    (tmp_path / "mail.log").write_text(LOG)
    arguments = words[1:]
    if arguments[0] == "appeal":
        (tmp_path / "preflight.toml").write_text(CONTACT)
    elif arguments[0] != "init" and "preflight.toml" in words:
        assert main(["init"]) == 0
    if arguments[0] in ("check", "diagnose", "appeal"):
        if "--resolver" in arguments:
            at = arguments.index("--resolver")
            del arguments[at : at + 2]
        asked = ["--resolver", lab.address, "--timeout", "0.5"]
        if "--replay" in arguments:
            assert main(["check", "mail.good.example", "--record", "flight.json", *asked]) == 0
        else:
            arguments += asked
        if "--baseline" in arguments:
            last = arguments[arguments.index("--baseline") + 1]
            main(["check", arguments[1], "--resolver", lab.address, "--timeout", "0.5", "--output", last])
    elif arguments[0] == "demo":
        arguments += ["--help"]
    assert main(arguments) in {0, 1, 3}, capsys.readouterr().err


def _write_zones(folder: Path) -> None:
    """The zone files that the docs name: of example.com, and of the network that it is in."""
    forward = "@ SOA ns hostmaster 1 2 3 4 5\n@ MX 10 mail\nmail A 203.0.113.25\nns A 203.0.113.53\n"
    forward += '@ TXT "v=spf1 mx -all"\n_dmarc TXT "v=DMARC1; p=none"\n'
    reverse = "@ SOA ns.example.com. hostmaster.example.com. 1 2 3 4 5\n25 PTR mail.example.com.\n"
    for name, text in {
        "zones/example.com.zone": forward,
        "zones/203.0.113.zone": reverse,
        "internal/zone1.txt": forward,
        "rev.db": reverse,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_the_example_of_zone_files_in_ci_is_a_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing but the files, on a machine that has no name server."""
    monkeypatch.chdir(tmp_path)
    _write_zones(tmp_path)
    (example,) = blocks(ROOT / "docs" / "zones.md", "toml")
    Path("preflight.toml").write_text(example)
    assert main(["check", "--config", "preflight.toml"]) == 0, capsys.readouterr().out


def test_there_are_commands_to_run() -> None:
    assert len(list(commands())) >= 6


def test_the_example_check_is_the_one_in_the_docs() -> None:
    page = ROOT / "docs" / "writing-a-check.md"
    code, test = blocks(page, "python")
    assert code == (EXAMPLE / "preflight_ns_check" / "__init__.py").read_text()
    assert test == (EXAMPLE / "tests" / "test_ns_check.py").read_text()
    assert blocks(page, "toml") == [(EXAMPLE / "pyproject.toml").read_text()]


@pytest.mark.parametrize(
    ("page", "arguments"),
    [
        ("rules.md", ["rules", "--format", "markdown", "--lang", "en"]),
        ("codes.md", ["codes", "--format", "markdown", "--lang", "en"]),
        ("receivers.md", ["profiles", "--format", "markdown", "--lang", "en"]),
        *((page, ["codes", provider, "--format", "markdown", "--lang", "en"]) for provider, page in provider_pages()),
        ("report.schema.json", ["schema"]),
        ("diagnosis.schema.json", ["schema", "diagnosis"]),
    ],
)
def test_generated_pages_are_in_step(
    page: str, arguments: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`make docs` writes them anew."""
    assert main(arguments) == 0
    assert capfdbinary.readouterr().out.decode() == (ROOT / "docs" / page).read_text(encoding="utf-8")


def test_the_lists_in_the_docs_are_those_of_the_catalogue() -> None:
    """`make docs` writes them anew."""
    assert part_of_page("zones") == zones_table()
    assert part_of_page("graveyard") == graves_table()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_formats_are_real(name: str) -> None:
    """`make docs` pastes them anew."""
    assert part_of_page(name, FORMATS) == format_example(name)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_options_in_the_readme_are_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option of `preflight check` is in the README's table, and each one in the table exists."""
    assert main(["check", "--help"]) == 0
    existing = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    table = (ROOT / "README.md").read_text().partition("## Options")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(--[a-z-]+)", table, re.MULTILINE)) == existing


def test_the_figures_of_the_changelog_are_those_of_the_facts() -> None:
    """What it counts is there: replies and providers, lists, rules of messages, checks."""
    registry = load_registry()
    replies = registry.catalogue.bounces
    providers = {bounce.partition("/")[0] for bounce in replies} - {"generic", "rfc3463"}
    text = " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert f"A catalogue of {len(replies)} replies, those of {len(providers)} providers" in text
    assert f"Blocklists: {len(load_zones().zones)} lists" in text
    assert f"{sum(rule.startswith('message/') for rule in registry.rules)} rules on attachments" in text
    assert len(registry.checks) == 18
    assert "`preflight check`: eighteen checks" in text


def test_the_report_in_the_readme_is_real() -> None:
    """`make docs` pastes it anew."""
    assert report_in_readme() == demo_report()
    assert "NO-GO" in report_in_readme()
