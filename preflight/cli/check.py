"""`preflight check`: the main job."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from preflight.cli.common import LangOption
from preflight.cli.options import (
    OUTPUT,
    BaselineOption,
    FailOnOption,
    IgnoreOption,
    OutputOption,
    ProfileOption,
    ReportFormatOption,
    SelectOption,
    SpamAssassinOption,
)

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
    zone: Annotated[
        list[str] | None,
        typer.Option(
            "--zone",
            metavar="[NAME=]FILE",
            help="Zone file, or folder of them, to go by instead of live DNS; may repeat.",
            rich_help_panel=_DNS,
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody; the zone files are all there is.", rich_help_panel=_DNS)
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
    baseline: BaselineOption = None,
    format_: ReportFormatOption = "terminal",
    output: OutputOption = None,
    record: Annotated[
        str | None,
        typer.Option(
            "--record", metavar="FILE", help="Also keep all that is asked and answered.", rich_help_panel=OUTPUT
        ),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            "--replay", metavar="FILE", help="Tell a recorded run again; nobody is asked.", rich_help_panel=OUTPUT
        ),
    ] = None,
    spamassassin: SpamAssassinOption = False,
    lang: LangOption,
) -> int:
    """Check whether receivers will take this server's mail.

    Exit codes: 0 go, 1 no-go, 2 usage or configuration, 3 incomplete (a rule that matters could not be decided).
    """
    from preflight.baseline import load_baseline
    from preflight.cli.asking import Asking, answers_for
    from preflight.cli.formats import outputs_of, renderer_named
    from preflight.cli.output import OutputFile
    from preflight.cli.policy import Choice, chosen_policy
    from preflight.cli.recording import Flight, fly_again, reject_with_replay
    from preflight.cli.running import deliver, weighed
    from preflight.cli.subjects import option_names, subjects_of
    from preflight.config import Config, load_config, seconds
    from preflight.registry import load_registry
    from preflight.runner import DEFAULT_DEADLINE

    renderer = renderer_named(format_)
    outputs = outputs_of(output)
    earlier = load_baseline(baseline) if baseline is not None else None
    target = OutputFile(record, "--record", private=True) if record is not None else None
    what: dict[str, Any] = {"host": host, "ip": ip, "helo": helo, "domain": domain, "message": message}
    what |= {"server": server, "probe": probe, "probe_relay": probe_relay, "probe_outbound": probe_outbound}
    what |= {"mail_from": mail_from, "dkim_selector": dkim_selector}
    how: dict[str, Any] = {"config": config, "subject": subject, "resolver": resolver, "authoritative": authoritative}
    how |= {"zone": zone, "offline": offline, "timeout": timeout, "deadline": deadline, "no_cache": no_cache}
    how |= {"dqs_key_file": dqs_key_file, "spamassassin": spamassassin, "record": record}
    how |= {"select": select, "ignore": ignore, "fail_on": fail_on, "profile": profile}
    registry = load_registry()
    if replay is not None:
        reject_with_replay(option_names(what | how))
        again = fly_again(replay, registry)
        reports = weighed(again.reports, again.policy, earlier, whole=again.whole)
        return deliver(reports, renderer, outputs, registry, lang, config=again.config_file)
    file = load_config(config) if config is not None else Config()
    if spamassassin:
        file = file.with_options("message", spamassassin=True)
    subjects = subjects_of(file, config, what, subject)
    choice = Choice.of(select, ignore, fail_on, profile)
    policy = chosen_policy(file, registry, choice)
    limit = seconds(deadline if deadline is not None else file.table.limits.deadline, DEFAULT_DEADLINE, "deadline")
    asking = Asking(
        resolver=resolver or (),
        authoritative=authoritative,
        timeout=timeout,
        zones=zone or (),
        offline=offline,
        no_cache=no_cache,
    )
    settings = file.settings(registry, dqs_key_file)
    answers = answers_for(asking, file, subjects)
    if answers.memory is not None:
        settings = replace(settings, memory=answers.memory)
    flight = Flight(
        subjects=subjects,
        source=answers.source,
        registry=registry,
        policy=policy,
        settings=settings,
        deadline=limit,
        config=file,
        config_file=config or "",
        choice=choice,
        whole=not subject,
    )
    reports, problems = flight.fly(target)
    if answers.memory is not None:
        answers.memory.save()
    reports = weighed(reports, policy, earlier, whole=flight.whole)
    return deliver(reports, renderer, outputs, registry, lang, config=flight.config_file, problems=problems)
