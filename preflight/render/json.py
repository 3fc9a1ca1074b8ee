"""Reports as JSON, for programs. The structs below are the format: `preflight.render.schema` describes them.

The text is UTF-8 and stays readable, yet it is harmless on a terminal: control, bidirectional and invisible characters
are written as `\\uXXXX`. A lone surrogate (an octet of a file name that is no UTF-8) becomes the six characters
`\\udcXX`, since strict parsers reject the escape that would stand for it (RFC 8259 8.2, RFC 7493 2.1).
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC
from textwrap import indent
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from preflight.bounces.catalogue import Coverage
from preflight.findings import Evidence, Severity, Status
from preflight.policy import Verdict, Waived
from preflight.render import Renderer, RenderOptions
from preflight.render.wording import waivers
from preflight.report import BoardRow, Change, Comparison, Earlier, Judged, NoticeKind, Report, State, overall
from preflight.subject import Subject
from preflight.text import Language, visible

RuleId = Annotated[str, Meta(description="The rule, as check/rule.")]
BounceId = Annotated[str, Meta(description="A reply of the bounce catalogue, as provider/code.")]
Text = Annotated[str, Meta(description="A sentence in the language of the report.")]
Count = Annotated[int, Meta(ge=0)]


class SubjectDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What was checked; an input that was not given is null, or an empty list or text."""

    name: Annotated[str, Meta(description="Its name in preflight.toml; empty where it has none.")]
    host: str | None
    ips: Annotated[list[str], Meta(description="The sending addresses.")]
    helo: str | None
    domain: str | None
    message: Annotated[str | None, Meta(description="The path of the message, or - for standard input.")]
    server: Annotated[str | None, Meta(description="The SMTP server, as host:port.")]
    outbound: Annotated[str | None, Meta(description="The host that mail was to get out to, as host:port.")]
    mail_from: Annotated[list[str], Meta(description="The envelope senders; an empty text is the null sender, <>.")]
    dkim_selectors: Annotated[list[str], Meta(description="The DKIM selectors whose keys are checked.")]


class PlaceDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """Where in a file of the user's something stands."""

    file: Annotated[str, Meta(description="The file as it was given; - for standard input.")]
    line: Annotated[int, Meta(ge=1)]
    column: Annotated[int, Meta(ge=0, description="In octets, from 1; 0 where only the line is known.")]


class EvidenceDocument(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One look at the outside; `place` is left out where it has none."""

    source: Annotated[
        str,
        Meta(description="Where was looked: dns, message, smtp ...; record: what the finding says, as JSON."),
    ]
    asked: str
    seen: str
    place: Annotated[PlaceDocument | None, Meta(description="Where it stands in a message or a zone file.")] = None


class WaiverDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A waiver that is about this failure; an expired one changes nothing."""

    reason: str
    owner: Annotated[str, Meta(description="Empty where none is named.")]
    expires: Annotated[
        str,
        Meta(
            pattern=r"^\d{4}-\d\d-\d\d$",
            description="The last day it is in force.",
            extra_json_schema={"format": "date"},
        ),
    ]
    expired: bool


class FindingDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule applied to one part of the subject."""

    check: str
    rule: RuleId
    status: Status
    severity: Severity
    part: Annotated[str, Meta(description="What exactly was judged: an address, a host name, an attachment ...")]
    message: Text
    evidence: list[EvidenceDocument]
    prevents: Annotated[list[BounceId], Meta(description="The replies that come back where the rule is broken.")]
    fix: Annotated[str | None, Meta(description="What mends it, or lets it be told; null where there is nothing.")]
    reference: Annotated[str, Meta(description="The RFC section or provider's page that the rule rests on.")]
    waived: WaiverDocument | None
    change: Annotated[
        Change | None,
        Meta(description="Since the baseline; null without one, and where nothing is to be said."),
    ]


class BoardDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What the run says of one reply by which a receiver turns mail away."""

    bounce: BounceId
    reply: Annotated[str, Meta(description="How it begins on the wire.")]
    state: State
    coverage: Annotated[
        Coverage,
        Meta(
            description="full: the rules decide it; partial: they find its usual causes; external: no rule can see it."
        ),
    ]
    because: Annotated[list[RuleId], Meta(description="The rules that make it so.")]
    advice: Text


class CountsDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """How many findings there are of each status."""

    passed: Count = msgspec.field(name="pass")
    fail: Count
    inconclusive: Count
    skipped: Count
    error: Count


class WaiversDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """How many failures a waiver is about, and how many waivers of the run are about none."""

    in_force: Count
    expired: Count
    unmatched: Annotated[Count, Meta(description="Said once, in the first report of a run.")]


class NoticeDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A word on a waiver or a baseline, which changes no verdict."""

    kind: NoticeKind
    message: Text


class EarlierDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A failure of the baseline that is none now."""

    rule: RuleId
    part: str
    severity: Severity
    message: Annotated[str, Meta(description="A sentence in the language of the baseline.")]


class BaselineDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What a comparison with an earlier run says besides the `change` of each finding."""

    started_at: Annotated[str, Meta(description="When the earlier run began; empty where it had no such subject.")]
    mended: list[EarlierDocument]
    unseen: Annotated[list[EarlierDocument], Meta(description="Failures on which this run has no word.")]


class ReportDocument(Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="preflight-report/1"):
    """The report of one subject."""

    version: Annotated[str, Meta(description="The version of preflight that made the report.")]
    verdict: Verdict
    subject: SubjectDocument
    started_at: Annotated[
        str,
        Meta(
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
            description="RFC 3339, UTC.",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    duration_ms: Annotated[Count, Meta(description="Milliseconds.")]
    findings: list[FindingDocument]
    board: list[BoardDocument]
    counts: CountsDocument
    profile: Annotated[str | None, Meta(description="The profile of a receiver that the findings are weighed by.")]
    waivers: WaiversDocument
    notices: list[NoticeDocument]
    baseline: Annotated[BaselineDocument | None, Meta(description="Null where no baseline was given.")]


class ReportsDocument(Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="preflight-reports/1"):
    """The reports of several subjects that were checked in one run, and the verdict of them all."""

    version: Annotated[str, Meta(description="The version of preflight that made the reports.")]
    verdict: Verdict
    reports: Annotated[list[ReportDocument], Meta(min_length=2)]


def report_document(report: Report, language: Language) -> ReportDocument:
    """A report in the form of the JSON format, its sentences in the given language."""
    started = report.started_at.astimezone(UTC).replace(tzinfo=None)
    return ReportDocument(
        version=report.version,
        verdict=report.verdict,
        subject=_subject(report.subject),
        started_at=f"{started.isoformat(timespec='milliseconds')}Z",
        duration_ms=max(0, round(report.duration * 1000)),
        findings=[_finding(judged, language) for judged in report.findings],
        board=[_row(row, language) for row in report.board],
        counts=CountsDocument(*(report.counts[status] for status in _COUNTED)),
        profile=report.profile or None,
        waivers=_waivers(report),
        notices=[NoticeDocument(notice.kind, language.say(notice.message)) for notice in report.notices],
        baseline=_baseline(report.comparison) if report.comparison else None,
    )


_COUNTED = (Status.PASS, Status.FAIL, Status.INCONCLUSIVE, Status.SKIPPED, Status.ERROR)  # as in CountsDocument


def to_json(document: object, indent: int | None = 2) -> str:
    """A document (a struct, or what JSON is made of) as JSON text that is harmless on a terminal.

    Without `indent` it is one line. No line break at the end.
    """
    encoder = _ONE_LINE if indent is None else json.JSONEncoder(ensure_ascii=False, indent=indent, allow_nan=False)
    text = encoder.encode(msgspec.to_builtins(document))
    return _SUSPECT.sub(_escape, text)


_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_SUSPECT = re.compile(r"[^\n -~]")


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if visible(character) == character:
        return character
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return f"\\\\u{code:04x}"
    return f"\\u{code:04x}" if code < 0x10000 else json.dumps(character)[1:-1]


def _subject(subject: Subject) -> SubjectDocument:
    return SubjectDocument(
        name=subject.name,
        host=subject.host,
        ips=[str(ip) for ip in subject.ips],
        helo=subject.helo,
        domain=subject.domain,
        message=subject.message.label if subject.message else None,
        server=str(subject.server) if subject.server else None,
        outbound=str(subject.outbound) if subject.outbound else None,
        mail_from=list(subject.mail_from),
        dkim_selectors=list(subject.dkim_selectors),
    )


def _finding(judged: Judged, language: Language) -> FindingDocument:
    finding = judged.finding
    return FindingDocument(
        check=finding.check,
        rule=finding.rule,
        status=finding.status,
        severity=judged.severity,
        part=finding.part,
        message=language.say(finding.message),
        evidence=[_evidence(one) for one in finding.evidence],
        prevents=list(judged.prevents),
        fix=language.say(finding.fix) if finding.fix else None,
        reference=judged.reference,
        waived=_waiver(judged.waived) if judged.waived else None,
        change=judged.change,
    )


def _evidence(one: Evidence) -> EvidenceDocument:
    place = PlaceDocument(one.place.file, one.place.line, one.place.column) if one.place else None
    return EvidenceDocument(one.source, one.asked, one.seen, place)


def _waiver(waived: Waived) -> WaiverDocument:
    waiver = waived.waiver
    return WaiverDocument(waiver.reason, waiver.owner, waiver.expires.isoformat(), waived.expired)


def _waivers(report: Report) -> WaiversDocument:
    unmatched = sum(notice.kind is NoticeKind.UNMATCHED_WAIVER for notice in report.notices)
    return WaiversDocument(*waivers(report), unmatched)


def _baseline(comparison: Comparison) -> BaselineDocument:
    def listed(failures: Sequence[Earlier]) -> list[EarlierDocument]:
        return [EarlierDocument(one.rule, one.part, one.severity, one.message) for one in failures]

    return BaselineDocument(comparison.made_at, listed(comparison.mended), listed(comparison.unseen))


def _row(row: BoardRow, language: Language) -> BoardDocument:
    return BoardDocument(
        bounce=row.bounce.id,
        reply=row.bounce.reply,
        state=row.state,
        coverage=row.bounce.coverage,
        because=list(row.because),
        advice=language.say(row.advice),
    )


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    if len(reports) == 1:
        return f"{to_json(report_document(reports[0], options.language))}\n"
    verdict = overall(report.verdict for report in reports)
    head, end = to_json(ReportsDocument(reports[0].version, verdict, [])).split("[]")
    # One at a time: as objects, hundreds of reports take six times the memory of their text.
    texts = (to_json(report_document(report, options.language)) for report in reports)
    return f"{head}[\n{_COMMA.join(indent(text, _DEEPER) for text in texts)}\n  ]{end}\n"


_DEEPER = " " * 4  # how far a report of several stands from the margin
_COMMA = ",\n"


RENDERER = Renderer(name="json", suffixes=(".json",), render=_render)
