"""SpamAssassin as a second opinion, with a stand-in for the program: its report, its absence, its failures."""

import json
from pathlib import Path
from typing import Any

import pytest

from preflight.check import Settings
from preflight.cli import main
from preflight.subject import MessageSource, Subject
from preflight.testing import report_of
from preflight_checks.mailfile.spamassassin import Hit, Opinion, read_report
from preflight_checks.message import CHECK, MessageOptions
from tests.unit.message_samples import letter

REPORT = """From: somebody
Content analysis details:   (99.0 points, 5.0 required)

 9.9 QUOTED_BY_THE_MAIL     not ours

Content analysis details:   (2.3 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 1.2 MISSING_HEADERS        Missing To: header
 1.1 HTML_ONLY              BODY: Message only has text/html
"""


def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> dict[str, tuple[str, str]]:
    """What the rule says with a program of that name alone on the path: part → status and message."""
    if script:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    tools = tmp_path / "tools"  # and not /usr/bin, where there may be a real one
    tools.mkdir(exist_ok=True)
    if not (tools / "cat").exists():
        (tools / "cat").symlink_to("/bin/cat")
    monkeypatch.setenv("PATH", f"{tmp_path}:{tools}")
    settings = Settings(options={"message": MessageOptions(spamassassin=True)})
    subject = Subject(message=MessageSource("mail.eml", letter()))
    report = report_of(CHECK, subject, {}, settings=settings)
    return {
        one.finding.part: (one.finding.status.value, str(one.finding.message))
        for one in report.findings
        if one.finding.rule == "message/spamassassin"
    }


def test_a_report_is_read() -> None:
    assert read_report(REPORT) == Opinion(
        2.3, 5.0,
        (
            Hit("NO_RELAYS", 0.0, "Informational: message was not relayed via SMTP"),
            Hit("MISSING_HEADERS", 1.2, "Missing To: header"),
            Hit("HTML_ONLY", 1.1, "BODY: Message only has text/html"),
        ),
    )  # fmt: skip
    whole = "(1000.0 points, 5.0 required)\n1000 GTUBE                  BODY: Generic Test\n"
    assert read_report(whole) == Opinion(1000.0, 5.0, (Hit("GTUBE", 1000.0, "BODY: Generic Test"),))
    assert read_report("6.1/5.0\n") == Opinion(6.1, 5.0, ())
    assert read_report("nothing") is None
    assert read_report("0/0\n") is None  # spamc, where no spamd answers


@pytest.mark.parametrize("name", ["spamassassin", "spamc"])
def test_its_hits_are_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report").write_text(REPORT)
    script = f'cat > {tmp_path}/asked; echo "$@" > {tmp_path}/arguments; cat {tmp_path}/report'
    assert found(tmp_path, monkeypatch, name, script) == {
        "MISSING_HEADERS": ("fail", "SpamAssassin gives 1.2 points for MISSING_HEADERS: Missing To: header"),
        "HTML_ONLY": ("fail", "SpamAssassin gives 1.1 points for HTML_ONLY: BODY: Message only has text/html"),
        "message": ("pass", "SpamAssassin gives 2.3 points; 5 make it spam"),
    }
    assert (tmp_path / "asked").read_bytes() == letter()
    local = {"spamassassin": "-L -t", "spamc": "-R -d 127.0.0.1"}[name]
    assert (tmp_path / "arguments").read_text().strip() == local


def test_what_it_calls_spam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "cat > /dev/null; echo '(7.5 points, 5.0 required)'"
    assert found(tmp_path, monkeypatch, "spamassassin", script) == {
        "message": ("fail", "SpamAssassin calls the message spam: 7.5 points, 5 are enough")
    }


def test_its_absence_and_its_failure_are_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(tmp_path, monkeypatch, "spamassassin", "") == {
        "message": ("inconclusive", "SpamAssassin is not installed on this machine")
    }
    assert found(tmp_path, monkeypatch, "spamassassin", "cat > /dev/null; exit 3") == {
        "message": ("inconclusive", "spamassassin -L -t gave no report")
    }
    (tmp_path / "spamassassin").write_bytes(b"no program")
    assert found(tmp_path, monkeypatch, "other", "true")["message"][0] == "inconclusive"


@pytest.mark.parametrize("command", [["check", "--select", "message", "--message"], ["message"]])
def test_the_option(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mail.eml").write_bytes(letter())
    monkeypatch.setenv("PATH", str(tmp_path))
    rules: dict[str, Any] = {}
    for more in ([], ["--spamassassin"]):
        assert main([*command, str(tmp_path / "mail.eml"), *more, "--format", "json"]) == 0
        report = json.loads(capsys.readouterr().out)
        rules[str(more)] = {one["rule"] for one in report["findings"]}
    assert rules["['--spamassassin']"] - rules["[]"] == {"message/spamassassin"}
