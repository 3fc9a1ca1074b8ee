"""The ways to receivers, and what they demand."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from preflight.appeals.contact import Contact
from preflight.appeals.request import check_confirmations, check_contact, chosen_refusals
from preflight.appeals.routes import PLACES, Route, load_routes, read_routes, route_for
from preflight.errors import CatalogueError, ConfigError
from preflight.registry import load_registry
from tests.unit.diagnosis_samples import DYNAMIC, RATE, refusal

HOST = {"remote_host": "example-com.mail.protection.outlook.com"}
WHOLE = Contact(
    name="A",
    email="a@example.com",
    company="C",
    website="W",
    timezone="T",
    self_description="ISP",
    server_type="Shared",
)


S3140 = (
    "550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't sent. Please contact your Internet service provider "
    "since part of their network is on our block list (S3140)."
)
SPAMHAUS = (
    "550 5.7.1 Service unavailable, Client host [203.0.113.7] blocked using Spamhaus. To request removal see "
    "https://www.spamhaus.org/query/ip/203.0.113.7"
)


def route_by_id(name: str) -> Route:
    return next(route for route in load_routes() if route.id == name)


@pytest.mark.parametrize(
    ("reply", "stated", "route", "way"),
    [
        ("550 5.7.606 Access denied, banned sending IP [203.0.113.7]", HOST, "exchange-portal", "portal"),
        ("550 5.7.649 Access denied, banned sending IP [203.0.113.7]", HOST, "exchange-portal", "portal"),
        ("550 5.7.511 Access denied, banned sender[203.0.113.7]", HOST, "exchange-mail", "mail"),
        ("550 5.7.513 Service unavailable, Client host [x] blocked by recipient using Customer Block list", HOST,
         "no-request-recipient", "none"),
        ("550 5.7.515 Access denied, sending domain example.com does not meet the required authentication level", HOST,
         "no-request-authentication", "none"),
        (RATE, {}, "no-request-rate", "none"),
        (DYNAMIC, {}, "outlook-form", "form"),
        ("550 SC-004 Mail rejected by Outlook.com for policy reasons.", {}, "outlook-form", "form"),
        ("550 OU-001 Mail rejected by Outlook.com. See http://www.spamhaus.org", {}, "outlook-form", "form"),
        (S3140, HOST, "outlook-form", "form"),
        (SPAMHAUS, HOST, "spamhaus", "portal"),
        ("550 Requested action not taken: mailbox unavailable", HOST, "no-request-recipient-address", "none"),
        ("999 what is this", {}, "postmaster", "mail"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_way(reply: str, stated: dict[str, str], route: str, way: str) -> None:
    found = route_for(refusal(reply, **stated))
    assert (found.id, found.way) == (route, way)


@pytest.mark.parametrize(
    ("provider", "route"),
    [("google", "gmail-form"), ("yahoo", "yahoo-form"), ("apple", "apple-mail"), ("tencent-qq", "qq-feedback"),
     ("netease", "netease-request"), (None, "postmaster")],
)  # fmt: skip
def test_other_receivers_have_theirs(provider: str | None, route: str) -> None:
    unknown = refusal("999 what is this")
    assert route_for(replace(unknown, provider=provider)).id == route


def test_the_address_in_the_bounce_wins() -> None:
    route = route_by_id("exchange-mail")
    assert route.where == "delist@microsoft.com"
    assert "delist@messaging.microsoft.com" in route.also
    named = "please forward this message to delist@messaging.microsoft.com."
    assert route.named_in(named) == "delist@messaging.microsoft.com"
    assert route.named_in("forward this to delist@microsoft.com.evil.example, or evil@notmicrosoft.com") == ""
    assert route.named_in("nothing") == ""


def test_the_link_in_the_bounce_wins() -> None:
    route = route_by_id("netease-request")
    link = "http://mail.163.com/help/help_spam_16.htm?ip=203.0.113.7&hostid=smtp9&time=1"
    assert route.named_in(f"554 DT:SPM 163 smtp9,please see {link}") == link
    assert route.named_in("see http://mail.163.com.evil.example/x") == ""


def test_the_form_has_the_fields_that_its_page_has() -> None:
    route = route_by_id("outlook-form")
    assert [field.name for field in route.fields] == [
        "IssueTitle", "ContactName", "ContactEmail", "ddlTimezones", "DomainTo", "DomainFrom", "SelfDescription",
        "WebsiteUrl", "ServerType", "IpAddresses", "ErrorMessages",
    ]  # fmt: skip
    assert "https://support.microsoft.com/supportrequestform/8ad563e3-288e-2a61-8122-3ba03d6b8d75" in route.also
    assert route.language == "en"
    after = " ".join(words.en for words in route.after)
    assert "24 hours" in after
    assert "second ticket" in after


def test_each_rule_that_a_route_demands_is_installed() -> None:
    registry = load_registry()
    rules = {rule for route in load_routes() for demand in route.demands for rule in demand.rules}
    assert rules - set(registry.rules) == set()


def test_each_way_to_ask_has_demands_and_something_to_say() -> None:
    for route in load_routes():
        if route.way == "none":
            assert route.instead
            continue
        assert route.demands
        assert route.statements
        assert route.steps
        assert route.after
        assert route.places <= PLACES


def test_the_first_refusal_that_can_be_appealed_is() -> None:
    chosen = chosen_refusals([refusal(RATE), refusal(DYNAMIC, recipient="a@b.example"), refusal(DYNAMIC)])
    assert chosen is not None
    route, refusals = chosen
    assert (route.id, len(refusals)) == ("outlook-form", 2)
    only_rate = chosen_refusals([refusal(RATE)])
    assert only_rate is not None
    assert only_rate[0].way == "none"
    assert chosen_refusals([refusal(action="delivered")]) is None


def test_contact_data_that_are_missing_are_named() -> None:
    with pytest.raises(ConfigError) as error:
        check_contact(Contact(name="A", email="a@example.com"), route_by_id("outlook-form"), "preflight.toml")
    assert str(error.value).startswith(
        "preflight.toml: [contact] lacks company, website, timezone, self-description, server-type, which the request"
    )
    check_contact(WHOLE, route_by_id("outlook-form"), "preflight.toml")
    check_contact(Contact(), route_by_id("no-request-rate"), "preflight.toml")


def test_an_answer_that_the_form_does_not_take() -> None:
    with pytest.raises(ConfigError) as error:
        check_contact(msgspec.structs.replace(WHOLE, server_type="dedicated"), route_by_id("outlook-form"), "x.toml")
    assert str(error.value) == (
        "x.toml: contact.server-type 'dedicated' is no answer of the form; give one of Unknown, Dedicated, Shared"
    )


def test_a_confirmation_that_there_is_not() -> None:
    assert check_confirmations(["stopped", "malware-removed"]) == {"stopped", "malware-removed"}
    with pytest.raises(ConfigError, match="--confirm 'stoped' is not known; did you mean 'stopped'"):
        check_confirmations(["stoped"])


ROUTE = """\
checked = 2026-11-24
source = ["s"]
[[route]]
id = "a"
way = "portal"
title = { en = "A", zh = "甲" }
where = "https://a.example"
"""
DEMANDS = """\
checked = 2026-11-24
source = { en = "s", zh = "源" }
[[demand]]
id = "d"
title = { en = "D", zh = "丁" }
rules = ["ptr/missing"]
[[statement]]
id = "s"
ask = { en = "S?", zh = "问" }
said = { en = "S.", zh = "说" }
"""
LETTERS = '[en]\nreceiver = "you"\nbody = ["Hello"]\n[zh]\nreceiver = "贵方"\nbody = ["您好"]\n'


@pytest.mark.parametrize(
    ("route", "demands", "problem"),
    [
        (ROUTE.replace("way", "wey"), DEMANDS, "a.toml: Object"),
        (ROUTE.replace('way = "portal"', 'way = "phone"'), DEMANDS, "a.toml: Invalid enum value 'phone'"),
        (ROUTE + ROUTE[ROUTE.index("[[route]]") :], DEMANDS, "routes: a occurs twice"),
        (ROUTE + 'codes = ["X"]\n', DEMANDS, "routes: none takes a refusal that no other one fits"),
        (ROUTE + 'demands = ["x"]\n', DEMANDS, "a.toml: a: there is no demand or statement 'x'"),
        (ROUTE + 'statements = ["d"]\n', DEMANDS, "a.toml: a: there is no demand or statement 'd'"),
        (ROUTE.replace('where = "https://a.example"\n', ""), DEMANDS, "a.toml: a: a way has an address"),
        (ROUTE + 'subject = "S"\n', DEMANDS, "a.toml: a: a mail has a subject"),
        (
            ROUTE + 'fields = [{ name = "F", value = "{nobody}" }]\n',
            DEMANDS,
            "a.toml: a: nothing fills the place 'nobody'",
        ),
        (ROUTE, DEMANDS.replace('rules = ["ptr/missing"]\n', ""), "demands.toml: d: no rule decides it"),
        (
            ROUTE,
            DEMANDS.replace('["ptr/missing"]', '["ptr/missing"]\nvouched = "x"'),
            "demands.toml: d: there is no stat",
        ),
    ],
)
def test_a_broken_file_is_named(route: str, demands: str, problem: str, tmp_path: Path) -> None:
    files = {"a.toml": route, "demands.toml": demands, "letters.toml": LETTERS}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as error:
        read_routes([tmp_path / "a.toml"], tmp_path / "demands.toml", tmp_path / "letters.toml")
    assert str(error.value).startswith(problem)
