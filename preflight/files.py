"""Files that are written whole or not at all, and read only as far as they make sense."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def read_bounded(path: Path, most: int) -> bytes:
    """The octets of a file that somebody named: it may be a device that never ends.

    Raises `OSError` with a reason for people in `strerror`, for more than `most` octets and for what is no path, too.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except ValueError:
        raise OSError(errno.EINVAL, "a path has no NUL in it") from None
    if len(data) > most:
        size = f"{most // 1024**2} MiB" if most >= 1024**2 else f"{most:,} octets"
        raise OSError(errno.EFBIG, f"it has more than {size}")
    return data


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file out of sight, then move it in place, with the given permission bits.

    Readers see the old content or the new, never a part. Raises `OSError`, and leaves nothing behind then. Where the
    system can make a file without a name (Linux, most file systems), a process that is killed leaves nothing either.
    """
    name = _written_without_name(path.parent, data, mode) or _written(path.parent, data, mode)
    with contextlib.ExitStack() as undo:
        undo.callback(_forget, name)
        Path(name).replace(path)
        undo.pop_all()


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
    with contextlib.ExitStack() as undo:
        undo.callback(_forget, name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        undo.pop_all()
    return name


def _forget(name: str) -> None:
    with contextlib.suppress(OSError):
        Path(name).unlink()
