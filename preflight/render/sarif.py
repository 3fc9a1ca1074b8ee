"""Reports as SARIF 2.1.0 (OASIS), for code scanning of GitHub and others, editors and defect databases.

One run, whatever the number of subjects (GitHub takes one per tool). Results are failures (`kind` fail) and what could
not be told (`kind` open); what passes is left out, since GitHub shows each result as an alert. A waiver in force is an
accepted suppression; with a baseline, results carry `baselineState`.

A result points to the file and line that its evidence has. Where there is none (a PTR record is no file) it names what
was judged as a logical location, and for readers that insist on a file: the message, or the preflight.toml of the run.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from preflight.findings import Severity, Status
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import labels
from preflight.render.document import escaped
from preflight.render.fingerprints import fingerprints
from preflight.render.json import to_json
from preflight.render.places import Spot, nearest_file, spots
from preflight.render.reference import readable
from preflight.render.wording import since_baseline, waiver_words, waivers
from preflight.report import Change, Judged, Report, overall
from preflight.text import Language, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"  # the name that GitHub knows for the top of the checkout
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_STATES = {Change.NEW: "new", Change.WORSE: "updated", Change.KNOWN: "unchanged"}
_RFC = re.compile(r"RFC (\d+)")
_URL = re.compile(r"https://[!-;=?-~]*[\w/]", re.ASCII)


def reference_url(reference: str) -> str:
    """Where a reference of a rule can be read, or nothing where it names no page."""
    if found := _URL.search(reference):
        return found[0]
    rfc = _RFC.search(reference)
    return f"https://www.rfc-editor.org/rfc/rfc{rfc[1]}" if rfc else ""


def _text(text: str) -> str:
    """A text for a message: shown as it is, without places (3.11.5) and links (3.11.6) that a reader would fill in."""
    return visible(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    named = list(zip(labels(reports), reports, strict=True))
    rules: dict[str, dict[str, Any]] = {}
    for report in reports:
        for judged in report.findings:
            if judged.finding.rule not in rules:
                rules[judged.finding.rule] = _rule(judged, options.language)
    places = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(reports[0].version, list(rules.values()))},
        "invocations": [_invocation(reports, options.language)],
        "language": options.language.code,
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The top of the checkout."}}},
        "results": [result for name, report in named for result in _results(name, report, options, places)],
        "properties": {
            "verdict": overall(report.verdict for report in reports),
            "subjects": [_subject(name, report, options.language) for name, report in named],
        },
    }
    return f"{to_json({'$schema': SCHEMA, 'version': '2.1.0', 'runs': [run]})}\n"


def _subject(name: str, report: Report, language: Language) -> dict[str, Any]:
    """What is to be said of a subject beyond its results."""
    in_force, expired = waivers(report)
    told: dict[str, Any] = {"subject": visible(name), "verdict": report.verdict}
    told["waivers"] = {"inForce": in_force, "expired": expired}
    if since := since_baseline(language, report):
        mended = report.comparison.mended if report.comparison else ()
        told["baseline"] = visible(since.summary)
        told["mended"] = [{"rule": visible(one.rule), "part": visible(one.part)} for one in mended]
    return told


def _driver(version: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "preflight", "semanticVersion": version, "version": version, "rules": rules}


def _rule(judged: Judged, language: Language) -> dict[str, Any]:
    """What a rule is about, and how it is mended; the places of its fix as `<part>`."""
    finding = judged.finding
    title = readable(judged.title, language) if judged.title else finding.rule
    rule: dict[str, Any] = {
        "id": visible(finding.rule),
        "shortDescription": {"text": visible(title)},
        "defaultConfiguration": {"level": _LEVELS[judged.severity]},
        "properties": {"tags": ["mail", visible(finding.check)]},
    }
    parts = [("why", readable(judged.why, language)), ("fix", readable(judged.remedy, language))]
    parts.append(("prevents", ", ".join(judged.prevents)))
    parts.append(("reference", judged.reference))
    told = [(language.say(label), visible(text)) for label, text in parts if text]
    if told:
        rule["fullDescription"] = {"text": told[0][1]}
        rule["help"] = {
            "text": "\n".join(f"{label}: {text}" for label, text in told),
            "markdown": "\n\n".join(f"**{escaped(label)}**: {escaped(text)}" for label, text in told),
        }
    if url := reference_url(judged.reference):
        rule["helpUri"] = url
    return rule


def _invocation(reports: Sequence[Report], language: Language) -> dict[str, Any]:
    crashes = [judged.finding for report in reports for judged in report.findings
               if judged.finding.status is Status.ERROR]  # fmt: skip
    begun = min(report.started_at for report in reports)
    ended = max(report.started_at + timedelta(seconds=max(0.0, report.duration)) for report in reports)
    notices = [language.say(notice.message) for report in reports for notice in report.notices]
    told = [{"level": "error", "message": {"text": _text(language.say(one.message))}} for one in crashes]
    told += [{"level": "warning", "message": {"text": _text(text)}} for text in notices]
    return {
        "executionSuccessful": not crashes,
        "startTimeUtc": _time(begun),
        "endTimeUtc": _time(ended),
        "toolExecutionNotifications": told,
    }


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _results(name: str, report: Report, options: RenderOptions, places: dict[str, int]) -> Iterator[dict[str, Any]]:
    findings = [judged for judged in report.findings if judged.finding.status is Status.FAIL or judged.undecided]
    for judged, print_ in zip(findings, fingerprints(name, findings), strict=True):
        own = spots(judged, report, options)
        spot = own[0] if own else nearest_file(judged, report, options)
        result: dict[str, Any] = {
            "ruleId": visible(judged.finding.rule),
            "ruleIndex": places[judged.finding.rule],
            "kind": "open" if judged.undecided else "fail",
            "level": "none" if judged.undecided else _LEVELS[judged.severity],
            "message": {"text": _message(judged, options.language)},
            "locations": [_location(spot, name, judged.finding.part)],
            "partialFingerprints": {"preflight/v1": print_},
        }
        if not own:
            # Readers that count results of a rule at one line as one result need to be told these apart.
            result["partialFingerprints"]["primaryLocationLineHash"] = f"{print_}:1"
        if own[1:]:
            result["relatedLocations"] = [{"physicalLocation": _physical(one)} for one in own[1:]]
        if judged.waived and not judged.waived.expired:
            words = visible(waiver_words(options.language, judged.waived))
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
        if judged.change in _STATES:
            result["baselineState"] = _STATES[judged.change]
        result["properties"] = {
            "subject": visible(name), "part": visible(judged.finding.part), "counts": judged.fails,
            "prevents": list(judged.prevents),
        }  # fmt: skip
        yield result


def _message(judged: Judged, language: Language) -> str:
    lines = [language.say(judged.finding.message)]
    if judged.finding.fix:
        lines.append(language.say(judged.finding.fix))
    if judged.waived and judged.waived.expired:
        lines.append(f"{language.say('waiver')}: {waiver_words(language, judged.waived)}")
    return "\n".join(map(_text, lines))


def _location(spot: Spot | None, name: str, part: str) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _physical(spot)} if spot else {}
    qualified = name if name == part else f"{name}: {part}"
    return {**location, "logicalLocations": [{"name": visible(part), "fullyQualifiedName": visible(qualified)}]}


def _physical(spot: Spot) -> dict[str, Any]:
    artifact = {"uri": spot.uri} if spot.is_absolute else {"uri": spot.uri, "uriBaseId": _ROOT}
    region = {"startLine": max(1, spot.line)}
    if spot.column:
        region["startColumn"] = spot.column
    return {"artifactLocation": artifact, "region": region}


RENDERER = Renderer(name="sarif", suffixes=(".sarif", ".sarif.json"), render=_render)
