"""Delivered and not seen: the guide, and the page of it."""

import json
from pathlib import Path

import pytest

from preflight.bounces.not_seen import load_not_seen, read_not_seen
from preflight.cli import main
from preflight.diagnosis.outside import load_looks, read_looks
from preflight.errors import CatalogueError
from preflight.registry import load_registry

Captured = pytest.CaptureFixture[str]
FILE = """\
checked = 2026-11-24
large = ["gmail.com"]
source = { en = "s", zh = "源" }
[[reason]]
id = "a"
side = "recipient"
title = { en = "A", zh = "甲" }
meaning = { en = "A is so.", zh = "甲如此。" }
advice = { en = "Do A.", zh = "做甲。" }
[[hint]]
en = "Mind."
zh = "注意。"
"""


def test_there_are_seven_reasons_three_of_them_the_recipient_s() -> None:
    guide = load_not_seen()
    assert [(reason.id, reason.side) for reason in guide.reasons] == [
        ("exclusive-inbox", "recipient"),
        ("blocked-sender", "recipient"),
        ("full-or-inactive-mailbox", "recipient"),
        ("compromised-server", "sender"),
        ("domain-reputation", "sender"),
        ("shared-address", "sender"),
        ("complaints", "sender"),
    ]
    assert len(guide.hints) == 3
    assert [reason.side for reason in guide.reasons_for("GMail.com")] == ["recipient"] * 3
    assert guide.reasons_for("example.com") == guide.reasons_for(None) == guide.reasons


def test_the_rules_of_reasons_are_installed() -> None:
    rules = {rule for reason in load_not_seen().reasons for rule in reason.rules}
    assert rules
    assert rules <= set(load_registry().rules)


def test_the_page(capsys: Captured) -> None:
    assert main(["codes", "not-seen", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    for reason in load_not_seen().reasons:
        assert reason.title.en in out
    assert "On the recipient's side: The inbox takes mail from known senders only" in out
    assert main(["codes", "not-seen", "--lang", "zh"]) == 0
    assert "收件人方面: 收件箱设为" in capsys.readouterr().out
    assert main(["codes", "not-seen", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 7
    assert main(["codes", "not-seen", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("<!-- Made by `preflight codes not-seen")


def test_the_page_of_all_codes_has_it(capsys: Captured) -> None:
    assert main(["codes", "--format", "markdown", "--lang", "en"]) == 0
    assert "\n## not-seen\n" in capsys.readouterr().out
    assert main(["codes", "DY-001", "--format", "markdown", "--lang", "en"]) == 0
    assert "## not-seen" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (FILE.replace("advice", "advise"), "x.toml: Object"),
        (FILE.replace(', zh = "甲"', ""), "x.toml: Object missing required field `zh`"),
        (FILE + FILE[FILE.index("[[reason]]") : FILE.index("[[hint]]")], "x.toml: a reason occurs twice"),
        (
            FILE.replace('side = "recipient"', 'side = "recipient"\nrules = ["ptr/missing"]'),
            "x.toml: a: no rule can see",
        ),
        ("checked = 2026-11-24", "x.toml: Object missing required field"),
    ],
)
def test_a_broken_guide_is_named(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as error:
        read_not_seen(tmp_path / "x.toml")
    assert str(error.value).startswith(problem)


def test_places_to_look_are_each_for_somebody() -> None:
    looks = load_looks()
    assert {look.id for look in looks if look.concerns("complaints", "microsoft")} == {"snds", "jmrp", "own-log"}
    assert {look.id for look in looks if look.concerns("reputation", "google")} == {
        "postmaster-tools",
        "own-log",
        "receiver-policy",
    }
    assert {look.id for look in looks if look.concerns("user-unknown", None)} == {"recipient"}
    categories = {category for look in looks for category in look.categories}
    assert {"greylist", "relay-denied", "domain-unknown", "protocol", "unknown"} <= categories


def test_a_place_that_occurs_twice(tmp_path: Path) -> None:
    one = (
        '[[look]]\nid = "a"\ncategories = ["rate"]\ntitle = { en = "A", zh = "甲" }\nwhere = { en = "B", zh = "乙" }\n'
    )
    (tmp_path / "x.toml").write_text(f'checked = 2026-11-24\n{one}source = "s"\n{one}source = "s"\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"x\.toml: an id occurs twice"):
        read_looks(tmp_path / "x.toml")
