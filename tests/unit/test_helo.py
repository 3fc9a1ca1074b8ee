"""The check of the HELO name: grammar, the public DNS, and its edges to the address, the PTR name and the MX hosts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.findings import Severity
from preflight.net.dns import Question, Records
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks import helo
from preflight_checks.helo import CHECK

HELO = "mail.example.com"
IP = "192.0.2.10"
IP6 = "2001:db8::25"
PTR = "PTR 10.2.0.192.in-addr.arpa"
PTR6 = "PTR 5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
GOOD: Script = {
    "A mail.example.com": [IP],
    "AAAA mail.example.com": [IP6],
    PTR: ["mail.example.com"],
    PTR6: ["mail.example.com"],
    "MX example.com": ["10 mail.example.com"],
}
ALL_PASS = {
    ("helo/invalid-syntax", HELO): "pass",
    ("helo/not-fqdn", HELO): "pass",
    ("helo/address-literal", HELO): "pass",
    ("helo/unresolvable", HELO): "pass",
    ("helo/address-mismatch", IP): "pass",
    ("helo/address-mismatch", IP6): "pass",
    ("helo/ptr-mismatch", IP): "pass",
    ("helo/ptr-mismatch", IP6): "pass",
    ("helo/not-mx", HELO): "pass",
}


def check(script: Script, name: str = HELO) -> Report:
    return report_of(CHECK, Subject.of(helo=name, ips=[IP, IP6], domain="example.com"), script)


def changed(script: Script, name: str = HELO) -> dict[tuple[str, str], str]:
    """What differs from the good case."""
    found = statuses(check({**GOOD, **script}, name))
    assert found.keys() == {(rule, name if part == HELO else part) for rule, part in ALL_PASS}
    return {key: status for key, status in found.items() if status != "pass"}


def words(report: Report, rule: str, part: str = HELO) -> tuple[str, str]:
    (finding,) = (
        judged.finding for judged in report.findings if (judged.finding.rule, judged.finding.part) == (rule, part)
    )
    return str(finding.message), str(finding.fix or "")


def test_good() -> None:
    assert statuses(check(GOOD)) == ALL_PASS


def test_case_makes_no_difference() -> None:
    assert changed({}, "Mail.Example.COM") == {}
    report = check(GOOD, "Mail.Example.COM")
    assert words(report, "helo/not-mx", "Mail.Example.COM")[0] == "Mail.Example.COM takes the mail of example.com"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "empty"),
        ("mail_1.example.com", "underscore"),
        ("mail.example.com.", "ends in a dot"),
        ("mail..example.com", "empty label"),
        ("mail example.com", "space"),
        ("mail.example.com\x00", "control character"),
        ("bücher.example", "U+00FC"),
        ("-mail.example.com", "hyphen"),
        (f"{'a' * 64}.example.com", "64 characters"),
        (".".join(["a" * 50] * 6), "305 characters"),
        ("192.0.2.10", "IP address"),
        ("2001:db8::25", "IP address"),
        ("[192.0.2.999]", "no address literal"),
        ("mail@example.com", "character @"),
    ],
)
def test_invalid_syntax_names_the_rule_that_broke_and_stops_there(name: str, said: str) -> None:
    report = check({}, name)
    assert statuses(report) == {("helo/invalid-syntax", name): "fail"}
    assert said in words(report, "helo/invalid-syntax", name)[0]


@pytest.mark.parametrize(
    ("name", "proper"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("mail_1.example.com", "mail-1.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("192.0.2.10", "mail.example.com"),
        ("", "mail.example.com"),
    ],
)
def test_the_fix_has_the_name_to_greet_with(name: str, proper: str) -> None:
    assert (
        f"myhostname = {proper} (for mail that leaves alone: smtp_helo_name = {proper}) in Postfix"
        in words(check({}, name), "helo/invalid-syntax", name)[1]
    )


@pytest.mark.parametrize("name", ["localhost", "mail", "MAIL", "mail.local", "host.localdomain", "host.123", "123"])
def test_not_fqdn(name: str) -> None:
    report = check({}, name)
    assert statuses(report) == {
        ("helo/invalid-syntax", name): "pass",
        ("helo/address-literal", name): "pass",
        ("helo/not-fqdn", name): "fail",
    }
    assert "greet as mail.example.com" in words(report, "helo/not-fqdn", name)[1]


@pytest.mark.parametrize("name", ["[192.0.2.10]", "[IPv6:2001:db8::25]", "[ipv6:2001:DB8::25]"])
def test_address_literal(name: str) -> None:
    report = check({}, name)
    assert statuses(report) == {("helo/invalid-syntax", name): "pass", ("helo/address-literal", name): "fail"}
    assert "greet as mail.example.com" in words(report, "helo/address-literal", name)[1]


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
def test_unresolvable(nothing: type[NoData] | type[NxDomain]) -> None:
    script: Script = {"A mail.example.com": nothing, "AAAA mail.example.com": nothing}
    assert changed(script) == {
        ("helo/unresolvable", HELO): "fail",
        ("helo/address-mismatch", IP): "fail",
        ("helo/address-mismatch", IP6): "fail",
    }
    report = check({**GOOD, **script})
    assert "mail.example.com. A 192.0.2.10" in words(report, "helo/unresolvable")[1]
    assert "mail.example.com. AAAA 2001:db8::25" in words(report, "helo/address-mismatch", IP6)[1]


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.REFUSED])
def test_one_unanswered_family_decides_nothing_for_the_other(reason: Reason) -> None:
    assert changed({"AAAA mail.example.com": reason}) == {("helo/address-mismatch", IP6): "inconclusive"}
    assert changed({"AAAA mail.example.com": reason, "A mail.example.com": NoData}) == {
        ("helo/unresolvable", HELO): "inconclusive",
        ("helo/address-mismatch", IP): "fail",
        ("helo/address-mismatch", IP6): "inconclusive",
    }
    assert changed({"AAAA mail.example.com": reason, "A mail.example.com": reason}) == {
        ("helo/unresolvable", HELO): "inconclusive",
        ("helo/address-mismatch", IP): "inconclusive",
        ("helo/address-mismatch", IP6): "inconclusive",
    }


def test_a_name_without_addresses_of_its_own_family_is_a_mismatch() -> None:
    assert changed({"AAAA mail.example.com": NoData}) == {("helo/address-mismatch", IP6): "fail"}


def test_addresses_are_compared_as_addresses_and_all_of_them() -> None:
    assert changed({"AAAA mail.example.com": ["2001:db8::1", "2001:0DB8:0:0::0025"]}) == {}
    assert changed({"A mail.example.com": ["192.0.2.11"]}) == {("helo/address-mismatch", IP): "fail"}


def test_an_alias_leads_to_addresses_and_is_told() -> None:
    script: Script = {
        "A mail.example.com": Records(Question.of(HELO, "A"), ("host.example.net",), (IP,)),
        "AAAA mail.example.com": Records(Question.of(HELO, "AAAA"), ("host.example.net",), (IP6,)),
    }
    assert changed(script) == {}
    assert "an alias of host.example.net" in words(check({**GOOD, **script}), "helo/unresolvable")[0]


def test_ptr_mismatch() -> None:
    assert changed({PTR: ["host.example.net"]}) == {("helo/ptr-mismatch", IP): "fail"}
    report = check({**GOOD, PTR: ["host.example.net"]})
    assert words(report, "helo/ptr-mismatch", IP)[0] == "the PTR name of 192.0.2.10 is host.example.net and not " + HELO
    assert "10.2.0.192.in-addr.arpa. PTR mail.example.com." in words(report, "helo/ptr-mismatch", IP)[1]


def test_any_ptr_name_in_any_case_matches() -> None:
    assert changed({PTR: ["host.example.net", "MAIL.example.com"]}) == {}


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
def test_no_ptr_name_is_a_mismatch(nothing: type[NoData] | type[NxDomain]) -> None:
    assert changed({PTR6: nothing}) == {("helo/ptr-mismatch", IP6): "fail"}
    assert "no PTR name at all" in words(check({**GOOD, PTR6: nothing}), "helo/ptr-mismatch", IP6)[0]


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.LAME])
def test_an_unanswered_ptr_question_leaves_its_edge_undecided(reason: Reason) -> None:
    assert changed({PTR: reason}) == {("helo/ptr-mismatch", IP): "inconclusive"}


def test_not_mx() -> None:
    script: Script = {"MX example.com": ["10 mx.example.com"], "A mx.example.com": ["192.0.2.99"]}
    script = {**script, "AAAA mx.example.com": NoData}
    assert changed(script) == {("helo/not-mx", HELO): "fail"}
    assert "example.com. MX 20 mail.example.com." in words(check({**GOOD, **script}), "helo/not-mx")[1]


def test_a_shared_address_makes_it_an_mx_host() -> None:
    script: Script = {"MX example.com": ["10 mx.example.com"], "A mx.example.com": NoData, "AAAA mx.example.com": [IP6]}
    assert changed(script) == {}


def test_mail_received_elsewhere_by_design_is_fine() -> None:
    assert changed({"MX example.com": ["10 mx1.example.net", "20 mx2.example.org"]}) == {}


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_not_mx_is_undecided_without_the_answers_it_needs(reason: Reason) -> None:
    assert changed({"MX example.com": reason}) == {("helo/not-mx", HELO): "inconclusive"}
    script: Script = {
        "MX example.com": ["10 mx.example.com"],
        "A mx.example.com": reason,
        "AAAA mx.example.com": NoData,
    }
    assert changed(script) == {("helo/not-mx", HELO): "inconclusive"}
    assert changed({**script, "AAAA mx.example.com": [IP6]}) == {}


def test_without_mx_records_the_domain_is_the_host() -> None:
    script: Script = {"MX example.com": NoData, "A example.com": [IP], "AAAA example.com": NoData}
    assert changed(script) == {}
    assert changed({**script, "A example.com": ["192.0.2.80"]}) == {("helo/not-mx", HELO): "fail"}


def test_a_null_mx_is_no_host_to_compare_with() -> None:
    found = statuses(check({**GOOD, "MX example.com": ["0 ."]}))
    assert found == {key: status for key, status in ALL_PASS.items() if key[0] != "helo/not-mx"}


def test_rules_whose_inputs_are_missing_are_skipped() -> None:
    report = report_of(CHECK, Subject(helo=HELO), {"A mail.example.com": [IP], "AAAA mail.example.com": NoData})
    assert statuses(report) == {
        ("helo/invalid-syntax", HELO): "pass",
        ("helo/not-fqdn", HELO): "pass",
        ("helo/address-literal", HELO): "pass",
        ("helo/unresolvable", HELO): "pass",
        ("helo/address-mismatch", HELO): "skipped",
        ("helo/ptr-mismatch", HELO): "skipped",
        ("helo/not-mx", HELO): "skipped",
    }


def test_a_fix_without_a_known_address_shows_an_example() -> None:
    report = report_of(CHECK, Subject(helo=HELO), {"A mail.example.com": NxDomain, "AAAA mail.example.com": NxDomain})
    assert "mail.example.com. A 192.0.2.25" in words(report, "helo/unresolvable")[1]


def test_differences_that_rfc_5321_forbids_to_refuse_for_are_warnings() -> None:
    assert helo.ADDRESS_MISMATCH.severity is Severity.WARNING
    assert helo.PTR_MISMATCH.severity is Severity.WARNING
    assert helo.NOT_MX.severity is Severity.INFO


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_any_text_as_helo_gets_a_verdict_and_asks_nothing_when_it_is_faulty(name: str) -> None:
    found = statuses(check({}, f"{name}_"))
    assert found == {("helo/invalid-syntax", f"{name}_"): "fail"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_hostile_ptr_names_never_match(names: list[str]) -> None:
    assert changed({PTR: [f"{name}\x1b" for name in names]}) == {("helo/ptr-mismatch", IP): "fail"}
