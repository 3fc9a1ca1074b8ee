"""Zone files for tests: written into a folder, loaded, asked."""

import asyncio
from pathlib import Path

from preflight.net.dns import Question, Source, Unanswered
from preflight.net.zone_files import load_zones
from preflight.net.zone_source import ZoneSource

SOA = "@ SOA ns hostmaster 1 2 3 4 5\n"
FORWARD = """$TTL 1h
@       SOA ns hostmaster 1 2 3 4 5
        NS ns
        MX 20 backup
        MX 10 mail
        TXT "v=spf1 " "mx -all"
mail    A 203.0.113.25
backup  CNAME mail
away    CNAME mx.example.net.
back    CNAME alias.example.net.
gone    CNAME nowhere
round   CNAME trip
trip    CNAME round
a.b.c   A 203.0.113.9
*.w     A 203.0.113.10
x.w     TXT "no address"
sub     NS ns.example.net.
        DS 1 8 250 00
moved   DNAME w
many    A 203.0.113.10
        A 203.0.113.9
"""
REVERSE = SOA + "25 CNAME 25.0/26\n26 CNAME 26.0/26\n27 PTR a.example.com.\n$GENERATE 60-62 $ CNAME $.0/26\n"
CLASSLESS = "$ORIGIN 0/26.113.0.203.in-addr.arpa.\n" + SOA + "25 PTR mail.example.com.\n61 PTR b.example.com.\n"
V6 = SOA + "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mail.example.com.\n"


def write(folder: Path, **files: str) -> None:
    """Files by their names, in which `__` stands for a slash."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def write_example(folder: Path) -> None:
    """The zone of example.com and the reverse zones that belong to it, under `zones`."""
    write(folder, **{
        "zones__example.com.zone": FORWARD, "zones__203.0.113.zone": REVERSE, "zones__classless.zone": CLASSLESS,
        "zones__0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.zone": V6,
    })  # fmt: skip


def source(*given: str, below: Source | None = None) -> ZoneSource:
    """The zones in files, above another source or alone."""
    return ZoneSource(load_zones(given).zones, below)


def ask(asked: Source, question: str) -> str:
    """What a question comes to: what is seen, and the places."""
    rtype, _, name = question.partition(" ")
    try:
        answer = asyncio.run(asked.ask(Question.of(name, rtype)))
    except Unanswered as outcome:
        return f"{outcome.reason.name}: {outcome.evidence.seen}"
    return " | ".join([answer.evidence.seen, *map(str, answer.places)])
