"""The check of PTR records: each rule's pass and fail, IPv4 and IPv6, and what DNS may do to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.dns import Question, Records
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks.ptr import CHECK

IP = "192.0.2.10"
REVERSE = "PTR 10.2.0.192.in-addr.arpa"
IP6 = "2001:db8::25"
REVERSE6 = "PTR 5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
GOOD = {"missing": "pass", "multiple": "pass", "invalid-name": "pass", "not-forward-confirmed": "pass"}


def check(script: Script, ip: str = IP, helo: str | None = None) -> Report:
    return report_of(CHECK, Subject.of(ips=[ip], helo=helo), script)


def verdicts(script: Script, ip: str = IP) -> dict[str, str]:
    """The statuses for one public address, by the rule's own name; `not-public` is left out."""
    found = statuses(check(script, ip))
    assert found.pop(("ptr/not-public", ip)) == "pass"
    assert {part for _, part in found} == {ip}
    return {rule.removeprefix("ptr/"): status for (rule, _), status in found.items()}


def words(report: Report, rule: str) -> tuple[str, str]:
    """The message and the fix of the one finding of a rule."""
    (finding,) = (judged.finding for judged in report.findings if judged.finding.rule == rule)
    return str(finding.message), str(finding.fix or "")


def test_good_ipv4() -> None:
    assert verdicts({REVERSE: ["mail.example.com"], "A mail.example.com": [IP]}) == GOOD


def test_good_ipv6_compares_addresses_not_texts() -> None:
    script: Script = {REVERSE6: ["mail.example.com"], "AAAA mail.example.com": ["2001:0db8:0:0:0:0:0:0025"]}
    assert verdicts(script, IP6) == GOOD


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
@pytest.mark.parametrize(("ip", "question"), [(IP, REVERSE), (IP6, REVERSE6)])
def test_missing(nothing: type[NoData] | type[NxDomain], ip: str, question: str) -> None:
    assert verdicts({question: nothing}, ip) == {"missing": "fail"}


def test_the_fix_has_the_record_with_a_proper_name() -> None:
    report = check({REVERSE: NxDomain}, helo="mx.example.org")
    assert "10.2.0.192.in-addr.arpa. PTR mx.example.org." in words(report, "ptr/missing")[1]
    report = check({REVERSE: NxDomain}, helo="localhost")
    assert "10.2.0.192.in-addr.arpa. PTR mail.example.com." in words(report, "ptr/missing")[1]


def test_the_fix_has_the_sentence_for_the_provider() -> None:
    fix = words(check({REVERSE: NxDomain}, helo="mx.example.org"), "ptr/missing")[1]
    assert fix.endswith("Write: Please set the reverse DNS (PTR) of 192.0.2.10 to mx.example.org.")


@pytest.mark.parametrize("kind", [NxDomain, NoData])
def test_where_the_reverse_zone_is_delegated_by_aliases_the_record_belongs_there(
    kind: type[NoData] | type[NxDomain],
) -> None:
    answer = kind(Question.of("10.2.0.192.in-addr.arpa", "PTR"), ("10.0-31.2.0.192.in-addr.arpa",))
    report = check({REVERSE: answer}, helo="mx.example.org")
    message, fix = words(report, "ptr/missing")
    assert message.endswith("its reverse name leads to 10.0-31.2.0.192.in-addr.arpa, which has none")
    assert "`10.0-31.2.0.192.in-addr.arpa. PTR mx.example.org.`" in fix


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.REFUSED, Reason.TIMEOUT, Reason.LAME])
def test_an_unanswered_reverse_question_leaves_all_undecided(reason: Reason) -> None:
    assert verdicts({REVERSE: reason}) == dict.fromkeys(GOOD, "inconclusive")


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_an_unanswered_forward_question_leaves_the_confirmation_undecided(reason: Reason) -> None:
    script: Script = {REVERSE: ["mail.example.com"], "A mail.example.com": reason}
    assert verdicts(script) == {**GOOD, "not-forward-confirmed": "inconclusive"}


@pytest.mark.parametrize("forward", [NxDomain, NoData, ["192.0.2.11"]])
def test_not_confirmed(forward: type[NoData] | type[NxDomain] | list[str]) -> None:
    report = check({REVERSE: ["mail.example.com"], "A mail.example.com": forward})
    assert statuses(report)["ptr/not-forward-confirmed", IP] == "fail"
    assert "mail.example.com. A 192.0.2.10" in words(report, "ptr/not-forward-confirmed")[1]


def test_a_reverse_zone_delegated_by_aliases_is_followed() -> None:
    question = Question.of("10.2.0.192.in-addr.arpa", "PTR")
    answer = Records(question, ("10.0-31.2.0.192.in-addr.arpa",), ("mail.example.com",))
    assert verdicts({REVERSE: answer, "A mail.example.com": [IP]}) == GOOD


def test_a_forward_alias_is_followed() -> None:
    answer = Records(Question.of("mail.example.com", "A"), ("host.example.net",), (IP,))
    assert verdicts({REVERSE: ["mail.example.com"], "A mail.example.com": answer}) == GOOD


def test_all_names_are_compared() -> None:
    script: Script = {REVERSE: ["a.example.com", "b.example.com"], "A a.example.com": NxDomain, "A b.example.com": [IP]}
    assert verdicts(script) == {**GOOD, "multiple": "fail"}


def test_one_confirmed_name_is_enough_whatever_another_question_came_to() -> None:
    script: Script = {
        REVERSE: ["a.example.com", "b.example.com"],
        "A a.example.com": Reason.TIMEOUT,
        "A b.example.com": [IP],
    }
    assert verdicts(script) == {**GOOD, "multiple": "fail"}
    assert verdicts({**script, "A b.example.com": ["192.0.2.11"]}) == {
        **GOOD,
        "multiple": "fail",
        "not-forward-confirmed": "inconclusive",
    }


def test_one_name_in_two_spellings_is_one_name() -> None:
    assert verdicts({REVERSE: ["mail.example.com", "Mail.Example.COM"], "A mail.example.com": [IP]}) == GOOD


@pytest.mark.parametrize("name", ["localhost", "mail", "mail.lan", "10.2.0.192.in-addr.arpa", "192.0.2.10", "."])
def test_a_name_that_the_public_dns_cannot_have_is_not_asked_for(name: str) -> None:
    report = check({REVERSE: [name]})
    assert statuses(report) == {
        ("ptr/missing", IP): "pass",
        ("ptr/multiple", IP): "pass",
        ("ptr/invalid-name", IP): "fail",
        ("ptr/not-forward-confirmed", IP): "fail",
        ("ptr/not-public", IP): "pass",
    }
    assert "mail.example.com. A 192.0.2.10" in words(report, "ptr/not-forward-confirmed")[1]


def test_an_underscore_makes_no_host_name_yet_may_lead_back() -> None:
    script: Script = {REVERSE: ["mail_1.example.com"], "A mail_1.example.com": [IP]}
    assert verdicts(script) == {**GOOD, "invalid-name": "fail"}
    assert "the label mail_1" in words(check(script), "ptr/invalid-name")[0]


@pytest.mark.parametrize(
    ("count", "good", "unanswered", "status"),
    [
        (60, 0, 0, "fail"),
        (60, 60, 0, "pass"),
        (60, 51, 0, "pass"),  # nine others: any ten names have a good one among them
        (60, 50, 0, "inconclusive"),
        (60, 1, 0, "inconclusive"),
        (60, 0, 1, "inconclusive"),
        (60, 51, 9, "pass"),
        (60, 50, 10, "inconclusive"),
        (64, 0, 0, "fail"),
        (65, 0, 0, "inconclusive"),
        (80, 64, 0, "inconclusive"),
        (70, 64, 0, "pass"),
        (10, 1, 9, "pass"),
    ],
)
def test_of_many_names_receivers_look_at_ten(count: int, good: int, unanswered: int, status: str) -> None:
    names = [f"h{number}.example.com" for number in range(count)]
    script: Script = {REVERSE: names}
    for number, name in enumerate(names[:64]):
        outcome = [IP] if number < good else Reason.TIMEOUT if number < good + unanswered else NxDomain
        script = {**script, f"A {name}": outcome}
    assert verdicts(script) == {**GOOD, "multiple": "fail", "not-forward-confirmed": status}


@pytest.mark.parametrize(("ip", "question"), [("10.0.0.5", "PTR 5.0.0.10.in-addr.arpa"), ("fe80::1", "")])
def test_not_public(ip: str, question: str) -> None:
    question = question or "PTR 1" + ".0" * 28 + ".8.e.f.ip6.arpa"
    assert statuses(check({question: NxDomain}, ip)) == {("ptr/missing", ip): "fail", ("ptr/not-public", ip): "fail"}


def test_each_address_is_judged_apart() -> None:
    subject = Subject.of(ips=[IP, IP6])
    report = report_of(CHECK, subject, {REVERSE: NxDomain, REVERSE6: Reason.SERVFAIL})
    found = statuses(report)
    assert found["ptr/missing", IP] == "fail"
    assert found["ptr/missing", IP6] == "inconclusive"


def test_without_an_address_all_is_skipped() -> None:
    report = report_of(CHECK, Subject.of(domain="example.com"), {})
    assert set(statuses(report).values()) == {"skipped"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=12))
def test_hostile_names_are_judged_and_never_pass_for_host_names(names: list[str]) -> None:
    names = [f"{name}\x1b" for name in names]
    script: Script = {REVERSE: names, **{str(Question.of(name, "A")): NxDomain for name in names}}
    found = statuses(check(script))
    assert found["ptr/invalid-name", IP] == "fail"
    assert found["ptr/not-forward-confirmed", IP] == "fail"
