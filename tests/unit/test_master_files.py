"""Master files are read as name servers read them, each record with its line; what is none is one line of error."""

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import ZoneError
from preflight.net.master_file import MAX_DEPTH, Budget, Record, master_text, read_master

ORIGIN = dns.name.from_text("example.com")


def read(text: str, **options: object) -> list[str]:
    """The records as `line owner TTL type data`."""
    return [shown(one) for one in read_master(text, "z", ORIGIN, **options)]  # type: ignore[arg-type]


def shown(one: Record) -> str:
    owner = one.name.relativize(ORIGIN) if one.name.is_subdomain(ORIGIN) else one.name
    return f"{one.place.line} {owner} {one.ttl} {one.rdata.rdtype.name} {one.rdata.to_text()}"


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("mail A 192.0.2.1", ["1 mail 3600 A 192.0.2.1"]),
        ("mail\tIN\tA\t192.0.2.1\n", ["1 mail 3600 A 192.0.2.1"]),
        ("mail 1h30m IN A 192.0.2.1", ["1 mail 5400 A 192.0.2.1"]),
        ("mail IN 1w A 192.0.2.1", ["1 mail 604800 A 192.0.2.1"]),
        ("mail in a 192.0.2.1", ["1 mail 3600 A 192.0.2.1"]),
        ("mail class1 type1 192.0.2.1", ["1 mail 3600 A 192.0.2.1"]),
        ("$TTL 2d\nm A 192.0.2.1\n$TTL 60\nn A 192.0.2.2", ["2 m 172800 A 192.0.2.1", "4 n 60 A 192.0.2.2"]),
        ("m A 192.0.2.1\n  A 192.0.2.2\n\n\t; a comment\n  TXT x", [
            "1 m 3600 A 192.0.2.1", "2 m 3600 A 192.0.2.2", '5 m 3600 TXT "x"',
        ]),
        ("@ MX 10 mail\n@ MX 20 mail.example.net.", [
            "1 @ 3600 MX 10 mail.example.com.", "2 @ 3600 MX 20 mail.example.net.",
        ]),
        ("$ORIGIN sub\nm A 192.0.2.1\n$ORIGIN example.org.\nm A 192.0.2.2", [
            "2 m.sub 3600 A 192.0.2.1", "4 m.example.org. 3600 A 192.0.2.2",
        ]),
        ("@ SOA ns hostmaster (\n 1 ; serial\n 2 3\n 4 5 )\nm A 192.0.2.1", [
            "1 @ 3600 SOA ns.example.com. hostmaster.example.com. 1 2 3 4 5", "5 m 3600 A 192.0.2.1",
        ]),
        ("( m\n A\n 192.0.2.1 )\nn A 192.0.2.2", ["1 m 3600 A 192.0.2.1", "4 n 3600 A 192.0.2.2"]),
        ('t TXT "a ; b" "c"\nu TXT un\\"quoted', ['1 t 3600 TXT "a ; b" "c"', '2 u 3600 TXT "un\\"quoted"']),
        ("*.w A 192.0.2.1", ["1 *.w 3600 A 192.0.2.1"]),
        ("x TYPE65400 \\# 2 abcd", ["1 x 3600 TYPE65400 \\# 2 abcd"]),
        ("a.b\\.c A 192.0.2.1", ["1 a.b\\.c 3600 A 192.0.2.1"]),
    ],
)  # fmt: skip
def test_records(text: str, records: list[str]) -> None:
    assert read(text) == records


@pytest.mark.parametrize(
    ("line", "records"),
    [
        ("$GENERATE 1-3 h$ A 192.0.2.$", ["h1 A 192.0.2.1", "h2 A 192.0.2.2", "h3 A 192.0.2.3"]),
        ("$GENERATE 0-4/2 $ CNAME $.0/26", [f"{n} CNAME {n}.0/26.example.com." for n in (0, 2, 4)]),
        ("$GENERATE 9-10 h${0,3,d} 60 IN A 192.0.2.${100}", ["h009 A 192.0.2.109", "h010 A 192.0.2.110"]),
        ("$GENERATE 10-11 h${-10,0,x} A 192.0.2.1", ["h0 A 192.0.2.1", "h1 A 192.0.2.1"]),
        ("$GENERATE 171-171 ${0,2,X} A 192.0.2.1", ["AB A 192.0.2.1"]),
        ("$GENERATE 8-8 ${0,4,o} A 192.0.2.1", ["0010 A 192.0.2.1"]),
        ("$GENERATE 18-18 ${0,5,n}.x A 192.0.2.1", ["2.1.0.x A 192.0.2.1"]),
        ("$GENERATE 1-1 a$$b A 192.0.2.1", ["a\\$b A 192.0.2.1"]),
        ("$GENERATE 1-1 a\\$b A 192.0.2.1", ["a\\$b A 192.0.2.1"]),
        ("$GENERATE 1-2 @ MX \"$0 mail$\"", ["@ MX 10 mail1.example.com.", "@ MX 20 mail2.example.com."]),
    ],
)  # fmt: skip
def test_generated_records(line: str, records: list[str]) -> None:
    found = read(f"\n{line}\nlast A 192.0.2.9")
    assert [one.replace(" 3600 ", " ").replace(" 60 ", " ") for one in found[:-1]] == [f"2 {one}" for one in records]
    assert found[-1].startswith("3 last ")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mail A 192.0.2.300", "z:1: no A record can be read here: "),
        ("\n\nmail MXX 10 x", "z:3: no record type 'MXX'; did you mean 'MX'?"),
        (" mail A 192.0.2.1", "z:1: a record without a name, and no record before it that has one"),
        (
            "@ NS ns\n mail A 192.0.2.1",
            "z:2: no record type 'MAIL'; did you mean 'MAILB'?; the name of a record stands ",
        ),
        ("mail\nm A 192.0.2.1", "z:1: a record without a type"),
        ("mail IN", "z:1: a record without a type"),
        ("mail CH TXT x", "z:1: a record of class CH; class IN alone is read"),
        ("mail ANY x", "z:1: ANY is a type for questions, not for records"),
        ("mail A 192.0.2.1 192.0.2.2\n", "z:1: no A record can be read here: there is more than belongs to it"),
        ("m A 192.0.2.1\n@ SOA a b ( 1 2\n3 4 5\n", "z:2: no SOA record can be read here: "),
        ('m TXT "open\nn A 192.0.2.1', "z:1: no TXT record can be read here: newline in quoted string"),
        ("a..b A 192.0.2.1", "z:1: 'a..b' is no name: A DNS label is empty."),
        (f"{'a' * 64} A 192.0.2.1", f"z:1: '{'a' * 59}…' is no name: A DNS label is > 63 octets long."),
        ("m 1x A 192.0.2.1", "z:1: "),
        ("$ORIGN x.", "z:1: no directive '$ORIGN'; did you mean '$ORIGIN'?"),
        ("$TTL", "z:1: $TTL lacks a value"),
        ("$TTL 1h 2h", "z:1: "),
        ("$INCLUDE", "z:1: $INCLUDE names no file"),
        ("$INCLUDE other", "z:1: $INCLUDE is not read here"),
        ("$GENERATE 5-1 $ A 192.0.2.1", "z:1: '5-1' is no range; write 1-254 or 0-254/2"),
        ("$GENERATE 1-5/0 $ A 192.0.2.1", "z:1: '1-5/0' is no range"),
        ("$GENERATE 1-2 ${x} A 192.0.2.1", "z:1: ${ without a proper offset"),
        ("$GENERATE 1-2 ${0,3,q} A 192.0.2.1", "z:1: base 'q' is none of d, o, x, X, n, N"),
        ("$GENERATE 1-2 ${0,999} A 192.0.2.1", "z:1: a width of 999; at most 255"),
        ("$GENERATE 1-2 ${-9,3,n} A 192.0.2.1", "z:1: nibbles of a negative number"),
        ("$GENERATE 255-256 $ A 192.0.2.$", "z:1: no A record can be read here: "),
        ("\x1b[31m A 192.0.2.1 x", "z:1: "),
    ],
)
def test_what_cannot_be_read(text: str, error: str) -> None:
    with pytest.raises(ZoneError) as raised:
        read(text)
    assert str(raised.value).startswith(error)
    assert str(raised.value).isprintable()


def test_relative_names_want_an_origin() -> None:
    for text in ("mail A 192.0.2.1", "@ SOA a. b. 1 2 3 4 5", "example.com. MX 10 mail"):
        with pytest.raises(ZoneError, match=r"z:1: (the|a) name .*relative.*write --zone example.com=FILE"):
            read_master(text, "z")
    (record,) = read_master("example.com. MX 10 mail.example.com.", "z")
    assert str(record.name) == "example.com."


def test_files_that_are_included_keep_what_they_say_to_themselves() -> None:
    files = {"one": "$ORIGIN one\n$TTL 60\na A 192.0.2.1\n$INCLUDE two far\n", "two": "\nb A 192.0.2.2\n"}
    text = "m A 192.0.2.9\n$INCLUDE one ; with a comment\n A 192.0.2.3\nz A 192.0.2.4\n"
    records = read_master(text, "z", ORIGIN, include=lambda name: (name, files[name]))
    assert [f"{one.place} {one.name} {one.ttl}" for one in records] == [
        "z:1 m.example.com. 3600",
        "one:3 a.one.example.com. 60",
        "two:2 b.far.one.example.com. 60",
        "z:3 m.example.com. 3600",
        "z:4 z.example.com. 3600",
    ]


def test_files_that_include_each_other_come_to_an_end() -> None:
    opened = []

    def include(name: str) -> tuple[str, str]:
        opened.append(name)
        return name, "$INCLUDE again\n"

    with pytest.raises(ZoneError, match=f"again:1: files include each other {MAX_DEPTH} deep"):
        read_master("$INCLUDE again", "z", ORIGIN, include=include)
    assert len(opened) == MAX_DEPTH


def test_the_number_of_records_is_bounded() -> None:
    with pytest.raises(ZoneError, match="z:1: more than 1,000 records in all"):
        read("$GENERATE 1-999999999 $ A 192.0.2.1", budget=Budget(1000))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfa", "a"),
        ("grüße".encode(), "gr\\195\\188\\195\\159e"),
        ("grüße".encode("latin-1"), "gr\\252\\223e"),
    ],
)
def test_octets_as_text(octets: bytes, text: str) -> None:
    assert master_text(octets, "z") == text


@pytest.mark.parametrize(
    ("octets", "error"),
    [(b"a\n\0", "z:2: a NUL octet"), ("@ SOA".encode("utf-16"), "z: UTF-16 text; save it as UTF-8")],
)
def test_octets_that_are_no_text(octets: bytes, error: str) -> None:
    with pytest.raises(ZoneError) as raised:
        master_text(octets, "z")
    assert str(raised.value).startswith(error)


def test_octets_beyond_ascii_stay_what_they_are() -> None:
    (record,) = read_master(master_text(b't TXT "gr\xfc\xdfe \xc3\xbc"', "z"), "z", ORIGIN)
    assert record.rdata.strings == (b"gr\xfc\xdfe \xc3\xbc",)  # type: ignore[attr-defined]


PIECES = st.sampled_from([
    "mail", "@", " ", "\t", "\n", "A", "MX", "TXT", "SOA", "IN", "1h", "300", "192.0.2.1", "10 mail", "(", ")", '"',
    ";",
    "$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE", "1-9", "1-99999999", "${0,3,n}", "$", "\\", "\\065", "\\9", "x.", ".",
    "..", "CNAME", "SVCB 1 .", "LOC", "\x00", "é", "NSEC3", "APL", "\\#", "RRSIG", "DNSKEY", "HIP", "WKS", "NAPTR",
])  # fmt: skip


@given(st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES).map(" ".join)))
def test_any_text_is_records_or_an_error_with_a_line(text: str) -> None:
    def include(name: str) -> tuple[str, str]:
        if "A" in name:
            raise ValueError("no such file")
        return "other", text

    error, records = "", []
    try:
        octets = text.encode("utf-8", "surrogatepass")
        records = read_master(master_text(octets, "z"), "z", ORIGIN, include=include, budget=Budget(2000))
    except ZoneError as raised:
        error = str(raised)
    assert not error or (error.startswith(("z:", "other:")) and error.isprintable())
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= one.place.line <= lines for one in records)
