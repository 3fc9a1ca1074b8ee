"""The report of a run: findings with what the policy makes of them, the board of bounce codes, the verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from preflight import __version__
from preflight.bounces.catalogue import Bounce
from preflight.check import CRASH
from preflight.findings import Finding, Severity, Status
from preflight.policy import Policy, Verdict, Waived
from preflight.registry import Registry
from preflight.subject import Subject
from preflight.text import Message, Words


class State(StrEnum):
    """What the run says of one bounce code."""

    AT_RISK = "at-risk"
    UNDETERMINED = "undetermined"
    NOT_CHECKED = "not-checked"
    CLEAR = "clear"


class Change(StrEnum):
    """What became of a finding since an earlier run, the baseline."""

    NEW = "new"
    """It failed, or could not be told, now and not then."""
    WORSE = "worse"
    """It failed then, too, and weighs more now; or it could not be told, or was let pass by a waiver."""
    KNOWN = "known"
    """As then. A known failure does not make the verdict no-go."""
    MENDED = "mended"
    """It failed then, and is seen to hold now."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with what the policy and its rule add to it."""

    finding: Finding
    severity: Severity
    prevents: tuple[str, ...] = ()
    why: str = ""
    title: str = ""
    reference: str = ""
    waived: Waived | None = None
    fails: bool = False
    """Whether this finding makes the verdict no-go."""
    remedy: str = ""
    """The rule's fix, as a template."""
    change: Change | None = None
    """What became of it since the baseline; none without one, and where there is nothing to say."""

    @property
    def undecided(self) -> bool:
        """Whether it could not be told, for want of an answer or for a bug."""
        return self.finding.status in (Status.INCONCLUSIVE, Status.ERROR)

    @property
    def let_pass(self) -> bool:
        """Whether it is a failure that a waiver in force lets pass."""
        return self.waived is not None and not self.waived.expired

    @property
    def told(self) -> bool:
        """Whether it is to be told in full: all failures are, but those that the baseline has already."""
        return self.change is not Change.KNOWN or self.fails


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One bounce code: its state, the rules that make it so, and what to do or where to look."""

    bounce: Bounce
    state: State
    because: tuple[str, ...]
    advice: Message | Words


class NoticeKind(StrEnum):
    """What a notice is about."""

    UNMATCHED_WAIVER = "unmatched-waiver"
    UNMATCHED_BASELINE = "unmatched-baseline"


@dataclass(frozen=True, slots=True)
class Notice:
    """A word on what the user wrote (a waiver, a baseline) and not on the subject. It never changes the verdict."""

    kind: NoticeKind
    message: Message


@dataclass(frozen=True, slots=True)
class Earlier:
    """A failure of the baseline that is none now. `message` is a sentence in the language of that run."""

    rule: str
    part: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a baseline says of a subject besides its findings.

    `made_at` is when that run began (RFC 3339). `mended`: failures that hold now, or whose part is gone. `unseen`:
    failures on which this run has no word, so that nobody knows.
    """

    made_at: str
    mended: tuple[Earlier, ...] = ()
    unseen: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found out about one subject.

    `profile` is the name of the receiver's profile, if one was asked for; `weighed_by` says for people whose demands
    that are, and of which senders. What `notices` says of the run as a whole is said once, in its first report.
    """

    subject: Subject
    verdict: Verdict
    findings: tuple[Judged, ...]
    board: tuple[BoardRow, ...]
    started_at: datetime
    duration: float
    """Seconds."""
    version: str = field(default=__version__)
    profile: str = ""
    notices: tuple[Notice, ...] = ()
    comparison: Comparison | None = None
    weighed_by: Message | None = None

    @property
    def counts(self) -> dict[Status, int]:
        """How many findings there are of each status."""
        counted = Counter(judged.finding.status for judged in self.findings)
        return {status: counted[status] for status in Status}


def build_report(
    subject: Subject,
    findings: Sequence[Finding],
    registry: Registry,
    policy: Policy,
    *,
    started_at: datetime,
    duration: float,
    today: date | None = None,
) -> Report:
    """Put the findings of a run together. `today` decides whether waivers are in force; by default the current day."""
    day = today or datetime.now(UTC).astimezone().date()
    judged = tuple(_judge(finding, registry, policy, day) for finding in findings)
    return Report(
        subject=subject,
        verdict=verdict_of(judged),
        findings=judged,
        board=tuple(
            _row(bounce, subject, judged, registry, policy)
            for bounce in registry.catalogue.bounces.values()
            if policy.shows(bounce)
        ),
        started_at=started_at,
        duration=duration,
        profile=policy.profile.name if policy.profile else "",
        weighed_by=policy.profile.told if policy.profile else None,
    )


def verdict_of(findings: Sequence[Judged]) -> Verdict:
    """No-go when a finding fails the run; else incomplete when a rule of severity error could not be decided, or when
    nothing was judged at all; else go."""
    if any(judged.fails for judged in findings):
        return Verdict.NO_GO
    if any(judged.undecided and judged.severity is Severity.ERROR for judged in findings):
        return Verdict.INCOMPLETE
    if all(judged.finding.status is Status.SKIPPED for judged in findings):
        return Verdict.INCOMPLETE
    return Verdict.GO


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several runs: no-go if one is, else incomplete if one is, else go. Incomplete if there is none."""
    found = set(verdicts)
    worst_first = (Verdict.NO_GO, Verdict.INCOMPLETE, Verdict.GO)
    return next((verdict for verdict in worst_first if verdict in found), Verdict.INCOMPLETE)


def _judge(finding: Finding, registry: Registry, policy: Policy, today: date) -> Judged:
    rules = [registry.rules[rule_id] for rule_id in sorted(finding.rules) if rule_id in registry.rules]
    severities = [policy.severity(rule) for rule in rules]
    severity = max(severities, key=lambda one: one.rank, default=Severity.ERROR)
    waived = policy.waived(finding, today)
    own = registry.rules.get(finding.rule)
    return Judged(
        finding=finding,
        severity=severity,
        prevents=tuple(dict.fromkeys(bounce for rule in rules for bounce in registry.prevented(rule))),
        why=own.why if own else "",
        title=own.title if own else "",
        reference=own.reference if own else "",
        waived=waived,
        fails=policy.fails(finding.status, severity, waived),
        remedy=own.fix if own else "",
    )


def _row(bounce: Bounce, subject: Subject, findings: Sequence[Judged], registry: Registry, policy: Policy) -> BoardRow:
    """The state of one code, as docs/architecture.md defines it."""
    rules = registry.rules_of(bounce)
    absent = tuple(rule for rule in rules if rule not in registry.rules)
    # A plugin that cannot be used brings no rules; that it crashed is all that is heard of them.
    telling = {*rules, *(f"{rule.partition('/')[0]}/{CRASH}" for rule in absent)}
    about = [judged.finding for judged in findings if not judged.finding.rules.isdisjoint(telling)]

    def having(*statuses: Status) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.rule for finding in about if finding.status in statuses))

    if failed := having(Status.FAIL):
        return BoardRow(bounce, State.AT_RISK, failed, bounce.advice_now)
    if undecided := having(Status.INCONCLUSIVE, Status.ERROR):
        text = "Could not be told: {rules} got no usable answer; mend that, then run again."
        return BoardRow(bounce, State.UNDETERMINED, undecided, Message(text, {"rules": ", ".join(undecided)}))
    if not rules:
        return BoardRow(bounce, State.NOT_CHECKED, (), bounce.advice_now)
    if left_out := tuple(rule for rule in rules if not policy.selects(rule)):
        text = "Not judged: some of its rules are not selected, or ignored."
        return BoardRow(bounce, State.NOT_CHECKED, left_out, Message(text))
    if absent:
        text = "Not judged: {rules} not installed."
        return BoardRow(bounce, State.NOT_CHECKED, absent, Message(text, {"rules": ", ".join(absent)}))
    if skipped := having(Status.SKIPPED):
        needs = [need for rule in skipped for need in registry.rules[rule].needs]
        options = subject.options_for(needs)
        return BoardRow(bounce, State.NOT_CHECKED, skipped, Message("Add {options}.", {"options": options}))
    if bounce.coverage == "full":
        return BoardRow(bounce, State.CLEAR, (), Message("None of its causes was found."))
    return BoardRow(
        bounce,
        State.CLEAR,
        (),
        Message("None of its usual causes was found; reputation is known to the receiver alone."),
    )
