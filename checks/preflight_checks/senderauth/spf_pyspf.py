"""pyspf over answers that are known already: the evaluator of RFC 7208, without its own way to DNS.

pyspf's `query` does the work: macros, the order of mechanisms, matching, limits. A subclass puts right what RFC 7208
has otherwise than pyspf 2.0.14 does, each by its section:

- 6.1: a redirect counts as a lookup only where it is followed, and not at all beside an `all`; pyspf always counts it.
- 6: `Redirect=` is a redirect (ABNF texts know no case), and only the two known modifiers may not be repeated.
- 5.1: what stands behind `all` is not evaluated, the macros in it included.
- 5.5: a PTR name without an answer is passed over; pyspf ends with `temperror`. Here it does so where nothing passes,
  as nobody can tell then.
- 6.2: `exp` is looked up for a refusal alone. pyspf looks it up each time.
- 7.3: `%{d0}` is an error, and so is all else that the grammar does not have: `spf_record` reads records first.

A question whose answer is not at hand ends the evaluation by `MissingAnswer`; it is run again when the answer is there.
Import this module only where SPF is evaluated: pyspf takes a moment to load.
"""

import warnings
from contextlib import suppress
from typing import Any

from preflight.findings import Evidence
from preflight.net.addresses import IPAddress
from preflight.net.dns import Question, Reason, Unanswered
from preflight.text import Message
from preflight_checks.senderauth.spf_record import Modifier, parse
from preflight_checks.senderauth.spf_records import Answers, published
from preflight_checks.senderauth.spf_result import (
    MAX_LOOKUPS,
    MAX_MX,
    MAX_PTR,
    MAX_VOID_LOOKUPS,
    SpfIdentity,
    SpfOutcome,
    SpfResult,
)

with warnings.catch_warnings():  # stray backslashes in its docstrings, of which Python warns where it compiles them
    warnings.simplefilter("ignore")
    import spf

SENTENCES = {
    "lookups": "the evaluation takes more than {most} DNS lookups",
    "voids": "the evaluation takes more than {most} DNS lookups that find nothing; the last is {question}",
    "mx": "{domain} has {count} MX hosts; {most} are the most that SPF allows",
    "none": "{domain}, to which the record refers, has no SPF record",
    "several": "{domain} has {count} SPF records",
    "itself": "the record of {domain} includes itself",
    "other": "the record cannot be evaluated: {reason}",
    "no record": "{domain} has no SPF record",
    "no domain": "{domain} is no domain that could have an SPF record",
}
"""Why an evaluation ends with `permerror`, or with `none`."""

_REDIRECT = "redirect"  # as a result of pyspf's loop: no mechanism matched, and there is a redirect to follow


class MissingAnswer(Exception):  # noqa: N818 - the evaluation's request, not an error
    """The evaluation cannot go on without the answer to this question."""

    def __init__(self, question: Question) -> None:
        super().__init__(str(question))
        self.question = question


class _Broken(spf.PermError):  # type: ignore[misc] # pyspf has no types
    """A `permerror`, with the sentence that says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class _Matched(str):
    """A result that a mechanism gave: the terms that led to it, and the domain whose record the last of them is in."""

    __slots__ = ("at", "terms")
    terms: tuple[str, ...]
    at: str

    def __new__(cls, result: str, terms: tuple[str, ...], at: str) -> "_Matched":
        matched = super().__new__(cls, result)
        matched.terms = terms
        matched.at = at
        return matched


def _broken(name: str, **places: object) -> _Broken:
    return _Broken(Message(SENTENCES[name], {key: str(value) for key, value in places.items()}))


class Evaluation(spf.query):  # type: ignore[misc] # pyspf has no types
    """One evaluation: a sending address, an envelope sender (`user@domain`; empty for the null sender), a HELO name.

    `answers` has what is known of DNS; an `Unanswered` among them is a `temperror` where the evaluation comes to it.
    """

    def __init__(self, ip: IPAddress, sender: str, helo: str, answers: Answers) -> None:
        super().__init__(i=str(ip), s=sender, h=helo)
        self.answers = answers
        self.used: dict[Question, None] = {}
        self.unanswered: Unanswered | None = None
        self.exps[_REDIRECT] = ""
        self._explained_at: tuple[str, str] | None = None
        self._last: str = ""  # the result of the record that was evaluated last

    def outcome(self) -> SpfOutcome:
        """The result. Raises `MissingAnswer`."""
        problem: Message | None = None
        result: str
        try:
            result = self.check1(self.dns_spf(self.d), self.d, 0)[0]
        except spf.TempError:
            result = "temperror"
        except _Broken as error:
            result, problem = "permerror", error.message
        except spf.PermError as error:
            result, problem = "permerror", Message(SENTENCES["other"], {"reason": str(error)})
        if result == "none":
            problem = Message(SENTENCES["no record"], {"domain": self.d})
        matched = result if isinstance(result, _Matched) else _Matched(result, (), self.d)
        unanswered = self.unanswered if result != "pass" else None
        if unanswered is not None:  # of a question about a PTR name as well, which might have made a match
            result, problem = "temperror", None
        evidence = self._evidence()
        explanation = self._explanation() if result == "fail" else None
        identity: SpfIdentity = "helo" if self.ident == "helo" else "mailfrom"
        return SpfOutcome(
            result=_result(result),
            domain=self.o,
            identity=identity,
            matched=" → ".join(matched.terms),
            at=matched.at,
            problem=problem,
            explanation=explanation.seen if explanation else "",
            evidence=(*evidence, explanation) if explanation else evidence,
            lookups=self.lookups,
            void_lookups=self.void_lookups,
            unanswered=unanswered,
        )

    def _evidence(self) -> tuple[Evidence, ...]:
        """What the evaluation looked at, in order."""
        return tuple(
            published(question.name, self.answers[question]).evidence
            if question.rtype == "TXT"
            else self.answers[question].evidence
            for question in self.used
        )

    def _explanation(self) -> Evidence | None:
        """The domain's text for the refused; `None` where there is none, or any trouble with it (RFC 7208 6.2)."""
        if self._explained_at is None:
            return None
        spec, self.d = self._explained_at
        try:
            name = self.expand_domain(spec)
            text = self.get_explanation(name)
        except (spf.TempError, spf.PermError):
            return None
        return Evidence("dns", f"TXT {name}", text) if text else None

    def check1(self, spf_text: str | None, domain: str, recursion: int) -> Any:  # pyspf calls it for each record
        """Evaluate the record of a domain, which is `None` where there is none."""
        if spf_text is None and recursion > 0:
            raise _broken("none", domain=domain)
        return super().check1(spf_text, domain, recursion)

    def check0(self, spf_text: str | None, recursion: int) -> Any:
        """Evaluate a record, read by our grammar and handed to pyspf without what RFC 7208 has it pass over."""
        if not spf_text:
            return super().check0(spf_text, recursion)
        record = parse(spf_text)
        if record.flaws:
            raise _Broken(record.flaws[0])
        terms = [one.text for one in record.reached]
        if record.redirect:
            terms.append(_REDIRECT)
        if recursion == 0:  # of a redirect, it is the target's that counts
            self._explained_at = (record.explanation, self.d) if record.explanation else None
        result, code, text = super().check0(" ".join(["v=spf1", *terms]), recursion)
        if result == _REDIRECT and record.redirect:
            result, code, text = self._redirected(record.redirect, recursion)
        elif isinstance(result, _Matched) and result.terms[0] in {one.text for one in record.reached if one.includes}:
            inner = self._last  # the record that was evaluated last is the one that the include led to
            if isinstance(inner, _Matched):
                result = _Matched(result, (*result.terms, *inner.terms), inner.at)
        self._last = result
        return result, code, text

    def _redirected(self, redirect: Modifier, recursion: int) -> Any:
        self.check_lookups()
        target = self.expand_domain(redirect.value)
        text = self.dns_spf(target)
        if text is None:
            raise _broken("none", domain=target)
        result, code, explanation = self.check1(text, target, recursion)
        inner = result if isinstance(result, _Matched) else _Matched(result, (), target)
        return _Matched(result, (redirect.text, *inner.terms), inner.at), code, explanation

    def validate_mechanism(self, mech: str) -> Any:
        """pyspf's own, with the redirect as a last mechanism, which matches whatever comes to it."""
        if mech == _REDIRECT:
            return mech, "all", "", self.cidrmax, _REDIRECT
        try:
            term, name, argument, prefix, result = super().validate_mechanism(mech)
        except spf.PermError as error:
            if "trivial recursion" in str(error):
                raise _broken("itself", domain=self.d) from error
            raise
        return term, name, argument, prefix, _Matched(result, (mech,), self.d)

    def check_lookups(self) -> None:
        """Count a term that asks DNS (RFC 7208 4.6.4)."""
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _broken("lookups", most=MAX_LOOKUPS)

    def dns_spf(self, domain: str) -> str | None:
        """The SPF record of a domain, `None` where there is none (RFC 7208 4.5)."""
        if not self.dns(domain, "TXT"):
            return None
        texts = published(domain, self.answers[Question.of(domain, "TXT")]).texts
        if len(texts) > 1:
            raise _broken("several", domain=domain, count=len(texts))
        return texts[0] if texts else None

    def dns_txt(self, domainname: str, rr: str = "TXT", ignore_void: bool = False) -> list[bytes]:
        """The TXT records of a domain, for explanations."""
        values = self.dns(domainname, rr, ignore_void=ignore_void)
        return [value.encode("utf-8", "surrogateescape") for value in values]

    def dns_mx(self, domainname: str) -> list[str]:
        """The addresses of the MX hosts of a domain; more than ten hosts are an error (RFC 7208 4.6.4)."""
        hosts = self.dns(domainname, "MX")
        if len(hosts) > MAX_MX:
            raise _broken("mx", domain=domainname, count=len(hosts), most=MAX_MX)
        return [address for host in hosts for address in self.dns_a(host, self.A)]

    def validated_ptrs(self) -> list[str]:
        """The PTR names of the sending address that lead back to it, of the first ten. Those without an answer are
        passed over (RFC 7208 5.5), and remembered."""
        names: list[str] = []
        try:
            for name in self.dns_ptr(self.i)[:MAX_PTR]:
                with suppress(spf.TempError):
                    if self.cidrmatch(self.dns_a(name, self.A), self.cidrmax):
                        names.append(name)
        except spf.TempError:
            return []
        return names

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[str]:  # noqa: ARG002
        """The values of an answer at hand; for MX the hosts. None for a name that DNS cannot have."""
        name = str(name).removesuffix(".")
        if not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        question = Question.of(name, qtype)
        if question not in self.answers:
            raise MissingAnswer(question)
        self.used[question] = None
        outcome = self.answers[question]
        if isinstance(outcome, Unanswered):
            if outcome.reason is Reason.BAD_NAME:
                return []
            self.unanswered = outcome
            raise spf.TempError(str(outcome))
        values = [mx.host for mx in outcome.exchanges] if qtype == "MX" else list(outcome.values)
        if not values and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > MAX_VOID_LOOKUPS:
                raise _broken("voids", most=MAX_VOID_LOOKUPS, question=question)
        return values


def no_domain(name: str, identity: SpfIdentity) -> SpfOutcome:
    """The outcome for what cannot have an SPF record: an address, a single word, a broken name (RFC 7208 4.3)."""
    problem = Message(SENTENCES["no domain"], {"domain": name})
    return SpfOutcome(result="none", domain=name, identity=identity, at=name, problem=problem)


def _result(text: str) -> SpfResult:
    results: tuple[SpfResult, ...] = ("none", "neutral", "pass", "fail", "softfail", "permerror", "temperror")
    return next(result for result in results if result == text)


def expand(spec: str, domain: str, origin: str) -> str | None:
    """A domain-spec that has no macros but `%{d}` and `%{o}`, expanded for the record of a domain in the tree of
    another; `None` for one that pyspf cannot expand (such as ends in `%%`, which no name does)."""
    query = spf.query(i="", s=f"postmaster@{origin}", h=origin)
    query.d = domain
    try:
        return str(query.expand(spec))
    except spf.PermError:
        return None
