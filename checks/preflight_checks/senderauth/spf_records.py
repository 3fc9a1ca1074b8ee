"""Which SPF records a domain publishes, as far as DNS tells it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from preflight.findings import Evidence
from preflight.net.dns import Answer, Question, Unanswered
from preflight_checks.senderauth.spf_record import Record, is_spf, parse

Outcome = Answer | Unanswered
Answers = Mapping[Question, Outcome]
"""What came of the questions that were asked so far."""

_NEAR = re.compile(r"spf1|^\W{0,3}v\s*=\s*spf(?!2\.0/)", re.IGNORECASE)  # v=spf2.0/ is Sender ID, another standard
_SHOWN = 600  # characters of a record in evidence


@dataclass(frozen=True, slots=True)
class Published:
    """The SPF records of a domain: their texts, and what came of the question for them."""

    domain: str
    texts: tuple[str, ...]
    outcome: Outcome

    @property
    def record(self) -> Record | None:
        """The record, where there is just one, be it right or wrong."""
        return parse(self.texts[0]) if len(self.texts) == 1 else None

    @property
    def sound(self) -> Record | None:
        """The record, where there is just one and nothing is wrong with it."""
        record = self.record
        return record if record is not None and not record.flaws else None

    @property
    def evidence(self) -> Evidence:
        """The question, and the SPF records in its answer; the other TXT records of a domain are many, and no matter"""
        asked = f"TXT {self.domain}"
        if isinstance(self.outcome, Unanswered) or not self.outcome:
            return replace(self.outcome.evidence, asked=asked)
        if not self.texts:
            seen = f"{len(self.outcome.values)} TXT records, none of them v=spf1"
            return replace(self.outcome.evidence, asked=asked, seen=seen)
        seen = " | ".join(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…" for text in self.texts)
        whole = self.outcome.evidence_of(self.texts[0])
        return replace(whole, asked=asked, seen=" → ".join((*self.outcome.aliases, seen)))


def published(domain: str, outcome: Outcome) -> Published:
    """The SPF records in what came of the TXT question for a domain."""
    values = () if isinstance(outcome, Unanswered) else outcome.values
    return Published(domain, tuple(text for text in values if is_spf(text)), outcome)


def is_askable(domain: str) -> bool:
    """Whether a domain can have an SPF record at all: more than one label, none empty or too long (RFC 7208 4.3)."""
    labels = domain.removesuffix(".").split(".")
    return len(labels) > 1 and all(0 < len(label) < 64 for label in labels) and not domain.startswith("[")


def near_misses(answer: Answer) -> tuple[str, ...]:
    """TXT records that are no SPF record, and look as if they were meant as one."""
    return tuple(text for text in answer.values if not is_spf(text) and _NEAR.search(text[:_SHOWN]))


def octets(answer: Answer) -> int:
    """The size of a DNS message with this TXT answer, about: header, question, and each record with its strings."""
    question = 12 + len(answer.question.name) + 2 + 4
    return question + sum(12 + size + size // 255 + 1 for size in (len(text.encode()) for text in answer.values))
