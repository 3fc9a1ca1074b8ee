"""Attachments: nothing that runs, nothing that receivers refuse, nothing that hides what it is."""

import asyncio
from typing import assert_never

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Finding, Severity
from preflight_checks.mailfile.budget import Budget, Obstacle
from preflight_checks.mailfile.extensions import Extension, load_extensions
from preflight_checks.mailfile.inspection import (
    Disguised,
    Harmless,
    Macros,
    Misnamed,
    MoreRun,
    Opened,
    Outcome,
    Polyglot,
    Refused,
    Runs,
    Undecoded,
    Unseen,
    look_at,
)
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailfile.naming import Disguise, two_extensions
from preflight_checks.mailfile.parsing import Gap
from preflight_checks.mailrules.common import at_part, message_rule

EXECUTABLE = message_rule(
    "executable-attachment",
    Severity.ERROR,
    title="Nothing attached runs when it is opened",
    why="Microsoft's services and most others refuse programs, scripts, installers, shortcuts and disk images, by name "
    "and by content, also within archives.",
    fix="Put {part} behind a link instead of attaching it. A zip or another name does not help: receivers look inside.",
    reference="Exchange Online, common attachments filter; Outlook on the web, blocked file types; Gmail help",
    feeds_filters=True,
)
NOT_INSPECTED = message_rule(
    "archive-not-inspected",
    Severity.WARNING,
    title="Archives can be looked into",
    why="Receivers such as Microsoft treat an archive that they cannot look into as one with something to hide, and "
    "nobody can tell here what is in it.",
    fix="Attach the files of {part} one by one, or put them behind a link.",
    reference="Gmail, blocked files; Exchange Online, common attachments filter",
    feeds_filters=True,
)
REFUSED = message_rule(
    "attachment-refused",
    Severity.WARNING,
    title="No receiver refuses the kinds of files attached",
    why="Some receivers refuse kinds of files that do not run, such as old archive formats, certificates or encoded "
    "files, and filters distrust web pages and OneNote sections, which carry phishing.",
    fix="Send {part} in another format, such as PDF or ZIP, or put it behind a link.",
    reference="The lists of Exchange Online, Outlook on the web, Gmail, NetEase and Alibaba Mail (attachments.toml)",
    feeds_filters=True,
)
MACROS = message_rule(
    "attachment-macros",
    Severity.WARNING,
    title="No document attached has programs in it",
    why="Macros and embedded programs are how malware travels in documents. Gmail blocks bad ones, "
    "Exchange Online refuses .docm and .ppam, and scanners score the others.",
    fix="Save {part} without macros (.docx, .xlsx) or as PDF, or put it behind a link.",
    reference="[MS-OVBA] 2.3.4; Exchange Online, common attachments filter; SpamAssassin OLEVBMacro",
    feeds_filters=True,
)
DISGUISED = message_rule(
    "attachment-disguised",
    Severity.ERROR,
    title="File names show what the files are",
    why="Characters that turn the direction of writing or show nothing, dots and spaces at the end, and long gaps hide "
    "the real extension. Only malware needs them, and filters look for them.",
    fix="Give {part} a plain name of letters, digits, hyphens and one extension.",
    reference="rspamd MIME_BAD_UNICODE; Unicode Technical Report 36, 2.2 (bidirectional text spoofing)",
    feeds_filters=True,
)
MISNAMED = message_rule(
    "attachment-misnamed",
    Severity.WARNING,
    title="Files are what their names and types say",
    why="Receivers trust the content and hold a name or a Content-Type that says something else against the message.",
    fix="Name {part} after what it is ({type}), and give it the Content-Type of that.",
    reference="Exchange Online, true file types; rspamd MIME_BAD_ATTACHMENT",
    feeds_filters=True,
)
POLYGLOT = message_rule(
    "attachment-polyglot",
    Severity.WARNING,
    title="No file is of two types at once",
    why="A picture with an archive behind it, or a PDF within something else, shows one face to the scanner and "
    "another one to the reader. Filters take it for an attempt to get something past them.",
    fix="Send the two files of {part} apart.",
    reference="PKWARE APPNOTE 4.3.16 (the directory is read from the end); ISO 32000-1 7.5.2",
    feeds_filters=True,
)
RULES = (EXECUTABLE, NOT_INSPECTED, REFUSED, MACROS, DISGUISED, MISNAMED, POLYGLOT)
_CLEAN = (REFUSED, MACROS, DISGUISED, MISNAMED, POLYGLOT)


@judges(*RULES)
async def attachments(_: Context, letter: Letter) -> Findings:
    """What each attachment is, and what is in the archives among them."""
    mail = letter.mail
    own = (str(letter),) if mail.gap else ()  # the part of the finding on the message itself
    looks = await asyncio.to_thread(lambda: list(look_at(mail.attachments, load_extensions(), Budget(), own)))
    outcomes = [outcome for _, found in looks for outcome in found]
    failed: set[str] = set()
    for attachment, found in looks:
        place = at_part(letter, attachment)
        for outcome in found:
            finding = _finding(outcome, place)
            failed.add(finding.rule)
            yield finding
    match mail.gap:
        case Gap.TOO_MANY:
            yield EXECUTABLE.undecided(letter, "the message has more parts than are looked at")
        case Gap.TOO_DEEP:
            yield EXECUTABLE.undecided(letter, "the message has parts within parts, deeper than is looked at")
        case Gap.NO_BOUNDARY:
            yield EXECUTABLE.undecided(
                letter, "a multipart of the message has no usable boundary, so its parts are unknown"
            )
        case None if not outcomes:
            yield EXECUTABLE.passes(letter, "the message has no attachment")
        case None:
            pass
        case _ as never:
            assert_never(never)
    if mail.gap is None and not any(isinstance(outcome, Opened | Unseen) for outcome in outcomes):
        yield NOT_INSPECTED.passes(letter, "the message has no archive")
    for rule in _CLEAN:
        if rule.id in failed:
            continue
        if mail.gap is not None:
            yield rule.undecided(letter, "not all parts of the message are known; in the others there is nothing")
        else:
            yield rule.passes(letter, "no attachment breaks this rule")


def _finding(outcome: Outcome, place: list[Evidence]) -> Finding:
    match outcome:
        case Runs():
            return _runs(outcome, place)
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
        case Refused():
            return _refused(outcome, place)
        case Macros(part, kind):
            return MACROS.fails(part, "{part} has programs in it: {type}", place, type=kind.name)
        case Polyglot(part, kind):
            return POLYGLOT.fails(part, "{part} is of two types at once: {type}", place, type=kind.name)
        case Misnamed(part, kind, claim):
            return MISNAMED.fails(
                part, "{part} is called {claim}, and is by its content: {type}", place, claim=claim, type=kind.name
            )
        case Disguised(part, ways):
            return _disguised(part, ways[0], place)
        case _ as never:
            assert_never(never)


def _runs(found: Runs, place: list[Evidence]) -> Finding:
    size = "size unknown" if found.size is None else f"{found.size} octets"
    seen = [Evidence("message", found.part, f"{found.type.name}, {size}")]
    if before := two_extensions(found.part):
        seen.append(Evidence("message", "the name", f"has .{before} before its real extension"))
    extension = found.extension
    if extension is None:
        return EXECUTABLE.fails(
            found.part, "{part} runs when opened, by its content: {type}", seen, place, type=found.type.name
        )
    if not extension.refused_by:
        return EXECUTABLE.fails(
            found.part,
            "{part} runs when opened: .{extension} ({kind})",
            seen,
            place,
            extension=extension.text,
            kind=extension.kind,
        )
    return EXECUTABLE.fails(
        found.part,
        "{part} runs when opened: .{extension} ({kind}), refused by {receivers}",
        seen,
        _replies(extension),
        place,
        extension=extension.text,
        kind=extension.kind,
        receivers=extension.refused_by,
    )


def _replies(extension: Extension) -> list[Evidence]:
    """What the receivers answer, one piece of evidence each; the data has them as `receiver: reply`."""
    named = (reply.partition(": ") for reply in extension.replies)
    return [Evidence("receiver", receiver, reply) for receiver, _, reply in named]


def _refused(found: Refused, place: list[Evidence]) -> Finding:
    extension = found.extension
    replies = _replies(extension)
    if not extension.refused_by:
        return REFUSED.fails(
            found.part, "{part} is of a kind that filters distrust: .{extension} ({kind})", place,
            extension=extension.text, kind=extension.kind,
        )  # fmt: skip
    return REFUSED.fails(
        found.part, "{part} is refused by {receivers}: .{extension} ({kind})", replies, place,
        extension=extension.text, kind=extension.kind, receivers=extension.refused_by,
    )  # fmt: skip


def _disguised(part: str, way: Disguise, place: list[Evidence]) -> Finding:
    rule = DISGUISED
    match way:
        case Disguise.DIRECTION:
            return rule.fails(part, "the name {part} turns the direction of writing to hide its end", place)
        case Disguise.INVISIBLE:
            return rule.fails(part, "the name {part} has characters that show nothing", place)
        case Disguise.TRAILING:
            return rule.fails(part, "the name {part} ends in dots or spaces, which Windows drops", place)
        case Disguise.GAP:
            return rule.fails(part, "the name {part} has a long gap, which pushes its end out of sight", place)
        case Disguise.CONTROL:
            return rule.fails(part, "the name {part} has control characters", place)
        case _ as never:
            assert_never(never)


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
