"""One look at an SMTP server: greeting, EHLO, STARTTLS, EHLO again, QUIT."""

from dataclasses import dataclass, field, replace

from preflight.check import Context
from preflight.findings import Evidence
from preflight.net.smtp import Chain, Conversation, Reply, Secured, SmtpTrouble, Trouble
from preflight_checks.servers import Target, greeting_name

_NO_SUCH_COMMAND = (500, 502, 504)  # RFC 5321 4.2.4: the server does not know the command


@dataclass(slots=True)
class Sighting:
    """How far it went, and what was seen on the way. What is `None` was not reached.

    `trouble` ended it, at the step that comes after the last thing seen. `distrust` is why a certificate leads to no
    trusted root.
    """

    target: Target
    connected: bool = False
    greeting: Reply | None = None
    ehlo: Reply | None = None
    starttls: Reply | None = None
    secured: Secured | None = None
    ehlo_in_tls: Reply | None = None
    distrust: str = ""
    trouble: SmtpTrouble | None = None
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def offers_tls(self) -> bool:
        """Whether EHLO was answered and STARTTLS is among what it offers."""
        return self.ehlo is not None and "STARTTLS" in self.ehlo.keywords

    @property
    def speaks_esmtp(self) -> bool:
        """Whether EHLO was taken."""
        return self.ehlo is not None and self.ehlo.code == 250

    @property
    def knows_no_ehlo(self) -> bool:
        """Whether EHLO was refused as a command that the server does not have."""
        return self.ehlo is not None and self.ehlo.code in _NO_SUCH_COMMAND


async def look(ctx: Context, target: Target) -> Sighting:
    """Look at a server at one address. Raises nothing: trouble is what it may see.

    A certificate that does not lead to a trusted root ends the first conversation; a second one looks at the rest.
    """
    sight = await _look(ctx, target, verify=True)
    if sight.trouble is None or sight.trouble.trouble is not Trouble.UNTRUSTED:
        return sight
    again = await _look(ctx, target, verify=False)
    again.distrust = sight.trouble.detail or str(Trouble.UNTRUSTED)
    again.evidence = [*sight.evidence, *again.evidence]
    if again.secured is not None:
        again.secured = replace(again.secured, chain=Chain.UNTRUSTED)
    return again


async def _look(ctx: Context, target: Target, *, verify: bool) -> Sighting:
    sight = Sighting(target)
    try:
        wire = await ctx.smtp.dial(target.address, target.port)
    except SmtpTrouble as trouble:
        sight.trouble = trouble
        sight.evidence.append(Evidence("smtp", f"connect {target}", str(trouble)))
        return sight
    sight.connected = True
    async with Conversation(wire, ctx.smtp.limits, str(target)) as conversation:
        try:
            await _converse(ctx, conversation, sight, verify=verify)
        except SmtpTrouble as trouble:
            sight.trouble = trouble
        sight.evidence = conversation.transcript
    return sight


async def _converse(ctx: Context, conversation: Conversation, sight: Sighting, *, verify: bool) -> None:
    sight.greeting = await conversation.greeting()
    if sight.greeting.code != 220:
        return
    hello = f"EHLO {greeting_name(ctx, conversation)}"
    sight.ehlo = await conversation.command(hello)
    if not sight.offers_tls or not sight.speaks_esmtp:
        return
    sight.starttls, secured = await conversation.start_tls(sight.target.server_name, verify=verify)
    sight.secured = secured
    if secured is not None:
        sight.ehlo_in_tls = await conversation.command(hello)
