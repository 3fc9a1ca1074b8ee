"""Reports as Markdown, for a job summary or a comment on a merge request: the board, what to fix, details to unfold.

What may have come from outside stands in code spans, where no markup, link, mention, formula or HTML has a meaning. The
page is at most `LIMIT` octets, so that it fits into a comment of GitHub (65,536 characters) and a step summary (1 MiB):
what is least important is left out, and said to be.
"""

import re
from collections.abc import Iterator, Sequence

from preflight.findings import Finding, Severity
from preflight.policy import Verdict
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import by_cause, by_effect, inputs, labels, meaning, notices, standard
from preflight.render.document import escaped
from preflight.render.grouping import alike
from preflight.render.places import spots
from preflight.render.spans import Span, spans
from preflight.render.wording import (
    MANY,
    SEVERITIES,
    STATES,
    VERDICTS,
    counted,
    in_short,
    look,
    looks,
    prevented,
    replies,
    rules_of,
    severity_words,
    since_baseline,
    some,
    told,
    waiver_words,
)
from preflight.report import BoardRow, Judged, Report, State, overall
from preflight.text import Language, Message, Words, visible

LIMIT = 60_000
_ROOM = 600  # octets kept for saying what was left out
_LONGEST = 1500  # characters of a text from outside
_MOST_ROWS = 250  # subjects in the overview
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?%?", re.ASCII)
_SYMBOLS = {"✓": "✅", "✗": "❌", "?": "❔", "!": "⚠️", "-": "➖"}
MARK = "<!-- preflight report -->"
"""The first line, by which a job finds the comment that it wrote the last time."""


def code(text: str, limit: int = _LONGEST) -> str:
    """Text from outside in a code span, within a table too; the empty text as a dash."""
    shown = visible(text, limit)
    if not shown.strip():
        return "–"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


class _Page:
    """Blocks of Markdown, as many as there is room for."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._blocks = [MARK]
        self._size = len(MARK.encode()) + 2
        self.left_out = 0

    def put(self, *lines: str) -> None:
        """A block that is closed in itself."""
        block = "\n".join(lines)
        size = len(block.encode()) + 2
        if self._size + size > LIMIT - _ROOM:
            self.left_out += 1
            return
        self._blocks.append(block)
        self._size += size

    def say(self, text: Message | Words | str, **args: object) -> str:
        """A sentence in the language, as Markdown: what came from outside as code."""
        if isinstance(text, str) and args:
            text = Message(text, {name: str(value) for name, value in args.items()})
        return "".join(map(_span, spans(self.language, text)))

    def label(self, text: str) -> str:
        """A bold label."""
        return f"**{self.say(text)}**"

    def text(self) -> str:
        """The whole page."""
        blocks = list(self._blocks)
        if self.left_out:
            blocks.append(self.say("Left out for want of room: {count} (--format json has all)", count=self.left_out))
        return "\n\n".join(blocks) + "\n"


def _span(span: Span) -> str:
    if span.code:
        return code(span.text)
    if span.own or _NUMBER.fullmatch(span.text):
        return escaped(span.text) if span.own else span.text
    return code(span.text)


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    page = _Page(options.language)
    named = list(zip(labels(reports), reports, strict=True))
    if len(reports) > 1:
        _overview(page, named)
    for notice in notices(reports):
        page.put(f"> ⚠️ {page.say(notice.message)}")
    worst_first = (Verdict.NO_GO, Verdict.INCOMPLETE, Verdict.GO)
    for name, report in sorted(named, key=lambda one: worst_first.index(one[1].verdict)):
        _report(page, name, report, options)
    return page.text()


def _overview(page: _Page, named: Sequence[tuple[str, Report]]) -> None:
    symbol, word = VERDICTS[overall(report.verdict for _, report in named)]
    page.put(f"## {_SYMBOLS[symbol]} preflight: {page.say(word)}")
    rows = [f"| {page.say('subject')} | {page.say('verdict')} | {page.say('findings')} |", "| --- | --- | --- |"]
    for name, report in named[:_MOST_ROWS]:
        symbol, word = VERDICTS[report.verdict]
        rows.append(
            f"| {code(name, 80)} | {_SYMBOLS[symbol]} {page.say(word)} | {escaped(counted(page.language, report))} |"
        )
    page.put(*rows)
    if len(named) > _MOST_ROWS:
        page.put(page.say("and {count} more (--format json has them all)", count=len(named) - _MOST_ROWS))


def _report(page: _Page, name: str, report: Report, options: RenderOptions) -> None:
    symbol, word = VERDICTS[report.verdict]
    page.put(f"## {_SYMBOLS[symbol]} {page.say(word)}: {code(name)}")
    page.put(page.say(meaning(report)))
    told_first = (*inputs(report.subject), *standard(report))
    facts = [f"- {page.label(label)}: {_fact(page, text)}" for label, text in told_first]
    facts.append(f"- {page.label('findings')}: {escaped(counted(page.language, report))}")
    since = since_baseline(page.language, report)
    if since:
        facts.append(f"- {page.label('baseline')}: {escaped(since.summary)}")
    page.put(*facts)
    _board(page, report.board)
    if failed := by_effect(told(report.findings)):
        page.put(f"### {page.say('What to fix, most important first')}")
        for number, group in enumerate(alike(failed), 1):
            _failure(page, number, group, report, options)
    if groups := by_cause(report.findings):
        page.put(f"### {page.say('What could not be told')}")
        for group in groups:
            _open_question(page, group)
    for heading, rows in since.lists if since else ():
        page.put(f"### {escaped(heading)}")
        page.put(*(f"- {code(rule)} {code(part)}: {code(sentence)}" for rule, part, sentence in rows[:20]))
        if len(rows) > 20:
            page.put(page.say("and {count} more (--format json has them all)", count=len(rows) - 20))


def _fact(page: _Page, text: str | Message) -> str:
    return page.say(text) if isinstance(text, Message) else code(text)


def _board(page: _Page, board: Sequence[BoardRow]) -> None:
    if not board:
        return
    page.put(f"### {page.say('Bounce codes')}")
    rows = [f"| {page.say('reply')} | {page.say('state')} | {page.say('because')} | {page.say('What to do')} |"]
    rows.append("| --- | --- | --- | --- |")
    for state, (symbol, word) in STATES.items():
        groups: dict[tuple[str, str], list[str]] = {}
        for row in board:
            if row.state is state:
                risky = state is State.AT_RISK
                because = ", ".join(map(code, row.because)) if risky else ""
                advice = page.say(row.advice) if risky else escaped(in_short(page.language, row))
                reply = f"{escaped(page.language.say(row.bounce.provider))} {code(row.bounce.reply)}"
                groups.setdefault((because, advice), []).append(reply)
        for (because, advice), codes in groups.items():
            rows.append(f"| {'<br>'.join(codes)} | {_SYMBOLS[symbol]} {page.say(word)} | {because} | {advice} |")
    page.put(*rows)


def _failure(page: _Page, number: int, group: Sequence[Judged], report: Report, options: RenderOptions) -> None:
    judged = group[0]
    finding = judged.finding
    symbol = _SYMBOLS[SEVERITIES[judged.severity][0]] if judged.fails or judged.severity is not Severity.ERROR else "➖"
    what = code(finding.part) if len(group) == 1 else page.say("{count} times", count=f"{len(group):,}")
    lines = [
        f"**{number}.** {symbol} **{escaped(severity_words(page.language, judged))}** {code(finding.rule)} {what}",
        page.say(finding.message),
    ]
    if finding.fix:
        lines.append(f"{page.label('fix')}: {page.say(finding.fix)}")
    if judged.waived:
        lines.append(f"{page.label('waiver')}: {code(waiver_words(page.language, judged.waived))}")
    page.put("<br>".join(lines))
    rows = [f"- {page.label('why')}: {page.say(judged.why)}"] if judged.why else []
    if len(group) > 1:
        rows.append(f"- {page.label('alike')}: {code(some(page.language, (one.finding.part for one in group)))}")
    rows += _evidence(page, finding)
    rows += [f"- {page.label('place')}: {code(f'{spot.path}:{spot.line}')}" for spot in spots(judged, report, options)]
    if bounces := prevented(page.language, judged.prevents, replies(report)):
        rows.append(f"- {page.label('prevents')}: {code(bounces)}")
    if judged.reference:
        rows.append(f"- {page.label('reference')}: {escaped(judged.reference)}")
    if rows:
        summary = page.language.say("why, and what was seen")
        page.put(f"<details><summary>{summary}</summary>", "", *rows, "", "</details>")


def _evidence(page: _Page, finding: Finding) -> Iterator[str]:
    shown = looks(finding)
    for one in shown[:MANY]:
        yield f"- {page.label('seen')}: {code(look(one))}"
    if len(shown) > MANY:
        yield f"- {page.say('and {count} more (--format json has them all)', count=len(shown) - MANY)}"


def _open_question(page: _Page, group: Sequence[Judged]) -> None:
    finding = group[0].finding
    findings = [judged.finding for judged in group]
    lines = [f"❔ {page.say(finding.message)}"]
    if len(group) > 1:
        lines[0] += f" ({page.say('{count} times', count=len(group))})"
    lines.append(f"{page.label('rules')}: {code(some(page.language, rules_of(findings)))}")
    lines.append(f"{page.label('part')}: {code(some(page.language, (one.part for one in findings)))}")
    if finding.fix:
        lines.append(f"{page.label('to do')}: {page.say(finding.fix)}")
    page.put("<br>".join(lines))


RENDERER = Renderer(name="markdown", suffixes=(".md",), render=_render)
