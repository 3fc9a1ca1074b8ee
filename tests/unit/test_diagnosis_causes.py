"""What a run makes of the causes: confirmed, ruled out, open, out of sight; and the order to look at them."""

import asyncio

import pytest

from preflight.bounces.not_seen import load_not_seen
from preflight.diagnosis.causes import CauseState
from preflight.diagnosis.diagnosing import Diagnosis, Diagnostician, Examiner
from preflight.findings import Severity
from preflight.lab import LabDns, World
from preflight.lab.demo import demo_world
from preflight.net.live import LiveSource
from preflight.policy import Policy
from preflight.registry import load_registry
from preflight.report import Report
from preflight.runner import run_async
from preflight.subject import Subject
from preflight.text import Language
from tests.unit.diagnosis_samples import DYNAMIC, RATE, SPAM, bounce, recipient

REGISTRY = load_registry()


def dynamic_world() -> World:
    """The demo's, where 203.0.113.7 has a dynamic name that leads back to it, and is on no list."""
    world = demo_world()
    world.add("7.113.0.203.in-addr.arpa", "PTR", "203-0-113-7.dyn.isp.example.")
    world.add("203-0-113-7.dyn.isp.example", "A", "203.0.113.7")
    return world


def diagnose(
    *texts: str,
    world: World | None = None,
    given: Subject | None = None,
    policy: Policy | None = None,
    kind: str = "bounce",
    **stated: object,
) -> Diagnosis:
    """The diagnosis of a bounce, with the checks run against a world, or not at all."""
    policy = policy or Policy()

    def by(server: LabDns | None) -> Diagnosis:
        def examine(subject: Subject, policy: Policy) -> Report:
            assert server is not None
            return asyncio.run(run_async(subject, LiveSource([server.address], 1.0), registry=REGISTRY, policy=policy))

        examiner = Examiner(REGISTRY, policy, examine if server else None)
        report = bounce(*(recipient(text, **stated) for text in texts), kind=kind)
        return Diagnostician(REGISTRY, policy, given or Subject(), examiner).diagnose(report)

    if world is None:
        return by(None)
    with LabDns(world) as server:
        return by(server)


def states(diagnosis: Diagnosis) -> dict[str, str]:
    return {cause.id: cause.state.value for cause in diagnosis.causes}


def said(text: object) -> str:
    return Language().say(text)  # type: ignore[arg-type]


def test_a_dynamic_name_is_confirmed_and_the_pbl_ruled_out() -> None:
    found = diagnose(DYNAMIC, world=dynamic_world(), sending_ip="203.0.113.7")
    assert states(found) == {
        "dynamic-ip/dynamic-ptr": "confirmed",
        "ptr/missing": "ruled-out",
        "ptr/not-forward-confirmed": "ruled-out",
        "ptr/invalid-name": "ruled-out",
        "dynamic-ip/generic-pbl": "ruled-out",
        "dynamic-ip/pbl-listed": "ruled-out",
        "dynamic-ip/generic-ptr": "ruled-out",
    }
    first = found.causes[0]
    assert first.id == "dynamic-ip/dynamic-ptr"
    assert found.next_step == first.fix
    assert "7.113.0.203.in-addr.arpa. PTR" in said(first.fix)
    assert found.confirmed
    assert not found.incomplete


def test_severe_causes_stand_first() -> None:
    stated = {"sending_ip": "198.51.100.77", "helo": "mail.bad.example", "sender": "a@bad.example"}
    found = diagnose("501 5.5.4 Invalid domain name", world=demo_world(), **stated)
    confirmed = [cause for cause in found.causes if cause.state is CauseState.CONFIRMED]
    assert len(confirmed) > 1
    ranks = [cause.severity.rank for cause in confirmed]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] > ranks[-1]
    assert [cause.state for cause in found.causes] == sorted(
        (cause.state for cause in found.causes), key=list(CauseState).index
    )


def test_only_the_rules_of_the_code_are_judged() -> None:
    found = diagnose(DYNAMIC, world=dynamic_world(), sending_ip="203.0.113.7")
    assert found.report is not None
    of_the_code = set(REGISTRY.rules_of(REGISTRY.catalogue.bounces["microsoft/DY-001"]))
    assert {judged.finding.rule for judged in found.report.findings} <= of_the_code


def test_dead_name_servers_leave_it_open() -> None:
    def examine(subject: Subject, policy: Policy) -> Report:
        return asyncio.run(run_async(subject, LiveSource(["127.0.0.1:1"], 0.1), registry=REGISTRY, policy=policy))

    examiner = Examiner(REGISTRY, Policy(), examine)
    report = bounce(recipient(DYNAMIC, sending_ip="203.0.113.7"))
    found = Diagnostician(REGISTRY, Policy(), Subject(), examiner).diagnose(report)
    assert set(states(found).values()) == {"undetermined"}
    assert found.incomplete
    assert not found.confirmed
    assert all(cause.open for cause in found.causes)


def test_without_an_address_it_says_which_option_would_prove_it() -> None:
    found = diagnose(DYNAMIC, world=demo_world())
    assert set(states(found).values()) == {"undetermined"}
    assert {said(cause.fix) for cause in found.causes} == {"Add --ip."}
    assert "Run it again with --ip" in said(found.next_step)
    assert found.report is None
    assert not found.incomplete


def test_an_internal_address_is_told() -> None:
    found = diagnose(DYNAMIC, world=demo_world(), sending_ip="10.1.2.3")
    (told,) = {said(cause.fix) for cause in found.causes}
    assert "10.1.2.3" in told
    assert "add --ip with the server's public address" in told
    assert found.report is None


def test_without_a_run_causes_are_explained() -> None:
    found = diagnose(DYNAMIC, sending_ip="203.0.113.7")
    assert {said(cause.fix) for cause in found.causes} == {"Leave out --no-run, and the check that tells is made."}
    assert found.report is None


def test_content_is_ruled_out_where_the_sender_was_refused() -> None:
    found = diagnose(SPAM, phase="mail")
    (cause,) = (cause for cause in found.causes if cause.state is CauseState.RULED_OUT)
    assert cause.id == "later-than-the-refusal"
    assert "message/subject-trivial" in cause.because
    assert "MAIL FROM" in said(cause.fix)


def test_what_the_receiver_alone_knows_says_where_to_look() -> None:
    found = diagnose(RATE)
    outside = {cause.id: said(cause.fix) for cause in found.causes if cause.state is CauseState.OUTSIDE}
    assert set(outside) == {"snds", "jmrp", "own-log", "wait"}
    assert "https://substrate.office.com/ip-domain-management-snds/" in outside["snds"]


def test_a_code_that_rules_decide_has_nothing_outside() -> None:
    assert "outside" not in states(diagnose(DYNAMIC)).values()


def test_an_unknown_reply_leads_to_the_postmaster() -> None:
    found = diagnose("999 what is this")
    assert states(found) == {"receiver-policy": "outside"}
    assert "postmaster" in said(found.next_step)


def test_an_ignored_rule_is_no_pass() -> None:
    policy = Policy(ignore=("dynamic-ip/dynamic-ptr",))
    found = diagnose(DYNAMIC, world=dynamic_world(), policy=policy, sending_ip="203.0.113.7")
    assert states(found)["dynamic-ip/dynamic-ptr"] == "undetermined"
    assert not found.confirmed


def test_severities_of_the_policy_count() -> None:
    policy = Policy(severities={"dynamic-ip/dynamic-ptr": Severity.INFO})
    found = diagnose(DYNAMIC, world=dynamic_world(), policy=policy, sending_ip="203.0.113.7")
    assert found.causes[0].severity is Severity.INFO


@pytest.mark.parametrize(("sender", "count"), [("a@example.com", 7), ("a@gmail.com", 3), ("a@QQ.com", 3), ("", 7)])
def test_delivered_mail_has_the_reasons_why_it_is_not_seen(sender: str, count: int) -> None:
    """A sender at a large provider has to think of the recipient's side alone."""
    found = diagnose("250 2.0.0 OK", kind="delivered", action="delivered", sender=sender)
    assert [cause.id for cause in found.causes if cause.state is not CauseState.CONFIRMED] == [
        cause.id for cause in found.causes
    ]
    assert {cause.id for cause in found.causes} == {reason.id for reason in load_not_seen().reasons[:count]}
    assert found.not_seen is not None


def test_a_reason_on_the_sender_s_side_is_proven_by_its_rule() -> None:
    given = Subject.of(ips=["198.51.100.77"], domain="bad.example")
    found = diagnose("250 OK", kind="delivered", action="delivered", world=demo_world(), given=given)
    assert states(found) == {
        "compromised-server": "confirmed",
        "domain-reputation": "outside",
        "exclusive-inbox": "outside",
        "blocked-sender": "outside",
        "full-or-inactive-mailbox": "outside",
        "shared-address": "outside",
        "complaints": "outside",
    }
    assert found.causes[0].because == ("dnsbl/spamhaus-xbl",)
    nothing = next(cause for cause in found.causes if cause.id == "domain-reputation")
    assert said(nothing.fix).startswith("No sign of it from here.")


def test_a_run_is_made_once_for_the_same_inputs() -> None:
    runs = []

    def examine(subject: Subject, policy: Policy) -> Report:
        runs.append((subject, policy.select))
        return asyncio.run(run_async(subject, LiveSource(["127.0.0.1:1"], 0.1), registry=REGISTRY, policy=policy))

    one = Diagnostician(REGISTRY, Policy(), Subject(), Examiner(REGISTRY, Policy(), examine))
    for sender in ("a@one.example", "b@two.example"):  # none of the rules of the code looks at the sender
        one.diagnose(bounce(recipient(DYNAMIC, sending_ip="203.0.113.7", sender=sender)))
    one.diagnose(bounce(recipient(DYNAMIC, sending_ip="203.0.113.8")))
    assert [[str(ip) for ip in subject.ips] for subject, _ in runs] == [["203.0.113.7"], ["203.0.113.8"]]
