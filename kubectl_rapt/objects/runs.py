"""The Run: one request to execute a tool, and the record of what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN, Manifest, Ref
from kubectl_rapt.objects.tools import Source, source_from_data, source_to_data


@dataclass(frozen=True, slots=True)
class Attempt:
    """One Kubernetes Job of a run.

    Args:
        number: Counted from 1.
        job: The Job's name.
        uid: The Job's UID: a recorded attempt is never created again.
        started_at: When its first container started.
        finished_at: When its outcome was certain.
        exit_code: The container's exit code.
        cause: One word for what ended it: ``Succeeded``, ``ExitCode``, ``OOMKilled``, …
        message: One line more, for people.
    """

    number: int
    job: str
    uid: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    cause: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Args:
        name: Its name, which is the lock: the request id or a new id.
        namespace: Where it runs.
        tool: The tool's name.
        answers: What was given for this run (not the defaults).
        job: The exact Job template of its first attempt; retries start from it.
        digest: ``sha256:…`` over tool, answers and job: the same request has the same digest.
        requested_by: The user's name as the API server knows it.
        labels: The labels of the Run object.
        source: Where its tool came from.
        uid: The object's UID; empty until it exists.
        resource_version: The version that was read.
        generation: The generation that was read.
        created_at: When it was created.
        attempts: What was started so far.
        result: The container's termination message.
    """

    name: str
    namespace: str
    tool: str
    answers: Mapping[str, Any]
    job: Manifest
    digest: str
    requested_by: str
    labels: Mapping[str, str]
    source: Source | None = None
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    created_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    result: str = ""

    @property
    def ref(self) -> Ref:
        """Its address."""
        return Ref(RUN, self.name, self.namespace)

    @property
    def status(self) -> str:
        """One word for people: Pending, Running, or the last attempt's cause."""
        if not self.attempts:
            return "Pending"
        return self.attempts[-1].cause or "Running"


def to_manifest(run: Run) -> Manifest:
    """The Run object as it is created; its status is written in steps of its own."""
    spec: dict[str, Any] = {"tool": run.tool, "digest": run.digest, "requestedBy": run.requested_by}
    if run.answers:
        spec["answers"] = dict(run.answers)
    if run.source:
        spec["source"] = source_to_data(run.source)
    spec["job"] = run.job
    return {
        "apiVersion": RUN.api_version,
        "kind": RUN.name,
        "metadata": {"name": run.name, "namespace": run.namespace, "labels": dict(run.labels)},
        "spec": spec,
    }


def from_manifest(manifest: Manifest) -> Run:
    """Read a Run object."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    return Run(
        name=metadata["name"],
        namespace=metadata["namespace"],
        tool=spec["tool"],
        answers=spec.get("answers") or {},
        job=spec["job"],
        digest=spec["digest"],
        requested_by=spec.get("requestedBy", ""),
        labels=metadata.get("labels") or {},
        source=source_from_data(spec.get("source")),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        created_at=times.parse(metadata["creationTimestamp"]),
        attempts=tuple(_attempt_from_data(attempt) for attempt in status.get("attempts") or ()),
        result=status.get("result", ""),
    )


def attempt_to_data(attempt: Attempt) -> dict[str, Any]:
    """An attempt as an entry of ``status.attempts``."""
    data: dict[str, Any] = {"number": attempt.number, "job": attempt.job, "uid": attempt.uid}
    if attempt.started_at:
        data["startedAt"] = times.spell(attempt.started_at)
    if attempt.finished_at:
        data["finishedAt"] = times.spell(attempt.finished_at)
    if attempt.exit_code is not None:
        data["exitCode"] = attempt.exit_code
    if attempt.cause:
        data["cause"] = attempt.cause
    if attempt.message:
        data["message"] = attempt.message
    return data


def _attempt_from_data(data: Mapping[str, Any]) -> Attempt:
    started, finished = data.get("startedAt"), data.get("finishedAt")
    return Attempt(
        number=data["number"],
        job=data["job"],
        uid=data["uid"],
        started_at=times.parse(started) if started else None,
        finished_at=times.parse(finished) if finished else None,
        exit_code=data.get("exitCode"),
        cause=data.get("cause", ""),
        message=data.get("message", ""),
    )
