"""The labelled set of names: in step with its patterns and with the page, split by operator, and judged well enough."""

import ipaddress
from collections import defaultdict

import pytest

from preflight.net.addresses import is_public
from tests.benchmarks.rdns import BEGIN, END, PAGE, below_the_bar, naive, ours, table
from tests.rdns_score import Score, score
from tests.rdns_set import NAMES, NETWORKS, Name, make, read
from tests.rdns_set import table as names_table

SET = read()


def test_the_names_are_those_of_the_patterns() -> None:
    """`python -m tests.rdns_set` writes them anew."""
    assert NAMES.read_text(encoding="utf-8") == names_table()
    assert list(make()) == SET


def test_no_operator_is_in_both_halves() -> None:
    halves = defaultdict(set)
    for name in SET:
        halves[name.operator].add(name.half)
    assert {len(found) for found in halves.values()} == {1}
    for half in ("development", "unseen"):
        assert sum(name.half == half for name in SET) >= 600


def test_the_addresses_are_for_documentation() -> None:
    networks = [ipaddress.ip_network(one) for one in {*NETWORKS, "2001:db8::/32"}]
    for name in SET:
        ip = ipaddress.ip_address(name.ip)
        assert is_public(ip)
        assert any(ip.version == one.version and ip in one for one in networks)


@pytest.mark.parametrize("half", ["development", "unseen"])
def test_the_judgement_is_good_enough(half: str) -> None:
    assert below_the_bar(SET, half) == []


def test_the_naive_pattern_is_not() -> None:
    found = score(SET, naive)
    assert found.f1 < 0.85
    assert found.kinds < 0.75


def test_the_figures_of_the_page_are_these() -> None:
    """`make bench` writes them anew."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table(SET)


def test_the_score_counts() -> None:
    def name(hostname: str, kind: str) -> Name:
        return Name(hostname, "192.0.2.10", kind, "isp", "x", "unseen", "made")

    names = [
        name("192-0-2-10.example.net", "dynamic"),
        name("static-192-0-2-10.example.net", "dynamic"),
        name("adsl.example.net", "dynamic"),
        name("pool-192-0-2-10.example.net", "custom"),
        name("mail.example.net", "custom"),
    ]
    found = score(names, ours)
    assert found == Score(2, 1, 1, 1, 1, found.wrong)
    assert [one.hostname for one, _ in found.wrong] == [names[1].hostname, names[2].hostname, names[3].hostname]
    assert (found.precision, found.recall, found.f1) == (2 / 3, 2 / 3, 2 / 3)
    assert (found.false_positives, found.kinds) == (0.5, 0.5)
