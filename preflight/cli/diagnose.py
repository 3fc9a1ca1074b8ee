"""`preflight diagnose`: from a bounce to its cause, and the proof."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.bounces import (
    NOT_RECOGNISED,
    RECOGNISED,
    HostOption,
    PathsArgument,
    TextOption,
    given_subject,
    read_bounces,
)
from preflight.cli.common import LangOption, complain, show
from preflight.cli.options import (
    AuthoritativeOption,
    DeadlineOption,
    DkimSelectorOption,
    DomainOption,
    DqsKeyFileOption,
    HeloOption,
    IgnoreOption,
    IpOption,
    MailFromOption,
    MessageOption,
    NoCacheOption,
    ProbeOption,
    ProbeOutboundOption,
    ProbeRelayOption,
    ResolverOption,
    ServerOption,
    SubjectConfigOption,
    SubjectOption,
    TimeoutOption,
)

if TYPE_CHECKING:
    from preflight.bounces.reading import BounceReport
    from preflight.diagnosis.diagnosing import Diagnosis, Diagnostician
    from preflight.diagnosis.summary import Summary
    from preflight.render import RenderOptions


class DiagnosisFormat(StrEnum):
    """The formats of a diagnosis."""

    TERMINAL = "terminal"
    JSON = "json"
    JSONL = "jsonl"


def diagnose(
    paths: PathsArgument = None,
    *,
    text: TextOption = None,
    no_run: Annotated[bool, typer.Option("--no-run", help="Only explain; ask no server anything.")] = False,
    host: HostOption = None,
    ip: IpOption = None,
    helo: HeloOption = None,
    domain: DomainOption = None,
    message: MessageOption = None,
    mail_from: MailFromOption = None,
    dkim_selector: DkimSelectorOption = None,
    server: ServerOption = None,
    probe: ProbeOption = False,
    probe_relay: ProbeRelayOption = False,
    probe_outbound: ProbeOutboundOption = None,
    config: SubjectConfigOption = None,
    subject: SubjectOption = None,
    resolver: ResolverOption = None,
    authoritative: AuthoritativeOption = False,
    timeout: TimeoutOption = None,
    deadline: DeadlineOption = None,
    dqs_key_file: DqsKeyFileOption = None,
    no_cache: NoCacheOption = False,
    ignore: IgnoreOption = None,
    format_: Annotated[DiagnosisFormat, typer.Option("--format", help="Format of the output.")] = (
        DiagnosisFormat.TERMINAL
    ),
    lang: LangOption,
) -> int:
    """Say what a bounce means and what caused it, by the checks that prove or rule out each cause.

    Address, HELO name and sender domain are taken from the options, else from the bounce. Many bounces (a log, a
    folder, an mbox) are counted by code.

    Exit codes: 0 diagnosed, no cause confirmed (or --no-run), 1 a cause confirmed, 2 usage or configuration,
    3 incomplete (a check that matters could not tell), 4 no bounce recognised.
    """
    from preflight.cli.asking import Asking
    from preflight.cli.engine import engine_for
    from preflight.cli.formats import render_options
    from preflight.cli.policy import Choice, chosen_policy
    from preflight.config import Config, load_config
    from preflight.diagnosis.diagnosing import Diagnostician, Examiner
    from preflight.registry import load_registry

    bounces = read_bounces(paths, text)
    file = load_config(config) if config is not None else Config()
    given: dict[str, Any] = {
        "host": host,
        "ip": ip,
        "helo": helo,
        "domain": domain,
        "message": message,
        "mail_from": mail_from,
    }
    given |= {"dkim_selector": dkim_selector, "server": server, "probe": probe}
    given |= {"probe_relay": probe_relay, "probe_outbound": probe_outbound}
    inputs = given_subject(file, given, subject)
    registry = load_registry()
    policy = chosen_policy(file, registry, Choice.of(None, ignore, None))
    asking = Asking(resolver=resolver or (), authoritative=authoritative, timeout=timeout, no_cache=no_cache)
    engine = engine_for(file, registry, asking, [inputs], deadline=deadline, dqs_key_file=dqs_key_file)
    examine = None if no_run else lambda subject, policy: engine.run([subject], policy)[0]
    diagnostician = Diagnostician(registry, policy, inputs, Examiner(registry, policy, examine))
    options = render_options(registry, lang, for_people=format_ is DiagnosisFormat.TERMINAL)
    if format_ is DiagnosisFormat.TERMINAL:
        return _for_people(bounces, diagnostician, options)
    return _for_programs(bounces, diagnostician, options, lines=format_ is DiagnosisFormat.JSONL)


def _for_people(bounces: "Iterator[BounceReport]", diagnostician: "Diagnostician", options: "RenderOptions") -> int:
    """One bounce with everything on it; many as a summary, with one diagnosis for all codes."""
    from preflight.bounces.reading import BounceReport
    from preflight.diagnosis.refusals import refusals_of
    from preflight.diagnosis.summary import Summary
    from preflight.render.diagnosis import diagnosis_text
    from preflight.render.diagnosis_summary import summary_text

    first = list(itertools.islice(bounces, 2))
    if len(first) < 2:
        bounce = first[0] if first else BounceReport(source="", kind="not-a-bounce")
        diagnosis = diagnostician.diagnose(bounce)
        show(diagnosis_text(diagnosis, options))
        return _exit_code([diagnosis])
    summary = Summary()
    try:
        for bounce in _counted(itertools.chain(first, bounces), summary):
            summary.add(bounce, refusals_of(bounce))
    except KeyboardInterrupt:
        show(summary_text(summary, None, options))
        raise
    if not summary.kinds_in(RECOGNISED):
        show(summary_text(summary, None, options))
        return NOT_RECOGNISED
    together = BounceReport(source="", kind="bounce")
    diagnosis = diagnostician.diagnose_refusals(together, summary.examples())
    show(summary_text(summary, diagnosis, options))
    return _exit_code([diagnosis])


def _for_programs(
    bounces: "Iterator[BounceReport]", diagnostician: "Diagnostician", options: "RenderOptions", *, lines: bool
) -> int:
    """Each diagnosis as JSON, as soon as it is made: a line each, or all in one object with their summary."""
    from preflight.bounces.reading import BounceReport
    from preflight.diagnosis.summary import Summary
    from preflight.render.diagnosis_json import Collected, diagnosis_line, diagnosis_object

    first = list(itertools.islice(bounces, 2))
    if not lines and len(first) < 2:
        bounce = first[0] if first else BounceReport(source="", kind="not-a-bounce")
        diagnosis = diagnostician.diagnose(bounce)
        show(diagnosis_object(diagnosis, options.language), machine=True)
        return _exit_code([diagnosis])
    summary, outcome = Summary(), _Outcome()
    collected = None if lines else Collected(options.language)

    def diagnoses() -> "Iterator[Diagnosis]":
        for bounce in itertools.chain(first, bounces):
            diagnosis = diagnostician.diagnose(bounce)
            summary.add(bounce, diagnosis.refusals)
            outcome.add(diagnosis)
            yield diagnosis

    try:
        for diagnosis in diagnoses():
            line = collected.next(diagnosis) if collected else diagnosis_line(diagnosis, options.language)
            show(line, machine=True)
    finally:  # after Ctrl-C too: what was written so far is whole
        if collected:
            show(collected.end(summary), machine=True)
    return outcome.exit_code


class _Outcome:
    """What the exit code says of diagnoses that are not kept."""

    def __init__(self) -> None:
        self._recognised = self._confirmed = self._incomplete = False

    def add(self, diagnosis: "Diagnosis") -> None:
        self._recognised |= diagnosis.bounce.kind in RECOGNISED
        self._confirmed |= diagnosis.confirmed
        self._incomplete |= diagnosis.incomplete

    @property
    def exit_code(self) -> int:
        from preflight.policy import ExitCode

        if not self._recognised:
            return NOT_RECOGNISED
        if self._confirmed:
            return ExitCode.NO_GO
        return ExitCode.INCOMPLETE if self._incomplete else ExitCode.GO


def _exit_code(diagnoses: "Iterable[Diagnosis]") -> int:
    outcome = _Outcome()
    for diagnosis in diagnoses:
        outcome.add(diagnosis)
    return outcome.exit_code


_STEP = 200  # messages between two looks at the progress: drawing is slower than reading


def _counted(bounces: "Iterable[BounceReport]", summary: "Summary") -> "Iterator[BounceReport]":
    """The bounces as they come; a line on standard error says how many were counted, where one reads along."""
    if not sys.stderr.isatty():
        complain("counting bounces")
        yield from bounces
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    said = TextColumn("{task.description}", markup=False)
    with Progress(SpinnerColumn(), said, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        for number, bounce in enumerate(bounces):
            if number % _STEP == 0:
                bar.update(task, description=f"{number:,} read, {summary.recipients:,} refused")
            yield bounce
