"""Doctor: everything that Rapt rests on is looked at side by side, and told with the cure."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_rapt.actions import catalogs, propose, repository, status, threads
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import checkup, rendered
from kubectl_rapt.config.checkup import Verdict
from kubectl_rapt.config.project import CREDENTIALS, Project
from kubectl_rapt.errors import RaptError, Refused, Unavailable
from kubectl_rapt.model.kinds import (
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
    EVENT,
    EXTERNAL_SECRET,
    JOB,
    NAMESPACE,
    POD,
    ROLE,
    ROLE_BINDING,
    RUN,
    SECRET,
    SERVICE,
    TOOL,
    Kind,
    Ref,
)
from kubectl_rapt.ports.world import World

_AT_ONCE = 16
_GRACE_SECONDS = 1.0
"""Whoever is left at the end of a request's time says itself what it waited for."""


class Seen:
    """What the checks look at; what several of them need is read once.

    Args:
        world: Where to read.
        environment: What ``--in`` says.
    """

    def __init__(self, world: World, environment: str) -> None:
        self.world = world
        self.wanted = environment
        self.repository = threads.Once(self._read)
        self.kubectl = threads.Once(self._kubectl_version)

    @property
    def project(self) -> Project | None:
        """What ``rapt.yaml`` says; None where it cannot be read: a check of its own says why."""
        try:
            found = self.repository()
            return found.project() if found else None
        except RaptError:
            return None

    @property
    def namespace(self) -> str:
        """Where the person works: the environment's usual namespace, else kubectl's own."""
        project = self.project if self.wanted else None
        found = project.environments.get(self.wanted) if project else None
        return found.namespaces[0] if found else self.world.cluster.namespace()

    def _read(self) -> Repository | None:
        return repository.read(self.world) if self.world.settings.repository else None

    def _kubectl_version(self) -> str:
        said = self.world.programs.ask(["kubectl", "version", "--client", "-o", "json"]).out
        try:
            return str(json.loads(said)["clientVersion"]["gitVersion"]).removeprefix("v")
        except (ValueError, KeyError, TypeError):
            return ""


class Check(NamedTuple):
    """One line of ``doctor``.

    Args:
        name: What is looked at.
        look: Looks, and judges; what it raises is the verdict.
        rests_on: The names of the checks without which it cannot be well.
    """

    name: str
    look: Callable[[Seen], Verdict]
    rests_on: tuple[str, ...] = ()


def _kubectl(seen: Seen) -> Verdict:
    return checkup.kubectl(seen.world.programs.find_all("kubectl"), seen.kubectl())


def _plugin(seen: Seen) -> Verdict:
    folder = seen.world.programs.ourselves()[0].rpartition("/")[0]
    return checkup.plugin(seen.world.programs.find_all("kubectl-rapt"), folder)


def _completion(seen: Seen) -> Verdict:
    return checkup.completion(seen.world.programs.find_all("kubectl_complete-rapt"))


def _git(seen: Seen) -> Verdict:
    identity = seen.world.git.identity()
    return checkup.git(
        seen.world.programs.ask(["git", "--version"]).out.removeprefix("git version ").strip(), identity
    )


def _repository(seen: Seen) -> Verdict:
    found = seen.repository()
    if found is None:
        return Verdict("warning", "none is set up", "kubectl rapt init --local", "no-repository")
    if found.head:
        found.project()
    return checkup.repository(CREDENTIALS.sub("https://", found.remote.url), found.head)


def _registries(seen: Seen) -> Verdict:
    found = catalogs.read(seen.world, seen.project, fresh=True)
    usable = {one.registry.name: len(one.offers) for one in found if one.is_usable}
    broken = {one.registry.name: one.error.message for one in found if one.error}
    notes = {one.registry.name: one.note for one in found if one.is_usable and one.note}
    return checkup.registries(usable, notes, broken)


def _forge(seen: Seen) -> Verdict:
    found = seen.repository()
    if found is None:
        return Verdict("ok", "none, as there is no config repository")
    address = propose.address(found)
    kind = seen.world.forge.kind(address)
    return checkup.forge(kind, seen.world.forge.login(address))


def _cluster(seen: Seen) -> Verdict:
    context = seen.world.cluster.context()
    try:
        minor = seen.world.cluster.minor_version()
    except Refused as error:
        what = f"{context.server or 'the API server'} does not tell its version: {error.message}"
        return Verdict("warning", what, error.hint, error.code)
    own = re.match(r"1\.(\d+)", seen.kubectl())
    return checkup.cluster(context.server, minor, int(own[1]) if own else None)


def _credentials(seen: Seen) -> Verdict:
    return checkup.credentials(seen.world.cluster.user(), seen.world.cluster.context().name)


def _clock(seen: Seen) -> Verdict:
    before = seen.world.now()
    theirs = seen.world.cluster.clock()
    half_way = before + (seen.world.now() - before) / 2
    return checkup.clock((half_way - theirs).total_seconds())


def _identity(seen: Seen) -> Verdict:
    project = seen.project
    if project is None:
        return Verdict("ok", "there is no environment to compare it with")
    uid = seen.world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    recorded = {name: one.cluster for name, one in project.environments.items()}
    wanted = seen.wanted or seen.world.settings.environment
    if wanted:
        project.environment(wanted)
    return checkup.identity(uid, recorded, wanted)


def _kinds(seen: Seen) -> Verdict:
    return checkup.kinds({one.name: one.standing for one in status.kinds(seen.world)})


class Right(NamedTuple):
    """One thing that the API server may be asked about.

    Args:
        purpose: What it is wanted for.
        verb: Of the request.
        kind: Of the object.
        subresource: Of the object.
    """

    purpose: str
    verb: str
    kind: Kind
    subresource: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind.resource}" + (f"/{self.subresource}" if self.subresource else "")


RIGHTS = (
    *(Right("see", verb, kind) for kind in (TOOL, RUN, JOB, POD) for verb in ("list", "get", "watch")),
    Right("see", "get", POD, "log"),
    Right("see", "list", EVENT),
    *(Right("run", verb, kind) for kind in (RUN, JOB) for verb in ("create", "patch")),
    Right("run", "patch", RUN, "status"),
    *(Right("run", "create", kind) for kind in (CONFIG_MAP, SECRET)),
    *(Right("clean", "delete", kind) for kind in (JOB, RUN)),
    *(
        Right("sync", verb, kind)
        for kind in (*rendered.KINDS, CONFIG_MAP)
        for verb in ("create", "patch", "delete")
        if kind not in (EXTERNAL_SECRET, ROLE, ROLE_BINDING)
    ),
    *(Right("grant", verb, kind) for kind in (ROLE, ROLE_BINDING) for verb in ("create", "patch", "delete")),
    *(Right("install", verb, CUSTOM_RESOURCE_DEFINITION) for verb in ("create", "patch")),
)
"""Everything that a person may want to do in a namespace; see ``checkup.FOR_FEW`` for the last two."""


def _rights(seen: Seen) -> Verdict:
    namespace = seen.namespace

    def may(right: Right) -> bool:
        where = namespace if right.kind.is_namespaced else ""
        return seen.world.cluster.may(right.verb, right.kind, where, subresource=right.subresource)

    missing: dict[str, list[str]] = {right.purpose: [] for right in RIGHTS}
    for right, is_given in zip(RIGHTS, threads.each(may, RIGHTS, _AT_ONCE), strict=True):
        if not is_given:
            missing[right.purpose].append(str(right))
    return checkup.rights(missing, namespace)


class Engine(NamedTuple):
    """Something that Rapt can make use of.

    Args:
        name: What it is called.
        group: The API group by which it is known; empty where it has none.
        plural: A resource of that group.
        label: What ``app.kubernetes.io/name`` of its Service may say.
        program: Its program on the PATH.
    """

    name: str
    group: str = ""
    plural: str = ""
    label: str = ""
    program: str = ""


ENGINES = (
    Engine("Kueue", "kueue.x-k8s.io", "workloads"),
    Engine("Flux", "kustomize.toolkit.fluxcd.io", "kustomizations"),
    Engine("Argo CD", "argoproj.io", "applications"),
    Engine("metrics", "metrics.k8s.io", "pods"),
    Engine("Prometheus", "monitoring.coreos.com", "prometheuses", label="prometheus"),
    Engine("OpenCost", label="opencost"),
    Engine("Trivy", "aquasecurity.github.io", "vulnerabilityreports", program="trivy"),
)


def _engines(seen: Seen) -> Verdict:
    def look(engine: Engine) -> str | None:
        try:
            return _found(seen.world, engine)
        except Unavailable as error:
            if error.code != "server-error":
                raise
            return None

    places = dict(zip([one.name for one in ENGINES], threads.each(look, ENGINES), strict=True))
    found = {name: place or "" for name, place in places.items()}
    return checkup.engines(found, [name for name, place in places.items() if place is None])


def _found(world: World, engine: Engine) -> str:
    """Where an engine was seen; empty where it was not."""
    if engine.group and world.cluster.serves(engine.group, engine.plural):
        return engine.group
    if engine.label:
        try:
            services = world.cluster.list(SERVICE, "", labels=f"app.kubernetes.io/name={engine.label}")
            for one in services:
                return f"service {one['metadata']['name']} in {one['metadata']['namespace']}"
        except Refused:
            pass  # who may not see the Services of all namespaces learns of none
    if engine.program and (paths := world.programs.find_all(engine.program)):
        return paths[0]
    return ""


_KNOWN = ("cluster", "credentials")
CHECKS = (
    Check("kubectl", _kubectl),
    Check("plugin", _plugin),
    Check("completion", _completion),
    Check("git", _git),
    Check("repository", _repository, ("git",)),
    Check("registries", _registries, ("git",)),
    Check("forge", _forge, ("repository",)),
    Check("cluster", _cluster),
    Check("credentials", _credentials, ("cluster",)),
    Check("identity", _identity, _KNOWN),
    Check("kinds", _kinds, _KNOWN),
    Check("rights", _rights, _KNOWN),
    Check("engines", _engines, _KNOWN),
    Check("clock", _clock, _KNOWN),
)
"""All checks, in the order in which they are told: what rests on another comes after it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one check found."""

    name: str
    verdict: Verdict


def examine(world: World, environment: str, timeout_seconds: float | None) -> Iterator[Line]:
    """Look at everything, all at once; each line comes as soon as it and those before it are known.

    Args:
        world: Where to look.
        environment: What ``--in`` says; empty where it says nothing.
        timeout_seconds: How long it may take; None for as long as it likes.
    """
    seen = Seen(world, environment)
    _open(world)
    most = None if timeout_seconds is None else timeout_seconds + _GRACE_SECONDS
    told: dict[str, Verdict] = {}
    found = threads.in_turn([_judge(check, seen) for check in CHECKS], most)
    for check, verdict in zip(CHECKS, found, strict=True):
        verdict = verdict or checkup.late(timeout_seconds or 0)
        told[check.name] = checkup.resting(verdict, {name: told[name] for name in check.rests_on})
        yield Line(check.name, told[check.name])


def _open(world: World) -> None:
    """Open what is opened on first use: two threads at once would open it twice."""
    _ = (world.settings, world.programs, world.bundle, world.cache, world.git, world.forge)
    with suppress(RaptError):  # each check that needs it says so
        _ = world.cluster


def _judge(check: Check, seen: Seen) -> Callable[[], Verdict]:
    def judge() -> Verdict:
        try:
            return check.look(seen)
        except RaptError as error:
            return checkup.of_error(error)

    return judge
