"""Whether the server relays mail of strangers to strangers. Only with --probe-relay.

It cannot send anything: each attempt ends after RCPT TO with RSET, a session with QUIT, and `Conversation` refuses
DATA.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Annotated

import msgspec

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Severity
from preflight.net.addresses import IPAddress, is_public
from preflight.net.smtp import Conversation, Reply, SmtpTrouble, Trouble
from preflight.text import Message
from preflight_checks.relay_attempts import SENDER, Attempt, attempts, control
from preflight_checks.servers import Server, Target, find_targets, greeting_name, own_servers
from preflight_checks.smtp_tls import LOOK_AGAIN, TROUBLES, quoted

PER_SESSION = 6  # attempts; Postfix slows down after ten refusals and hangs up after twenty
MAX_ODD = 2  # attempts of a session that are refused for their form; Exim hangs up after three
_FORM = ("500", "501", "503", "553", "555")
_ADDRESS = re.compile(r"<[^<>]*>|\S*[@%!]\S*")
_DENIED = re.compile(
    r"relay\w* (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited)|(?:unable|not allowed) to relay"
)
_OF_CLIENT = re.compile(r"client|block|black|listed|spf|ptr|reverse|rdns|helo|ehlo|reputation|starttls|too many|rate")
_OF_DOMAIN = re.compile(r"domain|route?able|host|\bmx\b|5\.1\.2\b|5\.1\.10|5\.4\.[46]|5\.7\.27")

OPEN_RELAY = Rule(
    id="relay/open-relay",
    severity=Severity.ERROR,
    title="The server relays no mail of strangers",
    why="An open relay is found within hours and sends spam for everybody. Its address is on blocklists within days, "
    "and receivers refuse all its mail.",
    fix="Let the server relay for your own networks and for users who logged in, nobody else. Postfix: mynetworks has "
    "your addresses only, and smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, "
    "reject_unauth_destination. Exim: hostlist relay_from_hosts has your addresses only, and acl_check_rcpt ends in "
    "deny. Exchange: remove Ms-Exch-SMTP-Accept-Any-Recipient from anonymous users of the receive connector.",
    reference="RFC 2505 2.1; Outlook.com postmaster pages, SC-003",
    needs=("relay", "server|host|ip"),
    prevents=("microsoft/SC-003",),
)
_FROM_OUTSIDE = "Run this from a machine outside of the server's own networks."
_OTHER_RECIPIENT = (
    "Give a mailbox of yours on another server: recipient in [checks.relay] of preflight.toml. Nothing is sent to it."
)


class RelayOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`recipient`: a mailbox that the server has no business with. Nothing is sent to it."""

    recipient: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")] = "preflight-test@example.org"


class _Word(Enum):
    """What a server says to an attempt."""

    TAKEN = auto()
    REFUSED = auto()
    UNCLEAR = auto()
    """For now, or for a reason that has nothing to do with relaying."""


@dataclass(slots=True)
class _Trial:
    """What came of all attempts at one address."""

    taken: list[Attempt] = field(default_factory=list)
    unclear: list[Attempt] = field(default_factory=list)
    refused: int = 0
    takes_anybody: bool = True  # until the server refuses a name that nobody has
    local: IPAddress | None = None
    trouble: SmtpTrouble | None = None
    evidence: list[Evidence] = field(default_factory=list)
    proof: list[Evidence] = field(default_factory=list)

    def note(self, attempt: Attempt, word: _Word, evidence: Sequence[Evidence]) -> None:
        match word:
            case _Word.TAKEN if attempt.looks_local and self.takes_anybody:
                self.unclear.append(attempt)  # it takes any name of its own domain, and may refuse this one later
            case _Word.TAKEN:
                self.taken.append(attempt)
                self.proof.extend(evidence)
            case _Word.REFUSED:
                self.refused += 1
            case _Word.UNCLEAR:
                self.unclear.append(attempt)


async def _run(ctx: Context) -> None:
    await ctx.each(own_servers(ctx), _server)


@judges(OPEN_RELAY)
async def _server(ctx: Context, server: Server) -> Findings:
    found = await find_targets(ctx, server)
    await ctx.each(found.targets, _target)
    if found.hidden:
        yield OPEN_RELAY.undecided(
            server,
            "{part} leads to {addresses}, into a private network; it was not connected to",
            found.evidence,
            fix="Name the server with --server, if it is one of yours.",
            addresses=found.hidden,
        )
    elif found.unanswered is not None:
        raise found.unanswered
    elif not found.targets:
        yield OPEN_RELAY.undecided(server, "{part} has no address to connect to", found.evidence)


@judges(OPEN_RELAY)
async def _target(ctx: Context, target: Target) -> Findings:
    trial = await _try_all(ctx, target)
    if trial.taken and _is_neighbour(trial.local, target.address):
        yield OPEN_RELAY.undecided(
            target,
            "{part} takes mail for strangers from this machine, which is one of its own networks",
            trial.proof,
            fix=_FROM_OUTSIDE,
        )
    elif trial.taken:
        yield OPEN_RELAY.fails(
            target,
            "{part} takes mail from {sender} to {recipient}, and is neither's server",
            trial.proof,
            sender=f"<{trial.taken[0].sender}>",
            recipient=f"<{trial.taken[0].recipient}>",
        )
    elif trial.trouble is not None:
        why = Message(TROUBLES[trial.trouble.trouble], {"detail": quoted(trial.trouble.detail)})
        yield OPEN_RELAY.undecided(
            target, "{part} could not be tried to the end: {why}", trial.evidence, fix=LOOK_AGAIN, why=why
        )
    elif trial.unclear:
        yield OPEN_RELAY.undecided(
            target,
            "{part} refused {refused} of {count} attempts; what it said to the others does not tell whether it relays",
            trial.evidence,
            fix=_OTHER_RECIPIENT,
            refused=trial.refused,
            count=trial.refused + len(trial.unclear),
        )
    else:
        yield OPEN_RELAY.passes(target, "{part} refused {count} ways to relay", trial.evidence, count=trial.refused)


def _is_neighbour(local: IPAddress | None, address: IPAddress) -> bool:
    """Whether the server may well take this machine for one of its own: it is the same, or both are in a private
    network. Such a server relays for it by design, and that says nothing of strangers."""
    if local is None or local == address:
        return True
    private = [not is_public(one) and not one.is_loopback for one in (local, address)]
    return all(private)


async def _try_all(ctx: Context, target: Target) -> _Trial:
    """All attempts, in sessions of a few, until one is taken."""
    trial = _Trial()
    subject = ctx.subject
    domain = subject.domain or (target.host if target.is_named else "")
    left = list(attempts(domain, target.address, ctx.options(RelayOptions).recipient))
    while left and not trial.taken and trial.trouble is None:
        before = len(left)
        try:
            await _session(ctx, target, left, trial, domain)
        except SmtpTrouble as trouble:
            # One that hangs up after some refusals is called again, as long as that leads on.
            if trouble.trouble is not Trouble.CLOSED or len(left) == before:
                trial.trouble = trouble
    return trial


async def _session(ctx: Context, target: Target, left: list[Attempt], trial: _Trial, domain: str) -> None:
    """Some of the attempts that are left, each taken off the list when its outcome is known."""
    some = left[:PER_SESSION]
    try:
        wire = await ctx.smtp.dial(target.address, target.port)
    except SmtpTrouble as trouble:
        trial.evidence.append(Evidence("smtp", f"connect {target}", str(trouble)))
        raise
    async with Conversation(wire, ctx.smtp.limits, str(target)) as conversation:
        try:
            trial.local = wire.local
            reply = await conversation.greeting()
            if reply.code == 220:
                reply = await conversation.command(f"EHLO {greeting_name(ctx, conversation)}")
            if reply.code != 250:
                trial.unclear.extend(left)
                left.clear()
                return
            if domain and any(attempt.looks_local for attempt in some):
                trial.takes_anybody = await _attempt(conversation, control(domain)) is not _Word.REFUSED
            for attempt in some:
                before = len(conversation.transcript)
                word = await _attempt(conversation, attempt)
                trial.note(attempt, word, conversation.transcript[before:])
                left.remove(attempt)
                said = [piece.seen[:3] for piece in conversation.transcript]
                if trial.taken or sum(code.startswith(_FORM) for code in said) >= MAX_ODD:
                    return
        finally:
            trial.evidence.extend(piece for piece in conversation.transcript if piece.asked != "RSET")


async def _attempt(conversation: Conversation, attempt: Attempt) -> _Word:
    """MAIL, RCPT, and RSET whatever came of them."""
    reply = await conversation.command(f"MAIL FROM:<{attempt.sender}>")
    taken = reply.code == 250
    if taken:
        reply = await conversation.command(f"RCPT TO:<{attempt.recipient}>")
    await conversation.command("RSET")
    if taken and reply.code // 100 == 2:
        return _Word.TAKEN
    return _Word.REFUSED if _is_refusal(reply, attempt, of_sender=not taken) else _Word.UNCLEAR


def _is_refusal(reply: Reply, attempt: Attempt, *, of_sender: bool) -> bool:
    """Whether a reply says for good that this way of relaying is closed.

    A refusal for now (4xx: greylisting, limits) is none, unless it says in as many words that relaying is denied:
    Postfix answers `454 4.7.1 Relay access denied` as it comes (defer_unauth_destination). Nor is one for a reason
    under which others would get through: the address that asks (blocklists, reverse DNS, SPF), missing encryption, or
    the domains of the test addresses (RFC 3463 3.2: X.1.2, X.1.8; RFC 7505 4.2: X.1.10, X.7.27). An address of odd form
    that is refused as such (501) closes its way for good.
    """
    text = _ADDRESS.sub("", " ".join(reply.lines)).lower()  # addresses are repeated, and may have any word in them
    if reply.code // 100 != 5:
        return _DENIED.search(text) is not None
    if "relay" in text:
        return True
    if _OF_CLIENT.search(text):
        return False
    if reply.code == 501:
        return attempt.sender != SENDER or not of_sender
    if of_sender:
        # One odd sender is refused for what it is; the test sender for its domain, and another might do.
        return attempt.sender != SENDER
    return not _OF_DOMAIN.search(text)


CHECK = Check(id="relay", title="Open relay", rules=(OPEN_RELAY,), run=_run, options=RelayOptions)
