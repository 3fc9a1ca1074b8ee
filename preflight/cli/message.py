"""`preflight message`: messages and templates alone, for CI."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.common import LangOption
from preflight.cli.options import (
    BaselineOption,
    BulkOption,
    ConfigOption,
    FailOnOption,
    IgnoreOption,
    OutputOption,
    ProfileOption,
    ReportFormatOption,
    SelectOption,
    SpamAssassinOption,
)
from preflight.errors import ConfigError
from preflight.text import visible

if TYPE_CHECKING:
    from preflight.config import Config
    from preflight.registry import Registry
    from preflight.subject import Subject

_SUFFIX = ".eml"


def message(
    files: Annotated[
        list[str],
        typer.Argument(help="Messages; a folder stands for its .eml files, - for stdin.", metavar="FILE"),
    ],
    *,
    template: Annotated[
        bool, typer.Option("--template", help="They are templates: Date, Message-ID and To are added on sending.")
    ] = False,
    spamassassin: SpamAssassinOption = False,
    config: ConfigOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    fail_on: FailOnOption = None,
    profile: ProfileOption = None,
    bulk: BulkOption = None,
    baseline: BaselineOption = None,
    format_: ReportFormatOption = "terminal",
    output: OutputOption = None,
    lang: LangOption,
) -> int:
    """Check what receivers can hold against messages. No question is asked of any server.

    Exit codes: 0 all are go, 1 one is a no-go, 2 usage or configuration, 3 incomplete.
    """
    from preflight.baseline import load_baseline
    from preflight.cli.engine import limit_of
    from preflight.cli.formats import outputs_of, renderer_named
    from preflight.cli.policy import Choice, chosen_policy
    from preflight.cli.running import Offline, deliver, run_checks, weighed
    from preflight.config import Config, load_config
    from preflight.registry import load_registry

    renderer = renderer_named(format_)
    outputs = outputs_of(output)
    earlier = load_baseline(baseline) if baseline is not None else None
    file = load_config(config) if config is not None else Config()
    if template:
        file = file.with_options("message", template=True)
    if spamassassin:
        file = file.with_options("message", spamassassin=True)
    registry = load_registry()
    choice = Choice.of(select or _rules(file, registry), ignore, fail_on, profile, bulk)
    policy = chosen_policy(file, registry, choice)
    settings = file.settings(registry)
    subjects = _subjects(files)
    reports = run_checks(subjects, Offline(), registry, policy, settings, limit_of(file, None))
    reports = weighed(reports, policy, earlier, whole=False)  # the files are seldom all that a configuration is about
    return deliver(reports, renderer, outputs, registry, lang, config=config or "")


def _rules(file: "Config", registry: "Registry") -> list[str]:
    """The rules to judge where the user chose none: those that need a message, and nobody to ask."""
    if file.table.policy.select:
        return []  # the file's own choice stands
    offline = (check for check in registry.checks.values() if check.offline)
    return [rule.id for check in offline for rule in check.rules if rule.needs == ("message",)]


def _subjects(files: list[str]) -> "list[Subject]":
    """A subject for each message. Raises `ConfigError` for a folder without any, `SubjectError` for what no file is."""
    from preflight.subject import Subject

    paths: list[str] = []
    for given in files:
        folder = Path(given)
        if given != "-" and folder.is_dir():
            found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == _SUFFIX and path.is_file())
            if not found:
                raise ConfigError(f"{visible(given)} has no {_SUFFIX} file in it; give messages one by one")
            paths += map(str, found)
        else:
            paths.append(given)
    if paths.count("-") > 1:
        raise ConfigError("standard input can be read once; give - once")
    return [Subject.of(message=path) for path in dict.fromkeys(paths)]
