"""The same faults of blocklists through preflight and through pydnsbl's own checker: the table of docs/dnsbl.md.

All answers come from rbldnsd behind unbound, or fail to come from them; both tools ask the same resolver.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import aiodns
from pydnsbl.checker import BaseDNSBLChecker, DNSBLDomainChecker, DNSBLIpChecker
from pydnsbl.providers import Provider

from preflight.check import Settings
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.runner import run_async
from preflight.subject import Subject
from preflight_checks.blocklists.zones import load_zones
from preflight_checks.dnsbl import DnsblOptions
from tests.lab.daemons import Lab

ZEN, DBL, URIBL = "zen.spamhaus.org", "dbl.spamhaus.org", "multi.uribl.com"
DEAD, WORLD, GONE, CLOSED = "bl.spamcop.net", "psbl.surriel.com", "bl.mailspike.net", "dnsbl.dronebl.org"
GOOD = "list.dnswl.org"
IP6 = "2001:db8::4"


@dataclass(frozen=True)
class Fault:
    """One row: what is wrong, how it looks on the wire, which list is asked for what."""

    what: str
    answer: str
    zone: str
    target: str
    silent: bool = False  # ask a resolver that never answers


FAULTS = (
    Fault("a documented listing", "127.0.0.4", ZEN, "203.0.113.4"),
    Fault("the same, IPv6", "127.0.0.4", ZEN, IP6),
    Fault("a listed domain", "127.0.1.2", DBL, "code-2.example"),
    Fault("no listing", "NXDOMAIN", ZEN, "203.0.113.99"),
    Fault("the list refuses a public resolver", "127.255.255.254", ZEN, "203.0.113.54"),
    Fault("the list refuses too many queries", "127.255.255.255", ZEN, "203.0.113.55"),
    Fault("the list refuses by a bit", "127.0.0.1", URIBL, "blocked.example"),
    Fault("a domain list was asked wrongly", "127.0.1.255", DBL, "code-255.example"),
    Fault("the code that no list uses", "127.0.0.1", ZEN, "203.0.113.1"),
    Fault("a code that nobody explains", "127.0.0.77", ZEN, "203.0.113.77"),
    Fault("a resolver that rewrites answers", "192.0.2.80", ZEN, "203.0.113.80"),
    Fault("a listing among rewritten answers", "127.0.0.4, 192.0.2.80", ZEN, "203.0.113.81"),
    Fault("a list of good senders has it", "127.0.9.1", GOOD, "203.0.113.9"),
    Fault("a list that has died", "NXDOMAIN for everything", DEAD, "203.0.113.99"),
    Fault("a list that lists the world", "127.0.0.2 for everything", WORLD, "203.0.113.99"),
    Fault("the list's servers are gone", "SERVFAIL", GONE, "203.0.113.99"),
    Fault("the resolver will not ask", "REFUSED", CLOSED, "203.0.113.99"),
    Fault("nobody answers", "time-out", ZEN, "203.0.113.4", silent=True),
)

_TEST4 = "127.0.0.2 :127.0.0.2:test\n127.0.0.2 :127.0.0.4:test\n127.0.0.2 :127.0.0.10:test\n"
LISTS = {
    ZEN: [
        (
            "ip4set",
            _TEST4
            + "".join(
                f"{one.target} :{code}:\n"
                for one in FAULTS
                if one.zone == ZEN and ":" not in one.target and one.answer[0].isdigit()
                for code in one.answer.split(", ")
            ),
        ),
        ("ip6trie", f"::ffff:127.0.0.2 :127.0.0.2:test\n{IP6} :127.0.0.4:listed\n"),
    ],
    DBL: [("dnset", ":127.0.1.2:test\ndbltest.com\ncode-2.example\ncode-255.example :127.0.1.255:\n")],
    URIBL: [("dnset", ":127.0.0.14:test\ntest.uribl.com\nblocked.example :127.0.0.1:\n")],
    GOOD: [("ip4set", "127.0.0.2 :127.0.2.1:test\n203.0.113.9 :127.0.9.1:\n")],
    DEAD: [("ip4set", "192.0.2.1 :127.0.0.2:nobody asks for this one\n")],
    WORLD: [("ip4set", "".join(f"{net}.0.0.0/8 :127.0.0.2:all\n" for net in range(1, 224)))],
}
ROOT = {"example.com": "@ SOA ns1 root 1 60 60 60 60\n@ NS ns1\nns1 A 127.0.0.1\n"}


REFUSE = f'  local-zone: "{CLOSED}." refuse\n'
"""What makes unbound refuse to ask for one list."""


@contextmanager
def silence() -> Iterator[str]:
    """The address of a server that hears everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


def preflights_word(fault: Fault, resolver: str) -> str:
    """What preflight says: the status of the rules on this list, and of the rule that lists work."""
    domain = fault.target if fault.zone in (DBL, URIBL) else None
    subject = Subject.of(ips=[] if domain else [fault.target], domain=domain)
    others = [zone.name for zone in load_zones().asked_by_default if zone.name not in (fault.zone, ZEN)]
    zones = [fault.zone] if fault.zone not in (ZEN, DBL) else []
    settings = Settings(options={"dnsbl": DnsblOptions(zones=zones, skip=others)})
    source = LiveSource([resolver], timeout=0.3)
    report = asyncio.run(run_async(subject, source, policy=Policy(select=("dnsbl",)), settings=settings))
    on_list, works = set(), ""
    for judged in report.findings:
        finding = judged.finding
        if (finding.rule, finding.part) == ("dnsbl/list-unusable", fault.zone):
            works = finding.status.value
        elif finding.part == f"{fault.target} on {fault.zone}" or (
            finding.part == fault.target and (fault.zone == ZEN) == ("spamhaus" in finding.rule)
        ):
            on_list.add(finding.status.value)
    word = next((word for status, word in _WORDS.items() if status in on_list), "no word on the sender")
    return word if works == "pass" else f"{word}; the list: {_OF_LISTS[works]}"


_WORDS = {"fail": "**listed**", "inconclusive": "could not be told", "pass": "not listed"}
_OF_LISTS = {"fail": "proven unusable", "inconclusive": "not shown to work", "": "not looked at"}


def pydnsbls_word(fault: Fault, resolver: str) -> str:
    """What the result of pydnsbl's own checker says."""

    async def ask() -> str:
        host, _, port = resolver.partition(":")
        kind = DNSBLDomainChecker if fault.zone in (DBL, URIBL) else DNSBLIpChecker
        loop = asyncio.get_running_loop()
        checker: BaseDNSBLChecker = kind(providers=[Provider(fault.zone)], loop=loop)
        await checker._resolver.close()
        checker._resolver = aiodns.DNSResolver(
            nameservers=[host], udp_port=int(port), tcp_port=int(port), timeout=1.0, tries=1, loop=loop
        )
        try:
            result = await checker.check_async(fault.target)
        finally:
            await checker._resolver.close()
        if result.blacklisted:
            return "**listed**"
        return "not listed; the list failed" if result.failed_providers else "not listed"

    return asyncio.run(ask())


def table(lab: Lab) -> str:
    """The table in Markdown, from a fresh run; the same each time."""
    rows: list[Sequence[str]] = []
    with lab.running(ROOT, LISTS, REFUSE, gone=[GONE]) as resolver, silence() as nobody:
        for fault in FAULTS:
            server = nobody if fault.silent else resolver
            ours, theirs = preflights_word(fault, server), pydnsbls_word(fault, server)
            rows.append((fault.what, fault.answer, ours, theirs))
    head = ("what happens", "the answer", "preflight", "pydnsbl")
    lines = [head, ("---",) * 4, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
