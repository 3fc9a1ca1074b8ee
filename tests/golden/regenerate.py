"""`python -m tests.golden.regenerate` writes the golden files anew; look at what changed before you keep it."""

from pathlib import Path

from preflight.render import Renderer, RenderOptions
from preflight.render.json import RENDERER as JSON
from preflight.render.terminal import RENDERER as TERMINAL
from preflight.text import LANGUAGES, Language, load_translations
from tests.golden.samples import SAMPLES, sample

FOLDER = Path(__file__).parent
RENDERERS: tuple[Renderer, ...] = (TERMINAL, JSON)


def language(code: str) -> Language:
    """A language with the sentences of the engine."""
    return Language(code, load_translations("preflight", code))


def rendered(renderer: Renderer, name: str, code: str) -> str:
    """What a golden file has to say."""
    return renderer.render(sample(name), RenderOptions(language=language(code)))


def path(renderer: Renderer, name: str, code: str) -> Path:
    """Where a golden file is."""
    return FOLDER / f"{name}.{code}{renderer.suffixes[0]}"


if __name__ == "__main__":
    for renderer in RENDERERS:
        for name in SAMPLES:
            for code in LANGUAGES:
                path(renderer, name, code).write_text(rendered(renderer, name, code), encoding="utf-8")
