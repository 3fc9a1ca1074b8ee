"""What the pages on codes, rules and receivers share: how they name each other, and how templates are read."""

import json
import string
from collections.abc import Iterable, Mapping

from preflight.registry import Registry
from preflight.text import Language

CODES_PAGE = "codes.md"
RULES_PAGE = "rules.md"


def readable(template: str, language: Language) -> str:
    """A template in the language with its places as `<name>`: `add {record}` → `add <record>`."""
    translated = language.table.get(template, template)
    try:
        pieces = list(string.Formatter().parse(translated))
    except ValueError:  # a lone brace: a text as it is, no template
        return translated
    return "".join(text if name is None else f"{text}<{name.replace('_', ' ')}>" for text, name, _, _ in pieces)


def rule_title(rule_id: str, registry: Registry, language: Language) -> str:
    """The title of a rule in the language; that it is not installed where it is not."""
    rule = registry.rules.get(rule_id)
    return readable(rule.title, language) if rule else language.say("not installed")


def made_by(command: str, language: Language) -> str:
    """The comment at the head of a page in Markdown: what wrote it."""
    return f"<!-- Made by `preflight {command} --format markdown --lang {language.code}`; do not edit. -->\n\n"


def json_page(objects: Iterable[Mapping[str, object]]) -> str:
    """Objects as a JSON list, with a line break at its end."""
    return json.dumps(list(objects), ensure_ascii=False, indent=2) + "\n"
