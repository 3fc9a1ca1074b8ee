"""Blocks of addresses: read, bounded, checked each, and shown together."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.cli import main
from preflight.config import read_config
from preflight.errors import SubjectError
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.net.fake import FakeSource
from preflight.policy import Policy
from preflight.render import RenderOptions
from preflight.render.grouping import ALIKE, MOST, alike
from preflight.render.terminal import RENDERER
from preflight.report import Judged, Report, build_report
from preflight.runner import Run
from preflight.subject import MAX_ADDRESSES, Subject
from preflight.text import Language
from tests.unit.dnsbl_world import OTHERS, ZEN, Outcome, checked, reverse, world
from tests.unit.fake_checks import passing, registry_of, rule

NET = [f"203.0.113.{number}" for number in range(16)]
XBL = "dnsbl/spamhaus-xbl"


class TestReading:
    @pytest.mark.parametrize(
        ("text", "addresses"),
        [
            ("203.0.113.0/28", NET),
            (" 203.0.113.4/31 ", ["203.0.113.4", "203.0.113.5"]),
            ("203.0.113.4/32", ["203.0.113.4"]),
            ("2001:db8::/126", [f"2001:db8::{number or ''}" for number in range(4)]),
            ("::ffff:203.0.113.4/127", ["203.0.113.4", "203.0.113.5"]),
        ],
    )
    def test_a_block_stands_for_its_addresses(self, text: str, addresses: list[str]) -> None:
        assert [str(ip) for ip in Subject.of(ips=[text]).ips] == addresses

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("203.0.113.5/28", "give 203.0.113.5 for the address alone, 203.0.113.0/28 for the whole block"),
            ("2001:db8::5/126", "2001:db8::4/126 for the whole block"),
            ("203.0.0.0/21", "has 2,048 addresses; 1,024 at once is the limit: check them block by block"),
            ("2001:db8::/64", "has 18,446,744,073,709,551,616 addresses; 1,024 at once is the limit"),
            ("0.0.0.0/30", "no address that mail can come from"),
            ("224.0.0.0/30", "no address that mail can come from"),
            ("203.0.113.0/255.255.255.240", "is no block of addresses; write 203.0.113.0/28 or 2001:db8::/120"),
            ("203.0.113.0/", "is no block of addresses"),
            ("203.0.113.0/33", "is no block of addresses"),
            ("203.0.113/28", "is no block of addresses"),
            ("fe80::%eth0/126", "is no block of addresses"),
            ("mail.example.com/28", "is no block of addresses"),
            ("/", "is no block of addresses"),
        ],
    )
    def test_what_is_no_block_is_said_in_one_line(self, text: str, problem: str) -> None:
        with pytest.raises(SubjectError) as raised:
            Subject.of(ips=[text])
        assert str(raised.value).startswith("--ip ")
        assert problem in str(raised.value)
        assert "\n" not in str(raised.value)

    def test_the_limit_is_on_all_together(self) -> None:
        assert len(Subject.of(ips=["203.0.0.0/22", "203.0.3.0/24"]).ips) == MAX_ADDRESSES  # some are in both
        with pytest.raises(SubjectError, match="--ip gives 1,025 addresses; 1,024 at once is the limit"):
            Subject.of(ips=["203.0.0.0/22", "203.0.4.0"])

    def test_a_file_may_name_blocks(self) -> None:
        (subject,) = read_config('[[subject]]\nip = ["203.0.113.0/28", "2001:db8::25"]\n').subjects()
        assert [str(ip) for ip in subject.ips] == [*NET, "2001:db8::25"]

    @given(st.text(max_size=40) | st.from_regex(r"[0-9a-f.:%]{0,20}/[0-9]{0,4}", fullmatch=True))
    def test_any_text_is_addresses_or_an_error(self, text: str) -> None:
        with suppress(SubjectError):
            assert 0 < len(Subject.of(ips=[text]).ips) <= MAX_ADDRESSES


def listed(script: dict[str, Outcome], ip: str, code: str, reason: str) -> None:
    script[f"A {reverse(ip)}.{ZEN.name}"] = [code]
    script[f"TXT {reverse(ip)}.{ZEN.name}"] = [reason]


def report_on_a_block() -> Report:
    """Twelve addresses on XBL, two on SBL, the list's own words differing by address."""
    script = world([ZEN], NET)
    for number, ip in enumerate(NET[:12]):
        listed(script, ip, "127.0.0.4", f"https://check.spamhaus.org/query/ip/{ip} case {number * 977}")
    for ip in NET[12:14]:
        listed(script, ip, "127.0.0.2", "by hand")
    return checked(script, ips=NET, skip=OTHERS)


def text_of(report: Report, width: int = 100) -> str:
    return RENDERER.render([report], RenderOptions(language=Language("en"), width=width))


class TestReports:
    def test_addresses_on_one_list_for_one_code_are_shown_once(self) -> None:
        text = text_of(report_on_a_block())
        assert "✗ error  dnsbl/spamhaus-xbl  12 times" in text
        assert "alike     203.0.113.0, 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4, 203.0.113.5 and 6" in text
        assert text.count("dnsbl/spamhaus-xbl  ") == 1
        assert "dnsbl/spamhaus-sbl  203.0.113.12" in text  # two are no crowd
        assert "dnsbl/spamhaus-sbl  203.0.113.13" in text
        assert "addresses   16 addresses: 203.0.113.0/28" in text
        assert len(text.splitlines()) < 80

    def test_the_json_report_has_each(self) -> None:
        report = report_on_a_block()
        failed = [
            one.finding.part for one in report.findings if (one.finding.rule, one.finding.status) == (XBL, "fail")
        ]
        assert failed == NET[:12]

    def test_records_are_for_programs_alone(self) -> None:
        report = report_on_a_block()
        first = next(one.finding for one in report.findings if one.finding.rule == XBL)
        assert first.evidence[-1].source == "record"
        assert json.loads(first.evidence[-1].seen)["state"] == "listed"
        assert '"state"' not in text_of(report)

    def test_a_refusal_for_a_block_is_not_said_for_each_address(self) -> None:
        script = world([ZEN], NET)
        for ip in NET:
            script[f"A {reverse(ip)}.{ZEN.name}"] = ["127.255.255.254"]
        text = text_of(checked(script, ips=NET, skip=OTHERS))
        assert text.count("zen.spamhaus.org refuses the resolver") == 3  # for the addresses, the list, the resolver
        assert "203.0.113.0, 203.0.113.1" in text

    def test_many_unlike_questions_are_cut_short(self) -> None:
        script = world([ZEN], NET)
        for number, ip in enumerate(NET):
            script[f"A {reverse(ip)}.{ZEN.name}"] = [f"127.0.0.{100 + number}"]
        text = text_of(checked(script, ips=NET, skip=OTHERS))
        assert len(text.splitlines()) < 150

    def test_scattered_addresses_are_named_in_part(self) -> None:
        ips = [f"203.0.113.{number}" for number in range(0, 40, 2)]
        text = " ".join(text_of(checked(world([ZEN], ips), ips=ips, skip=OTHERS)).split())
        assert "20 addresses: 203.0.113.0, 203.0.113.2, 203.0.113.4, 203.0.113.6, 203.0.113.8, 203.0.113.10" in text
        assert "and 14" in text


RULE = rule("a/one", fix="set {part}")


def judged(number: int, message: str, **args: object) -> Judged:
    registry = registry_of(passing(RULE))
    finding = RULE.fails(f"203.0.113.{number}", message, **args)
    report = build_report(
        Subject.of(ips=NET),
        [finding],
        registry,
        Policy(),
        started_at=datetime(2026, 11, 24, tzinfo=UTC),
        duration=1,
        today=date(2026, 11, 24),
    )
    return report.findings[0]


class TestGrouping:
    def sizes(self, failures: list[Judged]) -> list[int]:
        return [len(group) for group in alike(failures)]

    def test_a_crowd_is_a_group_and_a_few_are_not(self) -> None:
        failures = [judged(number, "{part} is bad") for number in range(ALIKE)]
        assert self.sizes(failures) == [ALIKE]
        assert self.sizes(failures[1:]) == [1] * (ALIKE - 1)

    def test_names_made_of_the_address_are_alike(self) -> None:
        failures = [judged(n, "{part} is {name}", name=f"203-0-113-{n}.dyn.isp.example") for n in range(6)]
        assert self.sizes(failures) == [6]

    def test_codes_and_lists_are_told_apart(self) -> None:
        failures = [judged(n, "{zone}: {part}: {code}", zone="a.example", code=f"127.0.0.{n // 4}") for n in range(8)]
        assert self.sizes(failures) == [4, 4]

    def test_what_differs_without_end_is_put_together_by_its_sentence(self) -> None:
        failures = [judged(n, "{part} is {name}", name=f"host{n * 7}.isp.example") for n in range(MOST + 1)]
        assert self.sizes(failures) == [MOST + 1]
        assert self.sizes(failures[:MOST]) == [1] * MOST

    def test_nothing_is_lost_and_the_order_stays(self) -> None:
        failures = [judged(n, "{part} is " + ("bad" if n % 3 else "worse")) for n in range(12)]
        groups = alike(failures)
        assert sorted(one.finding.part for group in groups for one in group) == sorted(
            one.finding.part for one in failures
        )
        assert [group[0].finding.part for group in groups] == ["203.0.113.0", "203.0.113.1"]


def test_progress_counts_judgements() -> None:
    seen: list[tuple[int, int]] = []
    subject = Subject.of(ips=NET)
    run = Run([subject], FakeSource({}), registry=registry_of(passing(RULE)), on_judged=lambda *n: seen.append(n))
    run.fly_blocking()
    assert [ended for ended, _ in seen] == list(range(1, 17))
    assert seen[-1] == (16, 16)


class TestCommandLine:
    @pytest.fixture
    def lab(self) -> Iterator[LabDns]:
        with LabDns(demo_world()) as server:
            yield server

    def test_a_block_from_the_command_line(self, lab: LabDns, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(
            ["check", "--ip", "198.51.100.64/27", "--select", "dnsbl", "--resolver", lab.address, "--lang", "en"]
        )
        shown = capsys.readouterr()
        assert code == 1
        assert "checking 198.51.100.64 (32 addresses) with 1 check" in shown.err
        assert "32 addresses: 198.51.100.64/27" in shown.out
        assert "dnsbl/spamhaus-xbl  198.51.100.77" in shown.out

    def test_health_is_remembered_unless_told_otherwise(
        self, lab: LabDns, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        file = tmp_path / "cache" / "preflight" / "health.json"
        (tmp_path / "off.toml").write_text('[resolver]\ncache = false\n[[subject]]\nip = ["203.0.113.25"]\n')
        common = ["--select", "dnsbl", "--resolver", lab.address, "--format", "json"]
        test_point = ("2.0.0.127.zen.spamhaus.org", "A")

        def proofs(*args: str) -> int:
            before = len(lab.questions)
            assert main(["check", *args, *common]) == 0
            report = json.loads(capsys.readouterr().out)
            assert {one["status"] for one in report["findings"]} <= {"pass", "skipped"}
            return [one[:2] for one in lab.questions[before:]].count(test_point)

        assert proofs("--ip", "203.0.113.25", "--no-cache") == 1
        assert proofs("--config", str(tmp_path / "off.toml")) == 1
        assert not file.exists()
        assert proofs("--ip", "203.0.113.25") == 1
        assert "blocklist zen.spamhaus.org ip4 open alive" in file.read_text()
        assert proofs("--ip", "203.0.113.25") == 0
        assert proofs("--ip", "203.0.113.25", "--no-cache") == 1
        file.write_text("{damaged")
        assert proofs("--ip", "203.0.113.25") == 1
        assert proofs("--ip", "203.0.113.25") == 0
