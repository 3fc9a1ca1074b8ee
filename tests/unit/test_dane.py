"""DANE: what is said of the TLSA records of the MX hosts, of DNSSEC, and of the certificates that are seen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from preflight.net.certificates import read_certificate
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records
from preflight.net.smtp import Secured, Trouble
from preflight.net.smtp_fake import FakeDialer, FakeServer
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import report_of, statuses
from preflight_checks.dane import CHECK
from tests.unit.tls_chains import CHAIN, LEAF, MIDDLE, OTHER, tlsa

DOMAIN, HOST = "example.com", "mail.example.com"
NAME = "TLSA _25._tcp.mail.example.com"
PART = "mail.example.com[192.0.2.25]:25"
EHLO = "250-mail.example.com\n250 STARTTLS"
GOOD = tlsa(3, 1, 1, LEAF)
NOTHING = [NoData, NxDomain]


def question(text: str) -> Question:
    rtype, _, name = text.partition(" ")
    return Question.of(name, rtype)


def vouched(text: str, *values: str, aliases: tuple[str, ...] = ()) -> dict[str, Answer]:
    """A scripted answer that DNSSEC vouches for; none but its absence without values."""
    asked = question(text)
    answer = Records(asked, aliases, values) if values else NoData(asked, aliases)
    return {text: replace(answer, authenticated=True)}


SIGNED: dict[str, Any] = {
    **vouched("MX example.com", "10 mail.example.com"),
    **vouched("A mail.example.com", "192.0.2.25"),
    **vouched("AAAA mail.example.com"),
    **vouched(NAME, GOOD),
}
UNSIGNED: dict[str, Any] = {
    "MX example.com": ["10 mail.example.com"],
    "A mail.example.com": ["192.0.2.25"],
    "AAAA mail.example.com": NoData,
    NAME: NoData,
}
VALIDATES = vouched("SOA .", "a.root.example. hostmaster.root.example. 1 1 1 1 1")
VALIDATES_NOT: dict[str, Any] = {"SOA .": ["a.root.example. hostmaster.root.example. 1 1 1 1 1"]}


def server(**changes: Any) -> FakeServer:
    secured = Secured("TLSv1.3", "TLS_AES_256_GCM_SHA384", read_certificate(LEAF.der), sent=CHAIN)
    given = {"replies": {"EHLO": EHLO, "STARTTLS": "220 go"}, "secured": secured, **changes}
    return FakeServer(**given)


def report(
    dns: Mapping[str, Any], one: FakeServer | Trouble | None = None, *, probe: bool = True, **more: Any
) -> Report:
    dialer = FakeDialer({"192.0.2.25:25": one or server()})
    subject = Subject.of(domain=DOMAIN, probe=probe, **more)
    return report_of(CHECK, subject, dns, dialer=dialer, servers=["192.0.2.53"])


def verdicts(dns: Mapping[str, Any], one: FakeServer | Trouble | None = None, **how: Any) -> dict[tuple[str, str], str]:
    found = statuses(report(dns, one, **how))
    return {(rule.removeprefix("dane/"), part): status for (rule, part), status in found.items()}


KEPT = {
    ("missing", HOST): "pass",
    ("unusable", HOST): "pass",
    ("not-secure", HOST): "pass",
    ("mx-not-secure", HOST): "pass",
    ("mismatch", PART): "pass",
}


def message(found: Report, rule: str) -> str:
    (one,) = (judged.finding for judged in found.findings if judged.finding.rule == f"dane/{rule}")
    return str(one.message)


def test_a_promise_that_is_kept() -> None:
    assert verdicts(SIGNED) == KEPT


def test_nobody_is_connected_to_without_the_option() -> None:
    dialer = FakeDialer({})
    found = statuses(report_of(CHECK, Subject.of(domain=DOMAIN), SIGNED, dialer=dialer, servers=["192.0.2.53"]))
    assert {rule: status for (rule, _), status in found.items()} == {
        **{f"dane/{name}": "pass" for name in ("missing", "unusable", "not-secure", "mx-not-secure")},
        "dane/mismatch": "skipped",
    }


def test_the_default_severities_never_stop_mail() -> None:
    assert {rule.severity.value for rule in CHECK.rules} == {"warning", "info"}


def test_how_it_is_known_is_said() -> None:
    text = f"DNSSEC vouches for the TLSA records of {HOST}, says the resolver 192.0.2.53 (AD)"
    assert message(report(SIGNED), "not-secure") == text


class TestRecords:
    @pytest.mark.parametrize("nothing", NOTHING)
    def test_none_and_no_dnssec(self, nothing: Any) -> None:
        assert verdicts({**UNSIGNED, NAME: nothing}) == {("missing", HOST): "pass"}

    def test_none_though_the_zone_is_signed(self) -> None:
        assert verdicts({**SIGNED, **vouched(NAME)}) == {("missing", HOST): "fail"}

    @pytest.mark.parametrize("record", [tlsa(1, 1, 1, LEAF), "3 1 1 abcd", "3 1 9 abcd"])
    def test_one_of_two_is_of_no_use(self, record: str) -> None:
        assert verdicts({**SIGNED, **vouched(NAME, GOOD, record)}) == {**KEPT, ("unusable", HOST): "fail"}

    def test_none_is_of_use(self) -> None:
        dns = {**SIGNED, **vouched(NAME, tlsa(0, 0, 1, LEAF))}
        expected = {key: status for key, status in KEPT.items() if key[0] != "mismatch"}
        assert verdicts(dns) == {**expected, ("unusable", HOST): "fail"}
        assert message(report(dns), "unusable").startswith(f"no TLSA record of {HOST} can be used: 0 0 1 ")

    @pytest.mark.parametrize("base", [SIGNED, UNSIGNED])
    @pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
    def test_no_answer(self, base: Mapping[str, Any], reason: Reason) -> None:
        found = report({**base, NAME: reason}, probe=False)
        names = ("missing", "not-secure", "unusable")
        undecided = {(one, HOST): "inconclusive" for one in (f"dane/{name}" for name in names)}
        assert {key: status for key, status in statuses(found).items() if key[0] != "dane/mismatch"} == undecided
        fixes = {str(judged.finding.fix) for judged in found.findings if judged.finding.fix}
        waits = "while they do not, senders that keep to DANE wait as well" in fixes.pop()
        assert waits is (base is SIGNED)


class TestDnssec:
    def test_the_zone_is_not_signed(self) -> None:
        dns = {**UNSIGNED, NAME: [GOOD], **VALIDATES}
        expected = {key: status for key, status in KEPT.items() if key[0] != "mx-not-secure"}
        assert verdicts(dns) == {**expected, ("not-secure", HOST): "fail"}
        assert message(report(dns), "not-secure") == (
            f"{HOST} has TLSA records, and DNSSEC does not vouch for {HOST}, _25._tcp.{HOST}, "
            "says the resolver 192.0.2.53"
        )

    @pytest.mark.parametrize("root", [VALIDATES_NOT, {"SOA .": Reason.SERVFAIL}, {"SOA .": NoData}])
    def test_a_resolver_that_does_not_validate_tells_nothing(self, root: Mapping[str, Any]) -> None:
        expected = {key: status for key, status in KEPT.items() if key[0] != "mx-not-secure"}
        assert verdicts({**UNSIGNED, NAME: [GOOD], **root}) == {**expected, ("not-secure", HOST): "inconclusive"}

    def test_only_the_addresses_are_not_signed(self) -> None:
        dns = {**SIGNED, "A mail.example.com": ["192.0.2.25"], **VALIDATES}
        assert verdicts(dns)["not-secure", HOST] == "fail"
        assert f"does not vouch for {HOST}, says" in message(report(dns), "not-secure")

    def test_only_the_records_are_not_signed(self) -> None:
        dns = {**SIGNED, NAME: [GOOD], **VALIDATES}
        assert f"does not vouch for _25._tcp.{HOST}, says" in message(report(dns), "not-secure")

    def test_only_the_mx_records_are_not_signed(self) -> None:
        """As for a domain without DNSSEC whose provider has it (RFC 7672 2.2.1)."""
        dns = {**SIGNED, "MX example.com": ["10 mail.example.com"]}
        assert verdicts(dns) == {**KEPT, ("mx-not-secure", HOST): "fail"}


class TestHosts:
    def test_unanswered_mx_records(self) -> None:
        names = ("missing", "not-secure", "mx-not-secure", "unusable", "mismatch")
        assert verdicts({"MX example.com": Reason.SERVFAIL}) == {(name, DOMAIN): "inconclusive" for name in names}

    def test_a_null_mx(self) -> None:
        assert verdicts({"MX example.com": ["0 ."]}) == {("missing", DOMAIN): "pass"}

    def test_unanswered_addresses(self) -> None:
        dns = {**UNSIGNED, "A mail.example.com": Reason.SERVFAIL}
        names = ("missing", "not-secure", "mx-not-secure", "unusable", "mismatch")
        assert verdicts(dns) == {(name, HOST): "inconclusive" for name in names}

    def test_a_host_without_address_is_for_others_to_judge(self) -> None:
        assert verdicts({**UNSIGNED, "A mail.example.com": NxDomain, "AAAA mail.example.com": NxDomain}) == {}

    def test_without_mx_the_domain_itself_takes_the_mail(self) -> None:
        dns = {
            "MX example.com": NoData,
            "A example.com": ["192.0.2.25"],
            "AAAA example.com": NoData,
            "TLSA _25._tcp.example.com": NoData,
        }
        assert verdicts(dns) == {("missing", DOMAIN): "pass"}

    def test_an_alias_has_its_records_at_its_target(self) -> None:
        target = ("mx.example.net",)
        dns = {
            **SIGNED,
            **vouched("A mail.example.com", "192.0.2.25", aliases=target),
            **vouched("AAAA mail.example.com", aliases=target),
            **vouched("TLSA _25._tcp.mx.example.net", GOOD),
        }
        del dns[NAME]
        assert verdicts(dns) == KEPT

    def test_or_at_its_own_name(self) -> None:
        target = ("mx.example.net",)
        dns = {
            **SIGNED,
            **vouched("A mail.example.com", "192.0.2.25", aliases=target),
            **vouched("AAAA mail.example.com", aliases=target),
            **vouched("TLSA _25._tcp.mx.example.net"),
        }
        assert verdicts(dns) == KEPT

    def test_no_more_than_four_are_connected_to(self) -> None:
        hosts = [f"mx{number}.example.com" for number in range(6)]
        dns = {**vouched("MX example.com", *(f"{number} {host}" for number, host in enumerate(hosts)))}
        servers: dict[str, FakeServer | Trouble] = {}
        for number, host in enumerate(hosts):
            dns |= vouched(f"A {host}", f"192.0.2.{number}") | vouched(f"AAAA {host}")
            dns |= vouched(f"TLSA _25._tcp.{host}", GOOD)
            servers[f"192.0.2.{number}:25"] = server()
        given = Subject.of(domain=DOMAIN, probe=True)
        found = statuses(report_of(CHECK, given, dns, dialer=FakeDialer(servers), servers=["192.0.2.53"]))
        assert len([1 for rule, _ in found if rule == "dane/mismatch"]) == 4
        assert len([1 for rule, _ in found if rule == "dane/unusable"]) == 6


class TestCertificate:
    @pytest.mark.parametrize(
        ("record", "status"),
        [
            (tlsa(2, 0, 1, MIDDLE), "pass"),
            (tlsa(3, 1, 1, OTHER), "fail"),
            (tlsa(2, 1, 1, OTHER), "fail"),
            (tlsa(2, 1, 0, OTHER), "inconclusive"),
        ],
    )
    def test_records(self, record: str, status: str) -> None:
        assert verdicts({**SIGNED, **vouched(NAME, record)}) == {**KEPT, ("mismatch", PART): status}

    def test_a_promise_of_encryption_and_none_offered(self) -> None:
        one = server(replies={"EHLO": "250 mail.example.com"})
        assert verdicts(SIGNED, one) == {**KEPT, ("mismatch", PART): "fail"}

    @pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.TIMEOUT])
    def test_no_look_no_verdict(self, trouble: Trouble) -> None:
        assert verdicts(SIGNED, trouble) == {**KEPT, ("mismatch", PART): "inconclusive"}

    def test_a_handshake_that_fails(self) -> None:
        assert verdicts(SIGNED, server(secured=Trouble.TLS)) == {**KEPT, ("mismatch", PART): "inconclusive"}

    def test_a_private_address_is_not_connected_to(self) -> None:
        dns = {**SIGNED, **vouched("A mail.example.com", "10.0.0.25")}
        assert verdicts(dns) == {key: status for key, status in KEPT.items() if key[0] != "mismatch"}
