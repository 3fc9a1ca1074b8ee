"""The public test suite of RFC 7208, each case through our evaluation: our resolver, our reading of records, pyspf."""

import asyncio

import pytest

from preflight.net.addresses import parse_address
from preflight.net.dns import SingleFlight
from preflight_checks.senderauth.spf_evaluation import evaluate_spf
from preflight_checks.senderauth.spf_result import SpfOutcome
from tests.unit.spf_suite import FILE, Case, SuiteSource, cases

CASES = list(cases())

DEVIATIONS = {
    # RFC 7208 5.5 passes over a PTR name of which DNS has no answer (here: aliases in a circle), which is "neutral" in
    # the end. A check before sending cannot tell whether the next receiver gets the answer and finds a match.
    "ptr-cname-loop": "temperror",
}


def judged(case: Case) -> SpfOutcome:
    local, at, domain = case.mail_from.partition("@")
    source = SingleFlight(SuiteSource(case.zones))
    return asyncio.run(
        evaluate_spf(
            source,
            ip=parse_address(case.host),
            mail_from_domain=domain if at else local,
            local_part=local if at else "",
            helo=case.helo,
        )
    )


def test_the_suite_is_all_there() -> None:
    assert len(CASES) == len({case.name for case in CASES}) == 203
    assert len({case.scenario for case in CASES}) == 16
    assert DEVIATIONS.keys() <= {case.name for case in CASES}


def test_its_licence_lies_beside_it() -> None:
    licence = FILE.with_name("rfc7208-tests.LICENSE").read_text(encoding="utf-8")
    assert "Redistribution and use in source and binary forms" in licence
    assert "openspf.org test suite" in FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_case(case: Case) -> None:
    outcome = judged(case)
    if case.name in DEVIATIONS:
        assert outcome.result == DEVIATIONS[case.name]
        assert outcome.result not in case.results
        return
    assert outcome.result in case.results
    if outcome.result == "fail" and case.explanation is not None:
        assert (outcome.explanation or "DEFAULT") == case.explanation
    assert (outcome.unanswered is not None) == (outcome.result == "temperror")
