"""The judgement of names in reverse DNS: its facts, the address in a name, words, and what must not be flagged."""

import ipaddress
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from preflight.errors import CatalogueError
from preflight.net.addresses import IPAddress
from preflight_checks.rdns import Kind, classify
from preflight_checks.rdns_address import Share, embedded, has_serial
from preflight_checks.rdns_facts import Network, Sender, Template, load_facts, read_facts

V4 = ipaddress.ip_address("192.0.2.10")
V6 = ipaddress.ip_address("2001:db8:0:1:a00:27ff:fe4e:66a1")
SHORT = ipaddress.ip_address("2001:db8::25")
FACTS = Path(read_facts.__code__.co_filename).parent / "data" / "rdns.toml"


@pytest.mark.parametrize("template", load_facts().templates, ids=lambda template: template.provider)
def test_templates_match_their_examples_and_no_others(template: Template) -> None:
    for name in template.examples:
        assert template.matches(name)
        assert template in load_facts().under(name).templates
        verdict = classify(name, V4)
        assert verdict.kind == template.kind
        assert [str(reason) for reason in verdict.reasons] == [f"{template.provider} gives such names by itself"]
    for name in template.counter_examples:
        assert not template.matches(name)
    others = [other for other in load_facts().templates if other is not template]
    assert not [name for other in others for name in other.examples if template.matches(name)]


@pytest.mark.parametrize("network", load_facts().networks, ids=lambda network: network.name)
def test_networks_have_their_examples_and_no_others(network: Network) -> None:
    for name in network.examples:
        assert load_facts().under(name).network is network
        assert classify(name, V4).kind == network.kind
    for name in network.counter_examples:
        assert load_facts().under(name).network is not network


@pytest.mark.parametrize("network", load_facts().networks, ids=lambda network: network.name)
def test_suffixes_are_no_public_suffixes_and_hold_mail_hosts_too(network: Network) -> None:
    for suffix in network.suffixes:
        assert "." in suffix
        name = f"mail.{suffix}"
        given = any(template.matches(name) for template in load_facts().under(name).templates)
        assert (classify(name, V4).kind is Kind.CUSTOM) != given


@pytest.mark.parametrize("sender", load_facts().senders, ids=lambda sender: sender.operator)
def test_known_senders_are_custom(sender: Sender) -> None:
    for name in sender.examples:
        verdict = classify(name, V4)
        assert (verdict.kind, verdict.score, verdict.settled) == (Kind.CUSTOM, 0.0, True)
    assert not sender.matches(f"x{sender.suffixes[0]}")


@pytest.mark.parametrize(
    ("name", "ip", "share"),
    [
        ("192-0-2-10.example.net", V4, Share.FULL),
        ("10.2.0.192.example.net", V4, Share.FULL),
        ("host-0-192-10-2.example.net", V4, Share.FULL),
        ("192.000.002.010.example.net", V4, Share.FULL),
        ("h192x0x2x10.example.net", V4, Share.FULL),
        ("host192000002010.example.net", V4, Share.FULL),
        ("010002000192.example.net", V4, Share.FULL),
        ("192000.002010.example.net", V4, Share.FULL),
        ("h000192010002.example.net", V4, Share.FULL),
        ("1920210.example.net", V4, Share.FULL),
        ("3221225994.example.net", V4, Share.FULL),
        ("pc000020a.example.net", V4, Share.FULL),
        ("0a0200c0.example.net", V4, Share.FULL),
        ("c0-00-02-0a.example.net", V4, Share.FULL),
        ("a.2.0.c0.example.net", V4, Share.FULL),
        ("192-0-2.example.net", V4, Share.THREE),
        ("2-0-192-77.example.net", V4, Share.THREE),
        ("2-10.example.net", V4, Share.TWO),
        ("10-2.example.net", V4, Share.TWO),
        ("020a.example.net", V4, Share.TWO),
        ("h10.example.net", V4, Share.LAST),
        ("host000200.example.net", V4, Share.NONE),
        ("y002010.example.net", V4, Share.TWO),
        ("net192000002.example.net", V4, Share.THREE),
        ("h000002010.example.net", V4, Share.THREE),
        ("p00020a.example.net", V4, Share.THREE),
        ("pc00002.example.net", V4, Share.THREE),
        ("1h9u1vu.example.net", V4, Share.FULL),
        ("user-30000ga.example.net", V4, Share.FULL),
        ("x2-0.h192.example.net", V4, Share.THREE),
        ("x2-0.example.net", V4, Share.NONE),
        ("p192-7-0.example.net", V4, Share.NONE),
        ("ivry-77-10.w192-168.example.net", ipaddress.ip_address("192.168.3.10"), Share.TWO),
        ("mail.example.net", V4, Share.NONE),
        ("192-0-2-11.example.net", V4, Share.THREE),
        ("198-51-100-77.example.net", V4, Share.NONE),
        ("1-2-3.example.net", ipaddress.ip_address("192.1.2.3"), Share.TWO),
        ("9" * 5000, V4, Share.NONE),
        ("2001-db8-0-1-a00-27ff-fe4e-66a1.example.net", V6, Share.FULL),
        ("2001-0db8-0000-0001-0a00-27ff-fe4e-66a1.example.net", V6, Share.FULL),
        ("2001.db8.0.1.a00.27ff.fe4e.66a1.example.net", V6, Share.FULL),
        ("20010db8000000010a0027fffe4e66a1.example.net", V6, Share.FULL),
        ("1.a.6.6.e.4.e.f.f.f.7.2.0.0.a.0.1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.example.net", V6, Share.FULL),
        ("2001-db8--25.example.net", SHORT, Share.FULL),
        ("20010db800000001.example.net", V6, Share.THREE),
        ("2001-db8-0-1.example.net", V6, Share.THREE),
        ("a00-27ff-fe4e-66a1.example.net", V6, Share.TWO),
        ("0a0027fffe4e66a1.example.net", V6, Share.TWO),
        ("h25.25.example.net", SHORT, Share.LAST),
        ("2001-db8--2501.example.net", SHORT, Share.NONE),
        ("mail.example.net", V6, Share.NONE),
    ],
)
def test_how_much_of_the_address_is_in_the_name(name: str, ip: IPAddress, share: Share) -> None:
    assert embedded(name, ip).share is share


@given(st.ip_addresses(v=4), st.permutations([0, 1, 2, 3]), st.sampled_from(["-", ".", "x", "_", "n"]), st.booleans())
def test_four_octets_are_found_in_any_order(ip: IPAddress, order: list[int], sign: str, padded: bool) -> None:
    octets = [f"{octet:03d}" if padded else str(octet) for octet in ip.packed]
    assert embedded(f"h{sign.join(octets[at] for at in order)}.example.net", ip).share is Share.FULL


@given(st.ip_addresses(v=6))
def test_each_spelling_of_an_ipv6_address_is_found(ip: IPAddress) -> None:
    nibbles = ip.packed.hex()
    groups = "-".join(nibbles[at : at + 4] for at in range(0, 32, 4))
    for text in (nibbles, groups, ".".join(reversed(nibbles))):
        assert embedded(f"{text}.example.net", ip).share is Share.FULL


def test_serial_numbers() -> None:
    assert has_serial("vps12345")
    assert has_serial("cpe-00aabbccddee")
    assert not has_serial("web12")
    assert not has_serial("facadefacade")


DYNAMIC = [
    "pool-192-0-2-10.nycmny.example.net",
    "c-192-0-2-10.hsd1.example.net",
    "pc000020a.dip0.example.net",
    "adsl-10-2-0-192.example.net",
    "host192000002010.example.net",
    "192-0-2-10.example.net",
    "dynamic-ip-adsl.example.net",
    "dynamicip-10.example.net",
    "rasadsl-2-10.example.net",
    "mx-ll-192.0.2-10.dynamic.example.net",
    "cpe-00aabb112233.cable.example.net",
    "cust-192-0-2-10.example.net",
    "ppp-010.example.net",
    "mail-192-0-2-10.adsl.example.net",
    "192-0-2-10.cust.mx.example.net",
    "vps-192-0-2-10.cable.example.net",
    "10.0-255.2.0.192.rev.example.net",
    "dhcp.static.example.net",
    "wifi-client-10.example.net",
    "cable-10.north.example.net",
    "S0106aabbccddeeff.xy.cable.example.net",
    "user-123456.example.net",
    "h2-10.rev.users.example.net",
    "host2-10.example.net",
    "192-0-2-10.lte.example.net",
    "192-0-2-10.4g.example.net",
    "mx-192-0-2-10.ftth.example.net",
]
GENERIC = [
    "static-192-0-2-10.example.net",
    "192-0-2-10.static.adsl.example.net",
    "static-10.adsl.example.net",
    "staticline2-10.example.net",
    "vps-192-0-2-10.example.net",
    "server-192-0-2-10.cust.example.net",
    "unassigned.example.net",
    "no-rdns-10.example.net",
    "hosted-by.example.net",
    "192-0-2-10.static.pool.example.net",
    "192-0-2-10.b2b.example.net",
    "192-0-2-10.fasthost.example",
    "10.2.0.192.northcloud.example",
    "ip2-10.fasthost.example",
    "654321.fasthost.example",
    "vps12345.example.net",
    "vps-0a1b2c.example.net",
    "srv654321.example.net",
    "not-yet-assigned.example.net",
    "rdns-not-there.example.net",
    "no-reverse-dns-configured.example",
    "hosted-by-somebody.example.net",
    "192-0-2-10.pool.fasthost.example",
    "s123456.fasthost.example",
    "host12345.fasthost.example",
    "customer-12345.fasthost.example",
    "vps-12345-6789.example.net",
    "vps1234.example.net",
    "rdns.not.set.example.net",
    "hosting-by-somebody.example.net",
]
CUSTOM = [
    "mail.example.com",
    "mail10.example.com",
    "mail12.example.com",
    "mx2-10.example.com",
    "smtp-out-10.example.com",
    "mail-192-0-2-10.example.com",
    "192-0-2-10.mta.example.com",
    "pool1.mta.example.com",
    "mail.adsl.example.net",
    "smtp.generaldynamics.example",
    "crm.generaldynamics.example",
    "dynamics.example.com",
    "poolside.example.com",
    "cable.example.com",
    "static.example.com",
    "web10.example.com",
    "server.example.com",
    "gate10.dsl-help.example",
    "crm.dynamic-it.example",
    "nat10.example.com",
    "www.example.com",
    "example.com",
    "srv2-10.example.com",
    "mail.dynamic.example.com",
    "mail01.dyn.example.com",
    "static.mail12.example.com",
    "mta-192-0-2-10.pool.example.com",
    "delivery-192-0-2-10.example.com",
    "mxc000020a.example.com",
    "cable10.example.com",
    "fibre10.example.com",
    "vps10.example.com",
    "vps2024.example.com",
    "vps123.example.com",
    "dd12345.fasthost.example",
    "s1234.fasthost.example",
    "client-192-0-2-10.mta.example.com",
    "192-0-2-10.news.example.com",
    "host25.example.com",
    "server1.customer.example.com",
    "web3.cloud.example.com",
    "out2-10.example.com",
    "poolparty.example.com",
    "custommail.example.com",
    "h192x.example.com",
]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, Kind.DYNAMIC) for name in DYNAMIC),
        *((name, Kind.GENERIC) for name in GENERIC),
        *((name, Kind.CUSTOM) for name in CUSTOM),
    ],
)
def test_classify(name: str, kind: Kind) -> None:
    verdict = classify(name, V4)
    assert verdict.kind is kind
    assert (verdict.score >= 0.5) == (kind is not Kind.CUSTOM)
    assert verdict.reasons
    assert classify(f"{name.upper()}.", V4) == verdict


def test_one_digit_is_no_sign_of_the_address() -> None:
    assert classify("fiber1.example.com", ipaddress.ip_address("192.0.2.1")).kind is Kind.CUSTOM


def test_only_names_that_show_who_chose_them_are_settled() -> None:
    assert classify("mail.example.com", V4).settled
    assert not classify("web.example.com", V4).settled
    assert not classify("static-192-0-2-10.example.net", V4).settled


NEAR = ("h9.example.net", "h11.example.net")


@pytest.mark.parametrize(
    ("name", "neighbours", "kind"),
    [
        ("h10.example.net", NEAR, Kind.DYNAMIC),
        ("H10.example.net.", ("H9.example.net.", "x.example.net", "h11.EXAMPLE.net"), Kind.DYNAMIC),
        ("h10.example.net", NEAR[:1], Kind.CUSTOM),
        ("h10.example.net", (NEAR[0], "web.example.net"), Kind.CUSTOM),
        ("h10.fasthost.example", ("h9.fasthost.example", "h11.fasthost.example"), Kind.GENERIC),
        ("customer.example.net", ("customer.example.net", "customer.example.net"), Kind.DYNAMIC),
        ("static.example.net", ("static.example.net", "static.example.net"), Kind.GENERIC),
        ("web1.example.net", ("web2.example.net", "web3.example.net"), Kind.CUSTOM),
        ("mta10.example.net", ("mta9.example.net", "mta11.example.net"), Kind.CUSTOM),
        ("a10.smtp-out.amazonses.com", ("a9.smtp-out.amazonses.com", "a8.smtp-out.amazonses.com"), Kind.CUSTOM),
    ],
)
def test_neighbours_of_the_same_form_tell_on_names_without_other_signs(
    name: str, neighbours: tuple[str, ...], kind: Kind
) -> None:
    assert classify(name, V4).kind is Kind.CUSTOM
    verdict = classify(name, V4, neighbours)
    assert verdict.kind is kind
    if kind is not Kind.CUSTOM:
        assert str(verdict.reasons[0]).startswith("neighbours have names of the same form: ")


def test_a_verdict_says_which_row_of_the_table_it_follows() -> None:
    verdict = classify("athedsl-820294.home.otenet.gr", V4)
    row = "access lines in South-East Europe and Turkey"
    assert str(verdict.reasons[0]) == f"home.otenet.gr has names of: {row}"
    verdict = classify("vps12345.example.net", V4)
    assert [str(reason) for reason in verdict.reasons] == [
        "vps12345 looks like a serial number",
        "vps is a word of rented servers",
    ]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.ip_addresses())
@example("." * 2000, V4)
@example("a-" * 2000, V6)
@example("0" * 5000, V4)
@example("xn--\ud800.example", V4)
@example("", V4)
@example("İ.example.com", V6)
@example("xn--bcher-kva.example", V4)
@example(f"{'a' * 63}.{'1' * 63}.example", V4)
@example("..a..b..", V4)
def test_any_text_under_any_address_is_judged(name: str, ip: IPAddress) -> None:
    verdict = classify(name, ip)
    assert 0 <= verdict.score <= 1
    assert (verdict.score >= 0.5) == (verdict.kind is not Kind.CUSTOM)
    assert verdict.reasons
    assert not (verdict.settled and verdict.kind is not Kind.CUSTOM)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789abcdef.-xpdyn", max_size=300), st.ip_addresses())
def test_texts_of_digits_and_dots_are_judged(name: str, ip: IPAddress) -> None:
    assert classify(name, ip).kind in Kind


LONGEST = 1024  # characters that are looked at
WORST = [
    *(text * LONGEST for text in ("1-", "1", "a", "a1", "f", "1f", ".", "a.", "-", "no-", "s-", "s-1vcpu-", "é", "0x")),
    *(text * LONGEST for text in ("ns1.ip-", "192.", "f0.", "0.1.2.", "a.b-c.d1")),
    f"{'1' * 512}{'a' * 512}",
    f"{'1a' * 30}." * 40,
    f"{'no-' * 20}rdns." * 40,
    f"{'f' * 62}0." * 40,
]


@pytest.mark.parametrize("name", WORST, ids=lambda name: f"{name[:8]}…")
@pytest.mark.parametrize("ip", [V4, V6], ids=["v4", "v6"])
def test_the_worst_names_take_no_more_calls_than_their_length_allows(name: str, ip: IPAddress) -> None:
    """Work, not time: the calls of functions, in Python and below. `make bench` has the time, of patterns as well."""
    calls = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    classify("mail.example.com", ip)  # loads what is loaded on first use
    sys.setprofile(count)
    try:
        classify(name, ip, (name, name))
    finally:
        sys.setprofile(None)
    assert calls < 12 * LONGEST


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("checked = 2026", "chekced = 2026", "chekced"),
        ('kind = "dynamic"', 'kind = "dinamic"', "dinamic"),
        (r"pattern = 'hosted-by\.leaseweb\.com'", "pattern = 'hosted-by('", "Leaseweb: pattern"),
        ('match = ["hosted-by.leaseweb.com"]', "match = []", "Leaseweb: source, match"),
        ('suffix = ["google.com"]', "suffix = []", "Google: suffix"),
        ('suffix = ["google.com"]', 'suffix = ["Google.com"]', "'Google.com'"),
        ('suffix = ["google.com"]', 'suffix = ["amazonses.com"]', "another sender's suffix"),
        ('"dip0.t-ipconnect.de", ', '"biz.rr.com", ', "another network's suffix"),
        ('match = ["ic000020a.versanet.de"]', "match = []", "in Germany: suffix, source"),
        ("lines = 'tele", "lines = '(tele", "domains: pattern"),
        ('"dynamicip",', '"DynamicIP",', "'DynamicIP'"),
        ('"dynamicip",', '"dynamic",', "named twice"),
    ],
)
def test_a_broken_file_of_facts_says_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FACTS.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "rdns.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"^rdns\.toml: ") as caught:
        read_facts(file)
    assert said in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rdns.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(CatalogueError):
        read_facts(file)
