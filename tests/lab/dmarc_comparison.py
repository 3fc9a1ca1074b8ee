"""The same zones through the check `dmarc` and through checkdmarc: the table of docs/authentication.md.

All of them are served by the embedded name server, so that no daemon is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from checkdmarc.dmarc import check_dmarc

from preflight.lab import LabDns, World
from preflight.lab.faults import Fault
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.runner import run
from preflight.subject import Subject
from tests.lab.beside_checkdmarc import TIMEOUT, markdown, resolver_of, rows

RUA = "rua=mailto:d@sound.example"
SOUND = '@ MX 10 mail\nmail A 192.0.2.1\n*._report._dmarc TXT "v=DMARC1"'
BOTH = ""
DISCARDED = "preflight: a value that cannot be read is passed over, and the record holds (4.8)"
SILENT = "preflight: an error of DNS is no word on the record (4.10.1, 5.3.6)"


@dataclass(frozen=True)
class Case:
    """A zone: what is in it; the domain that is judged; its records; who is right where the two differ, by which
    section of RFC 9989; what the name server does wrong, by name."""

    what: str
    domain: str
    zones: Sequence[tuple[str, str]]
    right: str = BOTH
    faults: Sequence[tuple[str, Fault]] = ()


def _own(what: str, name: str, text: str, right: str = BOTH, more: str = "") -> Case:
    """A domain with one record."""
    return Case(what, f"{name}.example", [(f"{name}.example", f'_dmarc TXT "{text}"\n{more}')], right)


def _report(record: str) -> str:
    return f"{record}\n@ MX 10 mail\nmail A 192.0.2.1\n"


CASES = (
    _own("a sound record", "sound", f"v=DMARC1; p=reject; {RUA}", more=SOUND),
    _own("`p=none`", "none", f"v=DMARC1; p=none; {RUA}"),
    _own("no `rua=`", "nobody", "v=DMARC1; p=reject"),
    Case("no record", "nothing.example", [("nothing.example", "@ A 192.0.2.1")]),
    Case("a domain that does not exist", "gone.example", []),
    Case("two records", "two.example",
         [("two.example", '_dmarc TXT "v=DMARC1; p=none"\n_dmarc TXT "v=DMARC1; p=reject"')]),
    Case("an SPF record beside it", "beside.example",
         [("beside.example", f'_dmarc TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject; {RUA}"')],
         "preflight: records that do not begin with v=DMARC1 are discarded, and the other holds (4.10, step 2)"),
    Case("an SPF record in its place", "spf.example", [("spf.example", '_dmarc TXT "v=spf1 -all"')]),
    Case("a record at the domain itself", "apex.example",
         [("apex.example", '@ TXT "v=DMARC1; p=none"\nx A 192.0.2.1')]),
    _own("white space before `v=`", "space", " v=DMARC1; p=reject"),
    _own("`v=dmarc1`", "small", "v=dmarc1; p=reject"),
    _own("no semicolon behind `v=DMARC1`", "comma", "v=DMARC1 p=reject"),
    _own("no `p=`, and no `rua=`", "empty", "v=DMARC1", "open: by 4.7 this is p=none, by 4.10.1 no record; "
         "preflight says that receivers pass over it, as those by RFC 7489 do"),
    _own("no `p=`", "lacks", f"v=DMARC1; {RUA}"),
    _own("`p=` no policy, with `rua=`", "refuse", f"v=DMARC1; p=refuse; {RUA}",
         "preflight: receivers act as if it said p=none (4.10.1)"),
    _own("`p=` no policy, without `rua=`", "lost", "v=DMARC1; p=refuse"),
    _own("`sp=` no policy", "sub", f"v=DMARC1; p=reject; sp=all; {RUA}",
         "preflight: receivers act as if it said p=none (4.10.1), of which it warns"),
    _own("`P=` and `REJECT` in capitals", "capital", f"v=DMARC1; P=REJECT; {RUA}",
         "both: the record is valid; preflight warns, since DKIM has tags told apart by case (RFC 6376 3.2)"),
    _own("a tag twice", "twice", f"v=DMARC1; p=reject; p=none; {RUA}",
         "open: RFC 6376 3.2, whose form this is, makes the whole list invalid; 4.8 passes over what cannot be read"),
    _own("an unknown tag", "unknown", f"v=DMARC1; p=reject; report=all; {RUA}"),
    _own("`adkim=x`", "mode", f"v=DMARC1; p=reject; adkim=x; {RUA}"),
    _own("`fo=x`", "options", f"v=DMARC1; p=reject; fo=x; {RUA}", DISCARDED),
    _own("`t=yes`", "test", f"v=DMARC1; p=reject; t=yes; {RUA}", DISCARDED),
    _own("`pct=50`", "part", f"v=DMARC1; p=reject; pct=50; {RUA}"),
    _own("`t=y`", "trial", f"v=DMARC1; p=reject; t=y; {RUA}"),
    _own("`sp=none` below `p=reject`", "weak", f"v=DMARC1; p=reject; sp=none; {RUA}"),
    _own("something that is no tag", "junk", f"v=DMARC1; p=reject; now; {RUA}",
         "preflight: what cannot be read is passed over, and the record holds (4.8)"),
    _own("a report address without `mailto:`", "bare", "v=DMARC1; p=reject; rua=d@bare.example", DISCARDED),
    _own("a report address by https", "https", "v=DMARC1; p=reject; rua=https://x.example/d"),
    _own("reports to a domain that agrees", "agrees", "v=DMARC1; p=reject; rua=mailto:d@agreed.test"),
    _own("reports to a domain that does not agree", "stranger", "v=DMARC1; p=reject; rua=mailto:d@other.test"),
    _own("reports to a domain without mail hosts", "lonely", "v=DMARC1; p=reject; rua=mailto:d@lonely.example",
         "both: checkdmarc warns as well; where there is no MX record the domain's address counts (RFC 5321 5.1)"),
    Case("a sub-domain of a domain with a record", "mail.above.example",
         [("above.example", f'_dmarc TXT "v=DMARC1; p=reject; {RUA}"\nmail A 192.0.2.1')]),
    Case("a record of a public suffix", "below.suffix",
         [("suffix", f'_dmarc TXT "v=DMARC1; p=reject; psd=y; {RUA}"\nbelow A 192.0.2.1')],
         "both: it applies for receivers by RFC 9989 (4.10.1); preflight says that older ones do not know it"),
    Case("a record between the domain and its organization", "a.b.between.example",
         [("between.example",
           f'_dmarc TXT "v=DMARC1; p=reject; {RUA}"\n_dmarc.b TXT "v=DMARC1; p=none; psd=n; {RUA}"\na.b A 192.0.2.1')],
         "both: that of b.between.example applies (4.10.2); preflight says that older receivers take the other"),
    Case("SERVFAIL for the record", "down.example", [("down.example", '_dmarc TXT "v=DMARC1; p=none"')], SILENT,
         [("_dmarc.down.example", Fault.SERVFAIL)]),
    Case("silence for the record", "silent.example", [("silent.example", '_dmarc TXT "v=DMARC1; p=none"')], SILENT,
         [("_dmarc.silent.example", Fault.TIMEOUT)]),
    Case("SERVFAIL for the leave to send reports", "leave.example",
         [("leave.example", '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:d@mute.test"')],
         "preflight: whether the other domain agrees nobody knows (RFC 9990 4); checkdmarc says that it does not",
         [("leave.example._report._dmarc.mute.test", Fault.SERVFAIL)]),
)  # fmt: skip

OTHERS = {
    "agreed.test": _report('agrees.example._report._dmarc TXT "v=DMARC1"'),
    "other.test": _report(""),
    "mute.test": _report('leave.example._report._dmarc TXT "v=DMARC1"'),
}


def world() -> World:
    """All zones, and what goes wrong in them."""
    made = World.from_zones({**OTHERS, **{origin: text for case in CASES for origin, text in case.zones}})
    for case in CASES:
        for name, fault in case.faults:
            made.fault(name, fault)
    return made


def preflights_word(case: Case, server: LabDns) -> str:
    """The rules that fail; else what could not be told."""
    source = LiveSource([server.address], timeout=TIMEOUT)
    report = run(Subject.of(domain=case.domain), source, policy=Policy(select=("dmarc",)))
    failed = [judged.finding.rule for judged in report.findings if judged.finding.status == "fail"]
    unknown = [judged.finding.rule for judged in report.findings if judged.undecided]
    if "dmarc/missing" in unknown:
        return "could not be told"
    words = [f"`{rule}`" for rule in dict.fromkeys(failed)]
    return ", ".join([*words, *(f"`{rule}` could not be told" for rule in dict.fromkeys(unknown))]) or "valid"


def checkdmarcs_word(case: Case, server: LabDns) -> str:
    """Whether it calls the record valid, and the number of its warnings; of errors the kind."""
    result = check_dmarc(case.domain, resolver=resolver_of(server), timeout=TIMEOUT, retries=0)
    if not result["valid"]:
        return "no record" if result["record"] is None and "does not exist" in result["error"] else "invalid"
    count = len(result["warnings"])
    return f"valid, {count} warning{'' if count == 1 else 's'}" if count else "valid"


def table() -> str:
    """The table in Markdown, from a fresh run; the same each time."""
    head = ("zone", "checkdmarc", "preflight", "who is right, by RFC 9989")
    return markdown(head, rows(world(), CASES, checkdmarcs_word, preflights_word))
