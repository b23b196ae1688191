"""Doctor on a real cluster: what is well, what is missing, and whose cure it is."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.actions import doctor
from tests import namespaces
from tests.api.teams import kubectl_does
from tests.cluster import clusters
from tests.cluster.clusters import Cluster, PrivateCluster
from tests.killing import Person

CHECKS = [check.name for check in doctor.CHECKS]


def looked(person: Person, exit_code: int, *flags: str) -> dict[str, dict[str, Any]]:
    """What doctor says of each check."""
    ended = person.types("doctor", "-o", "json", *flags)
    assert (ended.exit_code, ended.stderr) == (exit_code, ""), ended
    told = json.loads(ended.stdout)
    assert told["healthy"] == (exit_code == 0)
    assert [one["name"] for one in told["checks"]] == CHECKS
    return {one["name"]: one for one in told["checks"]}


def states(found: dict[str, dict[str, Any]], state: str) -> list[str]:
    return [name for name, one in found.items() if one["state"] == state]


def test_all_is_well_for_an_ordinary_user(namespace: str, user: Path, tmp_path: Path) -> None:
    ann = Person(tmp_path / "ann", user)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("kubectl_complete-rapt", "trivy"):
        (bin_ / name).write_text("#!/bin/sh\n")
        (bin_ / name).chmod(0o755)
    ann.environ["PATH"] += f":{bin_}"
    assert ann.types("init", "--local").exit_code == 0
    found = looked(ann, 0)
    assert states(found, "failed") == []
    assert set(states(found, "warning")) <= {"cluster"}, "kubectl may be far from the server's version"
    assert found["completion"]["says"].endswith("/kubectl_complete-rapt")
    assert found["git"]["says"].endswith("as ann <ann@example.com>")
    assert found["registries"]["says"].startswith("bundled: ")
    assert found["credentials"]["says"].startswith(f"user-of-{namespace} (context ")
    assert found["identity"]["says"] == "the cluster of dev, prod"
    assert found["rights"]["says"] == (
        f"may see, run, clean, sync in namespace {namespace}; "
        "not grant (create roles.rbac.authorization.k8s.io and 5 more), "
        "install (create customresourcedefinitions.apiextensions.k8s.io and 1 more)"
    )
    assert f"Trivy ({bin_ / 'trivy'})" in found["engines"]["says"]
    admission = found["admission"]
    assert (admission["state"], admission["says"]) == ("skipped", "cannot be looked at by you")
    assert found["clock"]["says"] == "the same as the API server's"
    told = ann.types("doctor")
    assert told.exit_code == 0
    assert [line.split()[1] for line in told.stdout.splitlines() if not line.startswith(" ")] == CHECKS
    assert "failed" not in told.stderr


def test_a_viewer_is_told_what_they_may_not_do(cluster: Cluster, tmp_path: Path) -> None:
    namespace = namespaces.prepare(cluster, role="view")
    bob = Person(tmp_path / "bob", cluster.user(f"user-of-{namespace}", namespace=namespace))
    found = looked(bob, 0)
    assert found["rights"]["state"] == "warning"
    assert found["rights"]["says"].startswith(
        f"may see in namespace {namespace}; not run (create runs.rapt.dev"
    )
    assert found["rights"]["cure"].endswith(f"--clusterrole=edit --user=YOU -n {namespace}")
    assert (found["repository"]["state"], found["repository"]["cure"]) == (
        "warning",
        "kubectl rapt init --local",
    )


@pytest.fixture
def bare() -> Iterator[PrivateCluster]:
    """Another cluster, without Rapt's kinds."""
    with clusters.private(controllers=False) as found:
        yield found


def test_another_cluster_without_the_kinds_and_with_engines(
    bare: PrivateCluster, namespace: str, user: Path, tmp_path: Path
) -> None:
    ann = Person(tmp_path / "ann", user)
    assert ann.types("init", "--local").exit_code == 0
    ann.environ["KUBECONFIG"] = str(bare.kubeconfig)
    namespaces.apply(
        bare.kubeconfig, _definition("kueue.x-k8s.io", "Workload", "workloads"), _SERVICE, _METRICS
    )
    namespaces.soon(bare.kubeconfig, "get", "--raw=/apis/kueue.x-k8s.io/v1")
    found = looked(ann, 1, "--in", "dev")
    assert states(found, "failed") == ["identity", "kinds"]
    assert found["identity"]["code"] == "other-cluster"
    assert found["kinds"]["cure"] == "an administrator types: kubectl rapt install"
    assert found["engines"]["says"].startswith(
        "metrics: installed, and no answer; "
        "Kueue (kueue.x-k8s.io), OpenCost (service costs in default); not here: Flux"
    )


WEAKENED = {
    "deleted": ("validatingadmissionpolicybinding/rapt-runs", None),
    "a condition": (
        "validatingadmissionpolicy/rapt-runs",
        {"matchConditions": [{"name": "never", "expression": "false"}]},
    ),
    "another rule": (
        "validatingadmissionpolicy/rapt-run-status",
        {"validations": [{"expression": "true", "message": "all may"}]},
    ),
    "no failure": ("validatingadmissionpolicy/rapt-run-status", {"failurePolicy": "Ignore"}),
    "some namespaces": (
        "validatingadmissionpolicy/rapt-runs-of-tools",
        {"matchConstraints": {"namespaceSelector": {"matchLabels": {"never": "there"}}}},
    ),
    "a binding for some": (
        "validatingadmissionpolicybinding/rapt-runs-of-tools",
        {"matchResources": {"objectSelector": {"matchLabels": {"never": "there"}}}},
    ),
    "only a warning": ("validatingadmissionpolicybinding/rapt-run-status", {"validationActions": ["Warn"]}),
}


def test_policies_that_were_weakened_are_named_and_installed_again(
    bare: PrivateCluster, tmp_path: Path
) -> None:
    admin = Person(tmp_path / "admin", bare.kubeconfig)
    assert admin.types("install").exit_code == 0
    assert looked(admin, 0)["admission"]["says"] == "all there"
    for what, (name, spec) in WEAKENED.items():
        words = ["delete", name] if spec is None else ["patch", name, "--type=merge", "-p"]
        kubectl_does(bare.kubeconfig, *words, *([json.dumps({"spec": spec})] if spec else []))
        told = looked(admin, 1)["admission"]
        kind, _, named = name.partition("/")
        said = f"{'binding' if kind.endswith('binding') else 'policy'} {named} is {'changed' if spec else 'missing'}"
        assert (told["says"], told["cure"]) == (
            f"{said}: forged Runs may be admitted",
            "an administrator types: kubectl rapt install",
        ), what
        assert admin.types("install").exit_code == 0
        assert looked(admin, 0)["admission"]["says"] == "all there", what


def test_a_kubectl_that_tells_no_version_is_none(user: Path, tmp_path: Path) -> None:
    ann = Person(tmp_path / "ann", user)
    other = tmp_path / "bin" / "kubectl"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    ann.environ["PATH"] = f"{other.parent}:{ann.environ['PATH']}"
    told = looked(ann, 1)["kubectl"]
    assert (told["state"], told["says"].startswith(f"{other} does not tell a version")) == ("failed", True)


def _definition(group: str, kind: str, plural: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


_METRICS = {
    "apiVersion": "apiregistration.k8s.io/v1",
    "kind": "APIService",
    "metadata": {"name": "v1beta1.metrics.k8s.io"},
    "spec": {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "nobody", "namespace": "default"},
    },
}
_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "costs", "namespace": "default", "labels": {"app.kubernetes.io/name": "opencost"}},
    "spec": {"ports": [{"port": 9003}]},
}


def test_what_is_down_is_given_up_in_time_and_the_rest_is_told(user: Path, tmp_path: Path) -> None:
    """An API server, a config repository and its forge that accept connections and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        config = json.loads(user.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://{address}"}
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        ann = Person(tmp_path / "ann", tmp_path / "kubeconfig", repository=f"http://{address}/team/tools.git")
        begun = time.monotonic()
        found = looked(ann, 1, "--request-timeout", "2s")
        assert time.monotonic() - begun < 15
        assert states(found, "failed") == ["repository", "registries", "cluster"]
        for name in ("kubectl", "plugin", "git"):
            assert found[name]["state"] == "ok", name
        assert found["forge"]["says"] == "skipped: the repository check failed"
        for name in ("credentials", "identity", "kinds", "rights", "engines", "clock"):
            assert found[name]["says"] == "skipped: the cluster check failed"
        ann.leaves_nothing()
