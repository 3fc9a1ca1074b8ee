"""The bounce catalogue: what it says, in both languages; that rules and codes agree; what the loader rejects."""

import re
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.bounces.catalogue import Bounce, Catalogue, Provider, load_catalogue, read_catalogue
from preflight.bounces.entries import read_texts
from preflight.errors import CatalogueError
from preflight.registry import load_registry
from preflight.text import Words

CATALOGUE = load_catalogue()
BOUNCES = list(CATALOGUE.bounces.values())
OUTLOOK = [bounce for bounce in BOUNCES if bounce.on_board]
CHINESE = {"microsoft", "tencent-qq", "netease", "aliyun", "sina", "generic", "rfc3463"}
"""Those whose texts are in Chinese too."""
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
known_by = ["x1 refused"]
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
    assert {bounce.id: (bounce.reply, bounce.category, bounce.coverage) for bounce in OUTLOOK} == FACTS
    assert [bounce.id for bounce in OUTLOOK] == list(FACTS)


def test_how_much_it_has() -> None:
    """All codes that were gathered, and the providers in the order of their files."""
    assert len(BOUNCES) >= 480
    assert list(CATALOGUE.providers) == sorted(CATALOGUE.providers)
    assert {one.id for one in CATALOGUE.providers.values() if one.generic} == {"generic", "rfc3463"}
    assert sum(bounce.provider_id == "microsoft" for bounce in BOUNCES) >= 95


@pytest.mark.parametrize("bounce", BOUNCES, ids=lambda bounce: bounce.id)
class TestEachEntry:
    def test_is_temporary_or_permanent_as_its_reply(self, bounce: Bounce) -> None:
        assert bounce.permanent in {None, bounce.reply.startswith("5")}
        assert bounce.checked == date(2026, 11, 24)

    def test_has_its_languages(self, bounce: Bounce) -> None:
        for text in texts(bounce):
            assert not CJK.search(text.en), text.en
            assert CJK.search(text.zh) or bounce.provider_id not in CHINESE, text.en

    def test_is_short(self, bounce: Bounce) -> None:
        assert 1 <= len(re.findall(r"[.?](?=\s|$)", bounce.meaning.en)) <= 3
        assert 1 <= len(bounce.causes) <= 4
        assert bounce.advice_now == bounce.advice[0]
        assert len(bounce.advice_now.en) <= 180

    def test_names_the_same_places_in_both_languages(self, bounce: Bounce) -> None:
        for text in (*bounce.advice, *bounce.source):
            assert places_to_go(text.en) == places_to_go(text.zh) or not text.zh, text.en

    def test_shows_only_documentation_names(self, bounce: Bounce) -> None:
        for example in (*bounce.examples, *bounce.counter_examples):
            for address in re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", example):
                assert address.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "4.16.")), example


def places_to_go(text: str) -> set[str]:
    return {found.rstrip(".,;:/)") for found in re.findall(r"https?://[!-:<-~]+|[\w.-]+@[\w.-]+\w", text, re.ASCII)}


@pytest.mark.parametrize("code", ADVICE)
def test_the_advice_is_whole(code: str) -> None:
    steps = " ".join(step.en for step in CATALOGUE.bounces[f"microsoft/{code}"].advice)
    assert [words for words in ADVICE[code] if words not in steps] == []


def test_each_rule_that_a_code_names_exists() -> None:
    registry = load_registry()
    assert registry.problems == []
    assert {rule for bounce in BOUNCES for rule in bounce.rules} <= set(registry.rules)


def test_rules_and_codes_of_outlook_agree() -> None:
    """Each rule that a code names prevents it, and each rule that prevents a code is named by it."""
    rules = load_registry().rules.values()
    for bounce in OUTLOOK:
        assert set(bounce.rules) == {rule.id for rule in rules if bounce.id in rule.prevents}, bounce.id


def test_each_shared_text_is_used() -> None:
    names = read_texts(resources.files("preflight.bounces") / "data" / "texts.toml")
    used = {text for bounce in BOUNCES for text in (*bounce.causes, *bounce.advice)}
    assert [name for name, text in names.items() if text not in used] == []


class TestLoader:
    def test_reads_an_entry(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not a catalogue")
        text = VALID + 'examples = ["550 X1 refused"]\nnot = ["550 X12"]\n'
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
                known_by=("x1 refused",),
                examples=("550 X1 refused",),
                counter_examples=("550 X12",),
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
            ("= true", '= "yes"', "Expected `bool"),
            ("[[bounce]]", "[[bounce", "Expected .* line 7"),
            ('known_by = ["x1 refused"]\n', "", "X1: nothing says by what a reply is known to be this one"),
            ('causes = [{ en = "One." }]', 'causes = ["slow"]', "X1: there is no shared text 'slow'"),
            ('known_by = ["x1 refused"]', 'status = ["x.9.1"]', "matching regex.*status"),
            ('known_by = ["x1 refused"]', "reply_codes = [250]", ">= 400"),
            ("name = { en", 'hosts = ["Example"]\nname = { en', "matching regex.*hosts"),
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
        read('hosts = ["example.net"]\n' + VALID, folder=tmp_path)
        more = 'hosts = ["example.org"]\nsigns = ["example sign"]\n' + VALID.replace('"X1"', '"X2"')
        catalogue = read(more, "more.toml", tmp_path)
        assert list(catalogue.bounces) == ["example-net/X1", "example-net/X2"]
        assert catalogue.providers == {
            "example-net": Provider(
                "example-net", Words("Example", "示例"), hosts=("example.net", "example.org"), signs=("example sign",)
            )
        }

    def test_shared_texts(self, tmp_path: Path) -> None:
        (tmp_path / "texts.toml").write_text('[slow]\nen = "Slow down."\nzh = "放慢。"\n', encoding="utf-8")
        catalogue = read(VALID.replace('[{ en = "First." },', '["slow",'), folder=tmp_path)
        assert catalogue.bounces["example-net/X1"].advice == (Words("Slow down.", "放慢。"), Words("Second."))

    def test_a_broken_pattern_is_told_when_a_reply_is_asked_about(self, tmp_path: Path) -> None:
        catalogue = read(VALID.replace('"x1 refused"', '"x1.{0,}refused"'), folder=tmp_path)
        with pytest.raises(CatalogueError, match=r"^example-net/X1: the pattern 'x1\.\{0,\}refused' "):
            catalogue.find("550 something")


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
            ("501 5.5.4 Invalid domain name", ["microsoft/501-5.5.4"]),
            ("invalid domain", ["microsoft/501-5.5.4"]),
            ("rp-", ["microsoft/RP-001", "microsoft/RP-002", "microsoft/RP-003"]),
            ("5.7.27", ["google/x.7.27", "rfc3463/x.7.27"]),
            ("cs01", ["apple/CS01"]),
            ("namespace mining", ["microsoft/SC-002"]),
            (
                "host mx.example.com[192.0.2.1] said: 550 DY-001 (AB1-CD2) Unfortunately, messages from 192.0.2.25 …",
                ["microsoft/DY-001"],
            ),
            (
                "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
                ["microsoft/mailbox-unavailable"],
            ),
            ("refused: Your IP appears to be an open proxy/relay.", ["microsoft/SC-003"]),
            ("550 5.7.1 hello", ["rfc3463/x.7.1"]),
            ("550 SC-0012 Unfortunately", []),
            ("550 XX-999", []),
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
        assert CATALOGUE.find(bounce.id) == [bounce]
        assert bounce in CATALOGUE.find(bounce.code)
        found = CATALOGUE.find(bounce.reply)
        assert bounce in found or bounce.reply == found[0].code.replace("-", " ", 1)

    @given(st.text() | st.binary().map(lambda octets: octets.decode("utf-8", "surrogateescape")))
    def test_takes_any_text(self, text: str) -> None:
        found = CATALOGUE.find(text)
        assert found == [bounce for bounce in BOUNCES if bounce in found]

    @given(st.sampled_from(OUTLOOK), st.text("\t \n", min_size=1), st.booleans())
    def test_case_and_spaces_do_not_matter(self, bounce: Bounce, space: str, upper: bool) -> None:
        reply = space.join(["", *bounce.reply.split(), ""])
        assert bounce in CATALOGUE.find(reply.upper() if upper else reply.lower())
