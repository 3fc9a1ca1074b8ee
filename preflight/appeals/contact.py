"""Who asks: the contact data that go into a request."""

from collections.abc import Iterable

import msgspec


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """`[contact]` of preflight.toml. An empty text was not given.

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
        return msgspec.structs.asdict(self)

    def missing(self, places: Iterable[str]) -> list[str]:
        """Those of the places that are contact data and were not given, as keys of the table."""
        own, wanted = self.places(), set(places)
        return [name.replace("_", "-") for name in own if name in wanted and not own[name].strip()]


CONTACT_PLACES: tuple[str, ...] = Contact.__struct_fields__
"""The places of a request that contact data fill."""
