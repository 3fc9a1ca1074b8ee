"""A recipient of a bounce with its entry."""

import pytest

from preflight.diagnosis.refusals import domain_of
from tests.unit.diagnosis_samples import refusal


def test_a_known_reply_has_its_entry() -> None:
    one = refusal()
    assert one.bounce is not None
    assert (one.bounce.id, one.provider, one.category, one.permanent) == (
        "microsoft/DY-001",
        "microsoft",
        "dynamic-ip",
        True,
    )


def test_what_is_stated_of_permanence_wins() -> None:
    assert refusal(permanent=False).permanent is False


def test_an_unknown_reply_has_none() -> None:
    one = refusal("999 what is this", reply_code=None)
    assert (one.bounce, one.category, one.permanent) == (None, "unknown", None)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_what_was_taken_was_not_refused(action: str) -> None:
    one = refusal(action=action)
    assert one.taken
    assert one.bounce is None


def test_the_nested_reply_is_diagnosed() -> None:
    outer = "550 5.0.350 Remote server returned an error -> 550 DY-001 Mail rejected by Outlook.com for policy reasons"
    one = refusal(outer, inner="550 DY-001 Mail rejected by Outlook.com for policy reasons")
    assert one.bounce is not None
    assert one.bounce.id == "microsoft/DY-001"
    assert one.nested is not None
    assert one.nested.reply.reply_code == 550


def test_the_outer_reply_is_diagnosed_where_the_inner_says_nothing() -> None:
    one = refusal(inner="something else")
    assert one.bounce is not None
    assert one.bounce.id == "microsoft/DY-001"


@pytest.mark.parametrize(
    ("address", "domain"), [("a@Example.COM", "example.com"), ("a@b@c.example", "c.example"), ("a", ""), (None, "")]
)
def test_the_domain_of_an_address(address: str | None, domain: str) -> None:
    assert domain_of(address) == domain
