"""The options that more than one command has."""

from typing import Annotated

import typer

SUBJECT = "What to check"
DNS = "DNS and time"
POLICY = "What counts"
OUTPUT = "Output"

IpOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ip", help="Sending address or block (CIDR); may repeat. Default: those of HOST.", rich_help_panel=SUBJECT
    ),
]
HeloOption = Annotated[
    str | None, typer.Option("--helo", help="Name sent in HELO/EHLO. Default: HOST.", rich_help_panel=SUBJECT)
]
DomainOption = Annotated[
    str | None,
    typer.Option("--domain", help="Sender domain. Default: HOST's registrable domain.", rich_help_panel=SUBJECT),
]
MessageOption = Annotated[
    str | None,
    typer.Option("--message", metavar="FILE|-", help="Message to judge; - is stdin.", rich_help_panel=SUBJECT),
]
MailFromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mail-from",
        metavar="ADDRESS",
        help="Envelope sender, a domain, or <>; may repeat. Default: the domain's.",
        rich_help_panel=SUBJECT,
    ),
]
DkimSelectorOption = Annotated[
    list[str] | None,
    typer.Option("--dkim-selector", metavar="NAME", help="DKIM key to look at; may repeat.", rich_help_panel=SUBJECT),
]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="HOST[:PORT]", help="SMTP server to connect to.", rich_help_panel=SUBJECT),
]
ProbeOption = Annotated[
    bool, typer.Option("--probe", help="Connect to HOST and its MX hosts too.", rich_help_panel=SUBJECT)
]
ProbeRelayOption = Annotated[
    bool,
    typer.Option("--probe-relay", help="See whether the server relays for strangers.", rich_help_panel=SUBJECT),
]
ProbeOutboundOption = Annotated[
    str | None,
    typer.Option(
        "--probe-outbound",
        metavar="HOST[:PORT]",
        help="See whether port 25 of HOST can be reached from here.",
        rich_help_panel=SUBJECT,
    ),
]
SubjectConfigOption = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="preflight.toml to read.", rich_help_panel=SUBJECT),
]
SubjectOption = Annotated[
    list[str] | None,
    typer.Option("--subject", metavar="NAME", help="Only this subject of --config.", rich_help_panel=SUBJECT),
]

ResolverOption = Annotated[
    list[str] | None,
    typer.Option("--resolver", metavar="IP[:PORT]", help="Name server to ask; may repeat.", rich_help_panel=DNS),
]
AuthoritativeOption = Annotated[
    bool,
    typer.Option("--authoritative", help="Ask a zone's own servers too for what is missing.", rich_help_panel=DNS),
]
ZoneOption = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="[NAME=]FILE",
        help="Zone file, or folder of them, to go by instead of live DNS; may repeat.",
        rich_help_panel=DNS,
    ),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Ask nobody; the zone files are all there is.", rich_help_panel=DNS)
]
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="S", help="Seconds for one DNS attempt (2).", rich_help_panel=DNS),
]
DeadlineOption = Annotated[
    float | None,
    typer.Option("--deadline", metavar="S", help="Seconds for the whole run (30).", rich_help_panel=DNS),
]
DqsKeyFileOption = Annotated[
    str | None, typer.Option("--dqs-key-file", metavar="FILE", help="Spamhaus DQS key.", rich_help_panel=DNS)
]
NoCacheOption = Annotated[
    bool,
    typer.Option("--no-cache", help="Prove each blocklist anew; remember nothing.", rich_help_panel=DNS),
]

ConfigOption = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="preflight.toml to read.", rich_help_panel=POLICY)
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="ID", help="Only this check or rule; may repeat.", rich_help_panel=POLICY),
]
SpamAssassinOption = Annotated[
    bool, typer.Option("--spamassassin", help="Ask this machine's SpamAssassin about the message, too.")
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="ID", help="Not this check or rule; may repeat.", rich_help_panel=POLICY),
]
FailOnOption = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="error|warning|never", help="What is a no-go.", rich_help_panel=POLICY),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Judge by a receiver's own demands.", rich_help_panel=POLICY),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline", metavar="FILE", help="JSON report; what is new or worse since counts.", rich_help_panel=POLICY
    ),
]
BulkOption = Annotated[
    bool | None,
    typer.Option(
        "--bulk/--no-bulk",
        help="With --profile: 5,000 messages a day and more, or fewer. Default: bulk.",
        show_default=False,
        rich_help_panel=POLICY,
    ),
]
ReportFormatOption = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Format of standard output.", rich_help_panel=OUTPUT)
]
OutputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--output", metavar="[FORMAT=]FILE", help="Also write a file; suffix = format.", rich_help_panel=OUTPUT
    ),
]
RecordOption = Annotated[
    str | None,
    typer.Option("--record", metavar="FILE", help="Also keep all that is asked and answered.", rich_help_panel=OUTPUT),
]
ReplayOption = Annotated[
    str | None,
    typer.Option(
        "--replay", metavar="FILE", help="Tell a recorded run again; nobody is asked.", rich_help_panel=OUTPUT
    ),
]
