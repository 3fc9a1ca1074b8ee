"""Whether mail can leave this machine: a connection to port 25 of a host that the user names with --probe-outbound."""

import asyncio
from dataclasses import dataclass

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Severity, gather
from preflight.net.smtp import Conversation, SmtpTrouble, Trouble
from preflight_checks.servers import Server, Target, find_targets

BLOCKED = Rule(
    id="outbound/blocked",
    severity=Severity.ERROR,
    title="Port 25 of other servers can be reached from here",
    why="Most clouds and home lines block connections to port 25. Then no mail leaves this machine, however well it is "
    "set up, and the queue fills with time-outs.",
    fix="Ask the provider to open port 25 outward for this machine (most do it on request, for customers that they "
    "know), or send through a relay (smart host) on port 587: relayhost = [relay.example.com]:587 in Postfix, a "
    "manualroute router in Exim, Set-SendConnector -SmartHosts in Exchange.",
    reference="RFC 5068 3; M3AAWG on port 25",
    needs=("outbound",),
)
_NAME_ANOTHER = "Name a host that is known to take mail; if it stays so, ask the provider whether port 25 is blocked."


async def _run(ctx: Context) -> None:
    endpoint = ctx.subject.outbound
    if endpoint is not None:
        await ctx.each([Server(endpoint.host, endpoint.port, named=True)], _server)


@judges(BLOCKED)
async def _server(ctx: Context, server: Server) -> Findings:
    """One address that greets is enough: the way out is open. "Blocked" is said when none can be connected to."""
    found = await find_targets(ctx, server)
    knocks = await asyncio.gather(*(_knock(ctx, target) for target in found.targets))
    evidence = gather(found.evidence, *(knock.evidence for knock in knocks))
    open_way = next((knock for knock in knocks if knock.trouble is None), None)
    seen = {knock.trouble for knock in knocks}
    if open_way is not None:
        yield BLOCKED.passes(server, "{target} greets, so that mail can leave here", evidence, target=open_way.target)
    elif any(knock.connected for knock in knocks):
        yield BLOCKED.undecided(
            server, "something took the connection to {part} and gave no greeting", evidence, fix=_NAME_ANOTHER
        )
    elif found.unanswered is not None:
        raise found.unanswered
    elif not knocks:
        yield BLOCKED.undecided(server, "{part} has no address to connect to", evidence, fix=_NAME_ANOTHER)
    elif seen == {Trouble.UNREACHABLE}:
        yield BLOCKED.fails(server, "this machine has no way to {part}", evidence)
    elif Trouble.TIMEOUT in seen:
        yield BLOCKED.fails(server, "no connection to {part} came about: nothing answers", evidence)
    else:
        yield BLOCKED.fails(server, "the connection to {part} is refused, by it or by something on the way", evidence)


@dataclass(frozen=True, slots=True)
class _Knock:
    """What came of one address: whether it took the connection, and what went wrong."""

    target: Target
    connected: bool
    trouble: Trouble | None
    evidence: tuple[Evidence, ...]


async def _knock(ctx: Context, target: Target) -> _Knock:
    """Connect, wait for the greeting, say QUIT. Any greeting at all will do."""
    try:
        wire = await ctx.smtp.dial(target.address, target.port)
    except SmtpTrouble as trouble:
        return _Knock(target, False, trouble.trouble, (Evidence("smtp", f"connect {target}", str(trouble)),))
    heard: Trouble | None = None
    async with Conversation(wire, ctx.smtp.limits, str(target)) as conversation:
        try:
            await conversation.greeting()
        except SmtpTrouble as trouble:
            heard = trouble.trouble
        return _Knock(target, True, heard, tuple(conversation.transcript))


CHECK = Check(id="outbound", title="The way out", rules=(BLOCKED,), run=_run)
