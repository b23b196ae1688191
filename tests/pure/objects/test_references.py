"""What a pod cannot start without."""

from typing import Any

import pytest

from kubectl_rapt.objects import references

SECRET_KEY = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
TABLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"containers": [{"name": "a", "env": [{"name": "A", "value": "x"}]}]}, []),
    ({"containers": [{"name": "a", "env": [SECRET_KEY]}]}, ["secret/db password"]),
    ({"initContainers": [{"name": "a", "env": [SECRET_KEY]}]}, ["secret/db password"]),
    (
        {"containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]}]},
        ["configmap/c k"],
    ),
    (
        {
            "containers": [
                {"env": [{"valueFrom": {"secretKeyRef": {"name": "x", "key": "k", "optional": True}}}]}
            ]
        },
        [],
    ),
    ({"containers": [{"env": [{"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}]}, []),
    (
        {"containers": [{"envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}}]}]},
        ["configmap/c ", "secret/s "],
    ),
    ({"containers": [{"envFrom": [{"secretRef": {"name": "s", "optional": True}}]}]}, []),
    (
        {
            "volumes": [
                {
                    "secret": {
                        "secretName": "s",
                        "items": [{"key": "b", "path": "p"}, {"key": "a", "path": "q"}],
                    }
                }
            ]
        },
        ["secret/s a,b"],
    ),
    ({"volumes": [{"secret": {"secretName": "s", "optional": True}}, {"emptyDir": {}}]}, []),
    ({"volumes": [{"configMap": {"name": "c"}}]}, ["configmap/c "]),
    ({"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}, ["persistentvolumeclaim/data "]),
    (
        {"volumes": [{"projected": {"sources": [{"secret": {"name": "s"}}, {"serviceAccountToken": {}}]}}]},
        ["secret/s "],
    ),
    ({"imagePullSecrets": [{"name": "login"}]}, ["secret/login "]),
    (
        {"containers": [{"env": [SECRET_KEY], "envFrom": [{"secretRef": {"name": "db"}}]}]},
        ["secret/db password"],
    ),
]


@pytest.mark.parametrize(("spec", "expected"), TABLE)
def test_everything_that_is_not_optional_is_named_once_with_its_keys(
    spec: dict[str, Any], expected: list[str]
) -> None:
    assert [f"{one} {','.join(one.keys)}" for one in references.of_pod(spec)] == expected
