"""What makes a text a host name that mail can be sent under. Shared by the checks of PTR, HELO and MX.

A `Fault` says what is wrong with a name, as a sentence to be used as the message of a finding:

    if fault := host_name_fault(name):
        yield RULE.fails(part, fault.sentence, answer.evidence, **fault.places)
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from preflight.subject import Subject

LOCAL = ("localhost", "localdomain", "local", "lan", "home", "internal", "intranet", "invalid", "corp")
"""Last labels that no public DNS has (RFC 6761, RFC 6762) or that only stand in private networks. The names for
examples and tests (`example`, `test`) are left out, so that these read like the real thing."""

MAX_NAME = 253
"""Characters of a name. RFC 5321 4.5.3.1.2 and RFC 1035 2.3.4 allow 255 octets on the wire of DNS, where each label has
an octet for its length and the root one more."""
MAX_LABEL = 63

# Faults of names found in DNS, and of HELO names that the grammar lets pass.
ROOT = "{name} is the root of DNS and no host"
REVERSE_TREE = "{name} is a name of the reverse tree and no host"
LOCAL_NAME = "{name} is a local name, which nobody outside can look up"
SINGLE_WORD = "{name} is a single word: it has no dot"
BAD_LABEL = "{name} has the label {label}, which is not made of letters, digits and inner hyphens"
NUMBER_LAST = "{name} ends in a number, as no name of the public DNS does"

# Faults by the grammar of RFC 5321 4.1.2 and 4.1.3.
EMPTY = "the name is empty"
NON_ASCII = "{name} has the character {character} outside ASCII; on the wire a name has its A-label form (xn--…)"
SPACE = "{name} has a space or a control character"
BROKEN_LITERAL = "{name} has brackets, yet is no address literal such as [192.0.2.25] or [IPv6:2001:db8::25]"
BARE_ADDRESS = "{name} is an IP address, where a host name belongs"
TRAILING_DOT = "{name} ends in a dot, which zone files need and SMTP does not allow"
EMPTY_LABEL = "{name} has an empty label: two dots in a row, or one in front"
LONG_LABEL = "{name} has a label of {length} characters; 63 is the most"
LONG_NAME = "the name has {length} characters; 253 is the most"
UNDERSCORE = "{name} has an underscore in the label {label}; host names have hyphens only"
OUTER_HYPHEN = "{name} has the label {label}, which begins or ends with a hyphen"
CHARACTER = "{name} has the character {character}; host names are made of letters, digits and inner hyphens"

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_INVALID = re.compile(r"[^a-z0-9.-]", re.IGNORECASE)
_SNUM = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IPV4 = re.compile(rf"{_SNUM}(?:\.{_SNUM}){{3}}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a name: a template of this module, and the texts for its places.

    The sentence has the name itself in its place `name` where it names it at all.
    """

    sentence: str
    places: Mapping[str, str]

    @property
    def in_public_dns(self) -> bool:
        """Whether the public DNS can have the name in spite of the fault: it breaks a rule of host names only."""
        return self.sentence == BAD_LABEL


def normal(name: str) -> str:
    """A DNS name for comparing: lower case, without its last dot (RFC 4343)."""
    return name.lower().removesuffix(".")


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once whatever its case, in the order and spelling of first sight."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(normal(name), name)
    return tuple(first.values())


def host_name_fault(name: str) -> Fault | None:
    """Why a name from DNS is no usable host name, or `None` when it is one.

    A usable name has at least two labels of letters, digits and inner hyphens (RFC 1123 2.1), is no part of the
    reverse tree, and does not end in a label that only private networks have.
    """
    labels = normal(name).split(".")
    if labels == [""]:
        return Fault(ROOT, {"name": name or "."})
    if labels[-1] == "arpa":
        return Fault(REVERSE_TREE, {"name": name})
    if labels[-1] in LOCAL or labels[0] == "localhost":
        return Fault(LOCAL_NAME, {"name": name})
    if len(labels) == 1:
        return Fault(SINGLE_WORD, {"name": name})
    for label in labels:
        if not _LABEL.fullmatch(label):
            return Fault(BAD_LABEL, {"name": name, "label": label})
    if labels[-1].isdecimal():
        return Fault(NUMBER_LAST, {"name": name})
    return None


def is_address_literal(text: str) -> bool:
    """Whether a text is an address literal of RFC 5321 4.1.3: `[192.0.2.25]` or `[IPv6:2001:db8::25]`.

    The general form `[tag:content]` is none: no tag but IPv6 was ever standardised.
    """
    if not (text.startswith("[") and text.endswith("]")):
        return False
    inner = text[1:-1]
    if _IPV4.fullmatch(inner):
        return True
    return inner[:5].lower() == "ipv6:" and _is_ipv6(inner[5:])


def domain_fault(text: str) -> Fault | None:
    """Why a text is no Domain of RFC 5321 4.1.2 and no address literal either, or `None` when it is one.

    Two things that the grammar alone would let pass are faults here, since receivers refuse them with 501: an IPv4
    address without brackets (every part of it is a label of digits), and what is longer than DNS allows.
    """
    if not text:
        return Fault(EMPTY, {})
    if not text.isascii():
        character = next(character for character in text if not character.isascii())
        return Fault(NON_ASCII, {"name": text, "character": f"U+{ord(character):04X}"})
    if any(character <= " " or character == "\x7f" for character in text):
        return Fault(SPACE, {"name": text})
    if text[0] == "[" or text[-1] == "]":
        return None if is_address_literal(text) else Fault(BROKEN_LITERAL, {"name": text})
    if _IPV4.fullmatch(text) or _is_ipv6(text):
        return Fault(BARE_ADDRESS, {"name": text})
    if len(text) > MAX_NAME:
        return Fault(LONG_NAME, {"length": str(len(text))})
    return _labels_fault(text)


def _labels_fault(text: str) -> Fault | None:
    labels = text.split(".")
    if text != "." and not labels[-1] and all(labels[:-1]):
        return Fault(TRAILING_DOT, {"name": text})
    if not all(labels):
        return Fault(EMPTY_LABEL, {"name": text})
    for label in labels:
        if len(label) > MAX_LABEL:
            return Fault(LONG_LABEL, {"name": text, "length": str(len(label))})
        if "_" in label:
            return Fault(UNDERSCORE, {"name": text, "label": label})
        if wrong := _INVALID.search(label):
            return Fault(CHARACTER, {"name": text, "character": wrong.group()})
        if not _LABEL.fullmatch(label):
            return Fault(OUTER_HYPHEN, {"name": text, "label": label})
    return None


def is_proper(name: str | None) -> bool:
    """Whether a name can stand in a HELO command and be looked up by everyone: the grammar and public DNS allow it."""
    return name is not None and domain_fault(name) is None and host_name_fault(name) is None


def repaired(text: str) -> str | None:
    """The proper name that a faulty one most likely means (`mail_1.example.com.` → `mail-1.example.com`), if any.

    Characters outside ASCII become A-labels (IDNA 2008 with the mapping of UTS 46).
    """
    name = text.strip()[: MAX_NAME + 1]
    if not name.isascii():
        name = _a_labels(name)
    labels = (label.strip("-") for label in name.replace("_", "-").split("."))
    name = ".".join(label for label in labels if label)
    return name if is_proper(name) else None


def suggested_name(subject: Subject) -> str:
    """A host name to put into advice: the HELO name or the host where they are proper ones, else one of the domain."""
    candidates = (subject.helo, subject.host, f"mail.{subject.domain}" if subject.domain else None)
    return next((name for name in candidates if name is not None and is_proper(name)), "mail.example.com")


def _a_labels(name: str) -> str:
    import idna  # here and not above: most names are ASCII already

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:  # the base of idna.IDNAError too
        return ""


def _is_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return address.scope_id is None
