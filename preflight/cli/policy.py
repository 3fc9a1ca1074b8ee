"""What counts: the policy of preflight.toml with the options of the command line above it."""

from collections.abc import Iterable
from dataclasses import dataclass

from preflight.config import Config
from preflight.errors import ConfigError
from preflight.policy import FailOn, Policy
from preflight.profiles import Profile, load_profile
from preflight.registry import Registry
from preflight.text import nearest


@dataclass(frozen=True, slots=True)
class Choice:
    """The options on what counts, as they were given. An id may be several, separated by commas."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    profile: str | None = None
    bulk: bool | None = None

    @classmethod
    def of(
        cls,
        select: Iterable[str] | None,
        ignore: Iterable[str] | None,
        fail_on: str | None,
        profile: str | None = None,
        bulk: bool | None = None,
    ) -> "Choice":
        """A choice from options that may be missing."""
        return cls(tuple(select or ()), tuple(ignore or ()), fail_on, profile, bulk)


def chosen_policy(file: Config, registry: Registry, choice: Choice) -> Policy:
    """What counts, from the file and the options above it. Raises `ConfigError` for what is not known."""
    kinds = [kind.value for kind in FailOn]
    fail_on = choice.fail_on
    if fail_on is not None and fail_on not in kinds:
        raise ConfigError(
            f"--fail-on {fail_on!r} is not known; give one of {', '.join(kinds)}{nearest(fail_on, kinds)}"
        )
    policy = file.policy().merged(
        select=_ids(choice.select),
        ignore=_ids(choice.ignore),
        fail_on=FailOn(fail_on) if fail_on else None,
        profile=chosen_profile(file, choice.profile, bulk=choice.bulk),
    )
    return policy.checked({*registry.checks, *registry.rules})


def chosen_profile(file: Config, name: str | None, *, bulk: bool | None) -> Profile | None:
    """The profile that options name, or the file where they say nothing, for the kind of sender that either says.

    Raises `ConfigError` for a profile that is not known, and for a kind of sender without a profile.
    """
    chosen = name if name is not None else file.table.policy.profile
    if chosen is None:
        if bulk is not None:
            raise ConfigError(f"--{'' if bulk else 'no-'}bulk goes with --profile; `preflight profiles` lists them")
        return None
    return load_profile(chosen).asked_of(bulk=file.table.policy.bulk if bulk is None else bulk)


def _ids(given: Iterable[str]) -> list[str]:
    """Ids from options that may repeat and may hold several, separated by commas."""
    return [one.strip() for text in given for one in text.split(",") if one.strip()]
