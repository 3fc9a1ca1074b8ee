"""Waivers that match nothing: said where it is sure, and nowhere else."""

import json
from datetime import date
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.findings import Finding
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.notices import with_stale_waivers
from preflight.policy import Policy, Waiver
from tests.golden.samples import IP, RULES, crashed, passes, report, skipped, subject, unanswered

MISSING = RULES["ptr/missing"]
FAILED = MISSING.fails(IP, "{part} has no PTR record", record="x")
HOLDS = MISSING.passes(IP, "{part} is fine")
ELSEWHERE = MISSING.fails("192.0.2.99", "{part} has no PTR record", record="x")


def said(policy: Policy, *reports: list[Finding]) -> list[str]:
    made = [report(subject(), findings, policy) for findings in reports]
    first, *others = with_stale_waivers(made, policy)
    assert all(other.notices == () for other in others)
    assert [one.verdict for one in made] == [one.verdict for one in (first, *others)]
    return [str(notice.message) for notice in first.notices]


def waiving(rule: str = "ptr/missing", part: str | None = None, expires: date = date(2027, 1, 1)) -> Policy:
    return Policy(waivers=(Waiver(rule=rule, reason="ticket 1", owner="me", expires=expires, part=part),))


@pytest.mark.parametrize(
    ("findings", "policy", "is_said"),
    [
        ([FAILED], waiving(), False),
        ([FAILED], waiving("ptr"), False),
        ([FAILED], waiving(part=IP), False),
        ([HOLDS], waiving(), True),
        ([HOLDS], waiving(expires=date(2020, 1, 1)), True),
        ([HOLDS, ELSEWHERE], waiving(part=IP), True),
        ([FAILED], waiving(part="192.0.2.2"), True),
        (passes("helo/not-fqdn"), waiving(), True),
        ([unanswered("ptr/missing", IP, "x")], waiving(), False),
        ([HOLDS, unanswered("ptr/missing", "192.0.2.2", "x")], waiving(), False),
        ([HOLDS, unanswered("ptr/missing", "192.0.2.2", "x")], waiving(part=IP), True),
        ([HOLDS, unanswered("ptr/missing", "192.0.2.2", "x")], waiving(part="192.0.2.2"), False),
        ([HOLDS, unanswered("ptr/multiple", IP, "x")], waiving(), True),
        ([HOLDS, unanswered("ptr/multiple", IP, "x")], waiving("ptr"), False),
        (skipped(subject(), "ptr/missing"), waiving(), False),
        ([crashed("ptr", IP)], waiving(), False),
    ],
)
def test_when_a_waiver_matches_nothing(findings: list[Finding], policy: Policy, is_said: bool) -> None:
    assert bool(said(policy, findings)) == is_said


def test_what_is_said() -> None:
    text = "The waiver of ptr/missing{} matches no failure: take it out of the file. Its reason was: ticket 1"
    assert said(waiving(), [HOLDS]) == [text.format("")]
    assert said(waiving(part=IP), [HOLDS]) == [text.format(f" for {IP}")]


def test_one_subject_that_needs_a_waiver_is_enough() -> None:
    assert said(waiving(), [HOLDS], [FAILED], [HOLDS]) == []
    assert len(said(waiving(), [HOLDS], [HOLDS])) == 1


def test_a_rule_that_is_not_judged_says_nothing_of_its_waiver() -> None:
    policy = waiving()
    assert said(Policy(waivers=policy.waivers, ignore=("ptr",)), passes("helo/not-fqdn")) == []
    assert said(Policy(waivers=policy.waivers, select=("helo",)), passes("helo/not-fqdn")) == []


FILE = """
[policy]
select = ["ptr"]
[[subject]]
name = "bad"
host = "mail.bad.example"
[[subject]]
name = "good"
host = "mail.good.example"
[[waiver]]
rule = "ptr/not-forward-confirmed"
reason = "on Monday"
owner = "mail team"
expires = 2999-01-01
[[waiver]]
rule = "ptr/missing"
reason = "ticket 9"
owner = "mail team"
expires = 2999-01-01
"""


def test_from_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "preflight.toml"
    file.write_text(FILE)
    with LabDns(demo_world()) as server:
        args = ["check", "--config", str(file), "--resolver", server.address, "--no-cache", "--lang", "en"]
        assert main([*args, "--format", "json"]) == 0
        first, second = json.loads(capfd.readouterr().out)["reports"]
        assert first["waivers"] == {"in_force": 1, "expired": 0, "unmatched": 1}
        assert [notice["kind"] for notice in first["notices"]] == ["unmatched-waiver"]
        assert second["notices"] == []
        assert main(args) == 0
        page = " ".join(capfd.readouterr().out.split())
        assert page.count("The waiver of ptr/missing matches no failure") == 1
        assert "1 waived" in page
        # A part of the subjects cannot tell what the others need.
        assert main([*args, "--subject", "good", "--format", "json"]) == 0
        assert json.loads(capfd.readouterr().out)["notices"] == []
