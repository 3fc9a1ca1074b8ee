"""Alignment of the domain in From with one that SPF or DKIM vouches for, by the list and by the walk."""

import asyncio

import pytest

from preflight.net.dns import Answer, NxDomain, Question, Reason, Records, SingleFlight, Source, Unanswered
from preflight_checks.senderauth.alignment import is_aligned, is_aligned_by_walk
from preflight_checks.senderauth.dmarc_discovery import organizations_by_walk, targets

# From, the domain vouched for, whether they align relaxed, whether they align strictly (RFC 7489 3.1; PSL).
TABLE = [
    ("example.com", "example.com", True, True),
    ("example.com", "EXAMPLE.com", True, True),
    ("Example.COM", "example.com", True, True),
    ("example.com", "example.com.", True, True),
    ("example.com", "mail.example.com", True, False),
    ("mail.example.com", "example.com", True, False),
    ("news.example.com", "foo.example.com", True, False),
    ("a.b.c.example.com", "example.com", True, False),
    ("a.b.c.example.com", "x.y.z.example.com", True, False),
    ("mail.example.com", "MAIL.example.com", True, True),
    ("example.com", "example.net", False, False),
    ("example.com", "notexample.com", False, False),
    ("notexample.com", "example.com", False, False),
    ("example.com", "example.com.example.net", False, False),
    ("example.com", "com", False, False),
    ("com", "example.com", False, False),
    ("com", "com", True, True),
    ("com", "net", False, False),
    ("example.com", "xexample.com", False, False),
    ("example.com", "example-com", False, False),
    ("example.co.uk", "example.co.uk", True, True),
    ("example.co.uk", "mail.example.co.uk", True, False),
    ("example.co.uk", "other.co.uk", False, False),
    ("co.uk", "example.co.uk", False, False),
    ("example.com.cn", "mail.example.com.cn", True, False),
    ("example.com.cn", "other.com.cn", False, False),
    ("example.com.au", "example.net.au", False, False),
    ("example.k12.ca.us", "mail.example.k12.ca.us", True, False),
    ("one.github.io", "two.github.io", False, False),
    ("one.github.io", "mail.one.github.io", True, False),
    ("one.blogspot.com", "blogspot.com", False, False),
    ("one.s3.amazonaws.com", "two.s3.amazonaws.com", False, False),
    ("example.ck", "example.ck", True, True),
    ("a.example.ck", "b.example.ck", False, False),
    ("www.ck", "a.www.ck", True, False),
    ("city.kawasaki.jp", "a.city.kawasaki.jp", True, False),
    ("a.b.kawasaki.jp", "c.b.kawasaki.jp", False, False),
    ("xn--bcher-kva.example", "mail.xn--bcher-kva.example", True, False),
    ("xn--bcher-kva.example", "bucher.example", False, False),
    ("example.xn--p1ai", "mail.example.xn--p1ai", True, False),
    ("example.xn--55qx5d.cn", "mail.example.xn--55qx5d.cn", True, False),
    ("example.xn--55qx5d.cn", "other.xn--55qx5d.cn", False, False),
    ("mail.example", "example", False, False),
    ("a.unknowntld", "b.a.unknowntld", True, False),
    ("_spf.example.com", "example.com", True, False),
    ("localhost", "localhost", True, True),
    ("localhost", "a.localhost", False, False),
]


@pytest.mark.parametrize(("author", "identifier", "relaxed", "strict"), TABLE)
def test_by_the_public_suffix_list(author: str, identifier: str, relaxed: bool, strict: bool) -> None:
    assert is_aligned(author, identifier) is relaxed
    assert is_aligned(author, identifier, strict=True) is strict


class Tree(Source):
    """A tree of names with DMARC records at some of them, and nothing else."""

    def __init__(self, **records: str) -> None:
        self.records = {f"_dmarc.{name.replace('__', '.')}": text for name, text in records.items()}
        self.asked: list[str] = []

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question.name.removeprefix("_dmarc."))
        text = self.records.get(question.name)
        if text == "?":
            raise Unanswered(question, Reason.TIMEOUT)
        return Records(question, (), (text,)) if text else NxDomain(question)


RECORD = "v=DMARC1; p=none"


# From, the domain vouched for, where records stand, whether the two align for receivers by RFC 9989.
@pytest.mark.parametrize(("author", "identifier", "records", "aligned"), [
    ("example.com", "example.com", {}, True),
    ("example.com", "mail.example.com", {"example__com": RECORD}, True),
    ("news.example.com", "foo.example.com", {"example__com": RECORD}, True),
    ("news.example.com", "foo.example.com", {}, False),
    ("news.example.com", "example.com", {"news__example__com": RECORD}, False),
    ("news.example.com", "example.com", {"news__example__com": RECORD, "example__com": RECORD}, True),
    ("news.example.com", "example.com", {"example__com": RECORD, "news__example__com": RECORD + "; psd=n"}, False),
    ("a.news.example.com", "news.example.com", {"news__example__com": RECORD + "; psd=n"}, True),
    ("a.example.com", "b.example.com", {"com": RECORD + "; psd=y"}, True),
    ("example.com", "example.net", {"example__com": RECORD}, False),
    ("example.com", "other.com", {"com": RECORD + "; psd=y"}, False),
    ("example.com", "other.com", {"example__com": RECORD, "other__com": RECORD}, False),
    ("one.github.io", "two.github.io", {"github__io": RECORD}, True),
    ("one.github.io", "two.github.io", {"github__io": RECORD + "; psd=y"}, False),
    ("news.example.com", "example.com", {"example__com": "v=spf1 -all"}, False),
    ("a.example.com", "example.com", {"example__com": RECORD + "; psd=y"}, False),
])  # fmt: skip
def test_by_the_walk(author: str, identifier: str, records: dict[str, str], aligned: bool) -> None:
    assert asyncio.run(is_aligned_by_walk(SingleFlight(Tree(**records)), author, identifier)) is aligned


# The examples of RFC 9989 4.10.2.
@pytest.mark.parametrize(("records", "found"), [
    ({"mail__example__com": RECORD, "example__com": RECORD}, "example.com"),
    ({"mail__example__com": RECORD + "; psd=n"}, "mail.example.com"),
    ({"com": RECORD + "; psd=y"}, "example.com"),
    ({}, "a.mail.example.com"),
])  # fmt: skip
def test_the_organizational_domain_by_the_walk(records: dict[str, str], found: str) -> None:
    assert asyncio.run(organizations_by_walk(SingleFlight(Tree(**records)), "a.mail.example.com")).names == {found}


def test_the_walk_asks_eight_questions_at_the_most() -> None:
    """The example of RFC 9989 4.10."""
    assert targets("a.b.c.d.e.f.g.h.i.j.mail.example.com") == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
        "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com",
    ]  # fmt: skip
    assert targets("a.mail.example.com") == ["a.mail.example.com", "mail.example.com", "example.com", "com"]
    assert len(targets("a.b.c.d.e.f.example.com")) == 8
    assert targets("com") == ["com"]


def test_a_walk_without_an_answer_is_no_answer_unless_it_ended_before() -> None:
    with pytest.raises(Unanswered):
        asyncio.run(organizations_by_walk(SingleFlight(Tree(example__com="?")), "mail.example.com"))
    ended = Tree(example__com=RECORD + "; psd=n", com="?")
    assert asyncio.run(organizations_by_walk(SingleFlight(ended), "mail.example.com")).names == {"example.com"}


# A public suffix has a record with psd=y, or none: where both come to the same, its answer is not needed.
@pytest.mark.parametrize(("records", "found"), [
    ({"example__com": RECORD}, {"example.com"}),
    ({"mail__example__com": RECORD}, {"mail.example.com", "example.com"}),
    ({}, {"a.mail.example.com", "example.com"}),
])  # fmt: skip
def test_a_public_suffix_without_an_answer(records: dict[str, str], found: set[str]) -> None:
    organizations = asyncio.run(organizations_by_walk(SingleFlight(Tree(com="?", **records)), "a.mail.example.com"))
    assert organizations.names == found
    assert (organizations.suffix is None) is (len(found) == 1)


@pytest.mark.parametrize(("author", "identifier", "records", "aligned"), [
    ("news.example.com", "example.com", {"example__com": RECORD}, True),
    ("example.com", "bounces.other.com", {}, False),
    ("example.com", "bounces.other.com", {"example__com": RECORD}, False),
    ("news.example.com", "example.com", {}, None),
])  # fmt: skip
def test_alignment_by_a_walk_whose_public_suffix_has_no_answer(
    author: str, identifier: str, records: dict[str, str], aligned: bool | None
) -> None:
    judged = is_aligned_by_walk(SingleFlight(Tree(com="?", **records)), author, identifier)
    if aligned is None:
        with pytest.raises(Unanswered):
            asyncio.run(judged)
    else:
        assert asyncio.run(judged) is aligned


def test_domains_with_no_label_in_common_need_no_question() -> None:
    tree = Tree()
    assert asyncio.run(is_aligned_by_walk(SingleFlight(tree), "example.com", "example.net")) is False
    assert tree.asked == []
