"""The policy file of MTA-STS, read by the grammar of RFC 8461 3.2."""

import re
from dataclasses import dataclass
from typing import Literal

from preflight.text import Message
from preflight_checks.names import normal
from preflight_checks.transport.records import shortened

Mode = Literal["enforce", "testing", "none"]
MODES: tuple[Mode, ...] = ("enforce", "testing", "none")
MAX_AGE = 31_557_600  # seconds: a year, the most that RFC 8461 3.2 allows

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_AGE = re.compile(r"[0-9]{1,10}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_REPEATS = "mx"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy. `max_age` is in seconds; `mx` has the patterns in lower case: host names, or `*.` and a name."""

    mode: Mode
    max_age: int
    mx: tuple[str, ...]

    def covers(self, host: str) -> bool:
        """Whether a pattern names an MX host (RFC 8461 4.1: a `*` stands for the whole first label alone)."""
        name = normal(host)
        _, dot, rest = name.partition(".")
        return name in self.mx or (bool(dot) and f"*.{rest}" in self.mx)


def read_policy(body: bytes) -> Policy | Message:
    """The policy that a file holds; or what is wrong with it. Takes any octets."""
    fields = _fields(body)
    if isinstance(fields, Message):
        return fields
    version, mode, age = (fields.get(name, [""])[0] for name in ("version", "mode", "max_age"))
    for name in ("version", "mode", "max_age"):
        if name not in fields:
            return Message("it has no line {name}:", {"name": name})
    if version != "STSv1":
        return Message("its version is {value}, and not STSv1", {"value": shortened(version)})
    if mode not in MODES:
        known = ", ".join(MODES)
        return Message("its mode is {value}, which is none of {known}", {"value": shortened(mode), "known": known})
    if not _AGE.fullmatch(age):
        return Message("its max_age is {value}, which is no number of seconds", {"value": shortened(age)})
    if int(age) > MAX_AGE:
        return Message("its max_age is {value}; {limit} seconds are the most", {"value": age, "limit": str(MAX_AGE)})
    patterns = fields.get(_REPEATS, [])
    if not patterns and mode != "none":
        return Message("it names no MX host: it has no line mx:")
    for pattern in patterns:
        if len(pattern) > 253 or not _PATTERN.fullmatch(pattern):
            return Message("its line mx: has no host name, nor *. and a name: {value}", {"value": shortened(pattern)})
    return Policy(mode, int(age), tuple(dict.fromkeys(pattern.lower() for pattern in patterns)))


def _fields(body: bytes) -> dict[str, list[str]] | Message:
    """The values of each field in their order. Of a field that may not repeat the first one counts (RFC 8461 3.2)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return Message("it is no UTF-8 text")
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()  # the last line end is allowed
    if not lines:
        return Message("it is empty")
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            shown = shortened(line) or "-"
            return Message("its line {number} is no `name: value`: {line}", {"number": str(number), "line": shown})
        found.setdefault(name, []).append(value.strip(" \t"))
    return found
