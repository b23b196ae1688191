"""The one vocabulary of causes: what a Run records, what retry policies are about, what ``why`` explains.

Each word has its section in ``docs/failures.md``. They never change their meaning: policies and scripts hold them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """What is known of a cause before anything else is.

    Args:
        means: What it says, in a few words: the message where there is no better one.
        hint: The next command; ``{run}``, ``{tool}``, ``{namespace}`` and ``{job}`` are filled in.
        is_failure: Whether something went wrong.
        is_vague: Whether it says only that it failed: any other cause of the same attempt says more.
    """

    means: str
    hint: str
    is_failure: bool = True
    is_vague: bool = False


SUCCEEDED = "Succeeded"
CANCELLED = "Cancelled"
OOM_KILLED = "OOMKilled"
PREEMPTED = "Preempted"
NODE_LOST = "NodeLost"
EVICTED = "Evicted"
NODE_REFUSED = "NodeRefused"
PROBE_FAILED = "ProbeFailed"
INVALID_CONFIGURATION = "InvalidConfiguration"
INVALID_IMAGE_NAME = "InvalidImageName"
IMAGE_NOT_FOUND = "ImageNotFound"
IMAGE_NOT_ALLOWED = "ImageNotAllowed"
REGISTRY_UNREACHABLE = "RegistryUnreachable"
IMAGE_PULL_FAILED = "ImagePullFailed"
COMMAND_NOT_FOUND = "CommandNotFound"
COMMAND_NOT_EXECUTABLE = "CommandNotExecutable"
START_FAILED = "StartFailed"
VOLUME_NOT_MOUNTED = "VolumeNotMounted"
UNSCHEDULABLE = "Unschedulable"
QUOTA_EXCEEDED = "QuotaExceeded"
LIMIT_RANGE_EXCEEDED = "LimitRangeExceeded"
ADMISSION_REFUSED = "AdmissionRefused"
SERVICE_ACCOUNT_MISSING = "ServiceAccountMissing"
POD_REFUSED = "PodRefused"
MOUNT_MISSING = "MountMissing"
RIGHTS_MISSING = "RightsMissing"
DEADLINE_EXCEEDED = "DeadlineExceeded"
INIT_FAILED = "InitFailed"
DELETED = "Deleted"
EXIT_CODE = "ExitCode"
BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
POD_FAILURE_POLICY = "PodFailurePolicy"
FAILED_INDEXES = "FailedIndexes"
MAX_FAILED_INDEXES_EXCEEDED = "MaxFailedIndexesExceeded"
FAILED = "Failed"
QUEUED = "Queued"
SUSPENDED = "Suspended"
UNKNOWN = "Unknown"

_LOGS = "kubectl rapt logs {run}"
_AGAIN = "kubectl rapt retry {run}"
_TOOL = "kubectl rapt explain {tool}"
_NODES = "kubectl describe nodes"

CAUSES = {
    CANCELLED: Cause("it was cancelled", _AGAIN, is_failure=False),
    OOM_KILLED: Cause("a container ran out of memory", "kubectl rapt set {tool} --retry out-of-memory"),
    PREEMPTED: Cause("its pod made room for one of higher priority", _AGAIN),
    NODE_LOST: Cause("its node went away", _AGAIN),
    EVICTED: Cause("its node had to be freed", _AGAIN),
    NODE_REFUSED: Cause("its node did not take the pod", _AGAIN),
    PROBE_FAILED: Cause("a probe failed, and the kubelet ended the container", _LOGS),
    INVALID_CONFIGURATION: Cause("a container cannot be set up as it is described", _TOOL),
    INVALID_IMAGE_NAME: Cause("its image has no valid name", _TOOL),
    IMAGE_NOT_FOUND: Cause("its image does not exist", _TOOL),
    IMAGE_NOT_ALLOWED: Cause("its image may not be pulled", "kubectl get secrets -n {namespace}"),
    REGISTRY_UNREACHABLE: Cause("its image's registry does not answer", _AGAIN),
    IMAGE_PULL_FAILED: Cause("its image cannot be pulled", _TOOL),
    COMMAND_NOT_FOUND: Cause("its image does not hold the command", _TOOL),
    COMMAND_NOT_EXECUTABLE: Cause("the command is not a program that can run there", _TOOL),
    START_FAILED: Cause("its container could not be started", "kubectl rapt events {run}"),
    VOLUME_NOT_MOUNTED: Cause("a volume cannot be mounted", "kubectl get pvc -n {namespace}"),
    UNSCHEDULABLE: Cause("no node takes its pod", _NODES),
    QUOTA_EXCEEDED: Cause("a quota refuses its pod", "kubectl describe resourcequota -n {namespace}"),
    LIMIT_RANGE_EXCEEDED: Cause("a LimitRange refuses its pod", "kubectl describe limitrange -n {namespace}"),
    ADMISSION_REFUSED: Cause("a policy of the cluster refuses it", _TOOL),
    SERVICE_ACCOUNT_MISSING: Cause(
        "its service account does not exist", "kubectl get serviceaccounts -n {namespace}"
    ),
    POD_REFUSED: Cause("its pod cannot be created", "kubectl rapt events {run}"),
    MOUNT_MISSING: Cause("its files were never brought", "kubectl rapt run {tool}"),
    RIGHTS_MISSING: Cause("it may not do what it tries", _TOOL),
    DEADLINE_EXCEEDED: Cause("its time was up", _LOGS),
    INIT_FAILED: Cause("an init container failed", _LOGS),
    EXIT_CODE: Cause("the tool said no", _LOGS),
    DELETED: Cause("it was deleted while it ran", _AGAIN),
    BACKOFF_LIMIT_EXCEEDED: Cause("Kubernetes tried it as often as it may", _LOGS, is_vague=True),
    POD_FAILURE_POLICY: Cause("a rule of the Job ends it at once", _LOGS, is_vague=True),
    FAILED_INDEXES: Cause("one or more of its parts failed", _LOGS, is_vague=True),
    MAX_FAILED_INDEXES_EXCEEDED: Cause("more of its parts failed than may", _LOGS, is_vague=True),
    FAILED: Cause("it failed, and no cause was found", "kubectl rapt events {run}", is_vague=True),
    QUEUED: Cause("it waits for its turn", "kubectl get workloads -n {namespace}", is_failure=False),
    SUSPENDED: Cause("it is suspended", "kubectl describe job {job} -n {namespace}", is_failure=False),
    UNKNOWN: Cause("the cause cannot be seen any more", "kubectl rapt events {run}", is_vague=True),
}
"""In the order of their weight: of several that are seen at once, the first explains the others."""

_WEIGHTS = {word: weight for weight, word in enumerate(CAUSES)}


_OTHER = Cause("Kubernetes says so", "kubectl rapt events {run}")
"""A reason of Kubernetes for which there is no word: it weighs as much as an exit code."""


def weight(word: str) -> int:
    """How far down the list a cause stands."""
    return _WEIGHTS.get(word, _WEIGHTS[EXIT_CODE])


def cause(word: str) -> Cause:
    """What is known of a cause."""
    return CAUSES.get(word, _OTHER)
