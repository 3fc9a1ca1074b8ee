"""What diagnoses and requests say comes in Chinese too: templates of the code, and the files of facts."""

import ast
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from preflight.appeals.routes import all_statements, load_routes
from preflight.bounces.not_seen import load_not_seen
from preflight.diagnosis import causes, diagnosing, plan
from preflight.diagnosis.outside import load_looks
from preflight.render import appeal, catalogue, diagnosis, diagnosis_summary
from preflight.text import Words, load_translations, places

TABLE = load_translations("preflight", "zh")
CJK = re.compile("[\u4e00-\u9fff]")
MODULES = (causes, diagnosing, plan, diagnosis, diagnosis_summary, appeal)
IDS = {"later-than-the-refusal", "not-seen", "{proof} {advice}"}
LABELS = {  # those that the code picks by what it found
    *(
        "recipient",
        "refused by",
        "refused",
        "sending IP",
        "code",
        "category",
        "reply",
        "within it",
        "fix",
        "why",
        "seen",
    ),
    *("taken", "refused for good", "refused for now", "receiver", "recipients", "messages", "What is sent later"),
    *("The request is ready.", "No request is written: there is nobody to ask."),
    "No request is written yet: it would be turned down. Fix this first.",
    "No request is written yet: confirm what no check can see.",
    *("On the recipient's side", "On the sender's side", "Rules that can show it"),
    *(catalogue.NOT_SEEN_INTRODUCTION, catalogue.LARGE_PROVIDERS),
}


def said(module: ModuleType) -> Iterator[str]:
    """What is handed to `say`, `heading` and `Message`, and the texts of constants."""
    tree = ast.parse(inspect.getsource(module))
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(attr="say"), [argument, *_]):
                yield from texts(argument)
            case ast.Call(ast.Name("Message"), [argument, *_]):
                yield from texts(argument)
            case ast.Call(ast.Name("_steps"), [_, argument, *_]):
                yield from texts(argument)
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Dict):
            for one in value.values:
                elements = one.elts[:2] if isinstance(one, ast.Tuple) else [one]
                yield from (text for element in elements for text in texts(element) if len(text) > 1)
        elif isinstance(value, ast.Constant | ast.BinOp):
            yield from texts(value)


def texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(str() as text):
            yield text
        case ast.IfExp(_, one, other):
            yield from texts(one)
            yield from texts(other)


def is_words(text: str) -> bool:
    return re.search("[a-z]{2}", re.sub(r"\{.*?\}", "", text)) is not None and text not in IDS


TEMPLATES = sorted({text for module in MODULES for text in said(module) if is_words(text)} | LABELS)
FACTS: list[Words] = [
    *(words for look in load_looks() for words in (look.title, look.where)),
    *(words for reason in load_not_seen().reasons for words in (reason.title, reason.meaning, reason.advice)),
    *load_not_seen().hints,
    *(words for route in load_routes() for words in (route.title, *route.steps, *route.after, *route.instead)),
    *(demand.title for route in load_routes() for demand in route.demands),
    *(words for statement in all_statements().values() for words in (statement.ask, statement.said)),
]


def test_the_templates_are_found() -> None:
    assert causes.ADD in TEMPLATES
    assert plan.BEFORE_CONTENT["mail"] in TEMPLATES
    assert "What they demand" in TEMPLATES
    assert "Confirmed causes" in TEMPLATES
    assert "How to send it" in TEMPLATES
    assert diagnosis.PHASES["rcpt"] in TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_translated(template: str) -> None:
    assert template in TABLE
    assert CJK.search(TABLE[template])
    assert places(TABLE[template]) == places(template)


@pytest.mark.parametrize("words", FACTS, ids=lambda words: words.en[:40])
def test_facts_are_in_both_languages(words: Words) -> None:
    assert CJK.search(words.zh)
    assert not CJK.search(words.en)
