"""What is missing or would not fit, told by the commands before it matters, on a real API server."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.cli import main
from kubectl_rapt.config import layout, project
from tests import namespaces
from tests.bundles import PASSWORD, SIZES, OneTemplate
from tests.cli.endings import refused
from tests.cluster import clusters, kubectl
from tests.cluster.clusters import Cluster, PrivateCluster
from tests.killing import Ended
from tests.repositories import SOMEONE

Types = Callable[..., Ended]
MANY = OneTemplate(
    "parameters:\n"
    "- {name: password, type: secretRef, description: Password}\n"
    "- {name: settings, type: configMapRef, description: Settings}\n"
    "- {name: data, type: volumeRef, description: Data}\n" + SIZES,
    "        env:\n"
    "        - name: PASSWORD\n"
    "          valueFrom:\n"
    "            secretKeyRef: {{ password }}\n"
    "        - name: SETTINGS\n"
    "          valueFrom:\n"
    "            configMapKeyRef: {{ settings }}\n"
    "        volumeMounts: [{name: data, mountPath: /data}]\n"
    "      volumes:\n"
    "      - name: data\n"
    "        persistentVolumeClaim:\n"
    "          claimName: {{ data.name }}\n",
)


@pytest.fixture
def types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Types:
    """Type a command with a kubeconfig, in a home that stays."""
    ours = ("XDG_", "RAPT_", "GIT_", "KUBE")

    def types(kubeconfig: Path, *words: str) -> Ended:
        with monkeypatch.context() as person:
            for name in [name for name in os.environ if name.startswith(ours)]:
                person.delenv(name)
            for name, value in {**SOMEONE, "HOME": tmp_path / "home", "KUBECONFIG": kubeconfig}.items():
                person.setenv(name, str(value))
            person.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
            code = main.run(list(words))
        told = capfd.readouterr()
        return Ended(code, told.out, told.err)

    return types


def use(monkeypatch: pytest.MonkeyPatch, bundle: OneTemplate) -> None:
    monkeypatch.setattr(PackagedBundle, "files", lambda _: bundle.files())


def create(kubeconfig: Path, namespace: str, *words: str) -> None:
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "-n", namespace, "create", *words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def object_of(kind: str, name: str, **content: Any) -> dict[str, Any]:
    version = "batch/v1" if kind == "Job" else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content}


def test_what_is_missing_is_noted_by_sync_and_refused_by_run_all_at_once(
    types: Types, cluster: Cluster, user: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, MANY)
    assert types(user, "init", "--local").exit_code == 0
    answers = (
        "--set",
        "password=database/password",
        "--set",
        "settings=settings/level",
        "--set",
        "data=disk",
    )
    added = types(user, "add", "bare", *answers)
    assert added.exit_code == 0, added
    ends = f"does not exist in namespace {namespace} yet"
    needs = ("configmap/settings", "persistentvolumeclaim/disk", "secret/database")
    assert [line for line in added.stderr.splitlines() if line.startswith("note: bare needs")] == [
        f"note: bare needs {one}, which {ends}" for one in needs
    ]
    hint = f"kubectl create configmap settings -n {namespace} --from-literal level=…"
    message = f"what the tool needs is not in namespace {namespace}"
    assert types(user, "run", "bare") == refused(
        5,
        message,
        hint,
        "configmap/settings          does not exist",
        "persistentvolumeclaim/disk  does not exist",
        "secret/database             does not exist",
    )
    assert types(user, "runs").stdout == ""

    create(user, namespace, "configmap", "settings", "--from-literal", "level=debug")
    create(user, namespace, "secret", "generic", "database", "--from-literal", "user=ann")
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    namespaces.apply(user, {**object_of("PersistentVolumeClaim", "disk", spec=claim)})
    password = '{"stringData":{"password": "…"}}'
    hint = f"kubectl patch secret database -n {namespace} --type merge -p '{password}'"
    lacks = refused(5, message, hint, "secret/database  has no key password")
    assert types(user, "run", "bare") == types(user, "run", "bare", "--dry-run") == lacks
    assert "note: bare needs" not in types(user, "sync").stderr, "it was told when the tool was applied"
    later = types(user, "add", "bare", "--name", "later", *answers[2:], "--set", "password=other/password")
    assert (later.exit_code, "note: bare needs" in later.stderr) == (0, False), later
    assert "note: later needs secret/other" in later.stderr
    assert f"note: bare needs secret/database, which has no key password in namespace {namespace} yet" in (
        types(user, "set", "bare", "--schedule", "0 3 * * *", "--in", "dev").stderr
    )

    patch = ["patch", "secret", "database", "-p", json.dumps({"stringData": {"password": "x"}})]
    command = [str(kubectl.program()), f"--kubeconfig={user}", *patch]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert "note:" not in types(user, "sync").stderr
    assert types(user, "run", "bare", "--detach").exit_code == 0


def test_who_may_not_read_secrets_runs_all_the_same(
    types: Types, cluster: Cluster, user: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, PASSWORD)
    assert types(user, "init", "--local").exit_code == 0
    assert types(user, "add", "bare", "--set", "password=database/password").exit_code == 0
    rules = [
        {"apiGroups": ["rapt.dev"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
    ]
    group = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": "runner", "namespace": namespace},
    }
    subject = {"apiGroup": group, "kind": "User", "name": f"runner-of-{namespace}"}
    binding = {**role, "kind": "RoleBinding", "subjects": [subject]}
    ref = {"apiGroup": group, "kind": "Role", "name": "runner"}
    namespaces.apply(cluster.kubeconfig, {**role, "rules": rules}, {**binding, "roleRef": ref})
    runner = cluster.user(f"runner-of-{namespace}", namespace=namespace)
    for what in ("jobs", "runs.rapt.dev"):
        namespaces.soon(runner, "auth", "can-i", "create", what)
    ended = types(runner, "run", "bare", "--detach")
    assert ended.exit_code == 0, ended
    assert types(user, "run", "bare").exit_code == 5, "who may is told"


def test_what_a_namespace_would_never_admit_is_refused_before_the_push(
    types: Types, cluster: Cluster, user: Path, namespace: str
) -> None:
    assert types(user, "init", "--local").exit_code == 0
    limits = [{"type": "Container", "max": {"memory": "32Mi"}}]
    sizes = {**object_of("LimitRange", "sizes", spec={"limits": limits})}
    sizes["metadata"]["namespace"] = namespace
    namespaces.apply(cluster.kubeconfig, sizes)
    before = types(user, "changes", "-o", "name")
    for environment in ("dev", "prod"):
        for flag in ((), ("--dry-run",)):
            ended = types(user, "add", "tcp-check", "--in", environment, *flag)
            assert ended == refused(
                5,
                f"namespace {namespace} would never admit tcp-check",
                f"kubectl describe limitranges,resourcequotas -n {namespace}",
                'container tool  has a limit of 256Mi memory, of which 32Mi is the most (limit range "sizes")',
            )
    assert types(user, "changes", "-o", "name") == before
    assert types(user, "list").stdout == ""


def test_a_quota_that_is_used_up_just_now_is_a_note(
    types: Types, cluster: Cluster, user: Path, namespace: str
) -> None:
    assert types(user, "init", "--local").exit_code == 0
    create(cluster.kubeconfig, namespace, "quota", "few", "--hard=configmaps=100,count/cronjobs.batch=1")
    command = [
        str(kubectl.program()),
        f"--kubeconfig={user}",
        "wait",
        "--for=jsonpath={.status.hard}",
        "quota/few",
    ]
    subprocess.run([*command, "--timeout=120s"], check=True, capture_output=True, timeout=180)
    schedule = ("--schedule", "0 0 1 1 *")
    first = types(user, "add", "hello", "--image", "busybox:1.35", *schedule)
    assert (first.exit_code, first.stderr) == (0, "")
    subprocess.run(
        [
            *command[:3],
            "--for=jsonpath={.status.used.count/cronjobs\\.batch}=1",
            "quota/few",
            "--timeout=120s",
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    second = types(user, "add", "more", "--image", "busybox:1.35", *schedule, "--dry-run")
    assert second.exit_code == 0
    assert second.stderr == (
        f"note: namespace {namespace}: its CronJobs: 1 count/cronjobs.batch wanted, "
        'and quota "few" has 0 of 1 left just now\n'
    )
    again = types(user, "set", "hello", "command=false", "--dry-run", "--in", "dev")
    assert (again.exit_code, again.stderr) == (0, ""), "what exists already is counted"


def test_an_encrypted_file_is_left_alone_with_a_note(types: Types, user: Path, tmp_path: Path) -> None:
    assert types(user, "init", "--local").exit_code == 0
    assert types(user, "add", "hello", "--image", "busybox:1.35").exit_code == 0
    (path,) = tmp_path.rglob("config.git")
    git = ["git", "-C", str(path)]
    blob = subprocess.check_output(
        [*git, "hash-object", "-w", "--stdin"], input=b"a: ENC[x]\nsops:\n  version: 3\n"
    )
    commands = f"100644 blob {blob.decode().strip()}\t{layout.rendered('dev', 'secret')}\n"
    environ = {**os.environ, **SOMEONE, "GIT_INDEX_FILE": str(tmp_path / "index")}
    for words, stdin in (
        (["read-tree", "main"], ""),
        (["update-index", "--index-info"], commands),
    ):
        subprocess.run([*git, *words], input=stdin, text=True, env=environ, check=True)
    tree = subprocess.check_output([*git, "write-tree"], env=environ, text=True).strip()
    commit = subprocess.check_output(
        [*git, "commit-tree", tree, "-p", "main", "-m", "By hand"], env=environ, text=True
    ).strip()
    subprocess.run([*git, "update-ref", "refs/heads/main", commit], check=True)
    ended = types(user, "sync")
    assert ended.exit_code == 0, ended
    assert ended.stderr == "note: rendered/dev/secret.yaml is encrypted by SOPS, and left alone\n"
    assert "dev synced to" in ended.stdout


@pytest.fixture(scope="module")
def own() -> Iterator[PrivateCluster]:
    """A cluster of one's own, whose administrator will bring the kind ExternalSecret."""
    with clusters.private() as found:
        yield found


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "externalsecrets.external-secrets.io"},
    "spec": {
        "group": "external-secrets.io",
        "scope": "Namespaced",
        "names": {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


def test_secrets_come_from_the_store_that_an_environment_names(
    types: Types, own: PrivateCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, PASSWORD)
    assert types(own.kubeconfig, "install").exit_code == 0
    namespace = namespaces.prepare(own)
    namespaces.await_rapt(own)
    user = own.user(f"user-of-{namespace}", namespace=namespace)
    real = project.spell
    store = "    review: none\n    secretStore: {name: vault}\n"
    monkeypatch.setattr(project, "spell", lambda one: real(one).replace("    review: none\n", store))
    assert types(user, "init", "--local").exit_code == 0
    added = types(user, "add", "bare", "--set", "password=database/password")
    assert (added.exit_code, added.stderr.splitlines()[-3:-1]) == (
        6,
        [
            "error: environment dev has a secret store, and this cluster does not know ExternalSecrets",
            "  try: install the External Secrets Operator, or take secretStore out of rapt.yaml",
        ],
    )
    namespaces.apply(own.kubeconfig, DEFINITION)
    namespaces.soon(own.kubeconfig, "get", "--raw=/apis/external-secrets.io/v1")
    synced = types(user, "sync")
    assert synced.exit_code == 0, synced
    assert "externalsecret.external-secrets.io/bare-database created" in synced.stdout
    get = [str(kubectl.program()), f"--kubeconfig={own.kubeconfig}", "get", "externalsecret", "bare-database"]
    get += ["-n", namespace, "-o", "json"]
    found = json.loads(subprocess.check_output(get, timeout=60))
    assert found["spec"]["secretStoreRef"] == {"name": "vault", "kind": "SecretStore"}
    assert found["metadata"]["labels"]["rapt.dev/tool"] == "bare"
    again = types(user, "add", "bare", "--name", "other", "--set", "password=database/password")
    assert "externalsecret.external-secrets.io/other-database created" in again.stdout
