"""What runs the checks, once or more often: whom to ask, limits, secrets, memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from preflight.check import Settings
from preflight.cli.asking import Asking, answers_for
from preflight.cli.running import run_checks
from preflight.config import Config, seconds
from preflight.memory import DiskMemory
from preflight.net.dns import Source
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.runner import DEFAULT_DEADLINE
from preflight.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The source of answers, what checks may know, and the seconds that a run may take."""

    registry: Registry
    source: Source
    settings: Settings
    deadline: float
    memory: DiskMemory | None = None

    def run(self, subjects: Sequence[Subject], policy: Policy) -> list[Report]:
        """The reports of one run, in the order of the subjects; what was learned of blocklists is remembered."""
        reports = run_checks(subjects, self.source, self.registry, policy, self.settings, self.deadline)
        self.remember()
        return reports

    def remember(self) -> None:
        """Keep what was learned of blocklists for later runs."""
        if self.memory is not None:
            self.memory.save()


def engine_for(
    file: Config,
    registry: Registry,
    asking: Asking,
    subjects: Sequence[Subject],
    *,
    deadline: float | None = None,
    dqs_key_file: str | None = None,
) -> Engine:
    """The engine that the options ask for; what they leave open, the file says. Raises `ConfigError` and `ZoneError`.

    `subjects` are held against `--offline`, which connects to nobody.
    """
    answers = answers_for(asking, file, subjects)
    settings = file.settings(registry, dqs_key_file)
    return Engine(
        registry=registry,
        source=answers.source,
        settings=replace(settings, memory=answers.memory) if answers.memory is not None else settings,
        deadline=limit_of(file, deadline),
        memory=answers.memory,
    )


def limit_of(file: Config, deadline: float | None) -> float:
    """The seconds that a run may take: by the option, else the file, else the default. Raises `ConfigError`."""
    return seconds(deadline if deadline is not None else file.table.limits.deadline, DEFAULT_DEADLINE, "deadline")
