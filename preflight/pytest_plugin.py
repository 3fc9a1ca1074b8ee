"""A pytest plugin: `pytest --preflight preflight.toml` makes each rule and part one test item.

What fails the run fails its item; what could not be told though it matters is an error, never a pass; what was not
given is skipped, and a failure that is waived is an expected one. Nothing is loaded, and nothing asked, without the
option. Items say what they say in English.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from preflight.findings import Place
    from preflight.report import Judged, Report

_FILES = pytest.StashKey[dict[Path, "PreflightFile | None"]]()


class PreflightWarning(pytest.PytestWarning):
    """A failure that does not fail the run, or a doubt that does not leave it incomplete."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--preflight FILE`; may repeat."""
    parser.getgroup("preflight", "deliverability of mail servers").addoption(
        "--preflight",
        metavar="FILE",
        action="append",
        default=[],
        help="Check what this preflight.toml names; each rule and part is a test.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have the files of the option collected. Raises `UsageError` for one that cannot be used."""
    given: list[str] = config.getoption("--preflight")
    if not given:
        return
    from preflight.config import load_config
    from preflight.errors import PreflightError

    files: dict[Path, PreflightFile | None] = {}
    for name in given:
        try:
            if not load_config(name).table.subject:
                raise pytest.UsageError(f"{name}: nothing to check; give it a [[subject]]")
        except PreflightError as error:
            raise pytest.UsageError(str(error)) from None
        path = (config.invocation_params.dir / name).absolute()
        files[path] = None
        config.args.append(str(path))
    config.stash[_FILES] = files


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "PreflightFile | None":
    """The collector of a file that the option names."""
    files = parent.config.stash.get(_FILES, {})
    if file_path not in files:
        return None
    collector: PreflightFile = PreflightFile.from_parent(parent, path=file_path)
    files[file_path] = collector
    return collector


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The verdict of each subject with the bounce codes that are at risk, and what there is to note of the run."""
    from preflight.text import visible

    for collector in config.stash.get(_FILES, {}).values():
        if collector is None or "reports" not in collector.__dict__:
            continue
        terminalreporter.section(f"preflight {collector.name}")
        for report in collector.reports:
            terminalreporter.write_line(collector.verdict(report))
        for notice in (notice for report in collector.reports for notice in report.notices):
            terminalreporter.write_line(f"to note: {visible(str(notice.message))}")


class PreflightFile(pytest.File):
    """A preflight.toml: all its subjects are checked in one run, when it is collected."""

    @cached_property
    def reports(self) -> "list[Report]":
        """The reports of the run. Raises `CollectError` with one line when the file cannot be used."""
        from preflight.cli.asking import Asking
        from preflight.cli.engine import engine_for
        from preflight.cli.policy import Choice, chosen_policy
        from preflight.config import load_config
        from preflight.errors import PreflightError
        from preflight.notices import with_stale_waivers
        from preflight.registry import load_registry
        from preflight.runner import Run

        try:
            file, registry = load_config(self.path), load_registry()
            subjects = file.subjects()
            engine = engine_for(file, registry, Asking(), subjects)
            policy = chosen_policy(file, registry, Choice())
        except PreflightError as error:
            raise self.CollectError(str(error)) from None
        run = Run(
            subjects, engine.source, registry=registry, policy=policy, settings=engine.settings,
            deadline=engine.deadline,
        )  # fmt: skip
        reports = run.fly_blocking()
        engine.remember()
        return with_stale_waivers(reports, policy)

    def verdict(self, report: "Report") -> str:
        """A line: the subject, its verdict, the codes at risk."""
        from preflight.report import State
        from preflight.text import visible

        risks = [row.bounce.reply for row in report.board if row.state is State.AT_RISK]
        at_risk = f"; at risk: {', '.join(risks)}" if risks else ""
        return f"{visible(report.subject.label)}: {report.verdict}{at_risk}"

    def collect(self) -> "Iterator[PreflightSubject]":
        """A collector for each subject."""
        seen: Counter[str] = Counter()
        for report in self.reports:
            yield PreflightSubject.from_parent(self, name=_named(report.subject.label, seen), report=report)


class PreflightSubject(pytest.Collector):
    """One subject: an item for each of its findings."""

    def __init__(self, *, report: "Report", **given: Any) -> None:
        super().__init__(**given)
        self.report = report

    def collect(self) -> "Iterator[PreflightItem]":
        """An item for each rule and part."""
        seen: Counter[str] = Counter()
        for judged in self.report.findings:
            name = _named(f"{judged.finding.rule}[{judged.finding.part}]", seen)
            yield PreflightItem.from_parent(self, name=name, judged=judged)


class PreflightItem(pytest.Item):
    """A rule applied to a part."""

    def __init__(self, *, judged: "Judged", **given: Any) -> None:
        super().__init__(**given)
        self.judged = judged
        self.user_properties += [("severity", judged.severity.value), *(("prevents", one) for one in judged.prevents)]

    def setup(self) -> None:
        """Fail here where it could not be told, which pytest calls an error of the item and not a failure."""
        from preflight.findings import Severity, Status

        if self.judged.finding.status is Status.SKIPPED:
            pytest.skip(self._sentence)
        if self.judged.undecided and self.judged.severity is Severity.ERROR:
            pytest.fail(self._account(), pytrace=False)
        if self.judged.undecided:
            self._warn(f"could not be told: {self._sentence}")
            pytest.skip(f"could not be told: {self._sentence}")

    def runtest(self) -> None:
        """Fail where the finding fails the run."""
        from preflight.findings import Status
        from preflight.text import visible

        waived = self.judged.waived
        if self.judged.finding.status is not Status.FAIL:
            return
        if self.judged.fails:
            pytest.fail(self._account(), pytrace=False)
        if waived is not None and not waived.expired:
            pytest.xfail(f"waived until {waived.waiver.expires}: {visible(waived.waiver.reason)}")
        self._warn(f"{self.judged.severity}: {self._sentence}")

    def _warn(self, text: str) -> None:
        """A warning in pytest's summary. With no line of the file: pytest would show what stands in it as it is."""
        from preflight.text import visible

        told = f"{visible(str(self._place))}: {text}" if self._place else text
        warnings.warn_explicit(PreflightWarning(told), category=None, filename=str(self.path), lineno=0)

    def reportinfo(self) -> tuple[Path | str, int, str]:
        """Where it stands: in the user's file where the evidence says so, else in preflight.toml."""
        from preflight.text import visible

        place = self._place
        return (visible(place.file), place.line - 1, self.name) if place else (self.path, 0, self.name)

    @property
    def _place(self) -> "Place | None":
        return next((one.place for one in self.judged.finding.evidence if one.place), None)

    @property
    def _sentence(self) -> str:
        from preflight.text import visible

        return visible(str(self.judged.finding.message))

    def _account(self) -> str:
        """What was found, what mends it, what was seen, which bounces it prevents."""
        from preflight.text import visible

        judged = self.judged
        lines = [f"{judged.finding.rule} {judged.finding.status}: {self._sentence}"]
        if judged.finding.fix:
            lines.append(f"fix:      {visible(str(judged.finding.fix))}")
        lines += [
            f"seen:     {f'{visible(str(one.place))}: ' if one.place else ''}{visible(one.asked)} → {visible(one.seen)}"
            for one in judged.finding.evidence
        ]
        if judged.prevents:
            lines.append(f"prevents: {', '.join(judged.prevents)}")
        return "\n".join(lines)


def _named(text: str, seen: Counter[str]) -> str:
    """A name for a node: safe to show, and not taken yet."""
    from preflight.text import visible

    name = visible(text)
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"
