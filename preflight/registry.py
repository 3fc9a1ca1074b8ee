"""The plugins: checks (`preflight.checks`) and renderers (`preflight.renderers`), found by entry points.

The checks that ship with preflight arrive this way too, exactly as a third party's. A plugin that cannot be used
does not stop the others: in its place stands a check that reports what is wrong with it.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from preflight.bounces.catalogue import Bounce, Catalogue, load_catalogue
from preflight.check import Check, Context, Rule
from preflight.errors import PluginError
from preflight.text import Language, load_translations

CHECKS = "preflight.checks"
RENDERERS = "preflight.renderers"
DISTRIBUTION = "mail-preflight"
Plugin = TypeVar("Plugin")


class Registry:
    """The checks, their rules by id, and the bounce catalogue that they refer to.

    `problems` has one line for each plugin that could not be used.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.checks: dict[str, Check] = {}
        self.rules: dict[str, Rule] = {}
        self.problems: list[str] = []
        self._packages: dict[str, None] = {"preflight": None}
        self._named_by: dict[str, list[str]] = {}
        self._prevented: dict[str, tuple[str, ...]] = {}
        for bounce in catalogue.bounces.values():
            for rule_id in bounce.rules:
                self._named_by.setdefault(rule_id, []).append(bounce.id)

    def add(self, check: Check, package: str = "preflight") -> None:
        """Take in a check. `package` is where its translations are.

        Raises `PluginError` for an id that is taken and for a rule that prevents a bounce which the catalogue does not
        have.
        """
        if check.id in self.checks:
            raise PluginError(f"another check has the id {check.id!r} already")
        for rule in check.rules:
            for bounce in rule.prevents:
                if bounce not in self.catalogue.bounces:
                    raise PluginError(f"rule {rule.id} prevents {bounce!r}, which the bounce catalogue does not have")
        self.checks[check.id] = check
        self.rules |= {rule.id: rule for rule in check.rules}
        self._packages[package] = None

    def add_broken(self, name: str, problem: PluginError) -> None:
        """Put a check that only reports the problem in the place of a plugin that cannot be used."""
        self.problems.append(str(problem))

        async def report(_: Context) -> None:
            raise problem

        check_id = name if name not in self.checks else f"{name}-broken-{len(self.problems)}"
        self.checks[check_id] = Check(id=check_id, title=str(problem), rules=(), run=report)

    def language(self, code: str) -> Language:
        """A language with the translations of the engine and of all packages that bring checks."""
        table: dict[str, str] = {}
        if code != "en":
            for package in self._packages:
                table |= load_translations(package, code)
        return Language(code, table)

    def preventing(self, bounce: str) -> tuple[Rule, ...]:
        """The rules that prevent a bounce, as they declare or the catalogue says, in the order of the checks."""
        named = self.catalogue.bounces[bounce].rules if bounce in self.catalogue.bounces else ()
        return tuple(rule for rule in self.rules.values() if bounce in rule.prevents or rule.id in named)

    def rules_of(self, bounce: Bounce) -> tuple[str, ...]:
        """The ids of the rules that predict a bounce: those that its entry names, installed or not, most telling first;
        then those of other checks that prevent it."""
        return tuple(dict.fromkeys((*bounce.rules, *(rule.id for rule in self.preventing(bounce.id)))))

    def prevented(self, rule: Rule) -> tuple[str, ...]:
        """The ids of the bounces that a rule prevents: those that it declares, then those whose entry names it."""
        if rule.id not in self._prevented:
            named = self._named_by.get(rule.id, ())
            self._prevented[rule.id] = tuple(dict.fromkeys((*rule.prevents, *named)))
        return self._prevented[rule.id]


def load_registry() -> Registry:
    """The registry of all installed checks. Raises `CatalogueError` when the bounce catalogue itself is broken."""
    registry = Registry(load_catalogue())
    for entry in find_plugins(CHECKS):
        try:
            registry.add(load_plugin(entry, Check), entry.module.partition(".")[0])
        except PluginError as problem:
            registry.add_broken(entry.name, problem)
    return registry


def find_plugins(group: str) -> list[EntryPoint]:
    """The entry points of a group, preflight's own first, each once."""
    return sorted(
        dict.fromkeys(entry_points(group=group)),
        key=lambda entry: entry.dist is None or entry.dist.name != DISTRIBUTION,
    )


def load_plugin(entry: EntryPoint, kind: type[Plugin]) -> Plugin:
    """The object that an entry point names. Raises `PluginError` when it cannot be imported or is no `kind`."""
    where = f"plugin {entry.name!r} ({entry.value})"
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:
        # A plugin may fail in any way at all while it is imported; its name is what helps the user.
        raise PluginError(f"{where} cannot be loaded: {type(error).__name__}: {error}; mend or uninstall it") from error
    if not isinstance(plugin, kind):
        raise PluginError(f"{where} is no {kind.__name__}; mend or uninstall it")
    return plugin
