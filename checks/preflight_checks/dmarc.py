"""DMARC: the record that applies to the domain in From, and whether SPF or DKIM vouches for that domain.

Without a message the sender domain stands in for From, and DKIM is not known. See docs/authentication.md.
"""

from collections.abc import Sequence

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Finding, gather
from preflight.net.dns import Unanswered
from preflight.text import Message, Words, listing
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth import dmarc_rules as rules
from preflight_checks.senderauth.alignment import is_aligned, is_aligned_by_walk
from preflight_checks.senderauth.dkim_evaluation import State, Verified, verify_message
from preflight_checks.senderauth.dmarc_author import Author, author_of, return_path
from preflight_checks.senderauth.dmarc_discovery import Applied, Discovery, organization
from preflight_checks.senderauth.dmarc_evaluation import ByDkim, BySpf, by_dkim, by_sender, by_spf
from preflight_checks.senderauth.dmarc_judges import SHOWN, InForce, applied, by_walk, discovery, record, reports
from preflight_checks.senderauth.dmarc_record import Policy, is_record

_MAIL = "message"
ADD_MESSAGE = "Give a message as the server sends it (--message), so that its DKIM signature can be judged."
ADD_ADDRESS = "Give the address that the mail is sent from (--ip), so that SPF can be judged."


async def _run(ctx: Context) -> None:
    verified = await _verified(ctx)
    author: Author | None = None
    if isinstance(verified, NoMail):
        await ctx.each((verified,), _no_mail)
    elif verified is not None:
        author = author_of(verified.carried)
        await ctx.each((author,), _author)
    domain = author.domain if author is not None and author.domain is not None else ctx.subject.domain
    if domain is not None:
        await ctx.each([domain], _published, record, reports, _generations)
    if author is None or author.domain is not None:
        await ctx.each([domain] if domain is not None else [], _alignment)


async def _verified(ctx: Context) -> Verified | NoMail | None:
    """The signatures of the message, if there is one."""
    message = ctx.subject.message
    return None if message is None else await ctx.once("message", lambda: verify_message(ctx.dns, message))


@judges(rules.AUTHOR, *rules.ALIGNMENT_RULES)
async def _no_mail(_: Context, why: NoMail) -> Findings:
    seen = Evidence("message", _MAIL, why.value)
    for rule in (rules.AUTHOR, *rules.ALIGNMENT_RULES):
        yield rule.undecided(_MAIL, "not judged, since the file is no mail message", seen)


@judges(rules.AUTHOR, *rules.ALIGNMENT_RULES)
async def _author(_: Context, author: Author) -> Findings:
    if author.problem is None:
        yield rules.AUTHOR.passes(_MAIL, "the domain in From is {domain}", author.evidence, domain=author.domain)
        return
    if author.unseen:
        yield rules.AUTHOR.undecided(_MAIL, "the header is larger than is looked at, and From is not in it so far")
    else:
        yield rules.AUTHOR.fails(
            _MAIL, "DMARC cannot judge the message: {problem}", author.evidence, problem=author.problem
        )
    for rule in rules.ALIGNMENT_RULES:
        yield rule.undecided(_MAIL, "not judged, since From names no domain to judge by", fix=rules.AUTHOR.fix)


@judges(rules.MISSING, rules.MULTIPLE)
async def _published(ctx: Context, domain: str) -> Findings:
    """Whether there is a record, and one only."""
    found = await discovery(ctx, domain)
    seen = found.evidence
    crowded = next((one for one in found.lookups if len(one.records) > 1), None)
    if crowded is not None:
        yield rules.MULTIPLE.fails(
            domain, "there are {count} DMARC records at {name}, so that receivers apply none", crowded.evidence,
            count=len(crowded.records), name=f"_dmarc.{crowded.domain}",
        )  # fmt: skip
        return
    walked = found if found.applied is not None else await by_walk(ctx, domain)
    chosen = walked.applied
    if walked is not found:
        seen = [*seen, *walked.evidence]
    if chosen is not None:
        yield rules.MISSING.passes(
            domain, "the DMARC record at {name} applies to {part}", seen, name=f"_dmarc.{chosen.domain}"
        )
        yield rules.MULTIPLE.passes(domain, "there is one DMARC record", seen)
        return
    home = organization(domain)
    line = f'_dmarc.{home}. TXT "v=DMARC1; p=none; rua=mailto:dmarc-reports@{home}"'
    ignored = next((one for one in found.lookups if one.record is not None), None)
    near = [text[:80] for one in found.lookups for text in one.nearly]
    if ignored is not None:
        yield rules.MISSING.fails(
            domain, "receivers pass over the record at {name}: it has no policy that can be read", seen,
            name=f"_dmarc.{ignored.domain}", record=line,
        )  # fmt: skip
    elif near:
        yield rules.MISSING.fails(
            domain,
            "no DMARC record applies to {part}: what may be meant as one does not begin with `v=DMARC1;`: {near}",
            seen, near=near[:SHOWN], record=line,
        )  # fmt: skip
    elif misplaced := await _misplaced(ctx, found):
        yield rules.MISSING.fails(
            domain, "no DMARC record applies to {part}: it stands at {part}, and belongs at _dmarc.{part}", seen,
            misplaced, record=line,
        )  # fmt: skip
    elif walked.suffix is not None:
        suffix = walked.suffix.question.name.removeprefix("_dmarc.")
        yield rules.MISSING.fails(
            domain,
            "{part} has no DMARC record; whether newer receivers apply one of the public suffix {suffix} is not known",
            [*seen, walked.suffix.evidence], suffix=suffix, record=line,
        )  # fmt: skip
    else:
        yield rules.MISSING.fails(domain, "no DMARC record applies to {part}", seen, record=line)


async def _misplaced(ctx: Context, found: Discovery) -> list[Evidence]:
    """The answer that shows a DMARC record at the domain itself, where nobody looks for it."""
    try:
        answer = await ctx.dns.query(found.author, "TXT")
    except Unanswered:
        return []  # that there is no record where it belongs is known already
    return [answer.evidence] if any(is_record(text) for text in answer.values) else []


@judges(*rules.ALIGNMENT_RULES)
async def _alignment(ctx: Context, author: str) -> Findings:
    """Whether DKIM or SPF vouches for the domain in From."""
    force = await applied(ctx, author)
    found = force.record
    open_rules: tuple[Rule, ...] = rules.ALIGNMENT_RULES
    if force.suffix is None and (found is None or found.policy is Policy.NONE):
        open_rules = (rules.NOT_ALIGNED,)
        yield rules.POLICY_APPLIED.passes(author, "{part} asks for nothing to be done with mail that does not align")
    verified = await _verified(ctx)
    unknown = Message("without a signed message it is not known whether DKIM vouches for {domain}", {"domain": author})
    dkim = ByDkim(doubt=unknown, unseen=True)
    if isinstance(verified, Verified):
        strict = found is not None and found.record.strict_dkim
        dkim = await by_dkim(ctx.dns, author, verified, strict=strict)
    if dkim.aligned is not None:
        for rule in open_rules:
            yield rule.passes(author, "a valid DKIM signature of {domain} aligns with {part}", domain=dkim.aligned)
        return
    paths = await _spf(ctx, author)
    if not paths:
        if isinstance(dkim.doubt, Unanswered):
            raise Unanswered(dkim.doubt.question, dkim.doubt.reason, dkim.doubt.detail)
        for rule in open_rules:
            yield rule.undecided(
                author,
                "no valid DKIM signature aligns with {part}, and without a sending address SPF cannot be judged",
                fix=ADD_ADDRESS,
            )  # fmt: skip
        return
    groups = by_sender(paths)
    for label, group in groups.items():
        part = author if len(groups) == 1 else f"{author} ({label})"
        for rule in open_rules:
            yield _sent(rule, author, part, group, dkim, force)


def _sent(rule: Rule, author: str, part: str, group: Sequence[BySpf], dkim: ByDkim, force: InForce) -> Finding:
    """The verdict on mail of one envelope sender from all addresses, which no signature vouches for."""
    seen = gather(*(one.evidence for one in group[:SHOWN]))
    broken = [one for one in group if one.state == "unaligned"]
    lost = [one.doubt for one in group if one.doubt is not None]
    if not broken and not lost:
        domains = sorted({one.outcome.domain for one in group})
        return rule.passes(
            part, "SPF passes for {domains}, which aligns with {author}", seen, domains=domains, author=author
        )
    doubt = lost[0] if not broken else dkim.doubt
    if doubt is None and rule is rules.POLICY_APPLIED and force.suffix is not None:
        return rule.undecided(
            part, "nothing vouches for {author}, and whether its public suffix has a policy cannot be told: {doubt}",
            [*seen, force.suffix.evidence], author=author, domain=author, doubt=_said(force.suffix),
        )  # fmt: skip
    if doubt is not None:
        fix = ADD_MESSAGE if broken and dkim.unseen else None
        return rule.undecided(part, "whether mail from {author} aligns cannot be told: {doubt}", seen, author=author,
                              doubt=_said(doubt), fix=fix)  # fmt: skip
    reasons = [one.reason for one in broken[:SHOWN]]
    if dkim.others:
        signers = {"domains": ", ".join(dkim.others[:SHOWN])}
        reasons.append(Message("DKIM is valid for {domains}, which is no domain of the organization in From", signers))
    else:
        reasons.append(Message("no DKIM signature is valid", {}))
    args: dict[str, object] = {"reasons": listing(reasons), "author": author, "domain": author}
    found = force.record
    if rule is rules.NOT_ALIGNED or found is None:
        return rule.fails(part, "nothing vouches for {author}: {reasons}", seen, **args)
    return rule.fails(
        part, "receivers apply p={policy} to the mail, as nothing vouches for {author}: {reasons}", seen,
        policy=found.policy, **args,
    )  # fmt: skip


def _said(doubt: Unanswered | Message) -> Message:
    if isinstance(doubt, Message):
        return doubt
    args: dict[str, str | Words | Message] = {"question": str(doubt.question), "seen": doubt.seen}
    return Message("{question} has no answer ({seen})", args)


async def _spf(ctx: Context, author: str) -> list[BySpf]:
    """What SPF comes to for each envelope sender and address. Raises `Unanswered`."""
    found, verified = (await applied(ctx, author)).record, await _verified(ctx)
    path = return_path(verified.carried) if isinstance(verified, Verified) else None
    strict = found is not None and found.record.strict_spf
    return await ctx.once(("spf", author), lambda: by_spf(ctx.dns, author, ctx.subject, path, strict=strict))


@judges(rules.DIFFERS)
async def _generations(ctx: Context, author: str) -> Findings:
    """Whether receivers by RFC 7489 and by RFC 9989 come to the same."""
    old, new = await discovery(ctx, author), await by_walk(ctx, author)
    seen = gather(old.evidence, new.evidence)
    args = {"old": _policy_of(old.applied), "new": _policy_of(new.applied), "organization": organization(author)}
    if new.suffix is not None:
        raise Unanswered(new.suffix.question, new.suffix.reason, new.suffix.detail)
    if _policy_of(old.applied) != _policy_of(new.applied):
        yield rules.DIFFERS.fails(author, "older receivers apply {old}, newer ones {new}", seen, **args)
        return
    domains = await _vouched(ctx, author)
    by_list = [domain for domain in domains if is_aligned(author, domain)]
    by_tree = [domain for domain in domains if await is_aligned_by_walk(ctx.dns, author, domain)]
    is_strict = old.applied is not None and (old.applied.record.strict_dkim or old.applied.record.strict_spf)
    if bool(by_list) == bool(by_tree) or is_strict:
        yield rules.DIFFERS.passes(author, "older receivers and newer ones apply {old}", seen, old=args["old"])
    elif by_list:
        yield rules.DIFFERS.fails(author, "{domain} aligns with {part} for older receivers only", seen,
                                  domain=by_list[0], **args)  # fmt: skip
    else:
        yield rules.DIFFERS.fails(author, "{domain} aligns with {part} for newer receivers only", seen,
                                  domain=by_tree[0], **args)  # fmt: skip


async def _vouched(ctx: Context, author: str) -> list[str]:
    """The domains that SPF or DKIM passes for. Raises `Unanswered`."""
    verified = await _verified(ctx)
    signed = verified.domains(State.VALID) if isinstance(verified, Verified) else ()
    paths = [one.outcome.domain.lower() for one in await _spf(ctx, author) if one.outcome.result == "pass"]
    return list(dict.fromkeys((*signed, *paths)))


def _policy_of(found: Applied | None) -> Message:
    """The record that is applied, and its policy."""
    if found is None:
        return Message("no record", {})
    return Message("p={policy} of _dmarc.{domain}", {"policy": found.policy, "domain": found.domain})


CHECK = Check(id="dmarc", title="DMARC", rules=rules.RULES, run=_run)
