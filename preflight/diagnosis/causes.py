"""What the run makes of each cause of a refusal: confirmed, ruled out, open, or out of sight from here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from preflight.bounces.not_seen import Reason
from preflight.check import CRASH
from preflight.diagnosis.outside import load_looks
from preflight.diagnosis.plan import Plan, internal_note
from preflight.diagnosis.refusals import Refusal
from preflight.findings import Severity, Status
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Judged, Report
from preflight.text import Message, Words

ADD = "Add {options}."
RUN = "Leave out --no-run, and the check that tells is made."
ABSENT = "Install the check {check}: the rule {rule} is not installed here."
IGNORED = "The rule {rule} is not judged, as your configuration has it: see `select` and `ignore` there."
BEFORE = "later-than-the-refusal"
"""The cause that stands for all rules on things that the receiver had not seen yet when it refused."""
NOTHING_FOUND = "No sign of it from here. {where}"


class CauseState(StrEnum):
    """What is known of a cause, in the order in which reports tell of it."""

    CONFIRMED = "confirmed"
    UNDETERMINED = "undetermined"
    OUTSIDE = "outside"
    RULED_OUT = "ruled-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of a refusal.

    `id` is the rule that decides it, or the id of a place to look (`preflight.diagnosis.outside`) or of a reason why
    mail is not seen. `because` are the rules that make it so. `said` says what is known of it, `fix` what to do, where
    there is something to do. `findings` are those that it rests on.
    """

    id: str
    state: CauseState
    title: Words | str
    because: tuple[str, ...] = ()
    said: Message | Words | None = None
    fix: Message | Words | None = None
    findings: tuple[Judged, ...] = ()
    severity: Severity = Severity.INFO
    missing: str = ""

    @property
    def open(self) -> bool:
        """Whether a check was made for it and could not tell, as opposed to one that lacks an input."""
        return self.state is CauseState.UNDETERMINED and any(judged.undecided for judged in self.findings)


class Weighing:
    """Turns the findings of a run, or the want of a run, into causes."""

    def __init__(self, plan: Plan, report: Report | None, registry: Registry, policy: Policy) -> None:
        self._plan = plan
        self._report = report
        self._registry = registry
        self._policy = policy
        self._about: dict[str, list[Judged]] = {}
        for judged in report.findings if report else ():
            for rule in judged.finding.rules:
                self._about.setdefault(rule, []).append(judged)

    def refused(self, refusals: Sequence[Refusal]) -> tuple[Cause, ...]:
        """The causes of refusals: those that stand first are to be looked at first."""
        ruled = [cause for rule in self._plan.judged if (cause := self.by_rule(rule))]
        return in_order([*ruled, *self._too_late(), *_looks(refusals)])

    def not_seen(self, reasons: Iterable[Reason]) -> tuple[Cause, ...]:
        """The reasons why mail that was taken is not seen, as far as rules can tell."""
        return in_order(self._by_reason(reason) for reason in reasons)

    def by_rule(self, rule_id: str) -> Cause | None:
        """What is known of one rule; `None` where the check found nothing that it applies to."""
        rule = self._registry.rules.get(rule_id)
        title = rule.title if rule else rule_id
        about = self._about.get(rule_id) or self._crash(rule_id)
        severity = self._policy.severity(rule) if rule else Severity.ERROR

        def cause(
            state: CauseState, findings: Iterable[Judged] = (), fix: Message | None = None, missing: str = ""
        ) -> Cause:
            chosen = tuple(findings)
            said = chosen[0].finding.message if chosen else None
            return Cause(
                id=rule_id,
                state=state,
                title=title,
                because=(rule_id,),
                said=said,
                fix=fix or next((one.finding.fix for one in chosen if one.finding.fix), None),
                findings=chosen,
                severity=severity,
                missing=missing,
            )

        if failed := _with(about, Status.FAIL):
            return cause(CauseState.CONFIRMED, failed)
        if undecided := _with(about, Status.INCONCLUSIVE, Status.ERROR):
            return cause(CauseState.UNDETERMINED, undecided)
        if rule is None:
            args = {"check": rule_id.partition("/")[0], "rule": rule_id}
            return cause(CauseState.UNDETERMINED, fix=Message(ABSENT, args))
        if not self._policy.selects(rule_id):
            return cause(CauseState.UNDETERMINED, fix=Message(IGNORED, {"rule": rule_id}))
        if skipped := _with(about, Status.SKIPPED):
            return cause(CauseState.UNDETERMINED, skipped, self._lacking(rule_id), self._missing(rule_id))
        if passed := _with(about, Status.PASS):
            return cause(CauseState.RULED_OUT, passed)
        if self._report is not None:
            return None
        return cause(CauseState.UNDETERMINED, fix=self._lacking(rule_id), missing=self._missing(rule_id))

    def _crash(self, rule_id: str) -> list[Judged]:
        """The crash of a plugin that brings no rules: all that is heard of those that it would have brought."""
        if rule_id in self._registry.rules:
            return []
        return self._about.get(f"{rule_id.partition('/')[0]}/{CRASH}", [])

    def _missing(self, rule_id: str) -> str:
        """The options that would let a rule be judged; where an internal address was stated, that is told instead."""
        missing = self._plan.subject.missing(self._registry.rules[rule_id].needs)
        return "" if self._plan.internal and missing == ["ip"] else self._plan.subject.options_for(missing)

    def _lacking(self, rule_id: str) -> Message:
        """What would let a rule be judged: an input, or a run."""
        if options := self._missing(rule_id):
            return Message(ADD, {"options": options})
        return internal_note(self._plan) or Message(RUN)

    def _too_late(self) -> Iterator[Cause]:
        for number, (reason, rules) in enumerate(self._plan.dismissed.items(), 1):
            yield Cause(
                id=BEFORE if number == 1 else f"{BEFORE}-{number}",
                state=CauseState.RULED_OUT,
                title="What is sent later",
                because=rules,
                said=Message(reason),
                fix=Message(reason),
            )

    def _by_reason(self, reason: Reason) -> Cause:
        """A rule that passes does not rule a reason out: what Microsoft has seen cannot be seen from here."""
        causes = [cause for rule in reason.rules if (cause := self.by_rule(rule))]
        confirmed = [cause for cause in causes if cause.state is CauseState.CONFIRMED]
        still = [cause for cause in causes if cause.state is CauseState.UNDETERMINED]
        telling = confirmed or still or causes
        state = CauseState.OUTSIDE
        said: Message | Words | None = reason.meaning
        fix: Message | Words | None = reason.advice
        if confirmed:
            state, said, fix = CauseState.CONFIRMED, confirmed[0].said, confirmed[0].fix
        elif still and still[0].fix:
            args = {"proof": still[0].fix, "advice": reason.advice}
            state, fix = CauseState.UNDETERMINED, Message("{proof} {advice}", args)
        elif causes:
            fix = Message(NOTHING_FOUND, {"where": reason.advice})
        return Cause(
            id=reason.id,
            state=state,
            title=reason.title,
            because=tuple(rule for cause in telling for rule in cause.because),
            said=said,
            fix=fix,
            findings=tuple(judged for cause in telling for judged in cause.findings),
            severity=max((cause.severity for cause in confirmed), key=lambda one: one.rank, default=Severity.INFO),
        )


def _with(findings: Iterable[Judged], *statuses: Status) -> list[Judged]:
    return [judged for judged in findings if judged.finding.status in statuses]


def _looks(refusals: Sequence[Refusal]) -> Iterator[Cause]:
    """Where to look for what rules do not decide, each place once."""
    for look in load_looks():
        for refusal in refusals:
            bounce = refusal.bounce
            undecided = not refusal.taken and (bounce is None or bounce.coverage != "full")
            if undecided and look.concerns(refusal.category, refusal.provider):
                yield Cause(id=look.id, state=CauseState.OUTSIDE, title=look.title, said=look.where, fix=look.where)
                break


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Confirmed ones first, by severity; then what is open, out of sight, ruled out. Equals stay in their order, which
    is that of likelihood: the catalogue names the most telling rules of a code first."""
    states = list(CauseState)
    return tuple(sorted(causes, key=lambda cause: (states.index(cause.state), -cause.severity.rank)))


def by_state(causes: Iterable[Cause]) -> Mapping[CauseState, list[Cause]]:
    """The causes by what is known of them; each state has its list, be it empty."""
    groups: dict[CauseState, list[Cause]] = {state: [] for state in CauseState}
    for cause in causes:
        groups[cause.state].append(cause)
    return groups
