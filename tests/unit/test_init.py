"""`preflight init` and its starter file."""

import re
import tomllib
from pathlib import Path

import pytest

from preflight.appeals.contact import Contact
from preflight.cli import main
from preflight.cli.init import STARTER
from preflight.config import (
    ConfigTable,
    LimitsTable,
    PolicyTable,
    ResolverTable,
    SecretsTable,
    SubjectTable,
    WaiverTable,
    ZonesTable,
    load_config,
    read_config,
)
from preflight.policy import FailOn
from preflight.subject import Subject

# A commented key or table: `# key = value`, `# [table]`, `# "quoted/key" = value`.
COMMENTED = re.compile(r'^# (?=\[|"?[a-z][a-z/-]*"? = )', re.MULTILINE)


def test_the_starter_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "preflight.toml"
    assert main(["init", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{path}\n"
    assert shown.err == f"preflight: edit it, then run: preflight check --config {path}\n"
    config = load_config(path)
    assert config.subjects() == [Subject.of("mail.example.com", name="main")]
    assert config.policy().fail_on is FailOn.ERROR
    assert config.policy().waivers == ()


def test_the_name_of_the_file_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert (tmp_path / "preflight.toml").read_text(encoding="utf-8") == STARTER


def test_every_key_that_is_commented_out_is_a_real_one(tmp_path: Path) -> None:
    text, uncommented = COMMENTED.subn("", STARTER)
    assert uncommented >= 18
    (tmp_path / "test.eml").write_bytes(b"Subject: x\n\nx\n")
    config = read_config(text, folder=tmp_path)
    (subject,) = config.subjects()
    assert [need for need in ("host", "ip", "helo", "domain", "message") if not subject.has(need)] == []
    policy = config.policy()
    assert policy.select
    assert policy.ignore
    assert policy.severities
    assert [waiver.rule for waiver in policy.waivers] == ["ptr/missing"]
    assert config.table.resolver.servers
    assert config.table.resolver.timeout == 2.0
    assert config.table.limits.deadline == 30.0
    assert config.table.secrets.dqs_key_file
    assert config.table.secrets.dqs_key_env
    assert "dnsbl" in config.table.checks


def test_every_table_of_the_format_is_in_the_starter_file() -> None:
    missing = [table for table in ConfigTable.__struct_encode_fields__ if not re.search(rf"\[{table}\b", STARTER)]
    assert missing == []


TABLES = {
    "subject": SubjectTable,
    "policy": PolicyTable,
    "waiver": WaiverTable,
    "resolver": ResolverTable,
    "zones": ZonesTable,
    "limits": LimitsTable,
    "secrets": SecretsTable,
    "contact": Contact,
}


@pytest.mark.parametrize("name", TABLES)
def test_every_key_of_the_format_is_in_its_table_of_the_starter_file(name: str) -> None:
    text, _ = COMMENTED.subn("", STARTER)
    given = tomllib.loads(text)[name]
    assert set(given[0] if isinstance(given, list) else given) == set(TABLES[name].__struct_encode_fields__)


def test_no_table_with_keys_of_its_own_is_left_out() -> None:
    assert {*TABLES, "checks"} == set(ConfigTable.__struct_encode_fields__)


def test_a_file_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "preflight.toml"
    path.write_text("mine")
    assert main(["init", str(path)]) == 2
    assert path.read_text() == "mine"
    assert capsys.readouterr().err == (f"preflight: {path} exists already; give another name, or remove it first\n")


@pytest.mark.parametrize("name", ["missing/preflight.toml", "file/preflight.toml", "", "\x1b[31m\n/x.toml"])
def test_a_file_that_cannot_be_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["init", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("preflight: ")
    assert shown.err.removesuffix("\n").isprintable()
