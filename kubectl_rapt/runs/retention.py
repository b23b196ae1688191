"""What may go of finished Jobs and Runs, what stays, and why: decided from what was read, deleting nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from kubectl_rapt import documents
from kubectl_rapt.model import causes, times
from kubectl_rapt.model.kinds import RUN, Kind, Manifest, Ref
from kubectl_rapt.objects import cleanup_policies, labels, runs
from kubectl_rapt.objects.cleanup_policies import RUN_DEFAULT, CleanupPolicy, Rule
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import FAILED
from kubectl_rapt.runs import adoption, listed

_JOB_STATUS = {"Complete": "Succeeded", "Failed": "Failed"}


@dataclass(frozen=True, slots=True)
class Item:
    """A Job or a Run, as far as it matters to whether it stays.

    Args:
        ref: Its address.
        uid: Its UID.
        resource_version: The version that was read: another one is not what was decided about.
        tool: The tool that it is of; empty for what is not ours.
        policy: The cleanup policy that its label names; empty for none.
        status: How it ended; empty while it has not.
        created_at: When it was created.
        ended_at: When it ended.
        held: Whether a person holds it.
        is_leaving: Whether it is being deleted already.
        is_busy: Whether some of its pods have not ended.
        owners: The UIDs of its owners.
        run: Of a Job, the name of the Run that its label names; empty for none.
        jobs: Of a Run, the UIDs of the Jobs of its attempts.
        awaited: Of a Run, the UIDs of Jobs whose end it has not recorded yet.
        not_after: Of a Run, when it is too late to begin.
        closed: Of a Run, the UIDs of the Jobs whose end it has recorded, each with when that was.
        is_stopped: Of a Job, whether it is suspended and has no pod: Kubernetes never says that it has ended.
        is_cancelled: Whether its run was cancelled.
        is_unrecorded: Of a Job, whether it is a schedule's failure that no Run has adopted.
        size: In bytes, as JSON; 0 where it was not measured, which lets it stay.
    """

    ref: Ref
    uid: str
    resource_version: str
    tool: str
    policy: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    held: bool
    is_leaving: bool
    is_busy: bool
    owners: tuple[str, ...]
    run: str
    jobs: frozenset[str]
    awaited: frozenset[str]
    not_after: datetime | None
    closed: tuple[tuple[str, datetime], ...] = ()
    is_stopped: bool = False
    is_cancelled: bool = False
    is_unrecorded: bool = False
    size: int = 0

    @property
    def is_run(self) -> bool:
        """Whether it is a Run."""
        return self.ref.kind == RUN

    @property
    def ending(self) -> str:
        """How it ended, as ``runs`` says it; empty while it has not."""
        return causes.CANCELLED if self.is_cancelled and self.status == FAILED else self.status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one item.

    Args:
        item: The Job or Run.
        goes: Whether it is to be deleted.
        why: The reason, in a few words.
        policy: The policy that decided, or the flag; empty where none was asked.
        export: Whether that policy wants its evidence exported first.
    """

    item: Item
    goes: bool
    why: str
    policy: str = ""
    export: bool = False

    def __str__(self) -> str:
        by = self.policy if self.policy.startswith("--") else f"policy {self.policy}"
        return f"{self.why} ({by})" if self.policy else self.why


PolicyOf = Callable[[Item], CleanupPolicy | str | None]
"""What governs an item: a policy, why the one that is named is not known, or None where none is named."""


def of_job(manifest: Manifest, job: Job) -> Item:
    """A Job that was read, and what it was read from. Raises KeyError, TypeError, ValueError where that is none."""
    return Item(
        ref=job.ref,
        uid=job.uid,
        status=_JOB_STATUS.get(job.ended, ""),
        created_at=job.created_at,
        ended_at=job.ended_at,
        is_busy=job.active > 0,
        owners=job.owner_uids,
        run=job.labels.get(labels.RUN, ""),
        jobs=_NONE,
        awaited=_NONE,
        not_after=None,
        is_stopped=job.is_suspended and not job.ended and not job.active,
        is_cancelled=job.is_cancelled,
        is_unrecorded=adoption.candidate(manifest, job) is not None,
        **_common(manifest),
    )


def of_run(manifest: Manifest) -> Item:
    """Read a Run. Raises KeyError, TypeError, ValueError, Invalid where it is none."""
    run = runs.from_manifest(manifest)
    assert run.created_at is not None, "what was read has a time"
    recorded = {attempt.uid for attempt in run.attempts}
    adopted = {run.adopted.uid} if run.adopted else set()
    closed = {attempt.uid: attempt.finished_at for attempt in run.attempts if attempt.cause}
    return Item(
        ref=run.ref,
        uid=run.uid,
        status=run.state if run.is_finished and not run.is_wished else "",
        created_at=run.created_at,
        ended_at=run.finished_at,
        is_busy=False,
        owners=(),
        run="",
        jobs=frozenset(recorded | adopted),
        awaited=frozenset((recorded | adopted) - closed.keys()),
        not_after=run.not_after,
        is_cancelled=bool(run.attempts) and run.attempts[-1].cause == causes.CANCELLED,
        closed=tuple((uid, at) for uid, at in closed.items() if at is not None),
        **{**_common(manifest), "tool": run.tool},
    )


def of_row(told: Mapping[str, Any]) -> Item:
    """A Run as a row of the server's table tells it: enough to see whether a look at the objects is worth it.

    What a row does not tell would only let more of them stay. Its UID is its place.
    """
    ended = told["Finished"] or told["Created"]
    is_wished = listed.is_wished(told.get("Wish"), told.get("Attempt"))
    return Item(
        ref=Ref(RUN, told["Name"], told["Namespace"]),
        uid=f"{told['Namespace']}/{told['Name']}",
        resource_version="",
        tool=told["Tool"],
        policy="",
        status=told["State"] if told["State"] in runs.FINISHED and not is_wished else "",
        created_at=times.parse(told["Created"]),
        ended_at=times.parse(ended),
        held=False,
        is_leaving=False,
        is_busy=False,
        owners=(),
        run="",
        jobs=_NONE,
        awaited=_NONE,
        not_after=None,
    )


def measured(item: Item, manifest: Manifest) -> Item:
    """The same with its size, which takes longer to find out than all the rest."""
    return replace(item, size=len(documents.dump_json(manifest, indent=None)))


_NONE: frozenset[str] = frozenset()
_LARGEST = 2 * 1024 * 1024
"""No object is larger."""


def _common(manifest: Manifest) -> dict[str, Any]:
    metadata = manifest["metadata"]
    marks = metadata.get("labels") or {}
    return {
        "resource_version": metadata["resourceVersion"],
        "tool": marks.get(labels.TOOL, ""),
        "policy": marks.get(labels.CLEANUP_POLICY, ""),
        "held": labels.is_held(metadata),
        "is_leaving": "deletionTimestamp" in metadata,
    }


def decide(
    jobs: Sequence[Item],
    runs: Sequence[Item],
    policy_of: PolicyOf,
    now: datetime,
    *,
    statuses: Collection[str] = (),
    jobs_only: bool = False,
) -> list[Verdict]:
    """What goes and what stays.

    Args:
        jobs: All Jobs of some tools: counting the newest needs all of them.
        runs: All Runs of the same tools.
        policy_of: What governs an item.
        now: The time.
        statuses: What may go, by how it ended; empty for every way.
        jobs_only: Whether every Run stays, with no word on it.

    Returns:
        One verdict for each Job, then one for each Run, in the order in which they may be deleted.
    """
    run_of = _run_of(jobs, runs)
    jobs = [_as_recorded(one, run_of.get(one.uid)) for one in jobs]
    never = {one.uid: why for one in (*jobs, *runs) if (why := _never(one, now))}
    never |= {
        one.uid: why for one in jobs if one.uid not in never and (why := _bound(one, run_of.get(one.uid)))
    }
    verdicts = {
        one.uid: Verdict(one, goes=False, why=never[one.uid]) for one in (*jobs, *runs) if one.uid in never
    }
    verdicts |= _by_rules([one for one in (*jobs, *runs) if one.uid not in never], policy_of, now)
    for uid, verdict in verdicts.items():
        if verdict.goes and statuses and _state(verdict.item, run_of.get(uid)) not in statuses:
            verdicts[uid] = Verdict(verdict.item, goes=False, why=_NOT_MEANT)
    if jobs_only:
        return [verdicts[one.uid] for one in jobs]
    _with_jobs(verdicts, jobs, runs, run_of)
    return [verdicts[one.uid] for one in (*jobs, *runs)]


def worth_a_look(items: Iterable[Item], policy_of: PolicyOf, now: datetime) -> list[tuple[str, str]]:
    """The tools of which something may go, by namespace and name; what ties Jobs to Runs can only let it stay.

    Args:
        items: All Jobs and Runs of those tools, measured or not.
        policy_of: What governs an item.
        now: The time.
    """
    # Of a cancelled Job only its Run knows when it ended: since its creation, at the longest.
    read = (
        replace(one, status="Failed", ended_at=one.created_at) if one.is_stopped and one.is_cancelled else one
        for one in items
    )
    grouped, _ = _grouped([one for one in read if not _never(one, now)], policy_of)
    return sorted(
        {
            (group.namespace, group.tool)
            for group, members in grouped.items()
            if _may_be_large(group.rule, members) or any(one.goes for one in _of_group(group, members, now))
        }
    )


def _may_be_large(rule: Rule, members: Sequence[Item]) -> bool:
    return rule.max_size is not None and len(members) * _LARGEST > rule.max_size.nano // 10**9


def _with_jobs(
    verdicts: dict[str, Verdict], jobs: Sequence[Item], runs: Sequence[Item], run_of: Mapping[str, Item]
) -> None:
    """A Run takes its Jobs along when it goes, and so it stays where one of them has to."""
    owned: dict[str, list[Item]] = {run.uid: [] for run in runs}
    for job in jobs:
        if job.uid in run_of:
            owned[run_of[job.uid].uid].append(job)
    for run in runs:
        verdict = verdicts[run.uid]
        if not verdict.goes:
            continue
        left = [verdicts[job.uid] for job in owned[run.uid] if not verdicts[job.uid].goes]
        # A Job that stays only because nothing was said of it goes with its Run.
        if stays := [one for one in left if one.why not in (_UNGOVERNED, _NOT_MEANT)]:
            verdicts[run.uid] = Verdict(run, goes=False, why=f"{stays[0].item.ref} stays: {stays[0]}")
            continue
        for one in left:
            with_run = f"goes with {run.ref}"
            verdicts[one.item.uid] = Verdict(one.item, True, with_run, verdict.policy, verdict.export)


_UNGOVERNED = "no policy says that it may go"
_NOT_MEANT = "ended another way than was asked for"


def _as_recorded(job: Item, run: Item | None) -> Item:
    """A Job that was stopped for good, with the end that its Run has recorded: Kubernetes writes none."""
    ended_at = dict(run.closed).get(job.uid) if run and job.is_stopped else None
    return replace(job, status="Failed", ended_at=ended_at) if ended_at else job


def _state(one: Item, run: Item | None) -> str:
    """How something ended, as ``runs`` lists it: a Job of a Run has the state of that, which is empty until it ends."""
    return (run or one).ending


def _never(one: Item, now: datetime) -> str:
    """Why something stays whatever a policy says; empty where a policy decides."""
    if not one.tool:
        return f"no {labels.TOOL} label: it is not Rapt's"
    if one.is_leaving:
        return "is being deleted already"
    if one.held:
        return f"held by {labels.KEEP}"
    if not one.status or one.is_busy:
        return "has not ended"
    if one.ended_at is None:
        return "does not say when it ended"
    if max(one.ended_at, one.created_at) > now:
        return "is dated in the future"
    if one.not_after is not None and one.not_after > now:
        return f"may be asked for until {times.spell(one.not_after)}"
    return ""


def _bound(job: Item, run: Item | None) -> str:
    """Why a Job stays because of its Run; empty where it does not matter."""
    if run is None:
        return f"run/{job.run} could not be read" if job.run else ""
    if run.held:
        return f"{run.ref} is held by {labels.KEEP}"
    if job.uid in run.awaited or job.uid not in run.jobs:
        return f"{run.ref} has not recorded how it ended"
    return ""


def _run_of(jobs: Sequence[Item], runs: Sequence[Item]) -> dict[str, Item]:
    """The Run of each Job that has one, by the Job's UID: the one that owns it, or that adopted it."""
    adopted = {uid: run for run in runs for uid in run.jobs}
    by_uid = {run.uid: run for run in runs}
    found = {}
    for job in jobs:
        owner = next((by_uid[uid] for uid in job.owners if uid in by_uid), adopted.get(job.uid))
        if owner is not None:
            found[job.uid] = owner
    return found


class _Group(NamedTuple):
    """What one rule counts together."""

    namespace: str
    tool: str
    kind: Kind
    policy: CleanupPolicy
    rule: Rule

    def __hash__(self) -> int:
        # A policy's own hash is worked out from all its rules, which for each of thousands of items takes its time.
        return hash((self.namespace, self.tool))


def _by_rules(items: Sequence[Item], policy_of: PolicyOf, now: datetime) -> dict[str, Verdict]:
    groups, verdicts = _grouped(items, policy_of)
    for group, members in groups.items():
        verdicts |= {verdict.item.uid: verdict for verdict in _of_group(group, members, now)}
    return verdicts


def _grouped(
    items: Iterable[Item], policy_of: PolicyOf
) -> tuple[dict[_Group, list[Item]], dict[str, Verdict]]:
    """What rules are about, and what stays because there is none."""
    verdicts: dict[str, Verdict] = {}
    groups: dict[_Group, list[Item]] = {}
    for one in items:
        policy = policy_of(one)
        if isinstance(policy, str):
            verdicts[one.uid] = Verdict(one, goes=False, why=policy)
            continue
        found = _rule(policy, one)
        if found is None:
            verdicts[one.uid] = Verdict(one, goes=False, why=_UNGOVERNED)
            continue
        groups.setdefault(_Group(one.ref.namespace, one.tool, one.ref.kind, *found), []).append(one)
    return groups, verdicts


def _rule(policy: CleanupPolicy | None, one: Item) -> tuple[CleanupPolicy, Rule] | None:
    if policy is not None:
        said = policy.runs if one.is_run else policy.jobs
        if rule := cleanup_policies.about(said, one.status):
            return policy, rule
    return (RUN_DEFAULT, RUN_DEFAULT.runs[0]) if one.is_run else None


def _of_group(group: _Group, members: list[Item], now: datetime) -> Iterator[Verdict]:
    """What a rule says of the Jobs or Runs of one tool, the newest first."""
    policy, rule, size = group.policy, group.rule, 0
    for index, one in enumerate(sorted(members, key=_newest_first)):
        assert one.ended_at is not None, "what has no end stays whatever a policy says"
        size += one.size
        age = (now - one.ended_at).total_seconds()
        ended = f"ended {times.spell_seconds(age)} ago"
        goes = True
        if index < rule.keep_last:
            goes, why = False, f"among the newest {rule.keep_last}"
        elif rule.keep_at_most is not None and index >= rule.keep_at_most:
            why = f"{index} newer ones are there, {rule.keep_at_most} are kept"
        elif rule.max_size is not None and size > rule.max_size.nano // 10**9:
            why = f"with the newer ones over {rule.max_size}"
        elif rule.keep_for is not None and age >= rule.keep_for.seconds:
            why = f"{ended}, kept for {rule.keep_for}"
        else:
            goes, why = False, f"{ended}" + (f", kept for {rule.keep_for}" if rule.keep_for else "")
        yield Verdict(one, goes, why, policy.name, goes and policy.export)


def _newest_first(one: Item) -> tuple[float, str]:
    assert one.ended_at is not None, "what has no end stays whatever a policy says"
    return -one.ended_at.timestamp(), one.uid


def part_of_jobs(verdicts: Iterable[Verdict]) -> float:
    """Which part of the finished Jobs goes, from 0 to 1."""
    finished = [one for one in verdicts if not one.item.is_run and one.item.status]
    return sum(one.goes for one in finished) / len(finished) if finished else 0.0
