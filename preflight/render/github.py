"""Reports as workflow commands of GitHub Actions: a finding becomes an annotation, at its file and line if it has one.

GitHub shows ten annotations of each level for a step. So the summary comes first, then findings by their effect; what
is beyond the tenth stands in the log all the same. Escaped as the toolkit of the actions does: `%`, line breaks, and in
properties `:` and `,` too, so that no text from outside can be a command or a property of its own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from preflight.findings import Severity
from preflight.policy import Verdict
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import by_cause, by_effect, labels, meaning
from preflight.render.grouping import alike
from preflight.render.places import Spot, spots
from preflight.render.wording import (
    VERDICTS,
    counted,
    details,
    replies,
    severity_words,
    since_baseline,
    some,
    told,
)
from preflight.report import Judged, Report, overall
from preflight.text import visible

SHOWN = 10  # annotations of a level that GitHub shows of one step
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_LONGEST = 4000  # characters of a message: GitHub cuts annotations at 64 KB


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _command(level: str, title: str, lines: Sequence[str], spot: Spot | None = None) -> str:
    given: list[tuple[str, str | int]] = []
    if spot and not spot.is_absolute:
        given.append(("file", visible(spot.path)))
        given += [(key, value) for key, value in (("line", spot.line), ("col", spot.column)) if value]
    given.append(("title", visible(title)))
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in given)
    said = "\n".join(visible(line) for line in lines)
    return f"::{level} {properties}::{_data(said[:_LONGEST])}"


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    language = options.language
    commands = [one for name, report in zip(labels(reports), reports, strict=True)
                for one in _findings(name, report, options, many=len(reports) > 1)]  # fmt: skip
    commands.sort(key=lambda one: one[0])
    verdict = overall(report.verdict for report in reports)
    lines = [_about(name, report, options) for name, report in zip(labels(reports), reports, strict=True)]
    for report in reports:
        if since := since_baseline(language, report):
            lines.append(language.say("{subject}: baseline: {summary}", subject=report.subject.label,
                                      summary=since.summary))  # fmt: skip
        lines += [language.say(notice.message) for notice in report.notices]
    beyond = sum(max(0, count - SHOWN) for count in Counter(level for _, level, _ in commands).values())
    if beyond:
        text = "GitHub shows {shown} annotations of a level; {count} more stand in the log of this step."
        lines.append(language.say(text, shown=SHOWN, count=beyond))
    summary = _command("notice", f"preflight: {language.say(VERDICTS[verdict][1])}", lines)
    return "".join(f"{line}\n" for line in (summary, *(command for _, _, command in commands)))


def _about(name: str, report: Report, options: RenderOptions) -> str:
    """The verdict of a subject in a line, what is counted behind it."""
    said = options.language.say(meaning(report))
    return f"{VERDICTS[report.verdict][0]} {name}: {said} ({counted(options.language, report)})"


def _findings(
    name: str, report: Report, options: RenderOptions, *, many: bool
) -> Iterator[tuple[tuple[bool, int], str, str]]:
    """The annotations of a subject: what they are sorted by, their level, the command."""
    language, codes = options.language, replies(report)
    suffix = f" ({name})" if many else ""
    for group in alike(by_effect(told(report.findings))):
        judged = group[0]
        level = _LEVELS[judged.severity] if judged.fails or judged.severity is not Severity.ERROR else "warning"
        level = "notice" if judged.let_pass else level
        what = judged.finding.part
        if len(group) > 1:
            what = some(language, (one.finding.part for one in group))
        title = f"{severity_words(language, judged)}: {judged.finding.rule}: {what}{suffix}"
        lines = [language.say(judged.finding.message), *_lines(judged, options, codes)]
        yield (
            (not judged.fails, -judged.severity.rank),
            level,
            _command(level, title, lines, _first(judged, report, options)),
        )
    for group in by_cause(report.findings):
        judged = max(group, key=lambda one: one.severity.rank)
        weighs = judged.severity is Severity.ERROR
        level = "error" if weighs and report.verdict is Verdict.INCOMPLETE else "warning"
        rules = some(language, (one.finding.rule for one in group))
        title = f"{language.say('could not be told')}: {rules}{suffix}"
        lines = [language.say(judged.finding.message), *_lines(judged, options, codes)]
        spot = _first(judged, report, options)
        yield (not weighs, -judged.severity.rank), level, _command(level, title, lines, spot)


def _first(judged: Judged, report: Report, options: RenderOptions) -> Spot | None:
    return next(iter(spots(judged, report, options)), None)


def _lines(judged: Judged, options: RenderOptions, codes: dict[str, str]) -> list[str]:
    return [f"{label}: {text}" for label, text in details(options.language, judged, codes)]


RENDERER = Renderer(name="github", suffixes=(), render=_render)
