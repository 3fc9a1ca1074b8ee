"""What the user makes of findings: which rules count, how much, until when a known failure is let pass; the verdict."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum, StrEnum

from preflight.bounces.catalogue import Bounce
from preflight.check import Rule
from preflight.errors import ConfigError
from preflight.findings import Finding, Severity, Status
from preflight.profiles import Profile
from preflight.text import nearest


class Verdict(StrEnum):
    """The answer to "will receivers take this mail?"."""

    GO = "go"
    NO_GO = "no-go"
    INCOMPLETE = "incomplete"


class ExitCode(IntEnum):
    """What the command line exits with."""

    GO = 0
    NO_GO = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


class FailOn(StrEnum):
    """The least severity at which a failure makes the verdict no-go; with `never` no failure does."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A known failure that is let pass until a date (inclusive), for a reason.

    `rule` is a rule or check id; `part` limits it to one part of the subject.
    """

    rule: str
    reason: str
    expires: date
    part: str | None = None
    owner: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether the waiver is about this finding, be it in force or expired."""
        return self.names(finding.rule) and self.part in (None, finding.part)

    def names(self, rule_id: str) -> bool:
        """Whether the waiver is about this rule, for some part or other."""
        return _names(self.rule, rule_id)


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver that is about a failure. An expired one is shown, and changes nothing."""

    waiver: Waiver
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Severity overrides by rule or check id, the rules chosen and ignored, waivers, and what fails a run.

    `profile` has the demands of a receiver: severities that stand below the overrides, and the codes on the board.
    """

    severities: Mapping[str, Severity] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    fail_on: FailOn = FailOn.ERROR
    profile: Profile | None = None

    def selects(self, rule_id: str) -> bool:
        """Whether a rule is to be judged: selected (by default all are) and not ignored."""
        chosen = not self.select or any(_names(one, rule_id) for one in self.select)
        return chosen and not any(_names(one, rule_id) for one in self.ignore)

    def severity(self, rule: Rule) -> Severity:
        """The severity of a rule: as overridden for it, else for its check, else by the profile, else its own."""
        check_id = rule.id.partition("/")[0]
        demanded = self.profile.severities.get(rule.id) if self.profile else None
        return self.severities.get(rule.id) or self.severities.get(check_id) or demanded or rule.severity

    def shows(self, bounce: Bounce) -> bool:
        """Whether a code has a row on the board: it is the profile's, or without one, it is on every board."""
        return bounce.id in self.profile.board if self.profile else bounce.on_board

    def waived(self, finding: Finding, today: date) -> Waived | None:
        """The waiver about a failure: one in force if there is one, else an expired one, else none."""
        if finding.status is not Status.FAIL:
            return None
        about = [waiver for waiver in self.waivers if waiver.covers(finding)]
        in_force = [waiver for waiver in about if today <= waiver.expires]
        if in_force:
            return Waived(in_force[0], expired=False)
        return Waived(about[0], expired=True) if about else None

    def fails(self, status: Status, severity: Severity, waived: Waived | None) -> bool:
        """Whether a finding makes the verdict no-go."""
        if status is not Status.FAIL or (waived is not None and not waived.expired):
            return False
        return self.fail_on is not FailOn.NEVER and severity.rank >= Severity(self.fail_on).rank

    def checked(self, known: Collection[str]) -> "Policy":
        """The same policy, once every id in it is known.

        `known` has all check and rule ids. Raises `ConfigError` that names the nearest known id.
        """
        for one in (*self.select, *self.ignore, *self.severities, *(waiver.rule for waiver in self.waivers)):
            if one not in known:
                raise ConfigError(f"there is no check or rule {one!r}{nearest(one, known)}")
        return self

    def merged(
        self,
        *,
        select: Iterable[str],
        ignore: Iterable[str],
        fail_on: FailOn | None,
        profile: Profile | None = None,
    ) -> "Policy":
        """This policy with what the command line says on top: its `select` replaces, its `ignore` adds."""
        return replace(
            self,
            select=tuple(select) or self.select,
            ignore=(*self.ignore, *ignore),
            fail_on=fail_on or self.fail_on,
            profile=profile or self.profile,
        )


def exit_code(verdict: Verdict) -> ExitCode:
    """The exit code of a verdict."""
    return {
        Verdict.GO: ExitCode.GO,
        Verdict.NO_GO: ExitCode.NO_GO,
        Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
    }[verdict]


def _names(one: str, rule_id: str) -> bool:
    return rule_id == one or rule_id.startswith(f"{one}/")
