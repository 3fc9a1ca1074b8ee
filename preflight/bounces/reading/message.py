"""One message: which kind it is, and what it says of each recipient."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from preflight.bounces.reading import dsn, kinds
from preflight.bounces.reading.addresses import ADDRESS
from preflight.bounces.reading.forwards import forwarded_text
from preflight.bounces.reading.mime import Part, read_part
from preflight.bounces.reading.model import Action, BounceReport, Kind, Recipient
from preflight.bounces.reading.prose import is_delay, read_prose
from preflight.bounces.reading.replies import is_permanent
from preflight.bounces.reading.returned import cut_returned
from preflight.bounces.reading.words import has_any, load_phrases

MAX_MESSAGE = 64 * 1024 * 1024  # octets that are looked at
_MAX_FORWARDS = 4  # messages within messages
_MAX_TOLD = 500  # recipients of a report that are looked for in its text too
_MAX_SAID = 64 * 1024  # characters that are searched for the words of bounces
_RECEIVED = frozenset({b"received", b"return-path", b"dkim-signature"})  # a part with these is the message itself
_NOBODY = "@"
_TO = re.compile(r"^To:[ \t]?(.{1,1000})$", re.MULTILINE | re.IGNORECASE)
_ADDRESSES = re.compile(ADDRESS)
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RECEIPTS = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_ATTACHED = frozenset({"message/rfc822", "message/global"})
_RETURNED = frozenset({"text/rfc822-headers", "message/global-headers", "message/partial", *_ATTACHED})
_HUMAN = frozenset({"text/plain", "text/html", "text", "text/enriched", "message/delivery-status-notification"})
_SMTP = re.compile(r"\b[45]\d\d[ -]|[#(\s][45]\.\d\.\d{1,3}\b|\bsaid: |SMTP|RCPT", re.IGNORECASE)


def read_message(octets: bytes, label: str) -> BounceReport:
    """One message (RFC 5322) from its octets: a bounce, or what else it is. `label` becomes its `source`."""
    kind, recipients, message = _read(read_part(octets[:MAX_MESSAGE]), _MAX_FORWARDS)
    return BounceReport(source=label, kind=kind, recipients=tuple(recipients), when=_date(message))


def read_told(text: str) -> list[Recipient]:
    """The recipients in the text of a bounce, without the message that it stood in."""
    return _prose(text, "", [], [], trusted=True)


def _read(message: Part, depth: int) -> tuple[Kind, Sequence[Recipient], Part]:
    parts = list(message.walk())
    types = {part.type for part in parts}
    if kinds.is_complaint(message, types):
        return "feedback", (), message
    if not types.isdisjoint(_RECEIPTS):
        return *_receipt(message, parts), message
    report = _report(parts)
    if report and report.recipients:
        found = _with_prose(message, parts, report)
        return kind_of(found), found, message
    author = kinds.by_daemon(message) or not types.isdisjoint(_REPORTS)
    titled = kinds.is_titled_as_bounce(message)
    named = _failed_recipients(message)
    if kinds.is_answer(message) and not (author or titled or named):
        return "auto-reply", (), message
    if author or named or titled or kinds.has_null_sender(message):
        trusted = bool(author or named)
        text = _human(parts)
        if not author:
            text = forwarded_text(text) or text
        found = _prose(text, kinds.subject_of(message), _both_ends(message), named, trusted=trusted)
        if found:
            return kind_of(found), found, message
        kind, others, inner = _forwarded(message, parts, depth)
        if kind == "not-a-bounce" and trusted and has_any(_all_said(message, text), load_phrases().bounce_words):
            return "bounce", [_nameless(text, parts)], message
        if kind == "not-a-bounce" and kinds.is_answer(message):
            return "auto-reply", (), message
        return kind, others, inner
    return _forwarded(message, parts, depth)


def _all_said(message: Part, text: str) -> str:
    return f"{kinds.subject_of(message)} {text[:_MAX_SAID].lower()}"


def _nameless(text: str, parts: list[Part]) -> Recipient:
    """A bounce that names nobody: the mail was for the one that the returned message names, if it names one."""
    returned = next((part.attached for part in parts if part.attached), None)
    field = _TO.search(text, len(cut_returned(text)))
    addresses = _ADDRESSES.findall(returned.raw("to") if returned else field[1] if field else "")
    (one,) = read_prose(text, (), [addresses[0] if len(addresses) == 1 else _NOBODY])
    return replace(
        one,
        recipient=None if one.recipient == _NOBODY else one.recipient,
        action="failed",
        permanent=is_permanent(one.reply_code, one.enhanced_code, "failed"),
    )


def _prose(text: str, subject: str, ends: list[str], named: list[str], *, trusted: bool) -> list[Recipient]:
    """The recipients in prose with what became of them. Where the author is not known to be a mail server, only prose
    that quotes a server counts: spam likes to look like a bounce."""
    lowered = text[:_MAX_SAID].lower()
    phrases = load_phrases()
    quotes = bool(_SMTP.search(text[:_MAX_SAID]))
    told = f"{subject} {lowered}"
    if not (named or has_any(told, phrases.bounce_words) or has_any(told, phrases.delay_words) or quotes):
        return []
    found = read_prose(text, ends, named, strict=not trusted and not quotes)
    if not trusted and quotes and not any(one.reply_code or one.enhanced_code for one in found):
        return []
    action: Action = "delayed" if is_delay(subject, lowered) else "failed"
    return [
        replace(one, action=action, permanent=is_permanent(one.reply_code, one.enhanced_code, action)) for one in found
    ]


def _report(parts: list[Part]) -> dsn.Report | None:
    """The report among the parts: in one of the right type, or in one that has its fields. What cuts off the header of
    the part from its fields may be missing."""
    for part in parts:
        if part.type in _REPORTS:
            text = part.text
            if not dsn.looks_like_a_report(text):
                text = part.octets[part.start : part.end][:65536].decode("utf-8", "replace")
            found = dsn.read_report(text)
            if found.recipients:
                return found
    for part in parts:
        if part.type in _RETURNED:
            break
        if (
            not part.parts
            and not part.type.startswith(("image/", "application/"))
            and dsn.looks_like_a_report(part.text)
        ):
            return dsn.read_report(part.text)
    return None


def _with_prose(message: Part, parts: list[Part], report: dsn.Report) -> list[Recipient]:
    """The recipients of a report with what only the text for people says: the command, the host, a reply."""
    found = list(report.recipients)
    named = _failed_recipients(message)
    if len(found) == 1 and len(named) == 1 and "@" not in (found[0].recipient or ""):
        found[0] = replace(found[0], recipient=named[0])
    if len(found) > _MAX_TOLD or all(one.phase != "unknown" and one.remote_ip and one.reply_code for one in found):
        return found
    told = {
        (one.recipient or "").lower(): one
        for one in read_prose(_human(parts), (), [one.recipient or "" for one in found], whole_for_none=False)
    }
    return [_completed(one, told.get((one.recipient or "").lower())) for one in found]


def _completed(one: Recipient, told: Recipient | None) -> Recipient:
    if told is None or one.action in {"delivered", "relayed", "expanded"}:
        return one
    same = one.reply_code is None or told.reply_code is None or told.reply_code == one.reply_code
    if not same:
        return one
    reply = one.reply_code if one.reply_code is not None else told.reply_code
    enhanced = told.enhanced_code if one.reply_code is None and told.enhanced_code else one.enhanced_code
    return replace(
        one,
        reply_code=reply,
        enhanced_code=enhanced or told.enhanced_code,
        permanent=is_permanent(reply, enhanced, one.action),
        text=told.text if one.reply_code is None and told.reply_code is not None else one.text or told.text,
        inner=one.inner or told.inner,
        phase=one.phase if one.phase != "unknown" else told.phase,
        remote_host=one.remote_host or told.remote_host,
        remote_ip=one.remote_ip
        or (told.remote_ip if told.remote_host == one.remote_host or not one.remote_host else None),
        sending_ip=one.sending_ip or (told.sending_ip if told.reply_code is not None else None),
        helo=one.helo or told.helo,
        original=one.original or told.original,
    )


def _human(parts: list[Part]) -> str:
    """The text for people: of the parts before the returned message the plain ones, or HTML where there is none."""
    plain: list[str] = []
    pages: list[str] = []
    for number, part in enumerate(parts):
        if number and (part.type in _RETURNED or not _RECEIVED.isdisjoint(part.fields)):
            break
        if part.parts or part.type in _REPORTS:
            continue
        if part.type == "text/html":
            pages.append(part.text)
        elif part.type in _HUMAN or part.type.startswith("text/"):
            plain.append(part.text)
    return "\n\n".join(plain if any(text.strip() for text in plain) else pages)


def _failed_recipients(message: Part) -> list[str]:
    """X-Failed-Recipients, which Exim and Gmail write."""
    return _ADDRESSES.findall(message.raw("x-failed-recipients"))


def _both_ends(message: Part) -> list[str]:
    fields = ("from", "to", "reply-to", "delivered-to", "return-path", "sender", "errors-to")
    return [address for name in fields for address in _ADDRESSES.findall(message.raw(name)[:4000])]


def kind_of(found: Sequence[Recipient]) -> Kind:
    """What a report on these recipients is: the worst of what became of them."""
    actions = {one.action for one in found}
    if "failed" in actions or None in actions:
        return "bounce"
    return "delayed" if "delayed" in actions else "delivered"


def _receipt(message: Part, parts: list[Part]) -> tuple[Kind, Sequence[Recipient]]:
    """A receipt (RFC 8098): what was shown or deleted had been delivered. Dovecot refuses mail in a receipt, though."""
    fields = next(part.text for part in parts if part.type in _RECEIPTS)
    text = _human(parts)
    if "deleted" not in fields.lower() or "reject" not in f"{kinds.subject_of(message)} {text[:4096].lower()}":
        return "delivered", ()
    named = [one.recipient for one in dsn.read_report(fields).recipients if one.recipient]
    found = _prose(text, "", [], named, trusted=True)
    return ("bounce", found) if found else ("delivered", ())


def _forwarded(message: Part, parts: list[Part], depth: int) -> tuple[Kind, Sequence[Recipient], Part]:
    """A person's message: the bounce that it forwards, attached or in its text. A returned message is none: it stands
    in a bounce, and those have been read by now."""
    if depth:
        for part in parts:
            if part.attached:
                kind, found, inner = _read(part.attached, depth - 1)
                if kind in {"bounce", "delayed"}:
                    return kind, found, inner
    text = _human(parts)
    body = forwarded_text(text)
    if body is None and kinds.is_forward(message):
        body = text
    if body is not None:
        found = _prose(body, "", _both_ends(message), [], trusted=False)
        if found:
            return kind_of(found), found, message
    return "not-a-bounce", (), message


def _date(message: Part) -> datetime | None:
    try:
        stated = parsedate_to_datetime(message.raw("date")[:100])
    except (ValueError, OverflowError):
        return None
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
