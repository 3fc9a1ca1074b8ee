"""Where the returned message begins in the text of a bounce: what stands in it is nothing that a server said."""

import re

from preflight.bounces.reading.words import load_phrases

_LEAD = 14  # characters before words that announce the returned message: "Here is", "Enclosed is"
_HEADER = re.compile(
    r"^[> \t]{0,4}(?:(Received: ?(?:from|by|\()|Return-Path: ?<|DKIM-Signature: )|"
    r"MIME-Version: |Message-ID: |Content-Type: )",
    re.MULTILINE | re.IGNORECASE,
)
_FIELD_LINE = re.compile(r"[> \t]{0,4}[A-Z][A-Za-z0-9-]{1,40}: ")


def cut_returned(text: str) -> str:
    """A text up to where the returned message begins: at a line that announces it, or at its header."""
    cut = len(text)
    lowered = text.lower()
    for words in load_phrases().returned_lines:
        at = lowered.find(words, 0, cut)
        while at >= 0:
            start = lowered.rfind("\n", 0, at) + 1
            end = lowered.find("\n", at)
            line = lowered[start : end if end >= 0 else len(lowered)].strip()
            if _is_rule(line, words):
                cut = start
                break
            at = lowered.find(words, at + 1, cut)
    for match in _HEADER.finditer(text, 0, cut):
        if match.start() and (match[1] or _beside_fields(text, match)):
            return text[: match.start()]
    return text[:cut]


def _is_rule(line: str, words: str) -> bool:
    """Whether a line that has the words is there for them alone, and no sentence that happens to use them."""
    at = line.find(words)
    return line.startswith(("--", "==", "**", "__", "|-", "-", ">>")) or (
        at <= _LEAD and (line.endswith((":", "--", "：", ".")) or len(line) <= len(words) + at + 12)
    )


def _beside_fields(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, text.rfind("\n", 0, max(0, match.start() - 1))) : match.start()].strip("\n")
    end = text.find("\n", match.end())
    after = text[end + 1 : end + 200] if end >= 0 else ""
    return bool(_FIELD_LINE.match(before) or _FIELD_LINE.match(after))
