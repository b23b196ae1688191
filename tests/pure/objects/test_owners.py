"""Whose an object is: the labels and annotations that Flux and Argo CD document."""

from typing import Any

import pytest

from kubectl_rapt.model.kinds import ARGO_APPLICATION, FLUX_HELM_RELEASE, FLUX_KUSTOMIZATION
from kubectl_rapt.objects import owners
from kubectl_rapt.objects.owners import Owner

KUSTOMIZE, HELM = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
INSTANCE = "app.kubernetes.io/instance"
TRACKED = "apps:batch/CronJob:team/backup"


def an_object(
    marks: dict[str, str] | None = None, tracked: str = "", manager: str = "argocd-controller"
) -> dict[str, Any]:
    owned: dict[str, Any] = {"f:metadata": {"f:labels": {f"f:{label}": {} for label in marks or {}}}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": "backup",
            "namespace": "team",
            "labels": {"rapt.dev/tool": "backup", **(marks or {})},
            "annotations": {owners.TRACKING_ID: tracked} if tracked else {},
            "managedFields": [{"manager": manager, "operation": "Apply", "fieldsV1": owned}],
        },
    }


@pytest.mark.parametrize(
    ("found", "owner", "words"),
    [
        (an_object(), None, ""),
        (
            an_object({f"{KUSTOMIZE}/name": "apps", f"{KUSTOMIZE}/namespace": "prod"}),
            Owner(FLUX_KUSTOMIZATION, "apps", "prod"),
            "Flux kustomization prod/apps",
        ),
        (
            an_object({f"{HELM}/name": "tools", f"{HELM}/namespace": "prod"}),
            Owner(FLUX_HELM_RELEASE, "tools", "prod"),
            "Flux Helm release prod/tools",
        ),
        (an_object({f"{KUSTOMIZE}/namespace": "prod"}), None, ""),
        (an_object({f"{KUSTOMIZE}/checksum": "prod"}), None, ""),
        (
            an_object(tracked=TRACKED),
            Owner(ARGO_APPLICATION, "apps", ""),
            "Argo CD application apps",
        ),
        (
            an_object(tracked=f"teams_{TRACKED}"),
            Owner(ARGO_APPLICATION, "apps", "teams"),
            "Argo CD application teams/apps",
        ),
        (an_object(tracked="apps:batch/CronJob:team/other"), None, ""),
        (an_object(tracked="apps:/CronJob:team/backup"), None, ""),
        (an_object(tracked="nonsense"), None, ""),
        (an_object({"argocd.argoproj.io/instance": "apps"}), Owner(ARGO_APPLICATION, "apps", ""), None),
        (an_object({INSTANCE: "apps"}), Owner(ARGO_APPLICATION, "apps", ""), None),
        (
            an_object({INSTANCE: "apps"}, manager="argocd-application-controller"),
            Owner(ARGO_APPLICATION, "apps", ""),
            None,
        ),
        (an_object({INSTANCE: "apps"}, manager="rapt-sync"), None, ""),
        (an_object({INSTANCE: "apps"}, manager="helm"), None, ""),
    ],
)
def test_the_owner_of_an_object(found: dict[str, Any], owner: Owner | None, words: str | None) -> None:
    assert owners.owner_of(found) == owner
    assert words is None or str(owner or "") == words


def test_each_owner_is_named_once() -> None:
    one = an_object({f"{KUSTOMIZE}/name": "apps", f"{KUSTOMIZE}/namespace": "prod"})
    other = an_object(tracked=TRACKED)
    found = owners.owners([one, other, one, an_object()])
    assert [str(owner) for owner in found] == ["Flux kustomization prod/apps", "Argo CD application apps"]


def test_the_core_group_has_no_name_in_a_tracking_id() -> None:
    account = {**an_object(tracked="apps:/ServiceAccount:team/backup"), "apiVersion": "v1"}
    assert owners.owner_of({**account, "kind": "ServiceAccount"}) == Owner(ARGO_APPLICATION, "apps", "")
