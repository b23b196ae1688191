"""Bring a cluster to what the config repository says of one environment, and prune what it no longer says."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from kubectl_rapt import writes
from kubectl_rapt.actions import desired, find, missing, refresh, repository, reviewed
from kubectl_rapt.actions.desired import Desired, Live
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.actions.reviewed import Executed
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.rendered import KINDS
from kubectl_rapt.errors import Conflict, NotFound, Problem, RaptError, Refused
from kubectl_rapt.model.kinds import CONFIG_MAP, CRON_JOB, Kind, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Apply, Create, Delete, Patch, Step
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.owners import Owner
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Synced:
    """One thing that was done, would be done, or is left alone and why."""

    ref: Ref
    what: Literal["created", "configured", "unchanged", "pruned", "kept"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sync ended.

    Args:
        commit: The commit that the environment is now at, or would be.
        left_to: The controllers' objects that apply what sync left alone, each once.
        is_left_whole: Whether they apply all of the environment, so that there was nothing for sync to do.
        notes: Lines for the person.
        runs: What became of the reviewed runs that are on main.
    """

    commit: str
    left_to: tuple[Owner, ...] = ()
    is_left_whole: bool = False
    notes: tuple[str, ...] = ()
    runs: tuple[Executed, ...] = ()


def sync(
    world: World,
    writers: Writers | None,
    name: str,
    tell: Callable[[Synced], None],
    *,
    rollback: bool = False,
    may: Callable[[Environment], None] = lambda _: None,
) -> Outcome:
    """Apply one environment, but for what Flux or Argo CD applies: those are asked to look. Then its reviewed runs.

    Args:
        world: Where to read.
        writers: The door's ports; None tells what would be done and does nothing.
        name: The environment.
        tell: Called for each object.
        rollback: Whether an older commit than the applied one may be applied.
        may: Raises where that environment is not to be applied.

    Raises:
        Refused: Another cluster, a missing right, an object that belongs to someone else, an older commit.
        NotFound: No such environment, or Rapt is not installed in the cluster.
        Conflict: Others were quicker, again and again.
        Unavailable: The cluster or the repository does not answer.
    """
    for attempt in range(_ROUNDS):
        found = repository.read(world)
        want = desired.desired(found, name)
        may(want.environment)
        desired.check_cluster(world, want.environment)
        live = desired.look(world, want)
        _check_owners(want, live)
        theirs = live.owners
        if theirs and len(theirs) == len(live.objects):
            return _with_runs(world, writers, found, name, _left(world, writers, want, live, is_whole=True))
        try:
            _sync_ours(world, writers, *_without(theirs, want, live), tell, rollback=rollback)
        except Conflict:
            # Another sync claimed the environment meanwhile, and what it applied may be newer than ours.
            if writers is None or attempt == _ROUNDS - 1:
                raise
            writers.pause(attempt)
        else:
            for ref, owner in theirs.items():
                tell(Synced(ref, "kept", f"{owner} applies it"))
            return _with_runs(world, writers, found, name, _left(world, writers, want, live, is_whole=False))
    raise AssertionError("unreachable")


def _with_runs(
    world: World, writers: Writers | None, found: Repository, name: str, outcome: Outcome
) -> Outcome:
    """Whoever applies the tools, what was reviewed is started here."""
    executed: list[Executed] = []
    reviewed.execute(world, writers, found, name, executed.append)
    return replace(outcome, runs=tuple(executed))


def _without(theirs: Iterable[Ref], want: Desired, live: Live) -> tuple[Desired, Live]:
    """Both, without the objects that others apply."""
    left = set(theirs)
    ours = tuple(manifest for manifest in want.objects if ref_of(manifest) not in left)
    found = {ref: manifest for ref, manifest in live.objects.items() if ref not in left}
    return replace(want, objects=ours), replace(live, objects=found)


def _sync_ours(
    world: World,
    writers: Writers | None,
    want: Desired,
    live: Live,
    tell: Callable[[Synced], None],
    *,
    rollback: bool,
) -> None:
    _check_rights(world, want, live)
    if not rollback:
        _check_forward(world, want, live)
    if writers is None:
        _preview(want, live, tell)
        return
    _check_leaving(want, live)
    record = _written(writes.apply(writers, _claim(want, live)))
    _carry_out(writers, want, live, tell)
    _finish(world, writers, want, record)


def _left(world: World, writers: Writers | None, want: Desired, live: Live, *, is_whole: bool) -> Outcome:
    """Have the controllers look at what they apply; that they cannot be asked is no failure of the sync."""
    theirs = live.owners
    notes = [f"note: {path} is encrypted by SOPS, and left alone" for path in want.encrypted]
    notes += (f"note: {line}" for line in missing.of_tools(world, want.objects))
    if not theirs:
        return Outcome(want.commit, notes=tuple(notes))
    plan = refresh.plan(world, [live.objects[ref] for ref in theirs])
    notes += plan.notes
    for step in plan.steps:
        try:
            if writers:
                writes.apply(writers, step)
        except RaptError as error:
            notes.append(f"{step} failed: {error.message}")
    return Outcome(want.commit, tuple(dict.fromkeys(theirs.values())), is_whole, tuple(notes))


def _check_owners(want: Desired, live: Live) -> None:
    problems = []
    in_the_way = [live.objects.get(ref_of(manifest)) for manifest in want.objects]
    for manifest in filter(None, [*in_the_way, live.record]):
        ref, found = ref_of(manifest), manifest["metadata"].get("labels") or {}
        if not want.labels.items() <= found.items():
            is_strange = found.get(labels.REPOSITORY) != want.project.id
            owner = f"environment {found.get(labels.ENVIRONMENT)}"
            if is_strange:
                owner = "another config repository" if labels.REPOSITORY in found else "someone else"
            problems.append(Problem(str(ref), f"exists in namespace {ref.namespace} and belongs to {owner}"))
    if problems:
        hint = f"give {want.environment.name} a namespace of its own in rapt.yaml, or the tool another name"
        raise Refused("foreign-owner", "objects of other owners are in the way", hint, problems)


def _check_leaving(want: Desired, live: Live) -> None:
    """Let what was pruned just now go first: whatever is applied to it meanwhile would go with it."""
    for ref in map(ref_of, want.objects):
        if ref in live.objects and "deletionTimestamp" in live.objects[ref]["metadata"]:
            raise Conflict("being-deleted", f"{ref} is being deleted", "try again when it is gone")


def _check_rights(world: World, want: Desired, live: Live) -> None:
    needed: set[tuple[str, Kind, str]] = set()
    for manifest in want.objects:
        ref = ref_of(manifest)
        needed |= {(verb, ref.kind, ref.namespace) for verb in ("create", "patch")}
    needed |= {("delete", ref.kind, ref.namespace) for ref in _surplus(want, live)}
    record = want.record
    needed |= {(verb, CONFIG_MAP, record.namespace) for verb in ("create", "patch")}
    problems = [
        Problem(f"{verb} {kind.resource}", f"in namespace {namespace}")
        for verb, kind, namespace in sorted(
            needed, key=lambda one: (one[2], KINDS_AND_RECORD.index(one[1]), one[0])
        )
        if not world.cluster.may(verb, kind, namespace)
    ]
    if problems:
        user = world.cluster.user()
        first = problems[0].where
        hint = f"kubectl auth can-i {first} -n {want.environment.namespaces[0]}"
        raise Refused("no-right", f"{user} may not do what this environment needs", hint, problems)


KINDS_AND_RECORD = (*KINDS, CONFIG_MAP)


def _check_forward(world: World, want: Desired, live: Live) -> None:
    if not live.commit or live.commit == want.commit:
        return
    remote = repository.address(world)
    if any(commit.id == live.commit for commit in world.git.log(remote, want.commit)):
        return
    if repository.read(world).head != want.commit:
        raise Conflict("changed-meanwhile", "main moved, and someone synced it meanwhile", "try again")
    raise Refused(
        "going-back",
        f"commit {live.commit[:7]} was applied already, and {want.commit[:7]} does not contain it",
        f"kubectl rapt sync --in {want.environment.name} --rollback",
    )


def _surplus(want: Desired, live: Live) -> list[Ref]:
    wanted = {ref_of(manifest) for manifest in want.objects}
    return sorted(
        set(live.objects) - wanted, key=lambda ref: (-KINDS.index(ref.kind), ref.namespace, ref.name)
    )


def _is_busy(manifest: Manifest, live: Live) -> bool:
    return manifest["metadata"].get("labels", {}).get(labels.TOOL) in live.unfinished


def _carry_out(writers: Writers, want: Desired, live: Live, tell: Callable[[Synced], None]) -> None:
    for manifest in want.objects:
        ref = ref_of(manifest)
        stored = _written(writes.apply(writers, Apply(manifest, labels.MANAGER)))
        if ref not in live.objects:
            tell(Synced(ref, "created"))
        else:
            is_same = (
                stored["metadata"]["resourceVersion"] == live.objects[ref]["metadata"]["resourceVersion"]
            )
            tell(Synced(ref, "unchanged" if is_same else "configured"))
    for ref in _surplus(want, live):
        manifest = live.objects[ref]
        if _is_busy(manifest, live):
            tell(Synced(ref, "kept", "one of its jobs is unfinished"))
            continue
        # The Jobs that a CronJob made are evidence and outlive it.
        propagation: Literal["Orphan", "Background"] = "Orphan" if ref.kind == CRON_JOB else "Background"
        with suppress(NotFound):
            writes.apply(writers, Delete(ref, manifest["metadata"]["uid"], propagation=propagation))
        tell(Synced(ref, "pruned"))


def _preview(want: Desired, live: Live, tell: Callable[[Synced], None]) -> None:
    for manifest in want.objects:
        ref = ref_of(manifest)
        tell(Synced(ref, "configured" if ref in live.objects else "created"))
    for ref in _surplus(want, live):
        tell(Synced(ref, "kept" if _is_busy(live.objects[ref], live) else "pruned"))


def _claim(want: Desired, live: Live) -> Step:
    """Say which commit is being applied, provided that nobody else said so since we looked."""
    ref = want.record
    data = {"commit": want.commit, "state": "applying"}
    if live.record is None:
        metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {**want.labels}}
        return Create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    return Patch(
        ref, {"metadata": {"resourceVersion": live.record["metadata"]["resourceVersion"]}, "data": data}
    )


def _finish(world: World, writers: Writers, want: Desired, record: Manifest) -> None:
    """Say that the commit is applied.

    Raises:
        Conflict: Another sync claimed the environment for another commit. One that claimed it for the same has
            the same to do and says so itself: were each to start again for the other, neither would end.
    """
    try:
        writes.apply(writers, _mark(record, want.commit))
    except Conflict:
        claimed = find.perhaps(world, want.record)
        if claimed is None or claimed["data"].get("commit") != want.commit:
            raise


def _mark(record: Manifest, commit: str) -> Patch:
    metadata = {"resourceVersion": record["metadata"]["resourceVersion"]}
    return Patch(ref_of(record), {"metadata": metadata, "data": {"commit": commit, "state": "applied"}})


def _written(answer: writes.Written) -> Manifest:
    assert isinstance(answer, dict)
    return answer


def summary(synced: Iterable[Synced]) -> str:
    """One line on what was done: ``2 created, 1 unchanged``."""
    counts: dict[str, int] = {}
    for one in synced:
        counts[one.what] = counts.get(one.what, 0) + 1
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing to apply"
