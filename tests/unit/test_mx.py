"""The check of MX records: the domain, each host, and the HELO name's relation to both."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.dns import Question, Records
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks.mx import CHECK

DOMAIN = "example.com"
HOST = "mail.example.com"
GOOD: Script = {
    "MX example.com": ["10 mail.example.com"],
    "A mail.example.com": ["192.0.2.10"],
    "AAAA mail.example.com": ["2001:db8::25"],
}
DOMAIN_PASS = {(f"mx/{name}", DOMAIN): "pass" for name in ("missing", "implicit", "null", "preference")}
HOST_PASS = {"address-literal": "pass", "unresolvable": "pass", "cname": "pass", "not-public": "pass"}


def of_host(host: str = HOST, **changes: str) -> dict[tuple[str, str], str]:
    """The statuses of the rules for one host, with `cname="fail"` and the like changed; an empty text is no finding."""
    found = HOST_PASS | {name.replace("_", "-"): status for name, status in changes.items()}
    return {(f"mx/{name}", host): status for name, status in found.items() if status}


def check(script: Script, helo: str | None = None, ips: list[str] | None = None) -> Report:
    return report_of(CHECK, Subject.of(domain=DOMAIN, helo=helo, ips=ips or []), script)


def verdicts(script: Script) -> dict[tuple[str, str], str]:
    """What is found without a HELO name, whose rule is skipped."""
    found = statuses(check(script))
    assert found.pop(("mx/helo-unrelated", DOMAIN)) == "skipped"
    return found


def words(report: Report, rule: str, part: str) -> tuple[str, str]:
    (finding,) = (
        judged.finding for judged in report.findings if (judged.finding.rule, judged.finding.part) == (rule, part)
    )
    return str(finding.message), str(finding.fix or "")


def alias(name: str, rtype: str, *found: str) -> Records:
    return Records(Question.of(name, rtype), ("host.example.net",), found)


def test_good() -> None:
    assert verdicts(GOOD) == DOMAIN_PASS | of_host()


def test_one_family_is_enough() -> None:
    assert verdicts({**GOOD, "A mail.example.com": NoData}) == DOMAIN_PASS | of_host()
    assert verdicts({**GOOD, "AAAA mail.example.com": NoData}) == DOMAIN_PASS | of_host()


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
def test_missing(nothing: type[NoData] | type[NxDomain]) -> None:
    script: Script = {"MX example.com": nothing, "A example.com": nothing, "AAAA example.com": nothing}
    assert verdicts(script) == {("mx/missing", DOMAIN): "fail", ("mx/null", DOMAIN): "pass"}
    assert "example.com. MX 10 mail.example.com." in words(check(script), "mx/missing", DOMAIN)[1]


def test_implicit() -> None:
    script: Script = {"MX example.com": NoData, "A example.com": ["192.0.2.80"], "AAAA example.com": NoData}
    assert verdicts(script) == {
        ("mx/missing", DOMAIN): "pass",
        ("mx/implicit", DOMAIN): "fail",
        ("mx/null", DOMAIN): "pass",
        ("mx/not-public", DOMAIN): "pass",
    }
    assert "example.com. MX 10 mail.example.com." in words(check(script), "mx/implicit", DOMAIN)[1]


def test_an_implicit_host_is_to_be_reached_too() -> None:
    script: Script = {"MX example.com": NoData, "A example.com": NoData, "AAAA example.com": ["::1"]}
    assert verdicts(script)["mx/not-public", DOMAIN] == "fail"


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.REFUSED, Reason.LAME])
def test_without_an_answer_to_the_mx_question_all_is_undecided(reason: Reason) -> None:
    rules = ("missing", "implicit", "null", "preference", *HOST_PASS)
    assert verdicts({"MX example.com": reason}) == {(f"mx/{rule}", DOMAIN): "inconclusive" for rule in rules}


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_an_unanswered_address_leaves_the_implicit_host_undecided(reason: Reason) -> None:
    script: Script = {"MX example.com": NoData, "A example.com": NoData, "AAAA example.com": reason}
    assert verdicts(script) == {
        ("mx/missing", DOMAIN): "inconclusive",
        ("mx/implicit", DOMAIN): "inconclusive",
        ("mx/null", DOMAIN): "pass",
        ("mx/not-public", DOMAIN): "inconclusive",
    }


def test_null_alone() -> None:
    report = check({"MX example.com": ["0 ."]})
    assert statuses(report) == {**DOMAIN_PASS, ("mx/null", DOMAIN): "fail", ("mx/helo-unrelated", DOMAIN): "skipped"}
    assert "says that it takes no mail" in words(report, "mx/null", DOMAIN)[0]


def test_null_beside_a_host() -> None:
    script: Script = {**GOOD, "MX example.com": ["0 .", "10 mail.example.com"]}
    assert verdicts(script) == DOMAIN_PASS | {("mx/null", DOMAIN): "fail"} | of_host()
    assert "a null MX beside mail.example.com" in words(check(script), "mx/null", DOMAIN)[0]


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
def test_unresolvable(nothing: type[NoData] | type[NxDomain]) -> None:
    script: Script = {**GOOD, "A mail.example.com": nothing, "AAAA mail.example.com": nothing}
    assert verdicts(script) == DOMAIN_PASS | of_host(unresolvable="fail", not_public="")


def test_a_missing_last_dot_is_recognised() -> None:
    host = "mail.example.com.example.com"
    script: Script = {"MX example.com": [f"10 {host}"], f"A {host}": NxDomain, f"AAAA {host}": NxDomain}
    message, fix = words(check(script), "mx/unresolvable", host)
    assert "ends in example.com twice" in message
    assert "example.com. MX 10 mail.example.com." in fix


def test_each_host_is_judged_apart() -> None:
    script: Script = {
        **GOOD,
        "MX example.com": ["10 mail.example.com", "20 gone.example.net"],
        "A gone.example.net": NxDomain,
        "AAAA gone.example.net": NxDomain,
    }
    gone = of_host("gone.example.net", unresolvable="fail", not_public="")
    assert verdicts(script) == DOMAIN_PASS | of_host() | gone


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_an_unanswered_family_leaves_undecided_what_depends_on_it(reason: Reason) -> None:
    assert verdicts({**GOOD, "AAAA mail.example.com": reason}) == DOMAIN_PASS | of_host(not_public="inconclusive")
    assert verdicts({**GOOD, "A mail.example.com": NoData, "AAAA mail.example.com": reason}) == DOMAIN_PASS | of_host(
        unresolvable="inconclusive", not_public="inconclusive"
    )
    assert verdicts({**GOOD, "A mail.example.com": ["127.0.0.1"], "AAAA mail.example.com": reason}) == (
        DOMAIN_PASS | of_host(not_public="fail")
    )
    assert verdicts({**GOOD, "A mail.example.com": reason, "AAAA mail.example.com": reason}) == DOMAIN_PASS | of_host(
        unresolvable="inconclusive", cname="inconclusive", not_public="inconclusive"
    )


def test_cname() -> None:
    script: Script = {
        **GOOD,
        "A mail.example.com": alias(HOST, "A", "192.0.2.10"),
        "AAAA mail.example.com": NoData(Question.of(HOST, "AAAA"), ("host.example.net",)),
    }
    assert verdicts(script) == DOMAIN_PASS | of_host(cname="fail")
    assert "example.com. MX 10 host.example.net." in words(check(script), "mx/cname", HOST)[1]


def test_a_dangling_cname() -> None:
    script: Script = {
        **GOOD,
        "A mail.example.com": NxDomain(Question.of(HOST, "A"), ("host.example.net",)),
        "AAAA mail.example.com": NxDomain(Question.of(HOST, "AAAA"), ("host.example.net",)),
    }
    assert verdicts(script) == DOMAIN_PASS | of_host(cname="fail", unresolvable="fail", not_public="")


@pytest.mark.parametrize(
    ("target", "record"),
    [
        ("192.0.2.1", "mail.example.com. A 192.0.2.1"),
        ("[192.0.2.1]", "mail.example.com. A 192.0.2.1"),
        ("2001:db8::1", "mail.example.com. AAAA 2001:db8::1"),
        ("[ipv6:2001:db8::1]", "mail.example.com. AAAA 2001:db8::1"),
    ],
)
def test_address_literal(target: str, record: str) -> None:
    script: Script = {"MX example.com": [f"10 {target}"]}
    assert verdicts(script) == DOMAIN_PASS | {("mx/address-literal", target): "fail"}
    fix = words(check(script), "mx/address-literal", target)[1]
    assert record in fix
    assert "example.com. MX 10 mail.example.com." in fix


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.1.1", "169.254.0.1", "100.64.0.1", "0.0.0.0"])
def test_not_public_ipv4(address: str) -> None:
    script: Script = {**GOOD, "A mail.example.com": [address]}
    assert verdicts(script) == DOMAIN_PASS | of_host(not_public="fail")
    assert address in words(check(script), "mx/not-public", HOST)[1]


@pytest.mark.parametrize("address", ["::1", "fe80::1", "fd00::1", "::ffff:192.0.2.1", "ff02::1", "::"])
def test_not_public_ipv6(address: str) -> None:
    assert verdicts({**GOOD, "AAAA mail.example.com": [address]}) == DOMAIN_PASS | of_host(not_public="fail")


@pytest.mark.parametrize("host", ["localhost", "mail.lan", "mail.local"])
def test_a_local_host_is_not_asked_for(host: str) -> None:
    assert verdicts({"MX example.com": [f"10 {host}"]}) == DOMAIN_PASS | of_host(
        host, unresolvable="fail", cname="", not_public=""
    )


def test_hosts_are_named_once_in_lower_case() -> None:
    script: Script = {**GOOD, "MX example.com": ["10 MAIL.example.com", "10 mail.Example.com"]}
    assert verdicts(script) == DOMAIN_PASS | of_host()


def test_one_host_under_two_preferences() -> None:
    script: Script = {**GOOD, "MX example.com": ["10 mail.example.com", "20 MAIL.example.com"]}
    assert verdicts(script) == DOMAIN_PASS | of_host() | {("mx/preference", DOMAIN): "fail"}
    assert "one MX record for each of mail.example.com" in words(check(script), "mx/preference", DOMAIN)[1]


def test_hosts_of_one_preference_share_the_mail() -> None:
    script: Script = {**GOOD, "MX example.com": ["0 mail.example.com", "0 mx.example.com", "65535 mx2.example.com"]}
    for host in ("mx.example.com", "mx2.example.com"):
        script = {**script, f"A {host}": ["192.0.2.11"], f"AAAA {host}": NoData}
    assert verdicts(script) == DOMAIN_PASS | of_host() | of_host("mx.example.com") | of_host("mx2.example.com")


def test_of_many_hosts_sixteen_are_judged_and_that_is_said() -> None:
    hosts = [f"mx{number:02}.example.com" for number in range(40)]
    script: Script = {"MX example.com": [f"{number} {host}" for number, host in enumerate(hosts)]}
    for host in hosts[:16]:
        script = {**script, f"A {host}": ["192.0.2.10"], f"AAAA {host}": NoData}
    report = check(script)
    assert {part for rule, part in statuses(report) if rule == "mx/unresolvable"} == set(hosts[:16])
    assert words(report, "mx/missing", DOMAIN)[0] == (
        "example.com has 40 MX hosts, of which the 16 most preferred are looked at"
    )


@pytest.mark.parametrize("helo", ["mail.example.com", "out.example.com", "Example.COM"])
def test_a_helo_name_under_the_domain_is_related(helo: str) -> None:
    assert statuses(check(GOOD, helo))["mx/helo-unrelated", helo] == "pass"


def test_a_helo_name_under_the_domain_of_an_mx_host_is_related() -> None:
    script: Script = {"MX example.com": ["10 mx.example.net"], "A mx.example.net": ["192.0.2.10"]}
    script = {**script, "AAAA mx.example.net": NoData}
    assert statuses(check(script, "out.example.net"))["mx/helo-unrelated", "out.example.net"] == "pass"


@pytest.mark.parametrize(
    ("address", "status"), [(["192.0.2.10"], "pass"), (["192.0.2.11"], "fail"), (NxDomain, "fail"), (NoData, "fail")]
)
def test_a_shared_address_relates(address: list[str] | type[NoData] | type[NxDomain], status: str) -> None:
    script: Script = {**GOOD, "A out.example.org": address, "AAAA out.example.org": NoData}
    report = check(script, "out.example.org")
    assert statuses(report) == DOMAIN_PASS | of_host() | {("mx/helo-unrelated", "out.example.org"): status}


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_the_relation_is_undecided_without_the_answers_it_needs(reason: Reason) -> None:
    script: Script = {**GOOD, "A out.example.org": reason, "AAAA out.example.org": NoData}
    found = statuses(check(script, "out.example.org"))
    assert found == DOMAIN_PASS | of_host() | {("mx/helo-unrelated", "out.example.org"): "inconclusive"}
    found = statuses(check({**script, "AAAA out.example.org": ["2001:db8::25"]}, "out.example.org"))
    assert found["mx/helo-unrelated", "out.example.org"] == "pass"
    found = statuses(check({"MX example.com": reason}, "out.example.org"))
    assert found["mx/helo-unrelated", "out.example.org"] == "inconclusive"


def test_a_helo_name_without_addresses_meets_nobody() -> None:
    script: Script = {
        **GOOD,
        "A mail.example.com": Reason.TIMEOUT,
        "A out.example.org": NxDomain,
        "AAAA out.example.org": NxDomain,
    }
    assert statuses(check(script, "out.example.org"))["mx/helo-unrelated", "out.example.org"] == "fail"


@pytest.mark.parametrize("helo", ["localhost", "", "bad_name.example.org", "[192.0.2.10]"])
def test_a_helo_name_that_is_none_has_no_relation(helo: str) -> None:
    assert statuses(check(GOOD, helo)) == DOMAIN_PASS | of_host()


def test_without_mx_records_the_domain_is_the_host_to_relate_to() -> None:
    script: Script = {
        "MX example.com": NoData,
        "A example.com": ["192.0.2.80"],
        "AAAA example.com": NoData,
        "A out.example.org": ["192.0.2.80"],
        "AAAA out.example.org": NoData,
    }
    assert statuses(check(script, "out.example.org"))["mx/helo-unrelated", "out.example.org"] == "pass"


def test_without_a_domain_all_is_skipped() -> None:
    report = report_of(CHECK, Subject.of(ips=["192.0.2.10"]), {})
    assert set(statuses(report).values()) == {"skipped"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(exclude_characters=" \x85\xa0"), max_size=30), max_size=6))
def test_hostile_hosts_are_judged(names: list[str]) -> None:
    hosts = {f"{name.lower()}\x1b" for name in names}
    script: Script = {**GOOD, "MX example.com": ["10 mail.example.com", *(f"20 {host}" for host in hosts)]}
    for host in hosts:
        script = {**script, str(Question.of(host, "A")): NxDomain, str(Question.of(host, "AAAA")): NxDomain}
    found = statuses(check(script))
    expected = DOMAIN_PASS | of_host()
    for host in hosts:
        expected |= of_host(host, unresolvable="fail", not_public="")
    assert found == expected | {("mx/helo-unrelated", DOMAIN): "skipped"}
