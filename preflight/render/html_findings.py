"""The findings on an HTML page: what to fix, what could not be told, and all of them by check, evidence to unfold."""

from collections.abc import Iterable, Mapping, Sequence

from preflight.findings import Evidence, Finding, Status, gather
from preflight.render import RenderOptions
from preflight.render.briefing import by_cause, by_effect
from preflight.render.grouping import alike
from preflight.render.markup import Child, Html, each, el, join, link, outside, sentence
from preflight.render.places import spots
from preflight.render.sarif import reference_url
from preflight.render.wording import (
    SEVERITIES,
    STATUSES,
    looks,
    prevented,
    replies,
    rules_of,
    severity_words,
    some,
    told,
    waiver_words,
)
from preflight.report import Judged, Report
from preflight.text import Language

MOST_ROWS = 300  # findings of one check that are shown; a page of thousands opens slowly, and nobody reads them
MOST_EVIDENCE = 50
_KINDS = {
    Status.PASS: "pass", Status.FAIL: "fail", Status.INCONCLUSIVE: "open", Status.SKIPPED: "none", Status.ERROR: "open",
}  # fmt: skip


def chip(kind: str, symbol: str, words: Child) -> Html:
    """A word in a coloured field; the symbol beside it is for the eye alone."""
    return el("span", el("span", symbol, aria_hidden="true"), " ", words, class_=f"chip {kind}")


def more(language: Language, count: int) -> Html | None:
    """How many things are not shown; nothing where all are."""
    if count <= 0:
        return None
    return el("p", language.say("and {count} more (--format json has them all)", count=f"{count:,}"), class_="more")


def failures(report: Report, options: RenderOptions, level: int) -> list[Html]:
    """What to fix, as items of a list, most important first; `level` is that of their headings."""
    codes = replies(report)
    groups = alike(by_effect(told(report.findings)))
    return [_failure(group, report, options, codes, level) for group in groups]


def _failure(
    group: Sequence[Judged], report: Report, options: RenderOptions, codes: Mapping[str, str], level: int
) -> Html:
    language = options.language
    judged = group[0]
    finding = judged.finding
    what = outside(finding.part)
    if len(group) > 1:
        what = join(language.say("{count} times", count=f"{len(group):,}"))
    kind = "waived" if judged.let_pass else judged.severity
    rows: list[tuple[str, Child]] = []
    if len(group) > 1:
        rows.append(("alike", outside(some(language, (one.finding.part for one in group), 20))))
    rows.append(("prevents", outside(prevented(language, judged.prevents, codes))))
    rows += [("place", el("code", f"{spot.path}:{spot.line}")) for spot in spots(judged, report, options)]
    if judged.reference:
        url = reference_url(judged.reference)
        rows.append(("reference", link(url, judged.reference) if url else judged.reference))
    return el(
        "li",
        el(
            f"h{level}",
            chip(kind, SEVERITIES[judged.severity][0], severity_words(language, judged)),
            " ",
            el("code", finding.rule),
            " ",
            el("span", what, class_="part"),
            class_="head",
        ),
        el("p", sentence(language, finding.message), class_="said"),
        _fix("fix", finding, language),
        _waiver(judged, language),
        el("p", el("b", language.say("why")), " ", sentence(language, judged.why), class_="why")
        if judged.why
        else None,
        unfolded(language, looks(finding), rows),
        class_=f"card {kind}",
    )


def _fix(label: str, finding: Finding, language: Language) -> Html | None:
    if finding.fix is None:
        return None
    return el("div", el("b", language.say(label)), el("p", sentence(language, finding.fix)), class_="fix")


def _waiver(judged: Judged, language: Language) -> Html | None:
    if judged.waived is None:
        return None
    words = waiver_words(language, judged.waived)
    return el("p", el("b", language.say("waiver")), " ", outside(words), class_="waiver")


def unfolded(language: Language, evidence: Sequence[Evidence], rows: Iterable[tuple[str, Child]] = ()) -> Html | None:
    """The evidence and other details, folded away."""
    facts = [el("div", el("dt", language.say(label)), el("dd", text)) for label, text in rows if text]
    if not evidence and not facts:
        return None
    head = ("source", "question", "seen")
    table = el(
        "table",
        el("caption", language.say("What was seen"), class_="unseen"),
        el("thead", el("tr", *(el("th", language.say(word), scope="col") for word in head))),
        el("tbody", *(_look(one) for one in evidence[:MOST_EVIDENCE])),
        class_="looks",
    )
    return el(
        "details",
        el("summary", language.say("what was seen") if evidence else language.say("details")),
        el("div", table, class_="scroll") if evidence else None,
        more(language, len(evidence) - MOST_EVIDENCE),
        el("dl", *facts, class_="facts") if facts else None,
    )


def _look(one: Evidence) -> Html:
    return el(
        "tr",
        el("td", one.source),
        el("td", outside(one.asked), el("span", f" ({one.place})", class_="place") if one.place else None),
        el("td", outside(one.seen)),
    )


def open_questions(report: Report, language: Language, level: int) -> list[Html]:
    """What could not be told, one item for each cause."""
    return [
        _open_question([judged.finding for judged in group], language, level) for group in by_cause(report.findings)
    ]


def _open_question(findings: Sequence[Finding], language: Language, level: int) -> Html:
    first = findings[0]
    crash = first.status is Status.ERROR
    words = language.say("crashed" if crash else "could not be told")
    said = list(dict.fromkeys(sentence(language, finding.message) for finding in findings))
    shown = said if len(said) <= 3 else said[:3]
    rows = [
        ("rules", outside(some(language, rules_of(findings), 20))),
        ("part", outside(some(language, (finding.part for finding in findings), 20))),
    ]
    evidence = gather(one for finding in findings for one in looks(finding))
    return el(
        "li",
        el(f"h{level}", chip("open", "!" if crash else "?", words), class_="head"),
        each(el("p", one, class_="said") for one in shown),
        more(language, len(said) - len(shown)),
        _fix("to do", first, language),
        unfolded(language, evidence, rows),
        class_="card open",
    )


def all_findings(report: Report, language: Language, *, whole: bool = True) -> list[Html]:
    """Every finding in tables, one a check, folded away; not `whole`: those that passed or were skipped by number."""
    checks: dict[str, list[Judged]] = {}
    for judged in report.findings:
        checks.setdefault(judged.finding.check, []).append(judged)
    return [_check(check, findings, language, whole=whole) for check, findings in checks.items()]


def _check(check: str, findings: Sequence[Judged], language: Language, *, whole: bool) -> Html:
    counts = {
        status: number for status in STATUSES if (number := sum(judged.finding.status is status for judged in findings))
    }
    tally = [
        chip(_KINDS[status], STATUSES[status][0], f"{number:,} {language.say(STATUSES[status][1])}")
        for status, number in counts.items()
    ]
    summary = join(el("code", check), " ", *tally)
    shown = [judged for judged in findings if whole or judged.undecided or judged.finding.status is Status.FAIL]
    if not shown:
        return el("p", summary, class_="check")
    head = ("result", "rule", "part", "finding")
    table = el(
        "table",
        el("caption", check, class_="unseen"),
        el("thead", el("tr", *(el("th", language.say(word), scope="col") for word in head))),
        el("tbody", *(_row(judged, language) for judged in shown[:MOST_ROWS])),
    )
    return el(
        "details",
        el("summary", summary),
        el("div", table, class_="scroll"),
        more(language, len(findings) - min(len(shown), MOST_ROWS)),
        class_="check",
    )


def _row(judged: Judged, language: Language) -> Html:
    finding = judged.finding
    symbol, word = STATUSES[finding.status]
    evidence = looks(finding)
    return el(
        "tr",
        el("td", chip(_KINDS[finding.status], symbol, language.say(word))),
        el("th", el("code", finding.rule), scope="row"),
        el("td", outside(finding.part)),
        el("td", sentence(language, finding.message), unfolded(language, evidence)),
    )
