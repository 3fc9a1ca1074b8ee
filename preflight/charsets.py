"""Octets to text in whatever charset a message names, or does not name."""

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}", re.ASCII)
_SURROGATES = re.compile("[\ud800-\udfff]")

# Charsets that mail programs label with the name of a smaller relative (WHATWG Encoding Standard, "labels"), and names
# that Python does not know.
_ALIASES = {
    "big5": "cp950",
    "euc-cn": "gb18030",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "windows-874": "cp874",
}

# Codecs of Python that are no charsets of mail: two take quadratic time, the others run escapes or always fail.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "unicodeescape", "raw_unicode_escape", "undefined"})


def decode(octets: bytes, charset: str) -> str:
    """Octets as text in the charset of that name (RFC 2047, RFC 2231); octets that do not fit become U+FFFD.

    A charset that nobody knows, and 8-bit octets that claim to be ASCII, are read as `guess` reads them.
    """
    label = charset.strip().lower()
    codec = _ALIASES.get(label, label)
    if not _NAME.fullmatch(codec) or codec.replace("-", "_") in _REFUSED:
        return guess(octets)
    if codec in {"ascii", "us-ascii", "unknown-8bit"}:
        return guess(octets)
    try:
        return _tidy(octets.decode(codec, "replace"))
    except (LookupError, UnicodeError):
        return guess(octets)


def guess(octets: bytes) -> str:
    """Octets of no named charset as text: ISO-2022-JP by its escapes, else UTF-8, else GB18030, else Latin-1.

    GB18030 comes before Latin-1 since raw 8-bit header fields are the habit of Chinese mail programs.
    """
    candidates = ("utf-8", "gb18030") if b"\x1b" not in octets else ("iso2022_jp_2", "utf-8", "gb18030")
    for codec in candidates:
        try:
            return _tidy(octets.decode(codec))
        except UnicodeError:
            continue
    return octets.decode("latin-1")


def _tidy(text: str) -> str:
    """Text without lone surrogates, which no output format can carry (UTF-7 may bring them)."""
    return _SURROGATES.sub("\ufffd", text)


def is_known(charset: str) -> bool:
    """Whether mail readers know a charset of that name."""
    codec = _codec(charset)
    if codec is None:
        return False
    try:
        b"a".decode(codec)  # not of nothing, for which Python looks no codec up
    except LookupError:
        return False
    except UnicodeError:
        return True
    return True


def fits(octets: bytes, charset: str) -> bool:
    """Whether octets are text in a charset that is known; one cut off at its end is."""
    codec = _codec(charset) or "ascii"
    try:
        octets.decode(codec)
    except UnicodeDecodeError as error:
        return error.end >= len(octets) and error.reason in {"unexpected end of data", "incomplete multibyte sequence"}
    except (LookupError, UnicodeError):
        return False
    return True


def _codec(charset: str) -> str | None:
    label = charset.strip().lower()
    codec = _ALIASES.get(label, label)
    return codec if _NAME.fullmatch(codec) and codec.replace("-", "_") not in _REFUSED else None
