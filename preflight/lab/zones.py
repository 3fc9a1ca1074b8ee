"""The zones of the lab: master-file texts with what they leave out filled in, and replies from them.

How a zone is searched is said in `preflight.net.zones`; here is what a name server, or a resolver, makes of it.
"""

from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from preflight.errors import ZoneError
from preflight.net.master_file import read_master
from preflight.net.zones import Found, Outcome, RecordZone, Zone, ZoneSet

TTL = 300  # seconds, for records that state none


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


def negative(zone: Zone) -> dns.rrset.RRset:
    """The SOA as it goes with a negative answer: its TTL is the lesser of its own and its MINIMUM (RFC 2308 3)."""
    soa = zone.soa or default_soa(zone.origin)
    return dns.rrset.from_rdata_list(soa.name, min(soa.ttl, soa[0].minimum), list(soa))


class MasterZone(RecordZone):
    """A zone from master-file text (RFC 1035 5).

    SOA and NS may be left out, and so may TTLs. `source` names the text in errors. Records whose owner is outside the
    zone are passed over. Raises `ValueError` for text that is no zone.
    """

    def __init__(self, origin: str, text: str = "", source: str = "zone text") -> None:
        super().__init__(absolute(origin))
        try:
            for record in read_master(text, source, self.origin, ttl=TTL):
                if record.name.is_subdomain(self.origin):
                    self.add(record.name, record.ttl, record.rdata, record.place)
        except (ZoneError, ValueError) as error:
            raise ValueError(f"zone {origin}: {error}") from error
        for rrset in (default_soa(self.origin), default_ns(self.origin)):
            if self.records(self.origin, rrset.rdtype) is None:
                self.add_all(rrset)

    def add_all(self, rrset: dns.rrset.RRset) -> None:
        """Add records to those that the zone has."""
        for rdata in rrset:
            self.add(rrset.name, rrset.ttl, rdata)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What goes into a reply. `names` are all names that were looked at: the one asked and each alias' target."""

    rcode: dns.rcode.Rcode
    names: tuple[dns.name.Name, ...]
    authoritative: bool = True
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    additional: tuple[dns.rrset.RRset, ...] = ()


def resolve(zones: ZoneSet, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, *, recursive: bool) -> Resolution:
    """What a server of these zones replies.

    `recursive`: as a resolver would say it whose Internet these zones are, instead of a server that has just them.
    Then a loop, too many aliases, and a delegation to a zone that is not there are SERVFAIL; else the chain so far and
    a referral. A name in no zone is REFUSED; at the end of a chain it is left to the asker.
    """
    try:
        walk = zones.walk(name, rdtype)
    except dns.name.NameTooLong:  # behind a DNAME (RFC 6672 2.2)
        return Resolution(dns.rcode.YXDOMAIN, (name,))
    if walk.zone is not None and walk.found is not None:
        return _finish(walk.zone, walk.found, walk.chain, walk.names, recursive)
    if walk.endless and recursive:
        return Resolution(dns.rcode.SERVFAIL, walk.names, authoritative=False)
    if walk.chain:
        return Resolution(dns.rcode.NOERROR, walk.names, answer=walk.chain)
    return Resolution(dns.rcode.REFUSED, walk.names, authoritative=False)


def _finish(
    zone: Zone,
    found: Found,
    chain: tuple[dns.rrset.RRset, ...],
    names: tuple[dns.name.Name, ...],
    recursive: bool,
) -> Resolution:
    match found.outcome:
        case Outcome.REFERRAL if recursive:
            return Resolution(dns.rcode.SERVFAIL, names, authoritative=False)
        case Outcome.REFERRAL:
            return Resolution(dns.rcode.NOERROR, names, bool(chain), chain, found.rrsets, found.glue)
        case Outcome.NX_DOMAIN:  # the code is that of the last name of a chain (RFC 6604 3)
            return Resolution(dns.rcode.NXDOMAIN, names, True, chain, (negative(zone),))
        case Outcome.NO_DATA:
            return Resolution(dns.rcode.NOERROR, names, True, chain, (negative(zone),))
        case _:
            return Resolution(dns.rcode.NOERROR, names, True, (*chain, *found.rrsets))
