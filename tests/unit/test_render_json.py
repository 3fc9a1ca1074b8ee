"""The report for programs: its keys and their order, its schema, and text that no terminal can be fooled with."""

import copy
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from preflight.cli.schema import schema as print_schema
from preflight.findings import Evidence
from preflight.render import RenderOptions
from preflight.render.json import RENDERER, ReportDocument, ReportsDocument, report_document, to_json
from preflight.render.schema import report_schema
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from preflight.text import Language, visible
from tests.golden.regenerate import language, path, rendered
from tests.golden.samples import IP, RULES, SAMPLES, dead, go, message_alone, no_go, report, sample, subject

VALIDATOR = Draft202012Validator(report_schema())


def text_of(*reports: Report, **options: Any) -> str:
    return RENDERER.render(reports, RenderOptions(**options))


def loaded(*reports: Report, **options: Any) -> Any:
    return json.loads(text_of(*reports, **options))


def assert_harmless(text: str) -> None:
    assert text.encode("utf-8").decode("utf-8") == text
    assert {char for char in text if unicodedata.category(char) in {"Cc", "Cs"}} <= {"\n"}
    assert all(visible(line) == line for line in text.split("\n"))


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", SAMPLES)
def test_golden(name: str, code: str) -> None:
    text = rendered(RENDERER, name, code)
    assert text == path(RENDERER, name, code).read_text(encoding="utf-8")
    assert_harmless(text)
    VALIDATOR.validate(json.loads(text))


def test_keys_stand_in_the_order_of_the_contract() -> None:
    document = loaded(no_go())
    assert list(document) == [
        "schema", "version", "verdict", "subject", "started_at", "duration_ms", "findings", "board", "counts",
        "profile", "waivers", "notices", "baseline",
    ]  # fmt: skip
    assert list(document["subject"]) == [
        "name", "host", "ips", "helo", "domain", "message", "server", "outbound", "mail_from", "dkim_selectors",
    ]  # fmt: skip
    assert list(document["findings"][0]) == [
        "check", "rule", "status", "severity", "part", "message", "evidence", "prevents", "fix", "reference", "waived",
        "change",
    ]  # fmt: skip
    assert list(document["findings"][0]["evidence"][0]) == ["source", "asked", "seen"]
    assert list(document["board"][0]) == ["bounce", "reply", "state", "coverage", "because", "advice"]
    assert list(document["counts"]) == ["pass", "fail", "inconclusive", "skipped", "error"]


def test_a_report_in_full() -> None:
    document = loaded(no_go())
    assert {key: document[key] for key in ("schema", "version", "verdict", "started_at", "duration_ms", "counts")} == {
        "schema": "preflight-report/1",
        "version": "0.0.0",
        "verdict": "no-go",
        "started_at": "2026-11-24T09:30:15.250Z",
        "duration_ms": 1234,
        "counts": {"pass": 2, "fail": 12, "inconclusive": 1, "skipped": 0, "error": 1},
    }
    assert document["subject"] == {
        "name": "",
        "host": "mail.example.com",
        "ips": ["192.0.2.25", "2001:db8:85a3::8a2e:370:7334"],
        "helo": "mail.example.com",
        "domain": "example.com",
        "message": "draft.eml",
        "server": "mail.example.com:25",
        "outbound": None,
        "mail_from": [],
        "dkim_selectors": [],
    }
    assert document["findings"][0] == {
        "check": "ptr",
        "rule": "ptr/missing",
        "status": "fail",
        "severity": "error",
        "part": "192.0.2.25",
        "message": "192.0.2.25 has no PTR record",
        "evidence": [{"source": "dns", "asked": "PTR 25.2.0.192.in-addr.arpa", "seen": "NXDOMAIN"}],
        "prevents": ["microsoft/DY-001", "microsoft/501-5.5.4", "microsoft/RP-001"],
        "fix": "Ask the owner of 192.0.2.25 (your provider or its control panel) for this record: "
        "25.2.0.192.in-addr.arpa. PTR mail.example.com.",
        "reference": "RFC 5321 4.1.1.1",
        "waived": None,
        "change": None,
    }
    assert document["waivers"] == {"in_force": 1, "expired": 1, "unmatched": 0}
    assert (document["profile"], document["notices"], document["baseline"]) == (None, [], None)
    waived = {finding["rule"]: finding["waived"] for finding in document["findings"] if finding["waived"]}
    assert waived == {
        "dnsbl/spamhaus-sbl": {
            "reason": "removal asked for, ticket 4711",
            "owner": "mail team",
            "expires": "2026-12-01",
            "expired": False,
        },
        "mx/missing": {
            "reason": "the zone is published on Monday",
            "owner": "",
            "expires": "2026-11-20",
            "expired": True,
        },
    }
    assert document["board"][2] == {
        "bounce": "microsoft/OU-001",
        "reply": "550 OU-001",
        "state": "at-risk",
        "coverage": "full",
        "because": ["dynamic-ip/pbl-listed", "dnsbl/spamhaus-sbl"],
        "advice": "Have the address removed from the list; its page says how.",
    }


def test_what_was_not_given_is_null() -> None:
    assert loaded(message_alone())["subject"] == {
        "name": "",
        "host": None,
        "ips": [],
        "helo": None,
        "domain": None,
        "message": "brouillon été.eml",
        "server": None,
        "outbound": None,
        "mail_from": [],
        "dkim_selectors": [],
    }
    assert [finding["fix"] for finding in loaded(go())["findings"]] == [None] * 30


def test_sentences_are_in_the_language_asked_for() -> None:
    table = {"{part} is fine": "{part} 正常", "None of its causes was found.": "未发现原因。"}
    document = loaded(go(), language=Language("zh", table))
    assert document["findings"][0]["message"] == "192.0.2.25 正常"
    assert document["board"][0]["advice"] == "未发现原因。"
    assert document["board"][0]["state"] == "clear"
    assert "正常" in text_of(go(), language=Language("zh", table))  # readable, not escaped


def test_several_reports_are_one_object_with_the_overall_verdict() -> None:
    reports = sample("several")
    document = loaded(*reports)
    assert list(document) == ["schema", "version", "verdict", "reports"]
    assert (document["schema"], document["version"], document["verdict"]) == (
        "preflight-reports/1",
        "0.0.0",
        "incomplete",
    )
    assert document["reports"] == [loaded(one) for one in reports]
    assert loaded(dead(), no_go())["verdict"] == "no-go"
    assert loaded(go(), go())["verdict"] == "go"


def test_the_text_is_indented_by_two_and_ends_with_one_line_break() -> None:
    lines = text_of(go()).split("\n")
    assert lines[:2] == ["{", '  "schema": "preflight-report/1",']
    assert lines[-2:] == ["}", ""]


def test_times_are_utc_with_milliseconds_whatever_the_zone() -> None:
    local = datetime(2026, 1, 1, 1, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
    document = loaded(replace(go(), started_at=local, duration=0.0004))
    assert document["started_at"] == "2025-12-31T17:00:00.999Z"
    assert document["duration_ms"] == 0
    assert (
        loaded(replace(go(), started_at=datetime(2026, 1, 1, tzinfo=UTC)))["started_at"] == "2026-01-01T00:00:00.000Z"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x1b[31m", r'"\u001b[31m"'),
        ("a\x00\x7f\x9b", r'"a\u0000\u007f\u009b"'),
        ("line\nbreak\t", r'"line\nbreak\t"'),
        ("gnp\u202eexe", r'"gnp\u202eexe"'),
        ("\u200b\ufeff\u2028", r'"\u200b\ufeff\u2028"'),
        ("\U000e0041", r'"\udb40\udc41"'),
        ("\udce9.eml", r'"\\udce9.eml"'),
        ("\ud83d\ude00", r'"\\ud83d\\ude00"'),
        ("été 中文 😀", '"été 中文 😀"'),
        ('quote " and \\', r'"quote \" and \\"'),
        ("[bold] :smile:", '"[bold] :smile:"'),
    ],
)
def test_what_could_fool_a_terminal_is_escaped(text: str, written: str) -> None:
    assert to_json(text) == written
    assert_harmless(to_json(text))
    if "\\\\ud" not in written:
        assert json.loads(written) == text


texts = st.text(max_size=80) | st.text(alphabet='\x00\x1b\n\x7f\x9b\u202e\u2066\udce9\ud83d\ude00"\\中é😀', max_size=80)


@settings(max_examples=60, deadline=None)
@given(part=texts, argument=texts, asked=texts, seen=texts)
def test_any_text_makes_harmless_json_that_strict_parsers_take(part: str, argument: str, asked: str, seen: str) -> None:
    finding = RULES["ptr/missing"].fails(part, "{part} {x}", Evidence("dns", asked, seen), x=argument, record=argument)
    given = Subject(name=argument, helo=part, message=MessageSource(seen, b"x"))
    text = text_of(report(given, [finding]))
    assert_harmless(text)
    document = json.loads(text)
    VALIDATOR.validate(document)
    assert msgspec.json.decode(text.encode()) == document  # takes no lone surrogates, not even escaped ones

    def kept(original: str) -> str:
        return original.encode("utf-8", "backslashreplace").decode("utf-8")

    assert document["findings"][0]["part"] == kept(part)
    assert document["findings"][0]["evidence"][0] == {"source": "dns", "asked": kept(asked), "seen": kept(seen)}
    assert document["subject"]["name"] == kept(argument)


def test_a_very_long_name_is_kept_whole() -> None:
    name = "x" * 10_000
    finding = RULES["ptr/missing"].fails(name, "{part}", record=name)
    assert loaded(report(subject(), [finding]))["findings"][0]["part"] == name


def test_a_document_can_be_read_back_and_written_on_one_line() -> None:
    document = report_document(no_go(), language("zh"))
    line = to_json(document, indent=None)
    assert "\n" not in line
    assert msgspec.json.decode(line, type=ReportDocument) == document
    assert msgspec.json.decode(text_of(*sample("several")), type=ReportsDocument).reports[0].verdict.value == "go"


def test_the_schema_is_one_of_its_dialect() -> None:
    Draft202012Validator.check_schema(report_schema())
    assert report_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "discriminator" not in report_schema()


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for one in schema for found in objects(one)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for one in schema.values() for found in objects(one)]


def test_every_object_of_the_schema_is_closed_and_every_key_but_the_place_required() -> None:
    found = objects(report_schema())
    assert len(found) == 13
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == [key for key in one["properties"] if key != "place"]


def broken(path_: tuple[str | int, ...], value: object) -> Any:
    """A valid document with one value replaced, or taken away for `...`."""
    document = copy.deepcopy(loaded(no_go()))
    place = document
    for step in path_[:-1]:
        place = place[step]
    if value is ...:
        del place[path_[-1]]
    else:
        place[path_[-1]] = value
    return document


WRONG: list[tuple[tuple[str | int, ...], object]] = [
    (("schema",), "preflight-report/2"),
    (("schema",), ...),
    (("verdict",), "maybe"),
    (("verdict",), ...),
    (("version",), None),
    (("extra",), 1),
    (("started_at",), "2026-11-24 09:30:15"),
    (("started_at",), "2026-11-24T09:30:15.250+01:00"),
    (("duration_ms",), 1.5),
    (("duration_ms",), -1),
    (("counts", "pass"), ...),
    (("counts", "passed"), 1),
    (("counts", "fail"), -1),
    (("subject", "host"), 1),
    (("subject", "name"), None),
    (("subject", "server"), ...),
    (("findings", 0, "status"), "failed"),
    (("findings", 0, "severity"), "fatal"),
    (("findings", 0, "fix"), ...),
    (("findings", 0, "why"), "text"),
    (("findings", 0, "waived"), {}),
    (("findings", 0, "waived"), False),
    (("findings", 0, "evidence", 0, "seen"), None),
    (("findings", 7, "waived", "expires"), "tomorrow"),
    (("board", 0, "state"), "atrisk"),
    (("board", 0, "coverage"), "none"),
    (("board", 0, "because"), "ptr/missing"),
]


@pytest.mark.parametrize(("path_", "value"), WRONG)
def test_the_schema_rejects(path_: tuple[str | int, ...], value: object) -> None:
    VALIDATOR.validate(loaded(no_go()))
    assert not VALIDATOR.is_valid(broken(path_, value))


def test_the_schema_rejects_a_list_of_one_report_and_other_things() -> None:
    several = loaded(go(), go())
    VALIDATOR.validate(several)
    assert not VALIDATOR.is_valid(several | {"reports": several["reports"][:1]})
    assert not VALIDATOR.is_valid(several | {"reports": [{}, {}]})
    assert not VALIDATOR.is_valid([])
    assert not VALIDATOR.is_valid({})


def test_the_command_prints_the_schema(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    print_schema()
    assert json.loads(capsysbinary.readouterr().out) == report_schema()


def test_the_reports_of_a_known_rule_have_its_severity_and_reference() -> None:
    finding = RULES["helo/not-mx"].fails(IP, "{part}")
    document = loaded(report(subject(), [finding]))
    assert (document["findings"][0]["severity"], document["findings"][0]["reference"]) == ("info", "RFC 5321 4.1.1.1")
