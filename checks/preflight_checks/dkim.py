"""The DKIM signatures of a message, each verified, and the keys of selectors. See docs/authentication.md."""

import asyncio
from collections.abc import Iterable

import msgspec

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Finding
from preflight.net.dns import Answer, Unanswered
from preflight.text import Message, listing
from preflight_checks.mailfile.parsing import NoMail
from preflight_checks.senderauth import dkim_rules as rules
from preflight_checks.senderauth.dkim_evaluation import (
    MAX_SIGNATURES,
    Body,
    Signed,
    State,
    Verified,
    verify_message,
)
from preflight_checks.senderauth.dkim_key import (
    LONGEST,
    RECOMMENDED,
    SHORTEST,
    Found,
    Key,
    KeyFault,
    NoKey,
    find_key,
    has_key,
    key_of,
)
from preflight_checks.senderauth.dkim_message import Alteration
from preflight_checks.senderauth.dkim_selectors import load_selectors
from preflight_checks.senderauth.dkim_signature import Signature

SLACK = 300
"""Seconds that the clock of a signer may be ahead: what OpenDKIM allows by default."""

_MAIL = "message"
ALTERATIONS = {
    Alteration.FROM_QUOTED: "the body is the one that was signed, once the > is taken from lines that began with From",
    Alteration.DOT_STUFFED: "the body is the one that was signed, once the second dot is taken from lines that begin "
    "with two",
}
"""How a body is told that was altered by the mail store alone."""
_MESSAGE_RULES = tuple(rule for rule in rules.RULES if rule.needs == ("message",))


class DkimOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[checks.dkim]`. `common_selectors`: look for keys under selectors that are much in use."""

    common_selectors: bool = False


async def _run(ctx: Context) -> None:
    domain = ctx.subject.domain
    names: dict[str, None] = {}
    if domain is not None:
        names |= dict.fromkeys(f"{selector}._domainkey.{domain}" for selector in ctx.subject.dkim_selectors)
        await ctx.each(names, _selector)
        if ctx.options(DkimOptions).common_selectors:
            await ctx.each([domain], _common)
    if ctx.subject.message is not None:
        verified = await verify_message(ctx.dns, ctx.subject.message)
        if isinstance(verified, NoMail):
            await ctx.each((verified,), _no_mail)
        else:
            names |= _key_names(verified.signed)
            await ctx.each(verified.signed, _field, _body, _header)
            await ctx.each((verified,), _message, _beyond)
    await ctx.each(names, _key)


def _key_names(signed: Iterable[Signed]) -> dict[str, None]:
    signatures = (one.signature for one in signed)
    return dict.fromkeys(one.key_name for one in signatures if isinstance(one, Signature))


@judges(*_MESSAGE_RULES)
async def _no_mail(_: Context, why: NoMail) -> Findings:
    seen = Evidence("message", _MAIL, why.value)
    for rule in (rules.MISSING, rules.NONE_VALID):
        yield rule.undecided(_MAIL, "not judged, since the file is no mail message", seen)


@judges(rules.SYNTAX)
async def _beyond(_: Context, verified: Verified) -> Findings:
    """The signatures that are not looked at."""
    if verified.count > len(verified.signed):
        yield rules.SYNTAX.undecided(
            _MAIL, "the message has {count} signatures, of which the first {limit} are looked at",
            count=verified.count, limit=MAX_SIGNATURES,
        )  # fmt: skip


@judges(rules.MISSING, rules.NONE_VALID, rules.ED25519_ONLY)
async def _message(_: Context, verified: Verified) -> Findings:
    """What the signatures of a message come to, together."""
    if not verified.count:
        if verified.carried.header.complete:
            yield rules.MISSING.fails(_MAIL, "the message has no DKIM-Signature")
        else:
            yield rules.MISSING.undecided(_MAIL, "the header is larger than is looked at; so far it has no signature")
        return
    yield rules.MISSING.passes(
        _MAIL, "the message is signed with DKIM; signatures on it: {count}", count=verified.count
    )
    match verified.state:
        case State.VALID:
            yield rules.NONE_VALID.passes(
                _MAIL, "a signature is valid; signed by {domains}", domains=verified.domains(State.VALID)[:5]
            )
            yield _with_rsa(verified)
        case State.INVALID:
            reasons = listing(_reason(one) for one in verified.signed[:5])
            yield rules.NONE_VALID.fails(_MAIL, "no signature is valid: {reasons}", reasons=reasons)
        case State.UNKNOWN:
            unanswered = next((one.key for one in verified.signed if isinstance(one.key, Unanswered)), None)
            if unanswered is not None:
                raise Unanswered(unanswered.question, unanswered.reason, unanswered.detail)
            yield rules.NONE_VALID.undecided(_MAIL, "no signature that is looked at is known to be valid")


def _with_rsa(verified: Verified) -> Finding:
    valid = [one.signature for one in verified.signed if one.state is State.VALID]
    kinds = {one.algorithm for one in valid if isinstance(one, Signature)}
    if kinds != {"ed25519-sha256"}:
        return rules.ED25519_ONLY.passes(_MAIL, "a valid signature is made with RSA")
    if any(one.state is State.UNKNOWN for one in verified.signed):
        return rules.ED25519_ONLY.undecided(_MAIL, "the only signature known to be valid is made with Ed25519")
    return rules.ED25519_ONLY.fails(_MAIL, "each valid signature is made with Ed25519, which many receivers pass over")


def _reason(one: Signed) -> Message:
    """Why a signature is not valid, in short."""
    args = {"signature": str(one)}
    if isinstance(one.signature, Message):
        return Message("{signature}: {problem}", {**args, "problem": one.signature})
    if one.signature is None:
        return Message("{signature} is larger than is looked at", args)
    if "from" not in one.signature.names:
        return Message("{signature} does not cover From", args)
    if one.signature.algorithm == "rsa-sha1":
        return Message("{signature} uses SHA-1", args)
    if one.age > 0:
        return Message("{signature} has expired", args)
    if one.body is not Body.INTACT:
        return Message("{signature} is of another body", args)
    match one.key:
        case Found(key=NoKey(problem=problem)):
            return Message("{signature}: {problem}", {**args, "problem": problem})
        case Found(key=Key() as key) if refused := key.refuses(one.signature):
            return Message("{signature}: {problem}", {**args, "problem": refused})
        case Found(key=Key(kind="rsa", bits=bits)) if bits < SHORTEST:
            return Message("{signature} is of a key of {bits} bits", {**args, "bits": str(bits)})
        case _:
            return Message("{signature} is of another header or another key", args)


@judges(rules.SYNTAX, rules.FROM_NOT_SIGNED, rules.WEAK_ALGORITHM, rules.EXPIRED, rules.FUTURE)
async def _field(_: Context, one: Signed) -> Findings:
    """What a signature says of itself."""
    seen = one.evidence
    if one.signature is None:
        yield rules.SYNTAX.undecided(one, "{part} is larger than is looked at, or has more white space in a row", seen)
        return
    if isinstance(one.signature, Message):
        yield rules.SYNTAX.fails(one, "{part} cannot be used: {problem}", seen, problem=one.signature)
        return
    yield rules.SYNTAX.passes(one, "{part} can be read", seen)
    if "from" in one.signature.names:
        yield rules.FROM_NOT_SIGNED.passes(one, "{part} covers From")
    else:
        yield rules.FROM_NOT_SIGNED.fails(one, "{part} does not cover From", seen)
    if one.signature.algorithm == "rsa-sha1":
        yield rules.WEAK_ALGORITHM.fails(one, "{part} uses rsa-sha1", seen)
    else:
        algorithm = one.signature.algorithm
        yield rules.WEAK_ALGORITHM.passes(one, "{part} uses {algorithm}", algorithm=algorithm)
    if one.age > 0:
        yield rules.EXPIRED.fails(
            one, "{part} expired {hours} hours before the message arrived", seen, hours=-(-one.age // 3600)
        )
    elif one.signature.expires is None:
        yield rules.EXPIRED.passes(one, "{part} does not expire")
    else:
        yield rules.EXPIRED.passes(one, "{part} had not expired when the message arrived")
    ahead = (one.signature.signed_at or 0) - one.moment
    if ahead > SLACK:
        yield rules.FUTURE.fails(one, "{part} is from {minutes} minutes ahead", seen, minutes=ahead // 60)
    else:
        yield rules.FUTURE.passes(one, "{part} is not from the future")


@judges(rules.BODY_CHANGED, rules.BODY_LENGTH, rules.UNSIGNED_TAIL)
async def _body(_: Context, one: Signed) -> Findings:
    """The body beside the hash of it in a signature. Asks nobody."""
    if not isinstance(one.signature, Signature):
        return
    seen, length = one.evidence, one.signature.length
    if one.alteration is not None:
        yield rules.BODY_CHANGED.passes(one, ALTERATIONS[one.alteration], seen)
    elif one.body is Body.INTACT:
        yield rules.BODY_CHANGED.passes(one, "the body is the one that was signed")
    elif one.body is Body.SHORTER:
        yield rules.BODY_CHANGED.fails(one, "the body is shorter than the {length} octets of l=", seen, length=length)
    elif one.header:
        yield rules.BODY_CHANGED.fails(
            one,
            "the body is not the one that was signed, while the header is: it was changed after signing, or on its way "
            "into this file",
            seen,
        )
    else:
        yield rules.BODY_CHANGED.fails(one, "the body is not the one that was signed", seen)
    if length is None:
        yield rules.BODY_LENGTH.passes(one, "{part} covers the whole body")
        return
    yield rules.BODY_LENGTH.fails(one, "{part} covers {length} octets of the body (l=)", seen, length=length)
    if one.tail:
        yield rules.UNSIGNED_TAIL.fails(one, "{count} octets behind the signed ones are unsigned", seen, count=one.tail)
    elif one.body is Body.INTACT:
        yield rules.UNSIGNED_TAIL.passes(one, "nothing stands behind the signed part of the body")


@judges(rules.KEY_MISMATCH, rules.HEADER_CHANGED)
async def _header(_: Context, one: Signed) -> Findings:
    """A signature beside its key and the header."""
    if isinstance(one.key, Unanswered):
        raise Unanswered(one.key.question, one.key.reason, one.key.detail)
    if not isinstance(one.signature, Signature) or one.key is None or not isinstance(one.key.key, Key):
        return
    seen, name = (one.evidence, one.key.evidence), one.key.name
    if refused := one.key.key.refuses(one.signature):
        yield rules.KEY_MISMATCH.fails(
            one, "{part} breaks what its key allows: {problem}", seen, name=name, problem=refused
        )
        return
    yield rules.KEY_MISMATCH.passes(one, "the key allows {part}", one.key.evidence)
    if one.header is None:
        yield rules.HEADER_CHANGED.undecided(one, "the key or the header is larger than is calculated with", seen)
    elif one.header:
        yield rules.HEADER_CHANGED.passes(one, "the signature is that of the header and of the key", one.key.evidence)
    else:
        yield rules.HEADER_CHANGED.fails(
            one, "the signature is not that of this header and of the key at {name}", seen, name=name
        )


@judges(*rules.KEY_RULES)
async def _key(ctx: Context, name: str) -> Findings:
    """The record of a key."""
    found = await find_key(ctx.dns, name)
    seen = found.evidence
    if isinstance(found.key, NoKey):
        rule = {
            KeyFault.MISSING: rules.KEY_MISSING,
            KeyFault.REVOKED: rules.KEY_REVOKED,
            KeyFault.INVALID: rules.KEY_INVALID,
        }[found.key.fault]
        yield rule.fails(name, "the key cannot be used: {problem}", seen, problem=found.key.problem)
        if rule is not rules.KEY_MISSING:
            yield rules.KEY_MISSING.passes(name, "there is a record for the key", seen)
        return
    key = found.key
    yield rules.KEY_MISSING.passes(name, "there is a record for the key", seen)
    yield rules.KEY_REVOKED.passes(name, "the key is in force", seen)
    yield rules.KEY_INVALID.passes(name, "the key can be read: {kind}, {bits} bits", seen, kind=key.kind, bits=key.bits)
    yield _sized(rules.KEY_SHORT, key.kind == "rsa" and key.bits < SHORTEST, name, found, key)
    yield _sized(rules.KEY_LONG, key.bits > LONGEST, name, found, key)
    if key.kind != "rsa" or key.bits >= SHORTEST:
        yield _sized(rules.WEAK_KEY, key.kind == "rsa" and key.bits < RECOMMENDED, name, found, key)
    if key.testing:
        yield rules.TESTING.fails(name, "the key is marked as a test (t=y)", seen)
    else:
        yield rules.TESTING.passes(name, "the key is not marked as a test", seen)


def _sized(rule: Rule, fails: bool, name: str, found: Found, key: Key) -> Finding:
    seen, kind, bits = found.evidence, key.kind, key.bits
    if fails:
        return rule.fails(name, "the key has {bits} bits ({kind})", seen, kind=kind, bits=bits)
    return rule.passes(name, "the key has {bits} bits ({kind})", seen, kind=kind, bits=bits)


def _unusable(key: Key | NoKey) -> Message | None:
    """Why nothing signed with a key can be valid, or `None`."""
    if isinstance(key, NoKey):
        return key.problem
    if key.kind == "rsa" and key.bits < SHORTEST:
        return Message("the key has {bits} bits ({kind})", {"kind": key.kind, "bits": str(key.bits)})
    return None


@judges(rules.SELECTOR)
async def _selector(ctx: Context, name: str) -> Findings:
    """The key of a selector that the user names."""
    found = await find_key(ctx.dns, name)
    problem = _unusable(found.key)
    if problem is not None:
        yield rules.SELECTOR.fails(name, "the key cannot be used: {problem}", found.evidence, problem=problem)
    else:
        yield rules.SELECTOR.passes(name, "the key can be used", found.evidence)


@judges(rules.COMMON)
async def _common(ctx: Context, domain: str) -> Findings:
    """The keys under selectors that are much in use."""
    names = [f"{selector}._domainkey.{domain}" for selector in load_selectors()]
    outcomes = await asyncio.gather(*(ctx.dns.query(name, "TXT") for name in names), return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Unanswered)]
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer) and has_key(outcome)]
    for answer in answers:
        problem = _unusable(key_of(answer))
        name = answer.question.name
        if problem is None:
            yield rules.COMMON.passes(name, "the key can be used", answer.evidence)
        else:
            yield rules.COMMON.fails(name, "the key cannot be used: {problem}", answer.evidence, problem=problem)
    if lost:
        yield rules.COMMON.undecided(
            domain, "{count} of {all} questions for common selectors have no answer",
            [one.evidence for one in lost[:5]], count=len(lost), all=len(names),
        )  # fmt: skip
    elif not answers:
        yield rules.COMMON.undecided(
            domain,
            "there is no key under any of {all} common selectors; the domain may use another one",
            all=len(names),
            fix="Name the selector that the server signs with (--dkim-selector).",
        )


CHECK = Check(id="dkim", title="DKIM signatures", rules=rules.RULES, run=_run, options=DkimOptions)
