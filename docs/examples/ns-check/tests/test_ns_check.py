from preflight import Subject
from preflight.testing import Reason, report_of, statuses

from preflight_ns_check import CHECK

SUBJECT = Subject.of(domain="example.com")


def test_two_name_servers_are_enough():
    report = report_of(CHECK, SUBJECT, {"NS example.com": ["ns1.example.net", "ns2.example.org"]})
    assert statuses(report) == {("ns/too-few", "example.com"): "pass"}


def test_one_is_not():
    report = report_of(CHECK, SUBJECT, {"NS example.com": ["ns1.example.net"]})
    assert statuses(report) == {("ns/too-few", "example.com"): "fail"}


def test_no_answer_is_no_verdict():
    report = report_of(CHECK, SUBJECT, {"NS example.com": Reason.SERVFAIL})
    assert statuses(report) == {("ns/too-few", "example.com"): "inconclusive"}
