"""`preflight rdns`: one name, and many from standard input."""

import contextlib
import io
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import classifiers
from preflight.cli import main
from preflight.cli import rdns as command
from preflight.cli.rdns import _asked

POOL = "pool-192-0-2-10.dyn.example.net"
VERDICT = {
    "hostname": POOL,
    "ip": "192.0.2.10",
    "class": "dynamic",
    "score": 0.95,
    "reasons": ["pool is a word of dial-up pools and the like", "192-0-2-10 is the whole address"],
}


def piped(
    text: str | bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *options: str
) -> tuple[int, list[dict[str, object]], list[str]]:
    octets = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets)))
    code = main(["rdns", "-", *options])
    out, err = capfd.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], err.splitlines()


def test_one_name_as_json_and_as_text(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rdns", POOL, "192.0.2.10", "--lang", "en"]) == 0
    assert json.loads(capfd.readouterr().out) == VERDICT
    assert main(["rdns", POOL, "192.0.2.10", "--lang", "en", "--format", "text"]) == 0
    assert capfd.readouterr().out == (
        f"{POOL}: dynamic (0.95)\n"
        "  - pool is a word of dial-up pools and the like\n"
        "  - 192-0-2-10 is the whole address\n"
    )


def test_reasons_in_chinese(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rdns", POOL, "192.0.2.10", "--lang", "zh"]) == 0
    assert "192-0-2-10 就是整个地址" in json.loads(capfd.readouterr().out)["reasons"]
    _, (verdict,), _ = piped(f"{POOL}\t192.0.2.10\n", monkeypatch, capfd, "--lang", "zh")
    assert "192-0-2-10 就是整个地址" in str(verdict["reasons"])


def test_neighbours_of_one_name(capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["rdns", "h10.example.net", "192.0.2.10"]
    assert main(arguments) == 0
    assert json.loads(capfd.readouterr().out)["class"] == "custom"
    assert main([*arguments, "--neighbour", "h9.example.net", "--neighbour", "h11.example.net"]) == 0
    assert json.loads(capfd.readouterr().out)["class"] == "dynamic"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mail.example.com"], "give the address"),
        (["mail.example.com", "nonsense"], "'nonsense' is no IP address"),
        (["mail.example.com", "fe80::1%eth0"], "is no IP address"),
        (["-", "192.0.2.10"], "from standard input only"),
        (["-", "--neighbour", "h9.example.net"], "from standard input only"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rdns", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_many_names_in_order(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    text = (
        "hostname\tip\tneighbours\n"
        f"{POOL}\t192.0.2.10\r\n"
        "\n"
        "h10.example.net\t192.0.2.10\th9.example.net, h11.example.net,\n"
        "  mail.example.com \t 2001:db8::25 \n"
        f'{{"hostname": "{POOL}", "ip": "192.0.2.10", "label": "dynamic", "neighbours": null}}\n'
        '{"ip": "192.0.2.10", "hostname": "h10.example.net", "neighbours": ["h9.example.net", "h11.example.net"]}\n'
        "\t192.0.2.10\n"
        "static-192-0-2-10.example.net\t192.0.2.10"
    )
    code, verdicts, said = piped(text, monkeypatch, capfd, "--lang", "en")
    assert (code, said) == (0, [])
    assert verdicts[0] == verdicts[3] == VERDICT
    assert [(one["hostname"], one["ip"], one["class"]) for one in verdicts] == [
        (POOL, "192.0.2.10", "dynamic"),
        ("h10.example.net", "192.0.2.10", "dynamic"),
        ("mail.example.com", "2001:db8::25", "custom"),
        (POOL, "192.0.2.10", "dynamic"),
        ("h10.example.net", "192.0.2.10", "dynamic"),
        ("", "192.0.2.10", "custom"),
        ("static-192-0-2-10.example.net", "192.0.2.10", "generic-static"),
    ]
    assert all(list(one) == ["hostname", "ip", "class", "score", "reasons"] for one in verdicts)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mail.example.com", "1 fields"),
        ("mail.example.com\t192.0.2.10\ta\tb", "4 fields"),
        ("mail.example.com\tnonsense", "'nonsense' is no IP address"),
        ('{"hostname": "mail.example.com"}', "ip"),
        ('{"hostname": 5, "ip": "192.0.2.10"}', "hostname"),
        ('{"hostname": "mail.example.com"', "truncated"),
        (b'{"hostname": "\xff", "ip": "192.0.2.10"}', "utf-8"),
    ],
)
def test_a_bad_line_is_told_and_the_others_are_judged(
    line: str | bytes, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    octets = line if isinstance(line, bytes) else line.encode()
    good = f"{POOL}\t192.0.2.10\n".encode()
    code, verdicts, errors = piped(good + octets + b"\n" + good, monkeypatch, capfd, "--lang", "en")
    assert code == 2
    assert verdicts == [VERDICT, VERDICT]
    (error,) = errors
    assert error.startswith("preflight: line 2: ")
    assert said in error.lower() or said in error


def test_octets_that_are_no_utf_8_are_shown(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, (verdict,), _ = piped(b"m\xffil.example.com\t192.0.2.10\n", monkeypatch, capfd)
    assert code == 0
    assert verdict["hostname"] == r"m\xffil.example.com"


def test_a_line_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "_LONGEST_LINE", 100)
    monkeypatch.setattr(command, "_CHUNK", 64)
    good = f"{POOL}\t192.0.2.10\n"
    code, verdicts, errors = piped(f"{good}{'x' * 1000}\n{good}bad\n{good}", monkeypatch, capfd, "--lang", "en")
    assert code == 2
    assert verdicts == [VERDICT, VERDICT, VERDICT]
    assert [error.partition(":")[2].partition(":")[0].strip() for error in errors] == ["line 2", "line 4"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_lines_are_whole_however_they_come(
    size: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_CHUNK", size)
    text = "".join(f"h{number}.example.net\t192.0.2.{number}\n" for number in range(20))
    _, verdicts, _ = piped(text, monkeypatch, capfd)
    assert [one["hostname"] for one in verdicts] == [f"h{number}.example.net" for number in range(20)]


def test_each_line_is_answered_before_the_next_is_read() -> None:
    preflight = Path(sys.executable).parent / "preflight"
    with subprocess.Popen([preflight, "rdns", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in (POOL, "mail.example.com"):
            process.stdin.write(f"{name}\t192.0.2.10\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["hostname"] == name
        process.stdin.close()
        assert process.wait() == 0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_line_is_a_name_or_a_fault(line: bytes) -> None:
    with contextlib.suppress(ValueError):  # msgspec's errors are ValueErrors too
        _asked(line, 2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no plugin of the group"),
        ("preflight.text:LANGUAGES", "is no function"),
        ("preflight.text:missing", "cannot be loaded"),
    ],
)
def test_a_classifier_that_cannot_be_used(
    value: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = [] if value is None else [EntryPoint("rdns", value, classifiers.CLASSIFIERS)]
    monkeypatch.setattr(classifiers, "find_plugins", lambda _: found)
    assert main(["rdns", POOL, "192.0.2.10"]) == 2
    assert said in capfd.readouterr().err
