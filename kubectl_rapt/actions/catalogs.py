"""What each registry offers: its index, checked against its folders, at the commit of the last fetch.

Nothing here renders, so that ``search`` and completion load little. A catalog is worked out once for a commit,
and of what a new commit brings only the folders that changed are read.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from kubectl_rapt import __version__
from kubectl_rapt.config import project as projects
from kubectl_rapt.config.project import Project, Registry
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Refused
from kubectl_rapt.model import names, times
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.git import Item, Known, Remote, Trust
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating.index import Release

FOLDER = "templates"
INDEX = "registry/index.yaml"
RAPT = Version.parse(__version__)
_FORMAT = f"1 {__version__}"
"""Part of every key: another Rapt may read the same files differently."""
_MOST_ITEMS = 300_000
_MOST_ITEMS_OF_ONE = 1_000
_FILE, _FOLDER_MODE = "100644", "040000"
_KINDS = {"120000": "it is a symbolic link", "160000": "it is a submodule"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One template of a registry.

    Args:
        name: Its name.
        summary: Its summary, as its folder says today.
        releases: Version to what the index says of it, oldest first.
        moved: The versions that are not what they were: why, with both ids. They are never installed.
    """

    name: str
    summary: str
    releases: dict[Version, Release]
    moved: Mapping[Version, str] = field(default_factory=dict)

    @property
    def newest(self) -> Version | None:
        """The version that a person would get; the newest of all where there is none."""
        for version in reversed(self.releases):
            release = self.releases[version]
            is_usual = not (version.prerelease or release.yanked or version in self.moved)
            if is_usual and not (release.min_rapt and release.min_rapt > RAPT):
                return version
        return next(reversed(self.releases), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one registry offers.

    Args:
        registry: The registry.
        commit: Its commit; empty for the bundled one, and where it could not be read.
        offers: Name to template.
        quarantined: The folders and entries that are not used, each with the reason.
        known: What its remote was at the last fetch; None for the bundled one.
        note: What a person is to know of it, such as why it is not what it may be now; usually empty.
        error: Why it cannot be used at all; None where it can.
    """

    registry: Registry
    commit: str = ""
    offers: Mapping[str, Offer] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    known: Known | None = None
    note: str = ""
    error: RaptError | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it could be read."""
        return self.error is None

    @property
    def fetched(self) -> datetime | None:
        """When it was last fetched; None for the bundled one."""
        return self.known.at if self.known else None

    def fault(self, name: str) -> str:
        """Why a template of it is not used; empty where it is, or where there is none."""
        return self.quarantined.get(f"{FOLDER}/{name}") or self.quarantined.get(f"{INDEX}: {name}") or ""


def having(catalogs: Sequence[Catalog], name: str) -> list[Catalog]:
    """The catalogs that have a template of a name, fit to be used or not."""
    return [one for one in catalogs if name in one.offers or one.fault(name)]


def meant(catalogs: Sequence[Catalog], name: str) -> Catalog | None:
    """The catalog whose template a name without a registry means; None where nobody has it, or nothing decides.

    Only priorities that somebody wrote decide: a registry that is listed with none takes no name from another one.
    """
    found = having(catalogs, name)
    if len(found) < 2:
        return found[0] if found else None
    written = [one.registry.priority for one in found if one.registry.priority is not None]
    if len(written) < len(found) or written.count(max(written)) > 1:
        return None
    return found[written.index(max(written))]


def written(catalogs: Sequence[Catalog], catalog: Catalog, name: str) -> str:
    """How a template of a catalog is named so that no other one is meant: ``name``, else ``registry/name``."""
    return name if meant(catalogs, name) is catalog else f"{catalog.registry.name}/{name}"


def remote_of(registry: Registry) -> Remote:
    """A registry's repository, which is never trusted."""
    return Remote(registry.url, Trust.HOSTILE)


def read(
    world: World,
    project: Project | None,
    *,
    fresh: bool,
    tell: Callable[[Catalog], None] = lambda _: None,
) -> list[Catalog]:
    """The catalogs of all registries, by priority.

    Args:
        world: Where to read.
        project: Whose registries; None for the bundled one only.
        fresh: Ask every registry what it is now; otherwise only those that were never fetched.
        tell: Called with each that is no bundled one, from the thread that read it.
    """
    ranked = projects.ranked(project)

    def one(registry: Registry) -> Catalog:
        found = _read(world, registry, fresh)
        if not registry.is_bundled:
            tell(found)
        return found

    if fresh and len(ranked) > 1:
        from kubectl_rapt.actions import threads

        return threads.each(one, ranked)
    return [one(registry) for registry in ranked]


def fetched(world: World, registry: Registry) -> Catalog:
    """One registry as it is now.

    Raises:
        NotFound, Invalid, Refused, Unavailable: It cannot be read, or its index cannot be used.
    """
    world.git.fetch(remote_of(registry))
    catalog = _read(world, registry, fresh=False)
    if error := catalog.error:
        raise type(error)(error.code, catalog.note, error.hints, error.problems)
    return catalog


_MOST_BRANCHES = 3


def branches(world: World, registry: Registry) -> list[str]:
    """The branches of a registry that was fetched, the likeliest first; of many, a few."""
    known = world.git.known(remote_of(registry))
    heads = "refs/heads/"
    there = [ref.removeprefix(heads) for ref in sorted(known.refs if known else ()) if ref.startswith(heads)]
    usual = [one for one in there if one in ("main", "master")]
    return usual or there[:_MOST_BRANCHES]


def _read(world: World, registry: Registry, fresh: bool) -> Catalog:
    if registry.is_bundled:
        return _bundled(world, registry)
    try:
        known, note = _fetched(world, registry, fresh)
    except RaptError as error:
        return _unusable(Catalog(registry), error)
    catalog = Catalog(registry, known.refs.get(f"refs/heads/{registry.branch}", ""), known=known, note=note)
    if not catalog.commit:
        what = f"it has no branch {registry.branch}"
        return _unusable(catalog, NotFound("no-branch", what, "mend its branch in rapt.yaml"))
    key = f"catalog {_FORMAT} {registry.url} {catalog.commit}"
    try:
        content = world.cache.remembered(
            key, lambda: _spell(*_Folders(world, registry, catalog.commit).read())
        )
    except RaptError as error:
        return _unusable(replace(catalog, quarantined={INDEX: _in_full(error)}), error)
    offers, quarantined = _parse(content)
    return _compared(world, replace(catalog, offers=offers, quarantined=quarantined))


def _unusable(catalog: Catalog, error: RaptError) -> Catalog:
    note = f"registry {catalog.registry.name} cannot be used: {error.message}"
    return replace(catalog, note=note, error=error)


def _in_full(error: RaptError) -> str:
    first = f"; {error.problems[0].where}: {error.problems[0].what}" if error.problems else ""
    return f"{error.message}{first}"


def _fetched(world: World, registry: Registry, fresh: bool) -> tuple[Known, str]:
    """What a registry is; where it does not answer, what it was and a note that says so."""
    remote = remote_of(registry)
    before = world.git.known(remote)
    if before and not fresh:
        return before, ""
    try:
        refs = world.git.fetch(remote)
    except RaptError as error:
        if not before:
            raise
        age = times.spell_seconds((world.now() - before.at).total_seconds())
        return before, f"registry {registry.name} as it was {age} ago: {error.message}"
    return world.git.known(remote) or Known(refs, {}, world.now()), ""


def _bundled(world: World, registry: Registry) -> Catalog:
    import hashlib

    files = world.bundle.files()
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        total.update(b"%d %s %d\n%s" % (len(path), path.encode(), len(content), content))
    key = f"bundle {_FORMAT} {total.hexdigest()}"
    offers, quarantined = _parse(world.cache.remembered(key, lambda: _spell(*_of_files(files))))
    return Catalog(registry, offers=offers, quarantined=quarantined)


def _of_files(files: Mapping[str, bytes]) -> tuple[dict[str, Offer], dict[str, str]]:
    from kubectl_rapt.templating import index

    offers: dict[str, Offer] = {}
    known, quarantined = index.load_sound(files[INDEX], INDEX)
    for name, releases in known.templates.items():
        inside = folder_of(files, name)
        if inside:
            seen = _seen(inside["template.yaml"], name)
            offers[name] = _offer(name, releases, seen, index.release_of(inside).tree)
    return offers, dict(quarantined)


def folder_of(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """A template's files, by their paths inside its folder, out of a registry's."""
    start = f"{FOLDER}/{name}/"
    return {path.removeprefix(start): content for path, content in files.items() if path.startswith(start)}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a folder's ``template.yaml`` says today, or why it cannot be used."""

    version: str = ""
    summary: str = ""
    fault: str = ""


def _seen(text: bytes, name: str) -> _Seen:
    from kubectl_rapt.templating import definition

    path = f"{FOLDER}/{name}/template.yaml"
    try:
        template = definition.load(text, path, rapt=RAPT)
    except Refused:
        return _Seen()  # for a newer Rapt: the index says from which version on
    except Invalid as error:
        return _Seen(fault=_in_full(error))
    if template.name != name:
        return _Seen(fault=f"{path} names it {template.name!a}")
    return _Seen(str(template.version), template.summary)


def _offer(name: str, releases: Mapping[Version, Release], seen: _Seen, tree: str) -> Offer:
    moved = {
        version: f"its folder is tree {tree}, and the index says {release.tree}"
        for version, release in releases.items()
        if str(version) == seen.version and release.tree != tree
    }
    return Offer(name, seen.summary, dict(releases), moved)


class _Folders:
    """The folders of a registry at a commit."""

    def __init__(self, world: World, registry: Registry, commit: str) -> None:
        self._world, self._commit = world, commit
        self._remote = remote_of(registry)
        self._items: Sequence[Item] = ()

    def read(self) -> tuple[dict[str, Offer], dict[str, str]]:
        """The offers, and what is quarantined. Raises where the index itself cannot be used."""
        from kubectl_rapt.templating import index

        source = self._world.git.listing(self._remote, self._commit, "registry", limit=_MOST_ITEMS_OF_ONE)
        (found,) = [one for one in source if one.path == "index.yaml"] or (None,)
        if not found or found.mode != _FILE or found.size > index.MAX_BYTES:
            why = "has no" if not found else "has a link for" if found.mode != _FILE else "has too large a"
            raise Invalid("bad-index", f"it {why} {INDEX}", "ask those who look after it")
        text = self._world.git.blobs(self._remote, self._commit, [found.id])[found.id]
        known, broken = index.load_sound(text, INDEX)
        quarantined = {f"{INDEX}: {name}": why for name, why in broken.items()}
        offers = {name: Offer(name, "", dict(releases)) for name, releases in known.templates.items()}
        for name, (tree, seen) in self._folders(quarantined).items():
            if seen.fault:
                quarantined[f"{FOLDER}/{name}"] = seen.fault
                offers.pop(name, None)
            elif name in offers:
                offers[name] = _offer(name, known.templates[name], seen, tree)
        for name, offer in offers.items():
            if not offer.summary and offer.releases:
                offers[name] = replace(offer, summary=self._summary(offer))
        return offers, quarantined

    def _folders(self, quarantined: dict[str, str]) -> dict[str, tuple[str, _Seen]]:
        """Each template's folder: its tree id and what it says; what cannot be one is quarantined."""
        found = {}
        for top, inside in self._listed():
            path = f"{FOLDER}/{top.path}"
            if top.mode != _FOLDER_MODE:
                if top.mode in _KINDS:
                    quarantined[ascii(path).strip("'")] = _KINDS[top.mode]
            elif not names.is_dns_label(top.path):
                quarantined[ascii(path).strip("'")] = "a template's name has small letters, digits and dashes"
            else:
                found[top.path] = (top.id, self._remembered(top, inside))
        return found

    def _listed(self) -> Iterator[tuple[Item, Sequence[Item] | None]]:
        """What stands in the folder of templates, each with what is in it; None where that is too much."""
        git, remote, commit = self._world.git, self._remote, self._commit
        try:
            items = git.listing(remote, commit, FOLDER, limit=_MOST_ITEMS)
        except Invalid:
            # Someone tries to drown the others: then each is listed alone.
            yield from self._listed_alone()
            return
        self._items = items
        inside: dict[str, list[Item]] = {}
        for item in items:
            top, slash, rest = item.path.partition("/")
            if slash:
                inside.setdefault(top, []).append(replace(item, path=rest))
        for item in items:
            if "/" not in item.path:
                yield item, inside.get(item.path, [])

    def _listed_alone(self) -> Iterator[tuple[Item, Sequence[Item] | None]]:
        git, remote, commit = self._world.git, self._remote, self._commit
        for item in git.listing(remote, commit, FOLDER, limit=_MOST_ITEMS, deep=False):
            try:
                yield item, git.listing(remote, item.id, limit=_MOST_ITEMS_OF_ONE)
            except Invalid:
                yield item, None

    def _remembered(self, top: Item, inside: Sequence[Item] | None) -> _Seen:
        key = f"template {_FORMAT} {top.path} {top.id}"

        def look() -> bytes:
            seen = self._look(top, inside)
            return json.dumps([seen.version, seen.summary, seen.fault]).encode()

        return _Seen(*json.loads(self._world.cache.remembered(key, look)))

    def _look(self, top: Item, inside: Sequence[Item] | None) -> _Seen:
        from kubectl_rapt.templating import contents

        if inside is None:
            return _Seen(fault=f"it has more than {contents.MAX_FILES} files")
        if fault := contents.fault([(one.path, one.mode, one.size) for one in inside]):
            return _Seen(fault=fault)
        (found,) = [one for one in inside if one.path == "template.yaml"]
        text = self._definitions.get(found.id)
        if text is None:
            text = self._world.git.blobs(self._remote, self._commit, [found.id])[found.id]
        return _seen(text, top.path)

    @cached_property
    def _definitions(self) -> Mapping[str, bytes]:
        """Every ``template.yaml`` of a usual size, by its id: read at once where the first one is asked for."""
        ids = [
            one.id
            for one in self._items
            if one.path.endswith("/template.yaml") and one.path.count("/") == 1 and one.mode == _FILE
            if one.size <= 64 * 1024
        ]
        return self._world.git.blobs(self._remote, self._commit, ids)

    def _summary(self, offer: Offer) -> str:
        """What a version says of itself whose files are not what its folder holds today."""
        newest = offer.newest
        if newest is None:
            return ""
        tree = offer.releases[newest].tree

        def look() -> bytes:
            items = self._world.git.listing(self._remote, tree, limit=_MOST_ITEMS_OF_ONE)
            found = [one for one in items if (one.path, one.mode) == ("template.yaml", _FILE)]
            if not found or found[0].size > 64 * 1024:
                return b""
            text = self._world.git.blobs(self._remote, tree, [found[0].id])[found[0].id]
            return _seen(text, offer.name).summary.encode()

        try:
            return self._world.cache.remembered(f"summary {_FORMAT} {offer.name} {tree}", look).decode()
        except RaptError:
            return ""  # whoever asks for that version is told why it cannot be had


def _spell(offers: Mapping[str, Offer], quarantined: Mapping[str, str]) -> bytes:
    data = {
        "offers": {
            name: [
                one.summary,
                {
                    str(version): [
                        release.tree,
                        release.digest,
                        str(release.min_rapt or ""),
                        release.deprecated,
                        release.yanked,
                    ]
                    for version, release in one.releases.items()
                },
                {str(version): why for version, why in one.moved.items()},
            ]
            for name, one in sorted(offers.items())
        },
        "quarantined": dict(sorted(quarantined.items())),
    }
    return json.dumps(data).encode()


def _parse(content: bytes) -> tuple[dict[str, Offer], dict[str, str]]:
    data = json.loads(content)
    version = lru_cache(Version.parse)  # many templates have the same few
    offers = {
        name: Offer(
            name,
            summary,
            {version(text): _release(one) for text, one in releases.items()},
            {version(text): why for text, why in moved.items()},
        )
        for name, (summary, releases, moved) in data["offers"].items()
    }
    return offers, data["quarantined"]


def _release(data: Sequence[Any]) -> Release:
    tree, digest, min_rapt, deprecated, yanked = data
    return Release(tree, digest, Version.parse(min_rapt) if min_rapt else None, deprecated, yanked)


def accepted(world: World, registry: Registry) -> dict[str, dict[str, list[str]]]:
    """The releases that a registry's index was seen to have: template to version to tree id and digest."""
    found: dict[str, dict[str, list[str]]] = json.loads(
        world.cache.latest(f"accepted {registry.url}") or b"{}"
    )
    return found


def _compared(world: World, catalog: Catalog) -> Catalog:
    """A catalog with an alarm at each release that is not what the index said when it was last looked at.

    What was said first stays what is expected, until the cache is deleted: then the locks are what is left.
    """
    short, whole = f"accepted commit {catalog.registry.url}", f"accepted {catalog.registry.url}"
    seen = json.loads(world.cache.latest(short) or b"{}")
    if seen.get("commit") != catalog.commit:
        before = accepted(world, catalog.registry)
        moved: dict[str, dict[str, str]] = {}
        now = {
            name: {str(version): [one.tree, one.digest] for version, one in offer.releases.items()}
            for name, offer in catalog.offers.items()
        }
        for name, versions in before.items():
            if name not in catalog.offers and f"{FOLDER}/{name}" in catalog.quarantined:
                continue
            for version, (tree, digest) in versions.items():
                found = now.get(name, {}).get(version)
                if found != [tree, digest]:
                    said = f"tree {found[0]}, {found[1]}" if found else "nothing of it"
                    moved.setdefault(name, {})[version] = (
                        f"the index says {said} now, and it said tree {tree}, {digest}"
                    )
        for name, versions in now.items():
            before[name] = {**versions, **before.get(name, {})}
        seen = {"commit": catalog.commit, "moved": moved}
        world.cache.keep(whole, json.dumps(before).encode())
        world.cache.keep(short, json.dumps(seen).encode())
    if not seen["moved"]:
        return catalog
    offers = dict(catalog.offers)
    for name, versions in seen["moved"].items():
        offer = offers.get(name) or Offer(name, "", {})
        alarms = {Version.parse(version): why for version, why in versions.items()}
        offers[name] = replace(offer, moved={**offer.moved, **alarms})
    return replace(catalog, offers=offers)
