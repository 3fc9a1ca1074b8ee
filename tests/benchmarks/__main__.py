"""`make bench`: all benchmarks, as one table of ratios. Exits with 1 when a ratio is over its bound."""

import sys

from tests.benchmarks import blocklists, bounces, message, rdns, run_time, spf, start_up

if __name__ == "__main__":
    sys.exit(max(one.main() for one in (start_up, run_time, rdns, blocklists, message, spf, bounces)))
