"""What an SPF record costs those who evaluate it: DNS lookups, and lookups that find nothing (RFC 7208 4.6.4).

Counted for the sender that matches nothing before `all`, who makes receivers go through the whole tree. A record that
is included twice counts twice, as it does with receivers.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from preflight.net.dns import Answer, Unanswered
from preflight_checks.senderauth.spf_tree import Term, Tree, asking

MANY = 9999  # more are not told apart: includes that double at each level would make numbers of any size
_DRAWN = 40  # terms of a tree that are drawn


@dataclass(frozen=True, slots=True)
class Cost:
    """A number, how sure it is, and what is behind it.

    `count` is what is certain. `where`: the questions that were counted. `unanswered`: a question that would tell of
    more. `open`: terms that hang on the sender, so that there may be more. `loop`: the domains of a chain that leads
    back to where it began.
    """

    count: int
    where: tuple[str, ...] = ()
    unanswered: Unanswered | None = None
    open: tuple[str, ...] = ()
    loop: tuple[str, ...] = ()


def lookups(tree: Tree) -> Cost:
    """The terms that make receivers ask DNS, in the whole tree."""
    return _Lookups(tree).cost()


def void_lookups(tree: Tree, version: int) -> Cost:
    """The lookups that find nothing, for senders of an IP version (4, 6)."""
    return _Voids(tree, version).cost()


class _Counter(ABC):
    """Adds something up over the tree, each record as often as it is referred to."""

    _hanging: tuple[str, ...] = ("include", "redirect")  # terms of which more is unknown while their target is

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._open: dict[str, None] = {}
        self._loop: tuple[str, ...] = ()
        self._where: dict[str, None] = {}
        self._unanswered: Unanswered | None = None
        self.totals: dict[str, int] = {}

    def cost(self) -> Cost:
        """The sum for the whole tree."""
        count = self.total(self._tree.root, ())
        return Cost(count, tuple(self._where), self._unanswered, tuple(self._open), self._loop)

    def total(self, domain: str, path: tuple[str, ...]) -> int:
        """The sum for the record of a domain and all below it; `path` has the domains that led to it."""
        if domain in self.totals:
            return self.totals[domain]
        found = self._tree.records.get(domain)
        if found is not None and isinstance(found.outcome, Unanswered):
            self._unanswered = self._unanswered or found.outcome
        path = (*path, domain)
        count = 0
        for term in asking(self._tree, domain):
            target = self._tree.target(term, domain)
            if target is None and term.name in self._hanging:
                self._open[term.text] = None
            count += self._own(term, target)
            if term.name in ("include", "redirect") and target is not None:
                if target in path:
                    self._loop = (*path[path.index(target) :], target)
                else:
                    count += self.total(target, path)
        self.totals[domain] = min(count, MANY)
        return self.totals[domain]

    @abstractmethod
    def _own(self, term: Term, target: str | None) -> int:
        """What one term adds by itself, not counting the record that it leads to."""


class _Lookups(_Counter):
    """Each term that asks is one lookup, whatever it takes to answer it."""

    def _own(self, term: Term, target: str | None) -> int:  # noqa: ARG002
        return 1


class _Voids(_Counter):
    """Each question that is answered by nothing is one, those for the addresses of MX hosts too: so do pyspf and
    Mail::SPF count."""

    _hanging = ("include", "redirect", "a", "mx", "exists")

    def __init__(self, tree: Tree, version: int) -> None:
        super().__init__(tree)
        self._address = "A" if version == 4 else "AAAA"

    def _own(self, term: Term, target: str | None) -> int:
        return 0 if target is None else sum(self._is_void(rtype, name) for rtype, name in self._asked(term, target))

    def _asked(self, term: Term, target: str) -> Iterator[tuple[str, str]]:
        match term.name:
            case "include" | "redirect":
                yield "TXT", target
            case "a":
                yield self._address, target
            case "exists":
                yield "A", target
            case "mx":
                yield "MX", target
                outcome = self._tree.outcome("MX", target)
                for mx in outcome.exchanges if isinstance(outcome, Answer) else ():
                    yield self._address, mx.host

    def _is_void(self, rtype: str, name: str) -> bool:
        outcome = self._tree.outcome(rtype, name)
        if isinstance(outcome, Unanswered):
            self._unanswered = self._unanswered or outcome
        if not isinstance(outcome, Answer) or outcome:
            return False
        self._where[f"{rtype} {name}"] = None
        return True


class _Drawing:
    """A tree on its way to become text."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        counter = _Lookups(tree)
        counter.cost()
        self._totals = counter.totals
        self._left = _DRAWN

    def terms(self, domain: str, path: tuple[str, ...]) -> str:
        """The terms of a record that ask DNS."""
        texts: list[str] = []
        for term in asking(self._tree, domain):
            if self._left == 0:
                texts.append("…")
                break
            self._left -= 1
            texts.append(self._term(term, domain, (*path, domain)))
        return ", ".join(texts)

    def _term(self, term: Term, domain: str, path: tuple[str, ...]) -> str:
        target = self._tree.target(term, domain) if term.name in ("include", "redirect") else None
        if target is None:
            return term.text
        if target in path:
            return f"{term.text} (∞)"
        inside = self.terms(target, path)
        count = self._totals.get(target, 0) + 1
        return f"{term.text} ({count}: {inside})" if inside else f"{term.text} ({count})"


def drawn(tree: Tree) -> str:
    """The terms that ask DNS, each include with the number of its lookups and what is in it, for people to read:
    `include:_spf.example.net (3: a:mail.example.net, mx), mx`. A long one is cut."""
    return _Drawing(tree).terms(tree.root, ())
