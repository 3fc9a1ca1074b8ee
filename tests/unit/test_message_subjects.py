"""Subjects: decoding of what mail programs write, and which of them say nothing."""

import codecs
from email.header import Header
from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import charsets
from preflight.errors import CatalogueError
from preflight_checks.mailfile.headers import Parameters, decode_words, read_header
from preflight_checks.mailfile.subjects import Triviality, is_blank, load_trivial_words, read_trivial_words

judge = load_trivial_words().judge


@pytest.mark.parametrize(
    "subject",
    [
        "test", "TEST", "Test!!!", "ＴＥＳＴ", "t e s t", "T-E-S-T", "Re: test 2", "RE: Fwd: Re[3]: Test", "testing",
        "Testing 123", "test mail", "Test e-mail", "this is a test", "Just a test, please ignore", "testtest",
        "[test]", "*** test ***", "hello", "Hi", "Hello World", "hi there!", "hello test", "asdf", "asdfasdf",
        "foo bar", "qwerty", "(no subject)", "te\u200bst", "𝐭𝐞𝐬𝐭", "new message", "SMTP test", "test test test",
        "lorem ipsum", "测试", "測試", "测试邮件", "測試郵件", "这是一封测试邮件", "這是一封測試郵件", "测试测试",
        "邮件测试", "发信测试", "你好", "您好！", "回复：测试", "转发: 测试 2", "轉寄：測試", "测 试",
        "Test测试", "测试 test", "无主题", "測試一下",
    ],
)  # fmt: skip
def test_words_that_say_nothing(subject: str) -> None:
    assert judge(subject) is Triviality.WORDS


@pytest.mark.parametrize("subject", ["123", "4711-0815", "!!!", "😀😀", "Re:", "回复：", "Re: Re: 1"])
def test_no_word(subject: str) -> None:
    assert judge(subject) is Triviality.NO_WORDS


@pytest.mark.parametrize("subject", ["ok", "FYI", "a", "问", "x 12", "t3st"])
def test_too_short(subject: str) -> None:
    assert judge(subject) is Triviality.TOO_SHORT


@pytest.mark.parametrize("subject", ["aaaa", "xxxxxxxx", "嘻嘻嘻嘻", "qwertyuiop", "jkljkljkl", "zxcvb", "poiuy"])
def test_keys(subject: str) -> None:
    assert judge(subject) is Triviality.KEYS


@pytest.mark.parametrize(
    "subject",
    [
        "Test results for order 4711", "测试结果：订单 4711", "Minutes of the meeting", "Invoice", "Rechnung", "发票",
        "会议纪要", "Hello Anna, about Tuesday", "A/B test of the new page", "Your test appointment", "Re: contract",
        "Q3 report", "你好世界杯门票", "Papa", "Popo", "Testament", "Contest winners", "新邮件系统上线",
        "测试环境迁移通知", "Message from the board", "x" * 250 + " test " * 60,
    ],
)  # fmt: skip
def test_subjects_that_say_something(subject: str) -> None:
    assert judge(subject) is None


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?5rWL6K+V?=", "测试"),
        ("=?UTF-8?q?=E6=B5=8B=E8=AF=95?=", "测试"),
        ("=?gb18030?B?suLK1A==?=", "测试"),
        ("=?GBK?Q?=B2=E2=CA=D4?=", "测试"),
        ("=?big5?B?tPq41Q==?=", "測試"),
        ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
        ("=?iso-8859-1*fr?Q?r=E9sum=E9?=", "résumé"),
        ("=?utf-8?B?5rWL?= =?utf-8?B?6K+V?=", "测试"),
        ("=?utf-8?B?5rWL6A==?= \t=?UTF-8?B?r5U=?=", "测试"),  # cut in the middle of a character
        ("a =?utf-8?Q?b_c?= d", "a b c d"),
        ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        ("=?utf-8?B?5rWL6K+V", "=?utf-8?B?5rWL6K+V"),  # no end
        ("=?utf-8?B?5rWL6K+V5?=", "测试"),  # a digit too many
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?nobody-knows?Q?abc?=", "abc"),
        ("=?us-ascii?B?5rWL6K+V?=", "测试"),
        ("=?unicode_escape?Q?=5Cx41?=", "\\x41"),
        ("=?idna?Q?abc?=", "abc"),
        ("=?utf-7?Q?+2AA-?=", "\ufffd"),
        ("=?hex?Q?4142?=", "4142"),
    ],
)
def test_encoded_words(text: str, decoded: str) -> None:
    assert decode_words(text) == decoded


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("测试".encode(), "测试"),
        ("测试".encode("gb18030"), "测试"),
        ("テスト".encode("iso2022_jp"), "テスト"),
        (b"\xff\xff", "ÿÿ"),
    ],
)
def test_raw_octets(octets: bytes, text: str) -> None:
    header, _ = read_header(b"Subject: " + octets + b"\r\n\r\n", 0, 13 + len(octets))
    (field,) = header.fields
    assert field.text == text


def test_fields_keep_their_offsets() -> None:
    octets = b"From: a@example.com\nSUBJECT : one\n  two\n\nbody"
    header, body = read_header(octets, 0, len(octets))
    assert [(field.name, field.raw, field.offset) for field in header.fields] == [
        ("From", "a@example.com", 0),
        ("SUBJECT", "one  two", 20),
    ]
    assert octets[body:] == b"body"


@pytest.mark.parametrize("text", ["", " \t", "\u200b\u00a0", "\0"])
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "x")


@settings(max_examples=150)
@given(st.text(max_size=40))
def test_decodes_what_the_standard_library_encodes(text: str) -> None:
    clean = "".join(character for character in text if character.isprintable()).strip()
    assert decode_words(Header(clean, "utf-8", maxlinelen=10_000).encode()) == clean


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert judge(text) in {None, *Triviality}
    decode_words(text)


@settings(max_examples=200)
@given(st.text(alphabet="=?bq*'\";%0129 aname\\=\n", max_size=60))
def test_any_field_is_decoded(text: str) -> None:
    decode_words(text)
    Parameters(text).all("name")


@pytest.mark.parametrize(
    "codec", sorted({*aliases.values(), *aliases, "idna", "punycode", "undefined", "x\0y", "", "a" * 90})
)
def test_every_codec_of_python_is_safe(codec: str) -> None:
    for octets in (b"", b"abc", bytes(range(256)), b"\\N{x}\\u12"):
        charsets.decode(octets, codec).encode("utf-8")


def test_charsets_by_their_usual_names() -> None:
    for name in ("gb2312", "gbk", "big5", "iso-2022-jp", "euc-kr", "koi8-r", "windows-1251", "shift_jis"):
        assert codecs.lookup(name)
        assert charsets.decode(b"abc", name) == "abc"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("source = [", "sauce = ["), "sauce"),
        (('"test",', '"Test",'), "'Test' is not one word"),
        (('"test",', '"a test",'), "'a test' is not one word"),
        (("spaced = true", "spaced = 1"), "bool"),
        (("checked = 2026-11-24", "checked = 'today'"), "Expected `date`"),
    ],
)
def test_broken_words_are_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    shipped = Path("checks/preflight_checks/data/subjects.toml").read_text(encoding="utf-8")
    file = tmp_path / "subjects.toml"
    file.write_text(shipped.replace(*change, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=complaint):
        read_trivial_words(file)


def test_words_without_source_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "subjects.toml"
    file.write_text("source = []\nchecked = 2026-11-24\nlanguage = []\n")
    with pytest.raises(CatalogueError, match="at least one"):
        read_trivial_words(file)
