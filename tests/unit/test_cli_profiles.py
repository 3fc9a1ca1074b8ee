"""`--profile` and `preflight profiles` as a user sees them, and many senders of one domain in one file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.cli import main
from preflight.lab import LabDns, World
from preflight.profiles import load_profile, profiles

Captured = pytest.CaptureFixture[str]
ZONE = """
@ SOA ns1 root 1 60 60 60 60
@ NS ns1
ns1 A 192.0.2.53
@ MX 10 mail
@ TXT "v=spf1 a:mail.example.com -all"
mail A 192.0.2.25
mail AAAA 2001:db8::25
mail TXT "v=spf1 a -all"
news TXT "v=spf1 ip6:2001:db8::/32 -all"
news MX 10 mail
shop TXT "v=spf1 ip4:198.51.100.0/24 -all"
shop MX 10 mail
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="module")
def lab() -> Iterator[LabDns]:
    world = World.from_zones({"example.com": ZONE})
    world.ptr("192.0.2.25", "mail.example.com.")
    world.ptr("2001:db8::25", "mail.example.com.")
    with LabDns(world) as server:
        yield server


def reported(captured: Captured, *args: str) -> Any:
    code = main(["check", *args, "--format", "json"])
    return code, json.loads(captured.readouterr().out)


def severities(report: Any) -> dict[str, str]:
    return {one["rule"]: one["severity"] for one in report["findings"]}


class TestChecking:
    """The domain has SPF and no DMARC record."""

    ARGS = ("mail.example.com", "--select", "dmarc/missing", "--select", "spf/missing", "--resolver")

    def test_without_a_profile(self, lab: LabDns, capsys: Captured) -> None:
        code, report = reported(capsys, *self.ARGS, lab.address)
        assert (code, report["profile"]) == (0, None)
        assert severities(report)["dmarc/missing"] == "warning"

    @pytest.mark.parametrize("name", ["gmail", "yahoo", "outlook", "strict"])
    def test_a_bulk_sender_is_assumed(self, name: str, lab: LabDns, capsys: Captured) -> None:
        code, report = reported(capsys, *self.ARGS, lab.address, "--profile", name)
        assert (code, report["profile"]) == (1, name)
        assert severities(report)["dmarc/missing"] == "error"
        assert {row["bounce"] for row in report["board"]} == load_profile(name).board

    def test_others_are_asked_for_less(self, lab: LabDns, capsys: Captured) -> None:
        code, report = reported(capsys, *self.ARGS, lab.address, "--profile", "gmail", "--no-bulk")
        assert (code, report["profile"]) == (0, "gmail")
        assert severities(report)["dmarc/missing"] == "warning"
        on_board = {row["bounce"] for row in report["board"]}
        assert "google/5.7.26" in on_board
        assert "google/x.7.40" not in on_board

    def test_the_report_says_whose_demands_these_are(self, lab: LabDns, capsys: Captured) -> None:
        assert main(["check", *self.ARGS, lab.address, "--profile", "gmail", "--no-bulk"]) == 0
        assert "  judged for  Gmail, of senders of fewer than 5,000 messages a day\n" in capsys.readouterr().out

    @pytest.mark.parametrize("form", ["html", "markdown"])
    def test_so_do_pages(self, form: str, lab: LabDns, capsys: Captured) -> None:
        assert main(["check", *self.ARGS, lab.address, "--profile", "gmail", "--no-bulk", "--format", form]) == 0
        page = capsys.readouterr().out
        told = re.sub(r"<[^>]+>|[*`]", " ", page[page.index("judged for") :].replace("</dd>", "\n")).partition("\n")[0]
        assert re.sub(r"[ :]+", " ", told).strip() == (
            "judged for Gmail, of senders of fewer than 5,000 messages a day"
        )

    @pytest.mark.parametrize(
        ("options", "severity"),
        [([], "warning"), (["--bulk"], "error"), (["--profile", "163"], "warning"), (["--profile", "strict"], "error")],
    )
    def test_options_stand_above_the_file(
        self, options: list[str], severity: str, lab: LabDns, capsys: Captured, tmp_path: Path
    ) -> None:
        file = tmp_path / "preflight.toml"
        file.write_text('[policy]\nprofile = "gmail"\nbulk = false\n')
        _, report = reported(capsys, *self.ARGS, lab.address, "--config", str(file), *options)
        assert severities(report)["dmarc/missing"] == severity

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (
                ["--profile", "gmial"],
                "there is no profile 'gmial'; profiles: 163, gmail, outlook, qq, yahoo, strict; did",
            ),
            (["--profile", ""], "there is no profile ''"),
            (["--no-bulk"], "--no-bulk goes with --profile"),
            (["--bulk"], "--bulk goes with --profile"),
        ],
    )
    def test_slips(self, options: list[str], words: str, capsys: Captured) -> None:
        assert main(["check", "--ip", "192.0.2.25", *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"preflight: {words}")
        assert err.count("\n") == 1

    def test_a_broken_value_in_the_file(self, capsys: Captured, tmp_path: Path) -> None:
        file = tmp_path / "preflight.toml"
        file.write_text('[policy]\nprofile = "gmail"\nbulk = "no"\n')
        assert main(["check", "--ip", "192.0.2.25", "--config", str(file)]) == 2
        assert "policy.bulk: Expected bool, got str" in capsys.readouterr().err


def test_a_message_is_judged_for_a_receiver(capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "news.eml"
    file.write_text(
        "From: News <news@example.com>\nTo: a@example.net\nSubject: The news of November\nPrecedence: bulk\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.com>\n\n" + "A line of news.\n" * 200
    )
    codes = {}
    for options in ([], ["--profile", "gmail"], ["--profile", "gmail", "--no-bulk"]):
        code = main(["message", str(file), "--format", "json", *options])
        report = json.loads(capsys.readouterr().out)
        failed = {one["rule"]: one["severity"] for one in report["findings"] if one["status"] == "fail"}
        codes[" ".join(options)] = (code, report["profile"], failed.get("message/list-unsubscribe"))
    assert codes == {
        "": (0, None, "warning"),
        "--profile gmail": (1, "gmail", "error"),
        "--profile gmail --no-bulk": (0, "gmail", "warning"),
    }


def test_the_demo_takes_a_profile(capsys: Captured) -> None:
    assert main(["demo", "--profile", "yahoo", "--lang", "en"]) == 0
    assert capsys.readouterr().out.count("judged for  Yahoo and AOL, of senders of 5,000 messages a day and more") == 2


class TestListing:
    def test_all(self, capsys: Captured) -> None:
        assert main(["profiles", "--lang", "en"]) == 0
        out = capsys.readouterr().out
        assert [line.split()[0] for line in out.splitlines()[: len(profiles())]] == list(profiles())
        assert "with --no-bulk only what is asked of everybody counts" in " ".join(out.split())

    def test_one(self, capsys: Captured) -> None:
        assert main(["profiles", "GMAIL", "--lang", "en"]) == 0
        out = capsys.readouterr().out
        assert "  dkim/missing  error in bulk  The message is signed with DKIM\n" in out
        assert "  Source: Google, Email sender guidelines." in out
        assert all(len(line) <= 80 for line in out.splitlines() if "https://" not in line)

    def test_in_chinese(self, capsys: Captured) -> None:
        assert main(["profiles", "163", "--lang", "zh"]) == 0
        out = capsys.readouterr().out
        assert "信封发件人必须与信头 From 一致：554 DT:SUM。" in out
        assert "来源：网易帮助中心" in out

    def test_as_json(self, capsys: Captured) -> None:
        assert main(["profiles", "--format", "json", "--lang", "en"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert [one["name"] for one in listed] == list(profiles())
        gmail = next(one for one in listed if one["name"] == "gmail")
        assert gmail["board"] == sorted(gmail["board"], key=gmail["board"].index)
        (missing,) = (one for one in gmail["demands"] if one["rule"] == "dkim/missing")
        assert missing == {
            "rule": "dkim/missing",
            "severity": None,
            "bulk": "error",
            "reason": "Senders in bulk must sign with DKIM (5.7.30).",
            "source": "Google, Email sender guidelines. https://support.google.com/a/answer/81126",
        }

    def test_none_of_that_name(self, capsys: Captured) -> None:
        assert main(["profiles", "hotmial"]) == 2
        assert capsys.readouterr().err.startswith("preflight: there is no profile 'hotmial'; profiles: 163, gmail,")


SENDERS = """
[[subject]]
name = "office"
host = "mail.example.com"
mail-from = ["office@example.com", "<>"]

[[subject]]
name = "newsletter"
ip = ["2001:db8::25"]
helo = "mail.example.com"
domain = "example.com"
mail-from = ["bounces@news.example.com", "news.example.com"]

[[subject]]
name = "shop"
ip = ["192.0.2.25", "2001:db8::25"]
helo = "mail.example.com"
domain = "example.com"
mail-from = ["orders@shop.example.com", "office@example.com"]
"""


def test_many_senders_of_one_domain(lab: LabDns, capsys: Captured, tmp_path: Path) -> None:
    """Each envelope sender is judged for each address it is sent from, over IPv6 too, bounces by the HELO name."""
    file = tmp_path / "preflight.toml"
    file.write_text(SENDERS)
    code, run = reported(capsys, "--config", str(file), "--select", "spf/not-authorised", "--resolver", lab.address)
    assert code == 1
    found = {
        report["subject"]["name"]: {one["part"]: one["status"] for one in report["findings"]}
        for report in run["reports"]
    }
    assert {name: sorted(parts.values()) for name, parts in found.items()} == {
        "office": ["pass"] * 4,  # two senders, IPv4 and IPv6
        "newsletter": ["pass", "pass"],
        "shop": ["fail", "fail", "pass", "pass"],  # the shop's own sub-domain lets others send
    }
    assert {part for part, status in found["shop"].items() if status == "fail"} <= {
        part for part in found["shop"] if "shop.example.com" in part
    }
    assert [report["verdict"] for report in run["reports"]] == ["go", "go", "no-go"]
