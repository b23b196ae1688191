"""Runs that somebody wrote by hand: what the API server refuses."""

import copy
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.model.target import Target
from tests import due, finished, namespaces
from tests.api.teams import kubectl_does
from tests.cluster import clusters, kubectl
from tests.cluster.clusters import PrivateCluster
from tests.killing import Ended, Kill, Person

pytestmark = pytest.mark.usefixtures("kubectl_on_path")
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Stage:
    """A namespace with a tool: ann may edit it, meg may write Runs and Jobs there, and ron may write Runs alone."""

    cluster: PrivateCluster
    namespace: str
    home: Path

    @property
    def ann(self) -> Person:
        """Who may edit the namespace."""
        return Person(self.home / "ann", self.kubeconfig("ann"))

    def kubeconfig(self, name: str) -> Path:
        return self.cluster.user(f"{name}-of-{self.namespace}", namespace=self.namespace)

    def admin(self, *words: str) -> Ended:
        return Person(self.home / "admin", self.cluster.kubeconfig).types(*words, "-n", self.namespace)

    def tries(self, name: str, *words: str, given: Any = None) -> str:
        """What kubectl answers to somebody, in one line."""
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig(name)}", *words]
        text = json.dumps(given) if given else None
        done = subprocess.run(command, input=text, text=True, check=False, capture_output=True, timeout=60)
        return (done.stdout + done.stderr).strip()

    def creates(self, name: str, run: dict[str, Any], *words: str) -> str:
        return self.tries(name, "create", "-f", "-", *words, given=run)

    def patches(self, name: str, run: str, change: dict[str, Any], *words: str) -> str:
        return self.tries(name, "patch", "run", run, "--type=merge", "-p", json.dumps(change), *words)

    def get(self, what: str) -> Any:
        return json.loads(
            kubectl_does(self.cluster.kubeconfig, "get", what, "-n", self.namespace, "-o", "json")
        )

    def run(self, name: str, by: str, job: dict[str, Any] = due.JOB_AS_TOOL, **spec: Any) -> dict[str, Any]:
        return finished.a_run(
            name, self.namespace, job=job, **{"requestedBy": f"{by}-of-{self.namespace}", **spec}
        )


@pytest.fixture(scope="module")
def own() -> Iterator[PrivateCluster]:
    with clusters.private() as own:
        yield own


@pytest.fixture
def stage(own: PrivateCluster, tmp_path: Path) -> Stage:
    installed = Person(tmp_path / "admin", own.kubeconfig).types("install")
    assert installed.exit_code == 0, installed
    assert "validatingadmissionpolicy.admissionregistration.k8s.io/rapt-runs applied" in installed.stdout
    namespaces.await_rapt(own)
    namespace = namespaces.prepare(own)
    stage = Stage(own, namespace, tmp_path)
    subjects = {
        one: [{"apiGroup": RBAC, "kind": "User", "name": f"{one}-of-{namespace}"}]
        for one in ("ann", "meg", "ron")
    }
    place = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding"}
    runs = {"apiGroups": ["rapt.dev"], "resources": ["runs", "runs/status"], "verbs": ["*"]}
    tools = {"apiGroups": ["rapt.dev"], "resources": ["tools"], "verbs": ["get", "list"]}
    namespaces.apply(
        own.kubeconfig,
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "Role",
            "metadata": {"name": "runner", "namespace": namespace},
            "rules": [runs, tools],
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "Role",
            "metadata": {"name": "maker", "namespace": namespace},
            "rules": [runs, tools, {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]}],
        },
        {
            **place,
            "metadata": {"name": "maker", "namespace": namespace},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "maker"},
            "subjects": subjects["meg"],
        },
        {
            **place,
            "metadata": {"name": "runner", "namespace": namespace},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "runner"},
            "subjects": subjects["ron"],
        },
        {
            **place,
            "metadata": {"name": "editor", "namespace": namespace},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"},
            "subjects": subjects["ann"],
        },
        tool(namespace),
    )
    for one in ("ann", "meg", "ron"):
        namespaces.soon(stage.kubeconfig(one), "get", "runs")
    return stage


def tool(namespace: str, name: str = "backup", **spec: Any) -> dict[str, Any]:
    marks = {"rapt.dev/tool": name}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name, "namespace": namespace, "labels": marks},
        "spec": {"job": due.JOB_AS_TOOL, "retry": due.RETRY, **spec},
    }


def evil(**pod: Any) -> dict[str, Any]:
    job = copy.deepcopy(due.JOB_AS_TOOL)
    job["spec"]["template"]["spec"] |= pod
    return job


IMAGE = {"containers": [{"name": "tool", "image": "evil.example.com/x:1"}]}


def test_the_api_server_refuses_runs_and_changes_in_the_name_of_somebody_else(stage: Stage) -> None:
    namespace = stage.namespace
    forged = stage.run("forged", "boss")
    for words in ((), ("--dry-run=server",)):
        assert "requestedBy must be the user who creates the Run" in stage.creates("ann", forged, *words)
    assert "created" in stage.creates("ann", stage.run("honest", "ann"))
    boss = f"boss-of-{namespace}"
    for change, why in (
        ({"requestedBy": boss}, "requestedBy must be the user who creates the Run"),
        ({"job": evil(**IMAGE)}, "only wish and cancelledBy change"),
        ({"env": {"A": "b"}}, "only wish and cancelledBy change"),
        ({"cancelledBy": boss}, "cancelledBy must be the user who cancels the run"),
        ({"wish": {"attempt": 2, "by": boss}}, "wish.by must be the user who asks"),
    ):
        assert why in stage.patches("ann", "honest", {"spec": change}), change
    ann = f"ann-of-{namespace}"
    assert "patched" in stage.patches("ann", "honest", {"spec": {"cancelledBy": ann}})
    # What stands there already may stay, whoever changes something else.
    assert "patched" in stage.patches("ron", "honest", {"metadata": {"labels": {"a": "b"}}})


def test_a_run_has_the_service_account_of_its_tool_and_its_status_is_not_for_everybody(stage: Stage) -> None:
    strange = stage.run("strange", "ann", evil(serviceAccountName="root"))
    assert "has the service account of its tool" in stage.creates("ann", strange)
    assert "created" in stage.creates("ann", stage.run("one", "ann"))
    wish = {"attempt": 2, "by": f"ann-of-{stage.namespace}", "job": evil(serviceAccountName="root")}
    refusal = "the Job of a retry has the service account of its run"
    assert refusal in stage.patches("ann", "one", {"spec": {"wish": wish}})
    assert refusal in stage.creates("ann", stage.run("two", "ann", wish=wish))
    own = {**wish, "job": evil(**IMAGE)}
    assert "patched" in stage.patches("ann", "one", {"spec": {"wish": own}}, "--dry-run=server")
    said = {"status": {"state": "Succeeded"}}
    assert "those who may create Jobs" in stage.patches("ron", "one", said, "--subresource=status")
    assert "patched" in stage.patches("ann", "one", said, "--subresource=status")


def a_reviewed_tool(stage: Stage) -> dict[str, Any]:
    """The tool ``careful``, as soon as the API server knows of it; and a run of it that meg may not create."""
    namespaces.apply(stage.cluster.kubeconfig, tool(stage.namespace, "careful", runs="reviewed"))
    run = stage.run("careful-1", "meg", tool="careful")
    for _ in range(60):
        if "are reviewed" in stage.creates("meg", run, "--dry-run=server"):
            break
    return run


def test_reviewed_runs_are_for_those_who_may_patch_the_tool(stage: Stage) -> None:
    run = a_reviewed_tool(stage)
    refusal = "runs of this tool are reviewed"
    assert refusal in stage.creates("meg", run)
    assert "created" in stage.creates("ann", stage.run("careful-1", "ann", tool="careful"))
    wish = {"attempt": 2, "by": f"meg-of-{stage.namespace}"}
    assert refusal in stage.patches("meg", "careful-1", {"spec": {"wish": {**wish, "job": due.JOB_AS_TOOL}}})
    assert "patched" in stage.patches("meg", "careful-1", {"spec": {"wish": wish}})


def test_a_run_that_claims_to_be_of_a_schedule_holds_nothing_but_the_job_of_its_tool(stage: Stage) -> None:
    a_reviewed_tool(stage)
    adopted = {"job": "x", "uid": "y"}
    strange, own = evil(**IMAGE), due.JOB_AS_TOOL
    wish = {"attempt": 2, "by": f"meg-of-{stage.namespace}"}
    refusals = [("careful", "runs of this tool are reviewed"), ("backup", "holds the Job of its tool")]
    for name, refusal in refusals:
        for by in (f"meg-of-{stage.namespace}", "cron"):
            run = stage.run("forged", "meg", strange, tool=name, adopted=adopted, requestedBy=by)
            assert refusal in stage.creates("meg", run)
        run = stage.run(f"true-{name}", "meg", own, tool=name, adopted=adopted, requestedBy="cron")
        assert "created" in stage.creates("meg", run)
    # Its next attempt may be asked for, and holds the same.
    for given in (wish, {**wish, "job": strange}):
        run = stage.run("wished", "meg", own, tool="careful", adopted=adopted, wish=given)
        assert "runs of this tool are reviewed" in stage.creates("meg", run)
    assert "patched" in stage.patches("meg", "true-careful", {"spec": {"wish": wish}})
    assert stage.ann.types("reconcile").exit_code == 0
    images = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in stage.get("jobs")["items"]}
    assert images == {"busybox:1.35"}


def test_who_may_not_create_jobs_has_nobody_create_one_for_them(stage: Stage) -> None:
    refusal = "only those who may create Jobs in the namespace may create Runs"
    adopted = {"job": "x", "uid": "y"}
    for run in (
        stage.run("plain", "ron"),
        stage.run("image", "ron", evil(**IMAGE)),
        stage.run("nowhere", "ron", tool="nothing"),
        stage.run("adopted", "ron", adopted=adopted),
        stage.run("again", "ron", replayOf="one"),
    ):
        for words in ((), ("--dry-run=server",)):
            assert refusal in stage.creates("ron", run, *words), run
    ann = stage.ann
    assert ann.types("run", "backup", "--request-id", "one", "--detach").exit_code == 0
    assert ann.types("cancel", "one").exit_code == 0
    ron = f"ron-of-{stage.namespace}"
    asked = {"attempt": 2, "by": ron}
    changed = {"spec": {"wish": {**asked, "job": evil(**IMAGE)}, "cancelledBy": None}}
    assert refusal in stage.patches("ron", "one", changed)
    assert "patched" in stage.patches("ron", "one", {"spec": {"wish": asked, "cancelledBy": None}})
    assert ann.types("reconcile").exit_code == 0
    jobs = stage.get("jobs")["items"]
    images = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in jobs}
    assert "evil.example.com/x:1" not in images
    # Everything else of the Run may change while somebody's wish is there.
    assert "patched" in stage.patches("ron", "one", {"metadata": {"labels": {"a": "b"}}})


def test_a_run_names_who_asked_unless_a_schedule_did(stage: Stage) -> None:
    unnamed = stage.run("unnamed", "ann")
    del unnamed["spec"]["requestedBy"]
    assert "requestedBy must be the user" in stage.creates("ann", unnamed)
    unnamed["spec"]["adopted"] = {"job": "x", "uid": "y"}
    assert "created" in stage.creates("ann", unnamed)


def test_a_file_of_a_run_is_its_own(stage: Stage) -> None:
    secret = {"kind": "Secret", "name": "postgres", "digest": "sha256:aa", "path": "/p"}
    assert "created" in stage.creates("ann", stage.run("secret", "ann", mounts=[secret]))
    stage.admin("reconcile")
    (run,) = stage.get("runs")["items"]
    assert (run["status"]["state"], stage.get("jobs")["items"]) == ("NotStarted", [])


@pytest.mark.parametrize("account", ["ann", ""])
def test_ordinary_users_and_administrators_do_all_that_is_due(stage: Stage, account: str) -> None:
    with wiring.open_world(Target(kubeconfig=str(stage.cluster.kubeconfig))) as (world, writers):
        scene = due.Scene(writers, stage.namespace)
        writers.cluster.delete(
            Ref(TOOL, "backup", stage.namespace), uid=stage.get("tools")["items"][0]["metadata"]["uid"]
        )
        scene.tool()
        due.fill(scene, world)
        who = stage.kubeconfig(account) if account else stage.cluster.kubeconfig
        done = Person(stage.home / "who", who).types("reconcile", "-n", stage.namespace)
        assert done.exit_code == 0, done
        due.is_done(world, stage.namespace)


def test_ordinary_users_run_retry_cancel_and_reconcile_as_before(stage: Stage) -> None:
    ann = stage.ann
    for words in (
        ("run", "backup", "--request-id", "one", "--detach"),
        ("cancel", "one"),
        ("retry", "one", "--detach"),
        ("cancel", "one"),
        ("retry", "one", "--set", "memory=1Gi", "--detach"),
        ("reconcile",),
    ):
        ended = ann.types(*words)
        assert ended.exit_code == 0, (words, ended)
    (run,) = stage.get("runs")["items"]
    assert run["spec"]["requestedBy"] == run["spec"]["wish"]["by"] == f"ann-of-{stage.namespace}"
    assert [one["job"] for one in run["status"]["attempts"]] == ["one-1", "one-2", "one-3"]


def test_a_run_with_files_whose_command_was_killed_is_begun_by_somebody_else(stage: Stage) -> None:
    given = stage.home / "settings.ini"
    given.write_text("a = b\n")
    words = ("run", "backup", "--request-id", "fed", "--mount", f"{given}:/etc/tool.ini", "--detach")
    assert stage.ann.is_killed(Kill("after", 2), *words).was_killed
    done = stage.admin("reconcile")
    assert "fed: attempt 1 started" in done.stdout, done
