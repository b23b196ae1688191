"""Looking at registries as a whole: what an update brought, and whether everything is what it should be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kubectl_rapt.actions import catalogs, registry
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.config import installation, layout
from kubectl_rapt.config import project as projects
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Project
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.world import World

Gravity = Literal["alarm", "problem", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Args:
        gravity: ``alarm``: something was moved; ``problem``: something is wrong; ``note``: good to know.
        registry: The registry's name.
        entry: What of it: a template with its version, a folder, a tool's file; empty for all of it.
        why: What is the matter, in one line.
    """

    gravity: Gravity
    registry: str
    entry: str
    why: str


@dataclass(frozen=True, slots=True)
class News:
    """What an update brought of one registry.

    Args:
        catalog: The registry as it is now.
        is_first: It was never read before.
        added: The versions that it did not have, such as ``backup 1.2.0``.
    """

    catalog: Catalog
    is_first: bool
    added: tuple[str, ...]


def update(
    world: World, project: Project | None, tell: Callable[[Catalog], None] = lambda _: None
) -> list[News]:
    """Fetch every registry; what is new. ``tell`` is called with each that came, from several threads."""
    before = {one.name: catalogs.accepted(world, one) for one in projects.ranked(project)}
    return [
        _news(one, before[one.registry.name])
        for one in catalogs.read(world, project, fresh=True, tell=tell)
        if not one.registry.is_bundled
    ]


def _news(catalog: Catalog, before: Mapping[str, Mapping[str, object]]) -> News:
    added = [
        f"{name} {version}"
        for name, offer in sorted(catalog.offers.items())
        for version in offer.releases
        if str(version) not in before.get(name, {})
    ]
    return News(catalog, not before, tuple(added))


def shallow(found: Sequence[Catalog]) -> Iterator[Finding]:
    """What catalogs themselves show: what was moved, is quarantined, or cannot be read."""
    for catalog in found:
        name = catalog.registry.name
        for offer in catalog.offers.values():
            for version, why in sorted(offer.moved.items()):
                yield Finding("alarm", name, f"{offer.name} {version}", why)
        for entry, why in catalog.quarantined.items():
            yield Finding("problem", name, entry, f"is quarantined: {why}")
        if catalog.note:
            yield Finding("problem", name, "", catalog.note)


def verify(world: World, found: Sequence[Catalog], files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Check every released version and every lock.

    Args:
        world: Where to read.
        found: What ``catalogs.read`` returned.
        files: The config repository's files; none where there is no repository.
    """
    yield from shallow(found)
    for catalog in found:
        for offer in catalog.offers.values():
            for version in offer.releases:
                if version not in offer.moved:
                    yield from _release(world, catalog, offer.name, version)
    for path, tool in installations(files):
        yield from _lock(found, path, tool)


def _release(world: World, catalog: Catalog, name: str, version: Version) -> Iterator[Finding]:
    if catalog.registry.is_bundled and not _is_in_bundle(world, catalog, name, version):
        return  # Rapt comes with the newest version only
    try:
        registry.taken(world, catalog, name, version)
    except RaptError as error:
        gravity: Gravity = (
            "alarm"
            if error.code == "moved-version"
            else "note"
            if error.code == "rapt-too-old"
            else "problem"
        )
        why = "; ".join([error.message, *(f"{one.where} {one.what}" for one in error.problems)])
        yield Finding(gravity, catalog.registry.name, f"{name} {version}", why)


def _is_in_bundle(world: World, catalog: Catalog, name: str, version: Version) -> bool:
    inside = catalogs.folder_of(world.bundle.files(), name)
    return registry.version_of(inside, name) == version


def installations(files: Mapping[str, bytes]) -> Iterator[tuple[str, Installation]]:
    """Every tool's file of a config repository that can be read, with its path."""
    for path in sorted(files):
        place = layout.tool_of(path)
        if place:
            try:
                yield path, installation.read(files[path], place[1], path)
            except RaptError:
                continue  # ``check`` tells what is wrong with it


def _lock(found: Sequence[Catalog], path: str, tool: Installation) -> Iterator[Finding]:
    lock = tool.lock
    catalog = next((one for one in found if one.registry.url == lock.registry), None)
    if catalog is None:
        why = f"has a template of {lock.registry}, which rapt.yaml does not list"
        yield Finding("problem", lock.registry, path, why)
        return
    name, about = catalog.registry.name, f"{tool.template} {tool.version}"
    offer = catalog.offers.get(tool.template)
    releases = {str(version): one for version, one in offer.releases.items()} if offer else {}
    release = releases.get(tool.version)
    if release is None:
        is_expected = not catalog.is_usable or f"{catalogs.FOLDER}/{tool.template}" in catalog.quarantined
        if not is_expected:
            yield Finding(
                "alarm", name, path, f"has {about} (tree {lock.tree}), and the index has no such release"
            )
    elif (release.tree, release.digest) != (lock.tree, lock.digest):
        why = (
            f"has locked {about} as tree {lock.tree}, {lock.digest}, "
            f"and the index says tree {release.tree}, {release.digest}"
        )
        yield Finding("alarm", name, path, why)
    elif release.yanked or release.deprecated:
        word = f"yanked: {release.yanked}" if release.yanked else f"deprecated: {release.deprecated}"
        yield Finding("note", name, path, f"has {about}, which is {word}")


def notes(found: Sequence[Catalog], tool: Installation) -> list[str]:
    """What a person is to know of the version that a tool has: that it is yanked, deprecated or was moved."""
    return [f"{one.entry} {one.why}" for one in _lock(found, tool.tool, tool)]
