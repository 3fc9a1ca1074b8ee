"""What vouches for the domain in From: signatures of DKIM, and SPF for each envelope sender and sending address."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from preflight.findings import Evidence
from preflight.net.dns import Resolver, Unanswered
from preflight.subject import Subject
from preflight.text import Message
from preflight_checks.senderauth.alignment import Identifier, is_aligned_somewhere
from preflight_checks.senderauth.dkim_evaluation import State, Verified
from preflight_checks.senderauth.spf_evaluation import evaluate_in
from preflight_checks.senderauth.spf_records import is_askable
from preflight_checks.senderauth.spf_result import SpfOutcome
from preflight_checks.senderauth.spf_senders import Sender, senders
from preflight_checks.senderauth.spf_tree import Tree, walk


@dataclass(frozen=True, slots=True)
class ByDkim:
    """What the signatures come to.

    `aligned`: the domain of a valid one that aligns. `doubt`: why one that aligns might be valid and is not known to
    be; an unanswered question, or a text. `others`: the domains of valid ones. `unseen`:
    there was no message to look at.
    """

    aligned: str | None = None
    doubt: Unanswered | Message | None = None
    others: tuple[str, ...] = ()
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class BySpf:
    """What SPF comes to for one envelope sender from one address.

    `state`: whether it passes and aligns. `doubt`: why that is unknown, where it is; a question without an answer, or a
    text.
    """

    sender: Sender
    outcome: SpfOutcome
    state: Literal["aligned", "unaligned", "unknown"]
    doubt: Unanswered | Message | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What SPF looked at."""
        return self.outcome.evidence

    @property
    def reason(self) -> Message:
        """Why it does not vouch for the domain in From."""
        args = {"domain": self.outcome.domain, "result": self.outcome.result, "ip": str(self.sender.ip)}
        if self.outcome.result == "pass":
            return Message("SPF passes for {domain}, which is no domain of the organization in From", args)
        return Message("SPF for {domain} from {ip} comes to {result}", args)


async def by_dkim(dns: Resolver, author: str, verified: Verified, *, strict: bool) -> ByDkim:
    """Whether a valid signature aligns. Raises `Unanswered` where that depends on a question about the domains."""
    valid = verified.domains(State.VALID)
    for domain in valid:
        if await is_aligned_somewhere(dns, author, Identifier("dkim", domain, strict)):
            return ByDkim(domain, others=valid)
    doubt: Unanswered | Message | None = None
    for one in verified.signed:
        if one.state is State.UNKNOWN and one.domain is not None:
            if await is_aligned_somewhere(dns, author, Identifier("dkim", one.domain, strict)):
                doubt = one.key if isinstance(one.key, Unanswered) else _TOO_LARGE
        elif one.state is State.UNKNOWN:
            doubt = _TOO_LARGE
    if doubt is None and verified.count > len(verified.signed):
        doubt = _TOO_LARGE
    return ByDkim(None, doubt, valid)


_TOO_LARGE = Message("a signature that is larger than is looked at may align", {})


async def by_spf(dns: Resolver, author: str, subject: Subject, path: str | None, *, strict: bool) -> list[BySpf]:
    """What SPF comes to for each sender and address of a subject; none without an address.

    `path`: the envelope sender by the message, taken where the user gives none; without it, the sender domain, or that
    of From. Raises `Unanswered` where alignment depends on a question about the domains.
    """
    if not subject.mail_from and path is not None:
        subject = replace(subject, mail_from=(path,))
    elif not subject.mail_from and subject.domain is None:
        subject = replace(subject, domain=author)
    helo, found = subject.helo, senders(subject)
    # One walk for all addresses: a subject has up to a thousand of them.
    domains = {name for name in (one.domain or helo or "" for one in found) if is_askable(name)}
    versions = {one.ip.version for one in found}
    walked = await asyncio.gather(*(walk(dns, name, versions) for name in domains))
    trees = dict(zip(domains, walked, strict=True))
    return list(await asyncio.gather(*(_one(dns, author, one, helo, trees, strict=strict) for one in found)))


async def _one(
    dns: Resolver, author: str, sender: Sender, helo: str | None, trees: Mapping[str, Tree], *, strict: bool
) -> BySpf:
    tree = trees.get(sender.domain or helo or "")
    outcome = await evaluate_in(
        dns, tree, ip=sender.ip, mail_from_domain=sender.domain, local_part=sender.local, helo=helo or ""
    )
    if helo is None and outcome.result != "pass" and (not sender.domain or (tree is not None and tree.asks_helo)):
        return BySpf(sender, outcome, "unknown", _NO_HELO)
    if outcome.result not in ("pass", "temperror"):
        return BySpf(sender, outcome, "unaligned")
    if not await is_aligned_somewhere(dns, author, Identifier("spf", outcome.domain.lower(), strict)):
        return BySpf(sender, outcome, "unaligned")
    if outcome.result == "pass":
        return BySpf(sender, outcome, "aligned")
    return BySpf(sender, outcome, "unknown", outcome.unanswered or _TEMPERROR)


_NO_HELO = Message("SPF asks for the HELO name, which is not known (--helo)", {})
_TEMPERROR = Message("SPF comes to temperror", {})


def by_sender(found: Sequence[BySpf]) -> dict[str, list[BySpf]]:
    """The same by envelope sender."""
    groups: dict[str, list[BySpf]] = {}
    for one in found:
        groups.setdefault(one.sender.label, []).append(one)
    return groups
