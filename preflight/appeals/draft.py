"""A request as a message that a mail program opens as a draft, with the bounce attached as it came."""

import re
from email import policy
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import compat32
from io import BytesIO

from preflight.appeals.request import Request
from preflight.bounces.reading import read_message

LARGEST_BOUNCE = 10 * 1024 * 1024  # octets; larger ones are left out: delisting teams take no mail of that size
_FIELD = re.compile(rb"[!-9;-~]{1,76}[ \t]*:|From ")  # how a message begins, RFC 5322 2.2, or an mbox of one
_NO_WORD = re.compile(r"[^\x20-\x7e]+")


def draft_of(request: Request, sender: str, bounce: bytes = b"") -> bytes:
    """The message (RFC 5322), marked unsent. `bounce` is attached where it is a message, not a log or a pasted text.

    Nobody has to be able to send it from here: it has no Date and no Message-ID, which the mail program adds.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["To"] = _NO_WORD.sub("", request.to)
    message["From"] = _NO_WORD.sub("", sender)
    message["Subject"] = " ".join(request.subject.split())
    message["X-Unsent"] = "1"  # Outlook opens it as a draft
    message.set_content(request.body)
    if _is_message(bounce):
        # In the policy of old, which keeps the octets of a message as they are.
        attached = BytesParser(policy=compat32).parsebytes(bounce)
        part = EmailMessage(policy=compat32)
        part["Content-Type"] = "message/rfc822"
        part["Content-Disposition"] = 'attachment; filename="bounce.eml"'
        part.set_payload([attached])
        message.make_mixed()
        message.attach(part)
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=compat32).flatten(message)
    return written.getvalue()


def _is_message(octets: bytes) -> bool:
    if not 0 < len(octets) <= LARGEST_BOUNCE or not _FIELD.match(octets.lstrip(b"\r\n")):
        return False
    return read_message(octets, "").kind != "not-a-bounce"
