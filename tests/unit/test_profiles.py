"""Profiles: what a receiver demands becomes severities and a board."""

import re
from pathlib import Path

import pytest

from preflight.errors import CatalogueError, ConfigError
from preflight.findings import Severity
from preflight.policy import Policy
from preflight.profiles import Profile, load_profile, profiles, read_profiles
from preflight.registry import load_registry
from preflight.text import Words
from tests.unit.fake_checks import rule

VALID = """
title = { en = "Example", zh = "示例" }
checked = 2026-11-24
board = ["example/X1"]
bulk-board = ["example/X2"]
[sources.page]
en = "A page."
zh = "网页。"
[[demand]]
rules = ["a/one", "a/two"]
severity = "error"
reason = { en = "It says so.", zh = "如此要求。" }
source = "page"
[[demand]]
rules = ["a/three"]
severity = "info"
bulk = "warning"
reason = { en = "So it is of many.", zh = "大量发信时如此。" }
source = "page"
[[demand]]
rules = ["a/four"]
bulk = "error"
reason = { en = "Of many it asks for more.", zh = "大量发信时要求更多。" }
source = "page"
"""
OTHER = """
title = { en = "Other", zh = "其他" }
checked = 2026-11-24
board = ["other/Y1"]
[sources.page]
en = "Another page."
zh = "另一网页。"
[[demand]]
rules = ["a/one", "a/three"]
severity = "error"
reason = { en = "It says more.", zh = "要求更多。" }
source = "page"
[[demand]]
rules = ["b/mild"]
severity = "info"
reason = { en = "It would be nice.", zh = "有则更好。" }
source = "page"
"""
BOTH = """
title = { en = "Both", zh = "两者" }
checked = 2026-11-24
combines = ["example", "other"]
"""


def read(folder: Path, **texts: str) -> dict[str, Profile]:
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return read_profiles(sorted(folder.glob("*.toml")))


def weights(profile: Profile) -> dict[str, str]:
    return {rule: severity.value for rule, severity in profile.severities.items()}


def test_every_profile_speaks_of_rules_and_codes_that_exist() -> None:
    registry = load_registry()
    for profile in profiles().values():
        assert profile.board <= set(registry.catalogue.bounces), profile.name
        assert set(profile.demands) <= set(registry.rules), profile.name


def test_the_profiles_that_there_are() -> None:
    assert list(profiles()) == ["163", "gmail", "outlook", "qq", "yahoo", "strict"]


def test_every_profile_is_told_in_both_languages() -> None:
    for profile in profiles().values():
        demands = profile.demands.values()
        assert all(re.search(r"[\u4e00-\u9fff]", demand.reason.zh) for demand in demands), profile.name
        assert all(demand.source.zh for demand in demands), profile.name


@pytest.mark.parametrize("name", ["gmail", "yahoo", "outlook"])
def test_receivers_that_ask_more_of_bulk_senders(name: str) -> None:
    """Authentication by both ways and a DMARC record are errors for bulk senders alone."""
    asked = {"dkim/missing", "dmarc/missing", "dmarc/not-aligned"}
    bulk, few = load_profile(name).severities, load_profile(name).asked_of(bulk=False).severities
    assert {bulk[rule] for rule in asked} == {Severity.ERROR}
    assert asked.isdisjoint(few)
    assert few.items() <= bulk.items()
    assert few["spf/not-authorised"] is Severity.ERROR


def test_netease_wants_the_envelope_sender_in_from() -> None:
    assert load_profile("163").severities["message/envelope-differs"] is Severity.ERROR


def test_strict_demands_what_any_of_them_does() -> None:
    strict, others = load_profile("strict"), [one for name, one in profiles().items() if name != "strict"]
    demanded = {
        rule
        for one in others
        for rule, demand in one.demands.items()
        if {demand.severity, demand.bulk} & {Severity.WARNING, Severity.ERROR}
    }
    assert weights(strict) == dict.fromkeys(demanded, "error")
    assert strict.board == {code for one in others for code in one.board}
    assert str(strict.demands["message/envelope-differs"].reason).startswith("NetEase (163, 126, yeah): ")


def test_what_bulk_senders_and_others_are_asked(tmp_path: Path) -> None:
    (profile,) = read(tmp_path, example=VALID).values()
    assert weights(profile) == {"a/one": "error", "a/two": "error", "a/three": "warning", "a/four": "error"}
    assert weights(profile.asked_of(bulk=False)) == {"a/one": "error", "a/two": "error", "a/three": "info"}
    assert (profile.board, profile.asked_of(bulk=False).board) == ({"example/X1", "example/X2"}, {"example/X1"})
    assert str(profile.told) == "Example, of senders of 5,000 messages a day and more"
    assert str(profile.asked_of(bulk=False).told) == "Example, of senders of fewer than 5,000 messages a day"


def test_a_receiver_that_asks_the_same_of_all(tmp_path: Path) -> None:
    (profile,) = read(tmp_path, other=OTHER).values()
    assert not profile.tells_bulk
    assert str(profile.told) == "Other"


def test_a_combination_takes_the_most_of_each(tmp_path: Path) -> None:
    both = read(tmp_path, both=BOTH, example=VALID, other=OTHER)["both"]
    assert weights(both) == {"a/one": "error", "a/two": "error", "a/three": "error", "a/four": "error"}
    assert both.board == {"example/X1", "example/X2", "other/Y1"}
    assert both.demands["a/one"].reason == Words("Example: It says so.", "示例：如此要求。")
    assert both.demands["a/three"].reason == Words("Other: It says more.", "其他：要求更多。")
    assert both.asked_of(bulk=False).severities == both.severities


def test_a_profile_weighs_less_than_the_users_own_word(tmp_path: Path) -> None:
    (profile,) = read(tmp_path, example=VALID).values()
    one, other = (rule(name, Severity.WARNING) for name in ("a/one", "a/other"))

    def severities(policy: Policy) -> list[Severity]:
        return [policy.severity(each) for each in (one, other)]

    assert severities(Policy(profile=profile)) == [Severity.ERROR, Severity.WARNING]
    assert severities(Policy(profile=profile, severities={"a/one": Severity.INFO})) == [Severity.INFO, Severity.WARNING]
    assert severities(Policy(profile=profile, severities={"a": Severity.INFO})) == [Severity.INFO, Severity.INFO]
    assert profile.demands["a/one"].source == Words("A page.", "网页。")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"example/X1"', '"example/X1", "example/X1"', "the code example/X1 occurs twice"),
        ('["example/X2"]', '["example/X1"]', "the code example/X1 occurs twice"),
        ('"a/one", "a/two"', '"a/one", "a/one"', "the rule a/one occurs twice"),
        ('["a/three"]', '["a/one"]', "the rule a/one occurs twice"),
        ('["a/three"]', "[]", "a demand names no rules"),
        ('source = "page"', 'source = "other"', "a/one, a/two: the file has no source 'other'"),
        ('bulk = "error"', "", "a/four: neither severity nor bulk is given"),
        ("checked = 2026-11-24", "", "missing required field `checked`"),
        ('severity = "error"', 'severity = "fatal"', "Invalid enum value 'fatal'"),
        ('severity = "error"', 'sevrity = "error"', "unknown field `sevrity`"),
        ("title", "combines = ['nobody']\ntitle", "it combines 'nobody', which is no profile with demands of its own"),
    ],
)
def test_a_broken_file_is_refused(old: str, new: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"example\.toml: .*" + re.escape(problem)):
        read(tmp_path, example=VALID.replace(old, new, 1))


def test_an_unknown_profile() -> None:
    with pytest.raises(ConfigError, match=r"there is no profile 'outlok'; profiles: .*; did you mean 'outlook'\?"):
        load_profile("outlok")


def test_the_board_is_the_profiles() -> None:
    bounces = load_registry().catalogue.bounces.values()
    outlook = Policy(profile=load_profile("outlook"))
    assert {bounce.id for bounce in bounces if outlook.shows(bounce)} == load_profile("outlook").board
    assert {bounce.id for bounce in bounces if Policy().shows(bounce)} == {one.id for one in bounces if one.on_board}
