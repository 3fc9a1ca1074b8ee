"""The pages of `preflight codes` and `preflight rules`, as text, Markdown and JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from preflight.bounces.catalogue import Bounce, Catalogue, Provider, load_catalogue
from preflight.check import Check, Context, Rule
from preflight.findings import Severity
from preflight.registry import Registry
from preflight.render.catalogue import (
    codes_json,
    codes_markdown,
    codes_text,
    rules_json,
    rules_markdown,
    rules_text,
)
from preflight.render.document import Facts, Heading, Items, Paragraph, Table, to_markdown, to_text, wrap
from preflight.render.reference import readable
from preflight.text import Language, Words

ENGLISH = Language()


async def _run(_: Context) -> None:
    """A check that finds nothing."""


def sample() -> Registry:
    """Two codes, and a check with two rules of which one prevents both."""
    first = Bounce(
        id="example-net/X1",
        provider=Words("Example", "示例"),
        reply="550 X1",
        permanent=True,
        category="policy",
        coverage="partial",
        meaning=Words("The address is blocked. See https://example.net/x_1.", "该 IP 被封锁。"),
        causes=(Words("One thing."), Words("Another * thing.")),
        advice=(Words("First this."), Words("Then that.")),
        rules=("other/gone", "sample/first"),
        source=(Words("A page: https://example.net/codes"),),
        checked=date(2026, 11, 24),
    )
    second = Bounce(
        id="example-net/4.7.1",
        provider=Words("Example"),
        reply="451 4.7.1 Try again later",
        permanent=False,
        category="rate",
        coverage="external",
        meaning=Words("Too much mail."),
        causes=(Words("Haste."),),
        advice=(Words("Wait."),),
        rules=(),
        source=(Words("A page."),),
        checked=date(2026, 11, 24),
    )
    registry = Registry(Catalogue({bounce.id: bounce for bounce in (first, second)}))
    rules = (
        Rule(
            id="sample/first",
            severity=Severity.ERROR,
            title="The address has a name",
            why="Because.",
            fix="For {part}, add {the_record!r}.",
            reference="RFC 1912 2.1",
            needs=("ip", "domain|helo"),
            prevents=("example-net/X1", "example-net/4.7.1"),
        ),
        Rule(
            id="sample/second",
            severity=Severity.INFO,
            title="The file is small",
            why="Because | so.",
            fix="Make it smaller.",
            reference="none",
            needs=("message",),
        ),
    )
    registry.add(Check(id="sample", title="A sample", rules=rules, run=_run))
    return registry


class TestCodesPage:
    def test_a_table(self) -> None:
        registry = sample()
        assert codes_text(list(registry.catalogue.bounces.values()), registry, ENGLISH, 60) == (
            "example-net/X1     550 X1                permanent  partial\n"
            "    The address is blocked.\n"
            "\n"
            "example-net/4.7.1  451 4.7.1 Try again   temporary  external\n"
            "                   later\n"
            "    Too much mail.\n"
            "\n"
            "full      the rules decide it\n"
            "partial   the rules find its usual causes; reputation is\n"
            "          known to the receiver alone\n"
            "external  no rule can see it from outside; the advice says\n"
            "          where to look\n"
        )

    def test_one_code(self) -> None:
        registry = sample()
        assert codes_text([registry.catalogue.bounces["example-net/X1"]], registry, ENGLISH, 70) == (
            "example-net/X1\n"
            "  reply     550 X1\n"
            "  receiver  Example\n"
            "  class     permanent\n"
            "  category  policy\n"
            "  coverage  partial (the rules find its usual causes; reputation is\n"
            "            known to the receiver alone)\n"
            "\n"
            "  The address is blocked. See https://example.net/x_1.\n"
            "\n"
            "  Causes\n"
            "    - One thing.\n"
            "    - Another * thing.\n"
            "\n"
            "  What to do\n"
            "    1. First this.\n"
            "    2. Then that.\n"
            "\n"
            "  Rules that predict it\n"
            "    other/gone    not installed\n"
            "    sample/first  The address has a name\n"
            "\n"
            "  Sources, last looked at on 2026-11-24\n"
            "    - A page: https://example.net/codes\n"
        )

    def test_a_rule_of_another_check_that_prevents_it_is_named_too(self) -> None:
        registry = sample()
        assert registry.catalogue.bounces["example-net/4.7.1"].rules == ()
        text = codes_text([registry.catalogue.bounces["example-net/4.7.1"]], registry, ENGLISH, 80)
        assert "  Rules that predict it\n    sample/first  The address has a name\n" in text

    def test_markdown(self) -> None:
        registry = sample()
        text = codes_markdown(list(registry.catalogue.bounces.values()), registry, ENGLISH)
        assert text.startswith(
            "<!-- Made by `preflight codes --format markdown --lang en`; do not edit. -->\n\n# Bounce codes\n\n"
        )
        assert (
            "| code | reply | class | coverage | meaning |\n"
            "| --- | --- | --- | --- | --- |\n"
            "| [example-net/X1](codes.md#example-netx1) | 550 X1 | permanent | partial | The address is blocked. |\n"
            "| [example-net/4.7.1](codes.md#example-net471) | 451 4.7.1 Try again later | temporary | external "
            "| Too much mail. |\n"
        ) in text
        assert "\n\nThe address is blocked. See <https://example.net/x_1>.\n\n" in text
        assert "\n\n**Causes**\n\n- One thing.\n- Another \\* thing.\n\n**What to do**\n\n1. First this.\n" in text
        assert "| [sample/first](rules.md#samplefirst) | The address has a name |\n" in text
        assert "**Sources, last looked at on 2026-11-24**\n\n- A page.\n\n## not-seen\n" in text

    def test_markdown_of_a_part_says_so(self) -> None:
        registry = sample()
        text = codes_markdown([registry.catalogue.bounces["example-net/X1"]], registry, ENGLISH)
        assert text.startswith("<!-- Made by `preflight codes CODE --format markdown --lang en`;")

    def test_json(self) -> None:
        registry = sample()
        text = codes_json([registry.catalogue.bounces["example-net/X1"]], registry, Language("zh"))
        assert text.endswith("]\n")
        assert json.loads(text) == [
            {
                "id": "example-net/X1",
                "provider": "example-net",
                "reply": "550 X1",
                "permanent": True,
                "category": "policy",
                "coverage": "partial",
                "meaning": "该 IP 被封锁。",
                "causes": ["One thing.", "Another * thing."],
                "advice": ["First this.", "Then that."],
                "rules": ["other/gone", "sample/first"],
                "source": ["A page: https://example.net/codes"],
                "examples": [],
            }
        ]


class TestOtherProviders:
    """Bounces that have no row on the board are listed by provider, each provider on a page of its own."""

    @pytest.fixture
    def registry(self) -> Registry:
        known = sample().catalogue.bounces
        other = replace(
            known["example-net/4.7.1"],
            id="example-org/X9",
            on_board=False,
            permanent=None,
            rules=("sample/first",),
            examples=("450 X9 at 192.0.2.1",),
        )
        bounces = [*known.values(), other, replace(other, id="example-org/Z1")]
        provider = Provider("example-org", Words("The others", "其他"))
        made = Registry(Catalogue({one.id: one for one in bounces}, {provider.id: provider}))
        for check in sample().checks.values():
            made.add(check)
        return made

    def test_text(self, registry: Registry) -> None:
        bounces = list(registry.catalogue.bounces.values())
        text = codes_text(bounces, registry, ENGLISH, 80)
        assert re.findall(r"^(\S+/\S+)", text, re.MULTILINE) == ["example-net/X1", "example-net/4.7.1"]
        assert text.endswith("finds a reply.\n\n  example-org  2  The others\n")
        own = codes_text(bounces[2:], registry, ENGLISH, 80)
        assert re.findall(r"^(\S+/\S+) .* either +external$", own, re.MULTILINE) == ["example-org/X9", "example-org/Z1"]

    def test_one_has_its_examples(self, registry: Registry) -> None:
        text = codes_text([registry.catalogue.bounces["example-org/X9"]], registry, ENGLISH, 80)
        assert "  As it comes back\n    - 450 X9 at 192.0.2.1\n" in text

    def test_markdown(self, registry: Registry) -> None:
        bounces = list(registry.catalogue.bounces.values())
        whole = codes_markdown(bounces, registry, ENGLISH)
        assert "| [example-org](codes/example-org.md) | 2 | The others |" in whole
        assert "## example-org/X9" not in whole
        page = codes_markdown(bounces[2:], registry, ENGLISH)
        assert page.startswith(
            "<!-- Made by `preflight codes example-org --format markdown --lang en`; do not edit. -->"
        )
        assert "| [example-org/X9](example-org.md#example-orgx9) | " in page
        assert "| [sample/first](../rules.md#samplefirst) | " in page

    def test_rules_count_them(self, registry: Registry) -> None:
        rules = rules_markdown(list(registry.rules.values()), registry, ENGLISH)
        assert "**Replies of other servers that it prevents**: example-org (2)" in rules
        assert "| [example-net/X1](codes.md#example-netx1) | 550 X1 |\n" in rules


class TestRulesPage:
    def test_by_check(self) -> None:
        registry = sample()
        assert rules_text(list(registry.rules.values()), registry, ENGLISH, 80, details=False) == (
            "sample: A sample\n"
            "  sample/first   error  The address has a name\n"
            "  sample/second  info   The file is small\n"
        )

    def test_details_of_a_check(self) -> None:
        registry = sample()
        assert rules_text(list(registry.rules.values()), registry, ENGLISH, 80, details=True) == (
            "sample: A sample\n"
            "\n"
            "sample/first\n"
            "  title      The address has a name\n"
            "  severity   error\n"
            "  needs      HOST, or --ip, --domain/--helo\n"
            "  reference  RFC 1912 2.1\n"
            "\n"
            "  Why it matters\n"
            "    Because.\n"
            "\n"
            "  Fix\n"
            "    For <part>, add <the record>.\n"
            "\n"
            "  Bounces it prevents\n"
            "    example-net/X1     550 X1\n"
            "    example-net/4.7.1  451 4.7.1 Try again later\n"
            "\n"
            "sample/second\n"
            "  title      The file is small\n"
            "  severity   info\n"
            "  needs      --message\n"
            "  reference  none\n"
            "\n"
            "  Why it matters\n"
            "    Because | so.\n"
            "\n"
            "  Fix\n"
            "    Make it smaller.\n"
            "\n"
            "  The run fills the places in <…>; <part> is what was judged: an address, a\n"
            "  name, a header, a file.\n"
        )

    def test_one_rule_has_no_heading_of_its_check(self) -> None:
        registry = sample()
        text = rules_text([registry.rules["sample/second"]], registry, ENGLISH, 80, details=True)
        assert text.startswith("sample/second\n  title ")
        assert "The run fills" not in text

    def test_markdown(self) -> None:
        registry = sample()
        text = rules_markdown(list(registry.rules.values()), registry, ENGLISH)
        assert text.startswith(
            "<!-- Made by `preflight rules --format markdown --lang en`; do not edit. -->\n\n# Rules\n"
        )
        assert "\n## sample: A sample\n\n| rule | severity | title |\n| --- | --- | --- |\n" in text
        assert "| [sample/first](rules.md#samplefirst) | error | The address has a name |\n" in text
        assert "\n### sample/first\n\n- **title**: The address has a name\n- **severity**: error\n" in text
        assert "\n**Fix**: For \\<part\\>, add \\<the record\\>.\n" in text
        assert "| [example-net/X1](codes.md#example-netx1) | 550 X1 |\n" in text
        assert "\n**Why it matters**: Because \\| so.\n" in text

    def test_json(self) -> None:
        registry = sample()
        assert json.loads(rules_json([registry.rules["sample/first"]], registry, ENGLISH)) == [
            {
                "id": "sample/first",
                "check": "sample",
                "severity": "error",
                "title": "The address has a name",
                "why": "Because.",
                "fix": "For <part>, add <the record>.",
                "needs": ["ip", "domain|helo"],
                "prevents": ["example-net/X1", "example-net/4.7.1"],
                "reference": "RFC 1912 2.1",
            }
        ]

    def test_a_rule_without_needs(self) -> None:
        rule = Rule(id="bare/one", severity=Severity.INFO, title="T", why="W.", fix="F.", reference="R")
        registry = Registry(Catalogue({}))
        registry.add(Check(id="bare", title="Bare", rules=(rule,), run=_run))
        assert "  needs      nothing\n" in rules_text([rule], registry, ENGLISH, 80, details=True)
        assert "  所需选项  无\n" in rules_text([rule], registry, registry.language("zh"), 80, details=True)

    @pytest.mark.parametrize(
        ("template", "shown"),
        [
            ("no place", "no place"),
            ("{a} and {a_b:>3}{c!r}", "<a> and <a b><c>"),
            ("{{literal}} {a}", "{literal} <a>"),
            ("a lone { brace", "a lone { brace"),
            ("a lone } brace", "a lone } brace"),
        ],
    )
    def test_places_are_readable(self, template: str, shown: str) -> None:
        assert readable(template, ENGLISH) == shown

    def test_places_of_the_translation(self) -> None:
        assert readable("add {a_b}", Language("zh", {"add {a_b}": "添加 {a_b}"})) == "添加 <a b>"


class _Asked(dict[str, str]):
    """A table of translations that remembers what it lacks."""

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__(table)
        self.missing: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        if key not in self:
            self.missing.add(key)
        return super().get(key, default)


def test_every_word_of_the_pages_is_translated() -> None:
    registry = sample()
    table = _Asked(registry.language("zh").table)
    language = Language("zh", table)
    bounces, rules = list(load_catalogue().bounces.values()), list(registry.rules.values())
    for bounce in bounces:
        codes_text([bounce], registry, language, 80)
    codes_markdown(bounces, registry, language)
    for details in (True, False):
        rules_text(rules, registry, language, 80, details=details)
    rules_markdown(rules, registry, language)
    of_the_sample = {text for rule in rules for text in (rule.title, rule.why, rule.fix)} | {"A sample"}
    assert table.missing - of_the_sample == set()


class TestDocument:
    def test_a_table_gives_way_in_its_widest_column(self) -> None:
        table = Table(("a", "b"), [("one", "some words that take room"), ("三", "short")])
        assert to_text([table], 20) == "one  some words that\n     take room\n三   short\n"

    def test_a_labelled_paragraph_and_marks_of_chinese_text(self) -> None:
        blocks = [
            Heading("of the page", 1),
            Heading("头", 2),
            Paragraph("text", "Label"),
            Items("列表", ["甲乙丙丁戊己，庚辛"], ordered=True),
            Facts([("名", "值"), ("name", "value")]),
        ]
        assert to_text(blocks, 20) == (
            "头\n  Label\n    text\n\n  列表\n    1. 甲乙丙丁戊\n       己，庚辛\n\n  名    值\n  name  value\n"
        )

    def test_markdown_of_characters_that_mean_something(self) -> None:
        assert to_markdown([Paragraph("a_b _c_ *d* `e` <f> [g] | h\\ http://example.net/a_b.")]) == (
            "a_b \\_c\\_ \\*d\\* \\`e\\` \\<f\\> \\[g\\] \\| h\\\\ <http://example.net/a_b>.\n"
        )

    def test_a_url_is_not_joined_by_chinese_punctuation(self) -> None:
        assert (
            to_markdown([Paragraph("表单：https://example.net/a/。谢谢")]) == "表单：<https://example.net/a/>。谢谢\n"
        )

    def test_a_long_url_stays_whole(self) -> None:
        url = "https://example.net/" + "a" * 40
        assert wrap(f"see {url} for more", 30) == ["see", url, "for more"]

    @given(
        st.text(st.sampled_from("ab 中文，（）.-/") | st.characters(exclude_categories=["C", "Z", "M"])),
        st.integers(2, 40),
    )
    @example("", 10)
    @example("   ", 10)
    def test_wrapping_keeps_all_and_the_width(self, text: str, width: int) -> None:
        lines = wrap(text, width)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert all(cell_len(line) <= width for line in lines)
