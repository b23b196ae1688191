"""Drift on a real API server: what others changed is told by field and by author, what the server filled in is not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.actions import drift as drifting
from kubectl_rapt.actions.drift import Drift
from kubectl_rapt.cli import main
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.kinds import CRON_JOB, ROLE_BINDING, SERVICE_ACCOUNT, TOOL, Ref
from kubectl_rapt.objects import labels
from tests import namespaces
from tests.api.teams import Team, kubectl_does
from tests.cluster.clusters import Cluster
from tests.killing import Person

JOB = "spec.jobTemplate.spec.template.spec"


def lines(found: Drift) -> list[str]:
    """Each finding as one line."""
    told = []
    for one in found.objects:
        told.append(f"{one.ref} {one.how}{': ' if one.why else ''}{one.why}")
        for change in one.changes:
            by = change.by.manager if change.by else "-"
            told.append(
                f"  {change.difference.label}: {change.difference.before} -> {change.difference.after} {by}"
            )
    return told


@pytest.fixture
def nightly(team: Team) -> Team:
    """A tool with a schedule, synced."""
    team.add("nightly", schedule="0 3 * * *")
    team.sync()
    return team


def test_after_a_sync_there_is_none_whatever_the_server_filled_in(nightly: Team) -> None:
    live = nightly.world.cluster.get(Ref(CRON_JOB, "nightly", nightly.namespace))
    assert "suspend" in live["spec"], "the server has filled in what no file says"
    found = drifting.drift(nightly.world, "dev")
    main = nightly.repository.main
    assert (found.objects, found.main, found.applied, found.state) == ((), main, main, "applied")


def test_what_was_changed_by_hand_is_told_with_its_author_and_nothing_is_written(
    nightly: Team, user: Path
) -> None:
    ref = Ref(CRON_JOB, "nightly", nightly.namespace)
    patch = {
        "metadata": {"labels": {labels.TEMPLATE: "other", "team": "ours"}},
        "spec": {"schedule": "*/5 * * * *", "suspend": True},
    }
    kubectl_does(user, "patch", "cronjob/nightly", "--type=merge", f"--patch={json.dumps(patch)}")
    container = {"name": "tool", "image": "busybox:1.36", "env": [{"name": "EVIL", "value": "1"}]}
    pod = {"template": {"spec": {"containers": [container]}}}
    patch = {"spec": {"jobTemplate": {"spec": pod}}}
    kubectl_does(
        user,
        "patch",
        "cronjob/nightly",
        f"--patch={json.dumps(patch)}",
        "--field-manager=somebody",
    )
    before = nightly.world.cluster.get(ref)
    assert lines(drifting.drift(nightly.world, "dev")) == [
        "cronjob/nightly changed",
        f"  metadata.labels[{labels.TEMPLATE}]: command -> other kubectl-patch",
        "  spec.schedule: 0 3 * * * -> */5 * * * * kubectl-patch",
        f"  {JOB}.containers[tool].image: busybox:1.35 -> busybox:1.36 somebody",
        "  spec.suspend: False -> True kubectl-patch",
        f"  {JOB}.containers[tool].env: None -> [{{'name': 'EVIL', 'value': '1'}}] somebody",
    ]
    assert nightly.world.cluster.get(ref) == before, "nothing was written"
    nightly.sync()
    left = lines(drifting.drift(nightly.world, "dev"))
    assert left == [
        "cronjob/nightly changed",
        "  spec.suspend: False -> True kubectl-patch",
        f"  {JOB}.containers[tool].env: None -> [{{'name': 'EVIL', 'value': '1'}}] somebody",
    ], "what others added is theirs, and stays theirs: drift alone tells"


def test_a_suspension_through_rapt_is_a_decision_and_no_drift(
    nightly: Team, user: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    end = ["-n", nightly.namespace, "--kubeconfig", str(user)]
    words = ["drift", "--in", "dev", "--kubeconfig", str(user)]
    assert main.run(["schedule", "suspend", "nightly", *end]) == 0
    capfd.readouterr()
    assert main.run(words) == 0
    shown = capfd.readouterr()
    assert shown.out.startswith("dev: no drift; ")
    said = f"note: cronjob.batch/nightly -n {nightly.namespace} was suspended by user-of-{nightly.namespace} at 20"
    assert shown.err.startswith(said), shown.err
    assert re.search(r" at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", shown.err, re.M), "whole seconds"
    assert main.run(["status", "--in", "dev", "--kubeconfig", str(user)]) == 0
    assert re.search(
        r"^note +schedule of nightly was suspended by \S+ at \S+Z: kubectl rapt schedule resume .*nightly$",
        capfd.readouterr().out,
        re.M,
    )
    kubectl_does(
        user, "patch", "cronjob/nightly", "--type=merge", '--patch={"spec":{"schedule":"*/5 * * * *"}}'
    )
    assert main.run(words) == 1, "all else is drift as before"
    assert "spec.suspend" not in capfd.readouterr().out
    for suspend in ("false", "true"):
        kubectl_does(
            user, "patch", "cronjob/nightly", "--type=merge", f'--patch={{"spec":{{"suspend":{suspend}}}}}'
        )
    assert main.run(words) == 1
    shown = capfd.readouterr()
    assert "  spec.suspend: false → true by kubectl-patch" in shown.out
    assert "note:" not in shown.err


def test_both_ways_missing_and_surplus(nightly: Team, user: Path) -> None:
    nightly.add("gone")
    nightly.sync()
    nightly.drop("gone")
    nightly.add("new")
    kubectl_does(user, "delete", "cronjob/nightly")
    synced = nightly.record["commit"]
    found = drifting.drift(nightly.world, "dev")
    assert sorted(lines(found)) == [
        "cronjob/nightly missing",
        "serviceaccount/rapt-gone surplus",
        "serviceaccount/rapt-new missing",
        "tool/gone surplus",
        "tool/new missing",
    ]
    assert (found.main, found.applied) == (nightly.repository.main, synced)
    assert found.main != found.applied


def test_a_name_that_belongs_to_someone_else_is_told(team: Team) -> None:
    team.create(SERVICE_ACCOUNT, "rapt-hello", {})
    team.add("hello")
    assert lines(drifting.drift(team.world, "dev")) == [
        "serviceaccount/rapt-hello foreign: belongs to someone else",
        "tool/hello missing",
    ]


def test_every_field_of_every_kind_is_compared(team: Team, user: Path) -> None:
    values = {"host": "example.com", "port": "80"}
    team.add_template("tcp-check", answers=values)
    team.sync()
    kubectl_does(
        user,
        "patch",
        "networkpolicy/rapt-tcp-check",
        "--type=merge",
        '--patch={"spec":{"egress":[{}]}}',
    )
    kubectl_does(
        user,
        "patch",
        "serviceaccount/rapt-tcp-check",
        "--type=merge",
        '--patch={"imagePullSecrets":[{"name":"theirs"}],"automountServiceAccountToken":true}',
    )
    kubectl_does(
        user,
        "patch",
        "tool/tcp-check",
        "--type=merge",
        '--patch={"spec":{"summary":"Owned","freeEnv":true}}',
    )
    told = lines(drifting.drift(team.world, "dev"))
    assert {line.split(" -> ")[0] for line in told if line.startswith("  ")} >= {
        "  automountServiceAccountToken: False",
        "  imagePullSecrets: None",
        "  spec.freeEnv: None",
    }
    assert [line for line in told if not line.startswith("  ")] == [
        "serviceaccount/rapt-tcp-check changed",
        "networkpolicy/rapt-tcp-check changed",
        "tool/tcp-check changed",
    ]
    assert all(line.endswith(" kubectl-patch") for line in told if line.startswith("  ")), told


def test_what_the_server_would_not_even_change_back_is_told(
    open_team: Any, cluster: Cluster, namespace: str
) -> None:
    """A RoleBinding's roleRef can never change, so a dry run of the right one is refused."""
    with open_team(cluster.kubeconfig, namespace) as team:
        own = labels.of_environment(team.repository.id, "dev")
        group = "rbac.authorization.k8s.io"
        metadata = {
            "name": "rapt-hello",
            "namespace": team.namespace,
            "labels": {**own, labels.TOOL: "hello"},
        }
        subject = {"kind": "ServiceAccount", "name": "rapt-hello", "namespace": team.namespace}
        binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": metadata}
        right = {
            **binding,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "rapt-hello"},
            "subjects": [subject],
        }
        team.repository.commit({layout.rendered("dev", "hello"): json.dumps(right).encode()})
        wrong = {**right, "roleRef": {"apiGroup": group, "kind": "Role", "name": "other"}}
        team.writers.cluster.create(wrong)
        assert lines(drifting.drift(team.world, "dev")) == [
            f"{Ref(ROLE_BINDING, 'rapt-hello', team.namespace)} changed",
            "  roleRef.name: rapt-hello -> other rapt",
        ]


@pytest.fixture
def viewer(cluster: Cluster, nightly: Team) -> Path:
    """Somebody who may only look at the namespace."""
    name = f"viewer-of-{nightly.namespace}"
    words = ("create", "rolebinding", "viewer", "--clusterrole=view", f"--user={name}")
    kubectl_does(cluster.kubeconfig, *words, f"--namespace={nightly.namespace}")
    kubeconfig = cluster.user(name, namespace=nightly.namespace)
    namespaces.soon(kubeconfig, "get", "tools.rapt.dev", f"--namespace={nightly.namespace}")
    return kubeconfig


def test_whoever_may_only_look_is_told_of_drift_too(
    nightly: Team, viewer: Path, user: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["drift", "--in", "dev", "--kubeconfig", str(viewer)]
    assert main.run(words) == 0, capfd.readouterr()
    patch = json.dumps({"spec": {"schedule": "*/5 * * * *", "suspend": True}})
    kubectl_does(user, "patch", "cronjob/nightly", f"--patch={patch}")
    capfd.readouterr()
    assert main.run(words) == 1
    told = capfd.readouterr().out
    assert "spec.schedule: '0 3 * * *' → '*/5 * * * *' by kubectl-patch" in told


def test_status_compares_and_does_not_believe_the_record(
    nightly: Team, user: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The record says ``applied``, and an object is of another commit all the same."""
    words = ["status", "--in", "dev", "--kubeconfig", str(user)]
    assert main.run(words) == 0
    assert f"synced      dev: no drift; {nightly.repository.main[:7]} is applied" in capfd.readouterr().out
    tool = Ref(TOOL, "nightly", nightly.namespace)
    nightly.writers.cluster.patch(tool, {"spec": {"summary": "of an older commit"}})
    assert main.run(words) == 1
    told = capfd.readouterr().out
    assert told.endswith("\nverdict     drifted\n")
    assert f"synced      dev: 1 object differs; {nightly.repository.main[:7]} is applied" in told
    assert re.search(r"which objects: kubectl rapt drift .*--in dev", told), told


def test_a_quota_that_is_used_up_does_not_keep_drift_from_looking(
    open_team: Any, cluster: Cluster, namespace: str
) -> None:
    with open_team(cluster.kubeconfig, namespace) as team:
        team.add("nightly", schedule="0 3 * * *")
        team.sync()
        quota = ("create", "quota", "full", f"--namespace={namespace}", "--hard=count/cronjobs.batch=1")
        kubectl_does(cluster.kubeconfig, *quota)
        patch = json.dumps({"spec": {"schedule": "*/5 * * * *"}})
        words = ("patch", "cronjob/nightly", f"--namespace={namespace}", f"--patch={patch}")
        kubectl_does(cluster.kubeconfig, *words)
        found = drifting.drift(team.world, "dev")
        assert "  spec.schedule: 0 3 * * * -> */5 * * * * kubectl-patch" in lines(found)


def test_the_command_shows_fields_and_ends_with_1(
    nightly: Team, user: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["drift", "--in", "dev", "--kubeconfig", str(user)]
    assert main.run(words) == 0
    commit = nightly.repository.main[:7]
    assert capfd.readouterr().out == f"dev: no drift; {commit} is applied\n"
    hostile = "\x1b[31mred\u202e"
    patch = json.dumps({"spec": {"summary": hostile}})
    kubectl_does(user, "patch", "tool/nightly", "--type=merge", f"--patch={patch}")
    assert main.run(words) == 1
    first, second, last = capfd.readouterr().out.splitlines()
    assert first == f"tool.rapt.dev/nightly -n {nightly.namespace} was changed"
    value = "'\\x1b[31mred\\u202e'"
    assert second.startswith(
        f"  spec.summary: 'Run any image with any command' → {value} by kubectl-patch at 20"
    )
    assert last == f"dev: 1 object differs; {commit} is applied"
    assert main.run([*words, "-o", "json"]) == 1
    data: dict[str, Any] = json.loads(capfd.readouterr().out)
    (one,) = data["objects"]
    (field,) = one["fields"]
    assert (one["kind"], one["name"], one["drift"]) == ("Tool", "nightly", "changed")
    assert (field["field"], field["cluster"], field["changedBy"]) == (
        "spec.summary",
        hostile,
        "kubectl-patch",
    )
    assert data["commits"] == {
        "main": nightly.repository.main,
        "applied": nightly.repository.main,
        "state": "applied",
    }


def test_another_cluster_is_refused(open_team: Any, user: Path, namespace: str) -> None:
    with open_team(user, namespace, uid="11111111-2222-3333-4444-555555555555") as team:
        team.add("hello")
        with pytest.raises(Refused) as caught:
            drifting.drift(team.world, "dev")
        assert caught.value.code == "other-cluster"


def test_a_main_that_was_set_back_is_not_called_the_newest(team: Team, user: Path, tmp_path: Path) -> None:
    ann = Person(tmp_path / "ann", user, repository=team.repository.path).follows_hints()
    team.add("hello")
    before = team.repository.main
    team.change("hello", "new")
    applied = team.repository.main
    team.sync()
    team.repository.move_main(before)
    ended = ann.types("drift", "--in", "dev")
    assert ended.exit_code == 1, ended
    assert ended.stdout.splitlines()[-1].endswith(f"; {applied[:7]} is applied, main is at {before[:7]}"), (
        ended
    )
