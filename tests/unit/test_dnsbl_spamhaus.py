"""Spamhaus ZEN: which answer decides which rule how, for IPv4 and IPv6, with and without a key."""

import pytest

from preflight.policy import Policy
from preflight.render import RenderOptions
from preflight.render.json import RENDERER
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, report_of
from preflight.text import Language, load_translations
from preflight_checks import dynamic_ip
from tests.unit.dnsbl_world import KEY, OTHERS, SPAMHAUS, ZEN, Outcome, checked, judged, reverse, world

SBL, CSS, XBL, DROP, BCL = SPAMHAUS
V4, V6 = "192.0.2.25", "2001:db8::25"
NAMES = {"": "zen.spamhaus.org", KEY: "zen.dq.spamhaus.net"}
REFUSED = ["127.255.255.250", "127.255.255.251", "127.255.255.252", "127.255.255.255", "127.255.255.253"]


def zen(ip: str, answer: Outcome, key: str = "", **changes: Outcome) -> dict[tuple[str, str], str]:
    """What the report says where ZEN gives this answer for the address and no other list is asked."""
    where = f"{key}.zen.dq.spamhaus.net" if key else "zen.spamhaus.org"
    script = world([ZEN], [ip], key=key) | {f"A {reverse(ip)}.{where}": answer}
    for name, outcome in changes.items():
        question = {
            "listed": "::ffff:7f00:2" if ":" in ip else "127.0.0.2",
            "clear": "::ffff:7f00:1" if ":" in ip else "127.0.0.1",
        }[name]
        script[f"A {reverse(question)}.{where}"] = outcome
    return judged(checked(script, ips=[ip], skip=OTHERS, secrets={"dqs": key} if key else {}))


def said(
    ip: str, key: str, rules: dict[str, str], unusable: str = "pass", resolver: str = "pass"
) -> dict[tuple[str, str], str]:
    return {(rule, ip): status for rule, status in rules.items()} | {
        ("dnsbl/list-unusable", NAMES[key]): unusable,
        ("dnsbl/resolver-unfit", "resolver"): resolver,
    }


def all_are(status: str, **others: str) -> dict[str, str]:
    return dict.fromkeys(SPAMHAUS, status) | {f"dnsbl/spamhaus-{name}": one for name, one in others.items()}


CODES = {
    ("127.0.0.2",): all_are("pass", sbl="fail"),
    ("127.0.0.3",): all_are("pass", css="fail"),
    ("127.0.0.4",): all_are("pass", xbl="fail"),
    ("127.0.0.2", "127.0.0.9"): all_are("pass", sbl="fail", drop="fail"),
    ("127.0.0.9",): all_are("pass", drop="fail"),
    ("127.0.0.10",): all_are("pass"),
    ("127.0.0.11",): all_are("pass"),
    ("127.0.0.30",): all_are("pass", bcl="fail"),
    ("127.0.0.2", "127.0.0.4", "127.0.0.10"): all_are("pass", sbl="fail", xbl="fail"),
    ("127.0.0.4", "127.0.0.77"): all_are("inconclusive", xbl="fail"),
    ("127.0.0.5",): all_are("inconclusive"),
    ("127.0.0.7",): all_are("inconclusive"),
    ("127.0.0.77",): all_are("inconclusive"),
    ("127.0.1.2",): all_are("inconclusive"),
}


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize("ip", [V4, V6])
class TestAnswers:
    @pytest.mark.parametrize("codes", CODES)
    def test_each_code_decides_its_rule(self, codes: tuple[str, ...], ip: str, key: str) -> None:
        assert zen(ip, codes, key) == said(ip, key, CODES[codes])

    def test_nxdomain_is_not_listed(self, ip: str, key: str) -> None:
        assert zen(ip, NxDomain, key) == said(ip, key, all_are("pass"))

    @pytest.mark.parametrize("code", REFUSED)
    def test_a_refusal_is_no_listing(self, code: str, ip: str, key: str) -> None:
        assert zen(ip, [code], key) == said(ip, key, all_are("inconclusive"), unusable="inconclusive")
        assert zen(ip, ["127.0.0.4", code], key) == said(ip, key, all_are("inconclusive"), unusable="inconclusive")

    def test_a_refused_resolver_is_named(self, ip: str, key: str) -> None:
        expected = said(ip, key, all_are("inconclusive"), unusable="inconclusive", resolver="inconclusive")
        assert zen(ip, ["127.255.255.254"], key) == expected

    @pytest.mark.parametrize("answer", [["198.51.100.1"], ["127.0.0.2", "198.51.100.1"], ["0.0.0.0"]])
    def test_an_answer_outside_127_is_made_up_on_the_way(self, answer: list[str], ip: str, key: str) -> None:
        expected = said(ip, key, all_are("inconclusive"), unusable="inconclusive", resolver="inconclusive")
        assert zen(ip, answer, key) == expected

    def test_127_0_0_1_is_no_listing(self, ip: str, key: str) -> None:
        assert zen(ip, ["127.0.0.1"], key) == said(ip, key, all_are("inconclusive"), unusable="inconclusive")

    @pytest.mark.parametrize("outcome", [NoData, Reason.SERVFAIL, Reason.REFUSED, Reason.TIMEOUT])
    def test_no_answer_is_undecided(self, outcome: Outcome, ip: str, key: str) -> None:
        assert zen(ip, outcome, key) == said(ip, key, all_are("inconclusive"))


LIFE: list[tuple[Outcome, Outcome, str, str]] = [
    (NxDomain, NxDomain, "fail", "pass"),
    (["127.0.0.2"], ["127.0.0.2"], "fail", "pass"),
    (NxDomain, Reason.TIMEOUT, "fail", "pass"),
    (Reason.TIMEOUT, ["127.0.0.4"], "fail", "pass"),
    (["127.255.255.252"], ["127.0.0.2"], "fail", "pass"),
    (["127.255.255.252"], ["127.255.255.252"], "inconclusive", "pass"),
    (["127.255.255.254"], ["127.255.255.254"], "inconclusive", "inconclusive"),
    (["198.51.100.1"], ["198.51.100.1"], "inconclusive", "inconclusive"),
    (["127.0.0.2"], ["198.51.100.1"], "inconclusive", "inconclusive"),
    (["127.0.0.2"], ["127.0.0.1"], "inconclusive", "pass"),
    (["127.0.0.2"], ["127.0.0.30"], "fail", "pass"),
    (["127.0.0.77"], NxDomain, "inconclusive", "pass"),
    (NoData, NxDomain, "inconclusive", "pass"),
    (["127.0.0.2"], NoData, "inconclusive", "pass"),
    (Reason.SERVFAIL, NxDomain, "inconclusive", "pass"),
    (["127.0.0.2"], Reason.REFUSED, "inconclusive", "pass"),
]


@pytest.mark.parametrize("ip", [V4, V6])
@pytest.mark.parametrize("answer", [["127.0.0.2"], NxDomain], ids=["listed", "clear"])
@pytest.mark.parametrize(("listed", "clear", "unusable", "resolver"), LIFE)
def test_without_proof_of_life_nothing_counts(
    listed: Outcome, clear: Outcome, unusable: str, resolver: str, answer: Outcome, ip: str
) -> None:
    found = zen(ip, answer, listed=listed, clear=clear)
    assert found == said(ip, "", all_are("inconclusive"), unusable=unusable, resolver=resolver)


def test_a_list_is_proven_for_each_family_and_reported_once() -> None:
    script = world([ZEN], [V4, V6]) | {f"A {reverse('::ffff:7f00:2')}.zen.spamhaus.org": NxDomain}
    found = judged(checked(script, ips=[V4, V6], skip=OTHERS))
    assert found[SBL, V4] == "pass"
    assert found[SBL, V6] == "inconclusive"
    assert found["dnsbl/list-unusable", "zen.spamhaus.org"] == "fail"


def test_what_is_proven_outweighs_what_is_odd() -> None:
    script = world([ZEN], [V4, V6]) | {
        f"A {reverse('127.0.0.2')}.zen.spamhaus.org": ["127.255.255.255"],
        f"A {reverse('::ffff:7f00:2')}.zen.spamhaus.org": NxDomain,
    }
    found = judged(checked(script, ips=[V4, V6], skip=OTHERS))
    assert found["dnsbl/list-unusable", "zen.spamhaus.org"] == "fail"


def test_the_lists_own_reason_is_asked_for_listings_only() -> None:
    script = world([ZEN], [V4])
    del script[f"TXT {reverse(V4)}.zen.spamhaus.org"]
    assert judged(checked(script, ips=[V4], skip=OTHERS))[SBL, V4] == "pass"
    listed = script | {f"A {reverse(V4)}.zen.spamhaus.org": ["127.0.0.2"]}
    report = checked(listed | {f"TXT {reverse(V4)}.zen.spamhaus.org": ["See \x1b[31mSBL123"]}, ips=[V4], skip=OTHERS)
    finding = next(one.finding for one in report.findings if one.finding.rule == SBL)
    assert str(finding.message) == (
        "zen.spamhaus.org lists 192.0.2.25 (127.0.0.2): SBL: a source of spam, or a service to spammers. "
        "It says: See \\x1b[31mSBL123"
    )
    assert "https://check.spamhaus.org" in str(finding.fix)


@pytest.mark.parametrize("outcome", [Reason.TIMEOUT, Reason.SERVFAIL, NoData, NxDomain])
def test_a_listing_stands_without_a_reason(outcome: Outcome) -> None:
    script = world([ZEN], [V4]) | {
        f"A {reverse(V4)}.zen.spamhaus.org": ["127.0.0.3"],
        f"TXT {reverse(V4)}.zen.spamhaus.org": outcome,
    }
    assert judged(checked(script, ips=[V4], skip=OTHERS))[CSS, V4] == "fail"


def test_each_rule_has_its_own_fix() -> None:
    codes = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9", "127.0.0.30"]
    script = world([ZEN], [V4]) | {f"A {reverse(V4)}.zen.spamhaus.org": codes}
    report = checked(script, ips=[V4], skip=OTHERS)
    fixes = {one.finding.rule: str(one.finding.fix) for one in report.findings if one.finding.rule in SPAMHAUS}
    assert "abuse desk" in fixes[SBL]
    assert "recipients" in fixes[CSS]
    assert "compromised" in fixes[XBL]
    assert "another provider" in fixes[DROP]
    assert "set the machine up anew" in fixes[BCL]


@pytest.mark.parametrize(
    ("code", "removal"),
    [
        ("127.0.0.10", "then have your provider take it out of the range that it entered"),
        ("127.0.0.11", "then remove it yourself at https://check.spamhaus.org"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pbl_has_a_fix_for_each_of_its_keepers(code: str, removal: str, lang: str) -> None:
    script = world([ZEN], [V4]) | {f"A {reverse(V4)}.{ZEN.name}": [code]}
    report = report_of(
        dynamic_ip.CHECK, Subject.of(ips=[V4]), script, policy=Policy(select=(dynamic_ip.PBL_LISTED.id,))
    )
    (finding,) = [one.finding for one in report.findings]
    assert finding.fix is not None
    said = (
        Language("zh", load_translations("preflight_checks", "zh")).say(finding.fix)
        if lang == "zh"
        else str(finding.fix)
    )
    assert ("运营商将其移出" if code.endswith("10") else "自助移除。") in said if lang == "zh" else removal in said
    assert ("smart host" in said, V4 in said) == (True, True)


@pytest.mark.parametrize("ip", ["10.0.0.1", "127.0.0.9", "fd00::1", "100.64.0.1"])
def test_private_addresses_never_pass(ip: str) -> None:
    """That the lists of the Internet do not have one says nothing; a list of one's own may have it all the same."""
    asked = f"A {reverse(ip)}.zen.spamhaus.org"
    script = world([ZEN], [ip])
    found = judged(checked(script | {asked: NxDomain}, ips=[ip], skip=OTHERS))
    assert {found[rule, ip] for rule in SPAMHAUS} == {"inconclusive"}
    found = judged(checked(script | {asked: ["127.0.0.4"]}, ips=[ip], skip=OTHERS))
    assert found[XBL, ip] == "fail"
    assert {found[rule, ip] for rule in SPAMHAUS if rule != XBL} == {"inconclusive"}


@pytest.mark.parametrize(
    "answer", [["127.0.0.2"], ["127.255.255.250"], ["127.0.0.77"], NxDomain, NoData, Reason.SERVFAIL, Reason.BAD_NAME]
)
@pytest.mark.parametrize("listed", [["127.0.0.2"], NxDomain, Reason.TIMEOUT])
def test_the_key_is_shown_nowhere(answer: Outcome, listed: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the mask of the runner: the check itself lets no key out.
    monkeypatch.setattr("preflight.findings.Finding.masked", lambda finding, _: finding)
    where = f"{KEY}.zen.dq.spamhaus.net"
    script = world([ZEN], [V4], key=KEY) | {
        f"A {reverse(V4)}.{where}": answer,
        f"TXT {reverse(V4)}.{where}": [f"asked with {KEY.upper()}"],
        f"A {reverse('127.0.0.2')}.{where}": listed,
    }
    report = checked(script, ips=[V4], skip=OTHERS, secrets={"dqs": f" {KEY}\n"})
    assert KEY not in RENDERER.render([report], RenderOptions()).lower()
    assert KEY not in repr(report.findings).lower()
    asked = {piece.asked for one in report.findings for piece in one.finding.evidence}
    assert f"A 25.2.0.192.{'?' * len(KEY)}.zen.dq.spamhaus.net" in asked


def test_an_empty_key_is_none() -> None:
    found = judged(checked(world([ZEN], [V4]), ips=[V4], skip=OTHERS, secrets={"dqs": " \n"}))
    assert found == said(V4, "", all_are("pass"))
