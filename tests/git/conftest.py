"""What the git tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git.remotes import HttpRemote, Place, served


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def http(place: Place) -> Iterator[HttpRemote]:
    place.bare()
    with served(place.root / "remotes", "robin:p4ss-word") as remote:
        yield remote
