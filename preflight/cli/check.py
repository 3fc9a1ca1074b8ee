"""`preflight check`: the main job."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.common import LangOption
from preflight.cli.options import (
    FailOnOption,
    IgnoreOption,
    OutputOption,
    ProfileOption,
    ReportFormatOption,
    SelectOption,
    SpamAssassinOption,
)
from preflight.errors import ConfigError

if TYPE_CHECKING:
    from preflight.config import Config
    from preflight.net.dns import Source
    from preflight.policy import Policy
    from preflight.registry import Registry
    from preflight.subject import Subject

_SUBJECT = "What to check"
_DNS = "DNS and time"


def check(
    host: Annotated[str | None, typer.Argument(help="The mail server's own name.", metavar="HOST")] = None,
    *,
    ip: Annotated[
        list[str] | None,
        typer.Option(
            "--ip",
            help="Sending address or block (CIDR); may repeat. Default: those of HOST.",
            rich_help_panel=_SUBJECT,
        ),
    ] = None,
    helo: Annotated[
        str | None,
        typer.Option("--helo", help="Name sent in HELO/EHLO. Default: HOST.", rich_help_panel=_SUBJECT),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option("--domain", help="Sender domain. Default: HOST's registrable domain.", rich_help_panel=_SUBJECT),
    ] = None,
    message: Annotated[
        str | None,
        typer.Option("--message", metavar="FILE|-", help="Message to judge; - is stdin.", rich_help_panel=_SUBJECT),
    ] = None,
    mail_from: Annotated[
        list[str] | None,
        typer.Option(
            "--mail-from",
            metavar="ADDRESS",
            help="Envelope sender, a domain, or <>; may repeat. Default: the domain's.",
            rich_help_panel=_SUBJECT,
        ),
    ] = None,
    dkim_selector: Annotated[
        list[str] | None,
        typer.Option(
            "--dkim-selector", metavar="NAME", help="DKIM key to look at; may repeat.", rich_help_panel=_SUBJECT
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option("--server", metavar="HOST[:PORT]", help="SMTP server to connect to.", rich_help_panel=_SUBJECT),
    ] = None,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Connect to HOST and its MX hosts too.", rich_help_panel=_SUBJECT),
    ] = False,
    probe_relay: Annotated[
        bool,
        typer.Option("--probe-relay", help="See whether the server relays for strangers.", rich_help_panel=_SUBJECT),
    ] = False,
    probe_outbound: Annotated[
        str | None,
        typer.Option(
            "--probe-outbound",
            metavar="HOST[:PORT]",
            help="See whether port 25 of HOST can be reached from here.",
            rich_help_panel=_SUBJECT,
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="preflight.toml to read.", rich_help_panel=_SUBJECT),
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="NAME", help="Only this subject of --config.", rich_help_panel=_SUBJECT),
    ] = None,
    resolver: Annotated[
        list[str] | None,
        typer.Option("--resolver", metavar="IP[:PORT]", help="Name server to ask; may repeat.", rich_help_panel=_DNS),
    ] = None,
    authoritative: Annotated[
        bool,
        typer.Option("--authoritative", help="Ask a zone's own servers too for what is missing.", rich_help_panel=_DNS),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="S", help="Seconds for one DNS attempt (2).", rich_help_panel=_DNS),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option("--deadline", metavar="S", help="Seconds for the whole run (30).", rich_help_panel=_DNS),
    ] = None,
    dqs_key_file: Annotated[
        str | None,
        typer.Option("--dqs-key-file", metavar="FILE", help="Spamhaus DQS key.", rich_help_panel=_DNS),
    ] = None,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Prove each blocklist anew; remember nothing.", rich_help_panel=_DNS),
    ] = False,
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
    from preflight.cli.output import OutputFile
    from preflight.cli.running import deliver, renderer_for, renderer_named, run_checks
    from preflight.config import Config, load_config, seconds
    from preflight.memory import DiskMemory, cache_file
    from preflight.net.live import DEFAULT_TIMEOUT, LiveSource
    from preflight.registry import load_registry
    from preflight.runner import DEFAULT_DEADLINE

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
    attempt = seconds(timeout if timeout is not None else file.table.resolver.timeout, DEFAULT_TIMEOUT, "timeout")
    live = LiveSource(resolver or file.table.resolver.servers, attempt)
    source: Source = live
    if authoritative or file.table.resolver.authoritative:
        from preflight.net.authority import AuthoritativeSource

        source = AuthoritativeSource(live, attempt)
    limit = seconds(deadline if deadline is not None else file.table.limits.deadline, DEFAULT_DEADLINE, "deadline")
    settings = file.settings(registry, dqs_key_file)
    if file.table.resolver.cache and not no_cache and live.endpoints:
        memory = DiskMemory(cache_file(), live.endpoints)
        reports = run_checks(subjects, source, registry, policy, replace(settings, memory=memory), limit)
        memory.save()
    else:
        reports = run_checks(subjects, source, registry, policy, settings, limit)

    return deliver(reports, renderer, outputs, registry, lang)


def _subjects(file: "Config", path: str | None, given: "dict[str, Any]", names: list[str] | None) -> "list[Subject]":
    """The subjects of the command line, or those of the file: never a mixture that nobody could read."""
    from preflight.subject import Subject
    from preflight.text import nearest

    options = [name for name, value in given.items() if value or value == ""]
    if options:
        if file.table.subject:
            shown = ", ".join("HOST" if name == "host" else f"--{name.replace('_', '-')}" for name in options)
            raise ConfigError(f"{file.label} has subjects of its own; leave out {shown}, or take them out of the file")
        lists = {"ips": "ip", "mail_from": "mail_from", "dkim_selectors": "dkim_selector"}
        several: dict[str, Any] = {name: given.pop(option) or () for name, option in lists.items()}
        return [Subject.of(**given, **several)]
    subjects = file.subjects()
    known = [subject.name for subject in subjects]
    for name in names or ():
        if name not in known:
            raise ConfigError(f"{file.label} has no subject named {name!r}{nearest(name, known)}")
    chosen = [subject for subject in subjects if not names or subject.name in names]
    if not chosen or any(subject.is_empty for subject in chosen):
        where = f"{file.label}: a [[subject]] with" if path else "give"
        raise ConfigError(f"nothing to check: {where} HOST, --ip, --domain, --message, --server or --config")
    return chosen


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
