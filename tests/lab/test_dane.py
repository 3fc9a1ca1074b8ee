"""DANE through real daemons: zones that are signed, and unbound that validates them, or does not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import dns.dnssec
import dns.dnssectypes
import dns.name
import dns.rdtypes.ANY.DNSKEY
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lab.daemons import Lab
from tests.lab.test_main_job import check

pytestmark = pytest.mark.lab

HEAD = "@ SOA ns1 root 1 60 60 60 60\n@ NS ns1\nns1 A 127.0.0.1\n"
HOSTS = (
    f"@ MX 10 mail\nmail A 203.0.113.25\nbare A 203.0.113.26\n_25._tcp.mail TLSA 3 1 1 {'ab' * 32}\n"
    'empty MX 10 bare\n_dmarc TXT "v=DMARC1; p=none"\n'
)
DNSKEY = dns.rdtypes.ANY.DNSKEY.DNSKEY


def sign(origin: str, text: str) -> tuple[str, DNSKEY]:
    """A zone with its signatures, and the key that they are made with."""
    name = dns.name.from_text(origin)
    zone = dns.zone.from_text(f"$TTL 60\n{text}", name, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257)
    until = datetime.now(UTC) + timedelta(days=1)
    with zone.writer() as writer:
        dns.dnssec.sign_zone(zone, writer, [(private, key)], add_dnskey=True, dnskey_ttl=60, expiration=until)
    written = StringIO()
    zone.to_file(written, relativize=False)
    return written.getvalue(), key


def world() -> tuple[Mapping[str, str], str]:
    """A signed root, a signed zone below it and one that is not; and the line that has unbound trust the root."""
    signed, key = sign("signed.example", HEAD + HOSTS)
    ds = dns.dnssec.make_ds("signed.example.", key, "SHA256")
    root, anchor = sign(
        ".",
        "@ SOA a.root. root. 1 60 60 60 60\n@ NS a.root.\na.root A 127.0.0.1\n"
        "signed.example NS ns1.signed.example.\nns1.signed.example A 127.0.0.1\n"
        f"signed.example DS {ds.to_text()}\n"
        "plain.example NS ns1.plain.example.\nns1.plain.example A 127.0.0.1\n",
    )
    return {".": root, "signed.example": signed, "plain.example": HEAD + HOSTS}, f'trust-anchor: ". DNSKEY {anchor}"'


def dane(resolver: str, domain: str) -> dict[str, str]:
    found, _ = check(resolver, "--domain", domain, "--select", "dane")
    return {rule.removeprefix("dane/"): status for (rule, _), status in found.items() if status != "skipped"}


@pytest.mark.parametrize(
    ("validating", "expected"),
    [
        (
            True,
            {
                "signed.example": {
                    "missing": "pass",
                    "unusable": "pass",
                    "not-secure": "pass",
                    "mx-not-secure": "pass",
                },
                "empty.signed.example": {"missing": "fail"},
                "plain.example": {"missing": "pass", "unusable": "pass", "not-secure": "fail"},
                "empty.plain.example": {"missing": "pass"},
            },
        ),
        (
            False,
            {
                "signed.example": {"missing": "pass", "unusable": "pass", "not-secure": "inconclusive"},
                "plain.example": {"missing": "pass", "unusable": "pass", "not-secure": "inconclusive"},
            },
        ),
    ],
)
def test_what_a_resolver_vouches_for(lab: Lab, validating: bool, expected: dict[str, Any]) -> None:
    zones, anchor = world()
    options = f'  module-config: "validator iterator"\n  {anchor}\n' if validating else ""
    with lab.running(dict(zones), {}, options) as resolver:
        assert {domain: dane(resolver, domain) for domain in expected} == expected
