"""The JSON Schema of the JSON reports, made from the structs that the JSON renderer fills: the two cannot drift."""

from typing import Any

import msgspec

from preflight.render.json import ReportDocument, ReportsDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of what `--format json` writes: one report, or several in one object.

    It is strict: every key is required and no other is allowed.
    """
    (schema,), components = msgspec.json.schema_components(
        [ReportDocument | ReportsDocument], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": DIALECT,
        "title": "Report of preflight",
        "description": "What `preflight check --format json` writes: a report; for several subjects, their reports.",
        # Not the whole of `schema`: msgspec adds `discriminator`, a word of OpenAPI that strict validators reject.
        "anyOf": schema["anyOf"],
        "$defs": components,
    }
