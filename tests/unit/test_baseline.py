"""What is new, worse or mended since an earlier run; and what a file that is no report is told."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.baseline import Baseline, compared, load_baseline, read_baseline
from preflight.cli import main
from preflight.errors import ConfigError
from preflight.findings import Finding, Severity, Status
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.policy import Policy, Verdict, Waiver
from preflight.render import RenderOptions
from preflight.render.json import RENDERER as JSON
from preflight.report import Change, Report
from preflight.subject import MessageSource, Subject
from tests.golden.samples import IP, RULES, crashed, dead, go, no_go, passes, report, skipped, subject, unanswered

MISSING, MULTIPLE, LISTED = RULES["ptr/missing"], RULES["ptr/multiple"], RULES["dnsbl/listed"]
FAILED = MISSING.fails(IP, "{part} has no PTR record", record="x")
HOLDS = MISSING.passes(IP, "{part} is fine")
OPEN = unanswered("ptr/missing", IP, "PTR x")


def every(_: str) -> bool:
    return True


def baseline_of(*reports: Report) -> Baseline:
    return read_baseline(JSON.render(reports, RenderOptions()).encode(), "last.json")


def since(now: Report, *before: Report) -> Report:
    (made,) = compared([now], baseline_of(*before), every)
    return made


def made(*findings: Finding, policy: Policy | None = None) -> Report:
    return report(subject(), findings, policy)


@pytest.mark.parametrize(
    ("before", "now", "change", "verdict"),
    [
        ((), FAILED, Change.NEW, "no-go"),
        ((HOLDS,), FAILED, Change.NEW, "no-go"),
        ((FAILED,), FAILED, Change.KNOWN, "go"),
        ((OPEN,), FAILED, Change.WORSE, "no-go"),
        ((FAILED,), HOLDS, Change.MENDED, "go"),
        ((OPEN,), HOLDS, None, "go"),
        ((HOLDS,), HOLDS, None, "go"),
        ((HOLDS,), OPEN, Change.NEW, "incomplete"),
        ((OPEN,), OPEN, Change.KNOWN, "incomplete"),
        ((FAILED,), OPEN, Change.KNOWN, "incomplete"),  # never mended: nobody knows
        (tuple(skipped(subject(), "ptr/missing")), FAILED, Change.NEW, "no-go"),
        ((FAILED,), crashed("ptr", IP), Change.NEW, "incomplete"),
        ((crashed("ptr", IP),), crashed("ptr", IP), Change.KNOWN, "incomplete"),
    ],
)
def test_what_becomes_of_a_finding(
    before: tuple[Finding, ...], now: Finding, change: Change | None, verdict: str
) -> None:
    result = since(made(now), made(*before, *passes("helo/not-fqdn")))
    assert (result.findings[0].change, result.verdict.value) == (change, verdict)
    assert result.findings[0].fails == (verdict == "no-go")


@pytest.mark.parametrize(
    "given",
    [
        {"host": "mail.example.com", "name": "main"},
        {"host": "mail.example.com"},
        {"helo": "mail"},
        {"domain": "example.com"},
        {"ips": ["2001:db8::1"]},
        {"mail_from": ["bounce@example.com"]},
        {"mail_from": ["<>"], "server": "192.0.2.1"},
        {"message": MessageSource("test.eml", b"x")},
        {"server": "[2001:db8::1]:587"},
        {"probe_outbound": "mx.example.net"},
    ],
)
def test_a_subject_is_found_again_by_what_it_has(given: dict[str, Any]) -> None:
    now = report(Subject.of(**given), [FAILED])
    assert since(now, now).notices == ()
    assert since(now, now).findings[0].change is Change.KNOWN


def test_a_greater_severity_is_worse() -> None:
    finding = MULTIPLE.fails(IP, "{part} has two names")
    raised = made(finding, policy=Policy(severities={"ptr/multiple": Severity.ERROR}))
    result = since(raised, made(finding))
    assert (result.findings[0].change, result.verdict) == (Change.WORSE, Verdict.NO_GO)
    assert since(made(finding), raised).findings[0].change is Change.KNOWN


@pytest.mark.parametrize(
    ("then", "now", "change", "verdict"),
    [
        (date(2027, 1, 1), date(2026, 11, 20), Change.WORSE, "no-go"),  # expired since
        (date(2026, 11, 19), date(2026, 11, 20), Change.KNOWN, "no-go"),  # had expired, and has not been renewed
        (date(2027, 1, 1), None, Change.WORSE, "no-go"),  # taken out of the file
        (date(2027, 1, 1), date(2027, 1, 1), Change.KNOWN, "go"),
        (None, date(2027, 1, 1), Change.KNOWN, "go"),
    ],
)
def test_a_baseline_does_not_stand_in_for_a_waiver(
    then: date | None, now: date | None, change: Change, verdict: str
) -> None:
    def policy(expires: date | None) -> Policy:
        return Policy(waivers=(Waiver(rule="ptr", reason="x", expires=expires),) if expires else ())

    result = since(made(FAILED, policy=policy(now)), made(FAILED, policy=policy(then)))
    assert (result.findings[0].change, result.verdict.value) == (change, verdict)


def parts(result: Report) -> tuple[list[str], list[str]]:
    assert result.comparison is not None
    return [one.part for one in result.comparison.mended], [one.part for one in result.comparison.unseen]


def test_a_part_that_is_gone_is_mended_where_its_rule_was_decided() -> None:
    before = made(MISSING.fails("192.0.2.99", "{part} has no PTR record", record="x"))
    assert parts(since(made(HOLDS), before)) == (["192.0.2.99"], [])
    assert parts(since(made(HOLDS, unanswered("ptr/missing", "192.0.2.1", "x")), before)) == ([], ["192.0.2.99"])
    assert parts(since(made(*passes("helo/not-fqdn")), before)) == ([], ["192.0.2.99"])
    assert parts(since(made(HOLDS, crashed("ptr", IP)), before)) == ([], ["192.0.2.99"])
    there = made(HOLDS, MULTIPLE.passes("192.0.2.99", "{part} has one name"))  # the judge ended before it got there
    assert parts(since(there, before)) == ([], ["192.0.2.99"])


def test_a_rule_that_is_not_selected_is_not_mended() -> None:
    (result,) = compared([made(HOLDS)], baseline_of(made(LISTED.fails(IP, "{part} is listed"))), lambda _: False)
    assert parts(result) == ([], [IP])


def test_a_failure_that_is_mended_is_listed_with_its_sentence() -> None:
    comparison = since(made(HOLDS), made(FAILED)).comparison
    assert comparison is not None
    assert [(one.rule, one.part, one.severity, one.message) for one in comparison.mended] == [
        ("ptr/missing", IP, Severity.ERROR, f"{IP} has no PTR record")
    ]
    assert comparison.made_at == "2026-11-24T09:30:15.250Z"


def test_the_same_run_again_brings_nothing_new() -> None:
    for one in (no_go(), go(), dead()):
        result = since(one, one)
        assert {judged.change for judged in result.findings} <= {Change.KNOWN, None}
        assert parts(result) == ([], [])


def test_subjects_are_told_apart() -> None:
    first, second = (report(Subject.of(host, ips=[IP]), [FAILED]) for host in ("a.example.com", "b.example.com"))
    results = compared([second, first], baseline_of(first), every)
    assert [result.verdict.value for result in results] == ["no-go", "go"]
    (notice,) = results[0].notices
    assert str(notice.message) == "The baseline last.json has no report of b.example.com: all its failures are new."
    (result,) = compared([first], baseline_of(first, second), every)
    (notice,) = result.notices
    assert str(notice.message) == "The baseline last.json has a report of b.example.com, which this run did not check."
    (result,) = compared([first], baseline_of(first, second), every, whole=False)
    assert result.notices == ()


def test_labels_are_those_of_subjects() -> None:
    subjects = [
        Subject.of("mail.example.com", name="x"), Subject.of("mail.example.com"), Subject.of(helo="mail"),
        Subject.of(domain="example.com"), Subject.of(ips=["192.0.2.1", "192.0.2.2"]),
        Subject.of(mail_from=["a@example.com"]), Subject.of(server="192.0.2.1:25"), replace(subject(), host=None),
    ]  # fmt: skip
    for one in subjects:
        assert list(baseline_of(report(one, [HOLDS])).reports) == [one.label]


def test_odd_names_are_found_again() -> None:
    for part in ("\udce9.eml", "a\x00b", "\u202egnp", "x" * 5000, "中文"):
        finding = MISSING.fails(part, "{part} x", record="x")
        assert since(made(finding), made(finding)).findings[0].change is Change.KNOWN


NO_REPORT = 'is no report of preflight (it is no JSON object with a "schema")'
NEWER = "has the schema 'preflight-report/2', made by version 9.1; this version reads preflight-report/1:"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", f"{NO_REPORT};"),
        (b"[]", f"{NO_REPORT};"),
        (b"\xff\xfe", f"{NO_REPORT};"),
        (b"[" * 90000, f"{NO_REPORT};"),
        (b'{"schema": 1}', f"{NO_REPORT};"),
        (b'{"schema": "sarif"}', "is no report of preflight (its schema is 'sarif');"),
        (b'{"schema": "preflight-report/2", "version": "9.1"}', NEWER),
        (b'{"schema": "preflight-report/1"}', "breaks the format of reports: Object missing required field subject;"),
        (
            b'{"schema": "preflight-report/1", "subject": {}, "findings": [{"rule": 1}]}',
            "breaks the format of reports: Expected str, got int - at $.findings[0].rule;",
        ),
    ],
)
def test_a_file_that_is_no_report(data: bytes, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_baseline(data, "last\x1b.json")
    assert str(raised.value) == rf"--baseline last\x1b.json {problem} make one with --format json"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, problem in ((tmp_path / "none.json", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=f"{problem}; give the JSON report of an earlier run"):
            load_baseline(str(path))
    with pytest.raises(ConfigError, match="a path has no NUL in it; give the JSON report of an earlier run"):
        load_baseline("a\0b")


def test_a_byte_order_mark_and_later_keys_are_passed_over() -> None:
    document = json.loads(JSON.render([made(FAILED)], RenderOptions()))
    document |= {"later": 1}
    document["subject"]["later"] = document["findings"][0]["later"] = {}
    earlier = read_baseline(b"\xef\xbb\xbf" + json.dumps(document).encode(), "x")
    (result,) = compared([made(FAILED)], earlier, every)
    assert result.verdict is Verdict.GO


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["schema", "reports", "subject", "findings", "rule", "status", "part", "severity"])
        | st.text(max_size=4),
        inner | st.sampled_from(["preflight-report/1", "preflight-reports/1", "fail", "error"]),
        max_size=6,
    ),
    max_leaves=20,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        assert all(read_baseline(data, "x").reports.values())
    except ConfigError as error:
        said = str(error)
    else:
        said = ""
    assert not said or said.isprintable()


def test_from_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A failure that is there already lets a change pass; one that comes with it does not."""
    last = tmp_path / "last.json"
    with LabDns(demo_world()) as server:

        def check(*more: str) -> tuple[int, Any]:
            args = ["check", "mail.bad.example", "--resolver", server.address, "--no-cache", "--format", "json", *more]
            code = main(args)
            return code, json.loads(capfd.readouterr().out)

        assert check("--select", "ptr", "--output", str(last))[0] == 1
        code, document = check("--select", "ptr", "--baseline", str(last))
        assert (code, document["verdict"]) == (0, "go")
        assert document["baseline"] == {
            "started_at": json.loads(last.read_text())["started_at"],
            "mended": [],
            "unseen": [],
        }
        assert {one["change"] for one in document["findings"] if one["status"] == "fail"} == {"known"}
        code, document = check("--select", "ptr", "--select", "dynamic-ip", "--baseline", str(last))
        assert (code, document["verdict"]) == (1, "no-go")
        assert {one["rule"] for one in document["findings"] if one["change"] == "new"} == {
            "dynamic-ip/dynamic-ptr", "dynamic-ip/pbl-listed",
        }  # fmt: skip
        assert main(["check", "mail.bad.example", "--baseline", str(tmp_path / "none.json")]) == 2
        assert "--baseline" in capfd.readouterr().err


def test_statuses_of_a_report_are_never_changed() -> None:
    for now, before in ((no_go(), go()), (go(), no_go()), (dead(), no_go()), (no_go(), dead())):
        result = since(now, before)
        assert [one.finding for one in result.findings] == [one.finding for one in now.findings]
        assert result.counts == now.counts
        if any(one.finding.status is Status.INCONCLUSIVE for one in now.findings):
            assert result.verdict is not Verdict.GO or now.verdict is Verdict.GO
