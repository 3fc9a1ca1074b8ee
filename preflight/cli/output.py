"""Files of a run: written whole or not at all."""

import os
from pathlib import Path

from preflight.errors import ConfigError
from preflight.files import write_whole
from preflight.text import visible


class OutputFile:
    """A file to write a report, or something else of a run, to.

    Made before the run, so that a folder that does not exist is said at once. `option` is the one that names it;
    `private`: a new file is for its owner alone. Raises `ConfigError`.
    """

    def __init__(self, path: str, option: str = "--output", *, private: bool = False) -> None:
        self._path = Path(path)
        self._label = f"{option} {visible(path)}"
        self._private = private
        if self._path.is_dir():
            raise ConfigError(f"{self._label} is a folder; give a file")
        if not self._path.parent.is_dir():
            raise ConfigError(f"{self._label}: the folder {visible(str(self._path.parent))} does not exist")

    def write(self, text: str | bytes) -> None:
        """Write the text, as UTF-8, or the octets under another name, then move it in place. Raises `ConfigError`."""
        data = text.encode("utf-8") if isinstance(text, str) else text
        try:
            if self._path.exists() and not self._path.is_file():  # a pipe or a device: there is no place to move to
                self._path.write_bytes(data)
            else:
                self._replace(data)
        except OSError as error:
            raise ConfigError(f"{self._label}: {error.strerror}; nothing was written") from None

    def _replace(self, data: bytes) -> None:
        # What a link leads to may lie in another file system, and a file can only be moved within its own.
        path = Path(os.path.realpath(self._path))
        usual = 0o600 if self._private else 0o666 & ~_umask()
        mode = path.stat().st_mode & 0o777 if path.exists() else usual
        write_whole(path, data, mode)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
