"""The world of `preflight demo`: a mail server that receivers turn away, and one that they like."""

from importlib import resources

from preflight.lab.files import load_world
from preflight.lab.world import World
from preflight.subject import MessageSource, Subject

BAD_HOST = "mail.bad.example"
GOOD_HOST = "mail.good.example"


def demo_world() -> World:
    """The world, from the files under `data/`. Raises `CatalogueError` when one of them is broken."""
    folder = resources.files("preflight.lab") / "data"
    return load_world(folder / "world.toml", folder)


def demo_subjects() -> tuple[Subject, Subject]:
    """What the demo checks: the badly set up server first, then the good one, each with a message of its own."""
    return _subject("badly set up", BAD_HOST, "bad.eml"), _subject("well set up", GOOD_HOST, "good.eml")


def demo_message(name: str) -> MessageSource:
    """A message of the demo: `bad.eml` or `good.eml`. Raises `FileNotFoundError` for any other."""
    return MessageSource(name, (resources.files("preflight.lab") / "data" / name).read_bytes())


def _subject(name: str, host: str, message: str) -> Subject:
    return Subject.of(host, name=name, message=demo_message(message))
