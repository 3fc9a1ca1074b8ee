"""What DNS may do to ptr, helo and mx, over real sockets: one row for each question and fault.

Never a false pass, never a false fail: what is no answer leaves undecided just those rules that needed it; an answer
that is whole, however it came, changes nothing; an answer that says "no" fails what it is about.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import dns.message
import dns.name
import dns.query
import dns.rrset
import pytest

from preflight.bounces.catalogue import load_catalogue
from preflight.lab import LabDns
from preflight.lab.faults import Fault
from preflight.lab.world import World
from preflight.net.live import LiveSource
from preflight.registry import Registry
from preflight.runner import run_async
from preflight.subject import Subject
from preflight.testing import statuses
from preflight_checks import helo, mx, ptr

REVERSE = "25.2.0.192.in-addr.arpa"
SUBJECT = Subject.of(ips=["192.0.2.25"], helo="mail.example.com", domain="d.example.com")
RECORDS = {
    "PTR": (REVERSE, "25 PTR mail.example.com.\n"),
    "A helo": ("mail.example.com", "mail A 192.0.2.25\n"),
    "MX": ("d.example.com", "d MX 10 mx.example.com.\n"),
    "A mx": ("mx.example.com", "mx A 192.0.2.25\n"),
}
LOOPS = {
    "PTR": "25 CNAME 25.loop\n25.loop CNAME 25\n",
    "A helo": "mail CNAME mail2\nmail2 CNAME mail\n",
    "MX": "d CNAME d2\nd2 CNAME d\n",
    "A mx": "mx CNAME mx2\nmx2 CNAME mx\n",
}
NEEDS = {
    "PTR": ("ptr/missing", "ptr/multiple", "ptr/invalid-name", "ptr/not-forward-confirmed", "helo/ptr-mismatch"),
    "A helo": ("ptr/not-forward-confirmed", "helo/unresolvable", "helo/address-mismatch"),
    "MX": (
        "mx/missing", "mx/implicit", "mx/null", "mx/preference", "mx/unresolvable", "mx/cname", "mx/not-public",
        "mx/address-literal", "mx/helo-unrelated", "helo/not-mx",
    ),
    "A mx": ("mx/unresolvable", "mx/not-public", "helo/not-mx"),
}  # fmt: skip
# With "no" for an answer: what fails, and what there is nothing to say of any more.
GONE = {
    "PTR": {"ptr/missing": "fail", "helo/ptr-mismatch": "fail", "ptr/multiple": "", "ptr/invalid-name": "",
            "ptr/not-forward-confirmed": ""},
    "A helo": {"ptr/not-forward-confirmed": "fail", "helo/unresolvable": "fail", "helo/address-mismatch": "fail",
               "helo/not-mx": "fail"},
    "MX": {"mx/missing": "fail", "mx/implicit": "", "mx/preference": "", "mx/unresolvable": "", "mx/cname": "",
           "mx/not-public": "", "mx/address-literal": "", "helo/not-mx": "fail"},
    "A mx": {"mx/unresolvable": "fail", "mx/not-public": "", "helo/not-mx": "fail"},
}  # fmt: skip
NO_ANSWER = (
    Fault.SERVFAIL, Fault.REFUSED, Fault.TIMEOUT, Fault.LAME, Fault.GARBAGE, Fault.WRONG_ID, Fault.TRUNCATE_ALWAYS
)  # fmt: skip


def world(**instead: str) -> World:
    """The good world, with other lines in the place of some records."""
    lines = {name: instead.get(name.replace(" ", "_"), text) for name, (_, text) in RECORDS.items()}
    made = World.from_zones({"example.com": lines["A helo"] + lines["MX"] + lines["A mx"]})
    made.zone("2.0.192.in-addr.arpa", lines["PTR"])
    return made


def run(address: str, timeout: float = 3.0) -> dict[str, str]:
    """The statuses of all rules of the three checks, by rule alone: each judges one part here."""
    registry = Registry(load_catalogue())
    for module in (ptr, helo, mx):
        registry.add(module.CHECK)
    report = asyncio.run(run_async(SUBJECT, LiveSource([address], timeout), registry=registry, deadline=60))
    found: dict[str, str] = {}
    for (rule, _), status in statuses(report).items():
        assert found.setdefault(rule, status) == status
    return found


def judged(made: World, timeout: float = 3.0) -> dict[str, str]:
    with LabDns(made) as server:
        return run(server.address, timeout)


GOOD = judged(world())


def test_the_good_world_passes() -> None:
    assert set(GOOD.values()) == {"pass"}
    assert set(GOOD) == {rule.id for module in (ptr, helo, mx) for rule in module.CHECK.rules}


@pytest.mark.parametrize("fault", NO_ANSWER)
@pytest.mark.parametrize("question", RECORDS)
def test_no_answer(question: str, fault: Fault) -> None:
    made = world()
    made.fault(RECORDS[question][0], fault, rtype=question.split()[0])
    expected = GOOD | dict.fromkeys(NEEDS[question], "inconclusive")
    if question == "A helo":
        expected["helo/not-mx"] = "inconclusive"
    silent = fault in (Fault.TIMEOUT, Fault.GARBAGE, Fault.WRONG_ID)
    assert judged(made, 0.4 if silent else 3.0) == expected


@pytest.mark.parametrize("question", RECORDS)
def test_a_loop_of_aliases(question: str) -> None:
    made = world(**{question.replace(" ", "_"): LOOPS[question]})
    expected = GOOD | dict.fromkeys(NEEDS[question], "inconclusive")
    if question == "A helo":
        expected["helo/not-mx"] = "inconclusive"
    if question == "A mx":  # the AAAA question meets the loop as well, so that nothing is known of the host
        expected["mx/cname"] = "inconclusive"
    assert judged(made) == expected


@pytest.mark.parametrize("question", RECORDS)
def test_truncated_over_udp_is_whole_over_tcp(question: str) -> None:
    made = world()
    made.fault(RECORDS[question][0], Fault.TRUNCATE)
    assert judged(made) == GOOD


@pytest.mark.parametrize("kind", ["NXDOMAIN", "no data"])
@pytest.mark.parametrize("question", RECORDS)
def test_no_such_record(question: str, kind: str) -> None:
    label = RECORDS[question][1].split(" ")[0]
    made = world(**{question.replace(" ", "_"): "" if kind == "NXDOMAIN" else f'{label} TXT "something else"\n'})
    expected = {rule: status for rule, status in (GOOD | GONE[question]).items() if status}
    assert judged(made) == expected


@pytest.mark.parametrize(
    ("names", "changes"),
    [
        # The server sorts nothing, and the answer is too large for UDP.
        ([f"h{number}.example.com." for number in range(60)],
         {"ptr/multiple": "fail", "ptr/not-forward-confirmed": "fail", "helo/ptr-mismatch": "fail"}),
        (["mail.example.com.", *(f"h{number}.example.com." for number in range(59))],
         {"ptr/multiple": "fail", "ptr/not-forward-confirmed": "inconclusive"}),
        (["mail.example.com.", *(f"h{number}.example.com." for number in range(9))], {"ptr/multiple": "fail"}),
    ],
)  # fmt: skip
def test_many_ptr_records(names: list[str], changes: dict[str, str]) -> None:
    assert judged(world(PTR="".join(f"25 PTR {name}\n" for name in names))) == GOOD | changes


def test_a_reverse_zone_delegated_by_aliases() -> None:
    classless = "25 CNAME 25.0-31\n25.0-31 PTR mail.example.com.\n"
    assert judged(world(PTR=classless)) == GOOD
    made = world(PTR=classless)
    made.fault("25.0-31.2.0.192.in-addr.arpa", Fault.SERVFAIL)
    assert judged(made) == GOOD | dict.fromkeys(NEEDS["PTR"], "inconclusive")


class Twister(asyncio.DatagramProtocol):
    """A name server whose answers carry other owner names than were asked for: in capitals, or of somebody else."""

    def __init__(self, behind: LabDns, owner: str) -> None:
        self._behind = behind
        self._owner = owner

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        reply = dns.query.udp(query, self._behind.host, port=self._behind.port, timeout=1)
        reply.answer = [self._twisted(rrset) for rrset in reply.answer]
        self._transport.sendto(reply.to_wire(), addr)

    def _twisted(self, rrset: dns.rrset.RRset) -> dns.rrset.RRset:
        owner = self._owner or rrset.name.to_text().upper()
        return dns.rrset.from_rdata_list(dns.name.from_text(owner), rrset.ttl, list(rrset))


@contextmanager
def twisted(owner: str) -> Iterator[str]:
    """The address of a twister in front of the good world, in an event loop of its own."""
    with LabDns(world()) as behind:
        loop = asyncio.new_event_loop()
        transport, _ = loop.run_until_complete(
            loop.create_datagram_endpoint(lambda: Twister(behind, owner), local_addr=("127.0.0.1", 0))
        )
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
        finally:
            loop.call_soon_threadsafe(transport.close)
            loop.call_soon_threadsafe(loop.call_soon, loop.stop)
            thread.join()
            loop.close()


def test_names_in_another_case_are_the_same_names() -> None:
    with twisted("") as address:
        assert run(address) == GOOD


def test_answers_about_other_names_are_none() -> None:
    offline = {"helo/invalid-syntax", "helo/not-fqdn", "helo/address-literal", "ptr/not-public"}
    with twisted("other.example.org.") as address:
        found = run(address)
    assert {rule for rule, status in found.items() if status == "pass"} <= offline | {"mx/cname"}
    assert "fail" not in found.values()
