"""What was counted over many bounces, for people: a table of codes, and one diagnosis for them all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from preflight.bounces.reading import Kind
from preflight.diagnosis.diagnosing import Diagnosis
from preflight.diagnosis.summary import CodeCount, Counts, Summary
from preflight.render import RenderOptions
from preflight.render.diagnosis import put_causes, reply_of
from preflight.render.page import ITEM, Page
from preflight.render.wording import MANY

_SHOWN = 30  # codes in the table; the JSON lines have every refusal
_CODE, _RECEIVER = (18, 40), (8, 20)  # the least and the greatest width of a column
_KINDS: Mapping[Kind, str] = {
    "bounce": "{count} bounces",
    "delayed": "{count} delayed",
    "delivered": "{count} delivered",
    "auto-reply": "{count} automatic replies",
    "feedback": "{count} complaints",
    "not-a-bounce": "{count} no bounces",
}


def summary_text(summary: Summary, diagnosis: Diagnosis | None, options: RenderOptions) -> str:
    """The page of a summary, with a final line break; `diagnosis` is that of all codes together."""
    page = Page(options.language, options.width)
    head = page.say("{count} recipients refused, {codes} codes", count=summary.recipients, codes=len(summary.codes()))
    page.put((head, "bold"))
    kinds = [page.say(text, count=f"{summary.kinds[kind]:,}") for kind, text in _KINDS.items() if summary.kinds[kind]]
    page.put(page.say("Read: {kinds}", kinds=", ".join(kinds) or page.say("nothing")), column=2)
    if span := _span(page, summary.first, summary.last):
        page.put(span, column=2)
    _table(page, summary.codes())
    if diagnosis is not None:
        put_causes(page, diagnosis)
    return page.text(color=options.color)


def _table(page: Page, codes: Sequence[CodeCount]) -> None:
    if not codes:
        return
    page.heading(page.say("Codes, the most frequent first"))
    rows = [(_code(page, code), _receiver(page, code)) for code in codes[:_SHOWN]]
    heads = [page.say(word) for word in ("code", "receiver", "recipients", "messages")]
    widths = [_width((*column, head), *least) for column, head, least in _columns(rows, heads)]
    counted = [max(cell_len(head), 7) for head in heads[2:]]
    page.put((_row(heads, widths, counted), "dim"), column=2)
    for code, row in zip(codes, rows, strict=False):
        numbers = (f"{code.recipients:,}", f"{code.messages:,}")
        page.put((_row((*row, *numbers), widths, counted), "bold"), column=2)
        if span := _span(page, code.first, code.last):
            page.put(span, column=ITEM + 2)
        page.put(_domains(page, code.domains), column=ITEM + 2)
    if len(codes) > _SHOWN:
        page.put(page.say("and {count} more (--format json has them all)", count=len(codes) - _SHOWN), column=2)


def _columns(
    rows: Sequence[tuple[str, str]], heads: Sequence[str]
) -> list[tuple[tuple[str, ...], str, tuple[int, int]]]:
    replies, receivers = zip(*rows, strict=True)
    return [(replies, heads[0], _CODE), (receivers, heads[1], _RECEIVER)]


def _width(texts: Sequence[str], least: int, most: int) -> int:
    return max(least, min(most, max(map(cell_len, texts))))


def _row(cells: Sequence[str], widths: Sequence[int], counted: Sequence[int]) -> str:
    texts = [set_cell_size(cell, width) for cell, width in zip(cells[:2], widths, strict=True)]
    numbers = [" " * (width - cell_len(cell)) + cell for cell, width in zip(cells[2:], counted, strict=True)]
    return "  ".join((*texts, *numbers))


def _code(page: Page, code: CodeCount) -> str:
    """The id of the entry, by which `preflight codes` shows it; else the reply by its codes."""
    bounce = code.example.bounce
    return bounce.id if bounce else reply_of(code.example) or page.say("no code")


def _receiver(page: Page, code: CodeCount) -> str:
    bounce = code.example.bounce
    if bounce is not None and code.example.match and code.example.match.sure == "code":
        return page.say(bounce.provider)
    return code.example.provider or page.say("not known")


def _span(page: Page, first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return ""
    return page.say("first seen {first}, last seen {last} UTC", first=_time(first), last=_time(last))


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _domains(page: Page, domains: Counts) -> str:
    """The recipients' domains with their numbers; no address."""
    usual = domains.named.most_common(MANY)
    named = ", ".join(f"{domain or page.say('no address')} {count:,}" for domain, count in usual)
    others = domains.named.total() + domains.others - sum(count for _, count in usual)
    return page.say("{named} and {count} more", named=named, count=f"{others:,}") if others else named
