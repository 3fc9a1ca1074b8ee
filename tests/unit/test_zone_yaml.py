"""Zone files of octoDNS: what they answer, with line and column, and what of them is none."""

from pathlib import Path

import dns.name
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.errors import ZoneError
from preflight.net.dns import NxDomain, Question, Records
from preflight.net.fake import FakeSource
from preflight.net.zone_files import load_zones
from preflight.net.zone_source import ZoneSource
from preflight.net.zone_yaml import read_octodns
from tests.unit.zone_samples import ask, source, write, write_example


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


YAML = """---
'':
  - type: A
    values: [192.0.2.80, 192.0.2.81]
  - type: MX
    ttl: 300
    values:
    - exchange: mail.example.com.
      preference: 10
    - value: old.example.net.
      priority: 20
  - type: TXT
    value: 'v=DKIM1\\; k=rsa'
  - type: CAA
    value: {flags: 0, tag: issue, value: ca.example.net; x}
www: {type: CNAME, value: example.net.}
apex: {type: ALIAS, value: mail.example.com.}
nowhere: {type: ALIAS, value: none.example.com.}
ignored:
  type: A
  value: 192.0.2.9
  octodns: {ignored: true}
geo: {type: URLFWD, values: [{code: 302}]}
_smtp._tcp: {type: SRV, value: {priority: 0, weight: 0, port: 25, target: mail.example.com.}}
"""


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("A example.net", "192.0.2.80, 192.0.2.81 | Y:4:14 | Y:4:26"),
        ("MX example.net", "10 mail.example.com, 20 old.example.net | Y:8:7 | Y:10:7"),
        ("TXT example.net", "v=DKIM1; k=rsa | Y:13:12"),
        ("CAA example.net", '0 issue "ca.example.net; x" | Y:15:12'),
        ("A www.example.net", "example.net → 192.0.2.80, 192.0.2.81 | Y:4:14 | Y:4:26"),
        ("A apex.example.net", "203.0.113.25 | zones/example.com.zone:7"),
        ("AAAA apex.example.net", "no AAAA record | zones/example.com.zone:7"),
        ("A nowhere.example.net", "no A record | zones/example.com.zone:2"),
        ("MX apex.example.net", "no MX record | Y:17:28"),
        ("A ignored.example.net", "NXDOMAIN | Y:1"),
        ("A geo.example.net", "no A record | Y:1"),
        ("SRV _smtp._tcp.example.net", "0 0 25 mail.example.com. | Y:24:32"),
    ],
)
def test_zones_in_the_form_of_octodns(zones: Path, question: str, seen: str) -> None:
    write(zones, **{"zones__example.net.yaml": YAML})
    assert ask(source("zones"), question) == seen.replace("Y:", "zones/example.net.yaml:")


def test_a_stand_in_that_leads_out_shows_no_alias(zones: Path) -> None:
    write(zones, **{"example.net.yaml": "a: {type: ALIAS, value: mx.example.org.}\n"})
    found = Records(Question.of("mx.example.org", "A"), ("b.example.org",), ("192.0.2.7",))
    live = FakeSource({"A mx.example.org": found, "AAAA mx.example.org": NxDomain})
    laid_over = source("example.net.yaml", below=live)
    assert ask(laid_over, "A a.example.net") == "192.0.2.7 | example.net.yaml:1:25"
    assert ask(laid_over, "AAAA a.example.net") == "no AAAA record | example.net.yaml:1:25"


def test_split_zones_of_octodns_and_what_else_is_yaml(folder: Path) -> None:
    write(folder, **{
        "z__example.com.__www.yaml": "www: {type: A, value: 192.0.2.1}\n",
        "z__example.com.__$example.com.yaml": "'': {type: A, value: 192.0.2.2}\n",
        "z__production.yaml": "providers: {}\n",
        "z__compose.example.yaml": "services: {a: {image: b}}\n",
        "z__broken.example.yaml": "a: [\n",
    })  # fmt: skip
    loaded = load_zones(["z"])
    assert sorted(loaded.notes) == [
        "z/broken.example.yaml: no zone in octoDNS's form; passed over",
        "z/compose.example.yaml: no zone in octoDNS's form; passed over",
    ]
    asked = ZoneSource(loaded.zones, None)
    assert ask(asked, "A www.example.com") == "192.0.2.1 | z/example.com./www.yaml:1:23"
    assert ask(asked, "A example.com") == "192.0.2.2 | z/example.com./$example.com.yaml:1:22"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "y: no zone in octoDNS's form"),
        ("a: [", "y:2:1: "),
        ("- a", "y:1:1: no zone in octoDNS's form"),
        ("a: x", "y:1:4: a record is a mapping with type, ttl and value or values"),
        ("a: {value: x}", "y:1:4: a record without a type"),
        ("a: {type: A}", "y:1:4: a record of type A with neither of value and values"),
        ("a: {type: A, value: 192.0.2.1, values: []}", "y:1:4: a record of type A with both of value and values"),
        ("a: {type: A, value: 192.0.2.300}", "y:1:21: no A record can be read here"),
        ("a: {type: A, value: 192.0.2.1, ttl: soon}", "y:1:37: the ttl 'soon' is no number of seconds"),
        ("a: {type: MX, value: mail}", "y:1:22: a value of type MX is a mapping"),
        ("a: {type: MX, value: {exchange: mail}}", "y:1:22: a value of type MX without preference"),
        ("a: {type: MX, value: {exchange: mail, preference: 1}}", "y:1:33: 'mail' in a record of type MX lacks its"),
        ("a: {type: CNAME, value: 'b c.'}", "y:1:25: 'b c.' in a record of type CNAME is no name"),
        ("a: {type: A, value: {b: c}}", "y:1:21: one value is wanted here"),
        ("a: {type: A, value: 192.0.2.1}\na: {type: A, value: 192.0.2.1}", "y:2:1: the name 'a' stands here"),
        ("a..b: {type: A, value: 192.0.2.1}", "y:1:1: 'a..b' is no name"),
        ("x: &x {type: *x}", "y:1:4: one value is wanted here"),
    ],
)  # fmt: skip
def test_yaml_that_is_no_zone(text: str, error: str) -> None:
    with pytest.raises(ZoneError) as raised:
        read_octodns(text, "y", dns.name.from_text("example.com"))
    assert str(raised.value).startswith(error)


LEAVES = st.sampled_from(["A", "MX", "TXT", "192.0.2.1", "x.", "", "1", None, True, 1.5, "é\x1b"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "values", "ttl", "octodns", "exchange", "preference", ""]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=80), TREES.map(lambda tree: yaml.safe_dump({"a": tree}))))
def test_any_yaml_is_a_zone_or_an_error_with_a_place(text: str) -> None:
    error = ""
    try:
        read_octodns(text, "y", dns.name.from_text("example.com"))
    except ZoneError as raised:
        error = str(raised)
    assert error == "" or (error.startswith("y:") and error.isprintable())
