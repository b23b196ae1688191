"""Bring a cluster to what the config repository says of one environment, and prune what it no longer says."""

from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from kubectl_rapt import writes
from kubectl_rapt.actions import (
    claims,
    desired,
    find,
    hand_edits,
    missing,
    ownership,
    refresh,
    repository,
    reviewed,
    rights,
)
from kubectl_rapt.actions.claims import Claim
from kubectl_rapt.actions.desired import Desired, Live
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.actions.reviewed import Executed
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.rendered import KINDS
from kubectl_rapt.errors import AGAIN, Conflict, NotFound, RaptError, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import CONFIG_MAP, CRON_JOB, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Apply, Create, Delete, Patch
from kubectl_rapt.objects import applied, labels
from kubectl_rapt.objects.owners import Owner
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

_T = TypeVar("_T")
_ROUNDS = 6
_BUSY = "one of its jobs is unfinished"
_LOOKS = 5
"""How often one object is looked at again that somebody else changes meanwhile, such as its controller."""


@dataclass(frozen=True, slots=True)
class Synced:
    """One thing that was done, would be done, or is left alone and why."""

    ref: Ref
    what: Literal["created", "configured", "unchanged", "pruned", "kept"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Tools that cannot be applied, and do not keep the others from it.

    Args:
        tools: Their names.
        error: Why, and what to do about it.
    """

    tools: tuple[str, ...]
    error: Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sync ended.

    Args:
        commit: The commit that the environment is now at, or would be.
        left_to: The controllers' objects that apply what sync left alone, each once.
        is_left_whole: Whether they apply all of the environment, so that there was nothing for sync to do.
        notes: Lines for the person.
        runs: What became of the reviewed runs that are on main.
        blocked: The tools that were not applied.
    """

    commit: str
    left_to: tuple[Owner, ...] = ()
    is_left_whole: bool = False
    notes: tuple[str, ...] = ()
    runs: tuple[Executed, ...] = ()
    blocked: tuple[Blocked, ...] = ()


def sync(
    world: World,
    writers: Writers | None,
    name: str,
    tell: Callable[[Synced], None],
    *,
    rollback: bool = False,
    overwrite: bool = False,
    known: Mapping[str, bytes] | None = None,
    may: Callable[[Environment], None] = lambda _: None,
) -> Outcome:
    """Apply one environment, but for what Flux or Argo CD applies: those are asked to look. Then its reviewed runs.

    Args:
        world: Where to read.
        writers: The door's ports; None tells what would be done and does nothing.
        name: The environment.
        tell: Called for each object.
        rollback: Whether an older commit than the applied one may be applied.
        overwrite: Whether rendered files are applied although they were edited by hand.
        known: Path to content of rendered files that were rendered just now, and so were not edited by hand.
        may: Raises where that environment is not to be applied.

    Raises:
        Refused: Another cluster, a missing right, an object that belongs to someone else, an older commit.
        NotFound: No such environment, or Rapt is not installed in the cluster.
        Conflict: Others were quicker, again and again.
        Unavailable: The cluster or the repository does not answer.
    """
    changed: set[Ref] = set()

    def note(one: Synced) -> None:
        if one.what in ("created", "configured"):
            changed.add(one.ref)
        tell(one)

    for attempt in range(_ROUNDS):
        found = repository.read(world)
        want = desired.desired(found, name)
        if want.refused and not want.objects:
            raise want.refusal()
        may(want.environment)
        desired.check_cluster(world, want.environment)
        live = desired.look(world, want)
        ownership.check_record(want, live)
        theirs = live.owners
        if theirs and len(theirs) == len(live.objects):
            return _with_runs(world, writers, found, name, _left(world, writers, want, live))
        ours, seen = _without(theirs, want, live)
        blocked = _blocked(world, found, ours, seen, known or {}, overwrite=overwrite)
        ours, seen = _without_tools({tool for one in blocked for tool in one.tools}, ours, seen)
        if blocked and not ours.objects and not seen.objects:
            raise blocked[0].error
        try:
            _sync_ours(world, writers, ours, seen, note, rollback=rollback)
        except Conflict:
            # Another sync claimed the environment meanwhile, and what it applied may be newer than ours.
            if writers is None or attempt == _ROUNDS - 1:
                raise
            writers.pause(attempt)
        else:
            for ref, owner in theirs.items():
                tell(Synced(ref, "kept", f"{owner} applies it"))
            lacking = missing.of_tools(world, [one for one in ours.objects if ref_of(one) in changed])
            outcome = _left(world, writers, want, live)
            outcome = replace(
                outcome,
                is_left_whole=False,
                notes=(*(f"note: {line}" for line in lacking), *outcome.notes),
                blocked=tuple(blocked),
            )
            return _with_runs(world, writers, found, name, outcome)
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


def _without_tools(tools: Set[str], want: Desired, live: Live) -> tuple[Desired, Live]:
    """Both, without the objects of some tools."""
    ours = tuple(manifest for manifest in want.objects if _tool_of(manifest) not in tools)
    in_the_way = {ref_of(manifest) for manifest in want.objects if _tool_of(manifest) in tools}
    found = {
        ref: manifest
        for ref, manifest in live.objects.items()
        if ref not in in_the_way and _tool_of(manifest) not in tools
    }
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
    claim = claims.of(want, live)
    if writers is None:
        _preview(world, want, live, claim, tell)
        return
    _check_leaving(want, live)
    record = _written(writes.apply(writers, claim.step(want, live)))
    claim.checked = world.now()
    _carry_out(world, writers, want, live, claim, tell)
    _finish(world, writers, record, claim)


def _left(world: World, writers: Writers | None, want: Desired, live: Live) -> Outcome:
    """Have the controllers look at what they apply; that they cannot be asked is no failure of the sync."""
    theirs = live.owners
    notes = [f"note: {path} is encrypted by SOPS, and left alone" for path in want.encrypted]
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
    return Outcome(want.commit, tuple(dict.fromkeys(theirs.values())), is_left_whole=True, notes=tuple(notes))


def _blocked(
    world: World, found: Repository, want: Desired, live: Live, known: Mapping[str, bytes], *, overwrite: bool
) -> list[Blocked]:
    """The tools that cannot be applied: the others are, and these stay as they are in the cluster.

    Only what would be written is asked whether somebody edited it: what is as it should be was answered for before.
    """
    name = want.environment.name
    blocked = [Blocked(want.refused, want.refusal())] if want.refused else []
    if in_the_way := ownership.in_the_way(want, live):
        blocked.append(Blocked(tuple(in_the_way), ownership.refusal(name, in_the_way)))
    if not overwrite:
        changing = {
            _tool_of(manifest)
            for manifest in want.objects
            if (ref := ref_of(manifest)) not in live.objects
            or not applied.is_current(manifest, live.objects[ref])
        }
        unsure = [
            (name, tool)
            for tool in sorted(changing - in_the_way.keys())
            if known.get(path := layout.rendered(name, tool)) != found.files.get(path)
        ]
        if edited := hand_edits.edited(world, want.project, found, unsure):
            error = hand_edits.refusal(edited)
            hints = (
                hand_edits.RENDER_AGAIN,
                f"kubectl rapt sync --in {shell.word(name)} --overwrite",
                "keep the edit by writing it into the file in tools/",
            )
            error = Refused(error.code, f"{error.message}, and are not applied", hints, error.problems)
            blocked.append(Blocked(tuple(tool for _, tool in edited), error))
    return blocked


def _tool_of(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(labels.TOOL, ""))


def _check_leaving(want: Desired, live: Live) -> None:
    """Let what was pruned just now go first: whatever is applied to it meanwhile would go with it."""
    for ref in map(ref_of, want.objects):
        if ref in live.objects and "deletionTimestamp" in live.objects[ref]["metadata"]:
            raise Conflict("being-deleted", f"{ref} is being deleted", _until_gone(ref))


def _until_gone(ref: Ref) -> tuple[str, str]:
    where = f" -n {ref.namespace}" if ref.namespace else ""
    return f"kubectl wait --for=delete {ref.kind.resource}/{ref.name}{where}", AGAIN


def _check_rights(world: World, want: Desired, live: Live) -> None:
    places = {(ref.namespace, ref.kind): ("create", "patch") for ref in map(ref_of, want.objects)}
    places[want.record.namespace, CONFIG_MAP] = ("create", "patch")
    for ref in _surplus(want, live):
        places[ref.namespace, ref.kind] = tuple(
            sorted({*places.get((ref.namespace, ref.kind), ()), "delete"})
        )
    kinds = (*KINDS, CONFIG_MAP)
    in_order = sorted(places, key=lambda place: (place[0], kinds.index(place[1])))
    rights.check(
        world, [(verb, kind, namespace) for namespace, kind in in_order for verb in places[namespace, kind]]
    )


def _check_forward(world: World, want: Desired, live: Live) -> None:
    if not live.commit or live.commit == want.commit:
        return
    if repository.contains(world, want.commit, live.commit):
        return
    if repository.read(world).head != want.commit:
        raise Conflict("changed-meanwhile", "main moved, and someone synced it meanwhile", AGAIN)
    raise Refused(
        "going-back",
        f"commit {live.commit[:7]} was applied already, and {want.commit[:7]} does not contain it",
        f"kubectl rapt sync --in {shell.word(want.environment.name)} --rollback",
    )


def _surplus(want: Desired, live: Live) -> list[Ref]:
    wanted = {ref_of(manifest) for manifest in want.objects}
    return sorted(
        set(live.objects) - wanted, key=lambda ref: (-KINDS.index(ref.kind), ref.namespace, ref.name)
    )


def _is_busy(manifest: Manifest, live: Live) -> bool:
    return manifest["metadata"].get("labels", {}).get(labels.TOOL) in live.unfinished


def _carry_out(
    world: World,
    writers: Writers,
    want: Desired,
    live: Live,
    claim: Claim,
    tell: Callable[[Synced], None],
) -> None:
    for manifest in want.objects:
        ref = ref_of(manifest)
        found = live.objects.get(ref)
        if found is None:
            found = _create(world, writers, want, manifest, claim)
        if found is None:
            tell(Synced(ref, "created"))
        elif not claim.must_write(manifest, found):
            tell(Synced(ref, "unchanged"))
        else:
            stored = _apply(world, writers, manifest, found, claim)
            tell(Synced(ref, "unchanged" if applied.is_same(found, stored) else "configured"))
    for ref in _surplus(want, live):
        if _is_busy(live.objects[ref], live):
            tell(Synced(ref, "kept", _BUSY))
        else:
            _prune(world, writers, live.objects[ref], claim)
            tell(Synced(ref, "pruned"))


def _create(
    world: World, writers: Writers, want: Desired, manifest: Manifest, claim: Claim
) -> Manifest | None:
    """Create one object; the object that exists by now, where another sync of the same claim was quicker.

    An apply would create it too, and would overwrite what a newer sync has created meanwhile.

    Raises:
        Conflict: A newer sync has claimed the environment, or the name is somebody else's by now.
    """
    claim.check(world)
    try:
        writes.apply(writers, Create(applied.marked(manifest, claim.stamp), labels.MANAGER))
    except Conflict:
        found = find.perhaps(world, ref_of(manifest))
        claim.check(world, now=True)
        if found is None or not want.labels.items() <= (found["metadata"].get("labels") or {}).items():
            raise
        return found
    return None


def _apply(world: World, writers: Writers, manifest: Manifest, found: Manifest, claim: Claim) -> Manifest:
    """Apply one object, provided that it is as it was seen: a sync that was overtaken loses.

    Raises:
        Conflict: A newer sync has claimed the environment, or the object changes all the time.
    """
    ref = ref_of(manifest)

    def write(seen: Manifest) -> Manifest:
        if entries := applied.as_applied(seen):
            owned = {"managedFields": entries, "resourceVersion": seen["metadata"]["resourceVersion"]}
            seen = _written(writes.apply(writers, Patch(ref, {"metadata": owned})))
        metadata = {**manifest["metadata"], "resourceVersion": seen["metadata"]["resourceVersion"]}
        marked = applied.marked(manifest, claim.stamp)
        body = {**marked, "metadata": {**metadata, "annotations": marked["metadata"]["annotations"]}}
        return _written(writes.apply(writers, Apply(body, labels.MANAGER)))

    return _fenced(world, ref, found, claim, write)


def _prune(world: World, writers: Writers, found: Manifest, claim: Claim) -> None:
    ref = ref_of(found)
    # The Jobs that a CronJob made are evidence and outlive it.
    propagation: Literal["Orphan", "Background"] = "Orphan" if ref.kind == CRON_JOB else "Background"

    def write(seen: Manifest) -> None:
        metadata = seen["metadata"]
        writes.apply(
            writers, Delete(ref, metadata["uid"], metadata["resourceVersion"], propagation=propagation)
        )

    with suppress(NotFound):
        _fenced(world, ref, found, claim, write)


def _fenced(world: World, ref: Ref, found: Manifest, claim: Claim, write: Callable[[Manifest], _T]) -> _T:
    """Write one object at the version that was seen; where it has another one, look again at the object and the claim.

    The object is looked at first, and the claim after it. Whoever claims the environment later has then still to write
    the object, and whichever of the two writes comes second is refused.
    """
    for _ in range(_LOOKS):
        try:
            return write(found)
        except Conflict:
            seen = find.perhaps(world, ref)
            claim.check(world, now=True)
            is_another = seen is None or seen["metadata"]["uid"] != found["metadata"]["uid"]
            if seen is None or is_another or applied.sequence_of(seen) > claim.stamp.sequence:
                raise
            found = seen
    raise Conflict("changed-meanwhile", f"{ref} changes all the time", AGAIN)


def _preview(world: World, want: Desired, live: Live, claim: Claim, tell: Callable[[Synced], None]) -> None:
    """What ``_carry_out`` would tell, found by the same comparison."""
    for manifest in want.objects:
        ref = ref_of(manifest)
        found = live.objects.get(ref)
        if found is None:
            tell(Synced(ref, "created"))
        elif not claim.must_write(manifest, found):
            tell(Synced(ref, "unchanged"))
        else:
            stored = world.cluster.dry_run_apply(
                applied.marked(manifest, claim.stamp), manager=labels.MANAGER
            )
            tell(Synced(ref, "unchanged" if applied.is_same(found, stored) else "configured"))
    for ref in _surplus(want, live):
        is_busy = _is_busy(live.objects[ref], live)
        tell(Synced(ref, "kept", _BUSY) if is_busy else Synced(ref, "pruned"))


def _finish(world: World, writers: Writers, record: Manifest, claim: Claim) -> None:
    """Say that the commit is applied.

    Raises:
        Conflict: Another sync claimed the environment for another commit. One that claimed it for the same has
            the same to do and says so itself: were each to start again for the other, neither would end.
    """
    try:
        writes.apply(writers, claim.mark(record))
    except Conflict:
        claim.check(world, now=True)


def _written(answer: writes.Written) -> Manifest:
    assert isinstance(answer, dict)
    return answer


def summary(synced: Iterable[Synced]) -> str:
    """One line on what was done: ``2 created, 1 unchanged``.

    Each object counts once: a sync that was overtaken looks at all of them again. What it did to one then says more
    than that a second look found nothing to do.
    """
    done: dict[Ref, str] = {}
    for one in synced:
        if one.ref not in done or one.what not in ("unchanged", "kept"):
            done[one.ref] = one.what
    counts: dict[str, int] = {}
    for what in done.values():
        counts[what] = counts.get(what, 0) + 1
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing to apply"
