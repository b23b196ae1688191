"""What a new version of a template would do to the tools that are installed from it: nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from kubectl_rapt.actions import build, checkout, release, repository, upgrade
from kubectl_rapt.actions.build import Built, Wanted
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.actions.upgrade import Misfit
from kubectl_rapt.config import installation, layout, proposal
from kubectl_rapt.config import project as projects
from kubectl_rapt.config.installation import Installation, Schedule
from kubectl_rapt.config.project import Project
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model import shell
from kubectl_rapt.model.versions import Version
from kubectl_rapt.objects.fields import Change
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating import index, parameters, policies
from kubectl_rapt.templating.index import Release

State = Literal["breaks", "changes", "stays", "unknown"]
_FIRINGS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """What the new version would do to one tool.

    Args:
        repository: The config repository's address.
        environment: The tool's environment; empty where the repository itself cannot be read.
        tool: Its name; empty likewise.
        version: The version that it has; empty where its file cannot be read.
        state: ``breaks``: it cannot be upgraded as it is; ``changes``; ``stays`` as it is, or is newer already;
            ``unknown``: it, or the repository, cannot be read.
        changes: What is applied that is another.
        misfits: What the new version asks of its answers.
        renamed: Its answers whose parameters have other names: earlier name to new.
        asked: What each run would have to answer, and need not now.
        firings: When it runs by itself, each schedule with its next times.
        error: Why it would not render, or cannot be read.
    """

    repository: str
    environment: str
    tool: str
    version: str = ""
    state: State = "stays"
    changes: tuple[Change, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    firings: tuple[tuple[Schedule, tuple[datetime, ...]], ...] = ()
    error: RaptError | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version that is looked at.

    Args:
        entry: The version, as if it were installed.
        releases: Every released version of the template in the checkout's index.
    """

    entry: Entry
    releases: tuple[Release, ...]


def candidate(world: World, wanted: str) -> Candidate:
    """The version that a person means.

    Args:
        world: Where the checkout is.
        wanted: ``NAME``, or its folder, for the version that the checkout has as it is; ``NAME@VERSION`` for a
            released one.

    Raises:
        NotFound: No such template or registry, or no such version in the checkout's index or history.
        Invalid: It cannot be read.
    """
    given, _, text = wanted.partition("@")
    registry, name = checkout.one(world, given)
    files = registry.template(name)
    if text:
        files = _released(world, registry, name, text, files)
    template, _ = checkout.load(files, name)
    found = policies.available(registry.files, world.bundle.files())
    source = projects.Registry(name, registry.root, 0)
    releases = tuple(registry.index().templates.get(name, {}).values())
    return Candidate(Entry(source, template, index.release_of(files), files, "", found), releases)


def _released(
    world: World, registry: Registry, name: str, text: str, now: Mapping[str, bytes]
) -> Mapping[str, bytes]:
    try:
        version = Version.parse(text)
    except ValueError:
        raise NotFound(
            "no-version", f"{text} is not a version", f"kubectl rapt template impact {shell.word(name)}"
        ) from None
    wanted = registry.index().release(name, version)
    if wanted.is_same(index.release_of(now)):
        return now
    files, why = release.released_files(world, registry, name, wanted)
    if files is None:
        raise NotFound("no-version", f"{name} {version} cannot be had: {why}", "git fetch --tags origin")
    return files


def effects(
    world: World, found: Candidate, addresses: Sequence[str], environment: str = ""
) -> Iterator[Effect]:
    """What the version would do, tool by tool; what goes wrong with one is told of it, and the others follow.

    Args:
        world: Where the repositories and the renderer are.
        found: The version.
        addresses: Config repositories; empty for the person's own.
        environment: One environment only; empty for all.

    Raises:
        NotFound: ``no-repository``: none is named, and the person has none.
    """
    if not addresses and not world.settings.repository:
        what = "no config repository is set up, and none is named"
        raise NotFound("no-repository", what, ("kubectl rapt init --local", "--repository URL"))
    remotes = [Remote(one) for one in addresses] or [repository.address(world)]
    for remote in remotes:
        try:
            yield from _in_repository(world, found, repository.read_at(world, remote), environment)
        except RaptError as error:
            yield Effect(remote.url, environment, "", state="unknown", error=error)


def _in_repository(
    world: World, candidate: Candidate, found: Repository, environment: str
) -> Iterator[Effect]:
    project = found.project()
    if environment:
        project.environment(environment)
    ready: list[tuple[Effect, Wanted]] = []
    for place in found.tools(environment):
        try:
            now = found.installation(*place)
            if not _is_of(candidate, now):
                continue
            one, edited = _prepared(world, candidate, found, project, place[0], now)
        except RaptError as error:
            yield Effect(found.remote.url, *place, state="unknown", error=error)
            continue
        if edited:
            ready.append((one, Wanted(*place, edited, candidate.entry)))
        else:
            yield one
    built = build.build_many(world, project, (wanted for _, wanted in ready))
    for (one, _), made in zip(ready, built, strict=True):
        yield _judged(found, one, made)


def _is_of(candidate: Candidate, now: Installation) -> bool:
    """Whether a tool was installed from the candidate's own registry: by what it locked, whatever its address."""
    entry = candidate.entry
    if now.template != entry.template.name:
        return False
    return any(_locked(now).is_same(one) for one in candidate.releases)


def _prepared(
    world: World,
    candidate: Candidate,
    found: Repository,
    project: Project,
    environment: str,
    now: Installation,
) -> tuple[Effect, bytes | None]:
    """What can be said without rendering, and the file to render; None where that needs no look."""
    entry = candidate.entry
    firings = tuple((one, _next(one, world.now())) for one in now.schedules)
    effect = Effect(found.remote.url, environment, now.tool, now.version, firings=firings)
    if entry.release.is_same(_locked(now)) or _is_newer(now.version, entry.template.version):
        return effect, None
    path = layout.definition(environment, now.tool)
    text = upgrade.edited_file(found.definition(environment, now.tool).decode(), path, entry, {})
    edited = installation.read(text.encode(), now.tool, path)
    effect = replace(effect, renamed=parameters.renames(entry.template.parameters, now.answers))
    place = project.environment(environment)
    effect = replace(effect, asked=upgrade.newly_asked(project, place, found.files, edited, entry))
    misfits = upgrade.misfits(project, place, now, edited, entry)
    if misfits:
        asked = tuple(one for one in misfits if one.flag or one.name not in effect.renamed.values())
        return replace(effect, state="breaks", misfits=asked), None
    return effect, text.encode()


def _locked(now: Installation) -> Release:
    return Release(now.lock.tree, now.lock.digest)


def _is_newer(text: str, version: Version) -> bool:
    try:
        return Version.parse(text) > version
    except ValueError:
        return False


def _next(schedule: Schedule, after: datetime) -> tuple[datetime, ...]:
    """Its next times; none where it is no schedule, which building says."""
    try:
        return tuple(schedules.next_firings(schedule.cron, schedule.time_zone, after, _FIRINGS))
    except (ValueError, KeyError):  # no expression; ZoneInfoNotFoundError: no time zone
        return ()


def _judged(found: Repository, effect: Effect, made: Built | RaptError) -> Effect:
    if isinstance(made, RaptError):
        return replace(effect, state="breaks", error=made)
    before = proposal.objects_of(found.files, layout.rendered(effect.environment, effect.tool))
    changes = tuple(proposal.applied_changes(before, made.objects))
    return replace(effect, state="changes" if changes else "stays", changes=changes)
