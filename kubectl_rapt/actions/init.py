"""Set up a config repository of one's own, and the settings that name it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from kubectl_rapt.actions import propose, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, owners, project, settings
from kubectl_rapt.config.project import Environment, Profile, Project
from kubectl_rapt.errors import RaptError
from kubectl_rapt.guard import secrets
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.plan import CommitFiles, CreateRepository, Plan, Step, WriteSettings
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World

DEV, PROD = "dev", "prod"
_MESSAGE = "Begin the config repository\n"


def create(world: World, path: str) -> Plan:
    """The first step: an empty repository in a folder. Raises Invalid where the settings could not name it."""
    return Plan((CreateRepository(path),), tuple(_replaced(world, path)))


def plan(world: World, path: str, reviewers: Sequence[str] = ()) -> Plan:
    """What a repository that exists, and the settings that name it, still lack.

    Args:
        world: Where to read.
        path: The repository's address: a folder, or where a remote one is.
        reviewers: Who is to own what Rapt writes, on a forge.

    Raises:
        NotFound: It has other branches, but no main.
        Unavailable: It cannot be read.
    """
    found = repository.read_at(world, Remote(path))
    steps: list[Step] = []
    notes = _replaced(world, path)
    uid = _cluster(world)
    owned, more = _owners(world, found, reviewers)
    notes += more
    is_new = layout.PROJECT not in found.files
    if is_new:
        wanted = _project(world, uid)
        files = {layout.PROJECT: project.spell(wanted).encode(), **owned}
        steps.append(CommitFiles(path, changes.MAIN, found.head, found.head, files, _MESSAGE))
    else:
        wanted = found.project()
        text = found.files[layout.PROJECT].decode()
        for name, environment in wanted.environments.items():
            if uid and not environment.cluster:
                text = project.record_cluster(text, name, uid)
        files = {
            path: content
            for path, content in {layout.PROJECT: text.encode(), **owned}.items()
            if content != found.files.get(path)
        }
        if files:
            message = f"Complete {' and '.join(files)}\n"
            steps.append(CommitFiles(path, changes.MAIN, found.head, found.head, files, message))
    if (
        (place := wanted.environments.get(PROD))
        and is_new
        and place.namespaces != (world.cluster.namespace(),)
    ):
        notes.append(f"{PROD} is to live in namespace {place.namespaces[0]}, which is there")
    if shared := _shared(wanted):
        notes.append(shared)
    if not uid:
        notes.append("the cluster did not say which one it is; the first add records it")
    mine = replace(world.settings, repository=path, environment=_default(world, wanted))
    if mine != world.settings:
        steps.append(WriteSettings(settings.spell(mine)))
    return Plan(tuple(steps), tuple(notes))


def _owners(world: World, found: Repository, wanted: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """``CODEOWNERS``, where there is a forge that reads it and nobody wrote one; and notes."""
    if not wanted:
        return {}, []
    kind = world.forge.kind(propose.address(found))
    if kind == "none":
        return {}, [f"plain git has no {owners.PATH}, and none was written"]
    content = owners.spell(kind, wanted).encode()
    if found.files.get(owners.PATH, content) != content:
        return {}, [f"{owners.PATH} is there already, and was left as it is"]
    return {owners.PATH: content}, []


def _replaced(world: World, path: str) -> list[str]:
    before = world.settings.repository
    is_other = before and before != path
    return (
        [f"your settings named another config repository before: {secrets.redact(before)}"]
        if is_other
        else []
    )


def _default(world: World, wanted: Project) -> str:
    """The environment to use where none is named: never a reviewed one."""
    free = [name for name, environment in wanted.environments.items() if not environment.is_reviewed]
    return world.settings.environment if world.settings.environment in free else next(iter(free), "")


def _project(world: World, uid: str) -> Project:
    namespace = world.cluster.namespace()
    return Project(
        id=world.random(4).hex(),
        environments={
            DEV: Environment(DEV, (namespace,), uid, is_reviewed=False, profile="standard"),
            PROD: Environment(
                PROD, (_production(world, namespace),), uid, is_reviewed=True, profile="standard"
            ),
        },
        profiles={
            "standard": Profile(
                resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            )
        },
    )


def _shared(wanted: Project) -> str:
    """What to say of environments that are one place; nothing where each is its own."""
    for one, other in combinations(wanted.environments.values(), 2):
        namespaces = set(one.namespaces) & set(other.namespaces)
        if one.cluster == other.cluster and namespaces:
            where = f"{one.name} and {other.name} share namespace {min(namespaces)}: a tool can be in one of them only"
            return f"{where}, until {layout.PROJECT} gives {other.name} its own"
    return ""


def _production(world: World, namespace: str) -> str:
    """The namespace for ``prod``: one that is there and named like a sibling of ``dev``'s; else ``dev``'s own."""
    head = "" if namespace == "default" else namespace.removesuffix(DEV).rstrip("-")
    sibling = f"{head}-{PROD}" if head else PROD
    try:
        world.cluster.get(Ref(NAMESPACE, sibling))
    except RaptError:
        return namespace
    return sibling


def _cluster(world: World) -> str:
    """The UID of the cluster, where the person may know it; init works without a cluster."""
    try:
        return str(world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"])
    except RaptError:
        return ""
