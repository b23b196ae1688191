"""What lets a cluster reconcile by itself: a CronJob of Rapt's own image, and the least that its account may do."""

from collections.abc import Sequence
from typing import Any

from kubectl_rapt.model.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CRON_JOB,
    NAMESPACE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TOOL,
    Kind,
    Manifest,
)

NAME = "rapt-reconcile"
SECRET_NAME = "rapt-webhook"
"""The Secret whose keys ``url`` and ``secret`` say who is told of failed runs; it need not be there."""

_DEADLINE_SECONDS = 600
_READ = ["get", "list", "watch"]
_RULES: tuple[tuple[str, list[str], list[str]], ...] = (
    (TOOL.group, ["tools", "cleanuppolicies", "retrypolicies"], _READ),
    (TOOL.group, ["runs"], [*_READ, "create", "patch", "delete"]),
    (TOOL.group, ["runs/status"], ["patch"]),
    (TOOL.group, ["runs/finalizers"], ["update"]),
    ("batch", ["jobs"], [*_READ, "create", "patch", "delete"]),
    ("batch", ["cronjobs"], ["get"]),
    ("", ["pods", "pods/log"], _READ),
    ("", ["configmaps", "secrets"], ["get"]),
    ("", ["events"], [*_READ, "create"]),
    ("coordination.k8s.io", ["leases"], ["get", "create", "patch", "delete"]),
)
"""``secrets`` are read by name alone, to see whether the files of a run are there: they can be neither listed nor
written, and only names that a Run's own files have are asked for. ``runs/finalizers`` is what some clusters ask of
whoever makes a Job that blocks its owner's deletion."""


def manifests(image: str, schedule: str, namespace: str, namespaces: Sequence[str]) -> list[Manifest]:
    """Everything that it needs, in order.

    Args:
        image: Rapt's own image, as the nodes pull it.
        schedule: When a pass begins, as a cron expression.
        namespace: Where the account and the CronJob are.
        namespaces: What is reconciled, and where the account has any rights; empty for the whole cluster.
    """
    bindings = [
        _object(
            ROLE_BINDING if one else CLUSTER_ROLE_BINDING,
            NAME,
            one,
            roleRef={"apiGroup": CLUSTER_ROLE.group, "kind": CLUSTER_ROLE.name, "name": NAME},
            subjects=[{"kind": SERVICE_ACCOUNT.name, "name": NAME, "namespace": namespace}],
        )
        for one in namespaces or [""]
    ]
    return [
        _object(NAMESPACE, namespace, metadata={"labels": _RESTRICTED}),
        _object(SERVICE_ACCOUNT, NAME, namespace, automountServiceAccountToken=False),
        _object(
            CLUSTER_ROLE,
            NAME,
            rules=[
                {"apiGroups": [group], "resources": resources, "verbs": verbs}
                for group, resources, verbs in _RULES
            ],
        ),
        *bindings,
        _object(CRON_JOB, NAME, namespace, spec=_schedule(image, schedule, namespaces)),
    ]


def is_granted_to(manifest: Manifest, namespace: str) -> bool:
    """Whether a binding that was found gives rights to the account in that namespace, and to nobody else."""
    subjects = manifest.get("subjects") or ()
    return bool(subjects) and all(
        (one["kind"], one["name"], one.get("namespace")) == (SERVICE_ACCOUNT.name, NAME, namespace)
        for one in subjects
    )


_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
MARKS = {"app.kubernetes.io/name": "rapt", "app.kubernetes.io/component": "reconcile"}


def _object(
    kind: Kind, name: str, namespace: str = "", metadata: dict[str, Any] | None = None, **content: Any
) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    marks = {**MARKS, **(metadata or {}).get("labels", {})}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, **place, "labels": marks},
        **content,
    }


def _schedule(image: str, schedule: str, namespaces: Sequence[str]) -> dict[str, Any]:
    return {
        "schedule": schedule,
        # Two at once would do no harm, and no good.
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 60,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "metadata": {"labels": MARKS},
                    "spec": {
                        "serviceAccountName": NAME,
                        "automountServiceAccountToken": True,
                        "restartPolicy": "Never",
                        "activeDeadlineSeconds": _DEADLINE_SECONDS,
                        "securityContext": {
                            "runAsNonRoot": True,
                            "runAsUser": 65532,
                            "runAsGroup": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "containers": [_container(image, namespaces)],
                        "volumes": [{"name": "tmp", "emptyDir": {}}],
                    },
                },
            }
        },
    }


def _container(image: str, namespaces: Sequence[str]) -> dict[str, Any]:
    where = ["--for", ",".join(namespaces)] if namespaces else ["--all-namespaces"]
    return {
        "name": "reconcile",
        "image": image,
        "command": ["kubectl-rapt", "reconcile", *where],
        "env": [
            {"name": "HOME", "value": "/tmp"},
            _from_secret("RAPT_WEBHOOK_URL", "url"),
            _from_secret("RAPT_WEBHOOK_SECRET", "secret"),
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _from_secret(name: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET_NAME, "key": key, "optional": True}}}
