"""Mail addresses and host names in what others wrote."""

import ipaddress
import re
from functools import lru_cache

# Good enough to find addresses in prose: quoted local parts, any script, a domain with a dot or a literal.
ADDRESS = (
    r"(?:\"[^\"\s@<>]{1,64}\"|[^\s@<>()\[\]:;,\"'\\|。，、：；（）《》「」【】“”]{1,64})"
    r"@(?:(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,10}[^\W\d_][\w-]{0,61}|\[[0-9A-Fa-f.:]{2,45}\])"
)
_ADDRESS = re.compile(ADDRESS)
_HEXED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_ROUTE = re.compile(r"(?:@[\w.-]+,?)+:")


def find_address(text: str) -> str | None:
    """The first address in a text; None without one."""
    found = _ADDRESS.search(text)
    return found[0].lstrip("=*'`") if found else None


def address_of(text: str) -> str | None:
    """The address that a field of a report holds (RFC 3464 2.3.1: `type; address`), without type, brackets, comment or
    route; None when it holds none. The escapes of RFC 6533 3 are resolved."""
    kind, semicolon, value = text.partition(";")
    value = value if semicolon and "@" not in kind else text
    value = _HEXED.sub(_unhexed, value).strip()
    if "<" in value and ">" in value:
        value = value[value.index("<") + 1 : value.rindex(">")].strip()
    for scheme in ("mailto:", "smtp:", "rfc822;", "rfc822:"):
        if value[: len(scheme)].lower() == scheme:
            value = value[len(scheme) :].strip()
    value = value.strip("<>").strip()
    route = _ROUTE.match(value)
    if route:
        value = value[route.end() :]
    if "@" not in value:
        return None
    if " " in value and not value.startswith('"'):
        return find_address(value)
    return value


def _unhexed(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if 0x1F < number < 0xD800 or 0xDFFF < number < 0x110000 else "\ufffd"


@lru_cache(maxsize=2048)
def ip_of(text: str) -> str | None:
    """An IP address in its usual form, given with or without brackets and the tag `IPv6:`; None for anything else."""
    text = text.strip("[]() ")
    if text[:5].lower() == "ipv6:":
        text = text[5:]
    if not text or len(text) > 45 or not (text[0].isalnum() or text[0] == ":"):
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
