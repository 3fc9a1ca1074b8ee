"""TLS-RPT: the record by which a domain asks for reports on failed encryption."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, report_of, statuses
from preflight_checks.tls_rpt import CHECK, fault_of


def verdicts(records: Any) -> dict[str, str]:
    found = statuses(report_of(CHECK, Subject.of(domain="example.com"), {"TXT _smtp._tls.example.com": records}))
    assert {part for _, part in found} == {"example.com"}
    return {rule.removeprefix("tls-rpt/"): status for (rule, _), status in found.items()}


@pytest.mark.parametrize(
    "record",
    [
        "v=TLSRPTv1; rua=mailto:reports@example.com",
        "v=TLSRPTv1;rua=mailto:reports@example.com,https://reports.example.com/v1/tls;",
        "v=TLSRPTv1; rua=https://reports.example.com",
        "v=TLSRPTv1; rua = mailto:a%2Cb@example.com , mailto:c@example.net; x=y",
    ],
)
def test_a_record(record: str) -> None:
    assert verdicts([record, "v=spf1 -all"]) == {"missing": "pass", "invalid": "pass"}


@pytest.mark.parametrize("nothing", [NoData, NxDomain, ["v=spf1 -all"]])
def test_no_record(nothing: Any) -> None:
    assert verdicts(nothing) == {"missing": "fail"}


@pytest.mark.parametrize(
    "records",
    [
        ["v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"],
        ["v=TLSRPTv1"],
        ["v=TLSRPTv1;"],
        ["v=tlsrptv1; rua=mailto:a@example.com"],
        ["rua=mailto:a@example.com; v=TLSRPTv1"],
        ["v=TLSRPTv1; rua="],
        ["v=TLSRPTv1; rua=a@example.com"],
        ["v=TLSRPTv1; rua=mailto:example.com"],
        ["v=TLSRPTv1; rua=http://reports.example.com/"],
        ["v=TLSRPTv1; rua=mailto:a@example.com,"],
        ["v=TLSRPTv1; ruf=mailto:a@example.com"],
        ["v=TLSRPTv1; rua=mailto:a@example.com rua=mailto:b@example.com"],
    ],
)
def test_a_record_that_senders_do_not_take(records: list[str]) -> None:
    assert verdicts(records) == {"missing": "pass", "invalid": "fail"}


def test_no_answer() -> None:
    assert verdicts(Reason.TIMEOUT) == {"missing": "inconclusive", "invalid": "inconclusive"}


def test_the_record_to_add_is_one_that_senders_take() -> None:
    report = report_of(CHECK, Subject.of(domain="example.com"), {"TXT _smtp._tls.example.com": NxDomain})
    (failed,) = (judged.finding for judged in report.findings)
    record = str(failed.fix).partition('TXT "')[2].partition('"')[0]
    assert verdicts([record]) == {"missing": "pass", "invalid": "pass"}


@given(st.text())
def test_any_text_is_a_record_or_says_what_is_wrong(text: str) -> None:
    why = fault_of(f"v=TLSRPTv1; rua=mailto:{text}")
    assert why is None or str(why)
