"""A message before it is sent: everything that a receiver can hold against it.

Subject, size, attachments, header, structure, content, links, and what mail to many owes. The rules stand in
the package `mailrules`, one file a group; what counts as what is read by the package `mailfile`. See docs/message.md.
"""

import asyncio
from typing import assert_never

import msgspec

from preflight.check import Check, Context, Findings, Judge, Rule, judges
from preflight.findings import Evidence, Finding, Severity
from preflight.subject import MessageSource
from preflight_checks.mailfile.letter import Letter, read_letter
from preflight_checks.mailfile.parsing import NoMail, read_mail
from preflight_checks.mailrules import (
    attachments,
    body,
    bulk,
    content,
    linking,
    opinion,
    origin,
    relations,
    senders,
    structure,
    subject,
)
from preflight_checks.mailrules.common import message_rule

UNREADABLE = message_rule(
    "unreadable",
    Severity.ERROR,
    title="The file is a mail message",
    why="Receivers refuse what has no header, and nothing else about a message can be judged without one.",
    fix="Give the message as it travels: header fields such as From, To and Subject, an empty line, then the body. "
    "Mail programs save it as .eml or 'original message'.",
    reference="RFC 5322 2.1",
)
_GROUPS = (subject, body, attachments, senders, relations, origin, structure, content, linking, bulk, opinion)
RULES: tuple[Rule, ...] = (UNREADABLE, *(rule for group in _GROUPS for rule in group.RULES))

JUDGES: tuple[Judge[Letter], ...] = (
    subject.subject,
    subject.style,
    body.body,
    body.substance,
    body.size,
    attachments.attachments,
    senders.author,
    senders.recipients,
    relations.answers,
    relations.envelope,
    relations.reused,
    origin.presence,
    origin.date,
    origin.message_id,
    origin.fields,
    structure.lines,
    structure.mime,
    structure.texts,
    content.alternatives,
    content.html,
    content.filter_tests,
    content.placeholders,
    linking.links,
    linking.endings,
    bulk.unsubscribing,
)
"""The judges of a message that can be read."""


class MessageOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[checks.message]`. `template`: the file is a template, to which the program that sends it adds Date, Message-ID
    and To; their want is then no fault. `spamassassin`: ask the SpamAssassin of this machine, too."""

    template: bool = False
    spamassassin: bool = False


async def _run(ctx: Context) -> None:
    if ctx.subject.message is None:
        return
    options = ctx.options(MessageOptions)
    # In a thread, as a large message takes a second or two, which the questions of other checks need not wait for.
    read = await asyncio.to_thread(_read, ctx.subject.message, is_template=options.template)
    if isinstance(read, NoMail):
        await ctx.each((read,), _no_mail)
        return
    more = (opinion.opinion,) if options.spamassassin else ()
    await ctx.each((read,), _readable, *JUDGES, *more)


def _read(given: MessageSource, *, is_template: bool) -> Letter | NoMail:
    mail = read_mail(given.data)
    return mail if isinstance(mail, NoMail) else read_letter(mail, is_template=is_template, label=given.label)


@judges(*RULES)
async def _no_mail(ctx: Context, why: NoMail) -> Findings:
    label = ctx.subject.message.label if ctx.subject.message else ""
    yield _unreadable(why, Evidence("message", label, why.value))
    for rule in (rule for group in _GROUPS if group is not opinion for rule in group.RULES if ctx.wants(rule)):
        yield rule.undecided("message", "not judged, since the file is no mail message", fix=UNREADABLE.fix)


def _unreadable(why: NoMail, seen: Evidence) -> Finding:
    part = "message"
    match why:
        case NoMail.EMPTY:
            return UNREADABLE.fails(part, "the file is empty", seen)
        case NoMail.UTF16:
            return UNREADABLE.fails(part, "the file is text in UTF-16, which no mail message can be", seen)
        case NoMail.OUTLOOK:
            return UNREADABLE.fails(part, "the file is an Outlook item (.msg), not the message as it travels", seen)
        case NoMail.BINARY:
            return UNREADABLE.fails(part, "the file is binary and begins with no header field", seen)
        case NoMail.BLANK_LINE:
            return UNREADABLE.fails(part, "the file begins with an empty line, so that its header is empty", seen)
        case NoMail.NO_FIELD:
            return UNREADABLE.fails(part, "the file does not begin with a header field (Name: value)", seen)
        case NoMail.MAILBOX:
            return UNREADABLE.fails(part, "the file is a mailbox of several messages; give them one by one", seen)
        case _ as never:
            assert_never(never)


@judges(UNREADABLE)
async def _readable(_: Context, letter: Letter) -> Findings:
    yield UNREADABLE.passes(
        letter,
        "the file is a mail message: {fields} header fields, {parts} parts",
        fields=len(letter.mail.header.fields),
        parts=len(letter.mail.parts),
    )


CHECK = Check(id="message", title="Message", rules=RULES, run=_run, options=MessageOptions, offline=True)
