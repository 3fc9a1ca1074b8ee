"""The check of messages: subject, size of the body, what is no message, and that nothing in a file can break it."""

import gzip
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.findings import Finding
from preflight.subject import MessageSource, Subject
from preflight.testing import report_of, statuses
from preflight_checks.mailfile import parsing
from preflight_checks.message import CHECK
from tests.unit.mail_samples import LONG, attach, encrypted, mail, pe, raw, tarred, zipped

ARCHIVE = "message/archive-not-inspected"
BASIC = {
    "message/unreadable", "message/subject-missing", "message/subject-trivial", "message/body-too-small",
    "message/executable-attachment", ARCHIVE,
}  # fmt: skip
CLEAN = {
    ("message/unreadable", "message"): "pass",
    ("message/subject-missing", "Subject"): "pass",
    ("message/subject-trivial", "Subject"): "pass",
    ("message/body-too-small", "body"): "pass",
    ("message/executable-attachment", "message"): "pass",
    ("message/archive-not-inspected", "message"): "pass",
}


def verdicts(octets: bytes | EmailMessage) -> dict[tuple[str, str], str]:
    data = octets if isinstance(octets, bytes) else octets.as_bytes()
    found = statuses(report_of(CHECK, Subject(message=MessageSource("mail.eml", data)), {}))
    assert "error" not in found.values()
    return {key: status for key, status in found.items() if key[0] in BASIC}


def of(rule: str, octets: bytes | EmailMessage) -> dict[str, str]:
    """The parts and statuses of one rule."""
    return {part: status for (name, part), status in verdicts(octets).items() if name == f"message/{rule}"}


def finding(rule: str, octets: bytes | EmailMessage) -> Finding:
    data = octets if isinstance(octets, bytes) else octets.as_bytes()
    report = report_of(CHECK, Subject(message=MessageSource("mail.eml", data)), {})
    (found,) = (judged.finding for judged in report.findings if judged.finding.rule == f"message/{rule}")
    return found


def test_clean_message() -> None:
    assert verdicts(mail()) == CLEAN


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"From anna@example.com Mon Nov 23 10:00:00 2026\n"])
def test_line_ends_mark_and_mbox_line(line: bytes, before: bytes) -> None:
    before = before.replace(b"\n", line)
    octets = raw("From: anna@example.com", "Subject: Minutes of", "\tthe meeting", line=line)
    assert verdicts(before + octets) == CLEAN
    assert finding("subject-missing", before + octets).evidence[0].seen == "Minutes of\tthe meeting"


def test_no_message_given_is_skipped() -> None:
    found = statuses(report_of(CHECK, Subject(helo="mail.example.com"), {}))
    assert set(found.values()) == {"skipped"}
    assert {rule for rule, _ in found} == {rule.id for rule in CHECK.rules}


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "the file is empty"),
        (b" \r\n\r\n", "the file is empty"),
        (b"\xff\xfeS\0u\0b\0j\0e\0c\0t\0:\0", "the file is text in UTF-16, which no mail message can be"),
        ("Subject: x".encode("utf-16-be"), "the file is text in UTF-16, which no mail message can be"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
         "the file is an Outlook item (.msg), not the message as it travels"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "the file is binary and begins with no header field"),
        (b"\r\nSubject: late\r\n\r\nbody", "the file begins with an empty line, so that its header is empty"),
        (b"Dear all,\nhere it is.\n", "the file does not begin with a header field (Name: value)"),
        ("主题：测试\n\n正文".encode(), "the file does not begin with a header field (Name: value)"),
    ],
)  # fmt: skip
def test_no_mail_at_all(octets: bytes, words: str) -> None:
    found = verdicts(octets)
    assert found.pop(("message/unreadable", "message")) == "fail"
    assert found == {(rule, "message"): "inconclusive" for rule in BASIC - {"message/unreadable"}}
    assert str(finding("unreadable", octets).message) == words


@pytest.mark.parametrize(
    "field",
    ["Subject:", "Subject:   ", "Subject: \r\n  ", "Subject: =?utf-8?B?ICAg?=", "Subject: =?utf-8?Q?=E2=80=8B=C2=A0?="],
)
def test_empty_subject(field: str) -> None:
    found = verdicts(raw("From: anna@example.com", field))
    assert found.pop(("message/subject-missing", "Subject")) == "fail"
    assert {rule for rule, _ in found} == BASIC - {"message/subject-missing", "message/subject-trivial"}


def test_missing_subject() -> None:
    octets = raw("From: anna@example.com", "X-Subject: Minutes", body="\nSubject: in the body\n")
    assert of("subject-missing", octets) == {"Subject": "fail"}
    assert finding("subject-missing", octets).evidence[0].seen == "From, X-Subject"


def test_subject_beyond_the_limit_is_undecided() -> None:
    octets = raw("From: anna@example.com", *[f"X-{n}: y" for n in range(2500)], "Subject: Minutes of the meeting")
    assert of("subject-missing", octets) == {"Subject": "inconclusive"}
    assert of("subject-trivial", octets) == {"Subject": "inconclusive"}
    assert of("body-too-small", octets) == {"body": "pass"}


def test_a_line_that_is_no_field_ends_the_header() -> None:
    assert of("subject-missing", raw("From: anna@example.com", "no field", "Subject: Minutes")) == {"Subject": "fail"}


def test_trivial_subject_shows_decoded_and_raw() -> None:
    found = finding("subject-trivial", raw("Subject: =?gb2312?B?suLK1A==?="))
    assert found.status == "fail"
    assert [(piece.asked, piece.seen) for piece in found.evidence] == [
        ("Subject", "测试"),
        ("Subject (as sent)", "=?gb2312?B?suLK1A==?="),
        ("line 1, column 1", "Subject: =?gb2312?B?suLK1A==?="),
    ]
    assert "测试" in str(found.fix)


@pytest.mark.parametrize(("octets", "status"), [(2047, "fail"), (2048, "fail"), (2049, "pass")])
def test_body_must_be_larger_than_2048_octets(octets: int, status: str) -> None:
    assert of("body-too-small", raw("Subject: Minutes", body="x" * octets)) == {"body": status}


def test_small_body_shows_both_sizes_and_what_is_missing() -> None:
    octets = raw("Subject: Minutes", body="short")
    found = finding("body-too-small", octets)
    assert str(found.message) == (f"only 5 octets of text in a message of {len(octets)}; more than 2048 are wanted")
    assert "2044 octets more" in str(found.fix)


@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_line_break_is_one_octet(line: bytes) -> None:
    assert of("body-too-small", raw("Subject: Minutes", body="x\n" * 1024, line=line)) == {"body": "fail"}
    assert of("body-too-small", raw("Subject: Minutes", body="x\n" * 1025, line=line)) == {"body": "pass"}


def test_body_counts_decoded_octets() -> None:
    message = EmailMessage()
    message["Subject"] = "Minutes"
    message.set_content("x" * 1800, cte="base64")  # 2,400 octets as sent
    assert of("body-too-small", message) == {"body": "fail"}
    message.set_content("会" * 700, cte="base64")
    assert of("body-too-small", message) == {"body": "pass"}


def test_body_is_plain_text_and_html_but_no_attachment() -> None:
    message = mail(text="x" * 1500)
    message.add_alternative("<p>" + "x" * 1500 + "</p>", subtype="html")
    assert of("body-too-small", message) == {"body": "pass"}
    message = mail(text="short")
    message.add_attachment("x" * 5000, filename="long.txt")
    message.add_attachment("x" * 5000, disposition="attachment")
    message.add_attachment(mail())
    assert of("body-too-small", message) == {"body": "fail"}


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x',
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-mystery",
        "Content-Type: multipart/mixed",
        "Content-Type: multipart/mixed; boundary=never-there",
    ],
)
def test_body_of_unknown_size_is_undecided(header: str) -> None:
    assert of("body-too-small", raw("Subject: Minutes", header)) == {"body": "inconclusive"}


def test_unusable_boundary_leaves_attachments_undecided() -> None:
    found = verdicts(raw("Subject: Minutes", "Content-Type: multipart/mixed; boundary=never-there"))
    assert found["message/executable-attachment", "message"] == "inconclusive"
    assert ("message/archive-not-inspected", "message") not in found


def multipart(count: int, body: str = "x") -> bytes:
    parts = f"--b\nContent-Type: application/x-y\n\n{body}\n" * count
    return raw("Subject: Minutes", "Content-Type: multipart/mixed; boundary=b", body=f"{parts}--b--\n", line=b"\n")


DASHES = multipart(1) + b"\n--" * 200_000
MORE_DASHES = multipart(1) + b"\nx--" * 600_000


def nested(depth: int) -> bytes:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return f"Subject: Minutes\n{opened}\n{LONG}\n".encode()


@pytest.mark.parametrize("octets", [multipart(10_000), nested(5_000), DASHES, MORE_DASHES])
def test_many_parts_and_deep_parts_are_bounded(octets: bytes) -> None:
    read = parsing.read_mail(octets)
    assert isinstance(read, parsing.Mail)
    assert len(read.parts) <= parsing.MAX_PARTS
    assert max(part.depth for part in read.parts) <= parsing.MAX_DEPTH


def test_more_parts_than_are_looked_at_are_undecided() -> None:
    found = of("executable-attachment", multipart(10_000))
    assert found.pop("message") == "inconclusive"
    assert set(found.values()) == {"pass"}
    assert len(found) == parsing.MAX_PARTS - 1
    assert of("executable-attachment", nested(5_000)) == {"message": "inconclusive"}
    assert of("executable-attachment", multipart(900)) == {f"attachment {n}": "pass" for n in range(1, 901)}


def test_more_dashes_than_are_looked_at_are_undecided() -> None:
    for octets in (DASHES, MORE_DASHES):
        assert of("executable-attachment", octets) == {"attachment 1": "pass", "message": "inconclusive"}


def test_deep_attached_messages_are_bounded() -> None:
    octets = b"Subject: Minutes\n" + b"Content-Type: message/rfc822\n\n" * 2_000 + b"\nbody"
    assert of("executable-attachment", octets) == {"message": "inconclusive"}


def test_large_message() -> None:
    message = mail()
    attach(message, "large.bin", b"\x01\x02\x03\x04" * (5 * 1024 * 1024))
    assert of("executable-attachment", message) == {"large.bin": "pass"}


def test_attachments_have_a_finding_each() -> None:
    message = mail(setup__exe=pe(), notes__txt=b"notes", a__zip=zipped({"b.txt": b"b"}), c__7z=b"7z\xbc\xaf\x27\x1c")
    attach(message, "d.zip", zipped({"e.exe": b"x"}))
    found = verdicts(message)
    assert {key: status for key, status in found.items() if key[0] in {"message/executable-attachment", ARCHIVE}} == {
        ("message/executable-attachment", "setup.exe"): "fail",
        ("message/executable-attachment", "notes.txt"): "pass",
        ("message/executable-attachment", "a.zip"): "pass",
        ("message/executable-attachment", "d.zip!e.exe"): "fail",
        (ARCHIVE, "a.zip"): "pass",
        (ARCHIVE, "c.7z"): "inconclusive",
        (ARCHIVE, "d.zip"): "pass",
    }


def test_what_is_said_of_an_executable() -> None:
    by_name = finding("executable-attachment", mail(setup__exe=b"x"))
    assert str(by_name.message) == (
        "setup.exe runs when opened: .exe (program), "
        "refused by Exchange Online, Outlook on the web, Gmail, Alibaba Mail"
    )
    assert by_name.evidence[0].seen == "text, 1 octets"
    assert str(by_name.fix).startswith("Put setup.exe behind a link")
    nobody = finding("executable-attachment", mail(setup__sh=b"x"))
    assert str(nobody.message) == "setup.sh runs when opened: .sh (script)"
    by_content = finding("executable-attachment", mail(photo__jpg=pe()))
    assert str(by_content.message) == "photo.jpg runs when opened, by its content: Windows program (PE)"


def test_many_executables_in_one_archive() -> None:
    found = of("executable-attachment", mail(a__zip=zipped({f"{n:02}.exe": b"" for n in range(12)})))
    assert found == {f"a.zip!{n:02}.exe": "fail" for n in range(10)} | {"a.zip": "fail"}


def test_unknown_transfer_encoding_is_undecided() -> None:
    octets = raw("Subject: x", "Content-Type: application/x-y; name=a.bin", "Content-Transfer-Encoding: x-mystery")
    assert of("executable-attachment", octets) == {"a.bin": "inconclusive"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encrypted({"a.txt": b"a"}), "is encrypted"),
        (b"\x01\x02", "is broken"),
        (b"\x28\xb5\x2f\xfd\0", "in a format that is not opened"),
        (zipped({"a": b"a"}, zipfile.ZIP_LZMA), "packed by a method"),
        (b"PK\x03\x04" + b"PK\x01\x02" * 20_000 + b"PK\x05\x06" + bytes(18), "more files than"),
        (gzip.compress(tarred({"a": bytes(range(256)) * (65 * 4096)})), "unpacks to more"),
        (zipped({"a": bytes(2 * 1024 * 1024)}), "looks like a bomb"),
    ],
    ids=["encrypted", "broken", "format", "method", "many", "large", "bomb"],
)
def test_why_an_archive_was_not_inspected(content: bytes, words: str) -> None:
    found = finding("archive-not-inspected", mail(a__zip=content))
    assert (found.status, found.part) == ("inconclusive", "a.zip")
    assert words in str(found.message)
    assert found.fix is not None
    assert of("executable-attachment", mail(a__zip=content)) == {}


def test_archives_too_deep() -> None:
    content = b"text"
    for number in range(4):
        content = zipped({f"{number}.zip" if number else "a.txt": content})
    assert of("archive-not-inspected", mail(o__zip=zipped({"i.zip": content}))) == {
        "o.zip!i.zip!3.zip!2.zip": "inconclusive"
    }
    found = finding("archive-not-inspected", mail(o__zip=zipped({"i.zip": content})))
    assert "too deep" in str(found.message)


def test_long_subject_is_cut_in_the_message_alone() -> None:
    found = finding("subject-missing", raw("Subject: " + "minutes " * 40))
    assert len(str(found.message)) < 250
    assert len(found.evidence[0].seen) == 319


def test_declares_what_it_prevents() -> None:
    """What feeds a content filter prevents its bounces; a rule of form alone prevents none that the catalogue has."""
    both = ("microsoft/SC-001", "microsoft/OU-002")
    assert {rule.prevents for rule in CHECK.rules} == {(), both}
    assert {rule.id.removeprefix("message/") for rule in CHECK.rules if not rule.prevents} == {
        "unreadable", "too-large", "from-missing", "from-multiple", "from-invalid", "to-invalid", "message-id-missing",
        "message-id-domain", "duplicate-field", "unfinished", "line-too-long", "line-ends", "nul-octet",
        "mime-version-missing", "content-type-broken", "placeholder", "list-unsubscribe-one-click",
        "list-unsubscribe-mailto", "spamassassin", "message-id-reused", "link-ending", "reply-to-elsewhere",
        "envelope-differs",
    }  # fmt: skip
    assert {rule.prevents for rule in CHECK.rules if rule.id in BASIC - {"message/unreadable"}} == {both}


RICH = mail(
    "会议纪要 Minutes",
    setup__exe=pe(),
    a__zip=zipped({"a.txt": b"a", "b.exe": pe(), "c.zip": zipped({"d": pe()})}),
    e__zip=encrypted({"a.txt": b"a"}),
    t__tgz=tarred({"a.txt": b"a" * 700, "é" * 120: b"b"}, "w:gz"),
    t__tar=tarred({"a.txt": b"a" * 700, "b" * 300: b"b"}),
).as_bytes(policy=SMTP)

_piece = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"\r\n\r\n", b"\n", b"--", b"--b\n", b"=?", b"?=", b"\0", b";", b"message/rfc822",
            b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Transfer-Encoding: base64\n",
            b"filename*0*=utf-8''%41; filename*=x''%ff; filename=\"",
        ]
    ),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(_piece, max_size=40).map(b"".join))
def test_no_octets_crash_it(octets: bytes) -> None:
    for start in (b"", b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n"):
        found = verdicts(start + octets)
        assert "error" not in found.values()
        assert {rule for rule, _ in found} >= {"message/unreadable", "message/subject-missing"}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(RICH) - 1), st.integers(0, 8), st.binary(max_size=4)), max_size=12))
def test_no_damage_crashes_it(damage: list[tuple[int, int, bytes]]) -> None:
    octets = bytearray(RICH)
    for at, cut, put in damage:
        octets[at : at + cut] = put
    found = verdicts(bytes(octets))
    assert "error" not in found.values()
    assert ("message/body-too-small", "body") in found or ("message/unreadable", "message") in found
