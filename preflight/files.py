"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file under another name in the same folder, then move it in place, with the given permission bits.

    Readers see the old content or the new, never a part. Raises `OSError`, and leaves nothing behind then.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".preflight-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
