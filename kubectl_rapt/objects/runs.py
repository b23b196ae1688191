"""The Run: one request to execute a tool, and the record of what became of it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model import names, times
from kubectl_rapt.model.kinds import CONFIG_MAP, RUN, SECRET, Manifest, Ref
from kubectl_rapt.objects import labels, reading, retry_policies
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.tools import Source, source_from_data, source_to_data


@dataclass(frozen=True, slots=True)
class Attempt:
    """One Kubernetes Job of a run.

    Args:
        number: Counted from 1.
        job: The Job's name.
        uid: The Job's UID: a recorded attempt is never created again.
        started_at: When its Job was released. Older Rapts recorded when the last pod's container started.
        finished_at: When its outcome was certain.
        exit_code: The container's exit code.
        cause: One word for what ended it: ``Succeeded``, ``ExitCode``, ``OOMKilled``, …
        message: One line more, for people.
        evidence: The object and the fact that the cause rests on.
        container: The container that decided it.
        node: Where its pod ran.
    """

    number: int
    job: str
    uid: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    cause: str = ""
    message: str = ""
    evidence: str = ""
    container: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """Files that a person gave to a run; only the command that was given them has their content.

    Args:
        kind: ``ConfigMap`` or ``Secret``.
        name: The object's name.
        digest: ``sha256:…`` over its content.
        path: Where the container finds it.
    """

    kind: str
    name: str
    digest: str
    path: str

    def is_of(self, run: str) -> bool:
        """Whether a run of that name can have made it: only such an object is ever looked at."""
        return re.fullmatch(rf"{re.escape(run)}-[1-9][0-9]?", self.name) is not None

    def ref(self, namespace: str) -> Ref:
        """The object's address."""
        return Ref(SECRET if self.kind == SECRET.name else CONFIG_MAP, self.name, namespace)


@dataclass(frozen=True, slots=True)
class Adopted:
    """The Job of a CronJob that a run begins with."""

    job: str
    uid: str


@dataclass(frozen=True, slots=True)
class Wish:
    """An attempt that a person asked for after the run had failed.

    Args:
        attempt: Its number.
        by: Who asked, as the API server knows them.
        job: The Job template that it starts from, where it is another one than the run's.
    """

    attempt: int
    by: str
    job: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Args:
        name: Its name, which is the lock: the request id or a new id.
        namespace: Where it runs.
        tool: The tool's name.
        answers: What was given for this run (not the defaults).
        job: The exact Job template of its first attempt; retries start from it.
        digest: ``sha256:…`` over tool, answers and variables: the same request has the same digest.
        requested_by: The user's name as the API server knows it.
        labels: The labels of the Run object.
        annotations: Its annotations.
        source: Where its tool came from.
        env: The container variables that were set for this run.
        retry: The policy as it was when the run was asked for; None: Kubernetes alone tries again.
        concurrency: ``allow``, ``forbid`` or ``queue``: whether other runs of the tool may go on meanwhile.
        mounts: Files that were given.
        adopted: The CronJob's Job that it begins with; None for a Job of its own.
        schedule: The CronJob that asked, or that it stands in for.
        slot: The time in the schedule that it is for.
        replay_of: The run that it repeats.
        not_after: When it is too late to begin.
        wish: The newest attempt that a person asked for.
        cancelled_by: Who asked that it stop.
        uid: The object's UID; empty until it exists.
        resource_version: The version that was read.
        generation: The generation that was read.
        created_at: When it was created.
        attempts: What was started so far.
        state: One of ``STATES``; empty until its first attempt is recorded.
        next_attempt_at: When the next attempt is due, while it is ``Retrying``.
        result: The container's termination message.
        log: The last lines of a run that used up its attempts.
        finished_at: When it was over for good.
        reason: Why it is over, in one word; of a run that never began nothing else says so.
        message: One line more on that.
    """

    name: str
    namespace: str
    tool: str
    answers: Mapping[str, Any]
    job: Manifest
    digest: str
    requested_by: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    retry: RetryPolicy | None = None
    concurrency: str = "allow"
    mounts: tuple[Mount, ...] = ()
    adopted: Adopted | None = None
    schedule: str = ""
    slot: datetime | None = None
    replay_of: str = ""
    not_after: datetime | None = None
    wish: Wish | None = None
    cancelled_by: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    created_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    state: str = ""
    next_attempt_at: datetime | None = None
    result: str = ""
    log: str = ""
    finished_at: datetime | None = None
    reason: str = ""
    message: str = ""

    @property
    def ref(self) -> Ref:
        """Its address."""
        return Ref(RUN, self.name, self.namespace)

    def template(self, number: int) -> Manifest:
        """The Job template that an attempt starts from, before a policy changes anything."""
        return self.wish.job if self.wish and self.wish.job and number >= self.wish.attempt else self.job

    @property
    def is_held(self) -> bool:
        """Whether a person holds it: then nothing deletes it or its Jobs."""
        return labels.is_held({"labels": self.labels, "annotations": self.annotations})

    @property
    def is_finished(self) -> bool:
        """Whether nothing will happen any more unless somebody asks."""
        return self.state in FINISHED

    @property
    def released_at(self) -> datetime | None:
        """When its first Job was released: what it takes counts from then, over all attempts."""
        return self.attempts[0].started_at if self.attempts else None

    @property
    def allowed(self) -> int:
        """How many attempts its policy allows; 1 where nothing says that it is tried again."""
        return self.retry.attempts if self.retry else 1

    @property
    def wished(self) -> int:
        """The number of the attempt that a person asked for last; 0 for none."""
        return self.wish.attempt if self.wish else 0

    @property
    def is_wished(self) -> bool:
        """Whether a person has asked for its next attempt, of which nothing is recorded yet."""
        return self.wish is not None and self.wish.attempt == len(self.attempts) + 1

    @property
    def status(self) -> str:
        """One word for people: Pending, Running, Retrying, or what ended it."""
        if self.state in ("", RUNNING):
            return self.state or "Pending"
        if self.state == RETRYING or not self.attempts:
            return self.state
        return self.attempts[-1].cause


RUNNING, RETRYING = "Running", "Retrying"
SUCCEEDED, FAILED, EXHAUSTED, NOT_STARTED = "Succeeded", "Failed", "Exhausted", "NotStarted"
FINISHED = (SUCCEEDED, FAILED, EXHAUSTED, NOT_STARTED)
"""``Exhausted`` used up what its retry policy allows: a dead letter. ``NotStarted`` never began."""
STATES = (RUNNING, RETRYING, *FINISHED)
UNFINISHED = ",".join(f"status.state!={state}" for state in FINISHED)
"""A field selector for the runs that something may still be due for."""


def digest(
    tool: str, answers: Mapping[str, Any], env: Mapping[str, str], mounts: Sequence[Sequence[str]] = ()
) -> str:
    """What makes two requests the same: not the tool's version, which may have moved on between them."""
    asked: dict[str, Any] = {"tool": tool, "answers": _sorted(answers), "env": _sorted(env)}
    if mounts:
        asked["mounts"] = mounts
    return "sha256:" + hashlib.sha256(documents.dump_json(asked, indent=None).encode()).hexdigest()


def _sorted(value: Any) -> Any:
    """The same data in the one order of keys in which the API server gives them back."""
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, Mapping) else value


def differences(run: Run, other: Run) -> list[str]:
    """What another request of the same name asks for that a run was not asked for: a line for each difference."""
    found = []
    if run.tool != other.tool:
        found.append(f"tool {run.tool}, now {other.tool}")
    for what, was, now in (("", run.answers, other.answers), ("variable ", run.env, other.env)):
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                found.append(f"{what}{name} {_said(was, name)}, now {_said(now, name)}")
    mine, others = ({mount.path: mount.digest for mount in one.mounts} for one in (run, other))
    for path in sorted({*mine, *others}):
        if mine.get(path) != others.get(path):
            how = "not given" if path not in others else "new" if path not in mine else "changed"
            found.append(f"the file at {path}, now {how}")
    return found


def outline(run: Run) -> Run:
    """A run without most of what somebody may have put into it: enough to see whether there is anything to do.

    What is done rests on the Run as it is read then. A pass may look at thousands, and each may be of more than a
    megabyte.
    """
    kept = (*labels.POLICIES, labels.TOOL, labels.RUN, labels.KEEP)
    return replace(
        run,
        answers={},
        env={},
        job=_NO_JOB,
        labels={key: run.labels[key] for key in kept if key in run.labels},
        annotations={key: run.annotations[key] for key in (labels.KEEP,) if key in run.annotations},
        wish=replace(run.wish, job=_NO_JOB) if run.wish and run.wish.job else run.wish,
        result="",
        log="",
    )


_NO_JOB: Manifest = {"spec": {"template": {"spec": {"containers": []}}}}


def _said(values: Mapping[str, Any], name: str) -> str:
    return documents.dump_json(values[name], indent=None).strip() if name in values else "not given"


def to_manifest(run: Run) -> Manifest:
    """The Run object as it is created; its status is written in steps of its own."""
    said: dict[str, Any] = {
        "tool": run.tool,
        "digest": run.digest,
        "requestedBy": run.requested_by or None,
        "answers": dict(run.answers) or None,
        "env": dict(run.env) or None,
        "source": source_to_data(run.source) if run.source else None,
        "retry": retry_policies.snapshot(run.retry) if run.retry else None,
        "concurrency": run.concurrency if run.concurrency != "allow" else None,
        "mounts": [_mount_to_data(mount) for mount in run.mounts] or None,
        "adopted": {"job": run.adopted.job, "uid": run.adopted.uid} if run.adopted else None,
        "schedule": run.schedule or None,
        "slot": times.spell(run.slot) if run.slot else None,
        "replayOf": run.replay_of or None,
        "notAfter": times.spell(run.not_after) if run.not_after else None,
        "job": run.job,
    }
    metadata: dict[str, Any] = {"name": run.name, "namespace": run.namespace, "labels": dict(run.labels)}
    if run.annotations:
        metadata["annotations"] = dict(run.annotations)
    return {
        "apiVersion": RUN.api_version,
        "kind": RUN.name,
        "metadata": metadata,
        "spec": {key: value for key, value in said.items() if value is not None},
    }


def _mount_to_data(mount: Mount) -> dict[str, str]:
    return {"kind": mount.kind, "name": mount.name, "digest": mount.digest, "path": mount.path}


@reading.reader(RUN)
def from_manifest(manifest: Manifest) -> Run:
    """Read a Run object, or one that is yet to be created.

    Raises:
        Invalid: Its retry policy is not one; ``unreadable-object``: it is broken in another way.
    """
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    retry, adopted = spec.get("retry"), spec.get("adopted")
    finished: Mapping[str, Any] = {}
    for condition in status.get("conditions") or ():
        if condition["type"] == "Finished" and condition["status"] == "True":
            finished = condition
    return Run(
        name=metadata["name"],
        namespace=metadata["namespace"],
        tool=spec["tool"],
        answers=spec.get("answers") or {},
        job=spec["job"],
        digest=spec["digest"],
        requested_by=spec.get("requestedBy", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        source=source_from_data(spec.get("source")),
        env=spec.get("env") or {},
        retry=retry_policies.from_data(retry, f"run/{metadata['name']}") if retry else None,
        concurrency=spec.get("concurrency", "allow"),
        mounts=tuple(Mount(**mount) for mount in spec.get("mounts") or ()),
        adopted=Adopted(adopted["job"], adopted["uid"]) if adopted else None,
        schedule=spec.get("schedule", ""),
        slot=_time(spec, "slot"),
        replay_of=spec.get("replayOf", ""),
        not_after=_time(spec, "notAfter"),
        wish=_wish(spec.get("wish"), len(status.get("attempts") or ())),
        cancelled_by=spec.get("cancelledBy", ""),
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        created_at=_time(metadata, "creationTimestamp"),
        attempts=_attempts(status),
        state=status.get("state", ""),
        next_attempt_at=_time(status, "nextAttemptAt"),
        result=status.get("result", ""),
        log=status.get("log", ""),
        finished_at=_time(finished, "lastTransitionTime"),
        reason=finished.get("reason", ""),
        message=finished.get("message", ""),
    )


def _wish(data: Mapping[str, Any] | None, attempts: int) -> Wish | None:
    """The attempt that was asked for; None of one that nobody can mean: it is not the next one, and not an earlier one.

    Anybody who may write Runs can write any number, and no run is to be tried again without end.
    """
    if not data or data["attempt"] > min(attempts + 1, retry_policies.MAX_ATTEMPTS):
        return None
    return Wish(data["attempt"], data.get("by", ""), data.get("job"))


def _time(data: Mapping[str, Any], key: str) -> datetime | None:
    return times.perhaps(data.get(key))


_TEXTS = ("cause", "message", "evidence", "container", "node")


def attempt_to_data(attempt: Attempt) -> dict[str, Any]:
    """An attempt as an entry of ``status.attempts``."""
    data: dict[str, Any] = {"number": attempt.number, "job": attempt.job, "uid": attempt.uid}
    if attempt.started_at:
        data["startedAt"] = times.spell(attempt.started_at)
    if attempt.finished_at:
        data["finishedAt"] = times.spell(attempt.finished_at)
    if attempt.exit_code is not None:
        data["exitCode"] = attempt.exit_code
    return {**data, **{key: getattr(attempt, key) for key in _TEXTS if getattr(attempt, key)}}


def _attempts(status: Mapping[str, Any]) -> tuple[Attempt, ...]:
    """The attempts as they are recorded. Raises ValueError: others may write any status, and this is none of Rapt's."""
    found = tuple(_attempt_from_data(attempt) for attempt in status.get("attempts") or ())
    state = status.get("state", "")
    if found and not found[-1].cause and state not in ("", RUNNING):
        raise ValueError(f"it is {state}, and attempt {found[-1].number} has not ended")
    return found


def _attempt_from_data(data: Mapping[str, Any]) -> Attempt:
    attempt = _attempt(data)
    if not names.is_dns_subdomain(attempt.job):
        raise ValueError(f'attempt {attempt.number} has a Job called "{attempt.job}"')
    if attempt.cause and attempt.finished_at is None:
        raise ValueError(f"attempt {attempt.number} has ended as {attempt.cause}, and does not say when")
    return attempt


def _attempt(data: Mapping[str, Any]) -> Attempt:
    return Attempt(
        number=data["number"],
        job=data["job"],
        uid=data["uid"],
        started_at=_time(data, "startedAt"),
        finished_at=_time(data, "finishedAt"),
        exit_code=data.get("exitCode"),
        **{key: data.get(key, "") for key in _TEXTS},
    )
