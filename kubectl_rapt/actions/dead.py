"""Dead letters: runs that used up their attempts, to be run again, written to files or deleted."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import advance, clean, find
from kubectl_rapt.actions import retry as retrying
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.run import RUN_NAME_LIMIT, Request
from kubectl_rapt.errors import NotFound, Problem, RaptError, Refused, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Manifest, Ref
from kubectl_rapt.objects import jobs, labels, reading
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule
from kubectl_rapt.objects.runs import EXHAUSTED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import renewal, retention
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.retention import Item
from kubectl_rapt.writes import Writers

_DROP = CleanupPolicy("dead drop", "", runs=(Rule((EXHAUSTED,), Duration(0)),))
_WHY = "is to be dropped"
LIST = "kubectl rapt runs --status dead"
"""The command that lists dead letters."""
_MARK = 8


def every(world: World, namespace: str, selector: str = "") -> list[Manifest]:
    """All dead letters of a namespace, or of all, that a label selector chooses; newest first."""
    found = world.cluster.list(RUN, namespace, labels=selector, fields=f"status.state={EXHAUSTED}")
    return sorted(
        find.of_environment(world, found),
        key=lambda one: str(one["metadata"]["creationTimestamp"]),
        reverse=True,
    )


def chosen(world: World, namespace: str, wanted: Sequence[str], selector: str) -> list[Manifest]:
    """The dead letters that are named, or that a selector chooses.

    Raises:
        UsageError: Neither or both are given.
        NotFound: There is no such run, or the selector chooses none.
        Refused: ``not-dead``: a run that is named has not used up its attempts.
    """
    if bool(wanted) == bool(selector):
        raise UsageError("bad-usage", "name runs, or choose them with -l", LIST)
    if selector:
        if found := every(world, namespace, selector):
            return found
        raise NotFound("no-run", f"no dead run in namespace {namespace} has labels {selector}", LIST)
    return [_named(world, namespace, name) for name in dict.fromkeys(wanted)]


def _named(world: World, namespace: str, name: str) -> Manifest:
    ref = Ref(RUN, name, namespace)
    try:
        found = world.cluster.get(ref)
    except NotFound as error:
        if error.code != "not-found":
            raise
        near = names.nearest(name, [one["metadata"]["name"] for one in every(world, namespace)])
        what = f'no run "{name}" in namespace {namespace}'
        raise NotFound("no-run", what, LIST).meant(name, near) from error
    find.check_owner(world, found)
    state = (found.get("status") or {}).get("state") or "Pending"
    if state != EXHAUSTED:
        raise Refused(
            "not-dead",
            f'run "{name}" is {state}: it did not use up its attempts',
            f"kubectl rapt why {shell.word(name)}",
        )
    return found


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run that repeats a dead one; ``is_new`` where it was not asked for before."""

    run: Run
    is_new: bool


def replay(world: World, dead: Run, changes: Mapping[str, str]) -> Run:
    """The Run that repeats a dead one.

    It is the dead run's exact Job again, with other memory or another deadline if those are given. With other
    answers the tool is asked as it is today, with the dead run's answers and these. Its name comes from the dead run
    and the changes: it exists once.

    Args:
        world: Where to read.
        dead: The dead letter.
        changes: Parameter, ``memory`` or ``deadline`` to the text that was given with ``--set``.

    Raises:
        Invalid: The answers do not fit; if the tool is gone, it has none.
        Refused: ``fixed-parameter``; ``no-account``; ``review-needed``; ``needs-files``: it was given files that
            nobody has any more.
    """
    if dead.mounts:
        given = ", ".join(mount.path for mount in dead.mounts)
        raise Refused(
            "needs-files",
            f'run "{dead.name}" was given files ({given}), which only a new run can get',
            f"kubectl rapt run {shell.word(dead.tool)} --mount LOCAL:PATH",
        )
    name = replay_name(dead, changes)
    tool = find.tool_of(world, dead)
    answers, resources = retrying.split(world, dead, tool, changes, ["dead", "replay", dead.name])
    if answers:
        kept = {key: _text(value) for key, value in dead.answers.items()}
        request = Request(dead.tool, dead.namespace, {**kept, **answers}, dead.env, name)
        asked = running.plan_direct(world, request)
        return replace(asked, job=renewal.resized(dead, asked.job, resources), replay_of=dead.name)
    if tool:
        running.check_direct(tool, ["run", tool.name])
    retrying.check_account(world, dead, dead.job)
    return Run(
        name=name,
        namespace=dead.namespace,
        tool=dead.tool,
        answers=dead.answers,
        job=renewal.resized(dead, dead.job, resources),
        digest=dead.digest,
        requested_by=world.cluster.user(),
        labels={**dead.labels, labels.RUN: name},
        source=dead.source,
        env=dead.env,
        retry=dead.retry,
        concurrency=dead.concurrency,
        replay_of=dead.name,
    )


def _text(answer: Any) -> str:
    """An answer as ``--set`` takes it."""
    return answer if isinstance(answer, str) else documents.dump_json(answer, indent=None).strip()


def replay_name(dead: Run, changes: Mapping[str, str]) -> str:
    """The name of the run that repeats a dead one with those changes."""
    asked = documents.dump_json({"of": dead.uid, "set": dict(sorted(changes.items()))}, indent=None)
    mark = hashlib.sha256(asked.encode()).hexdigest()[:_MARK]
    return f"{names.shorten(dead.name, RUN_NAME_LIMIT - _MARK - 1)}-{mark}"


def start(world: World, writers: Writers, wanted: Run) -> Replayed:
    """Create a repeating Run, or find it, and bring it forward.

    Raises:
        Conflict, Refused, Invalid, Unavailable: What ``advance`` raises.
    """
    try:
        world.cluster.get(wanted.ref)
        is_new = False
    except NotFound:
        is_new = True
    if wanted.concurrency == "forbid":
        # Several that are replayed at once would refuse each other: they take their turns.
        wanted = replace(wanted, concurrency="queue")
    seen = advance.advance(world, writers, Seen(wanted))
    assert seen.run is not None, "a run that was advanced exists"
    return Replayed(seen.run, is_new)


def _problem(error: RaptError) -> Problem:
    if isinstance(error, reading.Unreadable):
        return Problem(f"{error.ref} in {error.ref.namespace}", f"cannot be read: {error.why}")
    return Problem("a Run", error.message)


def _item(job: Manifest) -> Item:
    return retention.of_job(job, jobs.from_manifest(job))


def drop(world: World, dead: Sequence[Manifest]) -> clean.Plan:
    """What goes where dead letters are dropped: they and their Jobs, but for what is held or cannot be read."""
    unread: list[RaptError] = []
    items = list(reading.readable(retention.of_run, dead, unread.append))
    known = {uid for one in items for uid in (one.uid, *one.jobs)}
    found = [
        one
        for namespace in sorted({one.ref.namespace for one in items})
        for one in reading.readable(
            _item, world.cluster.list(JOB, namespace, labels=labels.TOOL), unread.append
        )
    ]
    own = [one for one in found if known & {one.uid, *one.owners}]
    verdicts = retention.decide(own, items, lambda _: _DROP, world.now())
    return clean.Plan(
        tuple(replace(one, why=_WHY, policy="") if one.policy == _DROP.name else one for one in verdicts),
        tuple(map(_problem, unread)),
    )


def with_jobs(world: World, dead: Sequence[Manifest]) -> list[Ref]:
    """The dead letters and what is left of their Jobs."""
    return [one.item.ref for one in drop(world, dead).verdicts]
