"""`--record` and `--replay` of `preflight check`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preflight import __version__
from preflight.cli.common import complain
from preflight.cli.engine import Engine
from preflight.cli.output import OutputFile
from preflight.cli.policy import Choice, chosen_policy
from preflight.cli.running import fly
from preflight.config import Config
from preflight.errors import ConfigError
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.runner import live_dialer, live_fetcher
from preflight.subject import Subject
from preflight.tape.record import Recorder
from preflight.tape.recording import ChoiceFacts, load_recording
from preflight.tape.replay import Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A run as the options and the file ask for it. `config_file` is the file as it was given, `whole` whether all of
    its subjects are checked."""

    subjects: Sequence[Subject]
    engine: Engine
    policy: Policy
    config: Config
    config_file: str
    choice: Choice
    whole: bool

    def fly(self, target: OutputFile | None) -> tuple[list[Report], list[str]]:
        """Run the checks, and write the recording where there is a file for it.

        Returns the reports and what was wrong with that file: it must not cost the reports.
        """
        engine = self.engine
        if target is None:
            return engine.run(self.subjects, self.policy), []
        doors = live_dialer(self.subjects), engine.settings, live_fetcher(self.subjects)
        recorder = Recorder(engine.source, *doors)
        given = (self.subjects, recorder.source, engine.registry, self.policy, recorder.settings, engine.deadline)
        run, reports = fly(*given, dialer=recorder.dialer, fetcher=recorder.fetcher)
        engine.remember()
        choice = self.choice
        text = recorder.text(
            run,
            reports,
            self.subjects,
            config=self.config,
            config_file=self.config_file,
            choice=ChoiceFacts(
                list(choice.select), list(choice.ignore), choice.fail_on, choice.profile, choice.bulk, self.whole
            ),
            deadline=engine.deadline,
        )
        try:
            target.write(text)
        except ConfigError as error:
            return reports, [str(error)]
        return reports, []


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run that was told again: its reports, its policy, the preflight.toml that it was given, and whether it was over
    all that is in that."""

    reports: list[Report]
    policy: Policy
    config_file: str
    whole: bool


def fly_again(path: str, registry: Registry) -> Replayed:
    """Run the checks over a recording; nobody is asked. Raises `ConfigError`."""
    replay = Replay(load_recording(Path(path)))
    if replay.version != __version__:
        complain(f"{path} was recorded by preflight {replay.version}, and this is {__version__}: reports may differ")
    facts = replay.choice
    choice = Choice(tuple(facts.select), tuple(facts.ignore), facts.fail_on, facts.profile, facts.bulk)
    policy = chosen_policy(replay.config, registry, choice)
    _, reports = fly(
        replay.subjects,
        replay.source,
        registry,
        policy,
        replay.settings(registry),
        replay.deadline,
        dialer=replay.dialer,
        fetcher=replay.fetcher,
        moment=replay.moment,
        is_over=replay.is_over if replay.was_cut else None,
    )
    return Replayed(replay.timed(reports), policy, replay.config_file, facts.whole)


def reject_with_replay(given: str) -> None:
    """Raise `ConfigError` for options beside `--replay` that the recording has its own word on."""
    if given:
        raise ConfigError(f"--replay tells a run again as it was; leave out {given}")
