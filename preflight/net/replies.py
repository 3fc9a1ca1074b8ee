"""Replies as dnspython reads them, with records in them that it would take a whole reply for broken for.

A TLSA record whose digest has another length than its type says is such a one (RFC 6698 2.1.3). Zones have them, name
servers hand them out, and it is for a check to say that they are of no use; a reply that is dropped for one looks like
silence.
"""

import struct
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

_HEADER = 12  # octets (RFC 1035 4.1.1)
_FIXED = struct.Struct("!HHIH")  # type, class, TTL and length of a record, behind its name (RFC 1035 4.1.3)
_LENIENT = frozenset({dns.rdatatype.TLSA})


def read_reply(data: bytes, rdtype: dns.rdatatype.RdataType) -> dns.message.Message:
    """The reply to a question for a type.

    Records of that type which dnspython does not take come in the generic form of RFC 3597 5 (`\\# 5 030101abcd`),
    where it is one of `_LENIENT`. Raises `dns.message.Truncated`, and another `dns.exception.DNSException` or
    `ValueError` for what is broken.
    """
    try:
        return dns.message.from_wire(data, raise_on_truncation=True)
    except dns.exception.FormError:
        mended = _mended(data, rdtype) if rdtype in _LENIENT else None
        if mended is None:
            raise
        return mended


def _mended(data: bytes, rdtype: dns.rdatatype.RdataType) -> dns.message.Message | None:
    """The reply with the records that cannot be read in their generic form; `None` where more than these is broken."""
    try:
        broken = list(_broken_records(data, rdtype))
    except struct.error:  # it ends within a record
        return None
    message = dns.message.from_wire(data, raise_on_truncation=True, continue_on_error=True)
    if len(message.errors) != len(broken):
        return None
    for name, ttl, rdata in broken:
        message.find_rrset(message.answer, name, rdata.rdclass, rdata.rdtype, create=True).add(rdata, ttl)
    return message


def _broken_records(
    data: bytes, rdtype: dns.rdatatype.RdataType
) -> Iterator[tuple[dns.name.Name, int, dns.rdata.GenericRdata]]:
    """The records of the answer section that are of the type and yet cannot be read: name, TTL, octets."""
    questions, answers = struct.unpack_from("!HH", data, 4)
    at = _HEADER
    for _ in range(questions):
        at += dns.name.from_wire(data, at)[1] + 4
    for _ in range(answers):
        name, length = dns.name.from_wire(data, at)
        kind, rdclass, ttl, size = _FIXED.unpack_from(data, at + length)
        at += length + _FIXED.size + size
        octets = data[at - size : at]
        if kind != rdtype or rdclass != dns.rdataclass.IN:
            continue
        try:
            dns.rdata.from_wire(dns.rdataclass.IN, rdtype, octets, 0, size)
        except dns.exception.FormError:
            yield name, ttl, dns.rdata.GenericRdata(dns.rdataclass.IN, rdtype, octets)
