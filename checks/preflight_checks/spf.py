"""SPF: the envelope domain has one sound record, within the limits of receivers, and it lets the sending address send.

What concerns the record is judged for each envelope domain; the question that matters, whether the record lets an
address send, for each sending address and envelope sender. The rules stand in `senderauth/spf_rules.py`.
Source: RFC 7208.
"""

import asyncio

from preflight.check import Check, Context, Findings, judges
from preflight.findings import Evidence
from preflight.net.dns import Unanswered
from preflight_checks.senderauth.spf_evaluation import evaluate_in
from preflight_checks.senderauth.spf_limits import Cost, drawn, lookups, void_lookups
from preflight_checks.senderauth.spf_published import (
    SHOWN,
    absent_beside_dkim,
    again,
    dkim_vouches,
    published,
    readable_tree,
    tree_of,
)
from preflight_checks.senderauth.spf_records import is_askable, octets
from preflight_checks.senderauth.spf_result import MAX_LOOKUPS, MAX_MX, MAX_VOID_LOOKUPS, SpfOutcome
from preflight_checks.senderauth.spf_rules import (
    CROWDED,
    DKIM_ALONE,
    HELO_MISSING,
    HELO_NOT_AUTHORISED,
    IGNORED,
    INCLUDE,
    LONG,
    LOOKUPS,
    NO_ALL,
    NOT_AUTHORISED,
    PASS_ALL,
    PTR,
    RULES,
    SYNTAX,
    VOIDS,
)
from preflight_checks.senderauth.spf_scope import broken_references, crowded_mx, ending, openness, ptr_terms
from preflight_checks.senderauth.spf_senders import Sender, envelope_domains, helo_identity, senders
from preflight_checks.senderauth.spf_tree import Tree
from preflight_checks.senderauth.spf_wording import refusal

_OPEN = ("none", "neutral", "softfail")  # results by which no receiver refuses alone (RFC 7208 8.1, 8.2, 8.5)
_ROOM = 450  # octets of a record that fit into any answer (RFC 7208 3.4)
_DATAGRAM = 1232  # octets of an answer that no path breaks up: the EDNS size that name servers agree on since 2020


async def _run(ctx: Context) -> None:
    helo = helo_identity(ctx.subject)
    own = [] if helo is None else [helo]
    # With the null sender, the HELO name is judged as its identity.
    greeters = (
        [] if "" in ctx.subject.mail_from else [Sender(ip, "", "", name) for name in own for ip in ctx.subject.ips]
    )
    domains, has_message = envelope_domains(ctx.subject), ctx.subject.message is not None
    await asyncio.gather(
        ctx.each(domains, published, *_OF_RECORDS),
        ctx.each(senders(ctx.subject), _sender),
        ctx.each(domains if has_message else [], absent_beside_dkim),
        ctx.each(senders(ctx.subject) if has_message else [], _sender_beside_dkim),
        ctx.each(own, _helo_record),
        ctx.each(greeters, _helo),
    )


@judges(SYNTAX, IGNORED, LONG)
async def _terms(ctx: Context, domain: str) -> Findings:
    top = (await tree_of(ctx, domain)).top
    if isinstance(top.outcome, Unanswered):
        raise again(top.outcome)
    record = top.record
    if record is None:
        return
    seen = top.evidence
    own, whole = len(record.text.encode()), octets(top.outcome)
    if own > _ROOM:
        yield LONG.fails(domain, "the SPF record of {part} has {size} octets", seen, size=own)
    elif whole > _DATAGRAM:
        yield LONG.fails(domain, "the TXT records of {part} make answers of {size} octets", seen, size=whole)
    else:
        yield LONG.passes(domain, "the SPF record of {part} has {size} octets", seen, size=own)
    if record.flaws:
        yield SYNTAX.fails(domain, "the SPF record of {part} is in error: {flaws}", seen, flaws=record.flaws[:SHOWN])
        return
    yield SYNTAX.passes(domain, "the SPF record of {part} has no errors", seen)
    if record.ignored:
        yield IGNORED.fails(domain, "{part} has terms that do nothing: {terms}", seen, terms=record.ignored[:SHOWN])
    else:
        yield IGNORED.passes(domain, "each term of {part} does something", seen)


@judges(LOOKUPS)
async def _lookups(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    cost = lookups(tree)
    seen = tree.evidence
    if cost.loop:
        loop = " → ".join(cost.loop)
        yield LOOKUPS.fails(
            domain, "{part} refers back to itself without an end: {loop}", seen, loop=loop, most=MAX_LOOKUPS
        )
    elif cost.count > MAX_LOOKUPS:
        yield LOOKUPS.fails(
            domain,
            "{part} takes {count} DNS lookups, and {most} are allowed: {tree}",
            seen,
            count=cost.count,
            most=MAX_LOOKUPS,
            tree=drawn(tree),
        )
    elif cost.unanswered is not None:
        raise again(cost.unanswered)
    elif cost.open:
        yield LOOKUPS.passes(
            domain,
            "{part} takes {count} of {most} DNS lookups, not counting what depends on the sender, {open}: {tree}",
            seen,
            count=cost.count,
            most=MAX_LOOKUPS,
            open=cost.open[:SHOWN],
            tree=drawn(tree),
        )
    elif cost.count:
        yield LOOKUPS.passes(
            domain,
            "{part} takes {count} of {most} DNS lookups: {tree}",
            seen,
            count=cost.count,
            most=MAX_LOOKUPS,
            tree=drawn(tree),
        )
    else:
        yield LOOKUPS.passes(domain, "{part} takes no DNS lookups", seen)


@judges(VOIDS)
async def _void_lookups(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    costs = {version: void_lookups(tree, version) for version in {ip.version for ip in ctx.subject.ips} or {4}}
    version, worst = max(costs.items(), key=lambda item: item[1].count)
    unanswered = next((cost.unanswered for cost in costs.values() if cost.unanswered is not None), None)
    args = {"version": version, "count": worst.count, "most": MAX_VOID_LOOKUPS, "questions": worst.where[:SHOWN]}
    if worst.count > MAX_VOID_LOOKUPS:
        yield VOIDS.fails(
            domain,
            "for a sender with IPv{version}, {part} takes {count} lookups that find nothing, and {most} are allowed: "
            "{questions}",
            _void_evidence(tree, worst),
            **args,
        )
    elif unanswered is not None:
        raise again(unanswered)
    elif worst.count:
        yield VOIDS.passes(
            domain,
            "{part} takes {count} of {most} lookups that find nothing: {questions}",
            _void_evidence(tree, worst),
            **args,
        )
    else:
        yield VOIDS.passes(domain, "each lookup of {part} finds something", tree.top.evidence)


def _void_evidence(tree: Tree, cost: Cost) -> list[Evidence]:
    outcomes = (tree.outcome(*text.split(" ", 1)) for text in cost.where)
    return [tree.top.evidence, *(outcome.evidence for outcome in outcomes if outcome is not None)]


@judges(INCLUDE)
async def _references(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    broken = broken_references(tree)
    if broken.found:
        yield INCLUDE.fails(
            domain,
            "{part} rests on records that are missing or in error: {faults}",
            tree.evidence,
            faults=broken.found[:SHOWN],
        )
    elif broken.unanswered is not None:
        raise again(broken.unanswered)
    else:
        yield INCLUDE.passes(domain, "each record that {part} refers to is there and sound", tree.evidence)


@judges(CROWDED)
async def _mail_exchangers(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    domains, unanswered = crowded_mx(tree)
    if domains:
        yield CROWDED.fails(
            domain,
            "{part} has an mx term for a domain with more than {most} MX hosts: {domains}",
            tree.evidence,
            most=MAX_MX,
            domains=domains[:SHOWN],
        )
    elif unanswered is not None:
        raise again(unanswered)
    else:
        yield CROWDED.passes(domain, "no mx term of {part} has more than {most} MX hosts", tree.evidence, most=MAX_MX)


@judges(PASS_ALL)
async def _openness(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    wide = openness(tree)
    if wide.terms:
        yield PASS_ALL.fails(domain, "{part} lets strangers send, by {terms}", tree.evidence, terms=wide.terms[:SHOWN])
    elif wide.is_wide:
        yield PASS_ALL.fails(
            domain, "{part} lets {count} IPv4 addresses send", tree.evidence, count=f"{wide.addresses:,}"
        )
    elif wide.unanswered is not None:
        raise again(wide.unanswered)
    else:
        yield PASS_ALL.passes(domain, "{part} does not let everybody send", tree.evidence)


@judges(NO_ALL, PTR)
async def _ending(ctx: Context, domain: str) -> Findings:
    tree = await readable_tree(ctx, domain)
    if tree is None:
        return
    seen = tree.top.evidence
    end, terms = ending(tree), ptr_terms(tree)
    if terms:
        yield PTR.fails(domain, "{part} rests on the PTR name of the sender: {terms}", seen, terms=terms[:SHOWN])
    if end.unanswered is not None:
        raise again(end.unanswered)
    if not terms:
        yield PTR.passes(domain, "{part} does not rest on the PTR name of the sender", seen)
    if not end.known:
        return  # the redirect leads nowhere, as another rule says
    if end.all is None:
        yield NO_ALL.fails(domain, "the SPF record of {at} ends without all", tree.evidence, at=end.at)
    elif end.all.qualifier == "?":
        yield NO_ALL.fails(domain, "the SPF record of {at} ends in {all}", tree.evidence, at=end.at, all=end.all.text)
    else:
        yield NO_ALL.passes(domain, "{part} ends in {all}", tree.evidence, all=end.all.text)


_OF_RECORDS = (_terms, _lookups, _void_lookups, _references, _mail_exchangers, _openness, _ending)


@judges(NOT_AUTHORISED)
async def _sender(ctx: Context, sender: Sender) -> Findings:
    """The question that matters. The null sender is judged by the HELO name (RFC 7208 2.4)."""
    if not sender.domain and ctx.subject.helo is None:
        yield NOT_AUTHORISED.undecided(
            sender,
            "the null sender is judged by the HELO name, which is not known",
            fix="Give the name that the server greets with (--helo).",
        )
        return
    outcome, record = await _evaluate(ctx, sender)
    if outcome.result != "pass" and await _asks_for_helo(ctx, sender):
        yield NOT_AUTHORISED.undecided(
            sender,
            "the record of {domain} asks for the HELO name, which is not known",
            outcome.evidence,
            fix="Give the name that the server greets with (--helo).",
            domain=outcome.domain,
        )
    elif outcome.result == "pass":
        yield NOT_AUTHORISED.passes(
            sender,
            "{domain} lets {ip} send: pass, by {matched}",
            outcome.evidence,
            domain=outcome.domain,
            ip=sender.ip,
            matched=outcome.matched,
        )
    elif not (outcome.result in _OPEN and await dkim_vouches(ctx)):
        sentence, places = refusal(outcome, sender.ip, record)
        yield NOT_AUTHORISED.fails(sender, sentence, outcome.evidence, **places)


@judges(DKIM_ALONE)
async def _sender_beside_dkim(ctx: Context, sender: Sender) -> Findings:
    """That SPF neither passes nor refuses a sender, where DKIM makes up for it."""
    if not await dkim_vouches(ctx) or (not sender.domain and ctx.subject.helo is None):
        return
    outcome, record = await _evaluate(ctx, sender)
    if outcome.result in _OPEN and not await _asks_for_helo(ctx, sender):
        sentence, places = refusal(outcome, sender.ip, record)
        yield DKIM_ALONE.fails(sender, sentence, outcome.evidence, **places)


async def _asks_for_helo(ctx: Context, sender: Sender) -> bool:
    """Whether the result may be another for the HELO name that is not known."""
    return ctx.subject.helo is None and (await tree_of(ctx, sender.domain)).asks_helo


async def _evaluate(ctx: Context, sender: Sender) -> tuple[SpfOutcome, str | None]:
    """What SPF says of a sender, and the record of its domain. Raises `Unanswered`."""
    helo = ctx.subject.helo or ""
    name = sender.domain or helo
    tree = await tree_of(ctx, name.lower()) if is_askable(name) else None
    outcome = await evaluate_in(
        ctx.dns, tree, ip=sender.ip, mail_from_domain=sender.domain, local_part=sender.local, helo=helo
    )
    if outcome.unanswered is not None:
        raise again(outcome.unanswered)
    return outcome, tree.top.texts[0] if tree is not None and len(tree.top.texts) == 1 else None


@judges(HELO_MISSING)
async def _helo_record(ctx: Context, helo: str) -> Findings:
    top = (await tree_of(ctx, helo)).top
    if isinstance(top.outcome, Unanswered):
        raise again(top.outcome)
    if top.texts:
        yield HELO_MISSING.passes(helo, "{part} has an SPF record", top.evidence)
    else:
        yield HELO_MISSING.fails(helo, "{part} has no SPF record", top.evidence)


@judges(HELO_NOT_AUTHORISED)
async def _helo(ctx: Context, greeter: Sender) -> Findings:
    """The HELO name as an identity of its own; without a record of its own it speaks against nobody."""
    outcome, record = await _evaluate(ctx, greeter)
    if outcome.result in ("pass", "neutral", "none"):
        yield HELO_NOT_AUTHORISED.passes(
            greeter,
            "the SPF record of {domain}, if any, does not refuse {ip}: {result}",
            outcome.evidence,
            domain=outcome.domain,
            ip=greeter.ip,
            result=outcome.result,
        )
    else:
        sentence, places = refusal(outcome, greeter.ip, record)
        yield HELO_NOT_AUTHORISED.fails(greeter, sentence, outcome.evidence, **places)


CHECK = Check(id="spf", title="SPF: who may send for the domain", rules=RULES, run=_run)
