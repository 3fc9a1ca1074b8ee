"""The file of a recorded run: what it keeps and masks, what comes of a damaged one, that it is whole or not there."""

import asyncio
import ipaddress
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.check import Check, Context, Findings, Rule, Secret, Settings, judges
from preflight.cli import main
from preflight.config import Config
from preflight.errors import ConfigError, PreflightError
from preflight.files import write_whole
from preflight.findings import Place, Severity
from preflight.lab import Fault, LabDns
from preflight.lab.demo import demo_world
from preflight.memory import Memory
from preflight.moment import chance, now
from preflight.net.dns import Answer, NoData, Question, Reason, Records, Unanswered
from preflight.net.fake import FakeSource
from preflight.net.https import Fetcher, FetchFailure, FetchTrouble, Page
from preflight.net.https_fake import FakeFetcher
from preflight.net.programs import Command, Programs
from preflight.net.smtp import Certificate, Conversation, Secured
from preflight.net.smtp_fake import FakeDialer, FakeServer
from preflight.registry import Registry, load_catalogue
from preflight.report import Report
from preflight.runner import Run
from preflight.subject import Subject
from preflight.tape.record import Recorder
from preflight.tape.recording import (
    CertificateFacts,
    ChoiceFacts,
    DnsFacts,
    PageFacts,
    SecuredFacts,
    SubjectFacts,
    load_recording,
    read_recording,
)
from preflight.tape.replay import Replay
from preflight.testing import statuses

SEEN = Rule(id="demo/seen", severity=Severity.ERROR, title="Seen", why="Why", fix="Fix", reference="RFC 5321")
ANSWERED = Rule(id="demo/answered", severity=Severity.ERROR, title="Answered", why="Why", fix="Fix", reference="RFC 1")


async def _run(ctx: Context) -> None:
    await ctx.each(["mx1.example.com", "mx2.example.com"], _greeting)
    await ctx.each([ctx.subject.domain or ""], _mx)


@judges(SEEN)
async def _greeting(ctx: Context, host: str) -> Findings:
    """Two hosts at one address, looked at at once; the name server decides which of them comes first."""
    (address,) = (await ctx.dns.query(host, "A")).addresses
    wire = await ctx.smtp.dial(address, 25)
    async with Conversation(wire, ctx.smtp.limits, host) as conversation:
        await conversation.greeting()
        reply = await conversation.command(f"EHLO {chance(host)}.example")
        yield SEEN.passes(host, "{part} says {reply} on {day}", conversation.transcript, reply=reply.text, day=now())


@judges(ANSWERED)
async def _mx(ctx: Context, domain: str) -> Findings:
    answer = await ctx.dns.confirmed(domain, "MX")
    programs = ctx.settings.programs
    command = programs.installed([("one",), ("two", "-x")])
    said = await programs.run(command, b"octets") if command else ""
    known = ctx.settings.memory.recall("a fact")
    yield ANSWERED.passes(domain, "{seen} {said} {known}", answer.evidence, seen=answer.note, said=said, known=known)


CHECK = Check(id="demo", title="Demo", rules=(SEEN, ANSWERED), run=_run)


class Slow(FakeSource):
    """Answers the questions for some names later than those for others, and has an opinion of its own."""

    def __init__(self, script: Any, late: str) -> None:
        super().__init__(script)
        self._late = late

    async def ask(self, question: Question) -> Answer:
        if question.name.startswith(self._late):
            await asyncio.sleep(0.02)
        return await super().ask(question)

    async def second_opinion(self, answer: Answer) -> Answer:
        return NoData(answer.question, note="somebody else agrees", places=(Place("zones/a.zone", 7, 2),))


class OneProgram(Programs):
    def installed(self, commands: Any) -> Command | None:
        return ("two", "-x")

    async def run(self, command: Command, octets: bytes) -> str:
        return f"{' '.join(command)} read {len(octets)}"


class OneFact(Memory):
    def recall(self, fact: str) -> datetime | None:
        return datetime(2026, 11, 1, tzinfo=UTC)

    def note(self, fact: str) -> None: ...

    def forget(self, fact: str) -> None: ...


SCRIPT = {"A mx1.example.com": ["192.0.2.1"], "A mx2.example.com": ["192.0.2.1"], "MX example.com": NoData}


def registry() -> Registry:
    found = Registry(load_catalogue())
    found.add(CHECK)
    return found


def recorded(late: str = "mx1", secret: str = "") -> tuple[str, Report]:
    """The file and the report of a run over two hosts at one address, which greet each caller with another number."""
    numbers = iter(range(100))
    server = FakeServer(greeting="220 hi", replies={"EHLO": lambda _: f"250 you are number {next(numbers)}{secret}"})
    settings = Settings(memory=OneFact(), programs=OneProgram(), secrets={"dqs": Secret(secret)} if secret else {})
    recorder = Recorder(Slow(SCRIPT, late), FakeDialer({"192.0.2.1:25": server}), settings)
    subject = Subject(domain="example.com", mail_from=("",))
    run = Run([subject], recorder.source, registry=registry(), settings=recorder.settings, dialer=recorder.dialer)
    (report,) = run.fly_blocking()
    text = recorder.text(
        run, [report], [subject], config=Config(), config_file="x.toml", choice=ChoiceFacts(["demo"]), deadline=30.0
    )
    return text, report


def told(text: str) -> Report:
    replay = Replay(read_recording(text.encode()))
    run = Run(
        replay.subjects,
        replay.source,
        registry=registry(),
        settings=replay.settings(registry()),
        dialer=replay.dialer,
        moment=replay.moment,
    )
    (report,) = replay.timed(run.fly_blocking())
    return report


@pytest.mark.parametrize("late", ["mx1", "mx2"])
def test_who_comes_first_makes_no_difference(late: str) -> None:
    """In the replay nobody waits, so that the connections are made in another order than they were."""
    text, report = recorded(late)
    assert statuses(report) == {
        ("demo/seen", "mx1.example.com"): "pass",
        ("demo/seen", "mx2.example.com"): "pass",
        ("demo/answered", "example.com"): "pass",
    }
    assert told(text) == report


def test_all_that_comes_from_outside_is_kept() -> None:
    text, _ = recorded()
    recording = read_recording(text.encode())
    assert recording.run.choice == ChoiceFacts(["demo"])
    assert recording.subjects == [SubjectFacts(domain="example.com", mail_from=[""])]
    assert {(one.question, one.outcome, one.opinion) for one in recording.dns} == {
        ("A mx1.example.com", "records", False),
        ("A mx2.example.com", "records", False),
        ("MX example.com", "no-data", False),
        ("MX example.com", "no-data", True),
    }
    assert {one.errand.split("/")[-1] for one in recording.smtp} == {"mx1.example.com", "mx2.example.com"}
    assert recording.smtp[0].steps[0].said is None
    assert recording.smtp[0].steps[0].heard == "220 hi\r\n"
    assert recording.programs[0].wrote == "two -x read 6"
    assert recording.memory == {"a fact": datetime(2026, 11, 1, tzinfo=UTC)}


PAGE = Page(200, "text/plain", "", b"version: STSv1\r\n\xff")


def test_pages_are_kept() -> None:
    """In the order in which each errand asked for them; what was not asked for is not there."""
    address, host = ipaddress.ip_address("192.0.2.1"), "mta-sts.example.com"
    fetcher = FakeFetcher({f"https://{host}/good": PAGE, f"https://{host}/bad": FetchFailure.UNTRUSTED})
    recorder = Recorder(FakeSource({}), None, Settings(), fetcher)
    run = Run([Subject(domain="example.com")], recorder.source, registry=Registry(load_catalogue()))
    (report,) = run.fly_blocking()

    async def fetched(door: Fetcher) -> list[Page | tuple[FetchFailure, str]]:
        found: list[Page | tuple[FetchFailure, str]] = []
        for path in ("/good", "/bad", "/bad"):
            try:
                found.append(await door.fetch(address, host, path))
            except FetchTrouble as trouble:
                found.append((trouble.failure, trouble.detail))
        return found

    assert recorder.fetcher is not None
    before = asyncio.run(fetched(recorder.fetcher))
    subjects = [Subject(domain="example.com")]
    choice = ChoiceFacts()
    text = recorder.text(run, [report], subjects, config=Config(), config_file="", choice=choice, deadline=30.0)
    replay = Replay(read_recording(text.encode()))
    assert asyncio.run(fetched(replay.fetcher)) == before == [PAGE, *[(FetchFailure.UNTRUSTED, "scripted")] * 2]
    with pytest.raises(FetchTrouble, match="not in the recording"):
        asyncio.run(replay.fetcher.fetch(address, host, "/other"))


def test_secrets_are_masked_wherever_they_stand() -> None:
    text, report = recorded(secret="SecretKey12")
    assert "secretkey12" not in text.lower()
    assert text.count("???????????") == 2
    assert str(told(text).findings) == str(report.findings)


def test_what_is_not_in_the_recording_is_not_answered() -> None:
    replay = Replay(read_recording(recorded()[0].encode()))
    with pytest.raises(Unanswered) as outcome:
        asyncio.run(replay.source.ask(Question.of("other.example.com", "A")))
    assert (outcome.value.reason, str(outcome.value)) == (
        Reason.NOT_RECORDED,
        "A other.example.com: not in the recording",
    )
    answer = Records(Question.of("mx1.example.com", "A"), (), ("192.0.2.1",))
    assert asyncio.run(replay.source.second_opinion(answer)) is answer


def test_each_field_has_a_place_in_the_file() -> None:
    """Whoever adds a field to one of these has to put it on record, too."""

    def names(kind: type) -> set[str]:
        return {field.name for field in fields(kind)}

    assert names(Subject) == set(SubjectFacts.__struct_fields__)
    assert names(Records) - {"found"} == {*DnsFacts.__struct_fields__} - {
        "outcome", "values", "reason", "detail", "opinion"
    }  # fmt: skip
    assert names(Page) == {*PageFacts.__struct_fields__} & names(Page)
    assert names(Secured) == set(SecuredFacts.__struct_fields__)
    assert names(Certificate) == set(CertificateFacts.__struct_fields__)


def test_checks_ask_the_run_for_time_and_chance() -> None:
    """A check that asks the clock itself says something else when it is told again."""
    folder = Path(__file__).parents[2] / "checks" / "preflight_checks"
    asking = ("datetime.now(", "date.today(", "time.time(", "import random", "import secrets", "utcnow(")
    found = [
        f"{path.relative_to(folder)}: {word}"
        for path in sorted(folder.rglob("*.py"))
        for word in asking
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


# --- files that are none ---


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "no recording, or a damaged one"),
        (b"{", "no recording, or a damaged one"),
        (b"\xff\xfe", "no recording, or a damaged one"),
        (b"[" * 100_000, "no recording, or a damaged one"),
        (b'{"schema": "preflight-flight/9"}', "its form is 'preflight-flight/9'; preflight"),
        (b'{"schema": "preflight-report/1", "version": "1"}', "its form is 'preflight-report/1'"),
        (b'{"schema": "preflight-flight/1", "version": "1"}', "damaged: Object missing required field"),
    ],
)
def test_files_that_are_no_recordings(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flight.json"
    if content is not None:
        file.write_bytes(content)
    assert main(["check", "--replay", str(file)]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"192.0.2.1"\n', '"nonsense"\n'),
        ('"heard": "220 hi', '"heard": "220 \\u20ac'),
        ('"address": "192.0.2.1"', '"address": "mx1"'),
        ('"outcome": "no-data"', '"outcome": "unanswered"'),
        ('"started_at"', '"began_at"'),
        ('"deadline": 30.0', '"deadline": -1'),
        ('"domain": "example.com"', '"server": "nowhere"'),
        ('"limits": {', '"limits": {"greeting": 1,'),
        ('"now": "20', '"now": "x'),
    ],
)
def test_damage_is_found_before_anything_is_told(old: str, new: str) -> None:
    text, _ = recorded()
    assert old in text
    with pytest.raises(ConfigError, match="damaged"):
        Replay(read_recording(text.replace(old, new).encode()))


@given(st.binary(max_size=200))
def test_any_octets_are_a_recording_or_an_error(data: bytes) -> None:
    with pytest.raises(ConfigError):
        read_recording(data)


TEXT = recorded()[0]


@given(st.data())
def test_a_recording_with_holes_is_one_or_an_error(data: st.DataObject) -> None:
    """Any part taken out or put in the place of another: an error, or a run to be told."""
    tree = json.loads(TEXT)
    paths = list(_paths(tree))
    path, other = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
    value = json.loads(json.dumps(_at(tree, other)))
    holder = _at(tree, path[:-1])
    if data.draw(st.booleans()):
        holder[path[-1]] = value
    else:
        del holder[path[-1]]
    try:
        replay = Replay(read_recording(json.dumps(tree).encode()))
    except PreflightError:
        return
    assert len(replay.subjects) == 1


def _paths(tree: Any, path: tuple[Any, ...] = ()) -> Any:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


# --- the command line ---


def test_a_replay_takes_nothing_but_how_to_show_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flight.json"
    file.write_text(recorded()[0])
    arguments = ["mail.example.com", "--zone", "x", "--select", "mx", "--record", str(tmp_path / "y")]
    assert main(["check", "--replay", str(file), *arguments]) == 2
    assert capsys.readouterr().err == (
        "preflight: --replay tells a run again as it was; leave out HOST, --zone, --record, --select\n"
    )


def test_a_recording_that_cannot_be_written_costs_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--ip", "192.0.2.1", "--record", str(tmp_path)]) == 2
    assert "--record" in capsys.readouterr().err
    folder = tmp_path / "gone"
    folder.mkdir()
    with LabDns(demo_world()) as dns:
        args = ["check", "mail.good.example", "--resolver", dns.address, "--record", f"{folder}/f.json"]
        (folder / "f.json").symlink_to(folder / "nowhere" / "f.json")
        assert main(args) == 2
    shown = capsys.readouterr()
    assert "GO" in shown.out
    assert "f.json: No such file or directory; nothing was written" in shown.err


def test_another_version_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flight.json"
    with LabDns(demo_world()) as dns:
        assert main(["check", "mail.good.example", "--resolver", dns.address, "--record", str(file)]) == 0
    version = load_recording(file).version
    file.write_text(file.read_text().replace(f'"version": "{version}"', '"version": "0.0.1"'))
    assert main(["check", "--replay", str(file)]) == 0
    assert "was recorded by preflight 0.0.1" in capsys.readouterr().err
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_day_of_the_recording_decides_on_waivers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, config = tmp_path / "flight.json", tmp_path / "preflight.toml"
    config.write_text(
        '[[subject]]\nhost = "mail.bad.example"\n[policy]\nselect = ["mx/cname"]\nfail-on = "warning"\n'
        '[[waiver]]\nrule = "mx/cname"\nreason = "soon"\nowner = "me"\nexpires = 2990-01-01\n'
    )
    with LabDns(demo_world()) as dns:
        assert main(["check", "--config", str(config), "--resolver", dns.address, "--record", str(file)]) == 0
    tree = json.loads(file.read_text())
    tree["run"]["today"] = "2999-01-01"
    file.write_text(json.dumps(tree))
    assert main(["check", "--replay", str(file)]) == 1
    assert "soon" in capsys.readouterr().out


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_leaves_no_half_file(end: signal.Signals, tmp_path: Path) -> None:
    """Killed while it waits for a name server that never answers."""
    world = demo_world()
    world.fault("bad.example", Fault.TIMEOUT, subtree=True)
    folder = tmp_path / "out"
    folder.mkdir()
    with LabDns(world) as dns:
        arguments = ["mail.bad.example", "--ip", "198.51.100.77", "--resolver", dns.address, "--timeout", "30"]
        files = ["--record", f"{folder}/flight.json", "--output", f"{folder}/report.json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "preflight", "check", *arguments, *files], stderr=subprocess.PIPE, env={**os.environ}
        )
        while not any(one.name == "mail.bad.example" for one in dns.questions):
            time.sleep(0.01)
        process.send_signal(end)
        process.communicate()
    assert process.returncode == (130 if end is signal.SIGINT else -end)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("moment", ["os.link", "os.replace", "pathlib.Path.replace"])
def test_a_process_killed_while_it_writes_leaves_no_part_of_a_file(moment: str, tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal, sys\nfrom preflight.files import write_whole\n"
        f"{moment} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(pathlib.Path(sys.argv[1]), b'x' * 10)\n"
    )
    file = tmp_path / "flight.json"
    file.write_text("old")
    process = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert file.read_bytes() in (b"old", b"x" * 10)
    if process.returncode:
        assert process.returncode == -signal.SIGKILL
        assert {one.read_bytes() for one in tmp_path.iterdir()} <= {b"old", b"x" * 10}


def test_where_files_without_a_name_cannot_be_had_they_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (name, value) in enumerate([("O_TMPFILE", 0), ("link", _refuse)]):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, value)
            write_whole(tmp_path / str(number), b"whole", 0o640)
    with monkeypatch.context() as patched:
        patched.delattr(os, "O_TMPFILE")
        write_whole(tmp_path / "2", b"whole", 0o640)
    assert {(one.name, one.read_bytes(), one.stat().st_mode & 0o777) for one in tmp_path.iterdir()} == {
        (name, b"whole", 0o640) for name in "012"
    }


def _refuse(*_: object, **__: object) -> None:
    raise OSError(1, "no")
