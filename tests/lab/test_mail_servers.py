"""`preflight check --server --probe-relay` against real Postfix and real Exim, a good and a broken one of each."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from preflight.lab import LabDns
from preflight.lab.world import World
from tests.lab.mail_servers import MailServer, exim, postfix
from tests.unit.smtp_peers import make_certificate

pytestmark = pytest.mark.lab

GOOD_ADDRESS, BAD_ADDRESS = "127.53.0.25", "127.53.0.77"
GOOD, BAD = "mail.good.example", "mail.bad.example"
CLOSED_ACL = """\
  deny local_parts = ^.*[@%!/|]
       message = restricted characters in address
  accept domains = +local_domains
         local_parts = postmaster
  deny domains = +local_domains
       message = unknown user
  deny message = relay not permitted
"""
CONNECTED = dict.fromkeys(
    (
        "smtp/no-connection", "smtp/no-greeting", "smtp/greeting-refused", "smtp/greeting-short", "smtp/name-invalid",
        "smtp/names-differ", "smtp/helo-mismatch", "smtp/ptr-mismatch", "smtp/ehlo-refused", "smtp/extensions-missing",
        "smtp/starttls-missing",
    ),
    "pass",
)  # fmt: skip
ENCRYPTED = dict.fromkeys(
    (
        "smtp/starttls-broken", "smtp/tls-version", "smtp/certificate-untrusted", "smtp/certificate-expired",
        "smtp/certificate-expiring", "smtp/certificate-name", "smtp/certificate-weak-key",
    ),
    "pass",
)  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that daemons can get to after they gave up their rights.

    Not pytest's own: each session that starts on the machine closes the folder above that again.
    """
    with TemporaryDirectory(prefix="preflight-lab-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def resolver() -> Iterator[str]:
    world = World.from_zones({"good.example": f"mail A {GOOD_ADDRESS}\n", "bad.example": f"mail A {BAD_ADDRESS}\n"})
    world.ptr(GOOD_ADDRESS, GOOD)
    world.ptr(BAD_ADDRESS, BAD)
    with LabDns(world) as server:
        yield server.address


def look(name: str, server: MailServer, resolver: str, roots: Path, helo: str = "") -> dict[str, str]:
    """The statuses of the rules of `smtp` and `relay`, for a server as it is seen by a stranger."""
    result = subprocess.run(
        [
            sys.executable, "-m", "preflight", "check", "--server", f"{name}:{server.port}", "--probe-relay",
            "--ip", server.address, "--helo", helo or name, "--domain", name.partition(".")[2],
            "--select", "smtp,relay", "--resolver", resolver, "--format", "json",
        ],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "SSL_CERT_FILE": str(roots)},
    )  # fmt: skip
    report = json.loads(result.stdout)
    parts = {one["part"] for one in report["findings"]}
    assert parts == {f"{name}[{server.address}]:{server.port}"}, (parts, server.logged())
    return {one["rule"]: one["status"] for one in report["findings"]}


@pytest.fixture
def certificate(folder: Path) -> Path:
    return make_certificate(folder, GOOD)


@pytest.fixture
def expired(folder: Path) -> Path:
    return make_certificate(folder, BAD, days=-3)


def test_a_good_postfix(folder: Path, certificate: Path, resolver: str) -> None:
    options = {
        "myhostname": GOOD,
        "smtpd_tls_chain_files": str(certificate),
        "smtpd_tls_security_level": "may",
        "mynetworks": f"{GOOD_ADDRESS}/32",
    }
    with postfix(folder / "postfix", GOOD_ADDRESS, "good.example", **options) as server:
        assert look(GOOD, server, resolver, certificate) == CONNECTED | ENCRYPTED | {"relay/open-relay": "pass"}
        assert server.queued() == []
        assert "Relay access denied" in server.logged()
        assert "data=" not in server.logged()


def test_a_broken_postfix(folder: Path, certificate: Path, resolver: str) -> None:
    """localhost as its name, a short greeting, no STARTTLS, and an open relay."""
    options = {
        "myhostname": "localhost",
        "smtpd_banner": "ESMTP",
        "smtpd_tls_security_level": "none",
        "mynetworks": "0.0.0.0/0",
    }
    with postfix(folder / "postfix", BAD_ADDRESS, "bad.example", **options) as server:
        found = look(BAD, server, resolver, certificate)
        queued, log = server.queued(), server.logged()
    assert found == {
        **{rule: "pass" for rule in CONNECTED if rule != "smtp/names-differ"},
        "smtp/greeting-short": "fail",
        "smtp/name-invalid": "fail",
        "smtp/helo-mismatch": "fail",
        "smtp/ptr-mismatch": "fail",
        "smtp/starttls-missing": "fail",
        "relay/open-relay": "fail",
    }
    assert queued == []
    ends = [line for line in log.splitlines() if "disconnect from" in line]
    said = [line.partition("127.0.0.1] ")[2] for line in ends]
    assert sorted(line for line in said if line != "commands=0/0") == [  # which is the wait for it to listen
        "ehlo=1 mail=1 rcpt=1 rset=1 quit=1 commands=5",
        "ehlo=1 quit=1 commands=2",
    ]
    assert "data=" not in log
    assert "postfix/qmgr" not in "".join(line for line in log.splitlines() if "from=<" in line)


def test_a_good_exim(folder: Path, certificate: Path, resolver: str) -> None:
    options = {
        "primary_hostname": GOOD,
        "tls_advertise_hosts": "*",
        "tls_certificate": str(certificate),
        "tls_privatekey": str(certificate),
    }
    certificate.chmod(0o644)
    with exim(folder / "exim", GOOD_ADDRESS, "good.example", CLOSED_ACL, **options) as server:
        assert look(GOOD, server, resolver, certificate) == CONNECTED | ENCRYPTED | {"relay/open-relay": "pass"}
        assert server.queued() == []
        assert "relay not permitted" in server.logged()
        assert "<=" not in server.logged()


def test_a_broken_exim(folder: Path, expired: Path, resolver: str) -> None:
    """An expired certificate, another name than in HELO, and an open relay."""
    options = {
        "primary_hostname": "mx.bad.example",
        "tls_advertise_hosts": "*",
        "tls_certificate": str(expired),
        "tls_privatekey": str(expired),
    }
    expired.chmod(0o644)
    with exim(folder / "exim", BAD_ADDRESS, "bad.example", "  accept\n", **options) as server:
        found = look(BAD, server, resolver, expired)
        queued, log = server.queued(), server.logged()
    expected = CONNECTED | ENCRYPTED | {
        "smtp/helo-mismatch": "fail",
        "smtp/ptr-mismatch": "fail",
        "smtp/certificate-expired": "fail",
        "relay/open-relay": "fail",
    }  # fmt: skip
    del expected["smtp/certificate-expiring"]
    assert found == expected
    assert queued == []
    assert "<=" not in log
