"""``--dry-run`` of every command that writes: nothing passes the door, and nothing is half written."""

import subprocess
from pathlib import Path

import pytest

from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

EVERYTHING = "tools.rapt.dev,runs.rapt.dev,jobs,pods,cronjobs,serviceaccounts,networkpolicies,configmaps"


def _objects(kubeconfig: Path) -> str:
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "get", EVERYTHING, "-o", "yaml"]
    return subprocess.check_output(command, text=True, timeout=60)


def _files(home: Path) -> dict[str, bytes]:
    """What a person has, without what can be deleted at any time and without the list of writes itself."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and ".cache" not in path.parts and path.parent != home
    }


@pytest.fixture
def sam(tmp_path: Path, user: Path) -> Person:
    """Someone with a tool in dev, and a change for prod that waits."""
    person = Person(tmp_path / "sam", user)
    words = "--image busybox:1.35 -- true"
    for command in ("init --local", f"add hello {words}", f"add --in prod waits {words}"):
        ended = person.types(*command.split())
        assert ended.exit_code == 0, ended
    return person


def test_a_dry_run_of_every_command_that_writes_leaves_everything_as_it_was(
    sam: Person, user: Path, cluster: Cluster, tmp_path: Path
) -> None:
    change = sam.types("changes", "-o", "name").stdout.strip()
    beginner = Person(tmp_path / "beginner", user)
    objects, files = _objects(user), _files(sam.home)
    for person, command in (
        (beginner, "init --local --dry-run"),
        (sam, f"install --dry-run --kubeconfig {cluster.kubeconfig}"),
        (sam, "add tcp-check --dry-run"),
        (sam, "add tcp-check --in prod --dry-run"),
        (sam, f"changes merge {change} --dry-run"),
        (sam, "sync --dry-run"),
        (sam, "run hello --dry-run=client"),
        (sam, "run hello --dry-run=server"),
    ):
        ended, written = person.writes(*command.split())
        assert (ended.exit_code, written) == (0, []), f"{command}: {ended}"
        assert ended.stdout, f"{command} shows what would be done"
    assert _objects(user) == objects
    assert (_files(sam.home), _files(beginner.home)) == (files, {})
