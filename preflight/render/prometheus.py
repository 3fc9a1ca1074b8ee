"""Reports as a text file for the textfile collector of Prometheus' node exporter (`--output preflight.prom`).

By the text-based exposition format 0.0.4: HELP and TYPE once for each metric, label values escaped, no time stamps (the
collector takes none). What could not be told has no value that could be taken for a good one:
`preflight_bounce_at_risk` is 1 or 0 where the run knows, and is left out where it does not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from preflight.findings import Status
from preflight.policy import Verdict
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import labels
from preflight.render.wording import waivers
from preflight.report import Change, Report, State
from preflight.text import visible

Named = Sequence[tuple[str, Report]]
"""The reports of a run, each with a name that no other has."""


class _Page:
    """The metrics as they gather."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def gauge(self, name: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """A metric with all its samples; nothing of one that has none."""
        rows = [f"preflight_{name}{_labels(given)} {_number(value)}" for given, value in samples]
        if rows:
            self.lines += [f"# HELP preflight_{name} {text}", f"# TYPE preflight_{name} gauge", *rows]


def _labels(given: Mapping[str, str]) -> str:
    pairs = [f'{key}="{_value(value)}"' for key, value in given.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _value(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')  # `visible` leaves no line break


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _render(reports: Sequence[Report], _: RenderOptions) -> str:
    named = list(zip(labels(reports), reports, strict=True))
    page = _Page()
    page.gauge("info", "Version of preflight.", [({"version": reports[0].version}, 1)])
    page.gauge(
        "verdict",
        "1 for the verdict of the last run, 0 for the others.",
        [({"subject": name, "verdict": one}, report.verdict is one) for name, report in named for one in Verdict],
    )
    _findings(page, named)
    _since(page, named)
    _board(page, named)
    notices = sum(len(report.notices) for report in reports)
    page.gauge("notices", "Waivers and baselines that match nothing.", [({}, notices)])
    started = [({"subject": name}, report.started_at.timestamp()) for name, report in named]
    page.gauge("run_timestamp_seconds", "When the last run began, in seconds since 1970.", started)
    took = [({"subject": name}, report.duration) for name, report in named]
    page.gauge("duration_seconds", "How long the last run took.", took)
    return "".join(f"{line}\n" for line in page.lines)


def _findings(page: _Page, named: Named) -> None:
    statuses, rules, waived = [], [], []
    for name, report in named:
        findings = report.findings
        for (status, severity), count in Counter((one.finding.status, one.severity) for one in findings).items():
            statuses.append(({"subject": name, "status": status, "severity": severity}, count))
        failed = Counter((one.finding.rule, one.severity) for one in findings if one.finding.status is Status.FAIL)
        for (rule, severity), count in failed.items():
            rules.append(({"subject": name, "rule": rule, "severity": severity}, count))
        for kind, count in zip(("in-force", "expired"), waivers(report), strict=True):
            waived.append(({"subject": name, "waiver": kind}, count))
    page.gauge("findings", "Findings by status and severity.", statuses)
    counting = [({"subject": name}, sum(one.fails for one in report.findings)) for name, report in named]
    page.gauge("failures", "Failures that make the verdict no-go.", counting)
    page.gauge("rule_failed", "Parts on which a rule failed; only rules that did.", rules)
    page.gauge("waived_failures", "Failures that a waiver is about, in force or expired.", waived)


def _since(page: _Page, named: Named) -> None:
    samples = []
    for name, report in named:
        if report.comparison is not None:
            changes = Counter(judged.change for judged in report.findings)
            changes[Change.MENDED] = len(report.comparison.mended)
            samples += [({"subject": name, "change": str(change)}, changes[change]) for change in Change]
    page.gauge("baseline_findings", "Findings by what became of them since the baseline.", samples)


def _board(page: _Page, named: Named) -> None:
    rows = [({"subject": name, "bounce": row.bounce.id}, row.state) for name, report in named for row in report.board]
    known = [(given, state is State.AT_RISK) for given, state in rows if state in (State.AT_RISK, State.CLEAR)]
    page.gauge("bounce_at_risk", "1 for a bounce code at risk, 0 for one that is clear.", known)
    judged = [(given, state is State.UNDETERMINED) for given, state in rows if state is not State.NOT_CHECKED]
    page.gauge("bounce_undetermined", "1 for a bounce code that could not be told, 0 for others judged.", judged)


RENDERER = Renderer(name="prometheus", suffixes=(".prom",), render=_render)
