"""One SPF record by the grammar of RFC 7208 12, and everything that is wrong with it.

One error anywhere in a record is `permerror` for every sender (RFC 7208 4.6), so that all of them are collected.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from preflight.net.addresses import IPNetwork
from preflight.text import Message

_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})  # the modifier redirect is the sixth (RFC 7208 4.6.4)
_MECHANISMS = _ASKING | {"all", "ip4", "ip6"}
_SLIPS = {
    "ip": "ip4", "ipv4": "ip4", "ip4s": "ip4", "ip4v": "ip4", "ipv6": "ip6", "incude": "include",
    "inlcude": "include", "includes": "include", "host": "a", "prt": "ptr", "al": "all", "exist": "exists",
}  # fmt: skip
_SELECTED = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_AFTER_NAME = re.compile(r"(?=[:/=])")
_TOKEN = re.compile(r"%\{[^}]*\}|%[%_-]|%|[^%]+", re.DOTALL)
_MACRO = re.compile(r"%\{([a-z])([0-9]*)r?[.\-+,/_=]*\}", re.IGNORECASE)
_TOP_LABEL = re.compile(r"[0-9a-z]*[a-z][0-9a-z]*|[0-9a-z]+-[0-9a-z-]*[0-9a-z]", re.IGNORECASE)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
_PREFIX4, _PREFIX6 = re.compile(r"/([0-9]+)\Z"), re.compile(r"//([0-9]+)\Z")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")  # how text from DNS shows an octet that is no UTF-8
_LETTERS = "slodiphv"  # of macros; c, r and t are for explanations alone (RFC 7208 7.2)
_MANY_DIGITS = 9
_LONGEST_SHOWN = 80  # characters of a term in a sentence; a record may have 64 KB


class Flaw(StrEnum):
    """What is wrong with a term, as a sentence with the term in it."""

    NON_ASCII = "{term} has a character outside ASCII"
    CONTROL = "{term} has a control character; terms are separated by spaces alone"
    UNKNOWN = "{term} is no term of SPF"
    MEANT = "{term} is no term of SPF; is {meant} meant?"
    COLON = "{term} has = where a colon belongs"
    QUALIFIED = "{term}: a modifier takes no qualifier"
    COMMA = "{term} has a comma or a semicolon; terms are separated by spaces alone"
    ARGUMENT = "{term}: nothing may follow the word all"
    NO_DOMAIN = "{term} names no domain"
    NOT_QUALIFIED = "{term} does not end in a top-level domain"
    MACRO = "{term} has {macro}, which is no macro that a domain may have"
    NO_IP4 = "{term} has no IPv4 address such as 192.0.2.25"
    NO_IP6 = "{term} has no IPv6 address such as 2001:db8::25"
    WANTS_IP6 = "{term} has an IPv6 address, which goes with ip6:"
    WANTS_IP4 = "{term} has an IPv4 address, which goes with ip4:"
    ADDRESS = "{term} has an address in the place of a name; addresses go with ip4: and ip6:"
    PREFIX = "{term} has the prefix length {length}, which is no number up to {most}"
    NO_PREFIX = "{term} may have no prefix length"
    TWICE = "{term}: the modifier {name} stands there more than once"


class _FlawError(Exception):
    """A term that is none, with the sentence that says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism: its text as written, its qualifier (`+` where none is written) and its name in lower case.

    `domain` is the domain-spec as written, `None` where the record's own domain is meant. `network` is the range of
    `ip4` and `ip6`; `prefix4` and `prefix6` are the prefix lengths of `a` and `mx`.
    """

    text: str
    qualifier: str
    name: str
    domain: str | None = None
    network: IPNetwork | None = None
    prefix4: int = 32
    prefix6: int = 128

    @property
    def asks(self) -> bool:
        """Whether it makes receivers ask DNS, and counts towards their limit (RFC 7208 4.6.4)."""
        return self.name in _ASKING

    @property
    def includes(self) -> bool:
        """Whether it leads to another record."""
        return self.name == "include"


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier: its text as written, its name in lower case, its value."""

    text: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its text, its terms in order, and what is wrong with it; none of that in a record that can be used."""

    text: str
    mechanisms: tuple[Mechanism, ...]
    modifiers: tuple[Modifier, ...]
    flaws: tuple[Message, ...]

    @property
    def end(self) -> Mechanism | None:
        """The first `all`, which ends the evaluation."""
        return next((one for one in self.mechanisms if one.name == "all"), None)

    @property
    def reached(self) -> tuple[Mechanism, ...]:
        """The mechanisms up to the first `all`; receivers look at no other (RFC 7208 5.1)."""
        return self.mechanisms[: self.mechanisms.index(self.end) + 1] if self.end else self.mechanisms

    @property
    def redirect(self) -> Modifier | None:
        """The redirect that is followed where no mechanism matches; none beside an `all` (RFC 7208 6.1)."""
        return self._modifier("redirect") if self.end is None else None

    @property
    def explanation(self) -> str | None:
        """The domain-spec of `exp`, under which a text for the refused is found."""
        found = self._modifier("exp")
        return found.value if found else None

    @property
    def ignored(self) -> tuple[str, ...]:
        """Terms that look as if they did something, and do nothing: those after `all`, a redirect beside it, and a
        mechanism written with `=`, which is an unknown modifier (RFC 7208 6)."""
        after = [one.text for one in self.mechanisms[len(self.reached) :]]
        beside = [one.text for one in self.modifiers if one.name == "redirect"] if self.end else []
        return (*after, *beside, *(one.text for one in self.modifiers if one.name in _MECHANISMS or one.name in _SLIPS))

    @property
    def asking(self) -> tuple[Mechanism | Modifier, ...]:
        """The terms that count towards the limit of ten, in the order in which they are evaluated."""
        terms: tuple[Mechanism | Modifier, ...] = tuple(one for one in self.reached if one.asks)
        return (*terms, self.redirect) if self.redirect else terms

    def _modifier(self, name: str) -> Modifier | None:
        return next((one for one in self.modifiers if one.name == name), None)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record: its version, then a space or the end (RFC 7208 4.5)."""
    return _SELECTED.match(text) is not None


@lru_cache(maxsize=256)
def parse(text: str) -> Record:
    """An SPF record from its text, which `is_spf`. Raises nothing: what is wrong stands in `flaws`."""
    mechanisms: list[Mechanism] = []
    modifiers: list[Modifier] = []
    flaws: list[Message] = []
    for term in filter(None, text[len("v=spf1") :].split(" ")):
        try:
            _check_characters(term)
            if match := _MODIFIER.fullmatch(term):
                modifiers.append(_modifier(term, match[1].lower(), match[2]))
            else:
                mechanisms.append(_mechanism(term))
        except _FlawError as flaw:
            listed = term.isascii() and ("," in term or ";" in term)
            flaws.append(Message(Flaw.COMMA.value, {"term": _short(term)}) if listed else flaw.message)
    flaws += _repeated(modifiers)
    return Record(text, tuple(mechanisms), tuple(modifiers), tuple(flaws))


def _wrong(flaw: Flaw, term: str, **places: str) -> NoReturn:
    raise _FlawError(Message(flaw.value, {"term": _short(term), **{name: _short(one) for name, one in places.items()}}))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _check_characters(term: str) -> None:
    if not term.isascii() or _ESCAPED.search(term):
        _wrong(Flaw.NON_ASCII, term)
    if any(character < "!" or character > "~" for character in term):
        _wrong(Flaw.CONTROL, term)


def _modifier(term: str, name: str, value: str) -> Modifier:
    if name in ("redirect", "exp"):
        _check_domain(term, value)
    else:
        for _ in _tokens(term, value, letters=f"{_LETTERS}crt"):
            pass
    return Modifier(term, name, value)


def _repeated(modifiers: list[Modifier]) -> Iterator[Message]:
    """Only the two that SPF knows may not be repeated (RFC 7208 6)."""
    for name in ("redirect", "exp"):
        found = [one for one in modifiers if one.name == name]
        if len(found) > 1:
            yield Message(Flaw.TWICE.value, {"term": _short(found[1].text), "name": name})


def _mechanism(term: str) -> Mechanism:
    written = term[0] if term[0] in "+-~?" else ""
    name, *others = _AFTER_NAME.split(term.removeprefix(written), maxsplit=1)
    qualifier, name, rest = written or "+", name.lower(), "".join(others)
    if name not in _MECHANISMS:
        if written and rest.startswith("="):
            _wrong(Flaw.QUALIFIED, term)
        _unknown(term, name, rest)
    if rest.startswith("="):
        _wrong(Flaw.COLON, term)
    if name == "all":
        if rest:
            _wrong(Flaw.ARGUMENT, term)
        return Mechanism(term, qualifier, name)
    if name in ("ip4", "ip6"):
        return Mechanism(term, qualifier, name, network=_network(term, name, rest))
    return _by_name(term, qualifier, name, rest)


def _unknown(term: str, name: str, rest: str) -> NoReturn:
    meant = _SLIPS.get(name) or _SLIPS.get(name.rstrip(".,;"))
    if _IP4.fullmatch(name):
        meant = f"ip4:{name}{rest}"
    elif not meant and name.rstrip(".;") in _MECHANISMS:
        meant = name.rstrip(".;") + rest
    elif meant:
        meant += rest
    if meant:
        _wrong(Flaw.MEANT, term, meant=meant)
    _wrong(Flaw.UNKNOWN, term)


def _by_name(term: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """`a`, `mx`, `ptr`, `include`, `exists`: a domain, which three may leave out; `a` and `mx` may have prefixes."""
    prefix4, prefix6 = 32, 128
    if name in ("a", "mx"):
        rest, prefix6 = _prefix(term, rest, _PREFIX6, 128)
        rest, prefix4 = _prefix(term, rest, _PREFIX4, 32)
    if rest.startswith("/"):
        _wrong(Flaw.PREFIX if name in ("a", "mx") else Flaw.NO_PREFIX, term, length=rest.strip("/"), most="32")
    if not rest:
        if name in ("include", "exists"):
            _wrong(Flaw.NO_DOMAIN, term)
        return Mechanism(term, qualifier, name, None, None, prefix4, prefix6)
    domain = rest.removeprefix(":")
    _check_domain(term, domain)
    return Mechanism(term, qualifier, name, domain, None, prefix4, prefix6)


def _prefix(term: str, rest: str, pattern: re.Pattern[str], most: int) -> tuple[str, int]:
    match = pattern.search(rest)
    if match is None:
        return rest, most
    if not _NUMBER.fullmatch(match[1]) or int(match[1]) > most:
        _wrong(Flaw.PREFIX, term, length=match[1], most=str(most))
    return rest[: match.start()], int(match[1])


def _network(term: str, name: str, rest: str) -> IPNetwork:
    most = 32 if name == "ip4" else 128
    address, slash, length = rest.removeprefix(":").partition("/")
    is_ip4, is_ip6 = _IP4.fullmatch(address) is not None, _is_ip6(address)
    if name == "ip4" and is_ip6:
        _wrong(Flaw.WANTS_IP6, term)
    if name == "ip6" and is_ip4:
        _wrong(Flaw.WANTS_IP4, term)
    if not rest.startswith(":") or not (is_ip4 or is_ip6):
        _wrong(Flaw.NO_IP4 if name == "ip4" else Flaw.NO_IP6, term)
    if slash and (not _NUMBER.fullmatch(length) or int(length) > most):
        _wrong(Flaw.PREFIX, term, length=length, most=str(most))
    return ipaddress.ip_network(f"{address}/{length or most}", strict=False)


def _is_ip6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def _check_domain(term: str, domain: str) -> None:
    """A domain-spec: its macros are known, and it ends in a top label or in a macro."""
    if not domain:
        _wrong(Flaw.NO_DOMAIN, term)
    *_, last = _tokens(term, domain, letters=_LETTERS)
    if last.startswith("%"):
        return
    _, dot, label = last.removesuffix(".").rpartition(".")
    if dot and _TOP_LABEL.fullmatch(label):
        return
    if _IP4.fullmatch(domain.partition("/")[0]) or _is_ip6(domain.partition("/")[0]):
        _wrong(Flaw.ADDRESS, term)
    if _PREFIX4.search(domain):
        _wrong(Flaw.NO_PREFIX, term)
    _wrong(Flaw.NOT_QUALIFIED, term)


def _tokens(term: str, text: str, letters: str) -> list[str]:
    """The macros and the runs of literal characters of a macro-string."""
    tokens = _TOKEN.findall(text)
    for token in tokens:
        if token[0] == "%" and token not in ("%%", "%_", "%-"):
            match = _MACRO.fullmatch(token)
            known = match is not None and match[1].lower() in letters
            if match is None or not known or (match[2] and (len(match[2]) > _MANY_DIGITS or int(match[2]) == 0)):
                _wrong(Flaw.MACRO, term, macro=token)
    return tokens
