"""What a name in reverse DNS has in it: words by class, the address, a serial number. Pure, and fast for bulk."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from preflight.net.addresses import IPAddress
from preflight_checks.rdns_address import Embedded, Share, embedded, has_serial
from preflight_checks.rdns_facts import load_facts

WORD_CLASSES = (
    "dynamic", "pool", "access", "customer", "address", "static", "hosting", "mail", "post", "placeholder",
)  # fmt: skip
_BY_WORD = WORD_CLASSES[:-1]
_WORD = re.compile(r"(?<![0-9a-z])(?:[345]g|b2b)(?![0-9a-z])|[a-z]+")
_DIGITS = re.compile(r"[0-9]+")
_ANY_NUMBER = re.compile(r"[0-9]{2,}|[016-9]")  # but for those that make words: 3g, 4g, 5g, b2b
_LINKED = re.compile(r"(?<![0-9])[0-9]{1,3}(?:[-.x_][0-9]{1,3}){3}(?![0-9])")
_TOKEN = re.compile(r"[0-9a-z]+")
_NUMBER_LABEL = re.compile(
    r"[a-z]{0,8}-?[0-9]{5,}(?:-[0-9]{1,12}){0,2}|[a-z]{0,8}(?:-(?=[a-f]*[0-9])[0-9a-f]{6,32}|(?=[a-f]*[0-9])[0-9a-f]{8,32})"
)
_GUEST = re.compile(r"(?:vps|vds|vm|kvm|ovz|lxc|xen|cvm|ecs)-?(?!(?:19|20)[0-9]{2}$)[0-9]{4,}")
_ONE_LETTER = re.compile(r"[a-z]-?[0-9]{6,}")
# A label that says in other words than the table's that there is no name.
_NO_NAME = re.compile(
    r"(?:(?:[a-z]{1,16}-)?(?:no|not|without|missing|please|default|generic)-(?:[a-z]{1,16}-){0,2}"
    r"(?:rdns|ptr|reverse|revdns|assigned|configured|allocated|defined)(?:-[a-z]{1,16}){0,2}"
    r"|(?:[a-z]{1,16}-)?(?:rdns|ptr|reverse|revdns)-(?:not|un|missing)[a-z-]{1,24}|unassigned-[a-z]{1,16}|host(?:ed|ing)-by-?[a-z-]{0,32})"
)
_TAIL = 6  # labels at the end of a name that decide on its registrable domain; the longest suffix has four
_LONGEST = 63  # octets of a label
_MIN_MIXED = 6  # characters of letters and digits in turn


@dataclass(slots=True)  # frozen ones take four times as long to make
class Signs:
    """What was found in a name. `words`: the first word of each class; `first`: the classes in the first label; `own`:
    what stands left of the registrable domain. What few names need is worked out when it is asked for."""

    words: Mapping[str, str]
    first: Collection[str]
    address: Embedded
    own: str
    domain: str

    @property
    def share(self) -> Share:
        """How much of the address is in the name."""
        return self.address.share

    @property
    def servers(self) -> str:
        """The word for servers in the registrable domain, if there is one and none for lines."""
        return _servers(self.domain) if self.domain else ""

    @property
    def serial(self) -> bool:
        """Whether there is a serial number, of three digits or more, or something like an address."""
        return has_serial(self.own) or _LINKED.search(self.own) is not None

    @property
    def long_serial(self) -> str:
        """The first label, where it is a serial number of five digits and more; else empty."""
        number = _NUMBER_LABEL.fullmatch(self.own.partition(".")[0][:_LONGEST])
        return number.group() if number is not None else ""

    @property
    def lettered_number(self) -> bool:
        """Whether the first label is one letter and a number of six digits and more."""
        return _ONE_LETTER.fullmatch(self.own.partition(".")[0][:_LONGEST]) is not None

    @property
    def guest(self) -> bool:
        """Whether the first label is a word for a virtual machine and a number of four digits and more, but no year."""
        return _GUEST.fullmatch(self.own.partition(".")[0][:_LONGEST]) is not None

    @property
    def marked(self) -> bool:
        """Whether the name has a number that tells it from its neighbours: of the address, or a serial number."""
        return (
            self.address.share >= Share.TWO or (self.has_last and self._in_a_zone) or self.serial or _is_mixed(self.own)
        )

    @property
    def has_last(self) -> bool:
        """Whether the last octet is in the name. One digit is equal to it too often to be a sign."""
        return self.address.share is Share.LAST and len(self.address.text) > 1

    @property
    def _in_a_zone(self) -> bool:
        """Whether the name looks like one of a zone of lines: `cable25.example.com` alone is just a host."""
        return "." in self.own or sum(one in self.words for one in ("dynamic", "pool", "access", "customer")) > 1

    def __contains__(self, word_class: str) -> bool:
        return word_class in self.words

    def any(self, *word_classes: str) -> bool:
        """Whether a word of one of these classes is in the name."""
        return not self.words.keys().isdisjoint(word_classes)


def find_signs(text: str, ip: IPAddress, suffix: str = "") -> Signs:
    """The signs in a name, in lower case without its last dot.

    Words count only left of the registrable domain (`dynamic-it.example` is no range) and of `suffix`, where the table
    has the name's network; digits of the address in the whole name.
    """
    domain = _registrable(".".join(text.rsplit(".", _TAIL)[-_TAIL:]))
    cut = max(domain, suffix, key=len)
    own = text[: -len(cut)].removesuffix(".") if cut and text.endswith(cut) else text
    address = embedded(text, ip)
    # What is the address is no word: the `mxc` of `mxc000020a` is `mx`, before an address in hexadecimal.
    lettered = address.share >= Share.TWO and address.text.strip("0123456789-._")
    words, first = _words_of(_ANY_NUMBER.sub("0", own.replace(address.text, "-") if lettered else own))
    # `no-reverse-dns-configured.example`; a domain of one word is just somebody's.
    if "-" in domain and (no_name := _no_name(domain.partition(".")[0])) is not None:
        words = {**words, "placeholder": no_name}
    return Signs(words, first, address, own, domain)


@lru_cache(maxsize=65536)
def _words_of(form: str) -> tuple[Mapping[str, str], Collection[str]]:
    """The first word of each class in a name whose numbers are masked, and the classes of the first label.

    Names of one pool are equal once they are masked, so that most are in the memory.
    """
    label, _, rest = form.partition(".")
    words: dict[str, str] = {}
    for word in _WORD.findall(label):
        for word_class, found in _classes(word):
            words.setdefault(word_class, found)
    first = tuple(words)
    for word in _WORD.findall(rest):
        for word_class, found in _classes(word):
            words.setdefault(word_class, found)
    bare = _DIGITS.sub("", form)
    labels = (_no_name(one.strip("-")) for one in (*bare.split("."), bare.replace(".", "-")))
    if (no_name := next((found for found in labels if found is not None), None)) is not None:
        words["placeholder"] = no_name
    return words, first


def _is_mixed(own: str) -> bool:
    """Whether a token has letters and digits in turn, as hardware numbers and addresses in other bases have."""
    return any(
        _MIN_MIXED <= len(token) <= _LONGEST and not token.isalpha() and len(_DIGITS.findall(token)) > 1
        for token in _TOKEN.findall(own)
    )


@lru_cache(maxsize=65536)
def _classes(word: str) -> tuple[tuple[str, str], ...]:
    """The classes of a word, each with the word of the table."""
    if len(word) > _LONGEST:
        return ()
    tables = load_facts().words
    return tuple((one, found) for one in _BY_WORD if (found := tables[one].find(word)) is not None)


@lru_cache(maxsize=65536)
def _no_name(label: str) -> str | None:
    if not label or len(label) > _LONGEST:
        return None
    found = load_facts().words["placeholder"].find(label)
    return found if found is not None else label if _NO_NAME.fullmatch(label) else None


@lru_cache(maxsize=16384)
def _servers(domain: str) -> str:
    facts = load_facts()
    name = domain.partition(".")[0]
    found = facts.servers.search(domain)
    return found.group() if found is not None and facts.lines.search(name) is None else ""


@lru_cache(maxsize=65536)
def _registrable(tail: str) -> str:
    """The registrable domain of a name by its last labels; empty for none."""
    return str(_suffixes().privatesuffix(tail) or "")


@cache
def _suffixes() -> Any:
    """The suffixes that registries sell names under. Those that companies name (`members.linode.com`) are left out:
    what stands left of a provider's own domain is what the provider says."""
    from publicsuffixlist import PublicSuffixList  # here and not above: parsing the list takes a moment

    return PublicSuffixList(only_icann=True)


_LONG_HEX = re.compile(r"[0-9a-f]{6,}")
_HEX_GROUP = re.compile(r"(?<![0-9a-z])[0-9a-f]{1,4}(?![0-9a-z])")


def masked(name: str, version: int) -> str:
    """A name with `#` in the place of its numbers: decimal ones, long hexadecimal ones, and for IPv6 the groups of an
    address. Names of one template are equal once they are masked."""
    text = _LONG_HEX.sub(_mask_number, name.lower().removesuffix("."))
    if version == 6:
        text = _HEX_GROUP.sub("#", text)
    return _DIGITS.sub("#", text)


def _mask_number(found: re.Match[str]) -> str:
    """Words such as `facade` have hexadecimal digits only, and are no numbers."""
    return found.group() if found.group().isalpha() else "#"
