"""Reviewed runs: asked for as a change to the config repository, and executed once after its merge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from kubectl_rapt.actions import advance, desired, find
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, reviewed_runs
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.errors import Conflict, RaptError, Refused
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.kinds import RUN, TOOL, Ref
from kubectl_rapt.objects import labels, owners, runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers

_TOLD_FOR = timedelta(days=7)
"""How long it is said of a run that it came too late."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of one reviewed run.

    Args:
        name: Its name.
        what: ``started``, ``too late`` or ``refused``.
        why: Why, where it was not started.
    """

    name: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        return f"run.{RUN.group}/{self.name} {self.what}{f': {self.why}' if self.why else ''}"


def draft(world: World, wanted: Run, environment_name: str) -> Make:
    """The change that asks for a run; the same request again is the same change.

    Args:
        world: Where to read.
        wanted: The run; its ``not_after`` is set.
        environment_name: Where it is to go on.

    Raises:
        Conflict: ``request-differs``: its name was asked for with something else.
        Refused: ``bad-not-after``, ``other-namespace``.
    """

    def make(found: Repository) -> Draft:
        environment = found.project().environment(environment_name)
        if wanted.namespace not in environment.all_namespaces:
            what = f"namespace {wanted.namespace} is not one of {environment.name}'s"
            raise Refused("other-namespace", what, f"-n {environment.namespaces[0]}")
        end = wanted.not_after
        assert end is not None, "a reviewed run has an end"
        if not world.now() < end <= world.now() + reviewed_runs.LONGEST:
            what = f"--not-after is to be within {reviewed_runs.LONGEST.days} days from now"
            raise Refused("bad-not-after", what, "--not-after 24h")
        marks = labels.of_environment(found.project().id, environment.name)
        run = replace(wanted, labels={**wanted.labels, **marks})
        path = layout.run(environment.name, run.name)
        content = _known(world, found, path)
        if content is not None:
            _check_same(content, path, run)
        summary = f"run {run.tool} in {environment.name}: {run.name}"
        notes = () if content else (f"the run must start before {times.spell(end)}",)
        return Draft({path: content or reviewed_runs.spell(run)}, summary, notes=notes)

    return make


def check_folder(world: World, wanted: Run, environment_name: str) -> None:
    """Make sure that no controller applies the file of a run: it would be created at once, and anew when deleted.

    What the user may not read is not judged.

    Raises:
        Refused: ``applied-folder``.
    """
    tool = find.perhaps(world, Ref(TOOL, wanted.tool, wanted.namespace))
    owner = owners.owner_of(tool) if tool else None
    if owner is None or not owner.namespace:
        return
    try:
        folder = owners.applied_folder(world.cluster.get(owner.ref))
    except RaptError:
        return
    path = layout.run(environment_name, wanted.name)
    if folder is not None and layout.is_inside(path, folder):
        what = f"{owner} applies {folder or 'the whole repository'}, and {path} would be in it"
        raise Refused("applied-folder", what, f"let it apply {layout.rendered_folder(environment_name)}")


def _known(world: World, found: Repository, path: str) -> bytes | None:
    """The file as it was asked for already: on main, or on the branch where it waits."""
    if path in found.files:
        return found.files[path]
    environment, name = layout.run_of(path) or ("", "")
    start = f"{changes.BRANCHES}{environment}/{name}/"
    for ref, tip in sorted(found.refs.items()):
        if ref.startswith(start):
            there = world.git.files(found.remote, tip)
            if path in there:
                return there[path]
    return None


def _check_same(content: bytes, path: str, run: Run) -> None:
    from kubectl_rapt import documents

    data = documents.load(content, path)
    if not isinstance(data, dict) or (data.get("spec") or {}).get("digest") != run.digest:
        what = f'run "{run.name}" was asked for with something else'
        raise Conflict("request-differs", what, f"--request-id {run.name}-2")


def read(world: World, found: Repository, environment_name: str, name: str) -> Run:
    """A reviewed run as main has it.

    Raises:
        Invalid: ``bad-reviewed-run``.
    """
    project = found.project()
    path = layout.run(environment_name, name)
    environment = project.environment(environment_name)
    return reviewed_runs.read(found.files[path], path, name, environment, project, world.now())


def execute(
    world: World,
    writers: Writers | None,
    found: Repository,
    environment_name: str,
    tell: Callable[[Executed], None],
) -> None:
    """Start every reviewed run of an environment that is on main, not in the cluster, and not too late.

    Its name is the lock: however often and by however many this is done, it is started once.

    Args:
        world: Where to read.
        writers: The door's ports; None for a dry run.
        found: The config repository.
        environment_name: The environment.
        tell: Called with each that something is to be said of.

    Raises:
        Refused: The kube context points at another cluster than the environment's.
        NotFound: There is no such environment.
    """
    places = layout.reviewed_runs(found.files, environment_name)
    if not places:
        return
    desired.check_cluster(world, found.project().environment(environment_name))
    for _, name in places:
        try:
            for one in _execute(world, writers, found, environment_name, name):
                tell(one)
        except RaptError as error:
            tell(Executed(name, "refused", error.message))


def _execute(
    world: World, writers: Writers | None, found: Repository, environment_name: str, name: str
) -> Iterator[Executed]:
    run = read(world, found, environment_name, name)
    manifest = find.perhaps(world, Ref(RUN, name, run.namespace))
    if manifest is not None:
        there = runs.from_manifest(manifest)
        if there.digest != run.digest:
            hint = f"kubectl rapt run {shell.word(run.tool)} --review --request-id {run.name}-2"
            raise Conflict("request-differs", f'another run has the name "{run.name}"', hint)
        if there.attempts or there.is_finished:
            return
    elif run.not_after and world.now() >= run.not_after:
        if world.now() < run.not_after + _TOLD_FOR:
            yield Executed(name, "too late", f"it was to begin before {times.spell(run.not_after)}")
        return
    if writers:
        if run.requested_by != (user := world.cluster.user()):
            asked = {labels.ASKED_BY: run.requested_by}
            run = replace(run, requested_by=user, annotations={**run.annotations, **asked})
        seen = Seen(run)
        running.start(world, writers, advance.observe(world, seen) if manifest else seen)
    yield Executed(name, "started")
