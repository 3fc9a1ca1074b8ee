"""The chain of ARC sets that forwarders put before a message (RFC 8617), verified by dkimpy."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dkim

from preflight.findings import Evidence
from preflight.net.dns import Resolver
from preflight.text import Message
from preflight_checks.mailfile.headers import Field
from preflight_checks.senderauth.dkim_dkimpy import MAX_BITS, MAX_EXPONENT, canonical_body
from preflight_checks.senderauth.dkim_key import Key, find_key
from preflight_checks.senderauth.dkim_message import Carried
from preflight_checks.senderauth.dkim_signature import is_beyond_limits
from preflight_checks.senderauth.dkim_tags import read_domain, read_tags

MAX_SETS = 20
"""Sets that are verified. RFC 8617 4.2.1 allows 50; real mail has up to five."""

_SEAL, _SIGNATURE, _RESULTS = "arc-seal", "arc-message-signature", "arc-authentication-results"
_NAMES = (_SEAL, _SIGNATURE, _RESULTS)
_INSTANCE = re.compile(r"[0-9]{1,2}")
_LONG_SPACE = re.compile(rb"[ \t]{1000}")
# What dkimpy raises beside its own exceptions on fields that its reading lets pass: an i= that it does not find again,
# numbers of thousands of digits, values that are no base64.
_UNREADABLE = (IndexError, ValueError)


@dataclass(frozen=True, slots=True)
class Chain:
    """What came of a chain: how many sets it has, and what is wrong with it. `too_large`: it was not looked at."""

    sets: int
    problem: Message | None = None
    too_large: bool = False
    evidence: tuple[Evidence, ...] = ()


async def verify_chain(dns: Resolver, carried: Carried) -> Chain:
    """Verify the chain of a message that has one. Raises `Unanswered` where a key could not be had."""
    fields = [one for name in _NAMES for one in carried.named(name)]
    count = len(carried.named(_SEAL))
    seen = tuple(carried.evidence(one) for one in carried.named(_SEAL)[:1])
    if count > MAX_SETS or not carried.header.complete or any(is_beyond_limits(one.octets) for one in fields):
        return Chain(count, too_large=True, evidence=seen)
    read = _signers(fields)
    if isinstance(read, Message):
        return Chain(count, read, evidence=seen)
    names, forms, count = read
    body = await asyncio.to_thread(_body, carried, forms)
    if body is None:
        return Chain(count, too_large=True, evidence=seen)
    found = await asyncio.gather(*(find_key(dns, name) for name in names))
    records = {one.name: _record(one.key) for one in found if isinstance(one.key, Key)}
    problem = await asyncio.to_thread(_verify, carried, body, records, count)
    return Chain(count, problem, evidence=(*seen, *(one.evidence for one in found)))


def _signers(fields: Sequence[Field]) -> tuple[list[str], set[str], int] | Message:
    """The names of all keys, the forms of the body, and the highest number of a set; or what cannot be read."""
    names: dict[str, None] = {}
    forms: set[str] = set()
    highest = 1
    for one in fields:
        if one.name.lower() == _RESULTS:
            continue
        tags = read_tags(one.octets.decode("utf-8", "backslashreplace"))
        if isinstance(tags, Message):
            return Message("{field} cannot be read: {problem}", {"field": one.name, "problem": tags})
        domain, selector = read_domain(tags.get("d", "")), read_domain(tags.get("s", ""))
        if domain is None or selector is None or not _INSTANCE.fullmatch(tags.get("i", "")):
            return Message("{field} lacks a usable i=, d= or s=", {"field": one.name})
        names[f"{selector}._domainkey.{domain}"] = None
        highest = max(highest, int(tags["i"]))
        if one.name.lower() == _SIGNATURE:
            forms.add(tags.get("c", "relaxed/relaxed").partition("/")[2] or "simple")
    return list(names), forms, highest


def _body(carried: Carried, forms: set[str]) -> bytes | None:
    """The body for dkimpy, which takes long over long white space: in relaxed form where all ask for that."""
    if forms <= {"relaxed"}:
        return canonical_body(carried.body, "relaxed")
    return None if _LONG_SPACE.search(carried.body) else carried.body


def _record(key: Key) -> bytes | None:
    if key.bits > MAX_BITS or key.exponent > MAX_EXPONENT:
        return None
    return f"v=DKIM1; k={key.kind}; p={key.public}".encode("ascii")


def _verify(carried: Carried, body: bytes, records: Mapping[str, bytes | None], count: int) -> Message | None:
    def published(name: bytes, **_options: object) -> bytes | None:
        return records.get(read_domain(name.decode("utf-8", "replace").removesuffix(".")) or "")

    chain = dkim.ARC()
    chain.headers = [[name, value] for name, value in carried.fields]
    chain.body = body
    try:
        verdict, results, _reason = chain.verify(published)
    except _UNREADABLE:
        return Message("its fields cannot be read", {})
    if verdict == dkim.CV_Pass:
        return None
    return _problem(results, count)


def _problem(results: Sequence[Mapping[str, object]], count: int) -> Message:
    """Why a chain is broken, by what dkimpy says of its sets, the newest first."""
    if len(results) < count or not results:
        return Message("set {number} is not whole, or cannot be read", {"number": str(count - len(results))})
    if not results[0]["ams-valid"]:
        return Message("the newest signature does not verify: the message was changed since", {})
    for one in results:
        number = {"number": str(one["instance"])}
        if one["cv"] == dkim.CV_Fail:
            return Message("set {number} says that the chain was broken before it", number)
        if not one["as-valid"]:
            return Message("the seal of set {number} does not verify", number)
    return Message("a set has a cv= that does not belong there", {})
