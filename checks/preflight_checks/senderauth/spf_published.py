"""Whether the envelope domain has an SPF record, and what counts instead where it has none.

Gmail and Yahoo ask SPF or DKIM of small senders, and both of those in bulk. So where the message has a valid signature
of the domain in From, a missing record is a warning (`spf/dkim-alone`).
"""

from collections.abc import AsyncIterator

from preflight.check import Context, Findings, Rule, judges
from preflight.findings import Finding
from preflight.net.dns import Answer, NoData, NxDomain, Records, Unanswered
from preflight.text import Message
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth.alignment import is_aligned
from preflight_checks.senderauth.dkim_evaluation import State, verify_message
from preflight_checks.senderauth.dmarc_author import author_of
from preflight_checks.senderauth.spf_record import is_spf
from preflight_checks.senderauth.spf_records import near_misses
from preflight_checks.senderauth.spf_rules import DKIM_ALONE, MISSING, MULTIPLE
from preflight_checks.senderauth.spf_tree import Tree, walk
from preflight_checks.senderauth.spf_wording import REMEDIES

SHOWN = 6
"""Things of one kind that a sentence names."""


async def tree_of(ctx: Context, domain: str) -> Tree:
    """The tree under a domain, for senders of the subject's IP versions; without an address, for those of IPv4."""
    versions = {ip.version for ip in ctx.subject.ips} or {4}
    return await ctx.once(("tree", domain), lambda: walk(ctx.dns, domain, versions))


async def readable_tree(ctx: Context, domain: str) -> Tree | None:
    """The tree under a domain, `None` where it has no record that can be evaluated. Raises `Unanswered`."""
    tree = await tree_of(ctx, domain)
    if isinstance(tree.top.outcome, Unanswered):
        raise again(tree.top.outcome)
    return tree if tree.top.sound is not None else None


def again(outcome: Unanswered) -> Unanswered:
    """A fresh one: raised over and over, one exception would gather the tracebacks of all judges."""
    return Unanswered(outcome.question, outcome.reason, outcome.detail)


async def dkim_vouches(ctx: Context) -> bool:
    """Whether the message has a valid DKIM signature of the domain in From, or of its organization (RFC 7489 3.1.1)."""
    message = ctx.subject.message
    if message is None:
        return False
    verified = await ctx.once("message", lambda: verify_message(ctx.dns, message))
    if isinstance(verified, NoMail):
        return False
    author = author_of(verified.carried).domain
    return author is not None and any(is_aligned(author, signer) for signer in verified.domains(State.VALID))


@judges(MISSING, MULTIPLE)
async def published(ctx: Context, domain: str) -> Findings:
    """Whether the domain has one record. Raises `Unanswered`."""
    top = (await tree_of(ctx, domain)).top
    if isinstance(top.outcome, Unanswered):
        raise again(top.outcome)
    seen = top.evidence
    if len(top.texts) > 1:
        yield MISSING.passes(domain, "{part} has an SPF record", seen)
        yield MULTIPLE.fails(domain, "{part} has {count} SPF records", seen, count=len(top.texts))
    elif top.texts:
        yield MISSING.passes(domain, "{part} has an SPF record", seen)
        yield MULTIPLE.passes(domain, "{part} has one SPF record", seen)
    elif not await dkim_vouches(ctx):
        async for finding in _absent(ctx, domain, MISSING, top.outcome):
            yield finding


@judges(DKIM_ALONE)
async def absent_beside_dkim(ctx: Context, domain: str) -> Findings:
    """That the domain has no record, where DKIM makes up for it. Raises `Unanswered`."""
    top = (await tree_of(ctx, domain)).top
    if top.texts or not await dkim_vouches(ctx):
        return
    if isinstance(top.outcome, Unanswered):
        raise again(top.outcome)
    async for finding in _absent(ctx, domain, DKIM_ALONE, top.outcome):
        yield finding


async def _absent(ctx: Context, domain: str, rule: Rule, outcome: Answer) -> AsyncIterator[Finding]:
    """What is found in place of a record."""
    seen = outcome.evidence
    record = f'{domain}. TXT "{_first_record(ctx)}"'
    remedy = Message(REMEDIES["publish"], {"record": record})
    near = near_misses(outcome)
    old = await _old_type(ctx, domain, outcome)
    if near:
        yield rule.fails(
            domain,
            "{part} has no SPF record: what may be meant as one does not begin with `v=spf1` and a space: {near}",
            seen,
            near=[text[:80] for text in near[:SHOWN]],
            record=record,
            remedy=remedy,
        )
    elif old is not None:
        yield rule.fails(
            domain,
            "{part} has its SPF record under the type SPF, which nobody asks for any more; it belongs under TXT",
            seen,
            old.evidence,
            record=record,
            remedy=remedy,
        )
    elif isinstance(outcome, NxDomain):
        yield rule.fails(domain, "{part} does not exist, and so has no SPF record", seen, record=record, remedy=remedy)
    else:
        yield rule.fails(domain, "{part} has no SPF record", seen, record=record, remedy=remedy)


async def _old_type(ctx: Context, domain: str, answer: Answer) -> Answer | None:
    """The answer for the type SPF (99), which RFC 7208 3.1 did away with, where it has a record and TXT has none."""
    if not isinstance(answer, Records | NoData):
        return None
    try:
        old = await ctx.dns.query(domain, "SPF")
    except Unanswered:  # some servers do not know the type; it only serves to say more
        return None
    return old if any(is_spf(text) for text in old.values) else None


def _first_record(ctx: Context) -> str:
    """A record to begin with: the addresses of the subject, or its MX hosts; ~all, as others may send, too."""
    terms = [f"ip{ip.version}:{ip}" for ip in ctx.subject.ips[:SHOWN]] or ["mx"]
    return " ".join(["v=spf1", *terms, "~all"])
