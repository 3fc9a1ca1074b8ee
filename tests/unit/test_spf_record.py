"""Reading an SPF record by the grammar of RFC 7208 12."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.net.dns import Question, Records
from preflight_checks.senderauth.spf_record import Flaw, is_spf, parse
from preflight_checks.senderauth.spf_records import near_misses, octets


def flaws(text: str) -> list[str]:
    return [str(flaw) for flaw in parse(f"v=spf1 {text}").flaws]


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 ", "V=SPF1 -all", "v=spf1  a"])
def test_what_is_a_record(text: str) -> None:
    assert is_spf(text)


@pytest.mark.parametrize(
    "text", ["", "v=spf10", "v=spf1\t-all", " v=spf1 -all", "v=spf1-all", "spf1 -all", "v=spf2.0/pra a"]
)
def test_what_is_none(text: str) -> None:
    assert not is_spf(text)


@pytest.mark.parametrize(
    "term",
    [
        "all", "+all", "?ALL", "a", "A:mail.example.com", "a/24", "a//64", "a/0//0", "a:example.com/24//64",
        "a:%{d}/24", "mx", "mx:example.com.", "mx:.com", "ptr", "ptr:example.com", "include:a-b.example",
        "exists:%{ir}.%{v}.%{d2}", "exists:%{l1r+-}.example.com", "a:%%", "a:x.%_", "a:%-", "ip4:192.0.2.0/24",
        "ip4:0.0.0.0/0", "ip6:2001:db8::/32", "ip6:::", "ip6:::ffff:192.0.2.1", "IP6:2001:DB8::1/128",
        "redirect=_spf.%{d}", "Exp=e.example.com", "exp=%{i}.%{d}", "unknown=", "x.y-z_1=%{c}%{r}%{t}", "rr=e:f",
        "ip4=192.0.2.1", "a:1.2.3.4.x1", "a:foo/bar.com", "exists:a,b.example.com",
    ],
)  # fmt: skip
def test_terms_that_are_right(term: str) -> None:
    assert flaws(term) == []


@pytest.mark.parametrize(
    ("term", "flaw"),
    [
        ("\N{EN DASH}all", Flaw.NON_ASCII),
        ("a:\\xff.example.com", Flaw.NON_ASCII),  # as text from DNS shows an octet that is no UTF-8
        ("a:b\u00fccher.example", Flaw.NON_ASCII),
        ("\t-all", Flaw.CONTROL),
        ("mx\x7f", Flaw.CONTROL),
        ("foo", Flaw.UNKNOWN),
        ("=a", Flaw.UNKNOWN),
        (":example.com", Flaw.UNKNOWN),
        ("--all", Flaw.UNKNOWN),
        ("~al", Flaw.MEANT),
        ("ipv4:192.0.2.1", Flaw.MEANT),
        ("192.0.2.1/24", Flaw.MEANT),
        ("all.", Flaw.MEANT),
        ("+ip4=192.0.2.1", Flaw.COLON),
        ("-redirect=example.com", Flaw.QUALIFIED),
        ("ip4:192.0.2.1,ip4:192.0.2.2", Flaw.COMMA),
        ("-all;", Flaw.COMMA),
        ("all:example.com", Flaw.ARGUMENT),
        ("all/8", Flaw.ARGUMENT),
        ("include", Flaw.NO_DOMAIN),
        ("include:", Flaw.NO_DOMAIN),
        ("exists", Flaw.NO_DOMAIN),
        ("a:", Flaw.NO_DOMAIN),
        ("redirect=", Flaw.NO_DOMAIN),
        ("exp=", Flaw.NO_DOMAIN),
        ("a:localhost", Flaw.NOT_QUALIFIED),
        ("a:museum.", Flaw.NOT_QUALIFIED),
        ("include:example.com:25", Flaw.NOT_QUALIFIED),
        ("a:%{i}com", Flaw.NOT_QUALIFIED),
        ("a:%%{d}", Flaw.NOT_QUALIFIED),
        ("a:example.-x", Flaw.NOT_QUALIFIED),
        ("a:%{x}.example.com", Flaw.MACRO),
        ("a:%{d0}.example.com", Flaw.MACRO),
        ("a:%{c}.example.com", Flaw.MACRO),
        ("a:%{d", Flaw.MACRO),
        ("a:50%.example.com", Flaw.MACRO),
        ("a:%{d9999999999}", Flaw.MACRO),
        ("x=%", Flaw.MACRO),
        ("ip4", Flaw.NO_IP4),
        ("ip4:", Flaw.NO_IP4),
        ("ip4/24", Flaw.NO_IP4),
        ("ip4:mail.example.com", Flaw.NO_IP4),
        ("ip4:192.0.2.01", Flaw.NO_IP4),
        ("ip4:192.0.2", Flaw.NO_IP4),
        ("ip6:fe80::1%eth0", Flaw.NO_IP6),
        ("ip6:1:2", Flaw.NO_IP6),
        ("ip4:2001:db8::1", Flaw.WANTS_IP6),
        ("ip6:192.0.2.1", Flaw.WANTS_IP4),
        ("a:192.0.2.1", Flaw.ADDRESS),
        ("mx:192.0.2.0/24", Flaw.ADDRESS),
        ("include:2001:db8::1", Flaw.ADDRESS),
        ("ip4:192.0.2.0/33", Flaw.PREFIX),
        ("ip4:192.0.2.0/08", Flaw.PREFIX),
        ("ip4:192.0.2.0/", Flaw.PREFIX),
        ("ip4:192.0.2.0//24", Flaw.PREFIX),
        ("ip6:2001:db8::/129", Flaw.PREFIX),
        ("a/33", Flaw.PREFIX),
        ("a//129", Flaw.PREFIX),
        ("mx/", Flaw.PREFIX),
        ("ptr/24", Flaw.NO_PREFIX),
        ("include:example.com/24", Flaw.NO_PREFIX),
        ("a:example.com/24/64", Flaw.PREFIX),
    ],
)
def test_terms_that_are_wrong(term: str, flaw: Flaw) -> None:
    (found,) = parse(f"v=spf1 {term}").flaws
    assert found.template == flaw.value


def test_every_flaw_is_told_and_a_long_term_cut() -> None:
    assert flaws("ip4:1 foo mx redirect=a.example redirect=b.example -all") == [
        "ip4:1 has no IPv4 address such as 192.0.2.25",
        "foo is no term of SPF",
        "redirect=b.example: the modifier redirect stands there more than once",
    ]
    (told,) = flaws("a:" + "x" * 70_000)
    assert len(told) < 200


def test_only_the_two_known_modifiers_may_not_be_repeated() -> None:
    assert flaws("foo=1 foo=2") == []
    assert flaws("exp=a.example EXP=b.example") == ["EXP=b.example: the modifier exp stands there more than once"]


def test_what_receivers_do_not_look_at() -> None:
    record = parse("v=spf1 mx -all include:a.example ip4=192.0.2.1 redirect=b.example foo=bar")
    assert [one.text for one in record.reached] == ["mx", "-all"]
    assert [one.text for one in record.asking] == ["mx"]
    assert record.redirect is None
    assert record.ignored == ("include:a.example", "redirect=b.example", "ip4=192.0.2.1")


def test_a_redirect_counts_last_wherever_it_stands() -> None:
    record = parse("v=spf1 REDIRECT=b.example a include:a.example")
    assert [one.text for one in record.asking] == ["a", "include:a.example", "REDIRECT=b.example"]
    assert record.ignored == ()


TERMS = st.one_of(
    st.sampled_from(
        ["a", "-all", "~mx/24", "ip4:192.0.2.1", "%{d}", "redirect=", "include:", "exists:%{i}.", "//", "ip6:"]
    ),
    st.text(max_size=12),
    st.text("aipmx46%{}:/=.-+~?0123456789drl,", max_size=24),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(TERMS, max_size=6).map(" ".join))
def test_any_text_is_read_and_a_sound_one_is_put_together_again(text: str) -> None:
    record = parse(f"v=spf1 {text}")
    told = [str(flaw) for flaw in record.flaws]
    if not told:
        terms = [*(one.text for one in record.mechanisms), *(one.text for one in record.modifiers)]
        assert sorted(terms) == sorted(filter(None, text.split(" ")))
    assert all(one.network is not None for one in record.mechanisms if one.name in ("ip4", "ip6"))


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("v=spf1;a -all", True), ("spf1 a -all", True), ('"v=spf1 a -all"', True), (" v=spf1 -all", True),
        ("v=spf -all", True),
        ("v=spf1\u00a0-all", True), ("v=spf2.0/pra -all", False), ("google-site-verification=x", False), ("", False),
    ],
)  # fmt: skip
def test_what_may_be_meant_as_a_record(text: str, near: bool) -> None:
    assert bool(near_misses(Records(Question("example.com", "TXT"), (), (text,)))) is near


def test_the_size_of_an_answer() -> None:
    """As dnspython makes it, without EDNS: names are compressed to two octets."""
    import dns.message
    import dns.rrset

    values = ("v=spf1 -all", "x" * 255)
    message = dns.message.make_response(dns.message.make_query("example.com", "TXT", use_edns=False))
    message.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "TXT", *(f'"{value}"' for value in values)))
    assert octets(Records(Question("example.com", "TXT"), (), values)) in range(
        len(message.to_wire()), len(message.to_wire()) + 5
    )
