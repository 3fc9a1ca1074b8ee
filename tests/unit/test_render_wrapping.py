"""Where the lines of a report for people break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from preflight.render.wrapping import break_points
from preflight.text import visible

texts = st.text(max_size=60) | st.text(alphabet="中。，（）a. -\u0301\ufe0f❤\x1b\u202e\udc80[]:", max_size=300)


@settings(max_examples=200, deadline=None)
@given(text=texts.map(visible), width=st.integers(2, 40))
def test_break_points_lose_nothing_and_hold_the_width(text: str, width: int) -> None:
    points = break_points(text, width, cell_len)
    assert points == sorted(set(points))
    assert all(0 < point < max(1, len(text)) for point in points)
    ends = [*points, len(text)]
    lines = [text[start:end] for start, end in zip([0, *points], ends, strict=True)]
    assert "".join(lines) == text
    assert all(cell_len(line.rstrip(" ")) <= width for line in lines)


def broken(text: str, width: int) -> list[str]:
    points = break_points(text, width, cell_len)
    return [text[start:end].rstrip() for start, end in zip([0, *points], [*points, None], strict=True)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("see mail.example.com now", 14, ["see mail.", "example.com", "now"]),
        ("邮件服务器很好", 6, ["邮件服", "务器很", "好"]),
        ("邮件服。务器", 6, ["邮件", "服。务", "器"]),
        ("邮件（服务）器", 6, ["邮件", "（服", "务）器"]),
        ("地址 mx.example 没有记录", 14, ["地址", "mx.example 没", "有记录"]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    assert broken(text, width) == lines
