"""The readers of hostile text and files: whatever they are given, they raise only what they say they raise."""

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import charsets
from preflight.errors import CatalogueError
from preflight_checks.mailfile.addresses import Mailbox, mailboxes
from preflight_checks.mailfile.archives import entries
from preflight_checks.mailfile.budget import Budget, CannotLookError
from preflight_checks.mailfile.dates import read_date, received_at
from preflight_checks.mailfile.filetypes import Holder
from preflight_checks.mailfile.hostlists import read_hosts
from preflight_checks.mailfile.html import read_html
from preflight_checks.mailfile.links import host_of, is_numeric, links_in, obscured, shown_host
from preflight_checks.mailfile.naming import disguises, two_extensions
from preflight_checks.mailfile.sizes import read_sizes
from tests.unit.mail_samples import pe
from tests.unit.message_samples import letter, onenote, outcomes, rar4, rar5, seven, tnef, with_file, with_html

FILES = {"a.txt": b"a" * 300, "b.dat": pe()}
ARCHIVES = [
    (Holder.SEVENZIP, seven(FILES)),
    (Holder.SEVENZIP, seven(FILES, "lzma", folders=("x", "y"))),
    (Holder.SEVENZIP, seven(FILES, "copy")),
    (Holder.SEVENZIP, seven(FILES, "bzip2", packed_header=True)),
    (Holder.RAR, rar5(FILES)),
    (Holder.RAR, rar5(FILES, encrypted=True)),
    (Holder.RAR, rar4(FILES)),
    (Holder.ONENOTE, onenote(pe(), b"text")),
    (Holder.TNEF, tnef({"a.txt": b"text", "b.exe": pe()}, {"b.exe": "a longer name.exe"})),
]


def signed(octets: bytes) -> bytes:
    """A 7z archive with its check sums made right again, so that damage reaches the reader of the directory."""
    at, size = struct.unpack_from("<QQ", octets, 12)
    if 32 + at + size > len(octets):
        return octets
    start = struct.pack("<QQI", at, size, zlib.crc32(octets[32 + at : 32 + at + size]))
    return octets[:8] + struct.pack("<I", zlib.crc32(start)) + start + octets[32:]


def read_all(holder: Holder, octets: bytes) -> None:
    """Read each entry as the look at an attachment does; raises whatever is no `CannotLookError`."""
    budget = Budget(octets=4 * 1024 * 1024)
    try:
        for entry in entries(holder, octets, "a", budget):
            if entry.obstacle is None:
                try:
                    assert len(entry.read(4096)) <= 4096
                except CannotLookError:
                    continue
    except CannotLookError:
        pass


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(ARCHIVES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), max_size=4),
)
def test_damaged_archives_raise_nothing_else(
    archive: tuple[Holder, bytes], damage: list[tuple[float, int, bytes]]
) -> None:
    holder, octets = archive[0], bytearray(archive[1])
    for place, cut, put in damage:
        at = int(place * (len(octets) - 32)) + 32
        octets[at : at + cut] = put
    whole = bytes(octets)
    read_all(holder, signed(whole) if holder is Holder.SEVENZIP else whole)


@pytest.mark.parametrize(("holder", "octets"), ARCHIVES)
def test_each_octet_of_a_directory_damaged(holder: Holder, octets: bytes) -> None:
    for at in range(max(0, len(octets) - 160), len(octets)):
        for put in (0x00, 0x7F, 0xFF):
            damaged = octets[:at] + bytes([put]) + octets[at + 1 :]
            read_all(holder, signed(damaged) if holder is Holder.SEVENZIP else damaged)


@settings(max_examples=200)
@given(st.sampled_from([Holder.SEVENZIP, Holder.RAR, Holder.ONENOTE]), st.binary(max_size=300))
def test_any_octets_as_an_archive(holder: Holder, octets: bytes) -> None:
    start = {Holder.SEVENZIP: b"7z\xbc\xaf\x27\x1c\0\4", Holder.RAR: b"Rar!\x1a\x07\x01\0"}.get(holder, b"")
    read_all(holder, start + octets)


_piece = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["<", ">", '"', "'", "<a href=", "</a>", "<!--", "-->", "<p style=", "display:none", "=", "&#", "&lt;", "/>"]
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_piece, max_size=40).map("".join))
def test_any_html(text: str) -> None:
    page = read_html(text)
    assert all(0 <= link.offset < len(text) for link in page.links)


def test_html_of_any_depth_is_read_in_one_pass() -> None:
    page = read_html("<div>" * 100_000 + "text" + "<a href='" * 20_000 + "<!--" * 20_000)
    assert page.text.startswith("\n")
    assert "text" in page.text


LARGE = [
    letter(From='"a" ' * 16_000 + "<a@example.com>"),
    letter(To="a@example.com, " * 60_000),
    letter(extra=["List-Unsubscribe: <a:" + " " * 900_000]),
    letter(extra=["Received: " + "(" * 500_000]),
    letter(Message_ID="<" + "a@" * 300_000),
    letter(Subject="Re: " + "=?utf-8?Q?" * 60_000),
    letter("begin 644 a\n" * 50_000),
    letter("begin 644 a\n" + "M" * 60 + "\n" * 500_000),
    letter("https://" * 120_000),
    letter("{{" * 400_000 + "%%a" * 100_000),
    letter("\nFrom " * 100_000),
    with_html("<a href='http://a'>" * 50_000),
    with_html("<p style='display:none'>x" * 40_000),
    with_html("&" * 900_000),
    with_html("<" * 900_000),
    with_html("<a " + "b=" * 400_000),
    with_file(b"x", disposition='attachment; filename="' + " " * 60_000 + '"'),
    with_file(b"x", disposition='attachment; filename="a' + "." * 60_000 + 'b"'),
]


@pytest.mark.parametrize("octets", LARGE, ids=range(len(LARGE)))
def test_work_grows_no_faster_than_the_message(octets: bytes) -> None:
    """Each of these would take minutes if some step took time that grows with the square of its size."""
    found = outcomes(octets)
    assert "error" not in found
    assert not any(rule == "unreadable" for rules in found.values() for rule in rules)


@settings(max_examples=300)
@given(st.text(alphabet='ab.@<>",;:()[]\\ =?\u00fc', max_size=60))
def test_any_address_field(text: str) -> None:
    found, _ = mailboxes(text)
    for one in found:
        assert isinstance(one, Mailbox)
        assert one.is_valid in {True, False}
        one.domains_in_name()


@settings(max_examples=300)
@given(st.text(alphabet="MonTue, 0123456789JanFeb:+-GMT()", max_size=60))
def test_any_date(text: str) -> None:
    read_date(text)
    received_at(text)


def test_dates_at_the_ends_of_time() -> None:
    assert read_date("Fri, 31 Dec 9999 23:59:60 -1200") is None
    assert read_date("Sat, 01 Jan 0001 00:00:00 +1200") is None
    assert read_date("Sat, 01 Jan 0000 00:00:00 +0000") is None
    assert read_date("Mon, 23 Nov 2026 10:00:00 XYZ") is None


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_url_and_name(text: str) -> None:
    host = host_of(f"http://{text}")
    is_numeric(host)
    shown_host(text)
    assert obscured(f"http://{text}") in {"", "invisible", "mixed"}
    links_in(text)
    disguises(text)
    two_extensions(text)


@pytest.mark.parametrize(
    ("charset", "known"),
    [("utf-8", True), ("GB2312", True), ("utf-16", True), ("x-nobody", False), ("idna", False), ("hex", False),
     ("a b", False)],
)  # fmt: skip
def test_charsets_that_readers_know(charset: str, known: bool) -> None:
    assert charsets.is_known(charset) is known


def test_octets_that_fit_a_charset() -> None:
    assert charsets.fits("Grüße".encode(), "utf-8")
    assert charsets.fits("Grüß".encode()[:-1], "utf-8")  # cut off, as a long text is
    assert not charsets.fits(b"Gr\xfc\xdfe", "utf-8")
    assert not charsets.fits(b"a", "x-nobody")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("checked = 2026-11-24\nlimit = []", "positive"),
        ('checked = 2026-11-24\n[[limit]]\nname = "a"\noctets = "b"\nsource = ""', "Expected `int`"),
        (
            'checked = 2026-11-24\nlimit = [{name="a", octets=2, source=""}, {name="b", octets=1, source=""}]',
            "smallest first",
        ),
    ],
)  # fmt: skip
def test_broken_tables_of_sizes(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "sizes.toml"
    file.write_text(text)
    with pytest.raises(CatalogueError, match=complaint):
        read_sizes(file)


@pytest.mark.parametrize(("hosts", "complaint"), [('["Bit.ly"]', "no host name"), ("[1]", "Expected `str`")])
def test_broken_tables_of_shorteners(hosts: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "shorteners.toml"
    file.write_text(f'source = ["a"]\nchecked = 2026-11-24\nhosts = {hosts}\n')
    with pytest.raises(CatalogueError, match=complaint):
        read_hosts(file)
