"""Who is judged by SPF: the envelope senders of a subject, each from each of its addresses."""

from dataclasses import dataclass

from preflight.net.addresses import IPAddress
from preflight.subject import Subject
from preflight_checks.names import is_proper
from preflight_checks.senderauth.spf_records import is_askable


@dataclass(frozen=True, slots=True)
class Sender:
    """An envelope sender and the address that it sends from. `local` and `domain` are empty for the null sender.

    `label` is how reports call it: its domain, or the whole address where the subject has two senders of one domain.
    """

    ip: IPAddress
    local: str
    domain: str
    label: str

    def __str__(self) -> str:
        return f"{self.ip} for {self.label}"


def senders(subject: Subject) -> list[Sender]:
    """Each envelope sender from each address; without any, postmaster of the sender domain."""
    split = [address.rpartition("@")[::2] for address in subject.mail_from] or [("", subject.domain or "")]
    if not subject.mail_from and subject.domain is None:
        return []
    domains = [domain for _, domain in split]
    labels = [
        "<>" if not domain else f"{local}@{domain}" if domains.count(domain) > 1 else domain for local, domain in split
    ]
    return [
        Sender(ip, local, domain, label)
        for ip in subject.ips
        for (local, domain), label in zip(split, labels, strict=True)
    ]


def envelope_domains(subject: Subject) -> list[str]:
    """The domains whose SPF records count for mail of the subject, each once."""
    if not subject.mail_from:
        return [subject.domain] if subject.domain else []
    return list(dict.fromkeys(filter(None, (address.rpartition("@")[2] for address in subject.mail_from))))


def helo_identity(subject: Subject) -> str | None:
    """The HELO name, where it is one that could have an SPF record; other checks say what is wrong with it."""
    name = (subject.helo or "").removesuffix(".").lower()
    return name if is_proper(name) and is_askable(name) else None
