"""The public test suite of RFC 7208 (tests/data/rfc7208): its cases, and its zones as answers of DNS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from preflight.net.dns import Answer, NoData, NxDomain, Question, Reason, Records, Source, Unanswered

FILE = Path(__file__).parents[1] / "data" / "rfc7208" / "rfc7208-tests.yml"


@dataclass(frozen=True)
class Case:
    """One case: what is sent, what may come out, and the zones of its scenario."""

    scenario: str
    name: str
    spec: str
    host: str
    helo: str
    mail_from: str
    results: tuple[str, ...]
    explanation: str | None
    zones: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


def cases() -> Iterator[Case]:
    """All cases of the suite."""
    for document in yaml.safe_load_all(FILE.read_text(encoding="utf-8")):
        for name, test in document["tests"].items():
            results = test["result"]
            yield Case(
                scenario=document["description"],
                name=name,
                spec=str(test["spec"]),
                host=test["host"],
                helo=test["helo"],
                mail_from=test["mailfrom"],
                results=tuple(results) if isinstance(results, list) else (results,),
                explanation=test.get("explanation"),
                zones=document["zonedata"],
            )


class SuiteSource(Source):
    """The zones of a scenario. `TIMEOUT` in the place of records leaves the question unanswered; so does the name
    `error.*`, as in the suite's own driver. Where a name has no TXT record, its records of type SPF are meant."""

    def __init__(self, zones: Mapping[str, Any]) -> None:
        self._zones = {name.lower(): _records(entries) for name, entries in zones.items()}
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Answer:
        """What the zones have, aliases followed."""
        self.asked.append(question)
        return self._look_up(question, question.name, ())

    def _look_up(self, question: Question, name: str, aliases: tuple[str, ...]) -> Answer:
        if name not in self._zones:
            if name.startswith("error."):
                raise Unanswered(question, Reason.TIMEOUT)
            return NxDomain(question, aliases)
        values: list[str] = []
        for rtype, value in self._zones[name]:
            if rtype == "TIMEOUT" and not values:
                raise Unanswered(question, Reason.TIMEOUT)
            if rtype == question.rtype and value == "TIMEOUT":
                raise Unanswered(question, Reason.TIMEOUT)
            if rtype == question.rtype:
                values.append(value)
        if values:
            return Records(question, aliases, tuple(values))
        alias = next((value.removesuffix(".").lower() for rtype, value in self._zones[name] if rtype == "CNAME"), None)
        if alias is not None:
            if alias in aliases:
                raise Unanswered(question, Reason.BAD_REPLY, "aliases that lead in a circle")
            return self._look_up(question, alias, (*aliases, alias))
        return NoData(question, aliases)


def _records(entries: list[Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in entries:
        if entry == "TIMEOUT":
            found.append(("TIMEOUT", ""))
            continue
        ((rtype, value),) = entry.items()
        found.append((rtype, _text(rtype, value)))
    if not any(rtype == "TXT" for rtype, _ in found):
        found += [("TXT", value) for rtype, value in found if rtype == "SPF"]
    return [(rtype, value) for rtype, value in found if value != "NONE"]


def _text(rtype: str, value: Any) -> str:
    """A record as `Records` has it: strings of a TXT record joined, an MX record as `preference host`."""
    if rtype in ("TXT", "SPF"):
        return value if isinstance(value, str) else "".join(value)
    if rtype == "MX":
        return f"{value[0]} {value[1].removesuffix('.') or '.'}"
    return str(value).removesuffix(".")
