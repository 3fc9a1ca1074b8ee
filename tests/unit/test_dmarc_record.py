"""DMARC records by RFC 9989 4.7 and 4.8, and what RFC 7489 knew beside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight_checks.senderauth.dmarc_record import DmarcRecord, Policy, is_nearly, is_record, read_record

GOOD = "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"


@pytest.mark.parametrize("text", [
    "v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "V=DMARC1;p=none", "v=DMARC1\t; p=none", GOOD,
])  # fmt: skip
def test_what_is_a_record(text: str) -> None:
    assert is_record(text)
    assert not is_nearly(text)


@pytest.mark.parametrize(("text", "nearly"), [
    (" v=DMARC1; p=none", True), ('"v=DMARC1; p=none"', True), ("v=DMARC1 p=none", True), ("v=dmarc1; p=none", True),
    ("v=DMARC2; p=none", True), ("DMARC1; p=none", True), ("v=DMARC1.0; p=none", True), ("v=DMARC1, p=none", True),
    ("p=none; v=DMARC1", False), ("v=spf1 -all", False), ("", False), ("google-site-verification=x", False),
])  # fmt: skip
def test_what_is_none(text: str, nearly: bool) -> None:
    assert not is_record(text)
    assert is_nearly(text) is nearly


def test_all_that_a_record_says() -> None:
    record = read_record(
        "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=s; aspf=s; psd=n; t=y; pct=50; fo=1:d:s; ri=3600; rf=afrf; "
        "rua=mailto:a@example.com,mailto:b@example.net!10m; ruf=mailto:c%2bd@Example.org?subject=x;"
    )
    assert (record.p, record.sp, record.np) == (Policy.REJECT, Policy.QUARANTINE, Policy.NONE)
    assert (record.strict_dkim, record.strict_spf, record.psd, record.testing) == (True, True, "n", True)
    assert (record.percent, record.historic, record.faults) == (50, ("pct", "rf", "ri"), ())
    assert [(one.domain, one.sized) for one in record.rua] == [("example.com", False), ("example.net", True)]
    assert [one.domain for one in record.ruf] == ["example.org"]


def test_what_holds_when_a_record_says_nothing() -> None:
    record = read_record("v=DMARC1; p=none")
    assert (record.sp, record.np, record.strict_dkim, record.strict_spf) == (None, None, False, False)
    assert (record.psd, record.testing, record.percent, record.rua, record.faults) == ("u", False, 100, (), ())


@pytest.mark.parametrize(("text", "own", "below", "nowhere"), [
    ("p=reject", "reject", "reject", "reject"),
    ("p=reject; sp=none", "reject", "none", "none"),
    ("p=none; sp=reject", "none", "reject", "reject"),
    ("p=none; np=reject", "none", "none", "reject"),
    ("p=quarantine; sp=none; np=reject", "quarantine", "none", "reject"),
    ("p=reject; sp=reject; np=none", "reject", "reject", "none"),
    ("rua=mailto:a@example.com", "none", "none", "none"),
    ("p=refuse; rua=mailto:a@example.com", "none", "none", "none"),
    ("p=reject; sp=x; rua=mailto:a@example.com", "none", "none", "none"),
])  # fmt: skip
def test_the_policy(text: str, own: str, below: str, nowhere: str) -> None:
    """RFC 9989 4.10.1: p for the domain, sp for a sub-domain, np for one that does not exist."""
    record = read_record(f"v=DMARC1; {text}")
    assert not record.is_ignored
    assert record.policy() == own
    assert record.policy(inherited=True) == below
    assert record.policy(inherited=True, exists=False) == nowhere


@pytest.mark.parametrize("text", ["", "p=refuse", "p=", "p=reject; sp=x", "p=reject; np=x", "p=x; rua=a@example.com"])
def test_what_receivers_pass_over(text: str) -> None:
    """RFC 7489 6.6.3, step 6: no policy that can be read, and nobody who would get reports."""
    assert read_record(f"v=DMARC1; {text}").is_ignored


@pytest.mark.parametrize(("text", "faults"), [
    ("p=Reject; adkim=S; fo=D:1; t=N", []),
    ("p=none;;", ["it has something that is no tag=value: ;"]),
    ("p=none; reject", ["it has something that is no tag=value: reject"]),
    ("p=none; =x", ["it has something that is no tag=value: =x"]),
    ("p=none p=x", ["its p= cannot be read: none p=x"]),
    ("p=none; p=reject", ["it has the tag p= twice"]),
    ("p=none; report=x", ["it has a tag that nobody knows: report="]),
    ("P=none", ["it has a tag in capitals, which not all receivers know: P="]),
    ("sp=none", ["it lacks p=, which older receivers take for no record at all"]),
    ("p=none; adkim=x", ["its adkim= cannot be read: x"]),
    ("p=none; aspf=", ["its aspf= cannot be read: "]),
    ("p=none; psd=maybe", ["its psd= cannot be read: maybe"]),
    ("p=none; t=yes", ["its t= cannot be read: yes"]),
    ("p=none; pct=101", ["its pct= cannot be read: 101"]),
    ("p=none; pct=50%", ["its pct= cannot be read: 50%"]),
    ("p=none; fo=0:1", ["its fo= cannot be read: 0:1"]),
    ("p=none; fo=d:d", ["its fo= cannot be read: d:d"]),
    ("p=none; fo=x", ["its fo= cannot be read: x"]),
    ("p=none; np=never", ["its np= cannot be read: never"]),
])  # fmt: skip
def test_faults(text: str, faults: list[str]) -> None:
    assert [str(one) for one in read_record(f"v=DMARC1; {text}").faults] == faults


@pytest.mark.parametrize(("text", "domain", "problem"), [
    ("mailto:a@example.com", "example.com", ""),
    ("MAILTO:a@example.com", "example.com", ""),
    ("mailto:a@bücher.example", "xn--bcher-kva.example", ""),
    ("a@example.com", None, "it is no URI"),
    ("mailto:example.com", None, "it is no mail address"),
    ("mailto:", None, "it is no mail address"),
    ("mailto:a@[192.0.2.1]", None, "it is no mail address"),
    ("https://example.com/dmarc", None, "reports are sent by mail alone"),
    ("", None, "it is no URI"),
])  # fmt: skip
def test_report_addresses(text: str, domain: str | None, problem: str) -> None:
    (uri,) = read_record(f"v=DMARC1; p=none; rua={text}").rua
    assert uri.domain == domain
    assert str(uri.problem or "").startswith(problem)
    assert bool(problem) == (domain is None)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "sp", "np", "rua", "ruf", "fo", "t", "psd", "pct", "adkim", "P", "x", ""]),
            st.sampled_from(["=", " = ", ""]),
            st.sampled_from(["none", "reject", "mailto:a@b.example", "mailto:%zz@x!9g", "y", "1:d", ",,", "100"])
            | st.text(max_size=20),
        ),
        max_size=8,
    ).map(lambda tags: ";".join(f"{name}{equals}{value}" for name, equals, value in tags))
    | st.text(max_size=200)
)
def test_any_text_is_read(text: str) -> None:
    record = read_record(f"v=DMARC1;{text}")
    assert isinstance(record, DmarcRecord)
    assert isinstance(record.policy(inherited=True), Policy)
    assert isinstance(is_nearly(text), bool)


def test_a_record_as_long_as_a_name_server_can_give() -> None:
    record = read_record("v=DMARC1; p=none; rua=" + ",".join(["mailto:a@example.com"] * 2600) + ";" + " ;" * 4000)
    assert len(record.rua) == 20
