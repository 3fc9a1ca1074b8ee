"""Run the checks with progress on standard error, and write what came of it. What several commands share."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from preflight.check import Settings
from preflight.cli.common import complain, is_terminal, show, width
from preflight.cli.output import OutputFile
from preflight.errors import ConfigError
from preflight.net.dns import Answer, Question, Reason, Source, Unanswered
from preflight.policy import Policy, exit_code
from preflight.registry import Registry
from preflight.render import Renderer, RenderOptions, renderers
from preflight.report import Report, overall
from preflight.runner import OnJudged, OnProgress, Progress, Run, chosen_checks
from preflight.subject import Subject


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
        )
        return run.fly_blocking()


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
) -> int:
    """Write the reports to the files, then to standard output, and return the exit code of the run.

    A file that cannot be written is told of last, so that the report on standard output is not lost with it.
    """
    problems = []
    for target, writer in outputs:
        try:
            target.write(writer.render(reports, render_options(registry, lang, for_people=False)))
        except ConfigError as error:
            problems.append(error)
    people = renderer.name == "terminal"
    show(renderer.render(reports, render_options(registry, lang, for_people=people)), machine=not people)
    for problem in problems:
        complain(str(problem))
    return 2 if problems else exit_code(overall(report.verdict for report in reports))


def renderer_named(name: str) -> Renderer:
    """The renderer of a format. Raises `ConfigError` that lists the known formats."""
    known = renderers()
    if name not in known:
        raise ConfigError(f"--format {name!r} is not known; formats: {', '.join(known)}")
    return known[name]


def renderer_for(path: str) -> Renderer:
    """The renderer that a file's suffix means. Raises `ConfigError` that lists the known suffixes."""
    known = {suffix: renderer for renderer in renderers().values() for suffix in renderer.suffixes}
    for suffix, renderer in known.items():
        if path.lower().endswith(suffix):
            return renderer
    raise ConfigError(f"--output {path!r}: the suffix says no format; known suffixes: {', '.join(known)}")


def render_options(registry: Registry, lang: str, *, for_people: bool) -> RenderOptions:
    """Width and colours of the terminal where a person reads along; 80 columns and no colour codes elsewhere."""
    language = registry.language(lang)
    if for_people:
        return RenderOptions(language=language, width=width(), color=is_terminal())
    return RenderOptions(language=language)


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
