"""Questions, the kinds of answers, the single flight over a source, and the scripted source."""

import asyncio
import contextlib
import gc
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.findings import Evidence
from preflight.net.dns import (
    Answer,
    Mx,
    NoData,
    NxDomain,
    Question,
    Reason,
    Records,
    SingleFlight,
    Source,
    Unanswered,
)
from preflight.net.fake import FakeSource

A = Question("mail.example.com", "A")


@pytest.mark.parametrize(
    ("name", "rtype"),
    [("mail.example.com", "A"), ("mail.example.com.", "a"), ("MAIL.Example.COM.", "A")],
)
def test_equal_questions_have_one_form(name: str, rtype: str) -> None:
    assert Question.of(name, rtype) == A
    assert str(Question.of(name, rtype)) == "A mail.example.com"


def test_the_root_and_odd_names() -> None:
    assert [Question.of(name, "NS").name for name in ("", ".", "..", "a..")] == [".", ".", ".", "a."]


@given(st.from_regex(r"[a-zA-Z0-9_.-]{0,20}[a-zA-Z]", fullmatch=True), st.sampled_from(["a", "MX", "Txt"]))
def test_case_and_a_last_dot_make_no_difference(name: str, rtype: str) -> None:
    assert Question.of(name.upper() + ".", rtype) == Question.of(name, rtype.swapcase()) == Question.of(name, rtype)


@pytest.mark.parametrize(
    ("answer", "found", "seen"),
    [
        (Records(A, (), ("192.0.2.1", "192.0.2.2")), True, "192.0.2.1, 192.0.2.2"),
        (Records(A, ("a.example", "b.example"), ("192.0.2.1",)), True, "a.example → b.example → 192.0.2.1"),
        (Records(A, (), tuple(f"192.0.2.{n}" for n in range(8))), True, ", ".join(f"192.0.2.{n}" for n in range(8))),
        (
            Records(A, (), tuple(f"192.0.2.{n}" for n in range(70))),
            True,
            ", ".join(f"192.0.2.{n}" for n in range(8)) + " and 62 more",
        ),
        (NoData(A), False, "no A record"),
        (NxDomain(A), False, "NXDOMAIN"),
        (NxDomain(A, ("gone.example",)), False, "gone.example → NXDOMAIN"),
    ],
)
def test_answers(answer: Answer, found: bool, seen: str) -> None:
    assert bool(answer) is found
    assert answer.evidence == Evidence("dns", "A mail.example.com", seen)
    assert answer.values == (answer.found if isinstance(answer, Records) else ())


def test_values_of_addresses_and_exchanges() -> None:
    mixed = Records(A, (), ("192.0.2.1", "2001:db8::1"))
    assert mixed.addresses == (ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1"))
    mx = Records(Question("example.com", "MX"), (), ("20 b.example", "5 c.example", "20 a.example", "0 ."))
    assert mx.exchanges == (Mx(0, "."), Mx(5, "c.example"), Mx(20, "a.example"), Mx(20, "b.example"))
    assert NoData(A).addresses == NxDomain(A).exchanges == ()


def test_unanswered_says_to_what_and_why() -> None:
    plain, detailed = Unanswered(A, Reason.SERVFAIL), Unanswered(A, Reason.TIMEOUT, "192.0.2.53: no reply")
    assert str(plain) == "A mail.example.com: SERVFAIL"
    assert plain.evidence == Evidence("dns", "A mail.example.com", "SERVFAIL")
    assert str(detailed) == "A mail.example.com: 192.0.2.53: no reply"
    assert detailed.evidence == Evidence("dns", "A mail.example.com", "192.0.2.53: no reply")


# The single flight


class Gated(Source):
    """Answers when its gate opens; counts what it is asked."""

    def __init__(self, outcome: Callable[[Question], Answer]) -> None:
        self.gate = asyncio.Event()
        self.asked: list[Question] = []
        self._outcome = outcome

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        await self.gate.wait()
        return self._outcome(question)

    @property
    def servers(self) -> tuple[str, ...]:
        return ("192.0.2.53",)


def records(question: Question) -> Answer:
    return Records(question, (), ("192.0.2.1",))


def servfail(question: Question) -> Answer:
    raise Unanswered(question, Reason.SERVFAIL, "both said so")


def broken(question: Question) -> Answer:
    raise ZeroDivisionError(str(question))


def alone(play: Callable[[], Awaitable[None]]) -> None:
    """Play in an event loop of its own, and fail when the loop has anything to complain about at its end."""
    complaints: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        await play()
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(watched())
    gc.collect()
    assert complaints == []


async def opened(source: Gated) -> None:
    """Open the gate when the source has been asked."""
    for _ in range(5):
        await asyncio.sleep(0)
    source.gate.set()


def test_fifty_askers_make_one_query() -> None:
    async def play() -> None:
        source = Gated(records)
        flight = SingleFlight(source)
        names = ["mail.example.com", "MAIL.example.com", "mail.example.com.", "Mail.Example.Com."]
        askers = [flight.query(names[n % 4], "A" if n % 2 else "a") for n in range(50)]
        *answers, _ = await asyncio.gather(*askers, opened(source))
        assert answers == [records(A)] * 50
        assert source.asked == [A]
        assert flight.asked == 1
        assert await flight.query("mail.example.com", "A") == records(A)
        assert source.asked == [A]
        assert flight.servers == ("192.0.2.53",)

    alone(play)


def test_different_questions_are_different() -> None:
    async def play() -> None:
        source = FakeSource({"A x.example": ["192.0.2.1"], "AAAA x.example": NoData, "A y.example": NxDomain})
        flight = SingleFlight(source)
        for _ in range(3):
            ipv4, ipv6 = await flight.addresses("x.example")
            assert (ipv4.values, type(ipv6)) == (("192.0.2.1",), NoData)
            assert isinstance(await flight.query("Y.example.", "a"), NxDomain)
        assert [str(question) for question in source.asked] == ["A x.example", "AAAA x.example", "A y.example"]

    alone(play)


def test_failures_are_remembered_and_each_asker_gets_one_of_its_own() -> None:
    async def play() -> None:
        source = Gated(servfail)
        flight = SingleFlight(source)
        asked = asyncio.gather(*(flight.query("mail.example.com", "A") for _ in range(9)), return_exceptions=True)
        await opened(source)
        outcomes = await asked
        with pytest.raises(Unanswered) as later:
            await flight.query("mail.example.com", "A")
        assert len({id(outcome) for outcome in [*outcomes, later.value]}) == 10
        for outcome in outcomes:
            assert isinstance(outcome, Unanswered)
            assert (outcome.question, outcome.reason, outcome.detail) == (A, Reason.SERVFAIL, "both said so")
        assert source.asked == [A]

    alone(play)


def test_a_bug_in_the_source_reaches_every_asker() -> None:
    async def play() -> None:
        source = Gated(broken)
        flight = SingleFlight(source)
        asked = asyncio.gather(*(flight.query("mail.example.com", "A") for _ in range(3)), return_exceptions=True)
        await opened(source)
        assert [type(outcome) for outcome in await asked] == [ZeroDivisionError] * 3

    alone(play)


@pytest.mark.parametrize("outcome", [records, servfail, broken])
def test_an_asker_that_is_cancelled_takes_nothing_from_the_others(outcome: Callable[[Question], Answer]) -> None:
    async def play() -> None:
        source = Gated(outcome)
        flight = SingleFlight(source)
        first, second, third = (asyncio.create_task(flight.query("mail.example.com", "A")) for _ in range(3))
        await asyncio.sleep(0)
        first.cancel()
        third.cancel()
        await opened(source)
        await asyncio.wait([first, second, third])
        assert first.cancelled()
        assert third.cancelled()
        if outcome is records:
            assert second.result() == records(A)
        else:
            assert isinstance(second.exception(), Unanswered if outcome is servfail else ZeroDivisionError)
        assert source.asked == [A]

    alone(play)


@pytest.mark.parametrize("outcome", [records, servfail, broken])
def test_an_answer_that_nobody_waits_for_any_more_is_no_bother(outcome: Callable[[Question], Answer]) -> None:
    async def play() -> None:
        source = Gated(outcome)
        flight = SingleFlight(source)
        asker = asyncio.create_task(flight.query("mail.example.com", "A"))
        await asyncio.sleep(0)
        asker.cancel()
        await opened(source)
        await asyncio.wait([asker])
        await flight.close()

    alone(play)


def test_closing_ends_what_is_under_way_and_asks_nothing_more() -> None:
    async def play() -> None:
        source = Gated(records)
        flight = SingleFlight(source)
        askers = [asyncio.create_task(flight.query(name, "A")) for name in ("x.example", "x.example", "y.example")]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await flight.close()
        late = [flight.query("x.example", "A"), flight.query("z.example", "A")]
        for outcome in await asyncio.gather(*askers, *late, return_exceptions=True):
            assert isinstance(outcome, Unanswered)
            assert outcome.reason is Reason.DEADLINE
        assert [question.name for question in source.asked] == ["x.example", "y.example"]
        await flight.close()

    alone(play)


def test_closing_does_not_wait_for_a_source_that_goes_on() -> None:
    class Stubborn(Source):
        async def ask(self, question: Question) -> Answer:
            while not gate.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await gate.wait()
            return records(question)

    gate = asyncio.Event()

    async def play() -> None:
        flight = SingleFlight(Stubborn())
        asker = asyncio.create_task(flight.query("x.example", "A"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await flight.close()
        gate.set()
        assert (await asker).values == ("192.0.2.1",)

    alone(play)


def test_closing_keeps_what_is_known() -> None:
    async def play() -> None:
        flight = SingleFlight(FakeSource({"A mail.example.com": ["192.0.2.1"]}))
        await flight.query("mail.example.com", "A")
        await flight.close()
        assert await flight.query("mail.example.com", "A") == records(A)

    alone(play)


@pytest.mark.parametrize("unanswered", ["A", "AAAA"])
def test_addresses_need_both_answers(unanswered: str) -> None:
    async def play() -> None:
        script = {"A x.example": ["192.0.2.1"], "AAAA x.example": NoData} | {f"{unanswered} x.example": Reason.TIMEOUT}
        with pytest.raises(Unanswered) as raised:
            await SingleFlight(FakeSource(script)).addresses("x.example")
        assert str(raised.value) == f"{unanswered} x.example: timeout"

    alone(play)


# The scripted source


def ask(source: Source, question: Question) -> Answer:
    async def play() -> Answer:
        return await source.ask(question)

    return asyncio.run(play())


def test_the_script_answers_as_told() -> None:
    whole = Records(A, ("alias.example",), ("192.0.2.9",))
    source = FakeSource(
        {"a MAIL.example.com.": whole, "MX x.example": NoData, "TXT x.example": NxDomain, "NS x.example": []},
        ["192.0.2.53"],
    )
    assert source.servers == ("192.0.2.53",)
    assert ask(source, A) is whole
    assert ask(source, Question("x.example", "MX")) == NoData(Question("x.example", "MX"))
    assert ask(source, Question("x.example", "TXT")) == NxDomain(Question("x.example", "TXT"))
    assert not ask(source, Question("x.example", "NS"))
    assert source.untold == []


@pytest.mark.parametrize("reason", list(Reason))
def test_the_script_leaves_unanswered(reason: Reason) -> None:
    with pytest.raises(Unanswered) as raised:
        ask(FakeSource({"A mail.example.com": reason}), A)
    assert (raised.value.question, raised.value.reason) == (A, reason)


def test_the_script_never_makes_up_an_answer() -> None:
    source = FakeSource({"A mail.example.com": ["192.0.2.1"]})
    with pytest.raises(AssertionError, match="no answer for: AAAA mail"):
        ask(source, Question("mail.example.com", "AAAA"))
    assert source.untold == source.asked == [Question("mail.example.com", "AAAA")]


def test_a_text_in_place_of_a_list_is_a_slip() -> None:
    with pytest.raises(TypeError, match=r"192\.0\.2\.1"):
        FakeSource({"A mail.example.com": "192.0.2.1"})
