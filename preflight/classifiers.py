"""The judgement of names in reverse DNS, as the engine knows it: a plugin, like the checks.

The one that ships with preflight is `preflight_checks.rdns:classify`, found by the entry point `rdns` of the group
`preflight.classifiers`.
"""

from collections.abc import Sequence
from typing import Protocol, cast

from preflight.errors import PluginError
from preflight.net.addresses import IPAddress
from preflight.registry import find_plugins, load_plugin
from preflight.text import Message

CLASSIFIERS = "preflight.classifiers"
RDNS = "rdns"


class Judgement(Protocol):
    """What a name looks like."""

    @property
    def kind(self) -> str:
        """`dynamic`, `generic-static` or `custom`."""

    @property
    def score(self) -> float:
        """From 0 to 1: how sure it is that nobody chose the name by hand."""

    @property
    def reasons(self) -> Sequence[Message]:
        """Why, the weightiest first."""


class Classifier(Protocol):
    """A function that judges names."""

    def __call__(self, name: str, ip: IPAddress, neighbours: Sequence[str] = ()) -> Judgement:
        """Judge a name that reverse DNS has for an address, with the names of its neighbours where they are known."""


def load_classifier() -> Classifier:
    """The installed classifier of names in reverse DNS. Raises `PluginError` when there is none that can be used."""
    entry = next((entry for entry in find_plugins(CLASSIFIERS) if entry.name == RDNS), None)
    if entry is None:
        raise PluginError(f"no plugin of the group {CLASSIFIERS!r} has the name {RDNS!r}; install preflight anew")
    plugin = load_plugin(entry, object)
    if not callable(plugin):
        raise PluginError(f"plugin {entry.name!r} ({entry.value}) is no function; mend or uninstall it")
    return cast(Classifier, plugin)
