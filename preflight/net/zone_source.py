"""Answers from zone files before they are published: laid over live DNS, or alone.

What the files hold is answered with authority, as their name servers will. Names outside, and names that they delegate,
are asked of the source below; without one, nobody knows, and the question stays unanswered: a file that does not hold a
name says nothing of whether the Internet does.
"""

from collections.abc import Sequence

import dns.exception
import dns.name
import dns.rdatatype

from preflight.findings import Place
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered
from preflight.net.live import text_of
from preflight.net.zones import MAX_ALIASES, Found, Outcome, Walk, ZoneSet
from preflight.text import natural_key


class ZoneSource(Source):
    """A source that answers from zones what is in them, and has `below` answer the rest; `None`: nobody is asked."""

    def __init__(self, zones: ZoneSet, below: Source | None) -> None:
        self._zones = zones
        self._below = below

    @property
    def servers(self) -> tuple[str, ...]:
        """The name servers that are asked for what the zones do not hold."""
        return self._below.servers if self._below is not None else ()

    async def ask(self, question: Question) -> Answer:
        """Answer from the zones, and from below where an alias or a delegation leads out of them."""
        try:
            name = dns.name.from_text(question.name)
            rdtype = dns.rdatatype.from_text(question.rtype)
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            raise Unanswered(question, Reason.BAD_NAME, f"not a DNS name: {error}") from None
        aliases: list[str] = []
        places: tuple[Place, ...] = ()
        while len(aliases) <= MAX_ALIASES:
            walk = self._walk(question, name, rdtype)
            aliases += [_text(rrset[0].target) for rrset in walk.chain]
            places = walk.places[-1:] or places
            if walk.found is not None and walk.found.outcome is not Outcome.REFERRAL:
                return _told(question, walk.found, aliases, walk)
            beyond = await self._ask_below(question, walk, aliases)
            back = self._way_back(beyond.aliases)
            if back is None or walk.stands_in:
                return _joined(question, beyond, aliases, places, walk)
            aliases += beyond.aliases[: back + 1]
            name = dns.name.from_text(aliases[-1])
        raise Unanswered(question, Reason.BAD_REPLY, f"more than {MAX_ALIASES} aliases in a row")

    def _walk(self, question: Question, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Walk:
        try:
            walk = self._zones.walk(name, rdtype)
        except dns.name.NameTooLong:
            raise Unanswered(question, Reason.BAD_REPLY, "a DNAME leads to a name that is too long") from None
        if walk.endless:
            where = f", {walk.places[-1]}" if walk.places else ""
            raise Unanswered(question, Reason.BAD_REPLY, f"aliases that go round, or are too many{where}")
        return walk

    async def _ask_below(self, question: Question, walk: Walk, aliases: Sequence[str]) -> Answer:
        """What the source below says of the name at which the walk left the zones."""
        rest = question if len(walk.names) == 1 and not aliases else Question.of(_text(walk.names[-1]), question.rtype)
        if self._below is None:
            raise Unanswered(question, Reason.NOT_IN_ZONES, _why_not(walk, aliases))
        try:
            return await self._below.ask(rest)
        except Unanswered as outcome:
            if rest == question:
                raise
            detail = " → ".join([*aliases, outcome.detail or outcome.reason])
            raise Unanswered(question, outcome.reason, detail) from None

    def _way_back(self, aliases: Sequence[str]) -> int | None:
        """The first alias of a live answer that is in the zones: what follows it is of the zone as it is now, not as it
        will be."""
        for number, alias in enumerate(aliases):
            if self._zones.find(dns.name.from_text(alias)) is not None:
                return number
        return None

    async def second_opinion(self, answer: Answer) -> Answer:
        """An empty answer of the zones stands; one from below is taken to whom the source below knows."""
        if self._below is None:
            return answer
        last = dns.name.from_text(answer.aliases[-1] if answer.aliases else answer.question.name)
        walk = self._walk(answer.question, last, dns.rdatatype.from_text(answer.question.rtype))
        if walk.found is not None and walk.found.outcome is not Outcome.REFERRAL:
            return answer
        return await self._below.second_opinion(answer)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)


def _why_not(walk: Walk, aliases: Sequence[str]) -> str:
    """Why the files alone cannot tell, for evidence."""
    said: list[str] = [*aliases, Reason.NOT_IN_ZONES.value]
    if walk.found is not None:
        cut = _text(walk.found.rrsets[0].name)
        where = f" by {walk.found.places[0]}" if walk.found.places else ""
        said[-1] += f": {cut} is delegated{where}"
    return " → ".join(said)


def _told(question: Question, found: Found, aliases: Sequence[str], walk: Walk) -> Answer:
    """What the zones hold, as an answer."""
    if found.outcome is Outcome.NX_DOMAIN and not walk.stands_in:
        return NxDomain(question, tuple(aliases), places=found.places)
    if found.outcome is not Outcome.ANSWER:
        return NoData(question, tuple(aliases), places=found.places)
    # As live answers are, so that a report does not change with the order in the file.
    texts = [text_of(rdata) for rrset in found.rrsets for rdata in rrset]
    order = sorted(range(len(texts)), key=lambda at: natural_key(texts[at]))
    places = tuple(found.places[at] for at in order) if len(found.places) == len(texts) else found.places
    return Records(question, tuple(aliases), tuple(texts[at] for at in order), places=places)


def _joined(
    question: Question, beyond: Answer, aliases: Sequence[str], places: tuple[Place, ...], walk: Walk
) -> Answer:
    """An answer from below, behind the aliases that led to it; what a stand-in hides stays hidden."""
    if beyond.question == question and not aliases and not walk.stands_in:
        return beyond
    whole = tuple(aliases) if walk.stands_in else (*aliases, *beyond.aliases)
    if beyond.values:
        return Records(question, whole, beyond.values, note=beyond.note, places=places)
    if isinstance(beyond, NxDomain) and not walk.stands_in:
        return NxDomain(question, whole, note=beyond.note, places=places)
    return NoData(question, whole, note=beyond.note, places=places)
