"""What a run says of the user's own words: of a waiver that is about nothing any more. It never changes a verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from preflight.findings import Status
from preflight.policy import Policy, Waiver
from preflight.report import Judged, Notice, NoticeKind, Report
from preflight.text import Message

UNMATCHED = "The waiver of {rule} matches no failure: take it out of the file. Its reason was: {reason}"
UNMATCHED_PART = "The waiver of {rule} for {part} matches no failure: take it out of the file. Its reason was: {reason}"


def with_stale_waivers(reports: Sequence[Report], policy: Policy) -> list[Report]:
    """The reports of a run over all that the policy is about, the first with a notice for each waiver that matches no
    failure of any of them.

    There is none for a waiver whose rule could not be decided, was skipped or not selected: it may well be needed.
    """
    findings = [judged for report in reports for judged in report.findings]
    stale = [waiver for waiver in policy.waivers if policy.selects(waiver.rule) and _is_stale(waiver, findings)]
    return with_notices(reports, [_notice(waiver) for waiver in stale])


def with_notices(reports: Sequence[Report], notices: Sequence[Notice]) -> list[Report]:
    """The reports of a run, the first with further notices."""
    if not notices or not reports:
        return list(reports)
    first, *others = reports
    return [replace(first, notices=(*first.notices, *notices)), *others]


def _is_stale(waiver: Waiver, findings: Iterable[Judged]) -> bool:
    """Whether the findings show that there is nothing to let pass."""
    named = [judged.finding for judged in findings if any(waiver.names(rule) for rule in judged.finding.rules)]
    about = [finding.status for finding in named if waiver.covers(finding)]
    if Status.FAIL in about:
        return False
    if about and waiver.part is not None and set(about) == {Status.PASS}:
        return True
    # What could not be told, or was skipped, need not have the part that a failure would have.
    return all(finding.status in (Status.PASS, Status.FAIL) for finding in named)


def _notice(waiver: Waiver) -> Notice:
    template = UNMATCHED if waiver.part is None else UNMATCHED_PART
    args = {"rule": waiver.rule, "reason": waiver.reason, "part": waiver.part or ""}
    return Notice(NoticeKind.UNMATCHED_WAIVER, Message(template, args))
