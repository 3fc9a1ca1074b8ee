"""Which sentences of the engine a format says in another language, to find those that nobody has translated."""

from preflight.text import Language
from tests.golden.regenerate import language
from tests.golden.samples import RULES, SAMPLES, sample


class _Table(dict[str, str]):
    """Translations, which keeps what it was asked for and does not have."""

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__(known)
        self.missing: set[str] = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        if key not in self:
            self.missing.add(key)
        return super().get(key, default)  # type: ignore[arg-type]


class Words:
    """A language that keeps account of what is missing from it."""

    def __init__(self) -> None:
        self._table = _Table(dict(language("zh").table))
        self.language = Language("zh", self._table)

    @property
    def missing(self) -> set[str]:
        """The sentences that have no translation, without those of the samples, which no package has."""
        samples = [judged for name in SAMPLES for one in sample(name) for judged in one.findings]
        theirs = {judged.finding.message.template for judged in samples}
        ours = {text for rule in RULES.values() for text in (rule.fix, rule.why, rule.title)}
        return self._table.missing - ours - theirs - {"", "{part} x", "Ask through a resolver of your own."}
