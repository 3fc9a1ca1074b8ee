"""What turns reports into text: one file a format, found by the entry points `preflight.renderers`.

Renderers return text and print nothing; only the command line writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from preflight.errors import PluginError
from preflight.registry import RENDERERS, find_plugins, load_plugin
from preflight.report import Report
from preflight.text import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How to render: the language; `width` in columns and `color` for formats that people read on a terminal.

    `config` is the preflight.toml of the run, for formats that need a file to point at. `folder` is where the run's
    relative paths begin, `root` the top of the checkout, both absolute: formats for a forge name files from there.
    Where they are empty, paths stay as they were given.
    """

    language: Language = field(default_factory=Language)
    width: int = 80
    color: bool = False
    config: str = ""
    folder: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """How a program that runs preflight wants it to end, where that is not preflight's own way.

    `exit_code` is that of a run with reports. `trouble` makes a text for standard output of the line that says why
    there is no report, and `trouble_code` is the exit code then.
    """

    exit_code: Callable[[Sequence[Report]], int]
    trouble: Callable[[str], str]
    trouble_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """A format: its name for `--format`, the file suffixes that mean it for `--output`, and the function.

    `render` takes the reports of a run, at least one, and returns the text with a final line break. The entry point has
    the name of the format. `convention` is for a format whose reader has exit codes of its own.
    """

    name: str
    suffixes: tuple[str, ...]
    render: Callable[[Sequence[Report], RenderOptions], str]
    convention: Convention | None = None


def renderers() -> dict[str, Renderer]:
    """The installed renderers by name, preflight's own first. Raises `PluginError` for one that cannot be used."""
    found = (_load(entry.name) for entry in find_plugins(RENDERERS))
    return {renderer.name: renderer for renderer in found if renderer}


def renderer_named(name: str) -> Renderer | None:
    """The renderer of a format, without a look at the others; none of that name. Raises `PluginError` as above."""
    return _load(name)


def _load(name: str) -> Renderer | None:
    entry = next((entry for entry in find_plugins(RENDERERS) if entry.name == name), None)
    if entry is None:
        return None
    renderer = load_plugin(entry, Renderer)
    if renderer.name != name:
        raise PluginError(f"plugin {name!r} ({entry.value}) is a format named {renderer.name!r}; mend or uninstall it")
    return renderer
