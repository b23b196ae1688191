"""Which template a name means, exactly; the same again from a lock; and what must never be followed."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from kubectl_rapt.actions import catalogs as catalogs_
from kubectl_rapt.actions import vouching
from kubectl_rapt.actions.catalogs import FOLDER, RAPT, Catalog, Offer
from kubectl_rapt.config.installation import Installation, Lock
from kubectl_rapt.config.project import BUNDLED, Project, Registry
from kubectl_rapt.errors import Invalid, NotFound, Problem, Refused, Unavailable, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import contents, definition, index, policies
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.index import Release
from kubectl_rapt.templating.reference import Reference

_MOST_ITEMS = 1_000
_MAX_POLICY_BYTES = 16 * 1024
_POLICIES = "policies/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a template.

    Args:
        registry: Its registry.
        template: What its author declares.
        release: Its identity.
        files: Path inside its folder to content.
        commit: The registry's commit; empty for the bundled one.
        policies: All policies of the registry at that commit, and those that came with Rapt where it has none of
            that name: path from a registry's root to content. A tool may use others than the template names; the
            lock's digest is over those that it names.
        notes: What a person is to know before taking it.
    """

    registry: Registry
    template: Template
    release: Release
    files: Mapping[str, bytes]
    commit: str
    policies: Mapping[str, bytes]
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The Jinja text of its Job."""
        return self.files["job.yaml.j2"].decode()

    def lock(self) -> Lock:
        """Exactly this one."""
        return Lock(
            self.registry.url,
            self.release.tree,
            self.release.digest,
            commit=self.commit,
            policies=_policies_digest(self),
        )


def find(world: World, catalogs: Sequence[Catalog], reference: Reference, *, only: str = "") -> Entry:
    """The template that a reference means, fit to be installed.

    Args:
        world: Where to read.
        catalogs: What ``catalogs.read`` returned.
        reference: What was asked for.
        only: The ``registry`` of a lock: an installed tool never changes to another registry.

    Raises:
        NotFound: ``no-registry``, ``no-template``, ``no-version``.
        UsageError: ``several-registries``: several have it, and nothing says which is meant.
        Refused: ``moved-version``, ``yanked``, ``rapt-too-old``, ``quarantined``, ``bad-signature``.
        Unavailable: The registry, or what the version consists of, cannot be read.
    """
    catalog = _catalog(_within(catalogs, only, reference.name) if only else catalogs, reference)
    offer = catalog.offers[reference.name]
    if reference.wanted and reference.wanted.is_exact:
        _refuse_moved(catalog, offer, reference.wanted.least)
    sound = {version: one for version, one in offer.releases.items() if version not in offer.moved}
    if offer.moved and not sound:
        _refuse_moved(catalog, offer, max(offer.moved))
    known_as = catalogs_.written(catalogs, catalog, offer.name)
    choice = index.choose(offer.name, sound, reference.wanted, RAPT, known_as=known_as)
    for version in offer.moved:
        # A newer version that was moved would have been taken: that it is not must not go unnoticed.
        if version > choice.version and (reference.wanted is None or reference.wanted.includes(version)):
            _refuse_moved(catalog, offer, version)
    entry = taken(world, catalog, offer.name, choice.version)
    others = _others(catalogs, catalog, reference) if not only else ()
    return replace(entry, notes=(*_notes(catalogs), *choice.notes, *others))


def taken(world: World, catalog: Catalog, name: str, version: Version) -> Entry:
    """One version that a catalog has, read and verified: its tag, its signature, its files.

    Raises:
        NotFound: ``no-commit``: the registry does not have its files.
        Refused: ``moved-version``, ``rapt-too-old``, ``quarantined``, ``bad-signature``.
        Invalid: Its ``template.yaml`` is broken.
    """
    release = catalog.offers[name].releases[version]
    signed = vouching.check_tag(world, catalog, name, version, release)
    entry = _entry(world, catalog.registry, signed or catalog.commit, name, release)
    if (entry.template.name, entry.template.version) != (name, version):
        said = f"{entry.template.name} {entry.template.version}"
        raise vouching.alarm(f"{name} {version} of {catalog.registry.name} says that it is {said}")
    return entry


def _within(catalogs: Sequence[Catalog], url: str, name: str) -> list[Catalog]:
    """The registry of a lock, alone: of several of one address the first that has the template."""
    found = [one for one in catalogs if one.registry.url == url]
    if not found:
        raise _unknown(url)
    return [next((one for one in found if name in one.offers), found[0])]


def _unknown(url: str) -> Refused:
    return Refused(
        "unknown-registry",
        f"rapt.yaml does not list the registry {url}",
        f"kubectl rapt registry add NAME {shell.word(url)}",
    )


def _catalog(catalogs: Sequence[Catalog], reference: Reference) -> Catalog:
    """The catalog whose template is meant."""
    name = reference.name
    asked = [one for one in catalogs if reference.registry in ("", one.registry.name)]
    if not asked:
        near = names.did_you_mean(reference.registry, [one.registry.name for one in catalogs])
        known = ", ".join(one.registry.name for one in catalogs)
        what = f'no registry "{reference.registry}" in rapt.yaml{near}'
        raise NotFound("no-registry", f"{what}; it has {known}", "kubectl rapt registry")
    having = catalogs_.having(asked, name)
    fit = [f"{one.registry.name}/{name}" for one in having if name in one.offers]
    chosen = catalogs_.meant(asked, name)
    if having and chosen is None and len(fit) > 1:
        raise _several(having, reference, fit)
    if having:
        one = chosen or next(each for each in having if each.fault(name))
        if not (why := one.fault(name)):
            return one
        hint = f"kubectl rapt show {shell.word(fit[0])}" if fit else "kubectl rapt registry"
        what = f"{name} of registry {one.registry.name} is quarantined: {why}"
        raise Refused("quarantined", what, hint)
    unusable = [one for one in asked if not one.is_usable]
    if unusable and len(unusable) == len(asked):
        raise Unavailable("no-registry-answer", unusable[0].note, "kubectl rapt registry update")
    nearest = names.nearest(name, [known for one in asked for known in one.offers])
    if nearest:
        other = catalogs_.meant(asked, nearest) or next(one for one in asked if nearest in one.offers)
        nearest = catalogs_.written(catalogs, other, nearest)
    where = f"registry {reference.registry}" if reference.registry else "the registries"
    raise NotFound(
        "no-template",
        f'no template "{name}" in {where}',
        f"kubectl rapt show {shell.word(nearest)}" if nearest else "kubectl rapt search",
        [Problem(one.registry.name, one.note) for one in unusable],
    ).meant(name, nearest)


def _several(having: Sequence[Catalog], reference: Reference, fit: Sequence[str]) -> UsageError:
    """What to type instead of a name that several registries have: it with each of them."""
    where = ", ".join(one.registry.name for one in having)
    version = f"@{reference.wanted}" if reference.wanted else ""
    first, *others = [f"{one}{version}" for one in fit]
    return UsageError(
        "several-registries",
        f"several registries have {reference.name}: {where}",
        [f"kubectl rapt show {shell.word(one)}" for one in (first, *others)],
    ).meant(str(reference), first, *others)


def _notes(catalogs: Iterable[Catalog]) -> tuple[str, ...]:
    return tuple(one.note for one in catalogs if one.note)


def _others(catalogs: Sequence[Catalog], taken: Catalog, reference: Reference) -> tuple[str, ...]:
    if reference.registry:
        return ()
    return tuple(
        f"registry {one.registry.name} has a {reference.name} too, which is not this one: "
        f"{one.registry.name}/{reference.name}"
        for one in catalogs
        if one is not taken and reference.name in one.offers
    )


def _refuse_moved(catalog: Catalog, offer: Offer, version: Version) -> None:
    if version in offer.moved:
        raise vouching.alarm(
            f"{offer.name} {version} of {catalog.registry.name} was moved: {offer.moved[version]}"
        )


def locked(world: World, project: Project, wanted: Installation) -> Entry:
    """The template that a tool's file has locked, whatever its registry says today.

    Raises:
        NotFound: ``no-version``: the registry does not have those files any more.
        Refused: ``unknown-registry``; ``moved-version``: what it has is not what was locked; ``bad-signature``: the
            registry has signers, and none of them signed this.
        Unavailable: The files are not on this machine, and the registry does not answer.
    """
    lock = wanted.lock
    if lock.registry == BUNDLED:
        return _locked_bundled(world, wanted)
    registry = next((one for one in project.registries.values() if one.url == lock.registry), None)
    if registry is None:
        raise _unknown(lock.registry)
    try:
        entry = _entry(world, registry, lock.commit, wanted.template, Release(lock.tree, lock.digest))
    except NotFound as error:
        raise NotFound(
            "no-version",
            f"{wanted.template} {wanted.version} (tree {lock.tree[:7]}) is not in {registry.url}: {error.message}",
            f"kubectl rapt show {shell.word(registry.name)}/{shell.word(wanted.template)}",
        ) from None
    if registry.signers:
        said = entry.template
        signed = vouching.vouched(world, registry, said.name, said.version, entry.release)
        entry = replace(entry, policies=_policies(world, registry, signed))
    _check_lock(entry, wanted)
    return entry


def _locked_bundled(world: World, wanted: Installation) -> Entry:
    lock = wanted.lock
    files = world.bundle.files()
    inside = catalogs_.folder_of(files, wanted.template)
    release = index.release_of(inside) if inside else None
    if release is None or release.digest != lock.digest:
        has = version_of(inside, wanted.template) or "none"
        raise NotFound(
            "no-version",
            f"{wanted.template} {wanted.version} (tree {lock.tree[:7]}) is not in this Rapt; it has {has}",
            f"kubectl rapt show {shell.word(f'{BUNDLED}/{wanted.template}')}",
        )
    entry = _of_bundle(files, wanted.template, inside, release)
    _check_lock(entry, wanted)
    return entry


def _check_lock(entry: Entry, wanted: Installation) -> None:
    """Refuse files that say they are another version, or that came with other policies, than a tool's file says."""
    said = f"{entry.template.name} {entry.template.version}"
    if said != f"{wanted.template} {wanted.version}":
        raise Invalid(
            "bad-definition",
            f"the file of {wanted.tool} says {wanted.template} {wanted.version}, and what it has locked is {said}",
            f"kubectl rapt upgrade {shell.word(wanted.tool)} --to {shell.word(wanted.version)}",
        )
    locked, found = wanted.lock.policies, _policies_digest(entry)
    if locked and locked != found:
        raise vouching.alarm(
            f"the policies of {wanted.template} are {found or 'none'}, and {locked} was locked"
        )


def _entry(world: World, registry: Registry, commit: str, name: str, release: Release) -> Entry:
    """A version by its identity, verified."""
    if registry.is_bundled:
        files = world.bundle.files()
        inside = catalogs_.folder_of(files, name)
        found = index.release_of(inside)
        if not found.is_same(release):
            raise vouching.alarm(
                f"{name} of {registry.name} is tree {found.tree}, {found.digest}, "
                f"and the index says tree {release.tree}, {release.digest}"
            )
        return _of_bundle(files, name, inside, release)
    files = _files(world, registry, commit, name, release.tree)
    found = index.release_of(files)
    if not found.is_same(release):
        raise vouching.alarm(
            f"{name} of {registry.name} is tree {found.tree}, {found.digest}, "
            f"and it should be tree {release.tree}, {release.digest}"
        )
    template = _template(files["template.yaml"], name)
    return Entry(registry, template, release, files, commit, _policies(world, registry, commit))


def _of_bundle(files: Mapping[str, bytes], name: str, inside: Mapping[str, bytes], release: Release) -> Entry:
    template = _template(inside["template.yaml"], name)
    found = policies.available({}, files)
    return Entry(Registry(BUNDLED, BUNDLED, 0), template, release, inside, "", found)


def version_of(files: Mapping[str, bytes], name: str) -> Version | None:
    """The version that a template's files say they are; None where there are none."""
    return _template(files["template.yaml"], name).version if files else None


@lru_cache(maxsize=256)
def _template(text: bytes, name: str) -> Template:
    return definition.load(text, f"{FOLDER}/{name}/template.yaml", rapt=RAPT)


def _files(world: World, registry: Registry, commit: str, name: str, tree: str) -> dict[str, bytes]:
    """The files of a tree, if a template may hold them."""
    remote = catalogs_.remote_of(registry)

    def read() -> bytes:
        try:
            items = world.git.listing(remote, tree, limit=_MOST_ITEMS)
        except Invalid as error:
            raise _quarantined(name, registry, tree, error.message) from None
        except NotFound:
            # Few servers give away a tree alone: the commit that was locked brings it.
            if not commit:
                raise
            next(iter(world.git.log(remote, commit, limit=1)), None)
            items = world.git.listing(remote, tree, limit=_MOST_ITEMS)
        if fault := contents.fault([(one.path, one.mode, one.size) for one in items]):
            raise _quarantined(name, registry, tree, fault)
        files = {one.path: one.id for one in items if one.mode == "100644"}
        found = world.git.blobs(remote, tree, list(dict.fromkeys(files.values())))
        return _pack({path: found[id_] for path, id_ in files.items()})

    return _unpack(world.cache.remembered(f"files {tree}", read))


def _quarantined(name: str, registry: Registry, tree: str, why: str) -> Refused:
    what = f"{name} of registry {registry.name} (tree {tree}) is quarantined: {why}"
    return Refused("quarantined", what, "ask those who look after the registry")


def _policies(world: World, registry: Registry, commit: str) -> dict[str, bytes]:
    """The policies at a commit of a registry, and those that came with Rapt.

    What is no small file of its own is empty here, which nobody can compile: another of that name must not be taken
    for it.
    """
    shipped = world.bundle.files()
    if not commit:
        return policies.available({}, shipped)
    remote = catalogs_.remote_of(registry)

    def read() -> bytes:
        listed = world.git.listing(remote, commit, _POLICIES, limit=_MOST_ITEMS)
        wanted = [one for one in listed if one.path.endswith(".yaml")]
        ids = {
            f"{_POLICIES}{one.path}": one.id
            for one in wanted
            if one.mode == "100644" and one.size <= _MAX_POLICY_BYTES
        }
        found = world.git.blobs(remote, commit, list(dict.fromkeys(ids.values())))
        unfit = {f"{_POLICIES}{one.path}": b"" for one in wanted}
        return _pack({**unfit, **{path: found[id_] for path, id_ in ids.items()}})

    own = _unpack(world.cache.remembered(f"every policy {commit}", read))
    return policies.available(own, shipped)


def _pack(files: Mapping[str, bytes]) -> bytes:
    return json.dumps({path: base64.b64encode(content).decode() for path, content in files.items()}).encode()


def _unpack(packed: bytes) -> dict[str, bytes]:
    return {path: base64.b64decode(text) for path, text in json.loads(packed).items()}


def _policies_digest(entry: Entry) -> str:
    """``sha256:…`` over the policies that a template names; empty where it names none."""
    template = entry.template
    named = (("retry", template.retry_policy), ("cleanup", template.cleanup_policy))
    paths = [policies.path(kind, name) for kind, name in named if name]
    return (
        index.digest({path: entry.policies[path] for path in paths if path in entry.policies})
        if paths
        else ""
    )
