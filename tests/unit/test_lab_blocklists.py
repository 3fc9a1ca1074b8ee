"""Blocklists of the lab, asked over the wire as a check asks them."""

import ipaddress
from collections.abc import Iterator

import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.lab import Blocklist, LabDns, World
from preflight.lab.zones import absolute
from preflight.net.zones import Outcome
from tests.unit.lab_asking import ask, soa_owner, told

ZEN_CODES = ("127.0.0.2", "127.0.0.4", "127.0.0.10")
LISTED_6 = ipaddress.ip_address("2001:db8:bad::25")


def nibbles(address: str) -> str:
    """An IPv6 address as a list is asked for it, worked out from its full form (RFC 5782 2.4)."""
    return ".".join(reversed(ipaddress.IPv6Address(address).packed.hex()))


@pytest.fixture(scope="module")
def server() -> Iterator[LabDns]:
    world = World()
    world.block(
        Blocklist(
            "zen.spamhaus.org",
            {
                "198.51.100.77": (("127.0.0.4",), "a bot"),
                "198.51.100.0/25": (("127.0.0.10",), "a range of homes"),
                "2001:db8:bad::/48": (("127.0.0.3",), "snowshoe"),
            },
            test_codes=ZEN_CODES,
        )
    )
    world.block(
        Blocklist(
            "dbl.spamhaus.org",
            {"bad.example": (("127.0.1.2",), "spam")},
            test_codes=("127.0.1.2",),
            test_domains=("dbltest.com",),
            address_code="127.0.1.255",
        )
    )
    world.block(Blocklist("bl.spamcop.net", kinds=("ip4",)))
    with LabDns(world) as running:
        yield running


def codes(server: LabDns, name: str, rtype: str = "A") -> tuple[str, list[str]]:
    code, _, answer = told(ask(server, name, rtype))
    return code, [record.split(" ", 2)[2] for record in answer]


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("77.100.51.198.zen.spamhaus.org", ["127.0.0.10", "127.0.0.4"]),
        ("78.100.51.198.zen.spamhaus.org", ["127.0.0.10"]),
        (f"{nibbles('2001:db8:bad::25')}.zen.spamhaus.org", ["127.0.0.3"]),
        (f"{nibbles('2001:db8:bad:ffff::1')}.ZEN.Spamhaus.org", ["127.0.0.3"]),
        ("2.0.0.127.zen.spamhaus.org", sorted(ZEN_CODES)),
        (f"{nibbles('::ffff:7f00:2')}.zen.spamhaus.org", sorted(ZEN_CODES)),
        ("2.0.0.127.bl.spamcop.net", ["127.0.0.2"]),
        ("bad.example.dbl.spamhaus.org", ["127.0.1.2"]),
        ("mail.bad.example.dbl.spamhaus.org", ["127.0.1.2"]),
        ("test.dbl.spamhaus.org", ["127.0.1.2"]),
        ("dbltest.com.dbl.spamhaus.org", ["127.0.1.2"]),
        ("10.2.0.192.dbl.spamhaus.org", ["127.0.1.255"]),
    ],
)
def test_listed(server: LabDns, asked: str, seen: list[str]) -> None:
    assert codes(server, asked) == ("NOERROR", seen)


@pytest.mark.parametrize(
    "asked",
    [
        "200.100.51.198.zen.spamhaus.org",
        "1.0.0.127.zen.spamhaus.org",
        f"{nibbles('::ffff:7f00:1')}.zen.spamhaus.org",
        f"{nibbles('2001:db8:900d::25')}.zen.spamhaus.org",
        "077.100.51.198.zen.spamhaus.org",
        "256.100.51.198.zen.spamhaus.org",
        "77.100.51.198.1.zen.spamhaus.org",
        "bad.example.zen.spamhaus.org",
        "test.zen.spamhaus.org",
        "dbad.8bd0.1002.zen.spamhaus.org",
        "invalid.dbl.spamhaus.org",
        "good.example.dbl.spamhaus.org",
        "notbad.example.dbl.spamhaus.org",
        f"{nibbles('::ffff:7f00:2')}.bl.spamcop.net",
    ],
)
def test_not_listed(server: LabDns, asked: str) -> None:
    reply = ask(server, asked)
    assert told(reply) == ("NXDOMAIN", "AA RA", [])
    assert soa_owner(reply) == [f"{'.'.join(asked.lower().split('.')[-3:])}."]


@pytest.mark.parametrize(
    ("asked", "rtype"),
    [
        ("100.51.198.zen.spamhaus.org", "A"),  # something is listed below it
        ("198.zen.spamhaus.org", "A"),
        ("8.b.d.0.1.0.0.2.zen.spamhaus.org", "A"),
        ("com.dbl.spamhaus.org", "A"),
        ("77.100.51.198.zen.spamhaus.org", "AAAA"),
        ("zen.spamhaus.org", "A"),
        ("zen.spamhaus.org", "TXT"),
    ],
)
def test_there_but_without_such_a_record(server: LabDns, asked: str, rtype: str) -> None:
    reply = ask(server, asked, rtype)
    assert told(reply) == ("NOERROR", "AA RA", [])
    assert soa_owner(reply)


def test_reasons(server: LabDns) -> None:
    assert codes(server, "77.100.51.198.zen.spamhaus.org", "TXT") == ("NOERROR", ['"a bot"', '"a range of homes"'])
    assert codes(server, "test.dbl.spamhaus.org", "TXT") == ("NOERROR", ['"test point"'])
    assert codes(server, "77.100.51.198.zen.spamhaus.org", "ANY")[1] == [
        "127.0.0.10",
        "127.0.0.4",
        '"a bot"',
        '"a range of homes"',
    ]


def test_the_apex_is_a_zone(server: LabDns) -> None:
    assert codes(server, "zen.spamhaus.org", "NS") == ("NOERROR", ["ns.lab.example"])
    assert told(ask(server, "zen.spamhaus.org", "SOA"))[0] == "NOERROR"


@pytest.mark.parametrize("answer", ["127.255.255.254", "127.0.0.1", "203.0.113.9", "127.0.0.2"])
def test_one_answer_to_everything(answer: str) -> None:
    world = World()
    world.block(Blocklist("zen.spamhaus.org", {"192.0.2.1": (("127.0.0.4",), "")}, mode=answer))
    with LabDns(world) as server:
        for asked in ("1.2.0.192", "1.0.0.127", "2.0.0.127", nibbles("2001:db8::1"), "whatever"):
            assert codes(server, f"{asked}.zen.spamhaus.org") == ("NOERROR", [answer])
        assert codes(server, "1.2.0.192.zen.spamhaus.org", "TXT")[0] == "NOERROR"
        assert codes(server, "zen.spamhaus.org") == ("NOERROR", [])


def test_a_dead_list_and_its_revival() -> None:
    world = World()
    zen = world.block(Blocklist("zen.spamhaus.org", {"192.0.2.1": (("127.0.0.4",), "")}, mode="dead"))
    with LabDns(world) as server:
        for asked in ("1.2.0.192", "2.0.0.127"):
            assert codes(server, f"{asked}.zen.spamhaus.org") == ("NXDOMAIN", [])
        zen.mode = "normal"
        assert zen.mode == "normal"
        assert codes(server, "1.2.0.192.zen.spamhaus.org") == ("NOERROR", ["127.0.0.4"])
        world.blocklists["zen.spamhaus.org"].mode = "127.255.255.255"
        assert codes(server, "1.2.0.192.zen.spamhaus.org") == ("NOERROR", ["127.255.255.255"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Blocklist("x.example", {"192.0.2.1": (("listed",), "")}), "which 'listed' is not"),
        (lambda: Blocklist("x.example", {"192.0.2.1": ((), "")}), "192.0.2.1 has no code"),
        (lambda: Blocklist("x.example", {"192.0.2.1/24": (("127.0.0.2",), "")}), "has host bits set"),
        (lambda: Blocklist("x.example", {"a..b": (("127.0.0.2",), "")}), "is no DNS name"),
        (lambda: Blocklist("x.example", {"bad.example": (("127.0.0.2",), "")}, kinds=("ip4",)), "of kind domain"),
        (lambda: Blocklist("x.example", kinds=("ip5",)), "not ip5"),  # type: ignore[arg-type]
        (lambda: Blocklist("x.example", mode="asleep"), "which 'asleep' is not"),
        (lambda: Blocklist("x.example", test_codes=("::1",)), "which '::1' is not"),
        (lambda: Blocklist("x.example", address_code="no"), "which 'no' is not"),
    ],
)
def test_lists_that_make_no_sense(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_an_entry_wins_over_the_test_point_that_is_never_listed() -> None:
    blocklist = Blocklist("x.example", {"127.0.0.1": (("127.0.0.7",), "")})
    found = blocklist.lookup(absolute("1.0.0.127.x.example"), dns.rdatatype.A)
    assert [rdata.address for rdata in found.rrsets[0]] == ["127.0.0.7"]
    blocklist = Blocklist("x.example", {"0.0.0.0/0": (("127.0.0.7",), "")})
    assert blocklist.lookup(absolute("1.0.0.127.x.example"), dns.rdatatype.A).outcome is Outcome.NX_DOMAIN


def test_a_long_reason_is_cut_into_strings() -> None:
    blocklist = Blocklist("x.example", {"192.0.2.1": (("127.0.0.2",), "r" * 300)})
    found = blocklist.lookup(absolute("1.2.0.192.x.example"), dns.rdatatype.TXT)
    assert [len(part) for part in found.rrsets[0][0].strings] == [255, 45]


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_network_lists_its_addresses_and_no_others(address: object, bits: int) -> None:
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    network = ipaddress.ip_network((address, min(bits, address.max_prefixlen)), strict=False)
    blocklist = Blocklist("x.example", {str(network): (("127.0.0.99",), "")})

    def seen(one: ipaddress.IPv4Address | ipaddress.IPv6Address) -> set[str]:
        labels = ".".join(str(octet) for octet in reversed(one.packed)) if one.version == 4 else nibbles(str(one))
        found = blocklist.lookup(absolute(f"{labels}.x.example"), dns.rdatatype.A)
        return (
            {rdata.address for rrset in found.rrsets for rdata in rrset} if found.outcome is Outcome.ANSWER else set()
        )

    never = ipaddress.ip_network("127.0.0.1" if address.version == 4 else "::ffff:7f00:1")
    if address != never[0]:
        assert "127.0.0.99" in seen(address)
    if int(network[-1]) < 2**address.max_prefixlen - 1:
        assert "127.0.0.99" not in seen(network[-1] + 1)
    if int(network[0]) > 0:
        assert "127.0.0.99" not in seen(network[0] - 1)
