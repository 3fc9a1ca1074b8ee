"""Links: the host that a URL leads to, and what hides it."""

import re
import unicodedata

_URL = re.compile(r"\s*(?:https?|ftp):[/\\]{2}([^/\\?#\s]*)", re.IGNORECASE)
_IN_TEXT = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'()\[\]{}]+|\bhttps?://\[[^\]\s]*\][^\s<>\"']*", re.IGNORECASE)
_NUMBER = r"(?:0x[0-9a-f]+|\d+)"
_NUMERIC = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{0,3}}", re.IGNORECASE)
# What a reader takes for a host: with a scheme, with www, or in one of the common top-level domains. Names of files
# such as report.md are none.
_SHOWN_HOST = re.compile(
    r"(?:(?:https?://)(?P<a>[^/\s?#:]+)|(?P<b>www\.[^/\s?#:]+)"
    r"|(?P<c>(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|edu|gov|cn|de|fr|jp|uk|ru|kr|br|es|it|nl|eu|example)))(?:[/?#:]\S*)?",
    re.IGNORECASE,
)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def links_in(text: str) -> list[tuple[str, int]]:
    """The URLs in a plain text, with their offsets."""
    return [(found[0].rstrip(".,;:!?"), found.start()) for found in _IN_TEXT.finditer(text)]


def host_of(url: str) -> str:
    """The host of a URL, lower case, as written; empty where there is none."""
    found = _URL.match(url)
    if not found:
        return ""
    host = found[1].rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower().rstrip(".")


def is_numeric(host: str) -> bool:
    """Whether a host is an IP address, in any of the forms that browsers take: dotted, one number, hexadecimal."""
    return host.startswith("[") or _NUMERIC.fullmatch(host) is not None


def shown_host(text: str) -> str:
    """The host that a link's text shows when it reads like a URL, lower case; empty for other texts."""
    found = _SHOWN_HOST.fullmatch(text.strip())
    if not found:
        return ""
    return (found["a"] or found["b"] or found["c"] or "").rpartition("@")[2].lower().rstrip(".")


def obscured(url: str) -> str:
    """Why a URL is hard to read: `invisible` characters in it, or a host of `mixed` scripts; else empty."""
    if any(character in _INVISIBLE for character in url):
        return "invisible"
    host = host_of(url)
    if host.isascii():
        return ""
    for label in host.split("."):
        scripts = {unicodedata.name(character, "?").split(" ")[0] for character in label if character.isalpha()}
        if {"LATIN", "CYRILLIC"} <= scripts or {"LATIN", "GREEK"} <= scripts:
            return "mixed"
    return ""
