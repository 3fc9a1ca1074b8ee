"""Blocklists: one address over forty lists at a 20 ms round trip, and a thousand addresses over five, with rbldnsd.

The baseline of the first is the chain of questions that cannot be shorter: the proof of life, the listing, its reason,
one after the other; of each the least disturbed run counts, since list server, relay and check share the machine. The
second is a report only: questions a second and peak memory, beside pydnsbl's `bulk_check`.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from preflight.check import Secret, Settings
from preflight.cli.running import spare_collector
from preflight.findings import Status
from preflight.net.dns import Answer, Question, Source
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.runner import Run
from preflight.subject import Subject
from preflight_checks.blocklists.zones import Zone, load_zones
from preflight_checks.dnsbl import DnsblOptions
from tests.benchmarks import report
from tests.lab.daemons import daemon, find_daemon, free_port, missing_daemons

RUNS = 9
BOUND = 1.5
LATENCY = 0.020  # seconds
IP = "203.0.113.25"
LISTS = 40
MANY, FEW = 1000, 5
KEY = "benchmark0key"
SECRETS = {"dqs": Secret(KEY), "abusix": Secret(KEY)}


def address_lists(count: int) -> list[Zone]:
    """So many lists of IPv4 addresses of the catalogue, those that are asked by default first, ZEN above all."""
    zones = [zone for zone in load_zones().zones.values() if "ip4" in zone.kinds]
    return sorted(zones, key=lambda zone: (not zone.default, zone.name != "zen.spamhaus.org"))[:count]


def open_lists(count: int) -> list[Zone]:
    """So many lists of IPv4 addresses that are asked by default."""
    return [zone for zone in address_lists(count) if zone.default]


def served_as(zone: Zone) -> str:
    """The name under which a list is asked: those that know a key are asked with one."""
    return f"{KEY}.{zone.keyed_name}" if zone.keyed_name else zone.name


@contextmanager
def rbldnsd(zones: list[Zone], *, listed: bool, keyed: bool) -> Iterator[int]:
    """These lists, alive; with our address on all of them, or on none. The value is the port."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        arguments = []
        for zone in zones:
            pattern = zone.codes[0].pattern
            code = f"127.0.0.{pattern.bit}" if pattern.bit else str(pattern.first)
            entry = f"{IP} :{code}:because of $\n" if listed else ""
            (folder / zone.name).write_text(f"127.0.0.2 :{code}:test\n{entry}")
            name = served_as(zone) if keyed else zone.name
            arguments.append(f"{name}:ip4set:{zone.name}")
        port = free_port()
        question = f"2.0.0.127.{served_as(zones[0]) if keyed else zones[0].name} A"
        command = [find_daemon("rbldnsd"), "-n", "-b", f"127.0.0.1/{port}", "-w", str(folder), *arguments]
        with daemon(command, port, question):
            yield port


@contextmanager
def delayed(port: int) -> Iterator[str]:
    """The address at which the server on a port answers after a round trip."""
    command = [sys.executable, "-m", "tests.benchmarks.delay", str(port), str(LATENCY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdout is not None
        yield relay.stdout.readline().strip()
        relay.communicate("")


def check(source: Source, zones: list[Zone], ips: list[str], secrets: Mapping[str, Secret]) -> Run:
    """A run of the check over these lists alone."""
    default = {zone.name for zone in load_zones().asked_by_default}
    skip = sorted(default - {zone.name for zone in zones} - {"zen.spamhaus.org"})
    options = DnsblOptions(zones=[zone.name for zone in zones if zone.name not in default], skip=skip)
    policy = Policy(select=("dnsbl",), ignore=("dnsbl/domain-listed", "dnsbl/resolver-unfit"))
    return Run(
        [Subject.of(ips=ips)],
        source,
        policy=policy,
        settings=Settings(options={"dnsbl": options}, secrets=secrets),
        deadline=600.0,
    )


async def chain(address: str) -> float:
    """Seconds for the proof of life, the listing and its reason, one after the other."""
    source = LiveSource([address])
    start = time.perf_counter()
    for name, rtype in (("2.0.0.127", "A"), ("25.113.0.203", "A"), ("25.113.0.203", "TXT")):
        await source.ask(Question(f"{name}.{KEY}.zen.dq.spamhaus.net", rtype))
    return time.perf_counter() - start


def one_address() -> int:
    """One address that is on forty lists, beside the chain."""
    zones = address_lists(LISTS)
    spare_collector()
    with rbldnsd(zones, listed=True, keyed=True) as port, delayed(port) as address:
        check(LiveSource([address]), zones, [IP], SECRETS).fly_blocking()  # loads what is loaded on first use
        pairs = []
        for _ in range(RUNS):
            run = check(LiveSource([address]), zones, [IP], SECRETS)
            start = time.perf_counter()
            (result,) = run.fly_blocking()
            pairs.append((time.perf_counter() - start, asyncio.run(chain(address))))
    failed = sum(one.finding.status == "fail" for one in result.findings)
    middle = median(a / b for a, b in pairs)
    print(f"({len(zones)} lists, {failed} findings of a listing; the ratio of the middle run is {middle:.2f} ×)")
    name = f"one address, {len(zones)} lists"
    return report(name, min(a for a, _ in pairs), min(b for _, b in pairs), BOUND, "chain of three")


class Counted(Source):
    """A source that counts."""

    def __init__(self, source: Source) -> None:
        self._source, self.asked = source, 0

    async def ask(self, question: Question) -> Answer:
        """Ask the source below."""
        self.asked += 1
        return await self._source.ask(question)


def preflights_many(address: str, zones: list[Zone], ips: list[str]) -> tuple[int, int]:
    """All addresses through a run of preflight; how many questions were asked, and how many were left open."""
    source = Counted(LiveSource([address]))
    (result,) = check(source, zones, ips, {}).fly_blocking()
    return source.asked, result.counts[Status.INCONCLUSIVE]


def pydnsbls_many(address: str, zones: list[Zone], ips: list[str]) -> tuple[int, int]:
    """All addresses through pydnsbl's own checker; how many questions were asked, and how many failed."""
    import aiodns
    from pydnsbl.checker import DNSBLIpChecker
    from pydnsbl.providers import Provider

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # bulk_check gathers outside of it
    checker = DNSBLIpChecker(providers=[Provider(zone.name) for zone in zones], loop=loop)
    host, _, port = address.partition(":")

    async def resolver() -> aiodns.DNSResolver:
        await checker._resolver.close()
        return aiodns.DNSResolver(nameservers=[host], udp_port=int(port), tcp_port=int(port), timeout=5, loop=loop)

    checker._resolver = loop.run_until_complete(resolver())
    results = checker.bulk_check(ips)
    loop.run_until_complete(checker._resolver.close())
    loop.close()
    return len(ips) * len(zones), sum(len(result.failed_providers) for result in results)


TOOLS = {"preflight": preflights_many, "pydnsbl": pydnsbls_many}


def in_this_process(tool: str, address: str) -> None:
    """Measure one tool, and print what came of it as JSON."""
    zones = open_lists(FEW)
    ips = [f"203.0.{number >> 8}.{number & 255}" for number in range(256, 256 + MANY)]
    spare_collector()
    start = time.perf_counter()
    asked, failed = TOOLS[tool](address, zones, ips)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"asked": asked, "failed": failed, "seconds": seconds, "peak": peak}))


def many_addresses() -> None:
    """Report on a thousand addresses over five lists, each tool in a process of its own."""
    zones = open_lists(FEW)
    with rbldnsd(zones, listed=False, keyed=False) as port:
        for tool in TOOLS:
            command = [sys.executable, "-m", "tests.benchmarks.blocklists", tool, f"127.0.0.1:{port}"]
            done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            rate = done["asked"] / done["seconds"]
            questions = f"{done['asked']:,} questions ({done['failed']} open)"
            figures = f"{questions}, {rate:8,.0f} a second, {done['peak']:.0f} MB at most"
            print(f"{f'{MANY:,} addresses, {FEW} lists':<28} {tool:<10} {figures}")


def main() -> int:
    """Measure and report."""
    if missing := missing_daemons():
        print(f"blocklists: not measured, for want of {', '.join(missing)}")
        return 0
    many_addresses()
    return one_address()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        in_this_process(*sys.argv[1:])
    else:
        sys.exit(main())
