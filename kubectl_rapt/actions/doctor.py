"""Doctor: everything that Rapt rests on is looked at side by side, and told with the cure."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_rapt.actions import abilities, catalogs, engines, propose, repository, status, threads
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import checkup
from kubectl_rapt.config.checkup import Verdict
from kubectl_rapt.config.project import CREDENTIALS, Project
from kubectl_rapt.errors import RaptError, Refused
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.ports.world import World

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
        return Verdict("ok", "none: no config repository is set up")
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
    seen.world.cluster.clock()
    return checkup.clock(-seen.world.cluster.skew().total_seconds())


def _identity(seen: Seen) -> Verdict:
    project = seen.project
    if project is None:
        return Verdict("ok", "no environment to compare it with")
    uid = seen.world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    recorded = {name: one.cluster for name, one in project.environments.items()}
    wanted = seen.wanted or seen.world.settings.environment
    if wanted:
        project.environment(wanted)
    return checkup.identity(uid, recorded, wanted)


def _kinds(seen: Seen) -> Verdict:
    return checkup.kinds({one.name: one.standing for one in status.kinds(seen.world)})


def _admission(seen: Seen) -> Verdict:
    return checkup.admission({one.name: one.standing for one in status.guards(seen.world)})


def _rights(seen: Seen) -> Verdict:
    return checkup.rights(abilities.lacking(seen.world, seen.namespace), seen.namespace)


def _engines(seen: Seen) -> Verdict:
    found = engines.look(seen.world)
    there = {name: place or "" for name, place in found.items()}
    return checkup.engines(there, [name for name, place in found.items() if place is None])


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
    Check("admission", _admission, (*_KNOWN, "kinds")),
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
