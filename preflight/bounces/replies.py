"""The shape that a reply is brought into before it is compared: one line, small letters, its codes in front once."""

import re
from dataclasses import dataclass

from preflight.bounces.patterns import grams

LONGEST = 4000
"""Characters of a reply that are looked at. RFC 5321 4.5.3.1.5 gives a line 512 octets; some replies have ten lines."""

_HEAD = re.compile(r"(?<![\w.])(?<!\]:)([245]\d\d)(?:[- ]+(?=#?[245]\.)#?([245]\.\d{1,3}\.\d{1,3}))?(?:-|(?![\w.:]))")
_STATUS = re.compile(r"(?<![\d.])[245]\.[0-7]\.\d{1,3}(?!\.?\d)")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\xa0": " "})


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in shape.

    `plain` is one line of small letters, with the codes where they first stood and not repeated for each line.
    `squeezed` has the codes, then the text without any white space: a bounce may have been folded inside words.
    `key` is all of `plain` without white space, `key_grams` its three characters each. `code` is the reply code,
    `status` the enhanced one.
    """

    plain: str
    squeezed: str
    key: str
    key_grams: frozenset[str]
    code: int | None
    status: str | None


def shape(text: str, code: int | None = None, status: str | None = None) -> Reply:
    """Bring a reply into shape. `code` and `status` are known from elsewhere; what stands in the text comes first."""
    line = " ".join(text[:LONGEST].translate(_QUOTES).lower().split())
    before, own_code, own_status, rest = _parted(line, code)
    reply_code = int(own_code) if own_code else code
    said = own_status or _first_status(line)
    enhanced = status if said is None or (said.endswith(".0.0") and status) else said
    head = " ".join(part for part in (str(reply_code or ""), own_status or (None if said else status)) if part)
    plain = " ".join(part for part in (before, head, rest) if part)
    key = "".join(plain.split())
    return Reply(plain, f"{head} {''.join(rest.split())}", key, grams(key), reply_code, enhanced)


def _parted(line: str, known: int | None) -> tuple[str, str, str, str]:
    """What stands in front of the codes, the reply code, the enhanced code, and the text.

    Where the reply code is `known`, another number in the middle of the text is none.
    """
    found = _HEAD.search(line)
    if found is None or (known is not None and found.start() > 0 and int(found[1]) != known):
        return "", "", "", line
    code, status = found[1], found[2] or ""
    rest = line[found.end() :].strip()
    if code in rest:
        for repeated in (f"{code}-{status} ", f"{code} {status} ", f"{code}-#{status} ") if status else ():
            rest = rest.replace(repeated, "")
        rest = rest.replace(f"{code}-", "")
    return line[: found.start()].strip(), code, status, rest


def _first_status(line: str) -> str | None:
    found = _STATUS.search(line)
    return found[0] if found else None
