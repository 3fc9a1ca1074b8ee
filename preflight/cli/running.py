"""Run the checks with progress on standard error, and write what came of it. What several commands share."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from preflight.check import Settings
from preflight.cli.common import complain, show
from preflight.cli.formats import render_options
from preflight.cli.output import OutputFile
from preflight.errors import ConfigError
from preflight.moment import Moment
from preflight.net.dns import Answer, Question, Reason, Source, Unanswered
from preflight.net.https import Fetcher
from preflight.net.smtp import Dialer
from preflight.notices import with_stale_waivers
from preflight.policy import ExitCode, Policy, exit_code
from preflight.registry import Registry
from preflight.render import Renderer
from preflight.report import Report, overall
from preflight.runner import IsOver, OnJudged, OnProgress, Progress, Run, chosen_checks
from preflight.subject import Subject

if TYPE_CHECKING:
    from preflight.baseline import Baseline


class Offline(Source):
    """Where no server is to be asked: each question stays unanswered."""

    async def ask(self, question: Question) -> Answer:
        """Raises `Unanswered`."""
        raise Unanswered(question, Reason.NO_SERVERS)


def run_checks(
    subjects: Sequence[Subject],
    source: Source,
    registry: Registry,
    policy: Policy,
    settings: Settings,
    deadline: float,
) -> list[Report]:
    """Run all checks over the subjects, showing progress on standard error. `deadline` is in seconds."""
    return fly(subjects, source, registry, policy, settings, deadline)[1]


def fly(
    subjects: Sequence[Subject],
    source: Source,
    registry: Registry,
    policy: Policy,
    settings: Settings,
    deadline: float,
    *,
    dialer: Dialer | None = None,
    fetcher: Fetcher | None = None,
    moment: Moment | None = None,
    is_over: IsOver | None = None,
) -> tuple[Run, list[Report]]:
    """The same, with the run itself and all that may be handed to it; see `Run`."""
    for problem in registry.problems:
        complain(problem)
    spare_collector()
    with _progress(subjects, len(chosen_checks(registry, policy))) as (on_progress, on_judged):
        run = Run(
            subjects,
            source,
            registry=registry,
            policy=policy,
            settings=settings,
            deadline=deadline,
            on_progress=on_progress,
            on_judged=on_judged,
            dialer=dialer,
            fetcher=fetcher,
            moment=moment,
            is_over=is_over,
        )
        return run, run.fly_blocking()


def spare_collector() -> None:
    """Make Python look less often for memory to free.

    A run makes tens of thousands of small things and keeps them until its end; looking through them again and again
    for what can go takes a third of its time. For a process that does one run.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def deliver(
    reports: Sequence[Report],
    renderer: Renderer,
    outputs: Sequence[tuple[OutputFile, Renderer]],
    registry: Registry,
    lang: str,
    *,
    config: str = "",
    problems: Sequence[str] = (),
) -> int:
    """Write the reports to the files, then to standard output, and return the exit code of the run.

    `config` is the preflight.toml of the run, as it was given, `problems` what was wrong with other files. A file that
    cannot be written is told of last, so that the report on standard output is not lost with it.
    """
    problems = list(problems)
    for target, writer in outputs:
        try:
            target.write(writer.render(reports, render_options(registry, lang, for_people=False, config=config)))
        except ConfigError as error:
            problems.append(str(error))
    people = renderer.name == "terminal"
    options = render_options(registry, lang, for_people=people, config=config)
    show(renderer.render(reports, options), machine=not people)
    for problem in problems:
        complain(problem)
    if convention := renderer.convention:
        return convention.trouble_code if problems else convention.exit_code(reports)
    return ExitCode.USAGE if problems else exit_code(overall(report.verdict for report in reports))


def weighed(
    reports: Sequence[Report], policy: Policy, baseline: "Baseline | None", *, whole: bool = True
) -> list[Report]:
    """The reports of a run with what there is to say of waivers and of the baseline, if there is one.

    `whole`: the run was over all that the policy and the baseline are about, so that it can tell what they have too
    much.
    """
    weighed = with_stale_waivers(reports, policy) if whole else list(reports)
    if baseline is None:
        return weighed
    from preflight.baseline import compared

    return compared(weighed, baseline, policy.selects, whole=whole)


@contextmanager
def _progress(subjects: Sequence[Subject], checks: int) -> Iterator[tuple[OnProgress | None, OnJudged | None]]:
    """A line on standard error that says how far the run is; on no terminal, one line at its start."""
    what = _named(subjects)
    if not sys.stderr.isatty():
        complain(f"checking {what} with {checks} check{'s' if checks != 1 else ''}")
        yield None, None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    judged = TextColumn("{task.fields[judged]}", markup=False)
    named = TextColumn("{task.description}", markup=False)
    columns = (named, BarColumn(), MofNCompleteColumn(), judged, TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"checking {what}", total=len(subjects) * checks, judged="")

        def on_progress(progress: Progress) -> None:
            bar.update(task, completed=progress.done)

        def on_judged(ended: int, begun: int) -> None:
            if ended % _STEP == 0:  # drawing is slower than judging
                bar.update(task, judged=f"{ended:,} of {begun:,} looks")

        yield on_progress, on_judged


_STEP = 20


def _named(subjects: Sequence[Subject]) -> str:
    """What is checked, in a few words."""
    if len(subjects) != 1:
        return f"{len(subjects)} subjects"
    (subject,) = subjects
    count = len(subject.ips)
    return f"{subject.label} ({count:,} addresses)" if count > 1 else subject.label
