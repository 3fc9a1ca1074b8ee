"""Recorded runs are told again byte for byte, in each format, with no network: over many kinds of runs, end to end."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import Fault, LabDns
from preflight.lab.demo import demo_world
from preflight.lab.world import World
from preflight.render import renderers
from tests.unit.smtp_peers import Handler, make_certificate, peer, says, with_tls

KEY = "abcdefghijklmnopqrstuvwxyz"
PLAIN = b"250-mail.example.com\r\n250 SIZE 1000\r\n"


def never(world: World) -> None:
    world.fault("bad.example", Fault.TIMEOUT, subtree=True)


def faults(*several: tuple[str, Fault]) -> Callable[[World], None]:
    def set_up(world: World) -> None:
        for name, fault in several:
            world.fault(name, fault, subtree=True)

    return set_up


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.exa")


def relay(*, to_all: bool) -> Handler:
    """A server that relays for nobody but takes any name of its own domain, or one that relays for everybody."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        while line := await reader.readline():
            taken = to_all or b"@good.example>" in line or not line.startswith(b"RCPT")
            writer.write(PLAIN if line.startswith(b"EHLO") else b"250 ok\r\n" if taken else b"550 relaying denied\r\n")

    return handler


@dataclass(frozen=True)
class Scenario:
    """The arguments, in which {dir}, {port} and {dns} are filled in; what the world and the server at the port do."""

    args: str
    code: int
    world: Callable[[World], None] | None = None
    peer: Handler | str | None = None
    files: dict[str, str] = field(default_factory=dict)
    says: str = ""  # what the JSON report has to show, so that the scenario is what its name says


ZONE = "@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\n@ MX 10 mail\nmail A 203.0.113.25\nout CNAME www.good.example.\n"
ZONE += '@ TXT "v=spf1 mx -all"\n'
MANY = """
[[subject]]
name = "first"
host = "mail.good.example"
[[subject]]
name = "second"
host = "mail.bad.example"
mail-from = ["<>", "bad.example"]
[[subject]]
name = "third"
ip = ["198.51.100.0/29"]
[policy.severity]
"helo/not-mx" = "error"
[[waiver]]
rule = "mx/cname"
reason = "until the move"
owner = "mail team"
expires = 2999-01-01
[[waiver]]
rule = "ptr"
reason = "was never mended"
owner = "mail team"
expires = 2020-01-01
"""
SCENARIOS = {
    "a server set up badly": Scenario("mail.bad.example", 1, says="dynamic-ptr"),
    "a server set up well": Scenario("mail.good.example", 0, says='"go"'),
    "a message": Scenario("mail.good.example --message {dir}/mail.eml", 1, files={"mail.eml": "From: a@b\n\nHello\n"},
                          says="message/subject-missing"),
    "IPv6": Scenario("--ip 2001:db8::25 --ip 2001:db8::26 --helo mail.good.example", 1, says="2001:db8::26"),
    "a block of addresses": Scenario("--ip 198.51.100.64/27 --helo mail.bad.example", 1, says="198.51.100.95"),
    "no such host": Scenario("mail.nowhere.example", 1, says="NXDOMAIN"),
    "an international name": Scenario("mail.bücher.example", 1, says="xn--bcher-kva"),
    "SERVFAIL": Scenario("mail.bad.example", 3, faults(("bad.example", Fault.SERVFAIL)), says="SERVFAIL"),
    "REFUSED": Scenario("mail.good.example", 3, faults(("113.0.203.in-addr.arpa", Fault.REFUSED)), says="REFUSED"),
    "garbage and a lame server": Scenario("mail.good.example --timeout 0.3", 3,
        faults(("good.example", Fault.LAME), ("isp.example", Fault.GARBAGE)), says="referral"),
    "a time-out": Scenario("mail.bad.example --timeout 0.2", 3, never, says="no reply in time"),
    "the deadline": Scenario("mail.good.example --ip 203.0.113.25 --timeout 9 --deadline 0.7", 3,
        faults(("113.0.203.in-addr.arpa", Fault.TIMEOUT)), says="deadline of 0.7 s"),
    "the deadline, before there is an address": Scenario("mail.bad.example --timeout 9 --deadline 0.5", 3, never,
                                                         says="deadline of 0.5 s"),
    "a second opinion": Scenario("mail.nowhere.example --ip 198.51.100.7 --authoritative", 1,
                                 says="resolver's word stands"),
    "zone files over live DNS": Scenario("mail.good.example --zone {dir}/good.example.zone --domain good.example", 0,
        files={"good.example.zone": ZONE}, says="good.example.zone"),
    "zone files alone": Scenario("mail.good.example --zone {dir}/good.example.zone --offline", 3,
        files={"good.example.zone": ZONE}, says="not in the zone files"),
    "many subjects, waivers": Scenario("--config {dir}/preflight.toml --profile outlook", 1,
                                       files={"preflight.toml": MANY}, says="until the move"),
    "a key": Scenario("mail.bad.example --dqs-key-file {dir}/key", 1, files={"key": KEY}, says="?????"),
    "Chinese": Scenario("mail.bad.example --lang zh --select ptr,helo", 1, says="PTR"),
    "nothing chosen but a rule": Scenario("mail.bad.example --select mx/cname --fail-on warning", 1, says="mx/cname"),
    "a plain SMTP server": Scenario("--server 127.0.0.1:{port}", 0, says="starttls", peer=says(
        b"220-mail.example.com \xff\x1b[31m\r\n220 ESMTP\r\n", b"250 mail.example.com\r\n", b"221 bye\r\n")),
    "TLS": Scenario("--server 127.0.0.1:{port} --helo mail.good.example", 0, peer="tls", says="certificate for"),
    "a server that hangs up": Scenario("--server 127.0.0.1:{port}", 1, peer=hangs_up, says="connection closed"),
    "a server that is not there": Scenario("--server 127.0.0.1:1", 1, says="connection refused"),
    "a silent server": Scenario("--server 127.0.0.1:{port} --deadline 0.6", 3, peer=silent, says="deadline of 0.6 s"),
    "a relay probe": Scenario("--server 127.0.0.1:{port} --domain good.example --probe-relay --select relay", 3,
                              peer=relay(to_all=False), says="no-such-user-"),
    "an open relay": Scenario("--server 127.0.0.1:{port} --domain good.example --probe-relay --select relay", 3,
                              peer=relay(to_all=True), says="RCPT TO"),
    "the way out": Scenario("--probe-outbound 127.0.0.1:{port}", 0, peer=says(b"220 hi\r\n", b"221 bye\r\n"),
                            says="outbound/blocked"),
    "remembered blocklists": Scenario("mail.good.example --cached", 0, says='"go"'),
}  # fmt: skip


@contextmanager
def serving(handler: Handler | str | None, folder: Path) -> Iterator[int]:
    """A server on loopback, in a loop of its own; the value is its port."""
    if handler is None:
        yield 0
        return
    chosen = with_tls(make_certificate(folder, "mail.example.com")) if isinstance(handler, str) else handler
    ready, done, port = threading.Event(), threading.Event(), [0]

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            port[0] = await stack.enter_async_context(peer(chosen))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield port[0]
    finally:
        done.set()
        thread.join()


def outputs(folder: Path) -> list[str]:
    """Options that write the report in every format there is."""
    folder.mkdir()
    return [word for name in renderers() for word in ("--output", f"{name}={folder / name}")]


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Cuts the network off, for what is run after it was called."""

    def cut() -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("a replay asks nobody")

        for name in ("connect", "connect_ex", "sendto", "bind"):
            monkeypatch.setattr(socket.socket, name, refuse)

    return cut


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_recorded_run_is_told_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], deaf: Callable[[], None]
) -> None:
    scenario = SCENARIOS[name]
    for file, text in scenario.files.items():
        (tmp_path / file).write_text(text)
    recording = tmp_path / "flight.json"
    world = demo_world()
    if scenario.world is not None:
        scenario.world(world)
    with LabDns(world) as dns, serving(scenario.peer, tmp_path) as port:
        args = scenario.args.format(dir=tmp_path, port=port).split()
        args += [] if "--offline" in args else ["--resolver", dns.address]
        if "--cached" in args:
            args.remove("--cached")
            main(["check", *args])
            capsys.readouterr()
        code = main(["check", *args, *outputs(tmp_path / "told"), "--record", str(recording)])
    shown = capsys.readouterr()
    assert (code, shown.err.count("\n")) == (scenario.code, shown.err.count("preflight: ")), shown.err
    assert scenario.says in (tmp_path / "told" / "json").read_text()
    language = ["--lang", "zh"] if "zh" in args else []
    deaf()
    again = main(["check", "--replay", str(recording), *language, *outputs(tmp_path / "again")])
    assert again == code
    for renderer in renderers():
        told, retold = (tmp_path / folder / renderer for folder in ("told", "again"))
        assert retold.read_bytes() == told.read_bytes(), renderer
    assert capsys.readouterr().out == shown.out
    assert KEY not in recording.read_text().lower()
