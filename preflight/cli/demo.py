"""`preflight demo`: the main job on a small Internet of our own, over a server set up badly and one set up well."""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli.common import LangOption, show
from preflight.cli.options import BulkOption, ProfileOption

if TYPE_CHECKING:
    from preflight.text import Language

_COLUMN = 4
NEXT = {
    "preflight check mail.example.com --message test.eml": "your own server, and a message that it would send",
    "preflight codes DY-001": "what a bounce code means, and what mends it",
    "preflight rules ptr/missing": "why a rule matters, and its fix",
    "preflight init": "write a preflight.toml, for more than one server and for CI",
    "preflight demo --serve": "keep this small Internet running, to ask it yourself",
}
"""What to try after the demo: commands to paste, and what each is for."""


def demo(
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="No reports: keep the demo's DNS running until Ctrl-C.")
    ] = False,
    profile: ProfileOption = None,
    bulk: BulkOption = None,
    lang: LangOption,
) -> int:
    """Show what preflight does, without a server of your own: nothing leaves this machine.

    A small Internet runs inside this process: DNS and blocklists on a loopback port. The exit code is 0.
    """
    from preflight.registry import load_registry

    registry = load_registry()
    if serve:
        serve_world(registry.language(lang), threading.Event().wait)
        return 0

    from preflight.check import Settings
    from preflight.cli.formats import render_options, renderer_named
    from preflight.cli.policy import chosen_profile
    from preflight.cli.running import run_checks
    from preflight.config import Config
    from preflight.lab import LabDns
    from preflight.lab.demo import demo_subjects, demo_world
    from preflight.net.live import LiveSource
    from preflight.policy import Policy
    from preflight.runner import DEFAULT_DEADLINE

    renderer = renderer_named("terminal")
    policy = Policy(profile=chosen_profile(Config(), profile, bulk=bulk))
    with LabDns(demo_world()) as server:
        source = LiveSource([server.address])
        reports = run_checks(demo_subjects(), source, registry, policy, Settings(), DEFAULT_DEADLINE)
    options = render_options(registry, lang, for_people=True)
    say = options.language.say
    bad, good = (renderer.render([report], options) for report in reports)
    show(f"{_heading(say('A mail server that is set up badly'))}{bad}\n")
    show(f"{_heading(say('A mail server that is set up well'))}{good}\n")
    show(f"{_heading(say('What to try next'))}{_commands(NEXT.items(), options.language)}")
    return 0


def serve_world(language: "Language", wait: Callable[[], object]) -> None:
    """Serve the demo's world while `wait` lasts, and say how to ask it. Ctrl-C (`KeyboardInterrupt`) is a good end."""
    import shlex
    from importlib import resources

    from preflight.lab import LabDns
    from preflight.lab.demo import BAD_HOST, GOOD_HOST, demo_world

    data = resources.files("preflight.lab") / "data"
    with (
        LabDns(demo_world()) as server,
        resources.as_file(data / "bad.eml") as bad,
        resources.as_file(data / "good.eml") as good,
    ):
        check = "preflight check {host} --resolver {address} --message {message}"
        commands = {
            check.format(host=host, address=server.address, message=shlex.quote(str(message))): what
            for host, message, what in (
                (BAD_HOST, bad, "the server that is set up badly"),
                (GOOD_HOST, good, "the server that is set up well"),
            )
        }
        try:
            where = language.say("The DNS of the demo answers at {address} until Ctrl-C.", address=server.address)
            show(f"{where}\n\n{_commands(commands.items(), language)}")
            sys.stdout.flush()
            wait()
        except KeyboardInterrupt:
            show("\n")


def _heading(text: str) -> str:
    from rich.cells import cell_len

    return f"{text}\n{'=' * cell_len(text)}\n\n"


def _commands(commands: Iterable[tuple[str, str]], language: "Language") -> str:
    """Commands to paste, each below a line that says what it is for."""
    return "\n".join(f"# {language.say(what)}\n{' ' * _COLUMN}{command}\n" for command, what in commands)
