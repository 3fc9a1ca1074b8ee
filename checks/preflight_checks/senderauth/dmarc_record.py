"""A DMARC policy record, read by RFC 9989 4.7 and 4.8, with what older receivers know by RFC 7489 6.3."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from urllib.parse import unquote

from preflight.text import Message
from preflight_checks.mailfile.addresses import Mailbox
from preflight_checks.senderauth.dkim_tags import read_domain

HISTORIC = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 has no more."""
MAX_URIS = 20
"""Report addresses of a tag that are looked at; reporters need not send to more than two (RFC 7489 6.2)."""

_KNOWN = frozenset({"v", "p", "sp", "np", "adkim", "aspf", "fo", "rua", "ruf", "psd", "t", *HISTORIC})
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_NEARLY = re.compile(r"""\s*["']?\s*v?\s*=?\s*DMARC""", re.IGNORECASE)
_SIZE = re.compile(r"![0-9]+[kmgt]?$", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FO = re.compile(r"[01ds](?::[01ds]){0,3}", re.IGNORECASE)


class Policy(StrEnum):
    """What a domain asks receivers to do with mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    @property
    def rank(self) -> int:
        """0 for none, 1 for quarantine, 2 for reject: for comparing."""
        return list(Policy).index(self)


@dataclass(frozen=True, slots=True, eq=False)
class ReportUri:
    """One address of rua or ruf. `domain` is where it leads, `None` where it is no usable mail address; then `problem`
    says why. `sized`: with the size limit that RFC 9989 has no more."""

    tag: str
    text: str
    domain: str | None
    problem: Message | None = None
    sized: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """A record that begins as one. A policy is `None` where the tag is missing or broken.

    `strict_dkim`, `strict_spf`: adkim=s, aspf=s. `psd`: as in RFC 9989 4.7. `testing`: t=y. `percent`: pct=. `faults`:
    what breaks the grammar, each of which receivers pass over. `historic`: tags that RFC 9989 has no more.
    """

    text: str
    p: Policy | None = None
    sp: Policy | None = None
    np: Policy | None = None
    strict_dkim: bool = False
    strict_spf: bool = False
    psd: Literal["y", "n", "u"] = "u"
    testing: bool = False
    percent: int = 100
    rua: tuple[ReportUri, ...] = ()
    ruf: tuple[ReportUri, ...] = ()
    faults: tuple[Message, ...] = ()
    historic: tuple[str, ...] = ()
    is_broken: bool = field(default=False)
    """That p is missing or no policy, or sp or np is no policy: then only an address in rua saves it, as p=none."""

    @property
    def is_ignored(self) -> bool:
        """Whether receivers apply no DMARC at all by it (RFC 7489 6.6.3, step 6; RFC 9989 4.10.1)."""
        return self.is_broken and not any(one.domain for one in self.rua)

    def policy(self, *, inherited: bool = False, exists: bool = True) -> Policy:
        """The policy for the domain itself; with `inherited` for a sub-domain of it, which may not exist in DNS."""
        if self.is_broken or self.p is None:
            return Policy.NONE
        if not inherited:
            return self.p
        return (None if exists else self.np) or self.sp or self.p


def is_record(text: str) -> bool:
    """Whether a TXT record is a DMARC record for all receivers: it begins with `v=DMARC1` (RFC 9989 4.7)."""
    return _VERSION.match(text) is not None


def is_nearly(text: str) -> bool:
    """Whether a TXT record was meant for a DMARC record, and is none: `V=dmarc1`, `"v=DMARC1`, `v=DMARC1 p=none`."""
    return not is_record(text) and _NEARLY.match(text) is not None


def read_record(text: str) -> DmarcRecord:
    """The tags of a record that begins as one. Takes any text."""
    tags, faults = _tags(text)
    policies = {name: _policy(tags, name, faults) for name in ("p", "sp", "np")}
    if "p" not in tags:
        faults.append(Message("it lacks p=, which older receivers take for no record at all", {}))
    modes = {name: _word(tags, name, "rs", faults) for name in ("adkim", "aspf")}
    flags = {"psd": _word(tags, "psd", "ynu", faults), "t": _word(tags, "t", "yn", faults)}
    percent = tags.get("pct", "100")
    if not re.fullmatch("[0-9]{1,3}", percent) or int(percent) > 100:
        faults.append(_no_value("pct", percent))
        percent = "100"
    options = tags.get("fo", "0").lower().split(":")
    if not _FO.fullmatch(":".join(options)) or len(set(options)) < len(options) or {"0", "1"} <= set(options):
        faults.append(_no_value("fo", tags["fo"]))
    psd = flags["psd"]
    return DmarcRecord(
        text=text,
        **policies,
        strict_dkim=modes["adkim"] == "s",
        strict_spf=modes["aspf"] == "s",
        psd="y" if psd == "y" else "n" if psd == "n" else "u",
        testing=flags["t"] == "y",
        percent=int(percent),
        rua=_uris(tags, "rua"),
        ruf=_uris(tags, "ruf"),
        faults=tuple(faults),
        historic=tuple(name for name in HISTORIC if name in tags),
        is_broken=policies["p"] is None or any(name in tags and not policies[name] for name in ("sp", "np")),
    )


def _tags(text: str) -> tuple[Mapping[str, str], list[Message]]:
    found: dict[str, str] = {}
    faults: list[Message] = []
    pieces = text.split(";")
    for piece in pieces[: -1 if len(pieces) > 1 and not pieces[-1].strip() else None]:
        name, equals, value = piece.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not re.fullmatch("[A-Za-z]+", name):
            faults.append(
                Message("it has something that is no tag=value: {piece}", {"piece": piece.strip()[:60] or ";"})
            )
        elif name.lower() in found:
            faults.append(Message("it has the tag {tag}= twice", {"tag": name}))
        elif name.lower() not in _KNOWN:
            faults.append(Message("it has a tag that nobody knows: {tag}=", {"tag": name[:60]}))
        else:
            if name != name.lower():
                faults.append(Message("it has a tag in capitals, which not all receivers know: {tag}=", {"tag": name}))
            found[name.lower()] = value
    return found, faults


def _no_value(name: str, value: str) -> Message:
    return Message("its {tag}= cannot be read: {value}", {"tag": name, "value": value[:60]})


def _policy(tags: Mapping[str, str], name: str, faults: list[Message]) -> Policy | None:
    value = tags.get(name, "none").lower()
    if value not in list(Policy):
        faults.append(_no_value(name, tags[name]))
        return None
    return Policy(value) if name in tags else None


def _word(tags: Mapping[str, str], name: str, allowed: str, faults: list[Message]) -> str:
    value = tags.get(name, allowed[0]).lower()
    if len(value) != 1 or value not in allowed:
        faults.append(_no_value(name, tags[name]))
        return ""
    return value if name in tags else ""


def _uris(tags: Mapping[str, str], name: str) -> tuple[ReportUri, ...]:
    return tuple(_uri(name, text.strip()) for text in tags[name].split(",")[:MAX_URIS]) if name in tags else ()


def _uri(tag: str, text: str) -> ReportUri:
    plain = _SIZE.sub("", text)
    sized = plain != text
    scheme = _SCHEME.match(plain)
    if scheme is None:
        return ReportUri(tag, text, None, Message("it is no URI; an address is written mailto:reports@example.com", {}))
    if scheme[0].lower() != "mailto:":
        return ReportUri(tag, text, None, Message("reports are sent by mail alone, so that it needs mailto:", {}))
    address = Mailbox("", unquote(plain[scheme.end() :].partition("?")[0]))
    domain = read_domain(address.domain) if address.is_valid else None
    if domain is None:
        return ReportUri(tag, text, None, Message("it is no mail address", {}), sized)
    return ReportUri(tag, text, domain, None, sized)
