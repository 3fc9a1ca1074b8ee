"""The check `spf`: each rule, the subjects it is judged for, and what stays undecided."""

import json

import pytest

from preflight import Subject
from preflight.cli import main
from preflight.lab import LabDns, World
from preflight.net.fake import Script
from preflight.policy import Verdict
from preflight.report import Report
from preflight.subject import MessageSource
from preflight.testing import NoData, NxDomain, Reason, report_of, statuses
from preflight.text import load_translations
from preflight_checks.senderauth import spf_pyspf, spf_record, spf_scope, spf_wording
from preflight_checks.spf import CHECK
from tests.unit.dkim_samples import KEY, PLAIN, record, signed

DOMAIN, IP, HELO = "example.com", "203.0.113.5", "mail.example.com"
OF_RECORDS = (
    "syntax", "ignored-terms", "too-long", "too-many-lookups", "too-many-void-lookups", "include-failed", "too-many-mx",
    "pass-all", "no-all", "ptr-mechanism",
)  # fmt: skip


def told(script: Script, subject: Subject | None = None) -> Report:
    return report_of(CHECK, subject or Subject.of(domain=DOMAIN), script)


def found(report: Report, *, but: str = "pass") -> dict[str, str]:
    """The statuses of the rules, those that pass left out; skipped ones too."""
    return {
        rule.removeprefix("spf/"): status
        for (rule, _), status in statuses(report).items()
        if status not in (but, "skipped")
    }


def sentence(report: Report, rule: str) -> str:
    (message,) = [str(one.finding.message) for one in report.findings if one.finding.rule == f"spf/{rule}"]
    return message


def fix(report: Report, rule: str) -> str:
    (text,) = [str(one.finding.fix) for one in report.findings if one.finding.rule == f"spf/{rule}"]
    return text


def txt(domain: str, *records: str) -> dict[str, list[str]]:
    return {f"TXT {domain}": list(records)}


def test_a_good_record_passes_each_rule() -> None:
    subject = Subject.of(ips=[IP, "2001:db8::5"], helo=HELO, domain=DOMAIN)
    script = {**txt(DOMAIN, "v=spf1 a ip6:2001:db8::/64 -all", "other"), **txt(HELO, "v=spf1 a -all")}
    addresses = {f"A {DOMAIN}": [IP], f"AAAA {DOMAIN}": NoData, f"A {HELO}": [IP], f"AAAA {HELO}": ["2001:db8::5"]}
    report = told({**script, **addresses}, subject)
    assert statuses(report) == {
        **{(f"spf/{rule}", DOMAIN): "pass" for rule in ("missing", "multiple", *OF_RECORDS)},
        **{("spf/not-authorised", f"{ip} for {DOMAIN}"): "pass" for ip in (IP, "2001:db8::5")},
        **{("spf/helo-not-authorised", f"{ip} for {HELO}"): "pass" for ip in (IP, "2001:db8::5")},
        ("spf/helo-missing", HELO): "pass",
    }


@pytest.mark.parametrize(
    ("script", "sentence_part"),
    [
        ({f"TXT {DOMAIN}": NoData, f"SPF {DOMAIN}": NoData}, "example.com has no SPF record"),
        ({**txt(DOMAIN, "hello"), f"SPF {DOMAIN}": Reason.TIMEOUT}, "example.com has no SPF record"),
        ({f"TXT {DOMAIN}": NxDomain}, "example.com does not exist, and so has no SPF record"),
        ({f"TXT {DOMAIN}": NoData, f"SPF {DOMAIN}": ["v=spf1 mx -all"]}, "under the type SPF, which nobody asks for"),
        ({**txt(DOMAIN, "v=spf1;mx"), f"SPF {DOMAIN}": NoData}, "does not begin with `v=spf1` and a space: v=spf1;mx"),
    ],
)
def test_no_record(script: Script, sentence_part: str) -> None:
    report = told(script)
    assert found(report) == {"missing": "fail"}
    assert sentence_part in sentence(report, "missing")
    assert 'example.com. TXT "v=spf1 mx ~all"' in fix(report, "missing")


def test_two_records() -> None:
    report = told(txt(DOMAIN, "v=spf1 mx -all", "v=spf1 -all"), Subject.of(ips=[IP], domain=DOMAIN))
    assert statuses(report) == {
        ("spf/missing", DOMAIN): "pass",
        ("spf/multiple", DOMAIN): "fail",
        ("spf/not-authorised", f"{IP} for {DOMAIN}"): "fail",
        ("spf/helo-missing", DOMAIN): "skipped",
        ("spf/helo-not-authorised", DOMAIN): "skipped",
    }


@pytest.mark.parametrize(
    ("record", "others", "failed", "said"),
    [
        ("v=spf1 ipv4:192.0.2.1 -all", {}, "syntax", "ipv4:192.0.2.1 is no term of SPF; is ip4:192.0.2.1 meant?"),
        ("v=spf1 -all mx", {}, "ignored-terms", "mx"),
        ("v=spf1 ip4=192.0.2.1 -all", {}, "ignored-terms", "ip4=192.0.2.1"),
        (f"v=spf1 {' '.join(f'ip4:192.0.2.{n}' for n in range(40))} -all", {}, "too-long", "octets"),
        (
            f"v=spf1 {' '.join(f'exists:%{{i}}.n{n}.example' for n in range(11))} -all",
            {},
            "too-many-lookups",
            "example.com takes 11 DNS lookups, and 10 are allowed: exists:%{i}.n0.example, exists:%{i}.n1.example,",
        ),
        (
            "v=spf1 include:a.example -all",
            txt("a.example", "v=spf1 include:example.com -all"),
            "too-many-lookups",
            "refers back to itself without an end: example.com → a.example → example.com",
        ),
        (
            "v=spf1 a:a.example a:b.example a:c.example -all",
            {"A a.example": NxDomain, "A b.example": NoData, "A c.example": NxDomain},
            "too-many-void-lookups",
            "takes 3 lookups that find nothing, and 2 are allowed: A a.example, A b.example, A c.example",
        ),
        (
            "v=spf1 include:a.example include:b.example include:c.example include:d.example -all",
            {
                "TXT a.example": NxDomain, **txt("b.example", "x"), **txt("c.example", "v=spf1 -all", "v=spf1"),
                **txt("d.example", "v=spf1 foo"),
            },
            "include-failed",
            ("include:a.example in example.com leads to a.example, a name that does not exist, "
            "include:b.example in example.com leads to b.example, which has no SPF record, "
            "include:c.example in example.com leads to c.example, which has 2 SPF records, "
            "include:d.example in example.com leads to d.example, whose record has an error: foo is no term of SPF"),
        ),
        (
            "v=spf1 redirect=a.example", {"TXT a.example": NoData}, "include-failed",
            "redirect=a.example in example.com leads to a.example, which has no SPF record",
        ),
        (
            "v=spf1 mx -all", {f"MX {DOMAIN}": [f"{n} m{n}.example" for n in range(11)]}, "too-many-mx",
            "more than 10 MX hosts: example.com (11)",
        ),
        ("v=spf1 +all", {}, "pass-all", "by +all"),
        ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", {}, "pass-all", "by ip4:0.0.0.0/1, ip4:128.0.0.0/1"),
        ("v=spf1 ip6:2000::/3 -all", {}, "pass-all", "by ip6:2000::/3"),
        ("v=spf1 a/0 -all", {f"A {DOMAIN}": [IP]}, "pass-all", "by a/0"),
        (
            f"v=spf1 {' '.join(f'ip4:{n}.0.0.0/8' for n in range(20, 29))} -all", {}, "pass-all",
            "lets 150,994,944 IPv4 addresses send",
        ),
        ("v=spf1 include:a.example -all", txt("a.example", "v=spf1 all"), "pass-all", "by all (a.example)"),
        ("v=spf1 ip4:192.0.2.1", {}, "no-all", "the SPF record of example.com ends without all"),
        ("v=spf1 mx ?all", {f"MX {DOMAIN}": ["1 m.example"], "A m.example": [IP]}, "no-all", "ends in ?all"),
        (
            "v=spf1 redirect=a.example", txt("a.example", "v=spf1 ip4:192.0.2.1"), "no-all",
            "the SPF record of a.example ends without all",
        ),
        ("v=spf1 ptr -all", {}, "ptr-mechanism", "ptr"),
        ("v=spf1 exists:%{p}.x.example -all", {}, "ptr-mechanism", "exists:%{p}.x.example"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_records(record: str, others: Script, failed: str, said: str) -> None:
    report = told({**txt(DOMAIN, record), **others})
    assert found(report) == {failed: "fail"}
    assert said in sentence(report, failed)


def test_what_exists_for_everybody_lets_everybody_pass() -> None:
    report = told({**txt(DOMAIN, "v=spf1 exists:a.example -all"), "A a.example": ["127.0.0.2"]})
    assert found(report) == {"pass-all": "fail"}
    assert found(told({**txt(DOMAIN, "v=spf1 exists:a.example -all"), "A a.example": NxDomain})) == {}


@pytest.mark.parametrize("record", ["v=spf1 ?include:a.example -all", "v=spf1 -include:a.example ~all"])
def test_what_passes_nobody_is_not_open(record: str) -> None:
    assert found(told({**txt(DOMAIN, record), **txt("a.example", "v=spf1 +all")})) == {}


def test_many_txt_records_make_a_long_answer() -> None:
    report = told(txt(DOMAIN, "v=spf1 -all", *("x" * 240 + str(n) for n in range(5))))
    assert found(report) == {"too-long": "fail"}
    assert sentence(report, "too-long") == "the TXT records of example.com make answers of 1323 octets"


def test_the_tree_is_told_where_all_is_well_too() -> None:
    script = {
        **txt(DOMAIN, "v=spf1 include:_spf.example.net mx include:%{l}.x.example -all"),
        **txt("_spf.example.net", "v=spf1 a:a.example.net ip4:192.0.2.1 ~all"),
        "A a.example.net": ["192.0.2.2"], f"MX {DOMAIN}": ["1 m.example"], "A m.example": [IP],
    }  # fmt: skip
    assert sentence(told(script), "too-many-lookups") == (
        "example.com takes 4 of 10 DNS lookups, not counting what depends on the sender, include:%{l}.x.example: "
        "include:_spf.example.net (2: a:a.example.net), mx, include:%{l}.x.example"
    )


def test_void_lookups_hang_on_the_ip_version() -> None:
    script = {
        **txt(DOMAIN, "v=spf1 a mx -all"), f"MX {DOMAIN}": ["1 m1.example", "2 m2.example"],
        **{f"A {name}": [IP] for name in (DOMAIN, "m1.example", "m2.example")},
        **{f"AAAA {name}": NoData for name in (DOMAIN, "m1.example", "m2.example")},
    }  # fmt: skip
    assert found(told(script)) == {}
    assert found(told(script, Subject.of(domain=DOMAIN, ips=[IP]))) == {}
    report = told(script, Subject.of(domain=DOMAIN, ips=[IP, "2001:db8::5"]))
    assert found(report) == {"too-many-void-lookups": "fail", "not-authorised": "fail"}
    assert sentence(report, "too-many-void-lookups") == (
        "for a sender with IPv6, example.com takes 3 lookups that find nothing, and 2 are allowed: AAAA example.com, "
        "AAAA m1.example, AAAA m2.example"
    )


ALL = {"missing", "multiple", *OF_RECORDS}
DEPEND_ON_INCLUDES = {"too-many-lookups", "too-many-void-lookups", "include-failed", "pass-all"}


@pytest.mark.parametrize(
    ("script", "undecided"),
    [
        ({f"TXT {DOMAIN}": Reason.SERVFAIL}, ALL),
        ({**txt(DOMAIN, "v=spf1 include:a.example -all"), "TXT a.example": Reason.TIMEOUT}, DEPEND_ON_INCLUDES),
        (
            {**txt(DOMAIN, "v=spf1 redirect=a.example"), "TXT a.example": Reason.TIMEOUT},
            DEPEND_ON_INCLUDES | {"no-all", "ptr-mechanism"},
        ),
        (
            {**txt(DOMAIN, "v=spf1 mx -all"), f"MX {DOMAIN}": Reason.TIMEOUT},
            {"too-many-void-lookups", "too-many-mx"},
        ),
        ({**txt(DOMAIN, "v=spf1 a -all"), f"A {DOMAIN}": Reason.REFUSED}, {"too-many-void-lookups"}),
    ],
)
def test_one_unanswered_question_leaves_undecided_what_depends_on_it(script: Script, undecided: set[str]) -> None:
    assert found(told(script)) == dict.fromkeys(undecided, "inconclusive")


def test_what_is_certain_stands_beside_what_is_not() -> None:
    record = "v=spf1 include:a.example include:b.example ip4:0.0.0.0/0 ptr redirect=c.example"
    script = {
        **txt(DOMAIN, record),
        "TXT a.example": Reason.TIMEOUT,
        **txt("b.example", "x"),
        "TXT c.example": Reason.TIMEOUT,
    }
    assert found(told(script)) == {
        "include-failed": "fail",
        "pass-all": "fail",
        "ptr-mechanism": "fail",
        "no-all": "inconclusive",
        "too-many-lookups": "inconclusive",
        "too-many-void-lookups": "inconclusive",
    }


REFUSALS = [
    ("v=spf1 ip4:192.0.2.1 -all", "must not send in its name: fail, by -all", "put ip4:203.0.113.5 before -all"),
    ("v=spf1 ip4:192.0.2.1 ~all", "probably not to send in its name: softfail", "put ip4:203.0.113.5 before ~all"),
    ("v=spf1 ip4:192.0.2.1 ?all", "says nothing of 203.0.113.5: neutral, by ?all", "before ?all"),
    ("v=spf1 ip4:192.0.2.1", "neutral, as no term matches", "of example.com, add ip4:203.0.113.5"),
    (
        "v=spf1 -all",
        "it sends no mail at all: its SPF record is v=spf1 -all",
        "else send under another envelope domain",
    ),
    (
        "v=spf1 ip4:x -all",
        "permerror, as ip4:x has no IPv4 address",
        "mend what makes the evaluation fail: ip4:x has no",
    ),
    (
        "hello",
        "none, as example.com has no SPF record",
        'publish this record: `example.com. TXT "v=spf1 ip4:203.0.113.5',
    ),
    ("v=spf1 redirect=a.example", "fail, by redirect=a.example → -all", "in the SPF record of a.example, put"),
]


@pytest.mark.parametrize(("record", "said", "remedy"), REFUSALS)
def test_anything_but_pass_does_not_authorise(record: str, said: str, remedy: str) -> None:
    script = {**txt(DOMAIN, record), f"SPF {DOMAIN}": NoData, **txt("a.example", "v=spf1 -all")}
    report = report_of(CHECK, Subject.of(ips=[IP], domain=DOMAIN), script)
    assert found(report)["not-authorised"] == "fail"
    assert said in sentence(report, "not-authorised")
    assert remedy in fix(report, "not-authorised")


def test_no_answer_is_no_verdict_on_a_sender() -> None:
    script = {**txt(DOMAIN, "v=spf1 include:a.example -all"), "TXT a.example": Reason.SERVFAIL}
    report = told(script, Subject.of(ips=[IP], domain=DOMAIN))
    assert found(report)["not-authorised"] == "inconclusive"
    assert sentence(report, "not-authorised") == "no answer to TXT a.example: SERVFAIL"


def test_each_envelope_sender_is_judged_from_each_address() -> None:
    subject = Subject.of(ips=[IP, "192.0.2.9"], domain="ignored.example", mail_from=["a@a.example", "b.example"])
    script = {**txt("a.example", f"v=spf1 ip4:{IP} -all"), **txt("b.example", "v=spf1 ip4:192.0.2.9 -all")}
    report = told(script, subject)
    assert {part: status for (rule, part), status in statuses(report).items() if rule == "spf/not-authorised"} == {
        f"{IP} for a.example": "pass",
        "192.0.2.9 for a.example": "fail",
        f"{IP} for b.example": "fail",
        "192.0.2.9 for b.example": "pass",
    }
    assert {part for rule, part in statuses(report) if rule == "spf/missing"} == {"a.example", "b.example"}


def test_two_senders_of_one_domain_are_told_apart() -> None:
    subject = Subject.of(ips=[IP], mail_from=["a@example.com", "b@example.com"])
    script = {
        **txt(DOMAIN, "v=spf1 exists:%{l}.x.example -all"),
        "A a.x.example": ["127.0.0.2"],
        "A b.x.example": NxDomain,
    }
    parts = {
        part: status for (rule, part), status in statuses(told(script, subject)).items() if rule == "spf/not-authorised"
    }
    assert parts == {f"{IP} for a@example.com": "pass", f"{IP} for b@example.com": "fail"}


def test_the_null_sender_is_judged_by_the_helo_name() -> None:
    subject = Subject.of(ips=[IP], helo="Mail.Example.com", mail_from=["<>"])
    script = {**txt(HELO, "v=spf1 a -all"), f"A {HELO}": ["192.0.2.1"]}
    report = told(script, subject)
    assert statuses(report) == {("spf/not-authorised", f"{IP} for <>"): "fail", ("spf/helo-missing", HELO): "pass"}
    assert "must not send in its name: fail, by -all" in sentence(report, "not-authorised")
    assert found(told({}, Subject.of(ips=[IP], mail_from=["<>"]))) == {"not-authorised": "inconclusive"}


def test_a_record_that_asks_for_the_helo_name_needs_it() -> None:
    script = {
        **txt(DOMAIN, "v=spf1 exists:%{h}.x.example -all"),
        f"A {HELO}.x.example": ["127.0.0.2"],
        f"TXT {HELO}": NxDomain,
    }
    assert found(told(script, Subject.of(ips=[IP], mail_from=[DOMAIN]))) == {"not-authorised": "inconclusive"}
    assert found(told(script, Subject.of(ips=[IP], mail_from=[DOMAIN], helo=HELO))) == {"helo-missing": "fail"}
    assert found(
        told(txt(DOMAIN, f"v=spf1 ip4:{IP} exists:%{{h}}.x.example"), Subject.of(ips=[IP], mail_from=[DOMAIN]))
    ) == {"no-all": "fail"}


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (txt(HELO, "v=spf1 -all"), {"helo-not-authorised": "fail"}),
        (txt(HELO, "v=spf1 ~all"), {"helo-not-authorised": "fail"}),
        (txt(HELO, "v=spf1 foo"), {"helo-not-authorised": "fail"}),
        (txt(HELO, "v=spf1 ?all"), {}),
        ({f"TXT {HELO}": NxDomain}, {"helo-missing": "fail"}),
        ({f"TXT {HELO}": Reason.TIMEOUT}, {"helo-missing": "inconclusive", "helo-not-authorised": "inconclusive"}),
    ],
)
def test_the_helo_name(answers: Script, status: dict[str, str]) -> None:
    assert found(told(answers, Subject.of(ips=[IP], helo=HELO))) == status


@pytest.mark.parametrize("helo", ["localhost", "[203.0.113.5]", "mail", "bad_name.example.com"])
def test_a_helo_name_that_is_none_is_not_for_spf_to_judge(helo: str) -> None:
    assert found(told({}, Subject.of(ips=[IP], helo=helo))) == {}


def test_an_address_and_no_domain_is_nothing_to_judge() -> None:
    assert found(told({}, Subject.of(ips=[IP]))) == {}


def test_an_international_domain_is_asked_for_in_ascii() -> None:
    assert found(told(txt("xn--bcher-kva.example", "v=spf1 -all"), Subject.of(domain="b\u00fccher.example"))) == {}


def test_a_sub_domain_does_not_inherit() -> None:
    script = {"TXT news.example.com": NoData, "SPF news.example.com": NoData}
    assert found(told(script, Subject.of(domain="news.example.com"))) == {"missing": "fail"}


def test_a_block_of_addresses_is_judged_by_one_walk() -> None:
    subject = Subject.of(ips=["203.0.113.0/24"], domain=DOMAIN)
    report = told(
        {**txt(DOMAIN, "v=spf1 include:a.example -all"), **txt("a.example", "v=spf1 ip4:203.0.113.0/25")}, subject
    )
    judged = [one.finding.status for one in report.findings if one.finding.rule == "spf/not-authorised"]
    assert (judged.count("pass"), judged.count("fail")) == (128, 128)


def test_each_sentence_of_a_table_is_translated() -> None:
    zh = load_translations("preflight_checks", "zh")
    tables = (spf_pyspf.SENTENCES, spf_scope.SENTENCES, spf_wording.REFUSALS, spf_wording.REMEDIES)
    sentences = [
        *(one.value for one in spf_record.Flaw),
        *(one for table in tables for one in table.values()),
        CHECK.title,
    ]
    assert [one for one in sentences if one not in zh] == []


def test_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that its domain does not name: a no-go with the tree in the report, in both languages."""
    includes = "\n".join(f'_{n} TXT "v=spf1 a:gone{n}.example.net include:_{n + 1}.example.net ~all"' for n in range(6))
    world = World.from_zones(
        {
            "example.com": '@ TXT "v=spf1 include:_0.exam" "ple.net -all"\n@ TXT "\\195\\188"\nmail A 203.0.113.5',
            "example.net": f'{includes}\n_6 TXT "v=spf1 ip4:192.0.2.1 -all"',
        }
    )
    with LabDns(world) as server:
        base = ["check", "mail.example.com", "--select", "spf", "--resolver", server.address]
        assert main([*base, "--format", "json"]) == 1
        report = json.loads(capsys.readouterr().out)
        assert main([*base, "--lang", "zh"]) == 1
        chinese = capsys.readouterr().out
    failed = {one["rule"]: one for one in report["findings"] if one["status"] == "fail"}
    assert set(failed) == {
        "spf/too-many-lookups",
        "spf/too-many-void-lookups",
        "spf/not-authorised",
        "spf/helo-missing",
    }
    assert failed["spf/not-authorised"]["part"] == "203.0.113.5 for example.com"
    assert failed["spf/too-many-lookups"]["message"].startswith(
        "example.com takes 13 DNS lookups, and 10 are allowed: include:_0.example.net (13: a:gone0.example.net, "
        "include:_1.example.net (11: a:gone1.example.net, "
    )
    assert failed["spf/too-many-lookups"]["evidence"][0] == {
        **failed["spf/too-many-lookups"]["evidence"][0],
        "asked": "TXT example.com",
        "seen": "v=spf1 include:_0.example.net -all",
    }
    assert "谁也无法判断 203.0.113.5 能否代表 example.com 发信：permerror" in chinese.replace("\n", "")


def beside_dkim(script: Script, *, message: bytes | None = None, ip: str = IP, **options: object) -> dict[str, str]:
    """What fails for a message with a valid signature of the domain in From."""
    source = MessageSource("m.eml", message if message is not None else signed())
    subject = Subject.of(domain=DOMAIN, ips=[ip], message=source, **options)  # type: ignore[arg-type]
    return found(told({KEY: [record()], f"SPF {DOMAIN}": NoData, **script}, subject))


@pytest.mark.parametrize("answer", [NxDomain, NoData, ["v=spf1; -all"], ["v=spf1 ?all"], ["v=spf1 ~all"]])
def test_a_valid_signature_makes_up_for_a_record_that_is_missing_or_open(answer: object) -> None:
    """Gmail and Yahoo want SPF or DKIM of those who send little, and not both."""
    failing = beside_dkim({f"TXT {DOMAIN}": answer})  # type: ignore[dict-item]
    failing.pop("no-all", None)
    assert failing == {"dkim-alone": "fail"}


def test_a_record_that_refuses_the_sender_or_is_in_error_is_no_matter_of_dkim() -> None:
    assert beside_dkim(txt(DOMAIN, "v=spf1 -all")) == {"not-authorised": "fail"}
    assert beside_dkim(txt(DOMAIN, "v=spf1 oops -all")) == {"syntax": "fail", "not-authorised": "fail"}
    assert beside_dkim(txt(DOMAIN, f"v=spf1 ip4:{IP} -all")) == {}


@pytest.mark.parametrize("message", [PLAIN, signed(domain="example.net"), signed() + b"more\r\n", b"MZ\x90\x00"])
def test_what_is_no_valid_signature_of_the_domain_in_from_makes_up_for_nothing(message: bytes) -> None:
    script: Script = {f"TXT {DOMAIN}": NoData, "TXT s1._domainkey.example.net": [record()]}
    assert beside_dkim(script, message=message) == {"missing": "fail", "not-authorised": "fail"}


def test_without_an_answer_for_the_key_or_the_record() -> None:
    assert beside_dkim({f"TXT {DOMAIN}": NoData, KEY: Reason.TIMEOUT}) == {"missing": "fail", "not-authorised": "fail"}
    silent = beside_dkim({f"TXT {DOMAIN}": Reason.TIMEOUT})
    assert set(silent.values()) == {"inconclusive"}
    assert {"missing", "not-authorised", "dkim-alone"} <= set(silent)


def test_the_fix_beside_dkim_is_a_record_to_paste() -> None:
    subject = Subject.of(domain=DOMAIN, message=MessageSource("m.eml", signed()))
    report = told({KEY: [record()], f"SPF {DOMAIN}": NoData, f"TXT {DOMAIN}": NoData}, subject)
    assert fix(report, "dkim-alone") == (
        f'In DNS: publish this record: `{DOMAIN}. TXT "v=spf1 mx ~all"`; where a service sends for you, '
        "with the include that it documents."
    )
    assert report.verdict is Verdict.GO
