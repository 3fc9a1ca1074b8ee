"""BIMI: a record, where there is one, and the DMARC policy that it needs."""

from typing import Any

import pytest

from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks.bimi import CHECK

LOGO = "v=BIMI1; l=https://www.example.com/logo.svg"
VMC = f"{LOGO}; a=https://www.example.com/vmc.pem"
ENFORCED: Script = {"TXT _dmarc.example.com": ["v=DMARC1; p=reject"]}


def verdicts(records: Any, dmarc: Script = ENFORCED, *, domain: str = "example.com", **more: Any) -> dict[str, str]:
    script = {"TXT default._bimi.example.com": records, **dmarc, **more.get("script", {})}
    found = statuses(report_of(CHECK, Subject.of(domain=domain), script))
    assert {part for _, part in found} == {domain}
    return {rule.removeprefix("bimi/"): status for (rule, _), status in found.items()}


@pytest.mark.parametrize("nothing", [NoData, NxDomain, ["v=spf1 -all"]])
def test_no_record_is_no_fault(nothing: Any) -> None:
    assert verdicts(nothing) == {"invalid": "pass"}


def test_a_record_that_declines() -> None:
    assert verdicts(["v=BIMI1; l=; a=;"]) == {"invalid": "pass"}


def test_all_is_well() -> None:
    assert verdicts([VMC]) == {"invalid": "pass", "no-certificate": "pass", "dmarc-not-enforced": "pass"}


def test_no_certificate() -> None:
    assert verdicts([LOGO]) == {"invalid": "pass", "no-certificate": "fail", "dmarc-not-enforced": "pass"}


@pytest.mark.parametrize(
    "records",
    [
        [VMC, LOGO],
        ["v=BIMI1"],
        ["v=bimi1; l=https://www.example.com/logo.svg"],
        ["v=BIMI1; l=http://www.example.com/logo.svg"],
        ["v=BIMI1; l=https://www.example.com/logo.png"],
        ["v=BIMI1; a=https://www.example.com/vmc.pem"],
        [f"{LOGO}; a=vmc.pem"],
        [f"{LOGO}; l="],
    ],
)
def test_a_record_that_cannot_be_read(records: list[str]) -> None:
    assert verdicts(records) == {"invalid": "fail"}


@pytest.mark.parametrize(
    ("dmarc", "status"),
    [
        (["v=DMARC1; p=quarantine"], "pass"),
        (["v=DMARC1; p=reject; sp=quarantine; pct=100"], "pass"),
        (["v=DMARC1; p=none"], "fail"),
        (["v=DMARC1; p=reject; sp=none"], "fail"),
        (["v=DMARC1; p=quarantine; pct=99"], "fail"),
        (["v=DMARC1; p=reject; t=y"], "fail"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=reject"], "fail"),
        (NxDomain, "fail"),
        (Reason.SERVFAIL, "inconclusive"),
    ],
)
def test_dmarc_must_be_enforced(dmarc: Any, status: str) -> None:
    found = verdicts([VMC], {"TXT _dmarc.example.com": dmarc})
    assert found == {"invalid": "pass", "no-certificate": "pass", "dmarc-not-enforced": status}


def test_a_sub_domain_has_the_record_of_its_organization() -> None:
    script = {"TXT default._bimi.news.example.com": NxDomain, "TXT _dmarc.news.example.com": NxDomain}
    assert verdicts([VMC], domain="news.example.com", script=script)["dmarc-not-enforced"] == "pass"


def test_no_answer() -> None:
    assert set(verdicts(Reason.TIMEOUT).values()) == {"inconclusive"}
