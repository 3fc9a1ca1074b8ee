"""What all tests share."""

from collections.abc import Iterator

import pytest

CACHE = "XDG_CACHE_HOME"


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For fixtures that outlive a test, and run preflight before it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what another one has in the cache."""
    monkeypatch.setenv(CACHE, str(tmp_path_factory.mktemp("cache")))
