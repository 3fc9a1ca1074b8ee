"""Refusals for the tests of diagnoses and requests."""

from datetime import UTC, datetime, timedelta

from preflight.bounces.reading import BounceReport, Recipient
from preflight.diagnosis.refusals import Refusal, refusal_of

DYNAMIC = "550 DY-001 Mail rejected by Outlook.com for policy reasons. We do not accept email from dynamic IPs."
SPAM = "550 SC-001 Mail rejected by Outlook.com for policy reasons."
RATE = "421 RP-001 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed."
CONTACT = """\
[contact]
name = "Alex Example"
email = "postmaster@example.net"
company = "Example Ltd"
website = "https://www.example.com"
timezone = "(UTC+08:00) Beijing"
self-description = "Business (non-marketing)"
server-type = "Dedicated"
"""
CONFIRMED = [f"--confirm={one}" for one in ("malware-removed", "stopped", "no-open-relay", "authenticated")]
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def recipient(text: str = DYNAMIC, **stated: object) -> Recipient:
    """A recipient who was refused with a reply."""
    code = int(text[:3]) if text[:3].isdigit() else None
    given = {"text": text, "reply_code": code, "action": "failed", **stated}
    return Recipient(**given)  # type: ignore[arg-type]


def refusal(text: str = DYNAMIC, **stated: object) -> Refusal:
    """The same with its entry."""
    return refusal_of(recipient(text, **stated))


def bounce(*recipients: Recipient, kind: str = "bounce", minutes: int = 0) -> BounceReport:
    """A bounce to some recipients."""
    when = NOON + timedelta(minutes=minutes)
    return BounceReport(source="b.eml", kind=kind, recipients=recipients, when=when)  # type: ignore[arg-type]
