"""Which entry of the catalogue a reply is, and whose reply it is."""

from dataclasses import dataclass
from typing import Literal

from preflight.bounces.catalogue import Bounce, load_catalogue
from preflight.bounces.replies import Reply, shape

Sureness = Literal["code", "generic"]


@dataclass(frozen=True, slots=True)
class Match:
    """The entry that a reply is.

    `provider` is whose reply it is (`microsoft`, `google` …), `None` where nothing tells. `sure` is `code` for a
    provider's own code or wording, and `generic` for wording, an enhanced code (RFC 3463) or a reply code that any
    server may use. `permanent` is the entry's, or the reply's where the entry comes as either; `None`: nothing tells.
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
    that the reader of the bounce found, also outside the text (the Status field of a report); where the text has codes
    of its own, those count. `provider` is whose reply it is, where that is known already; else `provider_of` looks.
    """
    reply = shape(text, reply_code, enhanced_code)
    matcher = load_catalogue().matcher
    provider = provider or matcher.provider_of(remote_host, reply)
    if own := matcher.by_provider(reply, provider):
        return _match(own, own.provider_id, "code", reply)
    if general := matcher.by_wording(reply):
        return _match(general, provider, "generic", reply)
    if own := matcher.by_remaining_signs(reply, provider):
        return _match(own, own.provider_id, "code", reply)
    if general := matcher.by_status(reply) or matcher.by_reply_code(reply):
        return _match(general, provider, "generic", reply)
    return None


def provider_of(remote_host: str | None, text: str) -> str | None:
    """Whose reply it is, by the name of the host that gave it, or an address (URL) or wording in the reply itself.

    The recipient's domain is not looked at: mail to it may have been refused by anyone on the way.
    """
    return load_catalogue().matcher.provider_of(remote_host, shape(text))


def _match(bounce: Bounce, provider: str | None, sure: Sureness, reply: Reply) -> Match:
    permanent = bounce.permanent
    if permanent is None:
        first = str(reply.code or reply.status or "")[:1]
        permanent = {"4": False, "5": True}.get(first)
    return Match(bounce, provider, sure, permanent)
