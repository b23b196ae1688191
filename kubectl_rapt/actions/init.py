"""Set up a config repository of one's own, and the settings that name it."""

from dataclasses import replace

from kubectl_rapt.config import changes, layout, project, settings
from kubectl_rapt.config.project import Environment, Profile, Project
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.plan import CommitFiles, CreateRepository, Plan, Step, WriteSettings
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World

DEV, PROD = "dev", "prod"
_MESSAGE = "Begin the config repository\n"


def create(path: str) -> Plan:
    """The first step: an empty repository in a folder."""
    return Plan((CreateRepository(path),))


def plan(world: World, path: str) -> Plan:
    """What a repository that exists, and the settings that name it, still lack.

    Args:
        world: Where to read.
        path: The repository's folder.

    Raises:
        Unavailable: It cannot be read.
    """
    remote = Remote(path)
    head = world.git.fetch(remote).get(f"refs/heads/{changes.MAIN}", "")
    steps: list[Step] = []
    notes = []
    uid = _cluster(world)
    if not head:
        files = {layout.PROJECT: project.spell(_project(world, uid)).encode()}
        steps.append(CommitFiles(path, changes.MAIN, "", "", files, _MESSAGE))
    elif uid:
        current = world.git.files(remote, head)[layout.PROJECT].decode()
        text = current
        for name, environment in project.read({layout.PROJECT: text.encode()}).environments.items():
            if not environment.cluster:
                text = project.record_cluster(text, name, uid)
        if text != current:
            files = {layout.PROJECT: text.encode()}
            steps.append(
                CommitFiles(path, changes.MAIN, head, head, files, "Record the cluster of the environments\n")
            )
    if not uid:
        notes.append("the cluster did not say which one it is; the first add records it")
    wanted = replace(world.settings, repository=path, environment=world.settings.environment or DEV)
    if wanted != world.settings:
        steps.append(WriteSettings(settings.spell(wanted)))
    return Plan(tuple(steps), tuple(notes))


def _project(world: World, uid: str) -> Project:
    namespace = world.cluster.context().namespace
    return Project(
        id=world.random(4).hex(),
        environments={
            DEV: Environment(DEV, (namespace,), uid, is_reviewed=False, profile="standard"),
            PROD: Environment(PROD, (namespace,), uid, is_reviewed=True, profile="standard"),
        },
        profiles={
            "standard": Profile(
                resources={"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            )
        },
    )


def _cluster(world: World) -> str:
    """The UID of the cluster, where the person may know it; init works without a cluster."""
    try:
        return str(world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"])
    except RaptError:
        return ""
