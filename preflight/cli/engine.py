"""What runs the checks, as the options and the configuration file have it: resolver, limits, secrets, memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from preflight.check import Settings
from preflight.cli.running import run_checks
from preflight.config import Config, seconds
from preflight.memory import DiskMemory, cache_file
from preflight.net.authority import AuthoritativeSource
from preflight.net.dns import Source
from preflight.net.live import DEFAULT_TIMEOUT, LiveSource
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
        settings = replace(self.settings, memory=self.memory) if self.memory else self.settings
        reports = run_checks(subjects, self.source, self.registry, policy, settings, self.deadline)
        if self.memory:
            self.memory.save()
        return reports


def engine_for(
    file: Config,
    registry: Registry,
    *,
    resolver: list[str] | None,
    authoritative: bool,
    timeout: float | None,
    deadline: float | None,
    dqs_key_file: str | None,
    cache: bool,
) -> Engine:
    """The engine that the options ask for; what they leave open, the file says. Raises `ConfigError`."""
    table = file.table.resolver
    attempt = seconds(timeout if timeout is not None else table.timeout, DEFAULT_TIMEOUT, "timeout")
    live = LiveSource(resolver or table.servers, attempt)
    remembers = table.cache and cache and live.endpoints
    return Engine(
        registry=registry,
        source=AuthoritativeSource(live, attempt) if authoritative or table.authoritative else live,
        settings=file.settings(registry, dqs_key_file),
        deadline=seconds(
            deadline if deadline is not None else file.table.limits.deadline, DEFAULT_DEADLINE, "deadline"
        ),
        memory=DiskMemory(cache_file(), live.endpoints) if remembers else None,
    )
