"""What a check says: a status for one rule and one part of the subject, with the evidence for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from preflight.text import Message


class Status(StrEnum):
    """What came of judging one rule on one part."""

    PASS = "pass"  # noqa: S105 - the word of the report's format, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    """It could not be told: no answer, a refusal, a limit. Never a pass."""
    SKIPPED = "skipped"
    """An input that the rule needs was not given."""
    ERROR = "error"
    """The check crashed: a bug in it, and no word on the subject."""


class Severity(StrEnum):
    """How much a failure of a rule matters. Belongs to the rule and the policy, never to the status."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error: for comparing."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


RECORD = "record"
"""The source of evidence that is no look at the outside: a finding's own facts as JSON, for programs. What it says
stands in the finding's sentence as well; reports for people leave it out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands: the file as it was given, the line and the column, both from 1.

    The column counts octets; it is 0 where only the line is known.
    """

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        """`file:line:column`, the column only where it is known; as compilers write it."""
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at the outside: where (`dns`, `message`, `smtp`), what was asked, what was seen. See also `RECORD`.

    `place` is where it stands in a file of the user's (a message, a zone file), which is what has to be changed.
    """

    source: str
    asked: str
    seen: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule applied to one part of the subject.

    `part` says what exactly was judged: an address, a host name, a zone, a header, an attachment by its file
    name. `fix` is set where there is something to mend. `covers` is for a crash: the rules that it left undecided.
    Made through the methods of `preflight.Rule`.
    """

    rule: str
    status: Status
    part: str
    message: Message
    evidence: tuple[Evidence, ...] = ()
    fix: Message | None = None
    covers: frozenset[str] = frozenset()

    @property
    def rules(self) -> frozenset[str]:
        """The ids of the rules that this finding speaks of: its own, or those that a crash left undecided."""
        return self.covers or frozenset({self.rule})

    @property
    def check(self) -> str:
        """The id of the check that the rule belongs to."""
        return self.rule.partition("/")[0]

    def masked(self, mask: Callable[[str], str]) -> "Finding":
        """The finding with `mask` applied to every text in it that came from outside."""
        texts = [self.part, *self.message.texts(), *(self.fix.texts() if self.fix else ())]
        for one in self.evidence:
            texts += (one.asked, one.seen)
        together = "\0".join(texts)
        if mask(together) == together:  # as nearly always: there is nothing to mask
            return self
        return replace(
            self,
            part=mask(self.part),
            message=self.message.masked(mask),
            evidence=tuple(replace(one, asked=mask(one.asked), seen=mask(one.seen)) for one in self.evidence),
            fix=self.fix.masked(mask) if self.fix else None,
        )


def gather(*evidence: Evidence | Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence given one by one or in lists, as one tuple, each piece once and in the order of first sight."""
    seen: dict[Evidence, None] = {}
    for item in evidence:
        for piece in (item,) if isinstance(item, Evidence) else item:
            seen[piece] = None
    return tuple(seen)
