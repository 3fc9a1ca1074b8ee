"""How findings put what an evaluation of SPF came to, and what mends it."""

from collections.abc import Mapping

from preflight.net.addresses import IPAddress
from preflight.text import Message
from preflight_checks.senderauth.spf_result import SpfOutcome

REFUSALS: Mapping[str, str] = {
    "fail": "{domain} says that {ip} must not send in its name: fail, by {matched}",
    "null": "{domain} says that it sends no mail at all: its SPF record is {record}",
    "softfail": "{domain} says that {ip} is probably not to send in its name: softfail, by {matched}",
    "neutral": "{domain} says nothing of {ip}: neutral, by {matched}",
    "open": "{domain} says nothing of {ip}: neutral, as no term matches and the record has no all",
    "none": "nothing lets {ip} send for {domain}: none, as {problem}",
    "permerror": "whether {ip} may send for {domain} cannot be evaluated by anybody: permerror, as {problem}",
}
"""Why a sender is not authorised, by the result, with two cases of their own."""

REMEDIES: Mapping[str, str] = {
    "before": "in the SPF record of {at}, put {mechanism} before {matched}; where a service sends for you, the include "
    "that it documents",
    "end": "in the SPF record of {at}, add {mechanism}; where a service sends for you, the include that it documents",
    "publish": "publish this record: `{record}`; where a service sends for you, with the include that it documents",
    "mend": "mend what makes the evaluation fail: {problem}",
    "give up": "if it does send mail after all, publish `{record}`; else send under another envelope domain",
}
"""What mends it, to be read after "In DNS: "."""


def refusal(outcome: SpfOutcome, ip: IPAddress, record: str | None) -> tuple[str, dict[str, object]]:
    """The sentence for a sender that is not authorised, and what fills its places: those of the rule's fix, too.

    `record` is the text of the domain's own record, `None` where it has none.
    """
    mechanism = f"ip{ip.version}:{ip}"
    matched = outcome.matched.rpartition(" → ")[2]
    places: dict[str, object] = {
        "domain": outcome.domain,
        "ip": ip,
        "matched": outcome.matched,
        "record": record or "",
        "problem": outcome.problem or "",
    }
    publish = f'{outcome.domain}. TXT "v=spf1 {mechanism} ~all"'
    remedy = {"at": outcome.at, "mechanism": mechanism, "matched": matched, "record": publish}
    if outcome.result == "permerror":
        how, way = "permerror", "mend"
    elif outcome.result == "none":
        how, way = "none", "publish"
    elif outcome.result == "fail" and record is not None and sends_nothing(record):
        how, way = "null", "give up"
    elif outcome.result == "neutral" and (not matched or matched.lower().startswith("redirect=")):
        how, way = "open", "end"
    else:
        how, way = outcome.result, "before"
    filled: dict[str, str | Message] = {**remedy, "problem": outcome.problem or ""}
    return REFUSALS[how], {**places, "remedy": Message(REMEDIES[way], filled)}


def sends_nothing(record: str) -> bool:
    """Whether a record says that the domain sends no mail: `-all` and nothing else (RFC 7208 10.1.2)."""
    return record.lower().split()[1:] == ["-all"]
