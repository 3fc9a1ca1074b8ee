"""A bounce that a person forwards in the text of a message."""

import re
from functools import cache

from preflight.bounces.reading.words import either, load_phrases

_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)


@cache
def _block() -> re.Pattern[str]:
    """Two or more lines of the header that programs write of a forwarded message."""
    phrases = load_phrases()
    labels = either({*phrases.header_labels, *phrases.sender_labels, *phrases.recipient_labels})
    return re.compile(rf"(?:^[ \t*]*(?:{labels})\**[ \t]*[:：].*\n){{2,}}", re.MULTILINE | re.IGNORECASE)


def forwarded_text(text: str) -> str | None:
    """What stands below the line that announces a forwarded message, without its quote signs and without the short
    header that programs put there; None when nothing is forwarded."""
    lowered = text.lower()
    starts = [at for words in load_phrases().forward_lines if (at := lowered.find(words)) >= 0]
    if starts:
        below = text[text.find("\n", min(starts)) + 1 :]
    elif lowered.count("\n>") * 2 > lowered.count("\n") and ">" in text:
        below = text
    else:
        return None
    below = _unquoted(below)
    block = _block().search(below, 0, 4000)
    if block and not below[: block.start()].strip(" \t\n>-*"):
        below = below[block.end() :]
    return below


def _unquoted(text: str) -> str:
    return _QUOTE.sub("", text)
