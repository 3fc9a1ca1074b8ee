"""What is new, worse or mended since an earlier run, whose JSON report is the baseline.

Findings are matched by subject, rule and part. A failure that the baseline has already is known: it is counted, and
does not make the verdict no-go, unless its waiver has expired since. What cannot be told now is never mended.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from preflight.errors import ConfigError
from preflight.files import read_bounded
from preflight.findings import Severity, Status
from preflight.notices import with_notices
from preflight.report import Change, Comparison, Earlier, Judged, Notice, NoticeKind, Report, verdict_of
from preflight.text import Message, visible

OPTION = "--baseline"
NOT_IN_BASELINE = "The baseline {file} has no report of {subject}: all its failures are new."
NOT_IN_RUN = "The baseline {file} has a report of {subject}, which this run did not check."
_LARGEST = 256 * 1024 * 1024  # octets; thousands of subjects fit
_OPEN = (Status.INCONCLUSIVE, Status.ERROR)


class _Waived(msgspec.Struct, frozen=True):
    expired: bool


class _Finding(msgspec.Struct, frozen=True):
    rule: str
    status: Status
    severity: Severity
    part: str
    message: str = ""
    waived: _Waived | None = None

    @property
    def let_pass(self) -> bool:
        return self.waived is not None and not self.waived.expired


class _Subject(msgspec.Struct, frozen=True):
    name: str = ""
    host: str | None = None
    ips: list[str] = []
    helo: str | None = None
    domain: str | None = None
    message: str | None = None
    server: str | None = None
    outbound: str | None = None
    mail_from: list[str] = []

    @property
    def label(self) -> str:
        """As `Subject.label` makes it."""
        texts = (self.name, self.host, self.helo, self.domain, *self.ips[:1], *self.mail_from[:1])
        return next((text for text in (*texts, self.message, self.server, self.outbound) if text), "")


# What is read of a report; what else a later version writes is passed over.
class _Report(msgspec.Struct, frozen=True, tag_field="schema", tag="preflight-report/1"):
    subject: _Subject
    findings: list[_Finding]
    started_at: str = ""


class _Reports(msgspec.Struct, frozen=True, tag_field="schema", tag="preflight-reports/1"):
    reports: list[_Report]


class _Tagged(msgspec.Struct, frozen=True):
    schema: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The reports of an earlier run by the label of their subject. `file` is how it is named to the user."""

    file: str
    reports: Mapping[str, Sequence[_Report]] = field(default_factory=dict)


def load_baseline(path: str) -> Baseline:
    """Read a JSON report, of one subject or several. Raises `ConfigError` with one line for a file that is none."""
    shown = visible(path)
    try:
        data = read_bounded(Path(path), _LARGEST)
    except OSError as error:
        raise ConfigError(f"{OPTION} {shown}: {error.strerror}; give the JSON report of an earlier run") from None
    return read_baseline(data, path)


def read_baseline(data: bytes, path: str) -> Baseline:
    """Read the octets of a JSON report; see `load_baseline`."""
    shown = visible(path)
    try:
        read = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Report | _Reports)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{OPTION} {shown} {_problem(data, error)}") from None
    reports: dict[str, list[_Report]] = {}
    for report in read.reports if isinstance(read, _Reports) else [read]:
        reports.setdefault(report.subject.label, []).append(report)
    return Baseline(shown, reports)


def _problem(data: bytes, error: Exception) -> str:
    """What is wrong with a file that is no report, and what to do."""
    again = "make one with --format json"
    try:
        tagged = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Tagged)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f'is no report of preflight (it is no JSON object with a "schema"); {again}'
    name, _, number = tagged.schema.partition("/")
    if name not in ("preflight-report", "preflight-reports"):
        return f"is no report of preflight (its schema is {visible(tagged.schema, 60)!r}); {again}"
    if number != "1":
        made = f", made by version {visible(tagged.version, 30)}" if tagged.version else ""
        return f"has the schema {visible(tagged.schema, 60)!r}{made}; this version reads {name}/1: {again}"
    return f"breaks the format of reports: {visible(str(error).replace('`', ''), 200)}; {again}"


def compared(
    reports: Sequence[Report], baseline: Baseline, selects: Callable[[str], bool], *, whole: bool = True
) -> list[Report]:
    """The reports of a run with what became of each finding since the baseline, and verdicts by what is new or worse.

    `selects` tells by id which rules this run judged. `whole`: the run is over all that it might check, so that a
    subject of the baseline which it has not is worth a word.
    """
    notices = []
    made = []
    for report in reports:
        label = _written(report.subject.label)
        if label not in baseline.reports:
            args = {"file": baseline.file, "subject": report.subject.label}
            notices.append(Notice(NoticeKind.UNMATCHED_BASELINE, Message(NOT_IN_BASELINE, args)))
        made.append(_compared(report, baseline.reports.get(label, ()), selects))
    if whole:
        labels = {_written(report.subject.label) for report in reports}
        for label in baseline.reports:
            if label not in labels:
                args = {"file": baseline.file, "subject": label}
                notices.append(Notice(NoticeKind.UNMATCHED_BASELINE, Message(NOT_IN_RUN, args)))
    return with_notices(made, notices)


def _compared(report: Report, earlier: Sequence[_Report], selects: Callable[[str], bool]) -> Report:
    before: dict[tuple[str, str], _Finding] = {}
    for old in earlier:
        for finding in old.findings:
            key = (finding.rule, finding.part)
            if key not in before or _weight(finding) > _weight(before[key]):
                before[key] = finding
    findings = tuple(_changed(judged, before.get(_key(judged))) for judged in report.findings)
    changes = {_key(judged): judged.change for judged in findings}
    present = _Present(findings)
    mended, unseen = [], []
    for key, old_finding in before.items():
        if old_finding.status is not Status.FAIL:
            continue
        one = Earlier(old_finding.rule, old_finding.part, old_finding.severity, old_finding.message)
        if changes.get(key) is Change.MENDED or (selects(old_finding.rule) and present.lacks(old_finding)):
            mended.append(one)
        elif key not in changes:
            unseen.append(one)
    comparison = Comparison(
        made_at=earlier[0].started_at if earlier else "", mended=tuple(mended), unseen=tuple(unseen)
    )
    return replace(report, findings=findings, verdict=verdict_of(findings), comparison=comparison)


def _changed(judged: Judged, old: _Finding | None) -> Judged:
    change = _change(judged, old)
    # A waiver that has expired is not taken over by a baseline: its day was a promise.
    excused = change is Change.KNOWN and judged.waived is None
    return replace(judged, change=change, fails=judged.fails and not excused)


def _change(judged: Judged, old: _Finding | None) -> Change | None:
    was_failed = old is not None and old.status is Status.FAIL
    was_open = old is not None and old.status in _OPEN
    match judged.finding.status:
        case Status.FAIL if old is not None and was_failed:
            heavier = judged.severity.rank > old.severity.rank
            return Change.WORSE if heavier or (old.let_pass and not judged.let_pass) else Change.KNOWN
        case Status.FAIL:
            return Change.WORSE if was_open else Change.NEW
        case Status.INCONCLUSIVE | Status.ERROR:
            return Change.KNOWN if was_open or was_failed else Change.NEW
        case Status.PASS if was_failed:
            return Change.MENDED
        case _:
            return None


class _Present:
    """What this run speaks of: which parts, by check, and which rules it could decide throughout."""

    def __init__(self, findings: Iterable[Judged]) -> None:
        self._parts: set[tuple[str, str]] = set()
        self._decided: set[str] = set()
        self._open: set[str] = set()
        for judged in findings:
            finding = judged.finding
            self._parts.add((finding.check, _written(finding.part)))
            decided = finding.status in (Status.PASS, Status.FAIL)
            (self._decided if decided else self._open).update(finding.rules)

    def lacks(self, old: _Finding) -> bool:
        """Whether a part that failed is gone: its rule was decided wherever it applies, and no rule of the check speaks
        of the part."""
        is_told = old.rule in self._decided and old.rule not in self._open
        return is_told and (old.rule.partition("/")[0], old.part) not in self._parts


def _weight(finding: _Finding) -> int:
    """Which of several findings of one rule and part speaks: the worst."""
    return {Status.FAIL: 2, Status.INCONCLUSIVE: 1, Status.ERROR: 1}.get(finding.status, 0)


def _key(judged: Judged) -> tuple[str, str]:
    return judged.finding.rule, _written(judged.finding.part)


def _written(text: str) -> str:
    """A text as it comes back from a JSON report, where lone surrogates are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
