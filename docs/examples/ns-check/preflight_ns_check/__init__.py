"""The sender domain has at least two name servers."""

from preflight import Check, Context, Rule, Severity, judges

TOO_FEW = Rule(
    id="ns/too-few",
    severity=Severity.WARNING,
    title="The sender domain has at least two name servers",
    why="While its only name server is down, receivers cannot look the sender domain up, and defer its mail.",
    fix="Add a second name server for {part}, in another network than {names}.",
    reference="RFC 2182 5; RFC 1034 4.1",
    needs=("domain",),
)


async def run(ctx: Context) -> None:
    """Send the sender domain to the judge."""
    await ctx.each([ctx.subject.domain], name_servers)


@judges(TOO_FEW)
async def name_servers(ctx: Context, domain: str):
    """Count the NS records of a domain."""
    answer = await ctx.dns.query(domain, "NS")
    names = answer.values
    if len(names) < 2:
        yield TOO_FEW.fails(
            domain, "{part} has {count} name server: {names}", answer.evidence, count=len(names), names=names
        )
    else:
        yield TOO_FEW.passes(domain, "{part} has {count} name servers", answer.evidence, count=len(names))


CHECK = Check(id="ns", title="Name servers", rules=(TOO_FEW,), run=run)
