"""HELO name, PTR name and address as a triangle: each edge that is missing is shown, with the line that mends it."""

import pytest

from preflight.subject import Subject
from preflight.testing import NxDomain, Script, report_of
from preflight_checks import helo, ptr

SUBJECT = Subject.of(ips=["192.0.2.25", "2001:db8::25"], helo="mail.example.com")
PTR4 = "25.2.0.192.in-addr.arpa"
PTR6 = "5.2" + ".0" * 22 + ".8.b.d.0.1.0.0.2.ip6.arpa"
WHOLE: Script = {
    f"PTR {PTR4}": ["mail.example.com"],
    f"PTR {PTR6}": ["mail.example.com"],
    "A mail.example.com": ["192.0.2.25"],
    "AAAA mail.example.com": ["2001:db8::25"],
    "A host.example.net": ["192.0.2.25"],
    "A away.example.net": ["192.0.2.99"],
}


def missing(changes: Script) -> dict[tuple[str, str], str]:
    """The rules that fail, by part, with the line of the zone file that each fix has."""
    found = {}
    for module in (ptr, helo):
        for judged in report_of(module.CHECK, SUBJECT, {**WHOLE, **changes}).findings:
            if judged.finding.status == "fail":
                fix = str(judged.finding.fix)
                found[judged.finding.rule, judged.finding.part] = fix.split("`")[1] if "`" in fix else fix
    return found


def test_the_whole_triangle() -> None:
    assert missing({}) == {}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        # No PTR: the edge from the address to its name.
        (
            {f"PTR {PTR4}": NxDomain},
            {
                ("ptr/missing", "192.0.2.25"): f"{PTR4}. PTR mail.example.com.",
                ("helo/ptr-mismatch", "192.0.2.25"): f"{PTR4}. PTR mail.example.com.",
            },
        ),
        (
            {f"PTR {PTR6}": NxDomain},
            {
                ("ptr/missing", "2001:db8::25"): f"{PTR6}. PTR mail.example.com.",
                ("helo/ptr-mismatch", "2001:db8::25"): f"{PTR6}. PTR mail.example.com.",
            },
        ),
        # The PTR names another host, which leads back: only the edge to the HELO name is missing.
        (
            {f"PTR {PTR4}": ["host.example.net"]},
            {("helo/ptr-mismatch", "192.0.2.25"): f"{PTR4}. PTR mail.example.com."},
        ),
        # It names one that leads elsewhere: the edge back is missing as well.
        (
            {f"PTR {PTR4}": ["away.example.net"]},
            {
                ("helo/ptr-mismatch", "192.0.2.25"): f"{PTR4}. PTR mail.example.com.",
                ("ptr/not-forward-confirmed", "192.0.2.25"): "away.example.net. A 192.0.2.25",
            },
        ),
        # The name leads elsewhere, or nowhere: the edge from the name to the address, for either family.
        (
            {"A mail.example.com": ["192.0.2.99"]},
            {
                ("ptr/not-forward-confirmed", "192.0.2.25"): "mail.example.com. A 192.0.2.25",
                ("helo/address-mismatch", "192.0.2.25"): "mail.example.com. A 192.0.2.25",
            },
        ),
        (
            {"AAAA mail.example.com": NxDomain},
            {
                ("ptr/not-forward-confirmed", "2001:db8::25"): "mail.example.com. AAAA 2001:db8::25",
                ("helo/address-mismatch", "2001:db8::25"): "mail.example.com. AAAA 2001:db8::25",
            },
        ),
    ],
)
def test_each_missing_edge(changes: Script, lines: dict[tuple[str, str], str]) -> None:
    assert missing(changes) == lines
