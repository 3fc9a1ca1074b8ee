"""The sender beside others: answers, the envelope, the other messages of the run, and endings of links."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from preflight.bounces.catalogue import load_catalogue
from preflight.cli import main
from preflight.findings import Place
from preflight.net.fake import FakeSource
from preflight.registry import Registry
from preflight.runner import Run
from preflight.subject import MessageSource, Subject
from preflight.testing import report_of
from preflight_checks.message import CHECK
from tests.unit.message_samples import broken, letter, page, with_html

FROM = "Anna <anna@example.com>"


@pytest.mark.parametrize(
    ("sender", "reply_to", "rules"),
    [
        (FROM, None, set()),
        (FROM, "anna@example.com", set()),
        (FROM, "Helpdesk <help@support.example.com>", set()),
        (FROM, "help@example.net", {"reply-to-elsewhere"}),
        (FROM, "anna.firm@gmail.com", {"reply-to-freemail", "reply-to-elsewhere"}),
        (FROM, "boss@example.com, firm@163.com", {"reply-to-freemail", "reply-to-elsewhere"}),
        (FROM, "Firm <FIRM@QQ.COM>", {"reply-to-freemail", "reply-to-elsewhere"}),
        ("anna@gmail.com", "anna@outlook.com", {"reply-to-elsewhere"}),
        ("anna@gmail.com", "anna@gmail.com", set()),
        (FROM, "nobody", {"to-invalid"}),
    ],
)
def test_where_answers_go(sender: str, reply_to: str | None, rules: set[str]) -> None:
    assert broken(letter(From=sender, Reply_To=reply_to)) == rules


def envelope(sender: str, *mail_from: str) -> dict[str, str]:
    subject = Subject.of(message=MessageSource("mail.eml", letter(From=sender)), mail_from=mail_from)
    found = (one.finding for one in report_of(CHECK, subject, {}).findings)
    return {one.part: one.status.value for one in found if one.rule == "message/envelope-differs"}


def test_the_envelope_beside_from() -> None:
    assert envelope(FROM, "bounce@example.com", "x@mail.example.com", "x@example.net", "<>") == {
        "bounce@example.com": "pass",
        "x@mail.example.com": "pass",
        "x@example.net": "fail",
    }
    assert envelope("nobody", "x@example.net") == {}
    assert envelope(FROM, "<>") == {}


async def reused(*messages: MessageSource) -> list[tuple[str, str, str]]:
    subjects: Sequence[Subject] = [Subject(message=message) for message in messages]
    registry = Registry(load_catalogue())
    registry.add(CHECK)
    reports = await Run(subjects, FakeSource({}), registry=registry).fly()
    found = ((report, one.finding) for report in reports for one in report.findings)
    return [
        (report.subject.label, one.status.value, str(one.message.args.get("others", "")))
        for report, one in found
        if one.rule == "message/message-id-reused"
    ]


def test_a_message_id_used_twice_in_a_run() -> None:
    import asyncio

    same, other = letter(), letter(Message_ID="<2@mail.example.com>")
    crlf = same.replace(b"\n", b"\r\n")
    messages = [MessageSource("a.eml", same), MessageSource("b.eml", other), MessageSource("c.eml", crlf)]
    assert asyncio.run(reused(*messages)) == [
        ("a.eml", "fail", "c.eml"),
        ("b.eml", "pass", ""),
        ("c.eml", "fail", "a.eml"),
    ]
    assert asyncio.run(reused(messages[0], messages[0])) == [("a.eml", "pass", "")] * 2
    assert asyncio.run(reused(messages[0])) == [("a.eml", "pass", "")]
    assert asyncio.run(reused(MessageSource("t.eml", letter(Message_ID=None)))) == []


@pytest.mark.parametrize(
    ("url", "rules"),
    [
        ("https://shop.example.top/x", {"link-ending"}),
        ("https://shop.example.TOP./x", {"link-ending"}),
        ("https://example.com/top", set()),
        ("https://example.biz", {"link-ending"}),
    ],
)
def test_endings_that_filters_distrust(url: str, rules: set[str]) -> None:
    assert broken(with_html(page(f'<p><a href="{url}">our shop</a></p>'))) == rules


def test_the_place_in_the_file_as_programs_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "template.eml"
    file.write_bytes(letter(Subject="test"))
    assert main(["message", str(file), "--format", "json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    (trivial,) = (one for one in findings if one["rule"] == "message/subject-trivial")
    line = file.read_bytes().splitlines().index(b"Subject: test") + 1
    (place,) = (one["place"] for one in trivial["evidence"] if "place" in one)
    assert place == {"file": str(file), "line": line, "column": 1}
    assert str(Place("a.eml", 3, 4)) == "a.eml:3:4"
    assert str(Place("a.eml", 3)) == "a.eml:3"
