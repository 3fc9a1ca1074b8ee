"""The catalogue of lists: what ships is sound, and broken files are rejected with the reason."""

import ipaddress
from pathlib import Path

import pytest

from preflight.errors import CatalogueError, ConfigError
from preflight_checks.blocklists.zones import Zone, load_zones, read_zones

ZONES = load_zones()
CJK = range(0x4E00, 0xA000)
HEAD = """
name = "list.example.org"
operator = "Example"
kinds = ["ip4"]
weight = "minor"
access = "open"
status = "alive"
terms = { en = "Free", zh = "免费" }
delist = "https://example.org"
checked = 2026-11-24
source = ["https://example.org"]
"""
CODE = 'code = [{ code = "127.0.0.2", meaning = { en = "spam" } }]\n'
ZONE = f"[[zone]]{HEAD}{CODE}"
GRAVE = """
[[grave]]
name = ["dead.example.org"]
fate = "dead"
reason = { en = "it died" }
checked = 2026-11-24
source = ["x"]
"""


def read(folder: Path, text: str, name: str = "lists.toml") -> None:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    read_zones([file])


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no list", encoding="utf-8")
    (tmp_path / "lists.toml").write_text(ZONE + GRAVE, encoding="utf-8")
    zones = read_zones(sorted(tmp_path.iterdir()))
    assert (list(zones.zones), list(zones.graves)) == (["list.example.org"], ["dead.example.org"])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[[zone]\n", "lists.toml: "),
        (ZONE.replace('operator = "Example"\n', ""), "operator"),
        (ZONE.replace("[[zone]]", '[[zone]]\ncolour = "red"'), "colour"),
        (ZONE.replace('"minor"', '"middling"'), "middling"),
        (ZONE.replace('["ip4"]', '["ip5"]'), "ip5"),
        (ZONE.replace('["ip4"]', "[]"), "kinds"),
        (ZONE.replace(CODE, "code = []\n"), "code"),
        (ZONE.replace("list.example.org", "list.example.org "), "no name"),
        (ZONE.replace("list.example.org", "List.example.org"), "no name"),
        (ZONE.replace("list.example.org", "list.example.org."), "no name"),
        (ZONE + ZONE, "occurs twice"),
        (ZONE + GRAVE.replace("dead.example.org", "list.example.org"), "occurs twice"),
        (ZONE.replace("127.0.0.2", "128.0.0.2"), "127.0.0.0/8"),
        (ZONE.replace("127.0.0.2", "127.0.0.9-127.0.0.2"), "127.0.0.0/8"),
        (ZONE.replace("127.0.0.2", "spam"), "spam"),
        (ZONE.replace('"127.0.0.2"', '"127.0.0.1"'), "never a listing"),
        (ZONE.replace('"127.0.0.2"', '"127.0.0.0-127.0.0.2"'), "never a listing"),
        (ZONE.replace('code = "127.0.0.2"', "bit = 3"), "no bit"),
        (ZONE.replace('code = "127.0.0.2"', 'bit = 4, code = "127.0.0.2"'), "either a code or a bit"),
        (ZONE.replace('code = "127.0.0.2", ', ""), "either a code or a bit"),
        (ZONE + 'refusal = [{ code = "127.0.0.1-127.0.0.3", meaning = { en = "no" } }]\n', "overlap"),
        (ZONE.replace('code = "127.0.0.2"', "bit = 1") + 'refusal = [{ bit = 1, meaning = { en = "no" } }]\n', "twice"),
        (ZONE.replace('"https://example.org"\nchecked', '"example.org"\nchecked'), "no URL"),
        (ZONE.replace('"open"', '"registration"\ndefault = true'), "by default"),
        (ZONE.replace('"alive"', '"unverified"\ndefault = true'), "by default"),
        (ZONE.replace('"open"', '"key"'), "secret"),
        (ZONE.replace('"open"', '"open"\nsecret = "dqs"'), "secret"),
        (ZONE + 'test = { ip4 = { listed = "nowhere", clear = "127.0.0.1" } }\n', "nowhere"),
        (ZONE + 'test = { domain = { listed = "two words", clear = "invalid" } }\n', "two words"),
        (ZONE + 'test = { codes = ["99"] }\n', "99"),
        ('[[resolver]]\noperator = "x"\naddresses = ["1.1.1"]\nchecked = 2026-11-24\nsource = []\n', "1.1.1"),
    ],
)
def test_a_broken_file_is_rejected(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(CatalogueError, match=r"lists\.toml: ") as raised:
        read(tmp_path, text)
    assert error in str(raised.value)


def test_a_file_that_is_no_text_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "lists.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match=r"lists\.toml: "):
        read_zones([tmp_path / "lists.toml"])


@pytest.mark.parametrize("zone", ZONES.zones.values(), ids=str)
def test_each_zone_says_what_it_means_in_both_languages(zone: Zone) -> None:
    texts = [zone.terms, *(entry.meaning for entry in (*zone.codes, *zone.refusals))]
    assert all(words.en and any(ord(character) in CJK for character in words.zh) for words in texts)
    assert all("{" not in words.en + words.zh for words in texts)


def test_the_graveyard_gives_reasons() -> None:
    assert {"dnsbl.sorbs.net", "ix.dnsbl.manitu.net", "bl.nszones.com", "bl.spamcannibal.org"} <= set(ZONES.graves)
    assert all(grave.reason.en and grave.reason.zh for grave in ZONES.graves.values())


def test_the_default_lists_are_few_and_known() -> None:
    assert {zone.name for zone in ZONES.asked_by_default} == {
        "zen.spamhaus.org",
        "bl.spamcop.net",
        "psbl.surriel.com",
        "bl.mailspike.net",
        "dnsbl-1.uceprotect.net",
        "dbl.spamhaus.org",
        "multi.surbl.org",
        "multi.uribl.com",
    }


@pytest.mark.parametrize("name", ["dnsbl-2.uceprotect.net", "dnsbl-3.uceprotect.net", "ips.backscatterer.org"])
def test_lists_of_whole_networks_and_of_backscatter_are_informational(name: str) -> None:
    assert ZONES.zones[name].weight == "informational"


def test_public_resolvers_are_known() -> None:
    for text in ("8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222", "2001:4860:4860::8888", "119.29.29.29"):
        assert ZONES.public_resolvers[ipaddress.ip_address(text)]


def test_finding_is_by_either_name() -> None:
    zen = ZONES.zones["zen.spamhaus.org"]
    assert ZONES.find(" ZEN.spamhaus.org. ") is ZONES.find("zen.dq.spamhaus.net") is zen
    with pytest.raises(ConfigError, match="no blocklist ''"):
        ZONES.find("")
