"""The report for people: what it says, in which order, and that nothing from outside gets through raw."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from preflight.findings import Evidence, Finding, Severity, Status
from preflight.policy import FailOn, Policy, Verdict
from preflight.render import RenderOptions
from preflight.render.briefing import by_cause, by_effect, inputs, meaning
from preflight.render.page import NARROWEST, WIDEST
from preflight.render.terminal import RENDERER
from preflight.report import Report, State
from preflight.subject import MessageSource, Subject
from preflight.testing import NxDomain, report_of
from preflight.text import Message, visible
from preflight_checks.ptr import CHECK as PTR
from tests.golden.regenerate import language, path, rendered
from tests.golden.samples import (
    IP,
    RULES,
    SAMPLES,
    dead,
    go,
    let_pass,
    message_alone,
    no_go,
    nothing,
    passes,
    report,
    sample,
    subject,
    unanswered,
)
from tests.unit.render_words import Words

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\x00b",
    "line\r\nbreak\ttab\x0b\x0c",
    "gnp\u202eexe.pdf",
    "\u2066isolate\u2069\u200bzero\u200dwidth",
    "\u2028separator\u0085",
    "[bold red]markup[/]",
    "[link=https://example.com]x[/link]",
    "[/]",
    ":smile: :warning:",
    "lone\udce9surrogate\ud800",
    "{braces} {0} {part.__class__} %s",
    'https://example.com/?a=1&b="2"',
    "中文主机名称" * 30,
    "x" * 10_000,
    "e\u0301" * 300,
    "\u0301" * 3000,
    "❤\ufe0f" * 100,
    "👩\u200d👩\u200d👧" * 40,
    "  spaces   inside  ",
    "",
]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def text_of(*reports: Report, **options: object) -> str:
    return RENDERER.render(reports, RenderOptions(**options))  # type: ignore[arg-type]


def squeezed(text: str) -> str:
    """A text without its spaces and line breaks, which folding adds."""
    return re.sub(r"[ \n]", "", text)


def assert_harmless(text: str, width: int) -> None:
    assert {char for char in text if unicodedata.category(char) in {"Cc", "Cs"}} <= {"\n"}
    assert text == "".join(visible(line) + "\n" for line in text.splitlines())
    wide = [line for line in text.splitlines() if cell_len(line) > width]
    assert wide == []
    assert all(line == line.rstrip(" ") for line in text.splitlines())


def hostile_report(text: str) -> Report:
    """A report with a text from outside wherever there can be one."""
    rule, other = RULES["ptr/missing"], RULES["dnsbl/listed"]
    seen = Evidence(text, text, text)
    findings = [
        rule.fails(text, "{part} is {x}", seen, x=text, record=text),
        other.undecided(text, "{part} could not be {x}", seen, x=text, fix="{part}: {x}"),
        unanswered("helo/not-fqdn", text, f"A {text}", text),
        unanswered("helo/unresolvable", text, f"AAAA {text}", text),
        replace(unanswered("mx/missing", text, text), status=Status.ERROR, covers=frozenset({"mx/missing"})),
        RULES["helo/not-mx"].passes(text, "{part} passes"),
    ]
    given = Subject(name=text, helo=text, ips_unknown=text, message=MessageSource(text, b"x"))
    return report(given, findings)


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", SAMPLES)
def test_golden(name: str, code: str) -> None:
    text = rendered(RENDERER, name, code)
    assert text == path(RENDERER, name, code).read_text(encoding="utf-8")
    assert_harmless(text, 80)


@pytest.mark.parametrize("width", [0, 20, 33, 60, 80, 100, 120, 300])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    for code in ("en", "zh"):
        text = text_of(*sample(name), language=language(code), width=width)
        assert_harmless(text, max(NARROWEST, min(WIDEST, width)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", [20, 80])
def test_hostile_text_is_shown_and_harmless(text: str, width: int) -> None:
    shown = text_of(hostile_report(text), width=width)
    assert_harmless(shown, width)
    # Subject (3 times), a failure (part, message, evidence), an open question: each has the whole text.
    assert squeezed(shown).count(squeezed(visible(text))) >= 10 or not text.strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_no_codes_but_ours_in_a_coloured_report(text: str) -> None:
    reports = (hostile_report(text), hostile_report("harmless"))
    coloured = text_of(*reports, color=True)
    assert ANSI.sub("", coloured) == text_of(*reports, color=False)
    assert "\x1b" not in ANSI.sub("", coloured)
    harmless = ANSI.findall(text_of(hostile_report("harmless"), hostile_report("harmless"), color=True))
    assert set(ANSI.findall(coloured)) <= set(harmless)


def test_colour_is_in_the_text_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")  # is the command line's business: `color` decides here
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[1;31m✗ NO-GO\x1b[0m" in text_of(no_go(), color=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in text_of(no_go(), color=False)


texts = st.text(max_size=60) | st.text(alphabet="中。，（）a. -\u0301\ufe0f❤\x1b\u202e\udc80[]:", max_size=300)


@settings(max_examples=60, deadline=None)
@given(part=texts, argument=texts, asked=texts, seen=texts, width=st.integers(20, 120))
def test_any_text_is_harmless(part: str, argument: str, asked: str, seen: str, width: int) -> None:
    finding = RULES["dnsbl/listed"].fails(part, "{part} has {what}", Evidence("dns", asked, seen), what=argument)
    text = text_of(report(Subject(name=argument), [finding, unanswered("mx/missing", part, asked, seen)]), width=width)
    assert_harmless(text, width)
    for one in (part, argument, asked, seen):
        assert squeezed(visible(one)) in squeezed(text)


def test_a_long_name_is_folded_and_not_lost() -> None:
    name = ".".join("f" * 32) + ".ip6.arpa"
    finding = RULES["ptr/missing"].fails(IP, "{part} x", Evidence("dns", f"PTR {name}", "NXDOMAIN"), record=name)
    text = text_of(report(subject(), [finding]))
    assert squeezed(text).count(name) == 2
    assert_harmless(text, 80)


def test_every_word_has_a_translation() -> None:
    words = Words()
    many = [Evidence("dns", f"A {number}.example.com", "NXDOMAIN") for number in range(9)]
    others = report(Subject(ips_unknown="no answer"), [RULES["ptr/missing"].undecided(IP, "{part} x", many)])
    warning = report(subject(), [RULES["ptr/multiple"].undecided(IP, "{part} x")])
    for reports in (*(sample(name) for name in SAMPLES), [others, let_pass()], [warning]):
        text_of(*reports, language=words.language)
    assert words.missing == set()


@pytest.mark.parametrize(
    ("made", "verdict", "sentence"),
    [
        (go, Verdict.GO, "Nothing that was checked speaks against sending."),
        (no_go, Verdict.NO_GO, "Receivers are likely to refuse this mail. To fix before it is sent: 7."),
        (dead, Verdict.INCOMPLETE, "It could not be told whether receivers take this mail. Open: 41."),
        (message_alone, Verdict.GO, "Nothing that was checked stops this mail. Smaller things to look at: 1."),
        (let_pass, Verdict.GO, "No failure counts. Let pass: 1; receivers may refuse this mail all the same."),
        (nothing, Verdict.INCOMPLETE, "Nothing was judged: no rule had what it needs."),
    ],
)
def test_the_first_line_is_the_verdict(made: object, verdict: Verdict, sentence: str) -> None:
    one = made()  # type: ignore[operator]
    assert one.verdict is verdict
    assert str(meaning(one)) == sentence
    first = text_of(one, width=120).splitlines()[0]
    symbol = {Verdict.GO: "✓", Verdict.NO_GO: "✗", Verdict.INCOMPLETE: "?"}[verdict]
    assert first == f"{symbol} {verdict.value.upper()}  {sentence}"


def test_an_undecided_warning_is_no_plain_go() -> None:
    one = report(subject(), [*passes("ptr/missing"), RULES["ptr/multiple"].undecided(IP, "{part} is unclear")])
    assert one.verdict is Verdict.GO
    assert str(meaning(one)) == "Nothing that could be checked stops this mail. Failed: 0; could not be told: 1."


def test_inputs_lists_what_was_given() -> None:
    assert inputs(Subject.of("mail.example.com", ips=[IP], name="main")) == [
        ("name", "main"),
        ("host", "mail.example.com"),
        ("addresses", IP),
        ("HELO", "mail.example.com"),
        ("domain", "example.com"),
    ]
    assert inputs(Subject(ips_unknown="no answer")) == [
        ("addresses", Message("not known: {reason}", {"reason": "no answer"}))
    ]
    assert inputs(Subject.of(server="192.0.2.1:587")) == [("server", "192.0.2.1:587")]
    assert inputs(Subject.of(mail_from=["bounce@example.com", "<>"], dkim_selectors=["s1", "s2"])) == [
        ("envelope", "bounce@example.com, <>"),
        ("selectors", "s1, s2"),
    ]
    assert inputs(Subject.of(probe_outbound="mx.example.net")) == [("outbound", "mx.example.net:25")]


def test_failures_come_in_the_order_of_their_effect() -> None:
    assert [(judged.finding.rule, judged.finding.part) for judged in by_effect(no_go().findings)] == [
        ("ptr/missing", "192.0.2.25"),
        ("ptr/missing", "192.0.2.26"),
        ("ptr/not-forward-confirmed", "2001:db8:85a3::8a2e:370:7334"),
        ("dynamic-ip/pbl-listed", "192.0.2.25"),
        ("mx/missing", "example.com"),
        ("dynamic-ip/dynamic-ptr", "2001:db8:85a3::8a2e:370:7334"),
        ("message/executable-attachment", "invoice.zip!setup.exe"),
        ("helo/address-mismatch", "mail.example.com"),
        ("helo/ptr-mismatch", "mail.example.com"),
        ("ptr/multiple", "192.0.2.25"),
        ("helo/not-mx", "mail.example.com"),
        ("dnsbl/spamhaus-sbl", "192.0.2.25"),
    ]


def test_a_failing_warning_comes_before_errors_only_where_it_counts_more() -> None:
    findings = [
        RULES["helo/address-mismatch"].fails("h", "{part}", ip=IP),
        RULES["helo/not-mx"].fails("h", "{part}"),
        RULES["mx/missing"].fails("d", "{part}"),
    ]
    order = [one.finding.rule for one in by_effect(report(subject(), findings, Policy(fail_on=FailOn.NEVER)).findings)]
    assert order == ["mx/missing", "helo/address-mismatch", "helo/not-mx"]


def test_a_dead_name_server_is_one_open_question() -> None:
    groups = by_cause(dead().findings)
    assert [len(group) for group in groups] == [41]
    text = text_of(dead())
    assert text.count("no reply in time") == 2  # of the two servers, once each
    assert text.count("Ask again;") == 1
    assert len(text.splitlines()) < 50
    assert "no answer to 13 questions" not in text_of(go())


def test_open_questions_with_other_reasons_stand_apart() -> None:
    servfail = "192.0.2.53 port 53: SERVFAIL"
    findings = [
        unanswered("helo/address-mismatch", "h", "A h.example", servfail),
        unanswered("ptr/missing", IP, "PTR x.example"),
        unanswered("ptr/multiple", IP, "PTR x.example"),
        unanswered("mx/missing", "d", "MX d.example", servfail),
    ]
    groups = by_cause(report(subject(), findings).findings)
    rules = [[judged.finding.rule for judged in group] for group in groups]
    assert rules == [["helo/address-mismatch", "mx/missing"], ["ptr/missing", "ptr/multiple"]]
    text = text_of(report(subject(), findings))
    assert "?   no answer to 2 questions: 192.0.2.53 port 53: SERVFAIL" in text
    assert "    questions A h.example, MX d.example" in text
    assert "?   no answer to PTR x.example: 192.0.2.53" in text
    assert "    rules     ptr/missing, ptr/multiple" in text


def test_what_cannot_be_told_for_several_parts_is_told_of_each() -> None:
    evidence = Evidence("dns", "A x.example", "127.255.255.254")
    findings = [
        RULES["dnsbl/listed"].undecided(
            IP, "{zone} refuses the question", evidence, zone=zone, fix="Use a resolver of your own."
        )
        for zone in ("a.example", "b.example")
    ]
    text = text_of(report(subject(), findings))
    assert (
        "?   a.example refuses the question\n    b.example refuses the question\n    rules     dnsbl/listed\n" in text
    )
    assert text.count("Use a resolver of your own.") == 1
    assert text.count("A x.example → 127.255.255.254") == 1


def test_markup_of_a_ptr_record_is_shown_as_it_is() -> None:
    names = ["[bold]mail[/bold].example.com", ":smile:.example.com"]
    given = Subject.of("mail.example.com", ips=[IP])
    script = {
        "PTR 25.2.0.192.in-addr.arpa": names,
        f"A {names[0]}": NxDomain,
        f"A {names[1]}": NxDomain,
    }
    for color in (False, True):
        text = ANSI.sub("", text_of(report_of(PTR, given, script), color=color, width=120))
        assert f"192.0.2.25 has 2 PTR names: {', '.join(names)}" in text
        assert f"PTR 25.2.0.192.in-addr.arpa → {', '.join(names)}" in text


def test_a_sentence_of_a_plugin_may_have_braces() -> None:
    one = no_go()
    odd = replace(one, findings=tuple(replace(judged, why="uses {macros} and {") for judged in one.findings))
    assert "why       uses {macros} and {" in text_of(odd)


def test_many_pieces_of_evidence_are_cut_short_and_it_is_said() -> None:
    evidence = [Evidence("dns", f"A n{number}.example", "NXDOMAIN") for number in range(9)]
    text = text_of(report(subject(), [RULES["ptr/multiple"].fails(IP, "{part} x", evidence)]))
    assert text.count("→ NXDOMAIN") == 6
    assert "and 3 more (--format json has them all)" in text


def test_providers_are_named_where_there_are_several() -> None:
    one = no_go()
    row = one.board[0]
    bounce = replace(row.bounce, id="example/X-1", provider=replace(row.bounce.provider, en="Example"))
    text = text_of(replace(one, board=(*one.board, replace(row, bounce=bounce))))
    assert "\nBounce codes\n" in text
    assert "    Microsoft 550 DY-001\n" in text
    assert "    Example 550 DY-001\n" in text
    assert "    microsoft/RP-002, microsoft/RP-003: only" in text


def test_codes_whose_checks_are_not_installed_are_told_from_those_nobody_can_see() -> None:
    one = go()
    board = tuple(replace(row, state=State.NOT_CHECKED, because=()) for row in one.board)
    text = text_of(replace(one, board=board), width=120)
    assert "    DY-001, 501-5.5.4, OU-001, RP-001, SC-001: no installed check looks for the cause; see" in text
    assert "    RP-002, RP-003: only the receiver sees the cause; see preflight codes CODE for where to look\n" in text
    assert "已安装的检查都不涉及其原因" in text_of(replace(one, board=board), language=language("zh"))


def test_several_reports_end_with_the_overall_verdict() -> None:
    lines = text_of(*sample("several")).splitlines()
    assert [line for line in lines if line.startswith("===")] == [
        "=== 1 of 4: mail.example.com",
        "=== 2 of 4: lab",
        "=== 3 of 4: parked",
        "=== 4 of 4: brouillon été.eml",
        "=== Overall: ? INCOMPLETE",
    ]
    assert lines[-3:] == [
        "",
        "  ✓ GO          mail.example.com, lab, brouillon été.eml",
        "  ? INCOMPLETE  parked",
    ]


def test_a_report_without_findings_and_board_is_still_a_report() -> None:
    bare = replace(go(), findings=(), board=(), verdict=Verdict.INCOMPLETE, subject=Subject.of(helo="mail"))
    assert text_of(bare) == "? INCOMPLETE  Nothing was judged: no rule had what it needs.\n\n  HELO        mail\n"


def every_text(one: Report) -> Iterator[str]:
    for judged in one.findings:
        finding: Finding = judged.finding
        if finding.status in (Status.FAIL, Status.INCONCLUSIVE, Status.ERROR):
            yield from (finding.rule, finding.part, str(finding.message), str(finding.fix or ""))


def test_nothing_of_a_failure_is_left_out() -> None:
    text = squeezed(text_of(no_go()))
    for one in every_text(no_go()):
        assert squeezed(one) in text
    for judged in no_go().findings:
        if judged.finding.status is Status.FAIL:
            assert squeezed(judged.why) in text
            assert squeezed(judged.severity.value) in text
            assert all(squeezed(f"{piece.asked} → {piece.seen}") in text for piece in judged.finding.evidence)
    assert {judged.severity for judged in no_go().findings} == set(Severity)
