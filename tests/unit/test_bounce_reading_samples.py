"""Each sample of tests/data/bounces says what expected.toml beside it states, to the letter."""

import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preflight.bounces.reading import BounceReport, read_any

SAMPLES = Path(__file__).parents[1] / "data" / "bounces"
EXPECTED: dict[str, list[dict[str, Any]]] = {}
for _sample in tomllib.loads((SAMPLES / "expected.toml").read_text(encoding="utf-8"))["sample"]:
    EXPECTED.setdefault(_sample["file"], []).append(_sample)
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def stated(report: BounceReport) -> dict[str, Any]:
    recipients = [
        {name: value for name, value in asdict(one).items() if value not in (None, "")} for one in report.recipients
    ]
    return {"source": report.source, "kind": report.kind, "recipients": recipients}


@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_sample(file: str) -> None:
    reports = [stated(report) for report in read_any(SAMPLES / file, label=file, now=NOW)]
    assert reports == [
        {"source": one.get("source", file), "kind": one["kind"], "recipients": one.get("recipients", [])}
        for one in EXPECTED[file]
    ]


def test_every_sample_is_expected_and_there_are_enough() -> None:
    assert {file.name for file in SAMPLES.iterdir()} == {*EXPECTED, "expected.toml"}
    assert len(EXPECTED) >= 60


def test_nothing_of_a_returned_message_is_told() -> None:
    """The samples have codes and an address in the returned message that stand nowhere else."""
    for file in sorted(EXPECTED):
        for report in read_any(SAMPLES / file, now=NOW):
            for one in report.recipients:
                assert one.sending_ip != "192.0.2.77"
                assert "5.7.9" not in f"{one.text} {one.inner} {one.enhanced_code}"
                assert "quoted" not in one.text


def test_a_folder_is_read_in_the_order_of_its_names() -> None:
    sources = [report.source for report in read_any(SAMPLES, now=NOW)]
    files = [source.rpartition("/")[2].partition(":")[0] for source in sources]
    assert sorted(set(files)) == sorted(EXPECTED | {"expected.toml": []})
    assert files == sorted(files)
