"""What the package promises to those who import it."""

import subprocess
import sys

import pytest

import preflight

PUBLIC = [
    "Check",
    "Context",
    "Evidence",
    "Finding",
    "LiveSource",
    "Policy",
    "PreflightError",
    "Report",
    "Rule",
    "Run",
    "Severity",
    "Status",
    "Subject",
    "Unanswered",
    "__version__",
    "judges",
    "run",
    "run_async",
]


def test_the_public_names_are_these() -> None:
    assert preflight.__all__ == PUBLIC


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_found_on_first_use_and_kept(name: str) -> None:
    code = f"import preflight; one = preflight.{name}; print({name!r} in vars(preflight), one is preflight.{name})"
    assert python(code) == "True True\n"


def test_all_names_can_be_taken_at_once() -> None:
    assert python("from preflight import *; print(Check.__module__, run.__name__, Unanswered.__name__)") == (
        "preflight.check run Unanswered\n"
    )


def test_importing_costs_next_to_nothing() -> None:
    loaded = python("import sys, preflight; print(*sys.modules)").split()
    heavy = {"dns", "rich", "typer", "click", "asyncio", "msgspec", "idna", "publicsuffixlist", "ipaddress", "tomllib"}
    assert {name.partition(".")[0] for name in loaded} & heavy == set()
    assert [name for name in loaded if name.startswith("preflight")] == ["preflight"]


def test_a_subject_is_made_without_the_network_library() -> None:
    code = (
        "import sys; from preflight import Subject; Subject.of('192.0.2.1'); print({'dns', 'rich'} & set(sys.modules))"
    )
    assert python(code) == "set()\n"


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'preflight' has no attribute 'Checks'"):
        preflight.Checks  # noqa: B018
    assert not hasattr(preflight, "_nothing")


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert preflight.__version__ == version("mail-preflight")
