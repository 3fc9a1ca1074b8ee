"""The pytest plugin, run by pytest itself over the demo's world."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preflight.lab import LabDns
from preflight.lab.demo import demo_message, demo_world

pytest_plugins = ["pytester"]
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(demo_world()) as server:
        yield server


@pytest.fixture
def write(pytester: pytest.Pytester, lab: LabDns, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a preflight.toml that asks the lab."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))

    def to(text: str, resolver: str = lab.address) -> Path:
        file = pytester.path / "preflight.toml"
        file.write_text(f'{text}\n[resolver]\nservers = ["{resolver}"]\ntimeout = 0.2\ncache = false\n')
        return file

    return to


BAD = '[[subject]]\nname = "main"\nhost = "mail.bad.example"\n'
GOOD = '[[subject]]\nname = "main"\nhost = "mail.good.example"\n'


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    """How many items came to what, skips left out: which inputs there are is not what these tests are about."""
    return {name: count for name, count in result.parseoutcomes().items() if name != "skipped"}


def test_each_rule_and_part_is_an_item(pytester: pytest.Pytester, write: Write) -> None:
    write(BAD + '[policy]\nselect = ["ptr", "dynamic-ip/dynamic-ptr"]\n')
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-v", "-p", "no:cacheprovider")
    lines = result.outlines
    items = {match[1]: match[2] for line in lines if (match := re.match(r"preflight.toml::main::(\S+) (\w+)", line))}
    assert items["ptr/missing[198.51.100.77]"] == "PASSED"
    assert items["dynamic-ip/dynamic-ptr[198.51.100.77]"] == "FAILED"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = "\n".join(lines)
    assert "fix:      " in text
    assert "seen:     PTR 77.100.51.198.in-addr.arpa → " in text
    assert "prevents: microsoft/DY-001" in text
    assert re.search(r"main: no-go; at risk: .*550 DY-001", text)
    assert "Traceback" not in text


def test_a_good_server_passes_beside_other_tests(pytester: pytest.Pytester, write: Write) -> None:
    write(GOOD)
    pytester.makepyfile(test_other="def test_it():\n    pass\n")
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.OK
    assert outcomes(result).keys() == {"passed"}
    assert "test_other.py ." in result.stdout.str()
    alone = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert alone.parseoutcomes() == {"passed": 1}


def test_what_could_not_be_told_is_an_error(pytester: pytest.Pytester, write: Write) -> None:
    """Errors of rules that matter; the others are skipped with a warning, and none passes."""
    write(GOOD + '[policy]\nselect = ["mx"]\n', "127.0.0.1:1")
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-W", "default", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert outcomes(result).keys() == {"errors", "warnings"}
    assert "main: incomplete" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str()


def test_warnings_and_waivers_fail_nothing(pytester: pytest.Pytester, write: Write) -> None:
    waiver = (
        '[[waiver]]\nrule = "dynamic-ip/dynamic-ptr"\nreason = "moves on Monday"\nowner = "us"\nexpires = 2999-01-01\n'
    )
    select = '[policy]\nselect = ["dynamic-ip/dynamic-ptr", "dynamic-ip/pbl-listed"]\n'
    severity = '[policy.severity]\n"dynamic-ip/pbl-listed" = "warning"\n'
    write(BAD + select + severity + waiver)
    result = pytester.runpytest_inprocess(
        "--preflight", "preflight.toml", "-rx", "-W", "default", "-p", "no:cacheprovider"
    )
    assert result.ret == pytest.ExitCode.OK
    assert outcomes(result) == {"xfailed": 1, "passed": 1, "warnings": 1}
    assert "waived until 2999-01-01: moves on Monday" in result.stdout.str()


@pytest.mark.parametrize(("profile", "outcome"), [("", "PASSED"), ('profile = "gmail"\n', "FAILED")])
def test_the_profile_of_the_file_counts(pytester: pytest.Pytester, write: Write, profile: str, outcome: str) -> None:
    write(f'{BAD}[policy]\nselect = ["dmarc/missing"]\n{profile}')
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-v", "-W", "default")
    assert re.findall(r"::dmarc/missing\[bad.example\] (\w+)", result.stdout.str())[0] == outcome


def test_a_waiver_that_matches_nothing_is_told(pytester: pytest.Pytester, write: Write) -> None:
    waiver = '[[waiver]]\nrule = "ptr/missing"\nreason = "\\u001b[31mMonday"\nowner = "us"\nexpires = 2999-01-01\n'
    write(f'{GOOD}[policy]\nselect = ["ptr"]\n{waiver}')
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.OK
    (told,) = [line for line in result.outlines if line.startswith("to note: ")]
    assert told.startswith("to note: The waiver of ptr/missing matches no failure: take it out of the file.")
    assert "\x1b" not in told


def test_text_from_outside_reaches_no_terminal(pytester: pytest.Pytester, write: Write) -> None:
    """Neither of a file's name, nor of its lines, nor of a waiver: pytest shows what it is given."""
    hostile = "a\x1b[31m\u202e"
    (pytester.path / f"{hostile}.eml").write_text(
        f"From: News <a@example.org>\nSubject: {hostile}test\nX-One: {hostile}\nMIME-Version: 9\n\nx {hostile}\n"
    )
    text = "a\\u001b[31m\\u202e"
    waiver = f'[[waiver]]\nrule = "message/body-too-small"\nreason = "{text}"\nowner = "us"\nexpires = 2999-01-01\n'
    write(f'[[subject]]\nname = "{text}"\nmessage = "{text}.eml"\n{waiver}')
    result = pytester.runpytest_inprocess(
        "--preflight", "preflight.toml", "-v", "-rA", "-W", "default", "-p", "no:cacheprovider", "--color=no"
    )
    outcome = outcomes(result)
    assert outcome["xfailed"] == 1
    assert outcome["failed"] > 0
    assert outcome["warnings"] > 0
    assert [line for line in result.outlines if "\x1b" in line or "\u202e" in line] == []


def test_a_message_file_is_the_place(pytester: pytest.Pytester, write: Write) -> None:
    (pytester.path / "bad.eml").write_bytes(demo_message("bad.eml").data)
    write('[[subject]]\nname = "mail"\nmessage = "bad.eml"\n[policy]\nselect = ["message/subject-trivial"]\n')
    result = pytester.runpytest_inprocess("--preflight", "preflight.toml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert re.search(r"seen: +\S*bad\.eml:\d+:1: line", result.stdout.str())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "ERROR: missing.toml: No such file or directory"),
        ("x = 1", "ERROR: missing.toml: unknown key 'x'"),
        ("", "ERROR: missing.toml: nothing to check; give it a [[subject]]"),
    ],
)
def test_a_file_that_cannot_be_used(text: str | None, line: str, pytester: pytest.Pytester) -> None:
    if text is not None:
        (pytester.path / "missing.toml").write_text(text)
    result = pytester.runpytest_inprocess("--preflight", "missing.toml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert line in result.stderr.str()


def test_what_only_a_run_sees_is_one_line(pytester: pytest.Pytester) -> None:
    (pytester.path / "p.toml").write_text('[[subject]]\nhost = "a b"\n')
    result = pytester.runpytest_inprocess("--preflight", "p.toml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "p.toml: subject 1: HOST 'a b' has a space" in result.stdout.str()
