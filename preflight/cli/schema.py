"""`preflight schema`: the JSON Schemas of what preflight writes."""

import json
from enum import StrEnum
from typing import Annotated, assert_never

import typer

from preflight.cli.common import show


class SchemaName(StrEnum):
    """What has a schema."""

    REPORT = "report"
    DIAGNOSIS = "diagnosis"


def schema(
    name: Annotated[SchemaName, typer.Argument(help="Of what: of check, or of diagnose.")] = SchemaName.REPORT,
) -> None:
    """Print the JSON Schema of what `--format json` writes."""
    from preflight.render.schema import diagnosis_schema, report_schema

    match name:
        case SchemaName.REPORT:
            made = report_schema()
        case SchemaName.DIAGNOSIS:
            made = diagnosis_schema()
        case _:
            assert_never(name)
    show(f"{json.dumps(made, indent=2, ensure_ascii=False)}\n", machine=True)
