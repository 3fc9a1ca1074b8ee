"""A bounce that a person forwards in the text of a message."""

import re

from preflight.bounces.reading.words import load_phrases

_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_BLOCK = re.compile(
    r"(?:^[ \t*]*(?:from|to|date|sent|subject|cc|发件人|收件人|发送时间|发送日期|日期|时间|主题|寄件者|收件者|主旨|差出人|宛先|件名|日時|"
    r"送信日時|von|an|gesendet|datum|betreff|de|à|envoyé|objet|para|enviado|asunto|assunto|fecha|data|da|a|inviato|oggetto|"
    r"от|кому|тема|дата)\**[ \t]*[:：].*\n){2,}",
    re.MULTILINE | re.IGNORECASE,
)


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
    block = _BLOCK.search(below, 0, 4000)
    if block and not below[: block.start()].strip(" \t\n>-*"):
        below = below[block.end() :]
    return below


def _unquoted(text: str) -> str:
    return _QUOTE.sub("", text)
