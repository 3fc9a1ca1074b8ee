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
from typing import Generic, TypeVar

from preflight.bounces.entries import Bounce, Provider
from preflight.bounces.patterns import Pattern, Patterns
from preflight.bounces.replies import Reply

_Result = TypeVar("_Result")


class _Table(Generic[_Result]):
    """Patterns in an order, and what each of them means."""

    def __init__(self, rows: Iterable[tuple[Pattern, _Result]]) -> None:
        self._results: list[_Result] = []
        patterns = []
        for pattern, result in rows:
            patterns.append(pattern)
            self._results.append(result)
        self._patterns = Patterns(patterns)

    def first(self, reply: Reply) -> _Result | None:
        number = self._patterns.first(reply.plain, reply.squeezed, reply.key)
        return None if number is None else self._results[number]


class Matcher:
    """Finds the bounce that a reply is, and the provider whose reply it is."""

    def __init__(self, bounces: Iterable[Bounce], providers: Mapping[str, Provider]) -> None:
        bounces = list(bounces)
        generic = {provider.id for provider in providers.values() if provider.generic}
        own = [bounce for bounce in bounces if bounce.provider_id not in generic]
        by_provider: dict[str, list[Bounce]] = {}
        for bounce in own:
            by_provider.setdefault(bounce.provider_id, []).append(bounce)
        self._own = {provider: _Tables(entries, here=True) for provider, entries in by_provider.items()}
        self._anywhere = _Tables(own, here=False)
        self._wording = _Table(_known((bounce for bounce in bounces if bounce.provider_id in generic), here=True))
        self._by_status = {status: bounce for bounce in reversed(bounces) for status in bounce.status}
        self._by_reply_code = {code: bounce for bounce in reversed(bounces) for code in bounce.reply_codes}
        self._hosts = {host: one.id for one in providers.values() for host in one.hosts}
        self._signs = _Table((sign, one.id) for one in providers.values() for sign in one.signs)

    def provider_of(self, remote_host: str | None, reply: Reply) -> str | None:
        """Whose reply it is, by the host that gave it or by what the reply says of itself."""
        labels = (remote_host or "").lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            if provider := self._hosts.get(".".join(labels[start:])):
                return provider
        return self._signs.first(reply)

    def by_provider(self, reply: Reply, provider: str | None) -> Bounce | None:
        """Steps 1 and 2: the bounce that is known as some provider's own."""
        own = self._own.get(provider or "")
        return (own and own.first.first(reply)) or self._anywhere.first.first(reply)

    def by_wording(self, reply: Reply) -> Bounce | None:
        """Step 3."""
        return self._wording.first(reply)

    def by_remaining_signs(self, reply: Reply, provider: str | None) -> Bounce | None:
        """Step 4."""
        own = self._own.get(provider or "")
        return (own and own.last.first(reply)) or self._anywhere.last.first(reply)

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


class _Tables:
    """How the replies of some bounces are known: what is looked at first, and what only where nothing else is found."""

    def __init__(self, bounces: list[Bounce], *, here: bool) -> None:
        self.first = _Table(_known((bounce for bounce in bounces if not bounce.last), here=here))
        self.last = _Table(_known((bounce for bounce in bounces if bounce.last), here=here))


def _known(bounces: Iterable[Bounce], *, here: bool) -> Iterator[tuple[Pattern, Bounce]]:
    for bounce in bounces:
        for pattern in (*bounce.known_by, *(bounce.known_here if here else ())):
            yield pattern, bounce
