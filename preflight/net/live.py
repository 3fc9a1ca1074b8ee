"""Answers from live name servers, through dnspython's asynchronous resolver.

dnspython does the wire work: random ports and ids, matching of replies, EDNS, the fall-back to TCP on truncation,
retries over the servers. This adapter says which of its many outcomes is which of ours.
"""

import asyncio
import ipaddress
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rdtypes.mxbase
import dns.rdtypes.nsbase
import dns.rdtypes.txtbase
import dns.resolver

from preflight.errors import ConfigError
from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered
from preflight.text import natural_key

RESOLV_CONF = "/etc/resolv.conf"
DEFAULT_TIMEOUT = 2.0
EDNS_PAYLOAD = 1232  # octets; what passes everywhere without fragments (DNS flag day 2020)
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
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._no_servers = ""
        if servers:
            pairs = [parse_server(server) for server in servers]
        else:
            pairs = [(address, 53) for address in self._system_servers()]
        self._servers: list[dns.nameserver.Nameserver] = [
            dns.nameserver.Do53Nameserver(address, port) for address, port in pairs
        ]
        self._resolver.nameservers = list(self._servers)
        self._resolver.timeout = timeout
        self._resolver.lifetime = timeout * _ROUNDS * max(1, len(self._servers)) + 0.2
        self._resolver.use_edns(0, 0, EDNS_PAYLOAD)
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
        return tuple(server.answer_nameserver() for server in self._servers)

    async def ask(self, question: Question) -> Answer:
        """Ask the name servers in turn, the one that answered last first. Raises `Unanswered`."""
        if not self._servers:
            raise Unanswered(question, Reason.NO_SERVERS, self._no_servers)
        answer, whole = await self._ask_name(question, question.name)
        aliases = answer.aliases
        # A resolver follows aliases itself. Where a server hands out an alias and no more, the target is asked for, so
        # that an answer which stops half-way is not taken for "no such record".
        while not whole and answer.aliases and len(aliases) < _MAX_ALIASES:
            answer, whole = await self._ask_name(question, aliases[-1])
            aliases += answer.aliases
        match answer:
            case Records():
                return Records(question, aliases, answer.found)
            case NxDomain():
                return NxDomain(question, aliases)
            case _ if len(aliases) >= _MAX_ALIASES:
                raise Unanswered(question, Reason.BAD_REPLY, f"more than {_MAX_ALIASES} aliases in a row")
            case _:
                return NoData(question, aliases)

    async def _ask_name(self, question: Question, name: str) -> tuple[Answer, bool]:
        """One look-up, and whether its answer is whole: false for an alias without a word on its target."""
        try:
            wire_name = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError, ValueError) as error:
            raise Unanswered(question, Reason.BAD_NAME, f"not a DNS name: {error}") from None
        try:
            async with self._in_flight:
                reply = await self._resolver.resolve(wire_name, question.rtype, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as error:
            return NxDomain(question, aliases_of(error.kwargs["responses"][wire_name], wire_name)), True
        except dns.resolver.LifetimeTimeout as error:
            raise _unanswered(question, error.kwargs.get("errors", ()), Reason.TIMEOUT) from None
        except dns.resolver.NoNameservers as error:
            raise _unanswered(question, error.kwargs.get("errors", ()), Reason.NETWORK) from None
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(question, Reason.BAD_REPLY, str(error) or type(error).__name__) from None
        self._prefer(reply.nameserver, reply.port)
        if reply.response.flags & dns.flags.TC:
            raise Unanswered(question, Reason.BAD_REPLY, "truncated over TCP too")
        aliases = () if question.rtype == "CNAME" else aliases_of(reply.response, wire_name)
        if reply.rrset is not None:
            # Servers turn the records of a set round at each answer; reports must not change with it.
            values = sorted((text_of(rdata) for rdata in reply.rrset), key=natural_key)
            return Records(question, aliases, tuple(values)), True
        if not aliases and reply.response.answer:
            raise Unanswered(question, Reason.BAD_REPLY, "an answer about another name")
        if not aliases and _is_referral(reply.response):
            raise Unanswered(question, Reason.LAME, "a referral elsewhere instead of an answer")
        return NoData(question, aliases), not aliases or _has_soa(reply.response)

    def _prefer(self, address: str | None, port: int | None) -> None:
        """Ask the server that answered first from now on, so that a dead one costs its time-out once, not each time."""
        first, *others = self._servers
        if others and (first.answer_nameserver(), first.answer_port()) != (address, port):
            self._servers.sort(key=lambda server: (server.answer_nameserver(), server.answer_port()) != (address, port))
            self._resolver.nameservers = list(self._servers)


def _unanswered(question: Question, errors: Sequence[tuple[object, ...]], default: Reason) -> Unanswered:
    """What became of each attempt, told from dnspython's list of (server, tcp, port, error, response)."""
    if not errors:
        return Unanswered(question, default, str(default))
    told: dict[str, Reason] = {}
    for server, _, port, error, *_ in errors:
        if isinstance(error, str):  # a response code
            reason = Reason(error) if error in {Reason.SERVFAIL, Reason.REFUSED} else Reason.OTHER_CODE
            what = error
        elif isinstance(error, dns.exception.Timeout):
            reason, what = Reason.TIMEOUT, "no reply in time"
        elif isinstance(error, OSError):
            reason, what = Reason.NETWORK, error.strerror or str(error)
        else:
            reason, what = Reason.BAD_REPLY, str(error) or type(error).__name__
        told[f"{_address_of(server)} port {port}: {what}"] = reason
    # The most telling of the reasons: a refusal says more than the time-out that the next server gave.
    reasons = list(told.values())
    reason = next((reason for reason in reasons if reason is not Reason.TIMEOUT), Reason.TIMEOUT)
    return Unanswered(question, reason, "; ".join(told))


def _address_of(server: object) -> str:
    # dnspython names a server "Do53:192.0.2.53@53".
    return str(server).removeprefix("Do53:").rpartition("@")[0] or str(server)


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
