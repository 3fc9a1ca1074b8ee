"""Attachments of all kinds, each with exactly the rules that it breaks; `?` stands before what could not be told."""

import base64
import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from preflight.subject import MessageSource, Subject
from preflight.testing import report_of
from preflight_checks.mailfile.extensions import load_extensions
from preflight_checks.message import CHECK
from tests.unit.mail_samples import doc, encrypted, msi, pe, tarred, zipped
from tests.unit.message_samples import (
    PARAGRAPH,
    TEXT,
    broken,
    fat,
    letter,
    office,
    ole,
    onenote,
    outcomes,
    rar4,
    rar5,
    seven,
    tnef,
    with_file,
)

RUNS = {"executable-attachment"}
UNSEEN = {"?archive-not-inspected"}
NONE: set[str] = set()
JPEG, PNG, GIF, PDF = b"\xff\xd8\xff\xe0rest", b"\x89PNG\r\n\x1a\n\0\0", b"GIF89a" + bytes(20), b"%PDF-1.7\n%%EOF\n"
JAR = zipped({"META-INF/MANIFEST.MF": b"", "A.class": b""})
LNK = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F\x9b" + bytes(60)
ISO = bytes(0x8001) + b"CD001\x01" + bytes(100)

CONTENT = [
    ("pe", pe()), ("dos", b"MZ\x90\0\x03" + bytes(30)), ("elf", b"\x7fELF\x02\x01\x01" + bytes(50)),
    ("mach-o 64", b"\xcf\xfa\xed\xfe\x07\0\0\x01"), ("mach-o 32", b"\xce\xfa\xed\xfe\x07\0\0\0"),
    ("mach-o fat", b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(40)), ("class", b"\xca\xfe\xba\xbe\0\0\0\x3d" + bytes(40)),
    ("dex", b"dex\n035\0"), ("shell", b"#!/bin/sh\necho\n"), ("python", b"#!/usr/bin/env python3\n"),
    ("perl with mark", b"\xef\xbb\xbf#!/usr/bin/perl\n"), ("batch", b"@echo off\r\ndir\r\n"), ("msi", msi()),
    ("jar", JAR),
    ("apk", zipped({"AndroidManifest.xml": b"", "classes.dex": b""})), ("appx", zipped({"AppxManifest.xml": b""})),
    ("zipapp", zipped({"__main__.py": b"print()"})), ("lnk", LNK), ("chm", b"ITSF\x03\0\0\0"),
    ("hlp", b"?_\x03\0\0\0"), ("hta", b"<html><head>\n<HTA:APPLICATION id='x'>"),
    ("wsf", b"<job><script language='VBScript'>x</script></job>"), ("reg", b"Windows Registry Editor Version 5.00\r\n"),
    ("reg utf-16", b"\xff\xfe" + "Windows Registry Editor Version 5.00".encode("utf-16-le")),
    ("url", b"[InternetShortcut]\r\nURL=x"), ("deb", b"!<arch>\ndebian-binary   "), ("rpm", b"\xed\xab\xee\xdb\x03\0"),
    ("xar", b"xar!\0\x1c"), ("cab", b"MSCF\0\0\0\0\x10"), ("iso", ISO),
    ("udf", bytes(0x8001) + b"BEA01\x01" + bytes(100)), ("vhd fixed", b"\x01" * 1000 + b"conectix" + bytes(504)),
    ("vhd", b"conectix" + bytes(504)), ("vhdx", b"vhdxfile" + bytes(100)), ("wim", b"MSWIM\0\0\0" + bytes(100)),
    ("dmg", b"\x01" * 1000 + b"koly" + bytes(508)), ("img fat", fat()),
    ("machine's own python", Path(sys.executable).resolve().read_bytes()[:4096]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name"), [(c, n) for _, c in CONTENT for n in ("photo.dat", None)])
def test_what_runs_is_known_whatever_it_is_called(content: bytes, name: str | None) -> None:
    assert broken(with_file(content, name)) == RUNS


@pytest.mark.parametrize(
    "name",
    [
        "setup.exe", "SETUP.EXE", "invoice.pdf.exe", "a.scr", "a.pif", "a.com", "a.bat", "a.cmd", "a.vbs", "a.vbe",
        "a.js", "a.jse", "a.wsf", "a.wsh", "a.hta", "a.ps1", "a.msi", "a.msp", "a.jar", "a.apk", "a.lnk", "a.url",
        "a.iso", "a.img", "a.vhd", "a.vhdx", "a.dmg", "a.cab", "a.chm", "a.reg", "a.sh", "a.py", "a.pl", "a.deb",
        "a.rpm", "a.docm", "a.ppam", "a.xll", "a.mde", "a.dll", "a.cpl", "a.jnlp", "a.scf", "a.inf", "a.application",
        "setup．ｅｘｅ", "a.{00021401-0000-0000-C000-000000000046}",
    ],
)  # fmt: skip
def test_what_runs_by_its_name(name: str) -> None:
    encoded = base64.b64encode(name.encode()).decode()
    assert broken(with_file(b"text", disposition=f'attachment; filename="=?utf-8?B?{encoded}?="')) == RUNS


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename=setup.exe",
        "attachment; filename*=utf-8''setup.exe",
        "attachment; filename*0=set; filename*1=up.exe",
        "attachment; filename*0*=utf-8''set; filename*1*=up%2Eexe",
        'attachment; filename="=?utf-8?Q?setup=2Eexe?="',
        'attachment; filename="=?gb2312?B?suLK1A==?=.exe"',
        "attachment; filename=a.txt; filename*=utf-8''setup.exe",
        "inline; filename=setup.exe",
        'ATTACHMENT; FILENAME="setup.exe"',
        "attachment; filename=\"se\\tup.exe\"; size=3",
    ],
)  # fmt: skip
def test_ways_to_write_a_file_name(disposition: str) -> None:
    assert broken(with_file(b"text", disposition=disposition)) == RUNS


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("invoice\u202efdp.exe", {"attachment-disguised", *RUNS}),
        ("invoice\u202efdp.txt", {"attachment-disguised"}),
        ("notes\u200b.txt", {"attachment-disguised"}),
        ("notes\u2066.txt", {"attachment-disguised"}),
        ("setup.exe. . ", {"attachment-disguised", *RUNS}),
        ("notes.txt...", {"attachment-disguised"}),
        ("notes.txt ", {"attachment-disguised"}),
        ("invoice.pdf            .exe", {"attachment-disguised", *RUNS}),
        ("notes.\x07txt", {"attachment-disguised"}),
        ("Protokoll vom 3. Mai.txt", NONE),
        ("会议纪要.txt", NONE),
        ("v1.2.3 notes.txt", NONE),
        ("a.b.c", NONE),
    ],
)
def test_names_that_hide_something(name: str, rules: set[str]) -> None:
    encoded = base64.b64encode(name.encode()).decode()
    assert broken(with_file(b"text", disposition=f'attachment; filename="=?utf-8?B?{encoded}?="')) == rules


def wrapped(content: bytes, name: str = "x.dat") -> list[tuple[str, bytes]]:
    """The same file in each kind of archive."""
    return [
        ("a.zip", zipped({name: content})),
        ("a.zip", zipped({name: content}, zipfile.ZIP_STORED)),
        ("a.tar", tarred({name: content})),
        ("a.tar.gz", tarred({name: content}, "w:gz")),
        ("a.tar.bz2", tarred({name: content}, "w:bz2")),
        (f"{name}.gz", gzip.compress(content)),
        (f"{name}.bz2", bz2.compress(content)),
        ("a.7z", seven({"notes.txt": b"notes", name: content})),
        ("a.7z", seven({"notes.txt": b"notes", name: content}, "lzma", packed_header=True)),
        ("a.7z", seven({name: content}, "deflate", folders=("empty",))),
        ("a.7z", seven({name: content}, "bzip2")),
        ("a.7z", seven({name: content}, "copy")),
        ("a.rar", rar5({"notes.txt": b"notes", name: content})),
        ("a.rar", rar4({"notes.txt": b"notes", name: content})),
        ("a.dat", zipped({name: content})),
        ("a.zip", zipped({"b.zip": zipped({name: content})})),
        ("a.zip", zipped({"b.7z": seven({name: content})})),
        ("a.7z", seven({"b.zip": zipped({"c.tar": tarred({name: content})})})),
        ("a.rar", rar5({"b.zip": zipped({name: content})})),
        ("a.tgz", tarred({"b.zip": zipped({"c.zip": zipped({name: content})})}, "w:gz")),
    ]


@pytest.mark.parametrize(("name", "content"), wrapped(pe()))
def test_programs_in_archives_by_content(name: str, content: bytes) -> None:
    assert broken(with_file(content, name)) == RUNS


@pytest.mark.parametrize(("name", "content"), wrapped(b"text", "setup.exe"))
def test_programs_in_archives_by_name(name: str, content: bytes) -> None:
    assert broken(with_file(content, name)) == RUNS


@pytest.mark.parametrize(("name", "content"), wrapped(b"text", "notes.txt"))
def test_archives_of_text(name: str, content: bytes) -> None:
    assert broken(with_file(content, name)) == NONE


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("a.zip", encrypted({"a.txt": b"a"}), UNSEEN),
        ("a.zip", encrypted({"a.exe": b"a"}), RUNS),
        ("a.zip", encrypted({"a.exe": b"a", "b.txt": b"b"}), RUNS | UNSEEN),
        ("a.7z", seven({"a.txt": b"a"}, encrypted=True), UNSEEN),
        ("a.7z", seven({"a.exe": b"a"}, encrypted=True), RUNS),
        ("a.7z", seven({"a.txt": b"a"}, "ppmd"), UNSEEN),
        ("a.7z", seven({"a.txt": b"a"})[:60], UNSEEN),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), UNSEEN),
        ("a.rar", rar5({"a.txt": b"a"}, encrypted=True), UNSEEN),
        ("a.rar", rar5({"a.txt": b"a"}, sealed=True), UNSEEN),
        ("a.rar", rar5({"a.txt": b"a"}, method=3), UNSEEN),
        ("a.rar", rar5({"a.exe": b"a"}, method=3), RUNS),
        ("a.rar", rar5({"a.txt": b"a" * 50})[:60], UNSEEN),
        ("a.rar", rar4({"a.txt": b"a"}, encrypted=True), UNSEEN),
        ("a.rar", rar4({"a.txt": b"a"}, sealed=True), UNSEEN),
        ("a.rar", rar4({"a.txt": b"a"}, method=0x33), UNSEEN),
        ("a.rar", b"Rar!\x1a\x07\x02\0", UNSEEN),
        ("a.zip", zipped({"a.txt": b"a" * 500})[:60], UNSEEN),
        ("a.zip", b"no archive at all", {"attachment-misnamed"}),
        ("a.zip", b"\x01\x02\x03", UNSEEN),
        ("a.gz", gzip.compress(b"a" * 100)[:15], UNSEEN),
        ("a.tar", tarred({"a.txt": b"a" * 5000})[:2048], UNSEEN),
        ("a.zip", zipped({"b.zip": encrypted({"a.txt": b"a"})}), UNSEEN),
        ("a.doc", ole("EncryptedPackage"), UNSEEN),
        ("a.docx", ole("EncryptedPackage"), UNSEEN),
        ("a.zip", zipped({"a.xlsx": ole("EncryptedPackage")}), UNSEEN),
        ("a.asc", b"-----BEGIN PGP MESSAGE-----\n", UNSEEN),
        ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(9), UNSEEN),
        ("winmail.dat", b"\x78\x9f\x3e\x22\x01", UNSEEN),
        ("a.arj", b"\x60\xea" + bytes(20), UNSEEN | {"attachment-refused"}),
        ("a.ace", b"1234567**ACE**", UNSEEN | {"attachment-refused"}),
        ("a.lzh", b"\x20\x60-lh5-\0", UNSEEN | {"attachment-refused"}),
    ],
)
def test_what_nobody_can_look_into(name: str, content: bytes, rules: set[str]) -> None:
    assert broken(with_file(content, name)) == rules


def zeros(octets: int) -> bytes:
    return zipped({"zeros": bytes(octets)})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ratio.zip", zeros(2 * 1024 * 1024)),
        ("ratio.7z", seven({"zeros": bytes(4 * 1024 * 1024)})),
        ("entries.zip", b"PK\x03\x04" + b"PK\x01\x02" * 60_000 + b"PK\x05\x06" + bytes(18)),
        ("total.tgz", tarred({"zeros": bytes(65 * 1024 * 1024)}, "w:gz")),
        ("deep.zip", zipped({"2.zip": zipped({"3.zip": zipped({"4.zip": zipped({"a.txt": b"a"})})})})),
        ("deep.7z", seven({"2.zip": zipped({"3.zip": zipped({"4.zip": zipped({"a.txt": b"a"})})})})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bombs_stay_outside(name: str, content: bytes) -> None:
    assert broken(with_file(content, name)) == UNSEEN


def test_entries_that_overlap_are_paid_for_each() -> None:
    """A directory whose entries all point at one piece of data (D. Fifield, zip bombs without recursion)."""
    one = zipped({"a": b"x" * 1000}, zipfile.ZIP_STORED)
    at = one.find(b"PK\x01\x02")
    entry = one[at : one.find(b"PK\x05\x06")]
    count = 9000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, at, 0)
    assert broken(with_file(one[:at] + entry * count + end, "overlap.zip")) == NONE
    count = 10_001
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, at, 0)
    assert broken(with_file(one[:at] + entry * count + end, "overlap.zip")) == UNSEEN


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("a.gif", GIF + zipped({"a.txt": b"a"}), {"attachment-polyglot"}),
        ("a.gif", GIF + zipped({"a.exe": b"a"}), {"attachment-polyglot", *RUNS}),
        ("a.png", PNG + zipped({"a.txt": b"a"}), {"attachment-polyglot"}),
        ("a.jpg", JPEG + zipped({"a.txt": b"a"}), {"attachment-polyglot"}),
        ("a.pdf", PDF + zipped({"a.txt": b"a"}), {"attachment-polyglot"}),
        ("a.pdf", PDF + JAR, {"attachment-polyglot", *RUNS}),
        ("a.gif", GIF + PDF, {"attachment-polyglot"}),
        ("a.dat", b"\x01\x02" * 9 + zipped({"a.txt": b"a"}), NONE),  # a stub of nobody knows what
    ],
)
def test_files_of_two_types(name: str, content: bytes, rules: set[str]) -> None:
    assert broken(with_file(content, name)) == rules


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("a.doc", ole("_VBA_PROJECT"), {"attachment-macros"}),
        ("a.xls", ole("Macros", "_VBA_PROJECT"), {"attachment-macros"}),
        ("a.doc", ole("\x01Ole10Native"), {"attachment-macros"}),
        ("a.docx", office("word/vbaProject.bin"), {"attachment-macros"}),
        ("a.xlsm", office("xl/vbaProject.bin"), {"attachment-macros"}),
        ("a.xlsx", office("xl/macrosheets/sheet1.xml"), {"attachment-macros"}),
        ("a.zip", zipped({"a.xlsm": office("xl/vbaProject.bin")}), {"attachment-macros"}),
        ("a.zip", zipped({"a.doc": ole("_VBA_PROJECT")}), {"attachment-macros"}),
        ("a.odt", zipped({"mimetype": b"", "content.xml": b"", "Basic/x.xml": b""}), {"attachment-macros"}),
        ("a.docm", office("word/vbaProject.bin"), RUNS),
        ("a.docx", office(), NONE),
        ("a.xlsm", office(), NONE),
        ("a.doc", doc(), NONE),
        ("a.odt", zipped({"mimetype": b"", "content.xml": b""}), NONE),
    ],
)
def test_documents_with_programs(name: str, content: bytes, rules: set[str]) -> None:
    assert broken(with_file(content, name)) == rules


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("a.one", onenote(), {"attachment-refused"}),
        ("a.one", onenote(b"text"), {"attachment-refused"}),
        ("a.one", onenote(PNG, pe()), {"attachment-refused", *RUNS}),
        ("a.dat", onenote(pe()), RUNS),
        ("a.html", b"<p>hello</p>", {"attachment-refused"}),
        ("a.svg", b"<svg/>", {"attachment-refused"}),
        ("a.mht", b"text", {"attachment-refused"}),
        ("a.cer", b"text", {"attachment-refused"}),
        ("a.uu", b"text", {"attachment-refused"}),
        ("a.xz", lzma.compress(b"text"), {"attachment-refused"}),
        ("a.accdb", b"text", NONE),
    ],
)
def test_kinds_that_receivers_refuse_or_distrust(name: str, content: bytes, rules: set[str]) -> None:
    assert broken(with_file(content, name)) == rules


@pytest.mark.parametrize(
    ("name", "kind", "content", "rules"),
    [
        ("a.pdf", "application/pdf", PNG, {"attachment-misnamed"}),
        ("a.pdf", "application/octet-stream", b"plain text", {"attachment-misnamed"}),
        ("a.jpg", "image/jpeg", PNG, {"attachment-misnamed"}),
        ("a.dat", "image/png", PDF, {"attachment-misnamed"}),
        ("a.docx", "application/octet-stream", PDF, {"attachment-misnamed"}),
        ("a.zip", "application/zip", rar5({"a.txt": b"a"}), {"attachment-misnamed"}),
        ("a.dat", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", PDF,
         {"attachment-misnamed"}),
        ("a.png", "image/png", pe(), RUNS),
        ("a.pdf", "application/pdf", PDF, NONE),
        ("a.jpg", "image/png", JPEG, {"attachment-misnamed"}),
        ("a.doc", "application/msword", b"{\\rtf1 text}", NONE),
        ("a.xls", "application/vnd.ms-excel", b"a,b\n", NONE),
        ("a.dat", "application/octet-stream", PNG, NONE),
    ],
)  # fmt: skip
def test_content_beside_name_and_type(name: str, kind: str, content: bytes, rules: set[str]) -> None:
    assert broken(with_file(content, name, kind)) == rules


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (tnef({"notes.txt": b"text"}), NONE),
        (tnef({}), NONE),
        (tnef({"notes.txt": b"text", "setup.exe": b"text"}), RUNS),
        (tnef({"PHOTO.JPG": pe()}), RUNS),
        (tnef({"INVOIC~1.PDF": b"text"}, {"INVOIC~1.PDF": "invoice of May.pdf.exe"}), RUNS),
        (tnef({"a.zip": zipped({"b.exe": b""})}), RUNS),
        (tnef({"notes.txt": b"text"})[:-1], UNSEEN),
        (tnef({"notes.txt": b"text"})[:60] + b"\xff" * 20, UNSEEN),
    ],
)
def test_what_outlook_wraps(content: bytes, rules: set[str]) -> None:
    """winmail.dat, a TNEF container: the names and contents in it count."""
    assert broken(with_file(content, "winmail.dat", "application/ms-tnef")) == rules


def uuencoded(name: str, content: bytes) -> str:
    import binascii

    lines = [binascii.b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("setup.exe", b"text", RUNS),
        ("photo.dat", pe(), RUNS),
        ("a.zip", zipped({"a.exe": b"a"}), RUNS),
        ("notes.txt", b"just notes, and a few of them " * 5, NONE),
    ],
)
def test_uuencoded_in_the_text(name: str, content: bytes, rules: set[str]) -> None:
    assert broken(letter(TEXT + uuencoded(name, content) + PARAGRAPH)) == rules


def test_a_text_that_only_begins_like_uuencode() -> None:
    assert broken(letter(TEXT + "begin 644 setup.exe\nwe said, and went on.\nend\n")) == NONE


def test_what_receivers_answer_is_shown() -> None:
    octets = with_file(b"text", "a.vbs")
    report = report_of(CHECK, Subject(message=MessageSource("mail.eml", octets)), {})
    (found,) = (one.finding for one in report.findings if one.finding.status == "fail")
    seen = {piece.asked: piece.seen for piece in found.evidence if piece.source == "receiver"}
    assert seen["NetEase"] == "552 Illegal Attachment"
    assert seen["Gmail"].startswith("552 5.7.0 ")
    line = octets[: octets.index(b"Content-Type: application/octet-stream")].count(b"\n") + 1
    assert found.evidence[-1].asked == f"line {line}, column 1"


def test_each_receiver_with_a_reply_is_named_in_some_finding() -> None:
    replies = {reply for one in load_extensions().by_text.values() for reply in one.replies}
    assert {reply.partition(":")[0] for reply in replies} == {
        "Exchange Online", "Outlook on the web", "Gmail", "NetEase",
    }  # fmt: skip


def test_the_directory_of_a_7z_is_checked() -> None:
    octets = bytearray(seven({"a.txt": b"a"}))
    octets[14] ^= 1
    assert broken(with_file(bytes(octets), "a.7z")) == UNSEEN


def test_a_7z_that_promises_more_files_than_it_has_data_for() -> None:
    octets = seven({"a.txt": b"a", "b.txt": b"b"})
    begins = 32 + int.from_bytes(octets[12:20], "little")
    header = octets[begins:].replace(b"\x08\x0d\x02\x09\x01\x00", b"\x08\x0d\x01\x00")
    start = octets[12:20] + struct.pack("<QI", len(header), zlib.crc32(header))
    whole = octets[:8] + struct.pack("<I", zlib.crc32(start)) + start + octets[32:begins] + header
    assert broken(with_file(whole, "a.7z")) == UNSEEN


def test_an_empty_tar_in_gzip_and_a_link() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.exe")
        info.type = tarfile.SYMTYPE
        archive.addfile(info)
    assert outcomes(with_file(gzip.compress(out.getvalue()), "a.tgz")) == {}
