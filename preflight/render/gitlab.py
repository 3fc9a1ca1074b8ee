"""Reports as a code quality report of GitLab (`artifacts:reports:codequality`), which shows them in merge requests.

A list of objects with a description, the rule, a fingerprint, a severity, and a path and line. GitLab compares the list
of a branch with that of its target by fingerprint, so that is made of subject, rule and part, never of lines.
"""

from collections.abc import Iterator, Sequence

from preflight.findings import Severity, Status
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import labels
from preflight.render.fingerprints import fingerprints
from preflight.render.json import to_json
from preflight.render.places import nearest_file, spots
from preflight.render.wording import severity_words, told
from preflight.report import Judged, Report
from preflight.text import visible

NO_FILE = "preflight.toml"  # GitLab wants a path; this is where the subjects of a checkout are written
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    issues = [issue for name, report in zip(labels(reports), reports, strict=True)
              for issue in _issues(name, report, options)]  # fmt: skip
    return f"{to_json(issues)}\n"


def _issues(name: str, report: Report, options: RenderOptions) -> Iterator[dict[str, object]]:
    findings = [judged for judged in told(report.findings) if judged.finding.status is Status.FAIL or judged.undecided]
    for judged, print_ in zip(findings, fingerprints(name, findings), strict=True):
        spot = next(iter(spots(judged, report, options)), None) or nearest_file(judged, report, options)
        yield {
            "description": _description(judged, options),
            "check_name": judged.finding.rule,
            "fingerprint": print_,
            "severity": "info" if judged.let_pass else _SEVERITIES[judged.severity],
            "location": {
                "path": visible(spot.path) if spot else NO_FILE,
                "lines": {"begin": max(1, spot.line) if spot else 1},
            },
        }


def _description(judged: Judged, options: RenderOptions) -> str:
    language, finding = options.language, judged.finding
    words = language.say("could not be told") if judged.undecided else severity_words(language, judged)
    said = f"{words}: {language.say(finding.message)}"
    if finding.fix:
        label = language.say("fix" if finding.status is Status.FAIL else "to do")
        said += f" ({label}: {language.say(finding.fix)})"
    return visible(said)


RENDERER = Renderer(name="gitlab", suffixes=(), render=_render)
