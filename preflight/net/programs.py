"""Programs of this machine that a check may ask: the port, and the live one."""

import asyncio
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence

Command = tuple[str, ...]


class Programs(ABC):
    """What checks use to run a program of this machine."""

    @abstractmethod
    def installed(self, commands: Sequence[Command]) -> Command | None:
        """The first of the commands whose program is installed; `None` when none is."""

    @abstractmethod
    async def run(self, command: Command, octets: bytes) -> str:
        """Run it with octets as its input; returns what it wrote. Raises `OSError` when it cannot be run."""


class LivePrograms(Programs):
    """Those that are there."""

    def installed(self, commands: Sequence[Command]) -> Command | None:
        """The first that is found on the path."""
        return next((command for command in commands if shutil.which(command[0])), None)

    async def run(self, command: Command, octets: bytes) -> str:
        """Run it, and end it when this is cancelled."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            out, _ = await process.communicate(octets)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return out.decode("utf-8", "replace")
