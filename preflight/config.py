"""preflight.toml: what to check, with which resolver and limits, and what to make of the findings.

Keys are written as the options of the command line are (`fail-on`). A key that is not known is an error that names
the nearest known one: a typing error must never switch a check off in silence.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from preflight.appeals.contact import Contact
from preflight.check import Secret, Settings
from preflight.errors import ConfigError, SubjectError
from preflight.files import read_bounded
from preflight.findings import Severity
from preflight.policy import FailOn, Policy, Waiver
from preflight.profiles import load_profile
from preflight.registry import Registry
from preflight.subject import Subject
from preflight.text import nearest, visible

MAX_SECONDS = 3600.0
MAX_OCTETS = 16 * 1024 * 1024  # of a preflight.toml: tens of thousands of subjects fit
_LONGEST_KEY_FILE = 1024  # octets
_KEY = re.compile(r"[A-Za-z0-9]{8,63}")  # a DQS key is one DNS label of letters and digits


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A table of the file."""


class SubjectTable(_Table, frozen=True):
    """One `[[subject]]`: the inputs of `preflight check`, under a name of its own."""

    name: str = ""
    host: str | None = None
    ip: list[str] = []
    helo: str | None = None
    domain: str | None = None
    message: str | None = None
    server: str | None = None
    probe: bool = False
    probe_relay: bool = False
    probe_outbound: str | None = None
    mail_from: list[str] = []
    dkim_selector: list[str] = []


class PolicyTable(_Table, frozen=True):
    """`[policy]`: what fails a run, which rules are judged, their severities, and the profile of a receiver.

    `bulk`: the domain sends 5,000 messages a day or more to that receiver, of which more is asked."""

    fail_on: FailOn = FailOn.ERROR
    select: list[str] = []
    ignore: list[str] = []
    severity: dict[str, Severity] = {}
    profile: str | None = None
    bulk: bool = True


class WaiverTable(_Table, frozen=True):
    """One `[[waiver]]`: a known failure that is let pass until a date, for a reason, and who answers for it."""

    rule: str
    reason: str
    expires: date
    part: str | None = None
    owner: str = ""


class ResolverTable(_Table, frozen=True):
    """`[resolver]`: the name servers to ask instead of the system's; seconds for one attempt; whether to remember for a
    day which blocklists work, and whether a zone's own servers are asked before "missing" is said."""

    servers: list[str] = []
    timeout: float | None = None
    cache: bool = True
    authoritative: bool = False


class ZonesTable(_Table, frozen=True):
    """`[zones]`: zone files, and folders of them, that stand above what DNS says; whether nobody else is asked."""

    files: list[str] = []
    offline: bool = False


class LimitsTable(_Table, frozen=True):
    """`[limits]`: seconds for the whole run."""

    deadline: float | None = None


class SecretsTable(_Table, frozen=True):
    """`[secrets]`: where keys are kept. The keys themselves never stand in the file."""

    dqs_key_file: str | None = None
    dqs_key_env: str | None = None


class ConfigTable(_Table, frozen=True):
    """The whole file."""

    subject: list[SubjectTable] = []
    policy: PolicyTable = PolicyTable()
    waiver: list[WaiverTable] = []
    resolver: ResolverTable = ResolverTable()
    zones: ZonesTable = ZonesTable()
    limits: LimitsTable = LimitsTable()
    secrets: SecretsTable = SecretsTable()
    contact: Contact = Contact()
    checks: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration file that has been read, or the defaults when there is none.

    `folder` is what its paths are relative to, `label` how errors name it.
    """

    table: ConfigTable = field(default_factory=ConfigTable)
    folder: Path = Path()
    label: str = "preflight.toml"

    def subjects(self) -> list[Subject]:
        """The subjects of the file. Raises `SubjectError` for one that cannot be read, saying which one it is."""
        subjects = []
        for number, table in enumerate(self.table.subject, start=1):
            try:
                subjects.append(self._subject(table))
            except SubjectError as error:
                name = f" ({visible(table.name)})" if table.name else ""
                raise SubjectError(f"{self.label}: subject {number}{name}: {error}") from None
        return subjects

    def _subject(self, table: SubjectTable) -> Subject:
        message = table.message
        return Subject.of(
            table.host,
            name=table.name,
            ips=table.ip,
            helo=table.helo,
            domain=table.domain,
            message=message if message in (None, "-") else self.folder / message,
            server=table.server,
            probe=table.probe,
            probe_relay=table.probe_relay,
            probe_outbound=table.probe_outbound,
            mail_from=table.mail_from,
            dkim_selectors=table.dkim_selector,
        )

    def policy(self) -> Policy:
        """The policy of the file; its ids are not checked yet (`Policy.checked`)."""
        policy = self.table.policy
        return Policy(
            severities=policy.severity,
            select=tuple(policy.select),
            ignore=tuple(policy.ignore),
            waivers=tuple(
                Waiver(rule=w.rule, reason=w.reason, expires=w.expires, part=w.part, owner=w.owner)
                for w in self.table.waiver
            ),
            fail_on=policy.fail_on,
            profile=load_profile(policy.profile).asked_of(bulk=policy.bulk) if policy.profile is not None else None,
        )

    def with_options(self, check: str, **options: Any) -> "Config":
        """This file with options of a check set, above what it says itself."""
        checks = {**self.table.checks, check: {**self.table.checks.get(check, {}), **options}}
        return replace(self, table=msgspec.structs.replace(self.table, checks=checks))

    def settings(self, registry: Registry, dqs_key_file: str | None = None) -> Settings:
        """Secrets, and the options of checks as the checks declare them.

        `dqs_key_file` (from the command line) stands above what the file says. Raises `ConfigError` for a key that
        cannot be read and for options that a check does not have.
        """
        options = {check: self._options(check, given, registry) for check, given in self.table.checks.items()}
        return Settings(secrets=self._secrets(dqs_key_file), options=options)

    def _options(self, check: str, given: Mapping[str, Any], registry: Registry) -> Any:
        if check not in registry.checks:
            raise ConfigError(f"{self.label}: checks.{check}: no such check{nearest(check, registry.checks)}")
        kind = registry.checks[check].options
        if kind is None:
            raise ConfigError(f"{self.label}: checks.{check}: this check has no options; remove the table")
        return _convert(given, kind, f"{self.label}: ", f"checks.{check}")

    def _secrets(self, dqs_key_file: str | None) -> dict[str, Secret]:
        table = self.table.secrets
        if dqs_key_file is not None:
            return {"dqs": _key_from_file(Path(dqs_key_file), "--dqs-key-file")}
        if table.dqs_key_file is not None and table.dqs_key_env is not None:
            raise ConfigError(f"{self.label}: give secrets.dqs-key-file or secrets.dqs-key-env, not both")
        if table.dqs_key_file is not None:
            return {"dqs": _key_from_file(self.folder / table.dqs_key_file, f"{self.label}: secrets.dqs-key-file")}
        if table.dqs_key_env is not None:
            where = f"{self.label}: secrets.dqs-key-env: variable {visible(table.dqs_key_env)}"
            if table.dqs_key_env not in os.environ:
                raise ConfigError(f"{where} is not set; set it, or remove this key")
            return {"dqs": _key(os.environ[table.dqs_key_env], where)}
        return {}


def load_config(path: str | Path) -> Config:
    """Read a configuration file. Raises `ConfigError` with one line: the file, the place, what is wrong there."""
    file = Path(path)
    label = visible(str(path))
    try:
        text = read_bounded(file, MAX_OCTETS).decode("utf-8-sig")  # some editors put a byte-order mark in front
    except OSError as error:
        raise ConfigError(f"{label}: {error.strerror}; `preflight init` writes a starter file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{label} is no UTF-8 text; save it as UTF-8") from None
    return read_config(text, label, file.parent)


def read_config(text: str, label: str = "preflight.toml", folder: Path = Path()) -> Config:
    """Read the text of a configuration file; see `load_config`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{label}: {visible(str(error))}") from None
    except ValueError:  # Python reads no number of more than 4300 digits
        raise ConfigError(f"{label}: a number in it has too many digits; give one that makes sense") from None
    except RecursionError:
        raise ConfigError(f"{label}: its values are nested too deeply; write them flat") from None
    table: ConfigTable = _convert(raw, ConfigTable, f"{label}: ")
    for number, waiver in enumerate(table.waiver, start=1):
        if not waiver.reason.strip():
            raise ConfigError(
                f"{label}: waiver {number} ({visible(waiver.rule)}) has an empty reason; say why it is let pass"
            )
        if not waiver.owner.strip():
            raise ConfigError(
                f"{label}: waiver {number} ({visible(waiver.rule)}) names no owner; say who answers for it (owner = …)"
            )
    names = [subject.name for subject in table.subject if subject.name]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{label}: two subjects are named {visible(name)!r}; give each a name of its own")
    return Config(table=table, folder=folder, label=label)


def seconds(value: float | None, default: float, option: str) -> float:
    """A time limit in seconds: the one given or the default. Raises `ConfigError` outside 0 < value ≤ 3600."""
    if value is None:
        return default
    if not 0 < value <= MAX_SECONDS:  # also false for nan
        raise ConfigError(f"{option} {value:g} is out of range; give seconds above 0 and up to {MAX_SECONDS:g}")
    return value


def _convert(raw: Mapping[str, Any], kind: Any, where: str, path: str = "") -> Any:
    """The table at a path as a struct. `where` begins the errors."""
    _reject_unknown(raw, kind, where, f"{path}." if path else "")
    return _convert_value(raw, kind, where, path)


def _convert_value(raw: Any, kind: Any, where: str, path: str) -> Any:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        problem, _, inner = str(error).partition(" - at `$")
        place = (path + inner.strip("`")).removeprefix(".")
        words = f"; give one of {', '.join(kind)}" if isinstance(kind, type) and issubclass(kind, StrEnum) else ""
        text = f"{place}: {problem}" if place else problem
        raise ConfigError(f"{where}{visible(text.replace('`', ''))}{words}") from None


def _reject_unknown(raw: Mapping[str, Any], kind: Any, where: str, path: str) -> None:
    """Find the first unknown key, in the order of the file, and name the nearest known one.

    Values of which msgspec would not say what they may be, or under which key they are, are looked at on the way.
    """
    fields = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
    for key, value in raw.items():
        if key not in fields:
            raise ConfigError(f"{where}unknown key {visible(path + key)!r}{nearest(key, fields)}")
        inner = get_args(fields[key])[0] if get_origin(fields[key]) is list else fields[key]
        if get_origin(inner) is dict and isinstance(value, Mapping):
            for name, one in value.items():
                _convert_value(one, get_args(inner)[1], where, f"{path}{key}.{name}")
        elif isinstance(inner, type) and issubclass(inner, StrEnum):
            _convert_value(value, fields[key], where, f"{path}{key}")
        elif isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            tables = value if isinstance(value, list) else [value]
            for number, table in enumerate(tables):
                if isinstance(table, Mapping):
                    step = f"{path}{key}[{number}]." if isinstance(value, list) else f"{path}{key}."
                    _reject_unknown(table, inner, where, step)


def _key_from_file(path: Path, where: str) -> Secret:
    try:
        text = read_bounded(path, _LONGEST_KEY_FILE).decode("ascii")
    except OSError as error:
        raise ConfigError(
            f"{where} {visible(str(path))}: {error.strerror}; give a readable file with the key"
        ) from None
    except ValueError:
        raise ConfigError(f"{where} {visible(str(path))} holds no DQS key: letters and digits only") from None
    return _key(text, f"{where} {visible(str(path))}")


def _key(text: str, where: str) -> Secret:
    # The message must not repeat what it rejects: it may be a key with a slip in it.
    if not _KEY.fullmatch(text.strip()):
        raise ConfigError(f"{where} holds no DQS key: one word of 8 to 63 letters and digits")
    return Secret(text.strip())
