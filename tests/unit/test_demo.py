"""`preflight demo`: its world, the two reports, and what it leaves the user with."""

import re
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from email import message_from_bytes
from email.policy import default
from importlib import resources
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import dns.message
import dns.query
import pytest

from preflight.bounces.catalogue import load_catalogue
from preflight.cli import main
from preflight.cli.common import Lang
from preflight.cli.demo import NEXT, demo, serve_world
from preflight.lab import LabDns
from preflight.lab.demo import demo_message, demo_subjects, demo_world
from preflight.net.addresses import parse_address, reverse_name, reversed_labels
from preflight.net.live import LiveSource
from preflight.policy import Verdict
from preflight.registry import load_registry
from preflight.report import Report, State
from preflight.runner import Run
from preflight.text import Language
from preflight_checks.blocklists.zones import Kind, Zone, load_zones
from tests.unit.lab_asking import ask, told


@pytest.fixture(scope="module")
def reports() -> tuple[Report, Report]:
    with LabDns(demo_world()) as server:
        bad, good = Run(demo_subjects(), LiveSource([server.address])).fly_blocking()
    return bad, good


def failed(report: Report) -> set[str]:
    return {judged.finding.rule for judged in report.findings if judged.finding.status == "fail"}


def states(report: Report, state: State) -> set[str]:
    return {row.bounce.id.removeprefix("microsoft/") for row in report.board if row.state is state}


def test_the_bad_server_is_a_no_go(reports: tuple[Report, Report]) -> None:
    bad, _ = reports
    assert bad.verdict is Verdict.NO_GO
    assert failed(bad) == {
        "ptr/not-forward-confirmed",
        "helo/ptr-mismatch",
        "mx/cname",
        "dynamic-ip/dynamic-ptr",
        "dynamic-ip/pbl-listed",
        "dnsbl/spamhaus-xbl",
        "message/subject-trivial",
        "message/body-too-small",
        "message/executable-attachment",
        "dkim/missing",
        "dmarc/missing",
        "dmarc/not-aligned",
        "spf/not-authorised",
        "spf/ptr-mechanism",
        "spf/helo-missing",
        "mta-sts/missing",
        "tls-rpt/missing",
    }
    assert states(bad, State.AT_RISK) == {
        "RP-001", "SC-001", "SC-003", "DY-001", "DY-002", "OU-001", "OU-002", "501-5.5.4",
    }  # fmt: skip
    assert states(bad, State.UNDETERMINED) == set()


def test_the_good_server_is_a_go(reports: tuple[Report, Report]) -> None:
    _, good = reports
    assert good.verdict is Verdict.GO
    assert failed(good) == set()
    assert states(good, State.CLEAR) == {  # SC-003 needs a look whether the server relays
        "RP-001", "SC-001", "DY-001", "DY-002", "OU-001", "OU-002", "501-5.5.4",
    }  # fmt: skip


def test_everything_could_be_told(reports: tuple[Report, Report]) -> None:
    for report in reports:
        assert [
            (judged.finding.rule, judged.finding.part, str(judged.finding.message))
            for judged in report.findings
            if judged.undecided
        ] == []


@pytest.mark.parametrize(
    ("zone", "kind"), [(zone, kind) for zone in load_zones().asked_by_default for kind in zone.kinds], ids=str
)
def test_each_list_that_the_check_asks_by_default_lives_here(zone: Zone, kind: Kind) -> None:
    """It lists its test point under codes that the check knows, and does not list the other one."""
    points = zone.points[kind]
    with LabDns(demo_world()) as server:
        listed, clear = (
            ask(server, f"{point if kind == 'domain' else reversed_labels(ip_address(point))}.{zone.name}")
            for point in (points.listed, points.clear)
        )
    seen = {IPv4Address(rdata.address) for rrset in listed.answer for rdata in rrset}
    assert seen
    assert [code for code in seen - zone.test_codes if not any(one.pattern.matches(code) for one in zone.codes)] == []
    assert told(clear)[0] == "NXDOMAIN"


def test_the_lists_of_the_world_are_those_that_are_asked() -> None:
    assert set(demo_world().blocklists) >= {
        "zen.spamhaus.org", "dbl.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rtype", "answer"),
    [
        ("mail.good.example", "A", "203.0.113.25"),
        ("mail.good.example", "AAAA", "2001:db8::25"),
        (reverse_name(parse_address("203.0.113.25")), "PTR", "mail.good.example"),
        (reverse_name(parse_address("2001:db8::25")), "PTR", "mail.good.example"),
        ("good.example", "MX", "10 mail.good.example"),
        ("mail.bad.example", "A", "198.51.100.77"),
        (reverse_name(parse_address("198.51.100.76")), "PTR", "198-51-100-76.dyn.isp.example"),
        (reverse_name(parse_address("198.51.100.77")), "PTR", "198-51-100-77.dyn.isp.example"),
        (reverse_name(parse_address("198.51.100.78")), "PTR", "198-51-100-78.dyn.isp.example"),
        ("bad.example", "MX", "10 mx.bad.example"),
        ("mx.bad.example", "CNAME", "mail.bad.example"),
    ],
)
def test_names_of_the_world(name: str, rtype: str, answer: str) -> None:
    with LabDns(demo_world()) as server:
        assert told(ask(server, name, rtype)) == ("NOERROR", "AA RA", [f"{name} {rtype} {answer}"])


@pytest.mark.parametrize(
    "name", ["host.invalid", "198-51-100-77.dyn.isp.example", "25.113.0.203.zen.spamhaus.org", "example.com"]
)
def test_names_that_the_world_does_not_have(name: str) -> None:
    with LabDns(demo_world()) as server:
        assert told(ask(server, name))[0] == "NXDOMAIN"


def test_the_world_has_no_file_that_nothing_reads() -> None:
    data = resources.files("preflight.lab") / "data"
    named = set(tomllib.loads((data / "world.toml").read_text(encoding="utf-8"))["zones"].values())
    assert {file.name for file in data.iterdir()} == {*named, "world.toml", "bad.eml", "good.eml"}


def test_the_messages() -> None:
    bad, good = demo_message("bad.eml").data, demo_message("good.eml").data
    assert b"\nSubject: test\n" in bad
    (attachment,) = message_from_bytes(bad, policy=default).iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()[:2]) == ("invoice.pdf.exe", b"MZ")
    parts = list(message_from_bytes(good, policy=default).iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert all(len(part.get_content()) > 2048 for part in parts)


def test_the_command_shows_both_reports_and_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    assert main(["demo", "--lang", "en"]) == 0
    out, _ = capsys.readouterr()
    places = [
        out.index(text)
        for text in (
            "set up badly",
            "NO-GO",
            "mail.bad.example",
            "set up well",
            "mail.good.example",
            "What to try next",
        )
    ]
    assert places == sorted(places)
    assert [line.strip() for line in out.splitlines() if line.startswith("    preflight ")] == list(NEXT)
    assert set(threading.enumerate()) == before


def test_the_command_speaks_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(lang=Lang.ZH) == 0
    assert "preflight codes DY-001" in capsys.readouterr().out


def test_what_it_says_to_try_exists() -> None:
    registry = load_registry()
    assert "ptr/missing" in registry.rules
    assert "microsoft/DY-001" in load_catalogue().bounces
    for command in NEXT:
        assert main([command.split()[1], "--help"]) == 0


def served_at(lines: list[str]) -> int:
    """The port of the demo's name server, from the commands that `--serve` shows."""
    commands = [line.split() for line in lines if "preflight check" in line]
    assert [words[2] for words in commands] == ["mail.bad.example", "mail.good.example"]
    assert [Path(words[-1]).name for words in commands] == ["bad.eml", "good.eml"]
    assert all(Path(words[-1]).is_file() for words in commands)
    ports = {re.fullmatch(r"127\.0\.0\.1:(\d+)", words[words.index("--resolver") + 1]) for words in commands}
    (port,) = {int(match[1]) for match in ports if match}
    query = dns.message.make_query("mail.bad.example", "A")
    assert len(dns.query.udp(query, "127.0.0.1", timeout=5, port=port).answer) == 1
    return port


def test_serving_lasts_as_long_as_the_wait(capsys: pytest.CaptureFixture[str]) -> None:
    ports: list[int] = []
    serve_world(Language(), lambda: ports.append(served_at(capsys.readouterr().out.splitlines())))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]), timeout=5)


def test_serving_until_ctrl_c() -> None:
    command = [sys.executable, "-W", "error", "-m", "preflight", "demo", "--serve", "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any("good.eml" in line for line in lines):
            lines.append(process.stdout.readline())
            assert lines[-1]
        served_at(lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
