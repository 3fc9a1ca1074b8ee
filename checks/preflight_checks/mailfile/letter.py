"""A message with its texts decoded: what the rules on its content judge."""

from dataclasses import dataclass, field
from functools import cached_property

from preflight import charsets
from preflight.findings import Place
from preflight_checks.mailfile.html import Page, read_html
from preflight_checks.mailfile.parsing import Mail, Part
from preflight_checks.mailfile.transfer import IDENTITY

MAX_TEXT = 1024 * 1024  # octets of one text that are looked at
MAX_TEXTS = 50


@dataclass(frozen=True, eq=False)
class Text:
    """A text of the body: its part, its first octets with the transfer encoding undone (`None`: unknown encoding), how
    many there are in all with each line break as one, itself in characters, and the page that it makes when it is HTML.
    """

    part: Part
    octets: bytes | None = field(repr=False)
    size: int
    text: str = field(repr=False)
    page: Page | None = field(repr=False)

    @property
    def shown(self) -> str:
        """The text that a reader sees."""
        return self.text if self.page is None else self.page.text


@dataclass(frozen=True, eq=False)
class Letter:
    """A message and the texts of its body. `is_template`: fields that the sending program adds may be missing.

    `label` is the file as it was given.
    """

    mail: Mail
    texts: tuple[Text, ...]
    is_template: bool = False
    label: str = "message"

    @property
    def octets(self) -> bytes:
        """The file."""
        return self.mail.parts[0].octets

    @property
    def is_partial(self) -> bool:
        """Whether there is more text than was looked at."""
        return len(self.mail.texts) > MAX_TEXTS or any(one.size > MAX_TEXT for one in self.texts)

    @cached_property
    def words_shown(self) -> str:
        """The texts of all parts as a reader sees them, HTML where there is some, else plain text."""
        pages = [one.shown for one in self.texts if one.page is not None]
        return "\n".join(pages or [one.shown for one in self.texts])

    def place(self, offset: int) -> Place:
        """The line and the column of an offset of the file."""
        before = self.octets.rfind(b"\n", 0, offset) + 1
        return Place(self.label, self.octets.count(b"\n", 0, before) + 1, offset - before + 1)

    def __str__(self) -> str:
        return "message"


def read_letter(mail: Mail, *, is_template: bool = False, label: str = "message") -> Letter:
    """Decode the texts of a message, each up to `MAX_TEXT`. `label` is the file as it was given."""
    return Letter(mail, tuple(_text(part) for part in mail.texts[:MAX_TEXTS]), is_template, label)


def _text(part: Part) -> Text:
    octets, size = _content(part)
    text = charsets.decode(octets or b"", part.charset or "us-ascii")
    return Text(part, octets, size, text, read_html(text) if part.content_type == "text/html" else None)


def _content(part: Part) -> tuple[bytes | None, int]:
    """The first octets of a text, and the size of all of it; a large one is not copied for that."""
    if part.encoding in IDENTITY:
        size = part.end - part.start - part.octets.count(b"\r\n", part.start, part.end)
        return part.octets[part.start : min(part.end, part.start + MAX_TEXT)], size
    content = part.content()
    if content is None:
        return None, 0
    return content[:MAX_TEXT], len(content) - content.count(b"\r\n")
