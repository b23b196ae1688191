"""What a hand-edited rendered file may not hold: each refusal names the field."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.config import rendered
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import Problem
from kubectl_rapt.templating.definition import Access, Egress
from tests.pure.config.test_derive import INSTALLED, PROJECT, STORE, TEMPLATE, derived, stored
from tests.pure.config.test_derive import PROD as WITHOUT_STORE

PROD = replace(WITHOUT_STORE, secret_store=STORE)
FULL = replace(
    TEMPLATE, access=(Access(("",), ("pods",), ("get",), ("one",)),), egress=(Egress(anywhere=True),)
)
SCHEDULED = replace(INSTALLED, schedules=(Schedule("0 3 * * *"), Schedule("0 4 * * *", "Europe/Berlin")))
WRITTEN = [
    *derived(installed=SCHEDULED, template=FULL),
    *stored("nightly", password={"name": "a", "key": "b"}),
]
POD = ("spec", "jobTemplate", "spec", "template", "spec")


def edited(kind: str, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The first object of a kind as Rapt writes it, with one field set; None removes it."""
    manifest = copy.deepcopy(next(dict(one) for one in WRITTEN if one["kind"] == kind))
    at: Any = manifest
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return manifest


def test_everything_that_rapt_writes_is_right() -> None:
    assert {one["kind"] for one in WRITTEN} == {kind.name for kind in rendered.KINDS}
    assert [rendered.check(one, PROD, PROJECT) for one in WRITTEN] == [[]] * len(WRITTEN)


@pytest.mark.parametrize(
    ("kind", "path", "value", "where"),
    [
        ("CronJob", (*POD, "hostNetwork"), True, ".".join((*POD, "hostNetwork"))),
        ("CronJob", (*POD, "hostPID"), True, ".".join((*POD, "hostPID"))),
        (
            "CronJob",
            (*POD, "containers", 0, "securityContext"),
            {"privileged": True},
            ".".join(POD) + ".containers[0].securityContext.privileged",
        ),
        (
            "CronJob",
            (*POD, "volumes"),
            [{"name": "all", "hostPath": {"path": "/"}}],
            ".".join(POD) + ".volumes[0].hostPath",
        ),
        ("CronJob", (*POD, "serviceAccountName"), "admin", ".".join((*POD, "serviceAccountName"))),
        ("CronJob", (*POD, "serviceAccountName"), None, ".".join((*POD, "serviceAccountName"))),
        (
            "CronJob",
            ("spec", "jobTemplate", "spec", "template", "metadata", "labels", "rapt.dev/tool"),
            "other",
            "spec.jobTemplate.spec.template.metadata.labels",
        ),
        ("CronJob", ("spec", "jobTemplate"), None, "spec.jobTemplate"),
        ("CronJob", ("spec", "jobTemplate"), "true", "spec.jobTemplate"),
        ("CronJob", ("spec", "surprise"), 1, "spec.surprise"),
        ("CronJob", ("spec",), [], "spec"),
        ("CronJob", ("status",), {}, "status"),
        ("CronJob", ("metadata", "name"), "nightly-x", "metadata.name"),
        ("CronJob", ("metadata", "name"), "nightlyx", "metadata.name"),
        ("CronJob", ("metadata", "name"), "other-2", "metadata.name"),
        (
            "Tool",
            ("spec", "job", "spec", "template", "spec", "serviceAccountName"),
            "admin",
            "spec.job.spec.template.spec.serviceAccountName",
        ),
        (
            "Tool",
            ("spec", "job", "spec", "template", "spec", "hostIPC"),
            True,
            "spec.job.spec.template.spec.hostIPC",
        ),
        ("ExternalSecret", ("spec", "secretStoreRef", "name"), "root", "spec.secretStoreRef.name"),
        ("ExternalSecret", ("spec", "secretStoreRef", "kind"), "SecretStore", "spec.secretStoreRef.kind"),
        ("ExternalSecret", ("spec", "secretStoreRef"), None, "spec.secretStoreRef"),
        ("ExternalSecret", ("spec", "refreshInterval"), "1s", "spec.refreshInterval"),
        ("ExternalSecret", ("spec", "target", "creationPolicy"), "Owner", "spec.target.creationPolicy"),
        ("ExternalSecret", ("spec", "target", "template", "type"), "x", "spec.target.template.type"),
        ("ExternalSecret", ("spec", "data", 0, "remoteRef", "key"), "root", "spec.data[0].remoteRef.key"),
        ("ExternalSecret", ("spec", "data", 0, "secretKey"), 5, "spec.data[0]"),
        ("ExternalSecret", ("spec", "surprise"), 1, "spec.surprise"),
        ("ExternalSecret", ("metadata", "name"), "nightly-other", "metadata.name"),
        ("Tool", ("spec", "job"), None, "spec.job"),
        ("Tool", ("metadata", "name"), "other", "metadata.name"),
        ("RoleBinding", ("roleRef", "kind"), "ClusterRole", "roleRef"),
        ("RoleBinding", ("roleRef", "name"), "rapt-other", "roleRef"),
        ("RoleBinding", ("roleRef",), None, "roleRef"),
        ("RoleBinding", ("subjects", 0, "name"), "default", "subjects"),
        ("RoleBinding", ("subjects", 0, "namespace"), "team-2", "subjects"),
        ("RoleBinding", ("subjects",), [], "subjects"),
        ("RoleBinding", ("subjects", 0, "kind"), "User", "subjects"),
        ("Role", ("rules", 0, "nonResourceURLs"), ["/"], "rules[0].nonResourceURLs"),
        ("Role", ("rules", 0, "verbs"), [], "rules[0].verbs"),
        ("Role", ("rules", 0), "all", "rules[0]"),
        ("Role", ("rules",), None, "rules"),
        ("Role", ("aggregationRule",), {}, "aggregationRule"),
        ("Role", ("metadata", "name"), "admin", "metadata.name"),
        ("ServiceAccount", ("automountServiceAccountToken",), True, "automountServiceAccountToken"),
        ("ServiceAccount", ("automountServiceAccountToken",), 0, "automountServiceAccountToken"),
        ("ServiceAccount", ("secrets",), [{"name": "a"}], "secrets"),
        ("ServiceAccount", ("imagePullSecrets",), [{"name": "a"}], "imagePullSecrets"),
        ("ServiceAccount", ("metadata", "ownerReferences"), [], "metadata.ownerReferences"),
        ("ServiceAccount", ("metadata", "finalizers"), ["a/b"], "metadata.finalizers"),
        ("ServiceAccount", ("metadata", "annotations"), {"a": 1}, "metadata.annotations"),
        ("NetworkPolicy", ("spec", "podSelector"), {}, "spec.podSelector"),
        ("NetworkPolicy", ("spec", "policyTypes"), ["Ingress"], "spec.policyTypes"),
        ("NetworkPolicy", ("spec", "ingress"), [{}], "spec.ingress"),
        ("NetworkPolicy", ("spec",), None, "spec"),
        ("Tool", ("metadata", "labels", "rapt.dev/tool"), None, "metadata.labels[rapt.dev/tool]"),
        ("Tool", ("metadata", "labels", "rapt.dev/tool"), "A B", "metadata.labels[rapt.dev/tool]"),
        ("Tool", ("metadata", "labels", "rapt.dev/environment"), "dev", ""),
        ("Tool", ("metadata", "namespace"), "kube-system", ""),
        ("Tool", ("metadata", "name"), "../x", ""),
        ("Tool", ("metadata",), None, ""),
        ("Tool", ("kind",), "Job", ""),
        ("Role", ("kind",), "ClusterRole", ""),
    ],
)
def test_one_edited_field_is_refused_by_its_name(
    kind: str, path: tuple[Any, ...], value: Any, where: str
) -> None:
    assert [one.where for one in rendered.check(edited(kind, path, value), PROD, PROJECT)] == [where]


@pytest.mark.parametrize("document", [None, "text", [], 1])
def test_what_is_no_object_is_refused(document: Any) -> None:
    assert rendered.check(document, PROD, PROJECT) == [
        Problem("", "contains something that is not an object")
    ]
    assert rendered.named(document) == ""


def test_where_an_environment_has_no_store_there_is_no_external_secret() -> None:
    (found,) = rendered.check(edited("ExternalSecret", ("kind",), "ExternalSecret"), WITHOUT_STORE, PROJECT)
    assert found == Problem("spec.secretStoreRef", f"environment {WITHOUT_STORE.name} has no secret store")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("spec",), [], "spec"),
        (("spec", "dataFrom"), [{"find": {"name": {"regexp": ".*"}}}], "spec.dataFrom[0].find"),
        (("spec", "dataFrom"), "all", "spec.dataFrom"),
        (("spec", "data"), "all", "spec.data"),
        (("spec", "target"), [], "spec.target"),
    ],
)
def test_what_an_external_secret_fetches_besides_is_refused(
    path: tuple[Any, ...], value: Any, where: str
) -> None:
    found = rendered.check(edited("ExternalSecret", path, value), PROD, PROJECT)
    assert where in [one.where for one in found]
