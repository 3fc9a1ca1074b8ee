"""What is read out of a bounce, whatever it came in: a report, a message in prose, a line of a log, a pasted reply."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["bounce", "delayed", "delivered", "auto-reply", "feedback", "not-a-bounce"]
Phase = Literal["connect", "helo", "mail", "rcpt", "data", "unknown"]
Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What became of the mail to one recipient, as far as it is stated; nothing in it is inferred from a domain.

    `recipient`: the address the mail was for (the one it was refused for, where a forward changed it); None when a
    reply was pasted that names none. `original`: the address that the sender wrote, where it is another one.
    `action`: what a report says was done (RFC 3464 2.3.3), or what the wording or the line of the log amounts to.
    `remote_host`: who refused, a name or an address without brackets; `remote_ip`: its address where stated.
    `reporting_host`: who wrote the report or the log. `sending_ip`: the address that was refused, where it is stated.
    `helo`, `sender`: the name in HELO and the envelope sender, where stated; a sender of "" is the null sender.
    `phase`: the command that was refused. `reply_code` (RFC 5321 4.2) and `enhanced_code` (RFC 3463) are exact as
    stated; the reply wins over the Status field of a report where they differ. `permanent`: whether trying again is
    pointless, None where nothing says so. `inner`: the reply nested in the reply ("host X said: …"), when a server on
    the way refused what an earlier one had taken. `text`: the reply in full, as one line; "" when there is none.
    """

    recipient: str | None = None
    original: str | None = None
    action: Action | None = None
    remote_host: str | None = None
    remote_ip: str | None = None
    reporting_host: str | None = None
    sending_ip: str | None = None
    helo: str | None = None
    sender: str | None = None
    phase: Phase = "unknown"
    reply_code: int | None = None
    enhanced_code: str | None = None
    permanent: bool | None = None
    inner: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """One message, line of a log or pasted reply, and what it says.

    `source` names it (a file, `mbox:3`, `mail.log:120`). `kind` is that of the worst recipient: a bounce if any was
    given up, delayed if any is still being tried. `recipients` is empty unless the kind is a bounce, delayed or
    delivered. `when`: the time stated, with a time zone; one stated without is taken as UTC.
    """

    source: str
    kind: Kind
    recipients: tuple[Recipient, ...] = ()
    when: datetime | None = None
