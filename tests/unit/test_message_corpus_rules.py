"""Messages with one thing wrong, each with exactly the rules that it breaks; `?` is what could not be told."""

import base64
from datetime import UTC, datetime

import pytest

from preflight.findings import Finding
from preflight.subject import MessageSource, Subject
from preflight.testing import report_of
from preflight_checks.mailrules import origin
from preflight_checks.message import CHECK
from tests.unit.message_samples import HEADER, PARAGRAPH, TEXT, broken, letter, page, with_file, with_html

NONE: set[str] = set()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "utc_now", lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def finding(rule: str, octets: bytes) -> Finding:
    report = report_of(CHECK, Subject(message=MessageSource("mail.eml", octets)), {})
    (found,) = (one.finding for one in report.findings if one.finding.rule == f"message/{rule}")
    return found


def test_the_model_message_breaks_no_rule() -> None:
    assert broken(letter()) == NONE
    assert broken(with_html(page())) == NONE
    assert broken(with_file(b"text", "notes.txt")) == NONE


@pytest.mark.parametrize(
    ("subject", "rules"),
    [
        (None, {"subject-missing"}),
        ("", {"subject-missing"}),
        ("=?utf-8?B?ICAg?=", {"subject-missing"}),
        ("test", {"subject-trivial"}),
        ("Re: hello", {"subject-trivial", "fake-reply"}),
        ("=?utf-8?B?5rWL6K+V?=", {"subject-trivial"}),
        ("=?utf-8?B?44OG44K544OI?=", {"subject-trivial"}),
        ("=?koi8-r?B?1MXT1A==?=", {"subject-trivial"}),
        ("=?iso-8859-1?Q?Pr=FCfung_der_Rechnung?=", NONE),
        ("MINUTES OF THE MEETING", {"subject-capitals"}),
        ("NASA TALK", NONE),
        ("Minutes from NASA and ESA", NONE),
        ("minutes " * 30, {"subject-long"}),
        ("Minutes at https://example.com/minutes", {"subject-url"}),
        ("Minutes at www.example.com", {"subject-url"}),
        ("Re: Minutes of the meeting", {"fake-reply"}),
        ("AW: Minutes of the meeting", {"fake-reply"}),
        ("RE[2]: Minutes of the meeting", {"fake-reply"}),
        ("=?utf-8?B?5Zue5aSN77ya5Lya6K6u57qq6KaB?=", {"fake-reply"}),
        ("Fwd: Minutes of the meeting", NONE),
        ("Regarding: the minutes", NONE),
    ],
)
def test_subjects(subject: str | None, rules: set[str]) -> None:
    assert broken(letter(Subject=subject)) == rules


@pytest.mark.parametrize("field", ["In-Reply-To", "References"])
def test_a_real_answer(field: str) -> None:
    octets = letter(Subject="Re: Minutes of the meeting", extra=[f"{field}: <a@example.net>"])
    assert broken(octets) == NONE


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (None, {"from-missing"}),
        ("", {"from-missing"}),
        ("Anna", {"from-invalid"}),
        ("Anna <anna>", {"from-invalid"}),
        ("Anna <>", {"from-invalid"}),
        ("<@example.com>", {"from-invalid"}),
        ("anna@exam ple.com", {"from-invalid"}),
        ("anna@-example.com", {"from-invalid"}),
        ("Anna <anna@example.com", NONE),
        ("anna@example.com", NONE),
        ("anna@example.com (Anna)", NONE),
        ('"Jansen, Anna" <anna@example.com>', NONE),
        ('"anna j"@example.com', NONE),
        ("anna@[192.0.2.1]", NONE),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@example.com>", NONE),
        ("Anna <anna@example.com>, Bert <bert@example.com>", {"from-multiple"}),
        ('"support@example.org" <x@example.com>', {"from-display-name"}),
        ("=?utf-8?B?cGF5QGV4YW1wbGUub3Jn?= <x@example.com>", {"from-display-name"}),
        ('"anna@example.com" <anna@example.com>', NONE),
        ('"anna@mail.example.com" <anna@example.com>', NONE),
        ("example.org <x@example.com>", NONE),
    ],
)
def test_from(value: str | None, rules: set[str]) -> None:
    assert broken(letter(From=value)) == rules


@pytest.mark.parametrize(
    ("to", "more", "rules"),
    [
        (None, [], {"to-missing"}),
        ("", [], {"to-missing"}),
        (None, ["Cc: bert@example.net"], NONE),
        (None, ["Bcc: bert@example.net"], NONE),
        ("undisclosed-recipients:;", [], {"to-undisclosed"}),
        ("Undisclosed recipients: ;", [], {"to-undisclosed"}),
        ("Team: anna@example.com, bert@example.net;", [], NONE),
        ("bert", [], {"to-invalid"}),
        ("bert@example.net, nobody", [], {"to-invalid"}),
        ("bert@example.net", ["Cc: <broken"], {"to-invalid"}),
        ("bert@example.net", ["Reply-To: call me"], {"to-invalid"}),
        ("bert@example.net", ["Reply-To: anna@example.com"], NONE),
        ("a@example.net,b@example.net,\r\n c@example.net", [], NONE),
    ],
)
def test_recipients(to: str | None, more: list[str], rules: set[str]) -> None:
    assert broken(letter(To=to, extra=more)) == rules


@pytest.mark.parametrize(
    ("date", "received", "rules"),
    [
        (None, True, {"date-missing"}),
        (None, False, {"date-missing"}),
        ("yesterday", True, {"date-invalid"}),
        ("2026-11-23T10:00:00Z", True, {"date-invalid"}),
        ("Mon, 23 Nov 26 10:00:00 +0000", True, {"date-invalid"}),
        ("Mon, 23 Nov 2026 10:00:00 +9900", True, {"date-invalid"}),
        ("Mon, 23 Nov 2026 25:00:00 +0000", True, {"date-invalid"}),
        ("Mon, 31 Feb 2026 10:00:00 +0000", True, {"date-invalid"}),
        ("Mon, 23 Nov 2026 10:00:00", True, {"date-invalid"}),
        ("Mon, 23 Nov 2026 11:00:00 +0100 (CET)", True, NONE),
        ("23 Nov 2026 10:00 GMT", True, NONE),
        ("Mon, 23 Nov 2026 05:00:00 EST", True, NONE),
        ("Mon, 23 Nov 2026 12:00:02 +0000", True, NONE),
        ("Mon, 23 Nov 2026 12:00:03 +0000", True, {"date-future"}),
        ("Tue, 24 Nov 2026 10:00:00 +0000", True, {"date-future"}),
        ("Sun, 22 Nov 2026 10:00:02 +0000", True, NONE),
        ("Sun, 22 Nov 2026 10:00:01 +0000", True, {"date-past"}),
        ("Thu, 01 Jan 1970 00:00:00 +0000", True, {"date-past"}),
        ("Mon, 23 Nov 2026 14:00:00 +0000", False, NONE),
        ("Mon, 23 Nov 2026 14:00:01 +0000", False, {"date-future"}),
        ("Sun, 22 Nov 2026 12:00:00 +0000", False, NONE),
        ("Sun, 22 Nov 2026 11:59:59 +0000", False, {"?date-past"}),
    ],
)
def test_dates(date: str | None, received: bool, rules: set[str]) -> None:
    octets = letter(Date=date, Received=HEADER["Received"] if received else None)
    assert broken(octets) == rules


def test_a_received_field_without_a_time_is_no_clock() -> None:
    octets = letter(Received="from a by b", Date="Mon, 23 Nov 2026 15:00:00 +0000")
    assert broken(octets) == {"date-future"}


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (None, {"message-id-missing"}),
        ("4711@mail.example.com", {"message-id-invalid"}),
        ("<4711>", {"message-id-invalid"}),
        ("<a b@mail.example.com>", {"message-id-invalid"}),
        ("<a@b@mail.example.com>", {"message-id-invalid"}),
        ("<4711@localhost>", {"message-id-domain"}),
        ("<4711@mailserver>", {"message-id-domain"}),
        ("<4711@localhost.localdomain>", {"message-id-domain"}),
        ("<4711@[192.0.2.1]>", NONE),
        ("<a.b+c=d@mail.example.com>", NONE),
    ],
)
def test_message_ids(value: str | None, rules: set[str]) -> None:
    assert broken(letter(Message_ID=value)) == rules


def test_a_message_that_is_not_finished_is_told_of_once() -> None:
    assert broken(letter(Date=None, Message_ID=None, Received=None)) == {"unfinished"}
    assert broken(letter(Date=None, Message_ID=None)) == {"date-missing", "message-id-missing"}


@pytest.mark.parametrize(
    "name", ["Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "References", "Subject", "Content-Type"]
)
def test_fields_that_stand_there_twice(name: str) -> None:
    line = f"{name}: {HEADER.get(name, 'anna@example.com')}"
    octets = letter(extra=[line] if name in HEADER else [line, line])
    assert broken(octets) == {"duplicate-field"}
    assert finding("duplicate-field", octets).part == name


def test_fields_that_may_stand_there_often() -> None:
    assert broken(letter(extra=["Received: x; y", "Comments: a", "Comments: b", "X-A: 1", "X-A: 2"])) == NONE


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"Subject": "会议纪要：星期一"}, {"raw-8bit-header"}),
        ({"From": "Jürgen <j@example.com>"}, {"raw-8bit-header"}),
        ({"X-Note": "Grüße"}, {"raw-8bit-header"}),
    ],
)
def test_characters_beyond_ascii_in_the_header(changes: dict[str, str], rules: set[str]) -> None:
    assert broken(letter(**changes)) == rules


@pytest.mark.parametrize(
    ("octets", "rules"),
    [
        (letter("x" * 998 + "\n" + TEXT), NONE),
        (letter("x" * 999 + "\n" + TEXT), {"line-too-long"}),
        (letter(TEXT + "x" * 999), {"line-too-long"}),
        (letter(TEXT + "x" * 998), NONE),
        (letter(extra=["X-Long: " + "x" * 998]), {"line-too-long"}),
        (letter().replace(b"\r\n", b"\n"), NONE),
        (letter().replace(b"\r\n", b"\r"), NONE),
        (letter("x" * 999 + "\n" + TEXT).replace(b"\r\n", b"\n"), {"line-too-long"}),
        (letter().replace(b"ten, in\r\n", b"ten, in\n", 1).replace(b"on\r\nthree", b"on\nthree", 1), {"line-ends"}),
        (letter().replace(b"agreed on\r\n", b"agreed\ron\r\n", 1), {"line-ends"}),
        (letter().replace(b"\r\n", b"\n").replace(b"We talked", b"We\rtalked", 1), {"line-ends"}),
        (letter().replace(b"We talked", b"We\0talked", 1), {"nul-octet"}),
    ],
)
def test_lines_and_octets(octets: bytes, rules: set[str]) -> None:
    assert broken(octets) == rules


UTF8 = "Grüße aus Köln. " + TEXT
B64 = base64.encodebytes(TEXT.encode()).decode()


@pytest.mark.parametrize(
    ("octets", "rules"),
    [
        (letter(MIME_Version=None), NONE),
        (with_html(page(), MIME_Version=None), {"mime-version-missing"}),
        (letter(B64, MIME_Version=None, Content_Transfer_Encoding="base64"), {"mime-version-missing", "base64-text"}),
        (letter(Content_Type="text"), {"content-type-broken"}),
        (letter(Content_Type="text plain; charset=utf-8"), {"content-type-broken"}),
        (letter(Content_Type=None), NONE),
        (letter(UTF8, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"), NONE),
        (letter(UTF8, Content_Type="text/plain; charset=utf-8"), {"encoding-mismatch"}),
        (letter(UTF8, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="7bit"),
         {"encoding-mismatch"}),
        (letter(UTF8, Content_Type=None, Content_Transfer_Encoding="8bit"), {"charset"}),
        (letter(UTF8, Content_Type="text/plain", Content_Transfer_Encoding="8bit"), {"charset"}),
        (letter(UTF8, Content_Type="text/plain; charset=us-ascii", Content_Transfer_Encoding="8bit"), {"charset"}),
        (letter(UTF8, Content_Type="text/plain; charset=x-nobody", Content_Transfer_Encoding="8bit"), {"charset"}),
        (letter(Content_Type="text/plain; charset=x-nobody"), {"charset"}),
        (letter(UTF8.encode("latin-1"), Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"),
         {"charset"}),
        (letter(UTF8.encode("latin-1"), Content_Type="text/plain; charset=iso-8859-1",
                Content_Transfer_Encoding="8bit"), NONE),
        (letter(UTF8.encode().decode("cp1252") + "Ã¼", Content_Type="text/plain; charset=utf-8",
                Content_Transfer_Encoding="8bit"), {"charset"}),
        (letter("\ufffd" * 3 + UTF8, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"),
         {"charset"}),
        (letter(("会议纪要。" * 300).encode("gb18030"), Content_Type="text/plain; charset=gb2312",
                Content_Transfer_Encoding="8bit"), {"line-too-long"}),
        (letter(B64, Content_Transfer_Encoding="base64"), {"base64-text"}),
        (letter(base64.encodebytes(UTF8.encode()).decode(), Content_Type="text/plain; charset=utf-8",
                Content_Transfer_Encoding="base64"), NONE),
        (letter(base64.encodebytes(b"x" * 3000).decode(), Content_Transfer_Encoding="base64"), NONE),
        (letter(Content_Transfer_Encoding="x-mystery"), {
            "encoding-mismatch", "?body-too-small", "?body-empty", "?body-only-link", "?base64-text", "?charset",
            "?alternatives-differ", "?images-few-words", "?hidden-text", "?active-content", "?gtube",
            "?placeholder", "?link-ip", "?link-shortener", "?link-mismatch", "?link-obscured", "?link-ending",
        }),
    ],
)  # fmt: skip
def test_mime(octets: bytes, rules: set[str]) -> None:
    assert broken(octets) == rules


def test_a_multipart_may_not_be_encoded() -> None:
    octets = with_html(page(), Content_Transfer_Encoding="base64")
    assert broken(octets) == {"encoding-mismatch"}


@pytest.mark.parametrize(
    ("octets", "rules"),
    [
        (letter("short"), {"body-too-small"}),
        (letter(""), {"body-too-small", "body-empty"}),
        (letter(" \n\n"), {"body-too-small", "body-empty"}),
        (letter("https://example.com/a"), {"body-too-small", "body-only-link"}),
        (letter("\nhttps://example.com/" + "a" * 2200), {"body-only-link", "line-too-long"}),
        (with_html("<p> </p>", " "), {"body-too-small", "body-empty"}),
        (with_html('<a href="https://example.com/a">https://example.com/a</a>', "https://example.com/a"),
         {"body-too-small", "body-only-link"}),
    ],
)  # fmt: skip
def test_bodies(octets: bytes, rules: set[str]) -> None:
    assert broken(octets) == rules


@pytest.mark.parametrize(
    ("html", "rules"),
    [
        ('<img src="https://example.com/a.png">', NONE),
        ('<p style="display:none">' + "free money now " * 5 + "</p>", {"hidden-text"}),
        ('<p style="font-size:0px">' + "free money now " * 5 + "</p>", {"hidden-text"}),
        ('<p style="visibility: hidden">' + "free money now " * 5 + "</p>", {"hidden-text"}),
        ('<p style="opacity:0">' + "free money now " * 5 + "</p>", {"hidden-text"}),
        ('<p style="color:#fff;background:#ffffff">' + "free money now " * 5 + "</p>", {"hidden-text"}),
        ('<table bgcolor="#336699"><tr><td style="color:rgb(51,102,153)">' + "free money " * 5 + "</td></tr></table>",
         {"hidden-text"}),
        ("<div hidden>" + "free money now " * 5 + "</div>", {"hidden-text"}),
        ('<p style="color:#fff;background:#336699">' + "Order now, please. " * 5 + "</p>", NONE),
        ('<p style="font-size:10px">' + "small print " * 5 + "</p>", NONE),
        ('<span style="display:none">label</span>', NONE),
        ("<!-- " + "a comment " * 20 + " -->", NONE),
        ("<style>p { color: red }</style>", NONE),
        ("<script>alert(1)</script>", {"active-content"}),
        ('<script type="application/ld+json">{}</script>', NONE),
        ('<iframe src="https://example.com"></iframe>', {"active-content"}),
        ("<object></object>", {"active-content"}),
        ('<embed src="https://example.com/a">', {"active-content"}),
        ('<form action="https://example.com"><input name="a"></form>', {"active-content"}),
        ('<base href="https://example.com">', {"active-content"}),
        ('<meta http-equiv="refresh" content="0;url=https://example.com">', {"active-content"}),
        ('<meta http-equiv="Content-Type" content="text/html; charset=utf-8">', NONE),
        ('<p onclick="x()">hello</p>', {"active-content"}),
        ('<a href="javascript:x()">hello</a>', {"active-content"}),
        ('<a href="http://192.0.2.1/a">hello</a>', {"link-ip"}),
        ('<a href="https://[2001:db8::1]/a">hello</a>', {"link-ip"}),
        ('<a href="http://3221225985/a">hello</a>', {"link-ip"}),
        ('<a href="http://0xC0000201/a">hello</a>', {"link-ip"}),
        ('<a href="http://user@192.0.2.1:8080/">hello</a>', {"link-ip"}),
        ('<a href="https://bit.ly/abc">hello</a>', {"link-shortener"}),
        ('<a href="https://www.tinyurl.com/abc">hello</a>', {"link-shortener"}),
        ('<a href="https://example.org/a">https://www.example.com/a</a>', {"link-mismatch"}),
        ('<a href="https://example.org/a">www.example.com</a>', {"link-mismatch"}),
        ('<a href="https://example.org/a">example.com</a>', {"link-mismatch"}),
        ('<a href="https://click.example.com/a">www.example.com</a>', NONE),
        ('<a href="https://example.org/a">your order</a>', NONE),
        ('<a href="https://example.org/readme.md">readme.md</a>', NONE),
        ('<a href="mailto:anna@example.com">www.example.com</a>', NONE),
        ('<a href="https://exa\u200bmple.com/">hello</a>', {"link-obscured"}),
        ('<a href="https://ex\u0430mple.com/">hello</a>', {"link-obscured"}),
        ('<a href="https://münchen.example/">hello</a>', NONE),
        ('<a href="https://пример.example/">hello</a>', NONE),
        ('<a href="https://example.com/?u={{user_id}}">hello</a>', {"placeholder"}),
    ],
)  # fmt: skip
def test_html(html: str, rules: set[str]) -> None:
    assert broken(with_html(page(html))) == rules


def test_a_preview_line_is_no_hidden_text() -> None:
    preview = (
        '<div style="display:none;max-height:0">What we agreed on in our meeting' + "&zwnj;&nbsp;\n" * 90 + "</div>"
    )
    html = f"<html><body>{preview}<p>{TEXT}</p></body></html>"
    assert broken(with_html(html)) == NONE


@pytest.mark.parametrize(
    ("octets", "rules"),
    [
        (with_html(page(), None), {"html-only"}),
        (with_html(page(), "Your mail program cannot show this message; please open it on the web."),
         {"alternatives-differ"}),
        (with_html(page(), "Quite another text stands here, about the weather on Mars, dust, storms and rocks. " * 9),
         {"alternatives-differ"}),
        (with_html('<img src="https://example.com/a.png">' * 3, None),
         {"html-only", "images-few-words", "body-too-small"}),
        (with_html('<p>Sale today</p><img src="https://example.com/a.png">', "Sale today"),
         {"images-few-words", "body-too-small"}),
        (with_html(f'<p>{PARAGRAPH * 3}</p><img src="https://example.com/a.png">', PARAGRAPH * 3), {"body-too-small"}),
        (with_html('<p>Sale today</p><img width="1" height="1" src="https://example.com/a">', "Sale today"),
         {"body-too-small"}),
    ],
)  # fmt: skip
def test_versions_and_pictures(octets: bytes, rules: set[str]) -> None:
    assert broken(octets) == rules


GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.mark.parametrize(
    ("octets", "rules"),
    [
        (letter(TEXT + GTUBE), {"gtube"}),
        (letter(base64.encodebytes((TEXT + "ü" + GTUBE).encode()).decode(), Content_Type="text/plain; charset=utf-8",
                Content_Transfer_Encoding="base64"), {"gtube"}),
        (with_file(EICAR, "eicar.txt"), {"gtube"}),
        (letter(TEXT + "GTUBE is a test string"), NONE),
        (letter(TEXT + "http://192.0.2.1/a"), {"link-ip"}),
        (letter(TEXT + "http://[2001:db8::1]/a"), {"link-ip"}),
        (letter(TEXT + "see https://bit.ly/abc."), {"link-shortener"}),
        (letter(TEXT + "see https://example.com/192.0.2.1"), NONE),
        (letter("Dear {{first_name}},\n" + TEXT), {"placeholder"}),
        (letter("Dear ${user.name},\n" + TEXT), {"placeholder"}),
        (letter("Dear *|FNAME|*,\n" + TEXT), {"placeholder"}),
        (letter("Dear %%FirstName%%,\n" + TEXT), {"placeholder"}),
        (letter("Dear %recipient.name%,\n" + TEXT), {"placeholder"}),
        (letter("Dear <%= name %>,\n" + TEXT), {"placeholder"}),
        (letter("{% if a %}Dear Anna{% endif %},\n" + TEXT), {"placeholder"}),
        (letter("Dear [[name]],\n" + TEXT), {"placeholder"}),
        (letter("Dear [First Name],\n" + TEXT), {"placeholder"}),
        (letter("Lorem ipsum dolor sit amet.\n" + TEXT), {"placeholder"}),
        (letter(Subject="Your order {{order_id}} of Monday"), {"placeholder"}),
        (letter("It costs 5 % more, that is 10 %, see [1] and {2}.\n" + TEXT), NONE),
    ],
)  # fmt: skip
def test_texts(octets: bytes, rules: set[str]) -> None:
    assert broken(octets) == rules


HTTPS, MAILTO = "<https://example.com/leave?u=1>", "<mailto:leave@example.com>"
POST = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("extra", "rules"),
    [
        (["Precedence: bulk"], {"list-unsubscribe"}),
        (["Precedence: list"], {"list-unsubscribe"}),
        (["List-Id: News <news.example.com>"], {"list-unsubscribe"}),
        (["Feedback-ID: a:b:c:d"], {"list-unsubscribe"}),
        (["Precedence: first-class"], NONE),
        ([f"List-Unsubscribe: {HTTPS}, {MAILTO}", POST], NONE),
        ([f"List-Unsubscribe: {HTTPS}", POST], {"list-unsubscribe-mailto"}),
        ([f"List-Unsubscribe: {HTTPS}, {MAILTO}"], {"list-unsubscribe-one-click"}),
        ([f"List-Unsubscribe: {MAILTO}", POST], {"list-unsubscribe-one-click"}),
        (["List-Unsubscribe: <http://example.com/leave>, " + MAILTO, POST], {"list-unsubscribe-one-click"}),
        (["List-Unsubscribe: https://example.com/leave"], {"list-unsubscribe"}),
        ([f"List-Unsubscribe: {HTTPS}, {MAILTO}", POST,
          "DKIM-Signature: v=1; h=From:To:List-Unsubscribe:\r\n List-Unsubscribe-Post; b=x"], NONE),
        ([f"List-Unsubscribe: {HTTPS}, {MAILTO}", POST, "DKIM-Signature: v=1; h=From:To; b=x"],
         {"list-unsubscribe-one-click"}),
    ],
)  # fmt: skip
def test_mail_to_many(extra: list[str], rules: set[str]) -> None:
    assert broken(letter(extra=extra)) == rules


@pytest.mark.parametrize(
    ("megabytes", "count"), [(7, 0), (8, 1), (20, 3), (28, 4)], ids=["under", "over 10", "over 25", "over 36"]
)
def test_sizes(megabytes: int, count: int) -> None:
    """Base64 makes a third more of them."""
    octets = with_file(b"\x01\x02\x03" * (megabytes * 1024 * 1024 // 3), "a.dat")
    found = finding("too-large", octets)
    assert found.status == ("fail" if count else "pass")
    assert len(found.evidence) == count


# Where it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "octets", "place", "seen"),
    [
        ("subject-trivial", letter(Subject="test"), "line 4, column 1", "Subject: test"),
        ("date-invalid", letter(Date="now"), "line 5, column 1", "Date: now"),
        ("message-id-domain", letter(Message_ID="<1@a>"), "line 6, column 1", "Message-ID: <1@a>"),
        ("link-ip", letter("Look:\n  at http://192.0.2.1/a\n" + TEXT), "line 11, column 6", "http://192.0.2.1/a"),
        ("placeholder", letter("Dear {{name}},\n" + TEXT), "line 10, column 6", "{{name}},"),
        ("nul-octet", letter("a\0b\n" + TEXT), "line 10, column 2", "\0b"),
        ("gtube", letter("a " + GTUBE + "\n" + TEXT), "line 10, column 3", GTUBE),
        ("raw-8bit-header", letter(Subject="Minutes für uns"), "line 4, column 19", "ür uns"),
    ],
)
def test_evidence_points_at_the_place(rule: str, octets: bytes, place: str, seen: str) -> None:
    evidence = {piece.asked: piece.seen for piece in finding(rule, octets).evidence}
    assert evidence[place] == seen


def test_evidence_in_html_points_at_the_place() -> None:
    octets = with_html('<p>Grüße</p>\n  <a href="http://192.0.2.1/">hello</a>' + page())
    line = octets[: octets.index(b"  <a href")].count(b"\n") + 1
    place, *_ = finding("link-ip", octets).evidence
    assert place.asked == f"line {line}, column 12"
    assert place.seen.startswith("http://192.0.2.1/")


def test_evidence_in_an_encoded_text_points_at_its_part() -> None:
    body = base64.encodebytes(("ü http://192.0.2.1/ " + TEXT).encode()).decode()
    octets = letter(body, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="base64")
    assert [(piece.asked, piece.seen) for piece in finding("link-ip", octets).evidence] == [
        ("line 1, column 1", f"Received: {HEADER['Received']}"),
        ("excerpt", "http://192.0.2.1/"),
    ]
