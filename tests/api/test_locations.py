"""Where commands act on real clusters: the right kube context, several namespaces, and the default environment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests import namespaces
from tests.cli.endings import refused
from tests.cluster import clusters
from tests.cluster.clusters import Cluster, PrivateCluster
from tests.killing import Ended, Person
from tests.namespaces import Pair
from tests.repositories import ConfigRepository


@pytest.fixture(scope="module")
def other() -> Iterator[PrivateCluster]:
    """Another cluster, without Rapt's kinds."""
    with clusters.private(controllers=False) as found:
        yield found


@pytest.fixture
def pair(cluster: Cluster) -> Pair:
    return namespaces.pair(cluster)


def _tool(cluster: Cluster, namespace: str, name: str, environment: str, *command: str, **spec: Any) -> None:
    """Write a Tool as sync would, as an administrator."""
    labels = {"rapt.dev/tool": name, "rapt.dev/environment": environment}
    containers = [{"name": "tool", "image": "busybox:1.35", "command": [*(command or ["true"])]}]
    template = {"spec": {"restartPolicy": "Never", "containers": containers}}
    job = {"metadata": {"labels": labels}, "spec": {"template": template}}
    tool = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"environment": environment, "job": job, **spec},
    }
    namespaces.apply(cluster.kubeconfig, tool)


def _merged(path: Path, *kubeconfigs: tuple[str, Path]) -> Path:
    """A kubeconfig with a context for each of several; the first is the current one."""
    merged: dict[str, object] = {"apiVersion": "v1", "kind": "Config", "current-context": kubeconfigs[0][0]}
    found: dict[str, list[object]] = {"clusters": [], "users": [], "contexts": []}
    for name, kubeconfig in kubeconfigs:
        one = json.loads(kubeconfig.read_text())
        found["clusters"].append({**one["clusters"][0], "name": name})
        found["users"].append({**one["users"][0], "name": name})
        found["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    path.write_text(json.dumps({**merged, **found}))
    return path


def test_the_right_kube_context_is_found_by_the_identity_of_its_cluster(
    cluster: Cluster, other: PrivateCluster, pair: Pair, tmp_path: Path
) -> None:
    repository = ConfigRepository(
        tmp_path,
        Environment("dev", (pair.dev,), namespaces.uid(other), is_reviewed=False),
        Environment("prod", (pair.prod,), namespaces.uid(cluster)),
    )
    _tool(cluster, pair.prod, "big", "prod")
    both = _merged(tmp_path / "both", ("wrong", other.kubeconfig), ("right", pair.kubeconfig))
    ann = Person(tmp_path / "ann", both, repository=repository.path).follows_hints()
    what = 'kube context "{}" does not point at the cluster of environment "prod"; kube context "right" does'
    hint = "kubectl rapt config set contexts.prod right"
    for command in ("list", "run big", "sync", "reconcile", "drift"):
        ended = ann.types(*command.split(), "--in", "prod")
        assert ended == refused(6, what.format("wrong"), hint, code="other-cluster"), command
    wrong = ann.types("config", "set", "contexts.prod", "wrong")
    assert wrong == refused(6, what.format("wrong").partition(";")[0], hint, code="other-cluster")
    assert ann.types(*hint.split()[2:]).exit_code == 0
    listed = ann.types("list", "--in", "prod", "-o", "name")
    assert (listed.exit_code, listed.stdout) == (0, "tool.rapt.dev/big\n"), listed
    settings = ann.home / ".config" / "rapt" / "config.json"
    settings.write_text(settings.read_text().replace("right", "wrong"))
    mapped = ann.types("run", "big", "--in", "prod")
    assert mapped == refused(6, what.format("wrong"), hint, code="other-cluster"), "a mapping is not believed"
    typed = ann.types("list", "--in", "prod", "--context", "right", "-o", "name")
    assert (typed.exit_code, typed.stdout) == (0, "tool.rapt.dev/big\n"), typed


def test_without_a_recorded_cluster_commands_read_with_a_note_and_change_nothing(
    cluster: Cluster, pair: Pair, tmp_path: Path
) -> None:
    """It could be any cluster that kubectl points at; ``--context`` says which one is meant."""
    repository = ConfigRepository(tmp_path, Environment("prod", (pair.prod,)))
    _tool(cluster, pair.prod, "big", "prod")
    ann = Person(tmp_path / "ann", pair.kubeconfig, repository=repository.path).follows_hints()
    what = 'environment "prod" does not say yet which cluster is its own'
    note = f"  note: {what}, so the one that kubectl points at was asked\n"
    listed = ann.types("list", "--in", "prod", "-o", "name")
    assert listed == Ended(0, "tool.rapt.dev/big\n", note), "said once"
    for command in ("run big --dry-run", "describe big", "runs", "delete big --dry-run"):
        ended = ann.types(*command.split(), "--in", "prod")
        assert (ended.exit_code, ended.stderr.count(note)) == (0, 1), (command, ended)
    for command in ("run big", "sync"):
        ended = ann.types(*command.split(), "--in", "prod")
        told = Ended(ended.exit_code, ended.stdout, ended.stderr.replace(note, ""))
        assert told == refused(6, what, "kubectl rapt init", code="no-cluster-recorded"), (command, ended)
    _tool(cluster, pair.prod, "small", "prod")
    for tools in (["big"], ["big", "small"]):
        kept = ann.types("delete", *tools, "--yes", "--in", "prod")
        assert (kept.exit_code, kept.stderr.count(what)) == (6, 2), "once in the note, once in the refusal"
        assert "  try: kubectl rapt init\n" in kept.stderr
    assert (
        ann.types("list", "--in", "prod", "-o", "name").stdout == "tool.rapt.dev/big\ntool.rapt.dev/small\n"
    )
    assert ann.types("runs", "--in", "prod", "-o", "name").stdout == ""
    context = json.loads(pair.kubeconfig.read_text())["current-context"]
    typed = ann.types("run", "big", "--in", "prod", "--context", context)
    assert (typed.exit_code, "note:" in typed.stderr) == (0, False), typed
    recorded = ann.types("init")
    assert recorded.exit_code == 0, recorded
    assert namespaces.uid(cluster) in repository.files()[layout.PROJECT].decode()
    ended = ann.types("run", "big", "--in", "prod")
    assert (ended.exit_code, "note:" in ended.stderr) == (0, False), ended


def test_an_add_records_the_cluster_and_applies_to_it(cluster: Cluster, pair: Pair, tmp_path: Path) -> None:
    dev = Environment("dev", (pair.dev,), is_reviewed=False)
    repository = ConfigRepository(tmp_path, dev, Environment("prod", (pair.prod,)))
    ann = Person(tmp_path / "ann", pair.kubeconfig, repository=repository.path).follows_hints()
    added = ann.types("add", "hello", "--in", "dev", "--image", "busybox:1.35", "--", "true")
    assert added.exit_code == 0, added
    assert namespaces.uid(cluster) in repository.files()[layout.PROJECT].decode()
    listed = ann.types("list", "--in", "dev", "-o", "name")
    assert listed == Ended(0, "tool.rapt.dev/hello\n", ""), listed


def test_of_several_namespaces_one_is_named_and_lists_show_all(
    cluster: Cluster, pair: Pair, tmp_path: Path
) -> None:
    uid = namespaces.uid(cluster)
    repository = ConfigRepository(tmp_path, Environment("prod", (pair.dev, pair.prod), uid))
    _tool(cluster, pair.dev, "small", "prod")
    _tool(cluster, pair.prod, "big", "prod")
    ann = Person(tmp_path / "ann", pair.kubeconfig, repository=repository.path).follows_hints()
    what = f'environment "prod" has several namespaces: {pair.dev}, {pair.prod}'
    for command in ("run big", "describe big", "logs big", "policy"):
        ended = ann.types(*command.split(), "--in", "prod")
        hint = f"kubectl rapt {command} --in prod -n {pair.dev}"
        assert ended == refused(2, what, hint, code="several-namespaces"), command
    rows = ann.types("list", "--in", "prod", "--no-headers").stdout.splitlines()
    assert [row.split()[:2] for row in rows] == [[pair.dev, "small"], [pair.prod, "big"]]
    for command in ("runs", "schedule", "status", "clean --dry-run", "reconcile --dry-run"):
        assert ann.types(*command.split(), "--in", "prod").exit_code == 0, command
    described = ann.types("describe", "big", "--in", "prod", "-n", pair.prod)
    assert described.exit_code == 0, described


def test_a_watch_shows_all_namespaces_and_whose_turn_is_waited_for(
    cluster: Cluster, pair: Pair, tmp_path: Path
) -> None:
    repository = ConfigRepository(
        tmp_path, Environment("prod", (pair.dev, pair.prod), namespaces.uid(cluster))
    )
    _tool(cluster, pair.dev, "slow", "prod", "sleep", "300", concurrency="queue")
    _tool(cluster, pair.prod, "big", "prod", "sleep", "300")
    ann = Person(tmp_path / "ann", pair.kubeconfig, repository=repository.path).follows_hints()
    for name, tool, namespace in (
        ("one", "slow", pair.dev),
        ("two", "slow", pair.dev),
        ("three", "big", pair.prod),
    ):
        began = ann.types("run", tool, "--request-id", name, "--detach", "--in", "prod", "-n", namespace)
        assert began.exit_code == 0, began
    watching = ann.starts("runs", "--watch", "--in", "prod")
    assert watching.stdout is not None
    assert watching.stdout.readline().split()[:2] == ["NAMESPACE", "RUN"]
    rows = [watching.stdout.readline().split() for _ in range(3)]
    assert {(row[0], row[1]) for row in rows} == {(pair.dev, "one"), (pair.dev, "two"), (pair.prod, "three")}
    assert next(row for row in rows if row[1] == "two")[3] == "Waiting:Turn", rows
    stopped = ann.types("cancel", "one", "--in", "prod", "-n", pair.dev)
    assert stopped.exit_code == 0, stopped
    while (row := watching.stdout.readline().split())[1:4] != ["one", "slow", "Cancelled"]:
        assert row, "the watch has ended"
    watching.terminate()
    watching.communicate(timeout=60)


def test_without_in_commands_act_in_the_default_environment_or_where_kubectl_is_told(
    cluster: Cluster, pair: Pair, tmp_path: Path
) -> None:
    uid = namespaces.uid(cluster)
    repository = ConfigRepository(
        tmp_path,
        Environment("dev", (pair.dev,), uid, is_reviewed=False),
        Environment("prod", (pair.prod,), uid),
    )
    _tool(cluster, pair.dev, "small", "dev")
    _tool(cluster, pair.prod, "big", "prod")
    ann = Person(tmp_path / "ann", pair.kubeconfig, repository=repository.path).follows_hints()
    assert ann.types("list").exit_code == 6, "the namespace of kubectl is one where ann may do nothing"
    assert ann.types("config", "set", "environment", "dev").exit_code == 0
    assert ann.types("list", "-o", "name").stdout == "tool.rapt.dev/small\n"
    assert ann.types("list", "-n", pair.prod, "-o", "name").stdout == "tool.rapt.dev/big\n"
    everywhere = ann.types("list", "-A")
    assert (everywhere.exit_code, "in all namespaces" in everywhere.stderr) == (6, True), everywhere
