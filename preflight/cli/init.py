"""`preflight init`: a commented starter file."""

from pathlib import Path
from typing import Annotated

import typer

from preflight.cli.common import complain, show
from preflight.errors import ConfigError
from preflight.text import visible

STARTER = """\
# What preflight checks, and what it makes of the findings. Run it with: preflight check --config preflight.toml
# Every key may be left out. A key that preflight does not know is an error.

# One table for each server (or sender domain, or message template) to clear.
[[subject]]
name = "main"                    # how reports call it
host = "mail.example.com"        # the mail server's own name
# ip = ["203.0.113.25"]          # the addresses (or blocks: 203.0.113.0/28) that mail leaves from; default: the host's
# helo = "mail.example.com"      # the name sent in HELO/EHLO; default: the host
# domain = "example.com"         # the sender domain; default: the registrable domain of the host
# mail-from = ["bounce@example.com", "<>"]   # envelope senders; default: the domain's
# dkim-selector = ["s1"]         # DKIM keys to look at
# message = "test.eml"           # a test message, from this file's folder
# server = "mail.example.com:25" # an SMTP server to connect to
# probe = true                   # connect to the host and its MX hosts
# probe-relay = true             # see whether the server relays for strangers; its own defences may take offence
# probe-outbound = "mx.example.net"   # see whether port 25 of this host can be reached from here

[policy]
fail-on = "error"                # error, warning or never: the least severity that makes a no-go
# profile = "outlook"            # judge by the demands of this receiver; `preflight profiles` lists them
# bulk = false                   # fewer than 5,000 messages a day go there, of which less is asked
# select = ["ptr", "helo"]       # only these checks or rules
# ignore = ["helo/not-mx"]       # not these

[policy.severity]                # error, warning or info, by rule or by check
# "ptr/multiple" = "info"

# A known failure that is let pass until a date (inclusive). It is still shown.
# [[waiver]]
# rule = "ptr/missing"
# part = "203.0.113.25"          # default: every part
# reason = "the provider sets it on Monday, ticket 4711"
# owner = "mail team"
# expires = 2030-01-31

[resolver]
# servers = ["192.0.2.53", "[2001:db8::53]:5353"]   # default: those of /etc/resolv.conf
# timeout = 2.0                  # seconds for one attempt at one server
# cache = true                   # remember for a day which blocklists have been proven to work
# authoritative = true           # ask a zone's own servers too before a record counts as missing

[zones]
# files = ["zones"]              # zone files, or folders of them, that stand above what DNS says
# offline = true                 # ask nobody: what the files do not hold is inconclusive

[limits]
# deadline = 30.0                # seconds for the whole run

# A key for Spamhaus' Data Query Service, for servers that the public mirrors refuse. Never the key itself.
[secrets]
# dqs-key-file = "dqs.key"       # a file that holds it, from this file's folder
# dqs-key-env = "DQS_KEY"        # or an environment variable

# Who asks receivers to take the server off their lists: preflight appeal. The last three are questions of Outlook.com.
# [contact]
# name = "Alex Example"
# email = "postmaster@example.com"          # where the answer goes; best at another provider than the blocked server
# company = "Example Ltd"
# website = "https://www.example.com"
# timezone = "(UTC+08:00) Beijing"          # as the form's list has it
# self-description = "Business (non-marketing)"   # or ISP, ESP, Customer of another ISP, University IT, Other
# server-type = "Dedicated"                 # or Shared, Unknown

# Options of single checks. `preflight rules` lists the checks.
# [checks.dnsbl]
# zones = ["b.barracudacentral.org"]
"""


def init(
    path: Annotated[str, typer.Argument(help="The file to write.", metavar="FILE")] = "preflight.toml",
) -> None:
    """Write a commented preflight.toml to start from; a file that exists is left alone."""
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError:
        raise ConfigError(f"{visible(path)} exists already; give another name, or remove it first") from None
    except OSError as error:
        raise ConfigError(
            f"{visible(path)}: {error.strerror}; give a file in a folder that can be written to"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{visible(path)}: {error}") from None
    show(f"{path}\n")
    complain(f"edit it, then run: preflight check --config {path}")
