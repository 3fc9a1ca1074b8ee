"""Zone files of octoDNS: one YAML file a zone, a mapping from names to records.

octoDNS itself is not asked: it tells no lines, wants its configuration with providers and keys beside the zone, and
stops at what a provider cannot do. PyYAML's composer gives each value with its line and column, and makes no objects.
What mail has to do with is read (addresses, names, MX, TXT and their like); of any other type it is known that the name
exists.
"""

from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from preflight.errors import ZoneError
from preflight.findings import Place
from preflight.net.master_file import DEFAULT_TTL, Budget, Record
from preflight.text import visible

_IN = dns.rdataclass.IN
_SHOWN = 60
_NAMES = ("ALIAS", "CNAME", "DNAME", "NS", "PTR")
_TEXTS = ("TXT", "SPF")
# The keys of a value in the order of the record's text (docs of octoDNS, "Records"); the older keys of MX behind a bar.
_FIELDS = {
    "MX": ("preference|priority", "exchange|value"),
    "SRV": ("priority", "weight", "port", "target"),
    "CAA": ("flags", "tag", "value"),
    "TLSA": ("certificate_usage", "selector", "matching_type", "certificate_association_data"),
    "SSHFP": ("algorithm", "fingerprint_type", "fingerprint"),
    "DS": ("key_tag", "algorithm", "digest_type", "digest"),
}
_HOSTS = {"exchange|value", "target"}  # fields that are host names, which octoDNS wants with their last dot


@dataclass(frozen=True, slots=True)
class StandIn:
    """An ALIAS record: the name answers with the addresses of the target."""

    name: dns.name.Name
    target: dns.name.Name
    place: Place


@dataclass(frozen=True, slots=True)
class YamlZone:
    """What a file holds: records, ALIAS records, and the names that have nothing but records of other types."""

    records: tuple[Record, ...]
    stand_ins: tuple[StandIn, ...]
    others: tuple[dns.name.Name, ...]


def is_octodns(text: str) -> bool:
    """Whether a YAML text has the form of a zone: each name leads to one record or several, each with a type."""
    try:
        root = _compose(text)
    except ValueError:
        return False
    entries = _entries(root)
    return bool(entries) and all(
        _is_mapping(one) and any(key.value == "type" for key, _ in one.value)
        for _, value in entries
        for one in (value.value if _is_list(value) else [value])
    )


def read_octodns(text: str, label: str, origin: dns.name.Name, budget: Budget | None = None) -> YamlZone:
    """The records of a zone in octoDNS's form. Raises `ZoneError`: `file:line:column: what is wrong`."""
    return _Reader(label, origin, budget or Budget()).read(text)


class _WrongHereError(ValueError):
    """Something that octoDNS would not take, and the node where it stands."""

    def __init__(self, node: Any, what: str) -> None:
        super().__init__(what)
        self.node = node


class _Reader:
    def __init__(self, label: str, origin: dns.name.Name, budget: Budget) -> None:
        self._label = label
        self._origin = origin
        self._budget = budget
        self._records: list[Record] = []
        self._stand_ins: list[StandIn] = []
        self._others: list[dns.name.Name] = []

    def read(self, text: str) -> YamlZone:
        try:
            root = _compose(text)
        except ValueError as error:
            raise ZoneError(f"{visible(self._label)}{error}") from None
        try:
            self._zone(root)
        except _WrongHereError as error:
            raise ZoneError(f"{visible(str(self._place(error.node)))}: {visible(str(error), limit=300)}") from None
        return YamlZone(tuple(self._records), tuple(self._stand_ins), tuple(self._others))

    def _place(self, node: Any) -> Place:
        mark = node.start_mark
        return Place(self._label, mark.line + 1, mark.column + 1)

    def _zone(self, root: Any) -> None:
        if root is None or not _is_mapping(root):
            what = "no zone in octoDNS's form: names, and the records of each"
            if root is None:
                raise ZoneError(f"{visible(self._label)}: {what}")
            raise _WrongHereError(root, what)
        seen: dict[str, Any] = {}
        for key, value in _entries(root):
            name = _scalar(key)
            if name in seen:
                line = seen[name].start_mark.line + 1
                raise _WrongHereError(key, f"the name {name!r} stands here for the second time, after line {line}")
            seen[name] = key
            owner = self._owner(key, name)
            for record in value.value if _is_list(value) else [value]:
                self._record(owner, record)

    def _owner(self, node: Any, name: str) -> dns.name.Name:
        try:
            return dns.name.from_text(name or "@", self._origin)
        except (dns.exception.DNSException, ValueError) as error:
            raise _WrongHereError(node, f"{name[:_SHOWN]!r} is no name: {error}") from None

    def _record(self, owner: dns.name.Name, node: Any) -> None:
        if not _is_mapping(node):
            raise _WrongHereError(node, "a record is a mapping with type, ttl and value or values")
        fields = {_scalar(key): value for key, value in node.value}
        if "type" not in fields:
            raise _WrongHereError(node, "a record without a type")
        kind = _scalar(fields["type"]).upper()
        if self._is_ignored(fields):
            return
        if kind not in {*_NAMES, *_TEXTS, *_FIELDS, "A", "AAAA"}:
            self._others.append(owner)
            return
        if ("value" in fields) == ("values" in fields):
            raise _WrongHereError(node, f"a record of type {kind} with {'both' if 'value' in fields else 'neither'} "
                                        "of value and values")  # fmt: skip
        ttl = _scalar(fields["ttl"]) if "ttl" in fields else str(DEFAULT_TTL)
        if not ttl.isascii() or not ttl.isdigit() or len(ttl) > 10:
            raise _WrongHereError(fields["ttl"], f"the ttl {ttl[:_SHOWN]!r} is no number of seconds")
        several = fields["values"] if "values" in fields else fields["value"]
        for value in several.value if _is_list(several) else [several]:
            self._value(owner, int(ttl), kind, value)

    def _is_ignored(self, fields: dict[str, Any]) -> bool:
        """Whether octoDNS publishes the record nowhere (`octodns: {ignored: true}`)."""
        own = fields.get("octodns")
        if own is None or not _is_mapping(own):
            return False
        return any(key.value == "ignored" and value.value in ("true", "True") for key, value in own.value)

    def _value(self, owner: dns.name.Name, ttl: int, kind: str, node: Any) -> None:
        try:
            self._budget.spend()
            if kind == "ALIAS":
                target = dns.name.from_text(_host(node, kind))
                self._stand_ins.append(StandIn(owner, target, self._place(node)))
                return
            rdata = dns.rdata.from_text(_IN, dns.rdatatype.from_text(kind), _master_form(kind, node), None, False)
        except _WrongHereError:
            raise
        except (dns.exception.DNSException, ValueError) as error:
            raise _WrongHereError(
                node, f"no {kind} record can be read here: {str(error) or 'it is malformed'}"
            ) from None
        self._records.append(Record(owner, ttl, rdata, self._place(node)))


def _master_form(kind: str, node: Any) -> str:
    """A value as a master file has it."""
    if kind in _NAMES:
        return _host(node, kind)
    if kind in _TEXTS:
        # octoDNS has semicolons escaped, and splits long texts itself.
        data = _scalar(node).replace("\\;", ";").encode("utf-8")
        pieces = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
        return " ".join(f'"{_quoted(piece)}"' for piece in pieces)
    if kind not in _FIELDS:
        return _scalar(node)
    if not _is_mapping(node):
        raise _WrongHereError(node, f"a value of type {kind} is a mapping")
    fields = {_scalar(key): value for key, value in node.value}
    words = []
    for keys in _FIELDS[kind]:
        value = next((fields[key] for key in keys.split("|") if key in fields), None)
        if value is None:
            raise _WrongHereError(node, f"a value of type {kind} without {keys.split('|')[0]}")
        text = _host(value, kind) if keys in _HOSTS else _scalar(value)
        words.append(f'"{_quoted(text.encode())}"' if (kind, keys) == ("CAA", "value") else text)
    return " ".join(words)


def _quoted(data: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\{one:03d}" for one in data)


def _host(node: Any, kind: str) -> str:
    name = _scalar(node)
    if not name.endswith("."):
        raise _WrongHereError(node, f"{name[:_SHOWN]!r} in a record of type {kind} lacks its last dot")
    if not name.isascii() or any(one in name for one in ' \t\n;()"'):
        raise _WrongHereError(node, f"{name[:_SHOWN]!r} in a record of type {kind} is no name")
    return name


def _compose(text: str) -> Any:
    """The tree of nodes. Raises `ValueError` whose text begins where a label would end: `:line:column: what`."""
    import yaml  # here and not above: few runs read YAML

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ValueError(f"{where}: {visible(str(error.problem or 'no YAML'))}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(f": no YAML: {visible(' '.join(str(error).split()), limit=200)}") from None


def _entries(root: Any) -> list[tuple[Any, Any]]:
    return list(root.value) if _is_mapping(root) else []


def _is_mapping(node: Any) -> bool:
    return getattr(node, "id", "") == "mapping"


def _is_list(node: Any) -> bool:
    return getattr(node, "id", "") == "sequence"


def _scalar(node: Any) -> str:
    if getattr(node, "id", "") != "scalar":
        raise _WrongHereError(node, "one value is wanted here, no list and no mapping")
    return str(node.value)
