"""What is to be judged for a refusal, with which inputs: rules of its code, less those that its phase excludes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from preflight.check import Rule
from preflight.diagnosis.refusals import Refusal, domain_of
from preflight.errors import SubjectError
from preflight.net.addresses import IPAddress, is_public, parse_address
from preflight.registry import Registry
from preflight.subject import Subject, host_name
from preflight.text import Message

# What a receiver does not know yet when a command is refused (RFC 5321 3): the content follows DATA, the sender MAIL
# FROM, the name HELO. A check of an SMTP server (`server`, `probe` ...) is no part of that conversation.
_CONTENT = frozenset({"message", "dkim-selector"})
_NOT_YET: Mapping[str, frozenset[str]] = {
    "connect": _CONTENT | {"helo", "domain", "mx", "mail-from"},
    "helo": _CONTENT,
    "mail": _CONTENT,
    "rcpt": _CONTENT,
}
BEFORE_CONTENT = {
    "connect": "It was refused as soon as the connection was made, before anything was sent: neither the message nor "
    "the names that the server gives can be the cause.",
    "helo": "It was refused at HELO, before the message was sent: its content cannot be the cause; leave it as it is.",
    "mail": "It was refused at MAIL FROM, before the message was sent: its content cannot be the cause; leave it as it "
    "is.",
    "rcpt": "It was refused at RCPT TO, before the message was sent: its content cannot be the cause; leave it as it "
    "is.",
}
"""Why later things cannot be the cause, by phase."""

INTERNAL = (
    "The bounce names {ip} as the sending address. That is an internal one, which no receiver sees: add --ip with the "
    "server's public address."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be judged.

    `judged`: the rules, most likely first. `dismissed`: those that cannot be it, by the reason. `stated`: the inputs
    that come from the bounce and not from options, by name. `internal`: the sending address in the bounce, where it is
    one that the Internet does not see.
    """

    subject: Subject
    judged: tuple[str, ...] = ()
    dismissed: Mapping[str, tuple[str, ...]]
    stated: Mapping[str, str]
    internal: IPAddress | None = None


def plan_for(refusals: Sequence[Refusal], given: Subject, registry: Registry) -> Plan:
    """Which rules to judge for these refusals. `given` is the subject of the options; the bounce adds what it lacks."""
    subject, stated, internal = _completed(given, refusals)
    judged: dict[str, None] = {}
    dismissed: dict[str, str] = {}
    for refusal in refusals:
        if refusal.bounce is None:
            continue
        for rule_id in registry.rules_of(refusal.bounce):
            rule = registry.rules.get(rule_id)
            phase = refusal.recipient.phase
            if rule is not None and _too_late(rule, phase):
                dismissed.setdefault(rule_id, BEFORE_CONTENT[phase])
            else:
                judged[rule_id] = None
    reasons: dict[str, list[str]] = {}
    for rule_id, reason in dismissed.items():
        if rule_id not in judged:  # of another recipient, it may have been the cause all the same
            reasons.setdefault(reason, []).append(rule_id)
    return Plan(
        subject=subject,
        judged=tuple(judged),
        dismissed={reason: tuple(rules) for reason, rules in reasons.items()},
        stated=stated,
        internal=internal,
    )


def _too_late(rule: Rule, phase: str) -> bool:
    """Whether what a rule looks at was not known to the receiver yet when it refused."""
    unknown = _NOT_YET.get(phase, frozenset())
    return any(unknown.issuperset(need.split("|")) for need in rule.needs)


def _completed(given: Subject, refusals: Iterable[Refusal]) -> tuple[Subject, dict[str, str], IPAddress | None]:
    """The subject of the options with what the bounce states, the inputs taken from there, and an internal address."""
    stated: dict[str, str] = {}
    internal: IPAddress | None = None
    subject = given
    for refusal in refusals:
        recipient = refusal.recipient
        address = _address(recipient.sending_ip)
        if address is not None and not subject.ips:
            if is_public(address):
                subject, stated["ip"] = replace(subject, ips=(address,)), str(address)
            else:
                internal = internal or address
        if recipient.helo and subject.helo is None:
            subject, stated["helo"] = replace(subject, helo=recipient.helo), recipient.helo
        domain = _domain(recipient.sender)
        if domain and subject.domain is None:
            subject, stated["domain"] = replace(subject, domain=domain), domain
        senders = _senders(recipient.sender)
        if senders and not subject.mail_from:
            subject, stated["mail-from"] = replace(subject, mail_from=senders), senders[0]
    return subject, stated, None if subject.ips else internal


def _address(text: str | None) -> IPAddress | None:
    try:
        return parse_address(text) if text else None
    except ValueError:  # text from outside, and no address
        return None


def _domain(sender: str | None) -> str | None:
    """The domain of an envelope sender; `None` for the null sender and for what no domain can be."""
    try:
        return host_name(domain_of(sender), "sender")
    except SubjectError:
        return None


def _senders(sender: str | None) -> tuple[str, ...]:
    """An envelope sender as the option gives it; nothing for what none can be."""
    if sender is None or (sender and "@" not in sender):
        return ()
    try:
        return Subject.of(mail_from=[sender]).mail_from
    except SubjectError:
        return ()


def internal_note(plan: Plan) -> Message | None:
    """What is to be said of an internal address in the bounce."""
    return Message(INTERNAL, {"ip": str(plan.internal)}) if plan.internal else None
