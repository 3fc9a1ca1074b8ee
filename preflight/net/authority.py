"""A second opinion on "there is no such record": the zone's own servers, asked where the user wants it.

Resolvers keep negative answers for a while, and some invent them. With `--authoritative` an empty answer is taken to
the name servers of the zone before a check says "missing". Where none of them can be reached the resolver's word
stands, and the evidence says so.
"""

import asyncio
from dataclasses import replace

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from preflight.net.addresses import IPAddress, is_public
from preflight.net.channel import EDNS_PAYLOAD
from preflight.net.dns import Answer, NoData, NxDomain, Question, Records, Source, Unanswered
from preflight.net.live import DEFAULT_TIMEOUT, aliases_of, text_of
from preflight.text import natural_key

MAX_SERVERS = 4  # of one zone; more would be a burden and would tell no more
AGREED = "the zone's own servers say so too"
UNREACHED = "the zone's own servers could not be asked, so that the resolver's word stands"


class AuthoritativeSource(Source):
    """A source whose empty answers can be taken to the zone's own servers; these are found through the source itself.

    `timeout` is in seconds, for one server. Only public addresses are asked, unless `anywhere`; `port` is for tests.
    """

    def __init__(
        self, source: Source, timeout: float = DEFAULT_TIMEOUT, *, port: int = 53, anywhere: bool = False
    ) -> None:
        self._source = source
        self._timeout = timeout
        self._port = port
        self._anywhere = anywhere

    @property
    def servers(self) -> tuple[str, ...]:
        """The configured name servers."""
        return self._source.servers

    async def ask(self, question: Question) -> Answer:
        """Ask the configured name servers."""
        return await self._source.ask(question)

    async def second_opinion(self, answer: Answer) -> Answer:
        """What the zone's own servers say where the answer has no record. Its `note` says who said what."""
        name = answer.aliases[-1] if answer.aliases else answer.question.name
        servers = await self._servers_of(name)
        question = Question.of(name, answer.question.rtype)
        replies = await asyncio.gather(*(self._ask_one(question, server) for server in servers))
        told = [(server, reply) for server, reply in zip(servers, replies, strict=True) if reply is not None]
        for server, reply in told:
            if reply:
                note = f"says {server}, a server of the zone; the resolver had nothing"
                aliases = (*answer.aliases, *reply.aliases)
                return Records(answer.question, aliases, reply.values, note=note)
        if not told:
            return replace(answer, note=UNREACHED)
        return replace(answer, note=f"{AGREED} ({', '.join(str(server) for server, _ in told)})")

    async def _servers_of(self, name: str) -> list[IPAddress]:
        """The addresses of the name servers of the zone that a name is in, found by going up label by label."""
        hosts: tuple[str, ...] = ()
        zone = name
        while zone and not hosts:
            try:
                hosts = (await self._source.ask(Question.of(zone, "NS"))).values
            except Unanswered:
                return []
            zone = zone.partition(".")[2]
        questions = [Question.of(host, rtype) for host in sorted(hosts)[:MAX_SERVERS] for rtype in ("A", "AAAA")]
        answers = await asyncio.gather(*(self._source.ask(one) for one in questions), return_exceptions=True)
        found = dict.fromkeys(
            address for answer in answers if isinstance(answer, Answer) for address in answer.addresses
        )
        return [address for address in found if self._anywhere or is_public(address)][:MAX_SERVERS]

    async def _ask_one(self, question: Question, server: IPAddress) -> Answer | None:
        """What one server says with authority; `None` where it says nothing, or speaks for others."""
        try:
            name = dns.name.from_text(question.name)
            query = dns.message.make_query(name, question.rtype, use_edns=0, payload=EDNS_PAYLOAD, flags=0)
            reply, _ = await dns.asyncquery.udp_with_fallback(query, str(server), self._timeout, self._port)
        except (dns.exception.DNSException, OSError, ValueError, EOFError):
            return None
        if not reply.flags & dns.flags.AA or reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        aliases = aliases_of(reply, name)
        owner = dns.name.from_text(aliases[-1]) if aliases else name
        values = sorted(
            (
                text_of(rdata)
                for rrset in reply.answer
                if rrset.name == owner and rrset.rdtype == query.question[0].rdtype
                for rdata in rrset
            ),
            key=natural_key,
        )
        if values:
            return Records(question, aliases, tuple(values))
        if aliases:  # it leads into another zone, for which this server does not speak
            return await self._behind(question, aliases)
        return NxDomain(question) if reply.rcode() == dns.rcode.NXDOMAIN else NoData(question)

    async def _behind(self, question: Question, aliases: tuple[str, ...]) -> Answer | None:
        try:
            found = await self._source.ask(Question.of(aliases[-1], question.rtype))
        except Unanswered:
            return None
        # Who vouches for the end of the chain says nothing of its begin, which came from the zone's own server.
        return replace(found, question=question, aliases=(*aliases, *found.aliases), authenticated=False)
