"""A cluster of kind for the tests: stand-ins for docker and kind, and the real cluster behind them."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cluster import clusters
from tests.cluster.clusters import Cluster
from tests.house import source

TESTBED = f"rapt-kind-{os.getpid()}"
KIND = """\
#!/bin/sh
PATH=/usr/bin:/bin
echo "$*" >>{folder}/asked
for word; do case $word in --kubeconfig=*) file=${{word#--kubeconfig=}} ;; esac; done
case "$1 $2" in
  "get clusters") cat {folder}/up 2>/dev/null ;;
  "create cluster") echo {testbed} >{folder}/up; cp {kubeconfig} "$file" ;;
  "get kubeconfig") cat {kubeconfig} ;;
  "delete cluster") rm {folder}/up ;;
esac
exit 0
"""


class Laptop:
    """A machine whose PATH has those programs alone."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.folder, self._kubeconfig = folder, kubeconfig

    def has(self, name: str, script: str = "#!/bin/sh\n") -> None:
        path = self.folder / name
        path.write_text(script)
        path.chmod(0o755)

    def has_kind(self) -> None:
        self.has("kind", KIND.format(folder=self.folder, kubeconfig=self._kubeconfig, testbed=TESTBED))

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def types(
        self, *words: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RAPT_")}
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=source.HOME,
            env={**kept, "PATH": str(self.folder), "RAPT_TESTBED": TESTBED, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def laptop(cluster: Cluster, tmp_path: Path) -> Iterator[Laptop]:
    yield Laptop(tmp_path, cluster.kubeconfig)
    home = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local/state"
    shutil.rmtree(home / TESTBED, ignore_errors=True)


def test_where_docker_answers_the_cluster_is_one_of_kind(laptop: Laptop) -> None:
    laptop.has("docker")
    laptop.has_kind()
    assert laptop.types("tests.cluster", "status").stdout == "down\n"
    first, again = (laptop.types("tests.cluster", "up", "--node") for _ in range(2))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "already up" in again.stderr
    (exported,) = shlex.split(first.stdout.removeprefix("export "))
    kubeconfig = exported.partition("=")[2]
    nodes = ["kubectl", "get", "nodes", f"--kubeconfig={kubeconfig}"]
    assert subprocess.run(nodes, check=False, timeout=60).returncode == 0
    assert laptop.types("tests.cluster", "status").stdout.startswith("up ")
    assert laptop.types("tests.cluster", "down").returncode == 0
    assert laptop.types("tests.cluster", "status").stdout == "down\n"
    made = [one for one in laptop.asked() if one.startswith(("create", "delete"))]
    assert [one.split("--kubeconfig")[0].strip() for one in made] == [
        f"create cluster --name={TESTBED}",
        f"delete cluster --name={TESTBED}",
    ]


@pytest.mark.parametrize(
    ("docker", "has_kind", "choice", "said"),
    [
        (None, True, "kind", "RAPT_TEST_CLUSTER is kind, but there is no program docker"),
        ("#!/bin/sh\nexit 1\n", True, "kind", "Docker does not answer: docker info"),
        ("#!/bin/sh\n", False, "kind", "there is no program kind: https://kind.sigs.k8s.io"),
        ("#!/bin/sh\n", True, "minikube", 'RAPT_TEST_CLUSTER is "minikube"; it may be kind or built'),
    ],
)
def test_a_cluster_that_cannot_be_had_is_refused_in_one_sentence(
    laptop: Laptop, docker: str | None, has_kind: bool, choice: str, said: str
) -> None:
    if docker is not None:
        laptop.has("docker", docker)
    if has_kind:
        laptop.has_kind()
    ended = laptop.types("tests.cluster", "up", environ={"RAPT_TEST_CLUSTER": choice})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: ")
    assert said in ended.stderr


@pytest.mark.parametrize(("docker", "choice"), [("#!/bin/sh\nexit 1\n", ""), ("#!/bin/sh\n", "built")])
def test_without_a_docker_that_answers_or_where_somebody_says_so_it_is_built(
    laptop: Laptop, docker: str, choice: str
) -> None:
    laptop.has("docker", docker)
    laptop.has_kind()
    ended = laptop.types("tests.cluster", "status", environ={"RAPT_TEST_CLUSTER": choice})
    assert ended.stdout == "down\n"
    assert laptop.asked() == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_on_kind_ends_with_the_tests_that_it_could_not_run_and_how_they_are(
    laptop: Laptop, workers: str
) -> None:
    laptop.has("docker")
    laptop.has_kind()
    unable = "tests/node/test_kit.py::test_a_container_without_a_shell_gets_one_beside_it"
    ended = laptop.types("pytest", "-q", "-n", workers, unable, "tests/pure/cli/test_show.py")
    assert ended.returncode == 0, ended.stdout
    assert "1 tests were not run, because they need a cluster that is built on this machine:" in ended.stdout
    assert "  tests/node/test_kit.py (1)" in ended.stdout
    assert f"To run everything, on Debian as root with Go: {clusters.BUILT}" in ended.stdout
    assert not [one for one in laptop.asked() if one.startswith("create")]
