"""Faults on demand: what a name server does instead of answering properly, by name, subtree and record type."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.name
import dns.rdatatype


class Fault(StrEnum):
    """What goes wrong with the reply to a question."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    """No reply at all."""
    TRUNCATE = "truncate"
    """Over UDP always an empty reply with TC set; the answer comes over TCP."""
    TRUNCATE_ALWAYS = "truncate-always"
    """The same over TCP too."""
    GARBAGE = "garbage"
    """A reply that is no DNS message."""
    WRONG_ID = "wrong-id"
    """A proper reply to some other question: its id is not the one that was sent."""
    DELAY = "delay"
    """The proper answer, late."""
    LAME = "lame"
    """A referral to the root instead of an answer, from a server that was asked for its own zone."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault, and which questions it hits: those for `name`, with `subtree` those for names below it as well, and of
    one record type unless `rdtype` is `None`. `seconds` is how late a delayed answer comes."""

    name: dns.name.Name
    fault: Fault
    rdtype: dns.rdatatype.RdataType | None = None
    subtree: bool = False
    seconds: float = 0.0

    def hits(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> bool:
        """Whether the rule is about this question."""
        if self.rdtype not in (None, rdtype):
            return False
        return name.is_subdomain(self.name) if self.subtree else name == self.name


def fault_for(
    rules: Sequence[FaultRule], names: Sequence[dns.name.Name], rdtype: dns.rdatatype.RdataType
) -> FaultRule | None:
    """The fault of a question: that of the first of its names (aliases follow the one asked) that has any.

    Of several rules for a name the longest wins, then one for the name alone before one for its subtree, then one for
    a record type before one for all, then the one that came last.
    """
    for name in names:
        found = [
            (len(rule.name), not rule.subtree, rule.rdtype is not None, place)
            for place, rule in enumerate(rules)
            if rule.hits(name, rdtype)
        ]
        if found:
            return rules[max(found)[3]]
    return None
