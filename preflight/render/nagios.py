"""Reports as output of a monitoring plugin, for Nagios, Icinga, Naemon, Checkmk and others that run such.

One line with the state, performance data behind a `|`, then the details; exit codes 0 OK, 1 WARNING, 2 CRITICAL,
3 UNKNOWN. By the Monitoring Plugins Development Guidelines (2.1 output, 2.6 performance data, 2.10 return codes):
a no-go is critical; a run that could not tell is unknown; a go with failures of severity warning is a warning.
"""

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum

from preflight.findings import Severity, Status
from preflight.policy import Verdict
from preflight.render import Convention, Renderer, RenderOptions
from preflight.render.briefing import by_cause, by_effect, labels, meaning, notices
from preflight.render.grouping import alike
from preflight.render.wording import counted, severity_words, since_baseline, some, told
from preflight.report import Judged, Report, State, overall
from preflight.text import Language, visible

_LONGEST = 200  # characters of one text; NRPE of old carries 1,024 in all
_MOST = 20  # lines of details of a subject
_LIMIT = 8000  # octets; Nagios reads 8 KiB of what a plugin says
# `|` begins performance data; the others are markup to web pages and shells that show or pass on what plugins say.
_UNSAFE = re.compile(r"[|<>`$]")


class _State(IntEnum):
    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def state_of(reports: Sequence[Report]) -> int:
    """The exit code of a run: 0 to 3."""
    match overall(report.verdict for report in reports):
        case Verdict.NO_GO:
            return _State.CRITICAL
        case Verdict.INCOMPLETE:
            return _State.UNKNOWN
        case Verdict.GO:
            return _State.WARNING if any(map(_warnings, reports)) else _State.OK


def _warnings(report: Report) -> list[Judged]:
    """The failures that a person should look at and that do not count: neither let pass nor known."""
    return [
        judged
        for judged in told(report.findings)
        if judged.finding.status is Status.FAIL
        and not judged.fails
        and not judged.let_pass
        and judged.severity is not Severity.INFO
    ]


def _plain(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"\\x{ord(match[0]):02x}", visible(text, _LONGEST))


def _head(state: int, text: str) -> str:
    return f"PREFLIGHT {_State(state).name} - {text}"


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    language = options.language
    lines = [f"{_head(state_of(reports), _summary(reports, language))} | {_performance(reports)}"]
    for label, report in zip(labels(reports), reports, strict=True):
        if len(reports) > 1:
            lines.append(_plain(f"{label}: {report.verdict}"))
        lines += map(_plain, _details(report, language))
    lines += [_plain(language.say(notice.message)) for notice in notices(reports)]
    return _fitting(lines, language)


def _fitting(lines: Sequence[str], language: Language) -> str:
    """As many lines as there is room for, and how many more there are."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > _LIMIT:
            more = language.say("and {count} more (--format json has them all)", count=len(lines) - number)
            return "".join(f"{line}\n" for line in (*lines[:number], more))
    return "".join(f"{line}\n" for line in lines)


def _summary(reports: Sequence[Report], language: Language) -> str:
    if len(reports) == 1:
        (report,) = reports
        failing = by_effect(judged for judged in report.findings if judged.fails) or by_effect(_warnings(report))
        named = some(language, (judged.finding.rule for judged in failing), 3)
        text = f"{_plain(report.subject.label)}: {_plain(language.say(meaning(report)))}"
        return f"{text} ({_plain(named)})" if named else text
    counts = [(verdict, [report for report in reports if report.verdict is verdict]) for verdict in Verdict]
    said = [f"{len(found)} {verdict}" for verdict, found in counts if found]
    bad = [name for name, report in zip(labels(reports), reports, strict=True) if report.verdict is not Verdict.GO]
    return f"{', '.join(said)} ({_plain(some(language, bad, 3))})" if bad else ", ".join(said)


def _performance(reports: Sequence[Report]) -> str:
    """`label=value[unit];warn;crit;min`: figures over all subjects, with the ranges outside which they are bad."""
    findings = [judged for report in reports for judged in report.findings]
    at_risk = sum(row.state is State.AT_RISK for report in reports for row in report.board)
    rows = [
        f"time={max(report.duration for report in reports):.3f}s;;;0",
        f"failures={sum(judged.fails for judged in findings)};;0;0",
        f"warnings={sum(len(_warnings(report)) for report in reports)};0;;0",
        f"undecided={sum(judged.undecided for judged in findings)};;;0",
        f"waived={sum(judged.let_pass for judged in findings)};;;0",
        f"codes_at_risk={at_risk};;;0",
    ]
    return " ".join(rows)


def _details(report: Report, language: Language) -> Iterator[str]:
    yield counted(language, report)
    if since := since_baseline(language, report):
        yield language.say("baseline: {summary}", summary=since.summary)
    lines = []
    for group in alike(by_effect(told(report.findings))):
        judged = group[0]
        times = f" ({language.say('{count} times', count=f'{len(group):,}')})" if len(group) > 1 else ""
        lines.append(f"{severity_words(language, judged)}: {judged.finding.rule}: {_said(judged, language)}{times}")
    for group in by_cause(report.findings):
        rules = some(language, (judged.finding.rule for judged in group))
        lines.append(f"{language.say('could not be told')}: {rules}: {_said(group[0], language)}")
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield language.say("and {count} more (--format json has them all)", count=len(lines) - _MOST)


def _said(judged: Judged, language: Language) -> str:
    return language.say(judged.finding.message)


RENDERER = Renderer(
    name="nagios",
    suffixes=(),
    render=_render,
    convention=Convention(
        exit_code=state_of,
        trouble=lambda line: f"{_head(_State.UNKNOWN, _plain(line))}\n",
        trouble_code=_State.UNKNOWN,
    ),
)
