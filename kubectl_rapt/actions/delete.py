"""Delete tools that nobody keeps in git; the runs that they had stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kubectl_rapt import writes
from kubectl_rapt.actions import find, rights
from kubectl_rapt.config.rendered import KINDS
from kubectl_rapt.errors import NotFound, Problem, RaptError, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import CRON_JOB, JOB, RUN, TOOL, Kind, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Delete
from kubectl_rapt.objects import jobs, labels, runs
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Going:
    """A tool that is to be deleted.

    Args:
        ref: The Tool.
        objects: What goes with it, the Tool first and what serves it after that.
        active: Its runs and Jobs that have not ended.
        unseen: The kinds that the user may not list: what there may be of them stays.
    """

    ref: Ref
    objects: tuple[Manifest, ...]
    active: tuple[Ref, ...] = ()
    unseen: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Tools that are to be deleted, and those that are not because git holds them."""

    going: tuple[Going, ...]
    held: tuple[Ref, ...] = ()


def plan(world: World, wanted: Sequence[str], namespace: str) -> Plan:
    """What goes: the tools of those names, or all of one namespace where none is named.

    Raises:
        NotFound: One of them does not exist.
        Refused: ``held-by-git``: the config repository says that a tool that is named is there.
    """
    if wanted:
        for name in wanted:
            find.tool(world, name, namespace, "delete")
        found = [world.cluster.get(Ref(TOOL, name, namespace)) for name in dict.fromkeys(wanted)]
    else:
        found = list(find.of_environment(world, world.cluster.list(TOOL, namespace)))
    held = [one for one in found if labels.REPOSITORY in (one["metadata"].get("labels") or {})]
    if wanted and held:
        name, marks = held[0]["metadata"]["name"], held[0]["metadata"]["labels"]
        problems = [Problem(str(ref_of(one)), "is in the config repository") for one in held]
        raise Refused(
            "held-by-git",
            "the next sync would bring back what git holds",
            f"kubectl rapt remove {shell.word(name)} --in {shell.word(marks.get(labels.ENVIRONMENT, 'ENV'))}",
            problems,
        )
    own = [one for one in found if one not in held]
    return Plan(tuple(_going(world, one) for one in own), tuple(ref_of(one) for one in held))


def _going(world: World, tool: Manifest) -> Going:
    ref = ref_of(tool)
    chosen = f"{labels.TOOL}={ref.name},!{labels.REPOSITORY}"
    objects, unseen = [tool], []
    for kind in reversed(KINDS):
        if kind == TOOL:
            continue
        try:
            objects += world.cluster.list(kind, ref.namespace, labels=chosen)
        except NotFound:
            continue  # the cluster has no such kind
        except Refused:
            unseen.append(kind)
    return Going(ref, tuple(objects), tuple(_active(world, ref)), tuple(unseen))


def _active(world: World, tool: Ref) -> list[Ref]:
    """Runs and Jobs of a tool that have not ended; of a Run and its Job the Run."""
    selector = labels.selector({labels.TOOL: tool.name})
    unfinished = list(world.cluster.list(RUN, tool.namespace, labels=selector, fields=runs.UNFINISHED))
    names = {one["metadata"]["name"] for one in unfinished}
    found = [jobs.from_manifest(one) for one in world.cluster.list(JOB, tool.namespace, labels=selector)]
    alone = [one.ref for one in found if not one.ended and one.labels.get(labels.RUN) not in names]
    return [*(ref_of(one) for one in unfinished), *alone]


def check(world: World, plan: Plan, *, is_forced: bool) -> None:
    """Make sure that it may be done.

    Raises:
        Refused: ``still-active``: runs have not ended; ``no-right``.
    """
    active = [ref for one in plan.going for ref in one.active]
    if active and not is_forced:
        first = next((ref for ref in active if ref.kind == RUN), None)
        cancel = [f"kubectl rapt cancel {shell.word(first.name)}"] if first else []
        raise Refused(
            "still-active",
            "runs of the tools have not ended",
            [*cancel, "--force"],
            [Problem(str(ref), f"in namespace {ref.namespace}") for ref in active],
        )
    refs = [ref_of(manifest) for one in plan.going for manifest in one.objects]
    rights.check(world, (("delete", ref.kind, ref.namespace) for ref in refs))


def carry_out(writers: Writers, going: Going) -> None:
    """Delete one tool and what serves it: its schedules first, so that none of them begins another Job.

    Raises:
        RaptError: One of its objects cannot be deleted; the Tool itself goes last, so the same command goes on.
    """
    tool, *others = going.objects
    for manifest in (*others, tool):
        ref, metadata = ref_of(manifest), manifest["metadata"]
        # The Jobs that a CronJob made are evidence and outlive it.
        propagation: Literal["Orphan", "Background"] = "Orphan" if ref.kind == CRON_JOB else "Background"
        try:
            writes.apply(writers, Delete(ref, metadata["uid"], metadata["resourceVersion"], propagation))
        except NotFound:
            continue
        except RaptError as error:
            raise type(error)(error.code, f"{ref} stays: {error.message}", error.hints) from error
