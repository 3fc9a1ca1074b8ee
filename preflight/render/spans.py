"""Sentences in pieces: what is ours, what came from outside, and what is to be copied letter by letter.

Formats that know markup show each in its own way. What is between backticks in a template, such as a record, is code.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace

from preflight.text import Language, Message, Words


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence. `own` is a text of ours; all else may have come from outside. `code` is to be copied."""

    text: str
    own: bool = True
    code: bool = False


def spans(language: Language, text: Message | Words | str) -> list[Span]:
    """A message, words, or a sentence of ours without places, in the language and in pieces; none of them is empty."""
    merged: list[Span] = []
    for span in _marked(_pieces(language, text)):
        last = merged[-1] if merged else None
        if last and last.code == span.code and (span.code or last.own == span.own):
            merged[-1] = replace(last, text=last.text + span.text, own=last.own and span.own)
        elif span.text:
            merged.append(span)
    return merged


def _pieces(language: Language, text: Message | Words | str) -> Iterator[Span]:
    match text:
        case Message(template, args):
            for literal, name, _, _ in string.Formatter().parse(language.table.get(template, template)):
                yield Span(literal)
                if name is not None:
                    value = args[name]
                    if isinstance(value, str):
                        yield Span(value, own=False)
                    else:
                        yield from _pieces(language, value)
        case Words():
            yield Span(language.say(text))
        case _:
            yield Span(language.table.get(text, text))


def _marked(pieces: Iterator[Span]) -> Iterator[Span]:
    """The pieces with what stands between backticks of ours as code; a lone backtick is a plain character."""
    found = list(pieces)
    ticks = sum(span.text.count("`") for span in found if span.own)
    if ticks % 2:
        yield from found
        return
    code = False
    for span in found:
        if not span.own:
            yield replace(span, code=code)
            continue
        for number, piece in enumerate(span.text.split("`")):
            code = code if number == 0 else not code
            yield Span(piece, code=code)
