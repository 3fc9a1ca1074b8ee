"""Mail of all honest kinds: no rule has anything against it."""

import base64
import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.unit.mail_samples import doc, tarred, zipped
from tests.unit.message_samples import (
    PARAGRAPH,
    TEXT,
    letter,
    office,
    outcomes,
    page,
    rar5,
    seven,
    with_file,
    with_html,
)

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"GIF89a\1\0\1\0"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
ICS = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nEND:VCARD\r\n"
OFFICE = "application/vnd.openxmlformats-officedocument."
ODF = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"})


def epub() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", b"application/epub+zip")
        archive.writestr("META-INF/container.xml", b"<x/>")
    return out.getvalue()


FILES = [
    ("report.pdf", "application/pdf", PDF), ("report.docx", OFFICE + "wordprocessingml.document", office()),
    ("table.xlsx", OFFICE + "spreadsheetml.sheet", office()), ("slides.pptx", OFFICE + "presentationml.presentation",
                                                                office()),
    ("old.doc", "application/msword", doc()), ("old.xls", "application/vnd.ms-excel", doc()),
    ("old.ppt", "application/vnd.ms-powerpoint", doc()), ("text.odt", "application/vnd.oasis.opendocument.text", ODF),
    ("book.epub", "application/epub+zip", epub()), ("letter.rtf", "application/rtf", b"{\\rtf1 text}"),
    ("photo.png", "image/png", PNG), ("photo.jpg", "image/jpeg", JPEG), ("photo.JPEG", "image/jpeg", JPEG),
    ("photo.gif", "image/gif", GIF), ("photo.webp", "image/webp", b"RIFF\x10\0\0\0WEBPVP8 "),
    ("photo.heic", "image/heic", b"\0\0\0\x18ftypheic"), ("scan.tiff", "image/tiff", b"II*\0\x08\0\0\0"),
    ("notes.txt", "text/plain", b"notes"), ("data.csv", "text/csv", b"a,b\n1,2\n"), ("data.json", "application/json",
                                                                                     b"{}"),
    ("data.xml", "application/xml", b"<?xml version='1.0'?><a/>"), ("notes.md", "text/markdown", b"# notes"),
    ("app.log", "text/plain", b"2026-11-23 started"), ("change.patch", "text/x-patch", b"--- a\n+++ b\n"),
    ("invite.ics", "text/calendar; method=REQUEST", ICS), ("anna.vcf", "text/vcard", VCARD),
    ("song.mp3", "audio/mpeg", b"ID3\x04\0\0"), ("talk.wav", "audio/wav", b"RIFF\x10\0\0\0WAVEfmt "),
    ("film.mp4", "video/mp4", b"\0\0\0\x18ftypmp42"),
    ("route.gpx", "application/gpx+xml", b"<?xml version='1.0'?><gpx/>"),
    ("key.asc", "application/pgp-keys", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
    ("signature.asc", "application/pgp-signature", b"-----BEGIN PGP SIGNATURE-----\n"),
    ("smime.p7s", "application/pkcs7-signature", b"\x30\x82\x01\x02"),
    ("texts.zip", "application/zip", zipped({"a.txt": b"a", "b/c.md": b"c"})),
    ("photos.zip", "application/x-zip-compressed", zipped({"a.jpg": JPEG, "b.png": PNG, "c.pdf": PDF})),
    ("office.zip", "application/zip", zipped({"a.docx": office(), "b.doc": doc()})),
    ("nested.zip", "application/zip", zipped({"a.zip": zipped({"b.zip": zipped({"c.txt": b"c"})})})),
    ("texts.7z", "application/x-7z-compressed", seven({"a.txt": b"a", "b.pdf": PDF})),
    ("texts.rar", "application/vnd.rar", rar5({"a.txt": b"a"})), ("texts.tar", "application/x-tar",
                                                                  tarred({"a.txt": b"a"})),
    ("texts.tar.gz", "application/gzip", tarred({"a.txt": b"a"}, "w:gz")), ("empty.txt", "text/plain", b""),
    ("unknown", "application/octet-stream", b"\x01\x02\x03"), ("font.woff2", "font/woff2", b"wOF2\0\1\0\0"),
    ("model.stl", "model/stl", b"solid a\nendsolid a\n"), ("MZ.txt", "text/plain", b"MZ is how a program begins."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "content"), FILES, ids=[name for name, _, _ in FILES])
def test_honest_attachments(name: str, kind: str, content: bytes) -> None:
    assert outcomes(with_file(content, name, kind)) == {}


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return letter(body.encode(), Content_Type=f'{kind}; boundary="b"')


PLAIN = f"Content-Type: text/plain; charset=us-ascii\n\n{TEXT}"
HTML = f"Content-Type: text/html; charset=us-ascii\n\n{page()}"
ALTERNATIVE = f'Content-Type: multipart/alternative; boundary="c"\n\n--c\n{PLAIN}\n--c\n{HTML}\n--c--'
FORWARDED = letter(Subject="The plan for the winter").decode().replace("\r\n", "\n")
ENVELOPED = letter(
    base64.encodebytes(b"\x30\x82" + bytes(300)).decode(), Content_Transfer_Encoding="base64",
    Content_Type="application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
)  # fmt: skip
RECEIPT = (
    f"<html><body><table><tr><td bgcolor='#223344' style='color:#ffffff'>Your order 4711</td></tr></table><p>{TEXT}</p>"
    '<a href="https://shop.example.com/order/4711" style="background:#223344;color:#fff">See your order</a>'
    "</body></html>"
)


def library(**changes: str) -> bytes:
    """A message as Python's own library makes it."""
    message = EmailMessage()
    message["From"] = "Jürgen Groß <j@example.com>"
    message["To"] = "王伟 <wang@example.net>"
    message["Subject"] = "Protokoll: Bericht über Übungen"
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@mail.example.com>"
    message["Received"] = "from a by b; Mon, 23 Nov 2026 10:00:01 +0000"
    message.set_content(changes.get("text", TEXT), cte=changes.get("cte"))
    if "html" in changes:
        message.add_alternative(changes["html"], subtype="html")
    return message.as_bytes(policy=SMTP)


MESSAGES = {
    "plain": letter(),
    "plain without MIME": letter(MIME_Version=None, Content_Type=None),
    "alternative": with_html(page()),
    "from the library": library(),
    "from the library, umlauts": library(text="Grüße aus Köln. " + TEXT),
    "from the library, Chinese in base64": library(text="会议纪要如下。\n" * 150, cte="base64"),
    "from the library, quoted-printable": library(text="Grüße aus Köln. " + TEXT, cte="quoted-printable"),
    "from the library, with HTML": library(html=page()),
    "Japanese in its own charset": letter(("会議の議事録です。\n" * 150).encode("iso-2022-jp"),
                                          Content_Type="text/plain; charset=iso-2022-jp"),
    "related picture": multipart(
        "multipart/related", HTML.replace("</body>", '<img src="cid:a"></body>'),
        "Content-Type: image/png\nContent-ID: <a>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=",
        PLAIN,
    ),
    "forwarded as an attachment": multipart("multipart/mixed", PLAIN, f"Content-Type: message/rfc822\n\n{FORWARDED}"),
    "forwarded inline": letter(
        "See below.\n\n---------- Forwarded message ----------\nFrom: Bert <bert@example.net>\n\n" + TEXT,
        Subject="Fwd: The plan for the winter"),
    "an answer": letter("> " + TEXT.replace("\n", "\n> "), Subject="Re: The plan for the winter",
                        extra=["In-Reply-To: <a@example.net>", "References: <a@example.net>"]),
    "calendar invitation": multipart(
        "multipart/alternative", PLAIN, HTML,
        f"Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n{ICS.decode()}"),
    "signed by S/MIME": multipart(
        'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256', PLAIN,
        "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIBAg=="),
    "signed by PGP": multipart(
        'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512', PLAIN,
        "Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\n"),
    "mixed with alternative": multipart("multipart/mixed", ALTERNATIVE, PLAIN),
    "receipt": with_html(RECEIPT),
    "newsletter": with_html(page(), extra=[
        "List-Id: News <news.example.com>", "Precedence: bulk",
        "List-Unsubscribe: <https://example.com/leave>, <mailto:leave@example.com>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]),
    "with links": letter(TEXT + "See https://www.example.com/a?b=c and https://example.org/ for more.\n"),
    "technical": letter(TEXT + "The template says {name}, the shell $HOME, and 192.0.2.1 is the server.\n"),
    "delivery report": multipart(
        "multipart/report; report-type=delivery-status", PLAIN,
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n",
        "Content-Type: text/rfc822-headers\n\nSubject: x"),
    "mbox line in front": b"From anna@example.com Mon Nov 23 10:00:00 2026\n" + letter().replace(b"\r\n", b"\n"),
    "comments in the header": letter(Date="Mon, 23 Nov 2026 10:00:00 +0000 (UTC)", From="anna@example.com (Anna)"),
}  # fmt: skip


@pytest.mark.parametrize("octets", MESSAGES.values(), ids=MESSAGES)
def test_honest_messages(octets: bytes) -> None:
    assert outcomes(octets) == {}


@pytest.mark.parametrize(
    "octets",
    [
        ENVELOPED,
        multipart('multipart/encrypted; protocol="application/pgp-encrypted"',
                  "Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
                  "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n"),
    ],
    ids=["S/MIME", "PGP"],
)  # fmt: skip
def test_envelopes_cannot_be_told_and_do_not_fail(octets: bytes) -> None:
    assert outcomes(octets).keys() == {"inconclusive"}


def test_there_are_enough_of_them() -> None:
    assert len(FILES) + len(MESSAGES) >= 60
    assert PARAGRAPH in TEXT
