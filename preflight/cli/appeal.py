"""`preflight appeal`: the request to be taken off a list, written from a bounce and from what the checks see."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from preflight.cli.bounces import (
    NOT_RECOGNISED,
    STANDARD_INPUT,
    HostOption,
    TextOption,
    given_subject,
    read_bounces,
)
from preflight.cli.common import LangOption, complain, show
from preflight.cli.options import (
    OUTPUT,
    AuthoritativeOption,
    DeadlineOption,
    DkimSelectorOption,
    DomainOption,
    DqsKeyFileOption,
    HeloOption,
    IpOption,
    MailFromOption,
    MessageOption,
    NoCacheOption,
    ProbeOption,
    ProbeRelayOption,
    ResolverOption,
    ServerOption,
    SubjectConfigOption,
    SubjectOption,
    TimeoutOption,
)
from preflight.errors import ConfigError
from preflight.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.appeals.contact import Contact
    from preflight.appeals.request import Request
    from preflight.bounces.reading import BounceReport
    from preflight.diagnosis.refusals import Refusal

_DRAFT = ".eml"
_NOT_WRITTEN = 1
_MOST_BOUNCES = 1000  # that are looked through for one that can be appealed


def appeal(
    bounce: Annotated[
        str | None,
        typer.Argument(
            help="The bounce: a message, or a log; - is standard input.", metavar="BOUNCE", show_default=False
        ),
    ] = None,
    *,
    text: TextOption = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option("--confirm", metavar="ID", help="Say that this holds, which no check can see; may repeat."),
    ] = None,
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
    config: SubjectConfigOption = None,
    subject: SubjectOption = None,
    resolver: ResolverOption = None,
    authoritative: AuthoritativeOption = False,
    timeout: TimeoutOption = None,
    deadline: DeadlineOption = None,
    dqs_key_file: DqsKeyFileOption = None,
    no_cache: NoCacheOption = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", metavar="FILE", help="Also write the request; .eml makes a draft.", rich_help_panel=OUTPUT
        ),
    ] = None,
    lang: LangOption,
) -> int:
    """Write the request to be taken off a receiver's list. Nothing is sent.

    It is written once every demand of the receiver is met, as the checks see it now; contact data come from [contact]
    of the configuration file.

    Exit codes: 0 written, 1 not written (something to fix or to confirm first, or nobody to ask), 2 usage or
    configuration, 4 no bounce recognised.
    """
    from preflight.appeals.request import Appellant, check_confirmations, check_contact, chosen_refusals
    from preflight.cli.asking import Asking
    from preflight.cli.engine import engine_for
    from preflight.cli.formats import render_options
    from preflight.cli.output import OutputFile
    from preflight.cli.policy import Choice, chosen_policy
    from preflight.config import Config, load_config
    from preflight.diagnosis.diagnosing import Examiner
    from preflight.registry import load_registry
    from preflight.render.appeal import appeal_text, request_text

    bounces = read_bounces([bounce] if bounce is not None else None, text)
    target = OutputFile(output) if output is not None else None
    file = load_config(config) if config is not None else Config()
    given: dict[str, Any] = {
        "host": host,
        "ip": ip,
        "helo": helo,
        "domain": domain,
        "message": message,
        "server": server,
    }
    given |= {"mail_from": mail_from, "dkim_selector": dkim_selector, "probe": probe, "probe_relay": probe_relay}
    inputs = given_subject(file, given, subject)
    chosen = chosen_refusals(_refusals(bounces))
    if chosen is None:
        complain(
            "no refusal was recognised; give the message that came back, a line of the log, or --text with the reply"
        )
        return NOT_RECOGNISED
    route, refusals = chosen
    draft = output is not None and output.lower().endswith(_DRAFT)
    if draft and route.way in ("form", "portal"):
        raise ConfigError(
            f"--output {visible(str(output))}: this request goes into a form, not by mail; give a .txt file"
        )
    confirmed = check_confirmations(confirm or ())
    contact = file.table.contact
    check_contact(contact, route, file.label)
    registry = load_registry()
    policy = chosen_policy(file, registry, Choice())
    asking = Asking(resolver=resolver or (), authoritative=authoritative, timeout=timeout, no_cache=no_cache)
    engine = engine_for(file, registry, asking, [inputs], deadline=deadline, dqs_key_file=dqs_key_file)
    examiner = Examiner(registry, policy, lambda subject, policy: engine.run([subject], policy)[0])
    made = Appellant(registry, policy, inputs, examiner, registry.language).appeal(route, refusals, contact, confirmed)
    show(appeal_text(made, render_options(registry, lang, for_people=True)))
    if made.request is None:
        return _NOT_WRITTEN
    if target is not None:
        target.write(_draft(made.request, contact, bounce) if draft else request_text(made.request))
    return 0


def _refusals(bounces: "Iterator[BounceReport]") -> "list[Refusal]":
    """The refusals in the first bounces."""
    from itertools import islice

    from preflight.diagnosis.refusals import refusals_of

    return [refusal for bounce in islice(bounces, _MOST_BOUNCES) for refusal in refusals_of(bounce)]


def _draft(request: "Request", contact: "Contact", bounce: str | None) -> bytes:
    """A message to be opened and sent by a mail program, with the bounce attached where it is a file of its own."""
    from preflight.appeals.draft import LARGEST_BOUNCE, draft_of

    attached = b""
    if (
        bounce not in (None, STANDARD_INPUT)
        and Path(bounce).is_file()
        and Path(bounce).stat().st_size <= LARGEST_BOUNCE
    ):
        attached = Path(bounce).read_bytes()
    return draft_of(request, contact.email, attached)
