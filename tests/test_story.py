"""The main job, end to end, through the real ``kubectl rapt`` on a real node, as an ordinary user."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import namespaces, story
from tests.api.teams import kubectl_does
from tests.cluster.clusters import Cluster
from tests.house import pages
from tests.namespaces import Pair
from tests.servers import health_server


@pytest.fixture
def pair(cluster: Cluster) -> Pair:
    """Two namespaces: kubectl uses that of dev."""
    return namespaces.pair(cluster, is_in_dev=True)


@pytest.fixture
def known(cluster: Cluster, pair: Pair) -> Iterator[dict[str, str]]:
    with health_server(cluster, pair.dev) as (host, port):
        yield {
            "server": f"http://{host}:{port}",
            "host": host,
            "port": str(port),
            "user": pair.user,
            "dev": pair.dev,
            "prod": pair.prod,
        }


def test_the_main_job_works_from_nothing_to_an_explained_failure(
    cluster: Cluster, pair: Pair, known: dict[str, str], tmp_path: Path
) -> None:
    user = pair.kubeconfig
    teller = story.Teller(tmp_path, user, cluster.kubeconfig, known)
    for step in story.STORY:
        told = teller.tell(step)
        assert not story.complaints(told, teller.known), f"$ {told.command}\n{told.both}"
        if (
            step.command == "kubectl rapt sync --in prod"
        ):  # a run of its schedule would be the newest at times
            suspend = ("patch", "cronjob", "http-check", '--patch={"spec":{"suspend":true}}')
            kubectl_does(user, *suspend, f"--namespace={pair.prod}")
    for block in pages.blocks(pages.DOCS / "tutorial.md"):
        if block.language == "sh":  # how the tutorial ends
            environ = {**teller.environ, "KUBECONFIG": str(user)}
            ended = subprocess.run(["bash", "-euc", block.text], env=environ, capture_output=True, text=True)
            assert (ended.returncode, "hello pruned" in ended.stdout) == (0, True), ended

    repository = next(tmp_path.rglob("config.git"))
    log = [
        "git",
        "-C",
        str(repository),
        "log",
        "--format=%H %(trailers:key=Rapt-Change,valueonly,separator=)",
        "main",
    ]
    commits = dict(
        line.split() for line in subprocess.check_output(log, text=True).splitlines() if " " in line.strip()
    )
    assert commits[teller.known["commit"]] == teller.known["hello"], (
        "why names the commit whose trailer names the change"
    )
    assert list(commits.values()).count(teller.known["hello"]) == 1, "one change, one commit"
    for _ in range(300):  # the kernel may still be ending them
        if not (left := _processes_of(tmp_path)):
            break
        time.sleep(0.1)
    assert not left, "no process remains"


def _processes_of(home: Path) -> list[str]:
    """The commands of the processes that still have this home."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"HOME={home}\0" in (process / "environ").read_text(
                errors="replace"
            ):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
