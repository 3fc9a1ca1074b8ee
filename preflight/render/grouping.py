"""Failures that are alike, together: a block of addresses on one list is one thing to a person, not a thousand."""

import ipaddress
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from preflight.report import Judged

ALIKE = 4  # failures that are alike are shown one by one below this number
MOST = 20  # ways in which one rule fails that are told apart
_ADDRESS = re.compile(r"[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*[0-9a-fA-F]")
_WORDS_OF_OTHERS = ("reason",)  # arguments that hold a text from outside, which may differ by address


def alike(failures: Iterable[Judged]) -> list[list[Judged]]:
    """Failures of one rule whose sentences differ by nothing but the address or name, in the place of the first one.

    Of a rule that fails in more than `MOST` ways, those with one template are alike. Groups of fewer than `ALIKE` are
    taken apart again; the order of the failures is kept otherwise.
    """
    failed = list(failures)
    fine = [(_head(judged), _sentence(judged)) for judged in failed]
    ways = Counter(rule for rule, _ in dict.fromkeys(fine))
    keys = [
        (head, judged.finding.message.template if ways[head] > MOST else sentence)
        for judged, (head, sentence) in zip(failed, fine, strict=True)
    ]
    sizes = Counter(keys)
    groups: dict[Hashable, list[Judged]] = {}
    for number, (judged, key) in enumerate(zip(failed, keys, strict=True)):
        groups.setdefault(key if sizes[key] >= ALIKE else number, []).append(judged)
    return list(groups.values())


def _head(judged: Judged) -> Hashable:
    return (judged.finding.rule, judged.severity, judged.fails, judged.waived)


def _sentence(judged: Judged) -> Hashable:
    message, part = judged.finding.message, judged.finding.part
    forms = sorted({form for match in _ADDRESS.findall(part) for form in _forms(match)} | {part}, key=len, reverse=True)
    own = re.compile("|".join(re.escape(form) for form in forms if form))
    told = {name: str(value) for name, value in message.args.items() if name not in _WORDS_OF_OTHERS}
    return (message.template, tuple((name, own.sub("#", text)) for name, text in told.items()))


def _forms(text: str) -> Sequence[str]:
    """The ways in which an address is written in sentences, in reverse zones and in host names; none for no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ()
    reverse = address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    forms = {str(address), address.exploded, reverse}
    return [*forms, *(form.replace(".", "-").replace(":", "-") for form in forms)]
