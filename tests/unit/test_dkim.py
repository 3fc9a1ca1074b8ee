"""The check `dkim`: messages signed by dkimpy, each way to break one, and the keys of selectors."""

import re
from datetime import UTC, datetime

import pytest

from preflight.check import Settings
from preflight.policy import Verdict
from preflight.report import Report
from preflight.subject import MessageSource, Subject
from preflight.testing import NoData, NxDomain, Reason, Script, report_of, statuses
from preflight_checks.dkim import CHECK, DkimOptions
from preflight_checks.senderauth import dkim_evaluation
from preflight_checks.senderauth.dkim_selectors import load_selectors
from tests.unit.dkim_samples import (
    DOMAIN,
    ED_KEY,
    KEY,
    NOW,
    PLAIN,
    ed_record,
    public,
    record,
    resigned,
    signature,
    signed,
)

GOOD: Script = {KEY: [record()]}
FIELD = ("syntax", "from-not-signed", "weak-algorithm", "expired", "not-yet-valid")
BODY = ("body-changed", "body-length")
HEADER = ("key-mismatch", "header-changed")
OF_KEY = ("key-missing", "key-revoked", "key-invalid", "key-too-short", "weak-key", "key-too-long", "testing")
OF_SIGNATURE = (*FIELD, *BODY, *HEADER)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dkim_evaluation, "utc_now", lambda: NOW)
    monkeypatch.setattr("time.time", lambda: NOW.timestamp())
    return


def check(message: bytes, script: Script = GOOD, selectors: tuple[str, ...] = (), **options: bool) -> Report:
    subject = Subject.of(domain=DOMAIN, message=MessageSource("m.eml", message), dkim_selectors=selectors)
    return report_of(CHECK, subject, script, settings=Settings(options={"dkim": DkimOptions(**options)}))


def failing(message: bytes, script: Script = GOOD) -> dict[str, str]:
    """What fails, by rule: the sentence."""
    return {
        judged.finding.rule.removeprefix("dkim/"): str(judged.finding.message)
        for judged in check(message, script).findings
        if judged.finding.status == "fail"
    }


def undecided(message: bytes, script: Script = GOOD) -> set[str]:
    found = statuses(check(message, script))
    return {rule.removeprefix("dkim/") for (rule, _), status in found.items() if status == "inconclusive"}


def of(part: str, names: tuple[str, ...], **changes: str) -> dict[tuple[str, str], str]:
    found = dict.fromkeys(names, "pass") | {name.replace("_", "-"): status for name, status in changes.items()}
    return {(f"dkim/{name}", part): status for name, status in found.items() if status}


def test_a_good_signature() -> None:
    found = statuses(check(signed()))
    assert found == {
        **of("message", ("missing", "none-valid", "ed25519-only")),
        **of("DKIM-Signature 1 (example.com, s1)", OF_SIGNATURE),
        **of("s1._domainkey.example.com", OF_KEY),
        ("dkim/selector-unusable", DOMAIN): "skipped",
    }
    assert check(signed()).verdict is Verdict.GO


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_each_canonical_form(header: bytes, body: bytes) -> None:
    assert failing(signed(canonicalize=(header, body))) == {}
    lines = signed(canonicalize=(header, body)).replace(b"\r\n", b"\n")
    assert failing(lines) == {}  # SMTP carries it with CRLF, however a file has it
    assert failing(b"From anna@example.com Tue Nov 24 12:00:00 2026\n" + lines + b"\n\n") == {}


def test_relaxed_forms_take_other_white_space_and_simple_ones_do_not() -> None:
    def spaced(text: bytes) -> bytes:
        return text.replace(b"Subject: The", b"subject:   The ").replace(b"meet on", b"meet  on")

    assert failing(spaced(signed())) == {}
    assert failing(spaced(signed(canonicalize=(b"simple", b"simple")))).keys() == {
        "none-valid", "body-changed", "header-changed",
    }  # fmt: skip


def test_ed25519_alone_is_told() -> None:
    message = signed(selector="ed", algorithm="ed25519-sha256")
    found = check(message, {ED_KEY: [ed_record()]})
    assert statuses(found)[("dkim/none-valid", "message")] == "pass"
    assert failing(message, {ED_KEY: [ed_record()]}).keys() == {"ed25519-only"}


def test_ed25519_beside_rsa() -> None:
    message = signature(selector="ed", algorithm="ed25519-sha256") + signed()
    script: Script = {ED_KEY: [ed_record()], **GOOD}
    assert failing(message, script) == {}
    assert statuses(check(message, script)).items() >= of("DKIM-Signature 2 (example.com, s1)", OF_SIGNATURE).items()
    assert undecided(message, {ED_KEY: [ed_record()], KEY: Reason.TIMEOUT}) == {
        "ed25519-only", "key-mismatch", "header-changed", *OF_KEY,
    }  # fmt: skip


def test_a_message_without_signature() -> None:
    assert failing(PLAIN) == {"missing": "the message has no DKIM-Signature"}
    assert check(PLAIN).verdict is Verdict.GO  # it may be signed yet, when it is sent


def test_a_changed_body() -> None:
    found = failing(signed().replace(b"Tuesdays", b"Mondays"))
    assert found.keys() == {"body-changed", "none-valid"}
    assert "while the header is" in found["body-changed"]
    assert found["none-valid"] == "no signature is valid: DKIM-Signature 1 (example.com, s1) is of another body"


def test_a_changed_header() -> None:
    found = failing(signed().replace(b"Subject: The", b"Subject: [list] The"))
    assert found.keys() == {"header-changed", "none-valid"}


def test_a_field_that_is_not_signed_may_change() -> None:
    assert failing(signed().replace(b"Message-ID: <1@", b"Message-ID: <2@")) == {}


def test_a_second_from_is_found_out() -> None:
    """dkimpy hashes one more From than h= has, so that one that was added spoils the signature."""
    assert failing(b"From: mallory@example.org\r\n" + signed()).keys() == {"header-changed", "none-valid"}


def test_the_key_of_somebody_else() -> None:
    assert failing(signed(), {KEY: [record(1024)]}).keys() == {"header-changed", "weak-key", "none-valid"}


@pytest.mark.parametrize(("answer", "rule"), [
    (NxDomain, "key-missing"),
    (NoData, "key-missing"),
    (["v=DKIM1; p="], "key-revoked"),
    (["v=DKIM1; k=rsa; p= ; t=y"], "key-revoked"),
    (["v=spf1 -all"], "key-invalid"),
    (["v=DKIM1; k=rsa"], "key-invalid"),
    (["v=DKIM2; p=x"], "key-invalid"),
    (["k=rsa; v=DKIM1; p=x"], "key-invalid"),
    (["v=DKIM1; k=dsa; p=x"], "key-invalid"),
    (["v=DKIM1; p=!!"], "key-invalid"),
    (["v=DKIM1; p=AAAA"], "key-invalid"),
    (["v=DKIM1; k=ed25519; p=AAAA"], "key-invalid"),
    (["p=AAAA; p=BBBB"], "key-invalid"),
    ([record(), record(1024)], "key-invalid"),
    (["v=DKIM1; s=tlsrpt; p=" + public(2048)], "key-invalid"),
], ids=str)  # fmt: skip
def test_a_key_that_cannot_be_used(answer: object, rule: str) -> None:
    script: Script = {KEY: answer}  # type: ignore[dict-item]
    assert failing(signed(), script).keys() == {rule, "none-valid"}


@pytest.mark.parametrize("text", [
    "p=" + public(2048),
    "v=DKIM1; p=" + public(2048),
    " p = " + public(2048)[:100] + " " + public(2048)[100:] + " ; ",
    "v=DKIM1; h=sha1:sha256; s=email; t=s; n=note; g=*; p=" + public(2048),
    "v=DKIM1; s=*; h=sha256; p=" + public(2048),
])  # fmt: skip
def test_a_key_in_each_good_form(text: str) -> None:
    assert failing(signed(), {KEY: [text]}) == {}


def test_a_record_beside_the_key_is_passed_over() -> None:
    assert failing(signed(), {KEY: ["v=spf1 -all", record()]}) == {}


@pytest.mark.parametrize(("bits", "rules"), [
    (768, {"key-too-short", "none-valid"}), (1024, {"weak-key"}), (2048, set()), (4224, {"key-too-long"}),
])  # fmt: skip
def test_the_size_of_keys(bits: int, rules: set[str]) -> None:
    assert failing(signed(bits=bits), {KEY: [record(bits)]}).keys() == rules


@pytest.mark.parametrize(("tags", "options", "said"), [
    ("h=sha1; ", {}, "h= of the key allows sha1, and the signature uses sha256"),
    ("t=s; ", {"identity": "@mail.example.com"}, "t=s of the key forbids"),
])  # fmt: skip
def test_a_key_that_does_not_allow_the_signature(tags: str, options: dict[str, str], said: str) -> None:
    found = failing(signed(**options), {KEY: [record(2048, tags)]})
    assert found.keys() == {"key-mismatch", "none-valid"}
    assert said in found["key-mismatch"]


def test_the_kind_of_the_key_is_that_of_the_algorithm() -> None:
    """dkimpy itself verifies an RSA signature that calls itself an Ed25519 one."""
    found = failing(signed(), {KEY: [ed_record()]})
    assert found.keys() == {"key-mismatch", "none-valid"}


def test_t_s_lets_the_domain_itself_pass() -> None:
    assert failing(signed(identity="anna@example.com"), {KEY: [record(2048, "t=s; ")]}) == {}


def test_a_key_that_is_a_test() -> None:
    assert failing(signed(), {KEY: [record(2048, "t=y:s; ")]}).keys() == {"testing"}


def test_sha1_is_no_signature() -> None:
    assert failing(signed(algorithm="rsa-sha1")).keys() == {"weak-algorithm", "none-valid"}


def test_l_covers_all_of_the_body() -> None:
    assert failing(signed(length=True)).keys() == {"body-length"}


def test_text_behind_l() -> None:
    found = failing(signed(length=True) + b"Buy watches!\r\n")
    assert found.keys() == {"body-length", "unsigned-tail"}
    assert found["unsigned-tail"] == "14 octets behind the signed ones are unsigned"


def test_l_is_larger_than_the_body() -> None:
    """RFC 6376 3.5 forbids it; dkimpy would take the signature."""
    field = b" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; l=99999; h=from; bh=BH;"
    found = failing(resigned(field))
    assert found.keys() == {"body-changed", "body-length", "none-valid"}
    assert found["body-changed"] == "the body is shorter than the 99999 octets of l="


TAGS = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from; bh=BH;"


def made(tags: str, *headers: bytes) -> bytes:
    return resigned(b" " + tags.encode(), headers=headers or (b"from",))


def test_the_form_that_the_next_tests_break() -> None:
    assert failing(made(TAGS)) == {}


@pytest.mark.parametrize(("found", "instead", "said"), [
    ("v=1;", "v=2;", "its v= cannot be read: 2"),
    ("v=1; ", "", "it lacks the tag v="),
    ("a=rsa-sha256", "a=rsa-md5", "its algorithm is none that verifiers know: rsa-md5"),
    ("c=relaxed/relaxed", "c=strict", "its c= cannot be read: strict"),
    ("c=relaxed/relaxed", "c=simple/simple/simple", "its c= cannot be read: simple/simple/simple"),
    ("d=example.com; ", "", "it lacks the tag d="),
    ("d=example.com", "d=exa mple.com", "its d= cannot be read: exa mple.com"),
    ("d=example.com", "d=example..com", "its d= cannot be read: example..com"),
    ("d=example.com", "d=com", "its d= cannot be read: com"),
    ("s=s1", "s=", "its s= cannot be read: "),
    ("h=from", "h=from::to", "its h= cannot be read: from::to"),
    ("bh=BH", "bh=AAAA", "its bh= cannot be read: AAAA"),
    ("bh=BH", "bh=?", "its bh= cannot be read: ?"),
    ("h=from;", "h=from; i=anna@example.org;", "its i= is of example.org, which is not under d=example.com"),
    ("h=from;", "h=from; i=notexample.com;", "its i= cannot be read: notexample.com"),
    ("h=from;", "h=from; i=@notexample.com;", "its i= is of notexample.com, which is not under d=example.com"),
    ("h=from;", "h=from; l=-1;", "its l= cannot be read: -1"),
    ("h=from;", "h=from; t=soon;", "its t= cannot be read: soon"),
    ("h=from;", "h=from; t=5; x=5;", "it expires (x=) before it was made (t=)"),
    ("h=from;", "h=from; q=http;", "its q= cannot be read: http"),
    ("h=from;", "h=from; h=to;", "it has the tag h= twice"),
    ("h=from;", "h=from; what;", "it has something that is no tag=value: what"),
    ("h=from;", "h=from; ;", "it has something that is no tag=value: ;"),
    ("h=from;", "h=from; z=\x07;", "the tag z= has a control character in it"),
])  # fmt: skip
def test_a_field_that_cannot_be_read(found: str, instead: str, said: str) -> None:
    failures = failing(made(TAGS.replace(found, instead)), {})
    assert failures.keys() == {"syntax", "none-valid"}
    assert failures["syntax"] == f"DKIM-Signature 1 cannot be used: {said}"


@pytest.mark.parametrize("instead", [
    "h=from; q=dns/txt;", "h=from; i=anna@mail.example.com;", "h=from; t=1764000000;", "h=from; unknown=1;",
    "h=from : subject;", "h=FROM; n=a b;", "h=from; i=an=20na@EXAMPLE.com;", "h=from : from;",
])  # fmt: skip
def test_a_field_in_each_good_form(instead: str) -> None:
    names = (b"from", b"subject") if "subject" in instead else (b"from",)
    assert failing(made(TAGS.replace("h=from;", instead), *names)) == {}


def test_from_is_not_signed() -> None:
    """RFC 6376 6.1.1 wants the signature refused; dkimpy takes it."""
    assert failing(made(TAGS.replace("h=from", "h=subject"), b"subject")).keys() == {"from-not-signed", "none-valid"}


def test_white_space_in_the_signature_and_lower_case_names() -> None:
    message = signed()
    field, rest = message.split(b"\r\nFrom:", 1)
    folded = re.sub(rb"(b=.{20})", rb"\1\r\n\t ", field.replace(b"DKIM-Signature", b"dkim-signature"))
    assert failing(folded + b"\r\nFrom:" + rest) == {}


@pytest.mark.parametrize(("t", "x", "rules"), [
    ("", "", set()),
    (NOW.timestamp() - 60, NOW.timestamp() + 1, set()),
    (NOW.timestamp() - 60, NOW.timestamp(), set()),
    (NOW.timestamp() - 60, NOW.timestamp() - 1, {"expired", "none-valid"}),
    ("", NOW.timestamp() - 1, {"expired", "none-valid"}),
    (NOW.timestamp() + 300, "", set()),
    (NOW.timestamp() + 301, "", {"not-yet-valid"}),
])  # fmt: skip
def test_the_times_of_a_signature(t: float | str, x: float | str, rules: set[str]) -> None:
    times = "".join(f" {name}={value:.0f};" for name, value in (("t", t), ("x", x)) if isinstance(value, float))
    assert failing(made(TAGS + times)).keys() == rules


def test_an_old_message_is_judged_by_the_time_at_which_it_arrived() -> None:
    sent = datetime(2025, 1, 1, 12, 0, tzinfo=UTC).timestamp()
    message = made(f"{TAGS} t={sent:.0f}; x={sent + 3600:.0f};")
    received = b"Received: from mail.example.com by mx.example.net; Wed, 01 Jan 2025 %d:30:00 +0000\r\n"
    assert failing(received % 12 + message) == {}
    assert failing(received % 14 + message).keys() == {"expired", "none-valid"}


@pytest.mark.parametrize("broken", [b"Tuesdays", b"Subject: The"])
def test_one_good_signature_is_enough(broken: bytes) -> None:
    """What is wrong with another one is a warning."""
    report = check(signature(PLAIN.replace(broken, b"Subject: X")) + signed())
    assert report.verdict is Verdict.GO
    assert statuses(report)[("dkim/none-valid", "message")] == "pass"


def test_a_from_line_that_the_mail_store_quoted() -> None:
    message = signed().replace(b"\r\n", b"\n").replace(b"\nFrom now", b"\n>From now")
    assert failing(b"From anna@example.com Tue Nov 24 12:00:00 2026\n" + message) == {}
    assert failing(message) == {}
    found = check(message).findings
    (said,) = (str(judged.finding.message) for judged in found if judged.finding.rule == "dkim/body-changed")
    assert said.startswith("the body is the one that was signed, once")


def test_dots_as_on_the_wire() -> None:
    assert failing(signed().replace(b"\r\n...and", b"\r\n....and")) == {}


def test_no_answer_is_inconclusive() -> None:
    found = statuses(check(signed(), {KEY: Reason.SERVFAIL}))
    assert found == {
        **of("message", ("missing",), none_valid="inconclusive", ed25519_only="inconclusive"),
        **of("DKIM-Signature 1 (example.com, s1)", (*FIELD, *BODY), **dict.fromkeys(HEADER, "inconclusive")),
        **of("s1._domainkey.example.com", (), **dict.fromkeys(OF_KEY, "inconclusive")),
        ("dkim/selector-unusable", DOMAIN): "skipped",
    }
    assert check(signed(), {KEY: Reason.SERVFAIL}).verdict is Verdict.INCOMPLETE


def test_no_answer_changes_nothing_for_a_signature_that_is_broken_anyhow() -> None:
    report = check(signed().replace(b"Tuesdays", b"Mondays"), {KEY: Reason.TIMEOUT})
    assert statuses(report)[("dkim/none-valid", "message")] == "fail"
    assert statuses(report)[("dkim/header-changed", "DKIM-Signature 1 (example.com, s1)")] == "inconclusive"


def test_more_signatures_than_are_looked_at() -> None:
    broken = signature(PLAIN.replace(b"Tuesdays", b"Mondays"))
    report = check(broken * 30 + PLAIN)
    found = statuses(report)
    assert found[("dkim/none-valid", "message")] == "inconclusive"
    assert found[("dkim/syntax", "message")] == "inconclusive"
    assert ("dkim/syntax", "DKIM-Signature 20 (example.com, s1)") in found
    assert ("dkim/syntax", "DKIM-Signature 21 (example.com, s1)") not in found
    assert statuses(check(signature() + broken * 30 + PLAIN))[("dkim/none-valid", "message")] == "pass"


@pytest.mark.parametrize("field", [
    b"v=1; z=" + b"x" * 20_000, b"v=1;" + b" " * 1500 + b"a=rsa-sha256",
    TAGS.replace("h=from", "h=from:" + ":".join(f"x{n}" for n in range(400))).encode() + b" b=AAAA",
])  # fmt: skip
def test_a_field_that_is_larger_than_is_looked_at(field: bytes) -> None:
    field = field.replace(b"BH", b"A" * 43 + b"=")
    assert undecided(b"DKIM-Signature: " + field + b"\r\n" + PLAIN, {}) == {"syntax", "none-valid"}


def test_what_is_no_message() -> None:
    found = statuses(check(b"MZ\x90\x00"))
    assert {rule for (rule, _), status in found.items() if status == "inconclusive"} == {
        "dkim/missing", "dkim/none-valid",
    }  # fmt: skip


def test_an_international_domain() -> None:
    """RFC 8616 4: a U-label is looked up as an A-label, and hashed as it stands there."""
    message = made(TAGS.replace("example.com", "bücher.example"))
    assert failing(message, {"TXT s1._domainkey.xn--bcher-kva.example": [record()]}) == {}


SELECTED = "s1._domainkey.example.com"


def of_selector(answer: object) -> dict[tuple[str, str], str]:
    subject = Subject.of(domain=DOMAIN, dkim_selectors=["S1"])
    return statuses(report_of(CHECK, subject, {f"TXT {SELECTED}": answer}))  # type: ignore[dict-item]


def test_a_selector_alone() -> None:
    found = of_selector([record()])
    assert {key: status for key, status in found.items() if status != "skipped"} == {
        **of(SELECTED, (*OF_KEY, "selector-unusable")),
    }
    assert found[("dkim/none-valid", DOMAIN)] == "skipped"


@pytest.mark.parametrize(("answer", "status", "rules"), [
    (NxDomain, "fail", {"key-missing"}),
    (["v=DKIM1; p="], "fail", {"key-revoked"}),
    (["p=x"], "fail", {"key-invalid"}),
    ([record(768)], "fail", {"key-too-short"}),
    ([record(1024)], "pass", {"weak-key"}),
    ([record(2048, "t=y; ")], "pass", {"testing"}),
    ([ed_record()], "pass", set()),
], ids=str)  # fmt: skip
def test_the_key_of_a_selector(answer: object, status: str, rules: set[str]) -> None:
    found = of_selector(answer)
    assert found[("dkim/selector-unusable", SELECTED)] == status
    assert {rule.removeprefix("dkim/") for (rule, _), one in found.items() if one == "fail"} - {
        "selector-unusable"
    } == rules


def test_a_selector_without_an_answer() -> None:
    found = of_selector(Reason.TIMEOUT)
    assert {rule.removeprefix("dkim/") for (rule, _), status in found.items() if status == "inconclusive"} == {
        "selector-unusable", *OF_KEY,
    }  # fmt: skip


def common(**answers: object) -> dict[tuple[str, str], str]:
    names = {selector: f"TXT {selector}._domainkey.{DOMAIN}" for selector in load_selectors()}
    script = {name: answers.get(selector, NxDomain) for selector, name in names.items()}
    settings = Settings(options={"dkim": DkimOptions(common_selectors=True)})
    found = statuses(report_of(CHECK, Subject.of(domain=DOMAIN), script, settings=settings))  # type: ignore[arg-type]
    return {key: status for key, status in found.items() if status != "skipped"}


def test_common_selectors_are_asked_for_only_when_wanted() -> None:
    assert set(statuses(report_of(CHECK, Subject.of(domain=DOMAIN), {})).values()) == {"skipped"}
    assert common() == {("dkim/common-selectors", DOMAIN): "inconclusive"}
    assert common(google=[record()], default=["v=DKIM1; p="], mail=["v=spf1 -all"]) == {
        ("dkim/common-selectors", "google._domainkey.example.com"): "pass",
        ("dkim/common-selectors", "default._domainkey.example.com"): "fail",
    }
    assert common(google=[record()], k1=Reason.TIMEOUT) == {
        ("dkim/common-selectors", "google._domainkey.example.com"): "pass",
        ("dkim/common-selectors", DOMAIN): "inconclusive",
    }
