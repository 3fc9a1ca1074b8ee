"""Content-Transfer-Encoding (RFC 2045 6): from what travels to what was meant."""

import binascii
import re
from io import BytesIO

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_MAX_PIECES = 1000
_CHUNK = 1024 * 1024
IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
"""Encodings that change nothing."""
_UUENCODE = frozenset({"uuencode", "x-uuencode", "uue", "x-uue"})
KNOWN_ENCODINGS = frozenset({"base64", "quoted-printable"}) | IDENTITY | _UUENCODE


def encoding_name(value: str) -> str:
    """The name in a Content-Transfer-Encoding field, lower case, without comments: `base64`. Empty for none."""
    return re.split(r"[\s;(]", value.strip().lower(), maxsplit=1)[0]


def decode_transfer(octets: bytes, encoding: str, start: int = 0, end: int | None = None) -> bytes | None:
    """Octets from `start` to `end` as they were before an encoding (a name as `encoding_name` gives it).

    Damage is passed over as mail readers do. `None` when nobody knows the encoding.
    """
    if encoding == "base64":
        return decode_base64(octets, start, end)
    octets = octets[start:end]
    if encoding in IDENTITY:
        return octets
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    if encoding in _UUENCODE:
        return _decode_uu(octets)
    return None


def decode_base64(octets: bytes, start: int = 0, end: int | None = None) -> bytes:
    """Base64 as lenient readers decode it: foreign octets are skipped (RFC 2045 6.8), padding may be missing, and text
    goes on after padding in the middle, since some programs encode in pieces.

    It goes through the octets in chunks, so that a large attachment is not kept several times over.
    """
    out = BytesIO()
    carry, pieces = b"", 0
    last = len(octets) if end is None else end
    for at in range(start, last, _CHUNK):
        digits = octets[at : min(at + _CHUNK, last)].translate(None, _NOT_BASE64)
        if b"=" in digits:
            left = max(0, _MAX_PIECES - pieces)
            *whole, digits = re.split(rb"=+", digits, maxsplit=left) if left else [digits]
            pieces += len(whole)
            for piece in whole:
                out.write(binascii.a2b_base64(_whole(carry + piece)))
                carry = b""
            digits = digits.replace(b"=", b"")
        digits = carry + digits
        cut = len(digits) - len(digits) % 4
        out.write(binascii.a2b_base64(digits[:cut]))
        carry = digits[cut:]
    out.write(binascii.a2b_base64(_whole(carry)))
    return out.getvalue()


def _whole(piece: bytes) -> bytes:
    """A piece of base64 without a lone last digit, which stands for no octet, and with its padding."""
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return piece + b"=" * (-len(piece) % 4)


def _decode_uu(octets: bytes) -> bytes:
    """The octets between `begin` and `end` (POSIX uuencode); lines that are damaged are passed over."""
    found = re.search(rb"^begin [0-7]{3,4} [^\n]*\n", octets, re.MULTILINE)
    pieces: list[bytes] = []
    for line in octets[found.end() if found else 0 :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line == b"end":
            break
        if not line:
            continue  # binascii takes an empty line for 32 octets
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(pieces)
