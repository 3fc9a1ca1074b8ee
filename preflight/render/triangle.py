"""The identity of a sending address as a picture: its PTR name, the way back from there, and the name in HELO.

Inline SVG, drawn from what the rules of reverse DNS and HELO say of the address. The rules are named here as the bounce
catalogue names them, as ids and no more: where a check that has them is missing, a leg is not checked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from preflight.findings import Finding, Status
from preflight.render.markup import Html, el, join, outside
from preflight.report import Report
from preflight.text import Language

PTR, BACK, HELO, SAME = "ptr/missing", "ptr/not-forward-confirmed", "helo/address-mismatch", "helo/ptr-mismatch"
MOST = 4  # pictures of one subject; the addresses with the most to mend come first
_LEGS = (PTR, BACK, HELO, SAME)
_SHOWN = 26  # characters of a name in its box
_WORDS = {
    Status.PASS: ("pass", "✓", "holds"),
    Status.FAIL: ("fail", "✗", "broken"),
    Status.INCONCLUSIVE: ("open", "?", "could not be told"),
    Status.SKIPPED: ("none", "–", "not checked"),
}
_NOT_CHECKED = _WORDS[Status.SKIPPED]


@dataclass(frozen=True, slots=True)
class Triangle:
    """What is known of an address: its PTR names, the HELO name, and the finding of each leg."""

    address: str
    helo: str | None
    legs: dict[str, Finding]

    @property
    def names(self) -> str:
        """The PTR names as the finding has them; empty where there is none, or nobody knows."""
        finding = self.legs.get(PTR)
        value = finding.message.args.get("names", "") if finding and finding.status is Status.PASS else ""
        return value if isinstance(value, str) else str(value)

    def look(self, leg: str) -> tuple[str, str, str]:
        """The class, the symbol and the word of a leg."""
        finding = self.legs.get(leg)
        return _WORDS.get(finding.status, _NOT_CHECKED) if finding else _NOT_CHECKED

    @property
    def _order(self) -> int:
        return -sum(finding.status is Status.FAIL for finding in self.legs.values())


def triangles(report: Report) -> list[Triangle]:
    """The address of a report as triangles, those with the most to mend first; none where no leg was judged."""
    found: dict[str, dict[str, Finding]] = {str(ip): {} for ip in report.subject.ips}
    for judged in report.findings:
        finding = judged.finding
        legs = found.get(finding.part)
        if legs is not None and finding.rule in _LEGS and finding.status is not Status.SKIPPED:
            legs[finding.rule] = finding
    made = [Triangle(address, report.subject.helo, legs) for address, legs in found.items() if legs]
    return sorted(made, key=lambda one: one._order)


def picture(triangle: Triangle, language: Language, key: str) -> Html:
    """The figure of a triangle, with what it shows in words below it. `key` makes its ids unique on the page."""
    say = language.say
    named = triangle.names or _no_name(triangle, language)
    helo = triangle.helo or say("not given")
    legs = _in_words(triangle, language, named, helo)
    described = "; ".join(f"{title}: {word}" for title, _, (_, _, word) in legs)
    svg = el(
        "svg",
        el("title", say("Identity of {address}", address=triangle.address), id=f"{key}-title"),
        el("desc", described, id=f"{key}-desc"),
        _edge(triangle.look(PTR), (168, 246), (78, 84)),
        _edge(triangle.look(BACK), (148, 84), (222, 246)),
        _edge(triangle.look(HELO), (365, 84), (300, 246)),
        _edge(triangle.look(SAME), (222, 57), (258, 57), arrow=False),
        _box(8, 30, say("PTR name"), named),
        _box(258, 30, say("HELO name"), helo),
        _box(133, 246, say("sending address"), triangle.address),
        viewBox="0 0 480 306",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        class_="triangle",
    )
    rows = [
        el("li", el("span", symbol, class_=f"mark {kind}", aria_hidden="true"), " ", detail, ": ", el("b", word))
        for _, detail, (kind, symbol, word) in legs
    ]
    return el("figure", svg, el("figcaption", el("ul", *rows, class_="legs")))


def _no_name(triangle: Triangle, language: Language) -> str:
    return language.say("none") if triangle.look(PTR)[0] == "fail" else language.say("not known")


def _in_words(
    triangle: Triangle, language: Language, named: str, helo: str
) -> Sequence[tuple[str, Html, tuple[str, str, str]]]:
    """Each leg: its title, the title with the names in it, and what became of it."""
    arrows = [
        (PTR, "PTR", triangle.address, "→", named),
        (BACK, language.say("forward"), named, "→", triangle.address),
        (HELO, "HELO", helo, "→", triangle.address),
        (SAME, language.say("same name"), named, "=", helo),
    ]
    rows = []
    for leg, title, begin, sign, end in arrows:
        kind, symbol, word = triangle.look(leg)
        detail = join(el("span", title, class_="leg"), " ", outside(begin), f" {sign} ", outside(end))
        rows.append((title, detail, (kind, symbol, language.say(word))))
    return rows


def _edge(look: tuple[str, str, str], begin: tuple[int, int], end: tuple[int, int], *, arrow: bool = True) -> Html:
    """A line between two points, with what became of it as a sign in its middle and an arrow at its end."""
    kind, symbol, _ = look
    (x, y), (to_x, to_y) = begin, end
    length = math.dist(begin, end)
    along, across = ((to_x - x) / length, (to_y - y) / length), ((y - to_y) / length, (to_x - x) / length)
    base_x, base_y = to_x - 12 * along[0], to_y - 12 * along[1]
    corners = [end, *((base_x + side * across[0], base_y + side * across[1]) for side in (6, -6))]
    middle_x, middle_y = (x + to_x) / 2, (y + to_y) / 2
    stop_x, stop_y = (base_x, base_y) if arrow else end
    return el(
        "g",
        el("path", d=f"M {x} {y} L {stop_x:.1f} {stop_y:.1f}", class_="line"),
        el("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners), class_="arrow") if arrow else None,
        el("circle", cx=f"{middle_x:g}", cy=f"{middle_y:g}", r=13, class_="disc"),
        el("text", symbol, x=f"{middle_x:g}", y=f"{middle_y + 5:g}", text_anchor="middle", class_="sign"),
        class_=f"edge {kind}",
    )


def _box(x: int, y: int, label: str, name: str) -> Html:
    shown = name if len(name) <= _SHOWN else f"{name[: _SHOWN // 2 - 1]}…{name[-_SHOWN // 2 :]}"
    return el(
        "g",
        el("title", name),
        el("rect", x=x, y=y, width=214, height=54, rx=8),
        el("text", label, x=x + 107, y=y + 20, text_anchor="middle", class_="label"),
        el("text", shown, x=x + 107, y=y + 41, text_anchor="middle", class_="name"),
        class_="corner",
    )
