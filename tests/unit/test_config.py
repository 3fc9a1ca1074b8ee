"""preflight.toml: every table and key, and every way to get one wrong."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.check import Check, Context
from preflight.config import MAX_SECONDS, Config, ConfigTable, SubjectTable, load_config, read_config, seconds
from preflight.errors import ConfigError, SubjectError
from preflight.findings import Severity
from preflight.policy import FailOn, Policy, Waiver
from preflight.registry import Registry
from preflight.subject import Endpoint, MessageSource
from tests.unit.fake_checks import check_of, registry_of, rule

KEY = "abcdefgh12345678"
WHOLE = """
[[subject]]
name = "main"
host = "MAIL.example.com"
ip = ["203.0.113.25", "2001:db8::25"]
helo = "Mail.Example.Com"
domain = "example.net"
message = "mails/test.eml"
server = "mail.example.com:587"
[[subject]]
ip = ["203.0.113.26"]

[policy]
fail-on = "warning"
select = ["ptr", "helo"]
ignore = ["helo/not-mx"]
[policy.severity]
"ptr/multiple" = "info"
helo = "warning"

[[waiver]]
rule = "ptr/missing"
part = "203.0.113.25"
reason = "ticket 4711"
owner = "mail team"
expires = 2030-01-31
[[waiver]]
rule = "helo"
reason = "x"
owner = "me"
expires = "2030-02-01"

[resolver]
servers = ["192.0.2.53", "[2001:db8::53]:5353"]
timeout = 1.5
[limits]
deadline = 60
[secrets]
dqs-key-file = "dqs.key"
[checks.lists]
zones = ["bl.example.net"]
"""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    zones: list[str] = []
    min_hits: int = 1
    levels: dict[str, Severity] = {}


@pytest.fixture
def registry() -> Registry:
    async def run(_: Context) -> None: ...

    lists = Check(id="lists", title="x", rules=(rule("lists/x"),), run=run, options=Options)
    return registry_of(lists, check_of(rule("ptr/missing")))


def refused(text: str) -> str:
    """The line with which a file is refused."""
    with pytest.raises(ConfigError) as raised:
        read_config(text)
    line = str(raised.value)
    assert line.startswith("preflight.toml: ")
    assert line.isprintable()
    return line.removeprefix("preflight.toml: ")


def test_a_whole_file(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "test.eml").write_bytes(b"Subject: x\n\nx\n")
    (tmp_path / "dqs.key").write_text(f"\n{KEY}\n")
    (tmp_path / "preflight.toml").write_text(WHOLE)
    config = load_config(tmp_path / "preflight.toml")
    first, second = config.subjects()
    assert (first.name, first.host, first.helo, first.domain) == (
        "main", "mail.example.com", "Mail.Example.Com", "example.net",
    )  # fmt: skip
    assert [str(ip) for ip in (*first.ips, *second.ips)] == ["203.0.113.25", "2001:db8::25", "203.0.113.26"]
    assert first.message == MessageSource(str(tmp_path / "mails" / "test.eml"), b"Subject: x\n\nx\n")
    assert first.server == Endpoint("mail.example.com", 587)
    assert config.policy() == Policy(
        severities={"ptr/multiple": Severity.INFO, "helo": Severity.WARNING},
        select=("ptr", "helo"),
        ignore=("helo/not-mx",),
        waivers=(
            Waiver(
                rule="ptr/missing", part="203.0.113.25", reason="ticket 4711", owner="mail team",
                expires=date(2030, 1, 31),
            ),
            Waiver(rule="helo", reason="x", owner="me", expires=date(2030, 2, 1)),
        ),
        fail_on=FailOn.WARNING,
    )  # fmt: skip
    assert config.table.resolver.servers == ["192.0.2.53", "[2001:db8::53]:5353"]
    assert (config.table.resolver.timeout, config.table.limits.deadline) == (1.5, 60.0)
    made = config.settings(registry)
    assert made.secrets["dqs"].reveal() == KEY
    assert made.options == {"lists": Options(zones=["bl.example.net"])}


def test_an_empty_file_is_the_defaults(registry: Registry) -> None:
    for config in (read_config(""), Config()):
        made = config.settings(registry)
        assert (config.subjects(), config.policy()) == ([], Policy())
        assert (made.secrets, made.options) == ({}, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("polcy = 1", "unknown key 'polcy'; did you mean 'policy'?"),
        ("[polcy]\nselect = []", "unknown key 'polcy'; did you mean 'policy'?"),
        ("'a\\u001b[31m\\n' = 1", "unknown key 'a\\\\u001b[31m\\\\n'"),
        ("[[subject]]\nhots = 'x'", "unknown key 'subject[0].hots'; did you mean 'host'?"),
        ("[[subject]]\n[[subject]]\nips = []", "unknown key 'subject[1].ips'; did you mean 'ip'?"),
        ("[policy]\nfail_on = 'error'", "unknown key 'policy.fail_on'; did you mean 'fail-on'?"),
        ("[[waiver]]\nexpire = 2030-01-01", "unknown key 'waiver[0].expire'; did you mean 'expires'?"),
        ("[resolver]\nserver = []", "unknown key 'resolver.server'; did you mean 'servers'?"),
        ("[limits]\ndeadlin = 1", "unknown key 'limits.deadlin'; did you mean 'deadline'?"),
        ("[secrets]\ndqs-key = 'x'", "unknown key 'secrets.dqs-key'; did you mean 'dqs-key-env'?"),
    ],
)
def test_an_unknown_key_names_the_nearest(text: str, problem: str) -> None:
    assert refused(text).startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subject = 3", "subject: Expected array, got int"),
        ("[subject]\nname = 'x'", "subject: Expected array, got object"),
        ("[[subject]]\nname = 3", "subject[0].name: Expected str, got int"),
        ("[[subject]]\nip = '192.0.2.1'", "subject[0].ip: Expected array, got str"),
        ("[[subject]]\n[[subject]]\nip = ['192.0.2.1', 3]", "subject[1].ip[1]: Expected str, got int"),
        ("policy = []", "policy: Expected object, got array"),
        ("[policy]\nselect = 'ptr'", "policy.select: Expected array, got str"),
        ("[policy]\nfail-on = 'info'", "policy.fail-on: Invalid enum value 'info'; give one of error, warning, never"),
        ("[policy]\nfail-on = 1", "policy.fail-on: Expected str, got int; give one of error, warning, never"),
        (
            "[policy.severity]\nptr = 'warning'\n'helo/x' = 'fatal'",
            "policy.severity.helo/x: Invalid enum value 'fatal'; give one of error, warning, info",
        ),
        ("[policy.severity]\nptr = 3", "policy.severity.ptr: Expected str, got int; give one of error, warning, info"),
        ("[policy]\nseverity = 3", "policy.severity: Expected object, got int"),
        ("[[waiver]]\nrule = 'ptr'", "waiver[0]: Object missing required field reason"),
        ("[[waiver]]\nrule = 'ptr'\nreason = 'x'", "waiver[0]: Object missing required field expires"),
        (
            "[[waiver]]\nrule = 'ptr'\nreason = 'x'\nexpires = 2030-01-01",
            "waiver 1 (ptr) names no owner; say who answers for it (owner = …)",
        ),
        ("[resolver]\ntimeout = '2'", "resolver.timeout: Expected float | null, got str"),
        ("[resolver]\ntimeout = true", "resolver.timeout: Expected float | null, got bool"),
        (f"[limits]\ndeadline = {'9' * 400}", "limits.deadline: Number out of range"),
        ("[secrets]\ndqs-key-file = 3", "secrets.dqs-key-file: Expected str | null, got int"),
        ("[checks]\nlists = 3", "checks.lists: Expected object, got int"),
    ],
)
def test_a_wrong_value_names_its_place(text: str, problem: str) -> None:
    assert refused(text) == problem


@pytest.mark.parametrize(
    ("expires", "problem"),
    [
        ("2030-01-01T00:00:00Z", "waiver[0].expires: Expected date, got datetime"),
        ("2030-01-01 00:00:00", "waiver[0].expires: Expected date, got datetime"),
        ("00:00:00", "waiver[0].expires: Expected date, got time"),
        ("'31.01.2030'", "waiver[0].expires: Invalid RFC3339 encoded date"),
        ("20300131", "waiver[0].expires: Expected date, got int"),
        ("2030-02-30", "Invalid date or datetime"),
    ],
)
def test_when_a_waiver_expires(expires: str, problem: str) -> None:
    assert refused(f"[[waiver]]\nrule = 'ptr'\nreason = 'x'\nowner = 'me'\nexpires = {expires}").startswith(problem)


@pytest.mark.parametrize("reason", ["", "  ", "\\t\\n"])
def test_a_waiver_needs_a_reason(reason: str) -> None:
    waiver = "[[waiver]]\nrule = 'ptr'\nowner = 'me'\nexpires = 2030-01-01\nreason = "
    line = refused(f"{waiver}'x'\n{waiver}\"{reason}\"")
    assert line == "waiver 2 (ptr) has an empty reason; say why it is let pass"


@pytest.mark.parametrize("owner", ["", "  ", "\\t\\n"])
def test_a_waiver_needs_an_owner(owner: str) -> None:
    waiver = "[[waiver]]\nrule = 'ptr'\nreason = 'x'\nexpires = 2030-01-01\nowner = "
    line = refused(f"{waiver}'me'\n{waiver}\"{owner}\"")
    assert line == "waiver 2 (ptr) names no owner; say who answers for it (owner = …)"


def test_subjects_have_names_of_their_own() -> None:
    line = refused("[[subject]]\nname = 'a'\n[[subject]]\nname = 'b'\n[[subject]]\nname = 'a'")
    assert line == "two subjects are named 'a'; give each a name of its own"
    assert len(read_config("[[subject]]\n[[subject]]").table.subject) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[policy", "Expected ']'"),
        ("x = ", "Invalid value (at end of document)"),
        ("[policy]\n[policy]", "Cannot declare ('policy',) twice"),
        ("x = '\\ud800'\ny = \"\\ud800\"", "Escaped character is not a Unicode scalar value"),
        ("x = \x00", "Invalid"),
        ("x = " + "[" * 100_000, "its values are nested too deeply"),
        ("x = " + "1" * 5000, "a number in it has too many digits"),
    ],
)
def test_what_is_no_toml(text: str, problem: str) -> None:
    assert refused(text).startswith(problem)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# gr\xfc\xdfe")
    cases: dict[Path | str, str] = {
        tmp_path / "missing.toml": "No such file or directory; `preflight init` writes a starter file",
        tmp_path: "Is a directory",
        latin / "below.toml": "Not a directory",
        latin: "is no UTF-8 text; save it as UTF-8",
        tmp_path / "a\x1b\n.toml": "\\x1b\\x0a.toml: No such file",
        "a\x00b.toml": "a\\x00b.toml",
    }
    for path, problem in cases.items():
        with pytest.raises(ConfigError) as raised:
            load_config(path)
        assert problem in str(raised.value)
        assert str(raised.value).isprintable()


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf[limits]\r\ndeadline = 3\r\n")
    assert load_config(tmp_path / "x.toml").table.limits.deadline == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[subject]]\nip = ['192.0.2.999']", "preflight.toml: subject 1: --ip '192.0.2.999' is no IP address"),
        ("[[subject]]\n[[subject]]\nname = 'b'\nhost = ''", "preflight.toml: subject 2 (b): HOST is empty"),
        ("[[subject]]\nmessage = 'gone.eml'", "gone.eml: No such file or directory"),
    ],
)
def test_a_subject_that_cannot_be_read_says_which(text: str, problem: str) -> None:
    with pytest.raises(SubjectError) as raised:
        read_config(text).subjects()
    assert problem in str(raised.value)


# Options of checks


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[checks.list]\nzones = []", "checks.list: no such check; did you mean 'lists'?"),
        ("[checks.ptr]\nx = 1", "checks.ptr: this check has no options; remove the table"),
        ("[checks.lists]\nzone = []", "unknown key 'checks.lists.zone'; did you mean 'zones'?"),
        ("[checks.lists]\nzones = 'x'", "checks.lists.zones: Expected array, got str"),
        ("[checks.lists]\nmin-hits = 'x'", "checks.lists.min-hits: Expected int, got str"),
        ("[checks.lists.levels]\na = 'x'", "checks.lists.levels.a: Invalid enum value 'x'; give one of error, warning"),
    ],
)
def test_options_that_a_check_does_not_have(registry: Registry, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_config(text).settings(registry)
    assert str(raised.value).startswith(f"preflight.toml: {problem}")


# Keys


def key_error(registry: Registry, config: Config, **given: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        config.settings(registry, **given)
    assert str(raised.value).isprintable()
    return str(raised.value)


BAD_KEYS = ["", "   ", "short", "two words12345", KEY + "-" + KEY, "ключ" * 4, "x" * 64, f"{KEY}\n{KEY}", f"{KEY}\x00"]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_none_is_not_shown(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    (tmp_path / "dqs.key").write_text(key, encoding="utf-8")
    lines = [
        key_error(registry, read_config("[secrets]\ndqs-key-file = 'dqs.key'", folder=tmp_path)),
        key_error(registry, Config(), dqs_key_file=str(tmp_path / "dqs.key")),
    ]
    if "\x00" not in key:
        monkeypatch.setenv("DQS_KEY", key)
        lines.append(key_error(registry, read_config("[secrets]\ndqs-key-env = 'DQS_KEY'")))
    for line in lines:
        assert "holds no DQS key" in line
        assert not key.strip() or key.strip() not in line


def test_where_a_key_comes_from(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DQS_KEY", f" {KEY} ")
    from_env = read_config("[secrets]\ndqs-key-env = 'DQS_KEY'")
    assert from_env.settings(registry).secrets["dqs"].reveal() == KEY
    (tmp_path / "other.key").write_text("other12345678")
    both = from_env.settings(registry, str(tmp_path / "other.key"))
    assert both.secrets["dqs"].reveal() == "other12345678"
    monkeypatch.delenv("DQS_KEY")
    assert "variable DQS_KEY is not set; set it, or remove this key" in key_error(registry, from_env)
    twice = read_config("[secrets]\ndqs-key-env = 'DQS_KEY'\ndqs-key-file = 'x'")
    assert "give secrets.dqs-key-file or secrets.dqs-key-env, not both" in key_error(registry, twice)
    gone = read_config("[secrets]\ndqs-key-file = 'gone.key'", folder=tmp_path)
    assert "gone.key: No such file or directory" in key_error(registry, gone)
    assert "--dqs-key-file" in key_error(registry, Config(), dqs_key_file=str(tmp_path))


# Seconds


@pytest.mark.parametrize("value", [0.001, 1, 30, MAX_SECONDS])
def test_limits_in_range(value: float) -> None:
    assert seconds(value, 2.0, "timeout") == value
    assert seconds(None, 2.0, "timeout") == 2.0


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0"),
        ("-1.0", "-1"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("1e300", "1e+300"),
        ("3601", "3601"),
    ],
)
def test_limits_out_of_range(value: str, shown: str) -> None:
    timeout = read_config(f"[resolver]\ntimeout = {value}").table.resolver.timeout
    with pytest.raises(ConfigError) as raised:
        seconds(timeout, 2.0, "timeout")
    assert str(raised.value) == f"timeout {shown} is out of range; give seconds above 0 and up to 3600"


# Any file at all

KEYS = st.sampled_from(
    [*ConfigTable.__struct_encode_fields__, *SubjectTable.__struct_encode_fields__, "fail-on", "severity", "rule", "ü"]
)
SCALARS = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.dates(), st.datetimes())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{toml(key)} = {toml(one)}' for key, one in value.items())}}}"
        case _:
            return str(value)


@settings(max_examples=150)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_toml_is_a_config_or_an_error(tables: dict[str, Any]) -> None:
    text = "\n".join(f"{toml(key)} = {toml(value)}" for key, value in tables.items())
    try:
        config = read_config(text)
    except ConfigError:
        refused(text)
        return
    assert isinstance(config.policy(), Policy)


@given(st.one_of(st.text(max_size=200), st.text(st.sampled_from("[]{}=.\"'#\n aé0-:_"), max_size=60)))
def test_any_text_is_a_config_or_an_error(text: str) -> None:
    try:
        assert isinstance(read_config(text), Config)
    except ConfigError:
        refused(text)
