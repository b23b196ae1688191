"""What objects reach, in the words of whoever has to allow it."""

from typing import Any

from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import reach
from kubectl_rapt.objects.reach import Reach

POD: dict[str, Any] = {
    "initContainers": [{"name": "a", "image": "busybox:1.35"}],
    "containers": [
        {
            "name": "b",
            "image": "postgres:16",
            "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "token"}}],
            "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
        }
    ],
    "volumes": [
        {"name": "c", "secret": {"secretName": "cert"}},
        {"name": "d", "configMap": {"name": "script", "items": [{"key": "run.sh", "path": "a"}]}},
        {
            "name": "e",
            "projected": {"sources": [{"secret": {"name": "ca"}}, {"configMap": {"name": "root"}}]},
        },
    ],
}
JOB = {"spec": {"template": {"spec": POD}}}


def made(kind: str, **content: Any) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "team"}, **content}


EGRESS = made(
    "NetworkPolicy",
    spec={
        "egress": [
            {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
            {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 5432, "protocol": "TCP"}]},
            {"to": [{"podSelector": {"matchLabels": {"app": "db"}}, "namespaceSelector": {}}]},
            {"ports": [{"port": 443, "protocol": "TCP"}]},
        ]
    },
)
ROLE = made(
    "Role",
    rules=[
        {"apiGroups": ["", "batch"], "resources": ["jobs"], "verbs": ["get", "create"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]},
    ],
)
CONFIG_MAPS = ("configmap/root all keys", "configmap/script key run.sh", "configmap/settings all keys")
SECRETS = (
    *CONFIG_MAPS,
    "secret/ca all keys",
    "secret/cert all keys",
    "secret/db key password",
    "secret/token all keys",
)


def test_a_pod_is_found_however_it_is_wrapped() -> None:
    wrapped = [
        made("Job", **JOB),
        made("CronJob", spec={"jobTemplate": JOB}),
        made("Tool", spec={"job": JOB}),
    ]
    for manifest in wrapped:
        found = reach.of([manifest, EGRESS])
        assert (found.images, found.secrets) == (("busybox:1.35", "postgres:16"), SECRETS), manifest["kind"]


def test_rights_and_hosts_are_told_one_by_one() -> None:
    found = reach.of([ROLE, EGRESS])
    rights = ("create jobs", "create jobs.batch", "get jobs", "get jobs.batch", "get secrets db")
    hosts = ("10.0.0.0/8, port 5432", "anywhere, port 443", "pods app=db in namespaces of any kind, any port")
    assert (found.rights, found.hosts) == (rights, hosts)


def test_pods_without_a_network_policy_may_connect_anywhere() -> None:
    assert reach.of([made("Job", **JOB)]).hosts == ("anywhere, any port",)
    assert reach.of([made("ServiceAccount")]) == Reach()


def test_labels_of_pods_that_are_not_rapts_are_reach() -> None:
    marks = {"rapt.dev/tool": "a", "app.kubernetes.io/name": "b", "app": "payments"}
    marks |= {"team": "storage"}
    job = made("Job", spec={"template": {"metadata": {"labels": marks}, "spec": POD}})
    job["metadata"]["labels"] = {"team": "storage"}  # as the environment's profile gives it to every object
    found = reach.of([job])
    assert found.marks == ("app=payments",)
    assert found.lines()[-1] == "pod label: app=payments"


def test_another_key_of_a_known_secret_is_new() -> None:
    assert Reach(secrets=("secret/a key b",)).beyond(Reach(secrets=("secret/a key c",)))


def test_only_what_is_new_is_beyond() -> None:
    before, after = Reach(images=("a",), hosts=("x",)), Reach(images=("a", "b"), secrets=("s",))
    assert after.beyond(before) == Reach(images=("b",), secrets=("s",))
    assert not before.beyond(before)
