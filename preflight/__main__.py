"""`python -m preflight` is the `preflight` command."""

import sys

from preflight.cli import main

if __name__ == "__main__":
    sys.exit(main())
