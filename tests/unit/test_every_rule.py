"""Every rule of the mission comes out of the main job, as a pass and as a failure, from the command line on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import Blocklist, LabDns, World
from preflight.lab.demo import demo_world

RULES = {
    "ptr": ("missing", "not-forward-confirmed", "multiple", "invalid-name"),
    "helo": (
        "invalid-syntax", "not-fqdn", "address-literal", "unresolvable", "address-mismatch", "ptr-mismatch", "not-mx",
    ),
    "mx": ("missing", "null", "unresolvable", "cname", "address-literal", "not-public", "helo-unrelated"),
    "dynamic-ip": ("dynamic-ptr", "generic-ptr", "pbl-listed", "templated-neighbours"),
    "dnsbl": (
        "spamhaus-sbl", "spamhaus-css", "spamhaus-xbl", "spamhaus-drop",
        "listed", "domain-listed", "list-unusable", "resolver-unfit",
    ),
    "message": ("subject-missing", "subject-trivial", "body-too-small", "executable-attachment"),
}  # fmt: skip
TABLE = [f"{check}/{rule}" for check, rules in RULES.items() for rule in rules]
ZONE = (
    "mail A 192.0.2.10\n@ MX 10 mail\nout A 192.0.2.99\nhere A 192.0.2.12\nthere A 192.0.2.12\nodd A 192.0.2.11\n"
    "static-192-0-2-14.dsl A 192.0.2.14\nn15 A 192.0.2.15\n"
)
DOMAINS = {
    "nothing.example": "mail A 192.0.2.10\n",
    "null.example": "@ MX 0 .\n",
    "dangling.example": "@ MX 10 mx\n",
    "alias.example": "@ MX 10 mx\nmx CNAME mail.things.example.\n",
    "literal.example": "@ MX 10 192.0.2.10.\n",
    "inside.example": "@ MX 10 mx\nmx A 10.0.0.5\n",
    "elsewhere.example": "@ MX 10 mx\nmx A 203.0.113.25\n",
}
NAMES = {
    "192.0.2.10": ["mail.things.example."],
    "192.0.2.11": ["odd.things.example.", "mail.things.example."],
    "192.0.2.12": ["localhost."],
    "192.0.2.13": ["gone.things.example."],
    "192.0.2.14": ["192-0-2-14.dsl.things.example."],
    "192.0.2.15": ["n15.things.example."],
    "192.0.2.16": ["n16.things.example."],
    "192.0.2.17": ["n17.things.example."],
    "192.0.2.18": ["static.18.2.0.192.clients.your-server.de."],
}
ZEN = {"192.0.2.20": "127.0.0.2", "192.0.2.21": "127.0.0.3", "192.0.2.22": "127.0.0.4", "192.0.2.23": "127.0.0.9"}
MAIL = b"From: a@things.example\nTo: b@example.com\n"
TEXT = b"This is a message with enough to say for itself. " * 60
MESSAGES = {
    "good.eml": MAIL + b"Subject: Minutes of the meeting on Monday\n\n" + TEXT,
    "none.eml": MAIL + b"\n" + TEXT,
    "test.eml": MAIL + "Subject: 测试\n\n".encode() + TEXT,
    "short.eml": MAIL + b"Subject: Minutes of the meeting on Monday\n\nSee you.\n",
    "program.eml": MAIL + b"Subject: Minutes of the meeting on Monday\nMIME-Version: 1.0\n"
    b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\n' + TEXT + b"\n--x\n"
    b'Content-Type: application/pdf; name="minutes.pdf"\nContent-Disposition: attachment\n\n'
    b"MZ\x90\x00" + bytes(56) + b"\x40\x00\x00\x00PE\x00\x00\x4c\x01\n--x--\n",
}  # fmt: skip
SCENARIOS: list[list[str]] = [
    ["mail.good.example"],
    *(["--ip", ip, "--helo", "mail.things.example", "--domain", "things.example"] for ip in NAMES),
    *(["--ip", ip] for ip in (*ZEN, "192.0.2.24", "192.0.2.25")),
    *(["--helo", helo, "--domain", "things.example", "--ip", "192.0.2.10"] for helo in
      ("my_host.things.example", "mailhost", "[192.0.2.10]", "gone.things.example", "out.things.example")),
    *(["--domain", domain, "--helo", "mail.things.example"] for domain in DOMAINS),
    ["--domain", "listed.example"],
    *(["--message", name] for name in MESSAGES),
]  # fmt: skip


def world() -> World:
    """The demo's world, its lists with it, and a number of things that are wrong."""
    made = demo_world()
    for origin, text in {"things.example": ZONE, **DOMAINS}.items():
        made.zone(origin, text)
    for ip, names in NAMES.items():
        made.ptr(ip, *names)
    return made


def with_listings() -> World:
    """The same, with lists of its own in place of three of the demo's."""
    made = World.from_zones({"things.example": ZONE})
    made.block(
        Blocklist(
            "zen.spamhaus.org",
            {ip: ((code,), "listed") for ip, code in ZEN.items()} | {"192.0.2.24": (("127.0.0.10",), "listed")},
            test_codes=("127.0.0.2", "127.0.0.4", "127.0.0.10"),
        )
    )
    made.block(Blocklist("bl.spamcop.net", {"192.0.2.25": (("127.0.0.2",), "listed")}))
    made.block(
        Blocklist(
            "dbl.spamhaus.org",
            {"listed.example": (("127.0.1.2",), "listed")},
            test_codes=("127.0.1.2",),
            test_domains=("dbltest.com",),
        )
    )
    made.zone("invalid", "* A 198.51.100.80\n")
    return made


@pytest.fixture(scope="module")
def produced(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """What the main job says over all scenarios: rule and status."""
    folder = tmp_path_factory.mktemp("every-rule")
    for name, octets in MESSAGES.items():
        (folder / name).write_bytes(octets)
    found: set[tuple[str, str]] = set()
    for made in (world(), with_listings()):
        with LabDns(made) as server:
            for number, scenario in enumerate(SCENARIOS):
                arguments = [str(folder / one) if one in MESSAGES else one for one in scenario]
                output = folder / f"{number}.json"
                code = main(["check", *arguments, "--resolver", server.address, "--output", str(output)])
                assert code in {0, 1, 3}
                found.update(findings_of(output))
    return found


def findings_of(report: Path) -> Iterator[tuple[str, str]]:
    for one in json.loads(report.read_text(encoding="utf-8"))["findings"]:
        yield one["rule"], one["status"]


@pytest.mark.parametrize("rule", TABLE)
def test_each_rule_passes_somewhere_and_fails_elsewhere(rule: str, produced: set[tuple[str, str]]) -> None:
    assert {status for one, status in produced if one == rule} >= {"pass", "fail"}


def test_no_scenario_crashes_a_check(produced: set[tuple[str, str]]) -> None:
    assert "error" not in {status for _, status in produced}
