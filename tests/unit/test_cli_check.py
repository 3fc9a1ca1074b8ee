"""`preflight check` as a user sees it, against the embedded world."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preflight.cli import main
from preflight.lab import Fault, LabDns, World
from preflight.lab.demo import demo_world
from preflight.registry import load_registry
from preflight.render.schema import report_schema

Captured = pytest.CaptureFixture[str]
GOOD = (
    b"Received: from a by b; Mon, 23 Nov 2026 10:00:01 +0000\n"
    b"From: a@good.example\nTo: b@example.com\nSubject: Minutes of the meeting on Monday\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@mail.good.example>\n\n"
) + b"Some words that fill a line.\n" * 100


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(demo_world()) as server:
        yield server


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def run(captured: Captured, *args: str) -> tuple[int, str, str]:
    code = main(["check", *args])
    out, err = captured.readouterr()
    return code, out, err


def report_of(captured: Captured, *args: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(captured, *args, "--format", "json")
    report = json.loads(out)
    jsonschema.validate(report, report_schema())
    return code, report


def found(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["rule"], one["part"]): one["status"] for one in report["findings"]}


def board(report: dict[str, Any]) -> dict[str, str]:
    return {row["bounce"].removeprefix("microsoft/"): row["state"] for row in report["board"]}


def skipped_without(*missing: str) -> set[str]:
    """The rules that need one of these inputs and take nothing else in its place."""
    return {
        rule.id
        for rule in load_registry().rules.values()
        if any(set(need.split("|")) <= {*missing} for need in rule.needs)
    }


def test_a_good_server_is_go(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    message = tmp_path / "test.eml"
    message.write_bytes(GOOD)
    code, report = report_of(capsys, "mail.good.example", "--message", str(message), "--resolver", lab.address)
    assert (code, report["verdict"]) == (0, "go")
    judged = {rule: status for (rule, _), status in found(report).items()}
    not_given = skipped_without("server", "probe", "relay", "outbound", "mail-from", "dkim-selector")
    assert {rule for rule, status in judged.items() if status == "skipped"} == not_given
    assert {rule for rule, status in judged.items() if status not in ("pass", "skipped")} == {"dkim/missing"}
    assert set(board(report).values()) == {"clear", "not-checked"}
    external = {"RP-002", "RP-003", "SC-002", "SC-004", "mailbox-unavailable"}
    assert {code for code, state in board(report).items() if state == "not-checked"} == external | {"SC-003"}
    (relay,) = (row for row in report["board"] if row["bounce"] == "microsoft/SC-003")
    assert relay["advice"] == "Add --probe-relay."
    assert report["subject"]["ips"] == ["203.0.113.25", "2001:db8::25"]
    assert report["subject"]["domain"] == "good.example"


def test_a_bad_server_is_no_go(lab: LabDns, capsys: Captured) -> None:
    code, report = report_of(capsys, "mail.bad.example", "--resolver", lab.address)
    assert (code, report["verdict"]) == (1, "no-go")
    assert found(report)["dynamic-ip/dynamic-ptr", "198.51.100.77"] == "fail"
    assert board(report)["DY-001"] == "at-risk"
    assert report["counts"]["fail"] == sum(one["status"] == "fail" for one in report["findings"])
    for one in report["findings"]:
        if one["status"] == "fail":
            assert one["fix"], one["rule"]


def test_a_message_alone(capsys: Captured, tmp_path: Path) -> None:
    """Rules without inputs are skipped, their bounces not checked, with the option to add; DNS is not reached."""
    message = tmp_path / "test.eml"
    message.write_bytes(GOOD.replace(b"Minutes of the meeting on Monday", b"test"))
    code, report = report_of(capsys, "--message", str(message), "--resolver", "127.0.0.1:1")
    assert code == 1
    statuses = found(report)
    assert statuses["message/subject-trivial", "Subject"] == "fail"
    others = {(rule.partition("/")[0], status) for (rule, _), status in statuses.items() if "message/" not in rule}
    assert {check for check, status in others if status != "skipped"} == {"sender-domain", "dkim", "dmarc", "arc"}
    assert ("sender-domain", "inconclusive") in others
    rows = {row["bounce"]: row for row in report["board"]}
    assert rows["microsoft/SC-001"]["state"] == "at-risk"
    assert rows["microsoft/DY-001"]["state"] == "not-checked"
    assert "--ip" in rows["microsoft/DY-001"]["advice"]
    assert report["duration_ms"] < 5000


def test_a_message_from_standard_input(lab: LabDns, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD)))
    code, report = report_of(capsys, "--message", "-", "--resolver", lab.address)
    assert (code, report["verdict"]) == (0, "go")
    assert report["subject"]["message"] == "-"


def test_dead_name_servers(capsys: Captured) -> None:
    """Exit 3, every rule that needs DNS inconclusive, nothing clear."""
    code, report = report_of(capsys, "mail.good.example", "--resolver", "127.0.0.1:1", "--timeout", "0.1")
    assert (code, report["verdict"]) == (3, "incomplete")
    offline = {"helo/invalid-syntax", "helo/not-fqdn", "helo/address-literal"}
    not_given = skipped_without("message", "server", "probe", "relay", "outbound", "mail-from", "dkim-selector")
    for (rule, _), status in found(report).items():
        expected = "skipped" if rule in not_given else "pass" if rule in offline else "inconclusive"
        assert status == expected, rule
    assert set(board(report).values()) == {"undetermined", "not-checked"}


def test_the_deadline_holds_over_dead_name_servers(capsys: Captured) -> None:
    start = time.monotonic()
    args = ("mail.good.example", "--resolver", "127.0.0.1:1", "--timeout", "60", "--deadline", "0.5")
    code, report = report_of(capsys, *args)
    assert time.monotonic() - start < 20  # without the deadline it were minutes
    assert (code, report["verdict"]) == (3, "incomplete")
    assert not {"pass", "clear"} & {s for (r, _), s in found(report).items() if r.startswith(("ptr", "mx", "dnsbl"))}


@pytest.mark.parametrize("answer", ["127.255.255.254", "127.0.0.1", "203.0.113.9", "127.0.0.77"])
def test_a_list_that_answers_nonsense_lists_nobody(answer: str, capsys: Captured) -> None:
    world = demo_world()
    for blocklist in world.blocklists.values():
        blocklist.mode = answer
    with LabDns(world) as server:
        code, report = report_of(capsys, "mail.good.example", "--resolver", server.address)
    assert (code, report["verdict"]) == (3, "incomplete")
    about_lists = {key: status for key, status in found(report).items() if key[0].startswith("dnsbl/")}
    assert "fail" not in about_lists.values()
    unusable = {status for (rule, _), status in about_lists.items() if rule == "dnsbl/list-unusable"}
    unfit = {status for (rule, _), status in about_lists.items() if rule == "dnsbl/resolver-unfit"}
    assert "inconclusive" in unusable | unfit
    for rule in ("sbl", "css", "xbl", "drop"):
        assert about_lists[f"dnsbl/spamhaus-{rule}", "203.0.113.25"] == "inconclusive"
    assert board(report)["OU-001"] == board(report)["DY-001"] == "undetermined"


def test_an_ipv6_sender(lab: LabDns, capsys: Captured) -> None:
    code, report = report_of(
        capsys, "--ip", "2001:DB8:0:0::25", "--helo", "mail.good.example", "--resolver", lab.address
    )
    statuses = found(report)
    assert statuses["ptr/not-forward-confirmed", "2001:db8::25"] == "pass"
    assert statuses["helo/address-mismatch", "2001:db8::25"] == "pass"
    assert statuses["dnsbl/spamhaus-xbl", "2001:db8::25"] == "pass"
    zen = [
        evidence["asked"]
        for one in report["findings"]
        for evidence in one["evidence"]
        if one["rule"] == "dnsbl/spamhaus-xbl"
    ]
    assert any(
        asked.startswith("A 5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.") for asked in zen
    )
    assert code == 0


@pytest.mark.parametrize(
    ("host", "means"),
    [("MAIL.Good.Example.", "mail.good.example"), ("mail.bücher.example", "mail.xn--bcher-kva.example")],
)
def test_spellings_of_a_host(host: str, means: str, lab: LabDns, capsys: Captured) -> None:
    _, report = report_of(capsys, host, "--resolver", lab.address, "--select", "ptr")
    assert report["subject"]["host"] == means


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([""], "HOST is empty"),
        (["a..b"], "empty label"),
        (["x" * 300], "300 octets; DNS allows 63"),
        ([".".join(["abcdefghi"] * 30)], "253 at the most"),
        (["https://mail.example.com/"], "is a URL"),
        (["postmaster@example.com"], "is a mail address"),
        (["mail.example.com:25"], "has a port"),
        (["mail example"], "space"),
        (["mail\x1b[31m.example"], "\\x1b"),
        (["--ip", "192.0.2.300"], "is no IP address"),
        (["--ip", "fe80::1%eth0"], "is no IP address"),
        (["--ip", "0.0.0.0"], "no address that mail can come from"),
        (["--domain", ""], "--domain is empty"),
        (["--message", "nowhere.eml"], "No such file"),
        (["--message", "."], "directory"),
        (["--message", "/dev/null"], "is empty"),
        (["--server", "mail.example.com:0"], "no usable port"),
        (["--config", "nowhere.toml"], "No such file"),
        ([], "nothing to check"),
        (["mail.example.com", "--select", "ptr/mising"], "did you mean 'ptr/missing'?"),
        (["mail.example.com", "--ignore", "prt"], "did you mean 'ptr'?"),
        (["mail.example.com", "--fail-on", "eror"], "did you mean 'error'?"),
        (["mail.example.com", "--format", "jsn"], "formats: "),
        (["mail.example.com", "--output", "report.doc"], "known suffixes"),
        (["mail.example.com", "--output", "nowhere/report.json"], "does not exist"),
        (["mail.example.com", "--resolver", "localhost"], "not an address"),
        (["mail.example.com", "--timeout", "0"], "out of range"),
        (["mail.example.com", "--deadline", "nan"], "out of range"),
        (["mail.example.com", "--timeout", "x"], "timeout"),
        (["mail.example.com", "--resolve", "127.0.0.1"], "--resolve"),
        (["mail.example.com", "--dqs-key-file", "nowhere.key"], "No such file"),
        (["mail.example.com", "--lang", "fr"], "--lang"),
        (["one.example.com", "two.example.com"], "two.example.com"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    args: list[str], says: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *args)
    assert (code, out) == (2, "")
    assert err.startswith("preflight: ")
    assert err.count("\n") == 1, err
    assert says in err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_takes_no_connection_is_no_go(capsys: Captured) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{closed.getsockname()[1]}"
        code, report = report_of(capsys, "--server", server)
    assert (code, report["verdict"]) == (1, "no-go")
    assert found(report)["smtp/no-connection", server] == "fail"


def test_outputs_are_written_beside_standard_output(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.txt"
    code, out, _ = run(
        capsys, "mail.bad.example", "--resolver", lab.address, "--output", str(one), "--output", str(two)
    )
    assert code == 1
    assert json.loads(one.read_text())["verdict"] == "no-go"
    assert two.read_text(encoding="utf-8").splitlines()[0] == out.splitlines()[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.txt"]


def test_no_colour_codes_in_a_pipe(lab: LabDns, capsys: Captured) -> None:
    _, out, err = run(capsys, "mail.bad.example", "--resolver", lab.address)
    assert "\x1b" not in out + err
    assert max(map(len, out.splitlines())) <= 80
    count = len(load_registry().checks)
    assert err == f"preflight: checking mail.bad.example with {count} checks\n"


def test_fail_on_and_severities(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    args = ("mail.bad.example", "--resolver", lab.address, "--select", "ptr/missing,dynamic-ip/dynamic-ptr")
    assert run(capsys, *args)[0] == 1
    assert run(capsys, *args, "--fail-on", "never")[0] == 0
    file = tmp_path / "preflight.toml"
    file.write_text('[policy.severity]\n"dynamic-ip" = "warning"\n')
    assert run(capsys, *args, "--config", str(file))[0] == 0
    assert run(capsys, *args, "--config", str(file), "--fail-on", "warning")[0] == 1


def test_a_waiver_lets_a_failure_pass_until_its_day(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "preflight.toml"
    args = ("mail.bad.example", "--resolver", lab.address, "--select", "dynamic-ip/dynamic-ptr", "--config", str(file))
    waiver = '[[waiver]]\nrule = "dynamic-ip/dynamic-ptr"\nreason = "ticket 4711"\nowner = "mail"\nexpires = {}\n'
    file.write_text(waiver.format("2999-01-01"))
    code, report = report_of(capsys, *args)
    assert code == 0
    assert report["findings"][0]["waived"]["reason"] == "ticket 4711"
    assert board(report)["DY-001"] == "at-risk"
    file.write_text(waiver.format("2001-01-01"))
    code, report = report_of(capsys, *args)
    assert code == 1
    assert report["findings"][0]["waived"]["expired"] is True


def test_many_subjects_of_a_file(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "test.eml").write_bytes(GOOD)
    file = tmp_path / "preflight.toml"
    file.write_text(
        f'[[subject]]\nname = "good"\nhost = "mail.good.example"\nmessage = "test.eml"\n'
        f'[[subject]]\nname = "bad"\nhost = "mail.bad.example"\n[resolver]\nservers = ["{lab.address}"]\n'
    )
    code, out, _ = run(capsys, "--config", str(file), "--format", "json")
    reports = json.loads(out)
    jsonschema.validate(reports, report_schema())
    assert code == 1
    assert reports["verdict"] == "no-go"
    assert [one["subject"]["name"] for one in reports["reports"]] == ["good", "bad"]
    assert [one["verdict"] for one in reports["reports"]] == ["go", "no-go"]
    code, report = report_of(capsys, "--config", str(file), "--subject", "good")
    assert (code, report["verdict"]) == (0, "go")
    code, _, err = run(capsys, "--config", str(file), "--subject", "god")
    assert (code, "did you mean 'good'?" in err) == (2, True)
    code, _, err = run(capsys, "mail.example.com", "--config", str(file))
    assert (code, "leave out HOST" in err) == (2, True)


def test_a_report_in_chinese(lab: LabDns, capsys: Captured) -> None:
    _, english, _ = run(capsys, "mail.bad.example", "--resolver", lab.address)
    _, chinese, _ = run(capsys, "mail.bad.example", "--resolver", lab.address, "--lang", "zh")
    assert "反向解析" in chinese
    assert "反向解析" not in english


def test_a_dqs_key_is_used_and_never_shown(capsys: Captured, tmp_path: Path) -> None:
    key = "k3yk3yk3yk3yk3yk3yk3yk3yk3"
    (tmp_path / "dqs.key").write_text(f"{key}\n")
    with LabDns(demo_world()) as server:
        args = ("mail.good.example", "--resolver", server.address, "--dqs-key-file", str(tmp_path / "dqs.key"))
        code, out, err = run(capsys, *args, "--format", "json")
        asked = {asked.name for asked in server.questions}
    assert any(name.endswith(f"{key}.zen.dq.spamhaus.net") for name in asked)
    assert not any(name.endswith("zen.spamhaus.org") for name in asked)
    assert key not in out + err
    assert "?" * len(key) in out
    assert code in {0, 3}


def preflight_process(*args: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "preflight", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | (env or {}),
    )


def test_ctrl_c_is_exit_130_without_a_traceback() -> None:
    world = World.from_zones({})
    world.fault(".", Fault.TIMEOUT, subtree=True)
    with (
        LabDns(world) as server,
        preflight_process("check", "mail.example.com", "--resolver", server.address) as process,
    ):
        while not server.questions:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err
    assert err.endswith(b"preflight: interrupted\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_terminals_of_other_encodings(encoding: str, lab: LabDns) -> None:
    args = ("check", "mail.bad.example", "--resolver", lab.address, "--lang", "zh")
    with preflight_process(*args, env={"PYTHONIOENCODING": encoding}) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"DY-001" in out
    with preflight_process(*args, "--format", "json", env={"PYTHONIOENCODING": encoding}) as process:
        out, _ = process.communicate(timeout=30)
    assert json.loads(out.decode("utf-8"))["verdict"] == "no-go"


def test_a_reader_that_goes_away_is_no_error() -> None:
    with preflight_process("rules") as process:
        assert process.stdout is not None
        process.stdout.close()
        err = process.stderr.read() if process.stderr else b""
    assert (process.returncode, err) == (0, b"")


def test_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "preflight", "codes"], stdout=full, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert result.returncode == 2
    assert result.stderr == b"preflight: standard output: No space left on device; the report was not written whole\n"


def test_the_version() -> None:
    with preflight_process("--version") as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, b"preflight 0.1.0\n", b"")
