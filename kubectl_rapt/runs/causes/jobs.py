"""Causes that the Job or the Run shows: its pods cannot be created, its limits, who holds it back."""

import re
from collections.abc import Iterator

from kubectl_rapt.model import causes
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.workloads import QUEUE
from kubectl_rapt.runs.causes import endings
from kubectl_rapt.runs.causes.seen import Finding, Seen, by, safe

_QUOTA = re.compile(r"(?:exceeded|failed) quota: ([a-z0-9.-]+)[,:] (.*)", re.DOTALL)
_LIMIT_RANGE = re.compile(
    r"((?:minimum|maximum) \S+ usage per (?:Container|Pod) is .*|\S+ max limit to request ratio.*)", re.DOTALL
)
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '([^']{1,253})'(?: with binding '[^']{1,253}')? denied request: (.*)",
    re.DOTALL,
)
_WEBHOOK = re.compile(r'admission webhook "([^"]{1,253})" denied the request: (.*)', re.DOTALL)
_SECURITY = re.compile(r'violates PodSecurity "([^"]{1,100})": (.*)', re.DOTALL)
_ACCOUNT = re.compile(r'serviceaccounts? "([a-z0-9.-]+)" not found')
_NO_WEBHOOK = re.compile(r'failed calling webhook "([^"]{1,253})"')
_PREFIX = "Error creating: "
_REFUSALS = {
    "policy": causes.ADMISSION_REFUSED,
    "webhook-down": causes.ADMISSION_REFUSED,
    "namespace-terminating": causes.ADMISSION_REFUSED,
    "quota": causes.QUOTA_EXCEEDED,
    "invalid-object": causes.INVALID_CONFIGURATION,
}
"""What our own errors mean; others are about whoever asks, and not about the run."""


def refused(seen: Seen) -> Iterator[Finding]:
    """Pods that may not be created. The Job gets no condition for it: only its events tell."""
    job = seen.job
    if job is None or job.is_suspended:
        return
    newest = max((pod.created_at for pod in seen.pods), default=None)
    for event in seen.said_of_job(job, "FailedCreate"):
        # What was refused and created since is no matter any more.
        if newest is None or event.last_at > newest:
            yield refusal(event.message.removeprefix(_PREFIX), by(event))
        return


def not_created(seen: Seen) -> Iterator[Finding]:
    """A Job that may not be created: the API server says so when it is asked again."""
    error = seen.refusal
    if error is not None and error.code in _REFUSALS:
        evidence = f"the API server, asked to create its Job again: {error.message}"
        hint = error.hint.replace("{", "").replace("}", "")
        yield Finding(_REFUSALS[error.code], error.message, evidence, hint)


def refusal(said: str, evidence: str) -> Finding:
    """What the API server means when it does not take a pod or a Job."""
    if found := _QUOTA.search(said):
        message = f"quota {found[1]} refuses it: {found[2]}"
        hint = f"kubectl describe resourcequota {found[1]} -n {{namespace}}"
        return Finding(causes.QUOTA_EXCEEDED, message, evidence, hint)
    if found := _LIMIT_RANGE.search(said):
        return Finding(causes.LIMIT_RANGE_EXCEEDED, f"a LimitRange refuses it: {found[1]}", evidence)
    if found := _POLICY.search(said):
        hint = f"kubectl get validatingadmissionpolicy {safe(found[1], 'NAME')} -o yaml"
        return Finding(causes.ADMISSION_REFUSED, f"policy {found[1]} refuses it: {found[2]}", evidence, hint)
    if found := _WEBHOOK.search(said):
        message = f"admission webhook {found[1]} refuses it: {found[2]}"
        return Finding(causes.ADMISSION_REFUSED, message, evidence)
    if found := _SECURITY.search(said):
        message = f"the namespace's Pod Security ({found[1]}) refuses it: {found[2]}"
        hint = "kubectl get namespace {namespace} --show-labels"
        return Finding(causes.ADMISSION_REFUSED, message, evidence, hint)
    if found := _NO_WEBHOOK.search(said):
        message = f"admission webhook {found[1]} does not answer, and nothing is created without it"
        return Finding(causes.ADMISSION_REFUSED, message, evidence)
    if found := _ACCOUNT.search(said):
        message = f"service account {found[1]} does not exist"
        hint = f"kubectl get serviceaccount {found[1]} -n {{namespace}}"
        return Finding(causes.SERVICE_ACCOUNT_MISSING, message, evidence, hint)
    return Finding(causes.POD_REFUSED, said, evidence)


def limits(seen: Seen) -> Iterator[Finding]:
    """The Job's own end: its time, or how often Kubernetes tries it."""
    job = seen.job
    if job is None or job.ended != "Failed":
        return
    evidence = f"job/{job.name} condition Failed: {job.reason or 'no reason'}"
    if job.reason == causes.BACKOFF_LIMIT_EXCEEDED:
        tries = job.backoff_limit + 1
        times = "one pod" if tries == 1 else f"{tries} pods"
        message = f"Kubernetes lets it fail with {times}, and no more (backoffLimit {job.backoff_limit})"
        yield Finding(causes.BACKOFF_LIMIT_EXCEEDED, message, evidence)
    elif job.reason in causes.CAUSES:
        message = (
            endings.too_long("the Job", job.deadline_seconds)
            if job.reason == causes.DEADLINE_EXCEEDED
            else job.message
        )
        yield Finding(job.reason, message, evidence)
    else:
        yield Finding(
            job.reason or causes.FAILED, job.message or causes.CAUSES[causes.FAILED].means, evidence
        )


def held(seen: Seen) -> Iterator[Finding]:
    """A Job that does not begin because somebody holds it back: no failure."""
    job = seen.job
    if job is None or job.ended or not job.is_suspended or (seen.run and seen.run.cancelled_by):
        return
    if queue := job.labels.get(QUEUE):
        yield _queued(job, queue, seen)
        return
    evidence = f"job/{job.name} spec.suspend is true"
    by_whom = f", set by {job.suspended_by}" if job.suspended_by else ""
    if job.suspended_by in ("", "rapt") and seen.run:
        message = (
            "it was created and not yet released: the command that did so was cut off, or is just doing it"
        )
        yield Finding(causes.SUSPENDED, message, evidence + by_whom, "kubectl rapt reconcile")
    else:
        message = "its Job is suspended" + (f" by {job.suspended_by}" if job.suspended_by else "")
        hint = 'kubectl patch job {job} -n {namespace} --type merge -p \'{{"spec":{{"suspend":false}}}}\''
        yield Finding(causes.SUSPENDED, message, evidence + by_whom, hint)


def _queued(job: Job, queue: str, seen: Seen) -> Finding:
    workload = seen.workload
    evidence = f"job/{job.name} label {QUEUE}={queue}"
    if workload is None:
        return Finding(
            causes.QUEUED,
            f"Kueue holds it in queue {queue}",
            evidence,
            "kubectl get localqueue -n {namespace}",
        )
    hint = f"kubectl describe workload {safe(workload.name, 'NAME')} -n {{namespace}}"
    if workload.reason:
        evidence = f"workload/{workload.name}: {workload.reason}"
    if not workload.is_active:
        return Finding(
            causes.SUSPENDED, f"its Workload {workload.name} of Kueue is not active", evidence, hint
        )
    why = f": {workload.message}" if workload.message else ""
    return Finding(causes.QUEUED, f"Kueue holds it in queue {workload.queue or queue}{why}", evidence, hint)


def recorded(seen: Seen) -> Iterator[Finding]:
    """What the Run itself records of its latest attempt, or says of one that it never began."""
    run = seen.run
    if run is None:
        return
    last = run.attempts[-1] if run.attempts else None
    if run.cancelled_by:
        yield Finding(
            causes.CANCELLED, f"cancelled by {run.cancelled_by}", f"run/{run.name} spec.cancelledBy"
        )
    elif last and last.cause == causes.CANCELLED:
        yield Finding(
            causes.CANCELLED, last.message, last.evidence or f"run/{run.name} attempt {last.number}"
        )
    if run.is_finished and last is None and run.reason != causes.CANCELLED:
        yield Finding(
            run.reason or causes.FAILED, run.message, f"run/{run.name} condition Finished: {run.reason}"
        )
    if last and last.cause and last.cause not in (causes.SUCCEEDED, causes.CANCELLED):
        evidence = last.evidence or f"run/{run.name} attempt {last.number}"
        message = last.message or causes.cause(last.cause).means
        yield Finding(last.cause, message, evidence, exit_code=last.exit_code, container=last.container)
