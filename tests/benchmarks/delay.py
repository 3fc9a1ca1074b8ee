"""A relay on loopback that answers late: every reply of the server behind it comes after a round trip of some length.

Runs as a process of its own (`python -m tests.benchmarks.delay PORT SECONDS`), so that it takes no time from what is
measured; prints the address to ask, and ends with its standard input. One plain loop: it must be quicker than who asks.
"""

import select
import socket
import sys
import time
from collections import deque


def relay(port: int, seconds: float) -> None:
    """Carry questions to the server at once and replies back late, until standard input ends."""
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    behind.connect(("127.0.0.1", port))
    for sock in (front, behind):
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    print(f"127.0.0.1:{front.getsockname()[1]}", flush=True)
    askers: dict[bytes, tuple[tuple[str, int], float]] = {}
    late: deque[tuple[float, bytes, tuple[str, int]]] = deque()  # in the order of their time, as all are equally late
    while True:
        wait = max(0.0, late[0][0] - time.monotonic()) if late else None
        ready, _, _ = select.select([front, behind, sys.stdin], [], [], wait)
        if sys.stdin in ready:
            return
        if front in ready:
            data, asker = front.recvfrom(4096)
            askers[_key(data)] = (asker, time.monotonic() + seconds)
            behind.send(data)
        if behind in ready:
            data = behind.recv(4096)
            asker, due = askers.pop(_key(data))
            late.append((due, data, asker))
        while late and late[0][0] <= time.monotonic():
            _, data, asker = late.popleft()
            front.sendto(data, asker)


def _key(message: bytes) -> bytes:
    """The id and the question, which a reply repeats."""
    return message[:2] + message[12 : message.index(b"\0", 12)]


if __name__ == "__main__":
    relay(int(sys.argv[1]), float(sys.argv[2]))
