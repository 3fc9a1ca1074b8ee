"""What an evaluation of SPF comes to. See `preflight_checks.senderauth.spf_evaluation.evaluate_spf`, which makes it."""

from dataclasses import dataclass
from typing import Literal

from preflight.findings import Evidence
from preflight.net.dns import Unanswered

SpfResult = Literal["none", "neutral", "pass", "fail", "softfail", "permerror", "temperror"]
"""The seven results of RFC 7208 2.6."""

SpfIdentity = Literal["mailfrom", "helo"]
"""The two identities that SPF can judge (RFC 7208 2.3 and 2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfOutcome:
    """What `check_host()` of RFC 7208 4 says of one sending address and one identity.

    `domain` is the one judged: that of the envelope sender; the HELO name for the null sender. `matched` is what made
    the result: the mechanism as written (`ip4:192.0.2.0/24`), `default` where none matched, empty where there was no
    evaluation. `at` is the domain whose record that mechanism stands in. `problem` says in English why a `permerror`,
    `temperror` or `none` came out; empty else. `lookups` and `void_lookups` are what RFC 7208 4.6.4 counts, as far as
    the evaluation went. `unanswered` is the question that a `temperror` is due to.
    """

    result: SpfResult
    domain: str
    identity: SpfIdentity
    matched: str = ""
    at: str = ""
    problem: str = ""
    evidence: tuple[Evidence, ...] = ()
    lookups: int = 0
    void_lookups: int = 0
    unanswered: Unanswered | None = None
