"""Content-Transfer-Encoding (RFC 2045 6): from what travels to what was meant."""

import binascii
import re

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_MAX_PIECES = 1000
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_UUENCODE = frozenset({"uuencode", "x-uuencode", "uue", "x-uue"})
KNOWN_ENCODINGS = frozenset({"base64", "quoted-printable"}) | _IDENTITY | _UUENCODE


def encoding_name(value: str) -> str:
    """The name in a Content-Transfer-Encoding field, lower case, without comments: `base64`. Empty for none."""
    return re.split(r"[\s;(]", value.strip().lower(), maxsplit=1)[0]


def decode_transfer(octets: bytes, encoding: str) -> bytes | None:
    """Octets as they were before an encoding (a name as `encoding_name` gives it).

    Damage is passed over as mail readers do. `None` when nobody knows the encoding.
    """
    if encoding in _IDENTITY:
        return octets
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    if encoding in _UUENCODE:
        return _decode_uu(octets)
    return None


def decode_base64(octets: bytes) -> bytes:
    """Base64 as lenient readers decode it: foreign octets are skipped (RFC 2045 6.8), padding may be missing, and text
    goes on after padding in the middle, since some programs encode in pieces."""
    digits = octets.translate(None, _NOT_BASE64).rstrip(b"=")
    if b"=" not in digits:
        return binascii.a2b_base64(_whole(digits))
    pieces = re.split(rb"=+", digits, maxsplit=_MAX_PIECES)
    pieces[-1] = pieces[-1].replace(b"=", b"")
    return b"".join(binascii.a2b_base64(_whole(piece)) for piece in pieces)


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
