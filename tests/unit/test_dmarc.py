"""The check `dmarc`: the record, where it is found, alignment, and the addresses of reports."""

from collections.abc import Mapping

import pytest

from preflight.net.dns import NoData, NxDomain, Reason
from preflight.policy import Verdict
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from preflight.testing import Script, report_of, statuses
from preflight_checks.dmarc import CHECK
from tests.unit.dkim_samples import ED_KEY, KEY, PLAIN, ed_record, record, signed

DOMAIN = "example.com"
IP = "192.0.2.25"
OTHER_IP = "198.51.100.7"
REJECT = "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
GOOD: Script = {
    "TXT _dmarc.example.com": [REJECT],
    "TXT _dmarc.com": NxDomain,
    "TXT example.com": ["v=spf1 ip4:192.0.2.25 -all"],
    "MX example.com": ["10 mail.example.com"],
    KEY: [record()],
}
ALIGNMENT = ("not-aligned", "policy-applied")
RECORD = ("syntax", "policy-none", "subdomain-policy", "pct", "testing", "historic", "no-reports")
REPORTS = ("report-address", "report-unreachable", "report-not-authorised")
ALL = ("author", *ALIGNMENT, "missing", "multiple", *RECORD, "discovery-differs", *REPORTS)


def check(
    message: bytes | None = None,
    script: Mapping[str, object] | None = None,
    *,
    ips: tuple[str, ...] = (IP,),
    helo: str | None = None,
    domain: str | None = DOMAIN,
    mail_from: tuple[str, ...] = (),
) -> Report:
    source = MessageSource("m.eml", message) if message is not None else None
    subject = Subject.of(domain=domain, message=source, ips=ips, helo=helo, mail_from=mail_from)
    return report_of(CHECK, subject, {**GOOD, **(script or {})})  # type: ignore[dict-item]


def outcome(report: Report, status: str) -> set[str]:
    found = statuses(report)
    return {rule.removeprefix("dmarc/") for (rule, _), one in found.items() if one == status}


def failing(message: bytes | None = None, script: Mapping[str, object] | None = None, **options: object) -> set[str]:
    """What fails, and is not about the policy alone."""
    return outcome(check(message, script, **options), "fail")  # type: ignore[arg-type]


def said(report: Report, rule: str) -> str:
    (text,) = (str(one.finding.message) for one in report.findings if one.finding.rule == f"dmarc/{rule}")
    return text


def of(part: str, names: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {(f"dmarc/{name}", part): "pass" for name in names}


def test_a_signed_message_from_a_domain_in_order() -> None:
    report = check(signed())
    assert statuses(report) == {
        ("dmarc/author", "message"): "pass",
        **of(DOMAIN, (*ALIGNMENT, "missing", "multiple", *RECORD, "discovery-differs")),
        **of("mailto:dmarc@example.com", REPORTS),
    }
    assert said(report, "not-aligned") == "a valid DKIM signature of example.com aligns with example.com"
    assert report.verdict is Verdict.GO


def test_spf_alone() -> None:
    report = check(PLAIN)
    assert outcome(report, "fail") == set()
    assert said(report, "policy-applied") == "SPF passes for example.com, which aligns with example.com"


def test_no_message() -> None:
    report = check()
    assert outcome(report, "skipped") == {"author"}
    assert outcome(report, "fail") == set()
    assert outcome(check(ips=()), "skipped") == {"author", *ALIGNMENT}


def test_spf_does_not_vouch_and_dkim_is_not_known() -> None:
    report = check(ips=(OTHER_IP,))
    assert outcome(report, "inconclusive") == set(ALIGNMENT)
    assert report.verdict is Verdict.INCOMPLETE
    assert "--message" in str(
        next(one.finding.fix for one in report.findings if one.finding.rule == "dmarc/not-aligned")
    )


def test_nothing_vouches() -> None:
    report = check(PLAIN, ips=(OTHER_IP,))
    assert outcome(report, "fail") == set(ALIGNMENT)
    assert report.verdict is Verdict.NO_GO
    assert said(report, "policy-applied") == (
        "receivers apply p=reject to the mail, as nothing vouches for example.com: SPF for example.com from "
        "198.51.100.7 comes to fail, no DKIM signature is valid"
    )


def test_nothing_vouches_and_the_policy_asks_for_nothing() -> None:
    script = {"TXT _dmarc.example.com": ["v=DMARC1; p=none; rua=mailto:dmarc@example.com"]}
    report = check(PLAIN, script, ips=(OTHER_IP,))
    assert outcome(report, "fail") == {"not-aligned", "policy-none"}
    assert report.verdict is Verdict.GO


def test_nothing_vouches_and_there_is_no_record() -> None:
    script = {"TXT _dmarc.example.com": NxDomain}
    assert failing(PLAIN, script, ips=(OTHER_IP,)) == {"not-aligned", "missing"}


@pytest.mark.parametrize("broken", [b"Tuesdays", b"Subject: The"])
def test_a_broken_signature_does_not_vouch(broken: bytes) -> None:
    assert failing(signed().replace(broken, b"Subject: x"), ips=(OTHER_IP,)) == set(ALIGNMENT)


def test_a_signature_of_somebody_else_does_not_vouch() -> None:
    script = {"TXT s1._domainkey.example.net": [record()]}
    report = check(signed(domain="example.net"), script, ips=(OTHER_IP,))
    assert outcome(report, "fail") == set(ALIGNMENT)
    assert "DKIM is valid for example.net, which is no domain of the organization in From" in said(
        report, "not-aligned"
    )


def test_a_signature_by_ed25519_vouches() -> None:
    message = signed(selector="ed", algorithm="ed25519-sha256")
    assert failing(message, {ED_KEY: [ed_record()]}, ips=(OTHER_IP,)) == set()


@pytest.mark.parametrize(("signer", "mode", "fails"), [
    ("mail.example.com", "", False), ("mail.example.com", "; adkim=s", True), ("example.com", "; adkim=s", False),
    ("mail.example.com", "; aspf=s", False),
])  # fmt: skip
def test_the_mode_of_dkim(signer: str, mode: str, fails: bool) -> None:
    script = {
        "TXT _dmarc.example.com": [REJECT + mode],
        f"TXT s1._domainkey.{signer}": [record()],
        "TXT _dmarc.mail.example.com": NxDomain,
    }
    assert failing(signed(domain=signer), script, ips=(OTHER_IP,)) == (set(ALIGNMENT) if fails else set())


@pytest.mark.parametrize(("sender", "mode", "fails"), [
    ("bounce@mail.example.com", "", False), ("bounce@mail.example.com", "; aspf=s", True),
    ("bounce@example.com", "; aspf=s", False), ("bounce@mail.example.com", "; adkim=s", False),
    ("bounce@example.net", "", True), ("bounce@EXAMPLE.com", "; aspf=s", False),
])  # fmt: skip
def test_the_mode_of_spf(sender: str, mode: str, fails: bool) -> None:
    script = {
        "TXT _dmarc.example.com": [REJECT + mode],
        "TXT mail.example.com": ["v=spf1 ip4:192.0.2.25 -all"],
        "TXT example.net": ["v=spf1 ip4:192.0.2.25 -all"],
        "TXT _dmarc.mail.example.com": NxDomain,
    }
    assert failing(PLAIN, script, mail_from=(sender,)) == (set(ALIGNMENT) if fails else set())


def test_the_null_sender_is_judged_by_helo() -> None:
    script = {
        "TXT mail.example.com": ["v=spf1 ip4:192.0.2.25 -all"],
        "TXT _dmarc.mail.example.com": NxDomain,
        "TXT mail.example.net": ["v=spf1 ip4:192.0.2.25 -all"],
    }
    assert failing(PLAIN, script, mail_from=("",), helo="mail.example.com") == set()
    assert failing(PLAIN, script, mail_from=("",), helo="mail.example.net") == set(ALIGNMENT)
    report = check(PLAIN, script, mail_from=("",))
    assert outcome(report, "inconclusive") == set(ALIGNMENT)
    assert "the HELO name, which is not known" in said(report, "policy-applied")


def test_an_spf_record_that_asks_for_the_helo_name() -> None:
    script = {
        "TXT example.com": ["v=spf1 exists:%{h}.ok.example.com -all"],
        "A mail.example.com.ok.example.com": ["127.0.0.2"],
    }
    assert failing(PLAIN, script, helo="mail.example.com") == set()
    script["A unknown.ok.example.com"] = NxDomain
    assert outcome(check(PLAIN, script), "inconclusive") == set(ALIGNMENT)


def test_the_return_path_is_the_envelope_sender_where_none_is_given() -> None:
    script = {"TXT example.net": ["v=spf1 ip4:192.0.2.25 -all"]}
    message = b"Return-Path: <bounce@Example.NET>\r\n" + PLAIN
    assert failing(message, script) == set(ALIGNMENT)
    assert failing(message, script, mail_from=("anna@example.com",)) == set()


def test_each_envelope_sender_and_each_address_counts() -> None:
    script = {"TXT example.net": ["v=spf1 ip4:192.0.2.25 -all"]}
    report = check(PLAIN, script, mail_from=("a@example.com", "b@example.net"))
    found = statuses(report)
    assert found[("dmarc/policy-applied", "example.com (example.com)")] == "pass"
    assert found[("dmarc/policy-applied", "example.com (example.net)")] == "fail"
    assert failing(PLAIN, ips=(IP, OTHER_IP)) == set(ALIGNMENT)


def test_ipv6() -> None:
    script = {"TXT example.com": ["v=spf1 ip6:2001:db8::25 -all"]}
    assert failing(PLAIN, script, ips=("2001:db8::25",)) == set()


def test_a_message_without_an_address() -> None:
    report = check(PLAIN, ips=())
    assert outcome(report, "inconclusive") == {"not-aligned"}
    assert outcome(report, "skipped") == {"policy-applied"}
    assert outcome(check(signed(), ips=()), "inconclusive") == set()


def test_a_message_without_a_domain() -> None:
    assert failing(signed(), domain=None) == set()
    assert failing(PLAIN, domain=None) == set()  # the envelope sender is held to be of the domain in From


def test_the_domain_in_from_is_judged_and_not_the_sender_domain() -> None:
    report = check(signed(), domain="example.net", ips=())
    assert statuses(report)[("dmarc/missing", DOMAIN)] == "pass"
    assert ("dmarc/missing", "example.net") not in statuses(report)


SUB = "mail.example.com"


def of_sub(record_of: object, own: object = NxDomain, **more: object) -> Report:
    script = {"TXT _dmarc.mail.example.com": own, "TXT _dmarc.example.com": record_of, **more}
    script |= {"TXT mail.example.com": ["v=spf1 -all"]}
    return check(PLAIN.replace(b"anna@example.com", b"anna@mail.example.com"), script, domain=SUB)


@pytest.mark.parametrize(("tags", "policy"), [
    ("p=reject", "reject"), ("p=reject; sp=none", "none"), ("p=none; sp=quarantine", "quarantine"),
])  # fmt: skip
def test_the_policy_for_a_sub_domain(tags: str, policy: str) -> None:
    report = of_sub([f"v=DMARC1; {tags}; rua=mailto:dmarc@example.com"])
    applied = statuses(report)[("dmarc/policy-applied", SUB)]
    assert applied == ("pass" if policy == "none" else "fail")
    if policy != "none":
        assert f"p={policy}" in said(report, "policy-applied")


@pytest.mark.parametrize(("answer", "status"), [(NxDomain, "fail"), (NoData, "pass"), (Reason.TIMEOUT, "inconclusive")])
def test_the_policy_for_a_sub_domain_that_does_not_exist(answer: object, status: str) -> None:
    tags = "v=DMARC1; p=none; np=reject; rua=mailto:dmarc@example.com"
    report = of_sub([tags], **{f"A {SUB}": answer})
    assert statuses(report)[("dmarc/policy-applied", SUB)] == status


def test_the_record_of_a_sub_domain_itself_comes_first() -> None:
    report = of_sub([REJECT], own=["v=DMARC1; p=none; rua=mailto:dmarc@example.com"])
    assert statuses(report)[("dmarc/policy-applied", SUB)] == "pass"
    assert statuses(report)[("dmarc/policy-none", SUB)] == "fail"


@pytest.mark.parametrize(("answer", "text"), [
    (NxDomain, "no DMARC record applies to example.com"),
    (NoData, "no DMARC record applies to example.com"),
    (["v=spf1 -all"], "no DMARC record applies to example.com"),
    (['"v=DMARC1; p=none"'], "what may be meant as one does not begin with"),
    (["v=DMARC1; p=x"], "receivers pass over the record at _dmarc.example.com"),
])  # fmt: skip
def test_no_record(answer: object, text: str) -> None:
    report = check(signed(), {"TXT _dmarc.example.com": answer})
    assert outcome(report, "fail") - {"syntax"} == {"missing"}
    assert text in said(report, "missing")


def test_a_record_at_the_domain_itself() -> None:
    script = {"TXT _dmarc.example.com": NxDomain, "TXT example.com": [REJECT]}
    assert said(check(signed(), script), "missing") == (
        "no DMARC record applies to example.com: it stands at example.com, and belongs at _dmarc.example.com"
    )


def test_two_records() -> None:
    report = check(signed(), {"TXT _dmarc.example.com": [REJECT, "v=DMARC1; p=none"]})
    assert outcome(report, "fail") == {"multiple"}


@pytest.mark.parametrize(("tags", "fails"), [
    ("p=none", {"policy-none"}),
    ("p=reject; sp=none", {"subdomain-policy"}),
    ("p=reject; np=quarantine", {"subdomain-policy"}),
    ("p=quarantine; sp=reject", set()),
    ("p=reject; pct=20", {"pct", "historic"}),
    ("p=reject; pct=100", {"historic"}),
    ("p=reject; ri=3600", {"historic"}),
    ("p=reject; rf=afrf", {"historic"}),
    ("p=reject; t=y", {"testing"}),
    ("p=none; t=y", {"policy-none"}),
    ("p=reject; adkim=x", {"syntax"}),
    ("p=reject; unknown=x", {"syntax"}),
])  # fmt: skip
def test_what_a_record_says(tags: str, fails: set[str]) -> None:
    script = {"TXT _dmarc.example.com": [f"v=DMARC1; {tags}; rua=mailto:dmarc@example.com"]}
    assert failing(signed(), script) == fails


def test_no_report_address() -> None:
    assert failing(signed(), {"TXT _dmarc.example.com": ["v=DMARC1; p=reject"]}) == {"no-reports"}


FOREIGN = "example.com._report._dmarc.example.net"


@pytest.mark.parametrize(("answer", "status"), [
    (["v=DMARC1"], "pass"), (["v=DMARC1; rua=mailto:x@example.net"], "pass"), (["x", "v=DMARC1;"], "pass"),
    (NxDomain, "fail"), (NoData, "fail"), (["v=spf1 -all"], "fail"), (Reason.SERVFAIL, "inconclusive"),
])  # fmt: skip
def test_reports_to_another_organization(answer: object, status: str) -> None:
    address = "mailto:dmarc@example.net"
    script = {
        "TXT _dmarc.example.com": [f"v=DMARC1; p=reject; rua={address}"],
        f"TXT {FOREIGN}": answer,
        "MX example.net": ["10 mail.example.net"],
    }
    assert statuses(check(signed(), script))[("dmarc/report-not-authorised", address)] == status


def test_reports_within_the_organization_need_no_leave() -> None:
    script = {
        "TXT _dmarc.example.com": ["v=DMARC1; p=reject; rua=mailto:d@reports.example.com"],
        "MX reports.example.com": ["10 mail.example.com"],
    }
    assert failing(signed(), script) == set()


@pytest.mark.parametrize(("mx", "address", "status"), [
    (["10 mail.example.com"], NxDomain, "pass"), (["0 ."], NxDomain, "fail"), (NoData, ["192.0.2.1"], "pass"),
    (NxDomain, NxDomain, "fail"), (NoData, Reason.TIMEOUT, "inconclusive"), (Reason.TIMEOUT, NxDomain, "inconclusive"),
])  # fmt: skip
def test_the_domain_of_a_report_address_takes_mail(mx: object, address: object, status: str) -> None:
    script = {"MX example.com": mx, "A example.com": address, "AAAA example.com": NxDomain}
    found = statuses(check(signed(), script))
    assert found[("dmarc/report-unreachable", "mailto:dmarc@example.com")] == status


def test_report_addresses_that_cannot_be_used() -> None:
    script = {"TXT _dmarc.example.com": ["v=DMARC1; p=reject; rua=dmarc@example.com, https://example.com/d"]}
    found = statuses(check(signed(), script))
    assert found[("dmarc/report-address", "dmarc@example.com")] == "fail"
    assert found[("dmarc/report-address", "https://example.com/d")] == "fail"


def from_(text: str) -> bytes:
    return PLAIN.replace(b"From: Anna <anna@example.com>", text.encode())


@pytest.mark.parametrize("text", [
    "From: anna@example.com", "From: Anna <ANNA@EXAMPLE.COM>", 'From: "a@b.example" <anna@example.com> (a comment)',
    "From: (b@other.example) anna@example.com", "from :Anna\r\n <anna@example.com>",
    "From: Anna <anna@example.com>, Ben <ben@Example.com>", "From: =?utf-8?q?A=40x=2Eexample?= <anna@example.com>",
    "From: Team: anna@example.com;",
])  # fmt: skip
def test_the_domain_in_from(text: str) -> None:
    assert said(check(from_(text)), "author") == "the domain in From is example.com"


def test_an_international_domain_in_from() -> None:
    script = {
        "TXT _dmarc.xn--bcher-kva.example": ["v=DMARC1; p=none"],
        "TXT _dmarc.example": NxDomain,
        "TXT xn--bcher-kva.example": NxDomain,
    }
    report = check(from_("From: anna@Bücher.example"), script, domain=None)
    assert said(report, "author") == "the domain in From is xn--bcher-kva.example"


@pytest.mark.parametrize(("text", "problem"), [
    ("X-From: a@example.com", "the message has no From"),
    ("From: a@example.com\r\nFrom: a@example.com", "the message has 2 From fields"),
    ("From: a@example.com, b@example.net", "From names authors of 2 domains"),
    ("From: Anna", "From has no address that can be read"),
    ("From: <>", "From has no address that can be read"),
    ("From:", "From has no address that can be read"),
    ("From: a@[192.0.2.1]", "the address in From has no domain that DNS could have"),
    ("From: undisclosed:;", "From has no address that can be read"),
])  # fmt: skip
def test_no_domain_in_from(text: str, problem: str) -> None:
    report = check(from_(text))
    assert said(report, "author") == f"DMARC cannot judge the message: {problem}"
    assert statuses(report)[("dmarc/policy-applied", "message")] == "inconclusive"
    assert statuses(report)[("dmarc/missing", DOMAIN)] == "pass"  # the record of the sender domain is judged still
    assert report.verdict is Verdict.NO_GO


def test_what_is_no_message() -> None:
    report = check(b"MZ\x90\x00")
    assert outcome(report, "inconclusive") == {"author", *ALIGNMENT}
    assert statuses(report)[("dmarc/missing", DOMAIN)] == "pass"


@pytest.mark.parametrize("reason", [Reason.SERVFAIL, Reason.TIMEOUT, Reason.REFUSED])
def test_no_answer_for_the_record(reason: Reason) -> None:
    report = check(PLAIN, {"TXT _dmarc.example.com": reason})
    assert outcome(report, "inconclusive") == set(ALL) - {"author"}
    assert outcome(report, "fail") == set()
    assert report.verdict is Verdict.INCOMPLETE


def test_no_answer_for_the_record_of_the_organization() -> None:
    report = of_sub(Reason.TIMEOUT)
    assert outcome(report, "inconclusive") == set(ALL) - {"author"}


def test_a_public_suffix_without_an_answer_changes_nothing_above_a_record() -> None:
    """With psd=y there or without a record, example.com is the organization."""
    assert outcome(check(script={"TXT _dmarc.com": Reason.NOT_IN_ZONES}), "inconclusive") == set()
    report = of_sub([REJECT], **{"TXT _dmarc.com": Reason.TIMEOUT})
    assert outcome(report, "inconclusive") == set()


@pytest.mark.parametrize(("ip", "undecided", "fails"), [
    (IP, {"discovery-differs"}, {"missing"}),
    (OTHER_IP, {"discovery-differs", "policy-applied"}, {"missing", "not-aligned"}),
])  # fmt: skip
def test_no_record_below_a_public_suffix_without_an_answer(ip: str, undecided: set[str], fails: set[str]) -> None:
    """As with zone files alone: what older receivers find is known, and the policy of a registry is not."""
    report = check(PLAIN, {"TXT _dmarc.example.com": NxDomain, "TXT _dmarc.com": Reason.NOT_IN_ZONES}, ips=(ip,))
    assert (outcome(report, "inconclusive"), outcome(report, "fail")) == (undecided, fails)
    assert said(report, "missing") == (
        "example.com has no DMARC record; whether newer receivers apply one of the public suffix com is not known"
    )


def test_a_record_that_a_public_suffix_without_an_answer_may_override() -> None:
    """Without a record at com that of mail.example.com applies, with one of psd=y that of com."""
    script = {
        "TXT _dmarc.a.mail.example.com": NxDomain,
        "TXT _dmarc.example.com": NxDomain,
        "TXT _dmarc.mail.example.com": [REJECT],
        "TXT a.mail.example.com": ["v=spf1 ip4:192.0.2.25 -all"],
        "TXT _dmarc.com": Reason.TIMEOUT,
    }
    report = check(PLAIN, script, domain="a.mail.example.com", ips=(OTHER_IP,))
    assert statuses(report)[("dmarc/missing", DOMAIN)] == "fail"  # From is of example.com
    report = check(script=script, domain="a.mail.example.com", ips=(OTHER_IP,))
    assert outcome(report, "fail") == set()
    assert outcome(report, "pass") == {"missing", "multiple", "syntax", "policy-none", "subdomain-policy", "pct",
                                       "testing", "historic", "no-reports"}  # fmt: skip


def test_no_answer_for_the_spf_record() -> None:
    report = check(PLAIN, {"TXT example.com": Reason.SERVFAIL})
    assert outcome(report, "inconclusive") == set(ALIGNMENT)
    assert "TXT example.com has no answer" in said(report, "policy-applied")


def test_no_answer_for_the_key() -> None:
    assert outcome(check(signed(), {KEY: Reason.TIMEOUT}), "inconclusive") == set()  # SPF vouches
    report = check(signed(), {KEY: Reason.TIMEOUT}, ips=(OTHER_IP,))
    assert outcome(report, "inconclusive") == set(ALIGNMENT)
    assert outcome(check(signed(), {KEY: Reason.TIMEOUT}, ips=()), "inconclusive") == {"not-aligned"}


def test_no_answer_for_the_key_of_somebody_else_changes_nothing() -> None:
    script = {"TXT s1._domainkey.example.net": Reason.TIMEOUT}
    assert failing(signed(domain="example.net"), script, ips=(OTHER_IP,)) == set(ALIGNMENT)


def test_an_spf_record_of_somebody_else_without_an_answer_changes_nothing() -> None:
    script = {"TXT example.net": Reason.TIMEOUT}
    assert failing(PLAIN, script, mail_from=("a@example.net",)) == set(ALIGNMENT)


def test_receivers_of_the_two_kinds_find_different_records() -> None:
    """The record between the two is for receivers by RFC 9989 alone."""
    script = {
        "TXT _dmarc.a.mail.example.com": NxDomain,
        "TXT _dmarc.mail.example.com": ["v=DMARC1; p=none; psd=n"],
        "TXT a.mail.example.com": ["v=spf1 ip4:192.0.2.25 -all"],
    }
    report = check(script=script, domain="a.mail.example.com")
    assert "discovery-differs" in outcome(report, "fail")
    assert said(report, "discovery-differs") == (
        "older receivers apply p=reject of _dmarc.example.com, newer ones p=none of _dmarc.mail.example.com"
    )


def test_what_aligns_for_older_receivers_only() -> None:
    """RFC 9989: without a record at example.com nothing says that it is the organization."""
    script = {
        "TXT _dmarc.mail.example.com": ["v=DMARC1; p=reject"],
        "TXT _dmarc.example.com": NxDomain,
        "TXT mail.example.com": ["v=spf1 -all"],
    }
    message = signed(PLAIN.replace(b"anna@example.com", b"anna@mail.example.com"))
    report = check(message, script, domain=None)
    assert outcome(report, "fail") == {"discovery-differs", "no-reports"}
    assert said(report, "discovery-differs") == "example.com aligns with mail.example.com for older receivers only"


def test_the_record_of_a_public_suffix_is_for_newer_receivers() -> None:
    """RFC 9989 4.10.1; RFC 9091 before."""
    script = {"TXT _dmarc.example.com": NxDomain, "TXT _dmarc.com": ["v=DMARC1; p=reject; psd=y"]}
    report = check(PLAIN, script, ips=(OTHER_IP,))
    assert statuses(report)[("dmarc/missing", DOMAIN)] == "pass"
    assert outcome(report, "fail") == {*ALIGNMENT, "discovery-differs", "no-reports"}


def test_the_answers_say_what_was_asked() -> None:
    report = check(signed())
    (finding,) = (one.finding for one in report.findings if one.finding.rule == "dmarc/missing")
    assert [(one.asked, one.seen) for one in finding.evidence] == [("TXT _dmarc.example.com", REJECT)]
