"""Every sentence of the checks that ship with preflight has a Chinese translation, and no translation is left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.check import Check
from preflight.registry import load_registry
from preflight.text import load_translations, places
from preflight_checks import dkim, dmarc, names, rdns, smtp_tls
from preflight_checks.blocklists import reading

PACKAGE = Path(__file__).parents[2] / "checks" / "preflight_checks"
OWN = (
    "ptr", "helo", "mx", "sender-domain", "dynamic-ip", "dnsbl", "message", "smtp", "relay", "outbound", "spf",
    "mta-sts", "tls-rpt", "dane", "bimi", "dkim", "dmarc", "arc",
)  # fmt: skip
ZH = load_translations("preflight_checks", "zh")


def sentences_of_findings() -> Iterator[tuple[str, str]]:
    """The templates that judges use: the second argument of `passes`, `fails` and `undecided`, the `fix`, and what
    messages within messages are made of."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            literals: list[ast.expr] = []
            match node:
                case ast.Call(func=ast.Attribute(attr="passes" | "fails" | "undecided")):
                    literals = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "fix")]
                case ast.Call(func=ast.Name(id="Message")):
                    literals = node.args[:1]
            yield from (
                (file.name, one.value)
                for one in literals
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.strip("-")
            )


def checks() -> list[Check]:
    return [load_registry().checks[name] for name in OWN]


@pytest.mark.parametrize(("file", "template"), sorted(set(sentences_of_findings())))
def test_each_sentence_of_a_finding_is_translated(file: str, template: str) -> None:
    assert template in ZH


def test_each_sentence_of_a_table_is_translated() -> None:
    """Those that a judge picks by what it found."""
    faults = [
        getattr(names, node.args[0].id)
        for node in ast.walk(ast.parse((PACKAGE / "names.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Fault"
        and isinstance(node.args[0], ast.Name)
    ]
    assert len(faults) > 5
    tables = (reading.SENTENCES, reading.REMEDIES, rdns._SHARES, rdns._CLASSES, smtp_tls.TROUBLES, dkim.ALTERATIONS)
    for sentence in (
        *faults,
        dmarc.ADD_ADDRESS,
        dmarc.ADD_MESSAGE,
        *(sentence for table in tables for sentence in table.values()),
    ):
        assert sentence in ZH


def test_each_rule_is_translated() -> None:
    for check in checks():
        for rule in check.rules:
            for text in (rule.title, rule.why, rule.fix):
                assert text in ZH, rule.id


def test_translations_have_the_places_of_their_templates_and_are_chinese() -> None:
    for template, translation in ZH.items():
        assert places(template) == places(translation)
        words = re.sub(r"\{[a-z_]+\}|\W", "", template)
        assert not words or re.search(r"[\u4e00-\u9fff]", translation), template


def test_the_title_of_each_check_is_translated_unless_it_is_a_proper_name() -> None:
    for check in checks():
        assert check.title in ZH or check.title.isupper()


def test_no_translation_is_left_over() -> None:
    """Each template that is translated stands in the code, be it in a call or in a table of sentences."""
    constants: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
    rules = {text for check in checks() for rule in check.rules for text in (rule.title, rule.why, rule.fix)}
    assert set(ZH) - constants - rules == set()
