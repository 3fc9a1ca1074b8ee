"""The words that formats for people share: of verdicts, states, severities and changes, waivers, counts, what to do.

Each function returns a text in the language, not yet escaped for where it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from preflight.findings import RECORD, Evidence, Finding, Severity, Status
from preflight.policy import Verdict, Waived
from preflight.report import BoardRow, Change, Comparison, Earlier, Judged, Report, State
from preflight.text import Language

MANY, FEW = 6, 3  # how many like things (questions, parts, pieces of evidence) are named; the JSON report has them all

VERDICTS = {Verdict.GO: ("✓", "GO"), Verdict.NO_GO: ("✗", "NO-GO"), Verdict.INCOMPLETE: ("?", "INCOMPLETE")}
STATES = {
    State.AT_RISK: ("✗", "at risk"),
    State.UNDETERMINED: ("?", "undetermined"),
    State.NOT_CHECKED: ("-", "not checked"),
    State.CLEAR: ("✓", "clear"),
}
SEVERITIES = {Severity.ERROR: ("✗", "error"), Severity.WARNING: ("!", "warning"), Severity.INFO: ("-", "info")}
STATUSES = {
    Status.FAIL: ("✗", "failed"),
    Status.INCONCLUSIVE: ("?", "could not be told"),
    Status.ERROR: ("!", "crashed"),
    Status.PASS: ("✓", "passed"),
    Status.SKIPPED: ("-", "skipped"),
}
"""A symbol and a word for each; the word is there for who does not see or know the symbol."""

_COUNTED = {
    Status.FAIL: "{count} failed",
    Status.INCONCLUSIVE: "{count} could not be told",
    Status.ERROR: "{count} crashed",
    Status.PASS: "{count} passed",
    Status.SKIPPED: "{count} skipped",
}
_CHANGED = {Change.NEW: "{count} new", Change.WORSE: "{count} worse", Change.KNOWN: "{count} known"}


def some(language: Language, texts: Iterable[str], most: int = MANY) -> str:
    """Different texts in a row, the first ones by name and the others by their number."""
    named = list(dict.fromkeys(texts))
    row = ", ".join(named[:most])
    if len(named) <= most:
        return row
    return language.say("{named} and {count} more", named=row, count=len(named) - most)


def counted(language: Language, report: Report) -> str:
    """How many findings there are of each status, and how many failures are waived."""
    counts = [language.say(_COUNTED[status], count=number) for status in _COUNTED if (number := report.counts[status])]
    in_force, expired = waivers(report)
    if in_force:
        counts.append(language.say("{count} waived", count=in_force))
    if expired:
        counts.append(language.say("{count} with an expired waiver", count=expired))
    return ", ".join(counts)


def waivers(report: Report) -> tuple[int, int]:
    """How many failures a waiver lets pass, and how many have an expired one."""
    waived = [judged for judged in report.findings if judged.waived]
    in_force = sum(judged.let_pass for judged in waived)
    return in_force, len(waived) - in_force


def severity_words(language: Language, judged: Judged) -> str:
    """The severity of a failure, with what makes it count more or less."""
    words = language.say(SEVERITIES[judged.severity][1])
    if judged.let_pass:
        words = language.say("{severity}, waived", severity=words)
    elif judged.change is Change.KNOWN and not judged.fails:
        words = language.say("{severity}, known", severity=words)
    elif judged.severity is Severity.ERROR and not judged.fails:
        words = language.say("{severity}, does not count", severity=words)
    elif judged.waived:
        words = language.say("{severity}, waiver expired", severity=words)
    if judged.change is Change.NEW:
        words = language.say("{severity}, new", severity=words)
    elif judged.change is Change.WORSE:
        words = language.say("{severity}, worse than before", severity=words)
    return words


def waiver_words(language: Language, waived: Waived) -> str:
    """Until when a failure is let pass or was, why, and who answers for it."""
    waiver = waived.waiver
    text = "expired on {date}: {reason}" if waived.expired else "let pass until {date}: {reason}"
    said = language.say(text, date=waiver.expires.isoformat(), reason=waiver.reason)
    return f"{said} ({waiver.owner})" if waiver.owner else said


def in_short(language: Language, row: BoardRow) -> str:
    """What there is to say of a code that is not at risk."""
    if row.state is State.UNDETERMINED:  # why, and what to do, is told further down
        return some(language, row.because, FEW)
    if row.state is State.NOT_CHECKED and not row.because:
        # What to do about each is good to know for those who have got it, and too long for all others.
        if row.bounce.coverage == "external":
            return language.say("only the receiver sees the cause; see preflight codes CODE for where to look")
        return language.say("no installed check looks for the cause; see preflight codes CODE for where to look")
    return language.say(row.advice)


def prevented(language: Language, bounces: Sequence[str], codes: Mapping[str, str]) -> str:
    """The replies that stand on the board, and how many of other receivers there are. `codes`: reply by bounce."""
    shown = [codes[bounce] for bounce in bounces if bounce in codes]
    if others := len(bounces) - len(shown):
        shown.append(language.say("{count} other replies", count=str(others)))
    return ", ".join(shown)


def looks(finding: Finding) -> list[Evidence]:
    """The evidence for people: what a record says stands in the sentence."""
    return [one for one in finding.evidence if one.source != RECORD]


def look(one: Evidence) -> str:
    """A piece of evidence in one text."""
    return f"{one.asked} → {one.seen}" if one.asked else one.seen


def rules_of(findings: Iterable[Finding]) -> list[str]:
    """The rules that speak, each followed by those that it leaves undecided."""
    return list(dict.fromkeys(rule for finding in findings for rule in (finding.rule, *sorted(finding.covers))))


@dataclass(frozen=True, slots=True)
class Since:
    """What a comparison with the baseline says, for people: how many of what, and the sentences below."""

    summary: str
    lists: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    """Headings, each with rule, part and sentence of what it is about."""


def since_baseline(language: Language, report: Report) -> Since | None:
    """What is to be told of a comparison with a baseline beyond the failures; none without a baseline."""
    if report.comparison is None:
        return None
    changes = [judged.change for judged in report.findings]
    counts = [language.say(text, count=changes.count(change)) for change, text in _CHANGED.items()]
    counts.append(language.say("{count} mended", count=len(report.comparison.mended)))
    if report.comparison.unseen:
        counts.append(language.say("{count} not judged this time", count=len(report.comparison.unseen)))
    return Since(", ".join(counts), list(_lists(language, report, report.comparison)))


def _lists(
    language: Language, report: Report, comparison: Comparison
) -> Iterator[tuple[str, Sequence[tuple[str, str, str]]]]:
    if comparison.mended:
        yield language.say("Mended since the baseline"), [_earlier(language, one) for one in comparison.mended]
    if known := [judged.finding for judged in report.findings if not judged.told and not judged.undecided]:
        rows = [(finding.rule, finding.part, language.say(finding.message)) for finding in known]
        yield language.say("Known from the baseline, not counted again"), rows
    if comparison.unseen:
        heading = language.say("Failed in the baseline, not judged this time")
        yield heading, [_earlier(language, one) for one in comparison.unseen]


def _earlier(language: Language, one: Earlier) -> tuple[str, str, str]:
    return one.rule, one.part, language.say("at that time, {message}", message=one.message)


def told(findings: Iterable[Judged]) -> list[Judged]:
    """The findings that are told in full: not those that the baseline has already, unless they count."""
    return [judged for judged in findings if judged.told]


def details(language: Language, judged: Judged, codes: Mapping[str, str]) -> list[tuple[str, str]]:
    """What there is to tell of a finding behind its sentence: labels and texts, in the order in which they help."""
    finding = judged.finding
    rows = [("fix" if finding.status is Status.FAIL else "to do", language.say(finding.fix) if finding.fix else "")]
    if finding.status is Status.FAIL:
        rows.append(("why", language.table.get(judged.why, judged.why)))
    shown = looks(finding)
    rows += [("seen", look(one)) for one in shown[:MANY]]
    if len(shown) > MANY:
        rows.append(("seen", language.say("and {count} more (--format json has them all)", count=len(shown) - MANY)))
    if finding.covers:
        rows.append(("rules", ", ".join(rules_of([finding]))))
    rows.append(("prevents", prevented(language, judged.prevents, codes)))
    if judged.waived:
        rows.append(("waiver", waiver_words(language, judged.waived)))
    rows.append(("reference", judged.reference if finding.status is Status.FAIL else ""))
    return [(language.say(label), text) for label, text in rows if text]


def replies(report: Report) -> dict[str, str]:
    """How each code of the board begins on the wire, by its id."""
    return {row.bounce.id: row.bounce.reply for row in report.board}
