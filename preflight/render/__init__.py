"""What turns reports into text: one file a format, found by the entry points `preflight.renderers`.

Renderers return text and print nothing; only the command line writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from preflight.registry import RENDERERS, find_plugins, load_plugin
from preflight.report import Report
from preflight.text import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How to render: the language; `width` in columns and `color` for formats that people read on a terminal."""

    language: Language = field(default_factory=Language)
    width: int = 80
    color: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A format: its name for `--format`, the file suffixes that mean it for `--output`, and the function.

    `render` takes the reports of a run, at least one, and returns the text with a final line break.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Sequence[Report], RenderOptions], str]


def renderers() -> dict[str, Renderer]:
    """The installed renderers by name, preflight's own first. Raises `PluginError` for one that cannot be used."""
    found = (load_plugin(entry, Renderer) for entry in find_plugins(RENDERERS))
    return {renderer.name: renderer for renderer in found}
