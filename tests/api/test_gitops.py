"""Flux and Argo CD: what they apply is left alone, and they are asked to look.

The controllers themselves are not at hand. Their kinds are, as far as these tests use them, and objects carry the
labels and annotations that their documentation gives.
"""

import copy
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from kubectl_rapt import documents, wiring, writes
from kubectl_rapt.actions import refresh as refreshing
from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.cli import main
from kubectl_rapt.config import layout
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model.kinds import (
    ARGO_APPLICATION,
    CUSTOM_RESOURCE_DEFINITION,
    FLUX_GIT_REPOSITORY,
    FLUX_HELM_RELEASE,
    FLUX_KUSTOMIZATION,
    TOOL,
    Kind,
    Manifest,
    Ref,
    ref_of,
)
from kubectl_rapt.model.target import Target
from kubectl_rapt.objects import owners
from tests import namespaces
from tests.api.teams import Team, kubectl_does
from tests.cluster import clusters, kubectl
from tests.cluster.clusters import PrivateCluster

KUSTOMIZE, HELM = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
REQUESTED, REFRESH = "reconcile.fluxcd.io/requestedAt", "argocd.argoproj.io/refresh"
THEIRS = (FLUX_KUSTOMIZATION, FLUX_HELM_RELEASE, FLUX_GIT_REPOSITORY, ARGO_APPLICATION)


def a_definition(kind: Kind) -> Manifest:
    """A kind of theirs that takes any fields."""
    version = kind.api_version.rpartition("/")[2]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"kind": kind.name, "plural": kind.plural, "singular": kind.name.lower()}
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITION.name,
        "metadata": {"name": kind.resource},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": [served]},
    }


@pytest.fixture(scope="module")
def controlled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateCluster]:
    """A cluster of these tests' own with Rapt, the controllers' kinds, and nobody behind them."""
    with clusters.private() as found, pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(kubectl.program().parent), prepend=":")
        patched.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        assert main.run(["install", "--kubeconfig", str(found.kubeconfig)]) == 0
        command = ["apply", "--filename=-"]
        items = {"apiVersion": "v1", "kind": "List", "items": [a_definition(kind) for kind in THEIRS]}
        kubectl_does(found.kubeconfig, *command, stdin=json.dumps(items))
        for kind in THEIRS:
            namespaces.soon(found.kubeconfig, "get", kind.resource, "--all-namespaces")
        namespaces.await_rapt(found)
        yield found


@pytest.fixture
def team(open_team: Any, controlled: PrivateCluster) -> Iterator[Team]:
    """The administrator of that cluster, with a namespace of their own."""
    with open_team(controlled.kubeconfig, namespaces.prepare(controlled)) as team:
        yield team


class Controller:
    """Applies what is rendered as a controller would, and has an object of its own for it."""

    def __init__(self, team: Team, controlled: PrivateCluster) -> None:
        self._team, self._kubeconfig = team, controlled.kubeconfig

    def apply(self, tool: str, marks: dict[str, str] | None = None, application: str = "") -> list[Ref]:
        """Apply one tool's file, marked as a Kustomization or an Application marks it."""
        content = self._team.repository.files()[layout.rendered("dev", tool)]
        done = []
        for manifest in documents.load_all(content, tool):
            marked: dict[str, Any] = copy.deepcopy(dict(manifest))
            metadata = marked["metadata"]
            metadata["labels"] |= marks or {}
            if application:
                group = manifest["apiVersion"].rpartition("/")[0]
                what = f"{group}/{manifest['kind']}:{metadata['namespace']}/{metadata['name']}"
                metadata["annotations"] |= {owners.TRACKING_ID: f"{application}:{what}"}
            command = ("apply", "--server-side", "--field-manager=controller", "--filename=-")
            kubectl_does(self._kubeconfig, *command, stdin=json.dumps(marked))
            done.append(ref_of(manifest))
        return done

    def owns(self, kind: Kind, name: str, *, namespace: str = "", **content: Any) -> Ref:
        """Create an object of a controller."""
        ref = Ref(kind, name, namespace or self._team.namespace)
        metadata = {"name": name, "namespace": ref.namespace}
        manifest = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **content}
        self._team.writers.cluster.create(manifest)
        return ref

    def flux(self, name: str = "apps", **spec: Any) -> tuple[dict[str, str], Ref, Ref]:
        """A Kustomization with its source: its labels, and both."""
        source = self.owns(FLUX_GIT_REPOSITORY, f"of-{name}", spec={})
        reference = {"kind": "GitRepository", "name": source.name}
        own = self.owns(FLUX_KUSTOMIZATION, name, spec={"sourceRef": reference, **spec})
        marks = {f"{KUSTOMIZE}/name": name, f"{KUSTOMIZE}/namespace": self._team.namespace}
        return marks, source, own


@pytest.fixture
def controller(team: Team, controlled: PrivateCluster) -> Controller:
    return Controller(team, controlled)


def annotation(team: Team, ref: Ref, name: str) -> str:
    return str((team.world.cluster.get(ref)["metadata"].get("annotations") or {}).get(name, ""))


def versions(team: Team, refs: list[Ref]) -> list[str]:
    return [team.world.cluster.get(ref)["metadata"]["resourceVersion"] for ref in refs]


def synced(team: Team) -> syncing.Outcome:
    return syncing.sync(team.world, team.writers, "dev", lambda one: None)


def test_what_flux_applies_is_left_alone_and_flux_is_asked_to_look(
    team: Team, controller: Controller
) -> None:
    marks, source, own = controller.flux()
    _, other_source, other = controller.flux("other")
    team.add("hello")
    applied = controller.apply("hello", marks)
    team.drop("hello")
    team.add("later")
    before = versions(team, [*applied, other, other_source])
    outcome = synced(team)
    name = f"Flux kustomization {team.namespace}/apps"
    assert (outcome.is_left_whole, [str(one) for one in outcome.left_to], outcome.notes) == (True, [name], ())
    assert versions(team, [*applied, other, other_source]) == before, (
        "nothing of theirs was applied or pruned"
    )
    assert team.names(TOOL) == ["hello"], "what is new is the controller's to create, too"
    with pytest.raises(NotFound):
        print(team.record)
    requested = [annotation(team, ref, REQUESTED) for ref in (source, own)]
    assert requested[0] == requested[1]
    assert datetime.fromisoformat(requested[0]).tzinfo is not None


def test_what_argo_cd_applies_is_left_alone_and_it_is_asked_to_look(
    team: Team, controller: Controller
) -> None:
    namespaces.apply(
        controller._kubeconfig,
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{team.namespace}-{one}"}}
            for one in "ab"
        ),
    )
    team.add("hello")
    applied = controller.apply("hello", application="tools")
    automated: dict[str, Any] = {"syncPolicy": {"automated": {}}}
    tool = {"group": TOOL.group, "kind": "Tool", "namespace": team.namespace, "name": "hello"}
    right = controller.owns(
        ARGO_APPLICATION,
        "tools",
        namespace=f"{team.namespace}-a",
        spec=automated,
        status={"resources": [tool]},
    )
    wrong = controller.owns(ARGO_APPLICATION, "tools", namespace=f"{team.namespace}-b", spec=automated)
    before = versions(team, [*applied, wrong])
    outcome = synced(team)
    assert (outcome.is_left_whole, [str(one) for one in outcome.left_to]) == (
        True,
        ["Argo CD application tools"],
    )
    assert outcome.notes == ()
    assert annotation(team, right, REFRESH) == "normal"
    assert versions(team, [*applied, wrong]) == before


def test_an_application_in_a_namespace_of_its_own_is_found_by_its_tracking_id(
    team: Team, controller: Controller
) -> None:
    team.add("hello")
    controller.apply("hello", application=f"{team.namespace}_tools")
    spec = {"syncPolicy": {"automated": {"enabled": False}}}
    own = controller.owns(ARGO_APPLICATION, "tools", spec=spec)
    outcome = synced(team)
    name = f"Argo CD application {team.namespace}/tools"
    assert outcome.notes == (f"{name} does not sync automatically: argocd app sync tools",)
    assert annotation(team, own, REFRESH) == "normal"


def test_a_helm_release_of_flux_is_asked_too(team: Team, controller: Controller) -> None:
    team.add("hello")
    marks = {f"{HELM}/name": "tools", f"{HELM}/namespace": team.namespace}
    controller.apply("hello", marks)
    own = controller.owns(FLUX_HELM_RELEASE, "tools", spec={})
    assert synced(team).is_left_whole
    assert annotation(team, own, REQUESTED)


def test_an_environment_that_is_partly_theirs_is_synced_without_their_part(
    team: Team, controller: Controller
) -> None:
    marks, _, own = controller.flux()
    team.add("theirs")
    team.add("ours")
    applied = controller.apply("theirs", marks)
    team.create(TOOL, "gone", {**_own(team), "rapt.dev/tool": "gone"}, spec={"job": _job()})
    before = versions(team, applied)
    told: list[syncing.Synced] = []
    outcome = syncing.sync(team.world, team.writers, "dev", told.append)
    assert sorted(f"{one.ref} {one.what}" for one in told) == [
        "serviceaccount/rapt-ours created",
        "serviceaccount/rapt-theirs kept",
        "tool/gone pruned",
        "tool/ours created",
        "tool/theirs kept",
    ]
    kept = {one.why for one in told if one.what == "kept"}
    assert kept == {f"Flux kustomization {team.namespace}/apps applies it"}
    assert not outcome.is_left_whole
    assert versions(team, applied) == before
    assert team.record == {"commit": team.repository.main, "state": "applied"}
    assert annotation(team, own, REQUESTED)


def _own(team: Team) -> dict[str, str]:
    return {"rapt.dev/repository": team.repository.id, "rapt.dev/environment": "dev"}


def _job() -> Manifest:
    container = {"name": "tool", "image": "busybox:1.35"}
    return {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}


def test_a_suspended_kustomization_and_one_that_is_gone_are_said(team: Team, controller: Controller) -> None:
    marks, _, _ = controller.flux(suspend=True)
    team.add("hello")
    team.add("orphan")
    controller.apply("hello", marks)
    controller.apply("orphan", {**marks, f"{KUSTOMIZE}/name": "gone"})
    resume = f"flux resume kustomization apps -n {team.namespace}"
    assert sorted(synced(team).notes) == [
        f"Flux kustomization {team.namespace}/apps waits, because kustomization/apps is suspended: {resume}",
        f"Flux kustomization {team.namespace}/gone is not there any more: "
        "remove its labels or annotations to sync without it",
    ]


def test_who_may_not_ask_them_is_told_and_nothing_fails(
    team: Team, controller: Controller, controlled: PrivateCluster
) -> None:
    marks, source, own = controller.flux()
    team.add("hello")
    controller.apply("hello", marks)
    team.add("tracked")
    controller.apply("tracked", application="tools")
    before = versions(team, [source, own])
    user = controlled.user(f"user-of-{team.namespace}", namespace=team.namespace)
    with wiring.open_world(Target(kubeconfig=str(user))) as (world, writers):
        outcome = syncing.sync(world, writers, "dev", lambda one: None)
    assert outcome.is_left_whole
    first, second = sorted(outcome.notes)
    assert first.startswith("Argo CD application tools looks when its own time comes: user ")
    assert second.startswith(f"Flux kustomization {team.namespace}/apps looks when its own time comes: user ")
    assert versions(team, [source, own]) == before


def test_after_a_merge_exactly_the_owners_are_asked(team: Team, controller: Controller) -> None:
    assert refreshing.refresh(team.world, "dev").steps == ()
    marks, source, own = controller.flux()
    controller.flux("other")
    team.add("hello")
    controller.apply("hello", marks)
    plan = refreshing.refresh(team.world, "dev")
    assert [str(step) for step in plan.steps] == ["patch gitrepository/of-apps", "patch kustomization/apps"]
    assert annotation(team, own, REQUESTED) == "", "a plan writes nothing"
    for step in plan.steps:
        writes.apply(team.writers, step)
    assert annotation(team, own, REQUESTED) == annotation(team, source, REQUESTED) != ""


def test_the_command_says_it_in_one_line(
    team: Team, controller: Controller, controlled: PrivateCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    marks, _, own = controller.flux()
    team.add("hello")
    controller.apply("hello", marks)
    words = ["sync", "--in", "dev", "--kubeconfig", str(controlled.kubeconfig)]
    line = f"dev is left to Flux kustomization {team.namespace}/apps: merge, and its controller applies it\n"
    assert main.run([*words, "--dry-run"]) == 0
    assert capfd.readouterr() == (line, "")
    assert annotation(team, own, REQUESTED) == ""
    assert main.run(words) == 0
    assert capfd.readouterr() == (line, "")
    assert annotation(team, own, REQUESTED)
