"""`python -m tests.golden.regenerate` writes the golden files anew; look at what changed before you keep it."""

from collections.abc import Iterator
from pathlib import Path

from preflight.render import Renderer, RenderOptions, renderers
from preflight.text import LANGUAGES, Language, load_translations
from tests.golden.samples import SAMPLES, sample

FOLDER = Path(__file__).parent
STYLE = FOLDER.parents[1] / "preflight" / "render" / "data" / "report.css"
IN_ENGLISH = ("sarif", "gitlab", "prometheus")  # what people see of these is in the files of the others too
LARGE = ("html", "sarif")  # formats of which some samples are enough
SOME = ("no-go", "baseline", "several")


def language(code: str) -> Language:
    """A language with the sentences of the engine."""
    return Language(code, load_translations("preflight", code))


def rendered(renderer: Renderer, name: str, code: str) -> str:
    """What a golden file has to say. The style sheet, which is the same in all of them, stands in a file of its own."""
    text = renderer.render(sample(name), RenderOptions(language=language(code), config="preflight.toml"))
    return text.replace(STYLE.read_text(encoding="utf-8"), f"/* {STYLE.name} */\n")


def path(renderer: Renderer, name: str, code: str) -> Path:
    """Where a golden file is."""
    suffix = renderer.suffixes[0] if renderer.suffixes else f".{renderer.name}"
    return FOLDER / f"{name}.{code}{suffix}"


def golden_files() -> Iterator[tuple[str, str, str]]:
    """Format, sample and language of each golden file."""
    for form in renderers():
        for name in SOME if form in LARGE else SAMPLES:
            for code in LANGUAGES[:1] if form in IN_ENGLISH else LANGUAGES:
                yield form, name, code


if __name__ == "__main__":
    known = renderers()
    for form, name, code in golden_files():
        path(known[form], name, code).write_text(rendered(known[form], name, code), encoding="utf-8")
