"""What a person has who installed Rapt with krew, from an index of our own."""

from pathlib import Path

import pytest

from deploy import archive as freezing
from tests.package import built, krew
from tests.package.krew import Krew


@pytest.fixture(scope="session")
def wheel() -> Path:
    return built.wheel()


@pytest.fixture(scope="session")
def archive() -> Path:
    return built.archive()


@pytest.fixture(scope="session")
def person(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Krew:
    """Someone who typed the two commands of ``docs/install.md``."""
    home = tmp_path_factory.mktemp("krew")
    someone = Krew(home)
    with krew.released(archive, home / "server", [freezing.here()]) as manifest:
        someone.type("kubectl", "krew", "index", "add", "rapt", someone.index(manifest))
        someone.type("kubectl", "krew", "install", "rapt/rapt")
    return someone


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
