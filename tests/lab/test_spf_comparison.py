"""What docs/authentication.md says of preflight beside checkdmarc is what both say today. No daemon is needed."""

from tests.lab.spf_comparison import CASES, table
from tests.pages import AUTHENTICATION, part_of_page


def test_the_comparison_with_checkdmarc_is_the_one_in_the_docs() -> None:
    """`make docs` writes it anew."""
    assert table() == part_of_page("spf-comparison", AUTHENTICATION)


def test_no_zone_has_the_place_of_another() -> None:
    assert len({case.name for case in CASES}) == len({case.what for case in CASES}) == len(CASES) > 30
