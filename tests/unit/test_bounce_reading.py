"""The reading of bounces beyond the samples: replies, pasted text, logs, odd files, and any octets at all."""

import gzip
import io
import json
import mailbox
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import charsets
from preflight.bounces.reading import BounceReport, Recipient, read_any, read_log, read_message, read_pasted, read_reply
from preflight.bounces.reading.addresses import address_of, ip_of
from preflight.bounces.reading.kinds import is_answer
from preflight.bounces.reading.log_lines import Memory, Recent, time_of
from preflight.bounces.reading.mime import from_html, read_part
from preflight.bounces.reading.words import load_phrases

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAEMON = b"From: MAILER-DAEMON@mx.example.com\nTo: news@example.com\nSubject: Returned mail\n"


@pytest.mark.parametrize(
    ("text", "code", "enhanced", "phase"),
    [
        ("550 5.7.1 hello", 550, "5.7.1", "unknown"),
        ("550-5.7.1 a\n550 5.7.1 b", 550, "5.7.1", "unknown"),
        ("550: 5.1.1 a", 550, "5.1.1", "unknown"),
        ("550 550 #5.1.0 a", 550, "5.1.0", "unknown"),
        ("#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##", 550, "5.1.1", "unknown"),
        ("554 refused (#5.7.1)", 554, "5.7.1", "unknown"),
        ("5.7.1 a", None, "5.7.1", "unknown"),
        ("Remote Server returned '550 5.7.606 a'", 550, "5.7.606", "unknown"),
        ("host a.example[192.0.2.1] refused to talk to me: 421 a", 421, None, "connect"),
        ("lost connection with a.example[192.0.2.1] while performing the HELO handshake", None, None, "helo"),
        ("SMTP error from remote mail server after HELO mx.example.com: 501 a", 501, None, "helo"),
        ("host a.example[192.0.2.1] said: 550 a (in reply to MAIL FROM command)", 550, None, "mail"),
        ("SMTP error from remote mail server after pipelined RCPT TO:<u@example.net>: 550 a", 550, None, "rcpt"),
        ("lost connection with a.example[192.0.2.1] while sending end of data -- sent", None, None, "data"),
        ("SMTP error, DOT: 554 a", 554, None, "data"),
        ("550 blocked (Postfix 2.5.1)", 550, None, "unknown"),
        ("550 see 5.6.7.8", 550, None, "unknown"),
        ("the port is 587 and the size 4500", None, None, "unknown"),
        ("", None, None, "unknown"),
    ],
)
def test_codes_and_phase_of_a_reply(text: str, code: int | None, enhanced: str | None, phase: str) -> None:
    one = read_reply(text)
    assert (one.reply_code, one.enhanced_code, one.phase) == (code, enhanced, phase)


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        ("550 5.7.1 [198.51.100.7      12] unsolicited", "198.51.100.7"),
        ("550 Client host [2001:db8::7] blocked", "2001:db8::7"),
        ("554 see https://list.example/query/ip/198.51.100.7", "198.51.100.7"),
        ("host a.example[192.0.2.1] said: 550 192.0.2.1 does not want you", None),
        ("550 from 127.0.0.1", None),
        ("550 version 4.94.2", None),
        ("550 999.1.1.1", None),
    ],
)
def test_the_address_that_is_refused(text: str, ip: str | None) -> None:
    assert read_reply(text).sending_ip == ip


def test_a_reply_within_a_reply() -> None:
    one = read_reply("550 5.0.350 Remote server returned an error -> 550 5.7.1 blocked")
    assert (one.enhanced_code, one.inner) == ("5.0.350", "550 5.7.1 blocked")
    assert read_reply("550 5.1.1 no such user").inner is None


def test_pasted_text_that_is_no_bounce() -> None:
    for text in ("", "hello\nworld", "Call me at 5.30 on 450 Main Street"):
        assert [report.kind for report in read_pasted(text, "-")] == ["not-a-bounce"]


def test_a_reply_in_a_letter() -> None:
    (report,) = read_pasted("It said\n\n> 550 5.4.1 Recipient address rejected: Access denied\n\nWhat now?", "-")
    assert (report.kind, report.recipients[0].enhanced_code) == ("bounce", "5.4.1")


def test_times_in_logs() -> None:
    assert time_of("Nov 24 10:00:00 mx", NOW) == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert time_of("Dec  1 10:00:00 mx", NOW) == datetime(2025, 12, 1, 10, tzinfo=UTC)
    assert time_of("Feb 29 10:00:00 mx", NOW) == datetime(2024, 2, 29, 10, tzinfo=UTC)
    assert time_of("Feb 31 10:00:00 mx", NOW) is None
    assert time_of("<22>Nov 24 2024 10:00:00 mx", NOW) == datetime(2024, 11, 24, 10, tzinfo=UTC)
    east = timezone(timedelta(hours=8))
    assert time_of("2026-11-24T10:00:00.123+08:00 mx", NOW) == datetime(2026, 11, 24, 10, tzinfo=east)
    assert time_of("<22>1 2026-11-24T10:00:00Z mx", NOW) == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert time_of("2026-13-24 10:00:00 mx", NOW) is None
    assert time_of("@4000000065" + "0" * 14, NOW) == datetime.fromtimestamp(0x65000000 - 10, UTC)
    assert time_of("hello 2026", NOW) is None


def test_memory_does_not_grow_with_a_log() -> None:
    recent: Recent[str] = Recent(most=3)
    for number in range(10):
        recent.put(str(number), "a")
    assert [recent.get(str(number)) for number in range(10)] == [None] * 7 + ["a"] * 3
    memory = Memory()
    for number in range(200):
        memory.wait("A1B2C3D", Recipient(recipient=f"u{number}@example.net"))
    assert len(memory.waiting.take("A1B2C3D") or {}) == 50
    assert memory.waiting.take("A1B2C3D") is None


def test_a_maildir_and_an_mbox(tmp_path: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "MAILER-DAEMON@mx.example.com",
        "news@example.com",
        "failure notice",
    )
    message.set_content("<u1@example.net>:\nRemote host said: 550 5.1.1 no\n\nFrom here on nothing is said.\n")
    folder = mailbox.Maildir(tmp_path / "maildir")
    folder.add(message)
    (tmp_path / "maildir" / "tmp" / "half").write_text("550 5.7.1 half written")
    (tmp_path / "maildir" / ".hidden").write_text("550 5.7.1 hidden")
    box = mailbox.mbox(tmp_path / "box")
    box.add(message)
    box.add(message)
    box.close()
    assert [(report.kind, report.recipients[0].reply_code) for report in read_any(tmp_path / "maildir")] == [
        ("bounce", 550)
    ]
    assert [report.source for report in read_any(tmp_path / "box", label="box")] == ["box:1", "box:2"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_any(tmp_path / "none"))
    with pytest.raises(OSError, match="cannot be unpacked"):
        list(read_any(io.BytesIO(gzip.compress(b"550 5.1.1 a" * 1000)[:20]), label="a.gz"))
    with pytest.raises(OSError, match="cannot be unpacked"):
        list(read_any(io.BytesIO(gzip.compress(b"x", mtime=0)[:10] + b"\xff" * 20), label="a.gz"))
    assert [report.kind for report in read_any(io.BytesIO(b""))] == ["not-a-bounce"]


def test_a_line_of_json_that_journald_did_not_write() -> None:
    for line in (b"{", b"[]", b'{"a": 1}', b'{"MESSAGE": 1}', b"{" * 70_000, b'{"MESSAGE":[300,"a"]}'):
        assert list(read_log([line], now=NOW)) == []
    octets = list(b"A1B2C3D: to=<u@example.net>, relay=none, dsn=5.4.4, status=bounced (no \xff)")
    (report,) = read_log([json.dumps({"MESSAGE": octets}).encode()], now=NOW)
    assert report.recipients[0].enhanced_code == "5.4.4"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Autoreply", "yes"),
        ("Precedence", "auto_reply"),
        ("Auto-Submitted", "auto-replied"),
        ("Subject", "Re: Out of office"),
    ],
)
def test_answers_of_programs(name: str, value: str) -> None:
    assert is_answer(read_part(f"{name}: {value}\n\n".encode()))


def test_addresses_in_fields() -> None:
    assert address_of("rfc822; u@example.net") == "u@example.net"
    assert address_of("rfc822;<u@example.net>") == "u@example.net"
    assert address_of("RFC822; SMTP:u@example.net") == "u@example.net"
    assert address_of("utf-8; jos\\x{E9}@example.net") == "josé@example.net"
    assert address_of("utf-8; a\\x{D800}@example.net") == "a\ufffd@example.net"
    assert address_of("rfc822; @a.example:u@example.net") == "u@example.net"
    assert address_of("rfc822; User One (u@example.net)") == "u@example.net"
    assert address_of("rfc822; nobody") is None
    assert ip_of("[IPv6:2001:DB8::1]") == "2001:db8::1"
    assert ip_of("1.2.3") is None


def test_html_as_text() -> None:
    assert from_html("<p>a<br>b&amp;c</p><style>x</style><!-- y -->").split() == ["a", "b&c"]
    assert from_html("<style>never closed 550").strip().endswith("never closed 550")


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb18030", "抱歉，您的邮件被退回来了"),
        ("gb18030", "发票"),
        ("big5", "抱歉，您的郵件無法投遞"),
        ("cp932", "宛先が見つかりません。"),
        ("euc_jp", "メールを配信できませんでした"),
        ("iso2022_jp", "メールを配信できませんでした"),
        ("koi8-r", "Сообщение не доставлено"),
        ("cp1251", "Сообщение не доставлено"),
        ("euc_kr", "메일을 전송하지 못했습니다"),
        ("latin-1", "Empfänger ungültig"),
        ("utf-8", "не доставлено"),
    ],
)
def test_text_without_a_charset(charset: str, text: str) -> None:
    assert charsets.guess(f"550 {text}".encode(charset)) == f"550 {text}"


def test_phrases_are_read() -> None:
    assert "mailer-daemon" in load_phrases().daemons


def test_many_recipients_are_all_read() -> None:
    group = "Final-Recipient: rfc822; u{0}@example.net\nAction: failed\nStatus: 5.1.1\n\n"
    body = "Reporting-MTA: dns; mx.example.com\n\n" + "".join(group.format(number) for number in range(10_000))
    report = read_message(DAEMON + b"Content-Type: message/delivery-status\n\n" + body.encode(), "many")
    assert len(report.recipients) == 10_000


CHARSETS = ["utf-8", "gb18030", "big5", "iso-2022-jp", "koi8-r", "utf-7", "idna", "x-none", ""]
TOKENS = st.sampled_from(
    [
        "550", "550 5.7.1 ", "421-", "said: ", "(in reply to ", "<u@example.net>", "host a.example[192.0.2.1]",
        "\n", "\r", ": ", ">>> ", "<<< ", "->", "#", "smtp; ", "--b\n", "\x1b$B", "é", "收件人：", "\ud7ff", " ** ",
        "stat=", "{", "Final-Recipient: rfc822; a@b.example\n", "status=bounced (", "to=<", "<style>", "=?a?b?",
        "Content-Type: multipart/mixed; boundary=b\n",
    ]
)  # fmt: skip
TEXTS = st.lists(TOKENS | st.text(max_size=8), max_size=40).map("".join)


def sound(reports: "list[BounceReport]") -> bool:
    """Whether nothing stands in reports that their definition does not allow."""
    recipients: list[Recipient] = [one for report in reports for one in report.recipients]
    return all(
        "\n" not in one.text and f"{one}".encode() and (one.reply_code is None or 200 <= one.reply_code < 600)
        for one in recipients
    )


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    octets = text.encode("utf-8", "replace")
    read_reply(text)
    assert sound(list(read_pasted(text, "-")))
    assert sound(list(read_any(io.BytesIO(octets), now=NOW)))
    assert sound([read_message(DAEMON + octets, "-"), read_message(octets, "-")])
    assert sound(list(read_log(octets.split(b"\n"), now=NOW)))


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_octets_are_read(octets: bytes) -> None:
    assert sound([read_message(DAEMON + b"\n" + octets, "-")])
    try:
        assert sound(list(read_any(io.BytesIO(octets), now=NOW)))
    except OSError:
        assert octets.startswith(b"\x1f\x8b")  # said to be packed, and is not


@given(st.sampled_from(CHARSETS), st.binary(max_size=80))
@settings(max_examples=80, deadline=None)
def test_any_octets_in_any_charset(charset: str, octets: bytes) -> None:
    charsets.decode(octets, charset).encode()


def test_a_recipient_in_a_later_part_is_found() -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n"
    part = b"--b0\nContent-Type: text/plain\n\n"
    told = b"Your message could not be delivered.\n" + part + b"<u1@example.net>: mailbox closed\n--b0--\n"
    report = read_message(DAEMON + head + b"\n" + part + told, "mail")
    assert [(one.recipient, one.text) for one in report.recipients] == [("u1@example.net", "mailbox closed")]
