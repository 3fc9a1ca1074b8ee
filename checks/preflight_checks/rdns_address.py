"""Finds an address in a name: `pool-192-0-2-10`, `p0a0200c0`, `10.2.0.192.rev`, nibbles of IPv6. Pure."""

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from preflight.net.addresses import IPAddress

_RUN = re.compile(r"[0-9]+")
_TOKEN = re.compile(r"[0-9a-z]+")
_HEX_WORD = re.compile(r"[0-9a-f]+")
_SEPARATOR = re.compile(r"[-._]")
_SERIAL = re.compile(r"[0-9]{3,}")
_LONG_HEX = re.compile(r"[0-9a-f]{8,}")
_LETTER_BY_DIGIT = re.compile(r"[0-9][a-z]|[a-z][0-9]")
_MIN_JOINED = 7  # digits; fewer, and a number is equal to the joined octets by chance
_MIN_THREE = 5  # digits of three octets in a row; 1, 2, 3 in a row are no sign of anything
_MIN_SCATTERED = 6  # digits of three octets that stand apart
_MANY_RUNS = 64  # numbers that are looked at; a name in DNS has at most 127
_MIN_BASE = 6  # digits in base 32 or 36; an address has 6 or 7 of them
_ALPHABETS = (
    (36, "0123456789abcdefghijklmnopqrstuvwxyz"),
    (32, "0123456789abcdefghijklmnopqrstuv"),  # RFC 4648, section 7: the digits of base 32 go on as those of base 16 do
    (32, "0123456789abcdefghjkmnpqrstvwxyz"),  # Crockford: without i, l, o, u
)


class Share(IntEnum):
    """How much of the address a name has, for comparing: the more, the less it can be chance."""

    NONE = 0
    LAST = 1
    """The last octet only, which is any small number."""
    TWO = 2
    """The two low octets, three octets that stand apart, or the low bits of an IPv6 address."""
    THREE = 3
    """Three octets in a row, or the network half of an IPv6 address."""
    FULL = 4
    """All of it."""


class Embedded(NamedTuple):
    """The share of the address that a name has, and the text in the name that shows it."""

    share: Share
    text: str = ""


NOTHING = Embedded(Share.NONE)


def embedded(name: str, ip: IPAddress) -> Embedded:
    """How much of an address is in a name (lower case), in any of the usual spellings.

    IPv4: octets in any order and with any separators, padded with zeros, run together, as one decimal or hexadecimal
    number either way round, as four hexadecimal octets, as a number in base 32 or 36. IPv6: nibbles either way round,
    groups with hyphens or dots, shortened or not.
    """
    return _embedded_v4(name, ip) if isinstance(ip, IPv4Address) else _embedded_v6(name, ip)


def has_serial(text: str) -> bool:
    """Whether a text has a number of three digits or more, or a long hexadecimal one (a hardware address, say)."""
    return _SERIAL.search(text) is not None or any(not word.isalpha() for word in _LONG_HEX.findall(text))


def _embedded_v4(name: str, ip: IPv4Address) -> Embedded:
    packed = ip.packed
    octets = list(packed)
    runs = _RUN.findall(name)[:_MANY_RUNS]
    numbers = [int(run) if len(run) <= 3 else -1 for run in runs]
    if len(runs) >= 4 and (text := _four(name, numbers, octets)):
        return Embedded(Share.FULL, text)
    if text := _joined(runs, octets) or _hex(name, packed) or _based(name, int(ip)):
        return Embedded(Share.FULL, text)
    return _three(name, runs, numbers, packed) or _less(name, runs, numbers, octets)


def _between(name: str, first: int, last: int) -> str:
    """The text from one number of the name to another, by their places among the numbers."""
    runs = list(_RUN.finditer(name))
    return name[runs[first].start() : runs[last].end()]


def _four(name: str, numbers: Sequence[int], octets: list[int]) -> str:
    wanted = sorted(octets)
    for at in range(len(numbers) - 3):
        if numbers[at] in wanted and sorted(numbers[at : at + 4]) == wanted:
            return _between(name, at, at + 3)
    return ""


def _joined(runs: Sequence[str], octets: list[int]) -> str:
    """The octets padded to twelve digits, however these are split; joined as they are; or as one number."""
    digits = "".join(runs)
    if len(digits) < _MIN_JOINED:
        return ""
    wanted = sorted(octets)
    for text in runs:
        if len(text) == 12 and sorted(int(text[at : at + 3]) for at in range(0, 12, 3)) == wanted:
            return text
    for order in (octets, octets[::-1]):
        padded = "{:03d}{:03d}{:03d}{:03d}".format(*order)
        if padded in digits:
            return padded
        for text in ("{}{}{}{}".format(*order), str(int.from_bytes(bytes(order), "big"))):
            if len(text) >= _MIN_JOINED and text in runs:
                return text
    return ""


def _hex(name: str, packed: bytes) -> str:
    """Eight hexadecimal digits in a row (also behind a letter: `p0a0200c0`), or four labels of them."""
    forward, backward = packed.hex(), packed[::-1].hex()
    for text in (forward, backward):
        if text in name:
            return text
    if all(f"{octet:x}" in name for octet in packed):
        words = [word.zfill(2) for word in _SEPARATOR.split(name)]
        for text in (forward, backward):
            pairs = [text[at : at + 2] for at in range(0, 8, 2)]
            if any(four == pairs for four in _windows(words, 4, pairs[0])):
                return ".".join(pairs)
    return ""


def _based(name: str, number: int) -> str:
    """The address as a number in base 32 or 36."""
    if _LETTER_BY_DIGIT.search(name) is None:
        return ""
    if not any(len(token) >= _MIN_BASE and not token.isalpha() for token in _TOKEN.findall(name)):
        return ""
    for base, alphabet in _ALPHABETS:
        text, rest = "", number
        while rest:
            rest, digit = divmod(rest, base)
            text = alphabet[digit] + text
        if len(text) >= _MIN_BASE and text in name:
            return text
    return ""


def _three(name: str, runs: Sequence[str], numbers: Sequence[int], packed: bytes) -> Embedded | None:
    """Three octets in a row, from either end of the address and either way round; also padded, or in hexadecimal."""
    if len(runs) >= 3:
        high, low = list(packed[:3]), list(packed[1:])
        for order in (high, low, high[::-1], low[::-1]):
            for at in range(len(numbers) - 2):
                if numbers[at] == order[0] and numbers[at : at + 3] == order:
                    text = _between(name, at, at + 2)
                    if sum(map(str.isdigit, text)) >= _MIN_THREE:
                        return Embedded(Share.THREE, text)
    if long := [run for run in runs if len(run) >= 9]:
        high, low = list(packed[:3]), list(packed[1:])
        for order in (high, low, high[::-1], low[::-1]):
            padded = "{:03d}{:03d}{:03d}".format(*order)
            if any(padded in run for run in long):
                return Embedded(Share.THREE, padded)
    for text in (packed[1:].hex(), packed[:3].hex()):
        if text in name:
            return Embedded(Share.THREE, text)
    return None


def _less(name: str, runs: Sequence[str], numbers: Sequence[int], octets: list[int]) -> Embedded:
    low, turned = octets[2:], octets[:1:-1]
    for at in range(len(numbers) - 1):
        if numbers[at : at + 2] in (low, turned):
            return Embedded(Share.TWO, _between(name, at, at + 1))
    for pair in (low, turned):
        padded = "{:03d}{:03d}".format(*pair)
        if padded in runs:
            return Embedded(Share.TWO, padded)
    if len(runs) >= 3:
        left, found = list(octets), []
        for at, number in enumerate(numbers):
            if number in left:
                left.remove(number)
                found.append(at)
        if len(found) >= 3 and sum(len(runs[at]) for at in found) >= _MIN_SCATTERED:
            return Embedded(Share.TWO, _between(name, found[0], found[-1]))
    text = f"{octets[2]:02x}{octets[3]:02x}"
    if text in name and text in _HEX_WORD.findall(name):
        return Embedded(Share.TWO, text)
    if octets[3] in numbers:
        return Embedded(Share.LAST, runs[numbers.index(octets[3])])
    return NOTHING


def _embedded_v6(name: str, ip: IPv6Address) -> Embedded:
    nibbles = ip.packed.hex()
    compact = _SEPARATOR.sub("", name)
    for text in (nibbles, nibbles[::-1]):
        if text in compact:
            return Embedded(Share.FULL, text)
    hyphens = name.replace(".", "-").replace("_", "-")
    # Not by `exploded`: from Python 3.13 on it writes an IPv4-mapped address with dots.
    padded = [nibbles[at : at + 4] for at in range(0, 32, 4)]
    groups = [f"{int(group, 16):x}" for group in padded]
    for text in ("-".join(groups), ip.compressed.replace(":", "-").strip("-"), "-".join(padded)):
        if len(text) > 8 and _stands_alone(text, hyphens):
            return Embedded(Share.FULL, text)
    low = [group for group in groups[4:] if group != "0"]
    for text, share in (
        (nibbles[:16], Share.THREE),
        (nibbles[:12], Share.THREE),
        (nibbles[:16][::-1], Share.THREE),
        (nibbles[16:] if len(low) > 2 else "", Share.TWO),
    ):
        if text and text in compact:
            return Embedded(share, text)
    for text, share in (("-".join(groups[:4]), Share.THREE), ("-".join(groups[:3]), Share.THREE)):
        if len(text) > 8 and _stands_alone(text, hyphens):
            return Embedded(share, text)
    text = "-".join(groups[4:])
    if len(low) > 1 and _stands_alone(text, hyphens):
        return Embedded(Share.TWO, text)
    if groups[7] != "0" and groups[7] in _HEX_WORD.findall(name):
        return Embedded(Share.LAST, groups[7])
    return NOTHING


def _stands_alone(text: str, name: str) -> bool:
    """Whether a text is in a name with no further hexadecimal digit on either side."""
    return text in name and re.search(rf"(?<![0-9a-f]){re.escape(text)}(?![0-9a-f])", name) is not None


def _windows(items: list[str], size: int, first: str) -> Iterator[list[str]]:
    """Each run of `size` neighbours that begins with `first`."""
    for at in range(len(items) - size + 1):
        if items[at] == first:
            yield items[at : at + size]
