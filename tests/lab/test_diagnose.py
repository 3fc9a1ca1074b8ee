"""`preflight diagnose` and `preflight appeal` through real daemons: unbound in front of knot and rbldnsd."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from preflight.render.schema import diagnosis_schema
from tests.lab.daemons import Lab
from tests.lab.test_main_job import HEAD, SPAMHAUS, ZONES
from tests.unit.diagnosis_samples import CONFIRMED, CONTACT

pytestmark = pytest.mark.lab

REPLY = "550 DY-001 Mail rejected by Outlook.com for policy reasons. We generally do not accept email from dynamic IPs."
DYNAMIC = ZONES | {
    "113.0.203.in-addr.arpa": HEAD + "25 PTR mail.good.example.\n7 PTR 203-0-113-7.dyn.isp.example.\n",
    "isp.example": HEAD + "203-0-113-7.dyn A 203.0.113.7\n",
}


def preflight(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "preflight", *args], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_dynamic_name_is_the_cause_of_dy_001_and_the_pbl_is_not(lab: Lab) -> None:
    with lab.running(DYNAMIC, SPAMHAUS) as resolver:
        args = ("diagnose", "--text", REPLY, "--ip", "203.0.113.7", "--resolver", resolver)
        page, document = preflight(*args), preflight(*args, "--format", "json")
    assert (page.returncode, document.returncode) == (1, 1)
    read = json.loads(document.stdout)
    jsonschema.validate(read, diagnosis_schema())
    states = {cause["cause"]: cause["state"] for cause in read["causes"]}
    assert states["dynamic-ip/dynamic-ptr"] == "confirmed"
    assert states["dynamic-ip/pbl-listed"] == "ruled-out"
    assert {cause for cause, state in states.items() if state == "confirmed"} == {"dynamic-ip/dynamic-ptr"}
    assert read["causes"][0]["cause"] == "dynamic-ip/dynamic-ptr"
    words = " ".join(page.stdout.split())
    assert words.index("7.113.0.203.in-addr.arpa. PTR") < words.index("Confirmed causes") < words.index("Ruled out")


def test_a_list_that_refuses_leaves_the_cause_open(lab: Lab) -> None:
    everything = "".join(f"{net}.0.0.0/8 :127.255.255.254:no\n" for net in range(1, 256))
    lists = SPAMHAUS | {"zen.spamhaus.org": [("ip4set", everything)]}
    reply = "550 OU-001 Mail rejected by Outlook.com for policy reasons."
    with lab.running(DYNAMIC, lists) as resolver:
        args = ("diagnose", "--text", reply, "--ip", "203.0.113.25", "--resolver", resolver, "--format", "json")
        done = preflight(*args)
    assert done.returncode == 3
    about = {cause["cause"]: cause["state"] for cause in json.loads(done.stdout)["causes"]}
    assert {about[f"dnsbl/spamhaus-{name}"] for name in ("sbl", "css", "xbl")} == {"undetermined"}


def test_a_request_is_written_for_a_good_server_and_not_for_a_dynamic_one(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "preflight.toml").write_text(CONTACT)
    config = str(tmp_path / "preflight.toml")
    with lab.running(DYNAMIC, SPAMHAUS) as resolver:
        args = ("appeal", "--text", REPLY, "--config", config, "--resolver", resolver, "--domain", "good.example")
        good = preflight(*args, "--ip", "203.0.113.25", "--helo", "mail.good.example", *CONFIRMED)
        bad = preflight(*args, "--ip", "203.0.113.7", "--helo", "mail.good.example", *CONFIRMED)
    assert (good.returncode, bad.returncode) == (0, 1), bad.stderr
    assert "IpAddresses: 203.0.113.25\n" in good.stdout
    assert "203.0.113.25 is not in Spamhaus PBL" in " ".join(good.stdout.split())
    assert "Fix this first" in bad.stdout
    assert "IssueTitle" not in bad.stdout
