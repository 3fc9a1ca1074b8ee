"""SpamAssassin on this machine: run it over a message, and read its report.

The program is started with `-L`, which keeps it from asking anybody; spamc, where only that is there, asks the spamd of
this machine and nobody else.
"""

import re
from dataclasses import dataclass

COMMANDS = (("spamassassin", "-L", "-t"), ("spamc", "-R", "-d", "127.0.0.1"))
"""What to run, the first that is installed. Both read the message and write a report."""
_TOTAL = re.compile(r"\(\s*(-?\d{1,4}(?:\.\d+)?) points, (-?\d{1,4}(?:\.\d+)?) required\)")
_SPAMC_TOTAL = re.compile(r"^(-?\d{1,4}(?:\.\d+)?)/(\d{1,4}(?:\.\d+)?)\s*$", re.MULTILINE)
_HIT = re.compile(r"^\*?\s*(-?\d{1,4}(?:\.\d+)?)\s+([A-Z][A-Z0-9_]{2,})\s+(\S.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a message met: its name, its score, what it says."""

    name: str
    score: float
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What SpamAssassin makes of a message: points, how many make it spam, and the rules that it met."""

    points: float
    required: float
    hits: tuple[Hit, ...]


def read_report(text: str) -> Opinion | None:
    """The opinion in a report; `None` when there is none in it. The last report counts: mail may quote others."""
    totals = _TOTAL.findall(text) or _SPAMC_TOTAL.findall(text)
    if not totals:
        return None
    points, required = totals[-1]
    if float(required) == 0:  # "0/0" is what spamc writes when no spamd answers
        return None
    begin = max((found.start() for found in _TOTAL.finditer(text)), default=0)
    hits = [Hit(name, float(score), words.strip()) for score, name, words in _HIT.findall(text[begin:])]
    return Opinion(float(points), float(required), tuple({hit.name: hit for hit in hits}.values()))
