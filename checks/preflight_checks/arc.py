"""The ARC chain of a message, where it has one (RFC 8617). It never decides whether mail is taken."""

import asyncio

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth.dkim_message import Carried, read_carried

_MAIL = "message"
_FIELDS = ("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results")

BROKEN = Rule(
    id="arc/broken",
    severity=Severity.WARNING,
    title="The ARC chain of the message is whole",
    why="Forwarders put an ARC set before a message to say what they found. Receivers that trust a forwarder pass over "
    "a failure of SPF and DKIM behind a chain that is whole; a broken one helps nobody.",
    fix="A message that you write yourself needs no ARC: send it without these fields. Where your server forwards, "
    "have it seal last, after all that changes the message.",
    reference="RFC 8617 5.2",
    needs=("message",),
)


async def _run(ctx: Context) -> None:
    message = ctx.subject.message
    if message is not None:
        carried = await asyncio.to_thread(read_carried, message.label, message.data)
        if isinstance(carried, NoMail):
            await ctx.each((carried,), _no_mail)
        else:
            await ctx.each((carried,), _chain)


@judges(BROKEN)
async def _no_mail(_: Context, why: NoMail) -> Findings:
    seen = Evidence("message", _MAIL, why.value)
    yield BROKEN.undecided(_MAIL, "not judged, since the file is no mail message", seen)


@judges(BROKEN)
async def _chain(ctx: Context, carried: Carried) -> Findings:
    if not any(carried.named(name) for name in _FIELDS):
        if carried.header.complete:
            yield BROKEN.passes(_MAIL, "the message has no ARC chain, and needs none")
        else:
            yield BROKEN.undecided(_MAIL, "the header is larger than is looked at; so far it has no ARC chain")
        return
    from preflight_checks.senderauth.arc_chain import verify_chain  # here and not above: it loads dkimpy

    chain = await verify_chain(ctx.dns, carried)
    if chain.too_large:
        yield BROKEN.undecided(_MAIL, "the ARC chain is larger than is looked at", chain.evidence)
    elif chain.problem is not None:
        yield BROKEN.fails(_MAIL, "the ARC chain is broken: {problem}", chain.evidence, problem=chain.problem)
    else:
        yield BROKEN.passes(_MAIL, "the ARC chain is whole; sets in it: {sets}", chain.evidence, sets=chain.sets)


CHECK = Check(id="arc", title="ARC chain", rules=(BROKEN,), run=_run)
