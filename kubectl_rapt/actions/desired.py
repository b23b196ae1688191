"""What an environment should be, out of the config repository, and what the cluster has of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.actions import find, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, rendered
from kubectl_rapt.config import location as locations
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import NotFound, Problem, RaptError, Refused
from kubectl_rapt.guard import sops
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import CONFIG_MAP, EXTERNAL_SECRET, JOB, NAMESPACE, Kind, Manifest, Ref, ref_of
from kubectl_rapt.objects import jobs, labels, owners, reading
from kubectl_rapt.objects.owners import Owner
from kubectl_rapt.ports.world import World

_FEW = 3
"""How many objects of a kind are asked for one by one before a list of all is cheaper."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What one environment should be.

    Args:
        environment: The environment.
        project: The project it belongs to.
        commit: The commit it was read at.
        objects: Every object, in the order in which it is applied.
        encrypted: The rendered files that SOPS has encrypted: they are left alone.
        refused: The tools whose rendered files hold what they may not, and so have no objects here.
        problems: What is wrong with those files.
    """

    environment: Environment
    project: Project
    commit: str
    objects: tuple[Manifest, ...]
    encrypted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def refusal(self) -> Refused:
        """The error about the refused files; there must be one."""
        hint = "git log -p -- " + self.problems[0].where
        what = f"rendered files of {self.environment.name} hold what they may not"
        return Refused("foreign-object", what, hint, self.problems)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of everything that this environment owns."""
        return labels.of_environment(self.project.id, self.environment.name)

    @property
    def record(self) -> Ref:
        """The address of the ConfigMap that says what was applied."""
        return record_of(self.environment)


@dataclass(frozen=True, slots=True)
class Live:
    """What the cluster has of one environment.

    Args:
        objects: Every object of ours, and every one in the way of a desired one.
        unfinished: The tools that have an unfinished Job.
        record: The ConfigMap that says what was applied; None before the first time.
    """

    objects: Mapping[Ref, Manifest]
    unfinished: frozenset[str]
    record: Manifest | None

    @property
    def commit(self) -> str:
        """The commit that was applied last; empty before the first time."""
        return said(self.record).get("commit", "")

    @property
    def owners(self) -> dict[Ref, Owner]:
        """The objects that Flux or Argo CD applies, with what of theirs does."""
        found = ((ref, owners.owner_of(manifest)) for ref, manifest in self.objects.items())
        return {ref: owner for ref, owner in found if owner}


def record_of(environment: Environment) -> Ref:
    """The address of the ConfigMap that says which commit of an environment was applied."""
    return Ref(CONFIG_MAP, f"rapt-sync-{environment.name}", environment.namespaces[0])


def said(record: Manifest | None) -> Mapping[str, str]:
    """What a record says; nothing where there is none, or where somebody has emptied it."""
    return (record or {}).get("data") or {}


def desired(found: Repository, name: str) -> Desired:
    """Read what an environment should be out of the repository.

    A file with an object that it may not hold, such as one of another kind or in a foreign namespace, is refused whole;
    the others are read.

    Raises:
        NotFound: There is no such environment.
    """
    project = found.project()
    environment = project.environment(name)
    folder = layout.rendered_folder(name) + "/"
    objects: list[Manifest] = []
    problems: list[Problem] = []
    seen: set[Ref] = set()
    encrypted: list[str] = []
    refused: dict[str, None] = {}
    for path, content in sorted(found.files.items()):
        if path.startswith(folder) and sops.is_encrypted(content, path):
            encrypted.append(path)
        elif path.startswith(folder) and path.endswith(".yaml"):
            manifests = documents.load_all(content, path)
            wrong, here = _checked(path, manifests, environment, project, seen)
            if wrong:
                problems += wrong
                refused |= dict.fromkeys(_tools(path, manifests))
            else:
                seen |= here
                objects += manifests
    objects.sort(key=lambda one: rendered.KINDS.index(ref_of(one).kind))
    return Desired(
        environment,
        project,
        found.head,
        tuple(objects),
        tuple(encrypted),
        tuple(refused),
        tuple(problems),
    )


def _checked(
    path: str, manifests: Iterable[Manifest], environment: Environment, project: Project, seen: Set[Ref]
) -> tuple[list[Problem], set[Ref]]:
    """What is wrong with the objects of a rendered file, and which those are that are right."""
    problems: list[Problem] = []
    here: set[Ref] = set()
    for manifest in manifests:
        wrong = rendered.check(manifest, environment, project)
        if not wrong and ref_of(manifest) in seen | here:
            wrong = [Problem("", "is there twice")]
        problems += (_of_file(path, manifest, one) for one in wrong)
        if not wrong:
            here.add(ref_of(manifest))
    return problems, here


def _tools(path: str, manifests: Iterable[Manifest]) -> Iterator[str]:
    """The tools that a rendered file is about: by its name, and by what its objects say."""
    yield from (tool for _, tool in layout.rendered_tools([path]))
    for manifest in manifests:
        metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
        marks = metadata.get("labels") if isinstance(metadata, dict) else None
        tool = marks.get(labels.TOOL) if isinstance(marks, dict) else None
        if isinstance(tool, str):
            yield tool


def _of_file(path: str, manifest: Manifest, problem: Problem) -> Problem:
    named = rendered.named(manifest)
    place = f": {problem.where}" if problem.where else ""
    return Problem(path, f"{named}{place} {problem.what}".strip())


def check_cluster(world: World, environment: Environment) -> None:
    """Make sure that the kube context points at the environment's own cluster.

    Raises:
        Refused: It does not, or nobody has said yet which cluster it is.
    """
    context = world.cluster.context()
    if not environment.cluster:
        raise locations.unrecorded(environment.name)
    try:
        uid = world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    except Refused as error:
        if error.code != "no-right":
            raise
        what = f"{error.message}, and so cannot tell which cluster this is"
        raise Refused(error.code, what, ("kubectl rapt install", "ask an administrator to run it")) from error
    if uid != environment.cluster:
        raise Refused(
            "other-cluster",
            f'kube context "{context.name}" does not point at the cluster of environment "{environment.name}"',
            f"kubectl rapt config set contexts.{shell.word(environment.name)} NAME",
        )


def check_history(world: World, environment: Environment, head: str) -> None:
    """Make sure, before anything is committed, that main still has what an environment was synced to.

    A cluster that does not answer, or is another one, is told elsewhere.

    Args:
        world: Where to read.
        environment: The environment.
        head: The commit of main to build on.

    Raises:
        Refused: ``going-back``: main was rewritten.
    """
    if not environment.cluster or not head:
        return
    try:
        check_cluster(world, environment)
        record = find.perhaps(world, record_of(environment))
        applied = said(record).get("commit", "")
        is_there = not applied or repository.contains(world, head, applied)
        if not is_there:
            # Somebody may have committed and synced since that commit was read: then main has it by now.
            newest = repository.read(world).head
            is_there = newest != head and repository.contains(world, newest, applied)
    except RaptError:
        return
    if not is_there:
        raise Refused(
            "going-back",
            f"{changes.MAIN} was rewritten: it has no commit {applied[:7]} any more, which {environment.name} was "
            "synced to, and nothing was committed",
            f"kubectl rapt sync --in {shell.word(environment.name)} --rollback",
        )


def look(world: World, want: Desired) -> Live:
    """What the cluster has of an environment: each kind is listed once in each namespace."""
    found = {}
    unfinished = set()
    selector = labels.selector(want.labels)
    needed = {ref_of(manifest).kind for manifest in want.objects}
    for manifest in of_environment(world, want.environment, selector, needed):
        found[ref_of(manifest)] = manifest
    for namespace in want.environment.all_namespaces:
        for job in reading.readable(jobs.from_manifest, world.cluster.list(JOB, namespace, labels=selector)):
            # The Job of a cancelled run stays suspended, has no condition, and never begins again.
            if not (job.ended or (job.is_cancelled and job.is_suspended and not job.active)):
                unfinished.add(job.labels.get(labels.TOOL, ""))
    for manifest in existing(world, [ref for ref in map(ref_of, want.objects) if ref not in found]):
        found[ref_of(manifest)] = manifest
    return Live(found, frozenset(unfinished), find.perhaps(world, want.record))


def _no_operator(environment: Environment) -> Refused:
    return Refused(
        "no-secret-operator",
        f"environment {environment.name} has a secret store, and this cluster does not know ExternalSecrets",
        "install the External Secrets Operator, or take secretStore out of rapt.yaml",
    )


def of_environment(
    world: World, environment: Environment, selector: str, needed: Iterable[Kind] = ()
) -> Iterable[Manifest]:
    """The live objects of an environment.

    Args:
        world: Where to look.
        environment: The environment.
        selector: Its labels.
        needed: The kinds without which the answer is of no use.

    Raises:
        Refused: A needed kind may not be listed. Who may not even see one that no tool needs any more could not
            prune it either.
    """
    for namespace in environment.all_namespaces:
        for kind in rendered.KINDS:
            try:
                yield from world.cluster.list(kind, namespace, labels=selector)
            except NotFound as error:
                if kind != EXTERNAL_SECRET or error.code != "not-installed":
                    raise
                if kind in needed:
                    raise _no_operator(environment) from error
            except Refused:
                if kind in needed:
                    raise


def existing(world: World, names: Iterable[Ref]) -> Iterable[Manifest]:
    """The objects that have some names, whosever they are; few are asked for one by one, many by a list."""
    places: dict[tuple[Kind, str], list[Ref]] = defaultdict(list)
    for ref in names:
        places[ref.kind, ref.namespace].append(ref)
    for (kind, namespace), refs in places.items():
        if len(refs) <= _FEW:
            yield from filter(None, (find.perhaps(world, ref) for ref in refs))
        else:
            yield from (one for one in world.cluster.list(kind, namespace) if ref_of(one) in refs)
