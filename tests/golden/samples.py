"""Reports made by hand, for the tests of renderers: every status, severity, state and verdict occurs in them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from preflight.baseline import compared, read_baseline
from preflight.bounces.catalogue import Bounce, Catalogue, Category, Coverage
from preflight.check import Check, Context, Rule
from preflight.findings import Evidence, Finding, Severity, Status
from preflight.ledger import CRASHED, NO_ANSWER, NOT_GIVEN, TRY_AGAIN
from preflight.notices import with_stale_waivers
from preflight.policy import FailOn, Policy, Waiver
from preflight.profiles import Demand, Profile
from preflight.registry import Registry
from preflight.render import RenderOptions
from preflight.render.json import RENDERER as JSON
from preflight.report import Report, build_report
from preflight.subject import MessageSource, Subject
from preflight.text import Message, Words

IP, IP6 = "192.0.2.25", "2001:db8:85a3::8a2e:370:7334"
REVERSE = "25.2.0.192.in-addr.arpa"
REVERSE6 = "4.3.3.7.0.7.3.0.e.2.a.8.0.0.0.0.0.0.0.0.3.a.5.8.8.b.d.0.1.0.0.2.ip6.arpa"
STARTED = datetime(2026, 11, 24, 9, 30, 15, 250_000, tzinfo=UTC)
TODAY = date(2026, 11, 24)
DEAD = "192.0.2.53 port 53: no reply in time; 192.0.2.54 port 53: no reply in time"


def _bounce(
    code: str, reply: str, category: Category, coverage: Coverage, rules: Sequence[str], *advice: str
) -> Bounce:
    return Bounce(
        id=f"microsoft/{code}",
        provider=Words("Microsoft", "微软"),
        reply=reply,
        permanent=reply.startswith("5"),
        category=category,
        coverage=coverage,
        meaning=Words("The mail was turned away.", "邮件被拒收。"),
        causes=(Words("An example.", "示例。"),),
        advice=(Words(*advice),),
        rules=tuple(rules),
        source=(Words("RFC 5321 4.2"),),
        checked=TODAY,
    )


_PTR = ("ptr/missing", "ptr/not-forward-confirmed")
_HELO = ("helo/not-fqdn", "helo/unresolvable", "helo/address-mismatch", "helo/ptr-mismatch")
_LISTS = ("dnsbl/spamhaus-sbl", "dnsbl/listed")
_CONTENT = ("message/subject-trivial", "message/executable-attachment")
BOUNCES = (
    _bounce(
        "DY-001", "550 DY-001", "dynamic-ip", "full", (*_PTR, "dynamic-ip/dynamic-ptr", "dynamic-ip/pbl-listed"),
        "Send from a static address with a PTR record of its own, or through your provider's relay.",
        "请改用带有独立 PTR 记录的静态地址发信，或通过服务商的中继发信。",
    ),
    _bounce(
        "501-5.5.4", "501 5.5.4 Invalid domain name", "helo", "full", (*_PTR, *_HELO, "mx/missing"),
        "Make HELO, its address and the PTR record name one and the same host.",
        "请让 HELO、其地址和 PTR 记录指向同一台主机。",
    ),
    _bounce(
        "OU-001", "550 OU-001", "dnsbl", "full", (*_LISTS, "dynamic-ip/pbl-listed"),
        "Have the address removed from the list; its page says how.", "请按名单网页上的说明申请移除该地址。",
    ),
    _bounce(
        "RP-001", "421 RP-001", "rate", "partial", (*_PTR, *_LISTS),
        "Slow down, and register the address with SNDS.", "请放慢发信速度，并在 SNDS 登记该地址。",
    ),
    _bounce(
        "SC-001", "550 SC-001", "content", "partial", (*_LISTS, *_CONTENT),
        "Send the message without the attachment, with a subject that says what it is about.",
        "请去掉该附件，并使用能说明内容的主题。",
    ),
    _bounce(
        "RP-002", "421 RP-002", "reputation", "external", (),
        "Only Microsoft sees the cause: look at SNDS and JMRP.", "原因只有微软可见：请查看 SNDS 和 JMRP。",
    ),
    _bounce(
        "RP-003", "421 RP-003", "reputation", "external", (),
        "Only Microsoft sees the cause: look at SNDS and JMRP.", "原因只有微软可见：请查看 SNDS 和 JMRP。",
    ),
)  # fmt: skip


def _rule(rule_id: str, severity: Severity, need: str, why: str, fix: str, title: str = "All is well") -> Rule:
    prevents = tuple(bounce.id for bounce in BOUNCES if rule_id in bounce.rules)
    return Rule(
        id=rule_id,
        severity=severity,
        title=title,
        why=why,
        fix=fix,
        reference="RFC 5321 4.1.1.1",
        needs=(need,),
        prevents=prevents,
    )


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
RULES = {
    rule.id: rule
    for rule in (
        _rule(
            "ptr/missing", _ERROR, "ip",
            "An address without reverse DNS looks like a home connection or a machine nobody set up.",
            "Ask the owner of {part} (your provider or its control panel) for this record: {record}",
        ),
        _rule(
            "ptr/not-forward-confirmed", _ERROR, "ip",
            "Anyone can write any name into their reverse zone; only a name that leads back proves anything.",
            "Add this record: {record}",
        ),
        _rule("ptr/multiple", _WARNING, "ip", "Receivers take one of several names by chance.", "Keep one of them."),
        _rule("helo/not-fqdn", _ERROR, "helo", "A name without a dot is no host.", "Send {wanted} in HELO."),
        _rule("helo/unresolvable", _ERROR, "helo", "Such a name is no host.", "Add an A record for {part}."),
        _rule("helo/address-mismatch", _WARNING, "helo", "Receivers compare the two.", "Point {part} to {ip}."),
        _rule("helo/ptr-mismatch", _WARNING, "helo", "Receivers compare the two.", "Use one name for both."),
        _rule("helo/not-mx", _INFO, "helo", "Some receivers like it.", "Nothing needs to be done."),
        _rule("mx/missing", _ERROR, "domain", "Nobody can answer.", "Add an MX record to {part}."),
        _rule("dynamic-ip/dynamic-ptr", _ERROR, "ip", "The name is that of a home connection.", "Have it renamed."),
        _rule("dynamic-ip/pbl-listed", _ERROR, "ip", "The owner says: no mail from here.", "Ask for its removal."),
        _rule("dnsbl/spamhaus-sbl", _ERROR, "ip", "Most receivers use it.", "Ask for removal of {part}."),
        _rule("dnsbl/listed", _WARNING, "ip", "Some receivers use it.", "Ask for removal of {part}."),
        _rule("message/subject-trivial", _WARNING, "message", "Filters weigh such a subject.", "Say what it is about."),
        _rule(
            "message/executable-attachment", _ERROR, "message",
            "Receivers refuse programs, also those inside archives.", "Send a link instead of {part}.",
        ),
    )
}  # fmt: skip


def registry() -> Registry:
    """A registry of checks that only declare the rules above."""

    async def run(_: Context) -> None:
        return

    made = Registry(Catalogue({bounce.id: bounce for bounce in BOUNCES}))
    for check in dict.fromkeys(rule_id.partition("/")[0] for rule_id in RULES):
        rules = tuple(rule for rule in RULES.values() if rule.id.startswith(f"{check}/"))
        made.add(Check(id=check, title=check, rules=rules, run=run))
    return made


def subject() -> Subject:
    """A mail server of which everything is given."""
    return Subject.of(
        "mail.example.com", ips=[IP, IP6], message=MessageSource("draft.eml", b"Subject: x\r\n\r\nx\r\n"),
        server="mail.example.com:25",
    )  # fmt: skip


def report(given: Subject, findings: Iterable[Finding], policy: Policy | None = None) -> Report:
    """The report of a run of version 0.0.0 that took 1.234 seconds."""
    made = build_report(
        given, list(findings), registry(), policy or Policy(), started_at=STARTED, duration=1.234, today=TODAY
    )
    return replace(made, version="0.0.0")


def passes(*rule_ids: str, part: str = IP) -> list[Finding]:
    """Rules that hold."""
    return [
        RULES[rule_id].passes(part, "{part} is fine", Evidence("dns", f"A {part}", "NXDOMAIN")) for rule_id in rule_ids
    ]


def skipped(given: Subject, *rule_ids: str) -> list[Finding]:
    """Rules whose input is missing."""
    return [
        Finding(
            rule=rule_id,
            status=Status.SKIPPED,
            part=given.label,
            message=Message(NOT_GIVEN, {"options": f"--{RULES[rule_id].needs[0]}"}),
        )
        for rule_id in rule_ids
    ]


def unanswered(rule_id: str, part: str, question: str, seen: str = DEAD) -> Finding:
    """A rule that was left open as the runner leaves it when a question is not answered."""
    return Finding(
        rule=rule_id,
        status=Status.INCONCLUSIVE,
        part=part,
        message=Message(NO_ANSWER, {"question": question, "seen": seen}),
        evidence=(Evidence("dns", question, seen),),
        fix=Message(TRY_AGAIN),
    )


def crashed(check: str, part: str) -> Finding:
    """A check that crashed, and left all its rules open."""
    text = "ZeroDivisionError: division by zero (_judge, line 42)"
    return Finding(
        rule=f"{check}/crashed",
        status=Status.ERROR,
        part=part,
        message=Message(CRASHED, {"error": text}),
        evidence=(Evidence("check", check, text),),
        covers=frozenset(rule for rule in RULES if rule.startswith(f"{check}/")),
    )


def go() -> Report:
    """Everything was checked, and nothing is wrong."""
    return report(subject(), [finding for part in (IP, IP6) for finding in passes(*RULES, part=part)])


def no_go() -> Report:
    """Twelve failures: two of one rule, one waived, one whose waiver has expired, some that do not count."""
    ptr = Evidence("dns", f"PTR {REVERSE}", "NXDOMAIN")
    ptr6 = Evidence("dns", f"PTR {REVERSE6}", "host-7334.dyn.example.net")
    name = "host-7334.dyn.example.net"
    policy = Policy(
        waivers=(
            Waiver(
                rule="dnsbl/spamhaus-sbl",
                reason="removal asked for, ticket 4711",
                expires=date(2026, 12, 1),
                owner="mail team",
            ),
            Waiver(rule="mx/missing", reason="the zone is published on Monday", expires=date(2026, 11, 20)),
        )
    )
    findings = [
        RULES["ptr/missing"].fails(IP, "{part} has no PTR record", ptr, record=f"{REVERSE}. PTR mail.example.com."),
        RULES["ptr/missing"].fails(
            "192.0.2.26", "{part} has no PTR record", Evidence("dns", "PTR 26.2.0.192.in-addr.arpa", "no PTR record"),
            record="26.2.0.192.in-addr.arpa. PTR mail.example.com.",
        ),
        RULES["ptr/not-forward-confirmed"].fails(
            IP6, "no PTR name of {part} leads back to it", ptr6, Evidence("dns", f"AAAA {name}", "no AAAA record"),
            record=f"{name}. AAAA {IP6}",
        ),
        RULES["ptr/multiple"].fails(
            IP, "{part} has {count} PTR names: {names}", ptr, count=9,
            names=[f"n{number}.example.com" for number in range(8)],
        ),
        RULES["helo/address-mismatch"].fails(
            "mail.example.com", "{part} leads to {seen}, not to {ip}",
            Evidence("dns", "A mail.example.com", "198.51.100.7"), seen="198.51.100.7", ip=IP,
        ),
        RULES["helo/ptr-mismatch"].fails("mail.example.com", "{part} is not the PTR name of {ip}", ptr, ip=IP),
        RULES["helo/not-mx"].fails("mail.example.com", "{part} is no MX host of example.com"),
        RULES["mx/missing"].fails("example.com", "{part} has no MX record",
            Evidence("dns", "MX example.com", "no MX record")),
        RULES["dynamic-ip/dynamic-ptr"].fails(IP6, "the PTR name {name} is that of a dynamic address", ptr6, name=name),
        RULES["dynamic-ip/pbl-listed"].fails(
            IP, "{part} is on the PBL of Spamhaus", Evidence("dns", "A 25.2.0.192.zen.spamhaus.org", "127.0.0.10")
        ),
        RULES["dnsbl/spamhaus-sbl"].fails(
            IP, "{part} is on the SBL of Spamhaus", Evidence("dns", "A 25.2.0.192.zen.spamhaus.org", "127.0.0.2")
        ),
        RULES["message/executable-attachment"].fails(
            "invoice.zip!setup.exe", "{part} is a program", Evidence("message", "attachment 1", "MZ at its beginning")
        ),
        *passes("helo/not-fqdn", "helo/unresolvable", part="mail.example.com"),
        RULES["dnsbl/listed"].undecided(
            IP, "{zone} gives no usable answer: {why}",
            Evidence("dns", "A 25.2.0.192.bl.example.net", "127.255.255.254"),
            zone="bl.example.net", why="it refuses public resolvers", fix="Ask through a resolver of your own.",
        ),
        crashed("message", "draft.eml"),
    ]  # fmt: skip
    return report(subject(), findings, policy)


def dead() -> Report:
    """No name server answers: 41 findings are open for one reason."""
    given = Subject.of("mail.example.com", ips=[IP, IP6])
    findings = [
        *(
            unanswered(rule, part, f"PTR {name}")
            for rule in (*_PTR, "ptr/multiple", "dynamic-ip/dynamic-ptr")
            for part, name in ((IP, REVERSE), (IP6, REVERSE6))
        ),
        *(
            unanswered(rule, "mail.example.com", f"{rtype} mail.example.com")
            for rule in _HELO
            for rtype in ("A", "AAAA")
        ),
        unanswered("mx/missing", "example.com", "MX example.com"),
        *(
            unanswered(rule, IP, f"A 25.2.0.192.bl{number}.example.net")
            for rule in (*_LISTS, "dynamic-ip/pbl-listed")
            for number in range(8)
        ),
        *skipped(given, *_CONTENT),
    ]
    return report(given, findings)


def message_alone() -> Report:
    """Only a message was given."""
    given = Subject.of(message=MessageSource("brouillon été.eml", b"x"))
    others = [rule for rule in RULES if not rule.startswith("message/")]
    findings = [
        RULES["message/subject-trivial"].fails("Subject", "the subject {text} says nothing", text="test"),
        *passes("message/executable-attachment", part="report.pdf"),
        *skipped(given, *others),
    ]
    return report(given, findings)


def let_pass() -> Report:
    """A failure of weight that does not count, since the user wants none to."""
    finding = RULES["helo/not-fqdn"].fails("mail", "{part} has no dot", wanted="mail.example.com")
    return report(Subject.of(helo="mail", name="lab"), [finding], Policy(fail_on=FailOn.NEVER))


def for_receiver() -> Report:
    """The failures of `no_go` and others like them, weighed by what a receiver demands of those who send in bulk."""
    receiver = Profile(
        name="example",
        title=Words("Example Mail", "示例邮箱"),
        checked=TODAY,
        demands={
            rule: Demand(rule, severity, bulk, Words("It says so.", "如此要求。"), Words("A page.", "网页。"))
            for rule, severity, bulk in (("helo/not-mx", None, _ERROR), ("ptr/multiple", _INFO, None))
        },
        codes=frozenset({"microsoft/501-5.5.4", "microsoft/RP-001"}),
    )
    findings = [
        RULES["helo/not-mx"].fails("mail.example.com", "{part} is no MX host of example.com"),
        RULES["ptr/multiple"].fails(IP, "{part} has {count} PTR names: {names}", count=2, names=["a.example.com", "b"]),
        RULES["dnsbl/listed"].fails(IP, "{part} is on a list"),
        *passes("ptr/missing", "ptr/not-forward-confirmed", "mx/missing"),
    ]
    return report(subject(), findings, Policy(profile=receiver))


def nothing() -> Report:
    """The inputs of all rules are missing."""
    given = Subject.of(domain="example.com", name="parked")
    return report(given, skipped(given, *RULES))


def before() -> Report:
    """The earlier run that `since` is compared with."""
    findings = [
        RULES["ptr/missing"].fails(IP, "{part} has no PTR record", record="x"),
        RULES["ptr/multiple"].fails(IP, "{part} has {count} PTR names", count=2),
        RULES["helo/address-mismatch"].fails("mail.example.com", "{part} leads elsewhere", ip=IP),
        RULES["mx/missing"].fails("example.com", "{part} has no MX record"),
        RULES["message/executable-attachment"].fails("setup.exe", "{part} is a program"),
        RULES["message/subject-trivial"].fails("Subject", "the subject says nothing"),
        unanswered("dnsbl/spamhaus-sbl", IP, "A 25.2.0.192.zen.spamhaus.org"),
    ]
    return report(subject(), findings)


def since() -> Report:
    """A run compared with an earlier one: a failure of each kind of change, and a waiver that matches nothing."""
    zen = Evidence("dns", "A 25.2.0.192.zen.spamhaus.org", "127.0.0.2")
    stale = Waiver(rule="helo/not-mx", reason="ticket 12", owner="mail team", expires=date(2026, 12, 31))
    policy = Policy(severities={"helo/address-mismatch": Severity.ERROR}, waivers=(stale,))
    findings = [
        RULES["ptr/missing"].fails(IP, "{part} has no PTR record", record="x"),
        RULES["ptr/multiple"].fails(IP, "{part} has {count} PTR names", count=2),
        RULES["helo/address-mismatch"].fails("mail.example.com", "{part} leads elsewhere", ip=IP),
        RULES["dnsbl/spamhaus-sbl"].fails(IP, "{part} is on the SBL of Spamhaus", zen),
        RULES["helo/not-fqdn"].fails("mail", "{part} has no dot", wanted="mail.example.com"),
        *passes("mx/missing", part="example.com"),
        *passes("message/subject-trivial", part="Subject: Minutes"),
        *passes("helo/not-mx", part="mail.example.com"),
        unanswered("message/executable-attachment", "draft.eml", "the attachments", "an archive that cannot be read"),
    ]
    made = report(subject(), findings, policy)
    earlier = read_baseline(JSON.render([before()], RenderOptions()).encode(), "last.json")
    (compared_,) = compared(with_stale_waivers([made], policy), earlier, policy.selects)
    return compared_


SAMPLES: dict[str, tuple[Callable[[], Report], ...]] = {
    "go": (go,),
    "no-go": (no_go,),
    "incomplete": (dead,),
    "message": (message_alone,),
    "baseline": (since,),
    "profile": (for_receiver,),
    "several": (go, let_pass, nothing, message_alone),
}
"""What makes the reports of each golden file, by its name."""


def sample(name: str) -> list[Report]:
    """The reports of a golden file."""
    return [make() for make in SAMPLES[name]]
