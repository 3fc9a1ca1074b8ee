"""The JSON Schemas, made from the structs that the JSON renderers fill: the two cannot drift.

They are strict: every key is required, but those with a default, and no other is allowed.
"""

from typing import Any

import msgspec

from preflight.render.diagnosis_json import DiagnosesDocument, DiagnosisDocument
from preflight.render.json import ReportDocument, ReportsDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of what `preflight check --format json` writes: one report, or several."""
    return _schema(
        ReportDocument | ReportsDocument,
        "Report of preflight",
        "What `preflight check --format json` writes: a report; for several subjects, their reports.",
    )


def diagnosis_schema() -> dict[str, Any]:
    """The schema of what `preflight diagnose` writes: each line of `--format jsonl`, and the whole of `json`."""
    return _schema(
        DiagnosisDocument | DiagnosesDocument,
        "Diagnosis of preflight",
        "What `preflight diagnose` writes: each line of `--format jsonl` is a diagnosis; `--format json` is one, or "
        "several with their summary.",
    )


def _schema(kinds: Any, title: str, description: str) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([kinds], ref_template="#/$defs/{name}")
    for component in components.values():
        if "description" in component:  # a docstring, whose second line Python 3.13 moves to the margin
            component["description"] = " ".join(component["description"].split())
    return {
        "$schema": DIALECT,
        "title": title,
        "description": description,
        # Not the whole of `schema`: msgspec adds `discriminator`, a word of OpenAPI that strict validators reject.
        "anyOf": schema["anyOf"],
        "$defs": components,
    }
