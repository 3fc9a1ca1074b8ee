"""Text from outside at its worst, in every place of a report where there can be any."""

from datetime import date

from preflight.baseline import compared, read_baseline
from preflight.findings import Evidence, Finding, Place
from preflight.net.addresses import parse_address
from preflight.notices import with_stale_waivers
from preflight.policy import Policy, Waiver
from preflight.render import RenderOptions
from preflight.render.json import RENDERER as JSON
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from preflight.text import Message
from tests.golden.samples import RULES, crashed, report

HOSTILE = {
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "script": "</script><script>alert(1)</script>",
    "cdata": "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
    "workflow": "x\n::set-output name=a::b\r\n::error::c,file=d%0A::warning::e",
    "formula": "=cmd|'/c calc'!A0",
    "direction": "invoice\u202egnp.exe\u2066\u200b",
    "image": "<img src=x onerror=alert(1)>\"' onload='y",
    "nul": "a\x00b\x08\x0b\ufffe\uffff",
    "surrogate": "\udce9\ud83d.eml",
    "pipe": "OK | time=0s;;;0 'x'=1",
    "ticks": "``` `a` ``b`` $(id) `id` $x$",
    "mention": "@everyone @org/team #1 !2 GH-3 https://evil.example/ www.evil.example a@evil.example",
    "markdown": "# h\n- [x](javascript:alert(1)) ![i](//e) **b** | c | <details open>\n---\n> q",
    "template": "{0} {part} %s ${{ secrets.X }} \\",
    "closing": "\" } ] --> */ </style> </title> ?>",
}  # fmt: skip


def hostile_report(text: str) -> Report:
    """A report all of whose texts from outside are this one."""
    place = Place(text, 3, 9)
    evidence = [Evidence("dns", text, text, place), Evidence("message", f"TXT {text}", text, Place("-", 1))]
    waivers = (
        Waiver(rule="helo/not-mx", reason=text, owner=text, expires=date(2027, 1, 1)),
        Waiver(rule="mx/missing", reason=text, owner=text, expires=date(2020, 1, 1)),
        Waiver(rule="dnsbl/listed", part=text, reason=text, owner=text, expires=date(2027, 1, 1)),
    )
    ip = "192.0.2.25"
    findings: list[Finding] = [
        RULES["ptr/missing"].fails(
            text, "{part} has no PTR record: {x}", evidence, record=text, x=Message("{y}", {"y": text})
        ),
        RULES["ptr/not-forward-confirmed"].fails(ip, "{part} {name}", evidence, record=text, name=text),
        RULES["ptr/missing"].passes(ip, "{part} has a PTR record: {names}", evidence, names=[text, text]),
        RULES["helo/ptr-mismatch"].undecided(ip, "`{x}` {part}", evidence, fix="Ask `{x}`: {x}", x=text),
        RULES["helo/not-mx"].fails(text, "{part}", evidence),
        RULES["mx/missing"].fails(text, "{part}", evidence),
        RULES["dnsbl/listed"].passes(text, "{part}", evidence),
        RULES["message/subject-trivial"].fails(text, "{part} {x}", evidence, x=text),
        crashed("dynamic-ip", text),
    ]  # fmt: skip
    given = Subject(
        name=text, helo=text, ips=(parse_address(ip),), domain=text, message=MessageSource(text, b"x\n" * 9)
    )
    policy = Policy(waivers=waivers)
    (noted,) = with_stale_waivers([report(given, findings, policy)], policy)
    earlier = [RULES["ptr/multiple"].fails(text, "{part}"), RULES["helo/not-fqdn"].fails(text, "{part}", wanted=text)]
    baseline = read_baseline(JSON.render([report(given, earlier)], RenderOptions()).encode(), text)
    (made,) = compared([noted], baseline, policy.selects)
    return made
