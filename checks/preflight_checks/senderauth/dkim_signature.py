"""One DKIM-Signature field, read by the grammar of RFC 6376 3.5 and with the demands of 6.1.1 on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from preflight.text import Message
from preflight_checks.senderauth.dkim_tags import read_base64, read_domain, read_tags

Algorithm = Literal["rsa-sha256", "rsa-sha1", "ed25519-sha256"]
ALGORITHMS: dict[Algorithm, int] = {"rsa-sha256": 32, "rsa-sha1": 20, "ed25519-sha256": 32}
"""Each algorithm, and the octets of a hash that it makes."""
MAX_FIELD = 16 * 1024  # octets of a signature field that is looked at; real ones have under 4,000
MAX_NAMES = 300  # names in h=; real ones have under 60
MAX_SPACE = 1000  # white space in a row, which patterns of dkimpy take time for that grows with its square

_ED25519_SIGNATURE = 64  # octets (RFC 8032 5.1.6)
_MANDATORY = ("v", "a", "b", "bh", "d", "h", "s")
_NUMBER = re.compile(r"[0-9]{1,20}")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_LONG_SPACE = re.compile(rb"[ \t\r\n]{%d}" % MAX_SPACE)


@dataclass(frozen=True, eq=False, kw_only=True)
class Signature:
    """A DKIM-Signature field. `number` counts those of the message from 1.

    `domain`, `selector`: as DNS has them. `header_form`, `body_form`: the canonicalization, `simple` or `relaxed`.
    `names`: the fields in h=, lower case, in order. `length`: l=. `signed_at`, `expires`: t= and x=, in seconds since
    1970. `identity`: the domain of i=.
    """

    number: int
    domain: str
    selector: str
    algorithm: Algorithm
    header_form: str
    body_form: str
    names: tuple[str, ...]
    body_hash: bytes = field(repr=False)
    value: bytes = field(repr=False)
    length: int | None = None
    signed_at: int | None = None
    expires: int | None = None
    identity: str = ""

    def __str__(self) -> str:
        return f"DKIM-Signature {self.number} ({self.domain}, {self.selector})"

    @property
    def key_name(self) -> str:
        """The name at which its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def is_beyond_limits(value: bytes) -> bool:
    """Whether a field is larger than is looked at: such a one is neither right nor wrong."""
    return len(value) > MAX_FIELD or _LONG_SPACE.search(value) is not None


def read_signature(number: int, value: bytes) -> Signature | Message:
    """What stands behind `DKIM-Signature:`, read; or what is wrong with it. Takes any octets."""
    tags = read_tags(value.decode("utf-8", "backslashreplace"))
    if isinstance(tags, Message):
        return tags
    for name in _MANDATORY:
        if name not in tags:
            return Message("it lacks the tag {tag}=", {"tag": name})
    return _version(tags) or _forms(tags) or _numbers(tags) or _read(number, tags)


def _unreadable(tags: Mapping[str, str], name: str) -> Message:
    return Message("its {tag}= cannot be read: {value}", {"tag": name, "value": tags[name][:60]})


def _version(tags: Mapping[str, str]) -> Message | None:
    if tags["v"] != "1":
        return _unreadable(tags, "v")
    if tags["a"] not in ALGORITHMS:
        return Message("its algorithm is none that verifiers know: {value}", {"value": tags["a"][:60]})
    if "q" in tags and "dns/txt" not in [one.strip() for one in tags["q"].split(":")]:
        return _unreadable(tags, "q")
    return None


def _forms(tags: Mapping[str, str]) -> Message | None:
    forms = tags.get("c", "simple").split("/")
    return _unreadable(tags, "c") if len(forms) > 2 or not {"simple", "relaxed"}.issuperset(forms) else None


def _numbers(tags: Mapping[str, str]) -> Message | None:
    broken = next((name for name in ("l", "t", "x") if name in tags and not _NUMBER.fullmatch(tags[name])), None)
    if broken is not None:
        return _unreadable(tags, broken)
    if {"t", "x"} <= tags.keys() and int(tags["x"]) <= int(tags["t"]):
        return Message("it expires (x=) before it was made (t=)")
    return None


def _read(number: int, tags: Mapping[str, str]) -> Signature | Message:
    algorithm = cast("Algorithm", tags["a"])
    domain, selector = read_domain(tags["d"]), read_domain(tags["s"])
    if domain is None or "." not in domain:
        return _unreadable(tags, "d")
    if selector is None:
        return _unreadable(tags, "s")
    names = tuple(one.strip(" \t\r\n").lower() for one in tags["h"].split(":"))
    if not all(_FIELD_NAME.fullmatch(name) for name in names):
        return _unreadable(tags, "h")
    body_hash, value = read_base64(tags["bh"]), read_base64(tags["b"])
    if body_hash is None or len(body_hash) != ALGORITHMS[algorithm]:
        return _unreadable(tags, "bh")
    if not value or (algorithm == "ed25519-sha256" and len(value) != _ED25519_SIGNATURE):
        return _unreadable(tags, "b")
    identity = read_domain(tags["i"].rpartition("@")[2]) if "i" in tags else domain
    if identity is None or ("i" in tags and "@" not in tags["i"]):
        return _unreadable(tags, "i")
    if identity != domain and not identity.endswith(f".{domain}"):
        return Message(
            "its i= is of {identity}, which is not under d={domain}", {"identity": identity, "domain": domain}
        )
    forms = (*tags.get("c", "simple").split("/"), "simple")
    return Signature(
        number=number,
        domain=domain,
        selector=selector,
        algorithm=algorithm,
        header_form=forms[0],
        body_form=forms[1],
        names=names,
        body_hash=body_hash,
        value=value,
        length=int(tags["l"]) if "l" in tags else None,
        signed_at=int(tags["t"]) if "t" in tags else None,
        expires=int(tags["x"]) if "x" in tags else None,
        identity=identity,
    )
