"""Would a receiver take a name in reverse DNS for one of a dynamic range? A pure judgement of a name and its address.

Three kinds of names: `dynamic` (an end-user line), `generic-static` (what a provider gives a server by itself) and
`custom` (somebody chose it). What speaks for a kind: the words in the name, how much of the address is in it, the
templates and suffixes of known providers, the operators whose sending hosts are known, and the names of the neighbours.
Facts: `data/rdns.toml`. How the signs are weighed: docs/dynamic-ip.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from preflight.net.addresses import IPAddress
from preflight.text import Message
from preflight_checks.names import normal
from preflight_checks.rdns_address import Share
from preflight_checks.rdns_facts import Network, Under, load_facts
from preflight_checks.rdns_signs import WORD_CLASSES, Signs, find_signs, masked

_MAX = 1024  # characters that are looked at: four times what a DNS name can have, for names with escapes in them
_ALIKE = 2  # neighbours with names of the same form that make a template of it; one may be a second server
_REGION = "mx"  # of mail words the one that is a country, too: `192-0-2-10.cust.mx.example.net`
_SHOWN = 3  # neighbours that are named

_SHARES = {
    Share.LAST: "{digits} is the last part of the address",
    Share.TWO: "{digits} has the low part of the address",
    Share.THREE: "{digits} has most of the address",
    Share.FULL: "{digits} is the whole address",
}
_BY_SENDER = "{operator} sends mail from such names"
_BY_TEMPLATE = "{provider} gives such names by itself"
_BY_NETWORK = "{suffix} has names of: {network}"
_BY_SERIAL = "{number} looks like a serial number"
_BY_DOMAIN = "{word} in the domain speaks of servers"
_BY_NEIGHBOURS = "neighbours have names of the same form: {twins}"
_NOTHING_STRONG = "no sign of a name that a provider gives by itself is strong enough"
_CLASSES = {
    "dynamic": "{word} is a word of dynamic ranges",
    "pool": "{word} is a word of dial-up pools and the like",
    "access": "{word} is a word of home lines",
    "customer": "{word} is a word of customers' lines",
    "address": "{word} is a word that stands before addresses",
    "static": "{word} is a word of static ranges",
    "hosting": "{word} is a word of rented servers",
    "mail": "{word} is a word of mail hosts",
    "post": "{word} is a word of mail hosts and others",
    "placeholder": "{word} is a word for addresses without a name",
}


class Kind(StrEnum):
    """What a name in reverse DNS looks like."""

    DYNAMIC = "dynamic"
    GENERIC = "generic-static"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Classification:
    """A judgement of a name.

    `score` is how sure it is that nobody chose the name by hand, from 0 to 1; from 0.5 on the kind is not `custom`.
    `reasons` explain the kind, the weightiest first. `settled`: the name itself shows that it was chosen (a mail host,
    a known sender), so that nothing else needs to be looked at; a `custom` name that is not settled has just no sign.
    """

    kind: Kind
    score: float
    reasons: tuple[Message, ...]
    settled: bool = False


def classify(name: str, ip: IPAddress, neighbours: Sequence[str] = ()) -> Classification:
    """Judge a name that reverse DNS has for an address. Takes any text; asks nothing and raises nothing.

    `neighbours`: the names of addresses next to it, where they are known; they count for a name that has
    no other sign.
    """
    text = normal(name[:_MAX])
    under = load_facts().under(text)
    if under.sender is not None:
        reason = Message(_BY_SENDER, {"operator": under.sender.operator})
        return Classification(Kind.CUSTOM, 0.0, (reason,), settled=True)
    for template in under.templates:
        if template.matches(text):
            reason = Message(_BY_TEMPLATE, {"provider": template.provider})
            return Classification(Kind(template.kind), 0.99, (reason,))
    every = under.network is not None and under.network.every
    signs = find_signs(text, ip, under.suffix if every else "")
    return (
        _networked(signs, under)
        or _exempt(signs)
        or _dynamic(signs)
        or _generic(signs)
        or _access(signs)
        or _templated(signs, text, ip, neighbours)
        or _custom(signs)
    )


def _networked(signs: Signs, under: Under) -> Classification | None:
    """A name under a suffix that the table has."""
    network = under.network
    if network is None:
        return None
    if signs.share < Share.FULL and signs.any("mail", "post"):
        return None  # the operator's own mail host, for the rules to come
    spoken = signs.any("dynamic", "pool", "access", "customer", "static", "hosting")
    if not network.every and not (signs.share >= Share.TWO or (signs.marked and spoken) or _numbered(signs, network)):
        return None
    kind = Kind(network.kind)
    if "placeholder" in signs or ("static" in signs and "dynamic" not in signs):
        kind = Kind.GENERIC
    elif "dynamic" in signs:
        kind = Kind.DYNAMIC
    reason = Message(_BY_NETWORK, {"suffix": under.suffix, "network": network.name})
    score = 0.97 if network.every else 0.9 if signs.share >= Share.THREE else 0.7
    words = ("dynamic", "static", "pool", "access", "customer")
    return Classification(kind, score, (reason, *_reasons(signs, *words)))


def _numbered(signs: Signs, network: Network) -> bool:
    """Whether a provider of servers has given a number instead of a name."""
    return network.kind == "generic-static" and _server_number(signs)


def _server_number(signs: Signs) -> bool:
    """Whether the first label is a bare serial number, or one behind a word for servers. Behind other letters it may as
    well be a host that many share, named by the provider for its own use: `dd12345`, `s12345`."""
    number = signs.long_serial
    told = not {"hosting", "address", "customer"}.isdisjoint(signs.first)
    return bool(number) and (told or number[0].isdigit() or signs.lettered_number)


def _exempt(signs: Signs) -> Classification | None:
    """A mail host, unless the name says as well that it is a line of somebody's home."""
    full = signs.share >= Share.THREE
    mail_first = "mail" in signs.first or "post" in signs.first
    if not (mail_first or "mail" in signs or ("post" in signs and not full)):
        return None
    if "dynamic" in signs:
        if not mail_first or signs.marked:
            return None
        # Somebody named a host for mail, in a zone that is named for something else.
        return Classification(Kind.CUSTOM, 0.4, _reasons(signs, "mail", "post", "dynamic"))
    if signs.share is Share.FULL and ("access" in signs or ("pool" in signs and "mail" not in signs.first)):
        return None
    if full and not mail_first and "customer" in signs and signs.words.get("mail", _REGION) == _REGION:
        return None
    score = 0.3 if signs.share is Share.FULL else 0.05
    return Classification(Kind.CUSTOM, score, _reasons(signs, "mail", "post"), settled=True)


def _dynamic(signs: Signs) -> Classification | None:
    if "dynamic" in signs:
        score = 0.98 if signs.share >= Share.THREE else 0.9 if signs.marked else 0.8
        return Classification(Kind.DYNAMIC, score, _reasons(signs, "dynamic", "pool", "access", "customer"))
    if "pool" in signs and "static" not in signs and signs.marked:
        if "hosting" in signs or (signs.servers and "access" not in signs):
            return None
        score = 0.95 if signs.share >= Share.THREE else 0.85 if signs.share is Share.TWO else 0.7
        return Classification(Kind.DYNAMIC, score, _reasons(signs, "pool", "access", "customer"))
    return None


def _generic(signs: Signs) -> Classification | None:
    if "placeholder" in signs:
        return Classification(Kind.GENERIC, 0.7, _reasons(signs, "placeholder"))
    if "static" in signs:
        line = signs.any("pool", "access", "customer")
        if signs.share >= Share.TWO or (line and signs.marked) or (signs.servers and signs.long_serial):
            score = 0.85 if signs.share >= Share.THREE else 0.7 if signs.share is Share.TWO else 0.55
            return Classification(Kind.GENERIC, score, _reasons(signs, "static", "hosting", "access", "customer"))
    if "hosting" in signs and "access" not in signs:
        if signs.share >= Share.THREE:
            return Classification(Kind.GENERIC, 0.8, _reasons(signs, "hosting", "customer"))
        if signs.share is Share.TWO and signs.servers:
            return Classification(Kind.GENERIC, 0.6, _reasons(signs, "hosting", "customer"))
        if "hosting" in signs.first and (signs.long_serial or signs.guest):
            return Classification(Kind.GENERIC, 0.6, (_number(signs), *_reasons(signs, "hosting")))
    if signs.servers and "access" not in signs:
        domain = Message(_BY_DOMAIN, {"word": signs.servers})
        if signs.share >= Share.THREE or (signs.share is Share.TWO and signs.any("customer", "address", "pool")):
            score = 0.8 if signs.share >= Share.THREE else 0.6
            return Classification(Kind.GENERIC, score, (*_reasons(signs, "customer"), domain))
        if _server_number(signs):
            return Classification(Kind.GENERIC, 0.55, (_number(signs), domain))
    return None


def _access(signs: Signs) -> Classification | None:
    """Lines of homes without a word for dynamic: the kind of line tells, or the bare address does."""
    if "access" in signs and signs.marked:
        score = 0.9 if signs.share >= Share.THREE else 0.75 if signs.share is Share.TWO else 0.6
        return Classification(Kind.DYNAMIC, score, _reasons(signs, "access", "customer"))
    if "customer" in signs and signs.share >= Share.TWO:
        score = 0.85 if signs.share >= Share.THREE else 0.65
        return Classification(Kind.DYNAMIC, score, _reasons(signs, "customer"))
    if "customer" in signs and signs.long_serial:
        return Classification(Kind.DYNAMIC, 0.55, (_number(signs), *_reasons(signs, "customer")))
    if signs.share >= Share.THREE:
        return Classification(Kind.DYNAMIC, 0.75 if signs.share is Share.FULL else 0.6, _reasons(signs, "address"))
    if signs.share is Share.TWO and "address" in signs.first:
        return Classification(Kind.DYNAMIC, 0.55, _reasons(signs, "address"))
    return None


def _templated(signs: Signs, text: str, ip: IPAddress, neighbours: Sequence[str]) -> Classification | None:
    """A name that only its neighbours give away: theirs are the same but for the numbers."""
    if len(neighbours) < _ALIKE:
        return None
    form = masked(text, ip.version)
    twins = [one for one in neighbours if masked(one[:_MAX], ip.version) == form]
    # A few servers in a row are numbered by hand, too: web1, web2, web3.
    if len(twins) < _ALIKE or not (signs.share >= Share.TWO or signs.has_last or signs.long_serial or form == text):
        return None
    lines = signs.any("pool", "access", "customer") or form != text
    kind = Kind.GENERIC if signs.servers or signs.any("hosting", "static") or not lines else Kind.DYNAMIC
    reason = Message(_BY_NEIGHBOURS, {"twins": ", ".join(twins[:_SHOWN])})
    return Classification(kind, 0.6, (reason, *_reasons(signs, "pool", "access", "customer", "static", "hosting")))


def _custom(signs: Signs) -> Classification:
    reasons = (*_reasons(signs, *WORD_CLASSES), Message(_NOTHING_STRONG))
    score = 0.3 if signs.share is Share.TWO or signs.serial else 0.2 if signs.share is Share.LAST else 0.1
    return Classification(Kind.CUSTOM, score, reasons)


def _reasons(signs: Signs, *classes: str) -> tuple[Message, ...]:
    """The words of these classes and the address, as sentences."""
    told = [Message(_CLASSES[one], {"word": signs.words[one]}) for one in classes if one in signs.words]
    if signs.share is not Share.NONE:
        told.append(Message(_SHARES[signs.share], {"digits": signs.address.text}))
    return tuple(told)


def _number(signs: Signs) -> Message:
    return Message(_BY_SERIAL, {"number": signs.own.partition(".")[0]})
