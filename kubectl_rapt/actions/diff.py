"""What differs between two renderings of a tool, object by object and field by field. Nothing is written."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import count
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import compose, desired, find, repository, review, upgrade
from kubectl_rapt.config import changes, layout
from kubectl_rapt.errors import NotFound
from kubectl_rapt.guard import sops
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import TOOL, Manifest, Ref, ref_of
from kubectl_rapt.model.versions import VersionRange
from kubectl_rapt.objects import fields, labels
from kubectl_rapt.objects.fields import Difference
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Differs:
    """One object that is not the same on both sides.

    Args:
        ref: The object, as the newer side names it where that has it.
        changes: The fields that differ; all of the object is one difference, without a path, where a side lacks it.
    """

    ref: Ref
    changes: tuple[Difference, ...]

    @property
    def is_new(self) -> bool:
        """Whether only the newer side has it."""
        return not self.changes[0].path and self.changes[0].before is None

    @property
    def is_gone(self) -> bool:
        """Whether only the older side has it."""
        return not self.changes[0].path and self.changes[0].after is None


@dataclass(frozen=True, slots=True)
class Compared:
    """A tool on two sides.

    Args:
        tool: The tool.
        before: What the older side is, for people: ``commit 1a2b3c4, which is applied``.
        after: The same of the newer one.
        objects: What differs, in the order of the newer side; what went is last.
    """

    tool: str
    before: str
    after: str
    objects: tuple[Differs, ...]


def pending(world: World, environment: str, tool: str) -> Compared:
    """What the next ``sync`` brings: main against the commit that was applied last, as the cluster records it.

    Raises:
        NotFound: No such environment; neither side has the tool.
        Refused: Another cluster, or no right to look.
        Unavailable: The cluster or the repository does not answer.
    """
    found = repository.read(world)
    place = found.project().environment(environment)
    desired.check_cluster(world, place)
    record = find.perhaps(world, desired.record_of(place))
    applied = desired.said(record).get("commit", "")
    path = layout.rendered(environment, tool)
    before = world.git.files(found.remote, applied, path) if applied else {}
    if path not in before and path not in found.files:
        found.definition(environment, tool)
    what = f"{applied[:7]} (applied last)" if applied else "nothing (never synced)"
    return _compared(tool, what, before.get(path), f"{found.head[:7]} (main)", found.files.get(path), path)


def upgraded(world: World, environment: str, tool: str, wanted: VersionRange) -> Compared:
    """What ``upgrade --to`` would change of what is rendered.

    Raises:
        NotFound, Invalid, Refused, Unavailable: As ``upgrade.draft`` and ``compose.compose`` do.
    """
    found = repository.read(world)
    now = found.installation(environment, tool)
    draft = upgrade.draft(world, upgrade.Request(environment, [tool], wanted))(found)
    path = layout.rendered(environment, tool)
    after, version = found.files.get(path), now.version
    if draft.edits:
        (built,) = compose.compose(world, found, draft.edits, overwrite=True).built
        after, version = built.files[path], built.installation.version
    sides = (f"{now.template} {now.version}", f"{now.template} {version}")
    return _compared(tool, sides[0], found.files.get(path), sides[1], after, path)


def across(world: World, environment: str, tool: str, other: str) -> Compared:
    """What another environment has otherwise; that they are two environments is no difference.

    Raises:
        NotFound: No such environment, or one of them does not have the tool.
    """
    found = repository.read(world)
    found.definition(environment, tool)
    found.project().environment(other, "--with")
    if layout.definition(other, tool) not in found.files:
        about, hints = changes.missing(found.refs, other, tool)
        share = ["share", tool, "--in", environment, "--to-environment", other]
        what = f'no tool "{tool}" in environment {other}{about}'
        raise NotFound("no-tool", what, hints or shell.join(["kubectl", "rapt", *share]))
    sides = []
    for name in (environment, other):
        path = layout.rendered(name, tool)
        sides.append(_objects(found.files.get(path), path))
    return Compared(tool, environment, other, _differing(*sides, is_same_place=False))


def of_change(world: World, environment: str, tool: str, identifier: str) -> Compared:
    """What a waiting change does to the tool, since its branch left main.

    Raises:
        NotFound: No such change, or it is not about this tool.
    """
    found = repository.read(world)
    one = review.find(world, found, identifier)
    before, after = review.contents(world, found, one)
    path = layout.rendered(environment, tool)
    if path not in after:
        touched = ", ".join(f"{name} in {place}" for place, name in layout.rendered_tools(after))
        what = f"change {identifier} does not touch {tool} in {environment}"
        what += f"; it touches {touched or 'nothing that is rendered'}"
        raise NotFound("no-change", what, f"kubectl rapt changes show {shell.word(identifier)}")
    return _compared(tool, "main", before.get(path), f"change {identifier}", after[path], path)


def _compared(
    tool: str, before: str, old: bytes | None, after: str, new: bytes | None, path: str
) -> Compared:
    return Compared(tool, before, after, _differing(_objects(old, path), _objects(new, path)))


def _objects(content: bytes | None, path: str) -> list[Manifest]:
    if content is None or sops.is_encrypted(content, path):
        return []
    return documents.load_all(content, path)


def _differing(
    before: Iterable[Manifest], after: Iterable[Manifest], *, is_same_place: bool = True
) -> tuple[Differs, ...]:
    old, new = (_named(side, is_same_place) for side in (before, after))
    found = []
    for key in dict.fromkeys((*new, *old)):
        manifest = new[key] if key in new else old[key]
        if key in old and key in new:
            changes = fields.differences(*(_said(side[key], is_same_place) for side in (old, new)))
        else:
            changes = (Difference((), "", old.get(key), new.get(key)),)
        if changes:
            found.append(Differs(ref_of(manifest), changes))
    return tuple(found)


def _named(side: Iterable[Manifest], is_same_place: bool) -> dict[object, Manifest]:
    """Each object by what it is matched with: in other places, those of one name in the order of their namespaces."""
    found: dict[object, Manifest] = {}
    for manifest in side:
        ref = ref_of(manifest)
        key: object = ref
        if not is_same_place:
            key = next(one for n in count() if (one := (ref.kind, ref.name, n)) not in found)
        found[key] = manifest
    return found


def _said(manifest: Manifest, is_same_place: bool) -> Manifest:
    """What an object says: without the digest of the file it came from, and without where it is."""
    said: dict[str, Any] = _without(manifest, {labels.DEFINITION} if is_same_place else _OF_PLACES)
    if ref_of(manifest).kind == TOOL:
        spec = {key: value for key, value in said["spec"].items() if is_same_place or key != "environment"}
        said["spec"] = {**spec, "source": _without(spec.get("source"), {"definition"})}
    return said


_OF_PLACES = {labels.DEFINITION, labels.ENVIRONMENT, "namespace"}


def _without(value: Any, keys: Set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(one, keys) for key, one in value.items() if key not in keys}
    return [_without(one, keys) for one in value] if isinstance(value, list) else value
