"""Diagnoses as JSON, for programs. The structs below are the format: `preflight.render.schema` describes them."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from preflight.bounces.catalogue import Category
from preflight.bounces.reading import Kind, Phase
from preflight.diagnosis.causes import Cause, CauseState
from preflight.diagnosis.diagnosing import Diagnosis
from preflight.diagnosis.refusals import UNKNOWN, Nested, Refusal
from preflight.diagnosis.summary import CodeCount, Summary
from preflight.render.json import BounceId, Count, ReportDocument, RuleId, report_document, to_json
from preflight.text import Language

MOST_DOMAINS = 20  # of a code, by name
DIAGNOSES = "preflight-diagnoses/1"

ReplyCode = Annotated[int | None, Meta(description="The reply code (RFC 5321 4.2), as stated.")]
EnhancedCode = Annotated[str | None, Meta(description="The enhanced code (RFC 3463), as stated.")]
Entry = Annotated[BounceId | None, Meta(description="The entry of the bounce catalogue that the reply is.")]
ProviderId = Annotated[str | None, Meta(description="Whose reply it is; null where nothing tells.")]
Permanent = Annotated[bool | None, Meta(description="Whether trying again is pointless; null where nothing tells.")]
When = Annotated[
    str | None,
    Meta(description="RFC 3339, UTC; null where no time is stated.", extra_json_schema={"format": "date-time"}),
]


class NestedDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """The reply within the reply: what a server further on said."""

    reply_code: ReplyCode
    enhanced_code: EnhancedCode
    bounce: Entry
    provider: ProviderId
    category: Category
    permanent: Permanent
    text: str


class RecipientDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the mail to one recipient. Codes are the outer reply's; entry, provider and category are those
    that were diagnosed: of the nested reply, where it has an entry."""

    recipient: Annotated[str | None, Meta(description="The address; null for a pasted reply that names none.")]
    remote_host: Annotated[str | None, Meta(description="Who refused.")]
    sending_ip: Annotated[str | None, Meta(description="The address that was refused, where it is stated.")]
    phase: Annotated[Phase, Meta(description="The command that was refused.")]
    reply_code: ReplyCode
    enhanced_code: EnhancedCode
    bounce: Entry
    provider: ProviderId
    category: Annotated[Category | None, Meta(description="The kind of refusal; null where nothing was refused.")]
    permanent: Permanent
    inner: NestedDocument | None
    text: Annotated[str, Meta(description="The reply in full, as one line.")]


class CauseDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """One cause, and what is known of it."""

    cause: Annotated[
        str,
        Meta(description="The rule that decides it, as check/rule; else the id of a place to look or of a reason."),
    ]
    state: Annotated[
        CauseState,
        Meta(
            description="confirmed: a rule failed; undetermined: no answer, or an input is missing; outside: no check "
            "can see it, `fix` says where to look; ruled-out: the rule passed, or the refusal came too early for it."
        ),
    ]
    because: Annotated[list[RuleId], Meta(description="The rules that make it so.")]
    fix: Annotated[str | None, Meta(description="What mends it, lets it be told, or where to look.")]


class DiagnosisDocument(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag="preflight-diagnosis/1"
):
    """The diagnosis of one message, line of a log or pasted reply."""

    source: Annotated[str, Meta(description="The file, with the message or line in it; - for standard input.")]
    kind: Kind
    recipients: list[RecipientDocument]
    causes: Annotated[list[CauseDocument], Meta(description="In the order to look at them.")]
    report: Annotated[ReportDocument | None, Meta(description="The run that was made; null where none was.")]


class DomainDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """Recipients at one domain."""

    domain: Annotated[str, Meta(description="Empty where no recipient is named.")]
    recipients: Count


class CodeDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted of one code. No recipient is named."""

    reply_code: ReplyCode
    enhanced_code: EnhancedCode
    bounce: Entry
    provider: ProviderId
    category: Category
    permanent: Permanent
    recipients: Count
    messages: Count
    domains: Annotated[list[DomainDocument], Meta(description="The most frequent ones.")]
    other_domains: Annotated[Count, Meta(description="Recipients at other domains.")]
    first_seen: When
    last_seen: When


class SummaryDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted over all."""

    messages: Annotated[Count, Meta(description="Messages and lines that were read.")]
    recipients: Annotated[Count, Meta(description="Recipients that were refused.")]
    kinds: dict[Kind, Count]
    codes: Annotated[list[CodeDocument], Meta(description="The most frequent ones first.")]
    first_seen: When
    last_seen: When


class DiagnosesDocument(Struct, frozen=True, forbid_unknown_fields=True, tag_field="schema", tag=DIAGNOSES):
    """The diagnoses of many, in input order, and their summary."""

    diagnoses: list[DiagnosisDocument]
    summary: SummaryDocument


def diagnosis_document(diagnosis: Diagnosis, language: Language) -> DiagnosisDocument:
    """A diagnosis in the form of the JSON format, its sentences in the given language."""
    return DiagnosisDocument(
        source=diagnosis.bounce.source,
        kind=diagnosis.bounce.kind,
        recipients=[_recipient(refusal) for refusal in diagnosis.refusals],
        causes=[_cause(cause, language) for cause in diagnosis.causes],
        report=report_document(diagnosis.report, language) if diagnosis.report else None,
    )


def summary_document(summary: Summary) -> SummaryDocument:
    """What was counted, in the form of the JSON format."""
    return SummaryDocument(
        messages=summary.messages,
        recipients=summary.recipients,
        kinds=dict(summary.kinds),
        codes=[_code(code) for code in summary.codes()],
        first_seen=_time(summary.first),
        last_seen=_time(summary.last),
    )


def diagnosis_line(diagnosis: Diagnosis, language: Language) -> str:
    """A diagnosis as one line of JSON, with a line break at its end."""
    return f"{to_json(diagnosis_document(diagnosis, language), None)}\n"


def diagnosis_object(diagnosis: Diagnosis, language: Language) -> str:
    """A diagnosis as an object of JSON, with a line break at its end."""
    return f"{to_json(diagnosis_document(diagnosis, language))}\n"


class Collected:
    """Many diagnoses as one object (`DiagnosesDocument`), piece by piece: none of them has to be kept."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._before = f'{{"schema": "{DIAGNOSES}", "diagnoses": [\n'

    def next(self, diagnosis: Diagnosis) -> str:
        """The piece of a diagnosis, and what goes before it."""
        before, self._before = self._before, ",\n"
        return before + diagnosis_line(diagnosis, self._language).rstrip("\n")

    def end(self, summary: Summary) -> str:
        """The last piece, with what was counted."""
        before = "" if self._before == ",\n" else self._before
        return f'{before}\n], "summary": {to_json(summary_document(summary))}}}\n'


def _recipient(refusal: Refusal) -> RecipientDocument:
    stated = refusal.recipient
    return RecipientDocument(
        recipient=stated.recipient,
        remote_host=stated.remote_host,
        sending_ip=stated.sending_ip,
        phase=stated.phase,
        reply_code=stated.reply_code,
        enhanced_code=stated.enhanced_code,
        bounce=refusal.bounce.id if refusal.bounce else None,
        provider=refusal.provider,
        category=None if refusal.taken else refusal.category,
        permanent=refusal.permanent,
        inner=_nested(refusal.nested) if refusal.nested else None,
        text=stated.text,
    )


def _nested(nested: Nested) -> NestedDocument:
    match = nested.match
    return NestedDocument(
        reply_code=nested.reply.reply_code,
        enhanced_code=nested.reply.enhanced_code,
        bounce=match.bounce.id if match else None,
        provider=match.provider if match else None,
        category=match.bounce.category if match else UNKNOWN,
        permanent=match.permanent if match else nested.reply.permanent,
        text=nested.reply.text,
    )


def _cause(cause: Cause, language: Language) -> CauseDocument:
    return CauseDocument(
        cause=cause.id,
        state=cause.state,
        because=list(cause.because),
        fix=language.say(cause.fix) if cause.fix else None,
    )


def _code(code: CodeCount) -> CodeDocument:
    refusal = code.example
    named = code.domains.named.most_common(MOST_DOMAINS)
    return CodeDocument(
        reply_code=refusal.recipient.reply_code,
        enhanced_code=refusal.recipient.enhanced_code,
        bounce=refusal.bounce.id if refusal.bounce else None,
        provider=refusal.provider,
        category=refusal.category,
        permanent=refusal.permanent,
        recipients=code.recipients,
        messages=code.messages,
        domains=[DomainDocument(domain, count) for domain, count in named],
        other_domains=code.recipients - sum(count for _, count in named),
        first_seen=_time(code.first),
        last_seen=_time(code.last),
    )


def _time(when: datetime | None) -> str | None:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
