"""What ``install --reconciler`` grants, as it is applied: enough for a pass over every namespace, and no more."""

import json
import subprocess
import time
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
INSTALL = ("install", "--reconciler", "--image", "registry.example.com/rapt:1", "-n", "rapt-system")
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
        installed = admin.types(*INSTALL, "--all-namespaces")
        assert installed.exit_code == 0, installed.stderr
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


def test_the_account_has_rights_in_the_namespaces_that_were_named_and_nowhere_else(tmp_path: Path) -> None:
    with clusters.private(controllers=False) as own:
        admin = Person(tmp_path / "admin", own.kubeconfig)
        account = own.user(ACCOUNT, GROUPS)
        one, two, other = (namespaces.prepare(own) for _ in range(3))
        assert admin.types(*INSTALL, "--all-namespaces").exit_code == 0
        eventually(account, f"create jobs -n {other}", "yes")
        installed = admin.types(*INSTALL, "--for", f"{one},{two}")
        assert installed.exit_code == 0, installed.stderr
        assert "clusterrolebinding.rbac.authorization.k8s.io/rapt-reconcile deleted" in installed.stdout
        eventually(account, f"create jobs -n {other}", "no")
        assert may(account, f"create jobs -n {one}") == may(account, f"get secrets -n {two}") == "yes"
        for right in ("create jobs", "get secrets", "get runs.rapt.dev", "patch runs.rapt.dev"):
            assert may(account, f"{right} -n {other}") == may(account, f"{right} -n rapt-system") == "no"
        with wiring.open_world(Target(kubeconfig=str(own.kubeconfig))) as (_, writers):
            for namespace in (one, two, other):
                Scene(writers, namespace).tool()
                finished.create(writers, finished.a_run("half", namespace, job=due.JOB_AS_TOOL))
        done = Person(tmp_path / "account", account).types("reconcile", "--for", f"{one},{two},{other}")
        assert done.exit_code == 1
        assert all(f"run/half in {place}: attempt 1 started" in done.stdout for place in (one, two))
        assert "error: namespace/" + other in done.stderr and "may not list" in done.stderr
        assert admin.types(*INSTALL, "--for", one).exit_code == 0
        eventually(account, f"create jobs -n {two}", "no")
        wrong = admin.types(*INSTALL, "--for", f"{one},nope")
        assert wrong.exit_code == 4 and "kubectl create namespace nope" in wrong.stderr


def test_a_namespace_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    with clusters.private(controllers=False) as own:
        admin = Person(tmp_path / "admin", own.kubeconfig)
        place = namespaces.prepare(own)
        before = found(own.kubeconfig, place)
        installed = admin.types(*INSTALL[:-1], place, "--for", place)
        assert installed.exit_code == 0, installed.stderr
        assert found(own.kubeconfig, place) == before
        assert admin.types(*INSTALL, "--for", place).exit_code == 0
        assert found(own.kubeconfig, "rapt-system")["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_reconciler_without_namespaces_is_refused_with_a_command_that_names_some(tmp_path: Path) -> None:
    ended = Person(tmp_path, tmp_path / "none").types(*INSTALL)
    assert ended.exit_code == 2
    assert "--for default" in ended.stderr


def found(kubeconfig: Path, namespace: str) -> dict[str, str]:
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "get", "namespace", namespace]
    answer = subprocess.check_output([*command, "-o", "jsonpath={.metadata.labels}"], text=True, timeout=60)
    labels: dict[str, str] = json.loads(answer)
    return labels


def eventually(account: Path, what: str, answer: str) -> None:
    """The API server learns of a binding that was deleted a moment later."""
    for _ in range(60):
        if may(account, what) == answer:
            return
        time.sleep(0.5)
    raise AssertionError(f"{what} is not answered with {answer}")


def test_who_may_install_need_not_be_allowed_to_look_at_what_is_installed(tmp_path: Path) -> None:
    with clusters.private(controllers=False) as own:
        definitions = ["customresourcedefinitions"]
        roles = ["clusterroles", "clusterrolebindings"]
        policies = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
        read_tools = {"apiGroups": ["rapt.dev"], "resources": ["tools"], "verbs": ["get", "list"]}
        rules = [
            {"apiGroups": ["apiextensions.k8s.io"], "resources": definitions, "verbs": ["*"]},
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": roles, "verbs": ["*"]},
            {"apiGroups": ["admissionregistration.k8s.io"], "resources": policies, "verbs": ["*"]},
        ]
        group = "rbac.authorization.k8s.io"

        def grant(name: str, *rules: dict[str, list[str]]) -> None:
            kinds, role = f"{group}/v1", {"apiGroup": group, "kind": "ClusterRole", "name": name}
            about = {"apiVersion": kinds, "metadata": {"name": name}}
            subjects = [{"apiGroup": group, "kind": "User", "name": "ina"}]
            namespaces.apply(
                own.kubeconfig,
                {**about, "kind": "ClusterRole", "rules": [*rules]},
                {**about, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": subjects},
            )

        grant("installer", *rules)
        ina = own.user("ina")
        namespaces.soon(ina, "get", "customresourcedefinitions")
        person = Person(tmp_path / "ina", ina)
        refused = person.types("install")
        assert (refused.exit_code, "get tools.rapt.dev" in refused.stderr) == (6, True), refused
        assert refused.stdout == ""
        grant("reader", read_tools)
        for _ in range(60):  # the API server learns of rights a moment later
            installed = person.types("install")
            if installed.exit_code == 0:
                break
        assert installed.exit_code == 0, installed.stderr
        assert may(ina, "list runs.rapt.dev -A") == "no"
        assert Person(tmp_path / "admin", own.kubeconfig).types("runs", "-A").exit_code == 0


def may(account: Path, what: str) -> str:
    command = [str(kubectl.program()), f"--kubeconfig={account}", "auth", "can-i", *what.split()]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout.strip()
