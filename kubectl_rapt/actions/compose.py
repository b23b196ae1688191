"""From the files that people edit to the whole change: everything that follows from them, rendered anew."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from kubectl_rapt.actions import build, hand_edits, propose, repository
from kubectl_rapt.actions.build import Built, Wanted
from kubectl_rapt.actions.composition import Composition, Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, places, project
from kubectl_rapt.config.changes import Change, Draft
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import RaptError, Refused
from kubectl_rapt.guard import secrets, sops
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.plan import CommitFiles, Plan
from kubectl_rapt.ports.world import World


def plan(
    world: World,
    make: Make,
    *,
    overwrite: bool = False,
    is_draft: bool | None = None,
    refs: Mapping[str, str] | None = None,
) -> Composition:
    """What a change would do to the repository as it is now: on its branch with its pull request, or on main.

    Args:
        world: Where to read.
        make: What the person asks for.
        overwrite: Whether rendered files that were edited by hand may be replaced.
        is_draft: Whether the pull request is a draft; None leaves that as it is.
        refs: Where the repository's branches are; None: the remote is asked.

    Raises:
        NotFound, Invalid: What is asked for does not fit.
        Refused: ``hand-edited``: a rendered file is not what its tool's file renders to.
        Unavailable: The repository does not answer.
    """
    found = repository.read(world, refs)
    draft = make(found)
    whole = compose(world, found, draft.edits, overwrite=overwrite)
    change = _name(world, found, draft)
    composition = replace(whole, change=change, plan=Plan(notes=draft.notes))
    if not whole.after:
        return composition
    if not whole.is_reviewed:
        return replace(composition, plan=Plan((commit(found, whole, change, changes.MAIN),), draft.notes))
    tip = found.refs.get(f"refs/heads/{change.branch}", "")
    is_waiting = bool(tip) and holds(world, found, tip, whole.after)
    commits = () if is_waiting else (commit(found, whole, change, change.branch),)
    # Who asked first stays its requester.
    said = repository.change_on(world, found, change.branch) if is_waiting else None
    request = propose.request(world, found, whole, said[0] if said else change, is_draft=is_draft)
    return replace(
        composition,
        plan=Plan((*commits, *request.steps), draft.notes),
        is_waiting=is_waiting,
        pull_request=request.seen,
        has_forge=request.has_forge,
    )


def commit(found: Repository, whole: Composition, change: Change, branch: str) -> CommitFiles:
    """The commit that puts a change on main, or on its branch: one that is there goes on, and joins today's main."""
    tip = found.refs.get(f"refs/heads/{branch}", "")
    return CommitFiles(
        repository=found.remote.url,
        branch=branch,
        parent=found.head,
        expected=tip,
        follows="" if branch == changes.MAIN else tip,
        files=whole.after,
        message=change.message,
    )


def holds(world: World, found: Repository, commit: str, files: Mapping[str, bytes | None]) -> bool:
    """Whether a commit has these contents already."""
    there = world.git.files(found.remote, commit)
    return not changes.difference(there, files)


def compose(
    world: World, found: Repository, edits: Mapping[str, bytes | None], *, overwrite: bool = False
) -> Composition:
    """Everything that follows from some edits; change and plan are left empty.

    Raises:
        NotFound, Invalid, Refused: See ``plan``.
        Refused: ``same-place``: two environments would have a tool at one place; ``same-object``: two tools need one
            object.
    """
    edited = {path: content for path, content in {**found.files, **edits}.items() if content is not None}
    before, after = found.project(), project.read(edited)
    secrets.check(secrets.in_file(edited[layout.PROJECT], layout.PROJECT), after.allowed_literals)
    tools = sorted(_affected(before, after, found, edits))
    is_everywhere = layout.PROJECT in edits
    places.check(after, edited, None if is_everywhere else {tool for _, tool in layout.tools(edits)})
    _check_encrypted(found, [*edits, *(layout.rendered(*place) for place in tools)])
    if not overwrite:
        hand_edits.check(world, before, found, tools)
    wanted = [
        Wanted(environment, tool, edited[path])
        for environment, tool in tools
        if (path := layout.definition(environment, tool)) in edited
    ]
    files: dict[str, bytes | None] = dict(edits)
    for environment, tool in tools:
        files[layout.rendered(environment, tool)] = None
    built = tuple(_raised(build.build_many(world, after, wanted)))
    for one in built:
        files |= one.files
    whole = {path: text for path, text in {**edited, **files}.items() if text is not None}
    places.check_objects(
        after, whole, ((one.environment, one.installation.tool, one.objects) for one in built)
    )
    runs = layout.reviewed_runs(edits)
    names = dict.fromkeys(environment for environment, _ in (*tools, *runs))
    environments = tuple(
        (after if name in after.environments else before).environment(name) for name in names
    )
    files |= _clusters(world, edited[layout.PROJECT], environments)
    changed = changes.difference(found.files, files)
    return Composition(
        Change("", (), ""),
        Plan(),
        built,
        {path: found.files[path] for path in changed if path in found.files},
        {path: content for path, content in changed.items() if content is not None or path in found.files},
        environments,
        is_reviewed=bool(runs)
        or any(one.is_reviewed for one in environments or before.environments.values()),
    )


def _affected(
    before: Project, after: Project, found: Repository, edits: Mapping[str, bytes | None]
) -> set[tuple[str, str]]:
    """The tools to render: those that are edited, and all of an environment for which other things hold now."""
    tools = set(layout.tools(edits))
    for name, environment in after.environments.items():
        if name in before.environments and after.rendering(environment) != before.rendering(
            before.environments[name]
        ):
            tools |= set(found.tools(name))
    return tools


def _check_encrypted(found: Repository, paths: Iterable[str]) -> None:
    for path in paths:
        if path in found.files and sops.is_encrypted(found.files[path], path):
            what = f"{path} is encrypted by SOPS, and Rapt leaves such files alone"
            raise Refused("encrypted-file", what, "take another name for the tool")


def _raised(built: Iterator[Built | RaptError]) -> Iterator[Built]:
    """What was built; the first error is raised."""
    for one in built:
        if isinstance(one, RaptError):
            raise one
        yield one


def _name(world: World, found: Repository, draft: Draft) -> Change:
    paths = sorted(draft.edits)
    held = [path for path in paths if path in found.files]
    since = ""
    if held:
        since = next((one.id for one in world.git.log(found.remote, found.head, paths=held, limit=1)), "")
    return Change(
        changes.identify(draft.edits, since + draft.replaces),
        tuple(paths),
        draft.summary,
        draft.templates,
        _requester(world),
    )


def _requester(world: World) -> str:
    """Who asks; a dry run works for somebody whom git does not know yet, and a commit says so itself."""
    try:
        return world.git.identity()
    except RaptError:
        return ""


def _clusters(world: World, text: bytes, environments: Iterable[Environment]) -> dict[str, bytes]:
    """``rapt.yaml`` with the environment's cluster recorded, where nobody did so before and the cluster answers."""
    unknown = [one for one in environments if not one.cluster]
    if len(unknown) != 1:
        return {}  # the cluster that answers is one environment's, and nobody says which
    try:
        uid = world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    except RaptError:
        return {}
    return {layout.PROJECT: project.record_cluster(text.decode(), unknown[0].name, uid).encode()}
