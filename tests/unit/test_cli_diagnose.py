"""`preflight diagnose` as a user sees it, against the embedded world."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preflight.cli import main
from preflight.lab import LabDns
from preflight.render.schema import diagnosis_schema
from tests.unit.diagnosis_samples import CONTACT, DYNAMIC, SPAM
from tests.unit.test_diagnosis_causes import dynamic_world

Captured = pytest.CaptureFixture[str]
LOG = """\
Nov 24 10:00:01 mail postfix/smtp[1]: A1B2C3D4E5: to=<alice@hotmail.com>, relay=hotmail-com.olc.protection.outlook.com\
[192.0.2.33]:25, delay=1, delays=0/0/1/0, dsn=5.0.0, status=bounced (host hotmail-com.olc.protection.outlook.com\
[192.0.2.33] said: 550 DY-001 Mail rejected by Outlook.com for policy reasons (in reply to MAIL FROM command))
Nov 24 10:00:02 mail postfix/qmgr[1]: A1B2C3D4E5: removed
Nov 24 10:02:01 mail postfix/smtp[1]: A1B2C3D4E6: to=<bob@msn.com>, relay=msn-com.olc.protection.outlook.com\
[192.0.2.33]:25, delay=1, delays=0/0/1/0, dsn=5.0.0, status=bounced (host msn-com.olc.protection.outlook.com\
[192.0.2.33] said: 550 DY-001 Mail rejected by Outlook.com for policy reasons (in reply to MAIL FROM command))
Nov 24 10:03:01 mail postfix/smtp[1]: A1B2C3D4E7: to=<carol@hotmail.com>, relay=none, delay=1, delays=0/0/1/0, \
dsn=4.0.0, status=deferred (host hotmail-com.olc.protection.outlook.com[192.0.2.33] refused to talk to me: \
421 RP-001 (BAY004) Unfortunately, some messages from 203.0.113.7 weren't sent.)
"""
DSN = b"""\
From: MAILER-DAEMON@mail.example.com
To: sender@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

I'm sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; alice@hotmail.com
Action: %(action)s
Status: %(status)s
Remote-MTA: dns; hotmail-com.olc.protection.outlook.com
Diagnostic-Code: smtp; %(reply)s

--b--
"""
BOUNCED = DSN % {b"action": b"failed", b"status": b"5.7.1", b"reply": DYNAMIC.encode()}
DELIVERED = DSN % {b"action": b"delivered", b"status": b"2.0.0", b"reply": b"250 2.0.0 OK"}


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(dynamic_world()) as server:
        yield server


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def run(captured: Captured, *args: str) -> tuple[int, str, str]:
    code = main(["diagnose", *args])
    out, err = captured.readouterr()
    return code, out, err


def document(captured: Captured, *args: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(captured, *args, "--format", "json")
    read: dict[str, Any] = json.loads(out)
    jsonschema.validate(read, diagnosis_schema())
    return code, read


def states(read: dict[str, Any]) -> dict[str, str]:
    return {cause["cause"]: cause["state"] for cause in read["causes"]}


def test_a_dynamic_name_is_the_cause(lab: LabDns, capsys: Captured) -> None:
    code, read = document(capsys, "--text", DYNAMIC, "--ip", "203.0.113.7", "--resolver", lab.address)
    assert code == 1
    assert read["causes"][0]["cause"] == "dynamic-ip/dynamic-ptr"
    assert read["causes"][0]["state"] == "confirmed"
    assert states(read)["dynamic-ip/pbl-listed"] == "ruled-out"
    assert "PTR" in read["causes"][0]["fix"]
    assert read["report"]["subject"]["ips"] == ["203.0.113.7"]
    (one,) = read["recipients"]
    assert (one["reply_code"], one["bounce"], one["category"]) == (550, "microsoft/DY-001", "dynamic-ip")


def test_the_fix_stands_first_on_the_page(lab: LabDns, capsys: Captured) -> None:
    args = ("--text", DYNAMIC, "--ip", "203.0.113.7", "--resolver", lab.address)
    _, out, err = run(capsys, *args)
    sections = ["Do this first", "Confirmed causes", "Ruled out", "What else to do"]
    assert sorted(sections, key=out.index) == sections
    assert "7.113.0.203.in-addr.arpa. PTR" in " ".join(out[: out.index("Confirmed causes")].split())
    assert "203-0-113-7.dyn.isp.example" in out
    assert "\x1b" not in out
    assert err.startswith("preflight: checking 203.0.113.7 with ")
    _, chinese, _ = run(capsys, *args, "--lang", "zh")
    assert "首先要做" in chinese
    assert "已证实的原因" in chinese
    assert not re.search("Do this first|Confirmed|Ruled out|What else|refused", chinese)


def test_a_plain_reply_is_explained(capsys: Captured) -> None:
    code, out, err = run(capsys, "--text", "550 5.7.1 hello")
    assert code == 0
    assert "550 5.7.1" in out
    assert "Do this first" in out
    assert err == ""


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "preflight", "diagnose", "--text", "550 5.7.1 hello"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", ["hello", "", "   ", "\x00", "x" * 100_000])
def test_what_no_bounce_is(text: str, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", text)
    assert code == 4
    assert "No bounce was recognised" in out


def test_without_an_address_the_option_is_named(capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", DYNAMIC)
    assert code == 0
    assert "Run it again with --ip" in out


def test_dead_name_servers_are_incomplete(capsys: Captured) -> None:
    args = ("--text", DYNAMIC, "--ip", "203.0.113.7", "--resolver", "127.0.0.1:1", "--timeout", "0.1")
    code, read = document(capsys, *args)
    assert code == 3
    assert set(states(read).values()) == {"undetermined"}


def test_no_run_asks_nobody(capsys: Captured) -> None:
    args = ("--text", DYNAMIC, "--ip", "203.0.113.7", "--resolver", "127.0.0.1:1", "--no-run")
    code, read = document(capsys, *args)
    assert code == 0
    assert read["report"] is None
    assert set(states(read).values()) == {"undetermined"}


def test_the_message_cannot_be_it_where_the_sender_was_refused(tmp_path: Path, capsys: Captured) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG.splitlines()[0].replace(DYNAMIC[:10], SPAM[:10]) + "\n")
    code, read = document(capsys, str(log))
    assert code == 0
    (ruled_out,) = (cause for cause in read["causes"] if cause["state"] == "ruled-out")
    assert "message/subject-trivial" in ruled_out["because"]
    assert "MAIL FROM" in ruled_out["fix"]
    assert read["report"] is None


def test_a_report_as_a_file_and_on_standard_input(
    lab: LabDns, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(BOUNCED)
    args = ("--ip", "203.0.113.7", "--resolver", lab.address)
    code, from_file = document(capsys, str(file), *args)
    assert code == 1
    assert from_file["recipients"][0]["recipient"] == "alice@hotmail.com"
    assert from_file["source"] == str(file)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BOUNCED)))
    code, from_input = document(capsys, "-", *args)
    assert code == 1
    assert from_input["recipients"] == from_file["recipients"]


def test_delivered_and_not_seen(lab: LabDns, tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "delivered.eml"
    file.write_bytes(DELIVERED)
    code, read = document(capsys, str(file))
    assert (code, read["kind"]) == (0, "delivered")
    assert len(read["causes"]) == 7
    assert read["recipients"][0]["category"] is None
    _, out, _ = run(capsys, str(file))
    assert "The inbox takes mail from known senders only" in out
    assert "Before you send a test message" in out
    code, read = document(capsys, str(file), "--ip", "198.51.100.77", "--resolver", lab.address)
    assert (code, states(read)["compromised-server"]) == (1, "confirmed")


def test_many_are_counted(lab: LabDns, tmp_path: Path, capsys: Captured) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG)
    code, out, err = run(capsys, str(log), "--ip", "203.0.113.7", "--resolver", lab.address)
    assert code == 1
    assert out.startswith("3 recipients refused, 2 codes\n  Read: 2 bounces, 1 delayed\n")
    assert re.search(r"microsoft/DY-001 +Microsoft +2 +2\n", out)
    assert "hotmail.com 1, msn.com 1" in out
    assert "@" not in out
    assert "Confirmed causes" in out
    assert err.startswith("preflight: counting bounces\n")


def test_many_as_lines_and_as_one_object(lab: LabDns, tmp_path: Path, capsys: Captured) -> None:
    log, file = tmp_path / "mail.log", tmp_path / "bounce.eml"
    log.write_text(LOG)
    file.write_bytes(BOUNCED)
    args = (str(log), str(file), "--ip", "203.0.113.7", "--resolver", lab.address)
    code, out, _ = run(capsys, *args, "--format", "jsonl")
    assert code == 1
    lines = [json.loads(line) for line in out.splitlines()]
    for line in lines:
        jsonschema.validate(line, diagnosis_schema())
    assert [line["recipients"][0]["bounce"] for line in lines] == [
        "microsoft/DY-001",
        "microsoft/DY-001",
        "microsoft/RP-001",
        "microsoft/DY-001",
    ]
    assert [line["source"] for line in lines[:3]] == [f"{log}:1", f"{log}:3", f"{log}:4"]
    code, read = document(capsys, *args)
    assert code == 1
    assert read["diagnoses"] == [
        line | {"report": one["report"]} for line, one in zip(lines, read["diagnoses"], strict=True)
    ]
    assert read["summary"]["recipients"] == 4
    assert read["summary"]["codes"][0]["bounce"] == "microsoft/DY-001"


def test_a_folder_without_a_bounce(tmp_path: Path, capsys: Captured) -> None:
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_bytes(b"From: a@example.com\nTo: b@example.com\nSubject: Lunch?\n\nAt noon.\n")
    code, out, _ = run(capsys, str(tmp_path))
    assert code == 4
    assert "2 no bounces" in out
    code, read = document(capsys, str(tmp_path))
    assert (code, read["summary"]["kinds"]) == (4, {"not-a-bounce": 2})


@pytest.mark.parametrize("args", [(), ("--format", "json"), ("--format", "jsonl")])
def test_an_empty_file(args: tuple[str, ...], tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty").write_bytes(b"")
    code, _, err = run(capsys, str(tmp_path / "empty"), *args)
    assert (code, err) == (4, "")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ((), "nothing to diagnose: give the bounce as a PATH, - for standard input, or --text with the reply"),
        (("x", "--text", "550"), "give a PATH or --text, not both"),
        (("-", "-"), "standard input can be read once; give - once"),
        (("no-such-file",), "no-such-file: no such file or folder"),
        (("--text", "550", "--ip", "nonsense"), "--ip 'nonsense' is no IP address"),
        (("--text", "550", "--config", "no-such.toml"), "no-such.toml: No such file or directory"),
        (("--text", "550", "--ignore", "ptr/mising"), "there is no check or rule 'ptr/mising'; did you mean"),
        (("--text", "550", "--format", "xml"), "Invalid value for '--format'"),
    ],
)
def test_errors_are_one_line(args: tuple[str, ...], problem: str, capsys: Captured) -> None:
    code, out, err = run(capsys, *args)
    assert (code, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1


def test_a_subject_of_the_configuration(lab: LabDns, tmp_path: Path, capsys: Captured) -> None:
    config = tmp_path / "preflight.toml"
    subject = '[[subject]]\nname = "{0}"\nip = ["203.0.113.{1}"]\n'
    resolver = f'[resolver]\nservers = ["{lab.address}"]\n'
    config.write_text(subject.format("one", 7) + resolver)
    code, read = document(capsys, "--text", DYNAMIC, "--config", str(config))
    assert (code, read["report"]["subject"]["name"]) == (1, "one")
    config.write_text(subject.format("one", 7) + subject.format("two", 25) + resolver)
    code, _, err = run(capsys, "--text", DYNAMIC, "--config", str(config))
    assert code == 2
    assert "has 2 subjects (one, two); say which one with --subject NAME" in err
    code, _ = document(capsys, "--text", DYNAMIC, "--config", str(config), "--subject", "two")
    assert code == 0


def test_hostile_text_stays_text(tmp_path: Path, capsys: Captured) -> None:
    reply = "550 DY-001 \x1b]0;owned\x07\u202e{curly} \\x1b <script> from 203.0.113.7"
    for args in (("--no-run",), ("--no-run", "--format", "json")):
        code, out, _ = run(capsys, "--text", reply, *args)
        assert code == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)


class Interrupted(io.RawIOBase):
    """Standard input that has a log, and then Ctrl-C."""

    def __init__(self, octets: bytes) -> None:
        self._octets = io.BytesIO(octets)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if count := self._octets.readinto(buffer):
            return count
        raise KeyboardInterrupt


@pytest.mark.parametrize("format_", ["terminal", "json", "jsonl"])
def test_ctrl_c_shows_what_was_counted(format_: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Interrupted(LOG.encode() * 400))))
    code, out, err = run(capsys, "-", "--no-run", "--format", format_)
    assert code == 130
    assert err.endswith("preflight: interrupted\n")
    if format_ == "terminal":
        assert re.match(r"[1-9][\d,]+ recipients refused, 2 codes\n", out)
    elif format_ == "json":
        assert json.loads(out)["summary"]["recipients"] > 500
    else:
        assert len([json.loads(line) for line in out.splitlines()]) > 500


@pytest.mark.parametrize("command", ["diagnose", "appeal"])
def test_a_file_that_asks_nobody_lets_nobody_be_connected_to(command: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "example.com.zone").write_text("@ SOA ns hostmaster 1 2 3 4 5\n")
    file = tmp_path / "preflight.toml"
    file.write_text(f'{CONTACT}\n[zones]\nfiles = ["example.com.zone"]\noffline = true\n')
    given = [command, "--text", DYNAMIC, "--config", str(file), "--ip", "192.0.2.25", "--server", "192.0.2.25"]
    assert main(given) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "preflight: --offline makes no connection; leave out --server, --probe, --probe-relay and --probe-outbound "
        "(192.0.2.25)\n"
    )
