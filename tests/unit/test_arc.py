"""The check `arc`: chains made by dkimpy, each way to break one, and hostile fields."""

import asyncio
import time

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.dns import SingleFlight
from preflight.policy import Verdict
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from preflight.testing import NxDomain, Reason, report_of, statuses
from preflight_checks.arc import CHECK
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth.arc_chain import Chain, verify_chain
from preflight_checks.senderauth.dkim_message import read_carried
from tests.unit.dkim_samples import KEY, KEYS, PLAIN, record
from tests.unit.test_dkim_fuzz import Everywhere

PRIVATE = (KEYS / "rsa-2048.pem").read_bytes()


def sealed(message: bytes, results: bytes = b"arc=none; spf=pass smtp.mailfrom=example.com") -> bytes:
    """A message with one more ARC set before it."""
    arrived = b"Authentication-Results: mx.example.net; " + results + b"\r\n" + message
    return b"".join(dkim.arc_sign(arrived, b"s1", b"example.com", PRIVATE, b"mx.example.net")) + message


ONE = sealed(PLAIN)
TWO = sealed(ONE, b"arc=pass; spf=fail smtp.mailfrom=example.com")
STOPPED = sealed(ONE, b"arc=fail")


def check(message: bytes, key: object = None) -> Report:
    subject = Subject.of(message=MessageSource("m.eml", message))
    return report_of(CHECK, subject, {KEY: key or [record()]})  # type: ignore[dict-item]


def outcome(message: bytes, key: object = None) -> tuple[str, str]:
    report = check(message, key)
    assert report.verdict is not Verdict.NO_GO
    (finding,) = (one.finding for one in report.findings)
    return finding.status, str(finding.message)


@pytest.mark.parametrize(("message", "text"), [
    (PLAIN, "the message has no ARC chain, and needs none"), (ONE, "the ARC chain is whole; sets in it: 1"),
    (TWO, "the ARC chain is whole; sets in it: 2"),
], ids=["none", "one", "two"])  # fmt: skip
def test_what_is_whole(message: bytes, text: str) -> None:
    assert outcome(message) == ("pass", text)
    assert outcome(message.replace(b"\r\n", b"\n")) == ("pass", text)


CHANGED = "the newest signature does not verify: the message was changed since"


@pytest.mark.parametrize(("message", "text"), [
    (TWO.replace(b"Tuesdays", b"Mondays"), CHANGED),
    (TWO.replace(b"Subject: The", b"Subject: [list] The"), CHANGED),
    (ONE.replace(b"cv=none", b"cv=pass"), "the seal of set 1 does not verify"),
    (TWO.replace(b"ARC-Seal: i=2", b"ARC-Seal: i=3"), "set 3 is not whole, or cannot be read"),
    (TWO.replace(b"ARC-Seal: i=1", b"X-Seal: i=1"), "set 1 is not whole, or cannot be read"),
    (STOPPED, "set 2 says that the chain was broken before it"),
    (ONE.replace(b"ARC-Seal: i=1;", b"ARC-Seal: "), "ARC-Seal lacks a usable i=, d= or s="),
    (ONE.replace(b"ARC-Seal: i=1;", b"ARC-Seal: i=1; i=1;"), "ARC-Seal cannot be read: it has the tag i= twice"),
    (b"ARC-Seal: i=1; s=s1; d=example.com\r\n" + PLAIN, "set 1 is not whole, or cannot be read"),
    (b"ARC-Authentication-Results: i=1; x\r\n" + PLAIN, "set 1 is not whole, or cannot be read"),
])  # fmt: skip
def test_what_is_broken(message: bytes, text: str) -> None:
    assert outcome(message) == ("fail", f"the ARC chain is broken: {text}")


def test_a_key_that_is_not_there() -> None:
    assert outcome(ONE, NxDomain)[0] == "fail"


def test_no_answer_for_a_key() -> None:
    assert statuses(check(ONE, Reason.TIMEOUT)) == {("arc/broken", "message"): "inconclusive"}


@pytest.mark.parametrize("message", [
    ONE.replace(b"ARC-Seal: ", b"ARC-Seal: z=" + b"x" * 20_000 + b"; "),
    b"ARC-Seal: i=1; s=s1; d=example.com\r\n" * 21 + PLAIN,
], ids=["large field", "many sets"])  # fmt: skip
def test_what_is_larger_than_is_looked_at(message: bytes) -> None:
    assert outcome(message) == ("inconclusive", "the ARC chain is larger than is looked at")


def test_what_is_no_message() -> None:
    assert outcome(b"MZ\x90\x00")[0] == "inconclusive"


def verify(octets: bytes) -> Chain | NoMail:
    carried = read_carried("m.eml", octets)
    return carried if isinstance(carried, NoMail) else asyncio.run(verify_chain(SingleFlight(Everywhere()), carried))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TWO) - 1), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_chain_with_something_changed(changes: list[tuple[int, int]]) -> None:
    message = bytearray(TWO)
    for place, octet in changes:
        message[place] = octet
    assert isinstance(verify(bytes(message)), Chain | NoMail)


TAGS = st.lists(
    st.tuples(
        st.sampled_from(["i", "a", "b", "bh", "c", "cv", "d", "s", "t", "x", "h", "l", "q", "v"]),
        st.sampled_from(
            [
                "1",
                "2",
                "0",
                "99",
                "rsa-sha256",
                "AAAA",
                "A===",
                "A" * 43 + "=",
                "relaxed/relaxed",
                "simple/simple",
                "none",
                "pass",
                "fail",
                "example.com",
                "s1",
                "from",
                "from:arc-seal",
                "",
                " ",
                "9" * 5000,
                "é",
            ]
        ),
        st.sampled_from(["=", " = "]),
    ),
    max_size=12,
).map(lambda tags: "; ".join(f"{name}{equals}{value}" for name, value, equals in tags).encode())
WHOLE = b"a=rsa-sha256; b=AAAA; bh=" + b"A" * 43 + b"=; cv=none; d=example.com; s=s1; h=from"


@settings(max_examples=80, deadline=None)
@given(TAGS, TAGS, TAGS, st.sampled_from([b"i=1; ", b"i = 1 ; ", b"I=1; ", b""]), st.booleans())
def test_any_fields(seal: bytes, signature: bytes, results: bytes, number: bytes, is_whole: bool) -> None:
    if is_whole:
        signature, seal = number + WHOLE + b"; " + signature, number + WHOLE.replace(b"; h=from", b"") + b"; " + seal
    message = (
        b"ARC-Seal: " + seal + b"\r\nARC-Message-Signature: " + signature + b"\r\n"
        b"ARC-Authentication-Results: " + number + results + b"\r\n" + PLAIN
    )  # fmt: skip
    chain = verify(message)
    assert isinstance(chain, Chain)
    assert chain.problem is not None or chain.too_large


def test_a_body_that_is_made_to_take_long() -> None:
    body = b"\r\n".join([b" " * 300_000] * 10)
    start = time.process_time()
    assert isinstance(verify(TWO + body), Chain)
    simple = TWO.replace(b"c=relaxed/relaxed", b"c=simple/simple")
    chain = verify(simple + body)
    assert isinstance(chain, Chain)
    assert time.process_time() - start < 3
