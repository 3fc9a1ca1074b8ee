"""Whom an SPF record lets send, what it says of all others, and which of its references lead nowhere."""

import ipaddress
from dataclasses import dataclass

from preflight.net.dns import Answer, NxDomain, Unanswered
from preflight.text import Message
from preflight_checks.senderauth.spf_record import Mechanism
from preflight_checks.senderauth.spf_records import Published
from preflight_checks.senderauth.spf_result import MAX_MX
from preflight_checks.senderauth.spf_tree import Term, Tree, asking, own_records, references

WIDEST_IP4 = 8
"""Prefix length of the widest IPv4 range with one owner (the /8s of the early Internet); wider ones hold strangers."""

WIDEST_IP6 = 19
"""The same for IPv6: the widest blocks that registries gave to one provider are /19."""

MOST_IP4 = 2**27
"""IPv4 addresses that all ranges of a record together may hold: eight times a /8, a thirtieth of all."""

SENTENCES = {
    "gone": "{term} in {domain} leads to {target}, a name that does not exist",
    "none": "{term} in {domain} leads to {target}, which has no SPF record",
    "several": "{term} in {domain} leads to {target}, which has {count} SPF records",
    "flawed": "{term} in {domain} leads to {target}, whose record has an error: {flaw}",
}
"""What is wrong with a reference to another record."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Things found in a tree, and a question whose answer might tell of more."""

    found: tuple[Message, ...]
    unanswered: Unanswered | None = None


def broken_references(tree: Tree) -> Faults:
    """The includes and redirects that lead to no record, or to none that can be used (RFC 7208 5.2 and 6.1)."""
    found: list[Message] = []
    unanswered: Unanswered | None = None
    for term, domain, target in references(tree):
        there = tree.records.get(target)
        if there is None:
            continue  # beyond what is walked
        if isinstance(there.outcome, Unanswered):
            unanswered = unanswered or there.outcome
        elif (fault := _fault(there)) is not None:
            name, places = fault
            found.append(Message(SENTENCES[name], {"term": term.text, "domain": domain, "target": target, **places}))
    return Faults(tuple(found), unanswered)


def _fault(there: Published) -> tuple[str, dict[str, str | Message]] | None:
    if isinstance(there.outcome, NxDomain):
        return "gone", {}
    if not there.texts:
        return "none", {}
    if len(there.texts) > 1:
        return "several", {"count": str(len(there.texts))}
    if there.record is not None and there.record.flaws:
        return "flawed", {"flaw": there.record.flaws[0]}
    return None


def crowded_mx(tree: Tree) -> tuple[tuple[str, ...], Unanswered | None]:
    """The `mx` terms whose domain has more MX hosts than SPF allows, and a question that might tell of more."""
    found: dict[str, None] = {}
    unanswered: Unanswered | None = None
    for domain in tree.records:
        for term in asking(tree, domain):
            target = tree.target(term, domain) if term.name == "mx" else None
            outcome = tree.outcome("MX", target) if target is not None else None
            if isinstance(outcome, Unanswered):
                unanswered = unanswered or outcome
            elif isinstance(outcome, Answer) and len(outcome.values) > MAX_MX:
                found[f"{target} ({len(outcome.values)})"] = None
    return tuple(found), unanswered


@dataclass(frozen=True, slots=True)
class Openness:
    """The terms by which anybody passes, how many IPv4 addresses pass by ranges, a question that might tell of more."""

    terms: tuple[str, ...]
    addresses: int
    unanswered: Unanswered | None

    @property
    def is_wide(self) -> bool:
        """Whether strangers pass."""
        return bool(self.terms) or self.addresses > MOST_IP4


def openness(tree: Tree) -> Openness:
    """How wide a record opens the door, its includes and redirects taken together."""
    terms: dict[str, None] = {}
    ranges: list[ipaddress.IPv4Network] = []
    unanswered: Unanswered | None = None
    seen: set[str] = set()
    waiting = [tree.root]
    while waiting:
        domain = waiting.pop(0)
        there = tree.records.get(domain)
        if domain in seen or there is None:
            continue
        seen.add(domain)
        if isinstance(there.outcome, Unanswered):
            unanswered = unanswered or there.outcome
        record = there.sound
        if record is None:
            continue
        for one in record.reached:
            if one.qualifier != "+":
                continue
            if one.includes:
                waiting += filter(None, [tree.target(one, domain)])
            elif _lets_all_pass(tree, one, domain):
                terms[one.text if domain == tree.root else f"{one.text} ({domain})"] = None
            elif isinstance(one.network, ipaddress.IPv4Network):
                ranges.append(one.network)
        if record.redirect:
            waiting += filter(None, [tree.target(record.redirect, domain)])
    addresses = sum(network.num_addresses for network in ipaddress.collapse_addresses(ranges))
    return Openness(tuple(terms), addresses, unanswered)


def _lets_all_pass(tree: Tree, one: Mechanism, domain: str) -> bool:
    match one.name:
        case "all":
            return True
        case "ip4" | "ip6":
            widest = WIDEST_IP4 if one.name == "ip4" else WIDEST_IP6
            return one.network is not None and one.network.prefixlen < widest
        case "a" | "mx":
            return one.prefix4 < WIDEST_IP4 or one.prefix6 < WIDEST_IP6
        case "exists":  # of a name that is the same for every sender, and does exist
            target = tree.target(one, domain)
            outcome = tree.outcome("A", target) if target is not None else None
            return isinstance(outcome, Answer) and bool(outcome)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Ending:
    """What a record says of senders that match nothing: the `all` and the domain whose record it is in; `None` where
    there is none. `known` is false where a redirect leads to a record that is not there to be read."""

    all: Mechanism | None
    at: str
    known: bool = True
    unanswered: Unanswered | None = None


def ending(tree: Tree) -> Ending:
    """The end of a record, redirects followed (RFC 7208 4.7)."""
    *_, (domain, record) = own_records(tree)
    if record.redirect is None:
        return Ending(record.end, domain)
    target = tree.target(record.redirect, domain)
    there = tree.records.get(target) if target is not None else None
    unanswered = there.outcome if there is not None and isinstance(there.outcome, Unanswered) else None
    return Ending(None, domain, known=False, unanswered=unanswered)


def ptr_terms(tree: Tree) -> tuple[str, ...]:
    """The terms of the domain's own records that rest on the PTR name of the sender: `ptr`, and the macro `%{p}`."""
    terms: list[Term] = []
    for _, record in own_records(tree):
        terms += [*record.reached, *record.modifiers]
    return tuple(one.text for one in terms if one.name == "ptr" or "%{p" in one.text.lower())
