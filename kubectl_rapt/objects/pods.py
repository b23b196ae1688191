"""The Pod: how far it is, and what each of its containers is doing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import POD, Manifest, Ref
from kubectl_rapt.objects import reading


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod.

    Args:
        name: Its name.
        is_init: Whether it must end before the others start.
        state: ``waiting``, ``running`` or ``terminated``.
        reason: Why it waits or ended: ``ImagePullBackOff``, ``OOMKilled``, ``Error``, ``Completed``, …
        message: What Kubernetes adds to the reason; for an ended container its termination message.
        exit_code: Its exit code, once ended.
        started_at: When it started.
        finished_at: When it ended.
        image: The image that it is to run.
        memory_limit: How much memory it may use, as its spec says it; empty for any amount.
        requests: Resource to the amount that it asks its node for.
        restarts: How often it was started again in place.
        last: How it ended before its last restart; None where it never restarted.
    """

    name: str
    is_init: bool
    state: str
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    image: str = ""
    memory_limit: str = ""
    requests: Mapping[str, str] = field(default_factory=dict)
    restarts: int = 0
    last: "Container | None" = None

    @property
    def role(self) -> str:
        """What it is, with its name, for people."""
        return f'{"init container" if self.is_init else "container"} "{self.name}"'


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the cluster shows it.

    Args:
        name: Its name.
        namespace: Its namespace.
        phase: ``Pending``, ``Running``, ``Succeeded``, ``Failed`` or ``Unknown``.
        labels: Its labels.
        created_at: When it was created.
        scheduled_at: When it got a node.
        node: The node it got; empty before.
        unscheduled: Why it has no node; empty when it has one or nobody has tried yet.
        reason: Why it failed as a whole: ``Evicted``, ``DeadlineExceeded``, …
        message: One line more on that.
        containers: Init containers first, each in the order of the spec.
        uid: Its UID.
        deleted_at: When somebody deleted it: it then ends, and is gone; None before.
        disruption: Why Kubernetes itself ends it (the condition ``DisruptionTarget``): ``PreemptionByScheduler``,
            ``EvictionByEvictionAPI``, ``DeletionByTaintManager``, ``DeletionByPodGC``, ``TerminationByKubelet``.
        disruption_message: One line more on that.
        node_selector: The labels that its node must have.
        service_account: Whom it acts as.
        may_restart: Whether its containers may be started again in place.
        deadline_seconds: For how long it may be active on its node; None for as long as it likes.
        controller: What Kubernetes knows as its controller, such as ``job/backup-1``; empty for none.
        controller_uid: The UID of that.
    """

    name: str
    namespace: str
    phase: str
    labels: Mapping[str, str]
    created_at: datetime
    scheduled_at: datetime | None
    node: str
    unscheduled: str
    reason: str
    message: str
    containers: tuple[Container, ...]
    uid: str = ""
    deleted_at: datetime | None = None
    disruption: str = ""
    disruption_message: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    service_account: str = ""
    may_restart: bool = False
    deadline_seconds: int | None = None
    controller: str = ""
    controller_uid: str = ""

    @property
    def ref(self) -> Ref:
        """Its address."""
        return Ref(POD, self.name, self.namespace)

    def may_be_of(self, job_uid: str) -> bool:
        """Whether a pod with the labels of a Job is the Job's: anybody may put these labels on a pod of their own.

        As for Kubernetes, one that nothing controls is: its Job takes it over.
        """
        return self.controller_uid in ("", job_uid)


@reading.reader(POD)
def from_manifest(manifest: Manifest) -> Pod:
    """Read a Pod object. Raises Invalid: ``unreadable-object``."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    scheduled: Mapping[str, Any] = conditions.get("PodScheduled", {})
    disruption: Mapping[str, Any] = conditions.get("DisruptionTarget", {})
    is_disrupted = disruption.get("status") == "True"
    deleted = metadata.get("deletionTimestamp")
    is_scheduled = scheduled.get("status") == "True"
    owners = (one for one in metadata.get("ownerReferences") or () if one.get("controller"))
    controller = next(owners, {"kind": "", "name": "", "uid": ""})
    time = scheduled.get("lastTransitionTime")
    return Pod(
        name=metadata["name"],
        namespace=metadata["namespace"],
        phase=status.get("phase", "Pending"),
        labels=metadata.get("labels") or {},
        created_at=times.parse(metadata["creationTimestamp"]),
        scheduled_at=times.parse(time) if is_scheduled and time else None,
        node=spec.get("nodeName", ""),
        unscheduled="" if is_scheduled else scheduled.get("message", ""),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        containers=(
            *_containers(spec.get("initContainers"), status.get("initContainerStatuses"), is_init=True),
            *_containers(spec.get("containers"), status.get("containerStatuses"), is_init=False),
        ),
        uid=metadata.get("uid", ""),
        # Kubernetes writes down until when it may end by itself.
        deleted_at=times.parse(deleted) - timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
        if deleted
        else None,
        disruption=disruption.get("reason", "") if is_disrupted else "",
        disruption_message=disruption.get("message", "") if is_disrupted else "",
        node_selector=spec.get("nodeSelector") or {},
        service_account=spec.get("serviceAccountName", ""),
        controller=f"{controller['kind'].lower()}/{controller['name']}".strip("/"),
        controller_uid=controller["uid"],
        may_restart=spec.get("restartPolicy") != "Never",
        deadline_seconds=spec.get("activeDeadlineSeconds"),
    )


def _containers(
    specs: list[Mapping[str, Any]] | None, statuses: list[Mapping[str, Any]] | None, *, is_init: bool
) -> list[Container]:
    states = {status["name"]: status for status in statuses or ()}
    return [_container(spec, states.get(spec["name"], {}), is_init) for spec in specs or ()]


def _container(spec: Mapping[str, Any], status: Mapping[str, Any], is_init: bool) -> Container:
    resources = spec.get("resources") or {}
    last = status.get("lastState") or {}
    return replace(
        _state(spec["name"], status.get("state") or {}, is_init),
        image=spec.get("image", ""),
        memory_limit=str((resources.get("limits") or {}).get("memory", "")),
        requests=resources.get("requests") or {},
        restarts=status.get("restartCount", 0),
        last=_state(spec["name"], last, is_init) if last else None,
    )


def _state(name: str, states: Mapping[str, Any], is_init: bool) -> Container:
    for state in ("terminated", "running", "waiting"):
        if state in states:
            data = states[state]
            return Container(
                name=name,
                is_init=is_init,
                state=state,
                reason=data.get("reason", ""),
                message=data.get("message", ""),
                exit_code=data.get("exitCode"),
                started_at=times.perhaps(data.get("startedAt")),
                finished_at=times.perhaps(data.get("finishedAt")),
            )
    return Container(name=name, is_init=is_init, state="waiting")
