"""A scripted stand-in for the name servers, for tests of checks."""

from collections.abc import Mapping, Sequence

from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered

Script = Mapping[str, Sequence[str] | Answer | type[NoData] | type[NxDomain] | Reason]


class FakeSource(Source):
    """Answers from a script, and fails on a question that it was not told about.

    The script maps a question as one would say it (`"PTR 10.2.0.192.in-addr.arpa"`) to a list of record texts,
    to `NxDomain` or `NoData`, to a complete `Answer`, or to a `Reason` for which it stays unanswered. It never
    answers NXDOMAIN by default: a test that forgot a question must notice (`AssertionError`, which a run shows
    as a crash of the check, and the question stands in `untold`). `asked` lists the questions in order. Raises
    `TypeError` for a text in place of a list of texts.
    """

    def __init__(self, script: Script, servers: Sequence[str] = ()) -> None:
        for text, outcome in script.items():
            if isinstance(outcome, str) and not isinstance(outcome, Reason):  # a text is a sequence of texts, too
                raise TypeError(f"the records for {text!r} are a text, not a list of texts: {outcome!r}")
        self._script = {_question(text): outcome for text, outcome in script.items()}
        self._servers = tuple(servers)
        self.asked: list[Question] = []
        self.untold: list[Question] = []

    @property
    def servers(self) -> tuple[str, ...]:
        """The name servers that the script pretends to ask."""
        return self._servers

    async def ask(self, question: Question) -> Answer:
        """The scripted outcome."""
        self.asked.append(question)
        if question not in self._script:
            self.untold.append(question)
            raise AssertionError(f"the script has no answer for: {question}")
        outcome = self._script[question]
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, Reason):
            raise Unanswered(question, outcome)
        if isinstance(outcome, type):
            return outcome(question)
        return Records(question, (), tuple(outcome))


def _question(text: str) -> Question:
    rtype, _, name = text.partition(" ")
    return Question.of(name, rtype)
