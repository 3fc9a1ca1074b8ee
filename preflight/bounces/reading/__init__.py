"""Reading bounces: reports (RFC 3464), messages in prose, logs of mail servers, pasted replies.

- `read_message(octets, label)`: one message → `BounceReport`
- `read_reply(text)`: a pasted SMTP reply, with or without what stands around it → `Recipient`
- `read_log(lines, label)`: lines of a log → `BounceReport` for each that carries a refusal, as a stream
- `read_any(path_or_stream, label)`: tells a message, mbox, maildir or folder, log and pasted text apart by content, and
  streams the reports of all in it

Any octets are read; none raise.
"""

from preflight.bounces.reading.logs import read_log
from preflight.bounces.reading.message import read_message
from preflight.bounces.reading.model import Action, BounceReport, Kind, Phase, Recipient
from preflight.bounces.reading.pasted import read_pasted, read_reply
from preflight.bounces.reading.sources import read_any

__all__ = [
    "Action",
    "BounceReport",
    "Kind",
    "Phase",
    "Recipient",
    "read_any",
    "read_log",
    "read_message",
    "read_pasted",
    "read_reply",
]
