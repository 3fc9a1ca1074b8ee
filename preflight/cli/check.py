"""`preflight check`: the main job."""

from typing import Annotated, Any

import typer

from preflight.cli.common import LangOption
from preflight.cli.options import (
    AuthoritativeOption,
    BaselineOption,
    BulkOption,
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
    OfflineOption,
    OutputOption,
    ProbeOption,
    ProbeOutboundOption,
    ProbeRelayOption,
    ProfileOption,
    RecordOption,
    ReplayOption,
    ReportFormatOption,
    ResolverOption,
    SelectOption,
    ServerOption,
    SpamAssassinOption,
    SubjectConfigOption,
    SubjectOption,
    TimeoutOption,
    ZoneOption,
)


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
    zone: ZoneOption = None,
    offline: OfflineOption = False,
    timeout: TimeoutOption = None,
    deadline: DeadlineOption = None,
    dqs_key_file: DqsKeyFileOption = None,
    no_cache: NoCacheOption = False,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    fail_on: FailOnOption = None,
    profile: ProfileOption = None,
    bulk: BulkOption = None,
    baseline: BaselineOption = None,
    format_: ReportFormatOption = "terminal",
    output: OutputOption = None,
    record: RecordOption = None,
    replay: ReplayOption = None,
    spamassassin: SpamAssassinOption = False,
    lang: LangOption,
) -> int:
    """Check whether receivers will take this server's mail.

    Exit codes: 0 go, 1 no-go, 2 usage or configuration, 3 incomplete (a rule that matters could not be decided).
    """
    from preflight.baseline import load_baseline
    from preflight.cli.asking import Asking
    from preflight.cli.engine import engine_for
    from preflight.cli.formats import outputs_of, renderer_named
    from preflight.cli.output import OutputFile
    from preflight.cli.policy import Choice, chosen_policy
    from preflight.cli.recording import Flight, fly_again, reject_with_replay
    from preflight.cli.running import deliver, weighed
    from preflight.cli.subjects import option_names, subjects_of
    from preflight.config import Config, load_config
    from preflight.registry import load_registry

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
    how |= {"select": select, "ignore": ignore, "fail_on": fail_on, "profile": profile, "bulk": bulk}
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
    choice = Choice.of(select, ignore, fail_on, profile, bulk)
    policy = chosen_policy(file, registry, choice)
    asking = Asking(
        resolver=resolver or (),
        authoritative=authoritative,
        timeout=timeout,
        zones=zone or (),
        offline=offline,
        no_cache=no_cache,
    )
    engine = engine_for(file, registry, asking, subjects, deadline=deadline, dqs_key_file=dqs_key_file)
    flight = Flight(
        subjects=subjects,
        engine=engine,
        policy=policy,
        config=file,
        config_file=config or "",
        choice=choice,
        whole=not subject,
    )
    reports, problems = flight.fly(target)
    reports = weighed(reports, policy, earlier, whole=flight.whole)
    return deliver(reports, renderer, outputs, registry, lang, config=flight.config_file, problems=problems)
