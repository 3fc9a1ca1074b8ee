"""What runs remember of earlier ones: for a day, by resolver, and never at the price of a crash."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.memory import MAX_OCTETS, DiskMemory, NoMemory, cache_file

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FACT = "blocklist zen.spamhaus.org ip4 open alive"
SERVERS = ("192.0.2.53 53",)


def memory(file: Path, servers: tuple[str, ...] = SERVERS, later: timedelta = timedelta()) -> DiskMemory:
    return DiskMemory(file, servers, now=lambda: NOW + later)


def kept(file: Path) -> Path:
    """A file in which a run has noted one fact."""
    first = memory(file)
    first.note(FACT)
    first.save()
    return file


def test_what_was_noted_is_recalled_by_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "a" / "new" / "folder" / "health.json"
    first = memory(file)
    first.note(FACT)
    assert first.recall(FACT) is None  # this run has found it out itself
    first.save()
    assert memory(file).recall(FACT) == NOW
    assert memory(file).recall("another fact") is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"format": 1, "facts": {"192.0.2.53 53": {FACT: "2026-11-24T12:00:00Z"}}}


@pytest.mark.parametrize(
    ("later", "known"),
    [
        (timedelta(hours=23, minutes=59), True),
        (timedelta(days=1), True),
        (timedelta(days=1, seconds=1), False),
        (timedelta(seconds=-1), False),  # the clock was set back: nobody knows how old it is
    ],
)
def test_a_fact_holds_for_a_day(tmp_path: Path, later: timedelta, known: bool) -> None:
    file = kept(tmp_path / "health.json")
    assert (memory(file, later=later).recall(FACT) is not None) is known


def test_resolvers_are_told_apart_whatever_their_order(tmp_path: Path) -> None:
    file = tmp_path / "health.json"
    one = memory(file, ("192.0.2.53 53", "192.0.2.54 53"))
    one.note(FACT)
    one.save()
    assert memory(file, ("192.0.2.54 53", "192.0.2.53 53")).recall(FACT) == NOW
    assert memory(file, ("192.0.2.53 53",)).recall(FACT) is None
    assert memory(file, ("192.0.2.53 5353", "192.0.2.54 53")).recall(FACT) is None


@pytest.mark.parametrize("first", ["note", "forget"])
def test_what_is_doubted_is_forgotten_for_good(tmp_path: Path, first: str) -> None:
    file = kept(tmp_path / "health.json")
    doubting = memory(file)
    assert doubting.recall(FACT) == NOW
    for step in (first, "forget", "note"):
        getattr(doubting, step)(FACT)
    assert doubting.recall(FACT) is None
    doubting.save()
    assert memory(file).recall(FACT) is None


def test_what_others_wrote_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "health.json"
    one, other, elsewhere = memory(file), memory(file), memory(file, ("192.0.2.99 53",))
    for who, fact in ((one, "one"), (other, "other"), (elsewhere, "elsewhere")):
        who.note(fact)
        who.save()
    assert memory(file).recall("one") == memory(file).recall("other") == NOW
    assert memory(file, ("192.0.2.99 53",)).recall("elsewhere") == NOW


def test_old_facts_leave_the_file(tmp_path: Path) -> None:
    file = kept(tmp_path / "health.json")
    later = memory(file, later=timedelta(days=2))
    later.note("new")
    later.save()
    assert FACT not in file.read_text()


def test_a_run_that_found_nothing_out_writes_nothing(tmp_path: Path) -> None:
    memory(tmp_path / "health.json").save()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 1}',
        b'{"format": 2, "facts": {}}',
        b'{"format": 1, "facts": {"192.0.2.53 53": {"blocklist zen.spamhaus.org ip4 open alive": "yesterday"}}}',
        b'{"format": 1, "facts": {"192.0.2.53 53": {"blocklist zen.spamhaus.org ip4 open alive": true}}}',
        b'{"format": 1, "facts": {"192.0.2.53 53": {"a fact without a time zone": "2026-11-24T12:00:00"}}}',
        b'{"format": 1, "facts": {}, "more": 1}',
        b"[" * 100_000,
        b" " * (MAX_OCTETS + 1),
    ],
)
def test_a_damaged_file_is_an_empty_one_and_is_mended(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "health.json"
    file.write_bytes(content)
    damaged = memory(file)
    assert damaged.recall(FACT) is None
    damaged.note(FACT)
    damaged.save()
    assert memory(file).recall(FACT) == NOW


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: json.dumps({"format": 1, "facts": text}).encode())
)
def test_no_content_of_the_file_is_a_crash(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "health.json"
    file.write_bytes(content)
    assert memory(file).recall(FACT) is None


@pytest.mark.parametrize("where", ["a folder", "below a file", "nul", "no rights"])
def test_a_place_that_cannot_be_written_to_is_no_crash(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    places = {"a folder": tmp_path, "below a file": tmp_path / "file" / "x", "nul": Path("/tmp/\0/x")}
    if where == "no rights":  # root may write anywhere, so that the system call is made to fail
        monkeypatch.setattr(os, "replace", forbidden)
        monkeypatch.setattr(Path, "replace", forbidden)
    somewhere = memory(places.get(where, tmp_path / "health.json"))
    somewhere.note(FACT)
    somewhere.save()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def forbidden(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_no_memory_is_the_default() -> None:
    nothing = NoMemory()
    nothing.note(FACT)
    nothing.forget(FACT)
    assert nothing.recall(FACT) is None


def test_the_file_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == tmp_path / "preflight" / "health.json"
