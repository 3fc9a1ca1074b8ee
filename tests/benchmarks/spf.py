"""SPF: a record that stands on nine includes, in three levels, at a 20 ms round trip, beside its depth in questions.

The baseline asks one question a level, the domain's own record being the first, one after the other, of the same server
in the same process. A walk that asked one record after the other would take ten round trips. Also told: a thousand
addresses of one domain, each evaluated by pyspf, for information.
"""

import asyncio
import sys
import time
from statistics import median

from preflight import Subject
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.report import Report
from preflight.runner import Run
from tests.benchmarks import report
from tests.benchmarks.run_time import Watched, ask_in_a_row, served

RUNS = 9
BOUND = 1.5
LEVELS = 4
RECORDS = 10
LATENCY = 0.020  # seconds
ZONE = """
@ TXT "v=spf1 include:a.example.com include:b.example.com include:c.example.com -all"
a TXT "v=spf1 include:a1.example.com ~all"
b TXT "v=spf1 include:b1.example.com ~all"
c TXT "v=spf1 include:c1.example.com ~all"
a1 TXT "v=spf1 include:a2.example.com ~all"
b1 TXT "v=spf1 include:b2.example.com ~all"
c1 TXT "v=spf1 include:c2.example.com ~all"
a2 TXT "v=spf1 ip4:192.0.2.0/24 ~all"
b2 TXT "v=spf1 ip4:198.51.100.0/24 ~all"
c2 TXT "v=spf1 ip4:203.0.113.0/24 ~all"
"""
SERVER = (
    "import sys; from preflight.lab import LabDns, World\n"
    f"with LabDns(World.from_zones({{'example.com': {ZONE!r}}}), latency={LATENCY}) as server:\n"
    "    print(server.address, flush=True); sys.stdin.read()\n"
)


def run_once(address: str, ip: str = "203.0.113.5") -> tuple[float, Watched, Report]:
    """One run of the check; seconds, the watched source, the report."""
    source = Watched(LiveSource([address]))
    run = Run([Subject.of(domain="example.com", ips=[ip])], source, policy=Policy(select=("spf",)))
    start = time.perf_counter()
    (made,) = run.fly_blocking()
    return time.perf_counter() - start, source, made


def main() -> int:
    """Measure and report."""
    with served(SERVER) as address:
        run_once(address)  # loads what is loaded on first use
        pairs = []
        for _ in range(RUNS):
            took, source, made = run_once(address)
            pairs.append((took, asyncio.run(ask_in_a_row(address, LEVELS))))
        assert {
            judged.finding.status.value for judged in made.findings if judged.finding.rule == "spf/not-authorised"
        } == {"pass"}
        assert len(source.spans) == RECORDS
        print(f"(spf: {len(source.spans)} questions, the longest chain has {source.chain()})")
        many, _, _ = run_once(address, "203.0.112.0/22")
        print(f"(spf: 1,024 addresses of one domain take {many * 1000:.0f} ms)")
    return report("spf, nine includes", median(a for a, _ in pairs), median(b for _, b in pairs), BOUND, "depth")


if __name__ == "__main__":
    sys.exit(main())
