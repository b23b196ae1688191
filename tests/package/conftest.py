"""What a person has who installed Rapt with krew, from an index of our own."""

from pathlib import Path

import pytest

from deploy import archive
from tests.package import built, krew
from tests.package.built import Built
from tests.package.krew import Krew


@pytest.fixture(scope="session")
def packages() -> Built:
    return built.built()


@pytest.fixture(scope="session")
def person(packages: Built, tmp_path_factory: pytest.TempPathFactory) -> Krew:
    """Someone who typed the two commands of ``docs/install.md``."""
    home = tmp_path_factory.mktemp("krew")
    someone = Krew(home)
    with krew.released(packages.archive, home / "server", [archive.here()]) as manifest:
        someone.type("kubectl", "krew", "index", "add", "rapt", someone.index(manifest))
        someone.type("kubectl", "krew", "install", "rapt/rapt")
    return someone


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
