"""File types: by extension, by content, and by file names as mail programs write them."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.errors import CatalogueError
from preflight_checks.mailfile.extensions import extension, load_extensions, read_extensions
from preflight_checks.mailfile.filetypes import Role, sniff
from preflight_checks.mailfile.headers import Parameters
from preflight_checks.mailfile.transfer import decode_base64, decode_transfer
from tests.unit.mail_samples import doc, msi, pe, tarred, zipped

SHIPPED = Path("checks/preflight_checks/data/attachments.toml")
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (pe(), "Windows program (PE)"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"NE" + bytes(60), "Windows program (PE)"),
        (b"MZ\x90\0\x03" + bytes(30), "DOS or Windows program (MZ)"),
        (b"\x7fELF\x02\x01\x01", "Unix program (ELF)"),
        (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "macOS program (Mach-O)"),
        (b"\xfe\xed\xfa\xce\0\0\0\x12", "macOS program (Mach-O)"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(40), "macOS program (Mach-O)"),
        (b"\xca\xfe\xba\xbe\0\0\0\x3d" + bytes(40), "Java class"),
        (b"\xca\xfe\xba\xbe\xff\xff\0\x41" + bytes(40), "Java class"),
        (b"dex\n035\0", "Android program (DEX)"),
        (b"#!/bin/sh\necho\n", "script"),
        (b"#! /usr/bin/env python3\n", "script"),
        (b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F\x9b", "Windows shortcut (LNK)"),
        (b"ITSF\x03\0\0\0", "compiled help file (CHM)"),
        (b"!<arch>\ndebian-binary   ", "Debian package"),
        (b"\xed\xab\xee\xdb\x03\0", "RPM package"),
        (b"MSCF\0\0\0\0\x10", "Windows cabinet (CAB)"),
        (msi(), "Windows installer (MSI)"),
        (bytes(0x8001) + b"CD001\x01", "disk image (ISO 9660 or UDF)"),
        (b"\xeb\x3c" + bytes(1000) + b"conectix" + bytes(504), "disk image (VHD)"),
        (b"\x01" * 1000 + b"koly" + bytes(508), "disk image (DMG)"),
        (b"<html><head>\n<HTA:APPLICATION id='x'>", "HTML application (HTA)"),
        (b"\xff\xfe" + "Windows Registry Editor Version 5.00\r\n".encode("utf-16-le"), "registry file"),
        (b"REGEDIT4\r\n", "registry file"),
        (b"[InternetShortcut]\r\nURL=x", "Internet shortcut"),
        (b"\xef\xbb\xbf@echo off\r\n", "batch file"),
        (b"<?xml version='1.0'?>\n<package><job><script language='VBScript'>", "Windows script file"),
    ],
)
def test_what_runs_is_known_by_its_content(content: bytes, name: str) -> None:
    assert (sniff(content).name, sniff(content).role) == (name, Role.RUNS)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            b"MZ stands for the initials of one of the authors of the format, which is older than its successors.",
            "text",
        ),
        (b"MZ", "text"),
        (b"ELF is a format", "text"),
        (b"# a comment\n", "text"),
        (b"#!not a path\n", "text"),
        (b"BZh9 is how bzip2 begins", "text"),
        (b"<html><body>about hta:application</body></html>", "text"),
        (b"\x1b[1mbold\x1b[0m", "text"),
        (b"", "empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG image"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"\xca\xfe\xba\xbe\0\0\0\0", "unknown binary data"),
        (b"\x01\x02\x03", "unknown binary data"),
        (doc(), "OLE document"),
        (msi()[:1024], "OLE document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    ],
)
def test_what_does_not_run_is_left_alone(content: bytes, name: str) -> None:
    assert (sniff(content).name, sniff(content).role) == (name, Role.PLAIN)


@pytest.mark.parametrize(
    ("content", "role"),
    [
        (zipped({"a": b"a"}), Role.HOLDS),
        (EMPTY_ZIP, Role.HOLDS),
        (b"GIF89a" + bytes(20) + zipped({"a": b"a"}), Role.HOLDS),
        (b"GIF89a" + bytes(20) + zipped({"a": b"a"}) + b"x", Role.PLAIN),
        (tarred({"a": b"a"}), Role.HOLDS),
        (b"\x1f\x8b\x08\0", Role.HOLDS),
        (b"BZh91AY&SY\0", Role.HOLDS),
        (b"\xfd7zXZ\0", Role.HOLDS),
        (b"7z\xbc\xaf\x27\x1c", Role.HOLDS),
        (b"Rar!\x1a\x07\x01\0", Role.HOLDS),
        (b"\x20\x60-lh5-\0", Role.CLOSED),
        (b"070701" + b"0" * 20, Role.CLOSED),
        (b"\x78\x9f\x3e\x22\x01", Role.HOLDS),
        (b"-----BEGIN PGP MESSAGE-----\n", Role.SEALED),
    ],
)
def test_archives(content: bytes, role: Role) -> None:
    assert sniff(content).role is role


def test_beginning_alone_says_nothing_of_the_end() -> None:
    content = b"\x01" * 1000 + b"koly" + bytes(508)
    assert sniff(content, size=len(content) + 1).role is Role.PLAIN


@settings(max_examples=200)
@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"MZ", b"PK\x05\x06", b"\xca\xfe\xba\xbe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(148)]),
)
def test_any_octets_have_a_type(content: bytes, start: bytes) -> None:
    assert sniff(start + content).name
    assert sniff(content + start, size=10**9).name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("setup.exe", "exe"),
        ("SETUP.EXE", "exe"),
        ("invoice.pdf.exe", "exe"),
        ("setup.exe. . ", "exe"),
        ("setup.exe…", "exe"),
        ("invoice\u202efdp.exe", "exe"),
        ("setup.e\u200bxe", "exe"),
        ("setup．ｅｘｅ", "exe"),
        ("C:\\temp\\setup.exe", "exe"),
        ("docs/setup.exe/", "exe"),
        ("setup.exe::$DATA", "exe"),
        ("setup.exe\n", "exe"),
        (".exe", "exe"),
        ("exe", ""),
        ("report.exe.txt", "txt"),
        ("dir.exe/readme", ""),
        ("", ""),
    ],
)
def test_extension(name: str, expected: str) -> None:
    assert extension(name) == expected


@pytest.mark.parametrize(
    ("name", "refused_by"),
    [
        ("a.exe", ("Exchange Online", "Outlook on the web", "Gmail", "Alibaba Mail")),
        ("a.vbs", ("Exchange Online", "Outlook on the web", "Gmail", "NetEase", "Alibaba Mail")),
        ("a.py", ("Outlook on the web",)),
        ("a.sh", ()),
        ("a.iso", ("Exchange Online", "Outlook on the web", "Gmail", "Alibaba Mail")),
        ("a.docm", ("Exchange Online",)),
        ("a.{00021401-0000-0000-C000-000000000046}", ()),
        ("a.exe\0.txt", ("Exchange Online", "Outlook on the web", "Gmail", "Alibaba Mail")),
    ],
)
def test_extensions_that_run(name: str, refused_by: tuple[str, ...]) -> None:
    found = load_extensions().running(["harmless.txt", name])
    assert found is not None
    assert found.refused_by == refused_by


@pytest.mark.parametrize(
    "name", ["a.txt", "a.pdf", "a.docx", "a.zip", "a.7z", "a.cer", "a.html", "a.xlsm", "readme", "a.tmp"]
)
def test_extensions_that_do_not_run(name: str) -> None:
    assert load_extensions().running([name]) is None


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_any_name_has_an_extension_or_none(name: str) -> None:
    assert "/" not in extension(name)
    load_extensions().running([name])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('exe = ["exchange"', 'scr = ["exchange"'), "Cannot overwrite a value|scr"),
        (('exe = ["exchange"', 'Exe = ["exchange"'), "'Exe' is no extension"),
        (('exe = ["exchange"', 'js = ["exchange"'), "js occurs twice"),
        (('exe = ["exchange"', 'exe = ["hotmail"'), "no receiver hotmail"),
        (("\nruns = true", "\nrun = true"), "`run`"),
        (("by_default = true\n", ""), "by_default"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    file = tmp_path / "attachments.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=complaint):
        read_extensions(file)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ('attachment; filename="a.txt"', ("a.txt",)),
        ("attachment; filename=my file.exe", ("my file.exe",)),
        ('attachment; FileName = "a;b\\"c.exe"; size=3', ('a;b"c.exe',)),
        ("attachment; filename*=utf-8'zh'%E6%B5%8B.exe", ("测.exe",)),
        ("attachment; filename*=GBK''%B2%E2.exe", ("测.exe",)),
        ("attachment; filename*0*=utf-8''%E6%B5; filename*1*=%8B; filename*2=.exe", ("测.exe",)),
        ("attachment; filename*1=b.exe; filename*0=a", ("ab.exe",)),
        ('attachment; filename="=?utf-8?B?5rWLLmV4ZQ==?="', ("测.exe",)),
        ("attachment; filename=a.exe; filename*=utf-8''a.txt; filename=b.txt", ("a.txt", "a.exe", "b.txt")),
        ('attachment; filename="unfinished.exe', ("unfinished.exe",)),
        ("attachment; filename*=nobody''%41.exe", ("A.exe",)),
        ("attachment; filename*=%41.exe", ("A.exe",)),
        ("attachment; filename", ()),
        ("attachment; =x; ;;", ()),
        ("", ()),
    ],
)
def test_file_names(field: str, names: tuple[str, ...]) -> None:
    assert Parameters(field).all("filename") == names


def test_first_value() -> None:
    assert Parameters("Text/Plain; charset=x").value == "text/plain"
    assert Parameters("; filename=a").value == ""
    assert Parameters("; filename=a").get("filename") == "a"


@pytest.mark.parametrize(
    ("octets", "decoded"),
    [
        (b"TVqQAA==", b"MZ\x90\0"),
        (b"TV qQ\r\nAA", b"MZ\x90\0"),
        (b"TVo=kAA=", b"MZ\x90\0"),
        (b"TVqQA", b"MZ\x90"),
        (b"!!TV\xffqQ", b"MZ\x90"),
        (b"=", b""),
        (b"", b""),
    ],
)
def test_base64_as_lenient_readers_take_it(octets: bytes, decoded: bytes) -> None:
    assert decode_base64(octets) == decoded


def test_other_encodings() -> None:
    assert decode_transfer(b"a=3Db=\r\nc", "quoted-printable") == b"a=bc"
    assert decode_transfer(b"begin 644 a.exe\n#35J0\n`\nend\nrest", "x-uuencode") == b"MZ\x90"
    assert decode_transfer(b"begin 644 a\n#\xff\xff\xff\xff\n#35J0\n", "uuencode") == b"MZ\x90"
    assert decode_transfer(b"x", "binary") == b"x"
    assert decode_transfer(b"x", "x-mystery") is None


@settings(max_examples=200)
@given(st.binary(max_size=60), st.sampled_from(["base64", "quoted-printable", "uue", "8bit"]))
def test_any_octets_decode(octets: bytes, encoding: str) -> None:
    assert decode_transfer(octets, encoding) is not None
