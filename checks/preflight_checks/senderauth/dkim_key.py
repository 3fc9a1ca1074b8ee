"""The public key of a selector: found in DNS, read by RFC 6376 3.6.1, RFC 8301 and RFC 8463."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from preflight.findings import Evidence
from preflight.net.dns import Answer, Resolver
from preflight.text import Message
from preflight_checks.senderauth.dkim_signature import Signature
from preflight_checks.senderauth.dkim_tags import read_base64, read_tags

SHORTEST = 1024
"""Bits of an RSA key below which a verifier must not take a signature (RFC 8301 3.2)."""
RECOMMENDED = 2048
"""Bits that a signer should use (RFC 8301 3.2)."""
LONGEST = 4096
"""Bits that a verifier must be able to handle; it may refuse more (RFC 8301 3.2)."""

_ED25519_KEY = 32  # octets (RFC 8463 4.2)
_MAIL_SERVICES = frozenset({"*", "email"})


class KeyFault(StrEnum):
    """Why there is no key to verify with."""

    MISSING = "missing"
    REVOKED = "revoked"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key. `public`: p= without white space. `exponent`: bits of an RSA key's public exponent, 0 for others.

    `hashes`: h=, empty for any. `testing`: t=y. `strict`: t=s, the domain of i= must be d= itself.
    """

    kind: Literal["rsa", "ed25519"]
    bits: int
    public: str
    exponent: int = 0
    hashes: frozenset[str] = frozenset()
    testing: bool = False
    strict: bool = False

    def refuses(self, signature: Signature) -> Message | None:
        """Why a signature may not be made with this key, or `None` (RFC 6376 6.1.2, steps 4 to 9)."""
        kind, _, hash_name = signature.algorithm.rpartition("-")
        if kind != self.kind:
            return Message(
                "the signature is of {algorithm}, and the key is one of {kind}",
                {"algorithm": signature.algorithm, "kind": self.kind},
            )
        if self.hashes and hash_name not in self.hashes:
            return Message(
                "h= of the key allows {allowed}, and the signature uses {used}",
                {"allowed": ", ".join(sorted(self.hashes)), "used": hash_name},
            )
        if self.strict and signature.identity != signature.domain:
            return Message(
                "t=s of the key forbids an i= in a sub-domain, and it is of {identity}",
                {"identity": signature.identity},
            )
        return None


@dataclass(frozen=True, slots=True)
class NoKey:
    """That a name has no usable key, and why."""

    fault: KeyFault
    problem: Message


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up of a key came to, and the answer of DNS."""

    name: str
    answer: Answer
    key: Key | NoKey

    @property
    def evidence(self) -> Evidence:
        """The question and its answer."""
        return self.answer.evidence


async def find_key(dns: Resolver, name: str) -> Found:
    """The key at `selector._domainkey.domain`. Raises `Unanswered`."""
    answer = await dns.confirmed(name, "TXT")
    return Found(name, answer, key_of(answer))


def key_of(answer: Answer) -> Key | NoKey:
    """The key in an answer to a TXT question. Takes records of any text.

    Records beside the key that are none (a wildcard's SPF record) are passed over; of two keys a verifier may take
    either (RFC 6376 3.6.2.2), so that neither can be relied on.
    """
    if not answer:
        return NoKey(KeyFault.MISSING, Message("there is no TXT record at {name}", {"name": answer.question.name}))
    keys = [text for text in answer.values if _is_key(text)]
    if len(keys) > 1:
        return _invalid(Message("there are {count} keys, of which a verifier takes any one", {"count": str(len(keys))}))
    return read_key(keys[0] if keys else answer.values[0])


def has_key(answer: Answer) -> bool:
    """Whether an answer has a record that is meant to be a key."""
    return any(_is_key(text) for text in answer.values)


def _is_key(text: str) -> bool:
    tags = read_tags(text)
    return not isinstance(tags, Message) and "p" in tags


def read_key(text: str) -> Key | NoKey:
    """The key in a record. Takes any text."""
    tags = read_tags(text)
    if isinstance(tags, Message):
        return _invalid(tags)
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        return _invalid(Message("its v= is not DKIM1, or is not the first tag", {}))
    if "p" not in tags:
        return _invalid(Message("it lacks the tag {tag}=", {"tag": "p"}))
    kind = tags.get("k", "rsa")
    if kind not in ("rsa", "ed25519"):
        return _invalid(Message("its k= is a kind of key that verifiers do not know: {value}", {"value": kind[:60]}))
    if _MAIL_SERVICES.isdisjoint(_listed(tags, "s", "*")):
        return _invalid(Message("its s= keeps it for other things than mail: {value}", {"value": tags["s"][:60]}))
    if not tags["p"]:
        return NoKey(KeyFault.REVOKED, Message("its p= is empty: the key was revoked", {}))
    octets = read_base64(tags["p"])
    if octets is None:
        return _invalid(Message("its p= is no base64", {}))
    return _ed25519(octets, tags) if kind == "ed25519" else _rsa(octets, tags)


def _invalid(problem: Message) -> NoKey:
    return NoKey(KeyFault.INVALID, problem)


def _listed(tags: Mapping[str, str], name: str, default: str = "") -> frozenset[str]:
    """The words of a value that is divided by colons."""
    return frozenset(word.strip(" \t\r\n") for word in tags.get(name, default).split(":")) - {""}


def _ed25519(octets: bytes, tags: Mapping[str, str]) -> Key | NoKey:
    if len(octets) != _ED25519_KEY:
        return _invalid(Message("its p= has {count} octets; an Ed25519 key has 32", {"count": str(len(octets))}))
    return _key("ed25519", 256, octets, tags)


def _rsa(octets: bytes, tags: Mapping[str, str]) -> Key | NoKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # here and not above: most runs see no key
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        return _invalid(Message("its p= is no RSA key", {}))
    return _key("rsa", key.key_size, octets, tags, exponent=key.public_numbers().e.bit_length())


def _key(
    kind: Literal["rsa", "ed25519"], bits: int, octets: bytes, tags: Mapping[str, str], *, exponent: int = 0
) -> Key:
    flags = _listed(tags, "t")
    return Key(
        kind=kind,
        bits=bits,
        public=base64.b64encode(octets).decode("ascii"),
        exponent=exponent,
        hashes=_listed(tags, "h"),
        testing="y" in flags,
        strict="s" in flags,
    )
