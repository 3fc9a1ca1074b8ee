"""The sentences of the findings on blocklists: what a list says of a target, as a finding of a rule.

Each finding on a list carries a record for programs among its evidence (`preflight.findings.RECORD`): a JSON object
with `zone`, `target`, `state`, `codes`, `meaning`, `reason`, `delist` and `fault`.
"""

import json
from collections.abc import Sequence

from preflight.check import Rule
from preflight.findings import RECORD, Evidence, Finding
from preflight.net.addresses import is_public
from preflight.net.dns import Unanswered
from preflight.text import Message, listing
from preflight_checks.blocklists.door import Door
from preflight_checks.blocklists.health import Health
from preflight_checks.blocklists.reading import REMEDIES, SENTENCES, Doubt, Fault, Reading, State
from preflight_checks.blocklists.target import Target
from preflight_checks.blocklists.zones import Code

LISTED_AS = "{zone} lists {target} ({codes}): {meaning}"
LISTED_BECAUSE = "{zone} lists {target} ({codes}): {meaning}. It says: {reason}"


def fails(
    rule: Rule,
    part: object,
    door: Door,
    target: Target,
    reading: Reading,
    entries: Sequence[Code],
    codes: Sequence[str],
    reason: str,
    said: Sequence[Evidence],
) -> Finding:
    """A target is listed: by which list, with which of its codes, and what the list itself says of it."""
    return rule.fails(
        part,
        LISTED_BECAUSE if reason else LISTED_AS,
        reading.evidence,
        said,
        record(door, target, reading, reason),
        zone=door,
        target=target,
        codes=codes,
        meaning=meaning(entries),
        reason=reason,
        delist=delist(door),
    )


def not_listed(
    rule: Rule, part: object, door: Door, target: Target, reading: Reading, others: Sequence[Code] = ()
) -> Finding:
    """A list that was proven alive does not list the target; of an address that is not public that says nothing.

    `others` are codes of the answer that break other rules.
    """
    evidence = (*reading.evidence, record(door, target, reading))
    if not isinstance(target, str) and not is_public(target):
        message = "{target} is a private or reserved address, of which lists of the Internet know nothing"
        fix = "Give the public address that mail leaves from with --ip instead of {target}."
        return rule.undecided(part, message, evidence, fix=fix, target=target)
    if others or reading.asides:
        message = "{zone} does not list {target} so; it says of it: {meaning}"
        words = meaning([*others, *reading.asides])
        return rule.passes(part, message, evidence, zone=door, target=target, meaning=words)
    return rule.passes(part, "{zone} does not list {target}", evidence, zone=door, target=target)


def for_information(
    rule: Rule, part: object, door: Door, target: Target, reading: Reading, reason: str, said: Sequence[Evidence]
) -> Finding:
    """A list on which nobody should refuse mail has the target; `reason` is what it says of it itself."""
    return rule.passes(
        part,
        "{zone} lists {target} ({codes}: {meaning}), which is for information: mail is not refused on it alone",
        reading.evidence,
        said,
        record(door, target, reading, reason),
        zone=door,
        target=target,
        codes=reading.codes,
        meaning=meaning(reading.listings),
    )


def undecided(
    rule: Rule, part: object, door: Door, target: Target | None, doubt: Doubt, evidence: Sequence[Evidence]
) -> Finding:
    """A list, or one answer of it, cannot be used: why, and how to get an answer all the same."""
    return rule.undecided(
        part,
        SENTENCES[doubt.fault],
        evidence,
        _doubted(door, target, doubt),
        fix=REMEDIES[doubt.fault],
        zone=door,
        seen=doubt.seen,
        meaning=doubt.meaning,
        terms=door.zone.terms,
        delist=delist(door),
    )


def unanswered(rule: Rule, part: object, door: Door, target: Target, outcome: Unanswered) -> Finding:
    """A list that is alive gave no answer for this one target."""
    return rule.undecided(
        part,
        "no answer from {zone} for {target}: {seen}",
        outcome.evidence,
        _facts(door, target, State.UNUSABLE.value, fault="no answer"),
        fix=REMEDIES[Fault.NO_PROOF],
        zone=door,
        target=target,
        seen=outcome.evidence.seen,
    )


def works(rule: Rule, health: Health) -> Finding:
    """A list was proven alive, in this run or less than a day before it."""
    door = health.door
    evidence = (*health.evidence, _facts(door, None, "works"))
    if health.since is not None:
        message = "{part} works: it was proven so at {since}, and nothing in this run speaks against it"
        return rule.passes(door, message, evidence, since=health.since.isoformat(timespec="seconds"))
    return rule.passes(door, "{part} works: it lists its test entry, and does not list what no list may", evidence)


def useless(rule: Rule, health: Health) -> Finding:
    """A list is proven not to be believed, or could not be shown to work."""
    door, doubt = health.door, health.doubts[0]
    if not doubt.fault.proven:
        return undecided(rule, door, door, None, doubt, health.evidence)
    sentence, record_ = SENTENCES[doubt.fault], _doubted(door, None, doubt)
    return rule.fails(door, sentence, health.evidence, record_, zone=door, seen=doubt.seen)


def meaning(entries: Sequence[Code]) -> Message:
    """What documented codes mean, in words."""
    return listing((entry.meaning for entry in entries), "; ")


def delist(door: Door) -> str:
    """Where a list is asked for the removal of an entry: a page, else the operator's name."""
    return door.zone.delist or door.zone.operator


def record(door: Door, target: Target, reading: Reading, reason: str = "") -> Evidence:
    """What a list says of a target, for programs: all that it says, whichever of it breaks the rule at hand."""
    if reading.doubt is not None:
        return _doubted(door, target, reading.doubt)
    entries = (*reading.listings, *reading.asides)
    codes = reading.codes or reading.other_codes
    return _facts(door, target, reading.state.value, codes, "; ".join(one.meaning.en for one in entries), reason)


def _doubted(door: Door, target: Target | None, doubt: Doubt) -> Evidence:
    codes = [doubt.seen] if doubt.fault.by_code else []
    return _facts(door, target, State.UNUSABLE.value, codes, doubt.meaning.en, fault=doubt.fault.value)


def _facts(
    door: Door,
    target: Target | None,
    state: str,
    codes: Sequence[str] = (),
    meaning: str = "",
    reason: str = "",
    fault: str = "",
) -> Evidence:
    facts = {
        "zone": door.name,
        "target": None if target is None else str(target),
        "state": state,
        "codes": list(codes),
        "meaning": meaning,
        "reason": reason,
        "delist": door.zone.delist,
        "fault": fault,
    }
    asked = door.name if target is None else f"{target} on {door.name}"
    return Evidence(RECORD, asked, json.dumps(facts, ensure_ascii=False))
