"""DNS blocklists as zones of the lab: what is listed, under which codes, and how a list misbehaves (RFC 5782)."""

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple, get_args

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from preflight.lab.zones import TTL, absolute, default_ns, default_soa
from preflight.net.addresses import IPNetwork
from preflight.net.zones import Found, Outcome, Zone

Kind = Literal["ip4", "ip6", "domain"]
NORMAL = "normal"
DEAD = "dead"
_TEST_ADDRESSES = {
    "ip4": ("127.0.0.2", "127.0.0.1"),  # listed, not listed: RFC 5782 5
    "ip6": ("::ffff:7f00:2", "::ffff:7f00:1"),
}
_OCTET = re.compile(r"0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]")
_NIBBLE = re.compile(r"[0-9a-f]")
_TEST_DOMAIN = "test"  # listed; "invalid" is not: RFC 5782 5


class Listing(NamedTuple):
    """Why something is listed: the addresses that answer for it, and the text of the TXT record."""

    codes: tuple[str, ...]
    reason: str = ""


class Blocklist(Zone):
    """A blocklist: `Blocklist("zen.spamhaus.org", {"198.51.100.77": (("127.0.0.4",), "a bot")})`.

    `entries` map an address, a network or a domain to its codes and reason; a domain stands for all below it too.
    `kinds` says what the list can be asked for, by default what its entries are, or addresses when it has none.
    `test_codes` answer the test points, which are always there, and those in `test_domains` (an operator's own, such as
    `dbltest.com`). `address_code`: what a list of domains answers when it is asked for an IPv4 address as it stands.

    `mode` is `normal`, `dead` (NXDOMAIN for everything), or an IPv4 address that is the answer to everything: a refusal
    (`127.255.255.254`), a list that lists the world (`127.0.0.2`), a parked domain (`203.0.113.9`). It may be changed
    while the server runs. Raises `ValueError` for a code that is no IPv4 address and an entry of the wrong kind.
    """

    def __init__(
        self,
        zone: str,
        entries: Mapping[str, tuple[tuple[str, ...], str]] | None = None,
        *,
        kinds: Collection[Kind] = (),
        test_codes: tuple[str, ...] = ("127.0.0.2",),
        test_domains: tuple[str, ...] = (),
        address_code: str = "",
        mode: str = NORMAL,
    ) -> None:
        super().__init__(absolute(zone))
        self._networks: list[tuple[IPNetwork, Listing]] = []
        self._exceptions: set[IPNetwork] = set()
        self._domains: dict[dns.name.Name, Listing] = {}
        self._kinds: set[str] = set(kinds)
        self._address_code = _code(address_code) if address_code else ""
        self._mode = NORMAL
        self.mode = mode
        for subject, listing in (entries or {}).items():
            self._enter(subject, Listing(*listing), declared=bool(kinds))
        if test_domains:
            self._kinds.add("domain")
        if not self._kinds:
            self._kinds = {"ip4", "ip6"}
        if unknown := self._kinds.difference(get_args(Kind)):
            raise ValueError(f"blocklist {zone}: kinds are {', '.join(get_args(Kind))}, not {', '.join(unknown)}")
        self._enter_test_points(Listing(test_codes, "test point"), test_domains)

    def _enter(self, subject: str, listing: Listing, *, declared: bool) -> None:
        where = f"blocklist {self.origin}"
        network = _network(subject)
        kind = "domain" if network is None else f"ip{network.version}"
        if declared and kind not in self._kinds:
            raise ValueError(f"{where}: {subject} is of kind {kind}, which the list does not have")
        if not listing.codes:
            raise ValueError(f"{where}: {subject} has no code")
        self._kinds.add(kind)
        listing = Listing(tuple(_code(code) for code in listing.codes), listing.reason)
        if network is None:
            self._domains[absolute(subject)] = listing
        else:
            self._networks.append((network, listing))

    def _enter_test_points(self, listing: Listing, domains: tuple[str, ...]) -> None:
        for kind in sorted(self._kinds & _TEST_ADDRESSES.keys()):
            listed, free = _TEST_ADDRESSES[kind]
            self._enter(listed, listing, declared=True)
            if all(network != ipaddress.ip_network(free) for network, _ in self._networks):
                self._exceptions.add(ipaddress.ip_network(free))  # also where a wide network is listed
        if "domain" in self._kinds:
            for domain in (_TEST_DOMAIN, *domains):
                self._enter(domain, listing, declared=True)

    @property
    def mode(self) -> str:
        """How the list behaves: `normal`, `dead`, or the address that it answers everything with."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = mode if mode in (NORMAL, DEAD) else _code(mode)

    @property
    def soa(self) -> dns.rrset.RRset:
        """The SOA record."""
        return default_soa(self.origin)

    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """The codes and the reason of what the name stands for."""
        if name == self.origin:
            return _answer([self.soa, default_ns(self.origin)], rdtype)
        if self._mode == DEAD:
            return Found(Outcome.NX_DOMAIN)
        if self._mode != NORMAL:
            return _answer(_records(name, [Listing((self._mode,), f"answered to all by {self.origin}")]), rdtype)
        labels = name.relativize(self.origin)
        listings = [*self._listed_address(labels), *self._listed_domain(labels)]
        if listings:
            return _answer(_records(name, listings), rdtype)
        return Found(Outcome.NO_DATA if self._is_between(labels) else Outcome.NX_DOMAIN)

    def _listed_address(self, labels: dns.name.Name) -> list[Listing]:
        asked = next((network for network in _asked_networks(labels) if network.num_addresses == 1), None)
        if asked is None or asked in self._exceptions:
            return []
        if asked.version == 4 and self._address_code and "ip4" not in self._kinds:
            return [Listing((self._address_code,), "ask for domains, not for addresses")]
        return [listing for network, listing in self._networks if _within(asked, network)]

    def _listed_domain(self, labels: dns.name.Name) -> list[Listing]:
        domains = (dns.name.Name((*labels.labels[start:], b"")) for start in range(len(labels)))
        return [self._domains[domain] for domain in domains if domain in self._domains][:1]

    def _is_between(self, labels: dns.name.Name) -> bool:
        """Whether the name is an empty non-terminal: it is not listed, yet something below it is (RFC 8020 2)."""
        asked = _asked_networks(labels)
        if any(_within(network, wider) for network, _ in self._networks for wider in asked):
            return True
        domain = dns.name.Name((*labels.labels, b""))
        return any(listed.is_subdomain(domain) for listed in self._domains)


def _network(subject: str) -> IPNetwork | None:
    """The network that an entry is; `None` for a domain. Raises `ValueError` for a network with host bits set."""
    try:
        return ipaddress.ip_network(subject)
    except ValueError:
        if "/" in subject or ":" in subject:
            raise
        return None


def _code(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f"a blocklist answers with IPv4 addresses, which {text!r} is not") from None


def _within(inner: IPNetwork, outer: IPNetwork) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _asked_networks(labels: dns.name.Name) -> list[IPNetwork]:
    """What reversed octets (RFC 5782 2.1) or nibbles (2.4) stand for: an address when all are there, else a network.

    The first label is the last octet, so `51.198` is 198.51.0.0/16. A few digits can be the one and the other.
    """
    texts = [label.decode("ascii", "replace").lower() for label in reversed(labels.labels)]
    found: list[IPNetwork] = []
    if len(texts) <= 4 and all(_OCTET.fullmatch(text) for text in texts):
        octets = ".".join([*texts, "0", "0", "0"][:4])
        found.append(ipaddress.IPv4Network((octets, 8 * len(texts))))
    if len(texts) <= 32 and all(_NIBBLE.fullmatch(text) for text in texts):
        value = int("".join(texts).ljust(32, "0"), 16)
        found.append(ipaddress.IPv6Network((value, 4 * len(texts))))
    return found


def _records(name: dns.name.Name, listings: list[Listing]) -> list[dns.rrset.RRset]:
    """The A and TXT records of listings: every code, and every reason that there is (RFC 5782 2.1)."""
    codes = dict.fromkeys(code for listing in listings for code in listing.codes)
    reasons = dict.fromkeys(listing.reason for listing in listings if listing.reason)
    rrsets = [dns.rrset.from_text_list(name, TTL, "IN", "A", list(codes))]
    if reasons:
        rrsets.append(dns.rrset.from_rdata_list(name, TTL, [_txt(reason) for reason in reasons]))
    return rrsets


def _txt(text: str) -> TXT:
    data = text.encode()
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [data[at : at + 255] for at in range(0, len(data), 255)])


def _answer(rrsets: list[dns.rrset.RRset], rdtype: dns.rdatatype.RdataType) -> Found:
    wanted = tuple(rrset for rrset in rrsets if rdtype in (rrset.rdtype, dns.rdatatype.ANY))
    return Found(Outcome.ANSWER if wanted else Outcome.NO_DATA, wanted)
