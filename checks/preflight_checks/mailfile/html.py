"""What an HTML body shows, hides, links to and would run.

A tokenizer of one expression and one pass, since mail is full of HTML that is not well formed and a real parser costs
more time than reading the whole message. Style sheets are not applied: only what stands in the elements counts.
"""

import re
from dataclasses import dataclass, field
from html import unescape

_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""")
_ATTRIBUTE = re.compile(r"""([A-Za-z][A-Za-z0-9:_-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_SILENT = frozenset(("head", "style", "script", "title", "template", "noscript"))
_ACTIVE = frozenset(("script", "iframe", "frame", "object", "embed", "applet", "form", "base"))
_BLOCKS = frozenset(
    ["p", "div", "br", "tr", "td", "th", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr"]
)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)|max-height\s*:\s*0(?:px)?\s*(?:;|!|$)"
)
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)")
_NAMES = {"white": "#ffffff", "black": "#000000", "#fff": "#ffffff", "#000": "#000000"}
_MAX_STACK = 500
MAX_LINKS = 1000
PREVIEW = 300  # characters of hidden text before anything is shown: the preview line that mail programs list


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where it leads, the text that it shows, and its offset in the text of the page."""

    target: str
    text: str
    offset: int


@dataclass
class Page:
    """What was found in an HTML text. `active` has names of elements or attributes with their offsets; `hidden` the
    pieces of text that are not shown, with theirs, a preview line left out; `images` counts pictures that are shown."""

    text: str = ""
    links: list[Link] = field(default_factory=list)
    images: int = 0
    hidden: list[tuple[str, int]] = field(default_factory=list)
    active: list[tuple[str, int]] = field(default_factory=list)


def read_html(html: str) -> Page:
    """Take an HTML text apart. Raises nothing; the work is linear in its length."""
    return _Reader(_without_comments(html)).page()


def _without_comments(html: str) -> str:
    """The text with each comment blanked out, so that offsets stay (HTML 13.1.6)."""
    if "<!--" not in html:
        return html
    pieces: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0:
        end = html.find("-->", start + 4)
        end = len(html) if end < 0 else end + 3
        pieces += [html[at:start], " " * (end - start)]
        at = end
    pieces.append(html[at:])
    return "".join(pieces)


@dataclass(slots=True)
class _Element:
    name: str
    is_silent: bool
    is_hidden: bool
    background: str


class _Reader:
    def __init__(self, html: str) -> None:
        self._html = html
        self._page = Page()
        self._shown: list[str] = []
        self._preview = PREVIEW
        self._stack = [_Element("", False, False, "")]
        self._link: tuple[str, int, int] | None = None  # target, offset, pieces shown before

    def page(self) -> Page:
        at = 0
        for tag in _TAG.finditer(self._html):
            self._text(self._html[at : tag.start()], at)
            at = tag.end()
            name = tag[2].lower()
            if tag[1]:
                self._close(name)
            else:
                self._open(name, tag[3], tag.start())
        self._text(self._html[at:], at)
        self._end_link()
        self._page.text = "".join(self._shown)
        return self._page

    def _text(self, text: str, offset: int) -> None:
        top = self._stack[-1]
        if not text or top.is_silent:
            return
        if "&" in text:
            text = unescape(text)
        if not top.is_hidden:
            self._shown.append(text)
            if text.strip():
                self._preview = 0
            return
        stripped = text.strip(" \t\r\n\u00a0\u200b\u200c\u200d\u2007\u034f\u00ad\ufeff\u2800")
        if not stripped:
            return
        if len(stripped) <= self._preview:
            self._preview -= len(stripped)
        else:
            self._page.hidden.append((stripped, offset))

    def _open(self, name: str, text: str, offset: int) -> None:
        top = self._stack[-1]
        attributes = {key.lower(): value.strip("\"'") for key, value in _ATTRIBUTE.findall(text)} if text else {}
        if name in _BLOCKS:
            self._shown.append("\n")
        self._note_active(name, attributes, offset)
        hidden, background = top.is_hidden, top.background
        if "style" in attributes or "bgcolor" in attributes or "color" in attributes:
            hides, background = _look(attributes, background)
            hidden = hidden or hides
        if " hidden" in text and re.search(r"\shidden(?:\s|=|/|$)", text):
            hidden = True
        if name == "img" and not (hidden or top.is_silent or _is_dot(attributes)):
            self._page.images += 1
        elif name == "a" and not top.is_silent:
            self._end_link()
            self._link = (unescape(attributes.get("href", "")), offset, len(self._shown))
        if name not in _VOID and not text.endswith("/") and len(self._stack) < _MAX_STACK:
            self._stack.append(_Element(name, top.is_silent or name in _SILENT, hidden, background))

    def _note_active(self, name: str, attributes: dict[str, str], offset: int) -> None:
        if name in _ACTIVE and "ld+json" not in attributes.get("type", ""):
            self._page.active.append((name, offset))
        elif name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self._page.active.append(("meta refresh", offset))
        for key, value in attributes.items():
            if key.startswith("on") and len(key) > 3:
                self._page.active.append((key, offset))
            elif key in {"href", "src"} and re.match(r"\s*(?:java|vb)script:", unescape(value), re.IGNORECASE):
                self._page.active.append(("javascript: link", offset))

    def _close(self, name: str) -> None:
        if name == "a":
            self._end_link()
        elif name in _BLOCKS:
            self._shown.append("\n")
        for place in range(len(self._stack) - 1, max(0, len(self._stack) - 20), -1):
            if self._stack[place].name == name:
                del self._stack[place:]
                return

    def _end_link(self) -> None:
        if self._link and len(self._page.links) < MAX_LINKS:
            target, offset, before = self._link
            text = " ".join("".join(self._shown[before:]).split())
            self._page.links.append(Link(target.strip(), text[:500], offset))
        self._link = None


def _look(attributes: dict[str, str], background: str) -> tuple[bool, str]:
    """Whether an element hides its text, and the background that it stands on; empty where that is not known."""
    style = attributes.get("style", "").lower()
    if "mso-hide" not in style and _HIDES.search(style):
        return True, background
    if found := _BACKGROUND.search(style):
        background = _colour(found[1])
    elif "bgcolor" in attributes:
        background = _colour(attributes["bgcolor"])
    found = _COLOUR.search(style)
    colour = _colour(found[1] if found else attributes.get("color", ""))
    return bool(colour) and colour == background, background


def _colour(text: str) -> str:
    """A plain colour as `#rrggbb`; empty for pictures, gradients and what else is no plain colour."""
    text = re.sub(r"\s", "", text.lower())
    text = _NAMES.get(text, text)
    if rgb := re.fullmatch(r"rgb\((\d{1,3}),(\d{1,3}),(\d{1,3})\)", text):
        return "#" + "".join(f"{min(255, int(part)):02x}" for part in rgb.groups())
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        return "#" + "".join(digit * 2 for digit in text[1:])
    return text if re.fullmatch(r"#[0-9a-f]{6}", text) else ""


def _is_dot(attributes: dict[str, str]) -> bool:
    """Whether a picture is too small to be seen, as those that count openings are."""
    return any(attributes.get(side, "").removesuffix("px") in {"0", "1"} for side in ("width", "height"))
