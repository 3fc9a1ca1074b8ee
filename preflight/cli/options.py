"""The options that more than one command has."""

from typing import Annotated

import typer

POLICY = "What counts"
OUTPUT = "Output"

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
ReportFormatOption = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Format of standard output.", rich_help_panel=OUTPUT)
]
OutputOption = Annotated[
    list[str] | None,
    typer.Option("--output", metavar="FILE", help="Also write a file; suffix = format.", rich_help_panel=OUTPUT),
]
