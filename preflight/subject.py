"""What is being cleared: sending addresses, HELO name, mail host, sender domain, message, SMTP server."""

import ipaddress
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from preflight.errors import SubjectError
from preflight.net.addresses import IPAddress, parse_address
from preflight.net.dns import Resolver, Unanswered
from preflight.text import visible

OPTIONS = {
    "host": "HOST",
    "ip": "--ip",
    "helo": "--helo",
    "domain": "--domain",
    "mx": "--domain",
    "message": "--message",
    "server": "--server",
    "probe": "--probe",
    "relay": "--probe-relay",
    "outbound": "--probe-outbound",
    "mail-from": "--mail-from",
    "dkim-selector": "--dkim-selector",
}
"""Each input that a rule may need, and the option that gives it. The MX hosts follow from the domain."""

_FROM_HOST = ("--ip", "--helo", "--domain")

MAX_MESSAGE = 150 * 1024 * 1024  # octets; the largest limit of the large receivers (Exchange Online: 150 MB)
MAX_ADDRESSES = 1024  # of one subject: more take longer than anybody waits for, and lists refuse who asks so much
_LIMIT = f"{MAX_ADDRESSES:,} at once is the limit: check them block by block (an IPv4 /22, an IPv6 /118)"
_CIDR = re.compile("/[0-9]{1,3}$")  # a netmask (/255.255.255.240) is rather a slip than a block
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_LOCAL = 64  # octets (RFC 5321 4.5.3.1.1)
_NOT_LOCAL = re.compile(r"[\s<>\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class MessageSource:
    """A message as it was given: a label to show (its path, or `-`) and its octets."""

    label: str
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An SMTP server to connect to: a host name or an address, and a port."""

    host: str
    port: int = 25

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a run judges. An input that is `None` (or no address at all) was not given: its rules are skipped.

    `host`, `domain`: host names in their ASCII form, lower case, without a last dot. `helo` is kept as given, since the
    check judges just that. `ips_unknown` says why the addresses of the host are not known though it was given; rules
    that need an address are then inconclusive. `probe`, `relay`, `outbound` are connections that the user asked for: to
    the host and its MX hosts; to see whether the server relays; to see whether mail can leave here. `mail_from` has the
    envelope senders (RFC 5321 4.1.1.2), an empty text being the null sender `<>`; `dkim_selectors` the selectors whose
    keys are to be looked at (RFC 6376 3.1). Make one with `Subject.of`, which reads text as the options do.
    """

    name: str = ""
    host: str | None = None
    ips: tuple[IPAddress, ...] = ()
    helo: str | None = None
    domain: str | None = None
    message: MessageSource | None = None
    server: Endpoint | None = None
    ips_unknown: str = ""
    probe: bool = False
    relay: bool = False
    outbound: Endpoint | None = None
    mail_from: tuple[str, ...] = ()
    dkim_selectors: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        host: str | None = None,
        *,
        name: str = "",
        ips: Sequence[str] = (),
        helo: str | None = None,
        domain: str | None = None,
        message: str | Path | MessageSource | None = None,
        server: str | None = None,
        probe: bool = False,
        probe_relay: bool = False,
        probe_outbound: str | None = None,
        mail_from: Sequence[str] = (),
        dkim_selectors: Sequence[str] = (),
    ) -> "Subject":
        """A subject from texts, as the options of `preflight check` give them.

        `host` that is an address counts as one of `ips`, each of which is an address or a block in CIDR notation; there
        are `MAX_ADDRESSES` at the most. `helo` defaults to the host, `domain` to the host's
        registrable domain (Public Suffix List); the addresses are looked up by the run. `message` is a path, `-` for
        standard input, or the octets themselves. Raises `SubjectError` with one line when something cannot be read.
        """
        addresses = [address for text in ips for address in _addresses(text, "--ip")]
        if host is not None and (address := _host_address(host, "HOST")) is not None:
            addresses.insert(0, address)
            host = None
        if len(dict.fromkeys(addresses)) > MAX_ADDRESSES:
            raise SubjectError(f"--ip gives {len(dict.fromkeys(addresses)):,} addresses; {_LIMIT}")
        if host is not None:
            host = host_name(host, "HOST")
        return cls(
            name=name,
            host=host,
            ips=tuple(dict.fromkeys(addresses)),
            helo=helo if helo is not None else host,
            domain=host_name(domain, "--domain") if domain is not None else registrable(host),
            message=_message(message),
            server=_endpoint(server, "--server") if server is not None else None,
            probe=probe,
            relay=probe_relay,
            outbound=_endpoint(probe_outbound, "--probe-outbound") if probe_outbound is not None else None,
            mail_from=tuple(dict.fromkeys(_sender(text) for text in mail_from)),
            dkim_selectors=tuple(dict.fromkeys(host_name(text, "--dkim-selector") for text in dkim_selectors)),
        )

    def has(self, need: str) -> bool:
        """Whether an input was given: one of `OPTIONS`, or several as in `domain|helo`, of which one is enough."""
        return any(self._value(one) for one in need.split("|"))

    def _value(self, one: str) -> bool:
        match one:
            case "ip":
                return bool(self.ips)
            case "helo":
                return self.helo is not None
            case "mx":
                return bool(self.domain)
            case "probe" | "relay":
                return bool(getattr(self, one))
            case "mail-from":
                return bool(self.mail_from)
            case "dkim-selector":
                return bool(self.dkim_selectors)
            case _:
                return getattr(self, one) is not None

    def missing(self, needs: Iterable[str]) -> list[str]:
        """Those of the inputs, or groups of inputs, that were not given, each once."""
        return [need for need in dict.fromkeys(needs) if not self.has(need)]

    def options_for(self, needs: Iterable[str]) -> str:
        """The options that would give the inputs that are missing, for people: `--ip, --message`.

        Where HOST alone would give several of them, it stands first: `HOST (--ip, --helo)`.
        """
        options = list(dict.fromkeys("/".join(OPTIONS[one] for one in need.split("|")) for need in self.missing(needs)))
        by_host = [option for option in options if option in _FROM_HOST]
        if len(by_host) < 2:
            return ", ".join(options)
        others = [option for option in options if set(option.split("/")).isdisjoint(by_host)]
        return ", ".join([f"HOST ({', '.join(by_host)})", *others])

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was given to check. How to look is not what to look at."""
        return not any(self.has(one) for one in OPTIONS if one not in ("probe", "relay", "dkim-selector"))

    @property
    def connects(self) -> bool:
        """Whether an option asks for connections to SMTP servers."""
        return any(self.has(one) for one in ("server", "probe", "relay", "outbound"))

    @property
    def label(self) -> str:
        """The shortest text that tells this subject from others."""
        texts = (self.name, self.host, self.helo, self.domain, *map(str, self.ips[:1]), *self.mail_from[:1])
        fallback = self.message.label if self.message else str(self.server or self.outbound or "")
        return next((text for text in texts if text), fallback)


async def with_addresses(subject: Subject, resolver: Resolver) -> Subject:
    """The subject with the addresses of its host, where none were given.

    When they cannot be found, `ips_unknown` says why; nothing is raised.
    """
    if subject.ips or subject.host is None:
        return subject
    try:
        answers = await resolver.addresses(subject.host)
    except Unanswered as outcome:
        return replace(subject, ips_unknown=f"the addresses of {subject.host} could not be looked up: {outcome}")
    found = dict.fromkeys(parse_address(value) for answer in answers for value in answer.values)
    if not found:
        seen = " and ".join(dict.fromkeys(answer.evidence.seen for answer in answers))
        return replace(subject, ips_unknown=f"{subject.host} has no address ({seen}); give the sending one with --ip")
    return replace(subject, ips=tuple(found))


def host_name(text: str, option: str) -> str:
    """A host or domain name in its normal form: ASCII (IDNA, UTS 46), lower case, without a last dot.

    Underscores pass: a check says what is wrong with them. Raises `SubjectError`, with the option's name, for what no
    DNS name can be (RFC 1035 2.3.4: labels of 1 to 63 octets, 253 in all), for URLs and mail addresses, and for what is
    rather a slip in an address (RFC 1123 2.1: no host name ends in a number).
    """
    raw = text.strip()
    shown = visible(raw, limit=60)
    name = raw.removesuffix(".")
    if not name:
        raise SubjectError(f"{option} is empty; give a host name such as mail.example.com")
    if "://" in name:
        raise SubjectError(f"{option} {shown!r} is a URL; give the host name alone, such as mail.example.com")
    if "@" in name:
        raise SubjectError(f"{option} {shown!r} is a mail address; give the part after the @")
    if re.fullmatch(r"[^:]+:\d+", name):
        raise SubjectError(f"{option} {shown!r} has a port; give the host name alone (--server takes a port)")
    if not name.isascii():
        name = _ascii(name, option, shown).removesuffix(".")
    for label in name.split("."):
        if not label:
            raise SubjectError(f"{option} {shown!r} has an empty label: two dots in a row, or one in front")
        if len(label) > 63:
            raise SubjectError(f"{option} {shown!r} has a label of {len(label)} octets; DNS allows 63")
        if strange := _STRANGE.search(label):
            if not "!" <= strange[0] <= "~":
                raise SubjectError(f"{option} {shown!r} has a space or a control character; give one host name")
            raise SubjectError(
                f"{option} {shown!r} has the character {strange[0]!r}; give one host name of letters, digits, "
                "hyphens and dots, or an IP address"
            )
    if len(name) > 253:
        raise SubjectError(f"{option} {shown!r} has {len(name)} octets; a DNS name has 253 at the most")
    if label.isdigit():
        raise SubjectError(f"{option} {shown!r} ends in a number, as only an IP address does, and is none")
    return name.lower()


def _ascii(name: str, option: str, shown: str) -> str:
    import idna  # here and not above: most names are ASCII already

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        reason = visible(str(error), limit=100)
        raise SubjectError(f"{option} {shown!r} is no international domain name: {reason}") from None


def registrable(host: str | None) -> str | None:
    """The registrable domain of a host (`mail.example.co.uk` → `example.co.uk`), by the Public Suffix List.

    `None` for no host, for a single label, and for a public suffix itself.
    """
    if host is None or "." not in host:
        return None
    suffix = _suffixes().privatesuffix(host)
    return str(suffix) if suffix else None


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList  # here and not above: parsing the list takes a moment

    return PublicSuffixList()


def _host_address(host: str, option: str) -> IPAddress | None:
    """The address that a host is, when it is one: plain, or a literal in brackets (RFC 5321 4.1.3)."""
    text = host.strip()
    if text.startswith("[") and text.endswith("]"):
        return _address(_untagged(text[1:-1]), option)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return _address(text, option)


def _untagged(literal: str) -> str:
    return re.sub("^ipv6:", "", literal, flags=re.IGNORECASE)


def _address(text: str, option: str) -> IPAddress:
    shown = visible(text.strip(), limit=60)
    try:
        address = parse_address(text.strip())
    except ValueError:
        raise SubjectError(
            f"{option} {shown!r} is no IP address; write 192.0.2.25, 2001:db8::25 or a block such as 203.0.113.0/28"
        ) from None
    if address.is_unspecified or address.is_multicast:
        raise SubjectError(f"{option} {shown!r} is no address that mail can come from or go to; give the server's own")
    return address


def _addresses(text: str, option: str) -> list[IPAddress]:
    """The address that a text is, or all addresses of a block (`203.0.113.0/28`, RFC 4632 3.1)."""
    if "/" not in text:
        return [_address(text, option)]
    shown = visible(text.strip(), limit=60)
    try:
        block = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        block = None
    if block is None or getattr(block.network_address, "scope_id", None) or not _CIDR.search(text.strip()):
        raise SubjectError(
            f"{option} {shown!r} is no block of addresses; write 203.0.113.0/28 or 2001:db8::/120"
        ) from None
    address = text.strip().partition("/")[0]
    if ipaddress.ip_address(address) != block.network_address:
        raise SubjectError(
            f"{option} {shown!r} is an address within a block; give {address} for the address alone, {block} for the "
            "whole block"
        )
    if block.num_addresses > MAX_ADDRESSES:
        raise SubjectError(f"{option} {shown!r} has {block.num_addresses:,} addresses; {_LIMIT}")
    return [_address(str(one), option) for one in block]


def _sender(text: str) -> str:
    """An envelope sender in its normal form: `local@domain`, the domain as a host name; empty for the null sender `<>`.

    A domain alone stands for its postmaster, as it does in SPF (RFC 7208 4.3).
    """
    shown = visible(text.strip(), limit=60)
    raw = text.strip().removeprefix("<").removesuffix(">")
    if not raw:
        return ""
    local, at, domain = raw.rpartition("@")
    if not at:
        return f"postmaster@{host_name(raw, '--mail-from')}"
    if not local or len(local.encode(errors="replace")) > _LONGEST_LOCAL or _NOT_LOCAL.search(local):
        raise SubjectError(f"--mail-from {shown!r} is no mail address; give user@example.com, a domain, or <>")
    return f"{local}@{host_name(domain, '--mail-from')}"


def _endpoint(text: str, option: str) -> Endpoint:
    shown = visible(text, limit=60)
    host, port = text.strip(), "25"
    if match := re.fullmatch(r"\[([^\[\]]*)\](:.*)?", host, re.DOTALL):
        host, port = _untagged(match[1]), port if match[2] is None else match[2][1:]
    elif host.count(":") == 1 and "://" not in host:
        host, _, port = host.partition(":")
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise SubjectError(f"{option} {shown!r} has no usable port; write mail.example.com:25 or [2001:db8::25]:25")
    address = _host_address(host, option)
    return Endpoint(str(address) if address is not None else host_name(host, option), int(port))


def _message(given: str | Path | MessageSource | None) -> MessageSource | None:
    if given is None or isinstance(given, MessageSource):
        return given
    label = str(given)
    data = _read(label)
    if not data:
        raise SubjectError(f"--message {visible(label)}: the message is empty; give one with headers and a body")
    if len(data) > MAX_MESSAGE:
        raise SubjectError(f"--message {visible(label)}: over {MAX_MESSAGE // 1024**2} MB; no receiver takes that")
    return MessageSource(label, data)


def _read(label: str) -> bytes:
    """The octets of a file or of standard input; not more than needed to tell that they are too many."""
    try:
        if label == "-":
            return sys.stdin.buffer.read(MAX_MESSAGE + 1)
        with Path(label).open("rb") as file:
            return file.read(MAX_MESSAGE + 1)
    except OSError as error:
        raise SubjectError(
            f"--message {visible(label)}: {error.strerror}; give a readable file, or - for standard input"
        ) from None
    except ValueError as error:  # a NUL in the path
        raise SubjectError(f"--message {visible(label)}: {error}") from None
