"""Text from outside is text in every format, however hard it tries to be something else."""

import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import cmarkgfm
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from preflight.render import RenderOptions, renderers
from preflight.render.schema import report_schema
from preflight.text import visible
from tests.golden.regenerate import language
from tests.unit.render_hostile import HOSTILE, hostile_report
from tests.unit.render_schemas import JUNIT, SARIF, junit_problems

RENDERERS = renderers()
OPTIONS = RenderOptions(language=language("en"), config="a,b:c%\n::d.toml")
_TAGS = """a article aside b bdi body caption circle code dd desc details div dl dt figcaption figure footer g h1 h2 h3
h4 head header html li link main meta ol p path polygon rect section span style summary svg table tbody td text th thead
time title tr ul"""
_ATTRIBUTES = """aria-hidden aria-label aria-labelledby charset class content cx cy d data-label datetime height href
http-equiv id lang name points r rel role rx scope text-anchor viewbox width x y"""
_IN_MARKDOWN = "blockquote br code details h2 h3 li p strong summary table tbody td th thead tr ul"
TAGS, ATTRIBUTES, IN_MARKDOWN = set(_TAGS.split()), set(_ATTRIBUTES.split()), set(_IN_MARKDOWN.split())


class Tags(HTMLParser):
    """The elements of a page, with their attributes, and the text outside of code."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.plain: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "meta", "link", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if not {"code", "style"} & set(self.open):
            self.plain.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def harmless(text: str) -> None:
    """No control character but the line break, nothing invisible, no lone surrogate."""
    assert text.encode("utf-8").decode("utf-8") == text
    assert {char for char in text if unicodedata.category(char) in {"Cc", "Cs"}} <= {"\n"}
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert text.endswith("\n")


def as_terminal(text: str) -> None:
    assert all(len(line) <= 80 for line in text.split("\n") if line.isascii())


def as_json(text: str) -> None:
    document = json.loads(text)
    Draft202012Validator(report_schema()).validate(document)
    assert msgspec.json.decode(text.encode()) == document  # as strict parsers read it


def as_junit(text: str) -> None:
    assert junit_problems(text) == []
    root = ET.fromstring(text)
    assert {one.tag for one in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert "<!" not in text


def as_sarif(text: str) -> None:
    document = json.loads(text)
    SARIF.validate(document)
    harmless(strings(document))
    for result in document["runs"][0]["results"]:
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9/._~!$&'()*+,;=@%:-]+", uri)
        assert "](" not in result["message"]["text"]


def as_gitlab(text: str) -> None:
    issues = json.loads(text)
    assert [sorted(issue) for issue in issues] == [
        ["check_name", "description", "fingerprint", "location", "severity"]
    ] * len(issues)
    harmless(strings(issues))
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == len(prints)


def strings(value: Any) -> str:
    """All texts of a document, a line each."""
    if isinstance(value, dict):
        return "".join(strings(one) for one in value.values())
    if isinstance(value, list):
        return "".join(strings(one) for one in value)
    return f"{value}\n".replace("\n\n", "\n") if isinstance(value, str) else ""


def as_github(text: str) -> None:
    for line in text.splitlines():
        match = re.fullmatch(r"::(notice|warning|error) ([^:]*)::(.*)", line)
        assert match, line
        keys = [pair.partition("=")[0] for pair in match[2].split(",")]
        assert keys in (["title"], ["file", "line", "title"], ["file", "line", "col", "title"])
        assert "%" not in re.sub("%(25|0D|0A|3A|2C)", "", line)


def as_markdown(text: str) -> None:
    page = Tags(cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))
    assert {tag for tag, _ in page.found} <= IN_MARKDOWN
    assert all(not attributes for _, attributes in page.found)  # no link, no image, no handler
    assert page.comments == [" preflight report "]
    assert not re.search(r"[@#$<`]|://|www\.|onerror|javascript", "".join(page.plain))
    assert len(text.encode()) < 65_536


def as_nagios(text: str) -> None:
    first, *others = text.splitlines()
    assert first.count("|") == 1
    assert re.fullmatch(
        r" time=[\d.]+s;;;0 failures=\d+;;0;0 warnings=\d+;0;;0 undecided=\d+;;;0 waived=\d+;;;0 codes_at_risk=\d+;;;0",
        first.partition("|")[2],
    )
    assert not re.search(r"[|<>`$]", "".join(others))


def as_prometheus(text: str) -> None:
    families = list(text_string_to_metric_families(text))
    assert {family.name.partition("_")[0] for family in families} == {"preflight"}
    series = [(sample.name, *sorted(sample.labels.items())) for family in families for sample in family.samples]
    assert len(set(series)) == len(series)
    assert text.count("\n# HELP") + 1 == text.count("\n# TYPE") == len(families)


def as_html(text: str) -> None:
    page = Tags(text)
    assert {tag for tag, _ in page.found} <= TAGS
    assert {name for _, attributes in page.found for name in attributes} <= ATTRIBUTES
    assert page.open == []
    assert [tag for tag, _ in page.found].count("style") == 1
    assert page.comments == []
    hrefs = {str(attributes["href"]) for _, attributes in page.found if "href" in attributes}
    assert all(re.match(r"#[a-z0-9]+$|data:,$|https://www\.rfc-editor\.org/rfc/rfc\d+$", href) for href in hrefs)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(set(ids)) == len(ids)


CHECKS: dict[str, Callable[[str], None]] = {
    "terminal": as_terminal, "json": as_json, "junit": as_junit, "sarif": as_sarif, "gitlab": as_gitlab,
    "github": as_github, "markdown": as_markdown, "nagios": as_nagios, "prometheus": as_prometheus, "html": as_html,
}  # fmt: skip


def test_each_format_has_its_own_check() -> None:
    assert set(CHECKS) == set(RENDERERS)
    assert JUNIT is not None


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", CHECKS)
def test_hostile_text_is_text(name: str, kind: str) -> None:
    text = RENDERERS[name].render([hostile_report(HOSTILE[kind])], OPTIONS)
    harmless(text)
    CHECKS[name](text)


@pytest.mark.parametrize("name", CHECKS)
def test_hostile_text_of_several_subjects(name: str) -> None:
    """Subjects of one name, which must not become one series or one id."""
    reports = [hostile_report(text) for text in (*HOSTILE.values(), *list(HOSTILE.values())[:3])]
    text = RENDERERS[name].render(reports, OPTIONS)
    harmless(text)
    CHECKS[name](text)


@pytest.mark.parametrize(
    "name", ["html", "markdown", "junit", "github", "nagios", "terminal", "sarif", "gitlab", "json"]
)
def test_what_is_hidden_is_shown(name: str) -> None:
    """The name of a file that pretends to be a picture is seen as what it is."""
    text = RENDERERS[name].render([hostile_report("x\u202egnp.exe")], OPTIONS)
    assert re.search(r"x\\{1,2}u202egnp\.exe", text)


texts = st.text(max_size=40) | st.text(
    alphabet="\x00\x1b\n\r\x7f\x9b\u202e\udce9\ufffe\uffff<>&\"'`|\\{}[]()@#$%:,;=!*_~- az中é😀", max_size=40
)


@pytest.mark.parametrize("name", ["junit", "sarif", "gitlab", "github", "markdown", "nagios", "prometheus", "html"])
@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_any_text_is_text(name: str, text: str) -> None:
    made = RENDERERS[name].render([hostile_report(text)], OPTIONS)
    harmless(made)
    CHECKS[name](made)


def test_the_schemas_are_schemas() -> None:
    Draft4Validator.check_schema(SARIF.schema)
