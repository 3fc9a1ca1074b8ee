"""Which entry of the catalogue a reply is, and whose reply it is."""

from dataclasses import dataclass
from typing import Literal

from preflight.bounces.catalogue import Bounce, load_catalogue

Sureness = Literal["code", "generic"]


@dataclass(frozen=True, slots=True)
class Match:
    """The entry that a reply is.

    `provider` is whose reply it is (`microsoft`, `google` …), `None` where nothing tells. `sure` is `code` for a
    provider's own code or wording and `generic` for wording or an enhanced code (RFC 3463) that any server may use.
    `permanent` is the entry's, or the reply's where the entry is both.
    """

    bounce: Bounce
    provider: str | None
    sure: Sureness
    permanent: bool | None


def match_reply(
    text: str,
    *,
    reply_code: int | None = None,
    enhanced_code: str | None = None,
    provider: str | None = None,
    remote_host: str | None = None,
) -> Match | None:
    """The entry that a reply is, `None` where nothing in it is known.

    `text` is the reply, with or without its codes, in one line or several. `reply_code` and `enhanced_code` are those
    that the reader of the bounce found, also outside the text (the Status field of a report). `provider` is whose
    reply it is, where that is known already; else `provider_of` looks.
    """
    provider = provider or provider_of(remote_host, text)
    found = load_catalogue().find(text)
    if len(found) != 1:
        return None
    bounce = found[0]
    return Match(bounce, bounce.id.partition("/")[0], "code", bounce.permanent)


def provider_of(remote_host: str | None, text: str) -> str | None:
    """Whose reply it is, by the name of the host that gave it, or an address (URL) or wording in the reply itself.

    The recipient's domain is not looked at: mail to it may have been refused by anyone on the way.
    """
    where = f"{remote_host or ''} {text}".lower()
    return "microsoft" if ".outlook.com" in where else None
