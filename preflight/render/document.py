"""A page made of a few kinds of blocks, written as plain text for a terminal or as Markdown for docs/.

The commands that show what preflight knows (`preflight codes`, `preflight rules`) make one page and have it written in
either way, so that both say the same.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from rich.cells import cell_len

from preflight.render.wrapping import break_points


@dataclass(frozen=True, slots=True)
class Ref:
    """An id that has a section of its own on a page of docs/: a link in Markdown, the bare id in text.

    Without `anchor` it has the whole page.
    """

    text: str
    page: str
    anchor: bool = True


Cell = str | Ref


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 (the page) to 3. The page's own stands in Markdown only."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, with a label in front of it or without."""

    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, one pair a line."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Items:
    """A list under a label; `ordered` for steps."""

    label: str
    items: Sequence[str]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal length. With `below`, the last cell of a row is set on lines of its own in text."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    label: str = ""
    below: bool = False


Block = Heading | Paragraph | Facts | Items | Table

_GAP = "  "
_NARROWEST = 12  # columns that a shrunk column of a table keeps


def to_text(blocks: Iterable[Block], width: int) -> str:
    """The page as plain text, no line wider than `width` columns unless a URL is; ends with a line break.

    What follows a heading is set in by two columns. No colours, no control characters.
    """
    lines: list[str] = []
    indent = ""
    for block in blocks:
        match block:
            case Heading(text, level):
                if level > 1:
                    lines += ["", *wrap(text, width)] if lines and lines[-1] else wrap(text, width)
                    indent = _GAP
                continue
            case Paragraph(text, ""):
                body = wrap(text, width - len(indent))
            case Paragraph(text, label):
                body = [label, *_indented(wrap(text, width - len(indent) - 2), _GAP)]
            case Facts(pairs):
                body = _text_facts(pairs, width - len(indent))
            case Items(label, items, ordered):
                marks = [f"{number}. " if ordered else "- " for number in range(1, len(items) + 1)]
                body = [label]
                for mark, item in zip(marks, items, strict=True):
                    body += _hanging(_GAP + mark, item, width - len(indent))
            case Table():
                body = _text_table(block, width - len(indent))
            case _:
                assert_never(block)
        lines += [*_indented(body, indent), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def to_markdown(blocks: Iterable[Block], at: str = "") -> str:
    """The page as Markdown (CommonMark with GitHub's tables), text escaped; ends with a line break.

    `at` is where the page is in docs/, as links lead from there.
    """
    return "\n\n".join(_markdown(block, posixpath.dirname(at)) for block in blocks) + "\n"


# --- text -----------------------------------------------------------------------------------------------------------


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, one line at the least.

    A URL that fits on no line stays whole on one of its own: broken, it could neither be clicked nor copied.
    """
    lines: list[str] = []
    long_url = rf"(https?://[!-~]{{{max(1, width - len('http://'))},}})"
    for at, piece in enumerate(re.split(long_url, text)):
        if at % 2:
            lines.append(piece)
        elif piece.strip():
            ends = break_points(piece, width, cell_len)
            lines += [piece[start:end].strip() for start, end in zip([0, *ends], [*ends, None], strict=True)]
    return lines or [""]


def _indented(lines: Iterable[str], indent: str) -> list[str]:
    return [f"{indent}{line}" if line else "" for line in lines]


def _hanging(mark: str, text: str, width: int) -> list[str]:
    """A text with a mark in front of its first line, the others set in by as much."""
    first, *rest = wrap(text, width - cell_len(mark))
    return [mark + first, *_indented(rest, " " * cell_len(mark))]


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - cell_len(text))


def _text_facts(pairs: Sequence[tuple[str, str]], width: int) -> list[str]:
    columns = max(cell_len(name) for name, _ in pairs)
    return [line for name, value in pairs for line in _hanging(_padded(name, columns) + _GAP, value, width)]


def _text_table(table: Table, width: int) -> list[str]:
    rows = [[cell.text if isinstance(cell, Ref) else cell for cell in row] for row in table.rows]
    side_by_side = [row[:-1] if table.below else row for row in rows]
    inner = width - len(_GAP) if table.label else width
    columns = _columns(side_by_side, inner)
    lines = []
    for row, whole in zip(side_by_side, rows, strict=True):
        cells = [wrap(cell, size) for cell, size in zip(row, columns, strict=True)]
        for at in range(max(map(len, cells))):
            pieces = [cell[at] if at < len(cell) else "" for cell in cells]
            lines.append(_GAP.join(map(_padded, pieces, columns)).rstrip())
        if table.below:
            lines += [*_indented(wrap(whole[-1], inner - 4), " " * 4), ""]
    if table.below:
        lines.pop()
    return [table.label, *_indented(lines, _GAP)] if table.label else lines


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The widths of the columns of a table; the widest gives way where they do not fit."""
    columns = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    over = sum(columns) + len(_GAP) * (len(columns) - 1) - width
    if over > 0:
        widest = columns.index(max(columns))
        columns[widest] = max(_NARROWEST, columns[widest] - over)
    return columns


# --- Markdown -------------------------------------------------------------------------------------------------------

_URL = re.compile(r"(https?://[!-;=?-~]*[\w/])", re.ASCII)
_SPECIAL = re.compile(r"[\\`*<>\[\]|]|(?<!\w)_|_(?!\w)")  # an underscore within a word is a plain character there


def _markdown(block: Block, folder: str) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text, label):
            return f"**{escaped(label)}**: {escaped(text)}" if label else escaped(text)
        case Facts(pairs):
            return "\n".join(f"- **{escaped(name)}**: {escaped(value)}" for name, value in pairs)
        case Items(label, items, ordered):
            marks = [f"{number}." if ordered else "-" for number in range(1, len(items) + 1)]
            lines = [f"{mark} {escaped(item)}" for mark, item in zip(marks, items, strict=True)]
            return "\n".join([f"**{escaped(label)}**", "", *lines])
        case Table(head, rows, label):
            lines = [_row(row, folder) for row in (head, ["---"] * len(head), *rows)]
            return "\n".join([*([f"**{escaped(label)}**", ""] if label else []), *lines])
        case _:
            assert_never(block)


def _row(cells: Iterable[Cell], folder: str) -> str:
    return f"| {' | '.join(_link(cell, folder) if isinstance(cell, Ref) else escaped(cell) for cell in cells)} |"


def _link(ref: Ref, folder: str) -> str:
    """A link to the section of that name, by the anchor that GitHub makes of a heading."""
    page = posixpath.relpath(ref.page, folder or ".")
    anchor = re.sub(r"[^\w -]", "", ref.text.lower()).replace(" ", "-") if ref.anchor else ""
    return f"[{escaped(ref.text)}]({page}{'#' + anchor if anchor else ''})"


def escaped(text: str) -> str:
    """The text with Markdown's own characters escaped, and URLs in brackets, or Chinese stops would be part of them."""
    pieces = _URL.split(text)
    return "".join(f"<{piece}>" if at % 2 else _SPECIAL.sub(r"\\\g<0>", piece) for at, piece in enumerate(pieces))
