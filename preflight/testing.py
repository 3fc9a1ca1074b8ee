"""For tests of checks, third-party ones included: run one check over a subject with scripted DNS answers."""

import asyncio
from collections.abc import Sequence

from preflight.bounces.catalogue import load_catalogue
from preflight.check import Check, Settings
from preflight.net.dns import NoData, NxDomain, Reason
from preflight.net.fake import FakeSource, Script
from preflight.net.https import FetchFailure, Page
from preflight.net.https_fake import FakeFetcher
from preflight.net.smtp import Dialer
from preflight.net.smtp_fake import FakeDialer, FakeServer
from preflight.policy import Policy
from preflight.registry import Registry
from preflight.report import Report
from preflight.runner import run_async
from preflight.subject import Subject

__all__ = [
    "FakeDialer",
    "FakeFetcher",
    "FakeServer",
    "FakeSource",
    "FetchFailure",
    "NoData",
    "NxDomain",
    "Page",
    "Reason",
    "Script",
    "report_of",
    "statuses",
]


def report_of(
    check: Check,
    subject: Subject,
    script: Script,
    *,
    policy: Policy | None = None,
    settings: Settings | None = None,
    servers: Sequence[str] = (),
    deadline: float = 5.0,
    dialer: Dialer | None = None,
    fetcher: FakeFetcher | None = None,
) -> Report:
    """The report of one check alone.

    `script` maps questions (`"PTR 10.2.0.192.in-addr.arpa"`) to outcomes, see `preflight.net.fake.FakeSource`; a
    question that it does not have fails the test with `AssertionError`. `deadline` is in seconds. `dialer` has the
    servers to connect to (`FakeDialer`, under the same terms), `fetcher` the pages that there are; by default none.
    """
    registry = Registry(load_catalogue())
    registry.add(check)
    source = FakeSource(script, servers)
    fetcher = fetcher or FakeFetcher({})
    report = asyncio.run(
        run_async(
            subject,
            source,
            registry=registry,
            policy=policy,
            settings=settings,
            deadline=deadline,
            dialer=dialer or FakeDialer({}),
            fetcher=fetcher,
        )
    )
    untold = [*map(str, source.untold), *(dialer.untold if isinstance(dialer, FakeDialer) else ()), *fetcher.untold]
    if untold:
        raise AssertionError(f"the script has no answer for: {', '.join(untold)}")
    return report


def statuses(report: Report) -> dict[tuple[str, str], str]:
    """What the report says, as `{(rule, part): status}`: easy to compare with what a test expects.

    Raises `AssertionError` when one rule has two findings for one part.
    """
    found: dict[tuple[str, str], str] = {}
    for judged in report.findings:
        key = (judged.finding.rule, judged.finding.part)
        if key in found:
            raise AssertionError(f"two findings for {key}")
        found[key] = judged.finding.status.value
    return found
