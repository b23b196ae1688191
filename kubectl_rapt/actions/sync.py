"""Bring a cluster to what the config repository says of one environment, and prune what it no longer says."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_rapt import documents, writes
from kubectl_rapt.actions import repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Conflict, NotFound, Problem, Refused, Unavailable
from kubectl_rapt.guard import sops
from kubectl_rapt.model import names
from kubectl_rapt.model.kinds import (
    CONFIG_MAP,
    CRON_JOB,
    EXTERNAL_SECRET,
    JOB,
    NAMESPACE,
    NETWORK_POLICY,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TOOL,
    Kind,
    Manifest,
    Ref,
    ref_of,
)
from kubectl_rapt.model.plan import Apply, Create, Delete, Patch, Step
from kubectl_rapt.objects import jobs, labels
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

MANAGER = "rapt-sync"
KINDS = (SERVICE_ACCOUNT, ROLE, ROLE_BINDING, NETWORK_POLICY, EXTERNAL_SECRET, TOOL, CRON_JOB)
"""The closed list of kinds that a rendered file may hold, in the order in which they are applied."""
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Desired:
    """What one environment should be.

    Args:
        environment: The environment.
        project: The project it belongs to.
        commit: The commit it was read at.
        objects: Every object, in the order in which it is applied.
        encrypted: The rendered files that SOPS has encrypted: they are left alone.
    """

    environment: Environment
    project: Project
    commit: str
    objects: tuple[Manifest, ...]
    encrypted: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """The labels of everything that this environment owns."""
        return {labels.REPOSITORY: self.project.id, labels.ENVIRONMENT: self.environment.name}


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
        return self.record["data"].get("commit", "") if self.record else ""


@dataclass(frozen=True, slots=True)
class Synced:
    """One thing that was done, would be done, or is left alone and why."""

    ref: Ref
    what: Literal["created", "configured", "unchanged", "pruned", "kept"]
    why: str = ""


def sync(
    world: World,
    writers: Writers | None,
    name: str,
    tell: Callable[[Synced], None],
    *,
    rollback: bool = False,
    may: Callable[[Environment], None] = lambda _: None,
) -> Desired:
    """Apply one environment.

    Args:
        world: Where to read.
        writers: The door's ports; None tells what would be done and does nothing.
        name: The environment.
        tell: Called for each object.
        rollback: Whether an older commit than the applied one may be applied.
        may: Raises where that environment is not to be applied.

    Raises:
        Refused: Another cluster, a missing right, an object that belongs to someone else, an older commit.
        NotFound: No such environment, or Rapt is not installed in the cluster.
        Conflict: Others were quicker, again and again.
        Unavailable: The cluster or the repository does not answer.
    """
    for attempt in range(_ROUNDS):
        want = desired(repository.read(world), name)
        may(want.environment)
        check_cluster(world, want.environment)
        live = _live(world, want)
        _check_owners(want, live)
        _check_rights(world, want, live)
        if not rollback:
            _check_forward(world, want, live)
        if writers is None:
            _preview(want, live, tell)
            return want
        try:
            _check_leaving(want, live)
            record = _written(writes.apply(writers, _claim(want, live)))
            _carry_out(writers, want, live, tell)
            _finish(world, writers, want, record)
        except (Conflict, Unavailable) as error:
            # Another sync claimed the environment meanwhile, and what it applied may be newer than ours; or an
            # answer was lost, and only looking tells what was done.
            is_hopeless = isinstance(error, Unavailable) and not error.outcome_unknown
            if is_hopeless or attempt == _ROUNDS - 1:
                raise
            writers.pause(attempt)
        else:
            return want
    raise AssertionError("unreachable")


def desired(found: Repository, name: str) -> Desired:
    """Read what an environment should be out of the repository.

    Raises:
        NotFound: There is no such environment.
        Refused: A rendered file holds what it may not: another kind, or an object in a foreign namespace.
    """
    project = found.project()
    environment = project.environment(name)
    folder = layout.rendered_folder(name) + "/"
    objects: list[Manifest] = []
    problems: list[Problem] = []
    seen: set[Ref] = set()
    encrypted: list[str] = []
    for path, content in sorted(found.files.items()):
        if path.startswith(folder) and sops.is_encrypted(content, path):
            encrypted.append(path)
        elif path.startswith(folder) and path.endswith(".yaml"):
            for manifest in documents.load_all(content, path):
                problem = _foreign(manifest, environment, project)
                if not problem and ref_of(manifest) in seen:
                    problem = f"{_named(manifest)} is there twice"
                if problem:
                    problems.append(Problem(path, problem))
                else:
                    seen.add(ref_of(manifest))
                    objects.append(manifest)
    if problems:
        hint = "git log -p -- " + problems[0].where
        raise Refused("foreign-object", f"rendered files of {name} hold what they may not", hint, problems)
    objects.sort(key=lambda one: KINDS.index(ref_of(one).kind))
    return Desired(environment, project, found.head, tuple(objects), tuple(encrypted))


def _foreign(manifest: Any, environment: Environment, project: Project) -> str:
    kinds = [(kind.api_version, kind.name) for kind in KINDS]
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("labels", {}), dict):
        return "holds something that is no object"
    if not isinstance(name := metadata.get("name"), str) or not names.is_dns_subdomain(name):
        return f"holds an object whose name is not one: {name}"
    if (manifest.get("apiVersion"), manifest.get("kind")) not in kinds:
        return f"{_named(manifest)} is of a kind that no tool has"
    if metadata.get("namespace") not in environment.namespaces:
        allowed = ", ".join(environment.namespaces)
        where = metadata.get("namespace")
        return f"{_named(manifest)} is in namespace {where}, not one of the environment's: {allowed}"
    own = {labels.REPOSITORY: project.id, labels.ENVIRONMENT: environment.name}
    if not own.items() <= (metadata.get("labels") or {}).items():
        return f"{_named(manifest)} lacks the labels of this repository and environment"
    return ""


def _named(manifest: Manifest) -> str:
    return f"{manifest.get('kind')} {manifest['metadata']['name']}"


def check_cluster(world: World, environment: Environment) -> None:
    """Make sure that the kube context points at the environment's own cluster.

    Raises:
        Refused: It does not, or nobody has said yet which cluster it is.
    """
    context = world.cluster.context()
    if not environment.cluster:
        raise Refused(
            "no-cluster-recorded",
            f'environment "{environment.name}" does not say yet which cluster is its own',
            "kubectl rapt init --local",
        )
    try:
        uid = world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    except Refused as error:
        if error.code != "no-right":
            raise
        what = f"{error.message}, and so cannot tell which cluster this is"
        raise Refused(error.code, what, "an administrator permits it with: kubectl rapt install") from error
    if uid != environment.cluster:
        raise Refused(
            "other-cluster",
            f'context "{context.name}" points at another cluster than environment "{environment.name}" has',
            f"--context NAME, or contexts: {{{environment.name}: NAME}} in your settings",
        )


def _live(world: World, want: Desired) -> Live:
    found: dict[Ref, Manifest] = {}
    selector = labels.selector(want.labels)
    unfinished = set()
    for namespace in want.environment.namespaces:
        for kind in KINDS:
            try:
                for manifest in world.cluster.list(kind, namespace, labels=selector):
                    found[ref_of(manifest)] = manifest
            except NotFound as error:
                if kind != EXTERNAL_SECRET or error.code != "not-installed":
                    raise
                if any(ref_of(manifest).kind == kind for manifest in want.objects):
                    raise _no_operator(want.environment) from error
            except Refused:
                # Who may not even see a kind that no tool needs any more could not prune it either.
                if any(ref_of(manifest).kind == kind for manifest in want.objects):
                    raise
        for manifest in world.cluster.list(JOB, namespace, labels=selector):
            job = jobs.from_manifest(manifest)
            if not job.ended:
                unfinished.add(job.labels.get(labels.TOOL, ""))
    for manifest in want.objects:
        if (ref := ref_of(manifest)) not in found and (stranger := _get(world, ref)):
            found[ref] = stranger
    return Live(found, frozenset(unfinished), _get(world, _record_ref(want)))


def _no_operator(environment: Environment) -> Refused:
    what = (
        f"environment {environment.name} has a secret store, and this cluster does not know ExternalSecrets"
    )
    hint = "install the External Secrets Operator, or take secretStore out of rapt.yaml"
    return Refused("no-secret-operator", what, hint)


def _get(world: World, ref: Ref) -> Manifest | None:
    try:
        return world.cluster.get(ref)
    except NotFound:
        return None


def _check_owners(want: Desired, live: Live) -> None:
    problems = []
    in_the_way = [live.objects.get(ref_of(manifest)) for manifest in want.objects]
    for manifest in filter(None, [*in_the_way, live.record]):
        ref, found = ref_of(manifest), manifest["metadata"].get("labels") or {}
        if not want.labels.items() <= found.items():
            is_strange = found.get(labels.REPOSITORY) != want.project.id
            owner = f"environment {found.get(labels.ENVIRONMENT)}"
            if is_strange:
                owner = "another config repository" if labels.REPOSITORY in found else "someone else"
            problems.append(Problem(str(ref), f"exists in namespace {ref.namespace} and belongs to {owner}"))
    if problems:
        raise Refused(
            "foreign-owner", "objects of other owners are in the way", "another name or namespace", problems
        )


def _check_leaving(want: Desired, live: Live) -> None:
    """Let what was pruned just now go first: whatever is applied to it meanwhile would go with it."""
    for ref in map(ref_of, want.objects):
        if ref in live.objects and "deletionTimestamp" in live.objects[ref]["metadata"]:
            raise Conflict("being-deleted", f"{ref} is being deleted", "try again when it is gone")


def _check_rights(world: World, want: Desired, live: Live) -> None:
    needed: set[tuple[str, Kind, str]] = set()
    for manifest in want.objects:
        ref = ref_of(manifest)
        needed |= {(verb, ref.kind, ref.namespace) for verb in ("create", "patch")}
    needed |= {("delete", ref.kind, ref.namespace) for ref in _surplus(want, live)}
    record = _record_ref(want)
    needed |= {(verb, CONFIG_MAP, record.namespace) for verb in ("create", "patch")}
    problems = [
        Problem(f"{verb} {kind.resource}", f"in namespace {namespace}")
        for verb, kind, namespace in sorted(
            needed, key=lambda one: (one[2], KINDS_AND_RECORD.index(one[1]), one[0])
        )
        if not world.cluster.may(verb, kind, namespace)
    ]
    if problems:
        user = world.cluster.user()
        first = problems[0].where
        hint = f"kubectl auth can-i {first} -n {want.environment.namespaces[0]}"
        raise Refused("no-right", f"{user} may not do what this environment needs", hint, problems)


KINDS_AND_RECORD = (*KINDS, CONFIG_MAP)


def _check_forward(world: World, want: Desired, live: Live) -> None:
    if not live.commit or live.commit == want.commit:
        return
    remote = repository.address(world)
    if any(commit.id == live.commit for commit in world.git.log(remote, want.commit)):
        return
    raise Refused(
        "going-back",
        f"commit {live.commit[:7]} was applied already, and {want.commit[:7]} does not contain it",
        f"kubectl rapt sync --in {want.environment.name} --rollback",
    )


def _surplus(want: Desired, live: Live) -> list[Ref]:
    wanted = {ref_of(manifest) for manifest in want.objects}
    return sorted(
        set(live.objects) - wanted, key=lambda ref: (-KINDS.index(ref.kind), ref.namespace, ref.name)
    )


def _is_busy(manifest: Manifest, live: Live) -> bool:
    return manifest["metadata"].get("labels", {}).get(labels.TOOL) in live.unfinished


def _carry_out(writers: Writers, want: Desired, live: Live, tell: Callable[[Synced], None]) -> None:
    for manifest in want.objects:
        ref = ref_of(manifest)
        stored = _written(writes.apply(writers, Apply(manifest, MANAGER)))
        if ref not in live.objects:
            tell(Synced(ref, "created"))
        else:
            is_same = (
                stored["metadata"]["resourceVersion"] == live.objects[ref]["metadata"]["resourceVersion"]
            )
            tell(Synced(ref, "unchanged" if is_same else "configured"))
    for ref in _surplus(want, live):
        manifest = live.objects[ref]
        if _is_busy(manifest, live):
            tell(Synced(ref, "kept", "one of its jobs is unfinished"))
            continue
        # The Jobs that a CronJob made are evidence and outlive it.
        propagation: Literal["Orphan", "Background"] = "Orphan" if ref.kind == CRON_JOB else "Background"
        with suppress(NotFound):
            writes.apply(writers, Delete(ref, manifest["metadata"]["uid"], propagation=propagation))
        tell(Synced(ref, "pruned"))


def _preview(want: Desired, live: Live, tell: Callable[[Synced], None]) -> None:
    for manifest in want.objects:
        ref = ref_of(manifest)
        tell(Synced(ref, "configured" if ref in live.objects else "created"))
    for ref in _surplus(want, live):
        tell(Synced(ref, "kept" if _is_busy(live.objects[ref], live) else "pruned"))


def _record_ref(want: Desired) -> Ref:
    return Ref(CONFIG_MAP, f"rapt-sync-{want.environment.name}", want.environment.namespaces[0])


def _claim(want: Desired, live: Live) -> Step:
    """Say which commit is being applied, provided that nobody else said so since we looked."""
    ref = _record_ref(want)
    data = {"commit": want.commit, "state": "applying"}
    if live.record is None:
        metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {**want.labels}}
        return Create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    return Patch(
        ref, {"metadata": {"resourceVersion": live.record["metadata"]["resourceVersion"]}, "data": data}
    )


def _finish(world: World, writers: Writers, want: Desired, record: Manifest) -> None:
    """Say that the commit is applied.

    Raises:
        Conflict: Another sync claimed the environment for another commit. One that claimed it for the same has
            the same to do and says so itself: were each to start again for the other, neither would end.
    """
    try:
        writes.apply(writers, _mark(record, want.commit))
    except Conflict:
        claimed = _get(world, _record_ref(want))
        if claimed is None or claimed["data"].get("commit") != want.commit:
            raise


def _mark(record: Manifest, commit: str) -> Patch:
    metadata = {"resourceVersion": record["metadata"]["resourceVersion"]}
    return Patch(ref_of(record), {"metadata": metadata, "data": {"commit": commit, "state": "applied"}})


def _written(answer: writes.Written) -> Manifest:
    assert isinstance(answer, dict)
    return answer


def summary(synced: Iterable[Synced]) -> str:
    """One line on what was done: ``2 created, 1 unchanged``."""
    counts: dict[str, int] = {}
    for one in synced:
        counts[one.what] = counts.get(one.what, 0) + 1
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing to apply"
