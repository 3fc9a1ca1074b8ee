"""A small Internet of names: zones, reverse zones, blocklists and faults, for demos and tests.

world = World.from_zones({"example.com": "@ MX 10 mail\nmail A 192.0.2.10"})
world.ptr("192.0.2.10", "mail.example.com")
world.block(Blocklist("zen.spamhaus.org", {"192.0.2.10": (("127.0.0.4",), "a bot")}))
world.fault("example.com", Fault.SERVFAIL, rtype="MX")
with LabDns(world) as server:
    ...  # ask server.address
"""

from collections.abc import Mapping
from typing import Self

import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset

from preflight.lab.blocklist import Blocklist
from preflight.lab.faults import Fault, FaultRule, fault_for
from preflight.lab.zones import TTL, MasterZone, Resolution, absolute, resolve
from preflight.net.addresses import parse_address, reverse_name
from preflight.net.zones import ZoneSet

_OWN_LABELS = {4: 1, 6: 16}  # labels of a reverse name that stand in its zone: the zone is a /24 or a /64


class World:
    """Zones, blocklists and faults.

    With `recursive` (the default) they are all that there is of the Internet, as a resolver sees it: replies carry RA,
    a name in no zone is NXDOMAIN with the SOA of the root. Without it they are what one authoritative name server has:
    a name in no zone is REFUSED, a delegation is a referral. Set up before a server serves it; faults, records and the
    mode of a list may change while it does.
    """

    def __init__(self, *, recursive: bool = True) -> None:
        self.recursive = recursive
        self._zones = ZoneSet()
        self._blocklists: dict[str, Blocklist] = {}
        self._faults: tuple[FaultRule, ...] = ()
        if recursive:
            self._zones.put(MasterZone("."))

    @classmethod
    def from_zones(cls, zones: Mapping[str, str], *, recursive: bool = True) -> Self:
        """A world from master-file texts by origin; see `MasterZone` for what they may leave out."""
        world = cls(recursive=recursive)
        for origin, text in zones.items():
            world.zone(origin, text)
        return world

    def zone(self, origin: str, text: str, source: str = "zone text") -> None:
        """Add a zone from master-file text. Raises `ValueError` for what is no zone, and for a second of a name."""
        self._zones.put(MasterZone(origin, text, source))

    def add(self, name: str, rtype: str, *values: str) -> None:
        """Add records in master-file form to the zone that the name is in; names in them end in a dot or are absolute.

        Raises `ValueError` for records that cannot be read and for a name in no zone or in a blocklist.
        """
        owner = absolute(name)
        try:
            rrset = dns.rrset.from_text_list(owner, TTL, "IN", rtype, values, origin=dns.name.root, relativize=False)
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"{name} {rtype} {', '.join(values)}: {error}") from error
        zone = self._zones.find(owner)
        if not isinstance(zone, MasterZone):
            raise ValueError(f"{name} is in no zone of this world that takes records")
        zone.add_all(rrset)

    def ptr(self, address: str, *names: str) -> None:
        """Name an address, in its reverse zone; one for its /24 or /64 is made when there is none."""
        reverse = reverse_name(parse_address(address))
        zone = self._zones.find(absolute(reverse))
        if zone is None or zone.origin == dns.name.root:
            self.zone(reverse.split(".", _OWN_LABELS[parse_address(address).version])[-1], "")
        self.add(reverse, "PTR", *names)

    def block(self, blocklist: Blocklist) -> Blocklist:
        """Add a blocklist, and return it. Raises `ValueError` when its name is taken."""
        self._zones.put(blocklist)
        self._blocklists[blocklist.origin.to_text(omit_final_dot=True)] = blocklist
        return blocklist

    @property
    def blocklists(self) -> Mapping[str, Blocklist]:
        """The blocklists by zone, written without a last dot."""
        return dict(self._blocklists)

    def fault(
        self, name: str, fault: Fault, *, rtype: str | None = None, subtree: bool = False, seconds: float = 0.0
    ) -> None:
        """Have questions for a name, with `subtree` for all below it too, meet a fault.

        `rtype` limits it to one record type; `seconds` is for `Fault.DELAY`. An alias that leads to the name meets it
        as well. Raises `ValueError` for an unknown type, a negative delay, and a delay of nothing.
        """
        if seconds < 0 or (fault is Fault.DELAY) != (seconds > 0):
            raise ValueError(f"fault {fault} for {name}: seconds go with a delay, and must be more than 0")
        rdtype = _rdtype(rtype) if rtype is not None else None
        self._faults = (*self._faults, FaultRule(absolute(name), fault, rdtype, subtree, seconds))

    def mend(self, name: str) -> None:
        """Take back all faults that were set for this name."""
        self._faults = tuple(rule for rule in self._faults if rule.name != absolute(name))

    def resolve(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> tuple[Resolution, FaultRule | None]:
        """What there is to say of a question, and the fault that it meets."""
        resolution = resolve(self._zones, name, rdtype, recursive=self.recursive)
        return resolution, fault_for(self._faults, resolution.names, rdtype)


def _rdtype(text: str) -> dns.rdatatype.RdataType:
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is no record type") from error
