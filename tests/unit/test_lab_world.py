"""Worlds: how they are put together in tests, and read from files."""

import contextlib
from pathlib import Path

import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import CatalogueError
from preflight.lab import Blocklist, Fault, LabDns, World
from preflight.lab.files import load_world
from preflight.lab.zones import MasterZone, absolute, negative
from preflight.net.addresses import parse_address, reverse_name
from preflight.net.zones import Outcome
from tests.unit.lab_asking import ask, soa_owner, told


def answer(world: World, name: str, rtype: str = "A") -> list[str]:
    resolution, _ = world.resolve(absolute(name), dns.rdatatype.from_text(rtype))
    return [rdata.to_text() for rrset in resolution.answer for rdata in rrset]


def test_the_example_of_the_docstring() -> None:
    world = World.from_zones({"example.com": "@ MX 10 mail\nmail A 192.0.2.10"})
    world.ptr("192.0.2.10", "mail.example.com")
    world.block(Blocklist("zen.spamhaus.org", {"192.0.2.10": (("127.0.0.4",), "a bot")}))
    world.fault("example.com", Fault.SERVFAIL, rtype="MX")
    with LabDns(world) as server:
        assert told(ask(server, "example.com", "MX"))[0] == "SERVFAIL"
        assert told(ask(server, "10.2.0.192.in-addr.arpa", "PTR"))[2] == [
            "10.2.0.192.in-addr.arpa PTR mail.example.com"
        ]
        assert told(ask(server, "10.2.0.192.zen.spamhaus.org"))[2] == ["10.2.0.192.zen.spamhaus.org A 127.0.0.4"]


@pytest.mark.parametrize("recursive", [True, False])
def test_reverse_names(recursive: bool) -> None:
    world = World(recursive=recursive)
    world.ptr("192.0.2.10", "mail.example.com", "www.example.com")
    world.ptr("192.0.2.11", "other.example.com.")
    world.ptr("2001:db8::25", "mail.example.com")
    assert answer(world, "10.2.0.192.in-addr.arpa", "PTR") == ["mail.example.com.", "www.example.com."]
    assert answer(world, "11.2.0.192.in-addr.arpa", "PTR") == ["other.example.com."]
    assert answer(world, reverse_name(parse_address("2001:db8::25")), "PTR") == ["mail.example.com."]
    with LabDns(world) as server:
        for name, zone in (
            ("12.2.0.192.in-addr.arpa", "2.0.192.in-addr.arpa."),
            (reverse_name(parse_address("2001:db8::26")), "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
        ):
            reply = ask(server, name, "PTR")
            assert (told(reply)[0], soa_owner(reply)) == ("NXDOMAIN", [zone])


def test_a_reverse_zone_that_is_there_is_used() -> None:
    world = World.from_zones({"51.198.in-addr.arpa": "7.100 PTR seven.example.net."})
    world.ptr("198.51.100.8", "eight.example.net")
    assert answer(world, "7.100.51.198.in-addr.arpa", "PTR") == ["seven.example.net."]
    assert answer(world, "8.100.51.198.in-addr.arpa", "PTR") == ["eight.example.net."]


def test_records_are_added_while_the_server_runs() -> None:
    world = World.from_zones({"example.com": ""})
    with LabDns(world) as server:
        assert told(ask(server, "deep.mail.example.com"))[0] == "NXDOMAIN"
        world.add("deep.mail.example.com", "A", "192.0.2.10")
        world.add("deep.mail.example.com", "A", "192.0.2.11")
        assert answer(world, "deep.mail.example.com") == ["192.0.2.10", "192.0.2.11"]
        assert told(ask(server, "mail.example.com")) == ("NOERROR", "AA RA", [])  # it is between now
        world.add("lonely.example.org", "TXT", '"in the root zone"')
        assert told(ask(server, "lonely.example.org", "TXT"))[2] == ['lonely.example.org TXT "in the root zone"']


def test_a_zone_that_states_its_own_authority_keeps_it() -> None:
    zone = MasterZone("example.com", "@ 900 SOA a. b. 1 2 3 4 5\n@ NS c.\n@ NS d.")
    assert str(zone.soa) == "example.com. 900 IN SOA a. b. 1 2 3 4 5"
    assert negative(zone).ttl == 5
    found = zone.lookup(absolute("example.com"), dns.rdatatype.NS)
    assert {rdata.to_text() for rdata in found.rrsets[0]} == {"c.", "d."}


def test_master_files_in_full() -> None:
    text = """
$ORIGIN example.com.
$TTL 1h
mail  IN A 192.0.2.1 ; a comment
      1d IN A 192.0.2.2
text  TXT ( "in"
            "two lines" )
$GENERATE 1-3 n$ A 192.0.2.$
other.example.net. A 192.0.2.9
"""
    zone = MasterZone("example.com", text)
    assert zone.lookup(absolute("mail.example.com"), dns.rdatatype.A).rrsets[0].ttl == 3600
    assert len(zone.lookup(absolute("text.example.com"), dns.rdatatype.TXT).rrsets[0][0].strings) == 2
    assert zone.lookup(absolute("n3.example.com"), dns.rdatatype.A).outcome is Outcome.ANSWER
    assert zone.lookup(absolute("n4.example.com"), dns.rdatatype.A).outcome is Outcome.NX_DOMAIN


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        ({"example.com": "mail A 192.0.2.300"}, r"zone example.com: zone text:1"),
        ({"example.com": "\n\nmail NOTYPE x"}, r"zone example.com: zone text:3"),
        ({"example.com": "$INCLUDE /etc/passwd"}, r"zone example.com"),
        ({"example.com": "a CNAME b\na A 192.0.2.1"}, r"zone example.com"),
        ({"a..b": ""}, r"'a..b' is no DNS name"),
        ({"example.com": "", "EXAMPLE.com.": ""}, r"there is a zone EXAMPLE.com. already"),
    ],
)
def test_zones_that_cannot_be_read(zones: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        World.from_zones(zones)


def test_records_that_cannot_be_added() -> None:
    world = World.from_zones({"example.com": ""}, recursive=False)
    world.block(Blocklist("zen.example.net"))
    with pytest.raises(ValueError, match=r"mail.example.com A nonsense"):
        world.add("mail.example.com", "A", "nonsense")
    for name in ("mail.example.org", "2.0.0.127.zen.example.net"):
        with pytest.raises(ValueError, match="is in no zone of this world that takes records"):
            world.add(name, "A", "192.0.2.1")
    with pytest.raises(ValueError, match="already"):
        world.block(Blocklist("example.com"))


@given(st.text(max_size=60))
def test_any_text_is_a_zone_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        MasterZone("example.com", text)


WORLD = """
recursive = false
[zones]
"example.com" = "example.com.zone"
[ptr]
"192.0.2.10" = "mail.example.com"
"192.0.2.11" = ["a.example.com", "b.example.com"]
[[blocklist]]
zone = "zen.example.net"
kinds = ["ip4"]
test-codes = ["127.0.0.2", "127.0.0.4"]
mode = "127.255.255.254"
[[blocklist]]
zone = "dbl.example.net"
kinds = ["domain"]
test-codes = ["127.0.1.2"]
test-domains = ["dbltest.com"]
address-code = "127.0.1.255"
[[blocklist.entry]]
what = "bad.example"
codes = ["127.0.1.4"]
reason = "phish"
[[fault]]
name = "slow.example.com"
fault = "delay"
rtype = "MX"
subtree = true
seconds = 1.5
"""


def read(folder: Path, text: str) -> World:
    (folder / "world.toml").write_text(text, encoding="utf-8")
    (folder / "example.com.zone").write_text("mail A 192.0.2.10", encoding="utf-8")
    (folder / "broken.zone").write_text("mail A nonsense", encoding="utf-8")
    return load_world(folder / "world.toml", folder)


def test_a_world_from_a_file(tmp_path: Path) -> None:
    world = read(tmp_path, WORLD)
    assert not world.recursive
    assert answer(world, "mail.example.com") == ["192.0.2.10"]
    assert answer(world, "10.2.0.192.in-addr.arpa", "PTR") == ["mail.example.com."]
    assert answer(world, "11.2.0.192.in-addr.arpa", "PTR") == ["a.example.com.", "b.example.com."]
    assert answer(world, "9.9.9.9.zen.example.net") == ["127.255.255.254"]
    assert answer(world, "bad.example.dbl.example.net") == ["127.0.1.4"]
    assert answer(world, "bad.example.dbl.example.net", "TXT") == ['"phish"']
    assert answer(world, "dbltest.com.dbl.example.net") == ["127.0.1.2"]
    assert answer(world, "9.2.0.192.dbl.example.net") == ["127.0.1.255"]
    _, fault = world.resolve(absolute("very.slow.example.com"), dns.rdatatype.MX)
    assert fault is not None
    assert (fault.fault, fault.seconds) == (Fault.DELAY, 1.5)
    assert world.resolve(absolute("very.slow.example.com"), dns.rdatatype.A)[1] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recursive = 1", r"world.toml: Expected `bool`"),
        ("colour = 1", r"world.toml: .*unknown field `colour`"),
        ("= 1", r"world.toml: "),
        ('[zones]\n"example.com" = "gone.zone"', r"world.toml: .*gone.zone"),
        ('[zones]\n"example.com" = "broken.zone"', r"world.toml: zone example.com: broken.zone:1"),
        ('[ptr]\n"192.0.2.300" = "x.example"', r"world.toml: "),
        ('[[fault]]\nname = "x.example"\nfault = "fire"', r"world.toml: Invalid enum value 'fire'"),
        ('[[blocklist]]\nzone = "x.example"\nkinds = ["ip5"]\ntest-codes = []', r"world.toml: .*ip5"),
        ('[[blocklist]]\nzone = "x.example"\nkinds = ["ip4"]\ntest-codes = []', r"world.toml: .*has no code"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path, text)
