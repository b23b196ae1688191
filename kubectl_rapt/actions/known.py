"""The names of things that this machine knows without asking anybody, for who is about to type one.

Nothing here fetches: what a registry or the config repository was when it was last fetched is good enough to choose a
name from, and no tab key waits for a git server.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from kubectl_rapt import __version__
from kubectl_rapt.actions import catalogs
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.config import changes as changes_
from kubectl_rapt.config.project import Project
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World

Name = tuple[str, str]
"""A name, and a few words on what has it."""
Asked = tuple[str, str, tuple[str, ...]]
"""A parameter's name, a few words on it, and its choices."""


def project(world: World) -> Project | None:
    """What ``rapt.yaml`` said when it was last fetched; None where that is not known."""
    from kubectl_rapt.actions import repository

    return repository.known_project(world)[0] if _refs(world) else None


def _refs(world: World) -> dict[str, str]:
    """The refs of the config repository as they were last fetched."""
    if not world.settings.repository:
        return {}
    found = world.git.known(Remote(world.settings.repository))
    return dict(found.refs) if found else {}


def _catalogs(world: World) -> list[Catalog]:
    """What the registries offer that were fetched once, and the bundled one."""
    found = project(world)
    if found is not None:
        fetched = {
            name: one
            for name, one in found.registries.items()
            if world.git.known(catalogs.remote_of(one)) is not None
        }
        found = replace(found, registries=fetched)
    return [one for one in catalogs.read(world, found, fresh=False) if one.is_usable]


def registries(world: World) -> list[Name]:
    """The registries that ``rapt.yaml`` lists."""
    found = project(world)
    return [(one.name, one.url) for one in found.registries.values()] if found else []


def templates(world: World, word: str) -> Iterator[Name]:
    """The templates of all registries, with ``REGISTRY/`` before them where the word has that or the name needs it."""
    wanted, slash, _ = word.partition("/")
    shelves = _catalogs(world)
    for catalog in shelves:
        if slash and catalog.registry.name != wanted:
            continue
        for name, offer in sorted(catalog.offers.items()):
            if offer.newest:
                called = f"{wanted}/{name}" if slash else catalogs.written(shelves, catalog, name)
                yield called, f"{offer.newest}  {offer.summary}"


def _offer(world: World, name: str) -> tuple[Catalog, str] | None:
    """The catalog that a template comes from, and its name there."""
    registry, _, name = name.rpartition("/")
    catalog = catalogs.meant([one for one in _catalogs(world) if registry in ("", one.registry.name)], name)
    return (catalog, name) if catalog and name in catalog.offers else None


def versions(world: World, name: str) -> list[Name]:
    """The versions of a template, newest first."""
    if (found := _offer(world, name)) is None:
        return []
    offer = found[0].offers[found[1]]
    sound = [version for version, one in offer.releases.items() if not one.yanked]
    return [(str(one), "") for one in reversed(sound) if one not in offer.moved]


def parameters_of_template(world: World, text: str) -> list[Asked]:
    """What a template asks, by how a person names it; they are remembered for its tree."""
    name, _, version = text.partition("@")
    if (found := _offer(world, name)) is None:
        return []
    catalog, name = found
    offer = catalog.offers[name]
    chosen = next((one for one in offer.releases if str(one) == version), offer.newest)
    if chosen is None:
        return []

    def look() -> Sequence[Asked]:
        from kubectl_rapt.actions import registry

        return asked(registry.taken(world, catalog, name, chosen).template.parameters)

    return _remembered(world, f"{catalog.registry.url} {offer.releases[chosen].tree}", look)


def asked(parameters: Sequence[Any]) -> list[Asked]:
    """The names, words and choices of parameters."""
    from kubectl_rapt.templating import parameters as asking

    found = []
    for one in parameters:
        default = "" if one.default is None else f" (default {asking.spell(one.default)})"
        choices = ("true", "false") if one.type == "boolean" else tuple(map(asking.spell, one.choices))
        found.append((one.name, f"{one.description or one.type}{default}", choices))
    return found


def _remembered(world: World, key: str, look: Callable[[], Sequence[Asked]]) -> list[Asked]:
    """What was worked out once for a tree or a commit."""
    packed = world.cache.remembered(f"asked 1 {__version__} {key}", lambda: json.dumps(look()).encode())
    return [(name, why, tuple(choices)) for name, why, choices in json.loads(packed)]


def parameters_of_installed(world: World, environment: str, tool: str) -> list[Asked]:
    """What the template asks that a tool of the config repository is made of; nothing where there is none."""
    from kubectl_rapt.actions import registry, repository

    refs = _refs(world)

    def look() -> Sequence[Asked]:
        found = repository.read(world, refs)
        entry = registry.locked(world, found.project(), found.installation(environment, tool))
        return asked(entry.template.parameters)

    return _remembered(world, f"{_head(refs)} {environment} {tool}", look) if refs else []


def _head(refs: dict[str, str]) -> str:
    return refs.get(f"refs/heads/{changes_.MAIN}", "")


def tools_of_repository(world: World, environment: str) -> list[tuple[str, str]]:
    """Environment and name of the tools of the config repository, of one environment where one is given."""
    from kubectl_rapt.actions import repository

    refs = _refs(world)
    if not _head(refs):
        return []

    def look() -> bytes:
        return json.dumps(repository.read(world, refs).tools()).encode()

    found = json.loads(world.cache.remembered(f"tools 1 {__version__} {_head(refs)}", look))
    return [(where, tool) for where, tool in found if environment in ("", where)]


def environments(world: World) -> list[Name]:
    """The environments of ``rapt.yaml``."""
    found = project(world)
    default = world.settings.environment
    return [
        (one.name, "reviewed" if one.is_reviewed else "the default" if one.name == default else "")
        for one in (found.environments.values() if found else ())
    ]


def changes(world: World) -> Iterator[Name]:
    """The changes that had a branch when the config repository was last fetched."""
    for ref in sorted(_refs(world)):
        if ref.startswith(changes_.BRANCHES) and changes_.is_branch(ref.removeprefix("refs/heads/")):
            place, _, identifier = ref.removeprefix(changes_.BRANCHES).rpartition("/")
            yield identifier, place


def policies(world: World, kind: str) -> list[Name]:
    """The policies of a kind, ``retry`` or ``cleanup``, that come with Rapt."""
    found = [path.split("/") for path in world.bundle.files() if path.startswith(f"policies/{kind}/")]
    return [(path[-1].removesuffix(".yaml"), "") for path in found if path[-1].endswith(".yaml")]


def templates_of_checkout(world: World) -> list[Name]:
    """The templates of the registry around the current folder."""
    root, _ = world.checkout.find()
    folders = {path.split("/")[1] for path in world.checkout.files(root) if path.startswith("templates/")}
    return [(name, "") for name in sorted(folders)]
