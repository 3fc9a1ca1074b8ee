"""Reports as JUnit XML, for the test pages of CI systems: a subject is a test suite, a rule and its part a test case.

Written for the schema that the xUnit plugin of Jenkins has (`junit-10.xsd`); GitLab, GitHub actions, Azure and others
read the same. A failure that counts is a `failure`; what could not be told, or crashed, is an `error` and never
`skipped`, which people take for fine. A failure that does not count (waived, known, below --fail-on) passes, and its
output says why.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from xml.etree import ElementTree as ET

from preflight.findings import Status
from preflight.render import Renderer, RenderOptions
from preflight.render.briefing import labels, meaning
from preflight.render.places import spots
from preflight.render.wording import SEVERITIES, details, replies, severity_words, since_baseline, waivers
from preflight.report import Judged, Report
from preflight.text import Language, visible

_NO_CHARACTER = re.compile("[\ufffe\uffff]")  # the only ones that XML 1.0 (2.2) forbids and `visible` lets pass


def _xml(text: str) -> str:
    """A text from anywhere, of characters that XML 1.0 has and that are seen as what they are."""
    return _NO_CHARACTER.sub(lambda match: f"\\u{ord(match[0]):04x}", visible(text))


def _render(reports: Sequence[Report], options: RenderOptions) -> str:
    root = ET.Element("testsuites", name="preflight")
    for name, report in zip(labels(reports), reports, strict=True):
        root.append(_suite(name, report, options))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in root)))
    root.set("time", _seconds(max(report.duration for report in reports)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(name: str, report: Report, options: RenderOptions) -> ET.Element:
    suite = ET.Element("testsuite", name=_xml(name))
    properties = ET.SubElement(suite, "properties")
    for key, value in _properties(report, options.language):
        ET.SubElement(properties, "property", name=key, value=_xml(value))
    codes = replies(report)
    names: dict[str, int] = {}
    for judged in report.findings:
        finding = judged.finding
        title = f"{finding.rule}: {finding.part}"
        names[title] = names.get(title, 0) + 1
        title += f" ({names[title]})" if names[title] > 1 else ""
        case = ET.SubElement(suite, "testcase", name=_xml(title), classname=_xml(finding.check))
        _outcome(case, judged, report, codes, options)
    notes = [options.language.say(meaning(report)), *_notes(report, options.language)]
    ET.SubElement(suite, "system-out").text = "\n".join(map(_xml, notes))
    counts = report.counts
    suite.set("tests", str(len(report.findings)))
    suite.set("failures", str(sum(judged.fails for judged in report.findings)))
    suite.set("errors", str(counts[Status.INCONCLUSIVE] + counts[Status.ERROR]))
    suite.set("skipped", str(counts[Status.SKIPPED]))
    suite.set("time", _seconds(report.duration))
    suite.set("timestamp", report.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return suite


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"


def _properties(report: Report, language: Language) -> Iterator[tuple[str, str]]:
    in_force, expired = waivers(report)
    yield "verdict", report.verdict
    yield "profile", report.profile or "none"
    yield "version", report.version
    yield "waived", str(in_force)
    yield "waivers-expired", str(expired)
    if since := since_baseline(language, report):
        yield "baseline", since.summary


def _notes(report: Report, language: Language) -> Iterator[str]:
    since = since_baseline(language, report)
    for heading, rows in since.lists if since else ():
        yield f"{heading}:"
        yield from (f"  {rule} {part}: {sentence}" for rule, part, sentence in rows)
    for notice in report.notices:
        yield language.say(notice.message)


def _outcome(
    case: ET.Element, judged: Judged, report: Report, codes: Mapping[str, str], options: RenderOptions
) -> None:
    """What became of a test: nothing for one that passes, else the element that says so."""
    language, finding = options.language, judged.finding
    said = _xml(language.say(finding.message))
    rows = [f"{label}: {text}" for label, text in details(language, judged, codes)]
    rows += [f"{spot.path}:{spot.line}" for spot in spots(judged, report, options)]
    text = "\n".join(map(_xml, rows))
    match finding.status:
        case Status.PASS:
            return
        case Status.SKIPPED:
            ET.SubElement(case, "skipped", message=said)
        case Status.INCONCLUSIVE:
            ET.SubElement(case, "error", type="inconclusive", message=said).text = text
        case Status.ERROR:
            ET.SubElement(case, "error", type="crashed", message=said).text = text
        case Status.FAIL if judged.fails:
            ET.SubElement(case, "failure", type=judged.severity, message=said).text = text
        case Status.FAIL:
            words = f"{SEVERITIES[judged.severity][0]} {severity_words(language, judged)}: {said}"
            ET.SubElement(case, "system-out").text = f"{words}\n{text}" if text else words


RENDERER = Renderer(name="junit", suffixes=(".xml",), render=_render)
