"""Reports for people: the verdict, the board of bounce codes, what to fix first, what could not be told, the rest.

Every text goes through `preflight.text.visible` and is laid out by ourselves, so that nothing from outside is taken for
an escape sequence or for markup, and no line is wider than asked. Each symbol has a word beside it, for terminals that
do not have the symbol.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from preflight.findings import Status, gather
from preflight.ledger import NO_ANSWER
from preflight.policy import Verdict
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import by_cause, by_effect, inputs, meaning, notices, standard
from preflight.render.grouping import alike
from preflight.render.overview import VERDICT_STYLES, overview
from preflight.render.page import FIELD, ITEM, SEVERITY_STYLES, Page, Piece
from preflight.render.wording import (
    FEW,
    MANY,
    SEVERITIES,
    STATES,
    VERDICTS,
    counted,
    in_short,
    looks,
    prevented,
    rules_of,
    severity_words,
    since_baseline,
    told,
    waiver_words,
)
from preflight.report import BoardRow, Judged, Report, State, overall
from preflight.text import Message

_REPLY = 18  # where what is told of a reply begins
_MOST = 20  # findings that are listed by a line each
MANY_SUBJECTS = 10  # from more on, those that are fit have their row in the table and no more

_STATE_STYLES = {
    State.AT_RISK: "bold red", State.UNDETERMINED: "bold yellow", State.NOT_CHECKED: "bold", State.CLEAR: "bold green",
}  # fmt: skip


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    page = Page(options.language, options.width)
    if len(reports) > 1:
        overview(page, reports)
    brief = len(reports) > MANY_SUBJECTS
    for number, report in enumerate(reports, 1):
        if brief and not _needs_words(report):
            continue
        if len(reports) > 1:
            title = page.say(
                "{number} of {total}: {subject}", number=number, total=len(reports), subject=report.subject.label
            )
            page.put((f"=== {title}", "bold"))
        _verdict(page, report)
        _board(page, report.board)
        _to_fix(page, report)
        _untold(page, report)
        _since(page, report)
        _rest(page, report)
        page.gap()
    _notices(page, reports)
    if len(reports) > 1:
        _overall(page, reports)
    else:
        page.lines.pop()
    return page.text(color=options.color)


def _verdict(page: Page, report: Report) -> None:
    symbol, word = VERDICTS[report.verdict]
    page.put((f"{symbol} {page.say(word)}", VERDICT_STYLES[report.verdict]), "  ", (page.say(meaning(report)), "bold"))
    page.gap()
    for label, text in (*inputs(report.subject), *standard(report)):
        page.put(page.say(text) if isinstance(text, Message) else text, column=FIELD, label=page.say(label), at=2)
    if said := counted(page.language, report):
        page.put(said, column=FIELD, label=page.say("findings"), at=2)
    if since := since_baseline(page.language, report):
        page.put(since.summary, column=FIELD, label=page.say("baseline"), at=2)


def _board(page: Page, board: Sequence[BoardRow]) -> None:
    if not board:
        return
    providers = {page.say(row.bounce.provider) for row in board}
    page.heading(
        page.say("Bounce codes")
        if len(providers) > 1
        else page.say("Bounce codes of {provider}", provider=providers.pop())
    )
    for state, (symbol, word) in STATES.items():
        rows = [row for row in board if row.state is state]
        if not rows:
            continue
        page.put((f"{symbol} {page.say(word)}", _STATE_STYLES[state]), column=2)
        if state is State.AT_RISK:
            _each_code(page, rows, many=len(providers) > 1)
        else:
            _codes_together(page, rows, many=len(providers) > 1)
        if state is State.UNDETERMINED:  # why is told once for all of them, in a section of its own
            page.put(page.say("Mend what could not be told (below), then run again."), column=ITEM)


def _each_code(page: Page, rows: Iterable[BoardRow], *, many: bool) -> None:
    """Each code with its reasons and what to do."""
    for row in rows:
        reply = f"{page.say(row.bounce.provider)} {row.bounce.reply}" if many else row.bounce.reply
        because = page.say("because of {rules}", rules=", ".join(row.because))
        page.put(because, column=_REPLY, label=reply, at=ITEM, style="bold")
        page.put((page.say(row.advice), ""), column=_REPLY)


def _codes_together(page: Page, rows: Iterable[BoardRow], *, many: bool) -> None:
    """The codes of which the same is to be said, in one row."""
    groups: dict[str, list[BoardRow]] = {}
    for row in rows:
        groups.setdefault(in_short(page.language, row), []).append(row)
    for said, group in groups.items():
        codes = [row.bounce.id if many else row.bounce.id.partition("/")[2] for row in group]
        page.put((", ".join(codes), "bold"), ": ", said, column=ITEM + 2, hang=2)


def _to_fix(page: Page, report: Report) -> None:
    failed = by_effect(told(report.findings))
    if not failed:
        return
    page.heading(page.say("What to fix, most important first"))
    codes = {row.bounce.id: row.bounce.reply for row in report.board}
    last: Judged | None = None
    for number, group in enumerate(alike(failed), 1):
        if last:
            page.gap()
        _failure(page, number, group, codes, last)
        last = group[0]


def _failure(page: Page, number: int, group: Sequence[Judged], codes: Mapping[str, str], last: Judged | None) -> None:
    """One failure, or the first of those that are alike; what it has in common with the one before is not repeated."""
    judged = group[0]
    finding = judged.finding
    words = f"{SEVERITIES[judged.severity][0]} {severity_words(page.language, judged)}"
    what = finding.part if len(group) == 1 else page.say("{count} times", count=f"{len(group):,}")
    head: list[Piece] = [(words, SEVERITY_STYLES[judged.severity]), "  ", (finding.rule, "bold"), "  ", what]
    page.put(*head, column=ITEM, label=f"{number}.")
    page.put(page.say(finding.message), column=ITEM)
    if len(group) > 1:
        page.field("alike", page.some((one.finding.part for one in group), MANY))
    again = last is not None and last.finding.rule == finding.rule
    fix = page.say(finding.fix) if finding.fix else ""
    if not (again and last and last.finding.fix and page.say(last.finding.fix) == fix):
        page.field("fix", (fix, "bold"))
    if not again:
        page.field("why", page.translated(judged.why))
    page.evidence(looks(finding))
    if not again:
        page.field("prevents", prevented(page.language, judged.prevents, codes))
    if judged.waived:
        page.field("waiver", waiver_words(page.language, judged.waived))


def _untold(page: Page, report: Report) -> None:
    groups = by_cause(report.findings)
    if not groups:
        return
    page.heading(page.say("What could not be told"))
    for number, group in enumerate(groups):
        if number:
            page.gap()
        _open_question(page, group)


def _open_question(page: Page, group: Sequence[Judged]) -> None:
    findings = [judged.finding for judged in group]
    first = findings[0]
    said = list(dict.fromkeys(page.say(finding.message) for finding in findings))
    unanswered = [finding.message for finding in findings if finding.message.template == NO_ANSWER]
    questions = [str(message.args["question"]) for message in unanswered]
    if questions and len(said) > 1:
        seen = first.message.args["seen"]
        shown = page.say(seen) if isinstance(seen, Message) else seen
        said = [page.say("no answer to {count} questions: {seen}", count=len(said), seen=shown)]
    symbol, style = ("!", "bold red") if first.status is Status.ERROR else ("?", "bold yellow")
    if len(said) > MANY:
        left = len(said) - FEW
        said = [*said[:FEW], page.say("and {count} more (--format json has them all)", count=left)]
    for sentence in said:
        page.put(sentence, column=ITEM, label=symbol, at=0, style=style)
        symbol = ""
    if questions and len(findings) > 1:
        page.field("questions", page.some(questions))
    page.field("rules", ", ".join(rules_of(findings)))
    page.field("part", page.some(finding.part for finding in findings))
    known = "\n".join((*said, *questions))
    known += f"\n{first.check}" if first.status is Status.ERROR else ""  # of a crash there is no more to see
    untold = [one for finding in findings for one in looks(finding) if one.asked not in known or one.seen not in known]
    page.evidence(gather(untold))
    if first.fix:
        page.field("to do", (page.say(first.fix), "bold"))


def _since(page: Page, report: Report) -> None:
    """What the baseline says beyond the failures: each list with one line a finding, the first ones by name."""
    since = since_baseline(page.language, report)
    for heading, rows in since.lists if since else ():
        page.heading(heading)
        for rule, part, sentence in rows[:_MOST]:
            page.put((rule, "bold"), f"  {part}: {sentence}", column=ITEM, hang=2)
        if len(rows) > _MOST:
            more = page.say("and {count} more (--format json has them all)", count=len(rows) - _MOST)
            page.put(more, column=ITEM, hang=2)


def _notices(page: Page, reports: Sequence[Report]) -> None:
    said = notices(reports)
    if not said:
        return
    if len(reports) == 1:
        page.lines.pop()
    page.heading(page.say("To note"))
    for notice in said:
        page.put(page.say(notice.message), column=ITEM, label="!", at=2, style="bold yellow")
    page.gap()


def _rest(page: Page, report: Report) -> None:
    passed: Counter[str] = Counter()
    skipped: dict[str, Counter[str]] = {}
    for judged in report.findings:
        finding = judged.finding
        if finding.status is Status.PASS:
            passed[finding.check] += 1
        elif finding.status is Status.SKIPPED:
            # The message names the options to add; it is the same for all rules that need the same.
            skipped.setdefault(page.say(finding.message), Counter())[finding.check] += 1
    if not passed and not skipped:
        return
    page.heading(page.say("All else"))
    if passed:
        page.put(_by_check(passed), column=FIELD, label=f"✓ {page.say('passed')}", at=2, style="green")
    for reason, checks in skipped.items():
        page.put(f"{_by_check(checks)} ({reason})", column=FIELD, label=f"- {page.say('skipped')}", at=2)


def _by_check(counts: Counter[str]) -> str:
    return ", ".join(f"{check} {count}" for check, count in counts.items())


def _overall(page: Page, reports: Sequence[Report]) -> None:
    verdict = overall(report.verdict for report in reports)
    symbol, word = VERDICTS[verdict]
    page.put((f"=== {page.say('Overall')}: ", "bold"), (f"{symbol} {page.say(word)}", VERDICT_STYLES[verdict]))
    page.gap()
    for one, (symbol, word) in VERDICTS.items():
        labels = [report.subject.label for report in reports if report.verdict is one]
        if labels:
            named = page.some(labels, MANY)
            label = f"{symbol} {page.say(word)}"
            page.put(named, column=FIELD + 2, label=label, at=2, style=VERDICT_STYLES[one])
    if silent := sum(not _needs_words(report) for report in reports) if len(reports) > MANY_SUBJECTS else 0:
        page.gap()
        page.put(
            page.say("Nothing to fix, and so not told of: {count} (--format json has them all)", count=silent), column=2
        )


def _needs_words(report: Report) -> bool:
    """Whether there is more to say of a subject than its row in the table does."""
    return report.verdict is not Verdict.GO or any(
        judged.undecided or judged.finding.status is Status.FAIL for judged in report.findings
    )


RENDERER = Renderer(name="terminal", suffixes=(".txt",), render=_render)
