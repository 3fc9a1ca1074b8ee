"""Answers from live name servers: dnspython makes and reads the messages, `preflight.net.channel` carries them.

This adapter asks the servers in turn, and says which of the many outcomes is which of ours. dnspython's own resolver
would do the former as well, at twice the time a question, which is felt where a hundred blocklists are asked at once.
"""

import asyncio
import ipaddress
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rdtypes.mxbase
import dns.rdtypes.nsbase
import dns.rdtypes.txtbase
import dns.resolver
import dns.rrset

from preflight.errors import ConfigError
from preflight.net.channel import Server
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered
from preflight.text import natural_key

RESOLV_CONF = "/etc/resolv.conf"
DEFAULT_TIMEOUT = 2.0
MAX_IN_FLIGHT = 200  # bursts of 500 and more lose packets in socket buffers, which retries would hide as delay
_ROUNDS = 2  # how often each name server is tried
_MAX_ALIASES = 8  # CNAMEs followed by ourselves, where a name server gives an alias without its target


def parse_server(text: str) -> tuple[str, int]:
    """A name server from `IP`, `IP:PORT`, `[IPv6]:PORT`. Raises `ConfigError` for anything else."""
    address, port = text.strip(), "53"
    if address.startswith("["):
        address, _, rest = address[1:].partition("]")
        port = rest.removeprefix(":") if rest else port
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
    try:
        ipaddress.ip_address(address)
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(port)
    except ValueError:
        raise ConfigError(
            f"resolver {text!r} is not an address with an optional port; write 192.0.2.53, 192.0.2.53:5353 or "
            "[2001:db8::53]:5353"
        ) from None
    return address, int(port)


class LiveSource(Source):
    """Asks the given name servers (`IP[:PORT]`), or those of /etc/resolv.conf when none are given.

    `timeout` is in seconds and bounds one attempt at one server; each server is tried twice before a question
    counts as unanswered. Only these servers are ever asked. Raises `ConfigError` for a server that is no address.
    """

    def __init__(self, servers: Sequence[str] = (), timeout: float = DEFAULT_TIMEOUT) -> None:
        self._timeout = timeout
        self._no_servers = ""
        if servers:
            pairs = [parse_server(server) for server in servers]
        else:
            pairs = [(address, 53) for address in self._system_servers()]
        self._servers = [Server(address, port) for address, port in pairs]
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)

    def _system_servers(self) -> list[str]:
        try:
            system = dns.resolver.Resolver(filename=RESOLV_CONF)
        except dns.resolver.NoResolverConfiguration:
            self._no_servers = f"{RESOLV_CONF} names no server; give one with --resolver"
            return []
        return [str(server) for server in system.nameservers]

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the name servers, without their ports."""
        return tuple(server.address for server in self._servers)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The name servers with their ports, as `address port`: what tells one resolver from another."""
        return tuple(f"{server.address} {server.port}" for server in self._servers)

    async def ask(self, question: Question) -> Answer:
        """Ask the name servers in turn, the one that answered last first. Raises `Unanswered`."""
        if not self._servers:
            raise Unanswered(question, Reason.NO_SERVERS, self._no_servers)
        answer, whole = await self._ask_name(question, question.name)
        aliases, authenticated = answer.aliases, answer.authenticated
        # A resolver follows aliases itself. Where a server hands out an alias and no more, the target is asked for, so
        # that an answer which stops half-way is not taken for "no such record".
        while not whole and answer.aliases and len(aliases) < _MAX_ALIASES:
            answer, whole = await self._ask_name(question, aliases[-1])
            aliases += answer.aliases
            authenticated = authenticated and answer.authenticated  # a chain is as strong as its weakest link
        match answer:
            case Records():
                return Records(question, aliases, answer.found, authenticated=authenticated)
            case NxDomain():
                return NxDomain(question, aliases, authenticated=authenticated)
            case _ if len(aliases) >= _MAX_ALIASES:
                raise Unanswered(question, Reason.BAD_REPLY, f"more than {_MAX_ALIASES} aliases in a row")
            case _:
                return NoData(question, aliases, authenticated=authenticated)

    async def _ask_name(self, question: Question, name: str) -> tuple[Answer, bool]:
        """One look-up, and whether its answer is whole: false for an alias without a word on its target."""
        try:
            wire_name = dns.name.from_text(name)
            rdtype = dns.rdatatype.from_text(question.rtype)
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            raise Unanswered(question, Reason.BAD_NAME, f"not a DNS name: {error}") from None
        async with self._in_flight:
            response = await self._resolve(question, wire_name, rdtype)
        aliases = () if question.rtype == "CNAME" else aliases_of(response, wire_name)
        authenticated = bool(response.flags & dns.flags.AD)
        if response.rcode() == dns.rcode.NXDOMAIN:
            return NxDomain(question, aliases, authenticated=authenticated), True
        rrset = _records_of(response, aliases)
        if rrset is not None:
            # Servers turn the records of a set round at each answer; reports must not change with it.
            values = sorted((text_of(rdata) for rdata in rrset), key=natural_key)
            return Records(question, aliases, tuple(values), authenticated=authenticated), True
        if not aliases and response.answer:
            raise Unanswered(question, Reason.BAD_REPLY, "an answer about another name")
        if not aliases and _is_referral(response):
            raise Unanswered(question, Reason.LAME, "a referral elsewhere instead of an answer")
        return NoData(question, aliases, authenticated=authenticated), not aliases or _has_soa(response)

    async def _resolve(
        self, question: Question, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> dns.message.Message:
        """The first usable reply, from the servers in turn; one that fails otherwise than by silence is asked once."""
        servers = list(self._servers)
        told: dict[str, Reason] = {}
        for _ in range(_ROUNDS):
            for server in tuple(servers):
                try:
                    response = await server.ask(name, rdtype, self._timeout)
                    reason, what = _verdict(response)
                except TimeoutError:
                    reason, what = Reason.TIMEOUT, "no reply in time"
                except OSError as error:
                    reason, what = Reason.NETWORK, error.strerror or str(error)
                except (dns.exception.DNSException, EOFError, ValueError) as error:
                    reason, what = Reason.BAD_REPLY, str(error) or type(error).__name__
                if reason is None:
                    self._prefer(server)
                    return response
                told[f"{server.address} port {server.port}: {what}"] = reason
                if reason is not Reason.TIMEOUT:
                    servers.remove(server)
        # The most telling of the reasons: a refusal says more than the time-out that the next server gave.
        reasons = list(told.values())
        first = next((reason for reason in reasons if reason is not Reason.TIMEOUT), Reason.TIMEOUT)
        raise Unanswered(question, first, "; ".join(told))

    def _prefer(self, server: Server) -> None:
        """Ask the server that answered first from now on, so that a dead one costs its time-out once, not each time."""
        if self._servers[0] is not server:
            self._servers = [server, *(other for other in self._servers if other is not server)]


def _verdict(response: dns.message.Message) -> tuple[Reason | None, str]:
    """Whether a reply can be used: no reason when it can. Raises `dns.exception.DNSException` for aliases that loop."""
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        text = dns.rcode.to_text(rcode)
        return (Reason(text) if text in {Reason.SERVFAIL, Reason.REFUSED} else Reason.OTHER_CODE), text
    if response.flags & dns.flags.TC:
        return Reason.BAD_REPLY, "truncated over TCP too"
    if not isinstance(response, dns.message.QueryMessage):
        return Reason.BAD_REPLY, "no reply to a query"
    if len(response.answer) > 1 or (response.answer and rcode == dns.rcode.NXDOMAIN):
        response.resolve_chaining()  # aliases must lead somewhere, in order
    return None, ""


def _records_of(response: dns.message.Message, aliases: Sequence[str]) -> dns.rrset.RRset | None:
    """The records of the wanted type at the name that was asked for, or at the last of its aliases."""
    (asked,) = response.question
    name = dns.name.from_text(aliases[-1]) if aliases else asked.name
    return response.get_rrset(response.answer, name, asked.rdclass, asked.rdtype)


def aliases_of(response: dns.message.Message, name: dns.name.Name) -> tuple[str, ...]:
    """The CNAME targets that the response gives for a name, in order, loops cut."""
    targets = {
        rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME and len(rrset)
    }
    aliases: list[str] = []
    while name in targets and len(aliases) < len(targets):
        name = targets[name]
        aliases.append(name.to_text(omit_final_dot=True))
    return tuple(aliases)


def _has_soa(response: dns.message.Message) -> bool:
    """Whether the authority section has the SOA that comes with a true "no such record" (RFC 2308 2.2)."""
    return any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority)


def _is_referral(response: dns.message.Message) -> bool:
    """Whether an empty answer points elsewhere instead of saying "no such record" (RFC 2308 2.2.1): NS records and no
    SOA in the authority section, from a server that speaks for nobody and looks nothing up."""
    refers = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)
    speaks_for_itself = response.flags & (dns.flags.AA | dns.flags.RA)
    return refers and not _has_soa(response) and not speaks_for_itself


def text_of(rdata: dns.rdata.Rdata) -> str:
    """A record as `Records` has it."""
    match rdata:
        case dns.rdtypes.nsbase.NSBase():  # NS, PTR and CNAME: a single name
            return rdata.target.to_text(omit_final_dot=True)
        case dns.rdtypes.mxbase.MXBase():
            return f"{rdata.preference} {rdata.exchange.to_text(omit_final_dot=True)}"
        case dns.rdtypes.txtbase.TXTBase():
            return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
        case _:
            return rdata.to_text()
