"""What receivers demand, as pages: `preflight profiles`.

Each function returns a text with a final line break. `registry` brings the rules and the catalogue of bounces.
"""

from collections.abc import Sequence

from preflight.profiles import BULK, Demand, Profile
from preflight.registry import Registry
from preflight.render.catalogue import bounce_ref
from preflight.render.document import Block, Heading, Paragraph, Ref, Table, to_markdown, to_text
from preflight.render.reference import RULES_PAGE, json_page, made_by, rule_title
from preflight.text import Language

PAGE = "receivers.md"
INTRODUCTION = (
    "What large receivers demand of those who send to them. The option --profile weighs the rules by it and shows the "
    "codes of the receiver. Rules that a receiver says nothing of keep their own severity."
)
WHO = (
    "More is asked of a domain that sends {count} messages a day and more (in bulk). Such a one is assumed, since a "
    "domain that once did counts as one for good; with --no-bulk only what is asked of everybody counts."
)


def profiles_text(
    chosen: Sequence[Profile], registry: Registry, language: Language, width: int, *, details: bool
) -> str:
    """The profiles in a table; with `details`, everything on each."""
    if details:
        return to_text([block for one in chosen for block in _blocks(one, registry, language)], width)
    return to_text([_overview(chosen, language), Paragraph(language.say(WHO, count=f"{BULK:,}"))], width)


def profiles_markdown(chosen: Sequence[Profile], registry: Registry, language: Language) -> str:
    """The page docs/receivers.md: a table of the profiles, then a section for each."""
    blocks: list[Block] = [
        Heading(language.say("Receivers"), 1),
        Paragraph(language.say(INTRODUCTION)),
        Paragraph(language.say(WHO, count=f"{BULK:,}")),
        _overview(chosen, language),
    ]
    for one in chosen:
        blocks += _blocks(one, registry, language)
    command = "profiles" if len(chosen) > 1 else "profiles NAME"
    return made_by(command, language) + to_markdown(blocks)


def profiles_json(chosen: Sequence[Profile], registry: Registry, language: Language) -> str:
    """A list of objects, texts in the language. `bulk` is the severity for senders in bulk where it is another."""
    return json_page(
        {
            "name": one.name,
            "title": language.say(one.title),
            "checked": one.checked.isoformat(),
            "demands": [
                {
                    "rule": demand.rule,
                    "severity": demand.severity.value if demand.severity else None,
                    "bulk": demand.bulk.value if demand.bulk else None,
                    "reason": language.say(demand.reason),
                    "source": language.say(demand.source),
                }
                for demand in _in_order(one, registry)
            ],
            "board": [code for code in _codes(one, registry) if code in one.codes],
            "bulk_board": [code for code in _codes(one, registry) if code in one.bulk_codes],
        }
        for one in chosen
    )


def _overview(chosen: Sequence[Profile], language: Language) -> Table:
    head = [language.say(word) for word in ("profile", "receiver", "demands", "codes")]
    rows = [
        (
            Ref(one.name, PAGE),
            language.say(one.title),
            language.say("{count} demands", count=len(one.demands)),
            language.say("{count} codes", count=len(one.board)),
        )
        for one in chosen
    ]
    return Table(head, rows)


def _blocks(one: Profile, registry: Registry, language: Language) -> list[Block]:
    blocks: list[Block] = [Heading(one.name, 2), Paragraph(language.say(one.title))]
    head = [language.say(word) for word in ("rule", "severity", "title")]
    for (reason, source), demands in _by_reason(one, registry, language).items():
        rows = [
            (Ref(one.rule, RULES_PAGE), _weights(one, language), rule_title(one.rule, registry, language))
            for one in demands
        ]
        blocks += [Paragraph(reason), Table(head, rows), Paragraph(language.say("Source: {source}", source=source))]
    if codes := _codes(one, registry):
        known = registry.catalogue.bounces
        whom = {code: language.say("in bulk" if code in one.bulk_codes else "all senders") for code in codes}
        replies = [(bounce_ref(known[code]), whom[code], known[code].reply) for code in codes]
        head = [language.say(word) for word in ("code", "senders", "reply")]
        blocks.append(Table(head, replies, language.say("Codes on its board")))
    checked = language.say("The sources were last looked at on {date}.", date=one.checked.isoformat())
    return [*blocks, Paragraph(checked)]


def _weights(demand: Demand, language: Language) -> str:
    """What a demand weighs, for all senders and for those in bulk."""
    everybody, bulk = demand.severity, demand.bulk
    if bulk is None:
        return language.say(everybody.value) if everybody is not None else "-"
    if everybody is None:
        return language.say("{severity} in bulk", severity=language.say(bulk.value))
    said = {"severity": language.say(everybody.value), "bulk": language.say(bulk.value)}
    return language.say("{severity}, in bulk {bulk}", **said)


def _by_reason(one: Profile, registry: Registry, language: Language) -> dict[tuple[str, str], list[Demand]]:
    """The demands that rest on one and the same sentence, together."""
    groups: dict[tuple[str, str], list[Demand]] = {}
    for demand in _in_order(one, registry):
        groups.setdefault((language.say(demand.reason), language.say(demand.source)), []).append(demand)
    return groups


def _in_order(one: Profile, registry: Registry) -> list[Demand]:
    """The demands in the order of the rules; those of checks that are not installed last."""
    places = {rule: number for number, rule in enumerate(registry.rules)}
    return sorted(one.demands.values(), key=lambda demand: places.get(demand.rule, len(places)))


def _codes(one: Profile, registry: Registry) -> list[str]:
    """The codes on its board in the order of the catalogue."""
    return [code for code in registry.catalogue.bounces if code in one.board]
