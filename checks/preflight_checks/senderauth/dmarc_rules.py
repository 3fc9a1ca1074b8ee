"""The rules of the check `dmarc`.

A record that is missing or broken is a warning: receivers take such mail from those who send little, and the profiles
of those that do not raise it. An error is what a receiver refuses for: mail that does not align, while its own domain
asks for the refusal of such mail.
"""

from preflight.check import Rule
from preflight.findings import Severity

_BULK = "Gmail, Yahoo and Outlook.com refuse mail in bulk from a domain without one."
_RECORD = "message|domain"


def _rule(name: str, severity: Severity, *needs: str, title: str, why: str, fix: str, reference: str) -> Rule:
    return Rule(id=f"dmarc/{name}", severity=severity, title=title, why=why, fix=fix, reference=reference, needs=needs)


AUTHOR = _rule(
    "author", Severity.ERROR, "message",
    title="From has one domain, which DMARC can judge",
    why="Without exactly one domain in From no receiver can tell whose policy holds; most refuse such a message.",
    fix="Write one From field with one address, such as From: Name <name@example.com>.",
    reference="RFC 7489 6.6.1; RFC 9989 5.3.1",
)  # fmt: skip
NOT_ALIGNED = _rule(
    "not-aligned", Severity.WARNING, _RECORD, "message|ip",
    title="SPF or DKIM vouches for the domain in From",
    why="DMARC wants SPF or DKIM to pass for the domain in From, or for one of the same organization. Gmail (5.7.32) "
    "and Outlook.com (5.7.515) refuse mail in bulk that does not align, whatever the policy is.",
    fix="Sign with DKIM as {domain} (d={domain}); or use an envelope sender in {domain}, with an SPF record that names "
    "the sending address.",
    reference="RFC 7489 3.1; RFC 9989 4.4; Google, Email sender guidelines",
)  # fmt: skip
POLICY_APPLIED = _rule(
    "policy-applied", Severity.ERROR, _RECORD, "ip",
    title="The policy of the domain in From is not applied to its own mail",
    why="The domain asks receivers to refuse (p=reject) or to distrust (p=quarantine) mail that does not align, and "
    "they do: Outlook.com and Exchange Online answer 550 5.7.509, Gmail 550 5.7.26, NetEase 550 MI:DMA.",
    fix="Sign with DKIM as {domain} (d={domain}); or use an envelope sender in {domain}, with an SPF record that names "
    "the sending address. Until then, p=none lets the mail pass.",
    reference="RFC 7489 6.3; RFC 9989 4.7; Exchange Online 550 5.7.509; Gmail 550 5.7.26",
)  # fmt: skip
MISSING = _rule(
    "missing", Severity.WARNING, _RECORD,
    title="A DMARC record applies to the domain in From",
    why=f"A DMARC record says what becomes of mail that fails, and who is told. {_BULK}",
    fix="Add this record: `{record}`.",
    reference="RFC 9989 4.10.1; RFC 7489 6.6.3; Google, Email sender guidelines; Outlook.com, Policies",
)  # fmt: skip
MULTIPLE = _rule(
    "multiple", Severity.WARNING, _RECORD,
    title="There is one DMARC record",
    why="Receivers that find several DMARC records at a name apply none of them.",
    fix="Leave one TXT record at {name} that begins with v=DMARC1.",
    reference="RFC 7489 6.6.3, step 5; RFC 9989 4.10, step 2",
)  # fmt: skip
SYNTAX = _rule(
    "syntax", Severity.WARNING, _RECORD,
    title="The DMARC record says what it means to",
    why="Receivers pass over a tag that they cannot read; without a readable p= they pass over the whole record.",
    fix="Mend the TXT record at {name}: {problems}.",
    reference="RFC 9989 4.7, 4.8; RFC 7489 6.3",
)  # fmt: skip
POLICY_NONE = _rule(
    "policy-none", Severity.INFO, _RECORD,
    title="The DMARC policy protects the domain",
    why="p=none asks for nothing: anybody may write mail with this domain in From. It is the right start, no more.",
    fix="Once the reports show that all your mail aligns, publish p=quarantine, and later p=reject, at {name}.",
    reference="RFC 9989 5.1.5, 5.1.7",
)  # fmt: skip
SUBDOMAINS = _rule(
    "subdomain-policy", Severity.INFO, _RECORD,
    title="Sub-domains are protected as the domain is",
    why="A weaker policy for sub-domains lets anybody write mail in the name of one, which need not exist.",
    fix="In the record at {name}, take {tags} out, or make it as strict as p=.",
    reference="RFC 9989 4.7; RFC 9091 2",
)  # fmt: skip
PERCENT = _rule(
    "pct", Severity.INFO, _RECORD,
    title="The policy holds for all mail",
    why="With pct= older receivers apply the policy to a part of the mail only; newer ones pass over the tag and "
    "apply it to all.",
    fix="Take pct= out of the record at {name}; to try a policy out, use t=y.",
    reference="RFC 9989 A.6; RFC 7489 6.6.4",
)  # fmt: skip
TESTING = _rule(
    "testing", Severity.INFO, _RECORD,
    title="The policy is not marked as a test",
    why="t=y asks receivers to apply the policy one step milder than it says; older receivers do not know the tag.",
    fix="Take t=y out of the record at {name} once the reports show that all your mail aligns.",
    reference="RFC 9989 4.7",
)  # fmt: skip
HISTORIC = _rule(
    "historic", Severity.INFO, _RECORD,
    title="The DMARC record uses no tag that is gone",
    why="RFC 9989 dropped these tags in May 2026: receivers pass over them.",
    fix="Take {tags} out of the record at {name}.",
    reference="RFC 9989 C; RFC 7489 6.3",
)  # fmt: skip
DIFFERS = _rule(
    "discovery-differs", Severity.WARNING, _RECORD,
    title="Old and new receivers come to the same by DMARC",
    why="Receivers by RFC 7489 take the organizational domain from a list, those by RFC 9989 from the records above a "
    "domain. Where the two differ, mail that one takes is refused by the other.",
    fix="Publish a record at _dmarc.{organization}, the domain by which both would find the same.",
    reference="RFC 9989 4.10; RFC 7489 6.6.3",
)  # fmt: skip
NO_REPORTS = _rule(
    "no-reports", Severity.INFO, _RECORD,
    title="Somebody gets the reports",
    why="Without rua= nobody tells you which of your mail fails, and who writes in your name.",
    fix="Add rua=mailto:… with an address of yours to the record at {name}.",
    reference="RFC 9989 5.1.3",
)  # fmt: skip
REPORT_ADDRESS = _rule(
    "report-address", Severity.WARNING, _RECORD,
    title="Each report address can be used",
    why="Receivers pass over an address that they cannot read or send to, and nobody gets the reports.",
    fix="In {tag}= of the record at {name}, write the address as mailto:reports@example.com.",
    reference="RFC 9989 4.7, 4.8; RFC 3986",
)  # fmt: skip
REPORT_UNREACHABLE = _rule(
    "report-unreachable", Severity.WARNING, _RECORD,
    title="The domain of each report address takes mail",
    why="Reports to a domain without a mail host come back to those who send them.",
    fix="Give {domain} an MX record, or name another address in {tag}= of the record at {name}.",
    reference="RFC 5321 5.1; RFC 9990 4",
)  # fmt: skip
REPORT_FOREIGN = _rule(
    "report-not-authorised", Severity.WARNING, _RECORD,
    title="Each other domain that is to get reports has agreed to it",
    why="Reports go to another organization only if it says in DNS that it wants them; else receivers send none.",
    fix="Have the owner of {domain} add this record: `{record}`.",
    reference="RFC 7489 7.1; RFC 9990 4",
)  # fmt: skip

RECORD_RULES = (SYNTAX, POLICY_NONE, SUBDOMAINS, PERCENT, TESTING, HISTORIC, NO_REPORTS)
REPORT_RULES = (REPORT_ADDRESS, REPORT_UNREACHABLE, REPORT_FOREIGN)
ALIGNMENT_RULES = (NOT_ALIGNED, POLICY_APPLIED)
RULES = (AUTHOR, *ALIGNMENT_RULES, MISSING, MULTIPLE, *RECORD_RULES, DIFFERS, *REPORT_RULES)
