"""The next command to try about a finding, with the names filled in."""

from kubectl_rapt.model import causes, shell
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.runs import RETRYING
from kubectl_rapt.runs import renewal
from kubectl_rapt.runs.causes.seen import Finding, Seen, safe

_NODES = "kubectl describe nodes"
_OF_THE_REPOSITORY = ("kubectl rapt explain ", "kubectl rapt set ")
"""Commands about a tool's file, in an environment; a Tool that somebody wrote by hand has none."""


def _may_be_retried(seen: Seen) -> bool:
    """Whether ``retry`` would take it: a run with an attempt that is over, whether that is recorded or not."""
    run, job = seen.run, seen.job
    if run is None or not run.attempts:
        return False
    return run.is_finished or run.state == RETRYING or seen.has_ended or bool(job and job.ended)


def _of_memory(finding: Finding, seen: Seen) -> str:
    """What helps a run that ran out of memory: more than its last attempt had; empty if that is not known.

    Its retry policy may have given it more already, so that naming the policy again changes nothing.
    """
    if finding.cause != causes.OOM_KILLED:
        return ""
    run, job = seen.run, seen.job
    is_over = _may_be_retried(seen)
    if run is None or not run.attempts or not (is_over or (job and job.is_single)):
        has_policy = labels.RETRY_POLICY in (job.labels if job else run.labels if run else {})
        return "kubectl rapt explain {tool}" if has_policy else ""
    was = renewal.memory(run, finding.container)
    if was is None:
        return _NODES  # it had no limit: its node was full
    more = f"kubectl rapt retry {{run}} --set memory={shell.word(str(was.times(2)))}"
    if not is_over:
        # Kubernetes starts another pod, which gets as little.
        return "kubectl rapt cancel {run}; " + more
    after = renewal.memory(run, finding.container, renewal.number(run))
    if run.state == RETRYING and after is not None and after > was:
        return "kubectl rapt attach {run}"
    return more


def of(finding: Finding, seen: Seen) -> str:
    """The command of the finding itself, or of its cause."""
    run, job = seen.run, seen.job
    pod = finding.pod or next((one.name for one in seen.pods), "")
    job_name = job.name if job else run.attempts[-1].job if run and run.attempts else ""
    tool = run.tool if run else job.labels.get(labels.TOOL, "") if job else ""
    namespace = (
        run.namespace if run else job.namespace if job else next((one.namespace for one in seen.pods), "")
    )
    name = (
        safe(run.name, "RUN")
        if run
        else f"job/{safe(job_name, 'NAME')}"
        if job
        else f"pod/{safe(pod, 'NAME')}"
    )
    text = finding.hint or _of_memory(finding, seen) or causes.cause(finding.cause).hint
    if text.startswith("kubectl rapt retry") and not _may_be_retried(seen):
        is_open = run is not None and not run.is_finished
        # Nothing but its end leads on from a run that waits for an image: who follows it sees the same for ever.
        verb = "cancel" if finding.cause == causes.REGISTRY_UNREACHABLE else "attach"
        text = f"kubectl rapt {verb} {{run}}" if is_open else "kubectl rapt run {tool}"
    if not tool and "{tool}" in text:
        text = "kubectl rapt events {run}"
    if text.startswith(_OF_THE_REPOSITORY):
        environment = (job.labels if job else run.labels if run else {}).get(labels.ENVIRONMENT, "")
        if run and not run.source:
            text = "kubectl edit tools.rapt.dev {tool} -n {namespace}"
        elif environment:
            text += f" --in {safe(environment, 'ENVIRONMENT')}"
    return text.format(
        run=name, tool=safe(tool, "TOOL"), namespace=safe(namespace, "NAMESPACE"), job=safe(job_name, "JOB")
    )
