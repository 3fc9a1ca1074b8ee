"""Scripted web servers, for tests of checks."""

from collections.abc import Mapping

from preflight.net.addresses import IPAddress
from preflight.net.https import Fetcher, FetchFailure, FetchTrouble, Page


class FakeFetcher(Fetcher):
    """Has the pages of a script, by URL. A value may be a failure in the place of a page.

    A URL that is not there fails the test with `AssertionError`; it stands in `untold`. `asked` has the URLs and the
    addresses that they were asked of, in order.
    """

    def __init__(self, pages: Mapping[str, Page | FetchFailure]) -> None:
        self._pages = dict(pages)
        self.asked: list[tuple[str, str]] = []
        self.untold: list[str] = []

    async def fetch(self, address: IPAddress, host: str, path: str) -> Page:
        """The scripted page."""
        url = f"https://{host}{path}"
        self.asked.append((url, str(address)))
        page = self._pages.get(url)
        if page is None:
            self.untold.append(url)
            raise AssertionError(f"the script has no page for {url}")
        if isinstance(page, FetchFailure):
            raise FetchTrouble(page, "scripted")
        return page
