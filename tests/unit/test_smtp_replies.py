"""Replies of SMTP: what is one, what is none, and what is behind one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.net.smtp import MAX_LINE, MAX_LINES, Reply, SmtpTrouble, Trouble, read_reply, shown

TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("data", "reply", "rest"),
    [
        (b"220 mail.example.com ESMTP\r\n", Reply(220, ("mail.example.com ESMTP",)), b""),
        (b"220\r\n", Reply(220, ("",)), b""),
        (b"250-a\r\n250-b\r\n250 c\r\n", Reply(250, ("a", "b", "c")), b""),
        (b"250-a\r\n250\r\n", Reply(250, ("a", "")), b""),
        (b"220 a\n", Reply(220, ("a",), bare_lf=True), b""),
        (b"220 go\r\nEHLO evil\r\n", Reply(220, ("go",)), b"EHLO evil\r\n"),
        (b"220 \xff\x00\x1b[2J\r\n", Reply(220, ("\\xff\x00\x1b[2J",)), b""),
        (b"220 m\xc3\xbc\r\n", Reply(220, ("mü",)), b""),
        (b"", None, b""),
        (b"220 mail.exam", None, b""),
        (b"220-a\r\n22", None, b""),
    ],
)
def test_read_reply(data: bytes, reply: Reply | None, rest: bytes) -> None:
    assert read_reply(data) == (reply, rest)


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", Trouble.NOT_SMTP),
        (b"\x16\x03\x01\x00", Trouble.NOT_SMTP),
        (b"HTTP/1.1 400 Bad Request\r\n", Trouble.NOT_SMTP),
        (b"+OK POP3\r\n", Trouble.NOT_SMTP),
        (b" 220 a\r\n", Trouble.NOT_SMTP),
        (b"220_a\r\n", Trouble.NOT_SMTP),
        (b"2200 a\r\n", Trouble.NOT_SMTP),
        (b"120 a\r\n", Trouble.NOT_SMTP),
        (b"22", None),
        (b"99", Trouble.NOT_SMTP),
        (b"\r\n", Trouble.NOT_SMTP),
        (b"220-a\r\n550 b\r\n", Trouble.NOT_SMTP),
        (b"220-a\r\nb\r\n", Trouble.NOT_SMTP),
        (b"220 " + b"a" * MAX_LINE + b"\r\n", Trouble.FLOOD),
        (b"220 " + b"a" * MAX_LINE, Trouble.FLOOD),
        (b"220-a\r\n" * MAX_LINES, Trouble.FLOOD),
    ],
)
def test_what_is_no_reply(data: bytes, trouble: Trouble | None) -> None:
    if trouble is None:
        assert read_reply(data) == (None, b"")
        return
    with pytest.raises(SmtpTrouble) as caught:
        read_reply(data)
    assert caught.value.trouble is trouble


@given(st.binary(max_size=300))
def test_any_octets_are_a_reply_or_a_trouble_or_too_short(data: bytes) -> None:
    try:
        reply, rest = read_reply(data)
    except SmtpTrouble as trouble:
        assert trouble.trouble in {Trouble.NOT_SMTP, Trouble.FLOOD}  # noqa: PT017
        return
    assert reply is None or (data.endswith(rest) and 200 <= reply.code <= 599)


@given(st.integers(200, 599), st.lists(TEXT, min_size=1, max_size=8), st.binary(max_size=20))
def test_what_is_written_by_the_grammar_is_read_back(code: int, lines: list[str], rest: bytes) -> None:
    data = "".join(f"{code}-{line}\r\n" for line in lines[:-1]) + f"{code} {lines[-1]}\r\n"
    assert read_reply(data.encode() + rest) == (Reply(code, tuple(lines)), rest)


def test_what_a_reply_tells() -> None:
    reply = Reply(250, ("mail.example.com Hello", "SIZE 1000", "starttls", "STARTTLS", ""))
    assert reply.text == "250 mail.example.com Hello"
    assert reply.said_name == "mail.example.com"
    assert reply.keywords == ("SIZE", "STARTTLS")
    assert Reply(220, ("",)).said_name == ""
    assert Reply(220, ("",)).text == "220"


def test_evidence_is_short() -> None:
    seen = Reply(250, ("x" * 1000,) * 50).seen
    assert len(seen) < 4000
    assert seen.endswith("and 38 more lines")
    assert shown(b"a" * 1000) == "a" * 300 + "… (1000 octets)"
    assert shown(b"\xff\xfe") == "\\xff\\xfe"
