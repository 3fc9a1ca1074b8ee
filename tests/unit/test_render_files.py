"""The formats that are files for other programs and for people: golden files, schemas, and what each one promises."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import cmarkgfm
import pytest
from prometheus_client.parser import text_string_to_metric_families

from preflight.findings import Evidence, Finding, Place
from preflight.policy import FailOn, Policy
from preflight.render import RenderOptions, renderers
from preflight.render.markdown import LIMIT, MARK, code
from preflight.render.sarif import reference_url
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from tests.golden.regenerate import golden_files, language, path, rendered
from tests.golden.samples import (
    IP,
    RULES,
    SAMPLES,
    crashed,
    dead,
    go,
    let_pass,
    no_go,
    passes,
    report,
    sample,
    since,
    skipped,
    subject,
    unanswered,
)
from tests.unit.render_schemas import SARIF, junit_problems
from tests.unit.render_words import Words

RENDERERS = renderers()
OWN_TESTS = ("terminal", "json")


def text_of(name: str, *reports: Report, **options: Any) -> str:
    return RENDERERS[name].render(reports, RenderOptions(**options))


@pytest.mark.parametrize(("name", "sample_", "code_"), [one for one in golden_files() if one[0] not in OWN_TESTS])
def test_golden(name: str, sample_: str, code_: str) -> None:
    text = rendered(RENDERERS[name], sample_, code_)
    assert text == path(RENDERERS[name], sample_, code_).read_text(encoding="utf-8")


@pytest.mark.parametrize("sample_", SAMPLES)
def test_schemas_hold(sample_: str) -> None:
    reports = sample(sample_)
    assert junit_problems(text_of("junit", *reports)) == []
    SARIF.validate(json.loads(text_of("sarif", *reports, config="preflight.toml")))
    SARIF.validate(json.loads(text_of("sarif", *reports, language=language("zh"))))
    assert list(text_string_to_metric_families(text_of("prometheus", *reports)))


def test_every_word_has_a_translation() -> None:
    words = Words()
    many = [go() for _ in range(40)]
    failures = report(subject(), [RULES["ptr/missing"].fails(f"{n}.example.com", "{part} x", PLACED, record="x" * n)
                                  for n in range(1, 99)], Policy())  # fmt: skip
    profiled = replace(no_go(), profile="outlook", subject=Subject(helo=None, ips=no_go().subject.ips))
    for name in RENDERERS:
        for reports in (*map(sample, SAMPLES), many, [failures], [profiled]):
            text_of(name, *reports, language=words.language)
    assert words.missing == set()


PLACED = Evidence("message", "line 5", "Subject: x", Place("mails/a b.eml", 5, 1))


# --- JUnit ----------------------------------------------------------------------------------------------------------


def cases(*reports: Report) -> dict[str, list[str]]:
    root = ET.fromstring(text_of("junit", *reports))
    return {case.get("name", ""): [child.tag for child in case] for case in root.iter("testcase")}


def test_junit_outcomes() -> None:
    findings = [
        RULES["ptr/missing"].fails(IP, "{part} x", record="x"),
        RULES["ptr/multiple"].fails(IP, "{part} x"),
        unanswered("mx/missing", "example.com", "MX example.com"),
        crashed("message", "draft.eml"),
        *passes("helo/not-fqdn"),
        *skipped(subject(), "dnsbl/listed"),
    ]
    assert cases(report(subject(), findings)) == {
        f"ptr/missing: {IP}": ["failure"],
        f"ptr/multiple: {IP}": ["system-out"],
        "mx/missing: example.com": ["error"],
        "message/crashed: draft.eml": ["error"],
        f"helo/not-fqdn: {IP}": [],
        "dnsbl/listed: mail.example.com": ["skipped"],
    }
    strict = cases(report(subject(), findings, Policy(fail_on=FailOn.WARNING)))
    assert strict[f"ptr/multiple: {IP}"] == ["failure"]
    assert cases(report(subject(), findings, Policy(fail_on=FailOn.NEVER)))[f"ptr/missing: {IP}"] == ["system-out"]


def test_junit_counts_agree_with_its_cases() -> None:
    for reports in map(sample, SAMPLES):
        root = ET.fromstring(text_of("junit", *reports))
        for suite in root:
            for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"), ("tests", None)):
                found = [case for case in suite.iter("testcase") if tag is None or case.find(tag) is not None]
                assert int(suite.get(key, "")) == len(found)
        for key in ("tests", "failures", "errors"):
            assert int(root.get(key, "")) == sum(int(suite.get(key, "")) for suite in root)


def test_junit_says_why_a_failure_does_not_count() -> None:
    root = ET.fromstring(text_of("junit", no_go()))
    said = {case.get("name"): case.findtext("system-out", "") for case in root.iter("testcase")}
    waived = said[f"dnsbl/spamhaus-sbl: {IP}"]
    assert waived.startswith("✗ error, waived: ")
    assert "waiver: let pass until 2026-12-01: removal asked for, ticket 4711 (mail team)" in waived
    expired = next(case for case in root.iter("testcase") if case.get("name") == "mx/missing: example.com")
    failure = expired.find("failure")
    assert failure is not None
    assert "waiver: expired on 2026-11-20: the zone is published on Monday" in str(failure.text)
    known = {case.get("name"): case.findtext("system-out", "")
             for case in ET.fromstring(text_of("junit", since())).iter("testcase")}[f"ptr/missing: {IP}"]  # fmt: skip
    assert known.startswith("✗ error, known: ")


def test_junit_properties() -> None:
    root = ET.fromstring(text_of("junit", replace(no_go(), profile="outlook")))
    assert {one.get("name"): one.get("value") for one in root.iter("property")} == {
        "verdict": "no-go", "profile": "outlook", "version": "0.0.0", "waived": "1", "waivers-expired": "1",
    }  # fmt: skip


def test_equal_findings_and_subjects_have_names_of_their_own() -> None:
    twice = report(subject(), passes("helo/not-fqdn") * 2)
    root = ET.fromstring(text_of("junit", twice, twice))
    assert [suite.get("name") for suite in root] == ["mail.example.com", "mail.example.com (2)"]
    assert list(cases(twice)) == [f"helo/not-fqdn: {IP}", f"helo/not-fqdn: {IP} (2)"]


# --- SARIF, GitHub, GitLab: places ----------------------------------------------------------------------------------


def results(*reports: Report, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text_of("sarif", *reports, **options))["runs"][0]["results"]
    return found


def physical(findings: Iterable[Finding], given: Subject | None = None, **options: Any) -> Any:
    (result,) = results(report(given or subject(), list(findings)), **options)
    return result["locations"][0].get("physicalLocation")


def in_message(line: int, column: int, data: bytes, file: str = "draft.eml") -> tuple[list[Finding], Subject]:
    evidence = Evidence("message", "Subject", "…", Place(file, line, column))
    given = Subject(message=MessageSource(file, data))
    return [RULES["message/subject-trivial"].fails("Subject", "x", evidence)], given


@pytest.mark.parametrize(
    ("line", "column", "data", "region"),
    [
        (2, 1, b"a\nSubject: x\n", {"startLine": 2, "startColumn": 1}),
        (2, 10, b"a\nSubject: x\n", {"startLine": 2, "startColumn": 10}),
        (1, 14, "Subject: ééx\n".encode(), {"startLine": 1, "startColumn": 12}),
        (1, 14, "Subject: 😀x\n".encode(), {"startLine": 1, "startColumn": 11}),
        (1, 12, b"Subject: \xe9\xe9x\n", {"startLine": 1}),  # of no known charset: characters cannot be counted
        (2, 0, b"a\nSubject: x\n", {"startLine": 2}),
        (2, 10, "X: y\rSubject: éx\r".encode(), {"startLine": 2, "startColumn": 10}),
        (2, 12, "X: y\rSubject: éx\r".encode(), {"startLine": 2, "startColumn": 11}),
        (9, 5, b"short", {"startLine": 9, "startColumn": 1}),
    ],
)
def test_sarif_counts_columns_in_characters(line: int, column: int, data: bytes, region: dict[str, int]) -> None:
    findings, given = in_message(line, column, data)
    assert physical(findings, given)["region"] == region


@pytest.mark.parametrize(
    ("file", "options", "artifact"),
    [
        ("mails/a b.eml", {}, {"uri": "mails/a%20b.eml", "uriBaseId": "%SRCROOT%"}),
        ("./mails/../draft.eml", {}, {"uri": "draft.eml", "uriBaseId": "%SRCROOT%"}),
        ("été#?%:x.eml", {}, {"uri": "%C3%A9t%C3%A9%23%3F%25%3Ax.eml", "uriBaseId": "%SRCROOT%"}),
        ("\udce9.eml", {}, {"uri": "%E9.eml", "uriBaseId": "%SRCROOT%"}),
        ("/srv/x.eml", {}, {"uri": "file:///srv/x.eml"}),
        ("x.eml", {"folder": "/w/dns", "root": "/w"}, {"uri": "dns/x.eml", "uriBaseId": "%SRCROOT%"}),
        ("/w/x.eml", {"folder": "/w/dns", "root": "/w"}, {"uri": "x.eml", "uriBaseId": "%SRCROOT%"}),
        ("../../x.eml", {"folder": "/w/dns", "root": "/w"}, {"uri": "file:///x.eml"}),
    ],
)
def test_sarif_names_files_from_the_top_of_the_checkout(
    file: str, options: dict[str, str], artifact: dict[str, str]
) -> None:
    findings, given = in_message(1, 1, b"x", file)
    assert physical(findings, given, **options)["artifactLocation"] == artifact


def test_what_has_no_place_points_to_a_file_that_is_there() -> None:
    dns = RULES["ptr/missing"].fails(IP, "x", Evidence("dns", "PTR x", "NXDOMAIN"), record="x")
    mail = RULES["message/subject-trivial"].fails("Subject", "x", Evidence("message", "Subject", "x"))
    assert physical([dns]) is None
    assert physical([dns], config="ci/preflight.toml")["artifactLocation"]["uri"] == "ci/preflight.toml"
    assert physical([mail], config="ci/preflight.toml")["artifactLocation"]["uri"] == "draft.eml"
    stdin = Subject(message=MessageSource("-", b"x"))
    assert physical([mail], stdin) is None
    assert physical([mail], stdin, config="p.toml")["artifactLocation"]["uri"] == "p.toml"
    on_stdin, given = in_message(1, 1, b"x", "-")
    assert physical(on_stdin, given) is None


def test_sarif_results() -> None:
    found = {(one["ruleId"], one["properties"]["part"]): one for one in results(no_go())}
    assert len(found) == 14  # twelve failures, one open, one crash; what passes is no result
    waived = found["dnsbl/spamhaus-sbl", IP]
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "let pass until 2026-12-01: removal asked for, ticket 4711 (mail team)",
        }
    ]
    expired = found["mx/missing", "example.com"]
    assert "suppressions" not in expired
    assert "expired on 2026-11-20" in expired["message"]["text"]
    opened = found["dnsbl/listed", IP]
    assert (opened["kind"], opened["level"]) == ("open", "none")
    assert [found[key]["level"] for key in (("ptr/missing", IP), ("ptr/multiple", IP))] == ["error", "warning"]
    states = {one["ruleId"]: one["baselineState"] for one in results(since())}
    assert states == {
        "ptr/missing": "unchanged", "ptr/multiple": "unchanged", "helo/address-mismatch": "updated",
        "dnsbl/spamhaus-sbl": "updated", "helo/not-fqdn": "new", "message/executable-attachment": "new",
    }  # fmt: skip


def test_fingerprints_stay_and_differ() -> None:
    def prints(made: Report, **options: Any) -> list[str]:
        return [one["partialFingerprints"]["preflight/v1"] for one in results(made, **options)]

    assert prints(no_go()) == prints(no_go(), language=language("zh"), config="x.toml")
    assert len(set(prints(no_go()))) == 14
    twice = report(subject(), [RULES["ptr/multiple"].fails(IP, "x")] * 2)
    assert len(set(prints(twice))) == 2
    findings, given = in_message(1, 1, b"x")
    moved, _ = in_message(7, 3, b"x")
    assert prints(report(given, findings)) == prints(report(given, moved))


def test_a_message_is_text_to_readers_of_sarif() -> None:
    finding = RULES["ptr/multiple"].fails("[x](1) {0}", "{part}")
    (result,) = results(report(subject(), [finding]))
    assert result["message"]["text"].splitlines()[0] == "[x] (1) {{0}}"


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("RFC 5321 4.1.4; others", "https://www.rfc-editor.org/rfc/rfc5321"),
        ("https://check.spamhaus.org/faq, last looked at", "https://check.spamhaus.org/faq"),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_references_as_links(reference: str, url: str) -> None:
    assert reference_url(reference) == url


def annotations(*reports: Report, **options: Any) -> list[str]:
    return text_of("github", *reports, **options).splitlines()


def test_github_annotations() -> None:
    findings, given = in_message(2, 1, b"a\nSubject: test\n", "mails/a,b:c.eml")
    summary, line = annotations(report(given, findings))
    assert summary.startswith("::notice title=preflight%3A GO::✓ mails/a,b:c.eml: ")
    assert line.startswith(
        "::warning file=mails/a%2Cb%3Ac.eml,line=2,col=1,title=warning%3A message/subject-trivial%3A Subject::x%0Afix: "
    )
    outside, given = in_message(2, 1, b"x", "/srv/x.eml")
    assert "file=" not in annotations(report(given, outside))[1]


def test_github_levels() -> None:
    def levels(made: Report) -> list[str]:
        return [line.partition(" ")[0].strip(":") for line in annotations(made)[1:]]

    assert levels(let_pass()) == ["warning"]  # an error that does not count stops nothing
    assert levels(dead()) == ["error"]  # it fails the job: nobody knows
    assert levels(no_go()).count("error") == 7
    assert levels(no_go())[-1] in {"notice", "warning"}
    assert levels(since()) == ["error", "error", "error", "warning"]  # known ones are in the summary alone


def test_github_shows_the_most_important_first_and_says_what_it_will_not_show() -> None:
    findings = [RULES["ptr/multiple"].fails(f"{n}.example.com", f"{{part}} {'x' * n}") for n in range(3)]
    findings += [RULES["ptr/missing"].fails(f"{n}.example.com", f"{{part}} {'x' * n}", record="") for n in range(13)]
    summary, *others = annotations(report(subject(), findings))
    assert [line.partition(" ")[0] for line in others] == ["::error"] * 13 + ["::warning"] * 3
    assert "GitHub shows 10 annotations of a level; 3 more stand in the log of this step." in summary
    several = annotations(*sample("several"), no_go())
    assert [line.partition(" ")[0] for line in several[1:8]] == ["::error"] * 7


def test_gitlab_issues() -> None:
    findings, given = in_message(2, 1, b"a\nSubject: test\n", "./mails/x.eml")
    (issue,) = json.loads(text_of("gitlab", report(given, findings)))
    assert issue["location"] == {"path": "mails/x.eml", "lines": {"begin": 2}}
    assert (issue["check_name"], issue["severity"]) == ("message/subject-trivial", "minor")
    assert issue["description"] == "warning: x (fix: Say what it is about.)"
    issues = json.loads(text_of("gitlab", no_go(), config="ci/p.toml"))
    assert len(issues) == 14
    assert {one["location"]["path"] for one in issues} == {"ci/p.toml", "draft.eml"}
    by_rule = {one["check_name"]: one for one in issues}
    assert by_rule["dnsbl/spamhaus-sbl"]["severity"] == "info"
    assert by_rule["dnsbl/listed"]["description"].startswith("could not be told: bl.example.net gives no usable answer")
    assert text_of("gitlab", go()) == "[]\n"
    assert len(json.loads(text_of("gitlab", since()))) == 4


# --- Markdown -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "`a`"),
        ("", "–"),
        (" ", "–"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        (" a ", "`  a  `"),
        ("a|b", "`a\\|b`"),
        ("a\nb", "`a\\x0ab`"),
    ],
)
def test_code_spans(text: str, written: str) -> None:
    assert code(text) == written


def test_markdown_shows_the_board_before_what_to_fix() -> None:
    text = text_of("markdown", no_go())
    assert text.startswith(f"{MARK}\n\n## ❌ NO-GO: `mail.example.com`\n")
    assert text.index("### Bounce codes") < text.index("### What to fix") < text.index("### What could not be told")
    html = cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    assert html.count("<details>") == html.count("</details>") == 12
    assert html.count("<table>") == 1


@pytest.mark.parametrize("count", [150, 600])
def test_markdown_fits_into_a_comment(count: int) -> None:
    findings = [RULES["ptr/missing"].fails(f"{n}.example.com", f"{{part}} {'中' * (n % 50)}", record="x" * 2000)
                for n in range(count)]  # fmt: skip
    for reports in ([report(subject(), findings)], [no_go()] * count):
        text = text_of("markdown", *reports, language=language("zh"))
        assert len(text.encode()) <= LIMIT
        assert re.search("因篇幅所限省略 [0-9]+ 处", text)
        assert text.count("<details>") == text.count("</details>")


# --- Prometheus -----------------------------------------------------------------------------------------------------


def samples(*reports: Report) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text_of("prometheus", *reports))
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_prometheus_samples() -> None:
    found = samples(no_go())
    host = "mail.example.com"
    assert found["preflight_verdict", host, "no-go"] == 1
    assert found["preflight_verdict", host, "go"] == 0
    assert found["preflight_failures", host] == 7
    assert found["preflight_rule_failed", host, "ptr/missing", "error"] == 2
    assert (
        found["preflight_waived_failures", host, "in-force"] == found["preflight_waived_failures", host, "expired"] == 1
    )
    assert found["preflight_bounce_at_risk", host, "microsoft/DY-001"] == 1
    assert found["preflight_run_timestamp_seconds", host] == 1795512615.25
    assert found["preflight_duration_seconds", host] == 1.234
    assert samples(since())["preflight_baseline_findings", host, "mended"] == 2


def test_prometheus_has_no_good_value_for_what_nobody_knows() -> None:
    found = samples(dead())
    at_risk = {key[2] for key in found if key[0] == "preflight_bounce_at_risk"}
    assert at_risk == set()
    assert found["preflight_bounce_undetermined", "mail.example.com", "microsoft/DY-001"] == 1
    assert ("preflight_bounce_undetermined", "mail.example.com", "microsoft/RP-002") not in found


# --- HTML -----------------------------------------------------------------------------------------------------------


def test_html_records_are_code_and_our_links_are_links() -> None:
    finding = RULES["ptr/multiple"].undecided(
        "https://evil.example/", "see https://check.spamhaus.org, {part}", fix="Add `{record}`.", record="<b>"
    )
    text = text_of("html", report(subject(), [finding]))
    assert '<a href="https://check.spamhaus.org" rel="noreferrer noopener">https://check.spamhaus.org</a>' in text
    assert "<bdi>https://evil.example/</bdi>" in text
    assert "Add <code>&lt;b&gt;</code>." in text


def test_html_of_many_subjects_counts_what_passed() -> None:
    few, many = text_of("html", *[no_go()] * 20), text_of("html", *[no_go()] * 21)
    row = '<th scope="row"><code>helo/not-fqdn</code></th>'
    assert (few.count(row), many.count(row)) == (20, 0)
    assert many.count("2 passed") >= 21
    assert many.count('<th scope="row"><code>mx/missing</code></th>') == 21


def test_nagios_reads_eight_kilobytes() -> None:
    text = text_of("nagios", *[no_go()] * 100)
    assert len(text.encode()) < 8192
    assert re.search(r"\nand [0-9]+ more \(--format json has them all\)\n$", text)


def test_html_of_thousands_of_findings_stays_small() -> None:
    findings = [finding for n in range(2000) for finding in passes("helo/not-fqdn", part=f"{n}.example.com")]
    text = text_of("html", report(subject(), findings))
    assert len(text) < 400_000
    assert "and 1,700 more (--format json has them all)" in text
