"""Chains of certificates for tests of DANE: an authority, one below it, and a mail server's."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_der(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def issue(
    name: str, by: Issued | None = None, *, days: float = 90, names: tuple[str, ...] = (), ca: bool = False
) -> Issued:
    """A certificate for a name, signed by itself or by another. `names`: its DNS names; `ca`: it may sign others."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by.certificate.subject if by else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names or (name,)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(by.key if by else key, hashes.SHA256())
    )
    return Issued(built, key)


def tlsa(usage: int, selector: int, matching: int, of: Issued) -> str:
    """The text of a TLSA record for a certificate."""
    octets = of.key_der if selector else of.der
    data = {0: octets.hex(), 1: hashlib.sha256(octets).hexdigest(), 2: hashlib.sha512(octets).hexdigest()}[matching]
    return f"{usage} {selector} {matching} {data}"


ROOT = issue("Root CA", ca=True)
MIDDLE = issue("Middle CA", ROOT, ca=True)
LEAF = issue("mail.example.com", MIDDLE)
OTHER = issue("Other CA", ca=True)
CHAIN = (LEAF.der, MIDDLE.der)
