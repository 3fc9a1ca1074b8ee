"""Addresses: which are public, and their names in DNS."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.net.addresses import is_public, parse_address, reverse_name, reversed_labels

ADDRESSES = st.ip_addresses()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ],
)
def test_addresses_are_read(text: str, canonical: str) -> None:
    assert str(parse_address(text)) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2", "192.0.2.1/24", "192.0.2.01", "0300.0.2.1", "3221225985", "1.2.3.4.5", "fe80::1%eth0", "fe80::1%",
     "[2001:db8::1]", " 192.0.2.1", "１９２.0.2.1", "2001:db8::1::2", "\x00", "mail.example.com"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        *((one, True) for one in ("192.0.2.1", "198.51.100.7", "203.0.113.255", "198.18.0.1", "198.19.255.255")),
        *((one, True) for one in ("2001:db8::1", "2001:db8:ffff::1", "8.8.8.8", "2606:4700::1111")),
        *((one, False) for one in ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1")),
        *((one, False) for one in ("127.0.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1")),
        *((one, False) for one in ("::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1")),
        ("172.32.0.1", True),
        ("100.128.0.1", True),
        ("198.20.0.1", True),
    ],
)
def test_which_addresses_the_internet_sees(text: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(text)) is public


def test_names_in_dns() -> None:
    four, six = parse_address("192.0.2.1"), parse_address("2001:db8::567:89ab")
    assert reverse_name(four) == "1.2.0.192.in-addr.arpa"
    assert reversed_labels(four) == "1.2.0.192"
    nibbles = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    assert reverse_name(six) == f"{nibbles}.ip6.arpa"  # the example of RFC 3596 2.5, with the documentation prefix
    assert reversed_labels(six) == nibbles


@given(ADDRESSES)
def test_the_reversed_labels_lead_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    labels = reversed_labels(address).split(".")[::-1]
    if address.version == 4:
        assert ipaddress.IPv4Address(".".join(labels)) == address
    else:
        assert len(labels) == 32
        assert int("".join(labels), 16) == int(address)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9a-f:.%/\[\]]{1,40}", fullmatch=True)))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert parse_address(str(address)) == address


@given(ADDRESSES)
def test_mapped_addresses_are_told_apart_from_nothing(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    read = parse_address(str(address))
    assert not (read.version == 6 and isinstance(read, ipaddress.IPv6Address) and read.ipv4_mapped)


def test_a_mapped_address_has_nibbles_too() -> None:
    """The test point of RFC 5782 5 for IPv6. `ipaddress` itself has no such name for it from Python 3.13 on."""
    point = ipaddress.IPv6Address("::ffff:7f00:2")
    assert reversed_labels(point) == "2.0.0.0.0.0.f.7.f.f.f.f" + 20 * ".0"
    assert reverse_name(point) == f"{reversed_labels(point)}.ip6.arpa"
