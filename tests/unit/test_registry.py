"""The registry of checks, and plugins that do not do as they should."""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from preflight import registry as registry_module
from preflight.bounces.catalogue import Catalogue
from preflight.check import Check
from preflight.errors import PluginError
from preflight.registry import CHECKS, RENDERERS, Registry, find_plugins, load_plugin, load_registry
from preflight.subject import Subject
from preflight.testing import statuses
from tests.unit.fake_checks import IP, bounce, check_of, passing, registry_of, reports_of, rule

CODE, OTHER = "example/EX-001", "example/EX-002"
PLUGIN = """
from preflight import Check, Rule, Severity

async def run(ctx):
    pass

RULE = Rule(id="plugged/in", severity=Severity.INFO, title="t", why="w", fix="f", reference="r")
CHECK = Check(id="plugged", title="t", rules=(RULE,), run=run)
TAKEN = Check(id="ptr", title="t", rules=(), run=run)
NO_CHECK = "a text"
"""


def test_checks_and_their_rules_are_known() -> None:
    one, two = rule("a/one", prevents=[CODE, OTHER]), rule("a/two", prevents=[OTHER])
    registry = registry_of(check_of(one, two), check_of(rule("b/x")), bounces=[bounce(CODE), bounce(OTHER)])
    assert list(registry.checks) == ["a", "b"]
    assert list(registry.rules) == ["a/one", "a/two", "b/x"]
    assert registry.preventing(OTHER) == (one, two)
    assert registry.preventing(CODE) == (one,)
    assert registry.preventing("example/unknown") == ()


def test_what_the_registry_refuses() -> None:
    registry = registry_of(check_of(rule("a/one")), bounces=[bounce(CODE)])
    with pytest.raises(PluginError, match="another check has the id 'a' already"):
        registry.add(check_of(rule("a/two")))
    with pytest.raises(PluginError, match="rule b/x prevents 'example/EX-009', which the bounce catalogue does not"):
        registry.add(check_of(rule("b/x", prevents=[CODE, "example/EX-009"])))
    assert list(registry.rules) == ["a/one"]


def test_a_broken_plugin_takes_its_place_and_nobody_elses() -> None:
    registry = registry_of(check_of(rule("a/one")))
    for _ in range(2):
        registry.add_broken("a", PluginError("no such module"))
    registry.add_broken("c", PluginError("syntax"))
    assert len(registry.checks) == 4
    assert [check.id for check in registry.checks.values()] == list(registry.checks)
    assert registry.checks["a"].rules[0].id == "a/one"
    assert registry.problems == ["no such module", "no such module", "syntax"]
    broken = [check for check in registry.checks.values() if not check.rules]
    (report,) = reports_of([*broken, passing(rule("fine/rule"))], [Subject.of(IP)])
    assert statuses(report) == {(f"{check.id}/crashed", IP): "error" for check in broken} | {("fine/rule", IP): "pass"}


Modules = Callable[[str, str], None]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modules:
    """Writes a module that can be imported for the time of the test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def entry(value: str, name: str = "x") -> EntryPoint:
    return EntryPoint(name, value, CHECKS)


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("", "no_such_module_at_all:CHECK", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        (PLUGIN, "plugged:MISSING", "AttributeError"),
        (PLUGIN, "plugged:NO_CHECK", "is no Check"),
        (PLUGIN, "plugged", "is no Check"),
        (PLUGIN, "not a module!", "cannot be loaded"),
        ("def (", "plugged:CHECK", "SyntaxError"),
        ("1 / 0", "plugged:CHECK", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)", "plugged:CHECK", "SystemExit: 0"),
        (PLUGIN.replace("plugged/in", "other/in"), "plugged:CHECK", "does not read plugged/<rule>"),
    ],
)
def test_plugins_that_cannot_be_loaded(module: Modules, text: str, value: str, problem: str) -> None:
    module("plugged", text)
    with pytest.raises(PluginError) as raised:
        load_plugin(entry(value), Check)
    assert str(raised.value).startswith(f"plugin 'x' ({value}) ")
    assert problem in str(raised.value)
    assert str(raised.value).endswith("mend or uninstall it")


def test_good_and_bad_plugins_side_by_side(module: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    module("plugged", PLUGIN)
    entries = [
        *find_plugins(CHECKS),
        entry("plugged:CHECK", "plugged"),
        entry("plugged:CHECK", "again"),
        entry("plugged:TAKEN", "ptr"),
        entry("gone:CHECK", "gone"),
    ]
    monkeypatch.setattr(registry_module, "find_plugins", lambda _: entries)
    registry = load_registry()
    assert {"ptr", "plugged", "again", "gone"} <= set(registry.checks)
    assert registry.rules["plugged/in"].title == "t"
    assert registry.checks["ptr"].rules
    problems = [problem for problem in registry.problems if "preflight_checks" not in problem]
    assert len(problems) == 3
    assert "'plugged' already" in problems[0]
    assert "'ptr' already" in problems[1]
    assert "No module named 'gone'" in problems[2]
    assert registry.language("zh").code == "zh"  # a plugin of a single module has no translations, and does no harm


def test_the_language_has_the_words_of_all_packages() -> None:
    registry = registry_of(check_of(rule("a/one")))
    assert registry.language("en").table == {}
    assert registry.language("zh").say("Add {options}.", options="--ip") == "请加上 --ip。"


def test_plugins_come_once_our_own_first() -> None:
    for group in (CHECKS, RENDERERS):
        entries = find_plugins(group)
        assert len(entries) == len({(one.name, one.value) for one in entries})
        own = [one.dist is not None and one.dist.name == "mail-preflight" for one in entries]
        assert own == sorted(own, reverse=True)
    assert "ptr" in {one.name for one in find_plugins(CHECKS)}


def test_the_catalogue_may_name_the_rules_that_prevent_a_code() -> None:
    registry = Registry(Catalogue({CODE: bounce(CODE, rules=["a/two"]), OTHER: bounce(OTHER)}))
    one, two = rule("a/one", prevents=[CODE]), rule("a/two", prevents=[OTHER])
    registry.add(check_of(one, two))
    assert registry.preventing(CODE) == (one, two)
    assert registry.prevented(one) == (CODE,)
    assert registry.prevented(two) == (OTHER, CODE)
