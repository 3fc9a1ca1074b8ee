"""The sentences of the findings on blocklists: what a list says of a target, as a finding of a rule."""

from collections.abc import Sequence

from preflight.check import Rule
from preflight.findings import Evidence, Finding
from preflight.net.addresses import is_public
from preflight.text import Message, listing
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.lookup import Target
from preflight_checks.blocklists.reading import REMEDIES, SENTENCES, Doubt, Reading
from preflight_checks.blocklists.zones import Code

LISTED_AS = "{zone} lists {target} ({codes}): {meaning}"
LISTED_BECAUSE = "{zone} lists {target} ({codes}): {meaning}. It says: {reason}"


def fails(
    rule: Rule,
    part: object,
    door: Door,
    target: Target,
    codes: str,
    entries: Sequence[Code],
    reason: str,
    evidence: Sequence[Evidence],
) -> Finding:
    """A target is listed: by which list, with which codes, and what the list itself says of it."""
    return rule.fails(
        part,
        LISTED_BECAUSE if reason else LISTED_AS,
        evidence,
        zone=door,
        target=target,
        codes=codes,
        meaning=meaning(entries),
        reason=reason,
        delist=door.zone.delist or door.zone.operator,
    )


def not_listed(rule: Rule, part: object, door: Door, target: Target, reading: Reading) -> Finding:
    """A list that was proven alive does not list the target; of an address that is not public that says nothing."""
    if not isinstance(target, str) and not is_public(target):
        message = "{target} is a private or reserved address, of which lists of the Internet know nothing"
        fix = "Give the public address that mail leaves from with --ip instead of {target}."
        return rule.undecided(part, message, reading.evidence, fix=fix, target=target)
    if reading.asides:
        message = "{zone} does not list {target} so; it says of it: {meaning}"
        words = meaning(reading.asides)
        return rule.passes(part, message, reading.evidence, zone=door, target=target, meaning=words)
    return rule.passes(part, "{zone} does not list {target}", reading.evidence, zone=door, target=target)


def undecided(rule: Rule, part: object, door: Door, doubt: Doubt, evidence: Sequence[Evidence]) -> Finding:
    """A list, or one answer of it, cannot be used: why, and how to get an answer all the same."""
    return rule.undecided(
        part,
        SENTENCES[doubt.fault],
        evidence,
        fix=REMEDIES[doubt.fault],
        zone=door,
        seen=doubt.seen,
        meaning=doubt.meaning,
        terms=door.zone.terms,
        delist=door.zone.delist or door.zone.operator,
    )


def meaning(entries: Sequence[Code]) -> Message:
    """What documented codes mean, in words."""
    return listing((entry.meaning for entry in entries), "; ")
