"""The check for dynamic addresses: names, neighbours, Spamhaus PBL; IPv4 and IPv6, and what DNS may do to it."""

import ipaddress
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.addresses import IPAddress, reverse_name
from preflight.net.dns import Question, Records
from preflight.policy import Policy
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks.dynamic_ip import CHECK, neighbours
from preflight_checks.rdns_signs import masked

IP = "192.0.2.10"
IP6 = "2001:db8::25"
AROUND = ("192.0.2.9", "192.0.2.11", "192.0.2.8", "192.0.2.12")
AROUND6 = ("2001:db8::24", "2001:db8::26")
ZEN = "zen.spamhaus.org"
NAMES = Policy(ignore=("dynamic-ip/pbl-listed", "dynamic-ip/generic-pbl"))
PBL = Policy(select=("dynamic-ip/pbl-listed",))
BOTH = Policy(select=("dynamic-ip/generic-pbl",))
Outcome = list[str] | type[NoData] | type[NxDomain] | Reason
Near = Mapping[str, Outcome]
CUSTOM = {"dynamic-ptr": "pass", "generic-ptr": "pass"}


def ptr(ip: str) -> str:
    return f"PTR {reverse_name(ipaddress.ip_address(ip))}"


def check(script: Script, ip: str = IP, policy: Policy = NAMES) -> Report:
    return report_of(CHECK, Subject.of(ips=[ip], helo="mail.example.com"), script, policy=policy)


def verdicts(script: Script, ip: str = IP, policy: Policy = NAMES) -> dict[str, str]:
    found = statuses(check(script, ip, policy))
    assert {part for _, part in found} <= {ip}
    return {rule.removeprefix("dynamic-ip/"): status for (rule, _), status in found.items()}


def words(report: Report, rule: str) -> tuple[str, str]:
    (finding,) = (judged.finding for judged in report.findings if judged.finding.rule == f"dynamic-ip/{rule}")
    return str(finding.message), str(finding.fix or "")


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        (IP, "pool-192-0-2-10.dyn.example.net"),
        (IP, "192-0-2-10.example.net"),
        (IP, "dhcp.example.net"),
        (IP6, "2001-db8--25.adsl.example.net"),
        (IP6, "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.example.net"),
    ],
)
def test_dynamic(ip: str, name: str) -> None:
    assert verdicts({ptr(ip): [name]}, ip) == {"dynamic-ptr": "fail", "generic-ptr": "pass"}


def test_the_verdict_explains_itself_and_says_what_to_do() -> None:
    message, fix = words(check({ptr(IP): ["pool-192-0-2-10.dyn.example.net"]}), "dynamic-ptr")
    assert "pool is a word of dial-up pools" in message
    assert "192-0-2-10 is the whole address" in message
    assert "10.2.0.192.in-addr.arpa. PTR mail.example.com." in fix
    message, _ = words(check({ptr(IP): ["ec2-192-0-2-10.compute-1.amazonaws.com"]}), "generic-ptr")
    assert "Amazon EC2 gives such names by itself" in message


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        (IP, "ec2-192-0-2-10.compute-1.amazonaws.com"),
        (IP, "static-192-0-2-10.example.net"),
        (IP, "unassigned.example.net"),
        (IP6, "2001-db8--25.static.example.net"),
    ],
)
def test_generic(ip: str, name: str) -> None:
    assert verdicts({ptr(ip): [name]}, ip) == {"dynamic-ptr": "pass", "generic-ptr": "fail"}


@pytest.mark.parametrize("name", ["mail.example.com", "mx10.example.com", "a192-0-2-10.smtp-out.amazonses.com"])
def test_a_mail_host_or_known_sender_passes_all_without_further_questions(name: str) -> None:
    for ip in (IP, IP6):
        assert verdicts({ptr(ip): [name]}, ip) == {**CUSTOM, "templated-neighbours": "pass"}


@pytest.mark.parametrize("nothing", [NxDomain, NoData])
def test_a_missing_name_is_for_another_check(nothing: type[NoData] | type[NxDomain]) -> None:
    assert verdicts({ptr(IP): nothing}) == {}


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.REFUSED, Reason.LAME])
def test_an_unanswered_name_leaves_all_undecided(reason: Reason) -> None:
    rules = ("dynamic-ptr", "generic-ptr", "templated-neighbours")
    assert verdicts({ptr(IP): reason}) == dict.fromkeys(rules, "inconclusive")


def test_one_custom_name_of_several_is_enough() -> None:
    names = ["pool-192-0-2-10.dyn.example.net", "mail.example.com"]
    assert verdicts({ptr(IP): names}) == {**CUSTOM, "templated-neighbours": "pass"}


def test_a_dynamic_name_weighs_more_than_a_generic_one() -> None:
    names = ["static-192-0-2-10.example.net", "pool-192-0-2-10.dyn.example.net"]
    assert verdicts({ptr(IP): names}) == {"dynamic-ptr": "fail", "generic-ptr": "pass"}


def test_names_behind_an_alias_are_judged() -> None:
    answer = Records(Question.of(ptr(IP)[4:], "PTR"), ("10.0-31.2.0.192.in-addr.arpa",), ("dhcp.example.net",))
    assert verdicts({ptr(IP): answer}) == {"dynamic-ptr": "fail", "generic-ptr": "pass"}


def around(names: Near, ip: str = IP, default: Outcome = NxDomain) -> Script:
    """A script where the neighbours have these names."""
    return {ptr(one): names.get(one, default) for one in (AROUND if ip == IP else AROUND6)}


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("h10.example.net", {"192.0.2.9": ["h9.example.net"], "192.0.2.12": ["H12.example.net"]}),
        ("host.example.net", {"192.0.2.9": ["host.example.net"], "192.0.2.8": ["other.example", "host.example.net"]}),
        ("x0a1b2c3d.example.net", {"192.0.2.9": ["x0a1b2c3e.example.net"], "192.0.2.11": ["x0a1bffff.example.net"]}),
    ],
)
def test_templated_neighbours(name: str, names: Near) -> None:
    report = check({ptr(IP): [name], **around(names)})
    assert statuses(report) == {
        ("dynamic-ip/dynamic-ptr", IP): "pass",
        ("dynamic-ip/generic-ptr", IP): "pass",
        ("dynamic-ip/templated-neighbours", IP): "fail",
    }
    message, fix = words(report, "templated-neighbours")
    assert all(one in message for one in names)
    assert "10.2.0.192.in-addr.arpa. PTR mail.example.com." in fix


def test_templated_neighbours_ipv6_needs_both() -> None:
    name = {ptr(IP6): ["25.0.host.example.net"]}
    both = {"2001:db8::24": ["24.0.host.example.net"], "2001:db8::26": ["26.0.host.example.net"]}
    assert verdicts({**name, **around(both, IP6)}, IP6) == {**CUSTOM, "templated-neighbours": "fail"}
    one = {"2001:db8::24": ["24.0.host.example.net"]}
    assert verdicts({**name, **around(one, IP6)}, IP6) == {**CUSTOM, "templated-neighbours": "pass"}


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"192.0.2.9": ["h9.example.net"]},
        {"192.0.2.9": ["www.example.org"], "192.0.2.11": ["ftp.example.org"], "192.0.2.8": NoData},
    ],
)
def test_neighbours_of_other_forms(names: Near) -> None:
    assert verdicts({ptr(IP): ["h10.example.net"], **around(names)}) == {**CUSTOM, "templated-neighbours": "pass"}


def test_only_names_that_look_custom_are_compared() -> None:
    names = ["gate.example.com", "pool-192-0-2-10.dyn.example.net"]
    near: Near = {one: [f"pool-{one.replace('.', '-')}.dyn.example.net"] for one in AROUND}
    assert verdicts({ptr(IP): names, **around(near)}) == {**CUSTOM, "templated-neighbours": "pass"}


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
def test_unanswered_neighbours_count_only_where_they_could_matter(reason: Reason) -> None:
    def with_(names: Near, default: Outcome = NxDomain) -> str:
        script: Script = {ptr(IP): ["h10.example.net"], **around(names, default=default)}
        return verdicts(script)["templated-neighbours"]

    two = {"192.0.2.9": ["h9.example.net"], "192.0.2.11": ["h11.example.net"]}
    assert with_(two, reason) == "fail"
    assert with_({}, reason) == "inconclusive"
    assert with_({"192.0.2.9": ["h9.example.net"], "192.0.2.11": reason}) == "inconclusive"
    assert with_({"192.0.2.11": reason}) == "pass"


@pytest.mark.parametrize(
    ("ip", "found"),
    [
        (IP, list(AROUND)),
        ("192.0.2.0", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.254", ["192.0.2.253", "192.0.2.255", "192.0.2.252"]),
        (IP6, list(AROUND6)),
        ("2001:db8::", ["2001:db8::1"]),
    ],
)
def test_neighbours_stay_within_the_network(ip: str, found: list[str]) -> None:
    assert [str(one) for one in neighbours(ipaddress.ip_address(ip))] == found


@given(st.ip_addresses())
def test_neighbours_are_few_and_never_the_address_itself(ip: IPAddress) -> None:
    found = neighbours(ip)
    assert 0 < len(found) <= 4
    assert ip not in found
    assert {one.version for one in found} == {ip.version}


@pytest.mark.parametrize(
    ("name", "version", "form"),
    [
        ("Host-10.Example.NET.", 4, "host-#.example.net"),
        ("p0a1b2c3d.example.net", 4, "p#.example.net"),
        ("facade.example.net", 4, "facade.example.net"),
        ("a1f.example.net", 4, "a#f.example.net"),
        ("2001-db8-a-1f.example.net", 6, "#-#-#-#.example.net"),
    ],
)
def test_masked(name: str, version: int, form: str) -> None:
    assert masked(name, version) == form


def zen(ip: str, answer: Outcome) -> Script:
    """ZEN proven alive, and its answer for an address."""
    address = ipaddress.ip_address(ip)
    points = ("127.0.0.2", "127.0.0.1") if address.version == 4 else ("::ffff:7f00:2", "::ffff:7f00:1")

    def question(one: IPAddress) -> str:
        labels = one.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
        return f"A {labels}.{ZEN}"

    listed, clear = (ipaddress.ip_address(point) for point in points)
    return {
        question(listed): ["127.0.0.2", "127.0.0.4", "127.0.0.10"],
        question(clear): NxDomain,
        question(address): answer,
    }


@pytest.mark.parametrize("ip", [IP, IP6])
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (["127.0.0.10"], "fail"),
        (["127.0.0.11"], "fail"),
        (["127.0.0.2", "127.0.0.11"], "fail"),
        (["127.0.0.2"], "pass"),
        (["127.0.0.4", "127.0.0.3"], "pass"),
        (NxDomain, "pass"),
        (["127.255.255.254"], "inconclusive"),
        (["127.255.255.255"], "inconclusive"),
        (["192.0.2.99"], "inconclusive"),
        (NoData, "inconclusive"),
        (Reason.TIMEOUT, "inconclusive"),
        (Reason.SERVFAIL, "inconclusive"),
        (Reason.REFUSED, "inconclusive"),
    ],
)
def test_pbl(ip: str, answer: Outcome, status: str) -> None:
    assert verdicts(zen(ip, answer), ip, PBL) == {"pbl-listed": status}


def test_the_pbl_message_says_who_entered_the_range() -> None:
    message, fix = words(check(zen(IP, ["127.0.0.10"]), policy=PBL), "pbl-listed")
    assert "its provider entered the range" in message
    assert "https://check.spamhaus.org" in fix
    message, _ = words(check(zen(IP, ["127.0.0.11"]), policy=PBL), "pbl-listed")
    assert "Spamhaus entered the range" in message


def test_a_list_that_gives_no_proof_of_life_clears_nobody() -> None:
    script = {**zen(IP, NxDomain), f"A 2.0.0.127.{ZEN}": NxDomain}
    assert verdicts(script, policy=PBL) == {"pbl-listed": "inconclusive"}


@pytest.mark.parametrize("ip", ["10.0.0.5", "fe80::1"])
def test_a_private_address_never_passes(ip: str) -> None:
    """That the PBL does not have one says nothing; a list of one's own may have it all the same."""
    assert verdicts(zen(ip, NxDomain), ip, PBL) == {"pbl-listed": "inconclusive"}
    assert verdicts(zen(ip, ["127.0.0.11"]), ip, PBL) == {"pbl-listed": "fail"}


def test_an_unusable_list_spoils_no_other_rule() -> None:
    script: Script = {ptr(IP): ["mail.example.com"], **zen(IP, ["127.255.255.254"])}
    assert verdicts(script, policy=Policy()) == {
        **CUSTOM,
        "generic-pbl": "pass",
        "templated-neighbours": "pass",
        "pbl-listed": "inconclusive",
    }


DEFAULT = "ec2-192-0-2-10.compute-1.amazonaws.com"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (["127.0.0.10"], "fail"),
        (["127.0.0.11", "127.0.0.2"], "fail"),
        (["127.0.0.4"], "pass"),
        (NxDomain, "pass"),
        (["127.255.255.254"], "inconclusive"),
        (Reason.TIMEOUT, "inconclusive"),
    ],
)
def test_a_default_name_and_the_pbl_together(answer: Outcome, status: str) -> None:
    script: Script = {ptr(IP): [DEFAULT], **zen(IP, answer)}
    assert verdicts(script, policy=BOTH) == {"generic-pbl": status}


def test_a_default_name_and_the_pbl_are_an_error_where_the_name_alone_is_a_warning() -> None:
    report = check({ptr(IP): [DEFAULT], **zen(IP, ["127.0.0.10"])}, policy=Policy())
    failed = {one.finding.rule: one.severity for one in report.findings if one.finding.status == "fail"}
    assert failed == {
        "dynamic-ip/generic-ptr": "warning",
        "dynamic-ip/generic-pbl": "error",
        "dynamic-ip/pbl-listed": "error",
    }
    message, fix = words(report, "generic-pbl")
    assert DEFAULT in message
    assert "10.2.0.192.in-addr.arpa. PTR mail.example.com." in fix


@pytest.mark.parametrize("name", ["mail.example.com", "pool-192-0-2-10.dyn.example.net"])
def test_the_list_is_not_asked_again_where_the_name_decides(name: str) -> None:
    assert verdicts({ptr(IP): [name]}, policy=BOTH) == {"generic-pbl": "pass"}


def test_a_missing_name_says_nothing_together_with_the_pbl() -> None:
    assert verdicts({ptr(IP): NxDomain}, policy=BOTH) == {}


def test_a_private_address_with_a_default_name_is_left_undecided() -> None:
    ip = "10.0.0.5"
    name = "static-10-0-0-5.example.net"
    assert verdicts({ptr(ip): [name], **zen(ip, NxDomain)}, ip, BOTH) == {"generic-pbl": "inconclusive"}


def test_without_an_address_all_is_skipped() -> None:
    assert set(statuses(report_of(CHECK, Subject.of(domain="example.com"), {})).values()) == {"skipped"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
def test_hostile_names_get_one_verdict(names: list[str]) -> None:
    found = verdicts({ptr(IP): names, **around({})})
    assert list(found.values()).count("fail") <= 1
    assert {"dynamic-ptr", "generic-ptr"} <= found.keys()
