"""What a question comes to that is asked of zone files: alone, and above live DNS."""

import asyncio
from pathlib import Path

import pytest

from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records
from preflight.net.fake import FakeSource, Script
from tests.unit.zone_samples import ask, source, write_example


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("MX example.com", "10 mail.example.com, 20 backup.example.com | F:5 | F:4"),
        ("TXT EXAMPLE.com", "v=spf1 mx -all | F:6"),
        ("AAAA mail.example.com", "no AAAA record | F:7"),
        ("A backup.example.com", "mail.example.com → 203.0.113.25 | F:7"),
        ("CNAME backup.example.com", "mail.example.com | F:8"),
        ("A gone.example.com", "nowhere.example.com → NXDOMAIN | F:2"),
        ("A no.example.com", "NXDOMAIN | F:2"),
        ("A b.c.example.com", "no A record | F:2"),
        ("A one.w.example.com", "203.0.113.10 | F:15"),
        ("A two.one.w.example.com", "203.0.113.10 | F:15"),
        ("A x.w.example.com", "no A record | F:16"),
        ("MX one.w.example.com", "no MX record | F:15"),
        ("A many.example.com", "203.0.113.9, 203.0.113.10 | F:21 | F:20"),
        ("A y.moved.example.com", "y.w.example.com → 203.0.113.10 | F:15"),
        ("DS sub.example.com", "1 8 250 00 | F:18"),
        ("NS example.com", "ns.example.com | F:3"),
        ("A round.example.com", "BAD_REPLY: aliases that go round, or are too many, F:13"),
        ("PTR 25.113.0.203.in-addr.arpa", "25.0/26.113.0.203.in-addr.arpa → mail.example.com | zones/classless.zone:3"),
        ("PTR 26.113.0.203.in-addr.arpa", "26.0/26.113.0.203.in-addr.arpa → NXDOMAIN | zones/classless.zone:2"),
        ("PTR 61.113.0.203.in-addr.arpa", "61.0/26.113.0.203.in-addr.arpa → b.example.com | zones/classless.zone:4"),
        ("PTR 27.113.0.203.in-addr.arpa", "a.example.com | zones/203.0.113.zone:4"),
        ("PTR 28.113.0.203.in-addr.arpa", "NXDOMAIN | zones/203.0.113.zone:1"),
        ("PTR 5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
         "mail.example.com | zones/0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.zone:2"),
        ("A away.example.com", "NOT_IN_ZONES: mx.example.net → not in the zone files"),
        ("A x.sub.example.com", "NOT_IN_ZONES: not in the zone files: sub.example.com is delegated by F:17"),
        ("A example.net", "NOT_IN_ZONES: not in the zone files"),
        ("A a..b", "BAD_NAME: not a DNS name: A DNS label is empty."),
    ],
)  # fmt: skip
def test_what_the_files_alone_say(zones: Path, question: str, seen: str) -> None:
    assert ask(source("zones"), question) == seen.replace("F:", "zones/example.com.zone:")


LIVE: Script = {
    "A mx.example.net": ["198.51.100.1"],
    "A alias.example.net": Records(Question.of("alias.example.net", "A"), ("mail.example.com",), ("192.0.2.66",)),
    "A x.sub.example.com": ["198.51.100.2"],
    "A example.net": NxDomain,
    "AAAA mx.example.net": NoData,
    "TXT mx.example.net": Reason.SERVFAIL,
    "MX example.net": Reason.TIMEOUT,
}


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("A mail.example.com", "203.0.113.25 | F:7"),
        ("A away.example.com", "mx.example.net → 198.51.100.1 | F:9"),
        ("AAAA away.example.com", "mx.example.net → no AAAA record | F:9"),
        ("TXT away.example.com", "SERVFAIL: mx.example.net → SERVFAIL"),
        ("A x.sub.example.com", "198.51.100.2"),
        ("A example.net", "NXDOMAIN"),
        ("MX example.net", "TIMEOUT: timeout"),
        # A live answer leads back: what is published of mail.example.com counts no more.
        ("A back.example.com", "alias.example.net → mail.example.com → 203.0.113.25 | F:7"),
        ("A alias.example.net", "mail.example.com → 203.0.113.25 | F:7"),
    ],
)
def test_what_they_say_above_live_dns(zones: Path, question: str, seen: str) -> None:
    live = FakeSource(LIVE, ["192.0.2.53"])
    laid_over = source("zones", below=live)
    assert ask(laid_over, question) == seen.replace("F:", "zones/example.com.zone:")
    assert laid_over.servers == ("192.0.2.53",)
    assert source("zones").servers == ()


class Elsewhere(FakeSource):
    """Says that somebody else was asked."""

    async def second_opinion(self, answer: Answer) -> Answer:
        return NoData(answer.question, answer.aliases, note="asked")


@pytest.mark.parametrize(
    ("question", "note"),
    [("AAAA mail.example.com", ""), ("A no.example.com", ""), ("A example.net", "asked"),
     ("AAAA away.example.com", "asked")],
)  # fmt: skip
def test_nobody_else_is_asked_about_what_is_in_the_files(zones: Path, question: str, note: str) -> None:
    laid_over = source("zones", below=Elsewhere(LIVE))
    rtype, _, name = question.partition(" ")
    answer = asyncio.run(laid_over.ask(Question.of(name, rtype)))
    assert asyncio.run(laid_over.second_opinion(answer)).note == note
    assert asyncio.run(source("zones").second_opinion(answer)) is answer


def test_evidence_of_one_of_several_values(zones: Path) -> None:
    answer = asyncio.run(source("zones").ask(Question.of("example.com", "MX")))
    places = [str(answer.evidence_of(value).place) for value in (*answer.values, "another")]
    assert places == [f"zones/example.com.zone:{line}" for line in (5, 4, 5)]
