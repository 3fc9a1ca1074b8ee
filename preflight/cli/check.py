"""`preflight check`: the main job."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.common import LangOption
from preflight.cli.options import (
    AuthoritativeOption,
    DeadlineOption,
    DkimSelectorOption,
    DomainOption,
    DqsKeyFileOption,
    FailOnOption,
    HeloOption,
    IgnoreOption,
    IpOption,
    MailFromOption,
    MessageOption,
    NoCacheOption,
    OutputOption,
    ProbeOption,
    ProbeOutboundOption,
    ProbeRelayOption,
    ProfileOption,
    ReportFormatOption,
    ResolverOption,
    SelectOption,
    ServerOption,
    SpamAssassinOption,
    SubjectConfigOption,
    SubjectOption,
    TimeoutOption,
)
from preflight.errors import ConfigError

if TYPE_CHECKING:
    from preflight.config import Config
    from preflight.policy import Policy
    from preflight.registry import Registry
    from preflight.subject import Subject


def check(
    host: Annotated[str | None, typer.Argument(help="The mail server's own name.", metavar="HOST")] = None,
    *,
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
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    fail_on: FailOnOption = None,
    profile: ProfileOption = None,
    format_: ReportFormatOption = "terminal",
    output: OutputOption = None,
    spamassassin: SpamAssassinOption = False,
    lang: LangOption,
) -> int:
    """Check whether receivers will take this server's mail.

    Exit codes: 0 go, 1 no-go, 2 usage or configuration, 3 incomplete (a rule that matters could not be decided).
    """
    from preflight.cli.engine import engine_for
    from preflight.cli.output import OutputFile
    from preflight.cli.running import deliver, renderer_for, renderer_named
    from preflight.config import Config, load_config
    from preflight.registry import load_registry

    renderer = renderer_named(format_)
    outputs = [(OutputFile(path), renderer_for(path)) for path in output or ()]
    file = load_config(config) if config is not None else Config()
    if spamassassin:
        file = file.with_options("message", spamassassin=True)
    given: dict[str, Any] = {"host": host, "ip": ip, "helo": helo, "domain": domain, "message": message}
    given |= {"server": server, "probe": probe, "probe_relay": probe_relay, "probe_outbound": probe_outbound}
    given |= {"mail_from": mail_from, "dkim_selector": dkim_selector}
    subjects = _subjects(file, config, given, subject)
    registry = load_registry()
    policy = chosen_policy(file, registry, select, ignore, fail_on, profile)
    engine = engine_for(
        file,
        registry,
        resolver=resolver,
        authoritative=authoritative,
        timeout=timeout,
        deadline=deadline,
        dqs_key_file=dqs_key_file,
        cache=not no_cache,
    )
    reports = engine.run(subjects, policy)
    return deliver(reports, renderer, outputs, registry, lang)


def _subjects(file: "Config", path: str | None, given: Mapping[str, Any], names: list[str] | None) -> "list[Subject]":
    """The subjects of the command line, or those of the file: never a mixture that nobody could read."""
    if (subject := subject_of_options(file, given)) is not None:
        return [subject]
    chosen = subjects_of(file, names)
    if not chosen or any(subject.is_empty for subject in chosen):
        where = f"{file.label}: a [[subject]] with" if path else "give"
        raise ConfigError(f"nothing to check: {where} HOST, --ip, --domain, --message, --server or --config")
    return chosen


def subject_of_options(file: "Config", given: Mapping[str, Any]) -> "Subject | None":
    """The subject that options give, by their names; `None` where none is given.

    Raises `ConfigError` where the file has subjects of its own, `SubjectError` when an option cannot be read.
    """
    from preflight.subject import Subject

    options = [name for name, value in given.items() if value or value == ""]
    if not options:
        return None
    if file.table.subject:
        shown = ", ".join("HOST" if name == "host" else f"--{name.replace('_', '-')}" for name in options)
        raise ConfigError(f"{file.label} has subjects of its own; leave out {shown}, or take them out of the file")
    lists = {"ip": "ips", "mail_from": "mail_from", "dkim_selector": "dkim_selectors"}
    several: dict[str, Any] = {lists[name]: value or () for name, value in given.items() if name in lists}
    return Subject.of(**several, **{name: value for name, value in given.items() if name not in lists})


def subjects_of(file: "Config", names: list[str] | None) -> "list[Subject]":
    """The subjects of a file, or those of them that are named. Raises `ConfigError` for a name that is not there."""
    from preflight.text import nearest

    subjects = file.subjects()
    known = [subject.name for subject in subjects]
    for name in names or ():
        if name not in known:
            raise ConfigError(f"{file.label} has no subject named {name!r}{nearest(name, known)}")
    return [subject for subject in subjects if not names or subject.name in names]


def chosen_policy(
    file: "Config",
    registry: "Registry",
    select: list[str] | None,
    ignore: list[str] | None,
    fail_on: str | None,
    profile: str | None = None,
) -> "Policy":
    """What counts, from the file and the options above it. Raises `ConfigError` for what is not known."""
    from preflight.policy import FailOn
    from preflight.profiles import load_profile
    from preflight.text import nearest

    kinds = [kind.value for kind in FailOn]
    if fail_on is not None and fail_on not in kinds:
        raise ConfigError(
            f"--fail-on {fail_on!r} is not known; give one of {', '.join(kinds)}{nearest(fail_on, kinds)}"
        )
    policy = file.policy().merged(
        select=_ids(select),
        ignore=_ids(ignore),
        fail_on=FailOn(fail_on) if fail_on else None,
        profile=load_profile(profile) if profile is not None else None,
    )
    return policy.checked({*registry.checks, *registry.rules})


def _ids(given: list[str] | None) -> list[str]:
    """Ids from options that may repeat and may hold several, separated by commas."""
    return [one.strip() for text in given or () for one in text.split(",") if one.strip()]
