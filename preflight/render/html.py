"""Reports as one HTML page for people: the board first, then what to fix, evidence to unfold.

The page is whole in itself: no script, no font, no image from anywhere, and a content security policy that forbids all
of it. It is readable without its style sheet, by screen readers, on narrow screens, in dark and light, and on paper.
"""

import base64
from collections.abc import Sequence
from datetime import UTC
from functools import cache
from hashlib import sha256
from importlib import resources

from preflight.policy import Verdict
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import inputs, labels, meaning, notices, standard
from preflight.render.html_findings import all_findings, chip, failures, more, open_questions
from preflight.render.markup import Child, Html, each, el, join, outside, raw, sentence
from preflight.render.triangle import MOST, picture, triangles
from preflight.render.wording import STATES, VERDICTS, counted, in_short, since_baseline, waivers
from preflight.report import BoardRow, Report, State, overall
from preflight.text import Language, Message

_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
_KINDS = {Verdict.GO: "pass", Verdict.NO_GO: "fail", Verdict.INCOMPLETE: "open"}
_STATE_KINDS = {State.AT_RISK: "fail", State.UNDETERMINED: "open", State.NOT_CHECKED: "none", State.CLEAR: "pass"}
_MOST_LISTED = 100
MOST_WHOLE = 20  # subjects of which each finding that passed is shown; a page of more would take seconds to open


@cache
def _style() -> str:
    return (resources.files("preflight.render") / "data" / "report.css").read_text(encoding="utf-8")


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    language = options.language
    names = labels(reports)
    verdict = overall(report.verdict for report in reports)
    title = f"{language.say(VERDICTS[verdict][1])} · {names[0] if len(names) == 1 else len(names)} · preflight"
    many = len(reports) > 1
    body = join(
        el("a", language.say("To the report"), href="#report", class_="skip"),
        _masthead(reports, language),
        el(
            "main",
            _overview(names, reports, language) if many else None,
            each(
                _report(f"s{number}", name, report, options, 2 if many else 1, whole=len(reports) <= MOST_WHOLE)
                for number, (name, report) in enumerate(zip(names, reports, strict=True), 1)
            ),
            _notices(reports, language),
            id="report",
        ),
        _foot(reports[0], language),
    )
    page = el("html", _head(title), el("body", body), lang=_LANGUAGES.get(language.code, language.code))
    return f"<!DOCTYPE html>\n{page}\n"


def _head(title: str) -> Html:
    style = _style()
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("link", rel="icon", href="data:,"),
        el("title", title),
        el("style", raw(style)),
    )


def _masthead(reports: Sequence[Report], language: Language) -> Html:
    begun = min(report.started_at for report in reports).astimezone(UTC)
    return el(
        "header",
        el("span", "preflight", class_="brand"),
        el("span", language.say("will receivers take this mail?"), class_="claim"),
        el("time", begun.strftime("%Y-%m-%d %H:%M UTC"), datetime=begun.isoformat(timespec="seconds")),
        class_="masthead",
    )


def _foot(report: Report, language: Language) -> Html:
    text = language.say("Made by preflight {version}.", version=report.version)
    hint = language.say("A code that is clear was not seen to be at risk; no receiver was asked.")
    return el("footer", el("p", f"{text} {hint}"))


def _overview(names: Sequence[str], reports: Sequence[Report], language: Language) -> Html:
    say = language.say
    verdict = overall(report.verdict for report in reports)
    symbol, word = VERDICTS[verdict]
    head = ("subject", "verdict", "counts", "known or waived", "at risk")
    rows = []
    for number, (name, report) in enumerate(zip(names, reports, strict=True), 1):
        own, own_word = VERDICTS[report.verdict]
        risky = [row.bounce.reply for row in report.board if row.state is State.AT_RISK]
        let_pass = waivers(report)[0] + sum(not judged.told for judged in report.findings)
        cells = [
            chip(_KINDS[report.verdict], own, say(own_word)),
            str(sum(judged.fails for judged in report.findings)),
            str(let_pass),
            outside(", ".join(risky)) if risky else "–",
        ]
        columns = [el("td", cell, data_label=say(label)) for label, cell in zip(head[1:], cells, strict=True)]
        rows.append(el("tr", el("th", el("a", outside(name), href=f"#s{number}"), scope="row"), *columns))
    return el(
        "section",
        el("h1", chip(f"big {_KINDS[verdict]}", symbol, say(word)), " ", say("Overall"), class_="title"),
        el(
            "div",
            el(
                "table",
                el("caption", say("{count} subjects", count=len(reports))),
                el("thead", el("tr", *(el("th", say(text), scope="col") for text in head))),
                el("tbody", *rows),
                class_="stack",
            ),
            class_="scroll",
        ),
        class_="panel overview",
        aria_label=say("Overall"),
    )


def _notices(reports: Sequence[Report], language: Language) -> Html | None:
    said = notices(reports)
    if not said:
        return None
    items = [el("li", sentence(language, notice.message)) for notice in said]
    return el("aside", el("h2", language.say("To note"), class_="heading"), el("ul", *items), class_="panel notices")


def _report(key: str, name: str, report: Report, options: RenderOptions, level: int, *, whole: bool) -> Html:
    """Everything about one subject, under a heading of the given level; not `whole`: without what passed."""
    language = options.language
    below = level + 1
    parts = [
        _verdict(key, name, report, language, level),
        _board(report.board, language, below),
        _identity(key, report, language, below),
        _section(
            language.say("What to fix, most important first"),
            _listed(failures(report, options, below + 1), ordered=True),
            below,
        ),
        _section(language.say("What could not be told"), _listed(open_questions(report, language, below + 1)), below),
        _since(report, language, below),
        _section(language.say("All findings"), each(all_findings(report, language, whole=whole)), below),
    ]
    return el("article", *parts, id=key, aria_labelledby=f"{key}-name")


def _section(heading: str, content: Child, level: int, kind: str = "") -> Html | None:
    if not content:
        return None
    return el("section", el(f"h{level}", heading, class_="heading"), content, class_=f"panel {kind}".strip())


def _listed(items: Sequence[Html], *, ordered: bool = False) -> Html | None:
    return el("ol" if ordered else "ul", *items, class_="cards") if items else None


def _verdict(key: str, name: str, report: Report, language: Language, level: int) -> Html:
    symbol, word = VERDICTS[report.verdict]
    rows = [
        el("div", el("dt", language.say(label)), el("dd", _input(text, language)))
        for label, text in (*inputs(report.subject), *standard(report))
    ]
    rows.append(el("div", el("dt", language.say("findings")), el("dd", counted(language, report)), class_="wide"))
    since = since_baseline(language, report)
    if since:
        rows.append(el("div", el("dt", language.say("baseline")), el("dd", since.summary), class_="wide"))
    return el(
        "section",
        el(
            f"h{level}",
            chip(f"big {_KINDS[report.verdict]}", symbol, language.say(word)),
            " ",
            el("span", outside(name), class_="subject"),
            id=f"{key}-name",
            class_="title",
        ),
        el("p", sentence(language, meaning(report)), class_="meaning"),
        el("dl", *rows, class_="facts"),
        class_=f"panel verdict {_KINDS[report.verdict]}",
    )


def _input(text: str | Message, language: Language) -> Html:
    return sentence(language, text) if isinstance(text, Message) else outside(text)


def _board(board: Sequence[BoardRow], language: Language, level: int) -> Html | None:
    """The codes: those at risk one by one, the others together where the same is to be said of them."""
    if not board:
        return None
    say = language.say
    providers = list(dict.fromkeys(say(row.bounce.provider) for row in board))
    rows = []
    for state, (symbol, word) in STATES.items():
        for said, group in _alike([row for row in board if row.state is state], language):
            codes = [_reply(row, language, many=len(providers) > 1) for row in group]
            rows.append(
                el(
                    "tr",
                    el("td", chip(_STATE_KINDS[state], symbol, say(word))),
                    el("th", *codes, scope="row"),
                    el("td", said),
                    class_=_STATE_KINDS[state],
                )
            )
    table = el(
        "table",
        el("caption", say("What each reply of the receivers has to do with this mail"), class_="unseen"),
        el("thead", el("tr", *(el("th", say(text), scope="col") for text in ("state", "reply", "What to do")))),
        el("tbody", *rows),
        class_="board stack",
    )
    heading = say("Bounce codes") if len(providers) > 1 else say("Bounce codes of {provider}", provider=providers[0])
    return _section(heading, el("div", table, class_="scroll"), level)


def _alike(rows: Sequence[BoardRow], language: Language) -> list[tuple[Html, list[BoardRow]]]:
    groups: dict[Html, list[BoardRow]] = {}
    for row in rows:
        said = join(in_short(language, row))
        if row.state is State.AT_RISK:
            because = el("p", language.say("because of {rules}", rules=""), *_codes(row.because), class_="because")
            said = join(el("p", sentence(language, row.advice)), because)
        groups.setdefault(said, []).append(row)
    return list(groups.items())


def _reply(row: BoardRow, language: Language, *, many: bool) -> Html:
    provider = f"{language.say(row.bounce.provider)} " if many else None
    return el("span", provider, el("code", row.bounce.reply), class_="reply")


def _codes(rules: Sequence[str]) -> list[Child]:
    found: list[Child] = []
    for rule in rules:
        found += [" ", el("code", rule)]
    return found


def _identity(key: str, report: Report, language: Language, level: int) -> Html | None:
    found = triangles(report)
    if not found:
        return None
    pictures = [picture(one, language, f"{key}-t{number}") for number, one in enumerate(found[:MOST], 1)]
    content = join(el("div", *pictures, class_="pictures"), more(language, len(found) - MOST))
    return _section(language.say("Identity: address, PTR name, HELO name"), content, level)


def _since(report: Report, language: Language, level: int) -> Html | None:
    since = since_baseline(language, report)
    if since is None:
        return None
    lists = [
        join(
            el(f"h{level + 1}", heading, class_="head"),
            el(
                "ul",
                *(
                    el("li", el("code", rule), " ", outside(part), ": ", outside(text))
                    for rule, part, text in rows[:_MOST_LISTED]
                ),
            ),
            more(language, len(rows) - _MOST_LISTED),
        )
        for heading, rows in since.lists
    ]
    return _section(language.say("Since the baseline"), join(el("p", since.summary), *lists), level, "since")


RENDERER = Renderer(name="html", suffixes=(".html", ".htm"), render=_render)
