"""The test for open relays: what it says, what it never says, and that it tells apart a refusal from an excuse."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from preflight.config import read_config
from preflight.errors import ConfigError
from preflight.net.smtp import Trouble
from preflight.net.smtp_fake import FakeDialer, FakeServer
from preflight.registry import load_registry
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, Reason, Script, report_of, statuses
from preflight_checks.relay import CHECK
from preflight_checks.relay_attempts import attempts

PART = "mail.example.com[192.0.2.25]:25"
RULE = "relay/open-relay"
DNS: Script = {"A mail.example.com": ["192.0.2.25"], "AAAA mail.example.com": NoData}
DENIED = "554 5.7.1 <x>: Relay access denied"
UNKNOWN = "550 5.1.1 <x>: Recipient address rejected: User unknown in local recipient table"
ALL = list(attempts("example.com", ip_address("192.0.2.25"), "preflight-test@example.org"))


def server(
    rcpt: str | Callable[[str], str] = DENIED, mail: str | Callable[[str], str] = "250 ok", **more: Any
) -> FakeServer:
    def control_aside(command: str) -> str:
        if "no-such-user" in command and "rcpt_control" not in more:
            return UNKNOWN
        return rcpt(command) if callable(rcpt) else rcpt

    replies = {"EHLO": "250 mail.example.com", "MAIL": mail, "RCPT": control_aside}
    return FakeServer(replies=replies, **{name: value for name, value in more.items() if name != "rcpt_control"})


def report(one: FakeServer | Trouble, **subject: Any) -> Report:
    given = Subject.of(**{"host": "mail.example.com", "probe_relay": True, **subject})
    return report_of(CHECK, given, DNS, dialer=FakeDialer({"192.0.2.25:25": one}))


def status(one: FakeServer | Trouble, **subject: Any) -> str:
    found = statuses(report(one, **subject))
    assert found.keys() == {(RULE, PART)}
    return found[RULE, PART]


def taking(recipient: str) -> Callable[[str], str]:
    return lambda command: "250 ok" if command == f"RCPT TO:<{recipient}>" else DENIED


def test_a_closed_server() -> None:
    one = server()
    assert status(one) == "pass"
    assert one.connections == 4


def test_it_stops_before_data_and_says_rset_and_quit_always() -> None:
    for one in (server(), server("250 ok")):
        report(one)
        assert {command.split(" ")[0] for command in one.commands} == {"EHLO", "MAIL", "RCPT", "RSET", "QUIT"}
        assert one.commands.count("QUIT") == one.connections
        assert one.commands.count("RSET") == sum(command.startswith("MAIL") for command in one.commands)
        assert one.commands[-2:] == ["RSET", "QUIT"]


def test_a_server_that_hangs_up_after_three_slips_is_called_again() -> None:
    """As Exim does (smtp_max_synprot_errors)."""
    odd = ("%", "!", '"', "@[", "@example.com:")
    slips = 0

    def rcpt(command: str) -> Any:
        nonlocal slips
        if not any(sign in command for sign in odd):
            return "550 relay not permitted"
        slips += 1
        return "501 malformed address: domain missing"

    def ehlo(command: str) -> str:
        nonlocal slips
        assert slips <= 2
        slips = 0
        return "250 mail.example.com"

    one = server(rcpt)
    one.replies = {**one.replies, "EHLO": ehlo}
    assert status(one) == "pass"
    assert one.connections > 4
    assert one.commands.count("QUIT") == one.connections


def test_a_server_that_hangs_up_early_is_called_again_as_long_as_that_leads_on() -> None:
    taken = 0

    def rcpt(command: str) -> Any:
        nonlocal taken
        taken += 1
        return Trouble.CLOSED if taken % 3 == 0 else DENIED

    one = server(rcpt)
    assert status(one) == "pass"
    assert one.connections > 6


def test_an_open_relay_is_found_by_the_first_attempt() -> None:
    one = server("250 ok")
    found = report(one)
    assert statuses(found) == {(RULE, PART): "fail"}
    assert sum(command.startswith("RCPT") for command in one.commands) == 1
    (finding,) = (judged.finding for judged in found.findings)
    assert "<preflight-test@example.net> to <preflight-test@example.org>" in str(finding.message)
    assert [piece.asked for piece in finding.evidence] == [
        "MAIL FROM:<preflight-test@example.net>", "RCPT TO:<preflight-test@example.org>", "RSET"
    ]  # fmt: skip
    row = next(row for row in found.board if row.bounce.id == "microsoft/SC-003")
    assert row.state == "at-risk"


@pytest.mark.parametrize("attempt", [one for one in ALL if one.sender == "preflight-test@example.net"])
def test_each_form_of_recipient_is_tried(attempt: Any) -> None:
    assert status(server(taking(attempt.recipient))) == "fail"


@pytest.mark.parametrize("sender", sorted({one.sender for one in ALL}))
def test_each_form_of_sender_is_tried(sender: str) -> None:
    def mail(command: str) -> str:
        return "250 ok" if command == f"MAIL FROM:<{sender}>" else "550 5.7.1 sender not allowed to relay"

    one = server("250 ok", mail)
    assert status(one) == "fail"


def test_the_forms() -> None:
    recipients = [one.recipient for one in ALL]
    assert {
        "preflight-test@example.org", "preflight-test%example.org@example.com", '"preflight-test@example.org"',
        '"preflight-test@example.org"@example.com', "@example.com:preflight-test@example.org",
        "example.org!preflight-test", "example.org!preflight-test@[192.0.2.25]",
        "preflight-test@example.org@example.com",
    } <= set(recipients)  # fmt: skip
    assert {one.sender for one in ALL} == {
        "", "preflight-test", "preflight-test@example.net", "preflight-test@example.com", "preflight-test@localhost",
        "preflight-test@[192.0.2.25]",
    }  # fmt: skip
    six = list(attempts("", ip_address("2001:db8::25"), "a@example.org"))
    assert "@[IPv6:2001:db8::25]:a@example.org" in [one.recipient for one in six]


def test_a_server_that_takes_any_name_of_its_domain_is_no_relay_for_that() -> None:
    def catch_all(command: str) -> str:
        return "250 ok" if command.endswith("@example.com>") else DENIED

    one = server(catch_all, rcpt_control=True)
    assert status(one) == "inconclusive"


@pytest.mark.parametrize(
    "reply",
    [
        "450 4.2.0 greylisted, relay later",
        "451 4.7.1 <relay denied@relay.example>: try again",
        "421 4.7.0 too many errors",
        "550 5.1.2 <preflight-test@relay.example>: host not found",
        "556 5.1.10 <preflight-test@example.org>: domain has a null MX",
        "550 Unrouteable address",
        "554 5.7.1 Service unavailable; Client host [192.0.2.200] blocked using zen.spamhaus.org",
        "550 5.7.1 SPF check failed",
        "530 5.7.0 Must issue a STARTTLS command first",
        "504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname",
    ],
)
def test_what_is_no_word_on_relaying_is_no_pass(reply: str) -> None:
    assert status(server(reply)) == "inconclusive"


@pytest.mark.parametrize(
    "reply",
    [
        DENIED,
        "454 4.7.1 <preflight-test@example.org>: Relay access denied",
        "550 relay not permitted",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "550 Administrative prohibition",
        "530 5.7.0 Authentication required",
        "553 sorry, that is not allowed here",
        UNKNOWN,
    ],
)
def test_what_closes_a_way_is_a_pass(reply: str) -> None:
    assert status(server(reply)) == "pass"


def test_an_odd_sender_that_is_refused_closes_its_way() -> None:
    def mail(command: str) -> str:
        return "250 ok" if "@example" in command or "<>" in command else "501 sender address must contain a domain"

    assert status(server(DENIED, mail)) == "pass"


def test_the_test_sender_refused_for_its_domain_closes_nothing() -> None:
    def mail(command: str) -> str:
        return "550 5.1.8 sender domain does not exist" if "@example.net" in command else "250 ok"

    assert status(server(DENIED, mail)) == "inconclusive"


@pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.REFUSED, Trouble.CLOSED])
def test_no_connection_is_no_pass(trouble: Trouble) -> None:
    assert status(trouble) == "inconclusive"


@pytest.mark.parametrize("rcpt", [Trouble.CLOSED, Trouble.TIMEOUT, b"250 ok\r\n250 twice\r\n", b"\x00\r\n"])
def test_a_conversation_that_breaks_is_no_pass(rcpt: Any) -> None:
    assert status(server(rcpt)) == "inconclusive"


@pytest.mark.parametrize("changes", [{"greeting": "554 no"}, {"greeting": "421 busy"}])
def test_a_server_that_does_not_talk_is_no_pass(changes: dict[str, str]) -> None:
    assert status(server(**changes)) == "inconclusive"


@pytest.mark.parametrize("local", ["192.0.2.25"])
def test_a_server_that_relays_for_itself_is_not_open(local: str) -> None:
    assert status(server("250 ok", local=local)) == "inconclusive"


def test_one_that_relays_for_a_neighbour_in_a_private_network_is_not_open() -> None:
    dialer = FakeDialer({"10.0.0.5:25": server("250 ok", local="10.0.0.9")})
    subject = Subject.of(server="10.0.0.5", probe_relay=True)
    assert statuses(report_of(CHECK, subject, {}, dialer=dialer)) == {(RULE, "10.0.0.5:25"): "inconclusive"}


def test_names_that_lead_into_a_private_network_are_not_connected_to() -> None:
    dns: Script = {**DNS, "A mail.example.com": ["10.0.0.5"]}
    subject = Subject.of("mail.example.com", probe_relay=True)
    found = statuses(report_of(CHECK, subject, dns, dialer=FakeDialer({})))
    assert found == {(RULE, "mail.example.com:25"): "inconclusive"}


@pytest.mark.parametrize("answer", [NoData, Reason.SERVFAIL])
def test_without_an_address_it_is_open(answer: Any) -> None:
    dns: Script = {**DNS, "A mail.example.com": answer}
    subject = Subject.of("mail.example.com", probe_relay=True)
    found = statuses(report_of(CHECK, subject, dns, dialer=FakeDialer({})))
    assert found == {(RULE, "mail.example.com:25"): "inconclusive"}


def test_never_without_the_option() -> None:
    for subject in (Subject.of("mail.example.com", probe=True), Subject.of(server="mail.example.com")):
        found = report_of(CHECK, subject, DNS, dialer=FakeDialer({}))
        assert set(statuses(found).values()) == {"skipped"}
        row = next(row for row in found.board if row.bounce.id == "microsoft/SC-003")
        assert row.state == "not-checked"


def test_a_recipient_of_ones_own() -> None:
    registry = load_registry()
    config = read_config('[checks.relay]\nrecipient = "me@example.net"')
    assert config.settings(registry).options["relay"].recipient == "me@example.net"
    for bad in ("me", "a@b>\\r\\nDATA", "a b@example.net"):
        with pytest.raises(ConfigError, match=r"checks\.relay\.recipient"):
            read_config(f'[checks.relay]\nrecipient = "{bad}"').settings(registry)
