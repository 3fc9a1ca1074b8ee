"""Blocklists: neither the sending addresses nor the names of the sender are listed where receivers look.

Only an answer that a list documents as a listing counts as one, and "not listed" only where the list was proven alive
(`preflight_checks.blocklists`). What is wrong with a list or with the resolver is said once, and is no word on the
sender.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.errors import ConfigError
from preflight.findings import Evidence, Finding, Severity
from preflight.net.addresses import IPAddress
from preflight.net.dns import Answer, NxDomain, Records, Unanswered
from preflight_checks.blocklists import plan
from preflight_checks.blocklists import verdicts as say
from preflight_checks.blocklists.door import Door, open_door
from preflight_checks.blocklists.health import Health, health_of
from preflight_checks.blocklists.lookup import ZEN, look_up, reason_of
from preflight_checks.blocklists.reading import REMEDIES, Doubt, Fault, Reading, State
from preflight_checks.blocklists.target import Target
from preflight_checks.blocklists.zones import load_zones

PROBE = "preflight-probe.invalid"  # RFC 6761 6.4: resolvers answer NXDOMAIN for every name under invalid

SBL = Rule(
    id="dnsbl/spamhaus-sbl",
    severity=Severity.ERROR,
    title="The sending address is not on the Spamhaus Block List (SBL)",
    why="An entry on the SBL is made by hand, for a known source of spam. Most large receivers refuse its mail.",
    fix="Find out at {delist} what the entry is about and stop it; then have the provider's abuse desk ask for the "
    "removal of {part}: nobody else can.",
    reference="https://www.spamhaus.org/blocklists/spamhaus-blocklist/",
    needs=("ip",),
    prevents=("microsoft/RP-001", "microsoft/SC-001", "microsoft/OU-002", "microsoft/OU-001"),
)
CSS = Rule(
    id="dnsbl/spamhaus-css",
    severity=Severity.ERROR,
    title="The sending address is not on Spamhaus CSS",
    why="CSS lists by itself what sends mail of low reputation: bought recipients, spam traps, a new address that "
    "sends much at once.",
    fix="Clean the recipients: only people who asked, without old addresses, bounces and complaints. Then ask for the "
    "removal of {part} at {delist}.",
    reference="https://www.spamhaus.org/blocklists/combined-spam-sources/",
    needs=("ip",),
    prevents=("microsoft/RP-001", "microsoft/SC-001", "microsoft/OU-002", "microsoft/OU-001"),
)
XBL = Rule(
    id="dnsbl/spamhaus-xbl",
    severity=Severity.ERROR,
    title="The sending address is not on the Exploits Block List (XBL)",
    why="The XBL lists machines that are compromised: malware, open proxies, stolen passwords.",
    fix="Take {part} for compromised: clean the machine first, or those behind the same address, change passwords, and "
    "let no other machine send to port 25. Then ask for removal at {delist}.",
    reference="https://www.spamhaus.org/blocklists/exploits-blocklist/",
    needs=("ip",),
    prevents=("microsoft/RP-001", "microsoft/SC-003", "microsoft/DY-002", "microsoft/OU-001"),
)
DROP = Rule(
    id="dnsbl/spamhaus-drop",
    severity=Severity.ERROR,
    title="The sending address is in no netblock of Spamhaus DROP",
    why="DROP lists netblocks that are hijacked, or leased by criminals. Many networks drop all traffic of theirs.",
    fix="Move: send from an address of another provider. The owner of the netblock of {part} has to clear it with "
    "Spamhaus ({delist}).",
    reference="https://www.spamhaus.org/blocklists/do-not-route-or-peer/",
    needs=("ip",),
    prevents=("microsoft/SC-001", "microsoft/OU-002", "microsoft/OU-001"),
)
BCL = Rule(
    id="dnsbl/spamhaus-bcl",
    severity=Severity.WARNING,
    title="The sending address is not on the Botnet Controller List (BCL)",
    why="The BCL lists addresses from which botnets are controlled. Networks drop all traffic with them, mail or not.",
    fix="Take {part} for a server of criminals: find what runs on it that is not yours, set the machine up anew, and "
    "change passwords. Entries end once the controller is gone; questions go through {delist}.",
    reference="https://www.spamhaus.org/blocklists/botnet-controller-list/",
    needs=("ip",),
)
LISTED = Rule(
    id="dnsbl/listed",
    severity=Severity.ERROR,
    title="The sending address is on no other blocklist that many receivers use",
    why="Receivers refuse mail from listed addresses before they look at it.",
    fix="See at {delist} why {target} is listed, mend the cause, then ask for removal there.",
    reference="RFC 5782; RFC 6471",
    needs=("ip",),
    prevents=("microsoft/RP-001", "microsoft/SC-001", "microsoft/OU-002"),
)
LISTED_MINOR = Rule(
    id="dnsbl/listed-minor",
    severity=Severity.WARNING,
    title="The sender is on no blocklist that some receivers use",
    why="Few receivers refuse mail on such a list alone, but filters add it up with other signs.",
    fix="See at {delist} why {target} is listed, mend the cause, then ask for removal there.",
    reference="RFC 5782; RFC 6471",
    needs=("ip|domain|helo",),
)
DOMAIN_LISTED = Rule(
    id="dnsbl/domain-listed",
    severity=Severity.ERROR,
    title="No name of the sender is on a blocklist of domains",
    why="A listed domain spoils mail from any address: receivers look up the sender's domain, the HELO name and the "
    "PTR name.",
    fix="See at {delist} why {target} is listed, mend the cause (a cracked site or account, bought recipients), then "
    "ask for removal there.",
    reference="RFC 5782 2.2; https://www.spamhaus.org/blocklists/domain-blocklist/",
    needs=("domain|helo",),
    prevents=("microsoft/SC-001", "microsoft/OU-002"),
)
LIST_UNUSABLE = Rule(
    id="dnsbl/list-unusable",
    severity=Severity.WARNING,
    title="The blocklist works",
    why="A dead list lists nothing, or everything; one that refuses says nothing. What it answers is then no word on "
    "the sender.",
    fix="Ask {part} through another resolver (--resolver). If it stays so, leave it out here (skip in [checks.dnsbl]) "
    "and in the mail server's own filters.",
    reference="RFC 5782 5; RFC 6471 3.3",
    needs=("ip|domain|helo",),
)
RESOLVER_UNFIT = Rule(
    id="dnsbl/resolver-unfit",
    severity=Severity.WARNING,
    title="The resolver is fit to ask blocklists",
    why="Lists refuse public resolvers, and a resolver that puts answers of its own in the place of NXDOMAIN makes "
    "everything look listed.",
    fix="Ask through a recursive resolver of your own, such as unbound (--resolver). For Spamhaus, a free key of its "
    "Data Query Service does it too (--dqs-key-file).",
    reference="RFC 6761 6.4; https://www.spamhaus.org/returnc/pub/",
    needs=("ip|domain|helo",),
)
ZEN_RULES = {"127.0.0.2": SBL, "127.0.0.3": CSS, "127.0.0.4": XBL, "127.0.0.9": DROP, "127.0.0.30": BCL}
"""Which code of ZEN breaks which rule. Its others (PBL) belong to the check of dynamic addresses."""


class DnsblOptions(msgspec.Struct, kw_only=True, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The table `[checks.dnsbl]`: lists of the catalogue to ask besides the default ones, and lists to leave out.

    Raises `ConfigError` for a name that the catalogue does not have, or has in its graveyard (with the reason).
    """

    zones: list[str] = []
    skip: list[str] = []

    def __post_init__(self) -> None:
        for name in (*self.zones, *self.skip):
            zone = load_zones().find(name)
            if zone.name == ZEN and name in self.skip:
                raise ConfigError(
                    f"{ZEN} cannot be skipped: it decides {SBL.id} and others; ignore those rules instead"
                )


def asked(ctx: Context) -> list[Door]:
    """The lists that this run asks: the default ones and the user's, as far as a rule that they serve is wanted."""
    options, zones = ctx.options(DnsblOptions), load_zones()
    chosen = [*zones.asked_by_default, *map(zones.find, options.zones)]
    skipped = [zones.find(name) for name in options.skip]
    doors = [open_door(zone, ctx.settings.secrets) for zone in dict.fromkeys(chosen) if zone not in skipped]
    serving = [door for door in doors if any(ctx.wants(rule) for rule in _served(door))]
    return serving or doors


def _served(door: Door) -> tuple[Rule, ...]:
    if door.zone.name == ZEN:
        return tuple(ZEN_RULES.values())
    if door.zone.weight != "major":
        return (LISTED_MINOR,)
    return (DOMAIN_LISTED,) if "domain" in door.zone.kinds else (LISTED,)


async def _run(ctx: Context) -> None:
    names = plan.names_of(ctx.subject)
    where = ", ".join(ctx.dns.servers) or "resolver"
    await asyncio.gather(
        ctx.each(ctx.subject.ips, _spamhaus, _address_lists),
        ctx.each(names, _domain_lists),
        _lists_and_reverse_names(ctx, names),
        ctx.each([where], _resolver),
    )


async def _lists_and_reverse_names(ctx: Context, names: Sequence[str]) -> None:
    targets = await plan.targets(ctx)
    more = [target for target in targets if isinstance(target, str) and target not in names]
    await asyncio.gather(
        ctx.each([door for door in asked(ctx) if plan.applicable(door, targets)], _list_works),
        ctx.each(more, _domain_lists),
        ctx.each(ctx.subject.ips if ctx.wants(DOMAIN_LISTED) else (), _reverse_names),
    )


@judges(SBL, CSS, XBL, DROP, BCL)
async def _spamhaus(ctx: Context, ip: IPAddress) -> Findings:
    """One question to ZEN decides all of these; its codes for dynamic addresses are the business of another check."""
    door = open_door(load_zones().find(ZEN), ctx.settings.secrets)
    reading = await look_up(ctx, door, ip)
    reason, said = "", tuple[Evidence, ...]()
    if not ZEN_RULES.keys().isdisjoint(reading.codes):
        reason, said = await reason_of(ctx, door, ip)
    for code, rule in ZEN_RULES.items():
        entries = [entry for entry in reading.listings if str(entry.pattern.first) == code]
        if reading.doubt is not None:
            yield say.undecided(rule, ip, door, ip, reading.doubt, reading.evidence)
        elif entries:
            yield say.fails(rule, ip, door, ip, reading, entries, [code], reason, said)
        elif reading.unknown:
            doubt = Doubt(Fault.UNKNOWN_CODE, ", ".join(reading.unknown))
            yield say.undecided(rule, ip, door, ip, doubt, reading.evidence)
        else:
            yield say.not_listed(rule, ip, door, ip, reading, reading.listings)


@judges(LISTED, LISTED_MINOR)
async def _address_lists(ctx: Context, ip: IPAddress) -> Findings:
    doors = [door for door in asked(ctx) if door.zone.name != ZEN]
    for finding in await _on_lists(ctx, ip, doors, LISTED):
        yield finding


@judges(DOMAIN_LISTED, LISTED_MINOR)
async def _domain_lists(ctx: Context, name: str) -> Findings:
    for finding in await _on_lists(ctx, name, asked(ctx), DOMAIN_LISTED):
        yield finding


async def _on_lists(ctx: Context, target: Target, doors: Sequence[Door], major: Rule) -> list[Finding]:
    """A finding for each list that says something of a target, or should have; where none does, one that says so."""
    from preflight_checks.blocklists.pydnsbl_adapter import survey  # here and not above: pydnsbl takes 50 ms to load

    doors = [door for door in doors if plan.applies(door, target)]
    if not doors:
        return []
    # Each list is asked for its reason as soon as it is known to have one: none waits for the slowest.
    surveyed, reasons = await asyncio.gather(
        survey(ctx, target, doors), asyncio.gather(*(_reason_on(ctx, door, target) for door in doors))
    )
    findings: list[Finding] = []
    silent: dict[str, list[str]] = {}
    for door, reason in zip(doors, reasons, strict=True):
        rule = major if door.zone.weight == "major" else LISTED_MINOR
        outcome = surveyed.outcomes[door.name]
        finding = _on_list(rule, door, target, outcome, *reason)
        if finding is not None:
            findings.append(finding)
        # A list that is proven dead refuses nobody's mail: it is no reason to leave the rule undecided.
        if door.zone.weight != "informational" and not _proven_dead(outcome):
            silent.setdefault(rule.id, [])
            silent[rule.id] += [door.name] if finding is None else [""]
    for rule in (major, LISTED_MINOR):
        lists = silent.get(rule.id, [])
        if lists and all(lists):
            findings.append(
                rule.undecided(
                    target, "no such list could be used for {part}: {lists}", fix=REMEDIES[Fault.NO_PROOF], lists=lists
                )
            )
    return findings


async def _reason_on(ctx: Context, door: Door, target: Target) -> tuple[str, tuple[Evidence, ...]]:
    """What a list says of a target that it lists; nothing where it does not."""
    try:
        reading = await look_up(ctx, door, target)
    except Unanswered:
        return "", ()
    return await reason_of(ctx, door, target) if reading.state is State.LISTED else ("", ())


def _proven_dead(outcome: Reading | Unanswered) -> bool:
    return isinstance(outcome, Reading) and outcome.doubt is not None and outcome.doubt.fault.proven


def _on_list(
    rule: Rule, door: Door, target: Target, outcome: Reading | Unanswered, reason: str, said: Sequence[Evidence]
) -> Finding | None:
    """What one list says of a target; nothing where the list cannot be used, which is said once for all targets."""
    part = f"{target} on {door.name}"
    informational = door.zone.weight == "informational"
    if isinstance(outcome, Unanswered):
        return None if informational else say.unanswered(rule, part, door, target, outcome)
    if outcome.doubt is not None:
        if outcome.doubt.fault.of_list or informational:
            return None
        return say.undecided(rule, part, door, target, outcome.doubt, outcome.evidence)
    if outcome.state is State.NOT_LISTED:
        return say.not_listed(rule, part, door, target, outcome)
    if informational:
        return say.for_information(rule, part, door, target, outcome, reason, said)
    return say.fails(rule, part, door, target, outcome, outcome.listings, outcome.codes, reason, said)


@judges(DOMAIN_LISTED)
async def _reverse_names(ctx: Context, ip: IPAddress) -> Findings:
    """Whether the names that the address has are known; they are looked up with the other names of the sender."""
    await plan.reverse_names(ctx, ip)
    for finding in tuple[Finding, ...]():
        yield finding


@judges(LIST_UNUSABLE)
async def _list_works(ctx: Context, door: Door) -> Findings:
    health = await health_of(ctx, door)
    yield (say.useless if health.doubts else say.works)(LIST_UNUSABLE, health)


@judges(RESOLVER_UNFIT)
async def _resolver(ctx: Context, where: str) -> Findings:
    """By what it does with a name that cannot exist, by its address, and by how the lists treat it."""
    probe = await _probe(ctx)
    if isinstance(probe, Records):
        message = "the resolver answers {seen} for {name}, which cannot exist: it rewrites NXDOMAIN"
        yield RESOLVER_UNFIT.fails(where, message, probe.evidence, seen=probe.values, name=PROBE)
        return
    public = {server: operator for server in ctx.dns.servers if (operator := plan.public_resolver(server))}
    if public:
        message = "{part} is a public resolver ({operators}), which blocklists refuse"
        part = ", ".join(public)
        yield RESOLVER_UNFIT.fails(part, message, probe.evidence, operators=sorted(set(public.values())))
        return
    hint = await _hint(ctx)
    if hint is not None:
        door, doubt = hint.door, next(doubt for doubt in hint.doubts if doubt.fault.hints_at_resolver)
        yield say.undecided(RESOLVER_UNFIT, where, door, None, doubt, (probe.evidence, *hint.evidence))
    elif isinstance(probe, Unanswered):
        raise probe
    elif isinstance(probe, NxDomain):
        message = "the resolver is no known public one, and keeps NXDOMAIN as it is"
        yield RESOLVER_UNFIT.passes(where, message, probe.evidence)
    else:
        message = "the resolver has no NXDOMAIN for {name}, which cannot exist"
        yield RESOLVER_UNFIT.undecided(where, message, probe.evidence, fix=RESOLVER_UNFIT.fix, name=PROBE)


async def _probe(ctx: Context) -> Answer | Unanswered:
    try:
        return await ctx.dns.query(PROBE, "A")
    except Unanswered as outcome:
        return outcome


async def _hint(ctx: Context) -> Health | None:
    """The first list whose answers hint at the resolver."""
    targets = await plan.targets(ctx)
    asking = [health_of(ctx, door) for door in asked(ctx) if plan.applicable(door, targets)]
    for health in await asyncio.gather(*asking):
        if any(doubt.fault.hints_at_resolver for doubt in health.doubts):
            return health
    return None


CHECK = Check(
    id="dnsbl",
    title="Blocklists",
    rules=(*ZEN_RULES.values(), LISTED, LISTED_MINOR, DOMAIN_LISTED, LIST_UNUSABLE, RESOLVER_UNFIT),
    run=_run,
    options=DnsblOptions,
)
