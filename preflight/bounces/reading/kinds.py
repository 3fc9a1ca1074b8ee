"""What a message is by its header: written by a mail server, by a program that answers, or forwarded."""

import re
from collections.abc import Set

from preflight.bounces.reading.mime import Part
from preflight.bounces.reading.words import has_any, load_phrases

_FROM = re.compile(r"<([^<>@\s]{1,64})@|(?:^|\s|\")([^<>@\s\"]{1,64})@")
_ANSWERS = (
    b"x-autoreply", b"x-autorespond", b"x-autoresponder", b"x-auto-reply", b"x-vacation", b"x-autoreply-from",
)  # fmt: skip
_LABEL = re.compile(r"(?:re|aw|antw|sv|回复|答复)\s*[:：]\s*", re.IGNORECASE)


def by_daemon(message: Part) -> bool:
    """Whether its author is a mail server, by the name it goes by (RFC 5321 4.5.5 asks only for a null sender, which
    answers of programs have too)."""
    phrases = load_phrases()
    author = message.field("from").lower()
    named = _FROM.search(author)
    local = next(filter(None, named.groups()), "") if named else author.strip("<> ")
    if (
        local.strip("\"'") in phrases.daemons
        or local.replace("_", "").replace("-", "") == "postmaster"
        or "mailer-daemon" in author
        or "mail delivery" in author
    ):
        return True
    return local.startswith(("postmaster", "mailer-daemon", "microsoftexchange"))


def has_null_sender(message: Part) -> bool:
    """Whether its envelope sender is the null sender (RFC 5321 4.5.5) or a mail server's."""
    path = message.raw("return-path").lower()
    return path.strip() in {"<>", "<#@[]>", "<mailer-daemon>"} or "mailer-daemon" in path


def is_titled_as_bounce(message: Part) -> bool:
    """Whether its subject is one that bounces and warnings have."""
    return has_any(subject_of(message), load_phrases().bounce_subjects)


def is_answer(message: Part) -> bool:
    """Whether a program answered for a person (RFC 3834): a note of absence, a receipt, a ticket."""
    if any(name in message.fields for name in _ANSWERS):
        return True
    submitted = message.raw("auto-submitted").strip().lower()
    if submitted.startswith(("auto-replied", "vacation")) or "vacation" in submitted:
        return True
    if message.raw("precedence").strip().lower() in {"auto_reply", "auto-reply", "autoreply"}:
        return True
    subject = subject_of(message)
    while label := _LABEL.match(subject):
        subject = subject[label.end() :]
    return subject.startswith(load_phrases().auto_reply_subjects)


def is_complaint(message: Part, types: Set[str]) -> bool:
    """Whether it is a report of feedback (RFC 5965), or a complaint without one that has a message attached. `types`:
    of all its parts."""
    if "message/feedback-report" in types or "feedback-report" in message.raw("content-type").lower():
        return True
    return "message/rfc822" in types and has_any(subject_of(message), load_phrases().feedback_subjects)


def is_forward(message: Part) -> bool:
    """Whether its subject says that it is forwarded."""
    return subject_of(message).startswith(load_phrases().forward_subjects)


def subject_of(message: Part) -> str:
    """Its subject in small letters."""
    return message.field("subject").strip().lower()
