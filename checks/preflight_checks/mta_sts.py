"""MTA-STS: the domain promises encryption to those who send to it, and its mail hosts must keep that (RFC 8461).

The record and the host of the policy are looked up; the policy itself is fetched with --probe alone.
"""

import re

from preflight.check import Check, Context, Findings, Rule, judges
from preflight.findings import Evidence, Severity
from preflight.net.addresses import IPAddress, is_public
from preflight.net.https import UNDECIDED, FetchFailure, FetchTrouble, Page, page_evidence
from preflight.text import Message
from preflight_checks.hosts import look_up, mail_hosts
from preflight_checks.senderauth.dkim_tags import read_tags
from preflight_checks.transport.records import find_versioned, judge_versioned, shortened
from preflight_checks.transport.sts_policy import Policy, read_policy

_PATH = "/.well-known/mta-sts.txt"
_MAX_ADDRESSES = 4  # of the policy host, that are tried
_WEEK = 7 * 24 * 3600  # seconds
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_REDIRECTS = range(300, 400)
_PROBED = ("domain", "probe")

# What a request came to, in the place of a page.
FAILURES = {
    FetchFailure.REFUSED: "the connection is refused",
    FetchFailure.UNREACHABLE: "there is no way there: {detail}",
    FetchFailure.TIMEOUT: "nothing came in time",
    FetchFailure.CLOSED: "the connection was closed in the place of an answer",
    FetchFailure.UNTRUSTED: "the certificate is not trusted: {detail}",
    FetchFailure.TLS: "no TLS session came about: {detail}",
    FetchFailure.NOT_HTTP: "the answer is no HTTP: {detail}",
    FetchFailure.TOO_LARGE: "the answer has more than 64 KB",
    FetchFailure.NO_ROOTS: "this machine has no root certificates to compare with",
}

MISSING = Rule(
    id="mta-sts/missing",
    severity=Severity.INFO,
    title="The sender domain asks for encrypted mail by MTA-STS",
    why="Without MTA-STS or DANE somebody on the way can make senders deliver replies and bounces in clear. It is no "
    "condition of any receiver.",
    fix="Publish a policy at https://mta-sts.{part}/.well-known/mta-sts.txt, first with `mode: testing`, and then this "
    "record: `{record}`.",
    reference="RFC 8461 3",
    needs=("domain",),
)
RECORD = Rule(
    id="mta-sts/record",
    severity=Severity.WARNING,
    title="There is one MTA-STS record, and it can be read",
    why="Senders that cannot read the record, or find two, act as if there were no policy.",
    fix="Leave one TXT record at _mta-sts.{part}: `v=STSv1; id=` and up to 32 letters and digits.",
    reference="RFC 8461 3.1",
    needs=("domain",),
)
HOST = Rule(
    id="mta-sts/policy-host",
    severity=Severity.WARNING,
    title="The host of the MTA-STS policy can be reached",
    why="Senders fetch the policy from the host mta-sts under the domain; while they cannot, it protects nobody new.",
    fix="Give {host} an A or AAAA record with the public address of a web server that has the policy, or remove the "
    "record at _mta-sts.{part}.",
    reference="RFC 8461 3.3",
    needs=("domain",),
)
UNREACHABLE = Rule(
    id="mta-sts/policy-unreachable",
    severity=Severity.WARNING,
    title="The MTA-STS policy can be fetched",
    why="A policy that cannot be fetched with a valid certificate and without a redirect is none.",
    fix="Have {url} answer with status 200 and the policy as text/plain, with a certificate for {host} from a public "
    "authority, and no redirect.",
    reference="RFC 8461 3.2, 3.3",
    needs=_PROBED,
)
INVALID = Rule(
    id="mta-sts/policy-invalid",
    severity=Severity.WARNING,
    title="The MTA-STS policy can be read",
    why="Senders take a policy that breaks the grammar for none.",
    fix="Write the policy at {url} as lines of `name: value`: `version: STSv1`, `mode: enforce`, a line `mx:` for each "
    "mail host, `max_age: 604800`; change the id in the record after it.",
    reference="RFC 8461 3.2",
    needs=_PROBED,
)
UNCOVERED = Rule(
    id="mta-sts/mx-not-covered",
    severity=Severity.WARNING,
    title="The MTA-STS policy names each MX host",
    why="Senders that keep to the policy deliver to no MX host that it does not name: mail waits, and comes back.",
    fix="Add the line `mx: {part}` to the policy, then change the id in the record; or take the host out of the MX "
    "records.",
    reference="RFC 8461 4.1, 5.1",
    needs=_PROBED,
)
NOT_ENFORCED = Rule(
    id="mta-sts/not-enforced",
    severity=Severity.INFO,
    title="The MTA-STS policy is enforced",
    why="In the mode testing senders report what breaks the policy and deliver all the same; with none there is no "
    "policy.",
    fix="When the TLS reports show no failures, set `mode: enforce` and change the id in the record.",
    reference="RFC 8461 5",
    needs=_PROBED,
)
SHORT = Rule(
    id="mta-sts/short-lived",
    severity=Severity.INFO,
    title="Senders may keep the MTA-STS policy for a week or more",
    why="The policy protects while senders remember it. One that they soon forget can be kept from them by somebody on "
    "the way when they ask again.",
    fix="Set max_age to weeks, such as `max_age: 2419200`.",
    reference="RFC 8461 3.2, 10.2",
    needs=_PROBED,
)
_OF_POLICY = (INVALID, UNCOVERED, NOT_ENFORCED, SHORT)
RULES = (MISSING, RECORD, HOST, UNREACHABLE, *_OF_POLICY)


async def _run(ctx: Context) -> None:
    if ctx.subject.domain is not None:
        await ctx.each([ctx.subject.domain], _record)


@judges(*RULES)
async def _record(ctx: Context, domain: str) -> Findings:
    """The record; where there is one, host and policy are judged, too."""
    found = await find_versioned(ctx.dns, f"_mta-sts.{domain}", "STSv1")
    line = f'_mta-sts.{domain}. TXT "v=STSv1; id=1"'
    for finding in judge_versioned(domain, found, missing=MISSING, broken=RECORD, missing_record=line):
        yield finding
    if len(found.records) != 1:
        return
    why = _fault(found.records[0])
    if why is None:
        yield RECORD.passes(domain, "{name} has one record, which can be read", found.answer.evidence, name=found.name)
        await ctx.each([domain], _host, _policy)
    else:
        yield RECORD.fails(
            domain, "the record at {name} cannot be read: {why}", found.answer.evidence, name=found.name, why=why
        )


def _fault(record: str) -> Message | None:
    """What is wrong with a record that begins as it must."""
    tags = read_tags(record)
    if isinstance(tags, Message):
        return tags
    if "id" not in tags:
        return Message("it lacks the tag {tag}=", {"tag": "id"})
    if not _ID.fullmatch(tags["id"]):
        return Message("its id= is not 1 to 32 letters and digits: {value}", {"value": shortened(tags["id"])})
    return None


@judges(HOST)
async def _host(ctx: Context, domain: str) -> Findings:
    host = f"mta-sts.{domain}"
    found = await look_up(ctx.dns, host)
    public = [address for address in found.addresses if is_public(address)]
    if public:
        yield HOST.passes(domain, "{host} leads to {addresses}", found.evidence, host=host, addresses=public)
    elif found.unanswered is not None:
        raise found.unanswered
    elif found.addresses:
        yield HOST.fails(
            domain,
            "{host} leads to {addresses}, which nobody outside can reach",
            found.evidence,
            host=host,
            addresses=found.addresses,
        )
    else:
        yield HOST.fails(
            domain, "there is a record, yet its policy host {host} has no address", found.evidence, host=host
        )


@judges(UNREACHABLE, *_OF_POLICY)
async def _policy(ctx: Context, domain: str) -> Findings:
    host, url = f"mta-sts.{domain}", f"https://mta-sts.{domain}{_PATH}"
    found = await look_up(ctx.dns, host)
    addresses = [address for address in found.addresses if is_public(address)][:_MAX_ADDRESSES]
    if not addresses:
        if found.unanswered is not None:
            raise found.unanswered
        return  # `mta-sts/policy-host` says so
    page, seen = await _fetch(ctx, host, addresses)
    told = {"host": host, "url": url}
    if isinstance(page, FetchTrouble):
        why = Message(FAILURES[page.failure], {"detail": shortened(page.detail) or "-"})
        if page.failure in UNDECIDED:
            for rule in (UNREACHABLE, *_OF_POLICY):
                yield rule.undecided(domain, "{url} could not be fetched from here: {why}", seen, url=url, why=why)
        else:
            yield UNREACHABLE.fails(domain, "{url} cannot be fetched: {why}", seen, why=why, **told)
    elif page.status in _REDIRECTS:
        to = shortened(page.location) or "-"
        yield UNREACHABLE.fails(domain, "{url} redirects to {to}, where senders must not follow", seen, to=to, **told)
    elif page.status != 200:
        yield UNREACHABLE.fails(domain, "{url} answers with status {status}", seen, status=page.status, **told)
    else:
        yield UNREACHABLE.passes(domain, "{url} can be fetched", seen, url=url)
        async for finding in _read(ctx, domain, page, seen, url):
            yield finding


async def _fetch(ctx: Context, host: str, addresses: list[IPAddress]) -> tuple[Page | FetchTrouble, list[Evidence]]:
    """The page from the first address that has one; else the trouble that says most of the server."""
    troubles, seen = [], []
    for address in addresses:
        try:
            page = await ctx.https.fetch(address, host, _PATH)
        except FetchTrouble as trouble:
            troubles.append(trouble)
            seen.append(page_evidence(host, _PATH, address, trouble))
        else:
            return page, [*seen, page_evidence(host, _PATH, address, page)]
    return min(troubles, key=lambda trouble: trouble.failure in UNDECIDED), seen


async def _read(ctx: Context, domain: str, page: Page, seen: list[Evidence], url: str) -> Findings:
    if page.media_type != "text/plain":
        kind = shortened(page.media_type) or "-"
        yield INVALID.fails(
            domain, "{url} is of the type {kind}; senders take text/plain alone", seen, url=url, kind=kind
        )
        return
    policy = read_policy(page.body)
    if isinstance(policy, Message):
        yield INVALID.fails(domain, "the policy at {url} cannot be read: {why}", seen, url=url, why=policy)
        return
    yield INVALID.passes(
        domain,
        "the policy says: {mode}, for {age} seconds, {mx}",
        seen,
        mode=policy.mode,
        age=policy.max_age,
        mx=policy.mx or "-",
    )
    if policy.mode == "enforce":
        yield NOT_ENFORCED.passes(domain, "the policy is enforced", seen)
    else:
        yield NOT_ENFORCED.fails(domain, "the policy is in the mode {mode}", seen, mode=policy.mode)
    if policy.mode == "none":
        return
    if policy.max_age >= _WEEK:
        yield SHORT.passes(domain, "senders keep the policy for {age} seconds", seen, age=policy.max_age)
    else:
        yield SHORT.fails(domain, "senders keep the policy for {age} seconds only", seen, age=policy.max_age)
    await ctx.each([_Coverage(domain, policy, tuple(seen))], _covered)


class _Coverage:
    """A policy and the domain whose MX hosts it has to name."""

    def __init__(self, domain: str, policy: Policy, seen: tuple[Evidence, ...]) -> None:
        self.domain = domain
        self.policy = policy
        self.seen = seen

    def __str__(self) -> str:
        return self.domain


@judges(UNCOVERED)
async def _covered(ctx: Context, given: _Coverage) -> Findings:
    mail = await mail_hosts(ctx.dns, given.domain)
    for host in () if mail.null and not mail.hosts else mail.or_implicit(given.domain):
        names = ", ".join(given.policy.mx)
        if given.policy.covers(host):
            yield UNCOVERED.passes(host, "the policy names {part}", mail.answer.evidence, given.seen)
        else:
            yield UNCOVERED.fails(
                host, "the policy names {names}, and not {part}", mail.answer.evidence, given.seen, names=names
            )


CHECK = Check(id="mta-sts", title="MTA-STS", rules=RULES, run=_run)
