"""What is judged for a refusal, and with which inputs."""

from ipaddress import ip_address

import pytest

from preflight.diagnosis.plan import BEFORE_CONTENT, plan_for
from preflight.registry import load_registry
from preflight.subject import Subject
from tests.unit.diagnosis_samples import DYNAMIC, SPAM, refusal

REGISTRY = load_registry()
CONTENT = {rule.id for rule in REGISTRY.rules.values() if "message" in rule.needs}


def test_the_rules_of_the_code_are_judged() -> None:
    plan = plan_for([refusal()], Subject(), REGISTRY)
    assert plan.judged == REGISTRY.rules_of(REGISTRY.catalogue.bounces["microsoft/DY-001"])
    assert {"dynamic-ip/dynamic-ptr", "dynamic-ip/pbl-listed"} <= set(plan.judged)
    assert plan.dismissed == {}


@pytest.mark.parametrize("phase", ["connect", "helo", "mail", "rcpt"])
def test_content_is_no_cause_before_data(phase: str) -> None:
    plan = plan_for([refusal(SPAM, phase=phase)], Subject(), REGISTRY)
    assert CONTENT & set(plan.judged) == set()
    (reason,) = plan.dismissed
    assert reason == BEFORE_CONTENT[phase]
    assert CONTENT & set(plan.dismissed[reason]) == CONTENT & set(
        REGISTRY.rules_of(REGISTRY.catalogue.bounces["microsoft/SC-001"])
    )
    assert "message/subject-trivial" in plan.dismissed[reason]


@pytest.mark.parametrize("phase", ["data", "unknown"])
def test_content_may_be_the_cause_at_data_and_where_no_phase_is_stated(phase: str) -> None:
    plan = plan_for([refusal(SPAM, phase=phase)], Subject(), REGISTRY)
    assert "message/subject-trivial" in plan.judged
    assert plan.dismissed == {}


def test_names_are_no_cause_where_the_connection_was_refused() -> None:
    wrong_name = "501 5.5.4 Invalid domain name"
    at_once = plan_for([refusal(wrong_name, phase="connect")], Subject(), REGISTRY)
    assert "helo/not-fqdn" in at_once.dismissed[BEFORE_CONTENT["connect"]]
    assert "ptr/missing" not in at_once.dismissed[BEFORE_CONTENT["connect"]]
    after_helo = plan_for([refusal(wrong_name, phase="helo")], Subject(), REGISTRY)
    assert {"helo/not-fqdn", "mx/cname"} <= set(after_helo.judged)


def test_content_counts_for_the_recipient_who_was_refused_later() -> None:
    plan = plan_for([refusal(SPAM, phase="mail"), refusal(SPAM, phase="data")], Subject(), REGISTRY)
    assert "message/subject-trivial" in plan.judged
    assert plan.dismissed == {}


def test_inputs_come_from_the_bounce() -> None:
    stated = {"sending_ip": "203.0.113.7", "helo": "mail.example.com", "sender": "bounce@news.Example.COM"}
    plan = plan_for([refusal(DYNAMIC, **stated)], Subject(), REGISTRY)
    assert plan.subject == Subject(
        ips=(ip_address("203.0.113.7"),),
        helo="mail.example.com",
        domain="news.example.com",
        mail_from=("bounce@news.example.com",),
    )
    assert plan.stated == {
        "ip": "203.0.113.7",
        "helo": "mail.example.com",
        "domain": "news.example.com",
        "mail-from": "bounce@news.example.com",
    }


def test_options_stand_above_the_bounce() -> None:
    given = Subject.of(ips=["198.51.100.1"], helo="a.example.net", domain="example.net", mail_from=["example.net"])
    stated = {"sending_ip": "203.0.113.7", "helo": "mail.example.com", "sender": "bounce@example.com"}
    plan = plan_for([refusal(DYNAMIC, **stated)], given, REGISTRY)
    assert plan.subject == given
    assert plan.stated == {}


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "fe80::1", "100.64.0.9"])
def test_an_internal_address_is_told_and_not_judged(address: str) -> None:
    plan = plan_for([refusal(DYNAMIC, sending_ip=address)], Subject(), REGISTRY)
    assert plan.subject.ips == ()
    assert str(plan.internal) == address


def test_a_public_address_of_another_recipient_is_taken_instead_of_an_internal_one() -> None:
    plan = plan_for([refusal(sending_ip="10.1.2.3"), refusal(sending_ip="203.0.113.7")], Subject(), REGISTRY)
    assert plan.subject.ips == (ip_address("203.0.113.7"),)
    assert plan.internal is None


def test_the_null_sender_is_one() -> None:
    assert plan_for([refusal(sender="")], Subject(), REGISTRY).subject == Subject(mail_from=("",))


@pytest.mark.parametrize("sender", [None, "no-domain", "a@", "a@-..-", "a@[192.0.2.1]", "a b@example.com x"])
def test_what_no_domain_is_gives_none(sender: str | None) -> None:
    assert plan_for([refusal(sender=sender, sending_ip="nonsense")], Subject(), REGISTRY).subject == Subject()


def test_a_reply_that_the_catalogue_lacks_has_no_rules() -> None:
    plan = plan_for([refusal("999 what is this")], Subject(), REGISTRY)
    assert (plan.judged, plan.dismissed) == ((), {})
