"""What preflight knows, as pages: the bounce codes (`preflight codes`) and the rules (`preflight rules`).

Each function returns a text with a final line break. `registry` brings the catalogue, the rules and the checks.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from preflight.bounces.catalogue import Bounce, Catalogue
from preflight.bounces.not_seen import NAME as NOT_SEEN
from preflight.bounces.not_seen import NotSeen, load_not_seen
from preflight.check import Check, Rule
from preflight.registry import Registry
from preflight.render.document import Block, Facts, Heading, Items, Paragraph, Ref, Table, to_markdown, to_text
from preflight.render.reference import CODES_PAGE, RULES_PAGE, readable
from preflight.render.reference import json_page as _json
from preflight.render.reference import made_by as _made_by
from preflight.render.reference import rule_title as _rule_title
from preflight.subject import OPTIONS
from preflight.text import Language

CODES_INTRODUCTION = "Replies by which receivers turn mail away. None was tested against the live services."
PROVIDERS_INTRODUCTION = "preflight codes PROVIDER lists what one of them answers; preflight codes REPLY finds a reply."
RULES_INTRODUCTION = "What the installed checks can find fault with. A policy may give a rule another severity."
PLACES = "The run fills the places in <…>; <part> is what was judged: an address, a name, a header, a file."
COVERAGE = {
    "full": "the rules decide it",
    "partial": "the rules find its usual causes; reputation is known to the receiver alone",
    "external": "no rule can see it from outside; the advice says where to look",
}
"""What each coverage of the catalogue means."""

NOT_SEEN_INTRODUCTION = (
    "The mail was taken, no refusal came back, and the recipient does not find it: why, for a mailbox of Hotmail "
    "(Outlook.com)."
)
LARGE_PROVIDERS = "Who sends from one of these may leave the sender's side aside: {domains}."

_FROM_HOST = {"ip", "helo", "domain", "mx"}  # inputs that `preflight check HOST` finds by itself
_SENTENCE = re.compile(r".*?(?:[。！？]|[.!?](?=\s|$)|$)", re.DOTALL)


def codes_text(bounces: Sequence[Bounce], registry: Registry, language: Language, width: int) -> str:
    """One bounce with everything on it; several, or none, as a table; of all, those of the board and the providers."""
    if len(bounces) == 1:
        return to_text(_bounce_blocks(bounces[0], registry, language), width)
    if len(bounces) == len(registry.catalogue.bounces):
        board = [bounce for bounce in bounces if bounce.on_board]
        blocks: list[Block] = [_bounce_table(board, language, below=True), _coverage_legend(language)]
        return to_text([*blocks, *_provider_blocks(registry.catalogue, language)], width)
    return to_text([_bounce_table(bounces, language, below=True), _coverage_legend(language)], width)


def codes_markdown(bounces: Sequence[Bounce], registry: Registry, language: Language) -> str:
    """A page of docs/: a table of the bounces, then a section for each.

    Of all bounces, docs/codes.md: those of the board, and where the others are; of all that a provider has, its page.
    """
    whole = len(bounces) == len(registry.catalogue.bounces)
    provider = None if whole else _whole_provider(bounces, registry.catalogue)
    shown = [bounce for bounce in bounces if bounce.on_board or not whole]
    of_whom = f": {language.say(bounces[0].provider)}" if provider else ""
    blocks: list[Block] = [
        Heading(language.say("Bounce codes") + of_whom, 1),
        Paragraph(language.say(CODES_INTRODUCTION)),
        _bounce_table(shown, language),
        _coverage_legend(language),
    ]
    for bounce in shown:
        blocks += _bounce_blocks(bounce, registry, language)
    if whole:
        blocks += [*_provider_blocks(registry.catalogue, language), *_not_seen_blocks(load_not_seen(), language)]
        return _made_by("codes", language) + to_markdown(blocks)
    if provider:
        return _made_by(f"codes {provider}", language) + to_markdown(blocks, at=provider_page(provider))
    return _made_by("codes CODE", language) + to_markdown(blocks)


def provider_page(provider: str) -> str:
    """The page of docs/ that has the bounces of a provider."""
    return f"codes/{provider}.md"


def codes_json(bounces: Sequence[Bounce], registry: Registry, language: Language) -> str:
    """A list of objects, texts in the language."""
    return _json(
        {
            "id": bounce.id,
            "provider": bounce.provider_id,
            "reply": bounce.reply,
            "permanent": bounce.permanent,
            "category": bounce.category,
            "coverage": bounce.coverage,
            "meaning": language.say(bounce.meaning),
            "causes": [language.say(cause) for cause in bounce.causes],
            "advice": [language.say(step) for step in bounce.advice],
            "rules": list(registry.rules_of(bounce)),
            "source": [language.say(source) for source in bounce.source],
            "examples": list(bounce.examples),
        }
        for bounce in bounces
    )


def not_seen_text(language: Language, width: int) -> str:
    """Why mail that no server refused is not seen."""
    return to_text(_not_seen_blocks(load_not_seen(), language), width)


def not_seen_markdown(language: Language) -> str:
    """The same as Markdown."""
    return _made_by(f"codes {NOT_SEEN}", language) + to_markdown(_not_seen_blocks(load_not_seen(), language))


def not_seen_json(language: Language) -> str:
    """A list of objects, texts in the language."""
    return _json(
        {
            "id": reason.id,
            "side": reason.side,
            "title": language.say(reason.title),
            "meaning": language.say(reason.meaning),
            "advice": language.say(reason.advice),
            "rules": list(reason.rules),
        }
        for reason in load_not_seen().reasons
    )


def rules_text(rules: Sequence[Rule], registry: Registry, language: Language, width: int, *, details: bool) -> str:
    """The rules by check, in tables; with `details`, everything on each."""
    blocks: list[Block] = []
    for check, own in _by_check(rules, registry):
        if not details:
            blocks += [_check_heading(check, language), _rule_table(own, language)]
            continue
        if len(rules) > 1:
            blocks.append(_check_heading(check, language))
        for rule in own:
            blocks += _rule_blocks(rule, registry, language)
    if details and any("<" in readable(rule.fix, language) for rule in rules):
        blocks.append(_places_note(language))
    return to_text(blocks, width)


def rules_markdown(rules: Sequence[Rule], registry: Registry, language: Language) -> str:
    """The page docs/rules.md: for each check a table of its rules, then a section for each rule."""
    blocks: list[Block] = [Heading(language.say("Rules"), 1), Paragraph(language.say(RULES_INTRODUCTION))]
    blocks.append(_places_note(language))
    for check, own in _by_check(rules, registry):
        blocks += [_check_heading(check, language), _rule_table(own, language)]
        for rule in own:
            blocks += _rule_blocks(rule, registry, language)
    command = "rules" if len(rules) == len(registry.rules) else "rules ID"
    return _made_by(command, language) + to_markdown(blocks)


def rules_json(rules: Sequence[Rule], registry: Registry, language: Language) -> str:
    """A list of objects, texts in the language; `needs` has the names of inputs, `domain|helo` for either of two."""
    return _json(
        {
            "id": rule.id,
            "check": rule.id.partition("/")[0],
            "severity": rule.severity.value,
            "title": readable(rule.title, language),
            "why": readable(rule.why, language),
            "fix": readable(rule.fix, language),
            "needs": list(rule.needs),
            "prevents": list(registry.prevented(rule)),
            "reference": rule.reference,
        }
        for rule in rules
    )


# --- codes ----------------------------------------------------------------------------------------------------------


def _bounce_table(bounces: Sequence[Bounce], language: Language, *, below: bool = False) -> Table:
    head = [language.say(word) for word in ("code", "reply", "class", "coverage", "meaning")]
    rows = [
        (
            bounce_ref(bounce),
            bounce.reply,
            _class(bounce, language),
            language.say(bounce.coverage),
            _first_sentence(language.say(bounce.meaning)),
        )
        for bounce in bounces
    ]
    return Table(head, rows, below=below)


def _bounce_blocks(bounce: Bounce, registry: Registry, language: Language) -> list[Block]:
    coverage = language.say(
        "{coverage} ({meaning})",
        coverage=language.say(bounce.coverage),
        meaning=language.say(COVERAGE[bounce.coverage]),
    )
    facts = [
        ("reply", bounce.reply),
        ("receiver", language.say(bounce.provider)),
        ("class", _class(bounce, language)),
        ("category", bounce.category),
        ("coverage", coverage),
    ]
    blocks: list[Block] = [
        Heading(bounce.id, 2),
        Facts([(language.say(name), value) for name, value in facts]),
        Paragraph(language.say(bounce.meaning)),
        Items(language.say("Causes"), [language.say(cause) for cause in bounce.causes]),
        Items(language.say("What to do"), [language.say(step) for step in bounce.advice], ordered=True),
    ]
    if rules := registry.rules_of(bounce):
        titles = [(Ref(rule, RULES_PAGE), _rule_title(rule, registry, language)) for rule in rules]
        head = [language.say("rule"), language.say("title")]
        blocks.append(Table(head, titles, language.say("Rules that predict it")))
    if bounce.examples:
        blocks.append(Items(language.say("As it comes back"), bounce.examples))
    sources = language.say("Sources, last looked at on {date}", date=bounce.checked.isoformat())
    return [*blocks, Items(sources, [language.say(source) for source in bounce.source])]


def bounce_ref(bounce: Bounce) -> Ref:
    """The id of a bounce, as a link to its section where there are links."""
    return Ref(bounce.id, CODES_PAGE if bounce.on_board else provider_page(bounce.provider_id))


def _provider_blocks(catalogue: Catalogue, language: Language) -> list[Block]:
    """Whose other replies are known; nothing where there are none."""
    counts = _by_provider(catalogue.bounces.values())
    if not counts:
        return []
    head = [language.say(word) for word in ("provider", "codes", "name")]
    rows = [
        (Ref(one, provider_page(one), anchor=False), str(count), language.say(catalogue.providers[one].name))
        for one, count in counts.items()
    ]
    return [
        Heading(language.say("Replies of other servers"), 2),
        Paragraph(language.say(PROVIDERS_INTRODUCTION)),
        Table(head, rows),
    ]


def _by_provider(bounces: Iterable[Bounce]) -> Counter[str]:
    """How many bounces that are not on the board each provider has."""
    return Counter(bounce.provider_id for bounce in bounces if not bounce.on_board)


def _whole_provider(bounces: Sequence[Bounce], catalogue: Catalogue) -> str | None:
    """The provider all of whose bounces these are."""
    providers = {bounce.provider_id for bounce in bounces}
    if len(providers) != 1:
        return None
    provider = providers.pop()
    whole = len(bounces) == sum(bounce.provider_id == provider for bounce in catalogue.bounces.values())
    return provider if whole else None


def _class(bounce: Bounce, language: Language) -> str:
    if bounce.permanent is None:
        return language.say("either")
    return language.say("permanent" if bounce.permanent else "temporary")


def _coverage_legend(language: Language) -> Facts:
    return Facts([(language.say(word), language.say(meaning)) for word, meaning in COVERAGE.items()])


def _first_sentence(text: str) -> str:
    match = _SENTENCE.match(text)
    return match[0] if match else text


def _not_seen_blocks(guide: NotSeen, language: Language) -> list[Block]:
    """Why mail is not seen, by the side that can mend it, and what to mind with test messages."""
    blocks: list[Block] = [Heading(NOT_SEEN, 2), Paragraph(language.say(NOT_SEEN_INTRODUCTION))]
    sides = {"recipient": "On the recipient's side", "sender": "On the sender's side"}
    for side, title in sides.items():
        for reason in guide.reasons:
            if reason.side != side:
                continue
            blocks += [
                Heading(f"{language.say(title)}: {language.say(reason.title)}", 3),
                Paragraph(language.say(reason.meaning)),
                Items(language.say("What to do"), [language.say(reason.advice)]),
            ]
            if reason.rules:
                blocks.append(Facts([(language.say("Rules that can show it"), ", ".join(reason.rules))]))
    blocks.append(Paragraph(language.say(LARGE_PROVIDERS, domains=", ".join(sorted(guide.large)))))
    blocks.append(Items(language.say("Before you send a test message"), [language.say(hint) for hint in guide.hints]))
    sources = language.say("Sources, last looked at on {date}", date=guide.checked.isoformat())
    return [*blocks, Items(sources, [language.say(guide.source)])]


# --- rules ----------------------------------------------------------------------------------------------------------


def _by_check(rules: Sequence[Rule], registry: Registry) -> list[tuple[Check, list[Rule]]]:
    wanted = {rule.id for rule in rules}
    grouped = [(check, [rule for rule in check.rules if rule.id in wanted]) for check in registry.checks.values()]
    return [(check, own) for check, own in grouped if own]


def _check_heading(check: Check, language: Language) -> Heading:
    return Heading(f"{check.id}: {readable(check.title, language)}", 2)


def _rule_table(rules: Sequence[Rule], language: Language) -> Table:
    head = [language.say(word) for word in ("rule", "severity", "title")]
    rows = [
        (Ref(rule.id, RULES_PAGE), language.say(rule.severity.value), readable(rule.title, language)) for rule in rules
    ]
    return Table(head, rows)


def _rule_blocks(rule: Rule, registry: Registry, language: Language) -> list[Block]:
    facts = [
        ("title", readable(rule.title, language)),
        ("severity", language.say(rule.severity.value)),
        ("needs", _needs(rule, language)),
        ("reference", rule.reference),
    ]
    blocks: list[Block] = [
        Heading(rule.id, 3),
        Facts([(language.say(name), value) for name, value in facts]),
        Paragraph(readable(rule.why, language), language.say("Why it matters")),
        Paragraph(readable(rule.fix, language), language.say("Fix")),
    ]
    prevented = [registry.catalogue.bounces[bounce] for bounce in registry.prevented(rule)]
    if board := [bounce for bounce in prevented if bounce.on_board]:
        replies = [(bounce_ref(bounce), bounce.reply) for bounce in board]
        head = [language.say("code"), language.say("reply")]
        blocks.append(Table(head, replies, language.say("Bounces it prevents")))
    if others := _by_provider(prevented):
        counted = ", ".join(f"{provider} ({count})" for provider, count in others.items())
        blocks.append(Paragraph(counted, language.say("Replies of other servers that it prevents")))
    return blocks


def _needs(rule: Rule, language: Language) -> str:
    """The options that give the rule its inputs: those of `preflight check`."""
    needed = ["/".join(dict.fromkeys(OPTIONS[one] for one in need.split("|"))) for need in rule.needs]
    if not needed:
        return language.say("nothing")
    options = ", ".join(dict.fromkeys(needed))
    if all(not _FROM_HOST.isdisjoint(need.split("|")) for need in rule.needs):
        return language.say("HOST, or {options}", options=options)
    return options


def _places_note(language: Language) -> Paragraph:
    return Paragraph(readable(PLACES, language))
