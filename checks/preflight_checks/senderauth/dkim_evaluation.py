"""Every signature of a message, verified: what the checks `dkim` and `dmarc` know of it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from preflight.findings import Evidence
from preflight.moment import now
from preflight.net.dns import Resolver, Unanswered
from preflight.subject import MessageSource
from preflight.text import Message
from preflight_checks.mailfile.headers import Field
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth.dkim_key import SHORTEST, Found, Key, find_key
from preflight_checks.senderauth.dkim_message import Alteration, Carried, read_carried
from preflight_checks.senderauth.dkim_signature import MAX_NAMES, Signature, is_beyond_limits, read_signature

MAX_SIGNATURES = 20
"""Signatures of one message that are verified. Real mail has up to four."""


class State(StrEnum):
    """What came of a signature."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Body(StrEnum):
    """Whether the body is the one that was signed."""

    INTACT = "intact"
    CHANGED = "changed"
    SHORTER = "shorter"
    """It is shorter than l= says, which no verifier may take (RFC 6376 3.5)."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Signed:
    """One DKIM-Signature field of a message and what came of it.

    `evidence` is its place in the file, `moment` when the verifier sees it, in seconds since 1970. `signature`: what it
    says; a message is what is wrong with it; `None` for one that is larger than is looked at.
    `body`: whether the body is that which was signed, if need be with an `alteration` of the mail store undone. `tail`:
    octets of the canonical body behind l=. `key`: what was found, or why nothing could be; `None` where nothing was
    looked for. `header`: whether the signature is that of the header and of this key; `None` where that was not to be
    calculated.
    """

    number: int
    evidence: Evidence
    moment: int
    signature: Signature | Message | None
    body: Body | None = None
    alteration: Alteration | None = None
    tail: int = 0
    key: Found | Unanswered | None = None
    header: bool | None = None

    def __str__(self) -> str:
        return str(self.signature) if isinstance(self.signature, Signature) else f"DKIM-Signature {self.number}"

    @property
    def domain(self) -> str | None:
        """The domain that signs (d=); `None` where that cannot be read."""
        return self.signature.domain if isinstance(self.signature, Signature) else None

    @property
    def age(self) -> int:
        """Seconds that it has been expired for (x=) when the verifier sees it; 0 or less for one that has not."""
        expires = self.signature.expires if isinstance(self.signature, Signature) else None
        return self.moment - expires if expires is not None else 0

    @property
    def state(self) -> State:
        """Whether a verifier takes it."""
        match self.signature:
            case None:
                return State.UNKNOWN
            case Message():
                return State.INVALID
        if self.signature.algorithm == "rsa-sha1" or "from" not in self.signature.names or self.age > 0:
            return State.INVALID
        if self.body is not Body.INTACT:
            return State.INVALID
        match self.key:
            case Found(key=Key() as key):
                return self._state_with(key, self.signature)
            case Found():
                return State.INVALID
            case _:
                return State.UNKNOWN

    def _state_with(self, key: Key, signature: Signature) -> State:
        if key.refuses(signature) or (key.kind == "rsa" and key.bits < SHORTEST):
            return State.INVALID
        return State.UNKNOWN if self.header is None else State.VALID if self.header else State.INVALID


@dataclass(frozen=True, eq=False, slots=True)
class Verified:
    """The signatures of a message, the first `MAX_SIGNATURES` of them, and how many there are in all."""

    carried: Carried
    signed: tuple[Signed, ...]
    count: int

    def __str__(self) -> str:
        return "message"

    @property
    def state(self) -> State:
        """Valid when one signature is; unknown when none is known to be, and one might be."""
        states = {one.state for one in self.signed}
        if State.VALID in states:
            return State.VALID
        return State.UNKNOWN if State.UNKNOWN in states or self.count > len(self.signed) else State.INVALID

    def domains(self, state: State) -> tuple[str, ...]:
        """The domains (d=) of the signatures in a state, each once."""
        found = (one.domain for one in self.signed if one.state is state)
        return tuple(dict.fromkeys(domain for domain in found if domain is not None))


def utc_now() -> datetime:
    """The clock by which t= and x= are judged in a message that no server has taken yet (one in a file may be old);
    tests put their own in its place."""
    return now()


async def verify_message(dns: Resolver, message: MessageSource) -> Verified | NoMail:
    """Verify the signatures of a message. Raises nothing of DNS: an unanswered question is the `key` it was asked for.

    What takes processor time runs in a thread, as a large message takes a second, which other checks need not wait for.
    """
    carried = await asyncio.to_thread(read_carried, message.label, message.data)
    if isinstance(carried, NoMail):
        return carried
    fields = carried.named("DKIM-Signature")
    signed = await asyncio.to_thread(_read_all, carried, fields[:MAX_SIGNATURES])
    names = {one.signature.key_name for one in signed if isinstance(one.signature, Signature)}
    found = dict(zip(names, await asyncio.gather(*(_find(dns, name) for name in names)), strict=True))
    verified = await asyncio.to_thread(_verify_all, carried, signed, found)
    return Verified(carried, tuple(verified), len(fields))


async def _find(dns: Resolver, name: str) -> Found | Unanswered:
    try:
        return await find_key(dns, name)
    except Unanswered as outcome:
        return outcome


def _read_all(carried: Carried, fields: Sequence[Field]) -> list[Signed]:
    bodies, moment = _Bodies(carried), int((carried.received or utc_now()).timestamp())
    return [_read(bodies, number, one, carried.evidence(one), moment) for number, one in enumerate(fields, 1)]


def _read(bodies: "_Bodies", number: int, one: Field, evidence: Evidence, moment: int) -> Signed:
    signature = None if is_beyond_limits(one.octets) else read_signature(number, one.octets)
    if isinstance(signature, Signature) and len(signature.names) > MAX_NAMES:
        signature = None
    signed = Signed(number=number, evidence=evidence, moment=moment, signature=signature)
    return bodies.compared(signed, signature) if isinstance(signature, Signature) else signed


class _Bodies:
    """The body of a message in the canonical forms that its signatures ask for, each made once, when it is needed."""

    def __init__(self, carried: Carried) -> None:
        self._carried = carried
        self._made: dict[tuple[str, Alteration | None], bytes] = {}

    def _in(self, form: str) -> Iterator[tuple[Alteration | None, bytes]]:
        """As it stands, then with each alteration that can be undone."""
        from preflight_checks.senderauth.dkim_dkimpy import canonical_body  # here and not above: it loads dkimpy

        for alteration in (None, *Alteration):
            if (form, alteration) not in self._made:
                body = self._carried.body if alteration is None else self._carried.restored(alteration)
                self._made[form, alteration] = canonical_body(body, form)
            yield alteration, self._made[form, alteration]

    def compared(self, signed: Signed, signature: Signature) -> Signed:
        """The same with what the comparison of body hashes says."""
        from preflight_checks.senderauth.dkim_dkimpy import has_body_hash

        is_shorter = False
        for alteration, canonical in self._in(signature.body_form):
            if signature.length is not None and signature.length > len(canonical):
                is_shorter |= alteration is None
            elif has_body_hash(canonical, signature):
                tail = 0 if signature.length is None else len(canonical) - signature.length
                return replace(signed, body=Body.INTACT, alteration=alteration, tail=tail)
        return replace(signed, body=Body.SHORTER if is_shorter else Body.CHANGED)


def _verify_all(carried: Carried, signed: Sequence[Signed], found: Mapping[str, Found | Unanswered]) -> list[Signed]:
    return [_verify(carried, one, found) for one in signed]


def _verify(carried: Carried, one: Signed, found: Mapping[str, Found | Unanswered]) -> Signed:
    if not isinstance(one.signature, Signature):
        return one
    key = found[one.signature.key_name]
    if not isinstance(key, Found) or not isinstance(key.key, Key):
        return replace(one, key=key)
    from preflight_checks.senderauth.dkim_dkimpy import MAX_BITS, MAX_EXPONENT, has_signature

    too_much = key.key.bits > MAX_BITS or key.key.exponent > MAX_EXPONENT or not carried.header.complete
    if too_much or key.key.refuses(one.signature):
        return replace(one, key=key)
    return replace(one, key=key, header=has_signature(carried, one.signature, key.key))
