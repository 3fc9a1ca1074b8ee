"""The development set of names in reverse DNS: made from `data/rdns/patterns.txt`, kept in `data/rdns/names.tsv`.

`python -m tests.rdns_set` writes the table anew. Everything in it follows from the patterns, so that a test can tell
whether the two are in step. The halves are split by operator: what was learned of an operator in one half cannot help
in the other.
"""

import ipaddress
import random
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path

from preflight.net.addresses import IPAddress

FOLDER = Path(__file__).parent / "data" / "rdns"
PATTERNS = FOLDER / "patterns.txt"
NAMES = FOLDER / "names.tsv"
HEADER = "hostname\tip\tclass\tgroup\toperator\thalf\tbasis\n"
CLASSES = {"d": "dynamic", "s": "generic-static", "c": "custom"}
DEFAULTS = {"isp": "d", "cloud": "s", "mail": "c", "esp": "c", "self": "c"}
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "198.18.0.0/15", "198.18.0.0/15")
EACH = {"isp": 3, "cloud": 3, "mail": 2, "esp": 3, "self": 3}  # names of a pattern
_PLACE = re.compile(r"\{([^}]+)\}")
_DIGITS36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Name:
    """One labelled name. `half`: `development`, or `unseen` for the operators that were kept apart."""

    hostname: str
    ip: str
    kind: str
    group: str
    operator: str
    half: str
    basis: str


def half_of(operator: str) -> str:
    """The half of an operator: by a hash of its name, so that nobody chose it."""
    return ("development", "unseen")[sha256(operator.encode()).digest()[0] % 2]


def make(salt: str = "") -> Iterator[Name]:
    """All names, in the order of the patterns, each once. Another `salt` makes others of the same forms."""
    group = basis = ""
    seen = set()
    for line in PATTERNS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group, basis = line.strip("[]").split()
        elif line and not line.startswith("#"):
            operator, *patterns = (part.strip() for part in line.split("|"))
            for pattern in patterns:
                letter, text = (pattern[0], pattern[2:]) if pattern[1:2] == ":" else (DEFAULTS[group], pattern)
                for number in range(EACH[group] if "{" in text else 1):
                    chance = random.Random(f"{salt}{operator}/{pattern}/{number}")
                    ip = _address(chance, "{v6" in text)
                    hostname = _PLACE.sub(lambda place, ip=ip, chance=chance: _fill(place[1], ip, chance), text)
                    if hostname not in seen:
                        seen.add(hostname)
                        yield Name(hostname, str(ip), CLASSES[letter], group, operator, half_of(operator), basis)


def _address(chance: random.Random, v6: bool) -> IPAddress:
    if v6:
        return ipaddress.IPv6Address(int(ipaddress.IPv6Address("2001:db8::")) + chance.getrandbits(96))
    network = ipaddress.ip_network(chance.choice(NETWORKS))
    return network[chance.randrange(2, network.num_addresses - 1)]


def _fill(place: str, ip: IPAddress, chance: random.Random) -> str:
    """The text of one place of a pattern."""
    packed = ip.packed
    if place in ("a", "b", "c", "d"):
        return str(packed["abcd".index(place)])
    if place in ("A", "B", "C", "D"):
        return f"{packed['ABCD'.index(place)]:03d}"
    if place in ("ha", "hb", "hc", "hd"):
        return f"{packed['abcd'.index(place[1])]:02x}"
    whole: dict[str, str] = {
        "h": packed.hex(),
        "H": packed[::-1].hex(),
        "n": str(int(ip)),
        "b36": _base(int(ip), 36),
        "b32": _base(int(ip), 32),
        "v6": ".".join(packed.hex()[::-1]),
        "v6h": str(ip).replace(":", "-"),
        "v6f": ip.exploded.replace(":", "-"),
    }
    if place in whole:
        return whole[place]
    if place == "i":
        return str(chance.randint(1, 40))
    alphabet = {"s": "0123456789", "x": "0123456789abcdef", "l": "abcdefghijklmnopqrstuvwxyz"}[place[0]]
    return chance.choice(alphabet.lstrip("0")) + "".join(chance.choices(alphabet, k=int(place[1:]) - 1))


def _base(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS36[digit] + digits
    return digits


def table() -> str:
    """The text of `names.tsv`."""
    rows = ("\t".join(astuple(one)) + "\n" for one in make())
    return HEADER + "".join(rows)


def read() -> list[Name]:
    """The names of `names.tsv`."""
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    return [Name(*line.split("\t")) for line in lines[1:]]


if __name__ == "__main__":
    NAMES.write_text(table(), encoding="utf-8")
