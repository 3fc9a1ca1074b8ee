"""Replies with records that dnspython does not take: mended, or refused as it refuses them."""

import contextlib

import dns.exception
import dns.message
import dns.rdata
import dns.rdatatype
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from preflight.net.replies import read_reply

GOOD = b"\x03\x01\x01" + b"\xab" * 32
SHORT = b"\x03\x01\x01\xab\xcd"


def wire(*records: bytes) -> bytes:
    query = dns.message.make_query("_25._tcp.mail.example.com.", "TLSA", id=4711)
    (asked,) = query.question
    reply = dns.message.make_response(query)
    answer = dns.rrset.RRset(asked.name, asked.rdclass, asked.rdtype)
    for octets in records:
        answer.add(dns.rdata.GenericRdata(asked.rdclass, asked.rdtype, octets), 60)
    reply.answer.append(answer)
    return reply.to_wire()


def texts(data: bytes) -> set[str]:
    (answer,) = read_reply(data, dns.rdatatype.TLSA).answer
    return {rdata.to_text() for rdata in answer}


def test_records_that_are_fine_come_as_ever() -> None:
    assert texts(wire(GOOD)) == {"3 1 1 " + "ab" * 32}
    assert read_reply(wire(GOOD), dns.rdatatype.TLSA) == dns.message.from_wire(wire(GOOD))


def test_those_of_another_length_come_in_generic_form() -> None:
    assert texts(wire(SHORT)) == {"\\# 5 030101abcd"}
    assert texts(wire(SHORT, GOOD)) == {"3 1 1 " + "ab" * 32, "\\# 5 030101abcd"}


@given(
    st.lists(st.tuples(st.integers(0, 110), st.integers(0, 255)), max_size=4),
    st.integers(0, 20),
    st.sampled_from([wire(SHORT), wire(GOOD, SHORT, b"\x03")]),
)
def test_whatever_comes_is_a_reply_or_broken(changes: list[tuple[int, int]], cut: int, data: bytes) -> None:
    octets = bytearray(data[: len(data) - cut])
    for place, value in changes:
        octets[place % len(octets)] = value
    with contextlib.suppress(dns.exception.DNSException, ValueError):  # what the channel takes for no reply
        assert isinstance(read_reply(bytes(octets), dns.rdatatype.TLSA), dns.message.Message)
