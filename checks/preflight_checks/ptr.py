"""Reverse DNS: each sending address has one PTR record, whose name points back to the address."""

import asyncio

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Severity
from preflight.net.addresses import IPAddress, is_public, reverse_name
from preflight.net.dns import Answer, Unanswered
from preflight_checks.hosts import ask, ptr_owner
from preflight_checks.names import distinct, host_name_fault, suggested_name

MANY = 10  # PTR names that receivers look at, of however many (RFC 7208 5.5); which ones is chance
MAX_NAMES = 64  # names that are looked at here

ONE_NAME = "Keep the PTR record with the HELO name of the server, and have the others removed."

MISSING = Rule(
    id="ptr/missing",
    severity=Severity.ERROR,
    title="The sending address has a PTR record",
    why="An address without reverse DNS looks like a home connection or a machine nobody set up; large receivers "
    "refuse its mail outright.",
    fix="Ask the owner of {part} (your provider or its control panel) for this record: `{record}`. Write: Please set "
    "the reverse DNS (PTR) of {part} to {proper}.",
    reference="RFC 1912 2.1; Outlook.com sender policies",
    needs=("ip",),
    prevents=("microsoft/DY-001", "microsoft/501-5.5.4", "microsoft/RP-001"),
)
NOT_CONFIRMED = Rule(
    id="ptr/not-forward-confirmed",
    severity=Severity.ERROR,
    title="A PTR name points back to the address (FCrDNS)",
    why="Anyone can write any name into their reverse zone. Only a name whose own A or AAAA record leads back to the "
    "address proves that both are run by the same people.",
    fix="In the zone of {name}, add this record: `{record}`. Or have the PTR of {part} name a host that has it.",
    reference="RFC 8601 2.7.3 (iprev)",
    needs=("ip",),
    prevents=("microsoft/DY-001", "microsoft/501-5.5.4", "microsoft/RP-001"),
)
MULTIPLE = Rule(
    id="ptr/multiple",
    severity=Severity.WARNING,
    title="The sending address has one PTR name",
    why="Receivers take one of several names, and which one is chance: checks of HELO against it then pass on one day "
    "and fail on the next.",
    fix="Keep the PTR record with the HELO name of the server, and have the others removed.",
    reference="RFC 1912 2.1",
    needs=("ip",),
)
INVALID_NAME = Rule(
    id="ptr/invalid-name",
    severity=Severity.ERROR,
    title="The PTR names a real host name",
    why="A reverse record that leads to localhost, to a single word or to text that no host name can be is treated "
    "like none at all.",
    fix="Have the PTR of {part} name the server's full host name, such as {proper}, instead of {name}.",
    reference="RFC 1123 2.1; RFC 1035 3.5",
    needs=("ip",),
    prevents=("microsoft/DY-001", "microsoft/501-5.5.4"),
)
NOT_PUBLIC = Rule(
    id="ptr/not-public",
    severity=Severity.WARNING,
    title="The sending address is one that the Internet sees",
    why="Receivers see the address after any translation (NAT). What DNS says of a private address tells nothing about "
    "how they will treat the mail.",
    fix="Give the public address that mail leaves from with --ip instead of {part}.",
    reference="RFC 6890",
    needs=("ip",),
)


async def _run(ctx: Context) -> None:
    await ctx.each(ctx.subject.ips, _address, _seen_by_receivers)


@judges(MISSING, MULTIPLE, INVALID_NAME, NOT_CONFIRMED)
async def _address(ctx: Context, ip: IPAddress) -> Findings:
    answer = await ctx.dns.confirmed(reverse_name(ip), "PTR")
    names = distinct(answer.values)
    if not names:
        proper = suggested_name(ctx.subject)
        record = f"{ptr_owner(ip, answer)}. PTR {proper}."
        if answer.aliases:
            yield MISSING.fails(
                ip,
                "{part} has no PTR record: its reverse name leads to {alias}, which has none",
                answer.evidence,
                alias=answer.aliases[-1],
                record=record,
                proper=proper,
            )
        else:
            yield MISSING.fails(ip, "{part} has no PTR record", answer.evidence, record=record, proper=proper)
        return
    yield MISSING.passes(ip, "{part} has a PTR record: {names}", answer.evidence, names=names[:MANY])
    if len(names) > 1:
        yield MULTIPLE.fails(
            ip, "{part} has {count} PTR names: {names}", answer.evidence, count=len(names), names=names[:MANY]
        )
    else:
        yield MULTIPLE.passes(ip, "{part} has one PTR name", answer.evidence)
    faults = [(name, fault) for name in names if (fault := host_name_fault(name))]
    if faults:
        name, fault = faults[0]
        places = {**fault.places, "name": name, "proper": suggested_name(ctx.subject)}
        yield INVALID_NAME.fails(ip, fault.sentence, answer.evidence, **places)
    else:
        yield INVALID_NAME.passes(ip, "each PTR name is a full host name", answer.evidence)
    async for finding in _confirm(ctx, ip, names, answer):
        yield finding


async def _confirm(ctx: Context, ip: IPAddress, names: tuple[str, ...], ptr: Answer) -> Findings:
    """Look for a PTR name that leads back. One is enough (RFC 8601 2.7.3); "none does" needs an answer for each.

    Names that the public DNS cannot have are not asked for: what a private name server says of `localhost` or
    `mail.lan` is not what receivers see.
    """
    rtype = "A" if ip.version == 4 else "AAAA"
    looked = names[:MAX_NAMES]
    askable = [name for name in looked if (fault := host_name_fault(name)) is None or fault.in_public_dns]
    outcomes = await asyncio.gather(*(ask(ctx.dns, name, rtype) for name in askable))
    pairs = list(zip(askable, outcomes, strict=True))
    good = [(name, one) for name, one in pairs if isinstance(one, Answer) and ip in one.addresses]
    # Any ten of the names have a good one among them.
    if good and (len(names) <= MANY or len(names) - len(good) < MANY):
        name, leads_back = good[0]
        yield NOT_CONFIRMED.passes(ip, "{part} → {name} → {part}", ptr.evidence, leads_back.evidence, name=name)
        return
    if good:
        yield NOT_CONFIRMED.undecided(
            ip,
            "{good} of {count} PTR names of {part} lead back to it; receivers look at {limit}, and which ones is "
            "chance",
            ptr.evidence,
            *(one.evidence for _, one in good[:MANY]),
            fix=ONE_NAME,
            good=len(good),
            count=len(names),
            limit=MANY,
        )
        return
    for outcome in outcomes:
        if isinstance(outcome, Unanswered):
            raise outcome
    evidence = [outcome.evidence for outcome in outcomes[:MANY]]
    if len(names) > MAX_NAMES:
        yield NOT_CONFIRMED.undecided(
            ip,
            "none of the first {looked} of {count} PTR names of {part} leads back to it; the others were not looked at",
            ptr.evidence,
            evidence,
            fix=ONE_NAME,
            looked=MAX_NAMES,
            count=len(names),
        )
        return
    name = askable[0] if askable else suggested_name(ctx.subject)
    yield NOT_CONFIRMED.fails(
        ip,
        "no PTR name of {part} leads back to it",
        ptr.evidence,
        evidence,
        name=name,
        record=f"{name}. {rtype} {ip}",
    )


@judges(NOT_PUBLIC)
async def _seen_by_receivers(_: Context, ip: IPAddress) -> Findings:
    if is_public(ip):
        yield NOT_PUBLIC.passes(ip, "{part} is a public address")
    else:
        yield NOT_PUBLIC.fails(ip, "{part} is a private or reserved address, which no receiver on the Internet sees")


CHECK = Check(
    id="ptr",
    title="Reverse DNS",
    rules=(MISSING, NOT_CONFIRMED, MULTIPLE, INVALID_NAME, NOT_PUBLIC),
    run=_run,
)
