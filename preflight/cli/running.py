"""Run the checks with progress on standard error, and write what came of it. What several commands share."""

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
from preflight.runner import OnProgress, Progress, Run
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
    with _progress(subjects, len(registry.checks)) as on_progress:
        run = Run(
            subjects,
            source,
            registry=registry,
            policy=policy,
            settings=settings,
            deadline=deadline,
            on_progress=on_progress,
        )
        return run.fly_blocking()


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
def _progress(subjects: Sequence[Subject], checks: int) -> Iterator[OnProgress | None]:
    """A line on standard error that says how far the run is; on no terminal, one line at its start."""
    what = subjects[0].label if len(subjects) == 1 else f"{len(subjects)} subjects"
    if not sys.stderr.isatty():
        complain(f"checking {what} with {checks} checks")
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"checking {what}", total=len(subjects) * checks)

        def on_progress(progress: Progress) -> None:
            bar.update(task, completed=progress.done)

        yield on_progress
