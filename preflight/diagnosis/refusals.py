"""A recipient of a bounce, with the entry of the catalogue that the reply is."""

from dataclasses import dataclass

from preflight.bounces.catalogue import Bounce, Category
from preflight.bounces.matching import Match, match_reply, provider_of
from preflight.bounces.reading import BounceReport, Recipient, read_reply

TAKEN = ("delivered", "relayed", "expanded")
"""Actions of a report (RFC 3464 2.3.3) by which nothing was refused."""
UNKNOWN: Category = "unknown"
"""The category of a reply that the catalogue does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The reply within a reply: the codes in it and its own entry."""

    reply: Recipient
    match: Match | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What became of one recipient: as it was read, and the entry that is diagnosed.

    That is the nested reply's where it has one: an outer reply such as Exchange's 5.0.350 only passes it on. `match` is
    `None` for a reply that the catalogue does not have, and where nothing was refused.
    """

    recipient: Recipient
    match: Match | None
    provider: str | None
    nested: Nested | None = None

    @property
    def bounce(self) -> Bounce | None:
        """The entry of the catalogue."""
        return self.match.bounce if self.match else None

    @property
    def taken(self) -> bool:
        """Whether the mail to this recipient was not refused at all."""
        return self.recipient.action in TAKEN

    @property
    def category(self) -> Category:
        """The category of the refusal, `unknown` where the catalogue has no entry for it."""
        return self.match.bounce.category if self.match else UNKNOWN

    @property
    def permanent(self) -> bool | None:
        """Whether trying again is pointless: as stated, else as the entry says; `None` where nothing tells."""
        stated = self.recipient.permanent
        return stated if stated is not None or self.match is None else self.match.permanent


def refusals_of(report: BounceReport) -> tuple[Refusal, ...]:
    """The recipients of a report, each with its entry."""
    return tuple(refusal_of(recipient) for recipient in report.recipients)


def refusal_of(recipient: Recipient) -> Refusal:
    """A recipient with its entry."""
    if recipient.action in TAKEN:
        return Refusal(recipient=recipient, match=None, provider=provider_of(recipient.remote_host, recipient.text))
    outer = _match(recipient, recipient.remote_host)
    nested = _nested(recipient.inner) if recipient.inner else None
    match = (nested and nested.match) or outer
    provider = match.provider if match else provider_of(recipient.remote_host, recipient.text)
    return Refusal(recipient=recipient, match=match, provider=provider, nested=nested)


def _nested(text: str) -> Nested:
    reply = read_reply(text)
    return Nested(reply=reply, match=_match(reply, reply.remote_host))


def _match(reply: Recipient, remote_host: str | None) -> Match | None:
    return match_reply(
        reply.text, reply_code=reply.reply_code, enhanced_code=reply.enhanced_code, remote_host=remote_host
    )


def domain_of(address: str | None) -> str:
    """The domain of a mail address, in lower case; empty for none."""
    return address.rpartition("@")[2].lower() if address and "@" in address else ""
