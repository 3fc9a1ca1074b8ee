"""The same zones through the check `spf` and through checkdmarc: the table of docs/authentication.md.

All of them are served by the embedded name server, so that no daemon is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from checkdmarc.spf import check_spf

from preflight.lab import LabDns, World
from preflight.lab.faults import Fault
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.runner import run
from preflight.subject import Subject
from tests.lab.beside_checkdmarc import TIMEOUT, markdown, resolver_of, rows

BOTH = ""
TEN = " ".join(f"exists:%{{i}}.n{n}.eu" for n in range(10))
SIX = " ".join(f"exists:%{{i}}.n{n}.eu" for n in range(6))
CROWD = "\n".join(f"@ MX {n} m{n}\nm{n} A 192.0.2.{n}" for n in range(1, 12))
TEMPERROR = "preflight: an error of DNS is no error of the record but `temperror` (4.4)"
OPEN = "both: the record is valid (5.1); that it lets strangers send is no matter of syntax"


@dataclass(frozen=True)
class Case:
    """A zone: what is in it; the first label of its domain; the record behind its version; other records; who is right
    where the two differ, by which section of RFC 7208; what the name server does wrong, by name."""

    what: str
    name: str
    record: str | None
    others: str = ""
    right: str = BOTH
    faults: Sequence[tuple[str, Fault]] = ()

    @property
    def domain(self) -> str:
        """The domain that is judged."""
        return f"{self.name}.example.com"


CASES = (
    Case("a sound record", "sound", "mx include:ok.example.net -all", "@ MX 10 m\nm A 192.0.2.1"),
    Case("a record in two strings", "strings", 'include:ok.exam" "ple.net -all'),
    Case("ten lookups", "ten", f"{TEN} -all"),
    Case("eleven lookups", "eleven", f"{TEN} a -all", "@ A 192.0.2.1"),
    Case("ten lookups, and a redirect beside `all`", "beside", f"{TEN} -all redirect=ok.example.net"),
    Case("ten lookups, and an include behind `all`", "behind", f"{TEN} -all include:ok.example.net"),
    Case("one record of six lookups, included twice", "twice", "include:six.example.net ?include:six.example.net -all"),
    Case("an include that leads back", "loop", "include:loop.example.com -all"),
    Case("a redirect that leads back", "round", "redirect=back.example.net"),
    Case("two lookups that find nothing", "two", "a:x1.example a:x2.example -all"),
    Case("three lookups that find nothing", "three", "a:x1.example a:x2.example a:x3.example -all"),
    Case(
        "`mx` with three hosts, none of which has an address", "hosts", "mx -all", "@ MX 1 h1\n@ MX 2 h2\n@ MX 3 h3",
        "open: 4.6.4 counts terms, by which this is one; pyspf and Mail::SPF count questions, and end with `permerror`",
    ),
    Case("`mx` without MX records", "nomx", "mx -all", "@ A 192.0.2.1"),
    Case("`mx` with eleven hosts", "crowd", "mx -all", CROWD),
    Case("no record", "none", None),
    Case("two records", "several", '-all"\n@ TXT "v=spf1 mx -all'),
    Case("an include without a record", "gone", "include:x.example.net -all"),
    Case("an include with an error", "flawed", "include:bad.example.net -all"),
    Case("a misspelt mechanism", "slip", "ipv4:192.0.2.1 -all"),
    Case(
        "a tab between terms", "tab", "mx\\009-all", "",
        "preflight: terms are separated by spaces alone (4.6.1, 12), and this is `permerror`",
    ),
    Case("an octet outside ASCII", "octet", "a:b\\195\\188.example -all"),
    Case("`Redirect=` with a capital, to no record", "capital", "Redirect=x.example.net"),
    Case("an unknown modifier, twice", "modifier", "x=1 x=2 -all"),
    Case("the macro `%{d0}`", "zero", "exists:%{d0}.example.net -all"),
    Case("an include that depends on the sender", "macro", "include:%{i}.example.net -all"),
    Case("`ptr`", "ptr", "ptr -all", "@ A 192.0.2.1"),
    Case("`+all`", "all", "+all", right=OPEN),
    Case("`ip4:0.0.0.0/0`", "wide", "ip4:0.0.0.0/0 -all", right=OPEN),
    Case(
        "no `all`", "open", "ip4:192.0.2.1",
        right="both: it is valid, and everybody else is neutral (4.7), of which preflight warns",
    ),
    Case("SERVFAIL for the record", "down", "-all", "", TEMPERROR, [("down.example.com", Fault.SERVFAIL)]),
    Case("silence for the record", "silent", "-all", "", TEMPERROR, [("silent.example.com", Fault.TIMEOUT)]),
    Case(
        "SERVFAIL for an include", "half", "include:fail.example.net -all", "",
        "preflight: `temperror` (5.2); checkdmarc takes it for an include without a record, which is `permerror`",
        [("fail.example.net", Fault.SERVFAIL)],
    ),
    Case(
        "SERVFAIL for the address of `a`", "address", "a:fail2.example.net -all", "",
        "preflight: `temperror` (5); what is behind the name, and whether it is void, nobody knows",
        [("fail2.example.net", Fault.SERVFAIL)],
    ),
)  # fmt: skip

NET = f"""
ok TXT "v=spf1 ip4:192.0.2.0/24 ~all"
six TXT "v=spf1 {SIX} -all"
back TXT "v=spf1 redirect=round.example.com"
bad TXT "v=spf1 foo -all"
x A 192.0.2.1
"""


def world() -> World:
    """All zones, and what goes wrong in them."""
    zones = {"example.net": NET}
    for case in CASES:
        own = f'@ TXT "v=spf1 {case.record}"\n' if case.record is not None else "@ A 192.0.2.1\n"
        zones[case.domain] = own + case.others
    made = World.from_zones(zones)
    for case in CASES:
        for name, fault in case.faults:
            made.fault(name, fault)
    return made


def preflights_word(case: Case, server: LabDns) -> str:
    """The rules that fail, the lookups that were counted; or that it could not be told."""
    source = LiveSource([server.address], timeout=TIMEOUT)
    report = run(Subject.of(domain=case.domain), source, policy=Policy(select=("spf",)))
    failed = [judged.finding for judged in report.findings if judged.finding.status == "fail"]
    if failed:
        return ", ".join(f"`{finding.rule}`" for finding in failed)
    if any(judged.undecided for judged in report.findings):
        return "could not be told"
    counts = {judged.finding.rule: str(judged.finding.message.args.get("count", 0)) for judged in report.findings}
    return _sound(counts["spf/too-many-lookups"], counts["spf/too-many-void-lookups"])


def checkdmarcs_word(case: Case, server: LabDns) -> str:
    """Whether it calls the record valid, the lookups that it counted; of errors the kind."""
    result = check_spf(case.domain, resolver=resolver_of(server), timeout=TIMEOUT, retries=0)
    if result["valid"]:
        return _sound(result["dns_lookups"], result["void_dns_lookups"])
    return "invalid: no SPF record" if "no SPF record" in result["error"] else "invalid"


def _sound(lookups: object, voids: object) -> str:
    found = f"valid, {lookups} lookups"
    return f"{found}, {voids} void" if str(voids) != "0" else found


def table() -> str:
    """The table in Markdown, from a fresh run; the same each time."""
    head = ("zone", "checkdmarc", "preflight", "who is right, by RFC 7208")
    return markdown(head, rows(world(), CASES, checkdmarcs_word, preflights_word))
