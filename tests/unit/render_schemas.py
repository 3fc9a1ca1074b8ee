"""The published schemas that formats are validated against; see tests/data/schemas/README.md."""

import json
from pathlib import Path

from jsonschema import Draft4Validator
from lxml import etree

FOLDER = Path(__file__).parents[1] / "data" / "schemas"
SARIF = Draft4Validator(json.loads((FOLDER / "sarif-2.1.0.json").read_text(encoding="utf-8")))
JUNIT = etree.XMLSchema(etree.parse(FOLDER / "junit-10.xsd"))


def junit_problems(text: str) -> list[str]:
    """What is wrong with a JUnit XML file."""
    JUNIT.validate(etree.fromstring(text.encode("utf-8")))
    return [f"{error.line}: {error.message}" for error in JUNIT.error_log]
