"""Profiles: what a receiver demands becomes severities and a board."""

from pathlib import Path

import pytest

from preflight.errors import CatalogueError, ConfigError
from preflight.findings import Severity
from preflight.policy import Policy
from preflight.profiles import load_profile, profiles, read_profile
from preflight.registry import load_registry
from preflight.text import Words
from tests.unit.fake_checks import rule

VALID = """
title = { en = "Example", zh = "示例" }
checked = 2026-11-24
board = ["example/X1"]
[sources.page]
en = "A page."
zh = "网页。"
[[demand]]
rule = "a/one"
severity = "error"
reason = { en = "It says so.", zh = "如此要求。" }
source = "page"
"""


def read(text: str, folder: Path) -> object:
    file = folder / "example.toml"
    file.write_text(text)
    return read_profile(file)


def test_every_profile_speaks_of_rules_and_codes_that_exist() -> None:
    registry = load_registry()
    for profile in profiles().values():
        assert profile.board <= set(registry.catalogue.bounces), profile.name
        assert set(profile.demands) <= set(registry.rules), profile.name


def test_a_profile_weighs_less_than_the_users_own_word(tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_text(VALID)
    profile = read_profile(tmp_path / "example.toml")
    one, two = (rule(name, Severity.WARNING) for name in ("a/one", "a/two"))

    def severities(policy: Policy) -> list[Severity]:
        return [policy.severity(each) for each in (one, two)]

    assert severities(Policy(profile=profile)) == [Severity.ERROR, Severity.WARNING]
    assert severities(Policy(profile=profile, severities={"a/one": Severity.INFO})) == [Severity.INFO, Severity.WARNING]
    assert severities(Policy(profile=profile, severities={"a": Severity.INFO})) == [Severity.INFO, Severity.INFO]
    assert profile.demands["a/one"].source == Words("A page.", "网页。")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"example/X1"', '"example/X1", "example/X1"', "the code example/X1 occurs twice"),
        ('source = "page"', 'source = "other"', "a/one: the file has no source 'other'"),
        ("checked = 2026-11-24", "", "missing required field `checked`"),
        ('severity = "error"', 'severity = "fatal"', "Invalid enum value 'fatal'"),
    ],
)
def test_a_broken_file_is_refused(old: str, new: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"example\.toml: .*" + problem):
        read(VALID.replace(old, new), tmp_path)


def test_an_unknown_profile() -> None:
    with pytest.raises(ConfigError, match=r"there is no profile 'outlok'; profiles: .*; did you mean 'outlook'\?"):
        load_profile("outlok")


def test_the_board_is_the_profiles() -> None:
    bounces = load_registry().catalogue.bounces.values()
    outlook = Policy(profile=load_profile("outlook"))
    assert {bounce.id for bounce in bounces if outlook.shows(bounce)} == load_profile("outlook").board
    assert {bounce.id for bounce in bounces if Policy().shows(bounce)} == {one.id for one in bounces if one.on_board}
