"""Diagnoses as pages and as JSON, of anything at all."""

import io
import json
import re

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from preflight.bounces.reading import Recipient, read_any
from preflight.diagnosis.diagnosing import Diagnostician, Examiner
from preflight.policy import Policy
from preflight.registry import load_registry
from preflight.render import RenderOptions
from preflight.render.diagnosis import diagnosis_text
from preflight.render.diagnosis_json import diagnosis_line, diagnosis_object
from preflight.render.schema import diagnosis_schema
from preflight.subject import Subject
from preflight.text import Language
from tests.unit.diagnosis_samples import DYNAMIC, RATE, bounce, recipient

REGISTRY = load_registry()
ONE = Diagnostician(REGISTRY, Policy(), Subject(), Examiner(REGISTRY, Policy(), None))
SCHEMA = jsonschema.Draft202012Validator(diagnosis_schema())
CHINESE = REGISTRY.language("zh")


def page(*recipients: Recipient, language: Language | None = None, width: int = 80, kind: str = "bounce") -> str:
    diagnosis = ONE.diagnose(bounce(*recipients, kind=kind))
    return diagnosis_text(diagnosis, RenderOptions(language=language or Language(), width=width))


@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: f"550 5.7.1 {text}".encode(errors="replace")))
@settings(max_examples=60, deadline=None)
def test_anything_is_diagnosed(octets: bytes) -> None:
    for report in read_any(io.BytesIO(octets), "x"):
        diagnosis = ONE.diagnose(report)
        text = diagnosis_text(diagnosis, RenderOptions(language=CHINESE))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
        line = diagnosis_line(diagnosis, Language())
        assert line.count("\n") == 1
        SCHEMA.validate(json.loads(line))


def test_recipients_who_were_refused_alike_stand_together() -> None:
    text = page(*(recipient(DYNAMIC, recipient=f"user{n}@hotmail.com") for n in range(9)))
    assert text.count("550 DY-001  Microsoft") == 1
    assert "user5@hotmail.com and 3" in " ".join(text.split())
    both = page(recipient(DYNAMIC), recipient(RATE))
    assert "550 DY-001  Microsoft, refused for good" in both
    assert "421 RP-001  Microsoft, refused for now" in both


def test_who_refused_when_and_how_is_told() -> None:
    text = page(
        recipient(DYNAMIC, recipient="a@hotmail.com", remote_host="mx.example", remote_ip="192.0.2.1", phase="rcpt")
    )
    assert re.search(r"recipient +a@hotmail.com\n", text)
    assert re.search(r"refused by +mx.example \[192.0.2.1\]\n", text)
    assert re.search(r"refused +at RCPT TO \(the recipient\)\n", text)
    assert re.search(r"code +microsoft/DY-001\n", text)


def test_a_reply_within_a_reply_is_shown() -> None:
    text = page(
        recipient("550 5.0.350 Remote server returned an error", inner="550 DY-001 Mail rejected by Outlook.com")
    )
    assert re.search(r"within it +550 DY-001", text)
    assert "microsoft/DY-001" in text
    document = json.loads(diagnosis_object(ONE.diagnose(bounce(recipient("554 x", inner=DYNAMIC))), Language()))
    assert document["recipients"][0]["inner"]["bounce"] == "microsoft/DY-001"
    assert document["recipients"][0]["reply_code"] == 554


def test_what_is_no_bounce_is_called_what_it_is() -> None:
    assert "automatic reply" in page(kind="auto-reply")
    assert "complaint" in page(kind="feedback")
    assert "keeps trying" in page(recipient(RATE, action="delayed"), kind="delayed")
    assert "自动回复" in page(kind="auto-reply", language=CHINESE)


def test_an_internal_address_is_told_on_the_page() -> None:
    assert "The bounce names 10.1.2.3 as the sending address" in page(recipient(DYNAMIC, sending_ip="10.1.2.3"))


def test_no_line_is_wider_than_asked() -> None:
    long = recipient(
        DYNAMIC, recipient="a" * 60 + "@example.com", remote_host="x." * 100 + "example", sending_ip="10.1.2.3"
    )
    for width in (20, 40, 80, 120):
        for language in (Language(), CHINESE):
            assert max(map(cell_len, page(long, language=language, width=width).splitlines())) <= width


def test_colours_only_where_asked() -> None:
    diagnosis = ONE.diagnose(bounce(recipient()))
    assert "\x1b[" in diagnosis_text(diagnosis, RenderOptions(color=True))
    assert "\x1b" not in diagnosis_text(diagnosis, RenderOptions())
