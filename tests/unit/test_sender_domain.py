"""Whether the domains that mail is from can receive mail."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.fake import FakeSource
from preflight.runner import Run
from preflight.subject import MessageSource, Subject
from preflight.testing import NoData, NxDomain, Reason, report_of, statuses
from preflight_checks.sender_domain import CHECK, MAX_DOMAINS
from tests.unit.fake_checks import registry_of
from tests.unit.message_samples import letter

NONE = {"A": NoData, "AAAA": NoData}
CANNOT, NULL = "sender-domain/cannot-receive", "sender-domain/null-mx"


def judged(script: dict[str, Any], *mail_from: str, octets: bytes | None = None) -> dict[tuple[str, str], str]:
    message = MessageSource("mail.eml", octets) if octets is not None else None
    return statuses(report_of(CHECK, Subject.of(message=message, mail_from=mail_from), script))


@pytest.mark.parametrize(
    ("answers", "cannot", "null"),
    [
        ({"MX": ["10 mx.example.com"]}, "pass", "pass"),
        ({"MX": NoData, "A": ["192.0.2.1"], "AAAA": NoData}, "pass", "pass"),
        ({"MX": NoData, "A": NoData, "AAAA": ["2001:db8::1"]}, "pass", "pass"),
        ({"MX": NoData, **NONE}, "fail", "pass"),
        ({"MX": NxDomain, "A": NxDomain, "AAAA": NxDomain}, "fail", "pass"),
        ({"MX": ["0 ."]}, None, "fail"),
        ({"MX": Reason.SERVFAIL}, "inconclusive", "inconclusive"),
        ({"MX": NoData, "A": Reason.TIMEOUT, "AAAA": NoData}, "inconclusive", "pass"),
    ],
)
def test_what_a_domain_says(answers: dict[str, Any], cannot: str | None, null: str) -> None:
    script = {f"{rtype} example.com": answer for rtype, answer in answers.items()}
    expected = {(CANNOT, "example.com"): cannot, (NULL, "example.com"): null}
    found = judged(script, "a@example.com")
    assert found == {rule: status for rule, status in expected.items() if status}


def test_each_domain_that_the_mail_is_from() -> None:
    octets = letter(From="Anna <anna@Example.com>", Reply_To="help@müller.example, x@[192.0.2.1], y@example.com")
    report = report_of(
        CHECK,
        Subject.of(message=MessageSource("m", octets), mail_from=["<>", "b@example.net"]),
        {
            "MX example.com": ["10 mx.example.com"],
            "MX xn--mller-kva.example": ["0 ."],
            "MX example.net": ["10 mx.example.com"],
        },
    )
    fields = {one.finding.part: one.finding.message.args["fields"] for one in report.findings if one.fails}
    assert fields == {"xn--mller-kva.example": "Reply-To"}
    assert {part for _, part in statuses(report)} == {"example.com", "xn--mller-kva.example", "example.net"}


def test_without_a_message_and_an_envelope_it_is_skipped() -> None:
    assert set(statuses(report_of(CHECK, Subject.of(ips=["192.0.2.1"]), {})).values()) == {"skipped"}


def test_a_list_of_recipients_costs_few_questions() -> None:
    many = ", ".join(f"a@d{n}.example" for n in range(100))
    script = {f"MX d{n}.example": ["10 mx.example"] for n in range(100)}
    assert len(judged(script, octets=letter(From=many))) == 2 * MAX_DOMAINS


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120))
def test_no_octets_crash_it(octets: bytes) -> None:
    """Whatever stands in From, at most the questions of its domains are asked; nothing else goes wrong."""
    asked = FakeSource({})
    report = Run([Subject(message=MessageSource("m", b"From: " + octets))], asked, registry=registry_of(CHECK))
    (landed,) = asyncio.run(report.fly())
    crashed = [one for one in landed.findings if one.finding.status == "error"]
    assert bool(crashed) == bool(asked.untold)
    assert all(question.rtype == "MX" for question in asked.untold)
