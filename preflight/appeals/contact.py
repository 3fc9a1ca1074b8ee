"""Who asks: the contact data that go into a request."""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The table `[contact]` of preflight.toml. An empty text was not given.

    `timezone`, `self_description` and `server_type` are answers to questions of Outlook.com's form.
    """

    name: str = ""
    email: str = ""
    company: str = ""
    website: str = ""
    timezone: str = ""
    self_description: str = ""
    server_type: str = ""

    def places(self) -> dict[str, str]:
        """The texts by the names of the places that they fill."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def missing(self, places: Iterable[str]) -> list[str]:
        """Those of the places that are contact data and were not given, as keys of the table."""
        own = self.places()
        return [name.replace("_", "-") for name in own if name in set(places) and not own[name].strip()]
