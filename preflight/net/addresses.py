"""Addresses: which ones the Internet sees, and the names that DNS keeps them under."""

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Ranges for documentation and benchmarks count as public, so that examples and tests read like the real thing:
# RFC 5737 (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24), RFC 3849 (2001:db8::/32), RFC 2544 (198.18.0.0/15).
_AS_PUBLIC: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32")
)


def parse_address(text: str) -> IPAddress:
    """An IPv4 or IPv6 address from text; an IPv4-mapped one (`::ffff:192.0.2.1`) becomes its IPv4 address.

    Raises `ValueError` for anything else, a zone index (`fe80::1%eth0`) included: no receiver ever sees one.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise ValueError(f"{text} has a zone index")
        return address.ipv4_mapped or address
    return address


def is_public(address: IPAddress) -> bool:
    """Whether the Internet could see this address: not private, loopback, link-local, CGNAT, multicast or unspecified.

    Source: the IANA special-purpose registries as `ipaddress` carries them (RFC 6890).
    """
    if any(address.version == network.version and address in network for network in _AS_PUBLIC):
        return True
    return address.is_global and not address.is_multicast


def reverse_name(address: IPAddress) -> str:
    """The name whose PTR record names the address: `10.2.0.192.in-addr.arpa` (RFC 1035 3.5) or nibbles under
    `ip6.arpa` (RFC 3596 2.5)."""
    return f"{reversed_labels(address)}.{'in-addr' if address.version == 4 else 'ip6'}.arpa"


def reversed_labels(address: IPAddress) -> str:
    """The address as a blocklist is asked for it: reversed octets (RFC 5782 2.1) or nibbles (2.4), with no zone."""
    # Not by `reverse_pointer`: from Python 3.13 on it is no name of nibbles for an IPv4-mapped address.
    if isinstance(address, ipaddress.IPv4Address):
        return ".".join(reversed(str(address).split(".")))
    return ".".join(reversed(f"{int(address):032x}"))
