"""`preflight rules`: what the installed checks judge."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.codes import FormatOption, PageFormat, show_page
from preflight.cli.common import LangOption, complain
from preflight.errors import ConfigError
from preflight.text import visible

if TYPE_CHECKING:
    from preflight.check import Rule
    from preflight.registry import Registry


def rules(
    rule_id: Annotated[
        str | None, typer.Argument(help="A rule or a check: ptr/missing, ptr.", metavar="ID", show_default=False)
    ] = None,
    *,
    lang: LangOption,
    output_format: FormatOption = PageFormat.TEXT,
) -> None:
    """Show the rules by which mail servers are judged, or everything on one of them: its fix, its bounces."""
    from preflight.registry import load_registry
    from preflight.render.catalogue import rules_json, rules_markdown, rules_text

    registry = load_registry()
    for problem in registry.problems:
        complain(problem)
    language = registry.language(lang.value)
    chosen = _chosen(registry, rule_id)
    show_page(
        output_format,
        text=lambda columns: rules_text(chosen, registry, language, columns, details=rule_id is not None),
        json=lambda: rules_json(chosen, registry, language),
        markdown=lambda: rules_markdown(chosen, registry, language),
    )


def _chosen(registry: "Registry", text: str | None) -> "list[Rule]":
    """All rules, one, or those of a check. Raises `ConfigError` when there are none."""
    from preflight.text import nearest

    if text is None:
        return list(registry.rules.values())
    wanted = text.strip().lower()
    if wanted in registry.rules:
        return [registry.rules[wanted]]
    if wanted in registry.checks and registry.checks[wanted].rules:
        return list(registry.checks[wanted].rules)
    known = [*registry.rules, *(check.id for check in registry.checks.values() if check.rules)]
    raise ConfigError(f"there is no check or rule '{visible(text, limit=60)}'{nearest(wanted, known)}")
