"""Which format goes where: `--format`, `--output`, and what formats need to know of the run."""

import os
from collections.abc import Sequence
from pathlib import Path

from preflight.cli.common import is_terminal, width
from preflight.cli.output import OutputFile
from preflight.errors import ConfigError, PluginError
from preflight.registry import Registry
from preflight.render import Convention, Renderer, RenderOptions, renderers
from preflight.render import renderer_named as find_renderer
from preflight.text import nearest, visible

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")  # where GitHub and GitLab say that the checkout is


def renderer_named(name: str) -> Renderer:
    """The renderer of a format. Raises `ConfigError` that lists the known formats."""
    if renderer := find_renderer(name):
        return renderer
    known = renderers()
    raise ConfigError(f"--format {name!r} is not known; formats: {', '.join(known)}{nearest(name, known)}")


def outputs_of(given: Sequence[str] | None) -> list[tuple[OutputFile, Renderer]]:
    """The files of `--output`, each with its format: `FORMAT=PATH`, or a path whose suffix means one.

    Raises `ConfigError` for a format that is not known, and for a file that cannot be written to or is given twice.
    """
    outputs = []
    seen: set[str] = set()
    for text in given or ():
        path, renderer = _output(text)
        if path in ("", "-"):
            raise ConfigError(f"--output {visible(text)!r} names no file; for standard output there is --format")
        if os.path.realpath(path) in seen:
            raise ConfigError(f"--output {visible(path)} is given twice; one format would overwrite the other")
        seen.add(os.path.realpath(path))
        outputs.append((OutputFile(path), renderer))
    return outputs


def _output(text: str) -> tuple[str, Renderer]:
    name, equals, path = text.partition("=")
    if equals and name.isidentifier() and (renderer := find_renderer(name)):
        return path, renderer
    known = renderers()
    fitting = {suffix: one for one in known.values() for suffix in one.suffixes if text.lower().endswith(suffix)}
    if fitting:
        return text, fitting[max(fitting, key=len)]
    suffixes = ", ".join(suffix for one in known.values() for suffix in one.suffixes)
    raise ConfigError(
        f"--output {text!r}: the suffix says no format; known suffixes: {suffixes}; or give FORMAT=PATH with one of "
        f"{', '.join(known)}"
    )


def render_options(registry: Registry, lang: str, *, for_people: bool, config: str = "") -> RenderOptions:
    """Width and colours of the terminal where a person reads along; 80 columns and no colour codes elsewhere.

    `config` is the preflight.toml of the run, as it was given.
    """
    language = registry.language(lang)
    if for_people:
        return RenderOptions(language=language, width=width(), color=is_terminal(), config=config)
    folder = Path.cwd()
    places = [Path(given) for name in _CHECKOUTS if (given := os.environ.get(name))]
    root = next((place for place in places if folder.is_relative_to(place)), folder)
    return RenderOptions(language=language, config=config, folder=str(folder), root=str(root))


def convention_of(args: Sequence[str]) -> Convention | None:
    """The convention of the format that a command line asks for, also where the rest of it makes no sense."""
    named = ""
    for at, arg in enumerate(args):
        if arg == "--format" and at + 1 < len(args):
            named = args[at + 1]
        elif arg.startswith("--format="):
            named = arg.removeprefix("--format=")
    try:
        renderer = find_renderer(named) if named else None
    except PluginError:
        return None  # that is told of where the format is used
    return renderer.convention if renderer else None
