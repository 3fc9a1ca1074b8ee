"""Finds an address in a name: `pool-192-0-2-10`, `p0a0200c0`, `10.2.0.192.rev`, nibbles of IPv6. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from preflight.net.addresses import IPAddress

Item = TypeVar("Item", int, str)

_RUN = re.compile(r"[0-9]+")
_HEX_WORD = re.compile(r"[0-9a-f]+")
_SERIAL = re.compile(r"[0-9]{3,}|(?=[a-f0-9]*[0-9])[a-f0-9]{8,}")
_MIN_JOINED = 7  # digits; fewer, and a number is equal to the joined octets by chance
_MIN_THREE = 5  # digits of three octets in a row; 1, 2, 3 in a row are no sign of anything


class Share(IntEnum):
    """How much of the address a name has, for comparing: the more, the less it can be chance."""

    NONE = 0
    LAST = 1
    """The last octet only, which is any small number."""
    TWO = 2
    """The two low octets, or the low bits of an IPv6 address."""
    THREE = 3
    """Three octets in a row, or the network half of an IPv6 address."""
    FULL = 4
    """All of it."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The share of the address that a name has, and the text in the name that shows it."""

    share: Share
    text: str = ""


NOTHING = Embedded(Share.NONE)


def embedded(name: str, ip: IPAddress) -> Embedded:
    """How much of an address is in a name (lower case), in any of the usual spellings.

    IPv4: octets in any order and with any separators, padded with zeros, run together, as one decimal or hexadecimal
    number either way round, as four hexadecimal octets. IPv6: nibbles either way round, groups with hyphens or dots,
    shortened or not.
    """
    return _embedded_v4(name, ip) if isinstance(ip, IPv4Address) else _embedded_v6(name, ip)


def has_serial(text: str) -> bool:
    """Whether a text has a number of three digits or more, or a long hexadecimal one (a hardware address, say)."""
    return _SERIAL.search(text) is not None


def _embedded_v4(name: str, ip: IPv4Address) -> Embedded:
    octets = [int(octet) for octet in ip.packed]
    runs = list(_RUN.finditer(name))
    if text := _four(name, runs, octets) or _joined(runs, octets) or _hex(name, octets):
        return Embedded(Share.FULL, text)
    numbers = [int(run.group()) if len(run.group()) <= 3 else -1 for run in runs]
    for at, three in _windows(numbers, 3):
        text = name[runs[at].start() : runs[at + 2].end()]
        in_a_row = three in (octets[:3], octets[:3][::-1], octets[1:], octets[1:][::-1])
        if in_a_row and sum(len(run.group()) for run in runs[at : at + 3]) >= _MIN_THREE:
            return Embedded(Share.THREE, text)
    for at, two in _windows(numbers, 2):
        if two in (octets[2:], octets[2:][::-1]):
            return Embedded(Share.TWO, name[runs[at].start() : runs[at + 1].end()])
    low = f"{octets[2]:02x}{octets[3]:02x}"
    if low in _HEX_WORD.findall(name):
        return Embedded(Share.TWO, low)
    last = next((run for run, number in zip(runs, numbers, strict=True) if number == octets[3]), None)
    return Embedded(Share.LAST, last.group()) if last is not None else NOTHING


def _four(name: str, runs: Sequence[re.Match[str]], octets: list[int]) -> str:
    wanted = sorted(octets)
    for at in range(len(runs) - 3):
        four = runs[at : at + 4]
        if all(len(run.group()) <= 3 for run in four) and sorted(int(run.group()) for run in four) == wanted:
            return name[four[0].start() : four[3].end()]
    return ""


def _joined(runs: Sequence[re.Match[str]], octets: list[int]) -> str:
    """The octets padded to twelve digits, however these are split; joined as they are; or as one number."""
    digits = "".join(run.group() for run in runs)
    for run in runs:
        text = run.group()
        if len(text) == 12 and sorted(int(text[at : at + 3]) for at in range(0, 12, 3)) == sorted(octets):
            return text
    for order in (octets, octets[::-1]):
        padded = "".join(f"{octet:03d}" for octet in order)
        if padded in digits:
            return padded
        for text in ("".join(map(str, order)), str(int.from_bytes(bytes(order), "big"))):
            if len(text) >= _MIN_JOINED and any(run.group() == text for run in runs):
                return text
    return ""


def _hex(name: str, octets: list[int]) -> str:
    """Eight hexadecimal digits in a row (also behind a letter: `p0a0200c0`), or four labels of them."""
    words = re.split(r"[-._]", name)
    for order in (octets, octets[::-1]):
        text = bytes(order).hex()
        if text in name:
            return text
        pairs = [text[at : at + 2] for at in range(0, 8, 2)]
        for _, four in _windows([word.zfill(2) for word in words], 4):
            if four == pairs:
                return ".".join(pairs)
    return ""


def _embedded_v6(name: str, ip: IPv6Address) -> Embedded:
    nibbles = ip.packed.hex()
    compact = re.sub(r"[-._]", "", name)
    for text in (nibbles, nibbles[::-1]):
        if text in compact:
            return Embedded(Share.FULL, text)
    hyphens = re.sub(r"[._]", "-", name)
    groups = [f"{int(group, 16):x}" for group in ip.exploded.split(":")]
    for text in ("-".join(groups), ip.compressed.replace(":", "-").strip("-"), ip.exploded.replace(":", "-")):
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
    return re.search(rf"(?<![0-9a-f]){re.escape(text)}(?![0-9a-f])", name) is not None


def _windows(items: list[Item], size: int) -> Iterator[tuple[int, list[Item]]]:
    """Each run of `size` neighbours, with the place of its first."""
    for at in range(len(items) - size + 1):
        yield at, items[at : at + size]
