"""Which bounce of a catalogue a reply is.

What is looked at, the first hit winning, in the order of the catalogue each time:

1. the entries of the provider whose reply it is known to be;
2. what is unmistakable in the replies of the others;
3. wording that any server may use, so that "5.7.1 user unknown" is an unknown user;
4. a provider's remaining signs that say little by themselves (entries with `last`);
5. the enhanced code (RFC 3463): exactly, then by its subject;
6. the reply code.

So the same number means what the one who says it means by it: 5.7.27 is SPF at Google and a null MX in the registry.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from preflight.bounces.entries import Bounce, Provider
from preflight.bounces.patterns import Pattern
from preflight.bounces.replies import Reply

_Known = tuple[str, Pattern, Bounce]  # the literal, the pattern that has it, the bounce


@dataclass(slots=True)
class _Own:
    """How replies of one provider are known."""

    first: list[_Known]
    last: list[_Known]


class Matcher:
    """Finds the bounce that a reply is, and the provider whose reply it is."""

    def __init__(self, bounces: Iterable[Bounce], providers: Mapping[str, Provider]) -> None:
        self._own: dict[str, _Own] = {}
        self._anywhere = _Own([], [])
        self._wording: list[_Known] = []
        self._by_status: dict[str, Bounce] = {}
        self._by_reply_code: dict[int, Bounce] = {}
        for bounce in bounces:
            provider = providers.get(bounce.provider_id)
            self._take(bounce, generic=provider is not None and provider.generic)
        self._hosts = {host: one.id for one in providers.values() for host in one.hosts}
        self._signs = [(sign.literal, sign, one.id) for one in providers.values() for sign in one.signs]

    def _take(self, bounce: Bounce, *, generic: bool) -> None:
        self._by_status |= {status: bounce for status in bounce.status if status not in self._by_status}
        self._by_reply_code |= {code: bounce for code in bounce.reply_codes if code not in self._by_reply_code}
        if generic:
            self._wording += _known(bounce, bounce.known_by)
            return
        own = self._own.setdefault(bounce.provider_id, _Own([], []))
        (own.last if bounce.last else own.first).extend(_known(bounce, (*bounce.known_by, *bounce.known_here)))
        anywhere = self._anywhere.last if bounce.last else self._anywhere.first
        anywhere.extend(_known(bounce, bounce.known_by))

    def provider_of(self, remote_host: str | None, reply: Reply) -> str | None:
        """Whose reply it is, by the host that gave it or by what the reply says of itself."""
        labels = (remote_host or "").lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            if provider := self._hosts.get(".".join(labels[start:])):
                return provider
        key = reply.key
        for literal, sign, provider in self._signs:
            if literal in key and sign.found_in(reply.plain, reply.squeezed):
                return provider
        return None

    def by_provider(self, reply: Reply, provider: str | None) -> Bounce | None:
        """Steps 1 and 2: the bounce that is known as some provider's own."""
        own = self._own.get(provider or "")
        return (_first(own.first, reply) if own else None) or _first(self._anywhere.first, reply)

    def by_wording(self, reply: Reply) -> Bounce | None:
        """Step 3."""
        return _first(self._wording, reply)

    def by_remaining_signs(self, reply: Reply, provider: str | None) -> Bounce | None:
        """Step 4."""
        own = self._own.get(provider or "")
        return (_first(own.last, reply) if own else None) or _first(self._anywhere.last, reply)

    def by_status(self, reply: Reply) -> Bounce | None:
        """Step 5."""
        if reply.status is None:
            return None
        class_, subject, detail = reply.status.split(".")
        names = (f"{one}.{subject}.{number}" for number in (detail, "*") for one in (class_, "x"))
        return next((self._by_status[name] for name in names if name in self._by_status), None)

    def by_reply_code(self, reply: Reply) -> Bounce | None:
        """Step 6."""
        return self._by_reply_code.get(reply.code or 0)


def _known(bounce: Bounce, patterns: Iterable[Pattern]) -> Iterator[_Known]:
    return ((pattern.literal, pattern, bounce) for pattern in patterns)


def _first(known: list[_Known], reply: Reply) -> Bounce | None:
    key = reply.key
    for literal, pattern, bounce in known:
        if literal in key and pattern.found_in(reply.plain, reply.squeezed):
            return bounce
    return None
