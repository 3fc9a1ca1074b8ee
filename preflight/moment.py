"""What a run takes from the clock and from chance: once, at its beginning.

Checks ask `now()` and `chance()` instead of the clock and a generator, so that a run can be told again as it was: a
replay sets the moment of the recording. Outside of a run both are the real ones.

`ERRAND` is on whose behalf something is asked: the subject, check and part. It tells two connections apart that several
checks make to one server at the same time, whichever comes first.
"""

import hashlib
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

ERRAND: ContextVar[str] = ContextVar("errand", default="")
_MOMENT: ContextVar["Moment | None"] = ContextVar("moment", default=None)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run began (with time zone), the day that this was for its user, and what its chances come from."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    today: date = field(default_factory=lambda: datetime.now(UTC).astimezone().date())
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    def begin(self) -> None:
        """Make this the moment of all that is started from here on."""
        _MOMENT.set(self)


def now() -> datetime:
    """When the run began, in UTC; outside of a run, the present."""
    moment = _MOMENT.get()
    return moment.now if moment is not None else datetime.now(UTC)


def chance(about: str) -> str:
    """Twelve hexadecimal digits that nobody can foresee; within a run the same ones for the same thing."""
    moment = _MOMENT.get()
    if moment is None:
        return secrets.token_hex(6)
    return hashlib.sha256(f"{moment.nonce} {about}".encode()).hexdigest()[:12]
