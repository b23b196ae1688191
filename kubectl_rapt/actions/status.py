"""How Rapt stands in a cluster: whether it answers, what is installed, what is there, and what is wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kubectl_rapt.actions import drift, find, install, listing, schedule, stuck
from kubectl_rapt.actions.drift import Drift
from kubectl_rapt.errors import NotFound, RaptError, Refused
from kubectl_rapt.model import digits, names, shell
from kubectl_rapt.model.kinds import (
    CRON_JOB,
    CUSTOM_RESOURCE_DEFINITION,
    TOOL,
    VALIDATING_ADMISSION_POLICY,
    Manifest,
    Ref,
    ref_of,
)
from kubectl_rapt.objects import admission, crds, labels, reading, tools
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed, standing
from kubectl_rapt.templating import declared, places

Standing = Literal["ok", "missing", "changed", "older", "newer", "not-served", "unknown"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of Rapt's kinds in the cluster.

    Args:
        name: Such as ``tools.rapt.dev``.
        standing: Whether it is there as this Rapt needs it.
        format: The format that is installed; empty where none is, or nobody may look.
        created: When it was installed.
    """

    name: str
    standing: Standing
    format: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand.

    Args:
        context: The kube context.
        server: The API server.
        namespace: The namespace that was looked at; empty for all.
        minor_version: Of the server; None where it does not answer.
        user: Whom the server takes one for.
        kinds: Rapt's kinds.
        tools: How many tools each namespace has.
        runs: How many runs have each state.
        problems: What is broken.
        notes: What a person may want to look at, and is not broken.
        synced: The environment's objects against the config repository; None where none is asked for, or nobody can
            tell.
    """

    context: str
    server: str
    namespace: str
    minor_version: int | None = None
    user: str = ""
    kinds: Sequence[Kind] = ()
    tools: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()
    synced: Drift | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is broken, and every object is as the config repository says."""
        return self.verdict == "healthy"

    @property
    def verdict(self) -> Literal["healthy", "drifted", "broken"]:
        """The whole in one word."""
        if self.problems:
            return "broken"
        return "drifted" if self.synced and self.synced.objects else "healthy"


def status(world: World, namespace: str, tool: str = "", environment: str = "") -> Status:
    """Look at everything; what cannot be looked at is a problem, and never an error.

    Args:
        world: Where to read.
        namespace: Where; empty for everywhere.
        tool: Only of this tool; empty for all.
        environment: The environment whose objects are compared with the config repository; empty for none.

    Raises:
        NotFound: There is no such tool.
    """
    context = world.cluster.context()
    seen = Status(context.name, context.server, namespace)
    try:
        version, user = world.cluster.minor_version(), world.cluster.user()
    except RaptError as error:
        return _with(seen, problems=[f"the cluster does not answer: {error.message}"])
    found_kinds = kinds(world)
    problems = [_PROBLEMS[one.standing].format(one) for one in found_kinds if one.standing in _PROBLEMS]
    notes: list[str] = []
    found: dict[str, int] = {}
    states: Counter[str] = Counter()
    try:
        for manifest in _tools(world, namespace, tool):
            where = manifest["metadata"]["namespace"]
            found[where] = found.get(where, 0) + 1
            if wrong := _wrong(manifest):
                problems.append(f"tool/{manifest['metadata']['name']} in namespace {where}: {wrong}")
        runs = listing.found(world, listing.Wanted(namespace, tool=tool))
        for text in runs.packed:
            states[listed.line(listed.unpacked(text)).state] += 1
        notes += _notes(runs)
        held = stuck.found(world, namespace, tool=tool)
        notes += [f"schedule of {one.tool} is {one.told(world.now())}" for one in held]
        notes += _suspended(world, namespace, tool)
    except NotFound as error:
        if error.code == "no-tool":
            raise
    except RaptError as error:
        problems.append(error.message)
    if states["Exhausted"]:
        notes.append(f"{states['Exhausted']} runs used up their attempts: kubectl rapt runs --status dead")
    synced = None
    if environment:
        try:
            synced = drift.drift(world, environment)
        except RaptError as error:
            notes.append(f"{environment} cannot be compared with its repository: {error.message}")
    return Status(
        seen.context,
        seen.server,
        namespace,
        version,
        user,
        found_kinds,
        dict(sorted(found.items())),
        dict(sorted(states.items())),
        problems,
        notes,
        synced,
    )


def _notes(found: listing.Listing) -> list[str]:
    """What a person may want to know of runs that do not end, and of those that have ended with nobody there."""
    notes = []
    lines = [listed.line(listed.unpacked(text)) for text in found.packed]
    waiting = Counter(one.status.rpartition(":")[2] for one in lines if one.state == standing.WAITING)
    if waiting:
        said = ", ".join(f"{count} for {word}" for word, count in waiting.most_common())
        wait = "run waits" if waiting.total() == 1 else "runs wait"
        notes.append(f"{waiting.total()} {wait}: {said}: kubectl rapt runs --status waiting")
    notes += found.left()
    return notes + [f"run {one}" for one in found.remarks]


def _suspended(world: World, namespace: str, tool: str) -> list[str]:
    """The schedules that do not fire until somebody resumes them; none if the person may not look."""
    selector = labels.selector({labels.TOOL: tool}) if tool else labels.TOOL
    try:
        found = [
            one
            for one in world.cluster.list(CRON_JOB, namespace, labels=selector)
            if one["spec"].get("suspend")
        ]
    except RaptError:
        return []
    notes = []
    for one in sorted(found, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"])):
        name, where = one["metadata"]["labels"][labels.TOOL], one["metadata"]["namespace"]
        by = schedule.suspension(one)
        how = f"was {by}" if by else "is suspended"
        there = "" if namespace else f" -n {shell.word(where)}"
        notes.append(f"schedule of {name} {how}: kubectl rapt schedule resume {shell.word(name)}" + there)
    return notes


def kinds(world: World) -> list[Kind]:
    """How each of Rapt's kinds stands in the cluster.

    Raises:
        Unavailable, Refused: The cluster does not say.
    """
    return [
        _kind(world, manifest)
        for manifest in crds.manifests()
        if manifest["kind"] == "CustomResourceDefinition"
    ]


def _with(seen: Status, problems: list[str]) -> Status:
    return Status(seen.context, seen.server, seen.namespace, problems=problems)


_PROBLEMS = {
    "missing": "{0.name} is not installed: an administrator types kubectl rapt install",
    "older": "{0.name} is of an older Rapt, format {0.format}: an administrator types kubectl rapt install",
    "not-served": "{0.name} is installed, and the API server does not serve it",
}


def _kind(world: World, manifest: Manifest) -> Kind:
    name = manifest["metadata"]["name"]
    try:
        live = world.cluster.get(Ref(CUSTOM_RESOURCE_DEFINITION, name))
    except NotFound:
        return Kind(name, "missing")
    except Refused:
        return _unseen(world, name)
    metadata = live["metadata"]
    found = (metadata.get("annotations") or {}).get(labels.SCHEMA, "0")
    made = metadata["creationTimestamp"]
    conditions = (live.get("status") or {}).get("conditions") or ()
    if not any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
        return Kind(name, "not-served", found, made)
    number = digits.whole(found) or 0
    standing: Standing = "ok" if number == crds.FORMAT else "older" if number < crds.FORMAT else "newer"
    return Kind(name, standing, found, made)


def guards(world: World) -> list[Kind]:
    """How each admission policy of Rapt and its binding stands; none where the API server has no such kind.

    Raises:
        Unavailable: The cluster does not say.
    """
    if not install.is_guarded(world):
        return []
    return [_guard(world, manifest) for manifest in admission.manifests(crds.FORMAT)]


def _guard(world: World, manifest: Manifest) -> Kind:
    is_policy = manifest["kind"] == VALIDATING_ADMISSION_POLICY.name
    name = f"{'policy' if is_policy else 'binding'} {manifest['metadata']['name']}"
    try:
        live = find.perhaps(world, ref_of(manifest))
    except Refused:
        return Kind(name, "unknown")
    if live is None:
        return Kind(name, "missing")
    found = (live["metadata"].get("annotations") or {}).get(labels.SCHEMA, "0")
    made = live["metadata"]["creationTimestamp"]
    if (digits.whole(found) or 0) > crds.FORMAT:
        return Kind(name, "newer", found, made)
    if admission.is_as_installed(live, manifest):
        return Kind(name, "ok", found, made)
    return Kind(name, "changed" if found == str(crds.FORMAT) else "older", found, made)


def _unseen(world: World, name: str) -> Kind:
    """Who may not look at definitions learns from a list whether there is one."""
    kind = next(one for one in crds.KINDS if name == f"{one.plural}.{one.group}")
    try:
        next(iter(world.cluster.list(kind, world.cluster.namespace())), None)
    except NotFound:
        return Kind(name, "missing")
    except RaptError:
        pass
    return Kind(name, "unknown")


def _tools(world: World, namespace: str, tool: str) -> list[Manifest]:
    found = list(world.cluster.list(TOOL, namespace))
    chosen = [one for one in found if tool in ("", one["metadata"]["name"])]
    if tool and not chosen:
        where = f"namespace {namespace}" if namespace else "any namespace"
        known = [one["metadata"]["name"] for one in found]
        what, near = f'no tool "{tool}" in {where}', names.nearest(tool, known)
        raise find.no_tool(world, tool, what, "kubectl rapt list", near, is_anywhere=not namespace)
    return chosen


def _wrong(manifest: Manifest) -> str:
    """What keeps a tool from being run."""
    try:
        tool = tools.from_manifest(manifest)
        asked = declared.at_run(tool.parameters, any_name=tool.is_predecessors)
        placed = [(one, data.get("at", ())) for one, data in zip(asked, tool.parameters, strict=True)]
        faults = places.check(tool.job, placed)
        if not tool.job["spec"]["template"]["spec"]["containers"][0]["image"]:
            return "it has no image"
        return "; ".join(f"{one.where}: {one.what}" for one in faults)
    except (RaptError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return reading.why(error)
