"""Would a receiver take a name in reverse DNS for one of a dynamic range? A pure judgement of a name and its address.

Three kinds of names: `dynamic` (an end-user line), `generic-static` (what a provider gives a server by itself) and
`custom` (somebody chose it). What speaks for a kind: the words in the name, how much of the address is in it, the
templates of known providers, and the operators whose sending hosts are known. Facts: `data/rdns.toml`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from preflight.net.addresses import IPAddress
from preflight.text import Message
from preflight_checks.names import normal
from preflight_checks.rdns_address import Embedded, Share, embedded, has_serial
from preflight_checks.rdns_facts import load_facts

_MAX = 1024  # characters that are looked at: four times what a DNS name can have, for names with escapes in them
_WORD = re.compile(r"[a-z]+")
_DIGITS = re.compile(r"[0-9]+")

_SHARES = {
    Share.LAST: "{digits} is the last part of the address",
    Share.TWO: "{digits} has the low part of the address",
    Share.THREE: "{digits} has most of the address",
    Share.FULL: "{digits} is the whole address",
}
_BY_SENDER = "{operator} sends mail from such names"
_BY_TEMPLATE = "{provider} gives such names by itself"
_NOTHING_STRONG = "no sign of a name that a provider gives by itself is strong enough"
_CLASSES = {
    "dynamic": "{word} is a word of dynamic ranges",
    "pool": "{word} is a word of dial-up pools and the like",
    "access": "{word} is a word of home lines",
    "customer": "{word} is a word of customers' lines",
    "static": "{word} is a word of static ranges",
    "hosting": "{word} is a word of rented servers",
    "mail": "{word} is a word of mail hosts",
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


@dataclass(frozen=True, slots=True)
class _Signs:
    """What was found in a name: words by class, the address, a serial number."""

    words: Mapping[str, str]
    address: Embedded
    serial: bool
    mail_first: bool

    @property
    def share(self) -> Share:
        return self.address.share

    @property
    def marked(self) -> bool:
        """Whether the name has a number that tells it from its neighbours: of the address, or a serial number."""
        # One digit is equal to the last octet too often to be a sign of it.
        return self.share >= Share.TWO or (self.share is Share.LAST and len(self.address.text) > 1) or self.serial

    def __contains__(self, word_class: str) -> bool:
        return word_class in self.words

    def reasons(self, *classes: str) -> tuple[Message, ...]:
        """The words of these classes and the address, as sentences."""
        told = [Message(_CLASSES[one], {"word": self.words[one]}) for one in classes if one in self.words]
        if self.share is not Share.NONE:
            told.append(Message(_SHARES[self.share], {"digits": self.address.text}))
        return tuple(told)


def classify(name: str, ip: IPAddress) -> Classification:
    """Judge a name that reverse DNS has for an address. Takes any text; asks nothing and raises nothing."""
    facts = load_facts()
    text = normal(name[:_MAX])
    for sender in facts.senders:
        if sender.matches(text):
            reason = Message(_BY_SENDER, {"operator": sender.operator})
            return Classification(Kind.CUSTOM, 0.0, (reason,), settled=True)
    for template in facts.templates:
        if template.matches(text):
            reason = Message(_BY_TEMPLATE, {"provider": template.provider})
            return Classification(Kind(template.kind), 0.99, (reason,))
    signs = _signs(text, ip)
    return _exempt(signs) or _dynamic(signs) or _generic(signs) or _access(signs) or _custom(signs)


def _exempt(signs: _Signs) -> Classification | None:
    """A mail host, unless the name says as well that it is a line of somebody's home."""
    if "mail" not in signs or "dynamic" in signs:
        return None
    if signs.share is Share.FULL and ("pool" in signs or "access" in signs):
        return None
    if signs.share >= Share.THREE and not signs.mail_first and "customer" in signs:
        return None
    score = 0.3 if signs.share is Share.FULL else 0.05
    return Classification(Kind.CUSTOM, score, signs.reasons("mail"), settled=True)


def _dynamic(signs: _Signs) -> Classification | None:
    if "dynamic" in signs:
        score = 0.98 if signs.share >= Share.THREE else 0.9 if signs.marked else 0.8
        return Classification(Kind.DYNAMIC, score, signs.reasons("dynamic", "pool", "access", "customer"))
    if "pool" in signs and "static" not in signs and signs.marked:
        score = 0.95 if signs.share >= Share.THREE else 0.85 if signs.share is Share.TWO else 0.7
        return Classification(Kind.DYNAMIC, score, signs.reasons("pool", "access", "customer"))
    return None


def _generic(signs: _Signs) -> Classification | None:
    if "placeholder" in signs:
        return Classification(Kind.GENERIC, 0.7, signs.reasons("placeholder"))
    if "static" in signs:
        line = "pool" in signs or "access" in signs or "customer" in signs
        if signs.share >= Share.TWO or (line and signs.marked):
            score = 0.85 if signs.share >= Share.THREE else 0.7 if signs.share is Share.TWO else 0.55
            return Classification(Kind.GENERIC, score, signs.reasons("static", "hosting", "access", "customer"))
    if "hosting" in signs and "access" not in signs and signs.share >= Share.THREE:
        return Classification(Kind.GENERIC, 0.8, signs.reasons("hosting", "customer"))
    return None


def _access(signs: _Signs) -> Classification | None:
    """Lines of homes without a word for dynamic: the kind of line tells, or the bare address does."""
    if "access" in signs and signs.marked:
        score = 0.9 if signs.share >= Share.THREE else 0.75 if signs.share is Share.TWO else 0.6
        return Classification(Kind.DYNAMIC, score, signs.reasons("access", "customer"))
    if "customer" in signs and signs.share >= Share.TWO:
        score = 0.85 if signs.share >= Share.THREE else 0.65
        return Classification(Kind.DYNAMIC, score, signs.reasons("customer"))
    if signs.share >= Share.THREE:
        return Classification(Kind.DYNAMIC, 0.75 if signs.share is Share.FULL else 0.6, signs.reasons())
    return None


def _custom(signs: _Signs) -> Classification:
    reasons = (*signs.reasons(*_CLASSES), Message(_NOTHING_STRONG))
    score = 0.3 if signs.share is Share.TWO or signs.serial else 0.2 if signs.share is Share.LAST else 0.1
    return Classification(Kind.CUSTOM, score, reasons)


def _signs(text: str, ip: IPAddress) -> _Signs:
    """Words count left of the registrable domain only (`dynamic-it.example` is no range); digits in the whole name."""
    domain = _suffixes().privatesuffix(text)
    own = text.removesuffix(str(domain)).removesuffix(".") if domain else text
    labels = own.split(".")
    words = {
        word_class: found
        for word_class in ("dynamic", "pool", "access", "customer", "static", "hosting", "mail")
        if (found := _first(word_class, _WORD.findall(own))) is not None
    }
    placeholder = _first("placeholder", (_DIGITS.sub("", label).strip("-") for label in labels))
    if placeholder is not None:
        words["placeholder"] = placeholder
    mail_first = _first("mail", _WORD.findall(labels[0])) is not None
    return _Signs(words, embedded(text, ip), has_serial(own), mail_first)


def _first(word_class: str, words: Iterable[str]) -> str | None:
    known = load_facts().words[word_class]
    return next((found for word in words if (found := known.find(word)) is not None), None)


@cache
def _suffixes() -> Any:
    """The suffixes that registries sell names under. Those that companies name (`members.linode.com`) are left out:
    what stands left of a provider's own domain is what the provider says."""
    from publicsuffixlist import PublicSuffixList  # here and not above: parsing the list takes a moment

    return PublicSuffixList(only_icann=True)
