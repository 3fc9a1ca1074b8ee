"""Evaluating SPF: results, what matched, limits, unanswered questions; the same by pyspf as it is; round trips."""

import asyncio
import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, SingleFlight, Source, Unanswered
from preflight.net.fake import FakeSource, Script
from preflight_checks.senderauth import spf_pyspf
from preflight_checks.senderauth.spf_evaluation import evaluate_spf
from preflight_checks.senderauth.spf_limits import drawn, lookups, void_lookups
from preflight_checks.senderauth.spf_result import SpfOutcome
from preflight_checks.senderauth.spf_scope import broken_references, crowded_mx
from preflight_checks.senderauth.spf_tree import MAX_RECORDS, Tree, walk

IP = "203.0.113.5"
spf = spf_pyspf.spf


def judged(script: Script, *, ip: str = IP, sender: str = "example.com", local: str = "", helo: str = "") -> SpfOutcome:
    source = FakeSource(script)
    outcome = asyncio.run(
        evaluate_spf(
            SingleFlight(source), ip=ipaddress.ip_address(ip), mail_from_domain=sender, local_part=local, helo=helo
        )
    )
    assert source.untold == []
    return outcome


def spf_at(**records: str) -> dict[str, list[str]]:
    """`spf_at(a="mx")` is a script in which a.example has the record `v=spf1 mx`; `top` is example.com."""
    return {
        f"TXT {'example.com' if name == 'top' else f'{name}.example'}": [f"v=spf1 {text}"]
        for name, text in records.items()
    }


@pytest.mark.parametrize(
    ("script", "result", "matched", "at"),
    [
        (spf_at(top="ip4:203.0.113.0/24 -all"), "pass", "ip4:203.0.113.0/24", "example.com"),
        (spf_at(top="-all"), "fail", "-all", "example.com"),
        (spf_at(top="~all"), "softfail", "~all", "example.com"),
        (spf_at(top="?ip4:203.0.113.5 -all"), "neutral", "?ip4:203.0.113.5", "example.com"),
        (spf_at(top="ip4:192.0.2.1"), "neutral", "", "example.com"),
        (
            spf_at(top="include:a.example -all", a="include:b.example ~all", b="ip4:203.0.113.5 -all"),
            "pass",
            "include:a.example → include:b.example → ip4:203.0.113.5",
            "b.example",
        ),
        (spf_at(top="include:a.example ~all", a="-all"), "softfail", "~all", "example.com"),
        (spf_at(top="redirect=a.example", a="-all"), "fail", "redirect=a.example → -all", "a.example"),
        (spf_at(top="redirect=a.example", a="ip4:192.0.2.1"), "neutral", "redirect=a.example", "a.example"),
        (
            spf_at(top="include:a.example -all", a="redirect=b.example", b="ip4:203.0.113.5 -all"),
            "pass",
            "include:a.example → redirect=b.example → ip4:203.0.113.5",
            "b.example",
        ),
    ],
)  # fmt: skip
def test_what_matched(script: Script, result: str, matched: str, at: str) -> None:
    outcome = judged(script)
    assert (outcome.result, outcome.matched, outcome.at) == (result, matched, at)
    assert (outcome.domain, outcome.identity) == ("example.com", "mailfrom")


def test_the_null_sender_is_judged_by_the_helo_name() -> None:
    outcome = judged(
        {"TXT mail.example.com": ["v=spf1 a -all"], "A mail.example.com": [IP]}, sender="", helo="mail.example.com"
    )
    assert (outcome.result, outcome.identity, outcome.domain) == ("pass", "helo", "mail.example.com")


@pytest.mark.parametrize("name", ["localhost", "[203.0.113.5]", "a..example.com", f"{'x' * 64}.example.com", ""])
def test_names_that_can_have_no_record_are_not_asked_for(name: str) -> None:
    outcome = judged({}, sender="", helo=name)
    assert (outcome.result, str(outcome.problem)) == ("none", f"{name} is no domain that could have an SPF record")


def test_macros_that_name_the_sender_are_asked_for_when_they_are_needed() -> None:
    script = {
        **spf_at(top="exists:%{l}.%{i}._x.%{d} include:%{h} -all"),
        "A bob.203.0.113.5._x.example.com": NxDomain,
        "TXT helo.example.net": ["v=spf1 ip4:203.0.113.5"],
    }
    outcome = judged(script, local="bob", helo="helo.example.net")
    assert (outcome.result, outcome.matched) == ("pass", "include:%{h} → ip4:203.0.113.5")
    assert (outcome.lookups, outcome.void_lookups) == (2, 1)


def test_the_explanation_is_asked_for_when_mail_is_refused_and_not_else() -> None:
    record = spf_at(top="ip4:192.0.2.1 -all exp=why.example")
    assert judged(record, ip="192.0.2.1").result == "pass"  # the script has no answer for why.example
    outcome = judged({**record, "TXT why.example": ["%{i} is not ours"]})
    assert (outcome.result, outcome.explanation) == ("fail", "203.0.113.5 is not ours")
    assert [one.asked for one in outcome.evidence] == ["TXT example.com", "TXT why.example"]
    for trouble in (Reason.SERVFAIL, NxDomain, ["one", "two"], ["%{unknown}"], ["umlaut \u00fc"]):
        outcome = judged({**record, "TXT why.example": trouble})
        assert (outcome.result, outcome.explanation, outcome.unanswered) == ("fail", "", None)


@pytest.mark.parametrize(
    "script",
    [
        {"TXT example.com": Reason.TIMEOUT},
        {**spf_at(top="include:a.example -all"), "TXT a.example": Reason.SERVFAIL},
        {**spf_at(top="redirect=a.example"), "TXT a.example": Reason.REFUSED},
        {**spf_at(top="a -all"), "A example.com": Reason.TIMEOUT},
        {**spf_at(top="mx -all"), "MX example.com": Reason.LAME},
        {**spf_at(top="mx -all"), "MX example.com": ["1 m.example"], "A m.example": Reason.SERVFAIL},
        {**spf_at(top="exists:e.example -all"), "A e.example": Reason.TIMEOUT},
        {**spf_at(top="exists:%{i}.e.example -all"), "A 203.0.113.5.e.example": Reason.TIMEOUT},
        {**spf_at(top="ptr -all"), "PTR 5.113.0.203.in-addr.arpa": Reason.TIMEOUT},
        {
            **spf_at(top="ptr -all"),
            "PTR 5.113.0.203.in-addr.arpa": ["m.example.com"],
            "A m.example.com": Reason.TIMEOUT,
        },
        {**spf_at(top="include:a.example include:b.example -all", b="-all"), "TXT a.example": Reason.TIMEOUT},
    ],
)
def test_a_question_without_an_answer_is_a_temperror(script: Script) -> None:
    outcome = judged(script)
    (silent,) = [text for text, answer in script.items() if isinstance(answer, Reason)]
    assert outcome.result == "temperror"
    assert outcome.unanswered is not None
    assert str(outcome.unanswered.question) == silent


@pytest.mark.parametrize(
    "script",
    [
        {**spf_at(top="ip4:203.0.113.5 a -all"), "A example.com": Reason.TIMEOUT},
        {**spf_at(top="ptr ip4:203.0.113.5 -all"), "PTR 5.113.0.203.in-addr.arpa": Reason.TIMEOUT},
    ],
)
def test_what_the_result_does_not_depend_on_may_stay_unanswered(script: Script) -> None:
    outcome = judged(script)
    assert (outcome.result, outcome.unanswered) == ("pass", None)


ELEVEN = {f"A n{n}.example": ["192.0.2.1"] for n in range(11)}


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ({"TXT example.com": ["v=spf1 -all", "v=spf1 a"]}, "example.com has 2 SPF records"),
        (
            spf_at(top="include:a.%% -all"),
            "the record cannot be evaluated: invalid-macro-char : a",
        ),
        (spf_at(top="include:example.com -all"), "the record of example.com includes itself"),
        (spf_at(top="ip4:x -all"), "ip4:x has no IPv4 address such as 192.0.2.25"),
        (
            {**spf_at(top="include:a.example -all"), "TXT a.example": NoData},
            "a.example, to which the record refers, has no SPF record",
        ),
        (
            {**spf_at(top="redirect=a.example"), "TXT a.example": ["hello"]},
            "a.example, to which the record refers, has no SPF record",
        ),
        (
            {**spf_at(top="mx -all"), "MX example.com": [f"{n} m{n}.example" for n in range(11)]},
            "example.com has 11 MX hosts; 10 are the most that SPF allows",
        ),
        (
            {**spf_at(top="a:a.example a:b.example a:c.example -all"), **{f"A {n}.example": NxDomain for n in "abc"}},
            "the evaluation takes more than 2 DNS lookups that find nothing; the last is A c.example",
        ),
        (
            {**spf_at(top=" ".join(f"a:n{n}.example" for n in range(11))), **ELEVEN},
            "the evaluation takes more than 10 DNS lookups",
        ),
        (
            spf_at(top="include:a.example -all", a="include:example.com"),
            "the evaluation takes more than 10 DNS lookups",
        ),
    ],
)  # fmt: skip
def test_errors(script: Script, problem: str) -> None:
    outcome = judged(script)
    assert (outcome.result, str(outcome.problem)) == ("permerror", problem)


def test_ipv6_and_mapped_addresses() -> None:
    script = {**spf_at(top="ip4:203.0.113.5 a -all"), "AAAA example.com": ["2001:db8::5"], "A example.com": NoData}
    assert judged(script, ip="2001:db8::5").matched == "a"
    assert judged(script, ip="::ffff:203.0.113.5").matched == "ip4:203.0.113.5"


def test_a_null_mx_and_what_dns_cannot_have_are_no_lookups_that_find_nothing() -> None:
    script = {**spf_at(top=r"mx a:x\999.example ~all"), "MX example.com": ["0 ."], r"A x\999.example": Reason.BAD_NAME}
    outcome = judged(script)
    assert (outcome.result, outcome.void_lookups) == ("softfail", 0)


def test_a_long_name_loses_labels_on_its_left() -> None:
    """RFC 7208 7.3: what macros expand to has 253 characters at the most."""
    labels = ["x" * 60] * 5
    script = {**spf_at(top=f"a:{'.'.join(labels)}.example -all"), f"A {'.'.join(labels[1:])}.example": [IP]}
    assert judged(script).result == "pass"


# What pyspf does otherwise, each with the section of RFC 7208 that we follow.


def test_a_redirect_counts_only_where_it_is_followed() -> None:
    """6.1. pyspf counts it before it looks at the first mechanism, and beside an `all`."""
    ten = " ".join(f"a:n{n}.example" for n in range(10))
    script = {f"A n{n}.example": [IP if n == 9 else "192.0.2.1"] for n in range(10)}
    for record in (f"{ten} redirect=r.example", f"{ten} -all redirect=r.example"):
        answers = {**script, **spf_at(top=record, r="-all")}
        outcome = judged(answers)
        assert (outcome.result, outcome.lookups) == ("pass", 10)
        assert plain(answers, IP)[0] == "permerror"


def test_names_of_modifiers_know_no_case() -> None:
    """6 and 12: texts of the grammar know no case. pyspf takes `Redirect=` for an unknown modifier."""
    script = spf_at(top="Redirect=r.example", r="-all")
    assert judged(script).result == "fail"
    assert plain(script, IP)[0] == "neutral"


def test_unknown_modifiers_may_be_repeated() -> None:
    """6: only redirect and exp may not."""
    script = spf_at(top="x=1 x=2 -all")
    assert judged(script).result == "fail"
    assert plain(script, IP)[0] == "permerror"


def test_the_digit_of_a_macro_must_not_be_zero() -> None:
    """7.3. pyspf expands it to something."""
    script = {**spf_at(top="a:%{d0}.example -all"), "A example.com.example": NxDomain, "A .example": NxDomain}
    assert judged(script).result == "permerror"


# pyspf as it is, over the same answers.


def plain(script: Script, ip: str, sender: str = "postmaster@example.com", helo: str = "h.example") -> tuple[str, str]:
    """The result of unmodified pyspf, and what it says of it."""
    source = FakeSource(script)

    def look_up(name: str, qtype: str, strict: Any, timeout: Any) -> list[tuple[tuple[str, str], Any]]:
        try:
            answer = asyncio.run(source.ask(Question.of(name, qtype)))
        except Unanswered as outcome:
            raise spf.TempError(str(outcome)) from outcome
        if qtype == "MX":
            return [((name, qtype), (mx.preference, mx.host)) for mx in answer.exchanges]
        return [((name, qtype), (value.encode(),) if qtype == "TXT" else value) for value in answer.values]

    with patch.object(spf, "DNSLookup", look_up):
        query = spf.query(i=ip, s=sender, h=helo)
        return query.check()[0], str(query.perm_error or "")


NAMES = ("example.com", "a.example", "b.example", "c.example")
ADDRESSES = ("203.0.113.5", "192.0.2.1", "198.51.100.7")
MECHANISMS = st.one_of(
    st.sampled_from(["a", "mx", "a/24", "mx/28", "exists:a.example", "ip6:2001:db8::/32"]),
    st.sampled_from(NAMES).map("a:{}".format),
    st.sampled_from(NAMES).map("mx:{}/24".format),
    st.sampled_from(NAMES[1:]).map("include:{}".format),
    st.sampled_from(ADDRESSES).map("ip4:{}".format),
    st.sampled_from(ADDRESSES).map("ip4:{}/25".format),
)
QUALIFIERS = st.sampled_from(["", "", "+", "-", "~", "?"])
FIXED = st.builds("{}{}".format, QUALIFIERS, MECHANISMS)
TERMS = st.one_of(FIXED, FIXED, QUALIFIERS.map("{}exists:%{{i}}.x.example".format))


ENDINGS = ("-all", "~all", "?all", "+all", "")


@st.composite
def zones(draw: st.DrawFn, *, redirects: bool = False, endings: Sequence[str] = ENDINGS, of: Any = TERMS) -> Script:
    """Answers for four domains that refer to each other."""
    script: dict[str, Any] = {f"A {ip}.x.example": NxDomain for ip in ADDRESSES}
    for name in NAMES:
        terms = draw(st.lists(of, max_size=4))
        end = draw(st.sampled_from([*endings, *(f"redirect={other}" for other in NAMES[1:] if redirects)]))
        record = " ".join(filter(None, ["v=spf1", *terms, end]))
        script[f"TXT {name}"] = draw(st.sampled_from([[record], [record], [record], [record], NoData, Reason.SERVFAIL]))
        script[f"A {name}"] = draw(st.sampled_from([[ADDRESSES[0]], [ADDRESSES[1]], list(ADDRESSES[1:]), NoData]))
        script[f"MX {name}"] = draw(
            st.sampled_from([["10 a.example"], ["10 b.example", "20 c.example"], ["0 ."], NoData])
        )
    return script


@settings(max_examples=250, deadline=None)
@given(zones(), st.sampled_from(ADDRESSES))
def test_results_are_those_of_pyspf(script: Script, ip: str) -> None:
    expected, problem = plain(script, ip)
    assume("trivial recursion" not in problem)  # it minds those behind `all` as well
    assert judged(script, ip=ip, helo="h.example").result == expected


@settings(max_examples=150, deadline=None)
@given(zones(redirects=True), st.sampled_from(ADDRESSES))
def test_results_are_those_of_pyspf_with_redirects(script: Script, ip: str) -> None:
    expected, problem = plain(script, ip)
    assume("trivial recursion" not in problem and "Too many DNS lookups" not in problem)  # it counts redirects early
    assert judged(script, ip=ip, helo="h.example").result == expected


class Unlimited(spf_pyspf.Evaluation):
    """pyspf's loop for a sender that matches nothing, without limits: what it counts is the cost of the tree."""

    def cidrmatch(self, ipaddrs: list[str], n: int) -> bool:
        return False

    def dns_a(self, domainname: str, A: str = "A") -> list[str]:  # noqa: N803 - pyspf's own
        super().dns_a(domainname, A)
        return []

    def check_lookups(self) -> None:
        self.lookups += 1


@contextmanager
def no_limit_of_voids() -> Iterator[None]:
    with patch.object(spf_pyspf, "MAX_VOID_LOOKUPS", 10**6):
        yield


def tree_of(script: Script, versions: set[int] | None = None) -> Tree:
    return asyncio.run(walk(SingleFlight(FakeSource(script)), "example.com", versions or {4}))


@settings(max_examples=200, deadline=None)
@given(zones(redirects=True, endings=("-all", "~all", "?all", ""), of=FIXED))
def test_the_cost_of_a_tree_is_what_pyspf_counts_for_a_stranger(script: Script) -> None:
    tree = tree_of(script)
    asked, voids = lookups(tree), void_lookups(tree, 4)
    assume(tree.top.sound and not asked.loop and not asked.unanswered and not broken_references(tree).found)
    assume(asked.count < 200)
    with no_limit_of_voids():
        evaluation = Unlimited(ipaddress.ip_address("198.51.100.200"), "x@example.com", "h.example", tree.answers)
        assert evaluation.outcome().result != "permerror"
    assert (evaluation.lookups, evaluation.void_lookups) == (asked.count, voids.count)


def test_a_record_that_is_included_twice_counts_twice() -> None:
    script = spf_at(
        top="include:a.example include:b.example -all", a="include:c.example", b="include:c.example", c="exists:%{i}"
    )
    tree = tree_of(script)
    assert lookups(tree).count == 6
    inside = "include:c.example (2: exists:%{i})"
    assert drawn(tree) == f"include:a.example (3: {inside}), include:b.example (3: {inside})"


def test_includes_that_double_at_each_level_take_no_time() -> None:
    script = spf_at(**{f"n{n}": f"include:n{n + 1}.example ?include:n{n + 1}.example" for n in range(40)}, n40="-all")
    script["TXT example.com"] = ["v=spf1 include:n0.example -all"]
    tree = tree_of(script)
    assert lookups(tree).count == 9999
    assert drawn(tree).count("include") == 40


def test_a_tree_without_an_end_is_not_walked_to_its_end() -> None:
    class Endless(Source):
        asked = 0

        async def ask(self, question: Question) -> Answer:
            self.asked += 1
            return Records(question, (), (f"v=spf1 include:x{self.asked}.example include:y{self.asked}.example -all",))

    source = Endless()
    tree = asyncio.run(walk(SingleFlight(source), "example.com", {4}))
    assert (source.asked, tree.cut, len(tree.records)) == (MAX_RECORDS, True, MAX_RECORDS)
    assert lookups(tree).count > 10
    outcome = asyncio.run(
        evaluate_spf(
            SingleFlight(Endless()), ip=ipaddress.ip_address(IP), mail_from_domain="example.com", helo="h.example"
        )
    )
    assert outcome.result == "permerror"


def test_loops_are_told() -> None:
    tree = tree_of(spf_at(top="include:a.example -all", a="redirect=b.example", b="include:a.example"))
    assert lookups(tree).loop == ("a.example", "b.example", "a.example")
    assert drawn(tree) == "include:a.example (3: redirect=b.example (2: include:a.example (∞)))"


def test_crowded_mx() -> None:
    hosts = [f"{n} m{n}.example" for n in range(11)]
    tree = tree_of({**spf_at(top="mx -all"), "MX example.com": hosts})
    assert crowded_mx(tree) == (("example.com (11)",), None)


class Rounds(Source):
    """Answers all questions that are under way at once, when nobody has more to ask: one round trip after the other."""

    def __init__(self, script: Script) -> None:
        self._script = FakeSource(script)
        self._waiting: list[asyncio.Future[None]] = []
        self._turn: asyncio.Task[None] | None = None
        self.rounds = 0

    async def ask(self, question: Question) -> Answer:
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(arrived)
        if self._turn is None or self._turn.done():
            self._turn = asyncio.create_task(self._answer())
        await arrived
        return await self._script.ask(question)

    async def _answer(self) -> None:
        while self._waiting:
            known = -1
            while known != len(self._waiting):  # until the loop has settled
                known = len(self._waiting)
                for _ in range(20):
                    await asyncio.sleep(0)
            self.rounds += 1
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                one.set_result(None)
            for _ in range(20):
                await asyncio.sleep(0)


def test_a_tree_of_nine_includes_takes_the_round_trips_of_its_depth() -> None:
    script: dict[str, Any] = {
        **spf_at(top="include:a.example include:b.example include:c.example -all"),
        **spf_at(**{one: " ".join(f"include:{one}{n}.example" for n in (1, 2)) for one in "abc"}),
        **spf_at(**{f"{one}{n}": "ip4:192.0.2.1" for one in "abc" for n in (1, 2)}),
    }
    source = Rounds(script)
    outcome = asyncio.run(
        evaluate_spf(SingleFlight(source), ip=ipaddress.ip_address(IP), mail_from_domain="example.com")
    )
    assert (outcome.result, outcome.lookups, source.rounds) == ("fail", 9, 3)
