"""The check `dnsbl` as a whole: lists of addresses and of names, the resolver, options."""

import asyncio
import json

import msgspec
import pytest

from preflight.bounces.catalogue import load_catalogue
from preflight.check import Context, Settings
from preflight.errors import ConfigError
from preflight.findings import Finding
from preflight.net.dns import Answer, NxDomain, Question, SingleFlight, Source, Unanswered
from preflight.net.fake import FakeSource
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.runner import run_async
from preflight.subject import Subject
from preflight.testing import NoData, Reason, report_of
from preflight_checks.blocklists import Reading, State, zen_reading
from preflight_checks.blocklists.zones import load_zones
from preflight_checks.dnsbl import CHECK, ZEN_RULES, DnsblOptions
from tests.unit.dnsbl_world import DBL, PROBE, SPAMHAUS, ZEN, NoRecorder, Outcome, checked, judged, reverse, world

IP, HELO, DOMAIN = "192.0.2.25", "mail.example.com", "example.com"
REGISTRABLE = ("multi.surbl.org", "multi.uribl.com")
ADDRESS_LISTS = ("bl.spamcop.net", "psbl.surriel.com", "bl.mailspike.net", "dnsbl-1.uceprotect.net")
MAJOR, MINOR, NAME = "dnsbl/listed", "dnsbl/listed-minor", "dnsbl/domain-listed"
UNUSABLE, RESOLVER = "dnsbl/list-unusable", "dnsbl/resolver-unfit"


def everything(**changes: Outcome) -> dict[str, Outcome]:
    return world(ips=[IP], names=[HELO, DOMAIN]) | changes


def run(script: dict[str, Outcome], **options: object) -> Report:
    return checked(script, ips=[IP], helo=HELO, domain=DOMAIN, **options)  # type: ignore[arg-type]


def finding(report: Report, rule: str, part: str) -> Finding:
    return next(one.finding for one in report.findings if (one.finding.rule, one.finding.part) == (rule, part))


ALL_CLEAR = (
    {(rule, IP): "pass" for rule in SPAMHAUS}
    | {(MAJOR, f"{IP} on bl.spamcop.net"): "pass"}
    | {(MINOR, f"{IP} on {zone}"): "pass" for zone in ADDRESS_LISTS[1:]}
    | {(NAME, f"{name} on {DBL.name}"): "pass" for name in (HELO, DOMAIN)}
    | {(NAME, f"{DOMAIN} on {zone}"): "pass" for zone in REGISTRABLE}
    | {(UNUSABLE, zone): "pass" for zone in (ZEN.name, DBL.name, *ADDRESS_LISTS, *REGISTRABLE)}
    | {(RESOLVER, "resolver"): "pass"}
)


def test_all_clear() -> None:
    assert judged(run(everything())) == ALL_CLEAR


@pytest.mark.parametrize(
    ("question", "codes", "rule", "part"),
    [
        (f"A {reverse(IP)}.bl.spamcop.net", ["127.0.0.2"], MAJOR, f"{IP} on bl.spamcop.net"),
        (f"A {reverse(IP)}.psbl.surriel.com", ["127.0.0.2"], MINOR, f"{IP} on psbl.surriel.com"),
        (f"A {HELO}.dbl.spamhaus.org", ["127.0.1.2"], NAME, f"{HELO} on dbl.spamhaus.org"),
        (f"A {DOMAIN}.dbl.spamhaus.org", ["127.0.1.104"], NAME, f"{DOMAIN} on dbl.spamhaus.org"),
        (f"A {DOMAIN}.multi.surbl.org", ["127.0.0.72"], NAME, f"{DOMAIN} on multi.surbl.org"),
        (f"A {DOMAIN}.multi.uribl.com", ["127.0.0.2"], NAME, f"{DOMAIN} on multi.uribl.com"),
    ],
)
def test_a_listing_fails_for_its_list_alone(question: str, codes: list[str], rule: str, part: str) -> None:
    assert judged(run(everything(**{question: codes}))) == ALL_CLEAR | {(rule, part): "fail"}


def test_a_listing_says_what_it_means_and_where_to_go() -> None:
    script = everything(
        **{f"A {DOMAIN}.multi.surbl.org": ["127.0.0.72"], f"TXT {DOMAIN}.multi.surbl.org": ["on lists [ph] [abuse]"]}
    )
    listed = finding(run(script), NAME, f"{DOMAIN} on multi.surbl.org")
    assert str(listed.message) == (
        "multi.surbl.org lists example.com (127.0.0.72): PH: phishing; ABUSE: named in spam. "
        "It says: on lists [ph] [abuse]"
    )
    assert "https://www.surbl.org/surbl-analysis" in str(listed.fix)
    asked = [piece.asked for piece in listed.evidence]
    assert asked == [*(f"{t} example.com.multi.surbl.org" for t in ("A", "TXT")), "example.com on multi.surbl.org"]


def records(report: Report) -> dict[tuple[str | None, str], dict[str, object]]:
    """The records for programs, by target and list; each finding has one at the most."""
    found: dict[tuple[str | None, str], dict[str, object]] = {}
    for one in report.findings:
        for piece in one.finding.evidence:
            if piece.source == "record":
                facts = json.loads(piece.seen)
                assert list(facts) == ["zone", "target", "state", "codes", "meaning", "reason", "delist", "fault"]
                assert found.setdefault((facts["target"], facts["zone"]), facts) == facts
    return found


def test_the_records_say_of_each_list_what_it_says() -> None:
    script = everything(
        **{
            f"A {DOMAIN}.multi.surbl.org": ["127.0.0.72"],
            f"TXT {DOMAIN}.multi.surbl.org": ["\x1b[31m[ph]; [abuse]\u202e"],
            f"A {reverse(IP)}.zen.spamhaus.org": ["127.0.0.10"],
            f"A {reverse(IP)}.psbl.surriel.com": ["127.0.0.77"],
            f"A {reverse(IP)}.bl.spamcop.net": Reason.TIMEOUT,
            f"A {reverse(IP)}.bl.mailspike.net": ["127.255.255.254"],
            f"A {reverse('127.0.0.2')}.dnsbl-1.uceprotect.net": NxDomain,
        }
    )
    found = records(run(script))
    nothing = {"codes": [], "meaning": "", "reason": "", "fault": ""}
    assert found[DOMAIN, "multi.surbl.org"] == {
        "zone": "multi.surbl.org",
        "target": DOMAIN,
        "state": "listed",
        "codes": ["127.0.0.72"],
        "meaning": "PH: phishing; ABUSE: named in spam",
        "reason": "\\x1b[31m[ph]; [abuse]\\u202e",
        "delist": "https://www.surbl.org/surbl-analysis",
        "fault": "",
    }
    assert found[DOMAIN, "multi.uribl.com"] == nothing | {
        "zone": "multi.uribl.com",
        "target": DOMAIN,
        "state": "not listed",
        "delist": "https://admin.uribl.com",
    }
    pbl = found[IP, "zen.spamhaus.org"]
    assert (pbl["state"], pbl["codes"]) == ("listed", ["127.0.0.10"])
    assert str(pbl["meaning"]).startswith("PBL: the provider says")
    assert {
        (key, facts["state"], facts["fault"], *facts["codes"]) for key, facts in found.items() if facts["fault"]
    } == {
        ((IP, "psbl.surriel.com"), "unusable", "unknown code", "127.0.0.77"),
        ((IP, "bl.spamcop.net"), "unusable", "no answer"),
        ((None, "bl.mailspike.net"), "unusable", "refused", "127.255.255.254"),
        ((None, "dnsbl-1.uceprotect.net"), "unusable", "dead"),
    }
    assert {facts["state"] for (target, _), facts in found.items() if target is None} == {"works", "unusable"}


def test_an_answer_for_another_rule_is_told() -> None:
    found = finding(run(everything(**{f"A {reverse(IP)}.zen.spamhaus.org": ["127.0.0.10"]})), SPAMHAUS[0], IP)
    assert str(found.message) == (
        "zen.spamhaus.org does not list 192.0.2.25 so; it says of it: "
        "PBL: the provider says that this address sends no mail directly"
    )


def test_an_informational_list_fails_nobody() -> None:
    script = everything(**{f"A {reverse(IP)}.dnsbl-1.uceprotect.net": ["127.0.0.2"]})
    report = run(script)
    assert judged(report) == ALL_CLEAR
    assert "for information" in str(finding(report, MINOR, f"{IP} on dnsbl-1.uceprotect.net").message)


def test_grey_and_red_names_are_no_listing() -> None:
    assert judged(run(everything(**{f"A {DOMAIN}.multi.uribl.com": ["127.0.0.12"]}))) == ALL_CLEAR


def test_a_stray_bit_beside_a_listing_leaves_the_listing() -> None:
    script = everything(**{f"A {DOMAIN}.multi.surbl.org": ["127.0.0.10"]})
    assert judged(run(script)) == ALL_CLEAR | {(NAME, f"{DOMAIN} on multi.surbl.org"): "fail"}


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.SERVFAIL, Reason.REFUSED, Reason.NO_SERVERS])
def test_with_all_name_servers_dead_every_rule_is_undecided(reason: Reason) -> None:
    report = run(dict.fromkeys(everything(), reason))
    assert {one.finding.status for one in report.findings} == {"inconclusive"}
    assert {one.finding.rule for one in report.findings} == {rule.id for rule in CHECK.rules}


def test_one_dead_list_leaves_the_others() -> None:
    dead = {question: Reason.TIMEOUT for question in everything() if question.endswith("bl.spamcop.net")}
    expected = {key: status for key, status in ALL_CLEAR.items() if "spamcop" not in key[1]}
    assert judged(run(everything(**dead))) == expected | {
        (UNUSABLE, "bl.spamcop.net"): "inconclusive",
        (MAJOR, IP): "inconclusive",
    }


def test_one_of_several_lists_is_enough() -> None:
    dead = {f"A {reverse('127.0.0.2')}.psbl.surriel.com": NxDomain}
    expected = {key: status for key, status in ALL_CLEAR.items() if key != (MINOR, f"{IP} on psbl.surriel.com")}
    assert judged(run(everything(**dead))) == expected | {(UNUSABLE, "psbl.surriel.com"): "fail"}


def test_a_list_that_does_not_answer_for_one_address_is_undecided_for_it() -> None:
    script = everything(**{f"A {reverse(IP)}.bl.spamcop.net": Reason.TIMEOUT})
    assert judged(run(script)) == ALL_CLEAR | {(MAJOR, f"{IP} on bl.spamcop.net"): "inconclusive"}


def test_lists_without_ipv6_are_not_asked_for_it() -> None:
    ip = "2001:db8::25"
    found = judged(checked(world([ZEN], [ip]), ips=[ip]))
    assert found == {(rule, ip): "pass" for rule in SPAMHAUS} | {
        (UNUSABLE, ZEN.name): "pass",
        (RESOLVER, "resolver"): "pass",
    }


class TestNames:
    def test_reverse_names_are_looked_up_once_and_only_where_host_names_belong(self) -> None:
        ips = ["192.0.2.25", "192.0.2.26"]
        script = world(ips=ips, names=[DOMAIN]) | {
            "PTR 25.2.0.192.in-addr.arpa": ["Host.example.net.", "localhost"],
            "PTR 26.2.0.192.in-addr.arpa": ["host.example.net"],
            "A host.example.net.dbl.spamhaus.org": ["127.0.1.5"],
            "TXT host.example.net.dbl.spamhaus.org": NxDomain,
            "A example.net.dbl.spamhaus.org": NxDomain,
            **{f"A example.net.{zone}": NxDomain for zone in REGISTRABLE},
        }
        found = judged(checked(script, ips=ips, domain=DOMAIN))
        assert {key[1]: status for key, status in found.items() if key[0] == NAME} == {
            "host.example.net on dbl.spamhaus.org": "fail",
            **{f"{name} on {zone}": "pass" for name in (DOMAIN, "example.net") for zone in (DBL.name, *REGISTRABLE)},
        }

    def test_unknown_reverse_names_are_undecided(self) -> None:
        script = everything(**{"PTR 25.2.0.192.in-addr.arpa": Reason.SERVFAIL})
        assert judged(run(script)) == ALL_CLEAR | {(NAME, IP): "inconclusive"}

    @pytest.mark.parametrize(
        "helo", ["[192.0.2.25]", "localhost", "192.0.2.25", "mail", "mail_1.example.com", "ü.example"]
    )
    def test_what_is_no_host_name_is_not_asked_for(self, helo: str) -> None:
        assert judged(checked({PROBE: NxDomain}, helo=helo)) == {(RESOLVER, "resolver"): "pass"}

    def test_an_address_is_not_looked_up_as_a_name(self) -> None:
        found = judged(checked(world([DBL], names=[DOMAIN]), domain=DOMAIN, skip=REGISTRABLE))
        assert found == {
            (NAME, f"{DOMAIN} on {DBL.name}"): "pass",
            (UNUSABLE, DBL.name): "pass",
            (RESOLVER, "resolver"): "pass",
        }


class TestResolver:
    @pytest.mark.parametrize("server", ["8.8.8.8", "1.0.0.1", "2620:fe::fe", "223.5.5.5", "114.114.114.114"])
    def test_a_public_one_fails(self, server: str) -> None:
        report = run(everything(), servers=["192.0.2.53", server])
        expected = {key: status for key, status in ALL_CLEAR.items() if key[0] != RESOLVER}
        assert judged(report) == expected | {(RESOLVER, server): "fail"}

    def test_it_is_named_where_it_is_fit(self) -> None:
        assert (
            judged(run(everything(), servers=["192.0.2.53", "192.0.2.54"]))[RESOLVER, "192.0.2.53, 192.0.2.54"]
            == "pass"
        )

    def test_a_source_that_is_no_address_is_no_public_one(self) -> None:
        assert judged(run(everything(), servers=["a zone file"]))[RESOLVER, "a zone file"] == "pass"

    def test_one_that_rewrites_nxdomain_fails(self) -> None:
        assert judged(run(everything(**{PROBE: ["198.51.100.1"]}))) == ALL_CLEAR | {(RESOLVER, "resolver"): "fail"}

    @pytest.mark.parametrize("outcome", [NoData, Reason.TIMEOUT])
    def test_a_probe_without_nxdomain_is_undecided(self, outcome: Outcome) -> None:
        assert judged(run(everything(**{PROBE: outcome}))) == ALL_CLEAR | {(RESOLVER, "resolver"): "inconclusive"}

    def test_several_lists_that_refuse_it_are_one_finding(self) -> None:
        refused = {
            f"A {reverse(IP)}.zen.spamhaus.org": ["127.255.255.254"],
            f"A {DOMAIN}.multi.uribl.com": ["127.0.0.1"],
        }
        found = judged(run(everything(**refused)))
        assert found[RESOLVER, "resolver"] == "inconclusive"
        assert found[UNUSABLE, ZEN.name] == found[UNUSABLE, "multi.uribl.com"] == "inconclusive"


class TestOptions:
    def test_a_list_may_be_added_and_left_out(self) -> None:
        barracuda = load_zones().zones["b.barracudacentral.org"]
        script = everything() | world([barracuda], [IP])
        found = judged(run(script, zones=["B.BarracudaCentral.org."], skip=["bl.spamcop.net", "dbl.spamhaus.org"]))
        assert (MAJOR, f"{IP} on b.barracudacentral.org") in found
        assert not [key for key in found if "spamcop" in key[1] or "dbl.spamhaus" in key[1]]

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"zones": ["dnsbl.sorbs.net"]}, "dnsbl.sorbs.net is not asked: SORBS was shut down on 5 June 2024"),
            ({"zones": ["bl.nszones.com"]}, "fraud"),
            ({"zones": ["sbl.spamhaus.org"]}, "part of zen.spamhaus.org"),
            ({"zones": ["psbl.surreal.com"]}, "did you mean 'psbl.surriel.com'"),
            ({"skip": ["nothing.example"]}, "no blocklist 'nothing.example'"),
            ({"skip": ["zen.spamhaus.org"]}, "ignore those rules instead"),
        ],
    )
    def test_an_unusable_name_is_said(self, options: dict[str, list[str]], error: str) -> None:
        with pytest.raises(ConfigError, match=error):
            msgspec.convert(options, DnsblOptions)

    def test_an_unknown_option_is_said(self) -> None:
        with pytest.raises(msgspec.ValidationError, match="zone"):
            msgspec.convert({"zone": []}, DnsblOptions)

    def test_a_list_that_needs_a_key_is_unusable_without_one(self) -> None:
        found = judged(run(everything(), zones=["authbl.dq.spamhaus.net"]))
        assert found == ALL_CLEAR | {(UNUSABLE, "authbl.dq.spamhaus.net"): "inconclusive"}

    def test_only_lists_that_serve_a_chosen_rule_are_asked(self) -> None:
        subject = Subject.of(ips=[IP], domain=DOMAIN)
        report = report_of(CHECK, subject, world([ZEN], [IP]), policy=Policy(select=(SPAMHAUS[0],)))
        assert judged(report) == {(SPAMHAUS[0], IP): "pass"}
        report = report_of(CHECK, subject, world([ZEN], [IP]), policy=Policy(select=(SPAMHAUS[0], UNUSABLE)))
        assert judged(report) == {(SPAMHAUS[0], IP): "pass", (UNUSABLE, ZEN.name): "pass"}

    def test_the_health_of_lists_can_be_asked_for_alone(self) -> None:
        report = report_of(CHECK, Subject.of(ips=[IP]), world(ips=[IP]), policy=Policy(select=(UNUSABLE,)))
        assert judged(report) == {(UNUSABLE, zone): "pass" for zone in (ZEN.name, *ADDRESS_LISTS)}


class Gate(Source):
    """Answers nothing before a number of questions wait for it; notes which ones."""

    def __init__(self, source: Source, size: int) -> None:
        self.source, self.size = source, size
        self.opened, self.waiting = asyncio.Event(), set[str]()

    async def ask(self, question: Question) -> Answer:
        if not self.opened.is_set():
            self.waiting.add(str(question))
        if len(self.waiting) == self.size:
            self.opened.set()
        await self.opened.wait()
        return await self.source.ask(question)


def test_all_questions_for_an_address_go_out_at_once() -> None:
    zones, points = (ZEN.name, *ADDRESS_LISTS), map(reverse, (IP, "127.0.0.2", "127.0.0.1"))
    expected = {PROBE} | {f"A {point}.{zone}" for point in points for zone in zones}
    registry = Registry(load_catalogue())
    registry.add(CHECK)

    async def first_wave() -> set[str]:
        gate = Gate(FakeSource(world(ips=[IP])), len(expected))
        report = await run_async(Subject.of(ips=[IP]), gate, registry=registry, deadline=2.0)
        assert set(judged(report).values()) == {"pass"}
        return gate.waiting

    assert asyncio.run(first_wave()) == expected


class TestZenReading:
    def read(self, outcome: Outcome) -> Reading:
        script = world([ZEN], [IP]) | {f"A {reverse(IP)}.zen.spamhaus.org": outcome}

        async def ask() -> Reading:
            subject = Subject.of(ips=[IP])
            ctx = Context(CHECK, subject, SingleFlight(FakeSource(script)), Settings(), NoRecorder())
            return await zen_reading(ctx, subject.ips[0])

        return asyncio.run(ask())

    def test_it_gives_the_codes(self) -> None:
        reading = self.read(["127.0.0.10", "127.0.0.4"])
        assert (reading.zone, reading.state, reading.codes) == (ZEN.name, State.LISTED, ("127.0.0.10", "127.0.0.4"))
        assert reading.why == ""

    def test_it_says_why_it_is_unusable(self) -> None:
        reading = self.read(["127.255.255.254"])
        assert (reading.state, reading.codes) == (State.UNUSABLE, ())
        assert reading.why.startswith("zen.spamhaus.org refuses the resolver that asks (127.255.255.254: ")
        assert reading.evidence

    def test_it_raises_without_an_answer(self) -> None:
        with pytest.raises(Unanswered):
            self.read(Reason.TIMEOUT)


def test_every_code_of_zen_has_a_home() -> None:
    elsewhere = {"127.0.0.10", "127.0.0.11"}
    assert {str(code.pattern.first) for code in ZEN.codes} == {*ZEN_RULES, *elsewhere}
