"""The check of the SMTP server, over scripted servers: each rule's pass and fail, and what stays open."""

from dataclasses import replace
from typing import Any

import pytest

from preflight.net.smtp import Chain, Secured, Trouble
from preflight.net.smtp_fake import FakeDialer, FakeServer, certificate
from preflight.render import RenderOptions, renderers
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight.text import Language
from preflight_checks.smtp import CHECK

PART = "mail.example.com[192.0.2.25]:25"
DNS: Script = {
    "A mail.example.com": ["192.0.2.25"],
    "AAAA mail.example.com": NoData,
    "PTR 25.2.0.192.in-addr.arpa": ["mail.example.com"],
}
EHLO = "250-mail.example.com\n250-SIZE 1000\n250-8BITMIME\n250-PIPELINING\n250 STARTTLS"
SECURED = Secured("TLSv1.3", "TLS_AES_256_GCM_SHA384", certificate("mail.example.com"))
PASS = dict.fromkeys(
    (
        "no-connection", "no-greeting", "greeting-refused", "greeting-short", "name-invalid", "names-differ",
        "ptr-mismatch", "ehlo-refused", "extensions-missing", "starttls-missing", "starttls-broken", "tls-version",
        "certificate-untrusted", "certificate-expired", "certificate-expiring", "certificate-name",
        "certificate-weak-key",
    ),
    "pass",
)  # fmt: skip
OPEN = dict.fromkeys(PASS, "inconclusive")


def server(**changes: Any) -> FakeServer:
    replies = {"EHLO": EHLO, "STARTTLS": "220 go", **changes.pop("replies", {})}
    return FakeServer(**{"replies": replies, "secured": SECURED, **changes})


def report(one: FakeServer | Trouble, dns: Script | None = None, *, roots: bool = True, **subject: Any) -> Report:
    given = Subject.of(**{"server": "mail.example.com", **subject})
    return report_of(CHECK, given, {**DNS, **(dns or {})}, dialer=FakeDialer({"192.0.2.25:25": one}, roots=roots))


def verdicts(one: FakeServer | Trouble, dns: Script | None = None, *, roots: bool = True) -> dict[str, str]:
    """The statuses for the one address, by the rule's own name; the rule that needs more inputs is left out."""
    found = statuses(report(one, dns, roots=roots))
    assert found.pop(("smtp/helo-mismatch", "mail.example.com:25")) == "skipped"
    assert {part for _, part in found} == {PART}
    return {rule.removeprefix("smtp/"): status for (rule, _), status in found.items()}


def changed(one: FakeServer | Trouble, dns: Script | None = None, *, roots: bool = True) -> dict[str, str]:
    """What differs from the good case; what has no finding at all is `none`."""
    found = verdicts(one, dns, roots=roots)
    assert found.keys() <= PASS.keys()
    return {name: found.get(name, "none") for name in PASS if found.get(name) != "pass"}


def words(one: FakeServer, rule: str) -> str:
    (finding,) = (judged.finding for judged in report(one).findings if judged.finding.rule == f"smtp/{rule}")
    return str(finding.message)


def none(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "none")


def test_good() -> None:
    one = server()
    assert changed(one) == {}
    assert one.commands == ["EHLO [192.0.2.200]", "STARTTLS", "EHLO [192.0.2.200]", "QUIT"]
    assert one.connections == 1


def test_the_transcript_is_the_evidence() -> None:
    found = report(server())
    seen = [piece for judged in found.findings for piece in judged.finding.evidence if piece.source == "smtp"]
    asked = list(dict.fromkeys(piece.asked for piece in seen))
    assert asked == [f"connect {PART}", "EHLO [192.0.2.200]", "STARTTLS", f"TLS {PART}"]


def test_the_server_itself_says_its_own_name() -> None:
    one = server(local="192.0.2.25")
    report(one, helo="mail.example.com", ips=["192.0.2.25"])
    assert one.commands[0] == "EHLO mail.example.com"


class TestConnection:
    def test_refused_is_an_answer(self) -> None:
        assert verdicts(Trouble.REFUSED) == {"no-connection": "fail"}

    @pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.UNREACHABLE])
    def test_silence_is_none(self, trouble: Trouble) -> None:
        assert changed(trouble) == OPEN

    @pytest.mark.parametrize("nothing", [NoData, NxDomain])
    def test_a_name_without_address(self, nothing: type[NoData] | type[NxDomain]) -> None:
        found = statuses(report(server(), {"A mail.example.com": nothing}))
        found.pop(("smtp/helo-mismatch", "mail.example.com:25"))
        assert found == {("smtp/no-connection", "mail.example.com:25"): "fail"}

    @pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT])
    def test_an_unanswered_name(self, reason: Reason) -> None:
        found = statuses(report(server(), {"A mail.example.com": reason}))
        found.pop(("smtp/helo-mismatch", "mail.example.com:25"))
        assert found == {(f"smtp/{name}", "mail.example.com:25"): "inconclusive" for name in PASS}

    def test_both_families_are_judged_apart(self) -> None:
        dns = {**DNS, "AAAA mail.example.com": ["2001:db8::25"]}
        dialer = FakeDialer({"192.0.2.25:25": server(), "[2001:db8::25]:25": Trouble.REFUSED})
        found = statuses(report_of(CHECK, Subject.of(server="mail.example.com"), dns, dialer=dialer))
        assert found["smtp/no-connection", PART] == "pass"
        assert found["smtp/no-connection", "mail.example.com[2001:db8::25]:25"] == "fail"

    def test_one_family_unanswered_leaves_the_other_judged(self) -> None:
        found = statuses(report(server(), {"AAAA mail.example.com": Reason.SERVFAIL}))
        assert found["smtp/no-connection", PART] == "pass"
        assert found["smtp/no-connection", "mail.example.com:25"] == "inconclusive"


class TestGreeting:
    @pytest.mark.parametrize("greeting", ["220", "220 ESMTP", "220 esmtp Postfix"])
    def test_short(self, greeting: str) -> None:
        assert changed(server(greeting=greeting)) == {"greeting-short": "fail", "names-differ": "none"}

    @pytest.mark.parametrize("name", ["localhost", "mail", "mail.lan", "mail_1.example.com", "[192.0.2.25]", "***"])
    def test_a_name_that_is_none(self, name: str) -> None:
        one = server(greeting=f"220 {name} ESMTP", replies={"EHLO": EHLO.replace("mail.example.com", name)})
        assert changed(one) == {"name-invalid": "fail", "ptr-mismatch": "fail"}

    def test_two_names(self) -> None:
        one = server(greeting="220 mx.example.com ESMTP")
        assert changed(one) == {"names-differ": "fail"}
        assert words(one, "names-differ") == f"{PART} greets as mx.example.com and answers EHLO as mail.example.com"

    def test_case_makes_no_difference(self) -> None:
        assert changed(server(greeting="220 MAIL.Example.com ESMTP")) == {}

    @pytest.mark.parametrize("greeting", ["554 no", "421 busy", "521 does not take mail"])
    def test_a_refusal_leaves_the_rest_open(self, greeting: str) -> None:
        expected = OPEN | {"greeting-refused": "fail", "greeting-short": "none"}
        assert changed(server(greeting=greeting)) == {
            name: status for name, status in expected.items() if name not in ("no-connection", "no-greeting")
        }

    @pytest.mark.parametrize(
        "greeting",
        [b"SSH-2.0-OpenSSH\r\n", b"\x16\x03\x01\x02\x00", b"220-a\r\n554 b\r\n", b"220 a\r\n220 b\r\n", b"a" * 9000],
    )
    def test_no_greeting_at_all(self, greeting: bytes) -> None:
        expected = OPEN | {"no-greeting": "fail"}
        del expected["no-connection"]
        assert changed(server(greeting=greeting)) == expected

    def test_closed_at_once(self) -> None:
        assert changed(server(greeting=Trouble.CLOSED))["no-greeting"] == "fail"

    @pytest.mark.parametrize("greeting", [Trouble.TIMEOUT, Trouble.SLOW, b"220 half a gree"])
    def test_a_tarpit_tells_nothing(self, greeting: Trouble | bytes) -> None:
        expected = dict(OPEN)
        del expected["no-connection"]
        found = changed(server(greeting=greeting))
        if isinstance(greeting, bytes):  # the fake closes after it
            expected["no-greeting"] = "fail"
        assert found == expected

    def test_a_second_greeting_is_noticed_later(self) -> None:
        one = server(replies={"EHLO": b"220 again\r\n250 mail.example.com\r\n"})
        assert changed(one)["no-greeting"] == "fail"

    def test_control_characters_stay_in_the_finding_for_renderers_to_show(self) -> None:
        one = server(greeting=b"220 mail.example.com \x1b]0;owned\x07\x00\xff\r\n")
        assert changed(one) == {}
        assert "\x1b]0;owned\x07\x00\\xff" in words(one, "no-greeting")


def test_nothing_that_a_server_says_reaches_a_terminal_as_it_is() -> None:
    nasty = "220 \x1b[2J\x1b]0;owned\x07\x00\u202e::error::x \xff".encode("latin-1", "backslashreplace") + b"\r\n"
    ehlo = b"250-\x1b[31mred\x9b31m\r\n250 STARTTLS\x1b[0m\x00\r\n"
    found = report(server(greeting=nasty, replies={"EHLO": ehlo}))
    known = renderers()
    shown = known["terminal"].render([found], RenderOptions(language=Language("en")))
    assert "\\x1b[2J" in shown
    told = known["json"].render([found], RenderOptions(language=Language("en")))
    for text in (shown, told):
        assert not {character for character in text if character < " " or "\x7f" <= character < "\xa0"} - {"\n"}


class TestEhlo:
    @pytest.mark.parametrize("reply", ["500 what", "502 not implemented", "504 no"])
    def test_unknown(self, reply: str) -> None:
        assert changed(server(replies={"EHLO": reply})) == {
            "ehlo-refused": "fail",
            "names-differ": "none",
            "extensions-missing": "fail",
            "starttls-missing": "fail",
            **none(*(name for name in PASS if name.startswith(("starttls-broken", "tls", "cert")))),
        }

    @pytest.mark.parametrize(
        "reply", ["550 go away", "421 later", Trouble.TIMEOUT, Trouble.CLOSED, b"250-a\r\n251 b\r\n"]
    )
    def test_refused_to_us_tells_nothing_of_others(self, reply: str) -> None:
        beyond = [name for name in PASS if name.startswith(("ehlo", "ext", "starttls", "tls", "cert"))]
        assert changed(server(replies={"EHLO": reply})) == {
            "names-differ": "none",
            **dict.fromkeys(beyond, "inconclusive"),
        }

    def test_extensions(self) -> None:
        one = server(replies={"EHLO": "250-mail.example.com\n250-SIZE\n250 STARTTLS"})
        assert changed(one) == {"extensions-missing": "fail"}
        assert words(one, "extensions-missing").endswith("does not offer 8BITMIME, PIPELINING")


class TestNames:
    def test_ptr(self) -> None:
        assert changed(server(), {"PTR 25.2.0.192.in-addr.arpa": ["other.example.net"]}) == {"ptr-mismatch": "fail"}
        assert changed(server(), {"PTR 25.2.0.192.in-addr.arpa": NxDomain}) == {"ptr-mismatch": "fail"}
        several = ["other.example.net", "MAIL.example.com"]
        assert changed(server(), {"PTR 25.2.0.192.in-addr.arpa": several}) == {}

    @pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.LAME])
    def test_an_unanswered_ptr(self, reason: Reason) -> None:
        assert changed(server(), {"PTR 25.2.0.192.in-addr.arpa": reason}) == {"ptr-mismatch": "inconclusive"}

    @pytest.mark.parametrize(("helo", "status"), [("mail.example.com", "pass"), ("out.example.com", "fail")])
    def test_helo_of_a_server_that_sends(self, helo: str, status: str) -> None:
        found = statuses(report(server(), helo=helo, ips=["192.0.2.25"]))
        assert found["smtp/helo-mismatch", PART] == status

    def test_a_server_that_does_not_send_may_have_another_name(self) -> None:
        found = statuses(report(server(), helo="out.example.com", ips=["192.0.2.99"]))
        assert "smtp/helo-mismatch" not in {rule for rule, _ in found}


class TestTls:
    def test_not_offered(self) -> None:
        one = server(replies={"EHLO": EHLO.replace("STARTTLS", "HELP")})
        assert changed(one) == {
            "starttls-missing": "fail",
            **none(*(name for name in PASS if name.startswith(("starttls-broken", "tls", "cert")))),
        }

    @pytest.mark.parametrize(
        ("reply", "secured"),
        [
            ("454 not now", SECURED),
            ("220 go", Trouble.TLS),
            (b"220 go\r\n250 injected\r\n", SECURED),
            (b"garbage\r\n", SECURED),
            (Trouble.CLOSED, SECURED),
        ],
    )
    def test_offered_and_broken(self, reply: str, secured: Secured | Trouble) -> None:
        one = server(replies={"STARTTLS": reply}, secured=secured)
        assert changed(one) == {
            "starttls-broken": "fail",
            **none(*(name for name in PASS if name.startswith(("tls", "cert")))),
        }

    def test_too_slow_to_tell(self) -> None:
        one = server(replies={"STARTTLS": Trouble.TIMEOUT})
        beyond = [name for name in PASS if name.startswith(("starttls-broken", "tls", "cert"))]
        assert changed(one) == dict.fromkeys(beyond, "inconclusive")

    def test_dead_after_the_handshake(self) -> None:
        assert changed(server(replies_in_tls={"EHLO": Trouble.CLOSED})) == {"starttls-broken": "fail"}
        assert changed(server(replies_in_tls={"EHLO": "554 no"})) == {"starttls-broken": "fail"}

    @pytest.mark.parametrize(("version", "fails"), [("TLSv1", True), ("TLSv1.1", True), ("TLSv1.2", False)])
    def test_version(self, version: str, fails: bool) -> None:
        one = server(secured=replace(SECURED, version=version))
        assert changed(one) == ({"tls-version": "fail"} if fails else {})

    @pytest.mark.parametrize(
        ("found", "faults"),
        [
            (certificate("mail.example.com", days=-1), {"certificate-expired": "fail", "certificate-expiring": "none"}),
            (certificate("mail.example.com", days=13), {"certificate-expiring": "fail"}),
            (certificate("mail.example.com", days=15), {}),
            (certificate("*.example.com"), {}),
            (certificate("*.com"), {"certificate-name": "fail"}),
            (certificate("*.mail.example.com"), {"certificate-name": "fail"}),
            (certificate("example.com", "www.example.com"), {"certificate-name": "fail"}),
            (certificate(), {"certificate-name": "fail"}),
            (certificate("mail.example.com", bits=1024), {"certificate-weak-key": "fail"}),
            (certificate("mail.example.com", key="EC", bits=256), {}),
            (certificate("mail.example.com", key="EC", bits=192), {"certificate-weak-key": "fail"}),
            (certificate("mail.example.com", key="EdDSA", bits=256), {}),
            (None, dict.fromkeys([name for name in PASS if name.startswith("certificate")][1:], "inconclusive")),
        ],
    )
    def test_certificate(self, found: Any, faults: dict[str, str]) -> None:
        assert changed(server(secured=replace(SECURED, certificate=found))) == faults

    def test_one_that_leads_nowhere_is_looked_at_all_the_same(self) -> None:
        found = certificate("other.example.com", days=5)
        one = server(secured=replace(SECURED, certificate=found, chain=Chain.UNTRUSTED))
        assert changed(one) == {
            "certificate-untrusted": "fail",
            "certificate-expiring": "fail",
            "certificate-name": "fail",
        }
        assert one.connections == 2
        assert words(one, "certificate-untrusted").endswith("is not trusted: self-signed certificate")

    def test_without_roots_nobody_can_tell(self) -> None:
        one = server(secured=replace(SECURED, chain=Chain.UNTRUSTED))
        assert changed(one, roots=False) == {"certificate-untrusted": "inconclusive"}

    def test_by_address_any_name_of_the_server_will_do(self) -> None:
        dns = {"PTR 25.2.0.192.in-addr.arpa": ["mail.example.com"]}
        dialer = FakeDialer({"192.0.2.25:2525": server()})
        found = statuses(report_of(CHECK, Subject.of(server="192.0.2.25:2525"), dns, dialer=dialer))
        assert found["smtp/certificate-name", "192.0.2.25:2525"] == "pass"


PROBED: Script = {
    **DNS,
    "MX example.com": ["10 mail.example.com", "20 mx.example.net"],
    "A mx.example.net": ["192.0.2.26"],
    "AAAA mx.example.net": NoData,
    "PTR 26.2.0.192.in-addr.arpa": ["mx.example.net"],
}


class TestProbe:
    def probe(self, dns: Script, **subject: Any) -> dict[tuple[str, str], str]:
        other = server(
            greeting="220 mx.example.net ESMTP", replies={"EHLO": EHLO.replace("mail.example.com", "mx.example.net")}
        )
        dialer = FakeDialer({"192.0.2.25:25": server(), "192.0.2.26:25": other})
        return statuses(report_of(CHECK, Subject.of(**subject, probe=True), dns, dialer=dialer))

    def test_host_and_mx_hosts(self) -> None:
        found = self.probe(PROBED, host="mail.example.com")
        assert {part for _, part in found} == {PART, "mx.example.net[192.0.2.26]:25"}
        assert found["smtp/certificate-name", "mx.example.net[192.0.2.26]:25"] == "fail"

    def test_mx_hosts_alone(self) -> None:
        found = self.probe(PROBED, domain="example.com")
        assert {part for rule, part in found if rule != "smtp/helo-mismatch"} == {PART, "mx.example.net[192.0.2.26]:25"}

    def test_mx_unanswered(self) -> None:
        found = self.probe({**DNS, "MX example.com": Reason.SERVFAIL}, host="mail.example.com")
        assert found["smtp/no-connection", PART] == "pass"
        assert found["smtp/no-connection", "example.com"] == "inconclusive"

    def test_a_domain_that_takes_no_mail(self) -> None:
        found = self.probe({"MX example.com": ["0 ."]}, domain="example.com")
        assert found["smtp/no-connection", "example.com"] == "fail"

    @pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254"])
    def test_names_from_dns_do_not_lead_into_private_networks(self, address: str) -> None:
        found = self.probe({**PROBED, "A mx.example.net": [address]}, host="mail.example.com")
        assert found["smtp/no-connection", "mx.example.net:25"] == "inconclusive"
        assert found["smtp/no-connection", PART] == "pass"


def test_nobody_is_connected_to_without_the_option() -> None:
    found = statuses(report_of(CHECK, Subject.of("mail.example.com"), DNS, dialer=FakeDialer({})))
    assert set(found.values()) == {"skipped"}


@pytest.mark.parametrize("dialer", [FakeDialer({}), FakeDialer({"192.0.2.25:25": FakeServer()})])
def test_a_script_that_is_too_short_fails_the_test(dialer: FakeDialer) -> None:
    with pytest.raises(AssertionError, match=r"192\.0\.2\.25:25|EHLO"):
        report_of(CHECK, Subject.of(server="mail.example.com"), DNS, dialer=dialer)
