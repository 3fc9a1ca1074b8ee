"""The tree of records that an SPF record stands on: walked before anything is judged, all of a level at once.

So a tree of nine includes takes the round trips of its depth, not of its size. The walk asks what an evaluation will
ask, as far as that does not hang on the sender: records, and the addresses that `a`, `mx` and `exists` name.
"""

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from preflight.findings import Evidence
from preflight.net.dns import Answer, Question, Resolver, Unanswered
from preflight_checks.names import MAX_NAME
from preflight_checks.senderauth.spf_record import Mechanism, Modifier, Record
from preflight_checks.senderauth.spf_records import Outcome, Published, published
from preflight_checks.senderauth.spf_result import MAX_MX

MAX_RECORDS = 64
"""Records of one tree that are asked for. An evaluation ends at ten lookups; a hostile tree must not cost thousands."""

MAX_TERMS = 32  # terms of one record whose names are looked up
_FIXED_MACRO = re.compile(r"%\{[do][0-9]*r?[.\-+,/_=]*\}|%%|%_|%-", re.IGNORECASE)

Term = Mechanism | Modifier


@dataclass(frozen=True, slots=True)
class Tree:
    """The records under a domain, by domain, and all answers on the way. `cut`: there was more than is ever walked."""

    root: str
    records: dict[str, Published] = field(default_factory=dict)
    answers: dict[Question, Outcome] = field(default_factory=dict)
    cut: bool = False

    @property
    def top(self) -> Published:
        """What the domain itself publishes."""
        return self.records[self.root]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The records, the domain's own first."""
        return tuple(found.evidence for found in self.records.values())

    @property
    def asks_helo(self) -> bool:
        """Whether a record in it has the macro of the HELO name (RFC 7208 7.2)."""
        return any("%{h" in text.lower() for found in self.records.values() for text in found.texts)

    def target(self, term: Term, domain: str) -> str | None:
        """The name that a term in the record of a domain leads to; `None` where it hangs on the sender."""
        return target_of(term, domain, self.root)

    def outcome(self, rtype: str, name: str) -> Outcome | None:
        """What came of a question; `None` where it was not asked."""
        return self.answers.get(Question.of(name, rtype))


async def walk(dns: Resolver, domain: str, versions: Collection[int]) -> Tree:
    """The tree under a domain, with what `a` and `mx` name in it for senders of these IP versions (4, 6).

    Raises nothing: a question without an answer is among the answers.
    """
    walker = _Walker(dns, domain.removesuffix(".").lower(), versions)
    await walker.record(walker.root)
    return Tree(walker.root, walker.records, walker.answers, walker.cut)


class _Walker:
    """A walk under way."""

    def __init__(self, dns: Resolver, root: str, versions: Collection[int]) -> None:
        self._dns = dns
        self.root = root
        self._types = [rtype for version, rtype in ((4, "A"), (6, "AAAA")) if version in versions]
        self._begun: set[str] = set()
        self.records: dict[str, Published] = {}
        self.answers: dict[Question, Outcome] = {}
        self.cut = False

    async def record(self, domain: str) -> None:
        """Read the record of a domain, and all that it leads to."""
        if domain in self._begun:
            return
        if len(self._begun) >= MAX_RECORDS:
            self.cut = True
            return
        self._begun.add(domain)
        self.records[domain] = published(domain, await self._ask("TXT", domain))
        found = self.records[domain].sound
        if found is not None:
            terms = found.asking
            self.cut = self.cut or len(terms) > MAX_TERMS
            await asyncio.gather(*(self._term(term, domain) for term in terms[:MAX_TERMS]))

    async def _term(self, term: Term, domain: str) -> None:
        name = target_of(term, domain, self.root)
        if name is None:
            return
        match term.name:
            case "include" | "redirect":
                await self.record(name)
            case "a":
                await self._addresses([name])
            case "mx":
                answer = await self._ask("MX", name)
                hosts = [mx.host for mx in answer.exchanges] if isinstance(answer, Answer) else []
                await self._addresses(hosts if len(hosts) <= MAX_MX else [])
            case "exists":
                await self._ask("A", name)

    async def _addresses(self, hosts: Iterable[str]) -> None:
        names = [host for host in hosts if host.strip(".")]  # a null MX is no host
        await asyncio.gather(*(self._ask(rtype, name) for name in names for rtype in self._types))

    async def _ask(self, rtype: str, name: str) -> Outcome:
        question = Question.of(name, rtype)
        try:
            outcome: Outcome = await self._dns.query(name, rtype)
        except Unanswered as unanswered:
            outcome = unanswered
        self.answers[question] = outcome
        return outcome


def target_of(term: Term, domain: str, root: str) -> str | None:
    """The name that a term in the record of a domain leads to, in the tree of another; `None` where it hangs on the
    sender: on its address, its HELO name, its local part."""
    spec = term.value if isinstance(term, Modifier) else term.domain
    if spec is None:
        return domain
    if "%" in spec:
        if "%" in _FIXED_MACRO.sub("", spec):
            return None
        from preflight_checks.senderauth.spf_pyspf import expand  # here: pyspf takes a moment to load

        spec = expand(spec, domain, root)
        if spec is None:
            return None
    name = spec.removesuffix(".").lower()
    while len(name) > MAX_NAME and "." in name:  # RFC 7208 7.3
        name = name.partition(".")[2]
    return name


def references(tree: Tree) -> Iterator[tuple[Term, str, str]]:
    """Each include and redirect of the tree whose target is known: the term, the domain whose record it stands in, the
    target; each record's once, in the order in which an evaluation comes to them."""
    seen: set[str] = set()
    waiting = [tree.root]
    while waiting:
        domain = waiting.pop(0)
        if domain in seen:
            continue
        seen.add(domain)
        for term in asking(tree, domain):
            if term.name in ("include", "redirect") and (target := tree.target(term, domain)) is not None:
                yield term, domain, target
                waiting.append(target)


def asking(tree: Tree, domain: str) -> tuple[Term, ...]:
    """The terms of a domain's record that ask DNS; none where it has no record that can be used."""
    found = tree.records.get(domain)
    record = found.sound if found is not None else None
    return record.asking if record is not None else ()


def own_records(tree: Tree) -> list[tuple[str, Record]]:
    """The record of the domain, and those that it hands the evaluation over to by `redirect`."""
    found: list[tuple[str, Record]] = []
    domain: str | None = tree.root
    while domain is not None and domain not in [one for one, _ in found]:
        published_there = tree.records.get(domain)
        record = published_there.sound if published_there else None
        if record is None:
            break
        found.append((domain, record))
        domain = tree.target(record.redirect, domain) if record.redirect else None
    return found
