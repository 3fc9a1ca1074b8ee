"""From what was read to its causes: one bounce, or all that were counted."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from preflight.bounces.not_seen import NotSeen, load_not_seen
from preflight.bounces.reading import BounceReport
from preflight.diagnosis.causes import RUN, Cause, CauseState, Weighing, by_state
from preflight.diagnosis.plan import Plan, plan_for
from preflight.diagnosis.refusals import Refusal, refusals_of
from preflight.findings import Severity
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.subject import Subject
from preflight.text import Message, Words

PROVE = "Run it again with {options}: that shows which causes hold, of {count} that can be checked then."

Examine = Callable[[Subject, Policy], Report]
"""Runs the chosen checks over a subject."""

_REMEMBERED = 64  # runs and outcomes that are kept: a log names the same few servers and codes again and again


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is known of a bounce: what was read, the causes in the order to look at them, and the run they rest on.

    `not_seen` is set where nothing was refused: the causes are reasons why mail that was taken is not seen then.
    """

    bounce: BounceReport
    refusals: tuple[Refusal, ...]
    plan: Plan
    causes: tuple[Cause, ...]
    report: Report | None = None
    not_seen: NotSeen | None = None

    @property
    def next_step(self) -> Message | Words | None:
        """The first thing to do: the fix of the likeliest cause; what would let a check tell; what the code's entry
        advises; where to look."""
        groups = by_state(self.causes)
        advice = [refusal.bounce.advice_now for refusal in self.refusals if refusal.bounce and not refusal.taken]
        fixes = {state: [cause.fix for cause in causes if cause.fix] for state, causes in groups.items()}
        to_run = Message(RUN)
        proof = [self._proof(groups[CauseState.UNDETERMINED]) or fix for fix in fixes[CauseState.UNDETERMINED]]
        proof = [fix for fix in proof if fix != to_run]  # who wants no run is not told to make one first
        in_turn = (*fixes[CauseState.CONFIRMED], *proof, *advice, *fixes[CauseState.OUTSIDE])
        return in_turn[0] if in_turn else None

    def _proof(self, causes: Sequence[Cause]) -> Message | None:
        """The options that would let a check tell, where the likeliest of the open causes lacks just these."""
        missing = [cause.missing for cause in causes]
        if not missing[0]:
            return None
        count = sum(options == missing[0] for options in missing)
        return Message(PROVE, {"options": missing[0], "count": str(count)})

    @property
    def confirmed(self) -> bool:
        """Whether a cause is confirmed."""
        return any(cause.state is CauseState.CONFIRMED for cause in self.causes)

    @property
    def incomplete(self) -> bool:
        """Whether a check of a rule of severity error was made and could not tell."""
        return any(cause.open and cause.severity is Severity.ERROR for cause in self.causes)


class Examiner:
    """Has the rules of a plan judged, each set of them over each subject once. Without `examine` nothing is run."""

    def __init__(self, registry: Registry, policy: Policy, examine: Examine | None) -> None:
        self._registry = registry
        self._policy = policy
        self._examine = examine
        self._reports: OrderedDict[tuple[Subject, tuple[str, ...]], Report] = OrderedDict()

    def report(self, subject: Subject, rules: Sequence[str]) -> Report | None:
        """The report on these rules; `None` where none is to be made, or where no rule has what it needs."""
        known = [self._registry.rules[rule] for rule in rules if rule in self._registry.rules]
        wanted = [rule for rule in known if self._policy.selects(rule.id)]
        if self._examine is None or not any(_needs_met(subject, rule.needs) for rule in wanted):
            return None
        needed = {one for rule in wanted for need in rule.needs for one in need.split("|")}
        # The many senders of one server make one run, where no rule looks at them.
        if "mail-from" not in needed:
            subject = replace(subject, mail_from=())
        if not needed & {"domain", "mx", "mail-from"} and subject.host is None:
            subject = replace(subject, domain=None)
        key = (subject, tuple(rule.id for rule in wanted))
        if key not in self._reports:
            self._reports[key] = self._examine(subject, replace(self._policy, select=key[1]))
            if len(self._reports) > _REMEMBERED:
                self._reports.popitem(last=False)
        self._reports.move_to_end(key)
        return self._reports[key]


def _needs_met(subject: Subject, needs: Sequence[str]) -> bool:
    """Whether a rule can be judged: the addresses of a host count as known, since the run looks them up."""
    return all(need == "ip" and subject.host is not None for need in subject.missing(needs))


class Diagnostician:
    """Diagnoses bounces with the same engine that `preflight check` runs.

    `given` has the inputs of the options; a bounce adds what they lack.
    """

    def __init__(self, registry: Registry, policy: Policy, given: Subject, examiner: Examiner) -> None:
        self._registry = registry
        self._policy = policy
        self._given = given
        self._examiner = examiner
        self._known: OrderedDict[tuple[object, ...], tuple[Plan, tuple[Cause, ...], Report | None]] = OrderedDict()

    def diagnose(self, bounce: BounceReport) -> Diagnosis:
        """The diagnosis of one bounce."""
        return self.diagnose_refusals(bounce, refusals_of(bounce))

    def diagnose_refusals(self, bounce: BounceReport, refusals: Sequence[Refusal]) -> Diagnosis:
        """The diagnosis of refusals that were read and matched before."""
        guide = load_not_seen() if bounce.kind == "delivered" else None
        key = (guide is None, *dict.fromkeys(map(_telling, refusals)))
        if key not in self._known:
            self._known[key] = self._weigh(refusals, guide)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        plan, causes, report = self._known[key]
        return Diagnosis(
            bounce=bounce, refusals=tuple(refusals), plan=plan, causes=causes, report=report, not_seen=guide
        )

    def _weigh(
        self, refusals: Sequence[Refusal], guide: NotSeen | None
    ) -> tuple[Plan, tuple[Cause, ...], Report | None]:
        plan = plan_for(refusals, self._given, self._registry)
        reasons = guide.reasons_for(plan.subject.domain) if guide else ()
        if guide:
            plan = replace(plan, judged=tuple(dict.fromkeys(rule for reason in reasons for rule in reason.rules)))
        report = self._examiner.report(plan.subject, plan.judged)
        weighing = Weighing(plan, report, self._registry, self._policy)
        return plan, weighing.not_seen(reasons) if guide else weighing.refused(refusals), report


def _telling(refusal: Refusal) -> tuple[object, ...]:
    """What a diagnosis depends on, of a refusal: the lines of a log differ in little else than recipient and time."""
    stated = refusal.recipient
    said = (stated.phase, stated.sending_ip, stated.helo, stated.sender)
    return (refusal.bounce.id if refusal.bounce else None, refusal.provider, refusal.taken, *said)
