"""What a message owes its readers when it says that it went to many."""

import re

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.headers import Field, Header
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailrules.common import at_field, message_rule, shorten

_URI = re.compile(r"<\s*([A-Za-z][A-Za-z0-9+.-]*:[^<>]*)>")
_MARKS = ("List-Id", "List-Unsubscribe", "Feedback-ID", "X-Campaign-ID", "X-CampaignID", "X-Mailchimp-Campaign")
_COVERED = ("list-unsubscribe", "list-unsubscribe-post")

UNSUBSCRIBE = message_rule(
    "list-unsubscribe",
    Severity.WARNING,
    title="A message to many says how to leave",
    why="Google and Yahoo demand List-Unsubscribe of everybody who sends them 5,000 messages a day, Outlook.com a way "
    "out of all bulk mail. Who cannot leave reports spam.",
    fix="Add List-Unsubscribe: <https://example.com/leave?u=…>, <mailto:leave@example.com?subject=…>.",
    reference="RFC 2369 3.2; Google and Yahoo, requirements for bulk senders",
    feeds_filters=True,
)
ONE_CLICK = message_rule(
    "list-unsubscribe-one-click",
    Severity.WARNING,
    title="A message to many can be left with one click",
    why="Google requires one-click unsubscribe of marketing mail from 5,000 messages a day on; without it such mail "
    "goes to the spam folder.",
    fix="Add List-Unsubscribe-Post: List-Unsubscribe=One-Click and an https address in List-Unsubscribe, and let DKIM "
    "sign both fields.",
    reference="RFC 8058 3.1, 4; Google, Email sender guidelines",
)
MAILTO = message_rule(
    "list-unsubscribe-mailto",
    Severity.INFO,
    title="A message to many can be left by mail too",
    why="Outlook's button for leaving a list sends mail; it is shown only where List-Unsubscribe has a mailto address.",
    fix="Put a mailto address beside the https address in List-Unsubscribe.",
    reference="RFC 2369 3.2; Outlook.com, unsubscribe",
)
RULES = (UNSUBSCRIBE, ONE_CLICK, MAILTO)


@judges(*RULES)
async def unsubscribing(_: Context, letter: Letter) -> Findings:
    """The ways out, where the message says that it went to many."""
    part, header = "List-Unsubscribe", letter.mail.header
    mark = _mark(header)
    if mark is None:
        for rule in RULES:
            yield rule.passes(part, "the message does not say that it went to many")
        return
    sign = Evidence("message", mark.name, shorten(mark.text))
    field = header.first(part)
    uris = [uri.strip().lower() for uri in _URI.findall(field.raw)] if field else []
    place = [at_field(letter, field)] if field else [sign, at_field(letter, mark)]
    if field is None:
        yield UNSUBSCRIBE.fails(
            part, "the message went to many ({mark}) and has no List-Unsubscribe", place, mark=mark.name
        )
        return
    if not any(uri.startswith(("https:", "http:", "mailto:")) for uri in uris):
        yield UNSUBSCRIBE.fails(part, "List-Unsubscribe has no address in angle brackets: {text}", place,
                                text=shorten(field.raw))  # fmt: skip
        return
    yield UNSUBSCRIBE.passes(part, "List-Unsubscribe has an address", place)
    post = header.raw("List-Unsubscribe-Post").replace(" ", "").lower()
    if post != "list-unsubscribe=one-click":
        yield ONE_CLICK.fails(part, "List-Unsubscribe-Post: List-Unsubscribe=One-Click is missing", place)
    elif not any(uri.startswith("https:") for uri in uris):
        yield ONE_CLICK.fails(part, "List-Unsubscribe has no https address to leave with one click", place)
    elif (signature := header.first("DKIM-Signature")) and not _signs_both(header):
        yield ONE_CLICK.fails(part, "no DKIM signature covers both fields of one-click unsubscribe",
                              at_field(letter, signature))  # fmt: skip
    else:
        yield ONE_CLICK.passes(part, "the message can be left with one click", place)
    if any(uri.startswith("mailto:") for uri in uris):
        yield MAILTO.passes(part, "List-Unsubscribe has a mailto address")
    else:
        yield MAILTO.fails(part, "List-Unsubscribe has no mailto address", place)


def _mark(header: Header) -> Field | None:
    """The field by which a message says that it went to many; `None` when it does not."""
    precedence = header.first("Precedence")
    if precedence and precedence.raw.lower() in {"bulk", "list", "junk"}:
        return precedence
    return next((field for name in _MARKS if (field := header.first(name))), None)


def _signs_both(header: Header) -> bool:
    """Whether a DKIM signature names both fields in h= (RFC 8058 4)."""
    for field in header.fields:
        if field.name.lower() == "dkim-signature":
            found = re.search(r"(?:^|;)\s*h\s*=([^;]*)", field.raw, re.IGNORECASE)
            names = re.sub(r"\s", "", found[1]).lower().split(":") if found else []
            if all(name in names for name in _COVERED):
                return True
    return False
