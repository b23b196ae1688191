"""Cleaning up 2,000 finished Jobs, beside deleting them with kubectl by name: on an API server of their own."""

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path

from benchmarks.timing import Side
from kubectl_rapt import wiring
from kubectl_rapt.model.target import Target
from tests import finished

CLEANED = 2000
BY_NAME = 40
"""As many as kubectl deletes in the time that Rapt may take for all: a fiftieth."""
_NAMESPACE = "default"
_rounds = itertools.count()


def sides(kubeconfig: Path, *, by_one_command: bool) -> tuple[Side, Side]:
    """Ours and theirs. The Jobs of a round are made before its time begins.

    Args:
        kubeconfig: Of the administrator of a cluster without controllers, where Rapt is installed.
        by_one_command: Whether kubectl is given all names at once, and not one after another.
    """
    env = ["env", f"KUBECONFIG={kubeconfig}"]
    delete = [*env, "kubectl", "delete", "job"]

    def ours(_: int) -> Sequence[Sequence[str]]:
        _make(kubeconfig, CLEANED, next(_rounds))
        return [[*env, *shlex.split("kubectl-rapt clean --older-than 0s -y")]]

    def theirs(_: int) -> Sequence[Sequence[str]]:
        names = _make(kubeconfig, BY_NAME, next(_rounds))
        return [[*delete, *names]] if by_one_command else [[*delete, name] for name in names]

    return ours, theirs


def _make(kubeconfig: Path, number: int, mark: int) -> list[str]:
    names = [f"job-{mark}-{index:04}" for index in range(number)]
    with wiring.open_world(Target(kubeconfig=str(kubeconfig), namespace=_NAMESPACE)) as (_, writers):
        finished.jobs(writers, *(finished.a_job(name, _NAMESPACE) for name in names))
    return names
