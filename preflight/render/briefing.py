"""What a person needs of a report, whatever the format: the verdict in a sentence, what was checked, failures in the
order of their effect, and what is open, by cause."""

import ipaddress
from collections.abc import Iterable, Sequence

from preflight.findings import RECORD, Finding, Severity, Status
from preflight.ledger import NO_ANSWER
from preflight.net.addresses import IPAddress
from preflight.policy import Verdict
from preflight.report import Judged, Notice, Report
from preflight.subject import Subject
from preflight.text import Message

MANY_ADDRESSES = 6  # that are named one by one


def meaning(report: Report) -> Message:
    """The verdict in a sentence or two."""
    failed = [judged for judged in report.findings if judged.finding.status is Status.FAIL]
    undecided = sum(judged.undecided for judged in report.findings)
    match report.verdict:
        case Verdict.NO_GO:
            text = "Receivers are likely to refuse this mail. To fix before it is sent: {count}."
            return _with(text, count=sum(judged.fails for judged in failed))
        case Verdict.INCOMPLETE if undecided:
            return _with("It could not be told whether receivers take this mail. Open: {count}.", count=undecided)
        case Verdict.INCOMPLETE:
            return Message("Nothing was judged: no rule had what it needs.")
        case Verdict.GO if any(judged.severity is Severity.ERROR for judged in failed):
            text = "No failure counts. Let pass: {count}; receivers may refuse this mail all the same."
            return _with(text, count=len(failed))
        case Verdict.GO if undecided:
            text = "Nothing that could be checked stops this mail. Failed: {failed}; could not be told: {count}."
            return _with(text, failed=len(failed), count=undecided)
        case Verdict.GO if failed:
            text = "Nothing that was checked stops this mail. Smaller things to look at: {count}."
            return _with(text, count=len(failed))
        case Verdict.GO:
            return Message("Nothing that was checked speaks against sending.")


def _with(template: str, **counts: int) -> Message:
    return Message(template, {name: str(count) for name, count in counts.items()})


def inputs(subject: Subject) -> list[tuple[str, str | Message]]:
    """What was given to check, as (label, text), without what was not given. Labels are templates."""
    addresses = _addresses(subject.ips)
    if not addresses and subject.ips_unknown:
        addresses = Message("not known: {reason}", {"reason": subject.ips_unknown})
    rows = [
        ("name", subject.name),
        ("host", subject.host),
        ("addresses", addresses),
        ("HELO", subject.helo),
        ("domain", subject.domain),
        ("envelope", ", ".join(sender or "<>" for sender in subject.mail_from)),
        ("selectors", ", ".join(subject.dkim_selectors)),
        ("message", subject.message and subject.message.label),
        ("server", subject.server and str(subject.server)),
        ("outbound", subject.outbound and str(subject.outbound)),
    ]
    return [(label, text) for label, text in rows if text]


def standard(report: Report) -> list[tuple[str, Message]]:
    """Whose demands the report is judged by, as a row of the same kind; none without a profile."""
    return [("judged for", report.weighed_by)] if report.weighed_by is not None else []


def _addresses(ips: Sequence[IPAddress]) -> str | Message:
    """Each address; the blocks that they make up when they are many."""
    if len(ips) <= MANY_ADDRESSES:
        return ", ".join(map(str, ips))
    v4 = [ipaddress.IPv4Network(ip) for ip in ips if isinstance(ip, ipaddress.IPv4Address)]
    v6 = [ipaddress.IPv6Network(ip) for ip in ips if isinstance(ip, ipaddress.IPv6Address)]
    networks = (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))
    blocks = [str(block).removesuffix("/32").removesuffix("/128") for block in networks]
    count = f"{len(ips):,}"
    if len(blocks) <= MANY_ADDRESSES:
        return Message("{count} addresses: {blocks}", {"count": count, "blocks": ", ".join(blocks)})
    named = ", ".join(blocks[:MANY_ADDRESSES])
    more = Message("{named} and {count} more", {"named": named, "count": str(len(blocks) - MANY_ADDRESSES)})
    return Message("{count} addresses: {blocks}", {"count": count, "blocks": more})


def notices(reports: Iterable[Report]) -> list[Notice]:
    """What the reports of a run have to note."""
    return [notice for report in reports for notice in report.notices]


def labels(reports: Sequence[Report]) -> list[str]:
    """A name for each subject of a run that no other has: its label, with a number behind it where that is taken."""
    made: dict[str, None] = {}
    for report in reports:
        label = report.subject.label or "-"
        number = 1
        while (name := label if number == 1 else f"{label} ({number})") in made:
            number += 1
        made[name] = None
    return list(made)


def by_effect(findings: Iterable[Judged]) -> list[Judged]:
    """The failures: those that count first, then by severity, then by how many bounces they prevent; waived ones last.

    Equals stay in the order of the checks.
    """

    def weight(judged: Judged) -> tuple[bool, bool, int, int]:
        return (not judged.fails, judged.let_pass, -judged.severity.rank, -len(judged.prevents))

    return sorted((judged for judged in findings if judged.finding.status is Status.FAIL), key=weight)


def by_cause(findings: Iterable[Judged]) -> list[list[Judged]]:
    """What could not be told, in groups that have one reason, since a dead name server leaves dozens of them; the
    groups with the greatest severity first."""
    groups: dict[tuple[object, ...], list[Judged]] = {}
    for judged in findings:
        if judged.undecided:
            groups.setdefault(_cause(judged), []).append(judged)
    return sorted(groups.values(), key=lambda group: -max(judged.severity.rank for judged in group))


def _cause(judged: Judged) -> tuple[object, ...]:
    finding = judged.finding
    fix = str(finding.fix or "")
    if finding.message.template == NO_ANSWER:
        return (finding.status, NO_ANSWER, str(finding.message.args["seen"]), fix)
    return (finding.status, finding.message.template, _looks(finding), fix)


def _looks(finding: Finding) -> tuple[str, ...]:
    return tuple(one.seen for one in finding.evidence if one.source != RECORD)
