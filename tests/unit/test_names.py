"""What counts as a host name: faults of names from DNS, the grammar of HELO names, repairs."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.subject import Subject
from preflight.text import places
from preflight_checks import names
from preflight_checks.names import (
    distinct,
    domain_fault,
    host_name_fault,
    is_address_literal,
    is_proper,
    normal,
    repaired,
    suggested_name,
)

LETDIG = string.ascii_letters + string.digits
LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,12}[A-Za-z0-9])?", fullmatch=True)
# RFC 5321 4.1.2: Domain = sub-domain *("." sub-domain), sub-domain = Let-dig [Ldh-str].
DOMAINS = st.lists(LABELS, min_size=1, max_size=8).map(".".join)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", names.ROOT),
        (".", names.ROOT),
        ("10.2.0.192.in-addr.arpa", names.REVERSE_TREE),
        ("localhost", names.LOCAL_NAME),
        ("localhost.example.com", names.LOCAL_NAME),
        ("mail.LOCAL.", names.LOCAL_NAME),
        ("mail.lan", names.LOCAL_NAME),
        ("mail", names.SINGLE_WORD),
        ("mail_1.example.com", names.BAD_LABEL),
        ("-mail.example.com", names.BAD_LABEL),
        ("mail..example.com", names.BAD_LABEL),
        (f"{'a' * 64}.example.com", names.BAD_LABEL),
        ("bücher.example", names.BAD_LABEL),
        ("192.0.2.10", names.NUMBER_LAST),
        ("mail.example.com", None),
        ("MAIL.Example.COM.", None),
        ("xn--bcher-kva.example", None),
        ("1.example", None),
    ],
)
def test_host_name_fault(name: str, sentence: str | None) -> None:
    fault = host_name_fault(name)
    assert (fault.sentence if fault else None) == sentence


def test_only_a_bad_label_can_be_in_the_public_dns() -> None:
    faulty = ["", "x.arpa", "localhost", "mail", "mail_1.example.com", "192.0.2.10"]
    assert [fault.in_public_dns for name in faulty if (fault := host_name_fault(name))] == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", names.EMPTY),
        ("bücher.example", names.NON_ASCII),
        ("mail.example\u2028.com", names.NON_ASCII),
        ("mail example.com", names.SPACE),
        (" mail.example.com", names.SPACE),
        ("mail.example.com\r\n", names.SPACE),
        ("mail\x00.example.com", names.SPACE),
        ("mail\x7f.example.com", names.SPACE),
        ("[192.0.2.25", names.BROKEN_LITERAL),
        ("192.0.2.25]", names.BROKEN_LITERAL),
        ("[192.0.2.256]", names.BROKEN_LITERAL),
        ("[2001:db8::25]", names.BROKEN_LITERAL),
        ("[IPv6:192.0.2.25]", names.BROKEN_LITERAL),
        ("[x400:content]", names.BROKEN_LITERAL),
        ("[]", names.BROKEN_LITERAL),
        ("192.0.2.25", names.BARE_ADDRESS),
        ("192.000.002.025", names.BARE_ADDRESS),
        ("2001:db8::25", names.BARE_ADDRESS),
        (".", names.EMPTY_LABEL),
        ("..", names.EMPTY_LABEL),
        (".example.com", names.EMPTY_LABEL),
        ("mail..example.com", names.EMPTY_LABEL),
        ("mail.example.com..", names.EMPTY_LABEL),
        ("mail.example.com.", names.TRAILING_DOT),
        (f"{'a' * 64}.example.com", names.LONG_LABEL),
        (".".join(["a" * 49] * 5) + ".com", None),
        (".".join(["a" * 50] * 5), names.LONG_NAME),
        ("mail_1.example.com", names.UNDERSCORE),
        ("-mail.example.com", names.OUTER_HYPHEN),
        ("mail-.example.com", names.OUTER_HYPHEN),
        ("mail.example.com/x", names.CHARACTER),
        ("mail:25", names.CHARACTER),
        ("fe80::1%eth0", names.CHARACTER),
        ("mail", None),
        ("mail.example.com", None),
        ("123", None),
        ("192.0.2.256", None),
        ("a--b.example", None),
        (f"{'a' * 63}.example", None),
        ("[192.0.2.25]", None),
        ("[192.000.002.025]", None),
        ("[IPv6:2001:db8::25]", None),
        ("[ipv6:::1]", None),
    ],
)
def test_domain_fault_names_the_rule_that_broke(text: str, sentence: str | None) -> None:
    fault = domain_fault(text)
    assert (fault.sentence if fault else None) == sentence


def test_the_longest_name_that_dns_can_carry_passes() -> None:
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert len(name) == 253
    assert domain_fault(name) is None
    assert domain_fault(name + "d") == names.Fault(names.LONG_NAME, {"length": "254"})


@given(st.text(max_size=300))
def test_any_text_has_a_verdict_whose_sentence_is_complete(text: str) -> None:
    for fault in (domain_fault(text), host_name_fault(text)):
        if fault is not None:
            assert places(fault.sentence) <= {"name", *fault.places}
            assert fault.sentence.format_map({"name": text, **fault.places})
    if is_address_literal(text):
        assert domain_fault(text) is None


@given(DOMAINS)
def test_each_domain_of_the_grammar_passes_but_bare_addresses(name: str) -> None:
    fault = domain_fault(name)
    parts = name.split(".")
    bare = len(parts) == 4 and all(part.isdecimal() and len(part) <= 3 and int(part) <= 255 for part in parts)
    assert (fault.sentence if fault else None) == (names.BARE_ADDRESS if bare else None)


@given(st.text(alphabet=LETDIG + "-._[]: ü\t", max_size=40))
def test_what_passes_is_in_the_grammar(text: str) -> None:
    if domain_fault(text) is None and not text.startswith("["):
        for label in text.split("."):
            assert label
            assert label[0] in LETDIG
            assert label[-1] in LETDIG
            assert set(label) <= set(LETDIG + "-")


@given(st.ip_addresses())
def test_each_address_is_a_literal_in_brackets_and_a_fault_without(ip: object) -> None:
    text = str(ip)
    literal = f"[IPv6:{text}]" if ":" in text else f"[{text}]"
    assert is_address_literal(literal)
    assert domain_fault(literal) is None
    fault = domain_fault(text)
    assert fault is not None
    assert fault.sentence == names.BARE_ADDRESS


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mail.example.com.", "mail.example.com"),
        (" mail.example.com\r\n", "mail.example.com"),
        ("mail_1.example.com", "mail-1.example.com"),
        ("_mail.example.com", "mail.example.com"),
        ("mail..example.com", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("邮件.example.com", "xn--5nq051n.example.com"),
        ("mail。example。com", "mail.example.com"),
        ("mail.example.com", "mail.example.com"),
        ("localhost", None),
        ("mail", None),
        ("", None),
        ("192.0.2.25", None),
        ("[192.0.2.25]", None),
        ("mail example.com", None),
        ("ü" * 200 + ".example.com", None),
    ],
)
def test_repaired(text: str, name: str | None) -> None:
    assert repaired(text) == name


@given(st.text(max_size=300))
def test_what_is_repaired_is_proper(text: str) -> None:
    name = repaired(text)
    assert name is None or is_proper(name)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (Subject(helo="mx.example.com", host="h.example.com"), "mx.example.com"),
        (Subject(helo="localhost", host="h.example.com"), "h.example.com"),
        (Subject(helo="localhost", domain="example.org"), "mail.example.org"),
        (Subject(helo="bad name\n"), "mail.example.com"),
        (Subject(), "mail.example.com"),
    ],
)
def test_suggested_name_is_a_proper_one_of_the_subject(subject: Subject, name: str) -> None:
    assert suggested_name(subject) == name


def test_is_proper() -> None:
    assert is_proper("mail.example.com")
    assert not is_proper(None)
    assert not is_proper("")
    assert not is_proper("mail.example.com.")
    assert not is_proper("[192.0.2.25]")


def test_names_are_compared_without_case_and_last_dot() -> None:
    assert normal("Mail.Example.COM.") == "mail.example.com"
    assert distinct(["A.example.", "b.example", "a.EXAMPLE"]) == ("A.example.", "b.example")


# RFC 5321 4.1.2 and 4.1.3 word by word, and by other means than the code: `Domain` and the address literals that exist.
LET_DIG = "[A-Za-z0-9]"
SUB_DOMAIN = f"{LET_DIG}(?:[A-Za-z0-9-]*{LET_DIG})?"
GRAMMAR = re.compile(rf"{SUB_DOMAIN}(?:\.{SUB_DOMAIN})*")
NEAR_MISSES = st.one_of(
    DOMAINS,
    st.ip_addresses(v=4).map(str),
    st.text(alphabet=LETDIG + "-._ :[]%\u00fc\r\n\t\x00@", max_size=30),
    st.lists(st.text(alphabet="ab1-_", max_size=70), min_size=1, max_size=5).map(".".join),
    DOMAINS.map(lambda name: f"{name}."),
    DOMAINS.map(lambda name: f".{name}"),
    DOMAINS.map(lambda name: f"{name}\n"),
    st.lists(LABELS, min_size=20, max_size=60).map(".".join),
)


def refused_beyond_the_grammar(name: str) -> bool:
    """The difference: what `Domain` of RFC 5321 allows, and no receiver takes.

    1. An IPv4 address without brackets: each of its parts is a sub-domain by the grammar; Microsoft answers 501 5.5.4.
    2. A label of more than 63 octets, or more than 253 in all: no name of DNS (RFC 1035 2.3.4, RFC 5321 4.5.3.1.2).
    """
    parts = name.split(".")
    bare = len(parts) == 4 and all(part.isdecimal() and len(part) <= 3 and int(part) <= 255 for part in parts)
    return bare or len(name) > 253 or any(len(part) > 63 for part in parts)


@settings(max_examples=400, deadline=None)
@given(NEAR_MISSES)
def test_the_grammar_of_helo_names_is_that_of_rfc_5321_minus_what_is_refused(text: str) -> None:
    in_grammar = text.isascii() and GRAMMAR.fullmatch(text) is not None
    expected = in_grammar and not refused_beyond_the_grammar(text)
    if not text.startswith("["):  # literals have a test of their own
        assert (domain_fault(text) is None) == expected


REFUSED_BY_MICROSOFT = [
    # What the grammar allows and `domain_fault` passes, and `host_name_fault` then refuses, as 501 5.5.4 does:
    ("mail", names.SINGLE_WORD),
    ("localhost", names.LOCAL_NAME),
    ("mail.local", names.LOCAL_NAME),
    ("mail.localdomain", names.LOCAL_NAME),
    ("10.2.0.192.in-addr.arpa", names.REVERSE_TREE),
    ("host.123", names.NUMBER_LAST),
]


@pytest.mark.parametrize(("name", "sentence"), REFUSED_BY_MICROSOFT)
def test_what_the_grammar_allows_and_receivers_refuse(name: str, sentence: str) -> None:
    assert GRAMMAR.fullmatch(name)
    assert domain_fault(name) is None
    fault = host_name_fault(name)
    assert fault is not None
    assert fault.sentence == sentence


@settings(max_examples=200, deadline=None)
@given(NEAR_MISSES)
def test_what_is_proper_is_in_the_grammar_and_has_a_public_form(text: str) -> None:
    """The whole difference: proper names are those of the grammar, minus the two lists above."""
    fault = host_name_fault(text) if GRAMMAR.fullmatch(text) else None
    expected = GRAMMAR.fullmatch(text) is not None and not refused_beyond_the_grammar(text) and fault is None
    assert is_proper(text) == expected
