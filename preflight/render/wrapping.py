"""Where to break a text into lines of a width: at spaces, between East Asian characters, else inside long names.

Widths are in columns of a terminal, as the `cells` function measures them (two for an East Asian character, none for a
combining one); it is handed in, so that this file needs no library.
"""

import re
from collections.abc import Callable, Iterator

Cells = Callable[[str], int]

_WORD = re.compile(r"[^ ]+ *| +")
# What stands for a pause must not begin a line, an opening bracket or quote must not end one (JIS X 4051, GB/T 15834).
_NO_START = frozenset("、。，．：；！？）」』】》〉”’…％,.:;!?)]}%")
_NO_END = frozenset("（「『【《〈“‘([{")
_JOINTS = ".-_/:,;=@!"
_NEAR_THE_END = 16  # columns: how far before the end of a line a long name is rather broken at one of its joints


def break_points(text: str, width: int, cells: Cells) -> list[int]:
    """The offsets at which new lines begin, so that no line is wider than `width` columns (2 at the least).

    Spaces at the end of a line do not count. A word that fits on no line begins where it stands and is broken inside,
    where possible at a dot, hyphen or slash near the end of the line. Nothing is ever dropped.
    """
    points: list[int] = []
    start = end = 0  # of the current line
    for piece in _pieces(text, cells):
        word = piece.rstrip(" ")
        if _fits(text[start:end] + word, width, cells):
            end += len(piece)
            continue
        if end > start and (_fits(word, width, cells) or width - cells(text[start:end]) < width // 2):
            points.append(end)
            start = end
        stop = end + len(word)
        while not _fits(text[start:stop], width, cells):
            start = end = _fold(text, start, max(end, start + 1), stop, width, cells)
            points.append(start)
        end = stop + len(piece) - len(word)
    return points


def _fits(line: str, width: int, cells: Cells) -> bool:
    # The first half bounds the work for text of characters without width.
    return len(line) <= 4 * width and cells(line) <= width


def _pieces(text: str, cells: Cells) -> Iterator[str]:
    """What stays on one line if it can: words with the spaces behind them, East Asian characters one by one."""
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii():
            yield word
            continue
        begin = 0
        for at in range(1, len(word)):
            if _may_break(word[at - 1], word[at], cells):
                yield word[begin:at]
                begin = at
        yield word[begin:]


def _may_break(before: str, after: str, cells: Cells) -> bool:
    if (before.isascii() and after.isascii()) or before in _NO_END or after in _NO_START or after == " ":
        return False
    return cells(after) > 0 and (cells(before) == 2 or cells(after) == 2)


def _fold(text: str, start: int, least: int, stop: int, width: int, cells: Cells) -> int:
    """Where a line that begins at `start` ends inside the long word that reaches to `stop`, at `least` or later."""
    end = start + 1
    if text[start:stop].isascii():
        end = min(stop, start + width)
    while end < stop and _fits(text[start : end + 1], width, cells):
        end += 1
    for joint in range(end, max(least, end - _NEAR_THE_END), -1):
        if text[joint - 1] in _JOINTS:
            return joint
    return end
