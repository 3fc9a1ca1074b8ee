"""Would a receiver take the sending address for an end-user line? By its PTR names, its neighbours and Spamhaus PBL."""

import asyncio
import ipaddress
from collections.abc import Sequence

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Severity
from preflight.net.addresses import IPAddress, is_public, reverse_name
from preflight.net.dns import Answer, Unanswered
from preflight.text import Message, listing
from preflight_checks.blocklists import Reading, State, zen_reading
from preflight_checks.blocklists.reading import SENTENCES
from preflight_checks.hosts import ask
from preflight_checks.names import distinct, suggested_name
from preflight_checks.rdns import Classification, Kind, classify
from preflight_checks.rdns_signs import masked

MANY = 10  # PTR names that are judged
PBL_BY_ISP = "127.0.0.10"
PBL_BY_SPAMHAUS = "127.0.0.11"
_BY_PROVIDER = Message(
    "have your provider take it out of the range that it entered (https://check.spamhaus.org says whether you may do "
    "so yourself)"
)
_BY_YOURSELF = Message("remove it yourself at https://check.spamhaus.org")
_ALIKE = 2  # neighbours with names of the same form that make a template of it; one may be a second server

DYNAMIC_PTR = Rule(
    id="dynamic-ip/dynamic-ptr",
    severity=Severity.ERROR,
    title="The PTR name does not look like an end-user line",
    why="Receivers take no mail from addresses that providers hand out to homes, and tell them by names made of the "
    "address and words such as dyn, dhcp, pool or adsl.",
    fix="If the address is a static one of your own, ask its owner (your provider or its control panel) for this "
    "record: `{record}`. If it is a home line, send through your provider's relay (smart host) instead.",
    reference="Outlook.com sender policies; M3AAWG Sender Best Common Practices",
    needs=("ip",),
    prevents=("microsoft/DY-001",),
)
GENERIC_PTR = Rule(
    id="dynamic-ip/generic-ptr",
    severity=Severity.WARNING,
    title="The PTR name was chosen for this server",
    why="The name that a provider gives by itself says that nobody set the server up for mail. Receivers trust it "
    "little, and some treat it like a dynamic one.",
    fix="Set a PTR name of your own in your provider's control panel: `{record}`.",
    reference="Outlook.com sender policies; M3AAWG Sender Best Common Practices",
    needs=("ip",),
    prevents=("microsoft/DY-001",),
)
GENERIC_PBL = Rule(
    id="dynamic-ip/generic-pbl",
    severity=Severity.ERROR,
    title="An address with the provider's name for it is not in Spamhaus PBL",
    why="A name that the provider gave, in a range that is said to send no mail: together they are what receivers "
    "take for a dynamic address, even where each alone would pass.",
    fix="Set a PTR name of your own first (`{record}`), then take {part} out of the PBL: https://check.spamhaus.org "
    "says how. The PBL refuses removals for addresses that have a provider's name.",
    reference="https://www.spamhaus.org/blocklists/policy-blocklist/",
    needs=("ip",),
    prevents=("microsoft/DY-001",),
)
PBL_LISTED = Rule(
    id="dynamic-ip/pbl-listed",
    severity=Severity.ERROR,
    title="The address is not in Spamhaus PBL",
    why="The PBL lists ranges that should not send mail directly to receivers, dynamic ones above all. Outlook.com and "
    "many others refuse mail from them outright.",
    fix="If {part} is a static address that runs a mail server of your own, set its PTR record, then {removal}. Else "
    "send through your provider's relay (smart host).",
    reference="https://www.spamhaus.org/blocklists/policy-blocklist/",
    needs=("ip",),
    prevents=("microsoft/DY-001", "microsoft/OU-001"),
)
TEMPLATED = Rule(
    id="dynamic-ip/templated-neighbours",
    severity=Severity.WARNING,
    title="The PTR name differs from those of the neighbours",
    why="Where all addresses around have names of one form, the name says nothing of this server: receivers see a "
    "pool, even if no word in it gives it away.",
    fix="Ask the owner of {part} for a PTR name that tells what the server is: `{record}`.",
    reference="M3AAWG Sender Best Common Practices",
    needs=("ip",),
    prevents=("microsoft/DY-001",),
)


async def _run(ctx: Context) -> None:
    await ctx.each(ctx.subject.ips, _names, _generic_and_listed, _neighbours, _pbl)


@judges(DYNAMIC_PTR, GENERIC_PTR)
async def _names(ctx: Context, ip: IPAddress) -> Findings:
    answer, judged = await _judged(ctx, ip)
    if not judged:
        return  # what a missing name means is said by ptr/missing
    custom = _of_kind(judged, Kind.CUSTOM)
    if custom is not None:
        name, verdict = custom
        for rule in (DYNAMIC_PTR, GENERIC_PTR):
            yield rule.passes(
                ip,
                "{name} looks like a name that was chosen for {part}: {reasons}",
                answer.evidence,
                name=name,
                reasons=_told(verdict),
            )
        return
    record = f"{reverse_name(ip)}. PTR {suggested_name(ctx.subject)}."
    dynamic = _of_kind(judged, Kind.DYNAMIC)
    if dynamic is not None:
        name, verdict = dynamic
        yield DYNAMIC_PTR.fails(
            ip,
            "the PTR name {name} of {part} looks like an end-user line: {reasons}",
            answer.evidence,
            name=name,
            reasons=_told(verdict),
            record=record,
        )
        yield GENERIC_PTR.passes(ip, "{name} is no default name of a server", answer.evidence, name=name)
        return
    name, verdict = next(iter(judged.items()))
    yield DYNAMIC_PTR.passes(ip, "{name} does not look like an end-user line", answer.evidence, name=name)
    yield GENERIC_PTR.fails(
        ip,
        "the PTR name {name} of {part} looks like one that the provider gave by itself: {reasons}",
        answer.evidence,
        name=name,
        reasons=_told(verdict),
        record=record,
    )


@judges(GENERIC_PBL)
async def _generic_and_listed(ctx: Context, ip: IPAddress) -> Findings:
    """The two pieces of evidence together. The list is asked only where the name leaves it to the list."""
    answer, judged = await _judged(ctx, ip)
    if not judged:
        return
    name = next(iter(judged))
    if any(verdict.kind is not Kind.GENERIC for verdict in judged.values()):
        yield GENERIC_PBL.passes(ip, "not every name of {part} is the default name of a server", answer.evidence)
        return
    reading = await zen_reading(ctx, ip)
    if reading.doubt is not None:
        yield GENERIC_PBL.undecided(
            ip,
            SENTENCES[reading.doubt.fault],
            reading.evidence,
            zone=reading.zone,
            seen=reading.doubt.seen,
            meaning=reading.doubt.meaning,
        )
    elif (code := _pbl_code(reading)) is not None:
        yield GENERIC_PBL.fails(
            ip,
            "{name} is a name that the provider gave, and {part} is in Spamhaus PBL ({code})",
            answer.evidence,
            reading.evidence,
            name=name,
            code=code,
            record=f"{reverse_name(ip)}. PTR {suggested_name(ctx.subject)}.",
        )
    elif not is_public(ip):
        yield GENERIC_PBL.undecided(
            ip,
            "{target} is a private or reserved address, of which lists of the Internet know nothing",
            reading.evidence,
            fix="Give the public address that mail leaves from with --ip instead of {target}.",
            target=ip,
        )
    else:
        yield GENERIC_PBL.passes(ip, "{part} is not in Spamhaus PBL", answer.evidence, reading.evidence)


@judges(TEMPLATED)
async def _neighbours(ctx: Context, ip: IPAddress) -> Findings:
    """Ask for the names around, where the name itself decides nothing. A few questions, and none beyond."""
    answer, judged = await _judged(ctx, ip)
    if _of_kind(judged, Kind.CUSTOM) is None:
        return  # no name, or none that the other rules have not judged already
    settled = next((name for name, verdict in judged.items() if verdict.settled), None)
    if settled is not None:
        yield TEMPLATED.passes(ip, "{name} shows that it was chosen for {part}", answer.evidence, name=settled)
        return
    around = neighbours(ip)
    outcomes = await asyncio.gather(*(ask(ctx.dns, reverse_name(one), "PTR") for one in around))
    seen = [outcome.evidence for outcome in outcomes]
    names = [name for name, verdict in judged.items() if verdict.kind is Kind.CUSTOM]
    name, twins = max(((name, _twins(name, around, outcomes)) for name in names), key=lambda pair: len(pair[1]))
    if len(twins) >= _ALIKE:
        yield TEMPLATED.fails(
            ip,
            "{name} has the form of the names around it: {twins}",
            answer.evidence,
            seen,
            name=name,
            twins=twins,
            record=f"{reverse_name(ip)}. PTR {suggested_name(ctx.subject)}.",
        )
        return
    unanswered = [outcome for outcome in outcomes if isinstance(outcome, Unanswered)]
    if unanswered and len(twins) + len(unanswered) >= _ALIKE:
        raise unanswered[0]
    yield TEMPLATED.passes(ip, "the names around {part} have other forms, or there are none", answer.evidence, seen)


@judges(PBL_LISTED)
async def _pbl(ctx: Context, ip: IPAddress) -> Findings:
    reading = await zen_reading(ctx, ip)
    if reading.doubt is not None:  # State.UNUSABLE
        yield PBL_LISTED.undecided(
            ip,
            SENTENCES[reading.doubt.fault],
            reading.evidence,
            zone=reading.zone,
            seen=reading.doubt.seen,
            meaning=reading.doubt.meaning,
        )
    elif reading.state is State.LISTED and PBL_BY_ISP in reading.codes:
        yield PBL_LISTED.fails(
            ip,
            "{part} is in Spamhaus PBL ({code}): its provider entered the range",
            reading.evidence,
            code=PBL_BY_ISP,
            removal=_BY_PROVIDER,
        )
    elif reading.state is State.LISTED and PBL_BY_SPAMHAUS in reading.codes:
        yield PBL_LISTED.fails(
            ip,
            "{part} is in Spamhaus PBL ({code}): Spamhaus entered the range",
            reading.evidence,
            code=PBL_BY_SPAMHAUS,
            removal=_BY_YOURSELF,
        )
    elif not is_public(ip):
        yield PBL_LISTED.undecided(
            ip,
            "{target} is a private or reserved address, of which lists of the Internet know nothing",
            reading.evidence,
            fix="Give the public address that mail leaves from with --ip instead of {target}.",
            target=ip,
        )
    else:
        yield PBL_LISTED.passes(ip, "{part} is not in Spamhaus PBL", reading.evidence)


def _pbl_code(reading: Reading) -> str | None:
    """The code of the PBL in a reading of ZEN, if the address is in it."""
    if reading.state is not State.LISTED:
        return None
    return next((code for code in (PBL_BY_ISP, PBL_BY_SPAMHAUS) if code in reading.codes), None)


async def _judged(ctx: Context, ip: IPAddress) -> tuple[Answer, dict[str, Classification]]:
    """The PTR answer and the judgement of each name in it. Raises `Unanswered`."""
    answer = await ctx.dns.query(reverse_name(ip), "PTR")
    return answer, {name: classify(name, ip) for name in distinct(answer.values)[:MANY]}


def _of_kind(judged: dict[str, Classification], kind: Kind) -> tuple[str, Classification] | None:
    return next(((name, verdict) for name, verdict in judged.items() if verdict.kind is kind), None)


def _told(verdict: Classification) -> Message:
    return listing(verdict.reasons, "; ")


def neighbours(ip: IPAddress) -> tuple[IPAddress, ...]:
    """The addresses whose names are compared: two on either side within the /24, or one on either side for IPv6."""
    reach = (-1, 1, -2, 2) if ip.version == 4 else (-1, 1)
    network = ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = ipaddress.IPv4Address if ip.version == 4 else ipaddress.IPv6Address
    return tuple(kind(int(ip) + step) for step in reach if first <= int(ip) + step <= last)


def _twins(name: str, around: Sequence[IPAddress], outcomes: Sequence[Answer | Unanswered]) -> list[str]:
    """The neighbours, with their names, that have a name which is ours but for its numbers."""
    twins = []
    for one, outcome in zip(around, outcomes, strict=True):
        others = outcome.values[:MANY] if isinstance(outcome, Answer) else ()
        form = masked(name, one.version)
        twins += [f"{one} {other}" for other in others if masked(other, one.version) == form][:1]
    return twins


CHECK = Check(
    id="dynamic-ip",
    title="Static or dynamic address",
    rules=(DYNAMIC_PTR, GENERIC_PTR, GENERIC_PBL, PBL_LISTED, TEMPLATED),
    run=_run,
)
