"""Signed messages, and the keys to them. The keys under tests/data/dkim are made for these tests and used nowhere."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

KEYS = Path(__file__).parents[1] / "data" / "dkim"
ED25519 = base64.b64encode(bytes(range(32)))
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DOMAIN = "example.com"
KEY = f"TXT s1._domainkey.{DOMAIN}"
ED_KEY = f"TXT ed._domainkey.{DOMAIN}"

PLAIN = b"""From: Anna <anna@example.com>\r
To: Ben <ben@example.net>\r
Subject: The minutes of Tuesday\r
Date: Tue, 24 Nov 2026 12:00:00 +0000\r
Message-ID: <1@example.com>\r
\r
Dear Ben,\r
\r
From now on we meet on Tuesdays.\r
...and at ten.\r
\r
Anna\r
"""


def public(bits: int) -> str:
    """p= of the RSA key of so many bits."""
    key = load_pem_private_key((KEYS / f"rsa-{bits}.pem").read_bytes(), None)
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def record(bits: int = 2048, tags: str = "") -> str:
    """The key record of an RSA key, with more tags such as `t=y; `."""
    return f"v=DKIM1; k=rsa; {tags}p={public(bits)}"


def ed_record() -> str:
    """The key record of the Ed25519 key."""
    import nacl.encoding
    import nacl.signing

    key = nacl.signing.SigningKey(ED25519, encoder=nacl.encoding.Base64Encoder)
    return f"v=DKIM1; k=ed25519; p={key.verify_key.encode(encoder=nacl.encoding.Base64Encoder).decode()}"


def signature(
    message: bytes = PLAIN,
    *,
    bits: int = 2048,
    domain: str = DOMAIN,
    selector: str = "s1",
    algorithm: str = "rsa-sha256",
    canonicalize: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    identity: str | None = None,
    headers: Sequence[bytes] = (b"from", b"to", b"subject", b"date"),
    length: bool = False,
) -> bytes:
    """A DKIM-Signature field for a message, with its line break, as dkimpy signs."""
    key = ED25519 if algorithm.startswith("ed25519") else (KEYS / f"rsa-{bits}.pem").read_bytes()
    made: bytes = dkim.DKIM(message).sign(
        selector.encode(), domain.encode(), key, algorithm.encode(), identity.encode() if identity else None,
        canonicalize, list(headers), length,
    )  # fmt: skip
    return made


def signed(message: bytes = PLAIN, **options: object) -> bytes:
    """A message with its signature before it."""
    return signature(message, **options) + message  # type: ignore[arg-type]


def resigned(field: bytes, message: bytes = PLAIN, *, bits: int = 2048, headers: Sequence[bytes] = (b"from",)) -> bytes:
    """A message before which stands the given field (without its value of b=), signed as it is: relaxed, with RSA.

    For what dkimpy does not sign: fields with x=, without From, with tags in a form of their own.
    """
    from dkim import HASH_ALGORITHMS, RSASSA_PKCS1_v1_5_sign, hash_headers, parse_pem_private_key
    from dkim.canonicalization import CanonicalizationPolicy

    form = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    parsed, body = dkim.rfc822_parse(message)
    digest = HASH_ALGORITHMS[b"rsa-sha256"](form.canonicalize_body(body)).digest()
    value = field.replace(b"BH", base64.b64encode(digest)) + b" b="
    hashed = HASH_ALGORITHMS[b"rsa-sha256"]()
    hash_headers(hashed, form, form.canonicalize_headers(parsed), list(headers), (b"DKIM-Signature", value), {})
    key = parse_pem_private_key((KEYS / f"rsa-{bits}.pem").read_bytes())
    return b"DKIM-Signature:" + value + base64.b64encode(bytes(RSASSA_PKCS1_v1_5_sign(hashed, key))) + b"\r\n" + message
