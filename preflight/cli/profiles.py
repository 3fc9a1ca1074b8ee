"""`preflight profiles`: what receivers demand of those who send to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.codes import FormatOption, PageFormat, show_page
from preflight.cli.common import LangOption, complain

if TYPE_CHECKING:
    from preflight.profiles import Profile


def profiles(
    name: Annotated[
        str | None, typer.Argument(help="A profile: gmail, outlook ...", metavar="NAME", show_default=False)
    ] = None,
    *,
    lang: LangOption,
    output_format: FormatOption = PageFormat.TEXT,
) -> None:
    """Show the receivers whose demands `--profile` judges by, or everything that one of them demands."""
    from preflight.registry import load_registry
    from preflight.render.profiles import profiles_json, profiles_markdown, profiles_text

    registry = load_registry()
    for problem in registry.problems:
        complain(problem)
    language = registry.language(lang.value)
    chosen = _chosen(name)
    show_page(
        output_format,
        text=lambda columns: profiles_text(chosen, registry, language, columns, details=name is not None),
        json=lambda: profiles_json(chosen, registry, language),
        markdown=lambda: profiles_markdown(chosen, registry, language),
    )


def _chosen(name: str | None) -> "list[Profile]":
    """All profiles, or the one of a name. Raises `ConfigError` when there is none."""
    from preflight.profiles import load_profile
    from preflight.profiles import profiles as known

    return list(known().values()) if name is None else [load_profile(name.strip().lower())]
