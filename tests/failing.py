"""Jobs that fail, each in a way of its own, for a real node: what is made, and what must be said about it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests import namespaces, servers
from tests.cluster.clusters import Cluster

REGISTRY = "REGISTRY"
"""Stands for the address of a registry in the table."""
NOWHERE = "127.0.0.1:1"
SLEEP = ["sleep", "300"]


@dataclass(frozen=True)
class Failing:
    """One Job.

    Args:
        name: Its name, and what is wrong.
        cause: The first word that must be said.
        message: What its line must hold.
        evidence: What the evidence must hold.
        hint: What the command to try must begin with.
        command: What its container runs.
        container: Other fields of the container.
        pod: Other fields of the pod.
        job: Other fields of the Job.
        also: A cause that must be named after the first.
        is_open: Whether its Job goes on without an end.
    """

    name: str
    cause: str
    message: str
    evidence: str
    hint: str
    command: list[str] = field(default_factory=lambda: ["true"])
    container: Mapping[str, Any] = field(default_factory=dict)
    pod: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)
    also: str = ""
    is_open: bool = False

    def manifest(self, registry: str) -> dict[str, Any]:
        """The Job as it is created."""
        container = {
            "name": "tool",
            "image": "busybox:1.35",
            "imagePullPolicy": "IfNotPresent",
            "command": self.command,
            **self.container,
        }
        pod = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
            **self.pod,
        }
        metadata = {"name": self.name, "labels": {"rapt.dev/tool": self.name}}
        job = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {
                "backoffLimit": 0,
                "template": {"metadata": {"labels": {"rapt.dev/tool": self.name}}, "spec": pod},
                **self.job,
            },
        }
        made: dict[str, Any] = json.loads(json.dumps(job).replace(REGISTRY, registry))
        return made


def _sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def _env(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"env": [{"name": "PASSWORD", "valueFrom": source}]}


LOGS, EXPLAIN = "kubectl rapt logs job/", "kubectl rapt explain "
POD, WAITS = "pod/{job}-[a-z0-9]{{5}}", 'pod/{job}-[a-z0-9]{{5}} container "tool" waits: '
TERMINATED = 'pod/{job}-[a-z0-9]{{5}} container "tool" terminated: '
DEADLINE = {"activeDeadlineSeconds": 25}
"""Time enough for the kubelet, on a busy machine too, to say why the container does not start."""

FAILING = (
    Failing(
        "exit-7",
        "ExitCode",
        'container "tool" ended with exit code 7',
        TERMINATED + "Error, exit code 7",
        LOGS,
        _sh("echo one; echo bye; sleep 1; exit 7"),
    ),
    Failing(
        "exit-126",
        "ExitCode",
        "exit code 126 .a command that it ran may not be executed",
        "exit code 126",
        LOGS,
        _sh("/etc/passwd"),
    ),
    Failing(
        "exit-127",
        "ExitCode",
        "exit code 127 .a command that it ran does not exist",
        "exit code 127",
        LOGS,
        _sh("nope"),
    ),
    Failing(
        "segv",
        "ExitCode",
        "exit code 139 .SIGSEGV, it touched memory",
        "exit code 139",
        LOGS,
        _sh("sh -c 'kill -SEGV $$$$'; exit $?"),
    ),
    Failing(
        "term",
        "ExitCode",
        "exit code 143 .SIGTERM, it was told to end",
        "exit code 143",
        LOGS,
        _sh("sh -c 'kill -TERM $$$$'; exit $?"),
    ),
    Failing(
        "oom",
        "OOMKilled",
        "used all of its 16Mi of memory .limit.",
        TERMINATED + "OOMKilled, exit code 137",
        "kubectl rapt set oom --retry out-of-memory",
        _sh("tail /dev/zero"),
        {"resources": {"limits": {"memory": "16Mi"}}},
    ),
    Failing(
        "full",
        "Evicted",
        "its pod used too much ephemeral-storage",
        "Failed: Evicted",
        "kubectl rapt run full",
        _sh("head -c 5000000 /dev/zero >/data/x; sleep 300"),
        {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        {"volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Mi"}}]},
    ),
    Failing(
        "image-absent",
        "ImageNotFound",
        "image REGISTRY/absent:1 of container .tool. does not exist there",
        WAITS,
        EXPLAIN,
        container={"image": "REGISTRY/absent:1"},
        is_open=True,
    ),
    Failing(
        "image-denied",
        "ImageNotAllowed",
        "may not be pulled with the credentials",
        WAITS,
        "kubectl get secrets -n ",
        container={"image": "REGISTRY/denied:1"},
        is_open=True,
    ),
    Failing(
        "registry-gone",
        "RegistryUnreachable",
        "its registry does not answer.*connection refused",
        WAITS,
        "kubectl rapt run registry-gone",
        container={"image": f"{NOWHERE}/tool:1"},
        is_open=True,
    ),
    Failing(
        "image-never",
        "ImageNotFound",
        "imagePullPolicy Never",
        WAITS + "ErrImageNeverPull",
        EXPLAIN,
        container={"image": "absent:1", "imagePullPolicy": "Never"},
        is_open=True,
    ),
    Failing(
        "image-name",
        "InvalidImageName",
        "has no valid name",
        WAITS + "InvalidImageName",
        EXPLAIN,
        container={"image": "Not/A:Name:1"},
        is_open=True,
    ),
    Failing(
        "image-deadline",
        "ImageNotFound",
        "does not exist there",
        "absent",
        EXPLAIN,
        container={"image": "REGISTRY/absent:1"},
        pod=DEADLINE,
        also="DeadlineExceeded",
    ),
    Failing(
        "no-secret",
        "InvalidConfiguration",
        "Secret absent, which container .tool. needs, does not exist",
        WAITS + "CreateContainerConfigError",
        "kubectl get secret absent -n ",
        container=_env({"secretKeyRef": {"name": "absent", "key": "password"}}),
        is_open=True,
    ),
    Failing(
        "no-map",
        "InvalidConfiguration",
        "ConfigMap absent, which container .tool. needs, does not exist",
        WAITS + "CreateContainerConfigError",
        "kubectl get configmap absent -n ",
        container={"envFrom": [{"configMapRef": {"name": "absent"}}]},
        is_open=True,
    ),
    Failing(
        "no-key",
        "InvalidConfiguration",
        "ConfigMap settings has no key absent, which container .tool. needs",
        WAITS + "CreateContainerConfigError",
        "kubectl describe configmap settings -n ",
        container=_env({"configMapKeyRef": {"name": "settings", "key": "absent"}}),
        is_open=True,
    ),
    Failing(
        "root",
        "InvalidConfiguration",
        "runAsNonRoot",
        WAITS + "CreateContainerConfigError",
        EXPLAIN,
        pod={"securityContext": {"runAsNonRoot": True}},
        is_open=True,
    ),
    Failing(
        "config-deadline",
        "InvalidConfiguration",
        "Secret absent",
        "",
        "kubectl get secret absent",
        container=_env({"secretKeyRef": {"name": "absent", "key": "password"}}),
        pod=DEADLINE,
        also="DeadlineExceeded",
    ),
    Failing(
        "no-command",
        "CommandNotFound",
        'runs "nope", which image busybox:1.35 does not have',
        TERMINATED + "StartError",
        EXPLAIN,
        ["nope"],
    ),
    Failing(
        "no-program",
        "CommandNotExecutable",
        'runs "/etc/passwd", which is not a program',
        TERMINATED + "StartError",
        EXPLAIN,
        ["/etc/passwd"],
    ),
    Failing(
        "too-big",
        "Unschedulable",
        "no node takes its pod .0 of .*Insufficient cpu.*it wants cpu 1k",
        POD,
        "kubectl describe nodes",
        container={"resources": {"requests": {"cpu": "1k"}}},
        is_open=True,
    ),
    Failing(
        "no-such-node",
        "Unschedulable",
        "no node takes its pod.*nodes with disk=ssd",
        POD,
        "kubectl describe nodes",
        pod={"nodeSelector": {"disk": "ssd"}},
        is_open=True,
    ),
    Failing(
        "no-claim",
        "Unschedulable",
        "volume claim absent does not exist",
        POD,
        "kubectl get pvc absent -n ",
        pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "absent"}}]},
        is_open=True,
    ),
    Failing(
        "no-volume",
        "VolumeNotMounted",
        'volume "data" cannot be mounted: Secret absent does not exist',
        "event FailedMount",
        "kubectl get secret absent -n ",
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        pod={"volumes": [{"name": "data", "secret": {"secretName": "absent"}}]},
        is_open=True,
    ),
    Failing(
        "init",
        "InitFailed",
        'init container "before" ended with exit code 3',
        'init container "before" terminated: Error, exit code 3',
        LOGS,
        pod={"initContainers": [{"name": "before", "image": "busybox:1.35", "command": _sh("exit 3")}]},
    ),
    Failing(
        "probe",
        "ProbeFailed",
        'container "tool" failed its liveness probe',
        "event Unhealthy.*Liveness probe failed",
        LOGS,
        SLEEP,
        {"livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}},
    ),
    Failing(
        "pod-deadline",
        "DeadlineExceeded",
        "its pod was active for longer than 2s",
        "Failed: DeadlineExceeded",
        LOGS,
        SLEEP,
        pod={"activeDeadlineSeconds": 2},
    ),
    Failing(
        "job-deadline",
        "DeadlineExceeded",
        "the Job was active for longer than 2s",
        "job/job-deadline condition Fail",
        LOGS,
        SLEEP,
        job={"activeDeadlineSeconds": 2},
    ),
    Failing(
        "never-placed",
        "Unschedulable",
        "no node takes its pod .0 of [0-9]+.: .*didn't match Pod's node affinity/selector",
        "event FailedScheduling",
        "kubectl describe nodes",
        pod={"nodeSelector": {"disk": "ssd"}},
        job={"activeDeadlineSeconds": 3},
        also="DeadlineExceeded",
    ),
    Failing(
        "twice",
        "ExitCode",
        "exit code 9",
        "exit code 9",
        LOGS,
        _sh("exit 9"),
        job={"backoffLimit": 1},
        also="BackoffLimitExceeded",
    ),
    Failing(
        "crash",
        "ExitCode",
        "exit code 9",
        "exit code 9",
        LOGS,
        _sh("exit 9"),
        pod={"restartPolicy": "OnFailure"},
        job={"backoffLimit": 6},
        is_open=True,
    ),
    Failing(
        "no-account",
        "ServiceAccountMissing",
        "service account absent does not exist",
        "job/no-account event FailedCreate",
        "kubectl get serviceaccount absent -n ",
        pod={"serviceAccountName": "absent"},
        is_open=True,
    ),
    Failing(
        "suspended",
        "Suspended",
        "its Job is suspended by kubectl",
        "spec.suspend is true",
        "kubectl patch job suspended -n ",
        job={"suspend": True},
        is_open=True,
    ),
)


class _Registry(BaseHTTPRequestHandler):
    """Says of ``absent`` that it does not exist, of all else that it may not be read."""

    def _answer(self) -> None:
        code, word = (404, "MANIFEST_UNKNOWN") if "/absent/" in self.path else (403, "DENIED")
        body = json.dumps({"errors": [{"code": word, "message": word.lower()}]}).encode()
        self.send_response(200 if self.path == "/v2/" else code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def registry() -> Iterator[str]:
    """A registry that has no image; its address, to which the runtime speaks without TLS."""
    with servers.serving("127.0.0.1", _Registry) as port:
        yield f"127.0.0.1:{port}"


@contextmanager
def begun(cluster: Cluster) -> Iterator[tuple[str, Path, str]]:
    """All of them at once, and a registry that has no image: their namespace, its user, and the registry."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
    with registry() as address:
        namespaces.apply(user, settings, *(one.manifest(address) for one in FAILING))
        yield namespace, user, address
