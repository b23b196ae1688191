"""Clean up: read what has finished, decide what goes, export its evidence, delete exactly that."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from kubectl_rapt import writes
from kubectl_rapt.actions import evidence, find, rights, threads
from kubectl_rapt.config import location
from kubectl_rapt.errors import Conflict, NotFound, Problem, RaptError, Refused, Unavailable, UsageError
from kubectl_rapt.model import causes, names, shell, times
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import CLEANUP_POLICY, JOB, RUN, TOOL, Kind, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Delete
from kubectl_rapt.objects import cleanup_policies, jobs, labels, tools
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule
from kubectl_rapt.objects.runs import EXHAUSTED
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed, retention
from kubectl_rapt.runs.retention import Item, Verdict
from kubectl_rapt.templating import policies as policy_files
from kubectl_rapt.writes import Writers

AT_ONCE = 8
MOST_SKEW = timedelta(minutes=1)
"""How far apart the clocks of this machine and of the API server may be where something is deleted by its age."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person asks to be cleaned.

    Args:
        namespace: Where; empty for everywhere.
        tools: The tools; empty for all.
        older_than: The age of Jobs that go, whatever policies say of ages; Runs then stay.
        statuses: How what goes has ended; empty for every way.
        policy: The policy that decides, whatever the tools say; empty for the tools' own.
        labels: A label selector for what may go; policies still count what it leaves out.
    """

    namespace: str
    tools: tuple[str, ...] = ()
    older_than: Duration | None = None
    statuses: tuple[str, ...] = ()
    policy: str = ""
    labels: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it down."""
        return not (self.tools or self.older_than or self.statuses or self.policy or self.labels)


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes and what stays.

    Args:
        verdicts: One for each Job and Run, Jobs first.
        broken: The objects that could not be read; they stay.
    """

    verdicts: tuple[Verdict, ...]
    broken: tuple[Problem, ...] = ()

    @property
    def going(self) -> list[Verdict]:
        """What is to be deleted, in that order."""
        return [one for one in self.verdicts if one.goes]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one deletion: ``changed`` is somebody else's doing, and the object stays."""

    verdict: Verdict
    what: Literal["deleted", "gone", "changed", "failed"]
    why: str = ""


def plan(world: World, scope: Scope) -> Plan:
    """Read and decide.

    Raises:
        NotFound: There is no such policy, and no such tool nor anything of it; Rapt is not installed.
        UsageError: Both an age and a policy are given.
        Refused, Unavailable: The cluster cannot be read.
    """
    if scope.older_than is not None and scope.policy:
        raise UsageError(
            "bad-flag", "--older-than and --policy say different things", "kubectl rapt clean --help"
        )
    selector = f"{labels.TOOL} in ({','.join(sorted(scope.tools))})" if scope.tools else labels.TOOL
    broken: list[Problem] = []
    policies = Policies(world, scope, broken)

    def read(kind: Kind, item: Callable[[Manifest], Item]) -> list[Item]:
        manifests = find.of_environment(world, world.cluster.list(kind, scope.namespace, labels=selector))
        return _read(manifests, lambda one: policies.measured(item(one), one), broken)

    # Runs first: a Job that began in between is unfinished, and one whose Run was not there yet is its Run's.
    runs = read(RUN, retention.of_run)
    found = read(JOB, lambda one: retention.of_job(one, jobs.from_manifest(one)))
    verdicts = retention.decide(
        found,
        runs,
        policies.of,
        world.now(),
        statuses=scope.statuses,
        jobs_only=scope.older_than is not None,
    )
    has_any = {one.item.tool for one in verdicts}
    for tool in scope.tools if scope.namespace and not broken else ():
        if tool not in has_any:
            find.tool(world, tool, scope.namespace, "clean")
    if scope.labels:
        chosen = _labelled(world, scope, selector)
        verdicts = [one for one in verdicts if one.item.ref in chosen]
    return Plan(tuple(verdicts), tuple(broken))


def _labelled(world: World, scope: Scope, selector: str) -> set[Ref]:
    """What a person's own selector chooses."""
    return {
        ref_of(one)
        for kind in (RUN, JOB)
        for one in world.cluster.list(kind, scope.namespace, labels=f"{selector},{scope.labels}")
    }


def _read(manifests: Iterable[Manifest], read: Callable[[Manifest], Any], broken: list[Problem]) -> list[Any]:
    found = []
    for manifest in manifests:
        try:
            found.append(read(manifest))
        except Exception as error:  # whatever somebody has put there, the others are read
            why = error.message if isinstance(error, RaptError) else f"cannot be read: {error!r}"
            broken.append(Problem(_name(manifest), why))
    return found


def _name(manifest: Manifest) -> str:
    metadata = manifest.get("metadata") or {}
    return f"{str(manifest.get('kind')).lower()}/{metadata.get('name')} in {metadata.get('namespace')}"


class Policies:
    """What governs each item: what was asked for, what its tool says, or what its label names.

    Args:
        world: Where to read.
        scope: What a person asks to be cleaned.
        broken: Takes the objects that could not be read.
    """

    def __init__(self, world: World, scope: Scope, broken: list[Problem]) -> None:
        self._world, self._scope = world, scope
        fields = f"metadata.name={scope.tools[0]}" if len(scope.tools) == 1 else ""
        self._tools: dict[tuple[str, str], Tool | None] = {}
        for manifest in world.cluster.list(TOOL, scope.namespace, fields=fields):
            metadata = manifest["metadata"]
            self._tools[metadata["namespace"], metadata["name"]] = next(
                iter(_read([manifest], _outline, broken)), None
            )
        self._unknown = "is not known here"
        self._shipped: dict[str, CleanupPolicy] | None = None
        self._objects: dict[tuple[str, str], CleanupPolicy] = dict(self._read_objects(broken))
        self._by_age = [_by_age(scope.older_than, export=export) for export in (False, True)]
        if scope.policy:
            self._check(scope.policy)

    def of(self, item: Item) -> CleanupPolicy | str | None:
        """See ``retention.PolicyOf``."""
        # A failure becomes a Run only while its tool is there: after that, nobody can record it any more.
        if item.is_unrecorded and (item.ref.namespace, item.tool) in self._tools:
            return "no Run has recorded this failure yet: kubectl rapt reconcile"
        if self._scope.policy:
            return self._named(item.ref.namespace, self._scope.policy)
        own = self._own(item)
        if self._scope.older_than is None:
            return own
        return self._by_age[isinstance(own, CleanupPolicy) and own.export]

    def governed_jobs(self) -> list[str]:
        """The names of the tools whose own policy lets Jobs go; what else may go, names its policy by a label."""
        said = (
            (tool.name, tool.cleanup or self._named(tool.namespace, tool.cleanup_policy))
            for tool in self._tools.values()
            if tool
        )
        return sorted({name for name, policy in said if isinstance(policy, CleanupPolicy) and policy.jobs})

    def measured(self, item: Item, manifest: Manifest) -> Item:
        """The item with its size, where that matters to what governs it."""
        policy = self.of(item)
        is_wanted = isinstance(policy, CleanupPolicy) and any(
            rule.max_size is not None for rule in (*policy.jobs, *policy.runs)
        )
        return retention.measured(item, manifest) if is_wanted else item

    def _own(self, item: Item) -> CleanupPolicy | str | None:
        key = (item.ref.namespace, item.tool)
        tool = self._tools.get(key)
        if tool is None:
            return (
                f"tool/{item.tool} cannot be read" if key in self._tools else self._named(key[0], item.policy)
            )
        return tool.cleanup or self._named(tool.namespace, tool.cleanup_policy)

    def _named(self, namespace: str, name: str) -> CleanupPolicy | str | None:
        if not name:
            return None
        found = self._objects.get((namespace, name)) or self._bundled().get(name)
        return found or f"its policy {name} {self._unknown}"

    def _read_objects(self, broken: list[Problem]) -> list[tuple[tuple[str, str], CleanupPolicy]]:
        """The CleanupPolicy objects; none where an older Rapt has installed no such kind, or rights to it.

        What cannot be read may say that things are kept: then no policy of that name is taken from elsewhere.
        """
        try:
            return _read(self._world.cluster.list(CLEANUP_POLICY, self._scope.namespace), _named, broken)
        except (NotFound, Refused) as error:
            if isinstance(error, Refused):
                if self._scope.policy:
                    raise
                self._shipped, self._unknown = {}, "cannot be read"
            return []

    def _bundled(self) -> dict[str, CleanupPolicy]:
        if self._shipped is None:
            start = "policies/cleanup/"
            self._shipped = {
                policy.name: policy
                for path, text in self._world.bundle.files().items()
                if path.startswith(start)
                for policy in [policy_files.read_cleanup(text, path)]
            }
        return self._shipped

    def _check(self, name: str) -> None:
        known = sorted({*(one for _, one in self._objects), *self._bundled()})
        if name not in known:
            what = f'no cleanup policy "{name}"; available: {", ".join(known)}'
            near = names.nearest(name, known)
            raise NotFound("no-policy", what, f"--policy {shell.word(known[0])} --dry-run=client").meant(
                name, near
            )


def _outline(manifest: Manifest) -> Tool:
    """A tool without its Job and its parameters, of which cleaning needs nothing."""
    return replace(tools.from_manifest(manifest), job={}, parameters=())


def _by_age(age: Duration | None, *, export: bool) -> CleanupPolicy:
    """What --older-than asks for."""
    return CleanupPolicy("--older-than", "", (Rule(keep_for=age),), export=export)


def _named(manifest: Manifest) -> tuple[tuple[str, str], CleanupPolicy]:
    policy = cleanup_policies.from_manifest(manifest)
    return (manifest["metadata"]["namespace"], policy.name), policy


def check_clock(world: World) -> None:
    """Make sure that this machine and the API server agree on the time: ages decide what is deleted.

    Raises:
        Refused: ``clock-differs``: they are more than a minute apart. One of them is wrong, and nobody knows which.
    """
    skew = world.cluster.skew()
    if abs(skew) > MOST_SKEW:
        off = times.spell_seconds(abs(skew.total_seconds()))
        where = "behind" if skew > timedelta(0) else "ahead of"
        what = f"this machine's clock is {off} {where} the API server's, so nothing is deleted by its age"
        raise Refused("clock-differs", what, "kubectl rapt doctor")


def carry_out(
    world: World,
    writers: Writers,
    going: Sequence[Verdict],
    *,
    folder: str,
    export_all: bool = False,
    tell: Callable[[Done], None] = lambda _: None,
) -> list[Done]:
    """Export what is to be exported, then delete: Jobs first, and a Run only after its Jobs.

    Args:
        world: Where to look.
        writers: The door's ports.
        going: What goes, Jobs first.
        folder: Where evidence is exported to.
        export_all: Whether all of it is exported, whatever the policies say.
        tell: Called with each that is over, from several threads.

    Returns:
        What became of each. One that fails does not stop the others.

    Raises:
        Refused: ``no-right``: the user may not delete that, and nothing was deleted; or as ``check_clock``.
        Unavailable: ``export-failed``: nothing was deleted.
    """
    check_clock(world)
    rights.check(world, (("delete", one.item.ref.kind, one.item.ref.namespace) for one in going))
    exported = [one.item.ref for one in going if one.export or export_all]
    if exported:
        try:
            evidence.export(world, writers, exported, folder)
        except Unavailable as error:
            what = f"nothing was deleted: {error.message}"
            raise Unavailable(error.code, what, error.hints, error.problems) from error
    done: list[Done] = []
    for kind in (JOB, RUN):
        stay = {one.verdict.item for one in done if one.what in ("changed", "failed")}
        done += threads.each(partial(_deleted, writers, stay, tell), _of(kind, going), AT_ONCE)
    return done


def _deleted(
    writers: Writers, stay: Collection[Item], tell: Callable[[Done], None], verdict: Verdict
) -> Done:
    done = _delete(writers, stay, verdict)
    tell(done)
    return done


def _of(kind: Kind, going: Sequence[Verdict]) -> list[Verdict]:
    return [one for one in going if one.item.ref.kind == kind]


def _delete(writers: Writers, stay: Collection[Item], verdict: Verdict) -> Done:
    item = verdict.item
    kept = next((job for job in stay if item.uid in job.owners or job.uid in item.jobs), None)
    if kept is not None:
        return Done(verdict, "changed", f"{kept.ref} stays")
    step = Delete(item.ref, item.uid, item.resource_version, "Background")
    try:
        writes.apply(writers, step)
        return Done(verdict, "deleted")
    except NotFound:
        return Done(verdict, "gone")
    except Conflict as error:
        return Done(verdict, "changed", error.message)
    except Exception as error:  # whatever it is about one object, the others go on
        if location.concerns_all(error):
            raise
        return Done(verdict, "failed", error.message if isinstance(error, RaptError) else repr(error))


def with_statuses(scope: Scope, given: Sequence[str]) -> Scope:
    """A scope with the statuses that a flag names, in any case; ``dead`` is ``Exhausted``, as it is for ``runs``.

    Raises:
        UsageError: One is none.
    """
    known = {one.lower(): one for one in (*cleanup_policies.RUN_STATUSES, causes.CANCELLED)}
    known[listed.DEAD] = EXHAUSTED
    for one in given:
        if one.lower() not in known:
            what = f'--status does not take "{one}": it takes {", ".join(known)}'
            raise UsageError("bad-flag", what, f"--status {names.nearest(one, known) or 'failed'}")
    return replace(scope, statuses=tuple(known[one.lower()] for one in given))
