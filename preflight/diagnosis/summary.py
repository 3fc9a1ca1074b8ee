"""Counts over many bounces, in constant memory and without anybody's address: a log of any length is counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from preflight.bounces.reading import BounceReport, Kind
from preflight.diagnosis.refusals import Refusal, domain_of

MOST = (
    1000  # different codes, domains of a code, or addresses that are told apart; what comes later is counted together
)


@dataclass(slots=True)
class Counts:
    """How often each of many names came; names beyond the first `MOST` are counted as `others`."""

    named: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def add(self, name: str) -> None:
        """Count a name once more."""
        if name in self.named or len(self.named) < MOST:
            self.named[name] += 1
        else:
            self.others += 1


@dataclass(slots=True)
class CodeCount:
    """What was counted of one code: of an entry of the catalogue, or of a reply and enhanced code that it lacks.

    `domains`: how many recipients there are at each domain. `first`, `last`: when it was seen, where times are stated.
    `examples`: a refusal by each phase, for the diagnosis of them all.
    """

    example: Refusal
    recipients: int = 0
    messages: int = 0
    domains: Counts = field(default_factory=Counts)
    first: datetime | None = None
    last: datetime | None = None
    examples: dict[str, Refusal] = field(default_factory=dict)

    def add(self, refusal: Refusal, when: datetime | None) -> None:
        """Count a recipient."""
        self.recipients += 1
        self.domains.add(domain_of(refusal.recipient.recipient))
        self.examples.setdefault(refusal.recipient.phase, refusal)
        self.first, self.last = _earlier(self.first, when), _later(self.last, when)


class Summary:
    """What was counted so far. `kinds`: messages or lines by what they are; `addresses`: sending addresses stated."""

    def __init__(self) -> None:
        self.kinds: Counter[Kind] = Counter()
        self.addresses = Counts()
        self.delivered = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._codes: dict[tuple[object, ...], CodeCount] = {}

    @property
    def messages(self) -> int:
        """All messages and lines that were read."""
        return self.kinds.total()

    @property
    def recipients(self) -> int:
        """All recipients that were refused."""
        return sum(code.recipients for code in self._codes.values())

    def add(self, report: BounceReport, refusals: Sequence[Refusal]) -> None:
        """Count a message or line."""
        self.kinds[report.kind] += 1
        self.first, self.last = _earlier(self.first, report.when), _later(self.last, report.when)
        touched: dict[int, CodeCount] = {}
        for refusal in refusals:
            if refusal.taken:
                self.delivered += 1
                continue
            if refusal.recipient.sending_ip:
                self.addresses.add(refusal.recipient.sending_ip)
            code = self._code(refusal)
            code.add(refusal, report.when)
            touched[id(code)] = code
        for code in touched.values():
            code.messages += 1

    def _code(self, refusal: Refusal) -> CodeCount:
        reply = refusal.recipient
        key: tuple[object, ...] = (reply.reply_code, reply.enhanced_code, refusal.provider)
        if refusal.bounce is not None:
            key = (refusal.bounce.id, refusal.provider)
        elif key not in self._codes and len(self._codes) >= MOST:
            key = ()
        return self._codes.setdefault(key, CodeCount(refusal))

    def codes(self) -> list[CodeCount]:
        """The codes, the most frequent first."""
        return sorted(self._codes.values(), key=lambda code: -code.recipients)

    def examples(self) -> list[Refusal]:
        """A refusal of each code and phase, those of the address that was refused most often first."""
        usual = next((address for address, _ in self.addresses.named.most_common(1)), None)
        found = [refusal for code in self.codes() for refusal in code.examples.values()]
        return sorted(found, key=lambda refusal: refusal.recipient.sending_ip != usual)

    def kinds_in(self, kinds: Iterable[Kind]) -> int:
        """How many messages and lines are of these kinds."""
        return sum(self.kinds[kind] for kind in kinds)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((when for when in (one, other) if when is not None), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((when for when in (one, other) if when is not None), default=None)
