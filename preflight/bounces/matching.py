"""Which entry of the catalogue a reply is, and whose reply it is."""

from functools import lru_cache

from preflight.bounces.catalogue import load_catalogue
from preflight.bounces.matcher import Match, Sureness
from preflight.bounces.replies import shape

__all__ = ["Match", "Sureness", "match_reply", "provider_of"]


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
    that the reader of the bounce found, also outside the text (the Status field of a report); where the text has codes
    of its own, those count. `provider` is whose reply it is, where that is known already; else `provider_of` looks.
    """
    return _match(text, reply_code, enhanced_code, provider, remote_host)


@lru_cache(maxsize=1024)  # a log has the same replies over and over, and each may be some thousand characters
def _match(
    text: str, reply_code: int | None, enhanced_code: str | None, provider: str | None, remote_host: str | None
) -> Match | None:
    reply = shape(text, reply_code, enhanced_code)
    matcher = load_catalogue().matcher
    return matcher.match(reply, provider or matcher.provider_of(remote_host, reply))


def provider_of(remote_host: str | None, text: str) -> str | None:
    """Whose reply it is, by the name of the host that gave it, or an address (URL) or wording in the reply itself.

    The recipient's domain is not looked at: mail to it may have been refused by anyone on the way.
    """
    return load_catalogue().matcher.provider_of(remote_host, shape(text))
