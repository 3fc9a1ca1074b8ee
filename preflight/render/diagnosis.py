"""Diagnoses for people: what was read, what to do first, the causes by what is known of each, and what else helps."""

from collections.abc import Sequence

from preflight.appeals.routes import route_for
from preflight.bounces.catalogue import Bounce
from preflight.bounces.not_seen import load_not_seen
from preflight.bounces.reading import Recipient
from preflight.diagnosis.causes import Cause, CauseState, by_state
from preflight.diagnosis.diagnosing import Diagnosis
from preflight.diagnosis.plan import internal_note
from preflight.diagnosis.refusals import Refusal
from preflight.findings import gather
from preflight.render import RenderOptions
from preflight.render.page import FIELD, ITEM, SEVERITY_STYLES, Page, Piece
from preflight.render.reference import readable
from preflight.render.wording import MANY, SEVERITIES, looks
from preflight.text import visible

MORE = "All on the code: {codes}."
APPEAL = "The request to be taken off the receiver's list, once the causes are mended: `preflight appeal`."

_LONGEST_REPLY = 600  # characters of a reply that are shown
_HINTED = ("content", "reputation", "unknown")  # categories for which notes on test messages help

PHASES = {
    "connect": "when the connection was made",
    "helo": "at HELO/EHLO",
    "mail": "at MAIL FROM (the sender)",
    "rcpt": "at RCPT TO (the recipient)",
    "data": "at DATA (the message)",
}
KINDS = {
    "bounce": "This is a bounce.",
    "delayed": "The mail is delayed: its server keeps trying.",
    "delivered": "The mail was delivered: no server refused it.",
    "auto-reply": "This is an automatic reply of the recipient: the mail arrived, and nothing was refused.",
    "feedback": "This is a complaint (feedback report): the mail arrived, and the recipient marked it as junk.",
    "not-a-bounce": "No bounce was recognised here. Give the message that came back as a file, the line of the log, or "
    'the reply itself: preflight diagnose --text "550 …".',
}
STATES = {
    CauseState.CONFIRMED: ("✗", "Confirmed causes", "bold red"),
    CauseState.UNDETERMINED: ("?", "Causes that could not be told yet", "bold yellow"),
    CauseState.OUTSIDE: ("→", "What cannot be seen from here", "bold cyan"),
    CauseState.RULED_OUT: ("✓", "Ruled out", "bold green"),
}


def diagnosis_text(diagnosis: Diagnosis, options: RenderOptions) -> str:
    """The page of one diagnosis, with a final line break."""
    page = Page(options.language, options.width)
    _read(page, diagnosis)
    put_causes(page, diagnosis)
    _advice(page, diagnosis)
    return page.text(color=options.color)


def put_causes(page: Page, diagnosis: Diagnosis) -> None:
    """The sections on what to do first and on the causes."""
    if step := diagnosis.next_step:
        page.heading(page.say("Do this first"))
        page.put((page.say(step), "bold"), column=ITEM, label="➜", at=2, style="bold")
    if note := internal_note(diagnosis.plan):
        page.gap()
        page.put(page.say(note), column=ITEM, label="!", at=2, style="bold yellow")
    for state, causes in by_state(diagnosis.causes).items():
        if not causes:
            continue
        symbol, title, style = STATES[state]
        page.heading(f"{symbol} {page.say(title)}")
        if state is CauseState.CONFIRMED:
            for number, cause in enumerate(causes, 1):
                if number > 1:
                    page.gap()
                _confirmed(page, number, cause, told=number == 1 and cause.fix == step)
        elif state is CauseState.OUTSIDE:
            for cause in causes:
                page.put((_title(page, cause), "bold"), column=ITEM, hang=2)
                _outside(page, cause)
        else:
            _in_short(page, causes, style)
    if diagnosis.report is not None:
        when = diagnosis.report.started_at.strftime("%Y-%m-%d %H:%M UTC")
        page.gap()
        page.put(
            (page.say("Looked up at {when}: {what}", when=when, what=_looked_at(page, diagnosis)), "dim"), column=2
        )


# --- what was read --------------------------------------------------------------------------------------------------


def _read(page: Page, diagnosis: Diagnosis) -> None:
    kind = diagnosis.bounce.kind
    groups = _alike(diagnosis.refusals)
    if kind != "bounce" or not groups:
        page.put((page.say(KINDS[kind]), "bold"))
    for number, group in enumerate(groups):
        if number or kind != "bounce":
            page.gap()
        _refusal(page, group)


def _alike(refusals: Sequence[Refusal]) -> list[list[Refusal]]:
    """Recipients who were refused in the same words by the same host, together."""
    groups: dict[object, list[Refusal]] = {}
    for refusal in refusals:
        stated = refusal.recipient
        codes = (stated.reply_code, stated.enhanced_code, stated.phase, stated.remote_host)
        same = refusal.bounce.id if refusal.bounce else stated.text
        groups.setdefault((same, refusal.taken, codes), []).append(refusal)
    return list(groups.values())


def _refusal(page: Page, group: Sequence[Refusal]) -> None:
    refusal, stated = group[0], group[0].recipient
    bounce = refusal.bounce
    symbol, style, word = _outcome(refusal)
    head: list[Piece] = [(f"{symbol} {reply_of(refusal)}".rstrip(), style), "  "]
    if bounce:
        head.append((f"{page.say(bounce.provider)}, ", "bold"))
    page.put(*head, (page.say(word), "bold"))
    page.gap()
    named = [one.recipient.recipient for one in group if one.recipient.recipient]
    rows = [
        ("recipient", page.some(named, MANY)),
        ("refused by", _host(stated)),
        ("refused", page.say(PHASES[stated.phase]) if not refusal.taken and stated.phase != "unknown" else ""),
        ("sending IP", stated.sending_ip or ""),
        ("code", _code(page, refusal)),
        ("category", "" if refusal.taken else refusal.category),
        ("reply", visible(stated.text, limit=_LONGEST_REPLY)),
        ("within it", visible(refusal.nested.reply.text, limit=_LONGEST_REPLY) if refusal.nested else ""),
    ]
    for label, text in rows:
        if text:
            page.put(text, column=FIELD, label=page.say(label), at=2)
    if bounce:
        page.gap()
        page.put(page.say(bounce.meaning), column=2)


def _outcome(refusal: Refusal) -> tuple[str, str, str]:
    """Symbol, style and words for what became of a recipient."""
    if refusal.taken:
        return "✓", "bold green", "taken"
    match refusal.permanent:
        case True:
            return "✗", "bold red", "refused for good"
        case False:
            return "!", "bold yellow", "refused for now"
        case None:
            return "?", "bold yellow", "refused"


def reply_of(refusal: Refusal) -> str:
    """The reply by its code: as the catalogue writes a provider's own, else as it was stated."""
    stated = refusal.recipient
    if refusal.match and refusal.match.sure == "code":
        return refusal.match.bounce.reply
    return " ".join(str(code) for code in (stated.reply_code, stated.enhanced_code) if code)


def _host(stated: Recipient) -> str:
    if stated.remote_host and stated.remote_ip and stated.remote_host != stated.remote_ip:
        return f"{stated.remote_host} [{stated.remote_ip}]"
    return stated.remote_host or stated.remote_ip or ""


def _code(page: Page, refusal: Refusal) -> str:
    if refusal.taken:
        return ""
    if refusal.match is None:
        return page.say("not in the catalogue")
    bounce = refusal.match.bounce.id
    return bounce if refusal.match.sure == "code" else page.say("{bounce}, which anybody may answer", bounce=bounce)


# --- causes ---------------------------------------------------------------------------------------------------------


def _title(page: Page, cause: Cause) -> str:
    return readable(cause.title, page.language) if isinstance(cause.title, str) else page.say(cause.title)


def _confirmed(page: Page, number: int, cause: Cause, *, told: bool) -> None:
    """`told`: its fix stands above, as what to do first."""
    (symbol, word), style = SEVERITIES[cause.severity], SEVERITY_STYLES[cause.severity]
    parts = page.some(judged.finding.part for judged in cause.findings)
    page.put(
        (f"{symbol} {page.say(word)}", style), "  ", (cause.id, "bold"), "  ", parts, column=ITEM, label=f"{number}."
    )
    if cause.said:
        page.put(page.say(cause.said), column=ITEM)
    if cause.fix:
        page.field("fix", page.say("as above") if told else (page.say(cause.fix), "bold"))
    if why := next((judged.why for judged in cause.findings if judged.why), ""):
        page.field("why", page.translated(why))
    page.evidence(gather(one for judged in cause.findings for one in looks(judged.finding)))


def _outside(page: Page, cause: Cause) -> None:
    if cause.said:
        page.put(page.say(cause.said), column=ITEM)
    if cause.fix and cause.fix != cause.said:
        page.put(page.say(cause.fix), column=ITEM)


def _in_short(page: Page, causes: Sequence[Cause], style: str) -> None:
    """Causes of which the same is to be said, together."""
    groups: dict[str, list[Cause]] = {}
    for cause in causes:
        groups.setdefault(_told(page, cause), []).append(cause)
    for told, group in groups.items():
        names = [cause.id if "/" in cause.id else _title(page, cause) for cause in group]
        page.put((", ".join(names), style), ": " if told else "", told, column=ITEM, hang=2)


def _told(page: Page, cause: Cause) -> str:
    said = page.say(cause.said) if cause.said else ""
    if cause.state is CauseState.RULED_OUT or not cause.fix:
        return said
    fix = page.say(cause.fix)
    return f"{said} → {fix}" if cause.open and said else fix


def _looked_at(page: Page, diagnosis: Diagnosis) -> str:
    """The inputs of the run, and which of them the bounce stated."""
    subject = diagnosis.report.subject if diagnosis.report else diagnosis.plan.subject
    given = {"ip": page.some(map(str, subject.ips)), "helo": subject.helo, "domain": subject.domain}
    stated = diagnosis.plan.stated
    pieces = []
    for name, text in given.items():
        if text:
            labelled = f"{name} {text}" if name != "ip" else f"IP {text}"
            pieces.append(page.say("{input} (from the bounce)", input=labelled) if name in stated else labelled)
    return ", ".join(pieces)


# --- what else helps ------------------------------------------------------------------------------------------------


def _advice(page: Page, diagnosis: Diagnosis) -> None:
    bounces: dict[str, Bounce] = {refusal.bounce.id: refusal.bounce for refusal in diagnosis.refusals if refusal.bounce}
    steps = list(dict.fromkeys(step for bounce in bounces.values() for step in bounce.advice))
    steps = [step for step in steps if step != diagnosis.next_step]
    if steps:
        page.heading(page.say("What else to do"))
        for number, step in enumerate(steps, 1):
            page.put(page.say(step), column=ITEM + 1, label=f"{number}.", at=2)
    hinted = any(refusal.provider == "microsoft" and refusal.category in _HINTED for refusal in diagnosis.refusals)
    if diagnosis.not_seen or hinted:
        put_hints(page)
    if bounces:
        page.gap()
        page.put((page.say(MORE, codes=" ".join(f"`preflight codes {bounce}`" for bounce in bounces)), "dim"), column=2)
    if any(not refusal.taken and route_for(refusal).way != "none" for refusal in diagnosis.refusals):
        page.put((page.say(APPEAL), "dim"), column=2)


def put_hints(page: Page) -> None:
    """What to mind with test messages."""
    page.heading(page.say("Before you send a test message"))
    for hint in load_not_seen().hints:
        page.put(page.say(hint), column=ITEM)
