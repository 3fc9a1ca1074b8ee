"""Attachments and what is in them: each is told of by its name, nothing is passed that nobody looked into."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight_checks.mailfile.archives import entries
from preflight_checks.mailfile.budget import MAX_READ, Budget, CannotLookError, Obstacle
from preflight_checks.mailfile.extensions import load_extensions
from preflight_checks.mailfile.filetypes import Holder
from preflight_checks.mailfile.inspection import (
    MAX_NAMED,
    Disguised,
    Harmless,
    Macros,
    Misnamed,
    MoreRun,
    Opened,
    Outcome,
    Polyglot,
    Refused,
    Runs,
    Unseen,
    inspect,
)
from preflight_checks.mailfile.parsing import Mail, read_mail
from tests.unit.mail_samples import LONG, attach, encrypted, mail, msi, pe, raw, tarred, zipped


def look(octets: bytes | EmailMessage, budget: Budget | None = None) -> tuple[Outcome, ...]:
    read = read_mail(octets if isinstance(octets, bytes) else octets.as_bytes())
    assert isinstance(read, Mail)
    return inspect(read.attachments, load_extensions(), budget or Budget())


def told(outcomes: tuple[Outcome, ...]) -> set[tuple[str, str]]:
    """Each part with what is told of it: the kind of outcome, or the obstacle. What only a hint tells is left out."""
    return {
        (one.part, one.obstacle.value if isinstance(one, Unseen) else type(one).__name__.lower())
        for one in outcomes
        if not isinstance(one, Refused | Macros | Polyglot | Misnamed | Disguised)
    }


def one(name: str, content: bytes) -> set[tuple[str, str]]:
    return told(look(attach(mail(), name, content)))


def test_names_numbers_and_twins() -> None:
    message = mail()
    for name, content in (("a.txt", b"a"), (None, b"b"), ("a.txt", b"c"), ("a.txt (2)", b"d"), ("测试.exe", b"e")):
        attach(message, name, content)
    assert told(look(message)) == {
        ("a.txt", "harmless"),
        ("attachment 2", "harmless"),
        ("a.txt (2)", "harmless"),
        ("a.txt (2) (2)", "harmless"),
        ("测试.exe", "runs"),
    }


def test_a_reserved_part_is_given_to_no_file() -> None:
    read = read_mail(attach(mail(), "message", b"a").as_bytes())
    assert isinstance(read, Mail)
    assert told(inspect(read.attachments, load_extensions(), Budget(), ("message",))) == {("message (2)", "harmless")}


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: application/octet-stream; name=setup.exe",
        "Content-Type: text/plain; name=setup.exe",
        "Content-Type: text/plain\nContent-Disposition: inline; filename=setup.exe",
        "Content-Disposition: attachment; filename=setup.exe",
        "Content-Type: image/png; name=a.png\nContent-Disposition: attachment; filename*0=setup; filename*1=.exe",
        "Content-Type: multipart/mixed; boundary=none; name=setup.exe",
        "Content-Type: message/rfc822; name=setup.exe",
    ],
)
def test_every_kind_of_part_with_a_name(header: str) -> None:
    octets = raw(
        "Subject: Minutes", "Content-Type: multipart/mixed; boundary=b", body=f"--b\n{header}\n\nX: x\n\n--b--"
    )
    assert told(look(octets)) == {("setup.exe", "runs")}


def test_every_name_of_a_part_counts() -> None:
    header = "Content-Type: application/x-y; name=setup.exe\r\nContent-Disposition: attachment; filename=a.txt"
    assert told(look(raw("Subject: Minutes", header))) == {("a.txt", "runs")}


def test_parts_of_an_attached_message_are_looked_at() -> None:
    inner = attach(mail(), "setup.exe", b"x")
    message = mail()
    message.add_attachment(inner)
    assert told(look(message)) == {("attachment 1", "harmless"), ("setup.exe", "runs")}


def test_an_encoded_attached_message_is_looked_at() -> None:
    import base64

    inner = base64.encodebytes(attach(mail(), "setup.exe", b"x").as_bytes())
    octets = raw("Subject: x", "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", body=inner)
    assert told(look(octets)) == {("setup.exe", "runs")}


def test_a_message_that_is_one_attachment() -> None:
    octets = raw("Subject: Minutes", "Content-Type: application/x-msdownload", body=pe())
    assert told(look(octets)) == {("attachment 1", "runs")}


def test_long_names_keep_their_extension() -> None:
    (found,) = look(attach(mail(), "a" * 5000 + ".exe", b"x"))
    assert isinstance(found, Runs)
    assert len(found.part) == 250
    assert found.part.endswith("a.exe")


def test_content_decides_where_the_name_does_not() -> None:
    assert one("photo.jpg", pe()) == {("photo.jpg", "runs")}
    assert one("setup.exe", b"just text") == {("setup.exe", "runs")}
    assert one("notes.txt", b"MZ is not always a program") == {("notes.txt", "harmless")}


def test_unknown_transfer_encoding() -> None:
    header = "Content-Transfer-Encoding: x-mystery"
    assert told(look(raw("Subject: x", "Content-Type: application/x-y; name=a.bin", header))) == {
        ("a.bin", "undecoded")
    }
    assert told(look(raw("Subject: x", "Content-Type: application/x-y; name=a.exe", header))) == {("a.exe", "runs")}


def test_inside_archives() -> None:
    inside = {"docs/setup.exe": b"x", "readme.txt": b"r", "photo.jpg": pe(), "tool.dat": msi(), "folder.exe/": b""}
    inner = zipped({"b.scr": b"x"})
    assert one("a.zip", zipped(inside | {"inner.bin": inner, "setup.exe": b""})) == {
        ("a.zip!docs/setup.exe", "runs"),
        ("a.zip!photo.jpg", "runs"),
        ("a.zip!tool.dat", "runs"),
        ("a.zip!setup.exe", "runs"),
        ("a.zip!inner.bin!b.scr", "runs"),
        ("a.zip", "opened"),
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_methods_of_zip(method: int) -> None:
    assert one("a.zip", zipped({"a": pe()}, method)) == {("a.zip!a", "runs"), ("a.zip", "opened")}
    assert one("a.zip", zipped({"a": b"a" * 9000}, method)) == {("a.zip", "harmless"), ("a.zip", "opened")}


def test_twins_in_an_archive_are_told_apart() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.exe", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.exe", b"2")
    assert one("a.zip", out.getvalue()) == {("a.zip!a.exe", "runs"), ("a.zip!a.exe (2)", "runs"), ("a.zip", "opened")}


def test_names_of_zip_in_other_charsets() -> None:
    octets = zipped({"XX.exe": b""}).replace(b"XX.exe", "测.exe".encode("gbk"))
    assert one("a.zip", octets) == {("a.zip!测.exe", "runs"), ("a.zip", "opened")}
    assert one("a.zip", zipped({"测.exe": b""})) == {("a.zip!测.exe", "runs"), ("a.zip", "opened")}


def test_a_name_in_a_zip_that_differs_from_its_directory() -> None:
    octets = zipped({"a.txt": b"x"})
    assert octets.count(b"a.txt") == 2
    assert one("a.zip", octets.replace(b"a.txt", b"a.exe", 1)) == {("a.zip!a.txt", "runs"), ("a.zip", "opened")}


def test_zips_that_run_themselves() -> None:
    jar = zipped({"META-INF/MANIFEST.MF": b"", "A.class": b""})
    apk = zipped({"AndroidManifest.xml": b"", "classes.dex": b""})
    assert one("a.zip", jar) == {("a.zip", "runs")}
    assert one("a.zip", apk) == {("a.zip", "runs")}
    assert one("a.zip", zipped({"x.bin": jar})) == {("a.zip!x.bin", "runs"), ("a.zip", "opened")}
    office = zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})
    (harmless, opened) = look(attach(mail(), "a.docx", office))
    assert isinstance(harmless, Harmless)
    assert isinstance(opened, Opened)
    assert (harmless.type.name, harmless.files) == ("Office document", 2)


def test_a_picture_with_an_archive_behind_it() -> None:
    assert one("a.gif", b"GIF89a" + zipped({"a.exe": b""})) == {("a.gif!a.exe", "runs"), ("a.gif", "opened")}


def test_many_that_run_are_counted() -> None:
    found = look(attach(mail(), "a.zip", zipped({f"{n}.exe": b"" for n in range(MAX_NAMED + 5)})))
    assert sum(isinstance(outcome, Runs) for outcome in found) == MAX_NAMED
    assert MoreRun("a.zip", 5) in found


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar(mode: str, form: int) -> None:
    long = "d/" * 60 + "setup.exe"
    octets = tarred({"a.txt": b"a" * 600, long: b"x", "测": pe()}, mode, form)
    name = "a.tar" + mode[1:].replace(":", ".")
    assert one(name, octets) == {(f"{name}!{long}", "runs"), (f"{name}!测", "runs"), (name, "opened")}
    assert one("a.bin", tarred({"a.txt": b"a"}, mode, form)) == {("a.bin", "harmless"), ("a.bin", "opened")}


def test_links_and_folders_in_tar_are_passed_over() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("a.exe", tarfile.SYMTYPE), ("d.exe", tarfile.DIRTYPE), ("h.exe", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type = kind
            archive.addfile(info)
    assert one("a.tar", out.getvalue()) == {("a.tar", "harmless"), ("a.tar", "opened")}


def test_compressed_files_are_named_after_what_they_hold() -> None:
    assert one("setup.exe.gz", gzip.compress(b"x")) == {("setup.exe.gz!setup.exe", "runs"), ("setup.exe.gz", "opened")}
    assert one("setup.exe.bz2", bz2.compress(b"x")) == {
        ("setup.exe.bz2!setup.exe", "runs"),
        ("setup.exe.bz2", "opened"),
    }
    assert one("a.xz", lzma.compress(pe())) == {("a.xz!a", "runs"), ("a.xz", "opened")}
    named = io.BytesIO()
    with gzip.GzipFile("setup.exe", "wb", fileobj=named) as file:
        file.write(b"x")
    assert one("a.gz", named.getvalue()) == {("a.gz!setup.exe", "runs"), ("a.gz", "opened")}


def test_members_of_a_compressed_file_are_one_file() -> None:
    halves = gzip.compress(pe()[:30]) + gzip.compress(pe()[30:]) + bytes(100)
    assert one("a.gz", halves) == {("a.gz!a", "runs"), ("a.gz", "opened")}
    assert one("a.bz2", bz2.compress(pe()[:30]) + bz2.compress(pe()[30:])) == {("a.bz2!a", "runs"), ("a.bz2", "opened")}
    assert one("a.gz", gzip.compress(b"text") + b"garbage") == {("a.gz", "broken")}


def test_what_nobody_can_look_into() -> None:
    assert one("a.cpio", b"070701" + b"0" * 20) == {("a.cpio", "format")}
    assert one("a.bin", b"\x28\xb5\x2f\xfd" + bytes(100)) == {("a.bin", "format")}
    assert one("a.zip", zipped({"b.ace": b"1234567**ACE**"})) == {("a.zip!b.ace", "format")}
    assert one("a.zip", zipped({"a": b"a"}, zipfile.ZIP_LZMA)) == {("a.zip", "method")}
    assert one("secret.asc", b"-----BEGIN PGP MESSAGE-----\n") == {("secret.asc", "encrypted")}
    header = "Content-Type: application/pkcs7-mime; name=smime.p7m"
    assert told(look(raw("Subject: x", header, body=b"\x30\x82\x01\x02"))) == {("smime.p7m", "encrypted")}


def test_names_in_an_encrypted_archive_are_judged() -> None:
    assert one("a.zip", encrypted({"a.txt": b"a"})) == {("a.zip", "encrypted")}
    assert one("a.zip", encrypted({"a.exe": b"a", "b": b""})) == {("a.zip!a.exe", "runs"), ("a.zip", "encrypted")}
    assert one("a.zip", encrypted({"a.exe": b"a"})) == {("a.zip!a.exe", "runs"), ("a.zip", "opened")}


def test_broken_archives() -> None:
    whole = zipped({"a.txt": bytes(range(256)) * 20, "b.txt": b"b"})
    assert one("a.zip", whole[: len(whole) // 2]) == {("a.zip", "broken")}
    assert one("a.zip", b"\x01\x02\x03 no archive") == {("a.zip", "broken")}
    assert one("o.zip", zipped({"a.zip": b"\x01\x02\x03 no archive"})) == {("o.zip", "broken")}
    assert one("a.gz", gzip.compress(b"a" * 100)[:15]) == {("a.gz", "broken")}
    assert one("a.tar", tarred({"a.txt": b"a" * 5000})[:2048]) == {("a.tar", "broken")}
    damaged = bytearray(tarred({"a": b"", "b": b""}))
    damaged[600] ^= 1
    assert one("a.tar", bytes(damaged)) == {("a.tar", "broken")}
    assert one("o.zip", zipped({"i.zip": whole[: len(whole) // 2]})) == {("o.zip!i.zip", "broken")}


def test_three_archives_deep_and_no_deeper() -> None:
    deep = zipped({"3.zip": zipped({"a.exe": b""})})
    assert one("1.zip", zipped({"2.zip": deep})) == {("1.zip!2.zip!3.zip!a.exe", "runs"), ("1.zip", "opened")}
    deeper = zipped({"3.zip": zipped({"4.zip": zipped({"a.exe": b""})})})
    assert one("1.zip", zipped({"2.zip": deeper})) == {("1.zip!2.zip!3.zip!4.zip", "too-deep")}


def test_bombs_are_left_alone() -> None:
    budget = Budget()
    bomb = attach(mail(), "a.zip", zipped({"zeros": bytes(30 * 1024 * 1024)}))
    assert told(look(bomb, budget)) == {("a.zip", "bomb")}
    assert budget.octets == MAX_READ


@pytest.mark.parametrize(("name", "pack"), [("a.gz", gzip.compress), ("a.bz2", bz2.compress), ("a.xz", lzma.compress)])
def test_compressed_bombs_cost_no_more_than_the_budget(name: str, pack: type[gzip.compress]) -> None:  # type: ignore[valid-type]
    budget = Budget(octets=1024 * 1024)
    tar = tarred({"a": bytes(range(256)) * (32 * 1024)})
    assert told(look(attach(mail(), name, pack(tar)), budget)) == {(name, "too-large")}  # type: ignore[operator]
    assert -64 * 1024 <= budget.octets < 0


def test_the_budget_is_for_all_attachments_together() -> None:
    message = mail()
    for number in range(3):
        attach(message, f"{number}.zip", zipped({"a": b"a" * 4096}, zipfile.ZIP_STORED))
    assert told(look(message, Budget(octets=2 * 4096))) == {
        ("0.zip", "harmless"), ("0.zip", "opened"), ("1.zip", "harmless"), ("1.zip", "opened"), ("2.zip", "too-large"),
    }  # fmt: skip
    assert told(look(message, Budget(entries=1))) == {
        ("0.zip", "harmless"), ("0.zip", "opened"), ("1.zip", "too-many"), ("2.zip", "too-many"),
    }  # fmt: skip


def test_a_forged_directory_is_not_read() -> None:
    octets = b"PK\x03\x04" + b"PK\x01\x02" * 20_000 + b"PK\x05\x06" + bytes(18)
    assert one("a.zip", octets) == {("a.zip", "too-many")}


def test_tiny_members_are_paid_for() -> None:
    budget = Budget(octets=1024 * 1024)
    (entry,) = entries(Holder.GZIP, gzip.compress(b"") * 10_000, "a.gz", budget)
    with pytest.raises(CannotLookError) as error:
        entry.read(10)
    assert error.value.obstacle is Obstacle.TOO_LARGE


@settings(max_examples=60)
@given(st.binary(max_size=3000), st.integers(1, 4000))
def test_entries_read_what_was_packed(content: bytes, limit: int) -> None:
    packed = {
        Holder.ZIP: zipped({"a": content}),
        Holder.TAR: tarred({"a": content}),
        Holder.GZIP: gzip.compress(content),
        Holder.BZIP2: bz2.compress(content),
        Holder.XZ: lzma.compress(content),
    }
    for holder, octets in packed.items():
        (entry,) = entries(holder, octets, "a", Budget())
        assert entry.read(limit) == content[:limit]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["zip", "encrypted", "tar", "gz", "bz2", "xz"]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=6),
)
def test_damage_never_raises(kind: str, damage: list[tuple[float, bytes]]) -> None:
    files = {"a.txt": b"a" * 600, "b.zip": zipped({"c.exe": pe()}), "é" * 90: pe()}
    octets = bytearray(
        {
            "zip": lambda: zipped(files, zipfile.ZIP_BZIP2),
            "encrypted": lambda: encrypted(files),
            "tar": lambda: tarred(files),
            "gz": lambda: tarred(files, "w:gz"),
            "bz2": lambda: tarred(files, "w:bz2"),
            "xz": lambda: tarred(files, "w:xz"),
        }[kind]()
    )
    for place, put in damage:
        at = int(place * (len(octets) - 1))
        octets[at : at + len(put)] = put
    for outcome in look(attach(mail(text=LONG), "a.bin", bytes(octets))):
        assert isinstance(outcome, Outcome)
        assert outcome.part.startswith("a.bin")


def test_deflate_gives_all_that_it_holds_back() -> None:
    """A few octets of input may hold more output than is asked for at once."""
    content = bytes(300_000)
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    octets = packed.compress(content) + packed.flush()
    (entry,) = entries(Holder.GZIP, octets, "a", Budget())
    assert entry.read(400_000) == content


def test_large_files_inside_archives() -> None:
    ole, other = msi(sector=100), bytearray(msi(sector=100))
    other[512 * 101 + 80] = 0x06
    image = bytes(0x8001) + b"CD001\x01" + bytes(0x2000)
    assert one("a.zip", zipped({"a": ole, "b": bytes(other), "c": image, "d": bytes(9000)})) == {
        ("a.zip!a", "runs"),
        ("a.zip!c", "runs"),
        ("a.zip", "opened"),
    }
    assert one("a.zip", zipped({"a.asc": b"-----BEGIN PGP MESSAGE-----\n"})) == {("a.zip", "encrypted")}


def test_app_packages_run() -> None:
    assert one("a.zip", zipped({"AppxManifest.xml": b""})) == {("a.zip", "runs")}


def test_gzip_with_extra_field() -> None:
    plain = gzip.compress(b"x", mtime=0)
    octets = plain[:3] + b"\x0c" + plain[4:10] + b"\x03\0abc" + b"setup.exe\0" + plain[10:]
    assert one("a.gz", octets) == {("a.gz!setup.exe", "runs"), ("a.gz", "opened")}
    assert one("a.gz", octets[:12]) == {("a.gz", "broken")}


def test_sizes_of_tar_in_binary() -> None:
    octets = bytearray(tarred({"a.txt": b"a" * 600, "b.exe": b""}))
    octets[124:136] = b"\x80" + (600).to_bytes(11, "big")
    octets[148:156] = b" " * 8
    octets[148:156] = b"%06o\0 " % sum(octets[:512])
    assert one("a.tar", bytes(octets)) == {("a.tar!b.exe", "runs"), ("a.tar", "opened")}


def test_an_entry_that_lies_about_its_size_or_place() -> None:
    octets = bytearray(zipped({"i.zip": zipped({"a.txt": b"a"})}, zipfile.ZIP_STORED))
    at = octets.rfind(b"PK\x01\x02", 0, octets.rfind(b"i.zip"))
    octets[at + 24] += 1  # its size when unpacked
    assert one("a.zip", bytes(octets)) == {("a.zip", "broken")}
    octets = bytearray(zipped({"a.txt": b"a"}))
    octets[octets.rfind(b"PK\x01\x02") + 42] = 1  # where it begins
    assert one("a.zip", bytes(octets)) == {("a.zip", "broken")}
    octets = bytearray(zipped({"i.zip": zipped({"a.txt": b"a"})}, zipfile.ZIP_STORED))
    at = octets.rfind(b"PK\x01\x02", 0, octets.rfind(b"i.zip"))
    octets[at + 26] = 1  # 64 KiB more than there are, yet less than what would make it a bomb
    assert told(look(attach(mail(), "a.zip", bytes(octets)), Budget(octets=32_000))) == {("a.zip", "too-large")}


def test_an_entry_without_a_name() -> None:
    octets = zipped({"a": pe()}).replace(b"a", b"\0")  # names end at a NUL
    assert one("x.zip", octets) == {("x.zip!\0", "runs"), ("x.zip", "opened")}
