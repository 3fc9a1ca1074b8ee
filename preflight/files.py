"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file out of sight, then move it in place, with the given permission bits.

    Readers see the old content or the new, never a part. Raises `OSError`, and leaves nothing behind then. Where the
    system can make a file without a name (Linux, most file systems), a process that is killed leaves nothing either.
    """
    name = _written_without_name(path.parent, data, mode) or _written(path.parent, data, mode)
    try:
        Path(name).replace(path)
    except BaseException:
        _forget(name)
        raise


def _written_without_name(folder: Path, data: bytes, mode: int) -> str | None:
    """Write a file that gets its name once it is whole; `None` where that is not to be had here."""
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is None:
        return None
    try:
        handle = os.open(folder, nameless | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:  # not on this file system, or not in this folder, which the other way then says
        return None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(handle, mode)
        name = tempfile.mktemp(dir=folder, prefix=".preflight-")  # noqa: S306 - link() takes no name that is there
        try:
            os.link(f"/proc/self/fd/{handle}", name, follow_symlinks=True)
        except OSError:  # no /proc, or one of another system
            return None
    return name


def _written(folder: Path, data: bytes, mode: int) -> str:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".preflight-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
    except BaseException:
        _forget(name)
        raise
    return name


def _forget(name: str) -> None:
    with contextlib.suppress(OSError):
        Path(name).unlink()
