"""Subjects from texts: what is read, in which form, and how everything else is refused."""

import asyncio
import io
import ipaddress
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight import subject as subject_module
from preflight.errors import SubjectError
from preflight.net.dns import NoData, NxDomain, Reason, SingleFlight
from preflight.net.fake import FakeSource, Script
from preflight.subject import Endpoint, MessageSource, Subject, registrable, with_addresses

LONG = ".".join(["a" * 59] * 5)  # 299 characters


def refused(**given: Any) -> str:
    """The line with which a subject is refused; it names the option and is safe to show."""
    with pytest.raises(SubjectError) as raised:
        Subject.of(**given)
    line = str(raised.value)
    ((key, _),) = given.items()
    assert line.startswith({"host": "HOST ", "ips": "--ip "}.get(key, f"--{key.replace('_', '-')} "))
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mail.example.com", "mail.example.com"),
        ("MAIL.Example.COM", "mail.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("  mail.example.com\n", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example.", "xn--bcher-kva.example"),
        ("bücher。example。", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("邮件.example.com", "xn--5nq051n.example.com"),
        ("mail_out.example.com", "mail_out.example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("-bad-.example.com", "-bad-.example.com"),
        ("mail", "mail"),
        ("mail2", "mail2"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (LONG[:253], LONG[:253]),
        (LONG[:253] + ".", LONG[:253]),
    ],
)
def test_host_names(text: str, name: str) -> None:
    assert Subject.of(text).host == name
    assert Subject.of(domain=text).domain == name
    assert Subject.of(server=text).server == Endpoint(name, 25)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty; give a host name"),
        ("   ", "is empty"),
        (".", "is empty"),
        ("a..b", "'a..b' has an empty label"),
        (".a", "has an empty label"),
        ("a.。ü", "Empty Label"),
        (LONG, "has 299 octets; a DNS name has 253 at the most"),
        (LONG[:254], "has 254 octets"),
        ("a" * 64 + ".example", "has a label of 64 octets; DNS allows 63"),
        ("ü" * 64 + ".example", "is no international domain name: Label too long"),
        ("mail example.com", "has a space or a control character"),
        ("mail\nexample.com", "has a space or a control character"),
        ("a\x00b.example", "has a space or a control character"),
        ("a\x1b[31mb.example", "has a space or a control character"),
        ("a\u202eb.example", "is no international domain name"),
        ("a\ud800b.example", "is no international domain name"),
        ("https://mail.example.com/", "is a URL; give the host name alone"),
        ("postmaster@example.com", "is a mail address; give the part after the @"),
        ("mail.example.com/24", "has the character '/'"),
        ("mail.example.com,mx.example.com", "has the character ','"),
        ("*.example.com", "has the character '*'"),
        ("[192.0.2.1", "has the character '['"),
        ("2001:db8::zz", "has the character ':'"),
    ],
)
def test_what_is_no_host_name(text: str, problem: str) -> None:
    assert problem in refused(host=text)
    assert problem in refused(domain=text)
    assert problem in refused(server=text)


@pytest.mark.parametrize("text", ["192.0.2.300", "192.0.2", "1", "192.0.2.1.", "１９２.0.2.999", "mail.example.123"])
def test_a_slip_in_an_address_is_no_host_name(text: str) -> None:
    assert "ends in a number, as only an IP address does, and is none" in refused(host=text)


def test_a_port_belongs_to_server() -> None:
    assert "has a port; give the host name alone (--server takes a port)" in refused(host="mail.example.com:25")
    assert "has a port" in refused(domain="example.com:25")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        (" [IPv6:2001:db8::1] ", "2001:db8::1"),
        ("[ipv6:2001:DB8::1]", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_a_host_that_is_an_address(text: str, address: str) -> None:
    subject = Subject.of(text)
    assert subject.ips == (ipaddress.ip_address(address),)
    assert (subject.host, subject.helo, subject.domain) == (None, None, None)


def test_addresses_are_kept_once_each_the_host_first() -> None:
    subject = Subject.of("192.0.2.1", ips=["2001:DB8::1", "192.0.2.1", "::ffff:192.0.2.1", "2001:db8:0::1"])
    assert [str(address) for address in subject.ips] == ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no IP address; write"),
        ("mail.example.com", "is no IP address"),
        ("192.0.2.1 192.0.2.2", "is no IP address"),
        ("fe80::1%eth0", "is no IP address"),
        ("192.0.2.1\x00", "is no IP address"),
        ("\ud800", "is no IP address"),
        ("0.0.0.0", "no address that mail can come from"),
        ("::", "no address that mail can come from"),
        ("224.0.0.1", "no address that mail can come from"),
        ("ff02::1", "no address that mail can come from"),
        ("::ffff:0.0.0.0", "no address that mail can come from"),
        ("::ffff:224.0.0.1", "no address that mail can come from"),
    ],
)
def test_what_is_no_sending_address(text: str, problem: str) -> None:
    assert problem in refused(ips=[text])


@pytest.mark.parametrize("text", ["[192.0.2.300]", "[mail.example.com]", "[]", "fe80::1%eth0", "[::1%1]", "0.0.0.0"])
def test_a_host_that_is_almost_an_address(text: str) -> None:
    assert "address" in refused(host=text)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.example.com", "example.com"),
        ("a.b.mail.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("mail.bücher.de", "xn--bcher-kva.de"),
        ("mail.corp.example", "corp.example"),
        ("co.uk", None),
        ("com", None),
        ("localhost", None),
        ("example", None),
    ],
)
def test_the_registrable_domain(host: str, domain: str | None) -> None:
    assert Subject.of(host).domain == domain


def test_what_defaults_to_what() -> None:
    subject = Subject.of("MAIL.example.com.", helo="Other.Example", domain="Example.NET.", name="main")
    assert (subject.host, subject.helo, subject.domain) == ("mail.example.com", "Other.Example", "example.net")
    assert Subject.of("MAIL.example.com.").helo == "mail.example.com"
    assert Subject.of(ips=["192.0.2.1"]).helo is None
    assert registrable(None) is None


@pytest.mark.parametrize("helo", ["", " ", "mail example", "[192.0.2.1]", "a\x00b", "x" * 1000])
def test_helo_is_kept_as_given(helo: str) -> None:
    subject = Subject.of(helo=helo)
    assert subject.helo == helo
    assert subject.has("helo")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mail.example.com", "mail.example.com", 25),
        ("Mail.Example.com.:587", "mail.example.com", 587),
        ("192.0.2.1:2525", "192.0.2.1", 2525),
        ("2001:db8::1", "2001:db8::1", 25),
        ("[2001:db8::1]", "2001:db8::1", 25),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ("[IPv6:2001:db8::1]:1", "2001:db8::1", 1),
        ("[192.0.2.1]:25", "192.0.2.1", 25),
        ("bücher.example:25", "xn--bcher-kva.example", 25),
        ("127.0.0.1:25", "127.0.0.1", 25),
    ],
)
def test_servers(text: str, host: str, port: int) -> None:
    server = Subject.of(server=text).server
    assert server == Endpoint(host, port)
    assert str(server) == (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


@pytest.mark.parametrize(
    "port", ["", "0", "65536", "-1", "+25", "25x", "smtp", " 25", "2 5", "٢٥", "1e1", "25:25", "9" * 5000]
)
def test_bad_ports(port: str) -> None:
    refused(server=f"[2001:db8::1]:{port}")
    assert "has no usable port" in refused(server=f"192.0.2.1:{port}") or port == "25:25"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (":25", "is empty"),
        ("[]:25", "is empty"),
        ("[2001:db8::1", "has the character '['"),
        ("[2001:db8::1]25", "has the character '['"),
        ("smtp://mail.example.com:25", "is a URL"),
        ("smtp://mail.example.com", "is a URL"),
        ("fe80::1%eth0", "is no IP address"),
        ("0.0.0.0:25", "no address that mail can come from or go to"),
        ("user@mail.example.com:25", "is a mail address"),
    ],
)
def test_bad_servers(text: str, problem: str) -> None:
    assert problem in refused(server=text)


def test_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "test.eml"
    file.write_bytes(b"Subject: x\r\n\r\n\xff\x00")
    source = MessageSource(str(file), b"Subject: x\r\n\r\n\xff\x00")
    assert Subject.of(message=file).message == Subject.of(message=str(file)).message == source
    assert Subject.of(message=source).message is source
    assert str(source) == str(file)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"Subject: y\n\ny\n")))
    assert Subject.of(message="-").message == MessageSource("-", b"Subject: y\n\ny\n")
    assert "--message -: the message is empty" in refused(message="-")


def test_messages_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, loop, large = tmp_path / "empty.eml", tmp_path / "loop.eml", tmp_path / "large.eml"
    empty.touch()
    loop.symlink_to(loop)
    large.write_bytes(b"x" * 1025)
    assert "the message is empty; give one with headers and a body" in refused(message=empty)
    assert "No such file or directory; give a readable file, or -" in refused(message=tmp_path / "missing\n.eml")
    assert "Is a directory" in refused(message=tmp_path)
    assert "Not a directory" in refused(message=empty / "below.eml")
    assert "Too many levels of symbolic links" in refused(message=loop)
    assert "null byte" in refused(message="a\x00b.eml")
    monkeypatch.setattr(subject_module, "MAX_MESSAGE", 1024)
    assert "no receiver takes that" in refused(message=large)
    assert "no receiver takes that" in refused(message="/dev/zero")  # read no further than needed to tell


def test_what_was_given() -> None:
    whole = Subject.of("mail.example.com", ips=["192.0.2.1"], message=MessageSource("x", b"x"), server="192.0.2.1")
    assert [need for need in subject_module.OPTIONS if not whole.has(need)] == [
        "probe", "relay", "outbound", "mail-from", "dkim-selector",
    ]  # fmt: skip
    asking = {"probe": True, "probe_relay": True, "probe_outbound": "mx.example.net"}
    asking |= {"mail_from": ["<>"], "dkim_selectors": ["s1"]}
    whole = Subject.of("mail.example.com", ips=["192.0.2.1"], message=whole.message, server="192.0.2.1", **asking)
    assert [need for need in subject_module.OPTIONS if not whole.has(need)] == []
    assert Subject.of().is_empty
    assert not Subject.of(helo="").is_empty
    only = Subject.of(domain="example.com")
    assert [need for need in subject_module.OPTIONS if only.has(need)] == ["domain", "mx"]
    assert only.has("helo|domain")
    assert not only.has("helo|ip")
    assert not Subject.of("mail").has("mx")


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ("Info@Example.COM", "Info@example.com"),
        ("<bounce+1=x@müller.example>", "bounce+1=x@xn--mller-kva.example"),
        ("example.com.", "postmaster@example.com"),
        ("<>", ""),
        ("", ""),
        ('"a@b"@example.com', '"a@b"@example.com'),
    ],
)
def test_envelope_senders(given: str, sender: str) -> None:
    assert Subject.of(mail_from=[given, given]).mail_from == (sender,)


@pytest.mark.parametrize("given", ["@example.com", "a b@example.com", f"{'a' * 65}@example.com", "a\x00@example.com"])
def test_what_is_no_envelope_sender(given: str) -> None:
    assert "is no mail address; give user@example.com, a domain, or <>" in refused(mail_from=[given])


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"host": "mail.example.com", "name": "main"}, "main"),
        ({"host": "mail.example.com", "ips": ["192.0.2.1"]}, "mail.example.com"),
        ({"helo": "", "domain": "example.com"}, "example.com"),
        ({"ips": ["2001:db8::1"]}, "2001:db8::1"),
        ({"message": MessageSource("x.eml", b"x")}, "x.eml"),
        ({"server": "192.0.2.1"}, "192.0.2.1:25"),
        ({}, ""),
    ],
)
def test_labels(given: dict[str, Any], label: str) -> None:
    assert Subject.of(**given).label == label


def looked_up(subject: Subject, script: Script) -> Subject:
    async def play() -> Subject:
        return await with_addresses(subject, SingleFlight(FakeSource(script)))

    return asyncio.run(play())


def test_the_addresses_of_the_host_are_looked_up() -> None:
    found = ["192.0.2.1", "192.0.2.2", "192.0.2.1"], ["2001:db8::1", "::ffff:192.0.2.2"]
    subject = looked_up(Subject.of("x.example"), {"A x.example": found[0], "AAAA x.example": found[1]})
    assert [str(address) for address in subject.ips] == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    assert subject.ips_unknown == ""


@pytest.mark.parametrize("subject", [Subject.of("x.example", ips=["192.0.2.9"]), Subject.of(domain="x.example")])
def test_nothing_is_asked_without_need(subject: Subject) -> None:
    assert looked_up(subject, {}) is subject


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "reason"),
    [
        (NxDomain, NxDomain, "x.example has no address (NXDOMAIN); give the sending one with --ip"),
        (NoData, NoData, "x.example has no address (no A record and no AAAA record); give the sending one with --ip"),
        (Reason.SERVFAIL, NoData, "the addresses of x.example could not be looked up: A x.example: SERVFAIL"),
        (["192.0.2.1"], Reason.TIMEOUT, "the addresses of x.example could not be looked up: AAAA x.example: timeout"),
    ],
)
def test_why_addresses_are_not_known(ipv4: Any, ipv6: Any, reason: str) -> None:
    subject = looked_up(Subject.of("x.example"), {"A x.example": ipv4, "AAAA x.example": ipv6})
    assert subject.ips == ()
    assert subject.ips_unknown == reason


PIECES = st.sampled_from([".", "..", ":", "::", "[", "]", "@", "://", "%", "IPv6:", "25", "xn--", "ü", "。", "a", "例"])
TEXTS = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=80),
    st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join),
    st.ip_addresses().map(str),
)


@settings(max_examples=300)
@given(st.sampled_from(["host", "ips", "helo", "domain", "server"]), TEXTS)
def test_any_text_is_read_or_refused_in_one_line(key: str, text: str) -> None:
    given: Any = [text] if key == "ips" else text
    try:
        subject = Subject.of(**{key: given})
    except SubjectError:
        refused(**{key: given})
        return
    assert isinstance(subject.label, str)
    for name in (subject.host, subject.domain, subject.server.host if subject.server else None):
        if name is not None:
            assert name.isascii()
            assert name == name.lower()
            assert len(name) <= 253
    if subject.host is not None:
        assert Subject.of(subject.host) == Subject.of(host=subject.host, helo=subject.helo)


@pytest.mark.parametrize(
    ("given", "needs", "options"),
    [
        ({"ips": ["192.0.2.1"]}, ["ip", "helo"], "--helo"),
        ({"message": MessageSource("m", b"x")}, ["ip"], "--ip"),
        ({"message": MessageSource("m", b"x")}, ["ip", "helo", "helo", "domain"], "HOST (--ip, --helo, --domain)"),
        ({"ips": ["192.0.2.1"]}, ["helo", "domain", "message"], "HOST (--helo, --domain), --message"),
        ({"server": "mail.example.com"}, ["domain|helo"], "--domain/--helo"),
        ({"server": "mail.example.com"}, ["domain|helo", "ip", "mx"], "HOST (--ip, --domain)"),
        ({"host": "mail.example.com"}, ["helo", "domain"], ""),
    ],
)
def test_the_options_that_would_give_what_is_missing(given: dict[str, Any], needs: list[str], options: str) -> None:
    assert Subject.of(**given).options_for(needs) == options
