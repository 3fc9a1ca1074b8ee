"""The domain of From, which DMARC judges (RFC 9989 5.3.1; RFC 7489 6.6.1)."""

from dataclasses import dataclass

from preflight.findings import Evidence
from preflight.text import Message
from preflight_checks.mailfile.addresses import mailboxes
from preflight_checks.senderauth.dkim_message import Carried
from preflight_checks.senderauth.dkim_tags import read_domain


@dataclass(frozen=True, slots=True, eq=False)
class Author:
    """The domain of From in A-labels, lower case; `None` where there is not exactly one, and then the `problem`.

    `unseen`: the header is larger than is looked at, so that From may stand in what was not.
    """

    domain: str | None
    evidence: tuple[Evidence, ...] = ()
    problem: Message | None = None
    unseen: bool = False


def author_of(carried: Carried) -> Author:
    """Whose domain a message is judged by. Takes any message."""
    fields = carried.named("From")
    seen = tuple(carried.evidence(one) for one in fields[:3])
    if not fields:
        return Author(None, seen, Message("the message has no From", {}), unseen=not carried.header.complete)
    if len(fields) > 1:
        return Author(None, seen, Message("the message has {count} From fields", {"count": str(len(fields))}))
    found, _groups = mailboxes(fields[0].raw)
    if not found or not all(one.is_valid for one in found):
        return Author(None, seen, Message("From has no address that can be read", {}))
    domains = {read_domain(one.domain) for one in found}
    if None in domains:
        return Author(None, seen, Message("the address in From has no domain that DNS could have", {}))
    if len(domains) > 1:
        return Author(None, seen, Message("From names authors of {count} domains", {"count": str(len(domains))}))
    return Author(domains.pop(), seen)


def return_path(carried: Carried) -> str | None:
    """The envelope sender that the last server wrote down (RFC 5321 4.4), `""` for the null sender; `None` without."""
    fields = carried.named("Return-Path")
    if not fields:
        return None
    if fields[0].raw.replace(" ", "") == "<>":
        return ""
    found, _groups = mailboxes(fields[0].raw)
    if len(found) != 1 or not found[0].is_valid:
        return None
    local, _, domain = found[0].address.rpartition("@")
    name = read_domain(domain)
    return f"{local}@{name}" if name else None
