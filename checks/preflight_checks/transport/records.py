"""TXT records of which a name has one, told from others by the version that they begin with.

So it is with MTA-STS (RFC 8461 3.1), TLS-RPT (RFC 8460 3) and BIMI: records that do not begin with the version are
passed over, and of those that do there must be one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from preflight.check import Rule
from preflight.findings import Finding
from preflight.net.dns import Answer, Resolver

_SHOWN = 120  # characters of a record that a sentence shows


@dataclass(frozen=True, slots=True)
class Versioned:
    """The records at a name that count, and those that look as if they were meant to.

    `name` is where they were looked for. `near` has what names the version, yet does not begin with it.
    """

    name: str
    answer: Answer
    records: tuple[str, ...]
    near: tuple[str, ...]


async def find_versioned(dns: Resolver, name: str, version: str) -> Versioned:
    """The TXT records at a name that begin with `v=<version>;`. Raises `Unanswered`."""
    answer = await dns.confirmed(name, "TXT")
    begin = f"v={version};"
    records = tuple(value for value in answer.values if _begin(value) == begin)
    near = tuple(value for value in answer.values if _begin(value) != begin and version.lower() in value.lower())
    return Versioned(name, answer, records, near)


def _begin(record: str) -> str:
    """A record up to its first semicolon, without the white space that the grammar allows there."""
    first, semicolon, _ = record.partition(";")
    return first.rstrip(" \t") + semicolon


def judge_versioned(
    part: str, found: Versioned, *, missing: Rule, broken: Rule, missing_record: str
) -> Iterator[Finding]:
    """The findings on a record being there once: of `missing`, or of `broken` where there is none to be read.

    One record that can be read gives a pass of `missing` alone; what is in it is for the caller to judge.
    `missing_record` fills the place `record` of the fix of `missing`.
    """
    seen = found.answer.evidence
    if found.records or found.near:
        yield missing.passes(part, "{name} has a record", seen, name=found.name)
    else:
        yield missing.fails(part, "there is no record at {name}", seen, name=found.name, record=missing_record)
        return
    if len(found.records) > 1:
        yield broken.fails(
            part,
            "{name} has {count} records, so that senders take none",
            seen,
            name=found.name,
            count=len(found.records),
        )
    elif not found.records:
        yield broken.fails(
            part,
            "the record at {name} does not begin as it must, so that senders pass it over: {found}",
            seen,
            name=found.name,
            found=shortened(found.near[0]),
        )


def shortened(text: str) -> str:
    """A text from DNS for a sentence: not too much of it."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
