"""The programs of an image: Debian's busybox, as on the test node."""

import subprocess
from pathlib import Path

import pytest

from tests.cluster import debian


@pytest.fixture(scope="session", autouse=True)
def _busybox() -> None:
    """Debian's busybox, as on the test node: installed where it is missing."""
    debian.install({"busybox": "busybox-static"})


@pytest.fixture(scope="module")
def applets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is all of a container's PATH."""
    folder = tmp_path_factory.mktemp("bin")
    subprocess.run([str(debian.program("busybox")), "--install", "-s", str(folder)], check=True)
    return folder
