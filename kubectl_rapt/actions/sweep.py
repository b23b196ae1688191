"""Sweep: the part of a pass that deletes: what no Run has recorded, and what policies let go."""

from collections.abc import Sequence
from functools import partial

from kubectl_rapt import writes
from kubectl_rapt.actions import clean, recent
from kubectl_rapt.actions.passing import Pass
from kubectl_rapt.errors import Invalid, Problem, Unavailable
from kubectl_rapt.model.kinds import RUN, TOOL, Ref
from kubectl_rapt.model.plan import Delete
from kubectl_rapt.objects import labels, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.runs import retention, strays
from kubectl_rapt.runs.retention import Item


def remove_stray(this: Pass, job: Job) -> None:
    """Delete a Job that was created by somebody who had not yet seen that its Run was over."""
    ref = Ref(RUN, job.labels[labels.RUN], job.namespace)
    run = runs.from_manifest(this.world.cluster.get(ref))
    if not strays.is_stray(job, run):
        return
    if not this.is_dry:
        writes.apply(this.writers, Delete(job.ref, job.uid))
    this.say(
        job.ref, f"{'would be deleted' if this.is_dry else 'deleted'}: {run.ref} is over, and never began it"
    )


def policies(this: Pass) -> clean.Policies:
    """What the tools' policies say; of those that cannot be read, that."""
    broken: list[Problem] = []
    found = clean.Policies(this.world, clean.Scope(this.scope.namespace), broken)
    for problem in broken:
        this.say(
            Ref(TOOL, problem.where),
            "",
            Invalid("unreadable-object", problem.what, "kubectl get cleanuppolicies -o yaml"),
        )
    return found


def clean_up(this: Pass, policies: clean.Policies, jobs: Sequence[Item], rows: Sequence[recent.Told]) -> None:
    """Clean up the tools of which something may go.

    Args:
        this: The pass.
        policies: What they say.
        jobs: All Jobs that a policy governs.
        rows: All runs.
    """
    listed = [item for told in rows if (item := _row(told))]
    this.each(
        partial(_clean_tool, this),
        [
            (Ref(TOOL, name, namespace), (namespace, name))
            for namespace, name in retention.worth_a_look((*jobs, *listed), policies.of, this.world.now())
        ],
    )


def _row(told: recent.Told) -> Item | None:
    try:
        return retention.of_row(told)
    except (KeyError, TypeError, ValueError):
        return None  # it stays


def _clean_tool(this: Pass, tool: tuple[str, str]) -> None:
    namespace, name = tool
    plan = clean.plan(this.world, clean.Scope(namespace, name))
    going = [one for one in plan.going if this.scope.export or not one.export]
    if left := len(plan.going) - len(going):
        count = "1 object stays" if left == 1 else f"{left} objects stay"
        why = "the policy exports evidence, and --export is not given"
        this.say(Ref(TOOL, name, namespace), f"{count}: {why}")
    if this.is_dry:
        for one in going:
            this.say(one.item.ref, f"would be deleted: {one}")
        return
    for done in clean.carry_out(this.world, this.writers, going, folder=this.scope.export):
        ref = done.verdict.item.ref
        if done.what == "failed":
            this.say(ref, "", Unavailable("not-deleted", done.why, "the next pass tries again"))
        elif done.what == "deleted":
            this.say(ref, f"deleted: {done.verdict}")
