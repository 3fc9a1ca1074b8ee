"""What to check: the subjects of the command line, or those of preflight.toml."""

from collections.abc import Mapping, Sequence
from typing import Any

from preflight.config import Config
from preflight.errors import ConfigError
from preflight.subject import Subject
from preflight.text import nearest

_LISTS = {"ips": "ip", "mail_from": "mail_from", "dkim_selectors": "dkim_selector"}


def option_names(given: Mapping[str, Any]) -> str:
    """The options that were given, for an error; an empty text was given, too, and `host` is an argument."""
    names = [name for name, value in given.items() if value or value == ""]
    return ", ".join("HOST" if name == "host" else f"--{name.replace('_', '-')}" for name in names)


def subject_of_options(file: Config, given: Mapping[str, Any]) -> Subject | None:
    """The subject that options give, by their names; `None` where none is given.

    Raises `ConfigError` where the file has subjects of its own, `SubjectError` when an option cannot be read.
    """
    options = option_names(given)
    if not options:
        return None
    if file.table.subject:
        raise ConfigError(f"{file.label} has subjects of its own; leave out {options}, or take them out of the file")
    inputs = {name: value for name, value in given.items() if name not in _LISTS.values()}
    inputs |= {name: given[option] or () for name, option in _LISTS.items()}
    return Subject.of(**inputs)


def subjects_of_file(file: Config, names: Sequence[str] | None) -> list[Subject]:
    """The subjects of a file, or those of them that are named. Raises `ConfigError` for a name that is not there."""
    subjects = file.subjects()
    known = [subject.name for subject in subjects]
    for name in names or ():
        if name not in known:
            raise ConfigError(f"{file.label} has no subject named {name!r}{nearest(name, known)}")
    return [subject for subject in subjects if not names or subject.name in names]


def subjects_of(file: Config, path: str | None, given: Mapping[str, Any], names: Sequence[str] | None) -> list[Subject]:
    """The subjects of the options, or those of the file (all, or the ones of some names): never a mixture that nobody
    could read. `path` is the file as it was given, if one was.

    Raises `ConfigError` and `SubjectError`.
    """
    if (subject := subject_of_options(file, given)) is not None:
        return [subject]
    chosen = subjects_of_file(file, names)
    if not chosen or any(subject.is_empty for subject in chosen):
        where = f"{file.label}: a [[subject]] with" if path else "give"
        raise ConfigError(f"nothing to check: {where} HOST, --ip, --domain, --message, --server or --config")
    return chosen
