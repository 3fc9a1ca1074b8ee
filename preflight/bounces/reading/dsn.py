"""The machine-readable part of a report on deliveries (RFC 3464, RFC 6533), sound or broken."""

import re
from dataclasses import dataclass, replace

from preflight.bounces.reading.addresses import address_of, ip_of
from preflight.bounces.reading.mime import decode_words
from preflight.bounces.reading.model import Action, Recipient
from preflight.bounces.reading.replies import one_line, read_reply_line, to_recipient

MAX_RECIPIENTS = 20_000
_PER_RECIPIENT = ("original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code")
_PER_MESSAGE = ("reporting-mta", "arrival-date", "received-from-mta", "dsn-gateway", "original-envelope-id")
_OTHERS = (
    "last-attempt-date", "final-log-id", "will-retry-until", "x-actual-recipient", "x-postfix-queue-id",
    "x-postfix-sender", "x-display-name", "x-supplementary-info", "localized-diagnostic-code", "mailbox",
    "failed-recipient", "reporting-ua", "original-message-id", "disposition",
)  # fmt: skip
_ONCE = ("original-recipient", "final-recipient", "action")  # one that comes again is about another recipient
_KNOWN = frozenset((*_PER_RECIPIENT, *_PER_MESSAGE, *_OTHERS))
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*(.*)")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_TYPE = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]{0,30})\s*;\s*")
_BOTH_ENDS = re.compile(r"TCP\|([^|\s]{2,45})\|\d{1,5}\|([^|\s]{2,45})\|\d{1,5}")  # Sun and Oracle write both ends
_MTA_IP = re.compile(r"[\[(]([0-9A-Fa-f.:]{3,45})[\]),\s]")
_ACTIONS: tuple[tuple[str, Action], ...] = (
    ("fail", "failed"), ("err", "failed"), ("undeliver", "failed"), ("reject", "failed"), ("bounce", "failed"),
    ("delay", "delayed"), ("warn", "delayed"), ("defer", "delayed"), ("deliver", "delivered"), ("relay", "relayed"),
    ("expand", "expanded"), ("success", "delivered"),
)  # fmt: skip
_FAR = 300  # characters of a host name
_NO_SIGNS = str.maketrans("", "", ".-_")

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says of a message, and of each recipient, in its order."""

    about: Fields
    recipients: tuple[Recipient, ...]


def looks_like_a_report(text: str) -> bool:
    """Whether a text has the fields of a report, whatever its part calls itself."""
    lowered = text[:65536].lower()
    named = "\nfinal-recipient:" in f"\n{lowered}" or "\noriginal-recipient:" in f"\n{lowered}"
    return named and ("\naction:" in lowered or "\nstatus:" in lowered)


def read_report(text: str) -> Report:
    """A report from the text of its part. Groups of fields that an empty line cut apart are put together, and those
    that lack the empty line between them are told apart by their first field (RFC 3464 2.1 asks for one between)."""
    about: Fields = {}
    groups: list[Fields] = []
    for group in _groups(text):
        if not any(name in group for name in _PER_RECIPIENT):
            about = {**group, **about}
        elif groups and not any(name in group and name in groups[-1] for name in _ONCE):
            groups[-1] = {**group, **groups[-1]}
        elif len(groups) < MAX_RECIPIENTS:
            groups.append(group)
        for name in (*_PER_MESSAGE, "x-postfix-sender"):
            if name in group:
                about.setdefault(name, group[name])
    reporting = _host(about.get("reporting-mta", ""))[0]
    sender = _sender(about)
    found: dict[tuple[str | None, Action | None], Recipient] = {}
    for group in groups:
        one = replace(_recipient(group), reporting_host=reporting, sender=sender)
        found.setdefault((one.recipient, one.action), one)
    return Report(about, tuple(found.values()))


def _groups(text: str) -> list[Fields]:
    """The groups of fields. A field of a recipient that comes a second time begins a new group."""
    groups: list[Fields] = []
    current: Fields = {}
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            if current:
                groups.append(current)
            current, name = {}, ""
            continue
        field = _FIELD.match(line)
        if field and (field[1].lower() in _KNOWN or field[1][:2] in {"X-", "x-"}):
            name = field[1].lower()
            if name in current:
                if name not in _ONCE:
                    name = ""  # the first one counts
                    continue
                groups.append(current)
                current = {}
            current[name] = field[2]
        elif name:
            current[name] = f"{current[name]}\n{line}" if len(current[name]) < 16384 else current[name]
    if current:
        groups.append(current)
    return groups


def _sender(about: Fields) -> str | None:
    value = about.get("x-postfix-sender")
    if value is None:
        return None
    return address_of(value) or ""


def _recipient(group: Fields) -> Recipient:
    final = group.get("final-recipient", "")
    original = group.get("original-recipient", "")
    address = address_of(one_line(final))
    first = address_of(one_line(original))
    if first and (address is None or "." not in address.rpartition("@")[2]):
        address = first
    if address is None:
        address = address_of(one_line(group.get("x-actual-recipient", "")))
    if address is None and final:
        address = final.partition(";")[2].strip() or final.strip()
    diagnostic = decode_words(group.get("diagnostic-code", ""))
    kind = _TYPE.match(diagnostic)
    words = diagnostic[kind.end() :] if kind else diagnostic
    reply = read_reply_line(words)
    told = _STATUS.search(group.get("status", ""))
    status = told[1] if told else None
    remote = one_line(group.get("remote-mta", ""))
    host, ip = _host(remote)
    ends = _BOTH_ENDS.search(remote)
    action = _action(group.get("action", ""), status, reply.code)
    one = to_recipient(reply, address, action, status=status, host=host, ip=ip, words=one_line(words))
    return replace(
        one,
        original=first if first != address else None,
        sending_ip=one.sending_ip or (ip_of(ends[1]) if ends else None),
    )


def _action(value: str, status: str | None, code: int | None) -> Action | None:
    lowered = value.strip().lower()
    for begin, action in _ACTIONS:
        if lowered.startswith(begin):
            return action
    digit = status[0] if status else str(code)[0] if code else ""
    by_class: dict[str, Action] = {"5": "failed", "4": "delayed", "2": "delivered"}
    return by_class.get(digit)


def _host(value: str) -> tuple[str | None, str | None]:
    """The name and the address in a field of type mta-name (RFC 3464 2.2.2): `dns; mx.example.com (192.0.2.1)`."""
    kind = _TYPE.match(value)
    rest = value[kind.end() :] if kind else value
    ends = _BOTH_ENDS.search(rest)
    if ends and ends.start() < _FAR:
        rest = f"{ends[2]} " if not ends.start() else f"{rest[: ends.start()]} ({ends[2]})"
    name = (rest.split() or [""])[0].strip("<>()[]\"',;").rstrip(".").lower()
    ip = ip_of(name)
    if ip:
        return ip, ip
    address = _MTA_IP.search(f"{rest} ")
    is_name = name.translate(_NO_SIGNS).isalnum()
    return name if is_name else None, ip_of(address[1]) if address else None
