"""Requests to be taken off a list, for people: the way, how the demands stand, and the text to send."""

from preflight.appeals.request import Appeal, Request
from preflight.appeals.standing import Met, Standing
from preflight.bounces.not_seen import load_not_seen
from preflight.diagnosis.plan import internal_note
from preflight.render import RenderOptions
from preflight.render.diagnosis import reply_of
from preflight.render.page import FIELD, ITEM, Page
from preflight.text import Words, visible

_MET = {
    Met.YES: ("✓", "met", "bold green"),
    Met.VOUCHED: ("✓", "confirmed by you", "bold green"),
    Met.NO: ("✗", "not met", "bold red"),
    Met.OPEN: ("?", "could not be told", "bold yellow"),
}


def appeal_text(appeal: Appeal, options: RenderOptions) -> str:
    """The page of an appeal, with a final line break: the request with how to send it, or what to do first."""
    page = Page(options.language, options.width)
    route = appeal.route
    symbol, style = ("✓", "bold green") if appeal.request else ("✗", "bold red")
    page.put((f"{symbol} {page.say(_verdict(appeal))}", style))
    page.gap()
    reply = reply_of(appeal.refusal) or visible(appeal.refusal.recipient.text, limit=80)
    page.put(reply, column=FIELD, label=page.say("reply"), at=2)
    page.put(page.say(route.title), column=FIELD, label=page.say("way"), at=2)
    if appeal.request:
        page.put(appeal.request.to, column=FIELD, label=page.say("to"), at=2)
        if appeal.request.also:
            page.put(", ".join(appeal.request.also), column=FIELD, label=page.say("or"), at=2)
    if route.way == "none":
        _steps(page, "What to do instead", route.instead)
        return page.text(color=options.color)
    if note := internal_note(appeal.plan):
        page.put(page.say(note), column=ITEM, label="!", at=2, style="bold yellow")
    _demands(page, appeal)
    if appeal.request:
        _steps(page, "How to send it", route.steps)
        page.heading(page.say("The request (preflight sends nothing)"))
        for line in request_text(appeal.request).splitlines():
            page.put(line)
        _steps(page, "After that", route.after)
        _steps(page, "Before you send a test message", load_not_seen().hints)
    page.gap()
    source = page.say(
        "Not tried on the live service. Sources, last looked at on {date}: {sources}",
        date=route.checked.isoformat(),
        sources="; ".join(route.source),
    )
    page.put((source, "dim"), column=2)
    return page.text(color=options.color)


def request_text(request: Request) -> str:
    """What to send, as plain text with a final line break: the address, the fields by their names, the body."""
    lines = [f"To: {request.to}"]
    if request.subject:
        lines.append(f"Subject: {request.subject}")
    for name, value in request.fields:
        first, *rest = value.splitlines() or [""]
        lines += [f"{name}: {first}", *(f"    {line}" for line in rest)]
    return "\n".join([*lines, "", request.body])


def _verdict(appeal: Appeal) -> str:
    if appeal.request:
        return "The request is ready."
    if appeal.route.way == "none":
        return "No request is written: there is nobody to ask."
    if any(not standing.holds and standing.to_confirm is None for standing in appeal.standings):
        return "No request is written yet: it would be turned down. Fix this first."
    return "No request is written yet: confirm what no check can see."


def _demands(page: Page, appeal: Appeal) -> None:
    page.heading(page.say("What they demand"))
    for standing in sorted(appeal.standings, key=lambda one: one.holds):
        symbol, word, style = _MET[standing.met]
        page.put(
            (f"{symbol} {page.say(word)}", style), "  ", (page.say(standing.demand.title), "bold"), column=ITEM, hang=2
        )
        if not standing.holds:
            _in_the_way(page, standing)
    for statement in appeal.unconfirmed:
        _to_confirm(page, statement.id, statement.ask)


def _in_the_way(page: Page, standing: Standing) -> None:
    """What is broken or open, and what mends it; or the statement that may stand in for a check."""
    told: dict[str, None] = {}
    for cause in standing.causes:
        looked = standing.met is Met.NO or cause.open
        texts = [page.say(text) for text in (cause.said if looked else None, cause.fix) if text]
        told[" → ".join(texts)] = None
    for text in told:
        page.put(text, column=ITEM + 2)
    if standing.to_confirm:
        _to_confirm(page, standing.to_confirm.id, standing.to_confirm.ask)


def _to_confirm(page: Page, name: str, ask: Words) -> None:
    page.put((f"? --confirm {name}", "bold yellow"), "  ", page.say(ask), column=ITEM, hang=2)


def _steps(page: Page, title: str, steps: tuple[Words, ...]) -> None:
    page.heading(page.say(title))
    for number, step in enumerate(steps, 1):
        page.put(page.say(step), column=ITEM + 1, label=f"{number}.", at=2)
