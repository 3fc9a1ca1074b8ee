"""`preflight codes`: the bounce catalogue."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from preflight.cli.common import LangOption, complain, show, width
from preflight.errors import ConfigError
from preflight.text import visible

if TYPE_CHECKING:
    from preflight.bounces.catalogue import Bounce, Catalogue
    from preflight.text import Language


class PageFormat(StrEnum):
    """The formats that the catalogue and the rules come in."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


FormatOption = Annotated[PageFormat, typer.Option("--format", help="Format of the output.")]


def show_page(
    output_format: PageFormat, *, text: Callable[[int], str], json: Callable[[], str], markdown: Callable[[], str]
) -> None:
    """Write a page in the format that was asked for. `text` takes the columns to write in."""
    match output_format:
        case PageFormat.TEXT:
            show(text(width()))
        case PageFormat.JSON:
            show(json(), machine=True)
        case PageFormat.MARKDOWN:
            show(markdown(), machine=True)
        case _:
            assert_never(output_format)


def codes(
    code: Annotated[
        list[str] | None,
        typer.Argument(
            help="A code, a reply as it came back, or a provider: DY-001, 550 DY-001, google.", metavar="CODE"
        ),
    ] = None,
    *,
    lang: LangOption,
    output_format: FormatOption = PageFormat.TEXT,
) -> None:
    """Show the bounce codes that preflight knows, those of a provider, or everything on one of them.

    `not-seen` is no code: it says why mail that was taken is not found by its recipient.
    """
    from preflight.bounces.not_seen import NAME
    from preflight.registry import load_registry
    from preflight.render.catalogue import codes_json, codes_markdown, codes_text

    registry = load_registry()
    for problem in registry.problems:
        complain(problem)
    language = registry.language(lang.value)
    if code == [NAME]:
        _not_seen(language, output_format)
        return
    bounces = _chosen(registry.catalogue, " ".join(code) if code else None)
    show_page(
        output_format,
        text=lambda columns: codes_text(bounces, registry, language, columns),
        json=lambda: codes_json(bounces, registry, language),
        markdown=lambda: codes_markdown(bounces, registry, language),
    )


def _not_seen(language: "Language", output_format: PageFormat) -> None:
    from preflight.render.catalogue import not_seen_json, not_seen_markdown, not_seen_text

    show_page(
        output_format,
        text=lambda columns: not_seen_text(language, columns),
        json=lambda: not_seen_json(language),
        markdown=lambda: not_seen_markdown(language),
    )


def _chosen(catalogue: "Catalogue", text: str | None) -> "list[Bounce]":
    """All bounces, those of a provider, or those that the text means. Raises `ConfigError` when there are none."""
    from preflight.text import nearest

    bounces = list(catalogue.bounces.values())
    if text is None:
        return bounces
    if own := [bounce for bounce in bounces if bounce.provider_id == text.strip().lower()]:
        return own
    if found := catalogue.find(text):
        return found
    names = [name for bounce in bounces for name in (bounce.code, bounce.reply, bounce.id, bounce.provider_id)]
    # A user who writes small letters is understood as well, and is told the name in small letters.
    known = [*names, *(name.lower() for name in names)]
    raise ConfigError(f"there is no bounce code '{visible(text, limit=60)}'{nearest(text, known)}")
