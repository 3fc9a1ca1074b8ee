"""The Subject: there is one, it says something, and it does not shout."""

import re
from typing import assert_never

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Finding, Severity
from preflight_checks.mailfile.headers import Field
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailfile.subjects import Triviality, is_blank, load_trivial_words
from preflight_checks.mailrules.common import at_field, message_rule, shorten

MAX_SUBJECT = 200  # characters; rspamd LONG_SUBJ
_CAPITALS = 10  # letters that it takes to shout: abbreviations are shorter
_REPLY = re.compile(
    r"\s*(?:re|aw|sv|antw|odp|ynt|отв|ответ|回复|回覆|答复|答覆|回信|返信|회신|답장)\s*(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)
_URL = re.compile(r"\b(?:https?://|www\.)\S", re.IGNORECASE)

MISSING = message_rule(
    "subject-missing",
    Severity.ERROR,
    title="The message has a subject",
    why="Content filters, Microsoft's among them, hold a missing or empty subject against a message: real "
    "correspondence has one.",
    fix="Add a Subject field that sums the message up in a few words.",
    reference="RFC 5322 3.6.5",
    feeds_filters=True,
)
TRIVIAL = message_rule(
    "subject-trivial",
    Severity.ERROR,
    title="The subject says what the message is about",
    why="Test mail, and spammers who try out servers, write 'test' or 'hello'. Microsoft's filters let such mail "
    "through less often; test mail that reads like real mail shows how real mail will fare.",
    fix="Replace {subject} by a subject such as you would write to a customer, for example 'Minutes of the meeting on "
    "3 May'.",
    reference="Notes on mail to Microsoft's services: the subject must not be too simple",
    feeds_filters=True,
)
CAPITALS = message_rule(
    "subject-capitals",
    Severity.WARNING,
    title="The subject does not shout",
    why="A subject all in capitals is what advertising looks like; SpamAssassin and rspamd score it.",
    fix="Write the subject in upper and lower case.",
    reference="SpamAssassin SUBJ_ALL_CAPS; rspamd SUBJ_ALL_CAPS",
    feeds_filters=True,
)
LONG = message_rule(
    "subject-long",
    Severity.WARNING,
    title="The subject is short enough to be read",
    why="Filters score subjects of more than 200 characters, and mail programs show about 60.",
    fix="Say it in fewer words, and the rest in the body.",
    reference="rspamd LONG_SUBJ; RFC 5322 2.1.1",
    feeds_filters=True,
)
URL = message_rule(
    "subject-url",
    Severity.WARNING,
    title="The subject has no link",
    why="A link in the subject is a habit of spam, and filters score it high.",
    fix="Take the link out of the subject; it belongs into the body.",
    reference="rspamd URL_IN_SUBJECT",
    feeds_filters=True,
)
FAKE_REPLY = message_rule(
    "fake-reply",
    Severity.WARNING,
    title="A subject that says 'Re:' answers something",
    why="Real answers name the message that they answer in References or In-Reply-To. 'Re:' without them pretends a "
    "conversation that never was; Google's guidelines forbid it.",
    fix="Take 'Re:' out of the subject, or let the mail program answer so that it sets In-Reply-To and References.",
    reference="Google, Email sender guidelines; RFC 5322 3.6.4; rspamd FAKE_REPLY",
    feeds_filters=True,
)
RULES = (MISSING, TRIVIAL, CAPITALS, LONG, URL, FAKE_REPLY)


@judges(MISSING, TRIVIAL)
async def subject(_: Context, letter: Letter) -> Findings:
    """Whether there is a subject, and whether it says something."""
    part = "Subject"
    header = letter.mail.header
    field = header.first(part)
    if field is None and not header.complete:
        for rule in (MISSING, TRIVIAL):
            yield rule.undecided(part, "the header is larger than is looked at, and has no Subject so far")
        return
    if field is None:
        names = ", ".join(one.name for one in header.fields[:20])
        yield MISSING.fails(part, "the message has no Subject field", Evidence("message", part, names))
        return
    text, seen = field.text, _seen(field)
    if is_blank(text):
        yield MISSING.fails(part, "the Subject is empty", seen, at_field(letter, field))
        return
    shown = shorten(text)
    yield MISSING.passes(part, "the Subject is: {subject}", seen, subject=shown)
    yield _triviality(load_trivial_words().judge(text), shown, seen, at_field(letter, field))


def _seen(field: Field) -> list[Evidence]:
    """The decoded subject, and what stands in the file when that is something else."""
    decoded = Evidence("message", "Subject", field.text)
    return [decoded] if field.text == field.raw else [decoded, Evidence("message", "Subject (as sent)", field.raw)]


def _triviality(why: Triviality | None, text: str, seen: list[Evidence], place: Evidence) -> Finding:
    part, rule = "Subject", TRIVIAL
    match why:
        case None:
            return rule.passes(part, "the Subject says something: {subject}", seen, subject=text)
        case Triviality.WORDS:
            return rule.fails(part, "the Subject has only words that say nothing: {subject}", seen, place, subject=text)
        case Triviality.NO_WORDS:
            return rule.fails(part, "the Subject has no word: {subject}", seen, place, subject=text)
        case Triviality.TOO_SHORT:
            return rule.fails(part, "the Subject is too short to say anything: {subject}", seen, place, subject=text)
        case Triviality.KEYS:
            return rule.fails(part, "the Subject is keys in a row: {subject}", seen, place, subject=text)
        case _ as never:
            assert_never(never)


@judges(CAPITALS, LONG, URL, FAKE_REPLY)
async def style(_: Context, letter: Letter) -> Findings:
    """How the subject is written."""
    part = "Subject"
    header = letter.mail.header
    field = header.first(part)
    text = field.text if field else ""
    place = [at_field(letter, field)] if field else []
    letters = [character for character in text if character.isalpha()]
    if len(letters) >= _CAPITALS and text.isupper() and all(c.isupper() for c in letters):
        yield CAPITALS.fails(part, "the Subject is all in capitals: {subject}", place, subject=shorten(text))
    else:
        yield CAPITALS.passes(part, "the Subject is not all in capitals")
    if len(text) > MAX_SUBJECT:
        yield LONG.fails(part, "the Subject has {length} characters; {limit} are plenty", place, length=len(text),
                         limit=MAX_SUBJECT)  # fmt: skip
    else:
        yield LONG.passes(part, "the Subject has {length} characters", length=len(text))
    if _URL.search(text):
        yield URL.fails(part, "the Subject has a link in it: {subject}", place, subject=shorten(text))
    else:
        yield URL.passes(part, "the Subject has no link in it")
    answers = header.first("References") or header.first("In-Reply-To")
    if _REPLY.match(text) and not answers and header.complete:
        yield FAKE_REPLY.fails(
            part, "the Subject says that it is an answer, and no field names what it answers: {subject}", place,
            subject=shorten(text),
        )  # fmt: skip
    elif _REPLY.match(text) and not answers:
        yield FAKE_REPLY.undecided(part, "the header is larger than is looked at, and has no References so far")
    else:
        yield FAKE_REPLY.passes(part, "the Subject does not pretend to be an answer")
