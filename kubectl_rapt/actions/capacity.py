"""Whether a tool's pods would be admitted where it is going to live, asked before anything is pushed."""

from collections.abc import Mapping
from typing import Any

from kubectl_rapt.actions.build import Built
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.guard import quotas
from kubectl_rapt.guard.quotas import Prediction
from kubectl_rapt.model.kinds import (
    CRON_JOB,
    LIMIT_RANGE,
    NAMESPACE,
    RESOURCE_QUOTA,
    TOOL,
    Manifest,
    Ref,
    ref_of,
)
from kubectl_rapt.objects import labels
from kubectl_rapt.ports.world import World


def check(world: World, environment: Environment, built: Built) -> list[str]:
    """What the environment's namespaces say to a tool.

    Args:
        world: Where to read.
        environment: Where the tool is to be.
        built: The tool.

    Returns:
        Lines to tell: what does not fit just now, and what was not checked, because the cluster does not answer, is
        another one, or the user may not read its limits.

    Raises:
        Invalid: ``over-quota``: a single pod, Job or CronJob of it would never be admitted.
    """
    notes: list[str] = []
    for manifest in built.objects:
        if manifest["kind"] == TOOL.name:
            namespace = manifest["metadata"]["namespace"]
            why_not = _set_by_runs(manifest["spec"])
            if not why_not:
                try:
                    prediction = _ask(world, environment, built, manifest)
                except RaptError as error:
                    why_not = error.message
            if why_not:
                notes.append(f"the limits of namespace {namespace} were not checked: {why_not}")
                continue
            if prediction.problems:
                what = f"namespace {namespace} would never admit {built.installation.tool}"
                hint = f"kubectl describe limitranges,resourcequotas -n {namespace}"
                raise Invalid("over-quota", what, hint, prediction.problems)
            notes += (f"namespace {namespace}: {note}" for note in prediction.notes)
    return notes


def _ask(world: World, environment: Environment, built: Built, tool: Manifest) -> Prediction:
    namespace = tool["metadata"]["namespace"]
    uid = world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    if environment.cluster not in ("", uid):
        raise Invalid("other-cluster", "the kube context points at another cluster", "--context NAME")
    limit_ranges = list(world.cluster.list(LIMIT_RANGE, namespace))
    limits = list(world.cluster.list(RESOURCE_QUOTA, namespace))
    if not limit_ranges and not limits:
        return Prediction()
    cron_jobs = [one for one in built.objects if _is_cron_job(one, namespace)]
    existing = 0
    if cron_jobs and limits:
        selector = labels.selector({labels.TOOL: built.installation.tool})
        names = {one["metadata"]["name"] for one in cron_jobs}
        found = world.cluster.list(CRON_JOB, namespace, labels=selector)
        existing = sum(one["metadata"]["name"] in names for one in found)
    return quotas.predict(
        tool["spec"]["job"], limit_ranges, limits, cron_jobs=len(cron_jobs), existing_cron_jobs=existing
    )


def _is_cron_job(manifest: Manifest, namespace: str) -> bool:
    return ref_of(manifest).kind == CRON_JOB and ref_of(manifest).namespace == namespace


def _set_by_runs(spec: Mapping[str, Any]) -> str:
    """Why nobody knows yet how large the pods are; nothing where it is known."""
    for parameter in spec.get("parameters") or ():
        places = [
            place for place in parameter["at"] if "/resources/" in place or "/spec/parallelism" in place
        ]
        if places and "default" not in parameter:
            return f"each run sets {parameter['name']}"
    return ""
