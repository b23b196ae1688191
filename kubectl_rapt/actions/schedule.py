"""Schedules: what they are, stopping them for a while, and running them now or for times that have passed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, attach, find, repository
from kubectl_rapt.actions import run as running
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, UsageError
from kubectl_rapt.model import names, shell, times
from kubectl_rapt.model.kinds import CRON_JOB, JOB, RUN, TOOL, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Delete, Patch
from kubectl_rapt.objects import fields, jobs, labels, runs
from kubectl_rapt.objects.runs import NOT_STARTED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import agenda, lifecycle, listed
from kubectl_rapt.runs.agenda import Entry
from kubectl_rapt.runs.lifecycle import Later, Seen
from kubectl_rapt.writes import Writers

MOST_SLOTS = 1000
"""How many runs one backfill may start."""
SUSPEND = ("spec", "suspend")
"""The field of a CronJob that stops it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One time of a schedule, and what became of it.

    Args:
        at: The time.
        name: The name of its run.
        ran: What has run for it already, such as ``run/backup-29384640``; empty where nothing has.
        never_began: Whether it has a Run that is over and never began anything: it does not count as the slot's.
    """

    at: datetime
    name: str
    ran: str
    never_began: bool = False


def in_cluster(
    world: World, namespace: str, *, environment: str = "", tool: str = "", selector: str = ""
) -> tuple[list[Entry], list[str]]:
    """The schedules of tools in the cluster, and a line on each CronJob that is broken.

    Args:
        world: Where to read.
        namespace: Where; empty for everywhere.
        environment: Only of this one; empty for any.
        tool: Only of this one; empty for any.
        selector: A label selector besides.

    Raises:
        NotFound: ``no-tool``.
    """
    named = {labels.ENVIRONMENT: environment, labels.TOOL: tool}
    own = labels.selector({key: value for key, value in named.items() if value})
    chosen = ",".join(one for one in (own, labels.TOOL, selector) if one)
    found, broken = [], []
    for one in world.cluster.list(CRON_JOB, namespace, labels=chosen):
        try:
            found.append(agenda.from_cron_job(one))
        except Invalid as error:
            broken.append(error.message)
    if tool and not (found or broken):
        # Nobody is to take a slip for a tool without a schedule.
        known = [one["metadata"]["name"] for one in world.cluster.list(TOOL, namespace)]
        if tool not in known:
            what = f'no tool "{tool}" in {f"namespace {namespace}" if namespace else "any namespace"}'
            near = names.nearest(tool, known)
            raise find.no_tool(world, tool, what, "kubectl rapt list", near, is_anywhere=not namespace)
    return found, broken


def in_repository(world: World, environment: str = "", tool: str = "") -> tuple[list[Entry], list[str]]:
    """The same of the config repository: what the tools' files say.

    Raises:
        NotFound, Unavailable, Refused: It cannot be read, or has no such environment or tool.
    """
    found = repository.read(world)
    if environment:
        found.project().environment(environment)
    if tool:
        found.check_named(tool, environment)
    entries, broken = [], []
    for place, name in found.tools(environment):
        if tool not in ("", name):
            continue
        try:
            asked = found.installation(place, name).schedules
        except RaptError as error:
            broken.append(f"{place}/{name} is broken: {error.message}")
            continue
        for index, one in enumerate(asked):
            cron_job = name + (f"-{index + 1}" if index else "")
            entries.append(agenda.checked(Entry(name, place, "", cron_job, one.cron, one.time_zone)))
    return entries, broken


def of_tool(world: World, tool: str, namespace: str, verb: str, number: int = 0) -> list[Manifest]:
    """A tool's CronJobs in the order of its schedules, or the one of that number, counted from 1.

    Raises:
        NotFound: No such tool, it has no schedule, or none of that number.
    """
    mine = labels.selector({labels.TOOL: tool})
    every = find.of_environment(world, world.cluster.list(CRON_JOB, namespace, labels=mine))
    found = sorted(every, key=lambda one: _order(one, tool))
    if not found:
        find.tool(world, tool, namespace, f"schedule {verb}")
        raise _no_schedule(world, tool, namespace, verb)
    if number > len(found) or number < 0:
        has = f"{len(found)} schedule{'' if len(found) == 1 else 's'}"
        raise NotFound("no-schedule", f'tool "{tool}" has {has}, and no number {number}', "--schedule 1")
    return [found[number - 1]] if number else found


def _no_schedule(world: World, tool: str, namespace: str, verb: str) -> NotFound:
    """Names the environments that have a schedule for a tool. Who wants to stop one is not told to add one."""
    what = f'tool "{tool}" has no schedule in namespace {namespace}'
    if places := _scheduled_in(world, tool):
        hints = [f"--in {shell.word(one)}" for one in places]
        return NotFound("no-schedule", f"{what}, but in {', '.join(places)}", hints)
    hint = f"kubectl rapt run {shell.word(tool)}" if verb == "trigger" else "kubectl rapt schedule"
    return NotFound("no-schedule", what, hint)


def _scheduled_in(world: World, tool: str) -> list[str]:
    """The other environments in which a tool has a schedule, as the config repository was when it was last fetched."""
    here = world.location.environment if world.location else ""
    try:
        known = world.git.known(repository.address(world))
        found = repository.read(world, known.refs) if known else None
        places = [place for place, name in found.tools() if name == tool and place != here] if found else []
        return [place for place in places if found and found.installation(place, tool).schedules]
    except RaptError:
        return []


def _order(cron_job: Manifest, tool: str) -> tuple[int, str]:
    name = str(cron_job["metadata"]["name"])
    number = name.removeprefix(f"{tool}-")
    return (int(number) if number.isdecimal() and name != tool else 1), name


def one_of_tool(world: World, tool: str, namespace: str, verb: str, number: int = 0) -> Manifest:
    """The tool's only CronJob, or the one of that number.

    Raises:
        NotFound: As ``of_tool``.
        UsageError: There are several, and none was chosen.
    """
    found = of_tool(world, tool, namespace, verb, number)
    if len(found) > 1:
        said = ", ".join(f"{index} is {one['spec']['schedule']}" for index, one in enumerate(found, 1))
        what = f'tool "{tool}" has {len(found)} schedules: {said}'
        raise UsageError("bad-usage", what, f"kubectl rapt schedule {verb} {shell.word(tool)} --schedule 1")
    return found[0]


@dataclass(frozen=True, slots=True)
class Switch:
    """Stopping or resuming one schedule, decided on what it was.

    Args:
        cron_job: The CronJob as it was read.
        suspend: Whether it is to be stopped.
    """

    cron_job: Manifest
    suspend: bool

    @property
    def ref(self) -> Ref:
        """The CronJob's address."""
        return ref_of(self.cron_job)

    @property
    def changes(self) -> bool:
        """Whether it is not so already."""
        return bool(self.cron_job["spec"].get("suspend")) is not self.suspend

    def step(self, by: str, now: datetime) -> Patch:
        """What is written, also where nothing changes: a switch the other way that was decided before must lose.

        Rendered CronJobs leave ``suspend`` out, so a sync does not undo it.
        """
        metadata = self.cron_job["metadata"]
        said = f"{'suspended' if self.suspend else 'resumed'} by {by} at {now.isoformat()}"
        marks = {"resourceVersion": metadata["resourceVersion"], "annotations": {labels.SWITCHED: said}}
        patch = {"metadata": {"uid": metadata["uid"], **marks}, "spec": {"suspend": self.suspend}}
        return Patch(self.ref, patch)


def carry_out(world: World, writers: Writers, switch: Switch) -> None:
    """Stop or resume a schedule, unless somebody has switched it since it was read.

    Raises:
        Conflict: ``switched-meanwhile``: somebody has; the newer decision stands.
    """
    for attempt in range(_SWITCHES):
        try:
            writes.apply(writers, switch.step(world.cluster.user(), world.now()))
            return
        except Conflict:
            # Kubernetes writes when it fired last; that is no reason to give up.
            found = world.cluster.get(switch.ref)
            if _switched(found) != _switched(switch.cron_job):
                marks = found["metadata"].get("annotations") or {}
                said = _spelled(marks.get(labels.SWITCHED, "switched by someone else"))
                verb = "suspend" if switch.suspend else "resume"
                command = (
                    f"kubectl rapt schedule {verb} {shell.word(found['metadata']['labels'][labels.TOOL])}"
                )
                what = f"{switch.ref} was {said}, after this command had looked at it"
                raise Conflict("switched-meanwhile", what, command) from None
            if attempt == _SWITCHES - 1:
                raise
            switch = replace(switch, cron_job=found)
            writers.pause(attempt)


_SWITCHES = 12


def suspension(manifest: Manifest) -> str:
    """By whom and when a schedule was suspended through Rapt; empty if it is not, or if somebody else did it."""
    said = (manifest["metadata"].get("annotations") or {}).get(labels.SWITCHED, "")
    if manifest["kind"] != CRON_JOB.name or not manifest["spec"].get("suspend"):
        return ""
    # Whoever resumes and suspends it by hand later leaves the annotation as it is.
    is_ours = any(one.manager == lifecycle.MANAGER for one in fields.managers(manifest, SUSPEND))
    return _spelled(said) if is_ours and said.startswith("suspended by ") else ""


def _spelled(said: str) -> str:
    """What is recorded of a switch, with its time in whole seconds: the record tells two within one apart."""
    before, at, moment = said.rpartition(" at ")
    try:
        return f"{before}{at}{times.spell(times.parse(moment))}"
    except ValueError:
        return said


def _switched(cron_job: Manifest) -> tuple[object, ...]:
    metadata, spec = cron_job["metadata"], cron_job["spec"]
    said = (metadata.get("annotations") or {}).get(labels.SWITCHED, "")
    return metadata["uid"], said, bool(spec.get("suspend"))


def trigger(world: World, cron_job: Manifest) -> Run:
    """The run that a schedule would start now: the tool's Job with the answers that are in git.

    Raises:
        NotFound, Invalid, Refused: As ``run``.
    """
    metadata = cron_job["metadata"]
    request = running.Request(metadata["labels"][labels.TOOL], metadata["namespace"], {}, {})
    return _as_scheduled(running.plan_direct(world, request), cron_job)


def _as_scheduled(run: Run, cron_job: Manifest) -> Run:
    return replace(run, schedule=cron_job["metadata"]["name"])


def passed(world: World, cron_job: Manifest, start: datetime, end: datetime, now: datetime) -> list[Slot]:
    """The slots of a schedule from one time to another, both included, and which of them ran.

    Raises:
        UsageError: There is none, the times are the wrong way round or in the future, or there are too many.
    """
    entry = agenda.from_cron_job(cron_job)
    if entry.problem:
        raise UsageError("bad-usage", f"its schedule never fires: {entry.problem}", "kubectl rapt schedule")
    if start > end or end > now:
        what = (
            "--from must be before --to"
            if start > end
            else "--to is in the future, and would be the schedule's"
        )
        first, last = (times.spell(min(one, now)) for one in sorted((start, end)))
        raise UsageError("bad-usage", what, f"--from {shell.word(first)} --to {shell.word(last)}")
    moments = list(agenda.slots(entry, start - timedelta(seconds=1), end, MOST_SLOTS + 1))
    if len(moments) > MOST_SLOTS:
        what = f"those are more than {MOST_SLOTS} slots"
        raise UsageError("bad-usage", what, f"--to {shell.word(times.spell(moments[-2]))}")
    ran, never_began = _ran(world, entry)
    named = {agenda.run_name(entry, one, running.RUN_NAME_LIMIT): one for one in moments}
    # Kubernetes does not cut the name of a Job, and a Run's is cut.
    whole = {name: agenda.run_name(entry, at, jobs.NAME_LIMIT) for name, at in named.items()}
    return [
        Slot(at, name, ran.get(name) or ran.get(whole[name], ""), name in never_began)
        for name, at in named.items()
    ]


def _ran(world: World, entry: Entry) -> tuple[dict[str, str], set[str]]:
    """The names of everything that ran for the tool, and of the Runs that are over and never began.

    Jobs of the schedule have run, and Runs, which outlive them. A Run that has begun nothing yet was half started, or
    waits for its turn, and is gone on with.
    """
    never_began = set()
    mine = labels.selector({labels.TOOL: entry.tool})
    found = {
        one["metadata"]["name"]: f"job/{one['metadata']['name']}"
        for one in world.cluster.list(JOB, entry.namespace, labels=f"{mine},!{labels.RUN}")
    }
    for page in world.cluster.table(RUN, entry.namespace, labels=mine):
        read = listed.reader(page.columns)
        for line in map(listed.line, map(read, page.rows)):
            if line.attempts:
                found[line.name] = f"run/{line.name}"
            elif line.state == NOT_STARTED:
                never_began.add(line.name)
    return found, never_began


def backfilled(world: World, cron_job: Manifest, slot: Slot, parameter: str = "") -> Run:
    """The run for a slot that has passed: its name and its request are the slot's, so there is never a second one.

    Args:
        world: Where to read.
        cron_job: The schedule.
        slot: The slot.
        parameter: The run-time parameter that is answered with the slot's time; empty for none.

    Raises:
        NotFound, Invalid, Refused: As ``run``.
    """
    metadata = cron_job["metadata"]
    answers = {parameter: times.spell(slot.at)} if parameter else {}
    tool = metadata["labels"][labels.TOOL]
    request = running.Request(tool, metadata["namespace"], answers, {}, slot.name)
    run = _as_scheduled(running.plan_direct(world, request), cron_job)
    # The slots of one backfill would refuse each other: they take their turns.
    concurrency = "queue" if run.concurrency == "forbid" else run.concurrency
    return replace(run, slot=slot.at, concurrency=concurrency)


def fill(world: World, writers: Writers, run: Run, slot: Slot) -> Seen:
    """Begin the run of a slot, or have it wait for its turn. A Run that never began is replaced.

    Raises:
        RaptError: What ``advance`` raises; the same request goes on from there.
    """
    if slot.never_began and (found := find.perhaps(world, run.ref)):
        before = runs.from_manifest(found)
        if before.state == NOT_STARTED and not before.attempts:
            writes.apply(writers, Delete(before.ref, before.uid, before.resource_version))
    return advance.advance(world, writers, Seen(run))


def await_turn(world: World, writers: Writers, seen: Seen, tell: Callable[[Later], None]) -> Seen:
    """Wait until a run has begun, or is over without having begun.

    Args:
        world: Where to look.
        writers: The door's ports.
        seen: The run, as ``fill`` left it.
        tell: Called with what it waits for, whenever that is something else.

    Raises:
        RaptError: What ``advance`` raises.
    """
    told = ""
    while isinstance(step := lifecycle.next_step(seen, world.now()), Later):
        assert seen.run is not None, "a run that was advanced exists"
        if seen.run.attempts:
            break
        if step.what != told:
            tell(step)
        told = step.what
        attach.wait_until(world, seen.run, step.at)
        seen = advance.advance(world, writers, advance.observe(world, seen))
    return seen
