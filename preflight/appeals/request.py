"""The request itself: filled with the bounce, the contact data and what the checks saw. Never sent by us."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from preflight.appeals.contact import Contact
from preflight.appeals.routes import Route, Statement, all_statements, route_for
from preflight.appeals.standing import Met, Standing, rules_for, standings
from preflight.diagnosis.causes import Weighing
from preflight.diagnosis.diagnosing import Examiner
from preflight.diagnosis.plan import Plan, plan_for
from preflight.diagnosis.refusals import Refusal, domain_of
from preflight.errors import ConfigError
from preflight.findings import RECORD
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.subject import Subject
from preflight.text import Language, nearest, visible

_MOST_REPLIES = 5  # different replies that are quoted
_LONGEST_REPLY = 2000  # characters of a reply that are quoted
NO_CONTACT = (
    "{label}: [contact] lacks {keys}, which the request needs; add a [contact] table with them (preflight init shows "
    "one), and give the file with --config"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send, to whom; `also` are other ways to the same people.

    `fields`: those of the form or portal. `body`: the text, in the language of the route.
    """

    to: str
    also: tuple[str, ...]
    subject: str
    fields: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """What came of it: the way, how each demand stands, what the user has yet to confirm, and the request.

    The request is `None` while a demand is not met, a statement not confirmed, or no request is possible at all.
    """

    refusal: Refusal
    route: Route
    plan: Plan
    standings: tuple[Standing, ...] = ()
    unconfirmed: tuple[Statement, ...] = ()
    request: Request | None = None
    report: Report | None = None


def chosen_refusals(refusals: Sequence[Refusal]) -> tuple[Route, list[Refusal]] | None:
    """The way for the first refusal that has one to ask, and all refusals that go there; the first refusal's way where
    none of them has. `None` where nothing was refused."""
    ways = [(route_for(refusal), refusal) for refusal in refusals if not refusal.taken]
    if not ways:
        return None
    route = next((route for route, _ in ways if route.way != "none"), ways[0][0])
    return route, [refusal for one, refusal in ways if one.id == route.id]


def check_confirmations(confirmed: Iterable[str]) -> frozenset[str]:
    """The ids of statements that the user confirms. Raises `ConfigError` for one that there is not."""
    known = all_statements()
    for one in confirmed:
        if one not in known:
            raise ConfigError(
                f"--confirm {visible(one)!r} is not known{nearest(one, known)}; known: {', '.join(known)}"
            )
    return frozenset(confirmed)


def check_contact(contact: Contact, route: Route, label: str) -> None:
    """Raises `ConfigError` that names the contact data which the request lacks, or an answer the form does not take."""
    if missing := contact.missing(route.places):
        raise ConfigError(NO_CONTACT.format(label=label, keys=", ".join(missing)))
    given = contact.places()
    for field in route.fields:
        name = field.value.strip("{}")
        if field.choices and name in given and given[name] not in field.choices:
            key = name.replace("_", "-")
            raise ConfigError(
                f"{label}: contact.{key} {visible(given[name])!r} is no answer of the form; give one of "
                f"{', '.join(field.choices)}"
            )


class Appellant:
    """Makes requests, by the same checks and the same engine as `preflight check`.

    `given` has the inputs of the options; the bounce adds what they lack.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        given: Subject,
        examiner: Examiner,
        language: Callable[[str], Language],
    ) -> None:
        self._registry = registry
        self._policy = policy
        self._given = given
        self._examiner = examiner
        self._language = language

    def appeal(self, route: Route, refusals: Sequence[Refusal], contact: Contact, confirmed: Collection[str]) -> Appeal:
        """The request for these refusals, or what stands in its way. `refusals` are not empty, and go one way."""
        plan = plan_for(refusals, self._given, self._registry)
        if route.way == "none":
            return Appeal(refusal=refusals[0], route=route, plan=plan)
        rules = tuple(dict.fromkeys(rule for demand in route.demands for rule in rules_for(demand, self._registry)))
        report = self._examiner.report(plan.subject, rules)
        weighing = Weighing(plan, report, self._registry, self._policy)
        stand = standings(route, weighing, self._registry, confirmed)
        unconfirmed = tuple(one for one in route.statements if one.id not in confirmed)
        request = None
        if report is not None and all(one.holds for one in stand) and not unconfirmed:
            said = [one.said for one in _statements(route) if one.id in confirmed]
            language = self._language(route.language)
            filled = _places(route, refusals, report, plan)
            filled |= contact.places()
            filled["evidence"] = "\n".join(f"- {line}" for line in _evidence(stand, language))
            filled["statements"] = " ".join(language.say(words) for words in said)
            request = _request(route, refusals, filled)
        return Appeal(
            refusal=refusals[0],
            route=route,
            plan=plan,
            standings=stand,
            unconfirmed=unconfirmed,
            request=request,
            report=report,
        )


def _statements(route: Route) -> list[Statement]:
    """Those that have to be made, then those that may stand in for a check."""
    vouching = [demand.vouched for demand in route.demands if demand.vouched]
    return list(dict.fromkeys((*route.statements, *vouching)))


def _request(route: Route, refusals: Sequence[Refusal], filled: Mapping[str, str]) -> Request:
    reply = " ".join(refusal.recipient.text for refusal in refusals)

    def fill(template: str) -> str:
        return template.format_map(filled)

    usual, named = fill(route.where), route.named_in(reply)
    to = named or usual
    return Request(
        to=to,
        also=tuple(one for one in (usual, *route.also) if one != to),
        subject=fill(route.subject),
        fields=tuple((field.name, fill(field.value)) for field in route.fields),
        body="\n\n".join(fill(paragraph) for paragraph in route.letter.body) + "\n",
    )


def _places(route: Route, refusals: Sequence[Refusal], report: Report, plan: Plan) -> dict[str, str]:
    """What fills the places, but for the contact data, the evidence and the statements. All of it is shown safely."""
    subject = report.subject
    ips = [str(ip) for ip in subject.ips]
    named = dict.fromkeys(name for one in refusals if (name := domain_of(one.recipient.recipient)))
    to = list(named) or list(route.domains)
    bounce = refusals[0].bounce
    stated = refusals[0].recipient
    codes = " ".join(str(code) for code in (stated.reply_code, stated.enhanced_code) if code)
    replies = list(dict.fromkeys(one.recipient.text for one in refusals))[:_MOST_REPLIES]
    places = {
        "ips": ", ".join(ips),
        "first_ip": ips[0] if ips else "",
        "domain": to[0] if to else stated.remote_host or "",
        "domain_to": ", ".join(to) or route.letter.receiver,
        "domain_from": plan.subject.domain or subject.domain or subject.helo or "",
        "errors": "\n".join(replies),
        "code": bounce.id.partition("/")[2] if bounce else codes,
        "when": report.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return {
        name: "\n".join(visible(line, limit=_LONGEST_REPLY) for line in text.splitlines())
        for name, text in places.items()
    }


def _evidence(stand: Sequence[Standing], language: Language) -> list[str]:
    """What the checks saw of each demand that they found met, a line each."""
    lines: dict[str, None] = {}
    for one in stand:
        for cause in one.causes if one.met is Met.YES else ():
            for judged in cause.findings:
                finding = judged.finding
                looks = [f"{look.asked} → {look.seen}" for look in finding.evidence if look.source != RECORD][:1]
                seen = f" ({looks[0]})" if looks else ""
                lines[visible(f"{language.say(finding.message)}{seen}")] = None
    return list(lines)
