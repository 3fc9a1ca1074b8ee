"""Messages, languages, translation tables and the escaping of text from outside."""

import itertools
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import CatalogueError
from preflight.text import Language, Message, Words, listing, load_translations, natural_key, places, visible

SURROGATES_TOO = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def test_a_message_fills_its_places() -> None:
    assert str(Message("{part} is named {name}", {"part": "192.0.2.1", "name": "{x}"})) == "192.0.2.1 is named {x}"


def test_a_message_with_an_unfilled_place_is_a_bug_at_once() -> None:
    with pytest.raises(KeyError, match="name"):
        Message("{part} is named {name}", {"part": "192.0.2.1"})


def test_masking_touches_arguments_and_not_the_template() -> None:
    masked = Message("key {a} and {b}", {"a": "key", "b": "no"}).masked(lambda text: text.replace("key", "?"))
    assert masked == Message("key {a} and {b}", {"a": "?", "b": "no"})


TABLE = {"{part} is fine": "{part} 没有问题", "Add {options}.": "请加上 {options}。"}


@pytest.mark.parametrize(
    ("code", "text", "args", "said"),
    [
        ("zh", Message("{part} is fine", {"part": "x"}), {}, "x 没有问题"),
        ("zh", Message("{part} is bad", {"part": "x"}), {}, "x is bad"),
        ("zh", "Add {options}.", {"options": "--ip"}, "请加上 --ip。"),
        ("zh", "nothing to add", {}, "nothing to add"),
        ("zh", Words("yes", "是"), {}, "是"),
        ("zh", Words("yes"), {}, "yes"),
        ("en", Words("yes", "是"), {}, "yes"),
    ],
)
def test_a_language_says(code: str, text: Message | Words | str, args: dict[str, str], said: str) -> None:
    assert Language(code, TABLE if code == "zh" else {}).say(text, **args) == said


def test_places() -> None:
    assert places("{ip} is {state}, {ip} again, {{not}} that") == {"ip", "state"}
    assert places("none") == set()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The locale folder of a package that can be imported."""
    folder = tmp_path / "words_of_a_plugin" / "locale"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (tmp_path / "plugin_of_one_module.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "words_of_a_plugin", raising=False)
    return folder


def test_a_table_is_read(package: Path) -> None:
    (package / "zh.toml").write_text('"{part} is fine" = "{part} 没有问题"', encoding="utf-8")
    assert load_translations("words_of_a_plugin", "zh") == {"{part} is fine": "{part} 没有问题"}


@pytest.mark.parametrize("name", ["words_of_a_plugin", "plugin_of_one_module", "no_such_package"])
@pytest.mark.usefixtures("package")
def test_no_table_is_no_translation(name: str) -> None:
    assert load_translations(name, "zh") == {}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'"{part} is fine" = "{teil} x"', "the places of '{part} is fine' differ"),
        (b'"{part} is fine" = "{part} x {more}"', "differ"),
        (b'"{part} is fine" = "{part"', "'{part} is fine': expected '}'"),
        (b"fine = 3", "'fine' is not a text"),
        (b"[table]\nfine = 'x'", "'table' is not a text"),
        (b"fine =", "Invalid value"),
        (b"fine = '\xff'", "can't decode byte 0xff"),
    ],
)
def test_a_broken_table_is_named(package: Path, data: bytes, problem: str) -> None:
    (package / "zh.toml").write_bytes(data)
    with pytest.raises(CatalogueError) as raised:
        load_translations("words_of_a_plugin", "zh")
    assert str(raised.value).startswith("words_of_a_plugin: locale/zh.toml: ")
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 中文 and ümlaut 🙂", "plain, 中文 and ümlaut 🙂"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\rc\td\x0be\x0cf\x1cg\x85h", "a\\x0ab\\x0dc\\x09d\\x0be\\x0cf\\x1cg\\x85h"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("zero\u200bwidth\ufeff\u00ad\u061c", "zero\\u200bwidth\\ufeff\\xad\\u061c"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\u2066isolate\u2069 \u2060joined\u180e", "\\u2066isolate\\u2069 \\u2060joined\\u180e"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_visible_cuts_before_it_escapes() -> None:
    assert visible("abcdef", limit=6) == "abcdef"
    assert visible("abcdefg", limit=6) == "abcde…"
    assert visible("\x1b" * 9, limit=3) == "\\x1b\\x1b…"


@given(SURROGATES_TOO)
def test_visible_text_is_one_line_that_can_be_written(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Zl", "Zp")]
    assert not [char for char in shown if unicodedata.bidirectional(char) in ("RLO", "LRO", "RLE", "LRE", "PDF")]
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("before", "after"),
    [("192.0.2.9", "192.0.2.10"), ("a2", "a10"), ("", "0"), ("9" * 30, "x"), ("a", "b"), ("2", "a")],
)
def test_numbers_sort_by_value(before: str, after: str) -> None:
    assert natural_key(before) < natural_key(after)


@given(st.lists(st.text(st.sampled_from("0129٣²ab.\ud800"), max_size=6), max_size=6))
def test_any_parts_can_be_sorted(parts: list[str]) -> None:
    keys = [natural_key(part) for part in sorted(parts, key=natural_key)]
    assert all(before <= after for before, after in itertools.pairwise(keys))


def test_words_and_messages_within_a_message_are_translated_with_it() -> None:
    chinese = Language(
        "zh", {"{zone} lists {target}: {meaning}": "{zone} 收录了 {target}：{meaning}", "{a} is it": "就是 {a}"}
    )
    meaning = listing([Words("a bot", "僵尸主机"), Words("spam"), Message("{a} is it", {"a": "x"})], "; ")
    message = Message("{zone} lists {target}: {meaning}", {"zone": "z", "target": "t", "meaning": meaning})
    assert str(message) == "z lists t: a bot; spam; x is it"
    assert chinese.say(message) == "z 收录了 t：僵尸主机; spam; 就是 x"
    assert str(message.masked(lambda text: text.replace("x", "?"))) == "z lists t: a bot; spam; ? is it"
