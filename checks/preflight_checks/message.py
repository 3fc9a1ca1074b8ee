"""A message before it is sent: a subject that says something, a body of some size, nothing attached that runs.

The three rules of thumb for test mail to Microsoft's mailboxes: no subject as simple as "test", more than 2 KB of text,
no executable files. What counts as what is in the package `mailfile`.
"""

import asyncio
from typing import assert_never

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Finding, Severity
from preflight_checks.mailfile.archives import Budget, Obstacle
from preflight_checks.mailfile.extensions import load_extensions
from preflight_checks.mailfile.headers import Field
from preflight_checks.mailfile.inspection import Harmless, MoreRun, Opened, Outcome, Runs, Undecoded, Unseen, inspect
from preflight_checks.mailfile.parsing import Gap, Mail, NoMail, read_mail
from preflight_checks.mailfile.subjects import Triviality, is_blank, load_trivial_words

BODY_LIMIT = 2048
"""Octets that a body should have more of. They are counted over all parts of plain text and of HTML that are neither
attachments nor in one, together: their octets with the transfer encoding undone, tags included, a line break as one."""
_SHOWN = 200  # characters of a subject that a message shows; the evidence has more of it

_PREVENTS = ("microsoft/SC-001", "microsoft/OU-002")

UNREADABLE = Rule(
    id="message/unreadable",
    severity=Severity.ERROR,
    title="The file is a mail message",
    why="Receivers refuse what has no header, and nothing else about a message can be judged without one.",
    fix="Give the message as it travels: header fields such as From, To and Subject, an empty line, then the body. "
    "Mail programs save it as .eml or 'original message'.",
    reference="RFC 5322 2.1",
    needs=("message",),
)
SUBJECT_MISSING = Rule(
    id="message/subject-missing",
    severity=Severity.ERROR,
    title="The message has a subject",
    why="Content filters, Microsoft's among them, hold a missing or empty subject against a message: real "
    "correspondence has one.",
    fix="Add a Subject field that sums the message up in a few words.",
    reference="RFC 5322 3.6.5",
    needs=("message",),
    prevents=_PREVENTS,
)
SUBJECT_TRIVIAL = Rule(
    id="message/subject-trivial",
    severity=Severity.ERROR,
    title="The subject says what the message is about",
    why="Test mail, and spammers who try out servers, write 'test' or 'hello'. Microsoft's filters let such mail "
    "through less often; test mail that reads like real mail shows how real mail will fare.",
    fix="Replace {subject} by a subject such as you would write to a customer, for example 'Minutes of the meeting on "
    "3 May'.",
    reference="Notes on mail to Microsoft's services: the subject must not be too simple",
    needs=("message",),
    prevents=_PREVENTS,
)
BODY_TOO_SMALL = Rule(
    id="message/body-too-small",
    # A warning: filters such as SpamAssassin and rspamd do not punish short plain text alone, only together with
    # pictures or links; the advice for mail to Microsoft is from practice, not from a published limit.
    severity=Severity.WARNING,
    title="The body is larger than 2 KB",
    why="A body of a line or two gives a content filter nothing to recognise as wanted mail. For first mail to "
    "Microsoft's services the advice from practice is more than 2 KB of text.",
    fix="Write at least {missing} octets more of text of the kind that you will really send.",
    reference="Notes on mail to Microsoft's services: a body of more than 2 KB",
    needs=("message",),
    prevents=_PREVENTS,
)
EXECUTABLE = Rule(
    id="message/executable-attachment",
    severity=Severity.ERROR,
    title="Nothing attached runs when it is opened",
    why="Microsoft's services and most others refuse programs, scripts, installers, shortcuts and disk images, by name "
    "and by content, also within archives.",
    fix="Put {part} behind a link instead of attaching it. A zip or another name does not help: receivers look inside.",
    reference="Exchange Online, common attachments filter; Outlook on the web, blocked file types; Gmail help",
    needs=("message",),
    prevents=_PREVENTS,
)
NOT_INSPECTED = Rule(
    id="message/archive-not-inspected",
    severity=Severity.WARNING,
    title="Archives can be looked into",
    why="Receivers such as Microsoft treat an archive that they cannot look into as one with something to hide, and "
    "nobody can tell here what is in it.",
    fix="Attach the files of {part} one by one, or put them behind a link.",
    reference="Gmail, blocked files; Exchange Online, common attachments filter",
    needs=("message",),
    prevents=_PREVENTS,
)


async def _run(ctx: Context) -> None:
    if ctx.subject.message is None:
        return
    # In a thread, as a large message takes a second or two, which the questions of other checks need not wait for.
    mail = await asyncio.to_thread(read_mail, ctx.subject.message.data)
    if isinstance(mail, NoMail):
        await ctx.each((mail,), _no_mail)
    else:
        await ctx.each((mail,), _readable, _subject, _body, _attachments)


@judges(UNREADABLE, SUBJECT_MISSING, SUBJECT_TRIVIAL, BODY_TOO_SMALL, EXECUTABLE, NOT_INSPECTED)
async def _no_mail(ctx: Context, why: NoMail) -> Findings:
    label = ctx.subject.message.label if ctx.subject.message else ""
    yield _unreadable(why, Evidence("message", label, why.value))
    for rule in (SUBJECT_MISSING, SUBJECT_TRIVIAL, BODY_TOO_SMALL, EXECUTABLE, NOT_INSPECTED):
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
        case _ as never:
            assert_never(never)


@judges(UNREADABLE)
async def _readable(_: Context, mail: Mail) -> Findings:
    yield UNREADABLE.passes(
        mail,
        "the file is a mail message: {fields} header fields, {parts} parts",
        fields=len(mail.header.fields),
        parts=len(mail.parts),
    )


@judges(SUBJECT_MISSING, SUBJECT_TRIVIAL)
async def _subject(_: Context, mail: Mail) -> Findings:
    part = "Subject"
    field = mail.header.first(part)
    if field is None and not mail.header.complete:
        for rule in (SUBJECT_MISSING, SUBJECT_TRIVIAL):
            yield rule.undecided(part, "the header is larger than is looked at, and has no Subject so far")
        return
    if field is None:
        names = ", ".join(one.name for one in mail.header.fields[:20])
        yield SUBJECT_MISSING.fails(part, "the message has no Subject field", Evidence("message", part, names))
        return
    subject, seen = field.text, _seen(field)
    if is_blank(subject):
        yield SUBJECT_MISSING.fails(part, "the Subject is empty", seen)
        return
    shown = subject if len(subject) <= _SHOWN else f"{subject[: _SHOWN - 1]}…"
    yield SUBJECT_MISSING.passes(part, "the Subject is: {subject}", seen, subject=shown)
    yield _triviality(load_trivial_words().judge(subject), shown, seen)


def _seen(field: Field) -> list[Evidence]:
    """The decoded subject, and what stands in the file when that is something else."""
    decoded = Evidence("message", "Subject", field.text)
    return [decoded] if field.text == field.raw else [decoded, Evidence("message", "Subject (as sent)", field.raw)]


def _triviality(why: Triviality | None, subject: str, seen: list[Evidence]) -> Finding:
    part, rule = "Subject", SUBJECT_TRIVIAL
    match why:
        case None:
            return rule.passes(part, "the Subject says something: {subject}", seen, subject=subject)
        case Triviality.WORDS:
            return rule.fails(part, "the Subject has only words that say nothing: {subject}", seen, subject=subject)
        case Triviality.NO_WORDS:
            return rule.fails(part, "the Subject has no word: {subject}", seen, subject=subject)
        case Triviality.TOO_SHORT:
            return rule.fails(part, "the Subject is too short to say anything: {subject}", seen, subject=subject)
        case Triviality.KEYS:
            return rule.fails(part, "the Subject is keys in a row: {subject}", seen, subject=subject)
        case _ as never:
            assert_never(never)


@judges(BODY_TOO_SMALL)
async def _body(_: Context, mail: Mail) -> Findings:
    part, rule = "body", BODY_TOO_SMALL
    contents = [(text, text.content()) for text in mail.texts]
    sizes = [(text.content_type, len(_one_break(content))) for text, content in contents if content is not None]
    octets = sum(size for _, size in sizes)
    seen = [Evidence("message", f"text {n} ({kind})", f"{size} octets") for n, (kind, size) in enumerate(sizes[:10], 1)]
    args = {"octets": octets, "total": mail.size, "limit": BODY_LIMIT, "missing": max(0, BODY_LIMIT + 1 - octets)}
    if octets > BODY_LIMIT:
        yield rule.passes(part, "{octets} octets of text in a message of {total}, over {limit}", seen, **args)
    elif mail.is_sealed:
        yield rule.undecided(part, "the body is in an envelope of S/MIME or PGP, so that its size is unknown", seen)
    elif mail.gap is not None:
        yield rule.undecided(
            part, "only {octets} octets of text, yet not all parts of the message are known", seen, octets=octets
        )
    elif len(sizes) < len(contents):
        yield rule.undecided(part, "a part of the body is in an unknown transfer encoding", seen)
    else:
        yield rule.fails(
            part, "only {octets} octets of text in a message of {total}; more than {limit} are wanted", seen, **args
        )


def _one_break(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


@judges(EXECUTABLE, NOT_INSPECTED)
async def _attachments(_: Context, mail: Mail) -> Findings:
    own = (str(mail),) if mail.gap else ()  # the part of the finding on the message itself
    outcomes = await asyncio.to_thread(inspect, mail.attachments, load_extensions(), Budget(), own)
    for outcome in outcomes:
        yield _finding(outcome)
    match mail.gap:
        case Gap.TOO_MANY:
            yield EXECUTABLE.undecided(mail, "the message has more parts than are looked at")
        case Gap.TOO_DEEP:
            yield EXECUTABLE.undecided(mail, "the message has parts within parts, deeper than is looked at")
        case Gap.NO_BOUNDARY:
            yield EXECUTABLE.undecided(
                mail, "a multipart of the message has no usable boundary, so its parts are unknown"
            )
        case None if not outcomes:
            yield EXECUTABLE.passes(mail, "the message has no attachment")
        case None:
            pass
        case _ as never:
            assert_never(never)
    if mail.gap is None and not any(isinstance(outcome, Opened | Unseen) for outcome in outcomes):
        yield NOT_INSPECTED.passes(mail, "the message has no archive")


def _finding(outcome: Outcome) -> Finding:
    match outcome:
        case Runs():
            return _runs(outcome)
        case MoreRun(part, count):
            seen = Evidence("message", part, f"{count} more files that run")
            return EXECUTABLE.fails(part, "{part} has {count} more files in it that run when opened", seen, count=count)
        case Unseen():
            return _unseen(outcome)
        case Undecoded(part, encoding):
            seen = Evidence("message", part, f"Content-Transfer-Encoding: {encoding}")
            return EXECUTABLE.undecided(
                part, "{part} is in the unknown transfer encoding {encoding}", seen, encoding=encoding
            )
        case Harmless(part, kind, size, None):
            seen = Evidence("message", part, f"{kind.name}, {size} octets")
            return EXECUTABLE.passes(part, "{part} is nothing that runs: {type}", seen, type=kind.name)
        case Harmless(part, kind, size, files):
            seen = Evidence("message", part, f"{kind.name}, {size} octets, {files} files")
            return EXECUTABLE.passes(
                part, "nothing in {part} runs: {type}, {files} files", seen, type=kind.name, files=files
            )
        case Opened(part, kind, files):
            seen = Evidence("message", part, f"{kind.name}, {files} files")
            return NOT_INSPECTED.passes(
                part, "{part} was looked into: {type}, {files} files", seen, type=kind.name, files=files
            )
        case _ as never:
            assert_never(never)


def _runs(found: Runs) -> Finding:
    size = "size unknown" if found.size is None else f"{found.size} octets"
    seen = Evidence("message", found.part, f"{found.type.name}, {size}")
    extension = found.extension
    if extension is None:
        return EXECUTABLE.fails(
            found.part, "{part} runs when opened, by its content: {type}", seen, type=found.type.name
        )
    if not extension.refused_by:
        return EXECUTABLE.fails(
            found.part,
            "{part} runs when opened: .{extension} ({kind})",
            seen,
            extension=extension.text,
            kind=extension.kind,
        )
    return EXECUTABLE.fails(
        found.part,
        "{part} runs when opened: .{extension} ({kind}), refused by {receivers}",
        seen,
        extension=extension.text,
        kind=extension.kind,
        receivers=extension.refused_by,
    )


def _unseen(found: Unseen) -> Finding:
    part, rule, name, mend = found.part, NOT_INSPECTED, found.type.name, NOT_INSPECTED.fix
    seen = Evidence("message", part, f"{name}: {found.obstacle.value}")
    match found.obstacle:
        case Obstacle.ENCRYPTED:
            return rule.undecided(part, "{part} is encrypted: {type}", seen, fix=mend, type=name)
        case Obstacle.BROKEN:
            return rule.undecided(part, "{part} is broken, or no archive at all: {type}", seen, fix=mend, type=name)
        case Obstacle.FORMAT:
            return rule.undecided(
                part, "{part} is in a format that is not opened here: {type}", seen, fix=mend, type=name
            )
        case Obstacle.METHOD:
            return rule.undecided(
                part, "{part} is packed by a method that is not read here: {type}", seen, fix=mend, type=name
            )
        case Obstacle.TOO_DEEP:
            return rule.undecided(part, "{part} is too deep in other archives: {type}", seen, fix=mend, type=name)
        case Obstacle.TOO_MANY:
            return rule.undecided(part, "{part} has more files than are looked at: {type}", seen, fix=mend, type=name)
        case Obstacle.TOO_LARGE:
            return rule.undecided(part, "{part} unpacks to more than is looked at: {type}", seen, fix=mend, type=name)
        case Obstacle.BOMB:
            return rule.undecided(
                part, "{part} grows so much when unpacked that it looks like a bomb: {type}", seen, fix=mend, type=name
            )
        case _ as never:
            assert_never(never)


CHECK = Check(
    id="message",
    title="Message",
    rules=(UNREADABLE, SUBJECT_MISSING, SUBJECT_TRIVIAL, BODY_TOO_SMALL, EXECUTABLE, NOT_INSPECTED),
    run=_run,
)
