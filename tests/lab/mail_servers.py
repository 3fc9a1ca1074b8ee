"""Real mail servers on loopback: private instances of Postfix and Exim, good ones and broken ones.

Each has a folder, an address of 127.0.0.0/8 and a port of its own, and is stopped by its own means. Exim is unpacked
next to Postfix and not installed, since Debian takes one for the other: PREFLIGHT_EXIM names the folder (`.ci/run`).
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

POSTFIX_SERVICES = """\
{address}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
shlib_directory = no
meta_directory = /etc/postfix
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = loopback-only
smtpd_peername_lookup = no
alias_maps =
mydestination = {domain}
"""
EXIM = """\
exim_path = {binary}
exim_user = mail
exim_group = mail
spool_directory = {folder}/spool
log_file_path = {folder}/%s.log
pid_file_path = {folder}/exim.pid
local_interfaces = {address}.{port}
host_lookup =
domainlist local_domains = {domain}
acl_smtp_rcpt = rcpt
{options}
begin acl
rcpt:
{acl}
"""


@dataclass(frozen=True)
class MailServer:
    """A running server: where it listens, and how to see what it did."""

    address: str
    port: int
    log: Path
    queues: tuple[Path, ...]

    def logged(self) -> str:
        """Its log."""
        return self.log.read_text() if self.log.exists() else ""

    def queued(self) -> list[str]:
        """The files of its queue."""
        return [file.name for queue in self.queues for file in queue.rglob("*") if file.is_file()]


def find_server(name: str, package: str, folder: str = "") -> str:
    """The path of a server. Where it is missing the test is skipped, or fails with PREFLIGHT_LAB=require."""
    path = shutil.which(name, path=f"{folder}:/usr/sbin" if folder else "/usr/sbin")
    if path is None or os.geteuid() != 0:
        missing = f"{name} is not there (Debian package {package}), or these are not the rights of root"
        if os.environ.get("PREFLIGHT_LAB") == "require":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def free_port_at(address: str) -> int:
    """A port that is free at an address."""
    with socket.socket() as tcp:
        tcp.bind((address, 0))
        port: int = tcp.getsockname()[1]
        return port


def wait_for(address: str, port: int) -> None:
    """Wait until something listens."""
    for _ in range(300):
        with socket.socket() as tcp:
            if tcp.connect_ex((address, port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"nothing listens at {address}:{port}")


@contextmanager
def postfix(folder: Path, address: str, domain: str, **options: str) -> Iterator[MailServer]:
    """A Postfix of its own, with these settings in main.cf."""
    binary = find_server("postfix", "postfix")
    port = free_port_at(address)
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    (folder / "conf" / "main.cf").write_text(POSTFIX.format(folder=folder, domain=domain) + lines)
    (folder / "conf" / "master.cf").write_text(POSTFIX_SERVICES.format(address=address, port=port))
    command = [binary, "-c", str(folder / "conf")]
    log = folder / "mail.log"
    started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False, timeout=30)
    assert started.returncode == 0, (started.stdout, started.stderr, log.read_text() if log.exists() else "")
    try:
        wait_for(address, port)
        queues = tuple(folder / "queue" / name for name in ("maildrop", "incoming", "active", "deferred", "hold"))
        yield MailServer(address, port, log, queues)
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=False, timeout=30)


def _with_user(folder: Path, name: str) -> list[str]:
    """A command in front of another, which then sees a user that the machine does not have: Debian's Exim insists."""
    mounts = []
    for file, line in (("passwd", f"{name}:x:9925:9925::/nonexistent:/usr/sbin/nologin"), ("group", f"{name}:x:9925:")):
        copy = folder / file
        copy.write_text(f"{Path('/etc', file).read_text()}{line}\n")
        mounts.append(f"mount --bind {copy} /etc/{file}")
    script = f'{" && ".join(mounts)} && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


@contextmanager
def exim(folder: Path, address: str, domain: str, acl: str, **options: str) -> Iterator[MailServer]:
    """An Exim of its own in the foreground, with these main options and this ACL for recipients."""
    root = os.environ.get("PREFLIGHT_EXIM", "")
    binary = find_server("exim4", "exim4-daemon-light, unpacked into PREFLIGHT_EXIM", f"{root}/usr/sbin")
    port = free_port_at(address)
    (folder / "spool").mkdir(parents=True)
    for path in (folder, folder / "spool"):
        shutil.chown(path, "mail", "mail")
    config = folder / "exim.conf"
    config.write_text(
        EXIM.format(
            binary=binary,
            folder=folder,
            address=address,
            port=port,
            domain=domain,
            acl=acl,
            options="".join(f"{name} = {value}\n" for name, value in options.items()),
        )
    )
    libraries = ":".join(str(path) for path in Path(root, "usr", "lib").glob("*-linux-gnu"))
    command = [*_with_user(folder, "Debian-exim"), binary, "-C", str(config), "-bdf"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LD_LIBRARY_PATH": libraries}
    ) as process:
        try:
            time.sleep(0.2)
            if process.poll() is not None and process.stdout is not None:
                pytest.fail(f"exim ended at once: {process.stdout.read().decode()}")
            wait_for(address, port)
            yield MailServer(address, port, folder / "main.log", (folder / "spool" / "input",))
        finally:
            process.terminate()
            process.communicate(timeout=10)
