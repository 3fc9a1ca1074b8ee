"""What is left to dkimpy: canonical forms (RFC 6376 3.4), hashes, and the mathematics of signatures.

What it says of a signature's fields is not used: it does not ask for a signed From, takes a key for an algorithm that
it is not for, passes over h=, s= and t= of the key, and takes a body that is shorter than l=. Those demands are in
`dkim_signature` and `dkim_key`, which also keep from it whatever makes it raise or takes it long.
"""

import base64
import hashlib
import re

import dkim
from dkim.canonicalization import CanonicalizationPolicy

from preflight_checks.senderauth.dkim_key import Key
from preflight_checks.senderauth.dkim_message import Carried
from preflight_checks.senderauth.dkim_signature import Signature

MAX_BITS = 8192  # of a key that is calculated with: 10 ms at that and the largest exponent; dkimpy does it in Python
MAX_EXPONENT = 64  # bits of an RSA exponent; OpenSSL refuses larger ones with large keys

_HASHES = {"rsa-sha1": hashlib.sha1, "rsa-sha256": hashlib.sha256, "ed25519-sha256": hashlib.sha256}
_SPACES = re.compile(rb"[ \t]{2,}|\t")  # all but a single space, of which a text is full


def canonical_body(body: bytes, form: str) -> bytes:
    """The canonical form of a body, `simple` or `relaxed`."""
    if form == "relaxed":
        # What relaxed does in any case; dkimpy takes time that grows with the square of long white space.
        body = _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n")
    form_of_both = CanonicalizationPolicy.from_c_value(f"{form}/{form}".encode("ascii"))
    canonical: bytes = form_of_both.canonicalize_body(_one_empty_line(body))
    return canonical


def _one_empty_line(body: bytes) -> bytes:
    """A body with one CRLF in the place of all that it ends in, which both forms treat alike; dkimpy takes its time."""
    if not body.endswith(b"\r\n\r\n"):
        return body
    tail = len(body.rstrip(b"\r\n"))
    # Where the row of whole CRLFs begins: behind the last place at which two of the same follow each other.
    start = max(tail, body.rfind(b"\r\r", tail) + 1, body.rfind(b"\n\n", tail) + 1)
    start += body.startswith(b"\n", start)
    return body[:start] + b"\r\n"


def has_body_hash(canonical: bytes, signature: Signature) -> bool:
    """Whether the canonical body is the one that was signed, as far as l= goes."""
    return _HASHES[signature.algorithm](canonical[: signature.length]).digest() == signature.body_hash


def has_signature(carried: Carried, signature: Signature, key: Key) -> bool:
    """Whether the signature is that of the header. The body counts only by its hash, which the header carries."""
    one = dkim.DKIM(minkey=1)
    one.headers = [[name, value] for name, value in carried.fields]
    (place,) = (
        place
        for number, place in enumerate(place for place in one.headers if place[0].lower() == b"dkim-signature")
        if number == signature.number - 1
    )
    tags = {
        b"a": signature.algorithm.encode("ascii"),
        b"c": f"{signature.header_form}/{signature.body_form}".encode("ascii"),
        b"d": signature.domain.encode("ascii"),
        b"s": signature.selector.encode("ascii"),
        b"b": base64.b64encode(signature.value),
    }
    record = f"v=DKIM1; k={key.kind}; p={key.public}".encode("ascii")
    names = [name.encode("ascii") for name in signature.names]

    def published(_name: bytes, **_options: object) -> bytes:
        return record

    return bool(one.verify_sig(tags, names, tuple(place), published))
