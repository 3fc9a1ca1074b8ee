"""`make bench`: all benchmarks, as one table of ratios. Exits with 1 when a ratio is over its bound."""

import sys

from tests.benchmarks import blocklists, bounces, message, rdns, run_time, start_up

if __name__ == "__main__":
    sys.exit(max(benchmark.main() for benchmark in (start_up, run_time, rdns, blocklists, message, bounces)))
