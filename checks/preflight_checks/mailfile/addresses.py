"""Mailboxes in fields such as From and To (RFC 5322 3.4)."""

import re
from dataclasses import dataclass

from preflight_checks.mailfile.headers import decode_words

MAX_MAILBOXES = 1000

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LABEL = r"[A-Za-z0-9_\u0080-\U0010ffff](?:[A-Za-z0-9_\u0080-\U0010ffff-]*[A-Za-z0-9_\u0080-\U0010ffff])?"
_ADDRESS = re.compile(rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\]|\\.)*")@(?:{_LABEL}(?:\.{_LABEL})*|\[[^\[\]]+\])')
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^>]*>?|[(),;:]|[^"<(),;:]+', re.DOTALL)
_INSIDE = re.compile(r"[A-Za-z0-9._%+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,})")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: its display name, decoded, and its address as written; `is_valid` by the grammar of RFC 5322."""

    name: str
    address: str

    @property
    def is_valid(self) -> bool:
        """Whether the address is one."""
        return _ADDRESS.fullmatch(self.address) is not None

    @property
    def domain(self) -> str:
        """What stands behind the last @, lower case."""
        return self.address.rpartition("@")[2].lower()

    def domains_in_name(self) -> list[str]:
        """The domains of mail addresses that stand in the display name, lower case."""
        return [domain.lower() for domain in _INSIDE.findall(self.name[:1000])]


def mailboxes(raw: str) -> tuple[list[Mailbox], list[str]]:
    """The mailboxes of a field in its raw form, those of groups included, and the names of the groups."""
    found: list[Mailbox] = []
    groups: list[str] = []
    words: list[str] = []
    angle: str | None = None
    depth = 0

    def close() -> None:
        nonlocal angle
        name = decode_words(" ".join("".join(words).split()))
        if angle is not None:
            found.append(Mailbox(name, angle.strip()))
        elif name:
            found.append(Mailbox("", name))
        words.clear()
        angle = None

    for match in _PIECE.finditer(raw[: 64 * 1024]):
        piece = match[0]
        if len(found) >= MAX_MAILBOXES:
            break
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif piece in {",", ";"}:
            close()
        elif piece == ":" and angle is None:
            groups.append(decode_words("".join(words).strip()))
            words.clear()
        elif piece.startswith("<") and angle is None:
            angle = piece[1:].removesuffix(">")
        elif piece.startswith('"') and raw[match.end() : match.end() + 1] != "@":  # else a quoted local part
            words.append(re.sub(r"\\(.)", r"\1", piece.strip('"')))
        else:
            words.append(piece)
    close()
    return found, groups
