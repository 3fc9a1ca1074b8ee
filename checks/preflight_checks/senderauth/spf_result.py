"""What an evaluation of SPF comes to. See `preflight_checks.senderauth.spf_evaluation.evaluate_spf`, which makes it."""

from dataclasses import dataclass
from typing import Literal

from preflight.findings import Evidence
from preflight.net.dns import Unanswered
from preflight.text import Message

SpfResult = Literal["none", "neutral", "pass", "fail", "softfail", "permerror", "temperror"]
"""The seven results of RFC 7208 2.6."""

SpfIdentity = Literal["mailfrom", "helo"]
"""The two identities that SPF can judge (RFC 7208 2.3 and 2.4)."""

MAX_LOOKUPS = 10
"""Terms that make receivers ask DNS, in one evaluation (RFC 7208 4.6.4)."""

MAX_VOID_LOOKUPS = 2
"""Lookups of one evaluation that find nothing (RFC 7208 4.6.4)."""

MAX_MX = 10
"""MX hosts of one `mx` term (RFC 7208 4.6.4)."""

MAX_PTR = 10
"""PTR names of one `ptr` term that are looked at (RFC 7208 4.6.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfOutcome:
    """What `check_host()` of RFC 7208 4 says of one sending address and one identity.

    `domain` is the one judged: that of the envelope sender; the HELO name for the null sender. `matched` is what made
    the result: the mechanism as written, behind the includes and redirects that led to it (`include:spf.example.net →
    ip4:192.0.2.0/24`); empty where none matched. `at` is the domain whose record the last of them stands in. `problem`
    says why a `permerror` or a `none` came out. `explanation` is the domain's own text for a `fail` (RFC 7208 6.2).
    `lookups` and `void_lookups` are what RFC 7208 4.6.4 counts, as far as this evaluation went. `unanswered` is the
    question that a `temperror` is due to.
    """

    result: SpfResult
    domain: str
    identity: SpfIdentity
    matched: str = ""
    at: str = ""
    problem: Message | None = None
    explanation: str = ""
    evidence: tuple[Evidence, ...] = ()
    lookups: int = 0
    void_lookups: int = 0
    unanswered: Unanswered | None = None
