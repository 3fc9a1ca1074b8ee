"""One SMTP reply as mail servers quote it: its codes, who said it, to which command, and the reply nested in it."""

import re
from dataclasses import dataclass

from preflight.bounces.reading.addresses import ip_of
from preflight.bounces.reading.model import Action, Phase, Recipient

_MAX = 8000  # characters of a reply that are looked at
_BARE = 5  # characters of a code that nothing follows but a bracket
_REFUSAL = r"[45][0-7]\d"
_STATUS = r"[245]\.\d{1,3}\.\d{1,3}"
_TYPE = r"(?:(?:smtp|lmtp|esmtp|x-[\w-]{1,20}|reason|status)\s*[;:]\s*)"

# RFC 5321 4.2: three digits, then a space or a hyphen. "550: 5.1.1", "550 #5.1.0", "#550 5.7.1", "(550)" are what
# others make of it. A code counts where a reply begins: first in the text, or after what servers write before one.
_ANY_CODE = re.compile(_REFUSAL)
_CODE_FIRST = re.compile(rf"\W{{0,4}}{_TYPE}?\W{{0,4}}([245][0-7]\d)(?=[\s:;,\-)\]'\"#<]|\.?(?:\s|$))", re.IGNORECASE)
_CODE_AFTER = re.compile(
    r"(?:(?:\b(?:said|returned|returns|responded(?: with)?|replied|answered|response|server|error|reason|code|"
    r"error_code|status|failed|rejected|because|got|is|was|with|reply|received)|<<<|>>>|->|=>|smtp;|错误|原因|响应|返回|代码|信息|[\])>:;|])"
    rf"[\s:=;,>\"'`<(\[#*：]{{1,12}}|[：，。]\s{{0,4}})({_REFUSAL})(?=[\s:;,\-)\]'\"#<]|\.\s|\.?$)",
    re.IGNORECASE,
)
_CODE_BARE = re.compile(rf"(?<![\w.\-:/+@=&%])({_REFUSAL})(?=[ -]{{1,2}}[#\[(]{{0,2}}{_STATUS}\b|-[A-Z])")
_CODE_BELOW = re.compile(rf"\n[ \t>]{{0,8}}({_REFUSAL})[ -]")
_STATUS_NEXT = re.compile(rf"[\s:\-;,.'\")\]]{{0,4}}(?:[245]\d\d[\s:-]{{1,3}})?[\[(#\s]{{0,4}}({_STATUS})(?!\d|\.\d)")
_STATUS_MARKED = re.compile(rf"(?:(?<=[(\[<\s])|#\s?|ERROR_CODE ?:)({_STATUS})(?=[\s)\]>:;,#'\"]|\.\s|\.?$)")
_STATUS_FIRST = re.compile(rf"\W{{0,4}}{_TYPE}?\W{{0,4}}({_STATUS})(?!\d|\.\d)", re.IGNORECASE)
_STATUS_HASH = re.compile(rf"#\s?({_STATUS})(?!\d|\.\d)|[(\[]({_STATUS})[)\]]|(?:: |-- )({_STATUS}) [A-Z]")
_STATUS_LINE = re.compile(rf"^[ \t>]{{0,8}}({_STATUS})[ \t:]", re.MULTILINE)
_PRODUCT = re.compile(
    r"(?:version|release|\bv|postfix|exim|sendmail|qmail|microsoft|build)[\s:(/]{0,3}$", re.IGNORECASE
)

_HOST_IP = r"\[?([A-Za-z0-9][\w.-]{0,254}|[0-9A-Fa-f.:]{3,45})\]?\.?(?: ?[\[(]([0-9A-Fa-f.:]{3,45})[\])])?(?::\d{1,5})?"
_HOST = re.compile(
    r"\b(?:host:?|server|delivery via|while talking to|connect(?:ion)? (?:to|with)|conversation with|"
    r"lost connection with|delivered to|rejected by|offered by host|Generating server:|Remote server:|"
    rf"recipient domain \S{{1,255}} by) <?{_HOST_IP}",
    re.IGNORECASE,
)
_IN_REPLY = re.compile(
    r"\(in reply to (?:the )?(?:sending )?(?:end of |message )?([A-Za-z]+)[^()\n]{0,100}\)", re.IGNORECASE
)
_COMMAND = re.compile(
    r"(?:\b(?:after|sending|response to|rejected|refused|during|error,|performing the|did not like our|"
    r"error from remote \w{1,9})|<<<|>>>|\[|^) ?(?:the |sending |pipelined |final )?"
    r"(RCPT|MAIL FROM|MAIL_FROM|end of data|end of message|message body|DATA|BDAT|DOT\b|initial connection|"
    r"(?:initial )?(?:server )?greeting|banner|HELO|EHLO|LHLO)",
    re.IGNORECASE,
)  # fmt: skip
_TAIL = re.compile(r"\[(RCPT_TO|MAIL_FROM|DATA|HELO|EHLO|BANNER)\]\s*$")  # how Yahoo names it
_PHASES: dict[str, Phase] = {
    "rcpt": "rcpt", "mail": "mail", "end": "data", "mess": "data", "data": "data", "bdat": "data", "dot": "data",
    "body": "data", "init": "connect", "gree": "connect", "serv": "connect", "bann": "connect", "helo": "helo",
    "ehlo": "helo", "lhlo": "helo",
}  # fmt: skip
_WORDED: tuple[tuple[str, Phase], ...] = (
    ("refused to talk to me", "connect"),
    ("but greeting failed", "connect"),
    ("initial server greeting", "connect"),
    ("sending the initial smtp greeting", "connect"),
    ("my name was rejected", "helo"),
    ("sender was rejected", "mail"),
    ("does not like sender", "mail"),
    ("does not like recipient", "rcpt"),
    ("after i sent the message", "data"),
    ("failed on data command", "data"),
    ("connection refused", "connect"),
    ("connection timed out", "connect"),
    ("no route to host", "connect"),
    ("network is unreachable", "connect"),
)
_HELO = re.compile(
    r"\b(?:HELO|EHLO|LHLO) ([A-Za-z0-9][\w.-]{1,253}\.[\w-]{2,63})\b|<([\w.:\[\]-]{1,255})>: Helo command rejected",
    re.I,
)

_NESTED = re.compile(
    rf"(?:\bhost {_HOST_IP}:? ?(?:said|refused to talk to me)?:? ?|->\s?|\b(?:said|returned|responded(?: with)?):?\s?|"
    rf"\bremote (?:server|host)[^:\n]{{0,40}}:\s?|\b(?:response|got)(?: was)?:\s?|"
    rf"[:(\"'>]\s?(?={_REFUSAL}[ -]{_STATUS}))"
    rf"['\"<#]{{0,2}}(?:[^\s<>#]{{0,255}} ?#)?(?:{_STATUS} )?(?:smtp; ?)?(?={_REFUSAL}[ -])",
    re.IGNORECASE,
)
_LINE_OF_MANY = re.compile(rf"(?<=[\s>])({_REFUSAL})[- ](?:#?({_STATUS})[\s:]{{1,2}})?")
_BROKEN_NUMBER = re.compile(r"(?<=\d\.)\n[ \t]*(?=\d)|(?<=\d)\n[ \t]*(?=\.\d)")
_TRAILER = re.compile(
    r"\s*(?:\(in reply to [^()]{0,120}\)|#{1,2}|#SMTP#|\[[A-Z_]{4,20}\]|['\"`]|\(state \d{1,3}\)\.?)$"
)

_PAIRS = (("(", ")"), ("<", ">"), ("[", "]"))
_MAX_TRAILER = 150  # characters
_ANY_IP = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:")
_GIVING_UP = re.compile(r" Giving up on \S{1,255}?\.?$")  # what qmail adds
_IP = re.compile(
    r"(?<![\w.:\-/])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\d)|(?<![\w.:])((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w.:])|"
    r"[?&=/](\d{1,3}(?:\.\d{1,3}){3})(?![\w.-])"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reply says of itself; see `Recipient` for the fields. `text` is "" when the words hold no code at all.

    `at`: how much of the one line stands before the reply.
    """

    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    inner: str | None = None
    host: str | None = None
    ip: str | None = None
    phase: Phase = "unknown"
    sending_ip: str | None = None
    helo: str | None = None
    before: str = ""


def one_line(text: str) -> str:
    """A folded text on one line, numbers that were cut at a dot put together again."""
    if "\n" in text:
        text = _BROKEN_NUMBER.sub("", text)
    return " ".join(text.split())


def read_reply_line(text: str) -> Reply:
    """The first reply in a text that a server wrote about one recipient, with what stands around it."""
    line = one_line(text[:_MAX])
    if not line:
        return Reply()
    start = _start(line)
    if start is None and "\n" in text and (below := _CODE_BELOW.search(text, 0, _MAX)):
        before = one_line(text[: below.start(1)])
        line, start = f"{before} {one_line(text[below.start(1) : _MAX])}", len(before) + 1
    if start is not None:
        before, body = line[:start], _joined(_GIVING_UP.sub("", line[start:]))
        code = int(body[:3])
        nested = _NESTED.search(body, 4)
        own = body[: nested.start()] if nested else body
        enhanced = _status(own, str(code)[0])
        inner = _trimmed(body[nested.end() :]) if nested else None
        text = _trimmed(body if len(body) > _BARE else line)
    else:
        before, body, code, inner = "", line, None, None
        own = line
        first = _STATUS_FIRST.match(line) or _STATUS_HASH.search(line) or _STATUS_LINE.search(text)
        enhanced = next(filter(None, first.groups()), None) if first else None
        text = _trimmed(line) if enhanced else ""
    host, ip = _host(before if code is not None else own)
    helo = _HELO.search(line) if "HLO" in line or "elo " in line or "HELO" in line else None
    return Reply(
        code=code,
        enhanced=enhanced,
        text=text,
        inner=inner,
        host=host,
        ip=ip,
        phase=phase_of(line, before),
        sending_ip=_sending_ip(f"{own} {inner or ''}", ip),
        helo=next(filter(None, helo.groups()), None) if helo else None,
        before=before,
    )


def _start(line: str) -> int | None:
    """Where the first reply in a line begins."""
    found = _CODE_FIRST.match(line)
    if not found and _ANY_CODE.search(line):
        found = _CODE_AFTER.search(line) or _CODE_BARE.search(line)
    return found.start(1) if found else None


def phase_of(line: str, before: str = "") -> Phase:
    """The command that a reply was to, from the words around it; `before`: what stands before the reply."""
    if "n reply to" in line:
        told = _IN_REPLY.findall(line)
        if told:  # the last is the outermost
            return _PHASES.get(told[-1][:4].lower(), "unknown")
    lowered = line.lower()
    for words, phase in _WORDED:
        if words in lowered:
            return phase
    command = _TAIL.search(line) or _COMMAND.search(before or line)
    return _phase_named(command[1]) if command else "unknown"


def _phase_named(command: str) -> Phase:
    key = command.lower()
    return _PHASES.get(key[:4], _PHASES.get(key[:3], "unknown"))


def _joined(reply: str) -> str:
    """A reply of several lines without the codes that each further line begins with (RFC 5321 4.2.1, RFC 2034 4)."""
    if reply[3:4] != "-":
        return reply
    code = reply[:3]
    enhanced = _STATUS_NEXT.match(reply, 3)
    own = enhanced[1] if enhanced else None

    def dropped(match: re.Match[str]) -> str:
        if match[1] == code and (match[2] is None or match[2] == own):
            return ""
        return match[0]

    return f"{code} " + _LINE_OF_MANY.sub(dropped, reply[4:])


def _status(own: str, digit: str) -> str | None:
    """The enhanced code of a reply: right behind the code, else marked as one anywhere in it, of the same class."""
    following = _STATUS_NEXT.match(own, 3)
    if following:
        return following[1]
    for match in _STATUS_MARKED.finditer(own, 3):
        if match[1][0] == digit and not _PRODUCT.search(own, max(0, match.start() - 20), match.start()):
            return match[1]
    return None


def _host(context: str) -> tuple[str | None, str | None]:
    for match in _HOST.finditer(context):
        name, address = match[1].rstrip(".").lower(), match[2]
        ip = ip_of(address) if address else None
        name_ip = ip_of(name)
        if name_ip:
            return name_ip, name_ip
        if "." in name or ip:
            return name, ip
    return None, None


def _sending_ip(body: str, remote: str | None) -> str | None:
    """The address that a refusal is about: the first in it that is not the server's own."""
    if not _ANY_IP.search(body):
        return None
    for match in _IP.finditer(body):
        ip = ip_of(match[1] or match[2] or match[3])
        if ip and ip != remote and not ip.startswith(("127.", "0.", "::")):
            return ip
    return None


def _trimmed(text: str) -> str:
    text = text.strip().lstrip(":;,.- ").rstrip(",; ")
    while True:
        found = _TRAILER.search(text, max(0, len(text) - _MAX_TRAILER))
        if found and found.start():
            text = text[: found.start()]
        elif any(text.endswith(closing) and text.count(closing) > text.count(opening) for opening, closing in _PAIRS):
            text = text[:-1]
        else:
            return text


def to_recipient(
    reply: Reply,
    address: str | None,
    action: Action | None,
    *,
    status: str | None = None,
    host: str | None = None,
    ip: str | None = None,
    words: str = "",
) -> Recipient:
    """A recipient to whom a reply was given. What is stated beside the reply: `status` counts where the reply has no
    enhanced code, `host` and `ip` before those in its text, `words` where it has no text."""
    enhanced = reply.enhanced or status
    return Recipient(
        recipient=address,
        action=action,
        remote_host=host or reply.host,
        remote_ip=ip or reply.ip,
        sending_ip=reply.sending_ip,
        helo=reply.helo,
        phase=reply.phase,
        reply_code=reply.code,
        enhanced_code=enhanced,
        permanent=is_permanent(reply.code, enhanced, action),
        inner=reply.inner,
        text=reply.text or words,
    )


def is_permanent(code: int | None, enhanced: str | None, action: Action | None) -> bool | None:
    """Whether trying again is pointless (RFC 5321 4.2.1): by the reply, else the status, else what was done."""
    if code is not None:
        return code >= 500 if code >= 400 else None
    if enhanced is not None:
        return {"5": True, "4": False}.get(enhanced[0])
    return {"failed": True, "delayed": False}.get(action or "")
