"""Who vouches for a version: its tag points at what the index says, and a signer has signed it where that is asked."""

import json

from kubectl_rapt.actions import catalogs
from kubectl_rapt.actions.catalogs import FOLDER, Catalog
from kubectl_rapt.config.project import Registry
from kubectl_rapt.errors import Problem, Refused, Unavailable
from kubectl_rapt.model.versions import Version
from kubectl_rapt.ports.git import Signed
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating.index import Release

_STALE_SECONDS = 60
"""A tag that was not there so long ago is asked for again; so many tools without one ask once."""


def alarm(message: str) -> Refused:
    """Something is not what it was: that is never followed."""
    return Refused(
        "moved-version", message, ("kubectl rapt registry verify", "ask the people who maintain the registry")
    )


def check_tag(world: World, catalog: Catalog, name: str, version: Version, release: Release) -> str:
    """Check that the version's tag, where there is one, points at what the index says, signed if it must be.

    Returns:
        The commit that was signed, whose policies are vouched for too; empty where the registry has no signers.

    Raises:
        Refused: ``moved-version``, or ``bad-signature``: the registry has signers, and this is not by them.
    """
    if catalog.known is None:
        return ""
    tag, registry = f"{name}/v{version}", catalog.registry
    commit = catalog.known.refs.get(f"refs/tags/{tag}", "")
    if registry.signers:
        signed = _signed(world, catalog, tag)
        if (signed.tag, signed.commit) != (tag, commit):
            raise Refused(
                "bad-signature",
                f"the tag {tag} of {registry.name} is a signed tag of something else: "
                f"{signed.tag} at {signed.commit}",
                "ask those who look after the registry",
                [Problem("expected", f"{tag} at {commit}")],
            )
    if not commit:
        return ""
    tree = _tree_at(world, registry, commit, name)
    if tree != release.tree:
        raise alarm(
            f"the tag {tag} of {registry.name} was moved: it has tree {tree or 'none'}, "
            f"and the index says {release.tree}"
        )
    return commit if registry.signers else ""


def vouched(world: World, registry: Registry, name: str, version: Version, release: Release) -> str:
    """The commit by which the signers of a registry vouch for a locked version, whatever its refs are today.

    That one did is for ever true of version, tree and keys: after the first time it costs one look into the cache.

    Raises:
        Refused: ``bad-signature``, ``moved-version``.
        Unavailable: Nobody knows the tag here, and the registry does not answer.
    """
    remote = catalogs.remote_of(registry)

    def look() -> bytes:
        known = world.git.known(remote)
        is_stale = known is None or (world.now() - known.at).total_seconds() > _STALE_SECONDS
        if is_stale and not (known and f"refs/tags/{name}/v{version}" in known.tags):
            world.git.fetch(remote)
            known = world.git.known(remote)
        if known is None:
            what = f"the tags of {registry.url} are not known"
            raise Unavailable("no-registry-answer", what, "kubectl rapt registry update")
        return check_tag(world, Catalog(registry, known=known), name, version, release).encode()

    key = f"vouched {registry.url} {name} {version} {release.tree} {json.dumps(registry.signers)}"
    return world.cache.remembered(key, look).decode()


def _signed(world: World, catalog: Catalog, tag: str) -> Signed:
    registry = catalog.registry
    assert catalog.known is not None
    id_ = catalog.known.tags.get(f"refs/tags/{tag}", "")
    if not id_:
        found = "a tag that is not annotated" if f"refs/tags/{tag}" in catalog.known.refs else "no such tag"
        raise Refused(
            "bad-signature",
            f"{registry.name} has signers, and {tag} is not signed",
            "ask those who look after the registry for a signed tag, or choose another version",
            [Problem("expected", f"an annotated tag {tag}, signed"), Problem("found", found)],
        )
    key = f"signature {id_} {json.dumps(registry.signers)}"

    def look() -> bytes:
        signed = world.git.signed(catalogs.remote_of(registry), id_, registry.signers)
        return json.dumps([signed.tag, signed.commit, signed.signer]).encode()

    return Signed(*json.loads(world.cache.remembered(key, look)))


def _tree_at(world: World, registry: Registry, commit: str, name: str) -> str:
    """The tree id of a template's folder at a commit; empty where there is none."""

    def look() -> bytes:
        folders = world.git.listing(catalogs.remote_of(registry), commit, FOLDER, limit=100_000, deep=False)
        return next((one.id for one in folders if one.path == name), "").encode()

    return world.cache.remembered(f"folder {commit} {name}", look).decode()
