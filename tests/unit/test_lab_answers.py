"""What the lab's name server says of names: asked over the wire."""

from collections.abc import Iterator

import pytest

from preflight.lab import LabDns, World
from tests.unit.lab_asking import ask, records, soa_owner, told

ZONES = {
    "example.com": """
@           SOA   ns1 hostmaster 7 3600 600 86400 60
            NS    ns1
            MX    10 mail
            MX    20 backup
mail        A     192.0.2.10
            AAAA  2001:db8::10
www         CNAME web
web         A     192.0.2.80
away        CNAME mail.example.net.
nowhere     CNAME gone
out         CNAME host.example.org.
round       CNAME trip
trip        CNAME round
a1          CNAME a2
a2          CNAME a3
a3          CNAME a4
a4          CNAME a5
a5          CNAME a6
a6          CNAME a7
a7          CNAME a8
a8          CNAME a9
a9          A     192.0.2.9
deep.in.the A     192.0.2.99
*.wild      A     192.0.2.42
*.wild      TXT   "any"
here.wild   TXT   "no address"
*.alias     CNAME mail
x.*.empty   A     192.0.2.43
*.host.wild MX    10 mail
sub         NS    ns.sub
            NS    ns1
ns.sub      A     192.0.2.153
ns1         A     192.0.2.53
""",
    "example.net": "mail A 192.0.2.20",
    "far.below.example.net": "host A 192.0.2.21",
}


@pytest.fixture(scope="module")
def internet() -> Iterator[LabDns]:
    with LabDns(World.from_zones(ZONES)) as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> Iterator[LabDns]:
    with LabDns(World.from_zones(ZONES, recursive=False)) as server:
        yield server


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    ("name", "rtype", "answer"),
    [
        ("mail.example.com", "A", ["mail.example.com A 192.0.2.10"]),
        ("MAIL.Example.COM", "AAAA", ["MAIL.Example.COM AAAA 2001:db8::10"]),
        ("example.com", "MX", ["example.com MX 10 mail.example.com", "example.com MX 20 backup.example.com"]),
        ("example.com", "NS", ["example.com NS ns1.example.com"]),
        ("www.example.com", "A", ["web.example.com A 192.0.2.80", "www.example.com CNAME web.example.com"]),
        ("www.example.com", "CNAME", ["www.example.com CNAME web.example.com"]),
        ("away.example.com", "A", ["away.example.com CNAME mail.example.net", "mail.example.net A 192.0.2.20"]),
        ("one.wild.example.com", "A", ["one.wild.example.com A 192.0.2.42"]),
        ("two.labels.wild.example.com", "A", ["two.labels.wild.example.com A 192.0.2.42"]),
        (
            "any.alias.example.com",
            "A",
            ["any.alias.example.com CNAME mail.example.com", "mail.example.com A 192.0.2.10"],
        ),
        ("mail.example.com", "ANY", ["mail.example.com A 192.0.2.10", "mail.example.com AAAA 2001:db8::10"]),
        ("host.far.below.example.net", "A", ["host.far.below.example.net A 192.0.2.21"]),
    ],
)
def test_answers(internet: LabDns, name: str, rtype: str, answer: list[str], tcp: bool) -> None:
    assert told(ask(internet, name, rtype, tcp=tcp)) == ("NOERROR", "AA RA", answer)


@pytest.mark.parametrize(
    ("name", "rtype", "soa"),
    [
        ("mail.example.com", "TXT", "example.com."),
        ("the.example.com", "A", "example.com."),  # an empty non-terminal
        ("in.the.example.com", "A", "example.com."),
        ("here.wild.example.com", "A", "example.com."),  # a name that is there shuts the wildcard out
        ("other.wild.example.com", "MX", "example.com."),
        ("host.wild.example.com", "MX", "example.com."),  # *.host.wild makes it an empty non-terminal
        ("y.empty.example.com", "A", "example.com."),  # the wildcard itself is an empty non-terminal
        ("below.example.net", "A", "example.net."),  # there is a zone below it
        ("com", "A", "."),
        (".", "A", "."),
    ],
)
def test_no_data(internet: LabDns, name: str, rtype: str, soa: str) -> None:
    reply = ask(internet, name, rtype)
    assert told(reply) == ("NOERROR", "AA RA", [])
    assert soa_owner(reply) == [soa]


@pytest.mark.parametrize(
    ("name", "soa"),
    [
        ("gone.example.com", "example.com."),
        ("below.mail.example.com", "example.com."),
        ("x.here.wild.example.com", "example.com."),  # the closest encloser is here.wild, which has no wildcard
        ("deeper.deep.in.the.example.com", "example.com."),
        ("gone.below.example.net", "example.net."),
        ("example.org", "."),
        ("mail.corp.invalid", "."),
    ],
)
def test_no_such_name(internet: LabDns, name: str, soa: str) -> None:
    reply = ask(internet, name)
    assert told(reply) == ("NXDOMAIN", "AA RA", [])
    assert soa_owner(reply) == [soa]


def test_negative_answers_live_as_long_as_the_zone_says(internet: LabDns) -> None:
    assert [rrset.ttl for rrset in ask(internet, "gone.example.com").authority] == [60]


def test_a_chain_to_nowhere_has_the_code_of_its_end(internet: LabDns) -> None:
    reply = ask(internet, "nowhere.example.com")
    assert told(reply) == ("NXDOMAIN", "AA RA", ["nowhere.example.com CNAME gone.example.com"])
    assert soa_owner(reply) == ["example.com."]


def test_a_chain_without_the_type_is_no_data(internet: LabDns) -> None:
    reply = ask(internet, "www.example.com", "MX")
    assert told(reply) == ("NOERROR", "AA RA", ["www.example.com CNAME web.example.com"])
    assert soa_owner(reply) == ["example.com."]


@pytest.mark.parametrize("name", ["round.example.com", "a1.example.com", "sub.example.com", "host.sub.example.com"])
def test_what_a_resolver_cannot_follow_is_servfail(internet: LabDns, name: str) -> None:
    assert told(ask(internet, name)) == ("SERVFAIL", "RA", [])


def test_seven_aliases_are_followed(internet: LabDns) -> None:
    code, _, answer = told(ask(internet, "a2.example.com"))
    assert code == "NOERROR"
    assert len(answer) == 8
    assert answer[-1] == "a9.example.com A 192.0.2.9"


def test_an_authority_refuses_names_of_others(authority: LabDns) -> None:
    assert told(ask(authority, "example.org")) == ("REFUSED", "", [])
    assert told(ask(authority, "mail.example.com")) == ("NOERROR", "AA", ["mail.example.com A 192.0.2.10"])


def test_an_authority_refers_to_those_it_delegates_to(authority: LabDns) -> None:
    for name in ("sub.example.com", "host.sub.example.com", "ns.sub.example.com"):
        reply = ask(authority, name)
        assert told(reply) == ("NOERROR", "", [])
        assert records(reply.authority) == [
            "sub.example.com NS ns.sub.example.com",
            "sub.example.com NS ns1.example.com",
        ]
        assert records(reply.additional) == ["ns.sub.example.com A 192.0.2.153", "ns1.example.com A 192.0.2.53"]


def test_an_authority_leaves_the_rest_of_a_chain_to_the_asker(authority: LabDns) -> None:
    assert told(ask(authority, "out.example.com")) == ("NOERROR", "AA", ["out.example.com CNAME host.example.org"])
    assert told(ask(authority, "round.example.com")) == (
        "NOERROR",
        "AA",
        ["round.example.com CNAME trip.example.com", "trip.example.com CNAME round.example.com"],
    )
    assert len(ask(authority, "a1.example.com").answer) == 8
