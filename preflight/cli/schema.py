"""`preflight schema`: the JSON Schema of the JSON reports."""

import json

from preflight.cli.common import show


def schema() -> None:
    """Print the JSON Schema of what `--format json` writes."""
    from preflight.render.schema import report_schema

    show(f"{json.dumps(report_schema(), indent=2, ensure_ascii=False)}\n", machine=True)
