"""HTML reports in a real browser: nothing is asked from outside, nothing is complained of, all is to be seen and read.

The pictures are kept in build/pages, to be looked at.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preflight.render import RenderOptions
from preflight.render.html import RENDERER
from preflight.report import Report
from tests.golden.regenerate import language
from tests.golden.samples import sample
from tests.lab.chromium import Chromium, chromium
from tests.unit.render_hostile import HOSTILE, hostile_report

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "pages"
PROBE = (Path(__file__).parent / "page_probe.js").read_text(encoding="utf-8")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"width": 1280},
    "dark": {"width": 1280, "dark": True},
    "narrow": {"width": 360},
    "paper": {"width": 800, "printed": True},
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("profile")) as made:
        yield made


def hostile() -> list[Report]:
    return [hostile_report(text) for text in HOSTILE.values()]


def shown(browser: Chromium, folder: Path, reports: list[Report], code: str, look: str, name: str) -> Any:
    """Open a page, keep a picture of it, and return what it looks like."""
    page = folder / f"{name}.html"
    page.write_text(RENDERER.render(reports, RenderOptions(language=language(code))), encoding="utf-8")
    browser.look(**LOOKS[look])
    browser.open(page)
    KEPT.mkdir(parents=True, exist_ok=True)
    browser.picture(KEPT / f"{name}.{code}.{look}.png")
    assert [url for url in browser.requests if not url.startswith("data:")] == [page.as_uri()]
    assert browser.complaints == []
    return browser.evaluate(PROBE)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("name", ["go", "no-go", "incomplete", "message", "baseline", "several", "hostile"])
def test_pages_in_a_browser(browser: Chromium, tmp_path: Path, name: str, code: str, look: str) -> None:
    reports = hostile() if name == "hostile" else sample(name)
    seen = shown(browser, tmp_path, reports, code, look, name)
    assert seen["faint"] == []
    assert (seen["overflow"], seen["wide"]) == (0, [])
    assert seen["landmarks"] == [1, 1, 1]
    assert seen["headings"][0] == 1
    assert all(after - before <= 1 for before, after in zip(seen["headings"], seen["headings"][1:], strict=False))
    assert (seen["unscoped"], seen["uncaptioned"], seen["scripts"]) == (0, 0, 0)
    assert seen["board"] >= len(reports)
    assert (seen["unfolded"] == 0) == (look != "paper")
    assert seen["language"] == {"en": "en", "zh": "zh-Hans"}[code]


def test_what_a_page_says(browser: Chromium, tmp_path: Path) -> None:
    seen = shown(browser, tmp_path, sample("no-go"), "en", "light", "no-go")
    assert seen["title"] == "NO-GO · mail.example.com · preflight"
    assert seen["failures"][:3] == ["ptr/missing", "ptr/missing", "ptr/not-forward-confirmed"]
    assert len(seen["failures"]) == seen["fixes"] == 12
    assert seen["board"] == 6  # five codes at risk, and two together that nobody can check
    assert seen["pictures"] == [
        ["Identity of 192.0.2.25", "PTR: broken; forward: not checked; HELO: not checked; same name: not checked"],
        [
            "Identity of 2001:db8:85a3::8a2e:370:7334",
            "PTR: not checked; forward: broken; HELO: not checked; same name: not checked",
        ],
    ]


def test_evidence_unfolds_without_a_script(browser: Chromium, tmp_path: Path) -> None:
    folded = shown(browser, tmp_path, sample("no-go"), "en", "light", "no-go")["folded"]
    browser.evaluate("document.querySelectorAll('summary').forEach((one) => one.click())")
    after = browser.evaluate(PROBE)
    assert (after["folded"], after["unfolded"]) == (0, folded)
    assert (after["faint"], after["overflow"]) == ([], 0)
    browser.picture(KEPT / "no-go.en.unfolded.png")


def test_nothing_from_outside_runs(browser: Chromium, tmp_path: Path) -> None:
    attack = "<script>window.alerted = 1</script><img src=x onerror='window.alerted = 1'>"
    seen = shown(browser, tmp_path, [hostile_report(attack)], "en", "light", "attack")
    assert seen["alerted"] is False


def test_the_policy_of_the_page_forbids_what_is_not_its_own(browser: Chromium, tmp_path: Path) -> None:
    """A second lock: were there ever a tag that is not ours, it would be dead."""
    page = tmp_path / "page.html"
    text = RENDERER.render(sample("go"), RenderOptions())
    extra = "<script>window.alerted = 1</script><img src='https://example.com/x'><p style='color: red' id='p'>x</p>"
    page.write_text(text.replace("<main", f"{extra}<main"), encoding="utf-8")
    browser.look(**LOOKS["light"])
    browser.open(page)
    assert browser.evaluate("Boolean(window.alerted)") is False
    assert browser.evaluate("getComputedStyle(document.getElementById('p')).color") != "rgb(255, 0, 0)"
    assert len(browser.complaints) >= 3
    assert all("Content Security Policy" in one for one in browser.complaints)
