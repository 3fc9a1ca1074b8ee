"""The table in front of the reports of many subjects: which is fit, which is not, and what to fix first in each."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from preflight.findings import Status
from preflight.policy import Verdict
from preflight.render.briefing import by_cause, by_effect
from preflight.render.page import Page
from preflight.render.wording import VERDICTS
from preflight.report import Report
from preflight.text import visible

VERDICT_STYLES = {Verdict.GO: "bold green", Verdict.NO_GO: "bold red", Verdict.INCOMPLETE: "bold yellow"}
_HANG = 2
_LEAST = 32  # columns for gaps and the last cell, below which there is no table
_NAME_SHARE = 3  # a name takes a third of the page at the most


def overview(page: Page, reports: Sequence[Report]) -> None:
    """A row for each subject, in the order of the reports: its name, its verdict, how much failed, what comes first."""
    words = {verdict: f"{symbol} {page.say(word)}" for verdict, (symbol, word) in VERDICTS.items()}
    head = [page.say(title) for title in ("subject", "verdict", "failed", "to fix first")]
    rows = [
        (
            report.subject.label,
            (words[report.verdict], VERDICT_STYLES[report.verdict]),
            str(report.counts[Status.FAIL]),
            _first(page, report),
        )
        for report in reports
    ]
    names = max(cell_len(visible(text)) for text in (head[0], *(row[0] for row in rows)))
    verdicts = max(map(cell_len, (head[1], *words.values())))
    counts = max(map(cell_len, (head[2], *(row[2] for row in rows))))
    columns = (min(names, page.width // _NAME_SHARE), verdicts, counts, 0)
    if page.width < sum(columns) + _LEAST:
        for name, verdict, count, first in rows:
            page.put(verdict, f"  {name}  {head[2]}: {count}  {first}", column=_HANG, hang=_HANG)
        page.lines.append(Text())
        return
    page.row([(title, "bold") for title in head], columns)
    for row in rows:
        page.row(row, columns)
    page.lines.append(Text())


def _first(page: Page, report: Report) -> str:
    """The most important failure by its rule and part; else the first thing that could not be told; else nothing."""
    if failed := by_effect(report.findings):
        finding = failed[0].finding
        return f"{finding.rule} {finding.part}"
    if open_questions := by_cause(report.findings):
        finding = open_questions[0][0].finding
        return page.say("could not be told: {rule}", rule=finding.rule)
    return ""
