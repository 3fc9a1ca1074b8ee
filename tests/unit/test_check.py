"""Rules, checks, secrets, and the context that a check works with."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.check import Check, Context, Findings, Judge, Rule, Secret, Settings, judges
from preflight.errors import PluginError
from preflight.findings import Evidence, Status
from preflight.net.dns import Question, Reason, Unanswered
from preflight.policy import Policy
from preflight.subject import Subject
from preflight.testing import report_of, statuses
from tests.unit.fake_checks import IP, IP2, check_of, passing, rule

ONE, TWO, THREE = rule("a/one"), rule("a/two"), rule("a/three")
SEEN = Evidence("dns", "A x.example", "192.0.2.1")


def test_a_rule_that_holds() -> None:
    found = ONE.passes(IP, "{part} is named {names}", SEEN, [SEEN], names=("b", "a"))
    assert (found.rule, found.status, found.part) == ("a/one", Status.PASS, IP)
    assert str(found.message) == f"{IP} is named b, a"
    assert found.evidence == (SEEN,)
    assert found.fix is None


def test_a_rule_that_is_broken_says_how_to_mend_it() -> None:
    found = rule("a/one", fix="give {part} the name {name}").fails(IP, "{part} has none", name="mail.example.com")
    assert found.status is Status.FAIL
    assert str(found.fix) == f"give {IP} the name mail.example.com"


def test_an_undecided_rule_has_a_fix_of_its_own_or_none() -> None:
    assert ONE.undecided(IP, "no idea").fix is None
    found = ONE.undecided(IP, "{zone} is dead", fix="ask {zone} again", zone="bl.example")
    assert found.status is Status.INCONCLUSIVE
    assert str(found.fix) == "ask bl.example again"


def test_an_unfilled_place_is_a_bug_at_once() -> None:
    with pytest.raises(KeyError, match="record"):
        rule("a/one", fix="add {record}").fails(IP, "{part} has none")
    with pytest.raises(KeyError, match="name"):
        ONE.passes(IP, "{name} is fine")


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (7, "7"), (["b", 1], "b, 1"), ((), ""), ({"c", "a", "b"}, "a, b, c"), (frozenset({2, 1}), "1, 2")],
)
def test_arguments_become_text(value: object, text: str) -> None:
    assert ONE.passes(IP, "{value}", value=value).message.args["value"] == text


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([rule("b/one")], "rule id 'b/one' does not read a/<rule>"),
        ([rule("a")], "rule id 'a' does not read a/<rule>"),
        ([rule("a/")], "rule id 'a/' does not read a/<rule>"),
        ([rule("a/one"), rule("a/two"), rule("a/one")], "rule a/one is declared twice"),
        ([rule("a/crashed")], "rule id 'a/crashed' is kept for crashes"),
        ([rule("a/one", needs=["ip", "hello"])], "needs 'hello', which is no input; inputs are: host, ip, helo"),
        ([rule("a/one", needs=["domain|hello"])], "needs 'hello', which is no input"),
        ([rule("a/one", needs=[""])], "needs '', which is no input"),
    ],
)
def test_checks_that_break_the_contract(rules: list[Rule], problem: str) -> None:
    async def run(_: Context) -> None: ...

    with pytest.raises(PluginError) as raised:
        Check(id="a", title="x", rules=tuple(rules), run=run)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("secret", "text", "masked"),
    [
        ("abcdefgh", "ABCDEFGH.zen.dq.example and abcdefgh", "????????.zen.dq.example and ????????"),
        ("abcdefgh", "nothing of it: abcdefg", "nothing of it: abcdefg"),
        ("abcdefgh", "İİİİ abcdefgh İ", "İİİİ ???????? İ"),
        ("aaaa1111", "aaaa1111aaaa1111aaaa", "????????????????aaaa"),
        ("a.c$", "abc$ a.c$", "abc$ ????"),
        ("", "text", "text"),
    ],
)
def test_masking(secret: str, text: str, masked: str) -> None:
    assert Secret(secret).mask(text) == masked


@given(st.from_regex(r"[a-z0-9]{8,20}", fullmatch=True), st.text(max_size=20), st.text(max_size=20), st.booleans())
def test_no_masked_text_holds_the_secret(secret: str, before: str, after: str, upper: bool) -> None:
    shown = Secret(secret).mask(before + (secret.upper() if upper else secret) + after)
    assert secret not in shown.lower()
    assert "?" * len(secret) in shown


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("abcdefgh")
    assert "abcdefgh" not in f"{secret} {secret!r} {[secret]} {Settings(secrets={'dqs': secret})}"
    assert secret.reveal() == "abcdefgh"


# Through the context


def test_each_hands_every_part_once_to_every_judge() -> None:
    judged: list[tuple[str, object]] = []

    @judges(ONE)
    async def first(_: Context, part: object) -> Findings:
        judged.append(("first", part))
        yield ONE.passes(part, "fine")

    @judges(TWO)
    async def second(_: Context, part: object) -> Findings:
        judged.append(("second", part))
        yield TWO.passes(part, "fine")

    async def run(ctx: Context) -> None:
        await ctx.each([*ctx.subject.ips, *ctx.subject.ips], first, second)

    report = report_of(check_of(ONE, TWO, run=run), Subject.of(ips=[IP, IP2]), {})
    assert statuses(report) == {(one, ip): "pass" for one in ("a/one", "a/two") for ip in (IP, IP2)}
    assert len(judged) == 4


def test_a_judge_may_hand_on_parts_that_it_finds() -> None:
    @judges(TWO)
    async def host(_: Context, name: str) -> Findings:
        yield TWO.passes(name, "fine")

    @judges(ONE)
    async def address(ctx: Context, ip: object) -> Findings:
        yield ONE.passes(ip, "fine")
        await ctx.each(["a.example", "b.example"], host)

    async def run(ctx: Context) -> None:
        await ctx.each(ctx.subject.ips, address)

    report = report_of(check_of(ONE, TWO, run=run), Subject.of(ips=[IP]), {})
    assert statuses(report) == {("a/one", IP): "pass", ("a/two", "a.example"): "pass", ("a/two", "b.example"): "pass"}


def test_what_several_judges_need_is_made_once() -> None:
    made: list[object] = []

    async def make() -> int:
        made.append(None)
        await asyncio.sleep(0)
        return 7

    async def fails() -> int:
        raise Unanswered(Question("x.example", "A"), Reason.TIMEOUT)

    @judges(ONE)
    async def one(ctx: Context, part: str) -> Findings:
        values = await asyncio.gather(ctx.once("seven", make), ctx.once("seven", make))
        yield ONE.passes(part, "{values}", values=[*values, await ctx.once("seven", make)])

    @judges(TWO)
    async def two(ctx: Context, part: str) -> Findings:
        await ctx.once("nothing", fails)
        yield TWO.passes(part, "never")

    async def run(ctx: Context) -> None:
        await ctx.each([IP, IP2], one, two)

    report = report_of(check_of(ONE, TWO, run=run), Subject.of(ips=[IP, IP2]), {})
    assert statuses(report) == {
        ("a/one", IP): "pass",
        ("a/one", IP2): "pass",
        ("a/two", IP): "inconclusive",
        ("a/two", IP2): "inconclusive",
    }
    assert {str(judged.finding.message) for judged in report.findings[:2]} == {"7, 7, 7"}
    assert len(made) == 1


def test_a_judge_that_nobody_wants_does_not_run() -> None:
    message = rule("a/message", needs=["message"])

    async def never(_: Context, part: object) -> Findings:
        raise AssertionError(part)
        yield ONE.passes(part, "unreachable")

    async def run(ctx: Context) -> None:
        assert [one.id for one in (ONE, TWO, message) if ctx.wants(one)] == ["a/one"]
        await ctx.each(ctx.subject.ips, Judge((TWO, message), never))

    report = report_of(check_of(ONE, TWO, message, run=run), Subject.of(ips=[IP]), {}, policy=Policy(ignore=("a/two",)))
    assert statuses(report) == {("a/message", IP): "skipped"}


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (Policy(), {"a/one", "a/two", "a/three"}),
        (Policy(select=("a/two",)), {"a/two"}),
        (Policy(select=("a",), ignore=("a/two",)), {"a/one", "a/three"}),
        (Policy(ignore=("a",)), set()),
        (Policy(select=("b",)), set()),
    ],
)
def test_findings_for_rules_that_nobody_wants_are_dropped(policy: Policy, kept: set[str]) -> None:
    report = report_of(passing(ONE, TWO, THREE), Subject.of(ips=[IP]), {}, policy=policy)
    assert {judged.finding.rule for judged in report.findings} == kept


class Options(msgspec.Struct, frozen=True):
    zones: list[str] = []


@pytest.mark.parametrize(
    ("given_options", "zones"), [({}, []), ({"a": Options(["x"])}, ["x"]), ({"b": Options(["x"])}, [])]
)
def test_a_check_sees_its_own_options(given_options: dict[str, Any], zones: list[str]) -> None:
    seen: list[list[str]] = []

    async def run(ctx: Context) -> None:
        seen.append(ctx.options(Options).zones)

    report_of(check_of(ONE, run=run), Subject.of(ips=[IP]), {}, settings=Settings(options=given_options))
    assert seen == [zones]
