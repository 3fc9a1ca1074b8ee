"""The records of a run: findings, judgements under way, crashes; and the account of every rule at its end."""

import threading
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from preflight.check import CRASH, Check, Rule
from preflight.findings import Evidence, Finding, Status
from preflight.net.dns import Reason, Unanswered
from preflight.subject import Subject
from preflight.text import Message, natural_key

TRY_AGAIN = "Ask again; if it stays so, see whether the name servers can be reached and answer for this name."
ADD_ZONES = (
    "Give the zone file that has it with --zone, leave out --offline so that DNS is asked, or leave these rules out "
    "with --ignore."
)
MORE_TIME = "Give the run more time (--deadline), or see which server does not answer."
NO_ANSWER = "no answer to {question}: {seen}"
OUT_OF_TIME = "the run's deadline of {deadline} s passed before this was decided"
NOT_GIVEN = "not checked: add {options}"
CRASHED = "the check crashed: {error}. This says nothing of the subject; please report it"


@dataclass(eq=False, slots=True)
class Account:
    """What one judge is to decide on one part, and what it has decided so far."""

    check: Check
    rules: tuple[Rule, ...]
    part: str
    decided: set[str] = field(default_factory=set)
    ended: bool = False

    @property
    def undecided(self) -> list[Rule]:
        """The rules that have no finding yet."""
        return [rule for rule in self.rules if rule.id not in self.decided]


@dataclass(slots=True)
class _Crash:
    check: Check
    text: str
    parts: list[str] = field(default_factory=list)
    rules: set[str] = field(default_factory=set)


class Ledger:
    """Keeps what the judges yield. May be closed from another thread while a check is stuck; what comes later is lost.

    `selects` tells by id which rules the user has chosen; a finding for any other rule is dropped.
    """

    def __init__(self, checks: Sequence[Check], selects: Callable[[str], bool]) -> None:
        self._checks = checks
        self._selects = selects
        self._findings: list[Finding] = []
        self._accounts: list[Account] = []
        self._crashes: dict[tuple[str, str, str], _Crash] = {}
        self._ended: set[str] = set()
        self._lock = threading.Lock()  # between the thread of the judges and the one that closes
        self._closed = False

    def open(self, check: Check, rules: Sequence[Rule], part: str) -> Account:
        """Begin the account of a judge on a part."""
        account = Account(check, tuple(rules), part)
        self._accounts.append(account)
        return account

    def add(self, account: Account, finding: Finding) -> None:
        """Keep a finding; one for a rule that nobody wants judged is dropped."""
        with self._lock:
            if not self._closed and any(rule.id == finding.rule for rule in account.rules):
                account.decided.add(finding.rule)
                self._findings.append(finding)

    def unanswered(self, account: Account, outcome: Unanswered) -> None:
        """A question stayed unanswered while the judge was at work: the rules without a finding are inconclusive."""
        message = Message(NO_ANSWER, {"question": str(outcome.question), "seen": outcome.seen})
        with self._lock:
            if not self._closed:
                fix = ADD_ZONES if outcome.reason is Reason.NOT_IN_ZONES else TRY_AGAIN
                self._leave_undecided(account, message, fix, outcome.evidence)

    def _leave_undecided(self, account: Account, message: Message, fix: str, *evidence: Evidence) -> None:
        for rule in account.undecided:
            account.decided.add(rule.id)
            self._findings.append(
                Finding(
                    rule=rule.id,
                    status=Status.INCONCLUSIVE,
                    part=account.part,
                    message=message,
                    evidence=evidence,
                    fix=Message(fix),
                )
            )

    def crashed(self, account: Account, error: BaseException) -> None:
        """The judge crashed. The same crash over several parts is one finding, with the parts in it."""
        trace = traceback.TracebackException.from_exception(error, lookup_lines=False)
        where = f"{trace.stack[-1].name}, line {trace.stack[-1].lineno}" if trace.stack else "nowhere"
        said = str(trace)  # unlike str(error), this never fails
        text = f"{type(error).__name__}: {said} ({where})" if said else f"{type(error).__name__} ({where})"
        with self._lock:
            if not self._closed:
                key = (account.check.id, type(error).__name__, where)
                crash = self._crashes.setdefault(key, _Crash(account.check, text))
                crash.parts.append(account.part)
                crash.rules |= {rule.id for rule in account.undecided}
                account.ended = True

    def end(self, check: Check) -> int:
        """Note that a check has ended; returns how many have."""
        self._ended.add(check.id)
        return len(self._ended)

    def remaining(self, check: Check, rules: Sequence[Rule], part: str) -> Account:
        """An account of the rules that no judge of the check has a finding for."""
        decided = {finding.rule for finding in self._findings}
        return self.open(check, [rule for rule in rules if rule.id not in decided], part)

    def close(self, subject: Subject, deadline: float) -> list[Finding]:
        """Account for every rule and return all findings, sorted by check, rule and part.

        What is still under way is out of time. A rule without any finding was skipped for want of an input, is
        inconclusive when its check did not get to it, and has none when its check found nothing to apply it to.
        """
        with self._lock:
            self._closed = True
            late = [account for account in self._accounts if not account.ended]
            ended = frozenset(self._ended)
        out_of_time = Message(OUT_OF_TIME, {"deadline": f"{deadline:g}"})
        for account in late:
            self._leave_undecided(account, out_of_time, MORE_TIME)
        crashes = [_crash_finding(crash) for crash in self._crashes.values()]
        accounted = {rule for finding in [*self._findings, *crashes] for rule in finding.rules}
        for check in self._checks:
            for rule in check.rules:
                if self._selects(rule.id) and rule.id not in accounted:
                    self._account_for(rule, Account(check, (rule,), subject.label), subject, ended, out_of_time)
        order = (rule for check in self._checks for rule in (*(rule.id for rule in check.rules), _crash_id(check)))
        places = {rule: at for at, rule in enumerate(order)}
        return sorted(
            [*self._findings, *crashes], key=lambda finding: (places[finding.rule], natural_key(finding.part))
        )

    def _account_for(
        self, rule: Rule, account: Account, subject: Subject, ended: Collection[str], out_of_time: Message
    ) -> None:
        missing = subject.missing(rule.needs)
        # A host was given, so that its addresses are not an input that is missing: they are not known.
        if options := [need for need in missing if subject.host is None or "ip" not in need.split("|")]:
            message = Message(NOT_GIVEN, {"options": subject.options_for(options)})
            self._findings.append(Finding(rule=rule.id, status=Status.SKIPPED, part=subject.label, message=message))
        elif missing and subject.ips_unknown:
            self._leave_undecided(account, Message("{reason}", {"reason": subject.ips_unknown}), TRY_AGAIN)
        elif account.check.id not in ended:
            self._leave_undecided(account, out_of_time, MORE_TIME)


def _crash_id(check: Check) -> str:
    return f"{check.id}/{CRASH}"


def _crash_finding(crash: _Crash) -> Finding:
    return Finding(
        rule=_crash_id(crash.check),
        status=Status.ERROR,
        part=", ".join(dict.fromkeys(crash.parts)),
        message=Message(CRASHED, {"error": crash.text}),
        evidence=(Evidence("check", crash.check.id, crash.text),),
        covers=frozenset(crash.rules),
    )
