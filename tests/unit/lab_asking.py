"""Asks the lab's name server as any client would, through dnspython, and writes replies so that they compare well."""

import dns.flags
import dns.message
import dns.query
import dns.rcode

from preflight.lab import LabDns

FLAGS = (("AA", dns.flags.AA), ("TC", dns.flags.TC), ("RA", dns.flags.RA))


def ask(server: LabDns, name: str, rtype: str = "A", *, tcp: bool = False, edns: int = 1232) -> dns.message.Message:
    """The reply to a question. `edns` is the payload size to announce, 0 for a query without EDNS."""
    query = dns.message.make_query(name, rtype, use_edns=0 if edns else -1, payload=edns or None)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server.host, timeout=5, port=server.port)


def records(section: list) -> list[str]:
    """A section's records as `name type value`, sorted, names without their last dot, TTLs left out."""
    return sorted(
        f"{rrset.name.to_text(omit_final_dot=True)} {rrset.rdtype.name} {rdata.to_text().removesuffix('.')}"
        for rrset in section
        for rdata in rrset
    )


def told(reply: dns.message.Message) -> tuple[str, str, list[str]]:
    """A reply in short: its code, its flags, its answer."""
    flags = " ".join(name for name, flag in FLAGS if reply.flags & flag)
    return dns.rcode.to_text(reply.rcode()), flags, records(reply.answer)


def soa_owner(reply: dns.message.Message) -> list[str]:
    """The owners of the SOA records in the authority section."""
    return [rrset.name.to_text() for rrset in reply.authority if rrset.rdtype.name == "SOA"]
