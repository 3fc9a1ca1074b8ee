"""The engine's own sentences are translated, each with the places of its template."""

import ast
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from preflight import ledger, profiles, report
from preflight.net.dns import Reason
from preflight.text import load_translations, places

TABLE = load_translations("preflight", "zh")
CJK = re.compile("[\u4e00-\u9fff]")


def templates(module: ModuleType) -> Iterator[str]:
    """The module's constants in capitals, what functions call `text`, and what a `Message` is made of."""
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(str() as value)) if name == "text" or (
                node in tree.body and name.isupper()
            ):
                yield value
            case ast.Call(ast.Name("Message"), [ast.Constant(str() as value), *_]):
                yield value


def has_words(template: str) -> bool:
    return re.search(r"\w", re.sub(r"\{.*?\}", "", template)) is not None


TEMPLATES = sorted({text for module in (ledger, report, profiles) for text in templates(module) if has_words(text)})


def test_the_templates_are_found() -> None:
    assert ledger.NOT_GIVEN in TEMPLATES
    assert "Add {options}." in TEMPLATES
    assert "Not judged: some of its rules are not selected, or ignored." in TEMPLATES
    assert "{reason}" not in TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_is_translated(template: str) -> None:
    assert template in TABLE
    assert CJK.search(TABLE[template])
    assert places(TABLE[template]) == places(template)


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_for_no_answer_is_translated(reason: Reason) -> None:
    assert CJK.search(TABLE[reason.value])
