"""The real systems that tests share: started by the first test that asks, ended when all are done."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import here, killing, namespaces
from tests.cluster import clusters
from tests.cluster.clusters import Cluster
from tests.cluster.locks import locked
from tests.forge import gitea as forge
from tests.forge.gitea import Gitea

# How long an example takes says how busy the machine is; and what fails can be repeated.
hypothesis.settings.register_profile(
    "here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("here")

_STARTED = "RAPT_TESTS_STARTED"
"""Names a file that exists once a worker of this session has started the cluster."""
_LONG = (
    "node",
    "attacks/test_canaries.py",
    "api",
    "package",
    "forge",
    "test_story.py",
    "shells",
    "predecessor",
    "contract",
    "registries",
    "shipped",
)
"""The rooms and modules whose tests take seconds each, the longest first."""
_MISSING = "rapt_missing"
_missing: dict[str, list[str]] = {}
"""What this machine lacks, with the files of the tests that need it."""
_owned = contextlib.ExitStack()
"""The lock by which others know that this session lives."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Agree with the workers on a file, before they begin."""
    if not hasattr(session.config, "workerinput"):
        os.environ[_STARTED] = str(Path(tempfile.mkdtemp(prefix="rapt-tests-"), "started"))
        _owned.enter_context(locked(_folder() / forge.OWNER))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker begin with its share of the long tests, or the last of them would go on alone at the end.

    Workers get slices of equal length, in order, and take from each other's ends.
    """
    kept, missing = here.parted(items)
    if missing:
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    _missing.update(missing)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path.relative_to(Path(__file__).parent).as_posix(), []).append(item)
    long = [path for room in _LONG for path in modules if path.startswith(room)]
    shares = [[item for path in long[nth::workers] for item in modules[path]] for nth in range(workers)]
    short = iter([item for path in modules if not path.startswith(_LONG) for item in modules[path]])
    length = -(-len(items) // workers)
    for share in shares:
        share.extend(itertools.islice(short, max(0, length - len(share))))
    items[:] = [*itertools.chain.from_iterable(shares), *short]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Learn from a worker which tests it could not run; the one that collects nothing tells the person."""
    _missing.update(getattr(node, "workeroutput", {}).get(_MISSING, {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests could not run here, and how they do."""
    for line in here.told(_missing):
        terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what this session has started; a cluster that was there before stays."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_MISSING] = _missing
    if not hasattr(session.config, "workerinput"):
        started = Path(os.environ[_STARTED])
        if started.exists():
            clusters.down()
        forge.stop(_folder() / forge.FOLDER)
        _owned.close()
        shutil.rmtree(started.parent)


def _folder() -> Path:
    return Path(os.environ[_STARTED]).parent


@pytest.fixture(autouse=True)
def _nothing_stays_paused() -> Iterator[None]:
    yield
    killing.end_what_is_paused()


@pytest.fixture(scope="session")
def gitea() -> Gitea:
    """A real Gitea of this session."""
    return forge.start(_folder() / forge.FOLDER)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The shared cluster, with a node, and with Rapt installed by its administrator."""
    cluster = clusters.up(node=True)
    if cluster.is_new:
        Path(os.environ[_STARTED]).touch()
    program = Path(sys.executable).with_name("kubectl-rapt")
    path = f"{program.parent}:{os.environ['PATH']}"
    command = [str(program), "install", f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True, timeout=300)
    namespaces.await_rapt(cluster)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace of one's own. It is never deleted: the cluster is."""
    return namespaces.prepare(cluster)


@pytest.fixture
def user(cluster: Cluster, namespace: str) -> Iterator[Path]:
    """The kubeconfig of an ordinary user who may edit that namespace, and whose namespace it is."""
    yield cluster.user(f"user-of-{namespace}", namespace=namespace)
