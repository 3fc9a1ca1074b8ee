"""A page for a terminal as its lines gather: paragraphs behind labels, sections, evidence.

Every text goes through `preflight.text.visible` and is laid out by ourselves, so that nothing from outside is taken for
an escape sequence or for markup, and no line is wider than asked.
"""

from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from preflight.findings import Evidence, Severity
from preflight.render.wording import MANY, look, some
from preflight.render.wrapping import break_points
from preflight.text import Language, Message, Words, visible

NARROWEST, WIDEST = 20, 120  # columns; below, nothing is legible; above, lines are too long to read
ITEM, FIELD = 4, 14  # where texts begin: what is told of an item, its fields behind their labels

SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}

Piece = str | tuple[str, str]
"""A text, or a text and its style."""


class Page:
    """The lines of a page as they gather. `width` is in columns."""

    def __init__(self, language: Language, width: int) -> None:
        self.language = language
        self.width = max(NARROWEST, min(WIDEST, width))
        self.lines: list[Text] = []

    def say(self, text: Message | Words | str, **args: object) -> str:
        """A text in the language of the report."""
        return self.language.say(text, **args)

    def translated(self, sentence: str) -> str:
        """A sentence without places, whose braces, if it has any, are meant."""
        return self.language.table.get(sentence, sentence)

    def some(self, texts: Iterable[str], most: int = MANY) -> str:
        """Different texts in a row, the first ones by name and the others by their number."""
        return some(self.language, texts, most)

    def gap(self) -> None:
        """An empty line."""
        self.lines.append(Text())

    def heading(self, text: str) -> None:
        """The title of a section, behind an empty line."""
        self.lines.append(Text())
        self.put((text, "bold"))
        self.lines.append(Text())

    def field(self, label: str, body: Piece) -> None:
        """What is told of an item under a label; nothing for an empty text."""
        if body if isinstance(body, str) else body[0]:
            self.put(body, column=FIELD, label=self.say(label) if label else "", at=ITEM)

    def evidence(self, evidence: Sequence[Evidence]) -> None:
        """What was seen, the first pieces of it; a record of a zone file with its place there."""
        label = "seen"
        for one in evidence[:MANY]:
            self.field(label, f"{look(one)} ({one.place})" if one.place and one.source == "dns" else look(one))
            label = ""
        if len(evidence) > MANY:
            self.field("", self.say("and {count} more (--format json has them all)", count=len(evidence) - MANY))

    def put(
        self, *body: Piece, column: int = 0, hang: int = 0, label: str = "", at: int = 0, style: str = "dim"
    ) -> None:
        """A paragraph that begins at a column, its first line `hang` columns before it.

        A label, which begins at `at`, stands in front of the first line; one that does not fit there has a line of its
        own.
        """
        column = min(column, self.width // 3)
        at = min(at, column)
        prefix = Text(" " * at)
        prefix.append(visible(label), style)
        if cell_len(prefix.plain) >= column > 0:
            for line in self._wrapped(prefix[at:], self.width - at):
                self.lines.append(Text.assemble(" " * at, line))
            prefix = Text()
        for line in self._wrapped(_joined(body), self.width - column):
            self.lines.append(Text.assemble(prefix, " " * (column - hang - cell_len(prefix.plain)), line))
            _trim(self.lines[-1])
            prefix, hang = Text(), 0

    def row(self, cells: Sequence[Piece], columns: Sequence[int], at: int = 2) -> None:
        """A row of a table that begins at a column; `columns` are the widths of its cells, each wrapped within its own.
        The last cell takes what is left of the line."""
        widths = [*columns[:-1], max(NARROWEST // 2, self.width - at - sum(columns[:-1]) - 2 * (len(columns) - 1))]
        wrapped = [self._wrapped(_joined([cell]), width) for cell, width in zip(cells, widths, strict=True)]
        for lines in zip_longest(*wrapped, fillvalue=Text()):
            line = Text(" " * at)
            for text, width in zip(lines, widths, strict=True):
                line = Text.assemble(line, text, " " * (width - cell_len(text.plain) + 2))
            _trim(line)
            self.lines.append(line)

    def _wrapped(self, text: Text, width: int) -> list[Text]:
        lines = list(text.divide(break_points(text.plain, width, cell_len)))
        for line in lines:
            _trim(line)
        return lines

    def text(self, *, color: bool) -> str:
        """The whole page, with colour codes or without a single escape sequence."""
        if not color:
            return "".join(f"{line.plain}\n" for line in self.lines)
        file = StringIO()
        console = Console(
            file=file, force_terminal=True, color_system="standard", no_color=False, legacy_windows=False, width=WIDEST
        )
        for line in self.lines:
            console.print(line, soft_wrap=True, highlight=False, markup=False, emoji=False)
        return file.getvalue()


def _trim(line: Text) -> None:
    # Spaces alone: an odd blank from outside, such as one that does not break, is part of what it stands in.
    if blanks := len(line.plain) - len(line.plain.rstrip(" ")):
        line.right_crop(blanks)


def _joined(pieces: Iterable[Piece]) -> Text:
    text = Text()
    for piece in pieces:
        words, style = (piece, "") if isinstance(piece, str) else piece
        text.append(visible(words), style)
    return text
