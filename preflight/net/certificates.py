"""What a certificate says, read whether it can be trusted or not.

The standard library tells the contents of a certificate only where it was verified. The faulty ones are those that
matter here, so that the reading is done by `cryptography`.
"""

import ipaddress
from typing import TYPE_CHECKING

from preflight.net.smtp import Certificate

if TYPE_CHECKING:
    from cryptography import x509


def read_certificate(der: bytes) -> Certificate | None:
    """A certificate from its DER form; `None` for one that is broken or uses what no library reads."""
    from cryptography import x509  # here and not above: few runs need it, and it takes a moment
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    try:
        found = x509.load_der_x509_certificate(der)
        match key := found.public_key():
            case rsa.RSAPublicKey():
                kind, bits = "RSA", key.key_size
            case ec.EllipticCurvePublicKey():
                kind, bits = "EC", key.key_size
            case dsa.DSAPublicKey():
                kind, bits = "DSA", key.key_size
            case _:  # Ed25519 and Ed448 come in one size each, and both are enough
                kind, bits = "EdDSA", 256
        alternatives = _alternatives(found)
        names = alternatives.get_values_for_type(x509.DNSName) if alternatives is not None else []
        values = alternatives.get_values_for_type(x509.IPAddress) if alternatives is not None else []
        return Certificate(
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            names=tuple(names),
            addresses=tuple(one for one in values if isinstance(one, ipaddress.IPv4Address | ipaddress.IPv6Address)),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            key=kind,
            bits=bits,
        )
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm):
        return None


def _alternatives(found: "x509.Certificate") -> "x509.SubjectAlternativeName | None":
    from cryptography import x509

    try:
        return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
