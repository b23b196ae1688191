"""Our use of Kubernetes' schemas gives the verdicts of the package that ships them, and is quicker."""

import copy
import random
from typing import Any

import kubernetes_validate
import pytest

from kubectl_rapt.adapters.schemas import Schemas

JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "a", "labels": {"a": "b"}},
    "spec": {
        "parallelism": 1,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "tool",
                        "image": "a",
                        "args": ["a"],
                        "env": [{"name": "A", "value": "a"}],
                        "resources": {"limits": {"memory": "1Gi", "cpu": 1}},
                    }
                ],
                "volumes": [{"name": "a", "emptyDir": {}}],
            }
        },
    },
}
CRON_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "a"},
    "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": JOB["spec"]}},
}
ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "a"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas()


def mutated(manifest: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same object with one thing changed at random."""
    data = copy.deepcopy(manifest)
    holder: Any = data
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = chance.choice(keys)
        if isinstance(holder[key], dict | list) and holder[key] and chance.random() < 0.85:
            holder = holder[key]
            continue
        if holder is data and key in ("apiVersion", "kind"):
            continue
        change = chance.randrange(4)
        if change == 0 and isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        elif change == 1:
            del holder[key]
        elif change == 2 and isinstance(holder, dict):
            holder["unknown"] = 1
        else:
            holder[key] = chance.choice([5, "text", True, None, [], {}, ["a"], {"a": 1}, 1.5])
        return data


@pytest.mark.parametrize("manifest", [JOB, CRON_JOB, ROLE], ids=lambda one: one["kind"])
def test_verdicts_are_those_of_the_package(manifest: dict[str, Any], schemas: Schemas) -> None:
    chance = random.Random(7)
    for data in [manifest, *(mutated(manifest, chance) for _ in range(40))]:
        try:
            kubernetes_validate.validate(data, "1.35", strict=True)
            is_right = True
        except kubernetes_validate.ValidationError:
            is_right = False
        assert (schemas.validate(data, 35) == []) is is_right, data


def test_problems_name_their_field(schemas: Schemas) -> None:
    data = copy.deepcopy(JOB)
    data["spec"]["template"]["spec"]["containers"][0]["image"] = 5
    (problem,) = schemas.validate(data, 35)
    assert problem.where == "/spec/template/spec/containers/0/image"


@pytest.mark.parametrize(("minor", "nearest"), [(35, 35), (24, 25), (0, 25)])
def test_minors_that_are_not_shipped_are_clamped(minor: int, nearest: int, schemas: Schemas) -> None:
    assert schemas.nearest(minor) == nearest
    assert schemas.validate(JOB, minor) == []


def test_minors_of_the_future_are_checked_with_the_newest(schemas: Schemas) -> None:
    newest = schemas.nearest(1000)
    assert schemas.nearest(newest) == newest
    assert schemas.validate(JOB, 1000) == []


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [
        ("Tool", "rapt.dev/v1alpha1"),
        ("Job", "batch.example.com/v1"),
        ("../Job", "batch/v1"),
        ("Job", "../v1"),
        ("_definitions", "v1"),
        (None, None),
    ],
)
def test_kinds_that_are_not_kubernetes_own_are_not_checked(
    kind: Any, api_version: Any, schemas: Schemas
) -> None:
    assert schemas.validate({"kind": kind, "apiVersion": api_version}, 35) == []
