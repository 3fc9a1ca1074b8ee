"""Counts over many bounces: by code, without anybody's address, in constant memory."""

import pytest

from preflight.bounces.reading import BounceReport
from preflight.diagnosis import summary as module
from preflight.diagnosis.refusals import refusals_of
from preflight.diagnosis.summary import Summary
from preflight.render import RenderOptions
from preflight.render.diagnosis_json import summary_document
from preflight.render.diagnosis_summary import summary_text
from preflight.text import Language, load_translations
from tests.unit.diagnosis_samples import DYNAMIC, RATE, bounce, recipient


def counted(*reports: BounceReport) -> Summary:
    summary = Summary()
    for report in reports:
        summary.add(report, refusals_of(report))
    return summary


def three() -> Summary:
    return counted(
        bounce(
            recipient(DYNAMIC, recipient="alice@hotmail.com", sending_ip="203.0.113.7"),
            recipient(DYNAMIC, recipient="bob@Outlook.com"),
            minutes=5,
        ),
        bounce(recipient(DYNAMIC, recipient="carol@hotmail.com"), minutes=1),
        bounce(recipient(RATE, recipient="alice@hotmail.com", phase="connect"), kind="delayed", minutes=9),
        bounce(recipient("250 OK", action="delivered"), kind="delivered"),
    )


def test_codes_are_counted_by_recipients_and_messages() -> None:
    first, second = three().codes()
    assert first.example.bounce is not None
    assert first.example.bounce.id == "microsoft/DY-001"
    assert (first.recipients, first.messages) == (3, 2)
    assert first.domains.named == {"hotmail.com": 2, "outlook.com": 1}
    assert (first.first.minute, first.last.minute) == (1, 5)  # type: ignore[union-attr]
    assert (second.recipients, second.messages) == (1, 1)


def test_kinds_and_times_are_counted() -> None:
    summary = three()
    assert summary.kinds == {"bounce": 2, "delayed": 1, "delivered": 1}
    assert (summary.messages, summary.recipients, summary.delivered) == (4, 4, 1)
    assert (summary.first.minute, summary.last.minute) == (0, 9)  # type: ignore[union-attr]


def test_an_example_of_each_phase_is_kept_for_the_diagnosis() -> None:
    examples = three().examples()
    assert [(one.recipient.phase, one.category) for one in examples] == [("unknown", "dynamic-ip"), ("connect", "rate")]
    assert examples[0].recipient.sending_ip == "203.0.113.7"


def test_the_address_that_is_refused_most_stands_first() -> None:
    summary = counted(
        bounce(recipient(RATE, sending_ip="198.51.100.1")),
        bounce(recipient(RATE, sending_ip="198.51.100.1")),
        *(bounce(recipient(DYNAMIC, sending_ip="203.0.113.7", phase=phase)) for phase in ("mail", "rcpt", "data")),
    )
    assert summary.examples()[0].recipient.sending_ip == "203.0.113.7"


def test_no_address_of_a_recipient_is_shown() -> None:
    summary = three()
    for text in (summary_text(summary, None, RenderOptions()), str(summary_document(summary))):
        assert "hotmail.com" in text
        assert "@" not in text
        assert "alice" not in text


def test_the_table_fits_the_width() -> None:
    chinese = Language("zh", load_translations("preflight", "zh"))
    for width in (40, 80, 120):
        for language in (Language(), chinese):
            text = summary_text(three(), None, RenderOptions(language=language, width=width))
            from rich.cells import cell_len

            assert max(map(cell_len, text.splitlines())) <= width


def test_memory_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    summary = counted(
        *(bounce(recipient("nothing known", recipient=f"a@{n}.example", reply_code=900 + n)) for n in range(9)),
        *(bounce(recipient(DYNAMIC, recipient=f"a@{n}.example")) for n in range(9)),
    )
    codes = summary.codes()
    assert sum(code.recipients for code in codes) == 18
    assert len(codes) <= 5
    dynamic = next(code for code in codes if code.example.category == "dynamic-ip")
    assert (len(dynamic.domains.named), dynamic.domains.others) == (3, 6)
    assert "and 6 more" in summary_text(summary, None, RenderOptions())


def test_nothing_at_all() -> None:
    assert summary_text(Summary(), None, RenderOptions()) == "0 recipients refused, 0 codes\n  Read: nothing\n"
