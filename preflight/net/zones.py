"""What authoritative zones say of a name: the algorithm of RFC 1034 4.3.2, without a network.

    Zone                one zone: what it has for a question
    ├── RecordZone      one made of records, each with the place in a file where it stands
    └── (the lab's)     blocklists and other zones that answer by a rule
    ZoneSet             zones by origin; follows an alias from zone to zone: a Walk

Who serves zones (`preflight.lab`) and who lays zone files over live DNS (`preflight.net.zone_source`) both go by what
is said here, and differ in what they make of the end of a walk.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rrset

from preflight.findings import Place

MAX_ALIASES = 8
_INDEXED = 32  # records of one set from which on they are looked up in an index
_IN = dns.rdataclass.IN
_SINGLE = {dns.rdatatype.SOA: "SOA", dns.rdatatype.CNAME: "CNAME", dns.rdatatype.DNAME: "DNAME"}
# What may stand beside a CNAME (RFC 2181 10.1, RFC 4034 3, 4): what signing adds.
_BESIDE_CNAME = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.KEY}
_ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)


class Outcome(Enum):
    """What a zone has for a question."""

    ANSWER = "answer"
    ALIAS = "alias"
    STAND_IN = "stand-in"
    """The addresses of another name, given as its own: the ALIAS record of providers, which no resolver sees."""
    REFERRAL = "referral"
    NO_DATA = "no data"
    NX_DOMAIN = "no such name"


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome, with the records of an answer, the CNAME of an alias or a stand-in, or the NS set and glue of a
    referral.

    `places` are those of the records, in their order; where there are none, the one place where they would belong.
    """

    outcome: Outcome
    rrsets: tuple[dns.rrset.RRset, ...] = ()
    glue: tuple[dns.rrset.RRset, ...] = ()
    places: tuple[Place, ...] = ()


class Zone(ABC):
    """A zone: its origin, its SOA if it has one, and what it has for a question."""

    def __init__(self, origin: dns.name.Name) -> None:
        self.origin = origin

    @abstractmethod
    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """What the zone has for a name at or below its origin. The records carry the name as it was asked."""

    @property
    @abstractmethod
    def soa(self) -> dns.rrset.RRset | None:
        """The SOA record."""


class _Records:
    """The records of one type at one name, each once, with their places."""

    __slots__ = ("_index", "places", "rdatas", "ttl")

    def __init__(self, ttl: int) -> None:
        self.ttl = ttl
        self.rdatas: list[dns.rdata.Rdata] = []
        self.places: list[Place] = []
        self._index: set[dns.rdata.Rdata] = set()

    def has(self, rdata: dns.rdata.Rdata) -> bool:
        """Whether a record is there already. A set that grows large ($GENERATE) gets an index."""
        if len(self.rdatas) < _INDEXED:
            return rdata in self.rdatas
        self._index.update(self.rdatas[len(self._index) :])
        return rdata in self._index

    def rrset(self, name: dns.name.Name) -> dns.rrset.RRset:
        return dns.rrset.from_rdata_list(name, self.ttl, self.rdatas)


_Key = int  # a type; for signatures the type that they cover, too


class RecordZone(Zone):
    """A zone made of records, with wildcards (RFC 4592), cuts, DNAME (RFC 6672), empty non-terminals (RFC 8020).

    `home` is where a record belongs that is missing: the file, and the line of the SOA record once there is one.
    """

    def __init__(self, origin: dns.name.Name, home: Place | None = None) -> None:
        super().__init__(origin)
        self.home = home
        self._nodes: dict[dns.name.Name, dict[_Key, _Records]] = {}
        self._existing: set[dns.name.Name] = {origin}
        self._stand_ins: dict[dns.name.Name, tuple[dns.name.Name, Place | None]] = {}

    def add(self, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata, place: Place | None = None) -> None:
        """Add a record at or below the origin; one that is there already is passed over.

        Raises `ValueError` for what no server loads: a second SOA, CNAME or DNAME at a name; a CNAME beside other data
        (RFC 1034 3.6.2).
        """
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = {}
            self.note(name)
        rdtype = rdata.rdtype
        key = _key(rdtype, rdata.covers() if rdtype in _SIGNATURES else 0)
        records = node.get(key)
        if records is None:
            _reject_company(name, node, rdtype)
            records = node[key] = _Records(ttl)
        elif records.has(rdata):
            return
        elif rdtype in _SINGLE:
            raise ValueError(f"{name} has two {_SINGLE[rdtype]} records{_first(records.places)}")
        records.rdatas.append(rdata)
        if place is not None:
            records.places.append(place)
            if rdtype == dns.rdatatype.SOA:
                self.home = place

    def stand_in(self, name: dns.name.Name, target: dns.name.Name, place: Place | None = None) -> None:
        """Have a name answer with the addresses of another one (the ALIAS record of providers)."""
        self._stand_ins[name] = (target, place)
        self.note(name)

    def note(self, name: dns.name.Name) -> None:
        """Remember that a name exists, and with it each name between it and the origin."""
        while name not in self._existing:
            self._existing.add(name)
            name = name.parent()

    @property
    def soa(self) -> dns.rrset.RRset | None:
        """The SOA record."""
        return self.records(self.origin, dns.rdatatype.SOA)

    def records(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        """The records of a type that stand at a name itself."""
        found = self._nodes.get(name, {}).get(_key(rdtype))
        return found.rrset(name) if found is not None else None

    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """What the zone has for a name at or below its origin."""
        for above, node in self._way_down(name):
            if (cut := node.get(_NS)) is not None and above != self.origin and (above, rdtype) != (name, _DS):
                return self._referral(above, cut)
            if (moved := node.get(_DNAME)) is not None and above != name:
                return _moved(name, above, moved)
        if name in self._existing:
            return self._at(name, name, rdtype)
        encloser = name.parent()
        while encloser not in self._existing:
            encloser = encloser.parent()
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard not in self._existing:
            return Found(Outcome.NX_DOMAIN, places=self._home())
        return self._at(name, wildcard, rdtype)

    def _way_down(self, name: dns.name.Name) -> Iterator[tuple[dns.name.Name, dict[_Key, _Records]]]:
        """The names from the origin down to the one asked, as far as they exist, with their records."""
        for depth in range(len(self.origin), len(name) + 1):
            above = name.split(depth)[1]
            if above not in self._existing:
                return
            if (node := self._nodes.get(above)) is not None:
                yield above, node

    def _at(self, name: dns.name.Name, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        """The records of an owner under the name that was asked; none at all for an empty non-terminal."""
        node = self._nodes.get(owner, {})
        if rdtype == dns.rdatatype.ANY and node:
            return Found(Outcome.ANSWER, tuple(one.rrset(name) for one in node.values()))
        for wanted, outcome in ((rdtype, Outcome.ANSWER), (dns.rdatatype.CNAME, Outcome.ALIAS)):
            for key, records in node.items():
                if key & _TYPE == wanted:
                    return Found(outcome, (records.rrset(name),), places=tuple(records.places))
        if rdtype in _ADDRESSES and owner in self._stand_ins:
            target, place = self._stand_ins[owner]
            return Found(Outcome.STAND_IN, (_alias(name, 0, target),), places=_given(place))
        beside = next((place for records in node.values() for place in records.places), None)
        beside = beside or self._stand_ins.get(owner, (None, None))[1]
        return Found(Outcome.NO_DATA, places=_given(beside) or self._home())

    def _home(self) -> tuple[Place, ...]:
        return _given(self.home)

    def _referral(self, cut: dns.name.Name, servers: _Records) -> Found:
        delegated = servers.rrset(cut)
        glue = [
            addresses
            for server in delegated
            for rdtype in _ADDRESSES
            if server.target.is_subdomain(self.origin)
            and (addresses := self.records(server.target, rdtype)) is not None
        ]
        return Found(Outcome.REFERRAL, (delegated,), tuple(glue), tuple(servers.places))


_TYPE = 0xFFFF
_SIGNATURES = (dns.rdatatype.RRSIG, dns.rdatatype.SIG)


def _key(rdtype: dns.rdatatype.RdataType, covered: int = 0) -> _Key:
    return covered << 16 | rdtype.value


_NS = _key(dns.rdatatype.NS)
_DNAME = _key(dns.rdatatype.DNAME)
_DS = dns.rdatatype.DS  # stands at a cut and belongs to the zone above it (RFC 4035 3.1.4.1)


def _reject_company(name: dns.name.Name, node: dict[_Key, _Records], rdtype: dns.rdatatype.RdataType) -> None:
    if rdtype in _BESIDE_CNAME:
        return
    for key, records in node.items():
        kind = key & _TYPE
        if kind not in _BESIDE_CNAME and dns.rdatatype.CNAME in (kind, rdtype):
            raise ValueError(f"{name} has a CNAME beside other records{_first(records.places)}")


def _first(places: list[Place]) -> str:
    return f", the first at {places[0]}" if places else ""


def _given(place: Place | None) -> tuple[Place, ...]:
    return (place,) if place is not None else ()


def _alias(name: dns.name.Name, ttl: int, target: dns.name.Name) -> dns.rrset.RRset:
    rdata = dns.rdtypes.ANY.CNAME.CNAME(_IN, dns.rdatatype.CNAME, target)  # type: ignore[no-untyped-call]
    return dns.rrset.from_rdata(name, ttl, rdata)


def _moved(name: dns.name.Name, above: dns.name.Name, moved: _Records) -> Found:
    """The alias that follows from a DNAME above the name (RFC 6672 2.2). Raises `dns.name.NameTooLong`."""
    own = name.relativize(above)
    return Found(
        Outcome.ALIAS,
        (_alias(name, moved.ttl, own.concatenate(moved.rrset(above)[0].target)),),
        places=tuple(moved.places),
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """How a question went through zones, from alias to alias.

    `names` are all names that were looked at: the one asked and each target. `chain` has the CNAMEs that a resolver
    sees, `places` where they stand. `found` is what `zone` has for the last name; both are `None` where that name is in
    none of the zones, and where the aliases come to no end (`endless`). `stands_in`: the addresses of the last name are
    given as those of the one before it.
    """

    names: tuple[dns.name.Name, ...]
    chain: tuple[dns.rrset.RRset, ...] = ()
    places: tuple[Place, ...] = ()
    zone: Zone | None = None
    found: Found | None = None
    endless: bool = False
    stands_in: bool = False


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

    @property
    def origins(self) -> tuple[dns.name.Name, ...]:
        """The origins of the zones, in the order in which they came."""
        return tuple(self._zones)

    def find(self, name: dns.name.Name) -> Zone | None:
        """The zone that a name is in: the one with the longest origin."""
        candidates = (self._zones.get(name.split(depth)[1]) for depth in range(len(name), 0, -1))
        return next((zone for zone in candidates if zone is not None), None)

    def walk(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Walk:
        """Look a name up, following aliases through the zones. Raises `dns.name.NameTooLong` behind a DNAME."""
        chain: list[dns.rrset.RRset] = []
        places: list[Place] = []
        names = [name]
        stands_in = False
        while (zone := self._asked(names[-1], rdtype)) is not None:
            found = self._lookup(zone, names[-1], rdtype)
            if found.outcome not in (Outcome.ALIAS, Outcome.STAND_IN):
                return Walk(tuple(names), tuple(chain), tuple(places), zone, found, stands_in=stands_in)
            stands_in = stands_in or found.outcome is Outcome.STAND_IN
            if not stands_in:  # what is behind a stand-in is not seen either
                chain += found.rrsets
            places += found.places
            names.append(found.rrsets[0][0].target)
            if names[-1] in names[:-1] or len(names) > MAX_ALIASES:
                return Walk(tuple(names), tuple(chain), tuple(places), endless=True, stands_in=stands_in)
        return Walk(tuple(names), tuple(chain), tuple(places), stands_in=stands_in)

    def _asked(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Zone | None:
        """The zone to ask; for DS records at an origin, the one above it where it is there (RFC 4035 3.1.4.1)."""
        zone = self.find(name)
        if rdtype == _DS and zone is not None and zone.origin == name != dns.name.root:
            return self.find(name.parent()) or zone
        return zone

    def _lookup(self, zone: Zone, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Found:
        found = zone.lookup(name, rdtype)
        if found.outcome is Outcome.NX_DOMAIN and name in self._above:
            # Another zone is below it: it exists, with no data (RFC 8020 2).
            return Found(Outcome.NO_DATA, places=found.places)
        return found
