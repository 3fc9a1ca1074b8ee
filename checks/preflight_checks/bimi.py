"""BIMI: the logo that mail programs show beside mail of the domain, where DMARC is enforced.

No receiver asks for it. What is published must be right all the same, or no logo is shown and nobody says why.
"""

import re
from collections.abc import Mapping

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Severity
from preflight.text import Message
from preflight_checks.senderauth.dkim_tags import read_tags
from preflight_checks.senderauth.dmarc_discovery import Discovery, discover, organization
from preflight_checks.senderauth.dmarc_record import Policy
from preflight_checks.transport.records import Versioned, find_versioned, shortened

_DRAFT = "draft-brand-indicators-for-message-identification"
_LOGO = re.compile(r"https://[^\s,;]+\.svgz?(?:[?#][^\s,;]*)?", re.IGNORECASE)
_EVIDENCE = re.compile(r"https://[^\s,;]+", re.IGNORECASE)

INVALID = Rule(
    id="bimi/invalid",
    severity=Severity.INFO,
    title="A BIMI record can be read",
    why="Mail programs show no logo for a record that they cannot read.",
    fix="Leave one TXT record at {name}: `v=BIMI1; l=https://…/logo.svg; a=https://…/certificate.pem`.",
    reference=f"{_DRAFT} 4.2",
    needs=("domain",),
)
NO_EVIDENCE = Rule(
    id="bimi/no-certificate",
    severity=Severity.INFO,
    title="A certificate says that the BIMI logo is the sender's",
    why="Gmail and Apple show a logo only where a certificate (VMC or CMC) vouches for it.",
    fix="Get a certificate for the logo, publish it, and name it in a= of the record at {name}.",
    reference=f"{_DRAFT} 4.2; Google, Set up BIMI",
    needs=("domain",),
)
NOT_ENFORCED = Rule(
    id="bimi/dmarc-not-enforced",
    severity=Severity.INFO,
    title="DMARC is enforced where there is a BIMI logo",
    why="A logo is shown only for domains whose DMARC policy is quarantine or reject for all of their mail.",
    fix="Set p=quarantine or p=reject in the DMARC record of {part}, without pct= below 100, when its reports show "
    "that all of your own mail passes.",
    reference=f"{_DRAFT} 7.1",
    needs=("domain",),
)


async def _run(ctx: Context) -> None:
    if ctx.subject.domain is not None:
        await ctx.each([ctx.subject.domain], _record)


@judges(INVALID, NO_EVIDENCE, NOT_ENFORCED)
async def _record(ctx: Context, domain: str) -> Findings:
    found = await _find(ctx, domain)
    seen, name = found.answer.evidence, found.name
    if not found.records and not found.near:
        yield INVALID.passes(domain, "{part} has no BIMI record, and no receiver asks for one", seen)
        return
    tags = _tags(found)
    if isinstance(tags, Message):
        yield INVALID.fails(domain, "the record at {name} cannot be read: {why}", seen, name=name, why=tags)
        return
    if not tags.get("l") and not tags.get("a"):
        yield INVALID.passes(domain, "{part} says by its BIMI record that it has no logo", seen)
        return
    yield INVALID.passes(domain, "{name} has one record, which can be read", seen, name=name)
    if tags.get("a"):
        yield NO_EVIDENCE.passes(domain, "the BIMI record names a certificate: {uri}", seen, uri=shortened(tags["a"]))
    else:
        yield NO_EVIDENCE.fails(domain, "the BIMI record of {part} names no certificate (a=)", seen, name=name)
    await ctx.each([domain], _enforcement)


@judges(NOT_ENFORCED)
async def _enforcement(ctx: Context, domain: str) -> Findings:
    found = await discover(ctx.dns, domain)
    why = _laxity(found)
    if why is None:
        yield NOT_ENFORCED.passes(domain, "the DMARC policy of {part} is enforced", found.evidence)
    else:
        yield NOT_ENFORCED.fails(domain, "{part} has a BIMI record, and {why}", found.evidence, why=why)


async def _find(ctx: Context, domain: str) -> Versioned:
    """The record of the domain, or else that of its organization. Raises `Unanswered`."""
    found = await find_versioned(ctx.dns, f"default._bimi.{domain}", "BIMI1")
    above = organization(domain)
    if found.records or found.near or above == domain:
        return found
    return await find_versioned(ctx.dns, f"default._bimi.{above}", "BIMI1")


def _tags(found: Versioned) -> Mapping[str, str] | Message:
    """The tags of the one record; or what is wrong."""
    if len(found.records) > 1:
        return Message("there are {count} of them", {"count": str(len(found.records))})
    if not found.records:
        return Message("it does not begin with v=BIMI1;: {record}", {"record": shortened(found.near[0])})
    tags = read_tags(found.records[0])
    return tags if isinstance(tags, Message) else _fault(tags) or tags


def _fault(tags: Mapping[str, str]) -> Message | None:
    logo, evidence = tags.get("l"), tags.get("a", "")
    if logo is None:
        return Message("it lacks the tag {tag}=", {"tag": "l"})
    if logo and not _LOGO.fullmatch(logo):
        return Message("its l= is no https: address of an SVG file: {uri}", {"uri": shortened(logo)})
    if evidence and not _EVIDENCE.fullmatch(evidence):
        return Message("its a= is no https: address: {uri}", {"uri": shortened(evidence)})
    return None


def _laxity(found: Discovery) -> Message | None:
    """Why DMARC does not count as enforced."""
    applied = found.applied
    if applied is None:
        return Message("no DMARC policy")
    policies = [applied.policy, applied.record.p, applied.record.sp]
    if Policy.NONE in policies:
        return Message("its DMARC policy, or that for sub-domains, is none")
    if applied.record.testing:
        return Message("its DMARC policy is in test (t=y)")
    if applied.record.percent < 100:
        return Message("its DMARC policy is for {percent} % of the mail only", {"percent": str(applied.record.percent)})
    return None


CHECK = Check(id="bimi", title="BIMI", rules=(INVALID, NO_EVIDENCE, NOT_ENFORCED), run=_run)
