"""A world for tests of the check `dnsbl`: all lists alive, nothing listed, unless a test says otherwise."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from preflight.check import Check, Context, Judge, Recorder, Rule, Secret, Settings
from preflight.net.dns import Answer
from preflight.report import Report
from preflight.subject import Subject
from preflight.testing import NoData, NxDomain, Reason, report_of, statuses
from preflight_checks.blocklists.zones import Kind, Zone, load_zones
from preflight_checks.dnsbl import CHECK, DnsblOptions

Outcome = Sequence[str] | Answer | type[NoData] | type[NxDomain] | Reason

ZEN = load_zones().zones["zen.spamhaus.org"]
DBL = load_zones().zones["dbl.spamhaus.org"]
SPAMHAUS = tuple(f"dnsbl/spamhaus-{name}" for name in ("sbl", "css", "xbl", "drop", "bcl"))
OTHERS = [zone.name for zone in load_zones().asked_by_default if zone.name != ZEN.name]
KEY = "k3yabcdefghijklmnopqrstuvw"
PROBE = "A preflight-probe.invalid"


def suffix(zone: Zone, key: str = "") -> str:
    """The name under which a zone is asked."""
    return f"{key}.{zone.keyed_name}" if key and zone.secret == "dqs" else zone.name


def reverse(text: str) -> str:
    """The labels for an address, worked out apart from the code under test (RFC 5782 2.1, 2.4)."""
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return ".".join(reversed(text.split(".")))
    return ".".join(reversed(f"{int(address):032x}"))


def labels(kind: Kind, text: str) -> str:
    """The labels for an address or a name."""
    return text if kind == "domain" else reverse(text)


def alive(zone: Zone, kinds: Iterable[Kind] = (), key: str = "") -> dict[str, Outcome]:
    """The test points of a working list."""
    pattern = zone.codes[-1].pattern
    code = min(map(str, zone.test_codes), default=f"127.0.0.{pattern.bit}" if pattern.bit else str(pattern.first))
    script: dict[str, Outcome] = {}
    for kind in kinds or zone.kinds:
        points = zone.points[kind]
        script[f"A {labels(kind, points.listed)}.{suffix(zone, key)}"] = [code]
        script[f"A {labels(kind, points.clear)}.{suffix(zone, key)}"] = NxDomain
    return script


def world(
    zones: Iterable[Zone] = (), ips: Sequence[str] = (), names: Sequence[str] = (), key: str = ""
) -> dict[str, Outcome]:
    """A script in which all lists are alive and list nothing; the resolver is fit; the addresses have no names."""
    script: dict[str, Outcome] = {PROBE: NxDomain}
    for ip in ips:
        script[f"PTR {ipaddress.ip_address(ip).reverse_pointer}"] = NxDomain
    for zone in zones or load_zones().asked_by_default:
        script |= alive(zone, key=key)
        for labels_ in [*map(reverse, ips), *names]:
            script[f"A {labels_}.{suffix(zone, key)}"] = NxDomain
            script[f"TXT {labels_}.{suffix(zone, key)}"] = NoData
    return script


def checked(
    script: Mapping[str, Outcome],
    *,
    ips: Sequence[str] = (),
    helo: str | None = None,
    domain: str | None = None,
    zones: Sequence[str] = (),
    skip: Sequence[str] = (),
    secrets: Mapping[str, str] | None = None,
    servers: Sequence[str] = (),
) -> Report:
    """The report of the check over a script."""
    options = DnsblOptions(zones=list(zones), skip=list(skip))
    keys = {name: Secret(text) for name, text in (secrets or {}).items()}
    return report_of(
        CHECK,
        Subject.of(ips=ips, helo=helo, domain=domain),
        script,
        settings=Settings(secrets=keys, options={"dnsbl": options}),
        servers=servers,
    )


def judged(report: Report) -> dict[tuple[str, str], str]:
    """What the report says, without the rules that were skipped for want of an input."""
    return {key: status for key, status in statuses(report).items() if status != "skipped"}


class NoRecorder(Recorder):
    """For a context that only asks."""

    def wants(self, rule: Rule) -> bool:
        return True

    async def judge(self, check: Check, judge: Judge[object], ctx: Context, part: object) -> None:
        raise NotImplementedError
