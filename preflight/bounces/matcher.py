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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from preflight.bounces.entries import Bounce, Provider
from preflight.bounces.patterns import Pattern, PatternIndex, read_pattern
from preflight.bounces.replies import Reply, shape
from preflight.errors import CatalogueError

Sureness = Literal["code", "generic"]


@dataclass(frozen=True, slots=True)
class Match:
    """The entry that a reply is.

    `provider` is whose reply it is (`microsoft`, `google` …), `None` where nothing tells. `sure` is `code` for a
    provider's own code or wording, and `generic` for wording, an enhanced code (RFC 3463) or a reply code that any
    server may use. `permanent` is the entry's, or the reply's where the entry comes as either; `None`: nothing tells.
    """

    bounce: Bounce
    provider: str | None
    sure: Sureness
    permanent: bool | None


@dataclass(frozen=True, slots=True)
class _Known:
    """One way by which a bounce is known: `anywhere` or in its provider's replies alone, first or `last`."""

    pattern: Pattern
    bounce: Bounce
    provider: str
    anywhere: bool
    last: bool


class Matcher:
    """Finds the bounce that a reply is, and the provider whose reply it is.

    Raises `CatalogueError` for a pattern of the catalogue that is none: they are read here, when a reply is first asked
    about, since most runs ask about none.
    """

    def __init__(self, bounces: Iterable[Bounce], providers: Mapping[str, Provider]) -> None:
        bounces = list(bounces)
        samples = [shape(example).key for bounce in bounces for example in bounce.examples]
        self._generic = {provider.id for provider in providers.values() if provider.generic}
        self._known = [known for bounce in bounces for known in _ways(bounce)]
        self._index = PatternIndex((known.pattern for known in self._known), samples)
        self._by_status = {status: bounce for bounce in reversed(bounces) for status in bounce.status}
        self._by_reply_code = {code: bounce for bounce in reversed(bounces) for code in bounce.reply_codes}
        self._hosts = {host: one.id for one in providers.values() for host in one.hosts}
        self._signs = [(_pattern(sign, one.id), one.id) for one in providers.values() for sign in one.signs]
        self._sign_index = PatternIndex((sign for sign, _ in self._signs), samples)

    def provider_of(self, remote_host: str | None, reply: Reply) -> str | None:
        """Whose reply it is, by the host that gave it or by what the reply says of itself."""
        labels = (remote_host or "").lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            if provider := self._hosts.get(".".join(labels[start:])):
                return provider
        signs = (self._signs[number] for number in self._sign_index.candidates(reply.key, reply.key_grams))
        return next((provider for sign, provider in signs if _said(sign, reply)), None)

    def match(self, reply: Reply, provider: str | None, *, by_reply_code: bool = True) -> Match | None:
        """The bounce that a reply of that provider is. Without `by_reply_code` the last step is left out."""
        known = [self._known[number] for number in self._index.candidates(reply.key, reply.key_grams)]
        of_providers = [one for one in known if one.provider not in self._generic]
        if own := _first(of_providers, reply, provider, last=False):
            return _match(own, own.provider_id, "code", reply)
        if wording := _general([one for one in known if one.provider in self._generic], reply):
            return _match(wording, provider, "generic", reply)
        if own := _first(of_providers, reply, provider, last=True):
            return _match(own, own.provider_id, "code", reply)
        if code := self._status(reply) or (self._by_reply_code.get(reply.code or 0) if by_reply_code else None):
            return _match(code, provider, "generic", reply)
        return None

    def _status(self, reply: Reply) -> Bounce | None:
        """The bounce of the enhanced code: exactly, then of its subject."""
        if reply.status is None:
            return None
        class_, subject, detail = reply.status.split(".")
        if class_ not in {"4", "5"}:
            return None
        names = (f"{one}.{subject}.{number}" for number in (detail, "*") for one in (class_, "x"))
        return next((self._by_status[name] for name in names if name in self._by_status), None)


def _ways(bounce: Bounce) -> Iterator[_Known]:
    for patterns, anywhere in ((bounce.known_by, True), (bounce.known_here, False)):
        for pattern in patterns:
            yield _Known(_pattern(pattern, bounce.id), bounce, bounce.provider_id, anywhere, bounce.last)


def _pattern(text: str, where: str) -> Pattern:
    try:
        return read_pattern(text)
    except ValueError as error:
        raise CatalogueError(f"{where}: the pattern {text!r} {error}") from error


def _first(known: Sequence[_Known], reply: Reply, provider: str | None, *, last: bool) -> Bounce | None:
    """Among entries of providers: the provider's own, else what is unmistakable."""
    wanted = [one for one in known if one.last is last]
    own = (one for one in wanted if one.provider == provider and _said(one.pattern, reply))
    others = (one for one in wanted if one.provider != provider and one.anywhere and _said(one.pattern, reply))
    return next((one.bounce for candidates in (own, others) for one in candidates), None)


def _general(known: Sequence[_Known], reply: Reply) -> Bounce | None:
    """Among wording that any server may use. The squeezed text is looked at where nothing is found in the plain one."""
    for text in (reply.plain, reply.squeezed):
        for one in known:
            if one.pattern.found_in(text):
                return one.bounce
    return None


def _said(pattern: Pattern, reply: Reply) -> bool:
    return pattern.found_in(reply.plain) or pattern.found_in(reply.squeezed)


def _match(bounce: Bounce, provider: str | None, sure: Sureness, reply: Reply) -> Match:
    permanent = bounce.permanent
    if permanent is None:
        permanent = {"4": False, "5": True}.get(str(reply.code or reply.status or "")[:1])
    return Match(bounce, provider, sure, permanent)
