"""The Job that stands in for an attempt while a person looks at it: the same pod, held, and nobody's attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model import names
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Manifest
from kubectl_rapt.objects import jobs, labels
from kubectl_rapt.objects.runs import Run

TTL_SECONDS = 60
"""How long it stays after its time is over."""
GRACE_SECONDS = 30
"""How much longer the Job may live than the sleep in it."""
ENDED = "rapt debug: its command ended with"
"""What the log says before a container is held after its command."""
_ROOM = 20
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
_AFTER = '"$@"; code=$?; echo; echo "{said} $code"; [ "$code" = 0 ] && exit 0; sleep {seconds}; exit "$code"'


@dataclass(frozen=True, slots=True)
class Hold:
    """How the clone is held.

    Args:
        container: The container whose entry point is held.
        time: For how long at most.
        image: Another image for it; empty for its own.
        after: Whether its own command runs first, and only a failure is held.
    """

    container: str
    time: Duration
    image: str = ""
    after: bool = False


def containers(template: Manifest) -> list[Mapping[str, Any]]:
    """The containers of a Job template that are no init containers."""
    found: list[Mapping[str, Any]] = template["spec"]["template"]["spec"]["containers"]
    return found


def own_command(container: Mapping[str, Any]) -> list[str]:
    """What a container was to run; what is missing there its image says."""
    return [*(container.get("command") or ()), *(container.get("args") or ())]


def clone(run: Run, attempt: Manifest, hold: Hold, suffix: str) -> Manifest:
    """The clone of an attempt.

    Nothing that counts, cleans up, retries or lets run one at a time takes it for a run of the tool: all of these
    choose Jobs by the label of the tool, and it has another one. Its pod keeps that label, so that the tool's
    NetworkPolicy holds for it too. It belongs to its Run, and goes with it.

    Args:
        run: The attempt's Run, as it exists.
        attempt: The Job that the attempt started as.
        hold: How it is held.
        suffix: What makes its name unlike others.
    """
    pod = attempt["spec"]["template"]
    kept = _labels(pod.get("metadata") or {})
    spec = {key: value for key, value in pod["spec"].items() if key != "activeDeadlineSeconds"}
    seconds = hold.time.seconds
    spec |= {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            _held(one, hold) if one["name"] == hold.container else dict(one) for one in containers(attempt)
        ],
    }
    metadata = {key: value for key, value in (pod.get("metadata") or {}).items() if key in ("annotations",)}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {
            "name": f"{names.shorten(run.name, jobs.NAME_LIMIT - _ROOM)}-debug-{suffix}",
            "namespace": run.namespace,
            "labels": {labels.DEBUG: run.name, labels.MANAGED_BY: "rapt"},
            "ownerReferences": [
                {"apiVersion": RUN.api_version, "kind": RUN.name, "name": run.name, "uid": run.uid}
            ],
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": seconds + GRACE_SECONDS,
            "ttlSecondsAfterFinished": TTL_SECONDS,
            "template": {
                "metadata": {**metadata, "labels": {**kept, labels.DEBUG: run.name}},
                "spec": spec,
            },
        },
    }


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The pod's labels without those that name the attempt."""
    mine = (labels.RUN, labels.ATTEMPT)
    return {key: value for key, value in (metadata.get("labels") or {}).items() if key not in mine}


def _held(container: Mapping[str, Any], hold: Hold) -> dict[str, Any]:
    kept = {key: value for key, value in container.items() if key not in (*_PROBES, "command", "args")}
    seconds = hold.time.seconds
    held = {**kept, "image": hold.image or container["image"]}
    if not hold.after:
        return {**held, "command": ["sleep", str(seconds)]}
    script = _AFTER.format(said=ENDED, seconds=seconds)
    return {**held, "command": ["sh", "-c", script, "sh", *own_command(container)]}
