"""What ``sync`` notes on each object that it writes, and whether an object is still as it was written.

Two annotations are added to what the repository says: which sync wrote the object (``labels.SYNC``), and the digest of
what it wrote (``labels.APPLIED``). They are written with the object, never on their own: what is as it should be is not
written again, and so costs no request.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model import digits
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import fields, labels
from kubectl_rapt.objects.fields import Path

_OWN = (labels.SYNC, labels.APPLIED)
_OF_THE_SERVER = ("resourceVersion", "generation", "managedFields", "creationTimestamp", "uid")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which sync writes.

    Args:
        sequence: Counts the syncs of an environment that were of another commit than the one before.
        commit: The commit of the config repository that is applied.
    """

    sequence: int
    commit: str

    def __str__(self) -> str:
        return f"{self.sequence}-{self.commit}"


def marked(manifest: Manifest, stamp: Stamp) -> Manifest:
    """An object as ``sync`` writes it: with both annotations."""
    metadata = manifest["metadata"]
    own = {labels.SYNC: str(stamp), labels.APPLIED: digest(manifest)}
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **own}},
    }


def digest(manifest: Manifest) -> str:
    """``sha256:…`` of what the repository says of an object."""
    text = documents.dump_json(_without_own(manifest), indent=None)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def stamp_of(found: Manifest) -> str:
    """Which sync wrote a live object last, as ``Stamp`` spells it; empty where that is not known."""
    return str((found["metadata"].get("annotations") or {}).get(labels.SYNC, ""))


def sequence_of(found: Manifest) -> int:
    """The sequence of the sync that wrote a live object last; 0 where that is not known."""
    return digits.whole(stamp_of(found).partition("-")[0]) or 0


def is_current(manifest: Manifest, found: Manifest) -> bool:
    """Whether a live object certainly is as ``sync`` wrote it, and that is what the repository says now.

    The API server takes a field from its manager as soon as somebody else changes it. So nobody did where all of them
    are still ``sync``'s, and the digest of what it wrote is today's. Nothing is asked of the server for it.
    """
    noted = (found["metadata"].get("annotations") or {}).get(labels.APPLIED)
    return noted == digest(manifest) and fields.owns_all(found, labels.MANAGER, _paths(_content(manifest)))


def is_same(before: Manifest, after: Manifest) -> bool:
    """Whether a write changed nothing that anybody would notice: an apply's answer, against what was there."""
    return not fields.differences(_said(before), _said(after))


def says(manifest: Manifest, found: Manifest) -> tuple[fields.Difference, ...]:
    """The fields that the repository says and a live object has otherwise, without asking the server.

    It is for those who may only look. What the server spells otherwise, such as ``1000m`` for ``1``, differs here.
    """
    wanted = _content(manifest)
    return tuple(one for one in fields.differences(wanted, found) if one.before is not None)


def as_applied(found: Manifest) -> list[Mapping[str, Any]] | None:
    """The field managers of an object that ``sync`` created, as if it had been applied; None where they are so already.

    ``sync`` creates what does not exist instead of applying it, because an apply would overwrite what a newer sync has
    created meanwhile. The server then calls it the manager of an update, whose fields no later apply would remove.
    """
    entries = found["metadata"].get("managedFields") or []
    if not any(_is_creation(one) for one in entries):
        return None
    has_applied = any(
        one.get("manager") == labels.MANAGER and one.get("operation") == "Apply" for one in entries
    )
    kept = [one for one in entries if not (_is_creation(one) and has_applied)]
    return [{**one, "operation": "Apply"} if _is_creation(one) else one for one in kept]


def _is_creation(entry: Mapping[str, Any]) -> bool:
    is_update = entry.get("operation") == "Update" and not entry.get("subresource")
    return is_update and entry.get("manager") == labels.MANAGER


def _content(manifest: Manifest) -> dict[str, Any]:
    """What a manifest says besides which object it is about."""
    metadata = manifest["metadata"]
    marks = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    rest = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**rest, **({"metadata": marks} if marks else {})}


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of each single value."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _paths(one, (*path, key))
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from _paths(one, (*path, index))
    else:
        yield path


def _without_own(manifest: Manifest) -> dict[str, Any]:
    metadata = dict(manifest["metadata"])
    kept = {key: one for key, one in (metadata.pop("annotations", None) or {}).items() if key not in _OWN}
    return {**manifest, "metadata": {**metadata, **({"annotations": kept} if kept else {})}}


def _said(manifest: Manifest) -> dict[str, Any]:
    said = _without_own({key: value for key, value in manifest.items() if key != "status"})
    return {**said, "metadata": {k: v for k, v in said["metadata"].items() if k not in _OF_THE_SERVER}}
