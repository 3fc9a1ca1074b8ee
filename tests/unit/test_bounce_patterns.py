"""The patterns by which replies are known, and the shape that replies are brought into."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.bounces.catalogue import load_catalogue
from preflight.bounces.patterns import Pattern, PatternIndex, grams, read_pattern
from preflight.bounces.replies import shape

CATALOGUE = load_catalogue()
SHIPPED = sorted(
    {text for bounce in CATALOGUE.bounces.values() for text in (*bounce.known_by, *bounce.known_here)}
    | {sign for provider in CATALOGUE.providers.values() for sign in provider.signs}
)


@pytest.mark.parametrize(
    ("text", "either", "regex"),
    [
        ("user unknown", ("userunknown",), "user ?unknown"),
        (r"\[cs01\]", ("[cs01]",), r"\[cs01\]"),
        ("a user (unknown|not known)", ("unknown", "notknown"), "a ?user ?(?:unknown|not ?known)"),
        ("(mailbox|inbox) is full", ("isfull",), "(?:mailbox|inbox) ?is ?full"),
        ("(mailbox|inbox)", ("mailbox", "inbox"), "(?:mailbox|inbox)"),
        ("colou?red", ("colo",), "colou?red"),
        ("gone( away)?", ("gone",), "gone(?: ?away)?"),
        ("blocked.{0,40}list", ("blocked",), "blocked.{0,40}list"),
        ("{5.7.1} no", ("5.7.1no",), r"(?<![\d.])5\.7\.(?:1)(?!\.?\d) ?no"),
        ("{x.7.26}", (".7.26",), r"(?<![\d.])[45]\.7\.(?:26)(?!\.?\d)"),
        ("{5.7.606-608}", ("5.7.60",), r"(?<![\d.])5\.7\.(?:606|607|608)(?!\.?\d)"),
        ("{5.7.9-10}", ("5.7.",), r"(?<![\d.])5\.7\.(?:9|10)(?!\.?\d)"),
        ("不存在", ("不存在",), "不存在"),
        ("spam(?! ip)", ("spam",), "spam(?! ?ip)"),
    ],
)
def test_what_a_pattern_is(text: str, either: tuple[str, ...], regex: str) -> None:
    assert read_pattern(text) == Pattern(either, regex)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "3 characters in a row"),
        ("ab", "3 characters in a row"),
        ("a.b.c", "3 characters in a row"),
        ("(abc|d)", "3 characters in a row"),
        ("(abc)?", "3 characters in a row"),
        ("abc|def", "two patterns"),
        ("spam*", r"'\*' is not for patterns"),
        ("spam+", r"'\+' is not for patterns"),
        ("spam.{3,}x", r"'\{' is not for patterns"),
        ("Spam", "'S' is not for patterns"),
        (r"(spam)\1", "is not for patterns"),
        ("spam\\", "is not for patterns"),
        ("(spam){2}", "repeats nothing that may be repeated"),
        ("spam{2}{3}", "repeats nothing that may be repeated"),
        ("spam??", "repeats nothing that may be repeated"),
        ("(?:spam)", "repeats nothing that may be repeated"),
        (".{0,9}spam", "begins with something repeated"),
        ("spam.{0,201}x", "repeats more than 200 times"),
        ("spam.{0,200}x.{0,200}y", "too many repeats"),
        ("spam(x", "a bracket is not closed"),
        ("spam)x", "a bracket is not opened"),
        ("spam[z-a]", "bad character range"),
        ("spam[a--b]", "a hyphen stands"),
        ("^?spam", "repeats nothing that may be repeated"),
        ("spam(?!x)?", "repeats nothing that may be repeated"),
        ("spam[a", "is not for patterns"),
    ],
)
def test_what_is_no_pattern(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_pattern(text)


@pytest.mark.parametrize("text", SHIPPED)
def test_each_pattern_that_ships_is_one(text: str) -> None:
    re.compile(read_pattern(text).regex)


@given(st.text() | st.text("abc{}()|?.5x7\\ ,09-"))
def test_reading_a_pattern_ends_in_a_pattern_or_a_reason(text: str) -> None:
    """What is read compiles, and what matches has one of the runs that are looked for first."""
    try:
        pattern = read_pattern(text)
    except ValueError:
        return
    re.compile(pattern.regex)


@given(st.sampled_from([bounce for bounce in CATALOGUE.bounces.values() if bounce.known_by]), st.data())
def test_what_matches_has_what_is_looked_for_first(bounce: object, data: st.DataObject) -> None:
    pattern = read_pattern(data.draw(st.sampled_from(SHIPPED)))
    text = data.draw(st.sampled_from([example for one in CATALOGUE.bounces.values() for example in one.examples]))
    reply = shape(text)
    if pattern.found_in(reply.plain) or pattern.found_in(reply.squeezed):
        assert any(run in reply.key for run in pattern.either)


def test_the_index_finds_what_may_match_in_order() -> None:
    index = PatternIndex(map(read_pattern, ["list", "block", "(rbl|dnsbl)", "不在"]), ["blocklist"])
    assert index.candidates("blocklist", grams("blocklist")) == [0, 1]
    assert index.candidates("in-dnsbl", grams("in-dnsbl")) == [2]
    assert index.candidates("用户不在", grams("用户不在")) == [3]
    assert index.candidates("ab", grams("ab")) == []


@pytest.mark.parametrize(
    ("text", "plain", "code", "status"),
    [
        ("550 5.1.1 No\r\n such  User", "550 5.1.1 no such user", 550, "5.1.1"),
        ("550-5.1.1 no\n550-5.1.1 such\n550 5.1.1 user", "550 5.1.1 no such user", 550, "5.1.1"),
        ("550-one\n550 two", "550 one 550 two", 550, None),
        ("550-SPF failed: 550 example.com", "550 spf failed: 550 example.com", 550, None),
        ("550 #5.1.0 Address rejected.", "550 5.1.0 address rejected.", 550, "5.1.0"),
        ("Unknown user (#5.1.1)", "unknown user (#5.1.1)", None, "5.1.1"),
        ("smtp; 550 5.1.1 x", "smtp; 550 5.1.1 x", 550, "5.1.1"),
        ("host 192.0.2.1 said: 421-4.7.0 x", "host 192.0.2.1 said: 421 4.7.0 x", 421, "4.7.0"),
        ("connect to mx.example.com[192.0.2.1]:587: no", "connect to mx.example.com[192.0.2.1]:587: no", None, None),
        ("version 10.5.7.1", "version 10.5.7.1", None, None),
        ("", "", None, None),
    ],
)
def test_shapes(text: str, plain: str, code: int | None, status: str | None) -> None:
    reply = shape(text)
    assert (reply.plain, reply.code, reply.status) == (plain, code, status)
    assert reply.key == "".join(plain.split())


def test_squeezed() -> None:
    assert shape("550 5.7.1 on our bl\n ock list").squeezed == "550 5.7.1 onourblocklist"


def test_codes_from_elsewhere() -> None:
    assert shape("no", 550, "5.1.1").plain == "550 5.1.1 no"
    assert shape("no 421 room", 550).code == 550
    assert shape("421 no", 550).code == 421
    assert shape("550 5.0.0 no", None, "5.1.1").status == "5.1.1"
    assert shape("550 5.2.2 no", None, "5.1.1").status == "5.2.2"


@given(st.text(), st.none() | st.integers(400, 599), st.none() | st.sampled_from(["5.1.1", "4.0.0"]))
def test_any_text_has_a_shape(text: str, code: int | None, status: str | None) -> None:
    reply = shape(text, code, status)
    assert reply.plain == " ".join(reply.plain.split())
    assert not any(character.isspace() for character in reply.key)
