"""Hostile octets in signatures, keys and messages: no crash, and an end in bounded time."""

import asyncio
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.dns import Answer, Question, Records, SingleFlight, Source
from preflight.net.fake import FakeSource
from preflight.subject import MessageSource
from preflight.text import Message
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth.dkim_evaluation import MAX_SIGNATURES, Verified, verify_message
from preflight_checks.senderauth.dkim_key import Key, NoKey, read_key
from preflight_checks.senderauth.dkim_signature import Signature, read_signature
from tests.unit.dkim_samples import DOMAIN, KEY, PLAIN, public, record, signature

TAGS = ("v", "a", "b", "bh", "c", "d", "h", "i", "l", "q", "s", "t", "x", "k", "p", "n", "g", "z", "V", "")
VALUES = (
    "1", "DKIM1", "rsa-sha256", "ed25519-sha256", "rsa-sha1", "relaxed/relaxed", "simple", "example.com", "s1", "from",
    "from:to", "from : from", "@example.com", "dns/txt", "99", "999999999999999", "AAAA", "A" * 43 + "=", "y:s", "*",
    "rsa", "ed25519", public(768), "sha256", "email", "", " ", "\r\n\t", "=", "bücher.example", "x" * 300,
)  # fmt: skip
LISTS = st.lists(
    st.tuples(st.sampled_from(TAGS), st.sampled_from(VALUES) | st.text(max_size=20), st.sampled_from(["=", " = ", ""])),
    max_size=14,
).map(lambda pairs: ";".join(f"{name}{equals}{value}" for name, value, equals in pairs))
SIGNED = signature() + PLAIN


@settings(max_examples=200, deadline=None)
@given(LISTS.map(str.encode) | st.binary(max_size=300))
def test_any_field_is_read_or_has_a_problem(value: bytes) -> None:
    assert isinstance(read_signature(1, value), Signature | Message)


@settings(max_examples=200, deadline=None)
@given(LISTS | st.text(max_size=300))
def test_any_record_is_a_key_or_none(text: str) -> None:
    assert isinstance(read_key(text), Key | NoKey)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(VALUES), min_size=8, max_size=8), st.binary(max_size=200), st.binary(max_size=200))
def test_any_field_before_any_message(values: list[str], header: bytes, body: bytes) -> None:
    """Whole as far as the grammar goes, so that it comes to the calculating."""
    good = {"v": "1", "a": "rsa-sha256", "b": public(768), "bh": "A" * 43 + "=", "d": DOMAIN, "h": "from", "s": "s1"}
    tags = good | dict(zip(("c", "h", "l", "t", "x", "i", "q", "b"), values, strict=True))
    kept = {name: value for name, value in tags.items() if value.isprintable() and ";" not in value}
    field = "; ".join(f"{name}={value}" for name, value in (good | kept).items()).encode()
    verified = verify(b"DKIM-Signature: " + field + b"\n" + header + b"\n\n" + body)
    assert isinstance(verified, Verified)
    assert all(not one.header for one in verified.signed)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=400))
def test_any_file(octets: bytes) -> None:
    assert isinstance(verify(octets), Verified | NoMail)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_signed_message_with_something_changed(changes: list[tuple[int, int]]) -> None:
    message = bytearray(SIGNED)
    for place, octet in changes:
        message[place % len(message)] = octet
    verified = verify(bytes(message))
    assert isinstance(verified, Verified | NoMail)


class Everywhere(Source):
    """Has the key of the tests under each name."""

    async def ask(self, question: Question) -> Answer:
        return Records(question, (), (record(),))


def verify(octets: bytes) -> Verified | NoMail:
    return asyncio.run(verify_message(SingleFlight(Everywhere()), MessageSource("m.eml", octets)))


def _tags(**more: str) -> bytes:
    good = {"v": "1", "a": "rsa-sha256", "b": "AAAA", "bh": "A" * 43 + "=", "d": DOMAIN, "h": "from", "s": "s1"}
    return "; ".join(f"{name}={value}" for name, value in (good | more).items()).encode()


SPACE = "\r\n " * 300
SLOW = {
    "space in b=": _tags(b="AAAA" + SPACE + "A===" + SPACE),
    "space after b": _tags(z=" b" + SPACE + ";b" + SPACE),
    "much space everywhere": _tags(z=" b ".join([SPACE] * 16)),
    "many names": _tags(h=":".join(f"x{number}" for number in range(290))),
    "large number": _tags(l="9" * 20, t="1", x="9" * 20),
    "huge number": _tags(l="9" * 16_000),
    "one name": _tags(h=":".join(["from"] * 299)),
}


@pytest.mark.parametrize("name", SLOW)
def test_what_is_made_to_take_long(name: str) -> None:
    """Fifty signatures, a header of almost a megabyte, a body of five with long runs of white space."""
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"y " * 450) for number in range(900))
    message = (b"DKIM-Signature: " + SLOW[name] + b"\r\n") * 50 + fields + b"\r\n" + (b" " * 50_000 + b"\r\n") * 100
    start = time.process_time()
    verified = verify(message)
    assert isinstance(verified, Verified)
    assert (len(verified.signed), verified.count) == (MAX_SIGNATURES, 50)
    assert time.process_time() - start < 8


def test_a_key_that_takes_long_is_not_calculated_with() -> None:
    numbers = random.Random(7)
    modulus = numbers.getrandbits(60_000) | 1 << 60_000 | 1
    record_of = {65537: "large modulus", (1 << 50_000) + 1: "large exponent"}
    for exponent in record_of:
        text = "p=" + _encoded(modulus, exponent)
        resolver = SingleFlight(FakeSource({KEY: [text]}))
        verified = asyncio.run(verify_message(resolver, MessageSource("m.eml", signature() + PLAIN)))
        assert isinstance(verified, Verified)
        assert [one.header for one in verified.signed] == [None]
        assert verified.state == "unknown"


def _encoded(modulus: int, exponent: int) -> str:
    """An RSAPublicKey (RFC 8017 A.1.1) that no library would make."""
    import base64

    def der(tag: int, octets: bytes) -> bytes:
        size = len(octets)
        count = (size.bit_length() + 7) // 8
        length = bytes([size]) if size < 128 else bytes([0x80 | count]) + size.to_bytes(count, "big")
        return bytes([tag]) + length + octets

    numbers = (number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent))
    return base64.b64encode(der(0x30, b"".join(der(2, octets) for octets in numbers))).decode()
