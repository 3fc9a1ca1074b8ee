"""HTML made of elements, escaped by construction: what is not `Html` already is text, and can never become a tag."""

import html
import re
from collections.abc import Iterable

from preflight.render.spans import Span, spans
from preflight.text import Language, Message, Words, visible

_VOID = frozenset({"br", "link", "meta"})
_URL = re.compile(r"(https://[!-;=?-~]*[\w/])", re.ASCII)

Child = str | None
"""A child of an element: `Html`, a text, or nothing."""


class Html(str):
    """Markup that may be written as it is. Only this file makes it."""

    __slots__ = ()


def el(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element. A text among the children, and each value of an attribute, is escaped; one that is None is left out.

    `class_` stands for `class`, and an underscore within a name for a hyphen (`aria_label`); True is an attribute
    without a value, False none at all.
    """
    given = []
    for key, value in attributes.items():
        if value is True:
            given.append(f" {_attribute(key)}")
        elif value is not None and value is not False:
            given.append(f' {_attribute(key)}="{html.escape(visible(str(value)))}"')
    opening = f"<{name}{''.join(given)}>"
    return Html(opening if name in _VOID else f"{opening}{join(*children)}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def join(*children: Child) -> Html:
    """Several children in a row."""
    return Html(
        "".join(child if isinstance(child, Html) else html.escape(visible(child)) for child in children if child)
    )


def each(children: Iterable[Child]) -> Html:
    """Children from a loop."""
    return join(*children)


def raw(text: str) -> Html:
    """A text of ours that is markup or a style sheet already; never one that came from outside."""
    return Html(text)


def outside(text: str) -> Html:
    """A text from outside, its direction of writing kept to itself."""
    return el("bdi", text)


def sentence(language: Language, text: Message | Words | str) -> Html:
    """A sentence in the language: what came from outside kept apart, what is to be copied as code, URLs as links."""
    return each(_span(span) for span in spans(language, text))


def _span(span: Span) -> Html:
    if span.code:
        return el("code", span.text)
    return linked(span.text) if span.own else outside(span.text)


def linked(text: str) -> Html:
    """A text of ours, with its URLs as links."""
    pieces = _URL.split(text)
    return each(link(piece, piece) if number % 2 else piece for number, piece in enumerate(pieces))


def link(url: str, *children: Child) -> Html:
    """A link that tells nobody where it was followed from."""
    return el("a", *children, href=url, rel="noreferrer noopener")
