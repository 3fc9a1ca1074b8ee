"""Real daemons on loopback: knot (authoritative), rbldnsd (blocklists), unbound (the resolver that is asked).

Each is started by the tests, on ports that the system picks, and ended by its own process handle.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

DAEMONS = {"knotd": "knot", "rbldnsd": "rbldnsd", "unbound": "unbound"}
"""What the lab's DNS is made of, each with its Debian package."""
PACKAGES = DAEMONS | {"spamassassin": "spamassassin", "spamc": "spamc", "spamd": "spamd"}


def find_daemon(name: str) -> str:
    """The path of a daemon. Where it is missing the test is skipped, or fails with PREFLIGHT_LAB=require."""
    return find_program(name, PACKAGES[name])


def find_program(name: str, package: str) -> str:
    """The path of a program that a Debian package has; as `find_daemon` where it is missing."""
    path = _path_of(name)
    if path is None:
        missing = f"{name} is not installed (Debian package {package})"
        if os.environ.get("PREFLIGHT_LAB") == "require":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def missing_daemons() -> list[str]:
    """The Debian packages of the daemons that are not installed here."""
    return [package for name, package in DAEMONS.items() if _path_of(name) is None]


def _path_of(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def free_port() -> int:
    """A port that is free for UDP and TCP on loopback."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port


@contextmanager
def daemon(command: list[str], port: int, question: str) -> Iterator[None]:
    """Run a DNS daemon in the foreground until the block ends; waits until it answers a question (`name type`)."""
    name, rtype = question.split()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            for _ in range(200):
                if process.poll() is not None:
                    output = process.stdout.read() if process.stdout else ""
                    pytest.fail(f"{command[0]} ended at once: {output}")
                with suppress(dns.exception.DNSException, OSError):
                    dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", port=port, timeout=0.2)
                    break
                time.sleep(0.02)
            else:
                pytest.fail(f"{command[0]} does not answer {question}")
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=5)
            process.kill()


@dataclass
class Lab:
    """A small Internet: master files by zone, and rbldnsd data by zone as (type, text); unbound asks them all."""

    folder: Path

    @contextmanager
    def running(
        self,
        zones: dict[str, str],
        lists: dict[str, list[tuple[str, str]]],
        unbound_options: str = "",
        gone: Sequence[str] = (),
    ) -> Iterator[str]:
        """Start the daemons; the value is unbound's address, for `--resolver`. `gone`: zones without a server."""
        self.folder.mkdir(mode=0o755, exist_ok=True)
        with ExitStack() as stack:
            knot = free_port()
            stack.enter_context(self._knot(zones, knot))
            rbldnsd = free_port()
            if lists:
                stack.enter_context(self._rbldnsd(lists, rbldnsd))
            stubs = dict.fromkeys(zones, knot) | dict.fromkeys(lists, rbldnsd) | dict.fromkeys(gone, free_port())
            port = free_port()
            stack.enter_context(self._unbound(stubs, port, unbound_options))
            yield f"127.0.0.1:{port}"

    @contextmanager
    def _knot(self, zones: dict[str, str], port: int) -> Iterator[None]:
        folder = self.folder / "knot"
        folder.mkdir()
        zones = {".": "@ SOA a.root. root. 1 60 60 60 60\n@ NS a.root.\n", **zones}
        for zone, text in zones.items():
            (folder / f"{zone}.zone").write_text(f"$ORIGIN {zone.removesuffix('.')}.\n$TTL 60\n{text}")
        config = folder / "knot.conf"
        config.write_text(
            f'server:\n  rundir: "{folder}"\n  listen: 127.0.0.1@{port}\n  user: root\n'
            f'database:\n  storage: "{folder}"\n'
            f'template:\n  - id: default\n    storage: "{folder}"\n    file: "%s.zone"\n'
            "    zonefile-sync: -1\n    journal-content: none\n"
            "zone:\n" + "".join(f'  - domain: "{zone}"\n    file: "{zone}.zone"\n' for zone in zones)
        )
        with daemon([find_daemon("knotd"), "-c", str(config)], port, ". SOA"):
            yield

    @contextmanager
    def _rbldnsd(self, lists: dict[str, list[tuple[str, str]]], port: int) -> Iterator[None]:
        folder = self.folder / "rbldnsd"
        folder.mkdir()
        folder.chmod(0o755)
        arguments = []
        for zone, datasets in lists.items():
            for number, (kind, text) in enumerate(datasets):
                file = f"{zone}.{number}"
                (folder / file).write_text(text)
                arguments.append(f"{zone}:{kind}:{file}")
        command = [find_daemon("rbldnsd"), "-n", "-b", f"127.0.0.1/{port}", "-w", str(folder), *arguments]
        with daemon(command, port, f"2.0.0.127.{next(iter(lists))} A"):
            yield

    @contextmanager
    def _unbound(self, stubs: dict[str, int], port: int, options: str) -> Iterator[None]:
        config = self.folder / "unbound.conf"
        config.write_text(
            "server:\n"
            f'  interface: 127.0.0.1@{port}\n  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no\n'
            f'  directory: "{self.folder}"\n  do-daemonize: no\n  do-not-query-localhost: no\n'
            '  module-config: "iterator"\n  infra-host-ttl: 5\n  do-ip6: no\n'
            "  access-control: 127.0.0.0/8 allow\n"
            '  local-zone: "example." nodefault\n  local-zone: "invalid." nodefault\n'
            '  local-zone: "113.0.203.in-addr.arpa." nodefault\n  local-zone: "100.51.198.in-addr.arpa." nodefault\n'
            '  local-zone: "2.0.192.in-addr.arpa." nodefault\n  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault\n'
            f"{options}"
            "remote-control:\n  control-enable: no\n"
            + "".join(
                f'stub-zone:\n  name: "{zone}"\n  stub-addr: 127.0.0.1@{stub}\n'
                for zone, stub in {".": next(iter(stubs.values())), **stubs}.items()
            )
        )
        with daemon([find_daemon("unbound"), "-d", "-p", "-c", str(config)], port, "localhost A"):
            yield
