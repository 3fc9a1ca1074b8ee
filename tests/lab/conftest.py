"""What the tests with real daemons share."""

from pathlib import Path

import pytest

from tests.lab.daemons import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """The means to start real daemons in a folder of the test."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:  # rbldnsd gives up its rights before it reads its files
        if str(parent) != "/tmp":
            parent.chmod(0o755)
    return Lab(tmp_path)
