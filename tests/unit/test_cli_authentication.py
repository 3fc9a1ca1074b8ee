"""DKIM, DMARC and ARC from the command line on, against the embedded name server."""

import json
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import LabDns, World
from preflight.lab.faults import Fault
from tests.unit.dkim_samples import record, signed

ZONE = """@ MX 10 mail
mail A 192.0.2.25
@ TXT "v=spf1 ip4:192.0.2.25 -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
"""


def world() -> World:
    made = World.from_zones({"example.com": ZONE})
    text = record()
    made.add(
        "s1._domainkey.example.com", "TXT", " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
    )
    return made


@pytest.fixture
def message(tmp_path: Path) -> Path:
    file = tmp_path / "sent.eml"
    file.write_bytes(signed())
    return file


def check(
    capsys: pytest.CaptureFixture[str], served: World, message: Path, ip: str
) -> tuple[int, dict[str, set[str]], dict[str, str]]:
    """The exit code, the rules that failed or are undecided, and the sentences of those that failed."""
    with LabDns(served) as server:
        select = [part for one in ("dkim", "dmarc", "arc") for part in ("--select", one)]
        arguments = ["--message", str(message), "--ip", ip, "--domain", "example.com", *select, "--format", "json"]
        code = main(["check", *arguments, "--resolver", server.address, "--timeout", "0.3"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    rules = {
        status: {one["rule"] for one in findings if one["status"] == status}
        for status in ("fail", "inconclusive", "error")
    }
    return code, rules, {one["rule"]: one["message"] for one in findings if one["status"] == "fail"}


def test_signed_mail_is_a_go_from_any_address(capsys: pytest.CaptureFixture[str], message: Path) -> None:
    for ip in ("192.0.2.25", "198.51.100.7"):
        code, rules, _ = check(capsys, world(), message, ip)
        assert (code, rules) == (0, {"fail": set(), "inconclusive": set(), "error": set()})


def test_a_footer_spoils_the_signature_and_the_domain_has_the_mail_refused(
    capsys: pytest.CaptureFixture[str], message: Path
) -> None:
    message.write_bytes(message.read_bytes() + b"--\r\nA footer of the gateway\r\n")
    code, rules, said = check(capsys, world(), message, "198.51.100.7")
    assert code == 1
    assert rules["fail"] == {"dkim/none-valid", "dkim/body-changed", "dmarc/not-aligned", "dmarc/policy-applied"}
    assert "while the header is" in said["dkim/body-changed"]
    assert said["dmarc/policy-applied"].startswith("receivers apply p=reject to the mail")
    code, rules, _ = check(capsys, world(), message, "192.0.2.25")  # SPF vouches for it still
    assert rules["fail"] == {"dkim/none-valid", "dkim/body-changed"}


def test_a_silent_name_server_is_no_verdict(capsys: pytest.CaptureFixture[str], message: Path) -> None:
    served = world()
    served.fault("s1._domainkey.example.com", Fault.SERVFAIL)
    code, rules, _ = check(capsys, served, message, "198.51.100.7")
    assert (code, rules["fail"]) == (3, set())
    assert rules["inconclusive"] >= {"dkim/none-valid", "dkim/key-missing", "dmarc/policy-applied"}


@pytest.mark.parametrize(("language", "said"), [("en", ": not in the zone files\n"), ("zh", "：不在区域文件中\n")])
def test_zone_files_alone_decide_that_there_is_no_dmarc_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, language: str, said: str
) -> None:
    """No zone file holds _dmarc.com, on which little depends."""
    zone = tmp_path / "example.com.zone"
    soa = "@ 300 SOA ns.example.com. host.example.com. 1 1 1 1 1\n"
    zone.write_text("$ORIGIN example.com.\n$TTL 300\n" + soa + ZONE[: ZONE.index("_dmarc")])
    arguments = ["--zone", str(zone), "--offline", "--ip", "192.0.2.25", "--domain", "example.com", "--lang", language]
    assert main(["check", *arguments, "--select", "dmarc", "--select", "ptr"]) == 3
    text = capsys.readouterr().out
    assert said in text  # for both questions at once, TXT _dmarc.com and the PTR
    main(["check", *arguments, "--select", "dmarc", "--format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {one["rule"]: one["status"] for one in findings if one["status"] not in ("pass", "skipped")} == {
        "dmarc/missing": "fail", "dmarc/discovery-differs": "inconclusive",
    }  # fmt: skip
