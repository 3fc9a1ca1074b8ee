"""What authoritative zones say of a name: the algorithm of RFC 1034 4.3.2, without a network.

A `Zone` knows one zone; `resolve` follows an alias from zone to zone, as a name server does that holds them all.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

import dns.exception
import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.tokenizer
import dns.zone
import dns.zonefile

TTL = 300  # seconds, for records that state none
MAX_ALIASES = 8
_IN = dns.rdataclass.IN


class Outcome(Enum):
    """What a zone has for a question."""

    ANSWER = "answer"
    ALIAS = "alias"
    REFERRAL = "referral"
    NO_DATA = "no data"
    NX_DOMAIN = "no such name"


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome, with the records of an answer, the CNAME of an alias, or the NS set and glue of a referral."""

    outcome: Outcome
    rrsets: tuple[dns.rrset.RRset, ...] = ()
    glue: tuple[dns.rrset.RRset, ...] = ()


class Zone(ABC):
    """A zone: its origin, its SOA, and what it has for a question."""

    def __init__(self, origin: dns.name.Name) -> None:
        self.origin = origin

    @abstractmethod
    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """What the zone has for a name at or below its origin. The records carry the name as it was asked."""

    @property
    @abstractmethod
    def soa(self) -> dns.rrset.RRset:
        """The SOA record."""

    @property
    def negative(self) -> dns.rrset.RRset:
        """The SOA as it goes with a negative answer: its TTL is the lesser of its own and its MINIMUM (RFC 2308 3)."""
        ttl = min(self.soa.ttl, self.soa[0].minimum)
        return dns.rrset.from_rdata_list(self.soa.name, ttl, list(self.soa))


def absolute(text: str) -> dns.name.Name:
    """A name from text, absolute with or without its last dot. Raises `ValueError` for what is no DNS name."""
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        raise ValueError(f"{text!r} is no DNS name: {error}") from error


def default_soa(origin: dns.name.Name) -> dns.rrset.RRset:
    """A SOA record for a zone that states none."""
    return dns.rrset.from_text(origin, TTL, "IN", "SOA", "ns.lab.example. hostmaster.lab.example. 1 3600 600 86400 60")


def default_ns(origin: dns.name.Name) -> dns.rrset.RRset:
    """A NS record for a zone that states none."""
    return dns.rrset.from_text(origin, TTL, "IN", "NS", "ns.lab.example.")


class MasterZone(Zone):
    """A zone from master-file text (RFC 1035 5), with wildcards (RFC 4592), cuts and empty non-terminals (RFC 8020).

    SOA and NS may be left out, and so may TTLs. `source` names the text in errors. Records whose owner is outside the
    zone are passed over. Raises `ValueError` for text that is no zone.
    """

    def __init__(self, origin: str, text: str = "", source: str = "zone text") -> None:
        super().__init__(absolute(origin))
        self._zone = dns.zone.Zone(self.origin, relativize=False)
        try:
            with self._zone.writer(True) as transaction:
                tokens = dns.tokenizer.Tokenizer(text, source)
                dns.zonefile.Reader(tokens, _IN, transaction, default_ttl=TTL).read()
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"zone {origin}: {error}") from error
        self._existing: set[dns.name.Name] = {self.origin}
        for name in self._zone:
            self._note(name)
        for rrset in (default_soa(self.origin), default_ns(self.origin)):
            if self._zone.get_rdataset(self.origin, rrset.rdtype) is None:
                self._zone.replace_rdataset(self.origin, rrset)

    def add(self, rrset: dns.rrset.RRset) -> None:
        """Add records to those that the zone has."""
        rdataset = self._zone.find_rdataset(rrset.name, rrset.rdtype, create=True)
        for rdata in rrset:
            rdataset.add(rdata, rrset.ttl)
        self._note(rrset.name)

    def _note(self, name: dns.name.Name) -> None:
        """Remember that a name exists, and with it each name between it and the origin."""
        while name not in self._existing:
            self._existing.add(name)
            name = name.parent()

    @property
    def soa(self) -> dns.rrset.RRset:
        """The SOA record."""
        return self._zone.find_rrset(self.origin, dns.rdatatype.SOA)

    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """What the zone has for a name at or below its origin."""
        if (cut := self._cut_above(name)) is not None:
            return self._referral(cut)
        if name in self._existing:
            return self._at(name, self._node(name), rdtype)
        encloser = name.parent()
        while encloser not in self._existing:
            encloser = encloser.parent()
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard not in self._existing:
            return Found(Outcome.NX_DOMAIN)
        return self._at(name, self._node(wildcard), rdtype)

    def _node(self, name: dns.name.Name) -> dns.node.Node | None:
        return self._zone.get_node(name)

    def _at(self, name: dns.name.Name, node: dns.node.Node | None, rdtype: dns.rdatatype.RdataType) -> Found:
        """The records of a node under the name that was asked; none at all for an empty non-terminal."""
        rdatasets = node.rdatasets if node is not None else []
        if rdtype == dns.rdatatype.ANY and rdatasets:
            return Found(Outcome.ANSWER, tuple(_rrset(name, one) for one in rdatasets))
        for wanted, outcome in ((rdtype, Outcome.ANSWER), (dns.rdatatype.CNAME, Outcome.ALIAS)):
            for rdataset in rdatasets:
                if rdataset.rdtype == wanted:
                    return Found(outcome, (_rrset(name, rdataset),))
        return Found(Outcome.NO_DATA)

    def _cut_above(self, name: dns.name.Name) -> dns.name.Name | None:
        """The highest name below the origin, down to the one asked, at which the zone is delegated."""
        for depth in range(len(self.origin) + 1, len(name) + 1):
            above = name.split(depth)[1]
            if above not in self._existing:
                return None
            if self._zone.get_rdataset(above, dns.rdatatype.NS) is not None:
                return above
        return None

    def _referral(self, cut: dns.name.Name) -> Found:
        servers = self._zone.find_rrset(cut, dns.rdatatype.NS)
        glue = [
            _rrset(server.target, rdataset)
            for server in servers
            for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
            if server.target.is_subdomain(self.origin)
            and (rdataset := self._zone.get_rdataset(server.target, rdtype)) is not None
        ]
        return Found(Outcome.REFERRAL, (servers,), tuple(glue))


def _rrset(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))


@dataclass(frozen=True, slots=True)
class Resolution:
    """What goes into a reply. `names` are all names that were looked at: the one asked and each alias' target."""

    rcode: dns.rcode.Rcode
    names: tuple[dns.name.Name, ...]
    authoritative: bool = True
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    additional: tuple[dns.rrset.RRset, ...] = ()


class ZoneSet:
    """Zones by origin, of which the longest match is asked (RFC 1034 4.3.2, step 2)."""

    def __init__(self) -> None:
        self._zones: dict[dns.name.Name, Zone] = {}
        self._above: set[dns.name.Name] = set()

    def put(self, zone: Zone) -> None:
        """Take in a zone. Raises `ValueError` when there is one of the same name already."""
        if zone.origin in self._zones:
            raise ValueError(f"there is a zone {zone.origin} already")
        self._zones[zone.origin] = zone
        self._above |= {zone.origin.split(depth)[1] for depth in range(1, len(zone.origin))}

    def find(self, name: dns.name.Name) -> Zone | None:
        """The zone that a name is in: the one with the longest origin."""
        candidates = (self._zones.get(name.split(depth)[1]) for depth in range(len(name), 0, -1))
        return next((zone for zone in candidates if zone is not None), None)

    def resolve(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, recursive: bool) -> Resolution:
        """Look a name up, following aliases through the zones.

        `recursive`: as a resolver would say it whose Internet these zones are, instead of a server that has just them.
        Then a loop, too many aliases, and a delegation to a zone that is not there are SERVFAIL; else the chain so far
        and a referral. A name in no zone is REFUSED; at the end of a chain it is left to the asker.
        """
        chain: list[dns.rrset.RRset] = []
        names = [name]
        while (zone := self.find(names[-1])) is not None:
            found = self._lookup(zone, names[-1], rdtype)
            if found.outcome is not Outcome.ALIAS:
                return _finish(zone, found, chain, names, recursive)
            chain += found.rrsets
            names.append(found.rrsets[0][0].target)
            if names[-1] in names[:-1] or len(chain) == MAX_ALIASES:
                if recursive:
                    return Resolution(dns.rcode.SERVFAIL, tuple(names), authoritative=False)
                return Resolution(dns.rcode.NOERROR, tuple(names), answer=tuple(chain))
        if chain:
            return Resolution(dns.rcode.NOERROR, tuple(names), answer=tuple(chain))
        return Resolution(dns.rcode.REFUSED, tuple(names), authoritative=False)

    def _lookup(self, zone: Zone, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        found = zone.lookup(name, rdtype)
        if found.outcome is Outcome.NX_DOMAIN and name in self._above:
            return Found(Outcome.NO_DATA)  # another zone is below it: it exists, with no data (RFC 8020 2)
        return found


def _finish(
    zone: Zone, found: Found, chain: list[dns.rrset.RRset], names: list[dns.name.Name], recursive: bool
) -> Resolution:
    match found.outcome:
        case Outcome.REFERRAL if recursive:
            return Resolution(dns.rcode.SERVFAIL, tuple(names), authoritative=False)
        case Outcome.REFERRAL:
            return Resolution(dns.rcode.NOERROR, tuple(names), bool(chain), tuple(chain), found.rrsets, found.glue)
        case Outcome.NX_DOMAIN:  # the code is that of the last name of a chain (RFC 6604 3)
            return Resolution(dns.rcode.NXDOMAIN, tuple(names), True, tuple(chain), (zone.negative,))
        case Outcome.NO_DATA:
            return Resolution(dns.rcode.NOERROR, tuple(names), True, tuple(chain), (zone.negative,))
        case _:
            return Resolution(dns.rcode.NOERROR, tuple(names), True, (*chain, *found.rrsets))
