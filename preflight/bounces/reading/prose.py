"""Bounces in prose: who could not be reached and why, as mail servers tell it to people."""

import re
from collections.abc import Iterable
from dataclasses import replace

from preflight.bounces.reading.addresses import ADDRESS, ip_of
from preflight.bounces.reading.entries import Entry, find_entries, in_a_sentence, is_announced, merged
from preflight.bounces.reading.model import Recipient
from preflight.bounces.reading.replies import Reply, one_line, phase_of, read_reply_line, to_recipient
from preflight.bounces.reading.returned import cut_returned
from preflight.bounces.reading.sessions import read_session
from preflight.bounces.reading.words import has_any, load_phrases

MAX_TEXT = 256 * 1024  # characters that are looked at
_MAX_RECIPIENTS = 2000
_MAX_WHOLE = 800  # characters of a text that stand for the reply it does not have

_NAME = r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
# Lines of one reply with empty ones between them: so writes the DragonFly Mail Agent.
_APART = re.compile(r"^([ \t]*[45][0-7]\d-[^\n]{0,1000})\n[ \t]*\n(?=[ \t]*[45][0-7]\d[ -])", re.MULTILINE)
_ABOVE_REPLY = re.compile(rf"^[ \t]*({_NAME})[ \t]*\n[ \t]*Remote Server returned", re.MULTILINE | re.IGNORECASE)
_COMMAND_LINE = re.compile(r"SMTP command[ \t-]*\n[ \t]*([A-Z]{4})", re.IGNORECASE)
_QMAIL_HOST = re.compile(
    rf"(?:\n|^|Connected to )([0-9A-Fa-f.:]{{3,45}}|{_NAME})(?: \[[0-9A-Fa-f.:]{{3,45}}\])? "
    r"(?:does not like|did not like|failed (?:after|on)|but )"
)
_GENERATED = re.compile(rf"\((?:generated|expanded) from:?\s*<?({ADDRESS})>?\)", re.IGNORECASE)
_ORIGINAL = re.compile(rf"^\s*original(?:ly)? address(?:ed to)?:?\s*<?({ADDRESS})", re.IGNORECASE | re.MULTILINE)
_SAID_BY = re.compile(
    rf"(?:\bdomain \S{{1,255}} by|\bGenerating server:|\bRemote server:?|\bby the server)\s+({_NAME})\.?"
    r"(?:\s*[\[(]([0-9A-Fa-f.:]{3,45})[\])])?",
    re.IGNORECASE,
)


def read_prose(
    text: str,
    not_them: Iterable[str] = (),
    named: Iterable[str] = (),
    *,
    strict: bool = False,
    whole_for_none: bool = True,
) -> list[Recipient]:
    """The recipients in what a mail server wrote, without an action: `is_delay` tells whether it is still trying.

    `not_them`: addresses of those who wrote and got the bounce; they count when no one else is named. `named`: the
    recipients by a field of the header (X-Failed-Recipients) or a report, which leaves no doubt. `strict`: only those
    count right above whom it stands that mail could not be delivered. `whole_for_none`: where nothing is said of a
    recipient, the text as a whole stands for it.
    """
    text = cut_returned(text[:MAX_TEXT])
    if "-" in text:
        text = _APART.sub(r"\1\n", text)
    lines = text.split("\n")
    entries = find_entries(lines)
    excluded = {address.lower() for address in not_them}
    certain = {address.lower(): address for address in named if address}
    if certain:
        kept = merged(entry for entry in entries if entry.address.lower() in certain)
        present = {entry.address.lower() for entry in kept}
        kept += [Entry(address, []) for key, address in certain.items() if key not in present]
    else:
        others = [entry for entry in entries if entry.address.lower() not in excluded]
        if strict:
            others = [entry for entry in others if any(is_announced(lines, number) for number in entry.lines)]
        kept = merged([entry for entry in others if entry.strong] or others or ([] if strict else entries))
        if not kept and not strict and (address := in_a_sentence(lines, excluded)):
            kept = [Entry(*address)]
    session = read_session(lines) if "<<<" in text or ">>>" in text else {}
    found = [_recipient(entry, session) for entry in kept[:_MAX_RECIPIENTS]]
    if whole_for_none and any(not one.text for one in found):
        whole = one_line(text[:_MAX_WHOLE])
        found = [one if one.text else replace(one, text=whole) for one in found]
    if found and all(one.reply_code is None for one in found):
        found = _with_shared_reply(found, text)
    if len(found) == 1:
        return [_with_host(found[0], text)]
    return [_with_host(one, "\n".join(entry.said)) for one, entry in zip(found, kept, strict=False)]


def is_delay(subject: str, text: str) -> bool:
    """Whether a mail server says that it is still trying. Both in small letters."""
    phrases = load_phrases()
    if has_any(subject, phrases.delay_subjects) or has_any(text, phrases.delay_words):
        return not has_any(text, phrases.final_words)
    return False


def _recipient(entry: Entry, session: dict[str, Reply]) -> Recipient:
    said = "\n".join(entry.said)
    reply, text = _reply_in(_GENERATED.sub(" ", said) if "(" in said else said)
    heard = session.get(entry.address.lower()) or (session.get("") if reply.code is None else None)
    if heard:
        reply = _joined_replies(reply, heard)
    generated = _GENERATED.search(said) if "(" in said else None
    first = generated or _ORIGINAL.search(said)
    original = first[1] if first and first[1].lower() != entry.address.lower() else None
    return replace(to_recipient(reply, entry.address, None, words=text), original=original)


def _reply_in(said: str) -> tuple[Reply, str]:
    """The reply in what is said about a recipient, and what is said when there is none."""
    first = ""
    best = Reply()
    for paragraph in re.split(r"\n[ \t]*\n", said):
        if not paragraph.strip(" \t\n:;.-"):
            continue
        if not paragraph.rstrip().endswith((":", "：")):  # what only leads to the next one
            first = first or one_line(paragraph).lstrip(":;.- ")
        reply = read_reply_line(paragraph)
        if reply.code is not None:
            return reply, first
        if best.enhanced is None and (reply.enhanced or best == Reply()):
            best = reply
    return best, first[:1000]


def _joined_replies(own: Reply, heard: Reply) -> Reply:
    """What stands beside the recipient wins over the transcript, which knows the host and the command."""
    base = own if own.code is not None or heard.code is None else heard
    return replace(
        base,
        enhanced=base.enhanced or own.enhanced,
        host=own.host or heard.host,
        ip=own.ip or heard.ip,
        phase=own.phase if own.phase != "unknown" else heard.phase,
        helo=own.helo or heard.helo,
    )


def _with_shared_reply(found: list[Recipient], text: str) -> list[Recipient]:
    """The recipients with the one reply that stands elsewhere in the text."""
    reply, _ = _reply_in(text)
    spoken = _COMMAND_LINE.search(text)
    if spoken:
        reply = replace(reply, phase=phase_of(f"sending {spoken[1]}"))
    if reply.code is None and (reply.enhanced is None or any(one.enhanced_code for one in found)):
        return found
    return [
        replace(
            to_recipient(reply, one.recipient, None),
            original=one.original,
            enhanced_code=reply.enhanced or one.enhanced_code,
            remote_host=one.remote_host or reply.host,
            remote_ip=one.remote_ip or reply.ip,
        )
        for one in found
    ]


def _with_host(one: Recipient, text: str) -> Recipient:
    if one.remote_host:
        return one
    host, ip = qmail_host(text)
    above = None if host else _ABOVE_REPLY.search(text)
    told = None if host or above else _SAID_BY.search(text)
    if above:
        host = above[1].lower()
    elif told:
        host, ip = told[1].lower(), ip_of(told[2] or "")
    return replace(one, remote_host=host, remote_ip=ip) if host else one


def qmail_host(text: str) -> tuple[str | None, str | None]:
    """The host that qmail names in what it says of a delivery, and its address."""
    told = _QMAIL_HOST.search(text)
    if not told:
        return None, None
    ip = ip_of(told[1])
    return ip or told[1].lower(), ip
