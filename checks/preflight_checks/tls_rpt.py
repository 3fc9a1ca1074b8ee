"""TLS-RPT: where senders report mail that they could not encrypt to the domain as it promises (RFC 8460)."""

import re

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Severity
from preflight.text import Message
from preflight_checks.senderauth.dkim_tags import read_tags
from preflight_checks.transport.records import find_versioned, judge_versioned, shortened

_ADDRESS = re.compile(r"mailto:[^@\s!,;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.IGNORECASE)
_WEB = re.compile(r"https://[A-Za-z0-9.:\[\]-]+(/[^\s,;]*)?", re.IGNORECASE)

MISSING = Rule(
    id="tls-rpt/missing",
    severity=Severity.INFO,
    title="The sender domain takes reports on failed encryption",
    why="Whoever promises encryption by MTA-STS or DANE learns of mail that was held back for it from these reports "
    "alone. It is no condition of any receiver.",
    fix="Add this record: `{record}`.",
    reference="RFC 8460 3",
    needs=("domain",),
)
INVALID = Rule(
    id="tls-rpt/invalid",
    severity=Severity.WARNING,
    title="There is one TLS-RPT record, and it can be read",
    why="Senders that cannot read the record, or find two, report to nobody.",
    fix="Leave one TXT record at _smtp._tls.{part}: `v=TLSRPTv1; rua=mailto:tls-reports@{part}`.",
    reference="RFC 8460 3",
    needs=("domain",),
)


async def _run(ctx: Context) -> None:
    if ctx.subject.domain is not None:
        await ctx.each([ctx.subject.domain], _record)


@judges(MISSING, INVALID)
async def _record(ctx: Context, domain: str) -> Findings:
    found = await find_versioned(ctx.dns, f"_smtp._tls.{domain}", "TLSRPTv1")
    line = f'_smtp._tls.{domain}. TXT "v=TLSRPTv1; rua=mailto:tls-reports@{domain}"'
    for finding in judge_versioned(domain, found, missing=MISSING, broken=INVALID, missing_record=line):
        yield finding
    if len(found.records) != 1:
        return
    seen = found.answer.evidence
    why = fault_of(found.records[0])
    if why is None:
        yield INVALID.passes(domain, "{name} has one record, which can be read", seen, name=found.name)
    else:
        yield INVALID.fails(domain, "the record at {name} cannot be read: {why}", seen, name=found.name, why=why)


def fault_of(record: str) -> Message | None:
    """What is wrong with a record that begins as it must. Takes any text."""
    tags = read_tags(record)
    if isinstance(tags, Message):
        return tags
    if "rua" not in tags:
        return Message("it lacks the tag {tag}=", {"tag": "rua"})
    for uri in tags["rua"].split(","):
        text = uri.strip(" \t")
        if not _ADDRESS.fullmatch(text) and not _WEB.fullmatch(text):
            return Message(
                "its rua= has something that is no mailto: or https: address: {uri}", {"uri": shortened(text) or "-"}
            )
    return None


CHECK = Check(id="tls-rpt", title="TLS reports", rules=(MISSING, INVALID), run=_run)
