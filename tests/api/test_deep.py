"""A run that is nested deeper than anybody reads: it is named, and nothing else is affected."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person

LEVELS = (60, 900, 3000)
"""The YAML reader stops at 40; Python's own functions at some hundreds, and its JSON reader a little after them."""


@pytest.fixture
def types(user: Path, tmp_path: Path) -> Callable[[str], Ended]:
    person = Person(tmp_path / "ann", user)
    person.environ["PATH"] = f"{kubectl.program().parent}:{person.environ['PATH']}"
    return lambda typed: person.types(*typed.split())


@pytest.fixture
def deep(admin: tuple[World, Writers], namespace: str, cluster: Cluster) -> None:
    """One run as it should be, and for each depth one whose answers go so deep: as lists, and as mappings."""
    _, writers = admin
    finished.create(writers, finished.a_run("sound-1", namespace, "backup"))
    for levels in LEVELS:
        for name, begin, end in (("lists", "[", "]"), ("maps", '{"a":', "}")):
            run = finished.a_run(f"{name}-{levels}", namespace, "backup", answers={"mode": "HERE"})
            text = json.dumps(run).replace('"HERE"', begin * levels + "1" + end * levels)
            command = [str(kubectl.program()), "create", "--raw"]
            path = f"/apis/rapt.dev/v1alpha1/namespaces/{namespace}/runs"
            done = subprocess.run(
                [*command, path, "-f", "-"],
                input=text,
                text=True,
                capture_output=True,
                env={"KUBECONFIG": str(cluster.kubeconfig)},
            )
            assert done.returncode == 0, done.stderr


def test_a_run_that_is_nested_too_deeply_is_named_and_stops_nothing(
    deep: None, types: Callable[[str], Ended], namespace: str
) -> None:
    hidden = [f"{kind}-{levels}" for levels in LEVELS for kind in ("lists", "maps")]
    shown = {}
    for typed in (
        "runs",
        "runs -o wide",
        "runs -o json",
        "runs -o yaml",
        "runs -o name",
        "runs -o custom-columns=A:.metadata.name,B:.spec.answers",
        "runs -o jsonpath={.items[*].metadata.name}",
        "runs --sort-by .metadata.name",
        "status",
        "list",
        "clean --dry-run",
        "reconcile --dry-run",
        "reconcile",
    ):
        ended = shown[typed] = types(typed)
        assert ended.exit_code in (0, 1), f"{typed}: {ended}"
        assert "RecursionError" not in ended.stderr, f"{typed}: {ended}"
        if typed.startswith("runs"):
            assert "sound-1" in ended.stdout, f"{typed}: {ended}"
    for form in ("json", "yaml", "custom-columns=A:.metadata.name,B:.spec.answers"):
        ended = shown[f"runs -o {form}"]
        assert ended.exit_code == 1, ended
        for name in hidden:
            assert f"run/{name} cannot be read: it is nested deeper than 32 levels" in ended.stderr, ended
            assert name not in ended.stdout
    for name in hidden:
        assert name in shown["reconcile"].stdout + shown["reconcile"].stderr


def test_a_command_about_such_a_run_alone_refuses_it_by_its_name(
    deep: None, types: Callable[[str], Ended]
) -> None:
    for name in ("lists-60", "maps-900", "lists-3000"):
        for typed in (
            f"why {name}",
            f"logs {name}",
            f"retry {name}",
            f"cancel {name}",
            f"describe run/{name} -o json",
            f"describe run/{name} -o yaml",
        ):
            ended = types(typed)
            assert ended.exit_code == 5, f"{typed}: {ended}"
            assert f"{name} cannot be read: it is nested deeper than 32 levels" in ended.stderr, ended
        ended = types(f"describe run/{name}")
        assert ended.exit_code == 0, ended
        assert "it is nested deeper than 32 levels" in ended.stdout, ended
