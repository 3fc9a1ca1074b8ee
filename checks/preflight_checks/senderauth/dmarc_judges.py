"""The judges of the check `dmarc` that ask for nothing but records: what one says, and where its reports go."""

from dataclasses import dataclass

from preflight.check import Context, Findings, judges
from preflight.net.dns import Unanswered
from preflight.text import listing
from preflight_checks.hosts import look_up, mail_hosts
from preflight_checks.senderauth import dmarc_rules as rules
from preflight_checks.senderauth.dmarc_discovery import (
    Applied,
    Discovery,
    discover,
    discover_by_walk,
    organization,
)
from preflight_checks.senderauth.dmarc_record import Policy, ReportUri, is_record

SHOWN = 5
"""Things of one kind that a sentence names."""


async def discovery(ctx: Context, domain: str) -> Discovery:
    """What receivers by RFC 7489 find. Raises `Unanswered`."""
    return await ctx.once(("record", domain), lambda: discover(ctx.dns, domain))


async def by_walk(ctx: Context, domain: str) -> Discovery:
    """What receivers by RFC 9989 find. Raises `Unanswered`."""
    return await ctx.once(("walk", domain), lambda: discover_by_walk(ctx.dns, domain))


@dataclass(frozen=True, slots=True)
class InForce:
    """The record that applies: by the old rule, else by the new one.

    `suffix`: there is none below the public suffix, and whether that has one for newer receivers is not known.
    """

    record: Applied | None
    suffix: Unanswered | None = None


async def applied(ctx: Context, domain: str) -> InForce:
    """What applies to a domain. Raises `Unanswered`."""
    if (old := (await discovery(ctx, domain)).applied) is not None:
        return InForce(old)
    new = await by_walk(ctx, domain)
    if new.applied is not None and new.suffix is not None:  # either that one or that of the public suffix
        raise Unanswered(new.suffix.question, new.suffix.reason, new.suffix.detail)
    return InForce(new.applied, new.suffix)


@judges(*rules.RECORD_RULES)
async def record(ctx: Context, domain: str) -> Findings:
    """What the record says."""
    found = await discovery(ctx, domain)
    lookups = found.lookups if found.applied else (*found.lookups, *(await by_walk(ctx, domain)).lookups)
    at = found.applied.domain if found.applied else None
    chosen = next((one for one in lookups if one.record is not None and at in (None, one.domain)), None)
    if chosen is None or chosen.record is None:
        return
    text, seen = chosen.record, chosen.evidence
    part, name = chosen.domain, f"_dmarc.{chosen.domain}"
    if text.faults:
        problems = listing(text.faults[:SHOWN])
        yield rules.SYNTAX.fails(
            part, "the record at {name} has faults: {problems}", seen, name=name, problems=problems
        )
    else:
        yield rules.SYNTAX.passes(part, "the record at {name} can be read", seen, name=name)
    if text.is_ignored:
        return
    policy = text.policy()
    if policy is Policy.NONE:
        yield rules.POLICY_NONE.fails(part, "the policy asks for nothing (p=none)", seen, name=name)
    else:
        yield rules.POLICY_NONE.passes(part, "the policy is {policy}", seen, policy=policy)
    weaker = [
        f"{tag}={value}" for tag, value in (("sp", text.sp), ("np", text.np)) if value and value.rank < policy.rank
    ]
    if weaker:
        yield rules.SUBDOMAINS.fails(
            part, "sub-domains are less protected than {part}: {tags}", seen, name=name, tags=weaker
        )
    else:
        yield rules.SUBDOMAINS.passes(part, "sub-domains are protected as {part} is", seen)
    if text.percent < 100:
        yield rules.PERCENT.fails(
            part, "older receivers apply the policy to {percent} % of the mail", seen, name=name, percent=text.percent
        )
    else:
        yield rules.PERCENT.passes(part, "the policy holds for all mail", seen)
    if text.testing and policy is not Policy.NONE:
        yield rules.TESTING.fails(part, "the policy is marked as a test (t=y)", seen, name=name)
    else:
        yield rules.TESTING.passes(part, "the policy is not marked as a test", seen)
    gone = [f"{tag}=" for tag in text.historic] + ["!size" for one in (*text.rua, *text.ruf) if one.sized][:1]
    if gone:
        yield rules.HISTORIC.fails(part, "the record has tags that are gone: {tags}", seen, name=name, tags=gone)
    else:
        yield rules.HISTORIC.passes(part, "the record has no tag that is gone", seen)
    if text.rua:
        yield rules.NO_REPORTS.passes(part, "reports go to {addresses}", seen, addresses=text.rua[:SHOWN])
    else:
        yield rules.NO_REPORTS.fails(part, "nobody gets reports: there is no rua=", seen, name=name)


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """A report address of the record that stands at a domain."""

    uri: ReportUri
    home: str

    def __str__(self) -> str:
        return self.uri.text

    @property
    def name(self) -> str:
        """Where the record stands."""
        return f"_dmarc.{self.home}"


@judges(*rules.REPORT_RULES)
async def reports(ctx: Context, domain: str) -> Findings:
    """Hand the report addresses to their judges; while the record is unknown, they are undecided for the domain."""
    found = (await applied(ctx, domain)).record
    if found is not None:
        given = {uri.text: Destination(uri, found.domain) for uri in (*found.record.ruf, *found.record.rua)}
        await ctx.each(given.values(), _address, _reachable, _authorised)
    for _ in ():
        yield _


@judges(rules.REPORT_ADDRESS)
async def _address(ctx: Context, to: Destination) -> Findings:
    tag, seen = to.uri.tag, (await ctx.dns.query(to.name, "TXT")).evidence
    if to.uri.problem is not None:
        yield rules.REPORT_ADDRESS.fails(
            to,
            "{tag}= has an address that cannot be used: {problem}",
            seen,
            tag=tag,
            name=to.name,
            problem=to.uri.problem,
        )
    else:
        yield rules.REPORT_ADDRESS.passes(to, "{tag}= has an address that can be used", seen, tag=tag)


@judges(rules.REPORT_UNREACHABLE)
async def _reachable(ctx: Context, to: Destination) -> Findings:
    """Whether the domain of a report address takes mail."""
    domain = to.uri.domain
    if domain is None:
        return
    mail = await mail_hosts(ctx.dns, domain)
    seen = mail.answer.evidence
    if mail.hosts:
        yield rules.REPORT_UNREACHABLE.passes(to, "{domain} has mail hosts", seen, domain=domain)
        return
    if not mail.null:
        found = await look_up(ctx.dns, domain)
        if found.addresses:
            yield rules.REPORT_UNREACHABLE.passes(
                to, "{domain} has an address that takes its mail", seen, domain=domain
            )
            return
        if found.unanswered is not None:
            raise found.unanswered
    yield rules.REPORT_UNREACHABLE.fails(
        to, "{domain} takes no mail, so that nobody gets the reports", seen, domain=domain, name=to.name, tag=to.uri.tag
    )


@judges(rules.REPORT_FOREIGN)
async def _authorised(ctx: Context, to: Destination) -> Findings:
    """Whether another organization has agreed to get the reports (RFC 9990 4)."""
    domain = to.uri.domain
    if domain is None:
        return
    if organization(domain) == organization(to.home):
        yield rules.REPORT_FOREIGN.passes(
            to, "the reports stay within {organization}", organization=organization(domain)
        )
        return
    answer = await ctx.dns.confirmed(f"{to.home}._report._dmarc.{domain}", "TXT")
    if any(is_record(text) for text in answer.values):
        yield rules.REPORT_FOREIGN.passes(
            to, "{domain} agrees to get reports for {home}", answer.evidence, domain=domain, home=to.home
        )
    else:
        yield rules.REPORT_FOREIGN.fails(
            to,
            "{domain} does not agree to get reports for {home}, so that receivers send it none",
            answer.evidence,
            domain=domain,
            home=to.home,
            record=f'{answer.question.name}. TXT "v=DMARC1"',
        )
