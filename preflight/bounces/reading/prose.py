"""Bounces in prose: who could not be reached and why, as mail servers tell it to people."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from preflight.bounces.reading.addresses import ADDRESS, ip_of
from preflight.bounces.reading.model import Recipient
from preflight.bounces.reading.replies import Reply, one_line, phase_of, read_reply_line, to_recipient
from preflight.bounces.reading.words import has_any, load_phrases

MAX_TEXT = 256 * 1024  # characters that are looked at
_MAX_RECIPIENTS = 2000
_MAX_LINES = 40  # of what is said about one recipient
_MAX_LINE = 4000  # characters
_MAX_WHOLE = 800  # characters of a text that stand for the reply it does not have
_LEAD = 14  # characters before words that announce the returned message: "Here is", "Enclosed is"

_LABELS = (
    r"to|recipients?|failed recipient|final recipient|intended recipient|original recipient|rcpt to|error-for|for|user|"
    r"address(?:es)?|e-?mail(?: address)?|mailbox|destination|failed address|bad address|deliver(?:y|ed)? to|"
    r"invalid final delivery userid|unknown user|invalid user|user unknown|no such user|originally addressed to|recipient address|user's mailbox is full|"
    r"(?:[\w' ]{1,60} )?(?:delivered|addressed|sent|message) to|收件人|收件人地址|收信人|收件地址|无法发送到|無法傳送到|宛先|受信者|送信先|destinataires?|destinatarios?|destinatari|"
    r"empfänger|ontvanger|mottagare|получател[ьи]|адресат|odbiorca|alıcı|받는 사람|수신자"
)
# A line about one recipient: the address first, with whatever dresses lists up; or behind a label.
_ENTRY = re.compile(
    rf"^[ \t]*(?:[>*•·\-+]{{1,3}}[ \t]{{0,4}}|\d{{1,3}}[.)][ \t]{{1,4}})?[<\[(\"']{{0,2}}({ADDRESS})[>\])\"']{{0,2}}(.*)$"
)
_LABELLED = re.compile(
    rf"^[ \t>*•|.\-]{{0,12}}(?:{_LABELS}|[\w ;=:+]{{0,200}}\bSMTP)[ \t]*(?:[:：=]|[ \t](?=<))[ \t]*[<\[(\"']{{0,2}}(?:(?:rfc822;|smtp:)[ ]?)?({ADDRESS})[>\])\"']{{0,2}}(.*)$",
    re.IGNORECASE,
)
_MAILTO = re.compile(r"(?:\s*\([^()\s]{1,320}\))?<?mailto:[^>\s]{1,320}>")
_RCPT = re.compile(rf"RCPT TO:\s?<?({ADDRESS})>?", re.IGNORECASE)
_INLINE = re.compile(ADDRESS)
_NOT_A_RECIPIENT = re.compile(
    r"[\s>*|]*(?:from|sender|reply-to|return-path|message-id|cc|contact|sent by|发件人|发信人|寄件者|寄件人|差出人|von|"
    r"absender|expéditeur|de|remitente|mittente|отправитель|от)[ \t]*[:：]",
    re.IGNORECASE,
)
_STOP = re.compile(r"\s*(?:-{5,}|={5,}|(?:>>>|<<<|\.\.\. while)\s)")
_SPOKEN = re.compile(r"\s*(?:(?:sent|received)\s+)?(?:>>>|<<<)\s*(.*)", re.IGNORECASE)
_IN_TRANSCRIPT = re.compile(rf"<?({ADDRESS})>?\.\.\.")
_NO_RECIPIENT = re.compile(r"^50[13] .{0,40}(?:rcpt|recipient)|^554 .{0,20}no valid recipients", re.IGNORECASE)
_TALKING = re.compile(r"while talking to\s+\[?([A-Za-z0-9][\w.-]{0,254}|[0-9A-Fa-f.:]{3,45})", re.IGNORECASE)
_ABOVE_REPLY = re.compile(
    r"^[ \t]*([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})[ \t]*\n[ \t]*Remote Server returned", re.MULTILINE | re.I
)
_COMMAND_LINE = re.compile(r"SMTP command[ \t-]*\n[ \t]*([A-Z]{4})", re.IGNORECASE)
_QMAIL_HOST = re.compile(
    r"(?:\n|^|Connected to )([0-9A-Fa-f.:]{3,45}|[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}) (?:does not like|failed (?:after|on)|but )"
)
_GENERATED = re.compile(rf"\((?:generated|expanded) from:?\s*<?({ADDRESS})>?\)", re.IGNORECASE)
_ORIGINAL = re.compile(rf"^\s*original(?:ly)? address(?:ed to)?:?\s*<?({ADDRESS})", re.IGNORECASE | re.MULTILINE)
_SAID_BY = re.compile(
    r"(?:\bdomain \S{1,255} by|\bGenerating server:|\bRemote server:?|\bby the server)\s+"
    r"([A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})\.?(?:\s*[\[(]([0-9A-Fa-f.:]{3,45})[\])])?",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"^[> \t]{0,4}(?:(Received: ?(?:from|by|\()|Return-Path: ?<|DKIM-Signature: )|MIME-Version: |Message-ID: |Content-Type: )",
    re.MULTILINE | re.IGNORECASE,
)
_HEADER_LINE = re.compile(
    r"[\s>*]*(?:subject|sent|from|cc|date|message-id|主题|日期|时间|发件人|主旨|件名|betreff|gesendet|objet|asunto|oggetto|тема)"
    r"[ \t]*[:：]",
    re.IGNORECASE,
)
_FIELD_LINE = re.compile(r"[> \t]{0,4}[A-Z][A-Za-z0-9-]{1,40}: ")


@dataclass(slots=True)
class _Entry:
    """A recipient and the lines about it."""

    address: str
    said: list[str]
    strong: bool = True  # it stands in a list of recipients, and not in the header that is told of the returned message


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
    recipients by a field of the header (X-Failed-Recipients) or a report, which leaves no doubt. `strict`: only those that
    stand in a list are taken. `whole_for_none`: where nothing is said of a recipient, the text as a whole stands for it.
    """
    text = cut_returned(text[:MAX_TEXT])
    lines = text.split("\n")
    entries = _entries(lines)
    excluded = {address.lower() for address in not_them}
    certain = {address.lower(): address for address in named if address}
    if certain:
        kept = _merged(entry for entry in entries if entry.address.lower() in certain)
        present = {entry.address.lower() for entry in kept}
        kept += [_Entry(address, []) for key, address in certain.items() if key not in present]
    else:
        others = [entry for entry in entries if entry.address.lower() not in excluded]
        kept = _merged([entry for entry in others if entry.strong] or others or ([] if strict else entries))
        if not kept and not strict and (address := _in_a_sentence(lines, excluded)):
            kept = [_Entry(*address)]
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


def cut_returned(text: str) -> str:
    """A text up to where the returned message begins: at a line that announces it, or at its header."""
    cut = len(text)
    lowered = text.lower()
    for words in load_phrases().returned_lines:
        at = lowered.find(words, 0, cut)
        while at >= 0:
            start = lowered.rfind("\n", 0, at) + 1
            end = lowered.find("\n", at)
            line = lowered[start : end if end >= 0 else len(lowered)].strip()
            if _is_rule(line, words):
                cut = start
                break
            at = lowered.find(words, at + 1, cut)
    for match in _HEADER.finditer(text, 0, cut):
        if match.start() and (match[1] or _beside_fields(text, match)):
            return text[: match.start()]
    return text[:cut]


def _is_rule(line: str, words: str) -> bool:
    """Whether a line that has the words is there for them alone, and no sentence that happens to use them."""
    at = line.find(words)
    return line.startswith(("--", "==", "**", "__", "|-", "-", ">>")) or (
        at <= _LEAD and (line.endswith((":", "--", "：", ".")) or len(line) <= len(words) + at + 12)
    )


def _beside_fields(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, text.rfind("\n", 0, max(0, match.start() - 1))) : match.start()].strip("\n")
    end = text.find("\n", match.end())
    after = text[end + 1 : end + 200] if end >= 0 else ""
    return bool(_FIELD_LINE.match(before) or _FIELD_LINE.match(after))


def _entries(lines: list[str]) -> list[_Entry]:
    found: list[_Entry] = []
    stopped = False
    for number, line in enumerate(lines):
        entry = _entry(line) if "@" in line else None
        if entry:
            around = lines[max(0, number - 2) : number] + lines[number + 1 : number + 3]
            entry.strong = not any(_HEADER_LINE.match(other) for other in around)
        if entry and not (found and found[-1].strong and found[-1].address.lower() == entry.address.lower()):
            found.append(entry)
            stopped = False
        elif found and not stopped:
            if _STOP.match(line) or len(found[-1].said) >= _MAX_LINES:
                stopped = True
            else:
                found[-1].said.append(line)
    return found


def _entry(line: str) -> _Entry | None:
    line = line[:_MAX_LINE]
    match = _ENTRY.match(line)
    labelled = None if match else _LABELLED.match(line)
    match = match or labelled
    if not match or _NOT_A_RECIPIENT.match(line):
        return None
    rest = _MAILTO.sub("", match[2])
    if labelled and " " in line[: labelled.start(1)].strip(" :*>|."):  # the label says why
        rest = line
    if rest.lstrip().lower().startswith(("wrote", "writes", "schrieb", "写道")):
        return None
    return _Entry(match[1].lstrip("=*'`"), [rest])


def _merged(entries: Iterable[_Entry]) -> list[_Entry]:
    by_address: dict[str, _Entry] = {}
    for entry in entries:
        known = by_address.setdefault(entry.address.lower(), entry)
        if known is not entry and len(known.said) < 2 * _MAX_LINES:
            known.said += ["", *entry.said]
    return list(by_address.values())


def _recipient(entry: _Entry, session: dict[str, Reply]) -> Recipient:
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


def read_session(lines: list[str]) -> dict[str, Reply]:
    """The refusals in a transcript of a session, by recipient in small letters; by "" those of no recipient."""
    found: dict[str, Reply] = {}
    host: str | None = None
    address, phase, helo = "", "unknown", None
    for line in lines:
        talking = _TALKING.search(line)
        if talking:
            host, address, phase = talking[1].rstrip(".").lower(), "", "connect"
            continue
        spoken = _SPOKEN.match(line)
        words = spoken[1] if spoken else line.strip()
        if not words[:1].isdigit():
            if spoken:
                rcpt = _RCPT.search(words)
                address = rcpt[1].lower() if rcpt else ""
                phase = phase_of(f"sending {words}")
                helo = words.split()[1] if phase == "helo" and len(words.split()) > 1 else helo
            continue
        reply = read_reply_line(words)
        if reply.code is None or reply.code < 400 or not (spoken or "..." in words):
            continue
        if phase == "data" and _NO_RECIPIENT.search(words):  # commands were sent ahead (RFC 2920): that one was to RCPT
            found = {key: replace(one, phase="rcpt") if one.phase == "data" else one for key, one in found.items()}
            continue
        named = _IN_TRANSCRIPT.search(words)
        key = address or (named[1].lower() if named else "")
        found.setdefault(key, replace(reply, host=host, ip=ip_of(host or ""), phase=phase, helo=helo))  # type: ignore[arg-type]
    return found


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


def _in_a_sentence(lines: list[str], excluded: set[str]) -> tuple[str, list[str]] | None:
    """The address in a sentence that is most likely the recipient's, and the sentence."""
    fallback: tuple[str, list[str]] | None = None
    words = load_phrases().bounce_words
    for line in lines:
        if "@" not in line or _NOT_A_RECIPIENT.match(line):
            continue
        for match in _INLINE.finditer(line[:_MAX_LINE]):
            address = match[0].lstrip("=*'`")
            if address.lower() in excluded or address.lower().startswith(("postmaster@", "abuse@", "support@", "help")):
                continue
            if _RCPT.search(line) or has_any(line.lower(), words):
                return address, [line]
            fallback = fallback or (address, [line])
    return fallback
