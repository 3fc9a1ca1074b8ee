"""TLSA records for SMTP, and whether the certificates of a server keep what they promise (RFC 6698, 7671, 7672)."""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from preflight.net.certificates import read_certificate
from preflight.net.smtp import Certificate
from preflight.text import Message

if TYPE_CHECKING:
    from cryptography import x509

TRUST_ANCHOR, END_ENTITY = 2, 3
"""The two usages that SMTP takes: DANE-TA and DANE-EE (RFC 7672 3.1)."""
_WHOLE_CERTIFICATE, _PUBLIC_KEY = 0, 1  # selectors (RFC 6698 2.1.2)
_WHOLE = 0  # the matching type without a digest (RFC 6698 2.1.3)
_DIGESTS = {1: ("sha256", 32), 2: ("sha512", 64)}  # matching types, and the octets of each
_PKIX = {0: "PKIX-TA(0)", 1: "PKIX-EE(1)"}
_RECORD = re.compile(r"([0-9]{1,3}) ([0-9]{1,3}) ([0-9]{1,3}) ([0-9A-Fa-f ]+)")
_GENERIC = re.compile(r"\\# [0-9]+ ([0-9A-Fa-f ]+)")  # RFC 3597 5: how a record comes that is no TLSA record
_MOST = 20  # certificates that a server sent, of those that are followed


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A record that SMTP can use: `usage` 2 or 3, `selector` 0 (certificate) or 1 (its key), `matching` 0 to 2."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        """As people write it, the data cut short: `3 1 1 a1b2c3d4…`."""
        shown = self.data.hex()
        return f"{self.usage} {self.selector} {self.matching} {shown[:16]}{'…' if len(shown) > 16 else ''}"


def read_tlsa(text: str) -> Tlsa | Message:
    """A record from its master-file form, or the generic one; or why senders pass it over. Takes any text."""
    match = _RECORD.fullmatch(_written_out(text))
    if match is None:
        return Message("it cannot be read")
    usage, selector, matching = (int(match[at]) for at in (1, 2, 3))
    digits = match[4].replace(" ", "")
    if usage in _PKIX:
        return Message("its usage {usage} is not for SMTP, which takes 2 and 3 alone", {"usage": _PKIX[usage]})
    if usage not in (TRUST_ANCHOR, END_ENTITY):
        return Message("its usage {usage} is unknown", {"usage": str(usage)})
    if selector not in (_WHOLE_CERTIFICATE, _PUBLIC_KEY):
        return Message("its selector {selector} is unknown", {"selector": str(selector)})
    if matching != _WHOLE and matching not in _DIGESTS:
        return Message("its matching type {matching} is unknown", {"matching": str(matching)})
    if len(digits) % 2:
        return Message("it has an odd number of hexadecimal digits")
    data = bytes.fromhex(digits)
    if matching in _DIGESTS and len(data) != _DIGESTS[matching][1]:
        name, size = _DIGESTS[matching]
        args = {"count": str(len(data)), "digest": name.upper().replace("SHA", "SHA-"), "size": str(size)}
        return Message("it has {count} octets, and {digest} has {size}", args)
    return Tlsa(usage, selector, matching, data)


def _written_out(text: str) -> str:
    """The master-file form of a record in the generic one; what is none as it is."""
    match = _GENERIC.fullmatch(text)
    digits = match[1].replace(" ", "") if match else ""
    if len(digits) < 8:  # not even an octet of data behind the three numbers
        return text
    return f"{int(digits[:2], 16)} {int(digits[2:4], 16)} {int(digits[4:6], 16)} {digits[6:]}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparing came to: `kept`, broken for a reason, or not to be told (`kept` is `None`) for a reason."""

    kept: bool | None
    why: Message | None = None


def compare(records: Iterable[Tlsa], sent: Sequence[bytes], names: Collection[str], now: datetime) -> Outcome:
    """Whether the certificates that a server sent (in DER form, its own first) keep one of the records.

    `names` are those that a certificate below a trust anchor may be for (RFC 7672 3.2.2); one that is named itself
    needs neither a name nor a date (RFC 7671 5.1).
    """
    outcomes = [_compare(record, sent, names, now) for record in dict.fromkeys(records)]
    for kept in (True, None):
        for outcome in outcomes:
            if outcome.kept is kept:
                return outcome
    return outcomes[0] if outcomes else Outcome(None)


def _compare(record: Tlsa, sent: Sequence[bytes], names: Collection[str], now: datetime) -> Outcome:
    from cryptography import x509  # here and not above: few runs need it, and it takes a moment

    try:
        chain = [x509.load_der_x509_certificate(der) for der in sent]
        if not chain:
            return Outcome(None, Message("no certificate came to compare with"))
        if record.usage == END_ENTITY:
            if _matches(record, chain[0]):
                return Outcome(kept=True)
            return Outcome(False, Message("{record} names another certificate", {"record": str(record)}))
        return _below_anchor(record, chain, read_certificate(sent[0]), names, now)
    except (ValueError, TypeError) as error:  # broken, or of a kind that no library reads
        return Outcome(None, Message("a certificate cannot be read: {error}", {"error": str(error)[:80]}))


def _matches(record: Tlsa, certificate: "x509.Certificate") -> bool:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if record.selector == _WHOLE_CERTIFICATE:
        octets = certificate.public_bytes(Encoding.DER)
    else:
        octets = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if record.matching == _WHOLE:
        return octets == record.data
    return hashlib.new(_DIGESTS[record.matching][0], octets).digest() == record.data


def _below_anchor(
    record: Tlsa, chain: "Sequence[x509.Certificate]", own: Certificate | None, names: Collection[str], now: datetime
) -> Outcome:
    """Whether the server's certificate was issued below the anchor that the record names (RFC 7672 3.1.2)."""
    from cryptography import x509

    told = {"record": str(record)}
    pool = chain[1:]
    if record.matching == _WHOLE and record.selector == _WHOLE_CERTIFICATE:
        pool = [*pool, x509.load_der_x509_certificate(record.data)]  # the anchor itself stands in the record
    anchors = [one for one in pool if _matches(record, one)]
    if not anchors:
        if record.matching == _WHOLE:  # a bare key, whose certificate need not be sent
            return Outcome(None, Message("{record} holds a bare key, which is not compared here", told))
        return Outcome(False, Message("{record} names an authority that is not among the certificates sent", told))
    path = _path(chain[0], pool, anchors)
    if path is None:
        return Outcome(False, Message("the certificate was not issued below the authority that {record} names", told))
    if any(not one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in path):
        return Outcome(False, Message("a certificate below the authority that {record} names is not valid today", told))
    if own is None or not any(own.is_for(name) for name in names):
        wanted = {**told, "names": ", ".join(names)}
        return Outcome(False, Message("the certificate is not for {names}, as {record} asks", wanted))
    return Outcome(kept=True)


def _path(
    leaf: "x509.Certificate", pool: "Sequence[x509.Certificate]", anchors: "Sequence[x509.Certificate]"
) -> "Sequence[x509.Certificate] | None":
    """The certificates from the server's own up to an anchor, each signed by the next; the shortest such way."""
    ways = [[leaf]]
    unseen = list(dict.fromkeys((*anchors, *pool[:_MOST])))
    for way in ways:  # grows as it is walked
        for issuer in [one for one in unseen if _issued(way[-1], one)]:
            unseen.remove(issuer)
            ways.append([*way, issuer])
            if issuer in anchors:
                return ways[-1]
    return None


def _issued(certificate: "x509.Certificate", issuer: "x509.Certificate") -> bool:
    """Whether a certificate was signed by an issuer that may sign any (RFC 5280 4.2.1.9)."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
        return _is_authority(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False


def _is_authority(certificate: "x509.Certificate") -> bool:
    from cryptography import x509

    if certificate.version is x509.Version.v1:  # from before there were extensions
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
