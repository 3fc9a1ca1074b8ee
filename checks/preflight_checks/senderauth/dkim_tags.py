"""Lists of `tag=value`: the form of DKIM-Signature fields, of key records, and of ARC fields (RFC 6376 3.2)."""

import base64
import binascii
import re
from collections.abc import Mapping

import idna

from preflight.text import Message

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"[\x20-\x3a\x3c-\x7e\t\r\n\u0080-\U0010ffff]*")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_SPACE = re.compile(r"[ \t\r\n]+")
_SHOWN = 60  # characters of a tag that a sentence shows


def read_tags(text: str) -> Mapping[str, str] | Message:
    """The tags of a list in their order, white space around names and values removed; or what is wrong with it.

    Names are told apart by their case. Takes any text.
    """
    found: dict[str, str] = {}
    pieces = text.split(";")
    if len(pieces) > 1 and not pieces[-1].strip():
        pieces.pop()  # a last semicolon is allowed
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name, value = name.strip(" \t\r\n"), value.strip(" \t\r\n")
        if not equals or not _NAME.fullmatch(name):
            return Message("it has something that is no tag=value: {piece}", {"piece": _short(piece.strip() or ";")})
        if name in found:
            return Message("it has the tag {tag}= twice", {"tag": _short(name)})
        if not _VALUE.fullmatch(value):
            return Message("the tag {tag}= has a control character in it", {"tag": _short(name)})
        found[name] = value
    return found


def read_base64(text: str) -> bytes | None:
    """The octets of a value in base64, white space in it passed over; `None` for what is none."""
    try:
        return base64.b64decode(unfolded(text), validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return None


def unfolded(text: str) -> str:
    """A value without the white space that folding may have put anywhere in it."""
    return _SPACE.sub("", text)


def read_domain(text: str) -> str | None:
    """A domain of d=, s= or i= as DNS has it: lower case, in A-labels (RFC 8616 4); `None` for what is no domain."""
    name = text
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(name) > 253 or not all(len(label) <= 63 and _LABEL.fullmatch(label) for label in name.split(".")):
        return None
    return name.lower()


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
