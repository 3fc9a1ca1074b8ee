"""Which entry of the catalogue a reply is."""

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.bounces.catalogue import Bounce, load_catalogue
from preflight.bounces.matching import Match, match_reply, provider_of

CATALOGUE = load_catalogue()
BOUNCES = list(CATALOGUE.bounces.values())
EXAMPLES = [(bounce, example) for bounce in BOUNCES for example in bounce.examples]


def own_provider(bounce: Bounce) -> str | None:
    """Who gave an example; nobody in particular for what any server may say."""
    return None if CATALOGUE.providers[bounce.provider_id].generic else bounce.provider_id


def matched(text: str, bounce: Bounce) -> str | None:
    match = match_reply(text, provider=own_provider(bounce))
    return match.bounce.id if match else None


def test_each_entry_has_an_example() -> None:
    assert [bounce.id for bounce in BOUNCES if not bounce.examples] == []


@pytest.mark.parametrize(("bounce", "example"), EXAMPLES, ids=[bounce.id for bounce, _ in EXAMPLES])
def test_each_example_hits_its_entry_first(bounce: Bounce, example: str) -> None:
    assert matched(example, bounce) == bounce.id


def test_no_counter_example_hits_its_entry() -> None:
    for bounce in BOUNCES:
        for text in bounce.counter_examples:
            match = match_reply(text)
            assert match is not None
            assert match.bounce is not bounce


def test_an_example_is_of_its_category_without_the_provider_too() -> None:
    """A reply that lost its host and its link still says what it is about."""
    misses = [
        (bounce.id, match and match.bounce.id)
        for bounce, example in EXAMPLES
        if (match := match_reply(example)) is None or match.bounce.category != bounce.category
    ]
    assert misses == []


class TestShapes:
    @given(st.sampled_from(EXAMPLES), st.randoms(use_true_random=False), st.sampled_from([" ", "\n", "\r\n\t", "\r"]))
    def test_a_reply_folded_inside_a_word(self, entry: tuple[Bounce, str], chance: random.Random, fold: str) -> None:
        """White space that a mail system put between two letters of a word of the text changes nothing."""
        bounce, example = entry
        places = [at for at in range(12, len(example)) if example[at - 1 : at + 1].isalpha() and example.isascii()]
        if own_provider(bounce) is None or not places or "http" in example:
            return
        at = chance.choice(places)
        folded = example[:at] + fold + example[at:]
        match = match_reply(folded, provider=own_provider(bounce))
        assert match is not None
        assert match.bounce.category == bounce.category

    @pytest.mark.parametrize(
        "text",
        [
            "421-4.7.28 Unusual rate of\r\n421-4.7.28 unsolicited mail\r\n421 4.7.28 originating from your IP address",
            "421-4.7.28 An unusual rate of 421-4.7.28 unsolicited mail originating from your IP 421 4.7.28 address",
            "4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your I\n P address - gsmtp",
            "HOST MX.EXAMPLE.COM SAID: 421 4.7.28 UNUSUAL RATE OF UNSOLICITED MAIL ORIGINATING FROM YOUR IP ADDRESS",
        ],
    )
    def test_repeated_prefixes(self, text: str) -> None:
        match = match_reply(text, reply_code=421)
        assert match is not None
        assert match.bounce.id == "google/4.7.28-ip"

    def test_codes_from_outside_the_text(self) -> None:
        match = match_reply("Refused by the server", reply_code=550, enhanced_code="5.1.1")
        assert match is not None
        assert (match.bounce.id, match.sure, match.permanent) == ("rfc3463/x.1.1", "generic", True)

    def test_codes_in_the_text_count_more(self) -> None:
        match = match_reply("452 4.2.2 x", reply_code=550, enhanced_code="5.0.0")
        assert match is not None
        assert (match.bounce.id, match.permanent) == ("rfc3463/x.2.2", False)

    def test_a_number_in_the_text_is_no_reply_code(self) -> None:
        match = match_reply("mailbox 421 is full", reply_code=552)
        assert match is not None
        assert (match.bounce.id, match.permanent) == ("generic/mailbox-full", True)

    def test_curly_quotes(self) -> None:
        match = match_reply("554 delivery error: dd This user doesn’t have a yahoo.com account")
        assert match is not None
        assert match.bounce.id == "yahoo/user-unknown"


class TestWhoseReply:
    @pytest.mark.parametrize(
        ("host", "text", "provider"),
        [
            ("gmail-smtp-in.l.google.com", "550 x", "google"),
            ("ASPMX.L.GOOGLE.COM.", "550 x", "google"),
            ("example-com.mail.protection.outlook.com", "550 x", "microsoft"),
            ("mx1.hotmail.com", "550 x", "microsoft"),
            ("mta7.am0.yahoodns.net", "550 x", "yahoo"),
            ("mx3.qq.com", "550 x", "tencent-qq"),
            ("163mx01.mxmail.netease.com", "550 x", "netease"),
            ("mx00.gmx.net", "550 x", "gmx-webde"),
            ("mxa-00123456.gslb.pphosted.com", "550 x", "proofpoint"),
            ("mx.example.com", "550 x", None),
            (None, "550 5.1.1 no such user - gsmtp", "google"),
            (None, "550 5.7.1 x [AM7EUR03FT012.eop-EUR03.prod.protection.outlook.com]", "microsoft"),
            (None, "550 x http://mail.163.com/help/help_spam_16.htm", "netease"),
            (None, "550 x https://service.mail.qq.com/detail/0/1", "tencent-qq"),
            (None, "550 5.1.1 <user@hotmail.com>: Recipient address rejected: User unknown", None),
            (None, "550 <user@gmail.com> is not known here; ask admin@qq.com", None),
            ("", "", None),
        ],
    )
    def test_by_host_and_text_never_by_the_recipient(self, host: str | None, text: str, provider: str | None) -> None:
        assert provider_of(host, text) == provider

    @pytest.mark.parametrize("number", ["5.7.27", "5.7.29", "5.7.30"])
    def test_a_number_means_what_the_one_who_says_it_means(self, number: str) -> None:
        ours, registered = (
            match_reply(f"550 {number} x", remote_host="aspmx.l.google.com"),
            match_reply(f"550 {number}"),
        )
        assert ours is not None
        assert registered is not None
        assert (ours.bounce.id, ours.provider, ours.sure) == (f"google/x{number[1:]}", "google", "code")
        assert (registered.bounce.id, registered.provider, registered.sure) == (
            f"rfc3463/x{number[1:]}",
            None,
            "generic",
        )

    def test_general_wording_in_the_reply_of_a_known_provider(self) -> None:
        match = match_reply("554 5.7.1 user unknown here", remote_host="mx.yandex.net")
        assert match == Match(CATALOGUE.bounces["generic/user-unknown"], "yandex", "generic", permanent=True)


@pytest.mark.parametrize(
    ("text", "entry", "permanent"),
    [
        ("550 5.7.1 hello", "rfc3463/x.7.1", True),
        ("450 4.7.1 hello", "rfc3463/x.7.1", False),
        ("550 5.7.99 hello", "rfc3463/x.7", True),
        ("550 hello", "generic/55x", True),
        ("450 hello", "generic/45x", False),
        ("(#5.1.1)", "rfc3463/x.1.1", True),
        ("550 XX-999", "generic/55x", True),
        ("250 2.0.0 fine", None, None),
        ("hello", None, None),
        ("", None, None),
    ],
)
def test_where_only_codes_tell(text: str, entry: str | None, permanent: bool | None) -> None:
    match = match_reply(text)
    assert (match.bounce.id if match else None, match.permanent if match else None) == (entry, permanent)


LINES = [
    ("user-unknown", "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in virtual mailbox table"),
    ("user-unknown", "550-5.1.1 no mailbox by that name is currently available"),
    ("user-unknown", "Sorry, no mailbox here by that name. (#5.1.1)"),
    ("user-unknown", "550 Unrouteable address"),
    ("user-unknown", "554 delivery error: user does not exist"),
    ("user-unknown", "550 5.7.1 utilisateur inconnu"),
    ("mailbox-full", "452 4.2.2 user is over quota"),
    ("mailbox-full", "550 5.7.1 mailbox quota exceeded"),
    ("mailbox-disabled", "554 5.7.1 this account has been disabled"),
    ("dnsbl", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    ("dnsbl", "550 192.0.2.1 is listed at dnsbl.example.org"),
    ("dynamic-ip", "550 Mail from dynamic IP addresses is refused, use the SMTP server of your ISP"),
    ("reputation", "554 5.7.1 The sending address has a poor reputation"),
    ("reputation", "550 your server has been blacklisted here"),
    ("ptr", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]"),
    ("ptr", "550 no reverse DNS for 192.0.2.1"),
    ("helo", "550 EHLO argument does not match calling host"),
    ("auth", "550 5.7.1 SPF check failed for example.com"),
    ("auth", "550 rejected by DMARC policy of example.com"),
    ("content", "550 5.7.1 This message looks like spam"),
    ("content", "552 5.7.0 Virus found in the attachment"),
    ("greylist", "450 4.7.1 Greylisted, come back in 5 minutes"),
    ("rate", "421 4.7.0 too many connections from your host"),
    ("rate", "450 4.7.1 rate limit exceeded"),
    ("relay-denied", "554 5.7.1 <user@example.com>: Relay access denied"),
    ("size", "552 5.3.4 Message size exceeds fixed limit"),
    ("tls", "530 5.7.0 Must issue a STARTTLS command first"),
    ("sender-invalid", "450 4.1.8 <user@example.org>: Sender address rejected: Domain not found"),
    ("domain-unknown", "550 5.1.2 Host unknown"),
    ("routing", "connect to mx.example.com[198.51.100.1]:25: Connection refused"),
    ("routing", "554 5.4.6 Too many hops"),
    ("protocol", "503 5.5.1 Bad sequence of commands"),
    ("rfc-format", "550 Duplicate header field: From"),
    ("policy", "554 5.7.1 <mail.example.com[192.0.2.1]>: Client host rejected: Access denied"),
    ("temp-system", "451 4.3.0 queue file write error"),
    ("dir-harvest", "550 Too many invalid recipients"),
]


@pytest.mark.parametrize(("category", "line"), LINES)
def test_general_wording(category: str, line: str) -> None:
    match = match_reply(line)
    assert match is not None
    assert (match.bounce.category, match.sure) == (category, "generic")


def test_a_hostile_reply_takes_no_long_time() -> None:
    """Texts of the greatest length that is looked at, of the words that patterns have; by processor time."""
    words = " ".join(sorted({word for _, example in EXAMPLES for word in example.lower().split()}))
    began = time.process_time()
    for start in range(0, len(words), 4000):
        match_reply(words[start : start + 4000])
    match_reply("messages from " * 1000)
    match_reply("550 " + "mail from " * 1000)
    assert time.process_time() - began < 4


@given(st.text(string.printable) | st.text(max_size=60) | st.binary().map(lambda octets: octets.decode("latin-1")))
def test_takes_any_text(text: str) -> None:
    match = match_reply(text)
    assert match is None or match.bounce.id in CATALOGUE.bounces
