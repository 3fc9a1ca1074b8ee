"""TLSA records: which ones SMTP can use, and whether the certificates of a server keep them."""

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.text import Message
from preflight_checks.transport.tlsa import Outcome, Tlsa, compare, read_tlsa
from tests.unit.tls_chains import CHAIN, LEAF, MIDDLE, NOW, OTHER, ROOT, Issued, issue, tlsa

SHA256, SHA512 = "ab" * 32, "cd" * 64
NAMES = ("mail.example.com", "example.com")


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (f"3 1 1 {SHA256}", Tlsa(3, 1, 1, bytes.fromhex(SHA256))),
        (f"2 0 2 {SHA512}", Tlsa(2, 0, 2, bytes.fromhex(SHA512))),
        (f"3 0 1 {SHA256.upper()}", Tlsa(3, 0, 1, bytes.fromhex(SHA256))),
        ("3 0 0 3082 01", Tlsa(3, 0, 0, b"\x30\x82\x01")),
    ],
)
def test_records(text: str, record: Tlsa) -> None:
    assert read_tlsa(text) == record


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"0 1 1 {SHA256}", "its usage PKIX-TA(0) is not for SMTP, which takes 2 and 3 alone"),
        (f"1 0 1 {SHA256}", "its usage PKIX-EE(1) is not for SMTP, which takes 2 and 3 alone"),
        (f"4 1 1 {SHA256}", "its usage 4 is unknown"),
        (f"3 2 1 {SHA256}", "its selector 2 is unknown"),
        (f"3 1 3 {SHA256}", "its matching type 3 is unknown"),
        (f"3 1 1 {SHA256[:-2]}", "it has 31 octets, and SHA-256 has 32"),
        (f"3 1 2 {SHA256}", "it has 32 octets, and SHA-512 has 64"),
        (f"3 1 1 {SHA256}0", "it has an odd number of hexadecimal digits"),
        ("3 1 1", "it cannot be read"),
        ("\\# 5 030101abcd", "it has 2 octets, and SHA-256 has 32"),
        (f"\\# 36 03 01 02 {SHA256}00", "it has 33 octets, and SHA-512 has 64"),
        ("\\# 3 030101", "it cannot be read"),
        ("\\# 0", "it cannot be read"),
        ("", "it cannot be read"),
    ],
)
def test_what_senders_pass_over(text: str, why: str) -> None:
    found = read_tlsa(text)
    assert isinstance(found, Message)
    assert str(found) == why


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
def test_as_dnspython_writes_them(selector: int, matching: int) -> None:
    """Long data comes in pieces."""
    text = dns.rdata.from_text("IN", "TLSA", tlsa(3, selector, matching, LEAF)).to_text()
    assert compared(text) == Outcome(kept=True)


def compared(*texts: str, sent: tuple[bytes, ...] = CHAIN, names: tuple[str, ...] = NAMES) -> Outcome:
    records = [read_tlsa(text) for text in texts]
    return compare([record for record in records if isinstance(record, Tlsa)], sent, names, NOW)


def reason(*texts: str, kept: bool | None = False, **how: tuple[bytes, ...]) -> str:
    outcome = compared(*texts, **how)  # type: ignore[arg-type]
    assert outcome.kept is kept
    return str(outcome.why)


@pytest.mark.parametrize(
    "texts",
    [
        [tlsa(3, 1, 1, LEAF)],
        [tlsa(3, 0, 2, LEAF)],
        [tlsa(3, 1, 1, OTHER), tlsa(3, 1, 1, LEAF)],
        [tlsa(2, 0, 1, MIDDLE)],
        [tlsa(2, 1, 2, MIDDLE)],
        [tlsa(2, 1, 1, OTHER), tlsa(2, 1, 1, MIDDLE)],
        [tlsa(2, 0, 0, MIDDLE)],
    ],
)
def test_kept(texts: list[str]) -> None:
    assert compared(*texts) == Outcome(kept=True)


def test_an_end_entity_needs_neither_name_nor_date() -> None:
    ended = issue("somebody.else.example", days=-1)
    assert compared(tlsa(3, 1, 1, ended), sent=(ended.der,)) == Outcome(kept=True)


def test_an_anchor_higher_up() -> None:
    assert compared(tlsa(2, 0, 1, ROOT), sent=(*CHAIN, ROOT.der)) == Outcome(kept=True)
    assert compared(tlsa(2, 0, 1, ROOT), sent=(LEAF.der, ROOT.der, MIDDLE.der)) == Outcome(kept=True)
    assert compared(tlsa(2, 0, 0, ROOT)) == Outcome(kept=True)  # the record itself brings the anchor


def short(record: str) -> str:
    return f"{record[:22]}…"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (tlsa(3, 1, 1, OTHER), "{} names another certificate"),
        (tlsa(3, 1, 1, MIDDLE), "{} names another certificate"),
        (tlsa(2, 1, 1, LEAF), "{} names an authority that is not among the certificates sent"),
        (tlsa(2, 0, 1, ROOT), "{} names an authority that is not among the certificates sent"),
        (tlsa(2, 0, 0, OTHER), "the certificate was not issued below the authority that {} names"),
    ],
)
def test_broken(record: str, why: str) -> None:
    assert reason(record) == why.format(short(record))


def test_an_authority_that_did_not_issue_the_certificate() -> None:
    record = tlsa(2, 1, 1, OTHER)
    sent = (*CHAIN, OTHER.der)
    assert reason(record, sent=sent) == f"the certificate was not issued below the authority that {short(record)} names"


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (
            issue("mail.example.com", MIDDLE, days=-1),
            "a certificate below the authority that {} names is not valid today",
        ),
        (issue("mx.example.net", MIDDLE), "the certificate is not for mail.example.com, example.com, as {} asks"),
    ],
)
def test_below_an_authority_name_and_date_count(leaf: Issued, why: str) -> None:
    record = tlsa(2, 1, 1, MIDDLE)
    assert reason(record, sent=(leaf.der, MIDDLE.der)) == why.format(short(record))


def test_a_certificate_that_is_no_authority_vouches_for_none() -> None:
    no_ca = issue("No CA", ROOT)
    leaf = issue("mail.example.com", no_ca)
    record = tlsa(2, 1, 1, no_ca)
    why = f"the certificate was not issued below the authority that {short(record)} names"
    assert reason(record, sent=(leaf.der, no_ca.der)) == why


def test_the_certificate_may_be_for_the_domain() -> None:
    leaf = issue("example.com", MIDDLE)
    assert compared(tlsa(2, 1, 1, MIDDLE), sent=(leaf.der, MIDDLE.der)) == Outcome(kept=True)


def test_what_cannot_be_told() -> None:
    assert reason(tlsa(3, 1, 1, LEAF), kept=None, sent=()) == "no certificate came to compare with"
    assert reason(tlsa(3, 1, 1, LEAF), kept=None, sent=(b"\x30\x03\x02\x01\x01",)).startswith(
        "a certificate cannot be read: "
    )
    record = tlsa(2, 1, 0, ROOT)
    assert reason(record, kept=None) == f"{short(record)} holds a bare key, which is not compared here"


def test_a_chain_made_to_take_long_ends_soon() -> None:
    """Each of many certificates could have issued each other one; they are looked at once."""
    same = [issue("Same CA", ROOT, ca=True) for _ in range(60)]
    record = tlsa(2, 1, 1, OTHER)
    assert compared(record, sent=(LEAF.der, *(one.der for one in same), OTHER.der)).kept is False


@given(st.text() | st.from_regex(r"[0-4] [0-3] [0-3] [0-9a-f]{0,130}", fullmatch=True))
def test_any_text_is_a_record_or_says_what_is_wrong(text: str) -> None:
    found = read_tlsa(text)
    assert found.usage in (2, 3) if isinstance(found, Tlsa) else str(found)
