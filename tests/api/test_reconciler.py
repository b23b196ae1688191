"""What ``install --reconciler`` grants, as it is applied: enough for a pass over every namespace, and no more."""

import subprocess
from pathlib import Path

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.model.target import Target
from tests import due, finished, namespaces
from tests.cluster import clusters, kubectl
from tests.due import Scene
from tests.killing import Person

pytestmark = pytest.mark.usefixtures("kubectl_on_path")

ACCOUNT = "system:serviceaccount:rapt-system:rapt-reconcile"
GROUPS = ("system:serviceaccounts", "system:serviceaccounts:rapt-system", "system:authenticated")
FORBIDDEN = (
    "list secrets -A",
    "create secrets -n default",
    "create pods -n default",
    "create cronjobs.batch -n default",
    "patch tools.rapt.dev -n default",
    "delete pods -n default",
    "create clusterrolebindings",
)


def test_the_account_does_what_is_due_in_every_namespace_and_may_do_little_else(tmp_path: Path) -> None:
    with clusters.private(controllers=False) as own:
        admin = Person(tmp_path / "admin", own.kubeconfig)
        installed = admin.types(
            "install", "--reconciler", "--image", "registry.example.com/rapt:1", "-n", "rapt-system"
        )
        assert installed.exit_code == 0, installed
        account = own.user(ACCOUNT, GROUPS)
        with wiring.open_world(Target(kubeconfig=str(own.kubeconfig))) as (world, writers):
            scenes = [Scene(writers, namespaces.prepare(own)) for _ in range(2)]
            for scene in scenes:
                scene.tool()
                due.fill(scene, world)
                (old,) = finished.create(writers, finished.a_run("old", scene.namespace))
                (job,) = finished.jobs(writers, finished.owned(old, "old-1"), how="Failed", days=40)
                finished.close(writers, old, "Failed", days=40, job=job)
            done = Person(tmp_path / "account", account).types("reconcile", "--all-namespaces")
            assert done.exit_code == 0, done
            for scene in scenes:
                assert f"run/old in {scene.namespace}: deleted: ended 40d ago" in done.stdout
                due.is_done(world, scene.namespace)
        again = Person(tmp_path / "account", account).types("reconcile", "--all-namespaces")
        assert (again.exit_code, again.stderr) == (0, "nothing is due\n")
        assert {one: may(account, one) for one in FORBIDDEN} == dict.fromkeys(FORBIDDEN, "no")


def test_who_may_install_need_not_be_allowed_to_look_at_what_is_installed(tmp_path: Path) -> None:
    with clusters.private(controllers=False) as own:
        definitions = ["customresourcedefinitions"]
        roles = ["clusterroles", "clusterrolebindings"]
        rules = [
            {"apiGroups": ["apiextensions.k8s.io"], "resources": definitions, "verbs": ["*"]},
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": roles, "verbs": ["*"]},
        ]
        group = "rbac.authorization.k8s.io"
        namespaces.apply(
            own.kubeconfig,
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRole",
                "metadata": {"name": "installer"},
                "rules": rules,
            },
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "installer"},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "installer"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": "ina"}],
            },
        )
        ina = own.user("ina")
        namespaces.soon(ina, "get", "customresourcedefinitions")
        installed = Person(tmp_path / "ina", ina).types("install")
        assert installed.exit_code == 0, installed
        assert may(ina, "list runs.rapt.dev -A") == "no"
        assert Person(tmp_path / "admin", own.kubeconfig).types("runs", "-A").exit_code == 0


def may(account: Path, what: str) -> str:
    command = [str(kubectl.program()), f"--kubeconfig={account}", "auth", "can-i", *what.split()]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout.strip()
