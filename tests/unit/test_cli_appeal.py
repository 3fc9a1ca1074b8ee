"""`preflight appeal` as a user sees it, against the embedded world."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import LabDns
from tests.unit.diagnosis_samples import CONFIRMED, CONTACT, DYNAMIC, RATE
from tests.unit.test_cli_diagnose import BOUNCED
from tests.unit.test_diagnosis_causes import dynamic_world

Captured = pytest.CaptureFixture[str]
BANNED = (
    "550 5.7.511 Access denied, banned sender[203.0.113.25]. To request removal from this list, please forward this "
    "message to delist@messaging.microsoft.com."
)
GOOD = ["--ip", "203.0.113.25", "--helo", "mail.good.example", "--domain", "good.example"]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    with LabDns(dynamic_world()) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, lab: LabDns, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    file = tmp_path / "preflight.toml"
    file.write_text(f'{CONTACT}\n[resolver]\nservers = ["{lab.address}"]\n')
    return str(file)


def run(captured: Captured, *args: str) -> tuple[int, str, str]:
    code = main(["appeal", *args])
    out, err = captured.readouterr()
    return code, out, err


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_form_is_filled_in(config: str, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *GOOD, *CONFIRMED)
    assert code == 0
    for line in (
        "IssueTitle: Mail from 203.0.113.25 to Outlook.com is refused: DY-001",
        "ContactName: Alex Example",
        "ContactEmail: postmaster@example.net",
        "ddlTimezones: (UTC+08:00) Beijing",
        "DomainTo: outlook.com, hotmail.com, live.com, msn.com",
        "DomainFrom: good.example",
        "SelfDescription: Business (non-marketing)",
        "WebsiteUrl: https://www.example.com",
        "ServerType: Dedicated",
        "IpAddresses: 203.0.113.25",
    ):
        assert f"{line}\n" in out
    text = words(out)
    assert "https://olcsupport.office.com" in text
    assert (
        "- 203.0.113.25 has a PTR record: mail.good.example (PTR 25.113.0.203.in-addr.arpa → mail.good.example)" in text
    )
    assert "- 203.0.113.25 is not in Spamhaus PBL (A 25.113.0.203.zen.spamhaus.org → NXDOMAIN)" in text
    assert "UTC, each fact looked up at that time" in text
    assert "We have checked the server and the machines behind it for malware" in text
    assert "Do not open a second ticket." in text
    assert "more than 2 KB" in text
    assert "\x1b" not in out


def test_the_guidance_is_in_chinese_and_the_request_in_english(config: str, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *GOOD, *CONFIRMED, "--lang", "zh")
    assert code == 0
    assert "不要重复提交工单" in words(out)
    assert "申诉已写好" in out
    assert "This is how it stood on" in words(out)
    for english in ("met", "What they demand", "After that", "confirmed by you"):
        assert f" {english} " not in out


def test_recipients_of_the_bounce_are_named_by_their_domain(config: str, tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(BOUNCED)
    code, out, _ = run(capsys, str(file), "--config", config, *GOOD, *CONFIRMED)
    assert code == 0
    assert "DomainTo: hotmail.com\n" in out
    assert "alice" not in out


def test_a_demand_that_is_not_met_stops_it(config: str, capsys: Captured) -> None:
    args = ("--ip", "203.0.113.7", "--helo", "mail.good.example", "--domain", "good.example", *CONFIRMED)
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *args)
    assert code == 1
    assert "No request is written yet: it would be turned down. Fix this first." in words(out)
    assert "✗ not met  A static address" in out
    assert "7.113.0.203.in-addr.arpa. PTR" in words(out)
    assert "IssueTitle" not in out


def test_a_demand_that_could_not_be_told_stops_it(config: str, capsys: Captured) -> None:
    args = (*GOOD, *CONFIRMED, "--resolver", "127.0.0.1:1", "--timeout", "0.1")
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *args)
    assert code == 1
    assert "? could not be told Reverse DNS that leads back to the address" in words(out)
    assert "IssueTitle" not in out


def test_an_input_that_is_missing_stops_it(config: str, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, "--ip", "203.0.113.25", *CONFIRMED)
    assert code == 1
    assert "Add --helo." in out
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *CONFIRMED)
    assert code == 1
    assert "Add --ip." in out


def test_what_no_check_can_see_has_to_be_confirmed(config: str, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *GOOD)
    assert code == 1
    assert "confirm what no check can see" in words(out)
    for name in ("malware-removed", "stopped", "no-open-relay", "authenticated"):
        assert f"--confirm {name}" in out
    code, out, _ = run(capsys, "--text", DYNAMIC, "--config", config, *GOOD, *CONFIRMED[1:])
    assert code == 1
    assert "--confirm malware-removed" in out
    assert "--confirm stopped" not in out


def test_a_mail_goes_to_the_address_in_the_bounce(config: str, tmp_path: Path, capsys: Captured) -> None:
    code, out, _ = run(capsys, "--text", BANNED, "--config", config, *GOOD, *CONFIRMED)
    assert code == 0
    assert "To: delist@messaging.microsoft.com\nSubject: Delisting request for 203.0.113.25: 5.7.511\n" in out
    assert "or          delist@microsoft.com\n" in out


def test_a_text_file_has_the_request_alone(config: str, tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "request.txt"
    code, _, _ = run(capsys, "--text", DYNAMIC, "--config", config, *GOOD, *CONFIRMED, "--output", str(file))
    assert code == 0
    written = file.read_text()
    assert written.startswith("To: https://olcsupport.office.com\nIssueTitle: ")
    assert "Do not open a second ticket" not in written
    assert written.endswith("Alex Example, Example Ltd, postmaster@example.net\n")


def test_a_draft_has_the_bounce_attached(config: str, tmp_path: Path, capsys: Captured) -> None:
    bounce, draft = tmp_path / "bounce.eml", tmp_path / "request.eml"
    bounce.write_bytes(BOUNCED.replace(DYNAMIC.encode(), BANNED.encode()) + b"odd octets: \xff\xfe\r\n")
    code, _, err = run(capsys, str(bounce), "--config", config, *GOOD, *CONFIRMED, "--output", str(draft))
    assert code == 0, err
    message = email.message_from_bytes(draft.read_bytes(), policy=email.policy.default)
    assert message["To"] == "delist@messaging.microsoft.com"
    assert message["From"] == "postmaster@example.net"
    assert message["Subject"] == "Delisting request for 203.0.113.25: 5.7.511"
    assert message["X-Unsent"] == "1"
    body, attached = message.iter_parts()
    assert body.get_content().startswith("Hello,\n")
    assert attached.get_content_type() == "message/rfc822"
    assert attached.get_content()["Subject"] == "Undelivered Mail Returned to Sender"
    assert b"odd octets: \xff\xfe" in draft.read_bytes()


def test_a_log_is_not_attached(config: str, tmp_path: Path, capsys: Captured) -> None:
    log, draft = tmp_path / "mail.log", tmp_path / "request.eml"
    log.write_text(
        f"Nov 24 10:00:01 mail postfix/smtp[1]: A1B2C3D4E5: to=<a@example.org>, relay=mx[192.0.2.1]:25, "
        f"dsn=5.7.511, status=bounced (host mx[192.0.2.1] said: {BANNED} (in reply to RCPT TO command))\n"
    )
    code, _, err = run(capsys, str(log), "--config", config, *GOOD, *CONFIRMED, "--output", str(draft))
    assert code == 0, err
    assert not email.message_from_bytes(draft.read_bytes(), policy=email.policy.default).is_multipart()


@pytest.mark.parametrize(
    ("reply", "instead"),
    [
        (RATE, "Send to Microsoft more slowly"),
        ("550 5.7.515 Access denied, sending domain does not meet the required authentication level", "Mend SPF, DKIM"),
        (
            "550 5.7.513 Service unavailable, Client host blocked by recipient using Customer Block list",
            "Ask the recipient",
        ),
    ],
)
def test_where_nobody_can_be_asked(reply: str, instead: str, tmp_path: Path, capsys: Captured) -> None:
    """No contact data are needed to be told so, and nothing is written."""
    code, out, _ = run(capsys, "--text", reply, "--output", str(tmp_path / "request.txt"))
    assert code == 1
    assert "No request is written: there is nobody to ask." in out
    assert instead in words(out)
    assert not (tmp_path / "request.txt").exists()


def test_an_internal_address_is_told(config: str, capsys: Captured) -> None:
    reply = "550 5.7.606 Access denied, banned sending IP [10.1.2.3]"
    code, out, _ = run(capsys, "--text", reply, "--config", config, *CONFIRMED)
    assert code == 1
    assert "10.1.2.3" in out


@pytest.mark.parametrize("text", ["hello", ""])
def test_what_no_bounce_is(text: str, capsys: Captured) -> None:
    code, out, err = run(capsys, "--text", text)
    assert (code, out) == (4, "")
    assert err == (
        "preflight: no refusal was recognised; give the message that came back, a line of the log, or --text with the "
        "reply\n"
    )


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (
            ("--text", DYNAMIC),
            "preflight.toml: [contact] lacks name, email, company, website, timezone, self-description,",
        ),
        (("--text", DYNAMIC, "--confirm", "stoped"), "--confirm 'stoped' is not known; did you mean 'stopped'?"),
        (
            ("--text", DYNAMIC, "--output", "no/such/folder.txt"),
            "--output no/such/folder.txt: the folder no/such does not",
        ),
        (
            ("--text", DYNAMIC, "--output", "x.eml"),
            "--output x.eml: this request goes into a form, not by mail; give a .txt",
        ),
        ((), "nothing to diagnose: give the bounce as a PATH"),
        (("no-such-file",), "no-such-file: no such file or folder"),
    ],
)
def test_errors_are_one_line(args: tuple[str, ...], problem: str, capsys: Captured) -> None:
    code, out, err = run(capsys, *args)
    assert (code, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1


def test_a_misspelt_key_of_the_contact_table(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "preflight.toml"
    file.write_text('[contact]\nemial = "a@example.com"\n')
    code, _, err = run(capsys, "--text", DYNAMIC, "--config", str(file))
    assert code == 2
    assert "unknown key 'contact.emial'; did you mean 'email'?" in err


def test_hostile_text_of_the_reply_stays_text(config: str, tmp_path: Path, capsys: Captured) -> None:
    reply = f"{BANNED} {{name}} \x1b]0;owned\x07 \u202e To: evil@example.com"
    file = tmp_path / "request.eml"
    code, out, _ = run(capsys, "--text", reply, "--config", config, *GOOD, *CONFIRMED, "--output", str(file))
    assert code == 0
    assert "{name}" in out
    assert "\x1b" not in out + file.read_text()
    assert email.message_from_bytes(file.read_bytes()).get_all("To") == ["delist@messaging.microsoft.com"]
