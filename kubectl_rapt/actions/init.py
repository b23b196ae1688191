"""Set up a config repository of one's own, and the settings that name it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType

from kubectl_rapt.actions import propose, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, owners, project, settings
from kubectl_rapt.config.project import Environment, Profile, Project
from kubectl_rapt.errors import RaptError, Refused
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.plan import CommitFiles, CreateRepository, Plan, Step, WriteSettings
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World

DEV, PROD = "dev", "prod"
_MESSAGE = "Begin the config repository\n"


def create(world: World, path: str) -> Plan:
    """The first step: an empty repository in a folder. Raises Invalid where the settings could not name it."""
    return Plan((CreateRepository(path),), tuple(_replaced(world, path)))


def plan(
    world: World,
    path: str,
    reviewers: Sequence[str] = (),
    namespaces: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """What a repository that exists, and the settings that name it, still lack.

    Args:
        world: Where to read.
        path: The repository's address: a folder, or where a remote one is.
        reviewers: Who is to own what Rapt writes, on a forge.
        namespaces: The namespace of ``dev`` and of ``prod``, as far as the person named them.

    Raises:
        NotFound: It has other branches, but no main.
        Unavailable: It cannot be read.
        Refused: ``other-namespace``: ``rapt.yaml`` is there, and says other namespaces than were named.
    """
    found = repository.read_at(world, Remote(path))
    steps: list[Step] = []
    notes = _replaced(world, path)
    uid = _cluster(world)
    owned, more = _owners(world, found, reviewers)
    notes += more
    is_new = layout.PROJECT not in found.files
    if is_new:
        wanted = _project(world, uid, namespaces)
        files = {layout.PROJECT: project.spell(wanted).encode(), **owned}
        steps.append(CommitFiles(path, changes.MAIN, found.head, found.head, files, _MESSAGE))
    else:
        wanted = found.project()
        _check_namespaces(wanted, namespaces)
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
        and PROD not in namespaces
        and place.namespaces != wanted.environments[DEV].namespaces
    ):
        notes.append(f"{PROD} is in namespace {place.namespaces[0]}, which exists")
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


def _check_namespaces(wanted: Project, namespaces: Mapping[str, str]) -> None:
    """Make sure that a project which is there has the namespaces that were named. Raises Refused."""
    for name, namespace in namespaces.items():
        has = wanted.environments[name].namespaces if name in wanted.environments else ()
        if namespace not in has:
            what = f"{layout.PROJECT} is there already, and says that {name} has {', '.join(has) or 'no namespace'}"
            raise Refused(
                "other-namespace", what, f"change it in {layout.PROJECT}, with a commit of your own"
            )


def _project(world: World, uid: str, namespaces: Mapping[str, str]) -> Project:
    namespace = namespaces.get(DEV) or world.cluster.namespace()
    live = namespaces.get(PROD) or production(world, namespace)
    return Project(
        id=world.random(4).hex(),
        environments={
            DEV: Environment(DEV, (namespace,), uid, is_reviewed=False, profile="standard"),
            PROD: Environment(PROD, (live,), uid, is_reviewed=True, profile="standard"),
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
            where = f"{one.name} and {other.name} share namespace {min(namespaces)}"
            return f"{where}: give {other.name} its own in {layout.PROJECT}, or a tool can be in one of them only"
    return ""


def production(world: World, namespace: str) -> str:
    """The namespace for ``prod``: one that exists and is named like that of ``dev``; else the same.

    Args:
        world: Where to read.
        namespace: That of ``dev``.
    """
    wanted = sibling(namespace)
    try:
        world.cluster.get(Ref(NAMESPACE, wanted))
    except RaptError:
        return namespace
    return wanted


def sibling(namespace: str) -> str:
    """The name that a namespace for ``prod`` has beside that of ``dev``: ``shop-prod`` beside ``shop-dev``."""
    head = "" if namespace == "default" else namespace.removesuffix(DEV).rstrip("-")
    wanted = f"{head}-{PROD}" if head else PROD
    return wanted if wanted != namespace and names.is_dns_label(wanted) else "shop-prod"


def _cluster(world: World) -> str:
    """The UID of the cluster, where the person may know it; init works without a cluster."""
    try:
        return str(world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"])
    except RaptError:
        return ""
