"""From the octets of a query to those of its reply; dnspython's codec does the wire work, no socket is touched."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from preflight.lab.faults import Fault
from preflight.lab.world import World
from preflight.lab.zones import TTL, Resolution

PAYLOAD = 1232  # octets that a reply over UDP has at most (DNS flag day 2020)
PLAIN_PAYLOAD = 512  # the same for a client without EDNS (RFC 1035 2.3.4)
TCP_PAYLOAD = 65535
LOG_LENGTH = 100_000  # questions that are remembered
_HEADER = 12
_GARBAGE = b"\xff" * 40
_TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class Transport(StrEnum):
    """What a question came over."""

    UDP = "udp"
    TCP = "tcp"


class Asked(NamedTuple):
    """A question that the server was asked: the name without its last dot, the record type, and the transport."""

    name: str
    rtype: str
    transport: Transport


@dataclass(frozen=True, slots=True)
class Reply:
    """Octets to send, and how many seconds to wait before."""

    wire: bytes
    delay: float = 0.0


class Responder:
    """Answers queries from a world. `asked` has the questions in order, the last `LOG_LENGTH` of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: deque[Asked] = deque(maxlen=LOG_LENGTH)

    def respond(self, packet: bytes, transport: Transport) -> Reply | None:
        """The reply to a packet, or `None` where silence is right: no header, or itself a reply (they could loop)."""
        if len(packet) < _HEADER or packet[2] & 0x80:
            return None
        if dns.opcode.from_flags(int.from_bytes(packet[2:4])) != dns.opcode.QUERY:
            return Reply(self._bare(packet, dns.rcode.NOTIMP))
        try:
            query = dns.message.from_wire(packet)
        except dns.exception.DNSException:
            return Reply(self._bare(packet, dns.rcode.FORMERR))
        if len(query.question) != 1:
            return Reply(self._bare(packet, dns.rcode.FORMERR))
        return self._answer(query, transport)

    def _answer(self, query: dns.message.Message, transport: Transport) -> Reply | None:
        question = query.question[0]
        self.asked.append(
            Asked(question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype), transport)
        )
        if query.edns > 0:
            return self._code(query, dns.rcode.BADVERS)  # RFC 6891 6.1.3
        if question.rdclass != dns.rdataclass.IN or question.rdtype in _TRANSFERS:
            return self._code(query, dns.rcode.REFUSED)
        resolution, rule = self._world.resolve(question.name, question.rdtype)
        match rule.fault if rule else None:
            case None:
                return Reply(self._full(query, resolution, transport))
            case Fault.DELAY:
                return Reply(self._full(query, resolution, transport), rule.seconds if rule else 0.0)
            case Fault.SERVFAIL:
                return self._code(query, dns.rcode.SERVFAIL)
            case Fault.REFUSED:
                return self._code(query, dns.rcode.REFUSED)
            case Fault.TIMEOUT:
                return None
            case Fault.TRUNCATE if transport is Transport.TCP:
                return Reply(self._full(query, resolution, transport))
            case Fault.TRUNCATE | Fault.TRUNCATE_ALWAYS:
                return Reply(self._truncated(query, resolution))
            case Fault.GARBAGE:
                return Reply(query.id.to_bytes(2) + _GARBAGE)
            case Fault.WRONG_ID:
                wire = self._full(query, resolution, transport)
                return Reply((query.id ^ 0xFFFF).to_bytes(2) + wire[2:])
            case Fault.LAME:
                return Reply(self._lame(query))

    def _response(self, query: dns.message.Message) -> dns.message.Message:
        """An empty reply with the query's id, question and, if it has it, EDNS."""
        return dns.message.make_response(query, recursion_available=self._world.recursive, our_payload=PAYLOAD)

    def _code(self, query: dns.message.Message, rcode: dns.rcode.Rcode) -> Reply:
        response = self._response(query)
        response.set_rcode(rcode)
        return Reply(response.to_wire())

    def _full(self, query: dns.message.Message, resolution: Resolution, transport: Transport) -> bytes:
        """The reply that carries a resolution, or a truncated one when that is too long for the client."""
        response = self._response(query)
        response.set_rcode(resolution.rcode)
        if resolution.authoritative:
            response.flags |= dns.flags.AA
        response.answer = list(resolution.answer)
        response.authority = list(resolution.authority)
        response.additional = list(resolution.additional)
        limit = TCP_PAYLOAD
        if transport is Transport.UDP:
            limit = min(PAYLOAD, max(PLAIN_PAYLOAD, query.payload)) if query.edns >= 0 else PLAIN_PAYLOAD
        try:
            return response.to_wire(max_size=limit)
        except dns.exception.TooBig:
            return self._truncated(query, resolution)

    def _truncated(self, query: dns.message.Message, resolution: Resolution) -> bytes:
        """A reply with TC set and no records: part of an answer is of no use to anyone (RFC 2181 9)."""
        response = self._response(query)
        response.set_rcode(resolution.rcode)
        response.flags |= dns.flags.TC | (dns.flags.AA if resolution.authoritative else 0)
        return response.to_wire()

    def _lame(self, query: dns.message.Message) -> bytes:
        response = self._response(query)
        response.flags &= ~dns.flags.RA
        response.authority = [dns.rrset.from_text(".", TTL, "IN", "NS", "ns.root.example.")]
        return response.to_wire()

    def _bare(self, packet: bytes, rcode: dns.rcode.Rcode) -> bytes:
        """A reply that is a header alone: id, opcode and RD of the packet, which cannot be told further."""
        response = dns.message.Message(int.from_bytes(packet[:2]))
        response.flags = dns.flags.QR | (int.from_bytes(packet[2:4]) & (dns.flags.RD | 0x7800))
        response.set_rcode(rcode)
        return response.to_wire()
