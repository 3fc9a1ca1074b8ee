"""What an answer of a blocklist means. Pure: an answer and the facts on its zone go in, a reading comes out.

An answer is a listing when each address in it lies in 127.0.0.0/8, none is a refusal, and at least one is documented as
a listing by the list's operator. Nothing else is: neither an error code of a list, nor what a resolver puts in the
place of NXDOMAIN.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from preflight.findings import Evidence
from preflight.net.dns import Answer, NoData, NxDomain
from preflight.text import Words
from preflight_checks.blocklists.zones import LOOPBACK, REFUSALS, RESERVED, Code, Zone

_ERROR_CODE = Words("an error code", "错误代码")
NO_WORDS = Words("")


class State(StrEnum):
    """What a list says of an address or a name."""

    LISTED = "listed"
    NOT_LISTED = "not listed"
    UNUSABLE = "unusable"
    """Nothing: the answer, or the list, cannot be used."""


class Fault(StrEnum):
    """Why an answer or a list cannot be used."""

    REFUSED = "refused"
    RESOLVER_REFUSED = "resolver refused"
    REWRITTEN = "rewritten"
    RESERVED_CODE = "reserved code"
    UNKNOWN_CODE = "unknown code"
    NO_DATA = "no data"
    NO_KEY = "no key"
    DEAD = "dead"
    LISTS_THE_WORLD = "lists the world"
    NO_PROOF = "no proof of life"

    @property
    def of_list(self) -> bool:
        """Whether it makes the whole list unusable, and not just one answer."""
        return self not in (Fault.UNKNOWN_CODE, Fault.NO_DATA)

    @property
    def proven(self) -> bool:
        """Whether it is proven that the list is not to be believed."""
        return self in (Fault.DEAD, Fault.LISTS_THE_WORLD)

    @property
    def by_code(self) -> bool:
        """Whether it is a code that shows it."""
        return self in (Fault.REFUSED, Fault.RESOLVER_REFUSED, Fault.RESERVED_CODE, Fault.UNKNOWN_CODE)

    @property
    def hints_at_resolver(self) -> bool:
        """Whether the resolver may be the cause."""
        return self in (Fault.RESOLVER_REFUSED, Fault.REWRITTEN)


SENTENCES: dict[Fault, str] = {
    Fault.REFUSED: "{zone} refuses to be asked ({seen}: {meaning})",
    Fault.RESOLVER_REFUSED: "{zone} refuses the resolver that asks ({seen}: {meaning})",
    Fault.REWRITTEN: "the answer for {zone} is {seen}, which no list sends: something rewrites answers on the way",
    Fault.RESERVED_CODE: "{zone} answers {seen}, which no list uses for a listing",
    Fault.UNKNOWN_CODE: "{zone} answers with an unknown code: its operator does not say what {seen} means",
    Fault.NO_DATA: "{zone} answers neither with a code nor with NXDOMAIN ({seen})",
    Fault.NO_KEY: "{zone} needs a key, and none was given",
    Fault.DEAD: "{zone} does not list its own test entry ({seen}): the list is dead",
    Fault.LISTS_THE_WORLD: "{zone} lists what no list may list ({seen}): it lists the whole world",
    Fault.NO_PROOF: "{zone} could not be shown to work: a test entry got {seen}",
}
"""Each fault as a sentence: `zone`, `seen` and `meaning` fill its places."""

_OWN_RESOLVER = (
    "Ask through a recursive resolver of your own (--resolver), within the list's terms: {terms}. For Spamhaus, a free "
    "key of its Data Query Service does it too (--dqs-key-file)."
)
_CLEAN_RESOLVER = "Ask through a recursive resolver of your own (--resolver), from a network that leaves answers alone."
_ANOTHER_WAY = "Ask again; if it stays so, ask through another resolver (--resolver)."

REMEDIES: dict[Fault, str] = {
    Fault.REFUSED: _OWN_RESOLVER,
    Fault.RESOLVER_REFUSED: _OWN_RESOLVER,
    Fault.REWRITTEN: _CLEAN_RESOLVER,
    Fault.RESERVED_CODE: _CLEAN_RESOLVER,
    Fault.UNKNOWN_CODE: "See what the list itself says: {delist}",
    Fault.NO_DATA: _ANOTHER_WAY,
    Fault.NO_KEY: "Give the key of {zone}, or take it out of zones in [checks.dnsbl].",
    Fault.DEAD: _ANOTHER_WAY,
    Fault.LISTS_THE_WORLD: _ANOTHER_WAY,
    Fault.NO_PROOF: _ANOTHER_WAY,
}
"""How to get an answer in spite of each fault: `zone`, `terms` and `delist` fill its places."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A fault, what was seen of it, and what the code of a refusal means."""

    fault: Fault
    seen: str = ""
    meaning: Words = NO_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a list says of an address or a name.

    `zone` is the list's name to show, never with a key. `codes` are the documented listing codes that were seen,
    `listings` what the catalogue says of them, `other_codes` those that are no listings, `asides` what it says of them,
    `unknown` the undocumented codes beside them. `doubt` is set when `UNUSABLE`.
    """

    zone: str
    state: State
    codes: tuple[str, ...] = ()
    listings: tuple[Code, ...] = ()
    other_codes: tuple[str, ...] = ()
    asides: tuple[Code, ...] = ()
    unknown: tuple[str, ...] = ()
    doubt: Doubt | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def why(self) -> str:
        """Why the list is of no use here, in a sentence; empty when it is of use."""
        if self.doubt is None:
            return ""
        return SENTENCES[self.doubt.fault].format(zone=self.zone, seen=self.doubt.seen, meaning=self.doubt.meaning.en)


def unusable(zone: str, doubt: Doubt, evidence: Iterable[Evidence] = ()) -> Reading:
    """The reading of a list that cannot be used."""
    return Reading(zone=zone, state=State.UNUSABLE, doubt=doubt, evidence=tuple(evidence))


def read(zone: Zone, shown: str, answer: Answer, evidence: Evidence) -> Reading:
    """What an answer to an A question says. `NOT_LISTED` still wants the proof that the list is alive.

    `shown` is the list's name to show. Takes any answer; raises nothing.
    """
    if isinstance(answer, NxDomain):
        return Reading(zone=shown, state=State.NOT_LISTED, evidence=(evidence,))
    if isinstance(answer, NoData):
        return unusable(shown, Doubt(Fault.NO_DATA, evidence.seen), (evidence,))
    addresses = [_address(value) for value in answer.values]
    codes = [code for code in addresses if code is not None and code in LOOPBACK]
    if not codes or len(codes) < len(addresses):
        return unusable(shown, Doubt(Fault.REWRITTEN, evidence.seen), (evidence,))
    doubt = next((doubt for code in codes if (doubt := _refused(zone, code))), None)
    if doubt is not None:
        return unusable(shown, doubt, (evidence,))
    return _read_codes(zone, shown, codes, evidence)


def _read_codes(zone: Zone, shown: str, codes: list[IPv4Address], evidence: Evidence) -> Reading:
    documented = {code: [entry for entry in zone.codes if entry.pattern.matches(code)] for code in codes}
    found = list(dict.fromkeys(entry for entries in documented.values() for entry in entries))
    listings = tuple(entry for entry in found if entry.kind == "listing")
    unknown = tuple(str(code) for code, entries in documented.items() if not entries or _stray_bits(code, entries))
    if unknown and not listings:
        return unusable(shown, Doubt(Fault.UNKNOWN_CODE, ", ".join(unknown)), (evidence,))
    listed = [code for code, entries in documented.items() if not set(entries).isdisjoint(listings)]
    return Reading(
        zone=shown,
        state=State.LISTED if listings else State.NOT_LISTED,
        codes=tuple(map(str, listed)),
        listings=listings,
        other_codes=tuple(str(code) for code, entries in documented.items() if entries and code not in listed),
        asides=tuple(entry for entry in found if entry.kind != "listing"),
        unknown=unknown,
        evidence=(evidence,),
    )


def _refused(zone: Zone, code: IPv4Address) -> Doubt | None:
    """The doubt that one code in an answer casts on all of it."""
    for refusal in zone.refusals:
        if refusal.pattern.matches(code):
            return Doubt(Fault.RESOLVER_REFUSED if refusal.resolver else Fault.REFUSED, str(code), refusal.meaning)
    if code in REFUSALS:
        return Doubt(Fault.REFUSED, str(code), _ERROR_CODE)
    if code == RESERVED and RESERVED not in (entry.pattern.first for entry in zone.codes if not entry.pattern.bit):
        return Doubt(Fault.RESERVED_CODE, str(code))
    return None


def _stray_bits(code: IPv4Address, entries: list[Code]) -> bool:
    """Whether a list that answers in bits sets one that its operator does not explain."""
    mask = sum(entry.pattern.bit for entry in entries)
    return mask > 0 and bool(int(code) & 0xFF & ~mask)


def _address(value: str) -> IPv4Address | None:
    try:
        return IPv4Address(value)
    except AddressValueError:
        return None
