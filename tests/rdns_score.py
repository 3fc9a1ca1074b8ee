"""How good the judgement of names is on a labelled set: the figures, and the table of docs/dynamic-ip.md."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from preflight.net.addresses import IPAddress
from tests.rdns_set import Name

Judge = Callable[[str, IPAddress], str]
"""Takes a name and its address; returns the class."""


@dataclass
class Score:
    """Counts over names. Positive: the label is not `custom`."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    clear: int = 0
    right_kind: int = 0
    wrong: list[tuple[Name, str]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def false_positives(self) -> float:
        """The share of custom names that are flagged."""
        return self.false_alarms / max(1, self.false_alarms + self.clear)

    @property
    def kinds(self) -> float:
        """The share of rightly flagged names whose kind (dynamic or generic-static) is right."""
        return self.right_kind / max(1, self.hits)


def score(names: Iterable[Name], judge: Judge) -> Score:
    """Judge all names and count."""
    total = Score()
    for name in names:
        kind = judge(name.hostname, ipaddress.ip_address(name.ip))
        flagged, positive = kind != "custom", name.kind != "custom"
        if flagged and positive:
            total.hits += 1
            total.right_kind += kind == name.kind
        elif flagged:
            total.false_alarms += 1
        elif positive:
            total.misses += 1
        else:
            total.clear += 1
        if kind != name.kind:
            total.wrong.append((name, kind))
    return total


def row(title: str, names: Sequence[Name], judge: Judge) -> str:
    """One line of the table in Markdown. A figure that a group cannot have is a dash."""
    found = score(names, judge)
    positive, negative = found.hits + found.misses, found.false_alarms + found.clear
    shares = [f"{one:.3f}" if positive and negative else "–" for one in (found.precision, found.f1)]
    recall = f"{found.recall:.3f}" if positive else "–"
    alarms = f"{found.false_positives:.1%} ({found.false_alarms})" if negative else "–"
    kinds = f"{found.kinds:.1%}" if found.hits else "–"
    return f"| {title} | {len(names)} | {shares[0]} | {recall} | {shares[1]} | {alarms} | {kinds} |"
