"""Sweep: the part of a pass that deletes: what no Run has recorded, and what policies let go."""

from collections.abc import Sequence, Set
from functools import partial
from typing import NamedTuple

from kubectl_rapt import writes
from kubectl_rapt.actions import clean, find, recent
from kubectl_rapt.actions.passing import Pass
from kubectl_rapt.errors import Conflict, Invalid, Problem, Refused, Unavailable
from kubectl_rapt.model.kinds import RUN, TOOL, Ref
from kubectl_rapt.model.plan import Delete, Patch
from kubectl_rapt.objects import jobs, labels, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.runs import holding, retention, strays
from kubectl_rapt.runs.retention import Item


def remove_stray(this: Pass, job: Job) -> None:
    """Delete a Job that was created by somebody who had not yet seen that its Run was over."""
    ref = Ref(RUN, job.labels[labels.RUN], job.namespace)
    run = runs.from_manifest(this.world.cluster.get(ref))
    if not strays.is_stray(job, run):
        return
    clean.check_clock(this.world)
    if not this.is_dry:
        writes.apply(this.writers, Delete(job.ref, job.uid, job.resource_version))
    this.say(
        job.ref, f"{'would be deleted' if this.is_dry else 'deleted'}: {run.ref} is over, and never began it"
    )


_TRIES = 3


class Kept(NamedTuple):
    """A Job that Kubernetes would delete at some time.

    Args:
        step: What keeps it from that.
        is_held: Whether a person holds the Job itself.
        run: The name of its Run; empty for none.
    """

    step: Patch
    is_held: bool
    run: str


def hold(this: Pass, found: Sequence[Kept], rows: Sequence[recent.Told]) -> None:
    """Take what people hold out of Kubernetes' own cleaning: it knows nothing of holds.

    Args:
        this: The pass.
        found: The Jobs that it would delete.
        rows: All runs.
    """
    held = _held_runs(this, {one.run for one in found if one.run}, rows) if found else set()
    these = [one for one in found if one.is_held or (one.run and (one.step.ref.namespace, one.run) in held)]

    def keep(one: Kept) -> None:
        if not this.is_dry and not _is_kept(this, one.step):
            return
        would = "would be taken out of" if this.is_dry else "taken out of"
        this.say(one.step.ref, f"is held: {would} Kubernetes' own cleanup")

    this.each(keep, [(one.step.ref, one) for one in these])


def _is_kept(this: Pass, step: Patch | None) -> bool:
    """Take a held Job out of Kubernetes' own cleaning; whether there was anything to do that nobody else has done."""
    for trial in range(_TRIES):
        if step is None:
            return False
        try:
            writes.apply(this.writers, step)
            return True
        except Conflict:
            this.writers.pause(trial)
            found = find.perhaps(this.world, step.ref)
            step = holding.kept(found, jobs.from_manifest(found)) if found else None
    return step is not None and bool(writes.apply(this.writers, step))


def _held_runs(this: Pass, names: Set[str], rows: Sequence[recent.Told]) -> set[tuple[str, str]]:
    """The held ones of these runs, by namespace and name; a row tells of an annotation, a selector finds labels."""
    # The kinds may have been installed by an older Rapt, whose rows do not tell.
    is_told = not rows or "Held" in rows[0]
    selectors = [labels.KEEP] if is_told else [*labels.one_of(labels.RUN, names)]
    held = {(one["Namespace"], one["Name"]) for one in rows if _is_hold(one.get("Held"))}
    for selector in selectors:
        for manifest in this.world.cluster.list(RUN, this.scope.namespace, labels=selector):
            metadata = manifest["metadata"]
            if labels.is_held(metadata):
                held.add((metadata["namespace"], metadata["name"]))
    return held


def _is_hold(said: object) -> bool:
    return bool(said) and str(said).lower() != "false"


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
    going = retention.worth_a_look((*jobs, *listed), policies.of, this.world.now())
    if not going:
        return
    try:
        clean.check_clock(this.world)
    except Refused as error:
        namespace, name = going[0]
        this.say(Ref(TOOL, name, namespace), "", error)
        return
    this.each(
        partial(_clean_tool, this),
        [(Ref(TOOL, name, namespace), (namespace, name)) for namespace, name in going],
    )


def _row(told: recent.Told) -> Item | None:
    try:
        return retention.of_row(told)
    except (KeyError, TypeError, ValueError):
        return None  # it stays


def _clean_tool(this: Pass, tool: tuple[str, str]) -> None:
    namespace, name = tool
    plan = clean.plan(this.world, clean.Scope(namespace, (name,)))
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
