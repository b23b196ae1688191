"""A cluster of kind, for machines that have Docker: Linux and macOS, without root and without Go.

All that is known here of the programs ``kind`` and ``docker`` is in this file.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.controlplane import TESTBED
from tests.cluster.telling import ClusterError, tell

CHOICE = "RAPT_TEST_CLUSTER"
"""The environment variable that says which cluster to take: ``kind`` or ``built``; else kind if it can be had."""
NAME = TESTBED
_READY = "180s"
_TIMEOUT_SECONDS = 15 * 60


def is_chosen() -> bool:
    """Whether the tests take a cluster of kind.

    Raises:
        ClusterError: ``RAPT_TEST_CLUSTER`` says something else than ``kind`` or ``built``, or kind cannot be had.
    """
    choice = os.environ.get(CHOICE, "")
    if choice not in ("", "kind", "built"):
        raise ClusterError(f'{CHOICE} is "{choice}"; it may be kind or built')
    if choice == "built":
        return False
    missing = _missing(os.environ.get("PATH", ""))
    if choice and missing:
        raise ClusterError(f"{CHOICE} is kind, but {missing}")
    return not missing


@functools.cache
def _missing(path: str) -> str:
    """What keeps a cluster of kind from being started with the programs of a PATH; empty for nothing."""
    docker = shutil.which("docker", path=path)
    if docker is None:
        return "there is no program docker"
    if shutil.which("kind", path=path) is None:
        return "there is no program kind: https://kind.sigs.k8s.io/docs/user/quick-start"
    try:
        asked = subprocess.run([docker, "info"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "docker info did not answer within 30 s"
    return "Docker does not answer: docker info" if asked.returncode else ""


def is_up() -> bool:
    """Whether there is such a cluster, healthy or not."""
    return NAME in _run("get", "clusters").split()


def up(kubeconfig: Path) -> bool:
    """Start the cluster unless it is there, and write the administrator's kubeconfig.

    Returns:
        Whether it was started.

    Raises:
        ClusterError: kind failed.
    """
    if is_up():
        kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        kubeconfig.write_text(_run("get", "kubeconfig", f"--name={NAME}"))
        return False
    tell("starting a cluster with kind; the first time, Docker downloads its image")
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    _run("create", "cluster", f"--name={NAME}", f"--kubeconfig={kubeconfig}", f"--wait={_READY}")
    tell("the cluster is ready")
    return True


def down(kubeconfig: Path) -> bool:
    """End the cluster. Returns whether there was one."""
    if not is_up():
        return False
    _run("delete", "cluster", f"--name={NAME}", f"--kubeconfig={kubeconfig}")
    return True


def _run(*words: str) -> str:
    program = shutil.which("kind")
    assert program is not None, "kind was chosen, so it is there"
    try:
        done = subprocess.run(
            [program, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"kind {words[0]} {words[1]} took over {_TIMEOUT_SECONDS // 60} minutes") from None
    if done.returncode:
        raise ClusterError(f"kind {words[0]} {words[1]} failed", done.stderr[-2000:])
    return done.stdout
