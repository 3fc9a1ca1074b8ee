"""The bounce catalogue: what it says, in both languages; that rules and codes agree; what the loader rejects."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.bounces.catalogue import Bounce, Catalogue, load_catalogue, read_catalogue
from preflight.errors import CatalogueError
from preflight.registry import load_registry
from preflight.text import Words

CATALOGUE = load_catalogue()
BOUNCES = list(CATALOGUE.bounces.values())
CJK = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")

FACTS = {
    "microsoft/RP-001": ("421 RP-001", "rate", "partial"),
    "microsoft/RP-002": ("421 RP-002", "rate", "external"),
    "microsoft/RP-003": ("421 RP-003", "rate", "external"),
    "microsoft/SC-001": ("550 SC-001", "reputation", "partial"),
    "microsoft/SC-002": ("550 SC-002", "dir-harvest", "external"),
    "microsoft/SC-003": ("550 SC-003", "open-relay", "partial"),
    "microsoft/SC-004": ("550 SC-004", "complaints", "external"),
    "microsoft/DY-001": ("550 DY-001", "dynamic-ip", "full"),
    "microsoft/DY-002": ("550 DY-002", "compromised", "partial"),
    "microsoft/OU-001": ("550 OU-001", "dnsbl", "full"),
    "microsoft/OU-002": ("550 OU-002", "reputation", "partial"),
    "microsoft/mailbox-unavailable": (
        "550 Requested action not taken: mailbox unavailable",
        "user-unknown",
        "external",
    ),
    "microsoft/501-5.5.4": ("501 5.5.4 Invalid domain name", "helo", "full"),
}

# What the advice of each code must tell, by words that stand in it: nothing of the administrator's guide is lost.
ADVICE = {
    "RP-001": ["more slowly", "after a while"],
    "RP-002": ["more slowly", "for a while"],
    "RP-003": ["more slowly", "for a while", "fewer connections"],
    "SC-001": [
        "users who send advertising",
        "weak password was guessed",
        "https://olcsupport.office.com",
        "Wait a day",
        "more than 2 KB",
        "no program attached",
        "delist@messaging.microsoft.com",
    ],
    "SC-002": ["verifies addresses", "5xx", "https://olcsupport.office.com"],
    "SC-003": ["relay only", "users who send advertising", "weak password was guessed"],
    "SC-004": ["users who send advertising", "weak password was guessed", "JMRP"],
    "DY-001": ["static address", "ask the ISP", "reverse DNS", "https://check.spamhaus.org"],
    "DY-002": [
        "outgoing mail",
        "clean the server and the machines of all users",
        "change the users' mailbox passwords",
    ],
    "OU-001": ["https://check.spamhaus.org", "https://olcsupport.office.com", "removal", "Wait a day", "watch"],
    "OU-002": ["https://check.spamhaus.org", "https://olcsupport.office.com", "removal", "Wait a day", "watch"],
    "mailbox-unavailable": ["spelling", "may be disabled", "contact the recipient another way"],
    "501-5.5.4": ["HELO name", "MX record", "address record", "reverse DNS"],
}

VALID = """\
provider = "example-net"
name = { en = "Example", zh = "示例" }
checked = 2026-11-24
[sources.page]
en = "A page."

[[bounce]]
code = "X1"
reply = "550 X1"
permanent = true
category = "policy"
coverage = "full"
rules = ["ptr/missing"]
meaning = { en = "It is refused.", zh = "被拒收。" }
causes = [{ en = "One." }]
advice = [{ en = "First." }, { en = "Second." }]
source = ["page"]
"""


def read(text: str, name: str = "example.toml", folder: Path | None = None) -> Catalogue:
    """The catalogue of one file of that text."""
    assert folder is not None
    (folder / name).write_text(text, encoding="utf-8")
    return read_catalogue(sorted(folder.iterdir()))


def texts(bounce: Bounce) -> Iterator[Words]:
    yield from (bounce.provider, bounce.meaning, *bounce.causes, *bounce.advice, *bounce.source)


def test_the_thirteen_codes_in_order() -> None:
    assert {
        bounce.id: (bounce.reply, bounce.category, bounce.coverage) for bounce in BOUNCES if "microsoft/" in bounce.id
    } == FACTS
    assert [bounce.id for bounce in BOUNCES if bounce.id.startswith("microsoft/")] == list(FACTS)


@pytest.mark.parametrize("bounce", BOUNCES, ids=lambda bounce: bounce.id)
class TestEachEntry:
    def test_is_temporary_or_permanent_as_its_reply(self, bounce: Bounce) -> None:
        assert bounce.permanent is bounce.reply.startswith("5")
        assert bounce.checked == date(2026, 11, 24)

    def test_has_both_languages(self, bounce: Bounce) -> None:
        for text in texts(bounce):
            assert not CJK.search(text.en), text.en
            assert CJK.search(text.zh), text.en

    def test_is_short(self, bounce: Bounce) -> None:
        assert 1 <= len(re.findall(r"[.?](?=\s|$)", bounce.meaning.en)) <= 2
        assert 2 <= len(bounce.causes) <= 4
        assert bounce.advice_now == bounce.advice[0]
        assert len(bounce.advice_now.en) <= 180

    def test_names_the_same_places_in_both_languages(self, bounce: Bounce) -> None:
        for text in (*bounce.advice, *bounce.source):
            assert places_to_go(text.en) == places_to_go(text.zh), text.en


def places_to_go(text: str) -> set[str]:
    return {found.rstrip(".,;:/)") for found in re.findall(r"https?://[!-:<-~]+|[\w.-]+@[\w.-]+\w", text, re.ASCII)}


@pytest.mark.parametrize("code", ADVICE)
def test_the_advice_is_whole(code: str) -> None:
    steps = " ".join(step.en for step in CATALOGUE.bounces[f"microsoft/{code}"].advice)
    assert [words for words in ADVICE[code] if words not in steps] == []


def test_rules_and_codes_agree() -> None:
    """Each rule that a code names prevents it, and each rule that prevents a code is named by it."""
    registry = load_registry()
    assert registry.problems == []
    by_code = {bounce.id: set(bounce.rules) for bounce in BOUNCES}
    assert by_code == {bounce.id: {rule.id for rule in registry.preventing(bounce.id)} for bounce in BOUNCES}


class TestLoader:
    def test_reads_an_entry(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not a catalogue")
        text = VALID + 'also = ["blocked by X"]\n'
        assert read(text, folder=tmp_path).bounces == {
            "example-net/X1": Bounce(
                id="example-net/X1",
                provider=Words("Example", "示例"),
                reply="550 X1",
                permanent=True,
                category="policy",
                coverage="full",
                meaning=Words("It is refused.", "被拒收。"),
                causes=(Words("One."),),
                advice=(Words("First."), Words("Second.")),
                rules=("ptr/missing",),
                source=(Words("A page."),),
                checked=date(2026, 11, 24),
                also=("blocked by X",),
            )
        }

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ("code =", "kode =", "unknown field `kode`"),
            ('reply = "550 X1"\n', "", "missing required field `reply`"),
            ("provider =", "supplier =", "unknown field `supplier`"),
            ('{ en = "One." }', '{ en = "One.", zn = "一。" }', "unknown field `zn`"),
            ('{ en = "One." }', '{ zh = "一。" }', "missing required field `en`"),
            ('{ en = "One." }', '{ en = "" }', "matching regex"),
            ('{ en = "One." }', '{ en = "One.", zh = " " }', "matching regex"),
            ('{ en = "One." }', "", "X1: causes, advice and source each need at least one entry"),
            ('[{ en = "First." }, { en = "Second." }]', "[]", "X1: causes, advice and source each need"),
            ('source = ["page"]', "source = []", "X1: causes, advice and source each need"),
            ('source = ["page"]', 'source = ["page", "book"]', "X1: the file has no source 'book'"),
            ("[[bounce]]", '[sources.book]\nen = "A book."\n[[bounce]]', "no bounce has the source 'book'"),
            ("permanent = true", "permanent = false", "reply '550 X1' and permanent = False contradict each other"),
            ('reply = "550 X1"', 'reply = "450 X1"', "reply '450 X1' and permanent = True contradict each other"),
            ('reply = "550 X1"', 'reply = "X1"', "matching regex.*reply"),
            ('reply = "550 X1"', 'reply = "550-X1"', "matching regex.*reply"),
            ('reply = "550 X1"', 'reply = "550 X1\\n"', "matching regex.*reply"),
            ('"full"', '"external"', "X1: external coverage goes without rules, full and partial with some"),
            ('rules = ["ptr/missing"]\n', "", "X1: external coverage goes without rules, full and partial with some"),
            ('["ptr/missing"]', '["ptr/missing", "ptr/missing"]', "X1: a rule is named twice"),
            ('"policy"', '"polity"', "Invalid enum value 'polity'"),
            ('"full"', '"whole"', "Invalid enum value 'whole'"),
            ("2026-11-24", "2026-11-31", "Invalid date"),
            ('"example-net"', '"Example Net"', "matching regex.*provider"),
            ("true", '"yes"', "Expected `bool`"),
            ("[[bounce]]", "[[bounce", "Expected .* line 7"),
        ],
    )
    def test_rejects_a_broken_file(self, old: str, new: str, reason: str, tmp_path: Path) -> None:
        assert old in VALID
        with pytest.raises(CatalogueError, match=rf"^example\.toml: .*({reason})"):
            read(VALID.replace(old, new, 1), folder=tmp_path)

    def test_rejects_what_is_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "example.toml").write_bytes(VALID.encode("utf-16"))
        with pytest.raises(CatalogueError, match=r"^example\.toml: "):
            read_catalogue([tmp_path / "example.toml"])

    def test_rejects_a_code_that_occurs_twice_in_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueError, match=r"^example\.toml: example-net/X1 occurs twice$"):
            read(VALID + VALID[VALID.index("[[bounce]]") :], folder=tmp_path)

    def test_rejects_a_code_that_occurs_in_two_files(self, tmp_path: Path) -> None:
        read(VALID, folder=tmp_path)
        with pytest.raises(CatalogueError, match=r"^more\.toml: example-net/X1 occurs twice$"):
            read(VALID, "more.toml", tmp_path)

    def test_two_files_of_one_provider(self, tmp_path: Path) -> None:
        read(VALID, folder=tmp_path)
        catalogue = read(VALID.replace('"X1"', '"X2"'), "more.toml", tmp_path)
        assert list(catalogue.bounces) == ["example-net/X1", "example-net/X2"]


RP = ["microsoft/RP-001", "microsoft/RP-002", "microsoft/RP-003"]


class TestFind:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("DY-001", ["microsoft/DY-001"]),
            ("microsoft/DY-001", ["microsoft/DY-001"]),
            ("550 DY-001", ["microsoft/DY-001"]),
            (" 550\t dy-001\n", ["microsoft/DY-001"]),
            ("MICROSOFT/dy-001", ["microsoft/DY-001"]),
            ("550-DY-001", ["microsoft/DY-001"]),
            ("501-5.5.4", ["microsoft/501-5.5.4"]),
            ("501 5.5.4", ["microsoft/501-5.5.4"]),
            ("501 5.5.4 Invalid domain name", ["microsoft/501-5.5.4"]),
            ("invalid domain", ["microsoft/501-5.5.4"]),
            ("mailbox unavailable", ["microsoft/mailbox-unavailable"]),
            ("rp-", RP),
            ("421", RP),
            (
                "host mx.example.com[192.0.2.1] said: 550 DY-001 (AB1-CD2) Unfortunately, messages from 192.0.2.25 …",
                ["microsoft/DY-001"],
            ),
            (
                "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
                ["microsoft/mailbox-unavailable"],
            ),
            ("refused: Your IP appears to be an open proxy/relay.", ["microsoft/SC-003"]),
            ("550 SC-0012 Unfortunately", []),
            ("1550 SC-001 Unfortunately", []),
            ("550 XX-999", []),
            ("microsoft", []),
            ("", []),
            (" \t\n", []),
        ],
    )
    def test_what_a_user_means(self, text: str, found: list[str]) -> None:
        assert [bounce.id for bounce in CATALOGUE.find(text)] == found

    def test_an_exact_code_wins_over_replies_that_contain_it(self, tmp_path: Path) -> None:
        second = VALID[VALID.index("[[bounce]]") :].replace('code = "X1"', 'code = "X12"').replace("550 X1", "550 X12")
        catalogue = read(VALID + second, folder=tmp_path)
        assert [bounce.id for bounce in catalogue.find("x1")] == ["example-net/X1"]
        assert [bounce.id for bounce in catalogue.find("550 x")] == ["example-net/X1", "example-net/X12"]

    @pytest.mark.parametrize("bounce", BOUNCES, ids=lambda bounce: bounce.id)
    def test_finds_each_by_each_of_its_names(self, bounce: Bounce) -> None:
        for name in (bounce.id, bounce.id.partition("/")[2], bounce.reply, f"said: {bounce.reply} (x)", *bounce.also):
            assert CATALOGUE.find(name) == [bounce], name

    @given(st.text() | st.binary().map(lambda octets: octets.decode("utf-8", "surrogateescape")))
    def test_takes_any_text(self, text: str) -> None:
        found = CATALOGUE.find(text)
        assert found == [bounce for bounce in BOUNCES if bounce in found]
        assert found or not any(bounce.reply in text.split("\n") for bounce in BOUNCES)

    @given(st.sampled_from(BOUNCES), st.text("\t \n", min_size=1), st.booleans())
    def test_case_and_spaces_do_not_matter(self, bounce: Bounce, space: str, upper: bool) -> None:
        reply = space.join(["", *bounce.reply.split(), ""])
        assert CATALOGUE.find(reply.upper() if upper else reply.lower()) == [bounce]
