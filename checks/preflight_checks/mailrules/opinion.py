"""A second opinion: what SpamAssassin on this machine makes of the message. Only where the user asks for it."""

from preflight.check import Context, Findings, judges
from preflight.findings import Evidence, Severity
from preflight_checks.mailfile.letter import Letter
from preflight_checks.mailfile.spamassassin import COMMANDS, read_report
from preflight_checks.mailrules.common import message_rule, shorten

INSTALL = "Install SpamAssassin (apt install spamassassin, dnf install spamassassin), then run this again."

SPAMASSASSIN = message_rule(
    "spamassassin",
    Severity.INFO,
    title="SpamAssassin has nothing against the message",
    why="Many receivers run SpamAssassin, with scores of their own; what it says here is a hint and no verdict.",
    fix="See what {tests} looks for, and change that in the message.",
    reference="spamassassin.apache.org, tests performed",
)
RULES = (SPAMASSASSIN,)


@judges(SPAMASSASSIN)
async def opinion(ctx: Context, letter: Letter) -> Findings:
    """What it says: each rule that costs points, and the sum."""
    programs = ctx.settings.programs
    rule, command = SPAMASSASSIN, programs.installed(COMMANDS)
    if command is None:
        yield rule.undecided(letter, "SpamAssassin is not installed on this machine", fix=INSTALL)
        return
    shown = " ".join(command)
    try:
        report = await programs.run(command, letter.octets)
    except OSError as error:
        yield rule.undecided(
            letter, "{command} could not be run: {error}", command=shown, error=error.strerror or str(error)
        )
        return
    found = read_report(report)
    if found is None:
        seen = Evidence("spamassassin", shown, shorten(report))
        yield rule.undecided(letter, "{command} gave no report", seen, command=shown)
        return
    for hit in found.hits:
        if hit.score > 0:
            seen = Evidence("spamassassin", hit.name, f"{hit.score:g}: {shorten(hit.text)}")
            yield rule.fails(hit.name, "SpamAssassin gives {score} points for {part}: {text}", seen,
                             score=f"{hit.score:g}", text=shorten(hit.text), tests=hit.name)  # fmt: skip
    args = {"points": f"{found.points:g}", "required": f"{found.required:g}"}
    seen = Evidence("spamassassin", shown, f"{found.points:g} of {found.required:g} points")
    if found.points >= found.required:
        yield rule.fails(
            letter, "SpamAssassin calls the message spam: {points} points, {required} are enough", seen,
            tests=[hit.name for hit in sorted(found.hits, key=lambda hit: -hit.score)[:3] if hit.score > 0], **args,
        )  # fmt: skip
    else:
        yield rule.passes(letter, "SpamAssassin gives {points} points; {required} make it spam", seen, **args)
