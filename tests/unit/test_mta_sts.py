"""MTA-STS: the record, the host of the policy, the policy itself, and the MX hosts that it has to name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.net.https import FetchFailure, Page
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import FakeFetcher, NoData, NxDomain, Reason, Script, report_of, statuses
from preflight.text import Message, load_translations
from preflight_checks.mta_sts import CHECK, FAILURES
from preflight_checks.transport.sts_policy import Policy, read_policy

DOMAIN = "example.com"
URL = "https://mta-sts.example.com/.well-known/mta-sts.txt"
DNS: Script = {
    "TXT _mta-sts.example.com": ["v=STSv1; id=20261124T1;"],
    "A mta-sts.example.com": ["192.0.2.80"],
    "AAAA mta-sts.example.com": NoData,
    "MX example.com": ["10 mail.example.com", "20 mx.backup.example.net"],
}
GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.backup.example.net\r\nmax_age: 604800\r\n"
ALL = {
    ("missing", DOMAIN): "pass",
    ("record", DOMAIN): "pass",
    ("policy-host", DOMAIN): "pass",
    ("policy-unreachable", DOMAIN): "pass",
    ("policy-invalid", DOMAIN): "pass",
    ("not-enforced", DOMAIN): "pass",
    ("short-lived", DOMAIN): "pass",
    ("mx-not-covered", "mail.example.com"): "pass",
    ("mx-not-covered", "mx.backup.example.net"): "pass",
}


def up_to(last: str) -> dict[tuple[str, str], str]:
    """What passes up to a rule."""
    names = [name for name, _ in ALL]
    return {key: status for key, status in ALL.items() if names.index(key[0]) <= names.index(last)}


OF_POLICY = ("policy-invalid", "not-enforced", "short-lived")


def report(dns: Script | None = None, page: Page | FetchFailure | None = None, **subject: Any) -> Report:
    given = Subject.of(**{"domain": DOMAIN, "probe": True, **subject})
    pages = FakeFetcher({URL: page or Page(200, "text/plain", body=GOOD)})
    return report_of(CHECK, given, {**DNS, **(dns or {})}, fetcher=pages)


def verdicts(*args: Any, **subject: Any) -> dict[tuple[str, str], str]:
    return {
        (rule.removeprefix("mta-sts/"), part): is_ for (rule, part), is_ in statuses(report(*args, **subject)).items()
    }


def text_page(body: bytes | str) -> Page:
    return Page(200, "text/plain", body=body if isinstance(body, bytes) else body.encode())


def sentence(found: Report, rule: str) -> str:
    (one,) = (judged.finding for judged in found.findings if judged.finding.rule == f"mta-sts/{rule}")
    return str(one.message)


def test_all_is_well() -> None:
    assert verdicts() == ALL


def test_nothing_is_fetched_without_the_option() -> None:
    fetcher = FakeFetcher({})
    found = report_of(CHECK, Subject.of(domain=DOMAIN), DNS, fetcher=fetcher)
    assert fetcher.asked == []
    assert {rule: status for (rule, _), status in statuses(found).items()} == {
        "mta-sts/missing": "pass",
        "mta-sts/record": "pass",
        "mta-sts/policy-host": "pass",
        **{f"mta-sts/{name}": "skipped" for name in (*OF_POLICY, "policy-unreachable", "mx-not-covered")},
    }


def test_the_default_severities_never_stop_mail() -> None:
    assert {rule.severity.value for rule in CHECK.rules} == {"warning", "info"}


@pytest.mark.parametrize("nothing", [NoData, NxDomain, ["v=spf1 -all"], ["some text"]])
def test_no_record(nothing: Any) -> None:
    assert verdicts({"TXT _mta-sts.example.com": nothing}) == {("missing", DOMAIN): "fail"}


def test_an_unanswered_record_leaves_all_open() -> None:
    names = ("missing", "record", "policy-host", "policy-unreachable", *OF_POLICY, "mx-not-covered")
    expected = {(name, DOMAIN): "inconclusive" for name in names}
    assert verdicts({"TXT _mta-sts.example.com": Reason.SERVFAIL}) == expected


@pytest.mark.parametrize(
    "records",
    [
        ["v=STSv1; id=1;", "v=STSv1; id=2;"],
        ["v=STSv1"],
        ["V=STSV1; id=1"],
        [" v=STSv1; id=1"],
        ['"v=STSv1; id=1"'],
        ["v=STSv1;"],
        ["v=STSv1; id="],
        ["v=STSv1; id=2026-11-24"],
        [f"v=STSv1; id={'1' * 33}"],
        ["v=STSv1; id=1; id=2"],
        ["v=STSv1; id"],
    ],
)
def test_a_record_that_senders_do_not_take(records: list[str]) -> None:
    assert verdicts({"TXT _mta-sts.example.com": records}) == {("missing", DOMAIN): "pass", ("record", DOMAIN): "fail"}


@pytest.mark.parametrize("record", ["v=STSv1; id=1", "v=STSv1 ;id=1;", "v=STSv1; id=1; extra=x", "v=STSv1;id=aB9"])
def test_a_record_that_senders_take(record: str) -> None:
    assert verdicts({"TXT _mta-sts.example.com": [record, "v=spf1 -all"]}) == ALL


class TestHost:
    @pytest.mark.parametrize("addresses", [NxDomain, NoData, ["10.0.0.80"], ["127.0.0.1"]])
    def test_it_cannot_be_reached(self, addresses: Any) -> None:
        expected = {**up_to("record"), ("policy-host", DOMAIN): "fail"}
        assert verdicts({"A mta-sts.example.com": addresses}) == expected

    def test_its_addresses_are_not_known(self) -> None:
        names = ("policy-host", "policy-unreachable", *OF_POLICY, "mx-not-covered")
        expected = {**up_to("record"), **{(name, DOMAIN): "inconclusive" for name in names}}
        assert verdicts({"A mta-sts.example.com": Reason.TIMEOUT}) == expected

    def test_only_public_addresses_are_asked(self) -> None:
        fetcher = FakeFetcher({URL: text_page(GOOD)})
        dns = {**DNS, "A mta-sts.example.com": ["10.0.0.80", "192.0.2.80"]}
        report_of(CHECK, Subject.of(domain=DOMAIN, probe=True), dns, fetcher=fetcher)
        assert fetcher.asked == [(URL, "192.0.2.80")]

    def test_the_next_address_is_tried(self) -> None:
        class SecondAnswers(FakeFetcher):
            async def fetch(self, address: Any, host: str, path: str) -> Page:
                page = await super().fetch(address, host, path)
                if str(address) == "192.0.2.80":
                    from preflight.net.https import FetchTrouble

                    raise FetchTrouble(FetchFailure.UNREACHABLE)
                return page

        fetcher = SecondAnswers({URL: text_page(GOOD)})
        dns = {**DNS, "AAAA mta-sts.example.com": ["2001:db8::80"]}
        found = statuses(report_of(CHECK, Subject.of(domain=DOMAIN, probe=True), dns, fetcher=fetcher))
        assert found["mta-sts/policy-unreachable", DOMAIN] == "pass"
        assert [address for _, address in fetcher.asked] == ["192.0.2.80", "2001:db8::80"]


class TestFetching:
    @pytest.mark.parametrize(
        "page",
        [
            FetchFailure.REFUSED,
            FetchFailure.UNTRUSTED,
            FetchFailure.TLS,
            FetchFailure.TOO_LARGE,
            FetchFailure.NOT_HTTP,
            FetchFailure.CLOSED,
            Page(404, "text/html"),
            Page(500),
            Page(204),
            Page(301, location="https://www.example.com/.well-known/mta-sts.txt"),
            Page(302, "text/plain", body=GOOD),
        ],
    )
    def test_it_cannot_be_fetched(self, page: Page | FetchFailure) -> None:
        assert verdicts(None, page) == {**up_to("policy-host"), ("policy-unreachable", DOMAIN): "fail"}

    @pytest.mark.parametrize("page", [FetchFailure.TIMEOUT, FetchFailure.UNREACHABLE, FetchFailure.NO_ROOTS])
    def test_it_cannot_be_told(self, page: FetchFailure) -> None:
        names = ("policy-unreachable", *OF_POLICY, "mx-not-covered")
        assert verdicts(None, page) == {**up_to("policy-host"), **{(name, DOMAIN): "inconclusive" for name in names}}

    def test_a_redirect_says_where_it_leads(self) -> None:
        found = report(None, Page(301, location="https://www.example.com/x"))
        assert sentence(found, "policy-unreachable") == (
            f"{URL} redirects to https://www.example.com/x, where senders must not follow"
        )


def test_each_failure_is_told_in_both_languages() -> None:
    assert set(FAILURES) == set(FetchFailure)
    assert set(FAILURES.values()) <= set(load_translations("preflight_checks", "zh"))


class TestPolicy:
    @pytest.mark.parametrize("kind", ["text/html", "", "application/octet-stream"])
    def test_its_type(self, kind: str) -> None:
        assert verdicts(None, Page(200, kind, body=GOOD)) == {
            **up_to("policy-unreachable"),
            ("policy-invalid", DOMAIN): "fail",
        }

    def test_it_cannot_be_read(self) -> None:
        assert verdicts(None, text_page(b"<html>")) == {
            **up_to("policy-unreachable"),
            ("policy-invalid", DOMAIN): "fail",
        }

    def test_in_testing_all_else_is_judged(self) -> None:
        assert verdicts(None, text_page(GOOD.replace(b"enforce", b"testing"))) == {
            **ALL,
            ("not-enforced", DOMAIN): "fail",
        }

    def test_none_promises_nothing(self) -> None:
        policy = text_page("version: STSv1\nmode: none\nmax_age: 86400\n")
        expected = {**up_to("policy-unreachable"), ("policy-invalid", DOMAIN): "pass", ("not-enforced", DOMAIN): "fail"}
        assert verdicts(None, policy) == expected

    def test_a_short_life(self) -> None:
        assert verdicts(None, text_page(GOOD.replace(b"604800", b"604799"))) == {**ALL, ("short-lived", DOMAIN): "fail"}

    @pytest.mark.parametrize("host", ["mx2.example.com", "a.mx.backup.example.net", "backup.example.net"])
    def test_an_mx_host_that_it_does_not_name(self, host: str) -> None:
        found = verdicts({"MX example.com": [f"10 {host}"]})
        assert {key: is_ for key, is_ in found.items() if key[0] == "mx-not-covered"} == {
            ("mx-not-covered", host): "fail"
        }

    def test_case_makes_no_difference(self) -> None:
        assert (
            verdicts({"MX example.com": ["10 MX.Backup.Example.NET"]})["mx-not-covered", "mx.backup.example.net"]
            == "pass"
        )

    def test_without_mx_the_domain_itself_takes_the_mail(self) -> None:
        assert verdicts({"MX example.com": NoData})["mx-not-covered", DOMAIN] == "fail"

    def test_a_null_mx_takes_none(self) -> None:
        assert {name for name, _ in verdicts({"MX example.com": ["0 ."]})} == {name for name, _ in ALL} - {
            "mx-not-covered"
        }

    def test_unanswered_mx_records_leave_the_rest_judged(self) -> None:
        expected = {key: status for key, status in ALL.items() if key[0] != "mx-not-covered"}
        found = verdicts({"MX example.com": Reason.SERVFAIL})
        assert found == {**expected, ("mx-not-covered", DOMAIN): "inconclusive"}


LINES = {"version": "version: STSv1", "mode": "mode: enforce", "mx": "mx: mail.example.com", "age": "max_age: 86400"}


@pytest.mark.parametrize(
    ("body", "policy"),
    [
        ("\n".join(LINES.values()), Policy("enforce", 86400, ("mail.example.com",))),
        ("mx:*.Example.com\nmax_age:0\nmode:testing\nversion:STSv1\n", Policy("testing", 0, ("*.example.com",))),
        ("version: STSv1\t \nmode:  none  \nmax_age: 31557600", Policy("none", 31557600, ())),
        ("\n".join([*LINES.values(), "mode: none", "max_age: 1"]), Policy("enforce", 86400, ("mail.example.com",))),
        ("\n".join([*LINES.values(), "x-new.field: ü"]), Policy("enforce", 86400, ("mail.example.com",))),
        ("\n".join([*LINES.values(), "mx: MAIL.example.com"]), Policy("enforce", 86400, ("mail.example.com",))),
    ],
)
def test_policies(body: str, policy: Policy) -> None:
    assert read_policy(body.encode()) == policy


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "it is empty"),
        (b"\n", "its line 1 is no `name: value`: -"),
        (b"\xff\xfe", "it is no UTF-8 text"),
        ("\n".join([*list(LINES.values())[:2], "", *list(LINES.values())[2:]]), "its line 3 is no `name: value`: -"),
        ("\ufeff" + "\n".join(LINES.values()), "its line 1 is no `name: value`: \ufeffversion: STSv1"),
        ("<!doctype html>", "its line 1 is no `name: value`: <!doctype html>"),
        (" version: STSv1", "its line 1 is no `name: value`:  version: STSv1"),
        *(("\n".join(text for key, text in LINES.items() if key != name), why) for name, why in (
            ("version", "it has no line version:"), ("mode", "it has no line mode:"),
            ("age", "it has no line max_age:"), ("mx", "it names no MX host: it has no line mx:"))),
        ("version: stsv1\nmode: enforce\nmax_age: 1", "its version is stsv1, and not STSv1"),
        ("version: STSv1\nmode: Enforce\nmax_age: 1", "its mode is Enforce, which is none of enforce, testing, none"),
        ("version: STSv1\nmode: none\nmax_age: 1w", "its max_age is 1w, which is no number of seconds"),
        ("version: STSv1\nmode: none\nmax_age: 31557601", "its max_age is 31557601; 31557600 seconds are the most"),
        *((f"version: STSv1\nmode: enforce\nmax_age: 1\nmx: {mx}",
           f"its line mx: has no host name, nor *. and a name: {mx}")
          for mx in ("*", "*mail.example.com", "mail.*.com", "a.example.com, b.example.com", "mail.example.com.")),
    ],
)  # fmt: skip
def test_what_is_no_policy(body: bytes | str, why: str) -> None:
    found = read_policy(body if isinstance(body, bytes) else body.encode())
    assert isinstance(found, Message)
    assert str(found) == why


NAMES = st.sampled_from(["version", "mode", "max_age", "mx", "x"])
VALUES = st.sampled_from(["STSv1", "enforce", "none", "1", "86400", "*.example.com", "a.example.com", "é"]) | st.text()


@given(
    st.lists(st.tuples(NAMES, VALUES)).map(
        lambda lines: "\n".join(f"{a}: {b}" for a, b in lines).encode("utf-8", "replace")
    )
    | st.binary()
)
def test_any_octets_are_a_policy_or_say_what_is_wrong(body: bytes) -> None:
    found = read_policy(body)
    if isinstance(found, Policy):
        assert 0 <= found.max_age <= 31_557_600
        assert found.mx or found.mode == "none"
        assert all(found.covers(pattern.replace("*", "a")) for pattern in found.mx)
    else:
        assert str(found)
