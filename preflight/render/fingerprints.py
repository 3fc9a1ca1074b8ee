"""What a finding is recognised by from run to run, in formats whose readers keep lists of them."""

from collections.abc import Sequence
from hashlib import sha256

from preflight.report import Judged


def fingerprints(subject: str, findings: Sequence[Judged]) -> list[str]:
    """The fingerprint of each finding of a subject: 32 hexadecimal digits, no two of them equal.

    Made of the subject's label, the rule and the part, and not of lines or sentences, which change without the finding.
    """
    seen: dict[tuple[str, str], int] = {}
    made = []
    for judged in findings:
        key = (judged.finding.rule, judged.finding.part)
        number = seen[key] = seen.get(key, -1) + 1
        text = "\0".join((subject, *key, *([str(number)] if number else [])))
        made.append(sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32])
    return made
