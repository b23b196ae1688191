"""A template tried on this machine: with a real podman, and in the tests' own cluster."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster import clusters, debian, images
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person, end

_TEMPLATE = """\
apiVersion: rapt.dev/v1alpha1
kind: Template
name: say
version: 1.0.0
summary: Say a word
parameters:
- {name: word, type: string, default: hello}
- {name: code, type: integer, default: 0, minimum: 0, maximum: 255, at: run}
"""
_JOB = """\
apiVersion: batch/v1
kind: Job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      volumes: [{name: shared, emptyDir: {}}]
      initContainers:
      - name: prepare
        image: busybox:1.35
        command: [sh, -c, "echo prepared > /shared/file"]
        volumeMounts: [{name: shared, mountPath: /shared}]
      containers:
      - name: tool
        image: busybox:1.35
        env: [{name: WORD, value: "{{ word }}"}, {name: CODE, value: "{{ code }}"}]
        command: [sh, -c, 'cat /shared/file; echo "$WORD"; exit "$CODE"']
        resources: {limits: {memory: 64Mi}}
        volumeMounts: [{name: shared, mountPath: /shared}]
"""


@dataclass(frozen=True)
class Author:
    """Somebody with a registry of one template, and a podman of their own."""

    person: Person
    folder: Path

    def podman(self, *words: str) -> str:
        done = subprocess.run(
            ["podman", *words],
            env=self.person.environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        return done.stdout

    def left(self) -> str:
        """Containers and volumes."""
        return self.podman("ps", "-a", "-q") + self.podman("volume", "ls", "-q")


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Author]:
    person = Person(tmp_path / "author", Path(os.devnull))
    folder = tmp_path / "registry" / "templates" / "say"
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(_TEMPLATE)
    (folder / "job.yaml.j2").write_text(_JOB)
    yield Author(person, folder)


@pytest.fixture
def with_podman(author: Author) -> Iterator[Author]:
    """Debian's podman with files and limits of its own, so that it runs in a container and as any root.

    Its folder has a short name: where the paths of its sockets get too long, it notices the end of each container
    twenty seconds late.
    """
    debian.install({"podman": "podman"})
    home = Path(tempfile.mkdtemp(prefix="rapt-podman-", dir="/tmp"))
    (home / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/graph"\nrunroot = "{home}/run"\n'
    )
    (home / "containers.conf").write_text(
        '[containers]\nnetns = "host"\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
        f'[engine]\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\nvolume_path = "{home}/volumes"\n'
    )
    author.person.environ |= {
        "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        "CONTAINERS_CONF": str(home / "containers.conf"),
    }
    images.write_busybox_layer(home / "layer.tar", Path("/bin/busybox"))
    images.write_archive(
        home / "image.tar", ["docker.io/library/busybox:1.35"], home / "layer.tar", ["sh"], {}
    )
    author.podman("load", "--quiet", "--input", str(home / "image.tar"))
    yield author
    author.podman("system", "reset", "--force")
    shutil.rmtree(home)


def test_a_template_runs_with_podman_as_its_pod_would(with_podman: Author) -> None:
    author = with_podman
    words = ("dev", "run", str(author.folder), "--set", "word=good day", "--set", "code=7")
    ended = author.person.types(*words)
    assert (ended.exit_code, ended.stdout) == (7, "prepared\ngood day\n"), ended
    for what in ("quota", "network policy", "the service account"):
        assert f"not reproduced: {what}" in ended.stderr, ended
    assert author.left() == ""
    dry = author.person.types(*words, "--dry-run")
    assert [line.split()[:3] for line in dry.stdout.splitlines()] == [["podman", "run", "--rm"]] * 2
    wrong = author.person.types("dev", "run", str(author.folder), "--set", "wrod=x")
    assert (wrong.exit_code, "word" in wrong.stderr) == (5, True), wrong


def test_a_template_runs_again_when_it_is_changed_also_while_it_runs(with_podman: Author) -> None:
    author = with_podman
    job = author.folder / "job.yaml.j2"
    job.write_text(_JOB.replace('exit "$CODE"', "sleep 600"))
    with author.person.starts("dev", "run", str(author.folder), "--watch") as process:
        try:
            assert process.stdout
            assert [process.stdout.readline() for _ in range(2)] == ["prepared\n", "hello\n"]
            job.write_text("{{ broken")
            (author.folder / "template.yaml").write_text(
                _TEMPLATE.replace("default: hello", "default: changed")
            )
            job.write_text(_JOB)
            assert [process.stdout.readline() for _ in range(2)] == ["prepared\n", "changed\n"]
            process.send_signal(signal.SIGINT)
            ended = end(process)
        finally:
            process.kill()
    assert ended.exit_code == 130, ended
    assert author.left() == ""


def test_the_tests_cluster_is_used_and_never_ended(author: Author, cluster: Cluster) -> None:
    def asks(*words: str) -> Ended:
        return author.person.types("dev", *words)

    assert asks("down").stdout == "nothing was up\n"
    none = asks("run", str(author.folder), "--with", "cluster")
    assert (none.exit_code, "dev up" in none.stderr) == (4, True), none
    up = asks("up")
    assert (up.exit_code, up.stdout) == (0, f"export KUBECONFIG={cluster.kubeconfig}\n"), up
    ended = asks("run", str(author.folder), "--with", "cluster", "--set", "code=3")
    assert (ended.exit_code, ended.stdout) == (3, "prepared\nhello\n"), ended
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", "get", "jobs", "-n", "default", "-o", "name"]
    left = subprocess.check_output(command, env=author.person.environ, text=True, timeout=60)
    assert "dev-say" not in left
    assert asks("down").stdout == "forgotten: it was there before, and stays\n"
    assert clusters.found() is not None
