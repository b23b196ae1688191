"""Causes of failure: from objects that a real cluster showed, and from what no test cluster can show."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_rapt import documents
from kubectl_rapt.errors import Refused
from kubectl_rapt.model import causes
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import events, jobs, pods, workloads
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.objects.tools import Source
from kubectl_rapt.runs import failures, outcome
from kubectl_rapt.runs.causes import images
from kubectl_rapt.runs.causes import jobs as of_jobs
from kubectl_rapt.runs.causes.seen import Finding, Seen
from tests.failing import FAILING, Failing
from tests.given import NOON, RUNNING, a_job, a_pod, a_run, a_template, at, ended, waiting

HERE = Path(__file__).parent
SOURCE = Source("main", "backup", "1.0.0", "aa", "sha256:bb", "sha256:cc", "dd")
POD = "backup-x7k2p-1-aaaaa"


def recorded(name: str) -> Seen:
    """What a real cluster showed of a Job."""
    items = documents.load((HERE / "recorded" / f"{name}.yaml").read_text("utf-8"), name)["items"]
    kinds = {kind: [one for one in items if one["kind"] == kind] for kind in ("Job", "Pod", "Event")}
    found = sorted(map(pods.from_manifest, kinds["Pod"]), key=lambda pod: (pod.created_at, pod.name))
    said = tuple(map(events.from_manifest, kinds["Event"]))
    return Seen(jobs.from_manifest(kinds["Job"][0]), tuple(found), said)


def seen(job: dict[str, Any], *some: dict[str, Any], **other: Any) -> Seen:
    return Seen(jobs.from_manifest(job), tuple(map(pods.from_manifest, some)), **other)


def an_event(
    reason: str, message: str, *, about: str = f"Pod/{POD}", count: int = 1, container: str = ""
) -> Any:
    kind, _, name = about.partition("/")
    field = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
    return events.from_manifest(
        {
            "metadata": {"name": f"{name}.1", "namespace": "team", "creationTimestamp": at(50)},
            "involvedObject": {"kind": kind, "name": name, **field},
            "reason": reason,
            "message": message,
            "count": count,
            "type": "Warning",
            "firstTimestamp": at(50),
            "lastTimestamp": at(60),
        }
    )


def causes_of(found: Sequence[Finding]) -> list[str]:
    return [one.cause for one in found]


@pytest.mark.parametrize("one", FAILING, ids=[one.name for one in FAILING])
def test_what_a_real_node_showed_is_recognised(one: Failing) -> None:
    shown = recorded(one.name)
    found = failures.explain(shown)
    assert found, one
    first = found[0]
    assert first.cause == one.cause, found
    assert re.search(one.message.replace("REGISTRY", r"[0-9.:]+"), first.message), first
    assert re.search(one.evidence.replace("REGISTRY", r"[0-9.:]+").format(job=one.name), first.evidence), (
        first
    )
    assert first.hint.startswith(one.hint), first
    assert one.also in ("", *causes_of(found[1:])), found
    assert shown.job
    ending = outcome.of(shown.job, shown.pods, shown.events)
    assert (ending is None) is one.is_open
    assert ending is None or ending.cause == one.cause


OF_THE_API_SERVER = [
    ("drained", "Evicted", "as `kubectl drain` does", "DisruptionTarget: EvictionByEvictionAPI"),
    ("deleted", "Deleted", "its pod was deleted while it ran", "deletionTimestamp"),
    ("starved", "Evicted", "was low on memory", "Failed: Evicted"),
    ("low", "Preempted", "made room on node small-", "DisruptionTarget: PreemptionByScheduler"),
    ("lost", "NodeLost", "went away or may not be used", "DisruptionTarget: DeletionByTaintManager"),
    ("by-hand", "Suspended", "its Job is suspended by kubectl-patch", "spec.suspend is true"),
    ("queued", "Queued", "Kueue holds it in queue night", "label kueue.x-k8s.io/queue-name=night"),
    ("quota-used-up", "QuotaExceeded", "quota few refuses it: requested: pods=1", "event FailedCreate"),
    ("quota-wants-more", "QuotaExceeded", "must specify requests.cpu for: tool", "event FailedCreate"),
    ("limit-range", "LimitRangeExceeded", "maximum memory usage per Container is 8Mi", "event FailedCreate"),
    ("policy", "AdmissionRefused", "refuses it: name an owner", "event FailedCreate"),
    ("pod-security", "AdmissionRefused", "Pod Security (restricted:latest)", "event FailedCreate"),
    ("no-service-account", "ServiceAccountMissing", "service account absent", "event FailedCreate"),
]


@pytest.mark.parametrize(("name", "cause", "message", "evidence"), OF_THE_API_SERVER)
def test_what_a_real_api_server_showed_is_recognised(
    name: str, cause: str, message: str, evidence: str
) -> None:
    found = failures.explain(recorded(name))
    assert found, name
    assert found[0].cause == cause, found
    assert message in found[0].message, found[0]
    assert evidence in found[0].evidence, found[0]


def test_every_recording_has_its_row() -> None:
    rows = {one.name for one in FAILING} | {row[0] for row in OF_THE_API_SERVER}
    assert {path.stem for path in (HERE / "recorded").iterdir()} == rows


FAILED = a_job(ended="Failed", reason="BackoffLimitExceeded")
DISRUPTED: list[tuple[str, str, str]] = [
    ("PreemptionByScheduler", "", "Preempted"),
    ("EvictionByEvictionAPI", "", "Evicted"),
    ("DeletionByTaintManager", "", "NodeLost"),
    ("DeletionByPodGC", "", "NodeLost"),
    ("TerminationByKubelet", "Evicted", "Evicted"),
    ("TerminationByKubelet", "Terminated", "NodeLost"),
    ("TerminationByKubelet", "Preempting", "Preempted"),
    ("SomethingNew", "", "Evicted"),
    ("", "NodeShutdown", "NodeLost"),
    ("", "NodeLost", "NodeLost"),
    ("", "OutOfcpu", "NodeRefused"),
    ("", "OutOfnvidia.com/gpu", "NodeRefused"),
    ("", "NodeAffinity", "NodeRefused"),
    ("", "UnexpectedAdmissionError", "NodeRefused"),
    ("", "DeadlineExceeded", "DeadlineExceeded"),
    ("", "SomethingNew", "SomethingNew"),
]


@pytest.mark.parametrize(("condition", "reason", "cause"), DISRUPTED)
def test_what_ends_a_pod_as_a_whole_outweighs_the_signal_of_its_container(
    condition: str, reason: str, cause: str
) -> None:
    pod = a_pod("Failed", ended(137), reason=reason, message="Words of Kubernetes.")
    if condition:
        pod["status"]["conditions"].append(
            {"type": "DisruptionTarget", "status": "True", "reason": condition}
        )
    found = failures.explain(seen(FAILED, pod))
    assert causes_of(found) == [cause]
    assert "Words of Kubernetes" in found[0].message
    assert found[0].exit_code == 137
    certain = outcome.of(jobs.from_manifest(a_job()), [pods.from_manifest(pod)])
    assert certain
    assert (certain.cause, certain.exit_code, certain.node) == (cause, 137, "node-1")


def test_a_disruption_that_is_over_is_none() -> None:
    pod = a_pod("Failed", ended(7))
    pod["status"]["conditions"].append(
        {"type": "DisruptionTarget", "status": "False", "reason": "PreemptionByScheduler"}
    )
    assert causes_of(failures.explain(seen(a_job(), pod))) == ["ExitCode"]


CODES = [
    (1, ""),
    (126, " (a command that it ran may not be executed)"),
    (127, " (a command that it ran does not exist)"),
    (128, ""),
    (130, " (SIGINT, it was interrupted)"),
    (137, " (SIGKILL, something ended it by force)"),
    (139, " (SIGSEGV, it touched memory that is not its own)"),
    (143, " (SIGTERM, it was told to end)"),
    (200, ""),
    (255, ""),
]


@pytest.mark.parametrize(("code", "meaning"), CODES)
def test_an_exit_code_is_told_with_what_it_means(code: int, meaning: str) -> None:
    (found,) = failures.explain(seen(a_job(), a_pod("Failed", ended(code))))
    assert found.message == f'container "tool" ended with exit code {code}{meaning}'
    assert (found.cause, found.exit_code, found.container, found.pod) == ("ExitCode", code, "tool", POD)
    assert found.hint == "kubectl rapt logs job/backup-x7k2p-1"


STARTS = [
    ('exec: "nope": executable file not found in $PATH: unknown', "CommandNotFound"),
    ('exec: "/bin/nope": stat /bin/nope: no such file or directory', "CommandNotFound"),
    ('exec: "/etc/passwd": permission denied: unknown', "CommandNotExecutable"),
    ('exec: "/tool": exec format error', "CommandNotExecutable"),
    ("container init was OOM-killed (memory limit too low?)", "OOMKilled"),
    ("cgroup is full", "StartFailed"),
]


@pytest.mark.parametrize(("message", "cause"), STARTS)
def test_a_container_that_cannot_start_says_what_is_wrong_with_its_command(message: str, cause: str) -> None:
    pod = a_pod("Failed", ended(128, reason="StartError", message=message))
    assert causes_of(failures.explain(seen(a_job(), pod))) == [cause]


def test_memory_is_told_with_its_limit_or_the_lack_of_one() -> None:
    pod = a_pod("Failed", ended(137, reason="OOMKilled"))
    (found,) = failures.explain(seen(a_job(), pod))
    assert found.message.startswith('container "tool" was killed because its node ran out of memory')
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "512Mi"}}
    (found,) = failures.explain(seen(a_job(), pod))
    assert (
        found.message == 'container "tool" used all of its 512Mi of memory (limit and peak) and wanted more'
    )
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = 1
    (found,) = failures.explain(seen(a_job(), pod))
    assert found.message.endswith(", and ended with exit code 1"), "a process in it was killed"


PULLS = [
    ("failed to resolve reference: docker.io/library/x:1: not found", "ImageNotFound"),
    ("manifest unknown: manifest unknown", "ImageNotFound"),
    ("rpc error: code = NotFound desc = failed to pull", "ImageNotFound"),
    ("unexpected status from HEAD request to https://r/v2/x: 401 Unauthorized", "ImageNotAllowed"),
    (
        "pull access denied, repository does not exist or may require authorization: insufficient_scope",
        "ImageNotAllowed",
    ),
    ("unexpected status from HEAD request to https://r/v2/x: 403 Forbidden", "ImageNotAllowed"),
    ("no basic auth credentials", "ImageNotAllowed"),
    ("dial tcp: lookup registry.example.com on 10.0.0.1:53: no such host", "RegistryUnreachable"),
    ("dial tcp 127.0.0.1:1: connect: connection refused", "RegistryUnreachable"),
    ("net/http: TLS handshake timeout", "RegistryUnreachable"),
    (
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "RegistryUnreachable",
    ),
    ("429 Too Many Requests - toomanyrequests: You have reached your pull rate limit", "RegistryUnreachable"),
    ("unexpected status: 503 Service Unavailable", "RegistryUnreachable"),
    ("failed to fetch anonymous token: dial tcp 10.0.0.1:443: i/o timeout", "RegistryUnreachable"),
    ("couldn't parse image name: invalid reference format", "InvalidImageName"),
    ("no space left on device", "ImagePullFailed"),
    ("", "ImagePullFailed"),
]


@pytest.mark.parametrize(("message", "cause"), PULLS)
def test_messages_about_a_pull_are_told_apart(message: str, cause: str) -> None:
    assert images.classify(message) == cause


REFUSALS = [
    (
        'admission webhook "check.example.com" denied the request: no owner',
        "AdmissionRefused",
        "check.example.com",
    ),
    (
        'Internal error: failed calling webhook "check.example.com": no endpoints',
        "AdmissionRefused",
        "does not answer",
    ),
    (
        "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
        "AdmissionRefused",
        "policy p refuses it: no",
    ),
    (
        'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
        "QuotaExceeded",
        "quota q",
    ),
    (
        "minimum cpu usage per Pod is 1, but request is 100m",
        "LimitRangeExceeded",
        "minimum cpu usage per Pod",
    ),
    (
        "cpu max limit to request ratio per Container is 1, but provided ratio is 2",
        "LimitRangeExceeded",
        "ratio",
    ),
    (
        'error looking up service account team/x: serviceaccount "x" not found',
        "ServiceAccountMissing",
        "account x",
    ),
    ("etcdserver: request timed out", "PodRefused", "request timed out"),
]


@pytest.mark.parametrize(("said", "cause", "message"), REFUSALS)
def test_refusals_are_told_apart(said: str, cause: str, message: str) -> None:
    found = of_jobs.refusal(said, "")
    assert found.cause == cause
    assert message in found.message


def test_the_recorded_answers_about_quotas_and_policies_are_recognised() -> None:
    event = an_event(
        "FailedCreate",
        'Error creating: pods "cap-noreq-9r6hl" is forbidden: failed quota: pods1: must specify requests.cpu for: c',
        about="Job/backup-x7k2p-1",
        count=5,
    )
    (found,) = failures.explain(seen(a_job(), events=(event,)))
    assert found.message == "quota pods1 refuses it: must specify requests.cpu for: c"
    assert found.evidence.startswith("job/backup-x7k2p-1 event FailedCreate, 5 times: Error creating: pods")
    assert found.hint == "kubectl describe resourcequota pods1 -n team"


def test_a_job_that_was_refused_once_and_has_its_pod_now_is_not_refused() -> None:
    event = an_event(
        "FailedCreate", "Error creating: etcdserver: request timed out", about="Job/backup-x7k2p-1"
    )
    assert failures.explain(seen(a_job(), a_pod("Running", RUNNING, created=70), events=(event,))) == ()
    shown = seen(a_job(parallelism=2), a_pod("Running", RUNNING, created=1), events=(event,))
    assert causes_of(failures.explain(shown)) == ["PodRefused"], "one of two is there"


FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:team:rapt-backup" cannot list '
    'resource "pods" in API group "" in the namespace "team"'
)


def test_missing_rights_are_read_from_the_log() -> None:
    shown = seen(a_job(), a_pod("Failed", ended(1)), logs={(POD, "tool"): ("begin", FORBIDDEN)})
    first, second = failures.explain(shown)
    assert (first.cause, second.cause) == ("RightsMissing", "ExitCode")
    assert first.message == "service account rapt-backup may not list pods"
    assert first.evidence == f'log of pod/{POD} container "tool": {FORBIDDEN}'
    assert first.hint == "kubectl auth can-i list pods --as=system:serviceaccount:team:rapt-backup -n team"
    line = FORBIDDEN.replace('"pods" in API group ""', '"deployments/scale" in API group "apps"')
    (first, _) = failures.explain(replace(shown, logs={(POD, "tool"): (line,)}))
    assert first.hint.startswith("kubectl auth can-i list deployments.apps --subresource=scale --as=")


def test_a_probe_that_failed_counts_only_where_the_kubelet_stopped_the_container_for_it() -> None:
    pod = a_pod("Failed", ended(143))
    unhealthy = an_event("Unhealthy", "Liveness probe failed: connection refused", container="tool")
    stopped = an_event("Killing", "Stopping container tool", container="tool")
    elsewhere = an_event("Killing", "Stopping container other", container="other")
    readiness = an_event("Unhealthy", "Readiness probe failed: connection refused", container="tool")

    def first(*said: Any, shown: dict[str, Any] = pod) -> str:
        return failures.explain(seen(a_job(), shown, events=said))[0].cause

    assert first(unhealthy, stopped) == "ProbeFailed"
    assert first(unhealthy) == "ExitCode"
    assert first(unhealthy, elsewhere) == "ExitCode"
    assert first(readiness, stopped) == "ExitCode"
    assert first(
        unhealthy, stopped, shown={**pod, "status": {**pod["status"], "reason": "DeadlineExceeded"}}
    ) == ("DeadlineExceeded")


def test_a_container_that_its_node_lost_did_not_end_by_itself() -> None:
    unknown = ended(137, reason="ContainerStatusUnknown", message="The container could not be located")
    found = failures.explain(seen(a_job(), a_pod("Failed", unknown)))
    assert causes_of(found) == ["NodeLost"]
    certain = outcome.of(jobs.from_manifest(a_job()), [pods.from_manifest(a_pod("Failed", unknown))])
    assert certain
    assert (certain.cause, certain.exit_code) == ("NodeLost", None)


DELETED = {"deletionTimestamp": at(70), "deletionGracePeriodSeconds": 30}


def a_deleted_pod(*states: dict[str, Any]) -> dict[str, Any]:
    pod = a_pod("Failed", *states)
    return {**pod, "metadata": {**pod["metadata"], **DELETED}}


def test_a_pod_that_somebody_deleted_while_it_ran_is_told_from_one_that_was_cleaned_away() -> None:
    assert causes_of(failures.explain(seen(a_job(), a_deleted_pod(ended(143, seconds=45))))) == ["Deleted"]
    assert causes_of(failures.explain(seen(a_job(), a_deleted_pod(ended(7, seconds=20))))) == ["ExitCode"]
    suspended = a_job(suspend=True)
    assert causes_of(failures.explain(seen(suspended, a_deleted_pod(ended(143, seconds=45))))) == [
        "ExitCode",
        "Suspended",
    ]


def a_pod_deleted_twice(*states: dict[str, Any]) -> dict[str, Any]:
    """As it is a second after its end: the kubelet has deleted it once more, and that is its time of deletion."""
    pod = a_pod("Failed", *states)
    twice = {"deletionTimestamp": at(62), "deletionGracePeriodSeconds": 0}
    return {**pod, "metadata": {**pod["metadata"], **twice}}


def test_the_kubelets_own_deletion_does_not_hide_that_somebody_deleted_the_pod() -> None:
    pod = a_pod_deleted_twice(ended(137, seconds=61))
    stopped = an_event("Killing", "Stopping container tool", container="tool")
    assert causes_of(failures.explain(seen(a_job(), pod, events=(stopped,)))) == ["Deleted"]
    certain = outcome.of(jobs.from_manifest(a_job()), [pods.from_manifest(pod)], [stopped])
    assert certain
    assert (certain.cause, certain.exit_code) == ("Deleted", 137)
    # Without the event it ended by itself, and so it did where a probe failed or a sidecar was stopped.
    of_probe = an_event(
        "Killing", "Container tool failed liveness probe, will be restarted", container="tool"
    )
    of_sidecar = an_event("Killing", "Stopping container proxy", container="proxy")
    for said in ((), (of_probe,), (of_sidecar,)):
        assert causes_of(failures.explain(seen(a_job(), pod, events=said))) == ["ExitCode"], said


def test_events_tell_of_a_pod_that_was_deleted_and_is_gone() -> None:
    job = a_job(ended="Failed", reason="BackoffLimitExceeded")
    started = an_event("Started", "Container started", container="tool")
    stopped = an_event("Killing", "Stopping container tool", container="tool")
    certain = outcome.of(jobs.from_manifest(job), [], [started, stopped])
    assert certain
    assert (certain.cause, certain.message) == ("Deleted", "its pod was deleted while it ran")
    evicted = an_event("Evicted", "The node was low on resource: memory")
    proxy = an_event("Killing", "Stopping container proxy", container="proxy")
    for said in ([started], [started, stopped, evicted], [started, proxy]):
        certain = outcome.of(jobs.from_manifest(job), [], said)
        assert certain
        assert certain.cause != "Deleted", said


def test_a_suspended_job_is_open_whatever_became_of_its_pods() -> None:
    pod = pods.from_manifest(a_deleted_pod(ended(143, seconds=45)))
    assert outcome.of(jobs.from_manifest(a_job(suspend=True)), [pod]) is None


WORKLOADS = [
    (
        "job-cap-second-low-30ceb",
        "Queued",
        "Kueue holds it in queue lq: couldn't assign flavors to pod set main",
    ),
    ("inactive", "Suspended", "its Workload inactive of Kueue is not active"),
]


@pytest.mark.parametrize(("name", "cause", "message"), WORKLOADS)
def test_a_queued_job_says_what_kueue_says_and_is_no_failure(name: str, cause: str, message: str) -> None:
    waits = {
        "type": "QuotaReserved",
        "status": "False",
        "reason": "WaitingForQuota",
        "message": "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor x",
    }
    spec = {"queueName": "lq", "active": name != "inactive"}
    workload = workloads.from_manifest(
        {"metadata": {"name": name}, "spec": spec, "status": {"conditions": [waits]}}
    )
    job = a_job(suspend=True, labels={"kueue.x-k8s.io/queue-name": "lq"})
    (found,) = failures.explain(seen(job, workload=workload))
    assert found.cause == cause
    assert found.message.startswith(message)
    assert found.evidence == f"workload/{name}: WaitingForQuota"
    assert found.hint == f"kubectl describe workload {name} -n team"
    assert not causes.cause(found.cause).is_failure


def test_a_job_that_rapt_has_not_released_says_so() -> None:
    (found,) = failures.explain(seen(a_job(suspend=True), run=a_run()))
    assert (found.cause, found.hint) == ("Suspended", "kubectl rapt reconcile")
    (found,) = failures.explain(seen(a_job(suspend=True)))
    assert (found.message, found.evidence) == (
        "its Job is suspended",
        "job/backup-x7k2p-1 spec.suspend is true",
    )


def test_retry_is_proposed_only_for_a_run_that_it_takes() -> None:
    """A run that waits for its image's registry is open: ``retry`` would be refused."""
    pod = a_pod(
        "Pending",
        waiting(
            "ImagePullBackOff", 'failed to do request: Head "https://r/v2/x": dial tcp: connection refused'
        ),
    )
    attempt = Attempt(1, "backup-x7k2p-1", "job-1", NOON)

    def hint(job: dict[str, Any], **about: Any) -> tuple[str, str]:
        first = failures.explain(seen(job, pod, run=a_run(**about)))[0]
        return first.cause, first.hint

    begun, over = {"attempts": (attempt,)}, {"finished_at": NOON}
    assert hint(a_job(), **begun, state="Running") == (
        "RegistryUnreachable",
        "kubectl rapt cancel backup-x7k2p",
    )
    again = ("RegistryUnreachable", "kubectl rapt retry backup-x7k2p")
    failed = a_job(ended="Failed", reason="DeadlineExceeded")
    assert hint(failed, **begun, state="Running") == again, "its end is not recorded yet"
    assert hint(a_job(), **begun, state="Retrying") == again
    assert hint(failed, **begun, **over, state="Failed") == again
    assert hint(a_job(), **over, state="NotStarted") == ("RegistryUnreachable", "kubectl rapt run backup")


def test_a_run_without_a_job_says_what_the_api_server_says() -> None:
    error = Refused(
        "policy", 'policy "p" refuses job/x: no', "kubectl get validatingadmissionpolicy p -o yaml"
    )
    (found,) = failures.explain(Seen(run=a_run(), refusal=error))
    assert (found.cause, found.message, found.hint) == ("AdmissionRefused", error.message, error.hint)
    mine = Refused("no-right", 'user "view" may not create jobs', "")
    assert failures.explain(Seen(run=a_run(), refusal=mine)) == (), "that is about who asks"


def test_what_is_recorded_stands_when_nothing_else_is_left() -> None:
    oom = Attempt(
        1, "j", "u", NOON, NOON, 137, "OOMKilled", "used all of it", "pod/x terminated", "tool", "node-1"
    )
    (found,) = failures.explain(Seen(run=a_run(attempts=(oom,))))
    assert (found.cause, found.message, found.evidence) == ("OOMKilled", "used all of it", "pod/x terminated")


OOM = Attempt(
    1, "j", "u", NOON, NOON, 137, "OOMKilled", "used all of it", "pod/x terminated", "tool", "node-1"
)
GROWS = RetryPolicy(
    "out-of-memory", "", 3, delay=Duration(1), rules=(Rule("retry", ("OOMKilled",), changes=Changes(2)),)
)


def _limited(memory: str) -> dict[str, Any]:
    template = a_template()
    (container,) = template["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"limits": {"memory": memory}} if memory else {}
    return template


@pytest.mark.parametrize(
    ("memory", "retry", "attempts", "state", "hint"),
    [
        ("512Mi", None, 1, "Failed", "kubectl rapt retry backup-x7k2p --set memory=1Gi"),
        # Its policy has given it more twice, and names of policies cannot help any more.
        ("512Mi", GROWS, 3, "Exhausted", "kubectl rapt retry backup-x7k2p --set memory=4Gi"),
        ("512Mi", GROWS, 1, "Retrying", "kubectl rapt attach backup-x7k2p"),
        ("500M", None, 1, "Failed", "kubectl rapt retry backup-x7k2p --set memory=1000000000"),
        ("", None, 1, "Failed", "kubectl describe nodes"),
    ],
)
def test_a_run_out_of_memory_is_shown_what_can_still_work(
    memory: str, retry: RetryPolicy | None, attempts: int, state: str, hint: str
) -> None:
    tried = tuple(replace(OOM, number=number) for number in range(1, attempts + 1))
    is_over = {} if state == "Retrying" else {"finished_at": NOON}
    run = a_run(job=_limited(memory), retry=retry, attempts=tried, state=state, **is_over)
    (found,) = failures.explain(Seen(run=run))
    assert found.hint == hint


@pytest.mark.parametrize(
    ("has_ended", "hint"),
    [
        (True, "kubectl rapt retry backup-x7k2p --set memory=1Gi"),
        # Kubernetes starts pod after pod with as little memory, for minutes.
        (False, "kubectl rapt cancel backup-x7k2p; kubectl rapt retry backup-x7k2p --set memory=1Gi"),
    ],
)
def test_what_raises_the_memory_is_shown_before_kubernetes_or_the_run_says_that_it_is_over(
    has_ended: bool, hint: str
) -> None:
    killed = a_pod("Failed", ended(137, reason="OOMKilled"))
    tried = (OOM, replace(OOM, number=2, cause="", finished_at=None))
    run = a_run(job=_limited("512Mi"), attempts=tried, state="Running")
    (found,) = failures.explain(replace(seen(a_job(backoffLimit=6), killed, run=run), has_ended=has_ended))
    assert found.hint == hint


def test_a_job_of_a_schedule_that_ran_out_of_memory_is_shown_the_policy_that_helps_the_next_one() -> None:
    marks = {"rapt.dev/tool": "backup", "rapt.dev/environment": "prod"}
    killed = a_pod("Failed", ended(137, reason="OOMKilled"))
    (found,) = failures.explain(seen(a_job(labels=marks), killed))
    assert found.hint == "kubectl rapt set backup --retry out-of-memory --in prod"
    one = seen(a_job(labels=marks | {"rapt.dev/retry-policy": "out-of-memory"}), killed)
    assert failures.explain(one)[0].hint == "kubectl rapt explain backup --in prod", "it has that policy"


def test_a_tool_that_was_written_by_hand_has_no_file_to_change() -> None:
    found = failures.explain(Seen(run=a_run(attempts=(replace(OOM, cause="CommandNotFound"),))))[0]
    assert found.hint == "kubectl edit tools.rapt.dev backup -n team"


def test_what_can_still_be_seen_is_better_evidence_than_the_record() -> None:
    closed = Attempt(1, "j", "u", NOON, NOON, 7, "ExitCode", "ended with 7", "old", "tool")
    (found,) = failures.explain(seen(a_job(), a_pod("Failed", ended(7)), run=a_run(attempts=(closed,))))
    assert found.evidence == f'pod/{POD} container "tool" terminated: Error, exit code 7'


def test_a_record_that_says_more_than_what_is_seen_comes_first() -> None:
    closed = Attempt(1, "j", "u", NOON, NOON, 143, "NodeLost", "node-1 went away", "condition")
    found = failures.explain(seen(FAILED, run=a_run(attempts=(closed,))))
    assert causes_of(found) == ["NodeLost"]


def test_several_are_ranked_and_what_says_only_that_it_failed_is_last() -> None:
    first = a_pod("Failed", ended(7), name="backup-x7k2p-1-aaaaa", created=1)
    last = a_pod("Failed", ended(137, reason="OOMKilled"), name="backup-x7k2p-1-bbbbb", created=30)
    found = failures.explain(
        seen(a_job(ended="Failed", reason="BackoffLimitExceeded", backoffLimit=1), first, last)
    )
    assert causes_of(found) == ["OOMKilled", "ExitCode", "BackoffLimitExceeded"]


@pytest.mark.parametrize("reason", ["PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded"])
def test_what_the_job_says_stands_behind_what_its_pod_says(reason: str) -> None:
    job = a_job(ended="Failed", reason=reason, backoffLimit=6)
    assert causes_of(failures.explain(seen(job, a_pod("Failed", ended(3))))) == ["ExitCode", reason]
    assert causes_of(failures.explain(seen(job))) == [reason, "Unknown"]


def test_each_container_is_told_of_its_own_image() -> None:
    pod = a_pod("Pending", waiting("ImagePullBackOff", "Back-off pulling image"), waiting("ImagePullBackOff"))
    said = (
        an_event("Failed", 'Failed to pull image "a": connection refused', container="tool"),
        an_event("Failed", 'Failed to pull image "b": not found', container="other-1"),
    )
    found = failures.explain(seen(a_job(), pod, events=said))
    assert {one.container: one.cause for one in found} == {
        "tool": "RegistryUnreachable",
        "other-1": "ImageNotFound",
    }


def test_the_same_cause_is_said_once_of_the_newest_pod() -> None:
    some = [a_pod("Failed", ended(7), name=f"backup-x7k2p-1-{n}aaaa", created=n) for n in range(3)]
    found = failures.explain(
        seen(a_job(ended="Failed", reason="BackoffLimitExceeded", backoffLimit=2), *some)
    )
    assert [(one.cause, one.pod) for one in found] == [
        ("ExitCode", "backup-x7k2p-1-2aaaa"),
        ("BackoffLimitExceeded", ""),
    ]


GONE = f"Pod/{POD}"
PLACED = an_event("Scheduled", f"Successfully assigned team/{POD} to node-1", about=GONE)
UNMOUNTED = an_event(
    "FailedMount", 'MountVolume.SetUp failed for volume "data" : secret "x" not found', about=GONE
)
UNPLACED = an_event("FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu.", about=GONE)
STARTED = an_event("Started", "Container started", about=GONE)
TIME_IS_UP = a_job(ended="Failed", reason="DeadlineExceeded")
LEFT: list[tuple[str, dict[str, Any], list[Any], list[str]]] = [
    ("no node took it", TIME_IS_UP, [UNPLACED], ["Unschedulable", "DeadlineExceeded"]),
    ("no volume was mounted", TIME_IS_UP, [PLACED, UNMOUNTED], ["VolumeNotMounted", "DeadlineExceeded"]),
    ("it began after all", TIME_IS_UP, [UNPLACED, PLACED, STARTED], ["DeadlineExceeded"]),
    ("the Job failed otherwise", FAILED, [UNPLACED], ["BackoffLimitExceeded", "Unknown"]),
    ("nothing is said of it", TIME_IS_UP, [], ["DeadlineExceeded"]),
]


@pytest.mark.parametrize(("job", "said", "expected"), [row[1:] for row in LEFT], ids=[row[0] for row in LEFT])
def test_events_still_tell_what_a_pod_waited_for_that_is_gone(
    job: dict[str, Any], said: list[Any], expected: list[str]
) -> None:
    assert causes_of(failures.explain(seen(job, events=tuple(said)))) == expected
    certain = outcome.of(jobs.from_manifest(job), [], said)
    assert certain
    assert certain.cause == expected[0]


def test_unknown_says_what_was_looked_at() -> None:
    found = failures.explain(seen(FAILED))
    assert causes_of(found) == ["BackoffLimitExceeded", "Unknown"]
    assert found[1].evidence == (
        "looked at job/backup-x7k2p-1 (condition Failed), 0 pods, 0 events (they are kept for an hour), 0 lines of log"
    )
    (alone,) = failures.explain(
        Seen(run=a_run(attempts=(Attempt(1, "j", "u", cause="Failed", finished_at=NOON),)))
    )[1:]
    assert alone.evidence.startswith("looked at no Job, 0 pods")


FINE: list[tuple[str, Seen]] = [
    ("it runs", seen(a_job(), a_pod("Running", RUNNING))),
    ("it begins", seen(a_job(), a_pod("Pending", waiting("ContainerCreating")))),
    ("it has ended well", seen(a_job(ended="Complete"), a_pod("Succeeded", ended(0)))),
    ("a sidecar was stopped", seen(a_job(ended="Complete"), a_pod("Succeeded", ended(0), init=[ended(137)]))),
    ("a sidecar restarts", seen(a_job(), a_pod("Running", RUNNING, init=[ended(1)]))),
    ("it is recorded as a success", Seen(run=a_run(attempts=(Attempt(1, "j", "u", cause="Succeeded"),)))),
    ("nothing is there yet", Seen(run=a_run())),
    (
        "it was scheduled in the end",
        seen(
            a_job(),
            a_pod("Running", RUNNING),
            events=(an_event("FailedScheduling", "0/1 nodes are available: 1 x."),),
        ),
    ),
    (
        "its volume was mounted in the end",
        seen(a_job(), a_pod("Running", RUNNING), events=(an_event("FailedMount", 'volume "x" : not yet'),)),
    ),
]


@pytest.mark.parametrize(
    ("nodes", "where"),
    [
        ((), "0 of 2"),
        (("a", "b"), "0 of 2: a, b"),
        (("a",), "0 of 2"),
    ],
)
def test_the_nodes_that_do_not_take_a_pod_are_named_where_they_are_those_that_were_counted(
    nodes: tuple[str, ...], where: str
) -> None:
    pod = a_pod("Pending", waiting(""), scheduled="0/2 nodes are available: 2 Insufficient cpu.")
    (found,) = failures.explain(seen(a_job(), pod, nodes=nodes))
    assert found.cause == "Unschedulable"
    assert found.message.startswith(f"no node takes its pod ({where}): 2 Insufficient cpu")


def test_what_is_said_of_another_object_is_not_said_of_this_one() -> None:
    pod, job = pods.from_manifest(a_pod("Running", RUNNING)), jobs.from_manifest(a_job())
    own = an_event("Failed", "own", about=f"Pod/{pod.name}")
    others = (
        an_event("Failed", "another pod", about="Pod/other"),
        an_event("Failed", "a Job of its name", about=f"Job/{pod.name}"),
        an_event("Started", "another reason", about=f"Pod/{pod.name}"),
        replace(own, uid="another of its name"),
    )
    shown = Seen(job, (replace(pod, uid="own"),), (own, *others))
    assert [one.message for one in shown.said_of(shown.pods[0], "Failed", "Killing")] == ["own"]
    assert list(shown.said_of_job(job, "Failed")) == []


@pytest.mark.parametrize(("limit", "pods_"), [(0, "one pod"), (3, "4 pods")])
def test_how_often_kubernetes_tries_is_said(limit: int, pods_: str) -> None:
    job = replace(
        jobs.from_manifest(a_job(ended="Failed")), reason="BackoffLimitExceeded", backoff_limit=limit
    )
    (found,) = of_jobs.limits(Seen(job))
    assert found.message == f"Kubernetes lets it fail with {pods_}, and no more (backoffLimit {limit})"


def test_of_many_nodes_a_few_are_named() -> None:
    pod = a_pod("Pending", waiting(""), scheduled="0/7 nodes are available: 7 Insufficient cpu.")
    (found,) = failures.explain(seen(a_job(), pod, nodes=tuple("abcdefg")))
    assert "(0 of 7: a, b, c, d, e and 2 more): 7 Insufficient cpu" in found.message


@pytest.mark.parametrize("shown", [row[1] for row in FINE], ids=[row[0] for row in FINE])
def test_what_goes_well_has_no_causes(shown: Seen) -> None:
    assert failures.explain(shown) == ()


def test_a_cancelled_run_is_no_failure() -> None:
    closed = Attempt(1, "j", "u", NOON, NOON, None, "Cancelled", "cancelled by ann")
    (found,) = failures.explain(Seen(run=a_run(cancelled_by="ann", attempts=(closed,))))
    assert (found.cause, found.message) == ("Cancelled", "cancelled by ann")
    assert not causes.cause(found.cause).is_failure


def test_a_run_that_never_began_says_why() -> None:
    run = a_run(state="NotStarted", reason="MountMissing", message="configmap/x was never brought")
    (found,) = failures.explain(Seen(run=run))
    assert (found.cause, found.message) == ("MountMissing", "configmap/x was never brought")


HOSTILE = "$(reboot)`x`;rm -rf /\u202e{run}{0}"


def test_no_text_of_the_cluster_reaches_a_command_that_a_person_would_copy() -> None:
    secret = a_pod("Pending", waiting("CreateContainerConfigError", f'secret "{HOSTILE}" not found'))
    policy = f"ValidatingAdmissionPolicy '{HOSTILE}' with binding 'b' denied request: {HOSTILE}"
    refused = an_event("FailedCreate", policy, about="Job/backup-x7k2p-1")
    right = FORBIDDEN.replace("rapt-backup", HOSTILE).replace('"pods"', f'"{HOSTILE}"')
    job = a_job()
    for shown in (
        seen(job, secret),
        seen(job, events=(refused,)),
        seen(job, a_pod("Failed", ended(1)), logs={(POD, "tool"): (right,)}),
        Seen(
            run=a_run(
                name=HOSTILE,
                tool=HOSTILE,
                namespace=HOSTILE,
                attempts=(Attempt(1, HOSTILE, "u", cause="Evicted"),),
            )
        ),
        Seen(run=a_run(), refusal=Refused("policy", HOSTILE, "kubectl get validatingadmissionpolicy x")),
    ):
        for found in failures.explain(shown):
            assert re.fullmatch(r"[A-Za-z0-9 ./:=_'\"{}-]+", found.hint), found.hint
            assert "rm" not in found.hint.split(), found.hint


def test_the_words_are_those_of_the_policies_and_of_the_page() -> None:
    home = HERE.parents[2]
    policies = [
        yaml.safe_load(path.read_text()) for path in sorted((home / "policies" / "retry").glob("*.yaml"))
    ]
    used = {
        word for policy in policies for rule in policy.get("rules", ()) for word in rule.get("causes", ())
    }
    assert used
    assert used <= set(causes.CAUSES), "a policy about a cause that never occurs"
    page = (home / "docs" / "failures.md").read_text("utf-8")
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == list(causes.CAUSES), (
        "each word its section, in their order"
    )
    assert json.dumps(list(causes.CAUSES)).isascii()


def test_a_time_limit_is_said_once_with_the_limit_also_where_it_is_recorded_of_a_container() -> None:
    job = jobs.from_manifest(a_job(ended="Failed", reason="DeadlineExceeded", activeDeadlineSeconds=3))
    killed = a_pod("Failed", ended(143))
    killed["metadata"]["deletionTimestamp"] = at(90)
    message = "the Job was active for longer than 3s (activeDeadlineSeconds)"
    record = Attempt(
        1, "j", "job-1", cause="DeadlineExceeded", message=message, container="tool", finished_at=NOON
    )
    for some in ((), (pods.from_manifest(killed),)):
        found = failures.explain(Seen(job, some, run=a_run(attempts=(record,), state="Failed", uid="u")))
        assert [(one.cause, one.message) for one in found] == [("DeadlineExceeded", message)]
