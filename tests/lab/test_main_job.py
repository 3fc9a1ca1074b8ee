"""`preflight check` through real daemons: unbound in front of knot and rbldnsd."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.lab.daemons import Lab, free_port

pytestmark = pytest.mark.lab

HEAD = "@ SOA ns1 root 1 60 60 60 60\n@ NS ns1\nns1 A 127.0.0.1\n"
ZONES = {
    "good.example": HEAD
    + '@ MX 10 mail\n@ TXT "v=spf1 mx -all"\nmail A 203.0.113.25\nmail AAAA 2001:db8::25\nmail TXT "v=spf1 a -all"\n'
    '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:reports@good.example"\n',
    "bad.example": HEAD + "@ MX 10 mx\nmx CNAME mail\nmail A 198.51.100.77\n",
    "isp.example": HEAD + "198-51-100-77.dyn A 198.51.100.77\n",
    "113.0.203.in-addr.arpa": HEAD + "25 PTR mail.good.example.\n",
    "100.51.198.in-addr.arpa": HEAD + "77 PTR 198-51-100-77.dyn.isp.example.\n",
    "8.b.d.0.1.0.0.2.ip6.arpa": HEAD + "5.2" + ".0" * 22 + " PTR mail.good.example.\n",
}
ZEN4 = (
    "127.0.0.2 :127.0.0.2:test\n127.0.0.2 :127.0.0.4:test\n127.0.0.2 :127.0.0.10:test\n"
    "198.51.100.77 :127.0.0.4:https://check.spamhaus.org/query/ip/198.51.100.77\n"
    "198.51.100.77 :127.0.0.11:https://check.spamhaus.org/query/ip/198.51.100.77\n"
)
ZEN6 = "::ffff:127.0.0.2 :127.0.0.2:test\n2001:db8:bad::/48 :127.0.0.3:listed\n"
DBL = ":127.0.1.2:test\ndbltest.com\ntest\nbad.example :127.0.1.4:phish\n"
SPAMHAUS = {
    "zen.spamhaus.org": [("ip4set", ZEN4), ("ip6trie", ZEN6)],
    "dbl.spamhaus.org": [("dnset", DBL)],
}


def check(resolver: str, *args: str) -> tuple[dict[tuple[str, str], str], dict[str, Any]]:
    """Run the main job; the value is `{(rule, part): status}` and the whole report."""
    result = subprocess.run(
        [sys.executable, "-m", "preflight", "check", *args, "--resolver", resolver, "--format", "json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    report = json.loads(result.stdout)
    assert {"go": 0, "no-go": 1, "incomplete": 3}[report["verdict"]] == result.returncode
    return {(one["rule"], one["part"]): one["status"] for one in report["findings"]}, report


def test_a_good_server_and_a_bad_one(lab: Lab) -> None:
    with lab.running(ZONES, SPAMHAUS) as resolver:
        good, _ = check(resolver, "mail.good.example")
        bad, report = check(resolver, "mail.bad.example")
    for ip in ("203.0.113.25", "2001:db8::25"):
        for rule in ("ptr/missing", "ptr/not-forward-confirmed", "dynamic-ip/dynamic-ptr", "dynamic-ip/pbl-listed"):
            assert good[rule, ip] == "pass"
        for rule in ("sbl", "css", "xbl", "drop"):
            assert good[f"dnsbl/spamhaus-{rule}", ip] == "pass"
    assert {good["spf/not-authorised", f"{ip} for good.example"] for ip in ("203.0.113.25", "2001:db8::25")} == {"pass"}
    optional = ("dnsbl/list", "mta-sts/missing", "tls-rpt/missing")
    assert "fail" not in {status for (rule, _), status in good.items() if not rule.startswith(optional)}
    assert bad["ptr/not-forward-confirmed", "198.51.100.77"] == "pass"
    assert bad["dynamic-ip/dynamic-ptr", "198.51.100.77"] == "fail"
    assert bad["dynamic-ip/pbl-listed", "198.51.100.77"] == "fail"
    assert bad["dnsbl/spamhaus-xbl", "198.51.100.77"] == "fail"
    assert bad["dnsbl/spamhaus-sbl", "198.51.100.77"] == "pass"
    assert bad["helo/ptr-mismatch", "198.51.100.77"] == "fail"
    assert bad["mx/cname", "mx.bad.example"] == "fail"
    assert bad["dnsbl/domain-listed", "bad.example on dbl.spamhaus.org"] == "fail"
    assert report["verdict"] == "no-go"
    states = {row["bounce"]: row["state"] for row in report["board"]}
    assert states["microsoft/DY-001"] == states["microsoft/DY-002"] == states["microsoft/OU-001"] == "at-risk"


def test_an_ipv6_address_on_the_list_is_found_by_its_nibbles(lab: Lab) -> None:
    with lab.running(ZONES, SPAMHAUS) as resolver:
        found, _ = check(resolver, "--ip", "2001:db8:bad::1", "--ip", "2001:db8::25", "--select", "dnsbl")
    assert found["dnsbl/spamhaus-css", "2001:db8:bad::1"] == "fail"
    assert found["dnsbl/spamhaus-css", "2001:db8::25"] == "pass"
    assert found["dnsbl/spamhaus-sbl", "2001:db8:bad::1"] == "pass"


@pytest.mark.parametrize("answer", ["127.255.255.254", "127.0.0.1", "127.0.0.77"])
def test_an_answer_that_is_no_listing_is_never_taken_for_one(lab: Lab, answer: str) -> None:
    everything = "".join(f"{net}.0.0.0/8 :{answer}:no\n" for net in range(1, 256))
    lists = SPAMHAUS | {"zen.spamhaus.org": [("ip4set", everything)]}
    with lab.running(ZONES, lists) as resolver:
        found, report = check(resolver, "--ip", "203.0.113.25", "--select", "dnsbl,dynamic-ip/pbl-listed")
    about_zen = {rule: status for (rule, part), status in found.items() if part == "203.0.113.25"}
    assert {status for rule, status in about_zen.items() if rule.startswith("dnsbl/spamhaus")} == {"inconclusive"}
    assert about_zen["dynamic-ip/pbl-listed"] == "inconclusive"
    assert found["dnsbl/list-unusable", "zen.spamhaus.org"] == "inconclusive"
    assert report["verdict"] == "incomplete"
    assert {row["state"] for row in report["board"] if row["because"]} <= {"undetermined", "not-checked"}


def test_dead_name_servers_leave_nothing_clear() -> None:
    found, report = check(f"127.0.0.1:{free_port()}", "mail.good.example", "--timeout", "0.2")
    given = {rule: status for (rule, _), status in found.items() if status != "skipped"}
    assert set(given.values()) == {"inconclusive", "pass"}
    assert {rule for rule, status in given.items() if status == "pass"} <= {
        "helo/invalid-syntax",
        "helo/not-fqdn",
        "helo/address-literal",
    }
    assert report["verdict"] == "incomplete"
    assert "clear" not in {row["state"] for row in report["board"]}


def test_a_zone_whose_server_fails_is_no_pass(lab: Lab) -> None:
    """A delegation to a server that is gone: unbound says SERVFAIL, and that is neither "missing" nor "fine"."""
    lame = ZONES["100.51.198.in-addr.arpa"] + "77 CNAME 77.gone.example.\n"
    zones = ZONES | {
        "100.51.198.in-addr.arpa": lame.replace("77 PTR 198-51-100-77.dyn.isp.example.\n", ""),
        "gone.example": HEAD + "77 NS ns.nowhere\nns.nowhere A 127.0.0.1\n",
    }
    with lab.running(zones, SPAMHAUS) as resolver:
        found, report = check(resolver, "--ip", "198.51.100.77", "--select", "ptr", "--timeout", "1")
    assert found["ptr/missing", "198.51.100.77"] == "inconclusive"
    assert report["verdict"] == "incomplete"
