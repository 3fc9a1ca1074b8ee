"""The way into a blocklist in one run: its public mirrors, or its paid service with the user's key.

The key is part of the names that are asked. It is masked here, in everything that comes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from preflight.check import Secret
from preflight.findings import Evidence
from preflight.net.dns import Answer, Question, Resolver, Unanswered
from preflight_checks.blocklists.zones import Kind, Zone


@dataclass(frozen=True, slots=True)
class Door:
    """A zone with the name to show for it and the key to use, if any. `locked`: it needs a key that was not given."""

    zone: Zone
    name: str
    key: Secret | None = None
    locked: bool = False

    def __str__(self) -> str:
        return self.name

    async def ask(self, dns: Resolver, labels: str, rtype: str = "A") -> tuple[Answer, Evidence]:
        """Ask the list for an address (as reversed labels) or a name; returns the answer and the evidence to show.

        The answer still has the key in its names. Raises `Unanswered`, without the key.
        """
        try:
            answer = await dns.query(f"{labels}.{self._suffix}", rtype)
        except Unanswered as outcome:
            if self.key is None:
                raise
            question = Question(self.mask(outcome.question.name), outcome.question.rtype)
            raise Unanswered(question, outcome.reason, self.mask(outcome.detail)) from None
        seen = answer.evidence
        return answer, Evidence(seen.source, self.mask(seen.asked), self.mask(seen.seen))

    def fact(self, kind: Kind) -> str:
        """What is remembered when the list was proven alive. Says whether a key was used, and never which."""
        return f"blocklist {self.name} {kind} {'open' if self.key is None else 'keyed'} alive"

    @property
    def _suffix(self) -> str:
        return self.name if self.key is None else f"{self.key.reveal()}.{self.name}"

    def mask(self, text: str) -> str:
        """A text from outside without the key."""
        return text if self.key is None else self.key.mask(text)


def open_door(zone: Zone, secrets: Mapping[str, Secret]) -> Door:
    """The way into a zone with these secrets: with the key where there is one, else through the public mirrors."""
    key = secrets.get(zone.secret)
    if key is not None and (text := key.reveal().strip()):
        return Door(zone, zone.keyed_name, Secret(text))
    return Door(zone, zone.name, locked=zone.access == "key")
