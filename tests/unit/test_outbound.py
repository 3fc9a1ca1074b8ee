"""Whether mail can leave: one greeting is enough, silence from all is a block, and the rest stays open."""

from typing import Any

import pytest

from preflight.net.smtp import Trouble
from preflight.net.smtp_fake import FakeDialer, FakeServer
from preflight.subject import Subject
from preflight.testing import NoData, Reason, Script, report_of, statuses
from preflight_checks.outbound import CHECK

DNS: Script = {"A mx.example.net": ["192.0.2.26"], "AAAA mx.example.net": ["2001:db8::26"]}
PART = ("outbound/blocked", "mx.example.net:25")


def status(ipv4: FakeServer | Trouble, ipv6: FakeServer | Trouble, dns: Script = DNS) -> str:
    dialer = FakeDialer({"192.0.2.26:25": ipv4, "[2001:db8::26]:25": ipv6})
    found = statuses(report_of(CHECK, Subject.of(probe_outbound="mx.example.net"), dns, dialer=dialer))
    assert found.keys() == {PART}
    return found[PART]


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "expected"),
    [
        (FakeServer(), FakeServer(), "pass"),
        (FakeServer(), Trouble.UNREACHABLE, "pass"),
        (Trouble.TIMEOUT, FakeServer(greeting="554 not you"), "pass"),
        (Trouble.TIMEOUT, Trouble.UNREACHABLE, "fail"),
        (Trouble.TIMEOUT, Trouble.TIMEOUT, "fail"),
        (Trouble.REFUSED, Trouble.UNREACHABLE, "fail"),
        (Trouble.UNREACHABLE, Trouble.UNREACHABLE, "fail"),
        (FakeServer(greeting=Trouble.CLOSED), Trouble.TIMEOUT, "inconclusive"),
        (FakeServer(greeting=Trouble.TIMEOUT), Trouble.UNREACHABLE, "inconclusive"),
        (FakeServer(greeting=b"HTTP/1.1 403 Forbidden\r\n"), Trouble.TIMEOUT, "inconclusive"),
    ],
)
def test_table(ipv4: FakeServer | Trouble, ipv6: FakeServer | Trouble, expected: str) -> None:
    assert status(ipv4, ipv6) == expected


def test_a_farewell_is_said() -> None:
    one = FakeServer()
    status(one, one)
    assert set(one.commands) == {"QUIT"}


@pytest.mark.parametrize("answer", [NoData, Reason.SERVFAIL])
def test_without_an_address_nobody_can_tell(answer: Any) -> None:
    dns: Script = {"A mx.example.net": answer, "AAAA mx.example.net": NoData}
    assert status(FakeServer(), FakeServer(), dns) == "inconclusive"


def test_by_address_and_port() -> None:
    dialer = FakeDialer({"192.0.2.26:2525": FakeServer()})
    found = statuses(report_of(CHECK, Subject.of(probe_outbound="192.0.2.26:2525"), {}, dialer=dialer))
    assert found == {("outbound/blocked", "192.0.2.26:2525"): "pass"}


def test_never_without_the_option() -> None:
    found = statuses(report_of(CHECK, Subject.of("mx.example.net", probe=True), DNS, dialer=FakeDialer({})))
    assert set(found.values()) == {"skipped"}
